"""Which weights: cards, and the way from a name to files. No torch here."""
