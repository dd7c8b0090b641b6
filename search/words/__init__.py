"""The words of a query, read with the catalogue at hand: spelling, synonyms, and what may be meant while typing."""
