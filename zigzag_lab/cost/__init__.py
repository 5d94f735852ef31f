"""What a mapping costs: one kernel for batches, one scalar model for the eye."""
