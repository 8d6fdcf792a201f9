"""How a class fares, as ratios measured in one run: ``python -m tests.benchmark.classes``.

``throughput``, ``memory``, ``jobs`` or ``faults`` behind it measure only that. Quiet machine, please: nothing
else should run. All of it takes about half an hour on two processors.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grader.rules import CHAPTERS
from tests import PROJECT
from tests.benchmark.__main__ import SOLUTIONS, in_turn, tell
from tests.cases import Case, all_cases
from tests.classes import WORKBOOK, copy_code, gradebook, verdicts
from tests.hostile import IN_A_FUNCTION, submission

PLAIN = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
PLAIN += ["tests/benchmark/plain", "--rootdir", "tests/benchmark/plain"]


def mixed(folder: Path, count: int) -> list[tuple[Path, str]]:
    """Submissions of one chapter each, all chapters in turn: two right or odd ones for each wrong one.

    Each has a comment of its own, so that no two are the same code.
    """
    cases: dict[str, itertools.cycle[Case]] = {}
    for chapter in CHAPTERS:
        wrong = [case for case in all_cases() if case.chapter == chapter and case.kind == "wrong"]
        right = [case for case in all_cases() if case.chapter == chapter and case.kind == "right"]
        cases[chapter] = itertools.cycle(
            [each for three in zip(right, right[1:], wrong, strict=False) for each in three]
        )
    places = []
    for number in range(count):
        chapter = CHAPTERS[number % len(CHAPTERS)]
        place = folder / f"learner{number:05}"
        next(cases[chapter]).build(place)
        (place / chapter / "app/__init__.py").write_text(f'"""Learner {number}."""\n')
        places.append((place, chapter))
    return places


def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([WORKBOOK, "class", *map(str, arguments)], stdout=subprocess.DEVNULL, cwd=PROJECT)


def seconds_of(*arguments: str | Path) -> tuple[float, int]:
    """How long the command takes, and the most memory of its own process, in KiB."""
    began, most = time.perf_counter(), 0
    process = start(*arguments)
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        most = max(most, *(int(found) for found in re.findall(r"VmHWM:\s+(\d+)", status)), 0)
        time.sleep(0.1)
    assert process.returncode == 0
    return time.perf_counter() - began, most


def throughput(folder: Path, count: int = 200) -> None:
    """Against one plain pytest process for each submission, with the same checks, one and two at a time."""
    places = mixed(folder / "class", count)
    mine, _ = seconds_of(folder / "class", "--out", folder / "report")

    def plain(place: tuple[Path, str]) -> None:
        environment = {**os.environ, "BENCHMARK_ROOT": str(place[0] / place[1]), "BENCHMARK_CHAPTER": place[1]}
        subprocess.run(PLAIN, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, check=False)

    def with_jobs(jobs: int) -> float:
        began = time.perf_counter()
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(plain, places))
        return time.perf_counter() - began

    for jobs, bound in ((1, "at least 8"), (2, "for information")):
        other = with_jobs(jobs)
        what = f"{count} mixed submissions: plain pytest, {jobs} at a time / class"
        tell(what, other / mine, bound, f"{other:.0f} s / {mine:.0f} s")
    print(f"  {count / mine * 60:.0f} submissions of one chapter a minute")


def memory(folder: Path, counts: tuple[int, ...] = (20, 200, 2000)) -> None:
    """Memory of the command's own process, and time for each submission, as there are more of them."""
    found = {}
    for count in counts:
        place = folder / f"class{count}"
        mixed(place, count)
        found[count] = seconds_of(place, "--out", folder / f"report{count}")
        seconds, most = found[count]
        print(f"  {count} submissions: {seconds:.1f} s, {most / 1024:.0f} MiB at most", flush=True)
        shutil.rmtree(place)
    few, some, many = counts
    tell(f"memory, {many} / {few} submissions", found[many][1] / found[few][1], "flat", "the command's own process")
    # The start of the command is taken off: it is the same for all.
    each = (found[many][0] - found[some][0]) / (many - some) / ((found[some][0] - found[few][0]) / (some - few))
    tell(f"seconds for one more submission, beyond {some} / below", each, "linear: about 1", "")


def jobs(folder: Path, count: int = 200) -> None:
    """Two side by side against one."""
    mixed(folder / "class", count)
    numbers = itertools.count()

    def with_jobs(number: int) -> Callable[[], object]:
        return lambda: seconds_of(folder / "class", "--out", folder / f"report{next(numbers)}", "--jobs", str(number))

    one, two = in_turn(with_jobs(1), with_jobs(2), runs=1)
    tell(f"{count} submissions: one job / two jobs", one / two, "at least 1.7", f"{one:.1f} s / {two:.1f} s")


def faults(folder: Path, count: int = 100, hostile: int = 30, kills: int = 5) -> None:
    """A class with hostile submissions, killed at random moments and resumed: as if nothing had happened."""
    mixed(folder / "class", count - hostile)
    # One whose copies go on by themselves says something else each time, whoever grades it.
    names = itertools.cycle(name for name in IN_A_FUNCTION if name != "loop through everything")
    for number in range(hostile):
        name = next(names)
        submission(
            folder / f"class/hostile{number:02}", at_import=f"learner = {number}", in_get_item=IN_A_FUNCTION[name]
        )
    copy_code(SOLUTIONS, folder / "class/everything")
    options = ("--time-limit", "5")
    undisturbed, _ = seconds_of(folder / "class", "--out", folder / "undisturbed", *options)
    expected = verdicts(folder / "undisturbed")
    chance = random.Random(6)
    kept: dict[tuple[str, str], str] = {}
    for _ in range(kills):
        process = start(folder / "class", "--out", folder / "report", "--resume", *options)
        time.sleep(3 + chance.random() * undisturbed / 3)
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = verdicts(folder / "report")
        assert kept.items() <= now.items(), "a verdict was lost or has changed"
        print(
            f"  killed: {len(now)} of {len(expected)} verdicts are kept, {len(now) - len(kept)} of them new", flush=True
        )
        kept = now
    last = subprocess.run(
        [WORKBOOK, "class", str(folder / "class"), "--out", str(folder / "report"), "--resume", *options],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = verdicts(folder / "report")
    different = {key for key in {*found, *expected} if found.get(key) != expected.get(key)}
    assert not different, {key: (found.get(key), expected.get(key)) for key in different}
    assert gradebook(folder / "report") == gradebook(folder / "undisturbed")
    new = len(expected) - len(kept)
    assert (f"{new} new verdicts" in last) if new else ("Nothing new" in last), last
    print(f"  all {len(expected)} verdicts are as in the undisturbed run; nothing lost, nothing done twice")


def main() -> None:
    measures = {each.__name__: each for each in (throughput, memory, jobs, faults)}
    for name in sys.argv[1:] or measures:
        with tempfile.TemporaryDirectory() as folder:
            print(name, flush=True)
            measures[name](Path(folder))


if __name__ == "__main__":
    main()
