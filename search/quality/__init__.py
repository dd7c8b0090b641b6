"""How good a running index is: what unrelated products score in it, and how its answers fare with judged queries."""
