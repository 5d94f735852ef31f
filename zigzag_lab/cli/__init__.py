"""The command line: parse, call one function, render."""

from zigzag_lab.cli.main import main

__all__ = ["main"]
