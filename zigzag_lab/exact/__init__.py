"""Exact search: the best of all uneven temporal mappings, with a certificate of what was proven."""
