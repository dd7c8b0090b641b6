"""Queries to products: encode, retrieve, rank, present; and the thin HTTP layer over it."""
