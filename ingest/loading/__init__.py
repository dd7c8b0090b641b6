"""Catalogue files into the index or onto the topic: read row by row, judged like events, the refused ones set aside."""
