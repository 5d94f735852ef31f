"""Exact search: the best of all temporal mappings, with a certificate of what was proven."""
