"""Who may ask at all: API keys, their file, their rates, and the guard before every route."""
