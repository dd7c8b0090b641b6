"""The `vitrine` command: one thin file per group of commands."""
