"""Verdicts repeat: ``python -m tests.repeat [NAME ...]`` grades the cases again and again on a machine that is busy.

Each case is graded five times on each database, while two loops keep the processors busy. What got two verdicts is
printed, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from grader.bench import Bench
from grader.databases import DATABASES
from tests.cases import Case, all_cases, judge

# A loop that ends by itself should this process be killed.
_LOOP = "import os\nwhile os.getppid() == {parent}:\n    sum(range(10_000))"

Verdicts = dict[tuple[str, str], Counter[str]]


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """Keep processors busy while the block runs."""
    command = [sys.executable, "-c", _LOOP.format(parent=os.getpid())]
    running = [subprocess.Popen(command) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def repeated(cases: Sequence[Case], databases: Sequence[str], times: int) -> Verdicts:
    """How often each rule of each case got which verdict."""
    found: Verdicts = defaultdict(Counter)
    for database in databases:
        for time in range(1, times + 1):
            with Bench(database) as bench:
                for name, checks in judge(cases, bench).items():
                    for rule, check in checks.items():
                        found[name, rule][f"{check.outcome} on {database}"] += 1
            print(f"{database}, time {time} of {times}: {len(cases)} cases graded", flush=True)
    return found


def differing(verdicts: Verdicts) -> dict[tuple[str, str], Counter[str]]:
    """Those that got more than one verdict, be it on one database or on two."""
    return {
        key: counted
        for key, counted in verdicts.items()
        if len({verdict.partition(" on ")[0] for verdict in counted}) > 1
    }


def main() -> int:
    """Grade, compare, and print what differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.repeat", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="how a case's name begins, 05_crud/wrong; all if none")
    parser.add_argument("--times", type=int, default=5, help="how often on each database (5)")
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES, help="on which (both)")
    parser.add_argument("--loops", type=int, default=2, help="how many busy loops run beside it (2)")
    options = parser.parse_args()
    cases = [case for case in all_cases() if case.name.startswith(tuple(options.names or [""]))]
    if not cases:
        parser.error("no case has a name that begins so")
    with busy(options.loops):
        found = differing(repeated(cases, options.databases, options.times))
    for (name, rule), counted in found.items():
        print(f"{name} {rule}: {', '.join(f'{verdict}: {count}' for verdict, count in counted.items())}")
    print(f"{len(cases)} cases, {len(found)} verdicts that differ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
