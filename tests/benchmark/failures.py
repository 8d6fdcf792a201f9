"""What an explanation costs a failing check: ``python -m tests.benchmark.failures``.

The same wrong cases are judged as they are, and in a copy of the project that explains nothing. Quiet machine, please.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from grader.bench import Bench
from grader.rules import CHAPTERS
from tests import PROJECT
from tests.cases import all_cases, judge

OF_EACH_CHAPTER, RUNS, MOST = 5, 4, 10
EXPLAINS_NOTHING = "\n\ndef explain(parts, rule, found, verdict):\n    return {}\n"


def measure() -> dict[str, float]:
    """Seconds of each failing check of some wrong cases, one check at a time."""
    wrong = [case for case in all_cases() if case.kind == "wrong"]
    choose = random.Random(7)
    chosen = [each for c in CHAPTERS for each in choose.sample([w for w in wrong if w.chapter == c], OF_EACH_CHAPTER)]
    with Bench(jobs=1) as bench:
        judge(chosen[:1], bench)
        found = judge(chosen, bench)
    checks = {f"{case} {rule}": check for case, each in found.items() for rule, check in each.items()}
    return {name: check.seconds for name, check in checks.items() if check.outcome == "failed"}


def compare() -> None:
    """Measure both in turn, and print what the explanation takes."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(".git", "__pycache__"))
        with (copy / "grader/lab/explanation.py").open("a", encoding="utf-8") as file:
            file.write(EXPLAINS_NOTHING)
        runs = [(_measured_in(PROJECT), _measured_in(copy)) for _ in range(RUNS)]
    with_it, without = (_least(each) for each in zip(*runs, strict=True))
    costs = sorted(1000 * (with_it[name] - without[name]) for name in with_it.keys() & without.keys())
    middle, most = statistics.median(costs), costs[-1]
    detail = f"median {middle:.1f} ms, largest of {len(costs)} {most:.1f} ms"
    print(f"{'explaining a failing check':<58} (at most {MOST} ms)  {detail}", flush=True)


def _least(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: min(run[name] for run in runs if name in run) for name in runs[0]}


def _measured_in(project: Path) -> dict[str, float]:
    """`measure` in a process of its own that has the grader of this folder."""
    command = [sys.executable, "-m", "tests.benchmark.failures", "measure"]
    done = subprocess.run(command, cwd=project, env={**os.environ}, check=True, capture_output=True, text=True)
    return {name: float(seconds) for name, seconds in json.loads(done.stdout).items()}


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        print(json.dumps(measure()))
    else:
        compare()
