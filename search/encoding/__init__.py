"""Terms to query vectors: batched, remembered, and with the scale on which an arm's scores are read."""
