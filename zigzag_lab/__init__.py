"""zigzag_lab: a database-backed laboratory around ZigZag's design-space exploration of deep-learning accelerators."""

__version__ = "0.1.0"
