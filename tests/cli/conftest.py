"""The fixtures that type commands, for every test here."""

from tests.support.commandline import here, in_terminal, sdplay

__all__ = ["here", "in_terminal", "sdplay"]
