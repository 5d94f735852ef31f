"""Engines that work through chunks of work: processes of this machine, or Dask; each a ``concurrent.futures.Executor``.

An engine gets the task function once; what is submitted are chunks of items.
"""

from zigzag_lab.executors.engine import Engine, check_engine, open_engine

__all__ = ["Engine", "check_engine", "open_engine"]
