"""Command: grades submissions on other machines, by the workers of a Dask cluster.

Dask does the work of a lost worker again on another one; a submission that has cost several workers is given up, and
named.
"""

from __future__ import annotations

import json
import logging
import queue
import socket
import time
import zlib
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from grader import BadInput
from grader.classroom.grading.cluster_worker import grade_remotely, pack_task
from grader.classroom.grading.plan import Plan, Task
from grader.classroom.grading.workers import Batch
from grader.classroom.store import whole
from grader.rules import rules_of

_FIRST_WORKER = 5.0
_PATIENCE = 120.0
_MOST_LOSSES = 2


def on_a_cluster(tasks: Iterable[Task], client: Any, plan: Plan, tell: Callable[[str], None]) -> Generator[Batch]:
    """Grade tasks on the workers of a Dask scheduler.

    Args:
        tasks: what to do; taken one by one, a little ahead of the workers.
        client: made by `connect`; it is closed at the end.
        plan: what they are to be judged by.
        tell: says a sentence to the user.

    Raises:
        BadInput: the workers cannot judge, or all of them are gone.
    """
    finished: queue.SimpleQueue[tuple[Task, Any]] = queue.SimpleQueue()
    losses: dict[str, int] = {}
    under_way: dict[str, Any] = {}
    left = iter(tasks)

    def send(task: Task) -> None:
        future = client.submit(grade_remotely, pack_task(task, plan), pure=False)
        under_way[task.learner] = future
        future.add_done_callback(lambda done: finished.put((task, done)))

    try:
        tell(f"Cluster: {len(_workers(client))} workers with {_threads(client)} threads.")
        alone_since: float | None = None
        while True:
            while len(under_way) < 2 * _threads(client) + 2 and (task := next(left, None)) is not None:
                send(task)
            if not under_way:
                return
            try:
                task, future = finished.get(timeout=2.0)
            except queue.Empty:
                alone_since = _look_after(client, alone_since, tell)
                continue
            alone_since = None
            del under_way[task.learner]
            status, outcome = _result(future)
            if status == "lost" and losses.get(task.learner, 0) < _MOST_LOSSES:
                losses[task.learner] = losses.get(task.learner, 0) + 1
                send(task)
            elif status == "verdicts":
                yield Batch(_verdicts(task, outcome), [task])
            else:
                yield Batch(failed=[(task, outcome)])
    finally:
        with suppress(Exception):
            client.cancel(list(under_way.values()), force=True)
        with suppress(Exception):
            client.close(timeout=5)


def connect(address: str) -> Any:
    """A client of a Dask scheduler that has at least one worker.

    Args:
        address: of the scheduler, ``tcp://host:8786``.

    Raises:
        BadInput: there is no scheduler, or it has no worker.
    """
    try:
        from distributed import Client
    except ImportError:
        raise BadInput('The cluster needs a package more: pip install -e ".[cluster]" -c constraints.txt') from None
    for name in ("distributed", "distributed.client", "distributed.core", "distributed.batched", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        parts = urlsplit(address)
        if parts.scheme == "tcp":  # Dask would go on trying for a while where nobody listens
            socket.create_connection((parts.hostname or "localhost", parts.port or 8786), timeout=10).close()
        client = Client(address, timeout=10, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).split("\n")[0]
        raise BadInput(f"There is no Dask scheduler at '{address}' ({reason}). Start one: dask scheduler") from None
    try:
        client.wait_for_workers(1, timeout=_FIRST_WORKER)
    except TimeoutError:
        client.close()  # type: ignore[no-untyped-call]
        raise BadInput(f"The scheduler at '{address}' has no worker. Start one: dask worker {address}") from None
    return client


def _workers(client: Any) -> dict[str, Any]:
    return dict(client.scheduler_info(n_workers=-1)["workers"])


def _threads(client: Any) -> int:
    return sum(worker["nthreads"] for worker in _workers(client).values())


def _look_after(client: Any, since: float | None, tell: Callable[[str], None]) -> float | None:
    """Nothing has happened for a while: give up when there has been nobody to do anything."""
    if client.status != "running":
        raise BadInput("The connection to the scheduler is lost. Start again with --resume.")
    if _workers(client):
        return None
    if since is None:
        tell(f"All workers are gone; waiting {_PATIENCE:.0f} s for another one.")
        return time.monotonic()
    if time.monotonic() - since > _PATIENCE:
        raise BadInput("All workers are gone. Start some, and start again with --resume.")
    return since


def _result(future: Any) -> tuple[str, Any]:
    """``verdicts``, ``lost`` or ``failed``, and the verdicts or the reason."""
    if future.status == "finished":
        answer = json.loads(zlib.decompress(future.result()))
        if "refused" in answer:
            raise BadInput(f"The cluster cannot judge: {answer['refused']}.")
        return "verdicts", answer["verdicts"]
    if future.status in ("cancelled", "lost"):
        raise BadInput("The connection to the scheduler is lost. Start again with --resume.")
    error = future.exception()
    if type(error).__name__ == "KilledWorker":
        return "lost", "the workers that were to grade it were lost"
    return "failed", f"{type(error).__name__}: {error}"


def _verdicts(task: Task, answer: list[list[str]]) -> list[tuple[str, Any]]:
    """The verdicts of an answer; only those that were asked for."""
    asked = {piece.content: {f"{piece.chapter}.{name}" for name in piece.rules} for piece in task.pieces}
    rules = {rule.id: rule for piece in task.pieces for rule in rules_of(piece.chapter)}
    return [(content, whole(rules[rule], text)) for content, rule, text in answer if rule in asked.get(content, ())]
