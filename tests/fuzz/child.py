"""Cases in a process of their own, with limits: a case that hangs or grows ends its process, not the fuzzing."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import resource
import signal
import tempfile
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.cases import KINDS, made

CPU_SECONDS = 10
MEGABYTES = 1000
_WALL_SECONDS = 60.0
"""After this the parent ends a case that does not even use its processor."""


@dataclass(frozen=True)
class Ending:
    """How a case ended.

    Attributes:
        number: of the case.
        outcome: ``priced``, ``refused``, ``infeasible`` or ``read only``; ``fault`` for anything that must be mended.
        detail: of a fault.
        seconds: of the processor.
        megabytes: the most memory that its process held up to then.
    """

    number: int
    outcome: str
    detail: str = ""
    seconds: float = 0.0
    megabytes: float = 0.0


def endings(numbers: Iterable[int], kinds: Sequence[str] = KINDS) -> Iterator[Ending]:
    """Run cases of some kinds by their numbers, in order."""
    waiting = list(reversed(list(numbers)))
    while waiting:
        context = get_context("fork")
        reader, writer = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(list(reversed(waiting)), writer, kinds), daemon=True)
        process.start()
        writer.close()
        while waiting:
            number = waiting[-1]
            if not reader.poll(_WALL_SECONDS):
                process.kill()
                process.join()
                yield Ending(number, "fault", f"no end after {_WALL_SECONDS:g} s")
                waiting.pop()
                break
            try:
                ending = reader.recv()
            except EOFError:  # the child is gone
                process.join()
                yield Ending(number, "fault", f"the process ended with {process.exitcode} (-27: {CPU_SECONDS} CPU s)")
                waiting.pop()
                break
            waiting.pop()
            yield ending
            if ending.outcome == "fault" and "MB" in ending.detail:
                break
        process.join()


def _run(numbers: list[int], pipe: Connection, kinds: Sequence[str]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))
    with contextlib.suppress(ValueError, AttributeError):  # standard error is no file
        faulthandler.register(signal.SIGPROF, all_threads=False, chain=True)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory(prefix="zigzag-lab-fuzz-") as folder:
        for number in numbers:
            ending = one(number, Path(folder), kinds)
            pipe.send(ending)
            if ending.megabytes > MEGABYTES:
                return
    os._exit(0)


def one(number: int, folder: Path, kinds: Sequence[str] = KINDS) -> Ending:
    """Run one case, with a limit on its time; beyond it the process is ended."""
    before = os.times()
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    detail = ""
    try:
        outcome = made(number, folder, kinds).run()
    except BaseException:  # whatever escapes is what is looked for
        outcome, detail = "fault", "".join(traceback.format_exc().splitlines(keepends=True)[-12:])
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    after = os.times()
    seconds = after.user + after.system - before.user - before.system
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if megabytes > MEGABYTES and outcome != "fault":
        outcome, detail = "fault", f"{megabytes:.0f} MB"
    return Ending(number, outcome, detail, seconds, megabytes)
