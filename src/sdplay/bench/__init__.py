"""How fast this machine draws: contestants in processes of their own, that take turns, and what to change."""
