"""Going over to other encoders while searches and events go on: a second collection, filled, checked, swapped in."""
