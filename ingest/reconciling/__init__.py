"""A snapshot of the shop against the index: what lacks, what is old, what is too much; and the events that mend it."""
