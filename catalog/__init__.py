"""What ingest and search agree on: products, events, their merge, the vectors and the collection that holds them."""
