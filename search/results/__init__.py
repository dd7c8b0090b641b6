"""The one candidate set, and everything in an answer that is made of it."""
