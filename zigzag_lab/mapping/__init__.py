"""How a layer runs on an accelerator: spatial unrolling, temporal loops, constraints on both, batches of mappings."""
