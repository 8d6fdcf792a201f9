"""The same class on a Dask cluster: a real scheduler, and two worker processes of which one is killed midway."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from grader import BadInput
from grader.bench.sandbox import prepare
from grader.classroom.grading import cluster_worker
from grader.classroom.grading.cluster import Cluster as Workers
from grader.classroom.grading.cluster import connect
from grader.classroom.grading.plan import Task, Tasks, plan_of
from tests.classes import WITHOUT_BUBBLEWRAP, gradebook, run, start, verdicts, wait_until_nobody_works_in
from tests.hostile import submission

Client = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed").Client
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

    def add_worker(self, *more: str) -> subprocess.Popen[bytes]:
        place = str(self._folder / f"worker{len(self._processes)}")
        return self._start(
            "worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", place, *more
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
    assert said.count("Worker tcp://127.0.0.1:") in (1, 2)
    assert {rows[f"more{number}"]["05_crud"] for number in range(6)} == {rows["right"]["05_crud"]}
    assert verdicts(undisturbed).items() <= verdicts(report).items()
    assert f"{len(verdicts(report))} new verdicts" in said
    cluster.close()
    wait_until_nobody_works_in(tmp_path / "cluster")


def test_each_worker_says_its_isolation(cluster: Cluster, tmp_path: Path) -> None:
    """One worker has bubblewrap, the other has not: the run says so, and the gradebook for each learner."""
    own = prepare([])
    if own.reason:
        pytest.skip(f"no namespaces here: {own.reason}")
    preload = tmp_path / "without_bubblewrap.py"
    preload.write_text(WITHOUT_BUBBLEWRAP.partition("from grader")[0])
    for number in range(8):
        submission(tmp_path / f"class/learner{number}", at_import=f"number = {number}")
    cluster.add_worker()
    cluster.add_worker("--preload", str(preload))
    client = Client(cluster.address, set_as_default=False)
    client.wait_for_workers(2, timeout=60)
    client.close()
    options = ("--out", tmp_path / "report", "--chapters", "5", "--cluster", cluster.address)
    said = run("class", tmp_path / "class", *options)
    found = {row["isolation"] for row in gradebook(tmp_path / "report").values()}
    other = "Landlock and seccomp" if "the kernel's Landlock" in said else "none"
    assert found == {"bubblewrap", other}
    lines = [line for line in said.splitlines() if line.startswith("Worker tcp://")]
    assert len(lines) == 2
    assert sum("Isolation: bubblewrap; no network" in line for line in lines) == 1
    assert sum("bubblewrap is not installed" in line for line in lines) == 1


def test_what_others_may_have_used_up_is_judged_alone(cluster: Cluster, tmp_path: Path) -> None:
    """As on one machine: in the end, code that only says that the disk is full is believed no more."""
    submission(tmp_path / "class/right")
    submission(tmp_path / "class/full", in_get_item="raise OSError(28, 'No space left on device')")
    submission(tmp_path / "class/wrong", in_get_item="raise OSError(1, 'no')")
    cluster.add_worker()
    cluster.add_worker()
    options = ("--out", tmp_path / "report", "--chapters", "5", "--cluster", cluster.address)
    said = run("class", tmp_path / "class", *options)
    assert "1 could not be fully graded in parallel" in said and "Not finished" not in said
    rows = gradebook(tmp_path / "report")
    assert {row["status"] for row in rows.values()} == {"graded"}
    assert rows["full"]["total"] == rows["wrong"]["total"] != rows["right"]["total"]


class KilledWorker(Exception):
    """What Dask says of work that has cost it several workers."""


class _Deadly:
    """A client of a cluster in which each worker dies that gets a submission."""

    status, sent = "error", 0

    def submit(self, *_: object, **__: object) -> _Deadly:
        self.sent += 1
        return self

    def add_done_callback(self, call: Callable[[_Deadly], None]) -> None:
        call(self)

    def exception(self) -> Exception:
        return KilledWorker()

    def scheduler_info(self, **_: object) -> dict[str, dict[str, dict[str, int]]]:
        return {"workers": {"tcp://127.0.0.1:1": {"nthreads": 1}}}


def test_what_costs_workers_is_given_up() -> None:
    """It is tried on some workers, and not once more at the end of the class."""
    client, task = _Deadly(), Task("anna", ())
    workers = Workers(client, plan_of(("05_crud",), "sqlite", 10.0), print)
    for alone, sent in ((False, 3), (True, 3)):
        waiting = [task]
        tasks = SimpleNamespace(next=lambda waiting=waiting: waiting.pop() if waiting else None)
        (batch,) = workers.grade(cast(Tasks, tasks), alone)
        assert [(each.learner, reason) for each, reason in batch.failed] == [
            ("anna", "the workers that were to grade it were lost")
        ]
        assert client.sent == sent


@pytest.mark.skipif(sys.platform == "win32", reason="no locks of this kind")
def test_a_number_is_locked_in_no_file_of_somebody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place for the locks has a name that others know."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder, other = tmp_path / f"workbook-slots-{os.getuid()}", tmp_path / "other"
    folder.mkdir(mode=0o700)
    other.write_text("somebody's")
    (folder / "0").symlink_to(other)
    monkeypatch.setattr(cluster_worker, "_own", threading.local())
    assert cluster_worker._take_slot() == 1
    folder.chmod(0o777)
    monkeypatch.setattr(cluster_worker, "_own", threading.local())
    assert cluster_worker._take_slot() == os.getpid() % 1000
    monkeypatch.setattr(cluster_worker, "_own", threading.local())
    shutil.move(folder, tmp_path / "moved")
    folder.touch()
    assert cluster_worker._take_slot() == os.getpid() % 1000
    folder = tmp_path / "moved"
    assert other.read_text() == "somebody's" and {each.name for each in folder.iterdir()} == {"0", "1"}


def test_addresses_of_nobody(cluster: Cluster, tmp_path: Path) -> None:
    """Whatever is given for the scheduler, one sentence says what to do, at once."""
    submission(tmp_path / "class/learner")
    worker = cluster.add_worker()
    assert worker.poll() is None
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_answer_wrongly, args=[server], daemon=True).start()
        stranger = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        for address in (stranger, "tcp://127.0.0.1:9", "tcp://127.0.0.1:99999", "http://127.0.0.1", "tcp://[", " "):
            with pytest.raises(BadInput) as told:
                connect(address)
            assert "There is no Dask scheduler at '" in str(told.value) and "\n" not in str(told.value)
    client = Client(cluster.address, set_as_default=False)
    client.wait_for_workers(1, timeout=60)
    (address,) = client.scheduler_info()["workers"]
    client.close()
    options = ("--out", tmp_path / "report", "--chapters", "5", "--cluster", address)
    said = run("class", tmp_path / "class", *options, status=2)
    assert f"There is no Dask scheduler at '{address}' (a worker answers there)" in said
    assert len(said.splitlines()) == 1


def _answer_wrongly(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")


def test_scheduler_without_workers(cluster: Cluster, small_class: tuple[Path, Path], tmp_path: Path) -> None:
    submissions, _ = small_class
    said = run("class", submissions, "--out", tmp_path / "report", "--cluster", cluster.address, status=2)
    assert "has no worker. Start one: dask worker" in said
