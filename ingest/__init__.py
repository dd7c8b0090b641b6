"""Events to points: read from a log, merge into what is known, encode what changed, write, then commit."""
