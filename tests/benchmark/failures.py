"""What an explanation costs a failing check: ``python -m tests.benchmark.failures``.

Wrong cases are judged in a copy of the project that tells, in the place of why, how long it took to explain, in the
child and in the verdict process. Quiet machine, please.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from grader.bench import Bench
from grader.rules import CHAPTERS
from tests import PROJECT
from tests.cases import all_cases, judge

OF_EACH_CHAPTER, RUNS, MOST = 5, 5, 10
TIMED = """

from time import perf_counter
_timed = explain


def explain(*given):
    began = perf_counter()
    return {**_timed(*given), "why": str(perf_counter() - began)}
"""
TIMED_PLACE = """

from time import perf_counter
_timed = _with_closer_place


def _with_closer_place(run, told):
    began = perf_counter()
    told = {**_timed(run, told), "why": told["why"]}
    return {**told, "why": str(float(told["why"]) + perf_counter() - began)}
"""


def measure(runs: int = RUNS) -> dict[str, float]:
    """Milliseconds of each failing check of some wrong cases, the median of a few runs, one check at a time."""
    wrong = [case for case in all_cases() if case.kind == "wrong"]
    choose = random.Random(7)
    chosen = [each for c in CHAPTERS for each in choose.sample([w for w in wrong if w.chapter == c], OF_EACH_CHAPTER)]
    took: dict[str, list[float]] = {}
    with Bench(jobs=1) as bench:
        for _ in range(runs):
            for case, checks in judge(chosen, bench).items():
                for rule, check in checks.items():
                    if check.outcome == "failed":
                        took.setdefault(f"{case} {rule}", []).append(1000 * float(check.why))
    return {name: statistics.median(each) for name, each in took.items()}


def tell() -> None:
    """Measure in a copy of the project, and print what it takes."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(".git", "__pycache__"))
        for file, timed in (("lab/explanation.py", TIMED), ("bench/verdicts.py", TIMED_PLACE)):
            with (copy / "grader" / file).open("a", encoding="utf-8") as code:
                code.write(timed)
        command = [sys.executable, "-m", "tests.benchmark.failures", "measure"]
        done = subprocess.run(command, cwd=copy, check=True, capture_output=True, text=True)
    took = sorted(json.loads(done.stdout).values())
    detail = f"median {statistics.median(took):.1f} ms, largest of {len(took)} {took[-1]:.1f} ms"
    print(f"{'explaining a failing check':<58} (at most {MOST} ms)  {detail}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        print(json.dumps(measure()))
    else:
        tell()
