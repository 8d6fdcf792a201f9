"""The same class on a Dask cluster: a real scheduler, and two worker processes of which one is killed midway."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.classes import gradebook, run, start, verdicts, wait_until_nobody_works_in
from tests.hostile import submission

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
DASK = Path(sys.executable).with_name("dask")


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
        deadline = time.monotonic() + 60
        while not file.exists() or '"address": "' not in (text := file.read_text()):
            assert time.monotonic() < deadline, (folder / "log0.txt").read_text()
            time.sleep(0.1)
        self.address = text.partition('"address": "')[2].partition('"')[0]

    def add_worker(self) -> subprocess.Popen[bytes]:
        place = str(self._folder / f"worker{len(self._processes)}")
        return self._start(
            "worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", place
        )

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self._folder / f"log{len(self._processes)}.txt").open("wb")
        with log:
            process = subprocess.Popen([str(DASK), *arguments], stdout=log, stderr=log, env=_environment(self._folder))
        self._processes.append(process)
        return process

    def close(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(folder: Path) -> dict[str, str]:
    (folder / "tmp").mkdir(exist_ok=True)
    return {**os.environ, "TMPDIR": str(folder / "tmp")}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    (tmp_path / "cluster").mkdir()
    made = Cluster(tmp_path / "cluster")
    yield made
    made.close()


def test_lost_worker_costs_nothing(cluster: Cluster, small_class: tuple[Path, Path], tmp_path: Path) -> None:
    """Its submissions are done again by the other one; every verdict is as on one machine, each is kept once."""
    submissions, undisturbed = small_class
    more = Path(shutil.copytree(submissions, tmp_path / "class"))
    for number in range(6):  # enough to be in the middle for a while
        submission(more / f"more{number}", at_import=f"number = {number}")
    workers = [cluster.add_worker(), cluster.add_worker()]
    report = tmp_path / "report"
    process = start("class", more, "--out", report, "--time-limit", "3", "--cluster", cluster.address)
    wal, deadline = report / "class.sqlite-wal", time.monotonic() + 120
    size = 0
    while process.poll() is None and time.monotonic() < deadline:
        now = wal.stat().st_size if wal.exists() else 0
        if size and now > size:  # the first verdicts have come in
            break
        size = now or size
        time.sleep(0.02)
    workers[0].send_signal(signal.SIGKILL)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert "Cluster: 2 workers with 2 threads." in said or "Cluster: 1 workers" in said
    rows, before = gradebook(report), gradebook(undisturbed)
    assert {learner: rows[learner] for learner in before} == before
    assert {rows[f"more{number}"]["05_crud"] for number in range(6)} == {rows["right"]["05_crud"]}
    assert verdicts(undisturbed).items() <= verdicts(report).items()
    assert f"{len(verdicts(report))} new verdicts" in said
    cluster.close()
    wait_until_nobody_works_in(tmp_path / "cluster")


def test_scheduler_without_workers(cluster: Cluster, small_class: tuple[Path, Path], tmp_path: Path) -> None:
    submissions, _ = small_class
    said = run("class", submissions, "--out", tmp_path / "report", "--cluster", cluster.address, status=2)
    assert "has no worker. Start one: dask worker" in said
