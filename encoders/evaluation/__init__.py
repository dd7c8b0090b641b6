"""Judging encoders on somebody's own products: tables, tasks, measures, comparisons. Only commands import it."""
