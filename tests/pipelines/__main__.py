"""Random lists by hand: ``python -m tests.pipelines FIRST LAST [--processes | --files] [--db URL]``."""

from __future__ import annotations

import argparse
import logging
import sys
import time

from tests.pipelines.running import bench, endings


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pipelines", description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int)
    parser.add_argument("--processes", action="store_true")
    parser.add_argument("--files", action="store_true")
    parser.add_argument("--db")
    parser.add_argument("--most", type=int, default=20)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    started, n_faulty = time.process_time(), 0
    with bench(given.db) as on:
        for ending in endings(
            range(given.first, given.last), on, in_processes=given.processes, from_a_file=given.files
        ):
            if ending.faults:
                n_faulty += 1
                print(ending.listed)
                for fault in ending.faults[:6]:
                    print("   ", fault)
                sys.stdout.flush()
                if n_faulty >= given.most:
                    break
    print(f"{n_faulty} faulty; {time.process_time() - started:.1f} CPU s; {dict(on.counts)}")
    return 1 if n_faulty else 0


if __name__ == "__main__":
    sys.exit(main())
