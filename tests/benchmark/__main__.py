"""Measure, and print each ratio beside its bound. Quiet machine, please: nothing else should run."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from grader.bench import Bench, Target
from grader.rules import CHAPTERS, roster, rules_of
from tests import PROJECT
from tests.benchmark import failures

SOLUTIONS = PROJECT / "solutions"
BARE = [sys.executable, "-c", "import fastapi.testclient, sqlalchemy.orm, sqlmodel"]
PYTEST = [str(Path(sys.executable).with_name("pytest")), "-p", "no:cacheprovider", "--submission", str(SOLUTIONS)]
RUNS = 7


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def process(command: list[str], **environment: str) -> Callable[[], object]:
    environ = {**os.environ, **environment}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)

    def run() -> object:
        return subprocess.run(command, cwd=PROJECT, env=environ, check=True, stdout=subprocess.DEVNULL)

    return run


def in_turn(work: Callable[[], object], other: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Median seconds of both, measured in turn after one run of each to warm up."""
    pairs = [(seconds(work), seconds(other)) for _ in range(runs + 1)][1:]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def tell(what: str, ratio: float, bound: str, detail: str) -> None:
    print(f"{what:<58} {ratio:5.2f}x  ({bound})  {detail}", flush=True)


def whole_processes() -> None:
    bare = process(BARE)
    for what, paths, bound in (
        *((f"chapter {c[:2]}, whole process / bare import", [f"grader/test_{c}.py"], "at most 1.4") for c in CHAPTERS),
        ("chapters 01-06, whole process / bare import", [f"grader/test_{c}.py" for c in CHAPTERS[:6]], "at most 2"),
        ("all chapters, whole process / bare import", ["grader"], "at most 3"),
    ):
        mine, other = in_turn(process([*PYTEST, *paths]), bare)
        tell(what, mine / other, bound, f"{mine:.2f} s / {other:.2f} s")


def resident() -> None:
    targets = [Target(SOLUTIONS, rule) for rule in rules_of("05_crud")]
    with Bench() as bench:
        mine, other = in_turn(lambda: list(bench.grade(targets)), process(BARE))
    tell(
        "chapter 05 again on a warm bench / bare import", mine / other, "at most 0.25", f"{mine:.3f} s / {other:.2f} s"
    )


def class_of_twenty(chapter: str) -> None:
    """Twenty submissions on one bench, its start included, against twenty processes of plain pytest."""
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder, f"learner{number:02}") for number in range(20)]
        for place in places:
            shutil.copytree(SOLUTIONS / chapter, place / chapter)

        def on_the_bench() -> None:
            with Bench() as bench:
                found = list(bench.grade([Target(place, rule) for place in places for rule in rules_of(chapter)]))
            assert all(check.outcome == "passed" for _, check in found)

        def plain() -> None:
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
            command += ["tests/benchmark/plain", "--rootdir", "tests/benchmark/plain"]
            for place in places:
                process(command, BENCHMARK_ROOT=str(place / chapter), BENCHMARK_CHAPTER=chapter)()

        mine, other = in_turn(on_the_bench, plain, runs=1)
    what = f"20 submissions of chapter {chapter[:2]}: plain pytest / bench"
    tell(what, other / mine, "at least 8", f"{other:.1f} s / {mine:.2f} s")


def main() -> None:
    print(f"{len(roster())} checks; medians of {RUNS} runs in turn on {os.cpu_count()} processors")
    whole_processes()
    resident()
    class_of_twenty("05_crud")
    failures.tell()


if __name__ == "__main__":
    main()
