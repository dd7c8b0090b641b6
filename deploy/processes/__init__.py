"""Composition roots: each process wired by hand, so that one file says what it is made of."""
