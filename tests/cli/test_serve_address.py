"""What `sdplay serve` says of where it answers, and what it shows."""

from __future__ import annotations

import webbrowser

import pytest

from sdplay.cli.serve import answers_at, page_address, show_page


def test_a_browser_is_told_where_to_say_the_token() -> None:
    assert answers_at("http://127.0.0.1:7860", None) == "sdplay answers at http://127.0.0.1:7860"
    said = answers_at("http://0.0.0.0:7860", "a b&c")
    assert said.splitlines() == [
        "sdplay answers at http://0.0.0.0:7860  (token: a b&c)",
        "in a browser: http://127.0.0.1:7860/login?token=a%20b%26c",
    ]


def test_the_page_is_opened_where_it_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    show_page("http://[::]:7860", None)
    assert opened == ["http://[::1]:7860/"]
    assert page_address("http://127.0.0.1:1", None) == "http://127.0.0.1:1/"
