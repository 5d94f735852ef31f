"""Proposals of mappings: spatial unrollings, orders of temporal loops, their allocation to memories."""
