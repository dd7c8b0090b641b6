"""Text and pictures to vectors: one interface, the shipped pair, any sentence-transformers model, BM25."""
