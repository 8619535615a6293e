"""The door for people: `sdplay …` in a terminal."""
