"""The version of the package, where whatever must not import the whole of it finds it."""

__version__ = "0.1.0"
