"""Engines that work through chunks of work: processes of this machine, or Dask; each a ``concurrent.futures.Executor``.

An engine is told once what is to be done with each item; what is submitted are chunks of items.
"""

from zigzag_lab.executors.engine import Engine, check_engine, open_engine

__all__ = ["Engine", "check_engine", "open_engine"]
