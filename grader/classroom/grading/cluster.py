"""Command: grades submissions on other machines, by the workers of a Dask cluster.

Dask does the work of a lost worker again on another one; a submission that has cost several workers is given up, and
named.
"""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import re
import socket
import time
import zlib
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any
from urllib.parse import SplitResult, urlsplit

from grader import BadInput
from grader.classroom.grading.cluster_worker import grade_remotely, pack_task
from grader.classroom.grading.plan import Plan, Task, Tasks
from grader.classroom.grading.workers import Batch
from grader.classroom.store import whole
from grader.rules import rules_of
from grader.shown import harmless

_PORT = 8786
_SCHEMES = ("tcp", "tls", "ws", "wss")
_FIRST_ANSWER = 10.0
_FIRST_WORKER = 5.0
_PATIENCE = 120.0
_MOST_LOSSES = 2
_LOST = "the workers that were to grade it were lost"


class Cluster:
    """The workers of a Dask scheduler, which grade a class.

    Args:
        client: made by `connect`.
        plan: what submissions are to be judged by.
        tell: says a sentence to the user.
    """

    def __init__(self, client: Any, plan: Plan, tell: Callable[[str], None]) -> None:
        self._client = client
        self._plan = plan
        self._tell = tell
        self._losses: dict[str, int] = {}
        self._told: set[str] = set()

    def close(self) -> None:
        """Let go of the scheduler."""
        with suppress(Exception):
            self._client.close(timeout=5)

    def grade(self, tasks: Tasks, alone: bool) -> Generator[Batch]:
        """Grade tasks on all workers, or on one at a time.

        Args:
            tasks: what to do; taken one by one, a little ahead of the workers.
            alone: nothing else of the class is to be at work meanwhile, whatever the worker.

        Raises:
            BadInput: the workers cannot judge, or all of them are gone.
        """
        finished: queue.SimpleQueue[tuple[Task, Any]] = queue.SimpleQueue()
        under_way: dict[str, Any] = {}

        def send(task: Task) -> None:
            future = self._client.submit(grade_remotely, pack_task(task, self._plan, alone), pure=False)
            under_way[task.learner] = future
            future.add_done_callback(lambda done: finished.put((task, done)))

        try:
            if not alone:
                self._tell(f"Cluster: {len(_workers(self._client))} workers with {_threads(self._client)} threads.")
            without_since: float | None = None
            while True:
                most = 1 if alone else 2 * _threads(self._client) + 2
                while len(under_way) < most and (task := tasks.next()) is not None:
                    if self._losses.get(task.learner, 0) >= _MOST_LOSSES:
                        yield Batch(failed=[(task, _LOST)])
                    else:
                        send(task)
                if not under_way:
                    return
                try:
                    task, future = finished.get(timeout=2.0)
                except queue.Empty:
                    without_since = _look_after(self._client, without_since, self._tell)
                    continue
                without_since = None
                del under_way[task.learner]
                status, outcome = _result(future)
                if status == "lost" and self._losses.get(task.learner, 0) < _MOST_LOSSES:
                    self._losses[task.learner] = self._losses.get(task.learner, 0) + 1
                    send(task)
                elif status == "verdicts":
                    yield self._kept(task, outcome)
                else:
                    yield Batch(failed=[(task, outcome)])
        finally:
            with suppress(Exception):
                self._client.cancel(list(under_way.values()), force=True)

    def _kept(self, task: Task, outcome: dict[str, Any]) -> Batch:
        """What a worker has found out, once it is said how well the code was kept apart there."""
        if outcome["worker"] not in self._told:
            self._told.add(outcome["worker"])
            self._tell(f"Worker {harmless(outcome['worker'])}: {harmless(outcome['protection'])}")
        made = _verdicts(task, outcome["verdicts"])
        return Batch(made, [task], isolation={content: outcome["isolation"] for content, _ in made})


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
    place = _place(address)
    try:
        # Whoever answers is asked who it is, before anything is made that would go on trying.
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=_FIRST_ANSWER):
            pass
        kind = asyncio.run(_kind_of(place.geturl()))
    except (Exception, asyncio.CancelledError) as error:
        raise _no_scheduler(address, _reason(error)) from None
    if kind != "Scheduler":
        raise _no_scheduler(address, f"a {kind.lower()} answers there")
    try:
        client = Client(place.geturl(), timeout=_FIRST_ANSWER, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise _no_scheduler(address, str(error).split("\n")[0]) from None
    try:
        client.wait_for_workers(1, timeout=_FIRST_WORKER)
    except TimeoutError:
        client.close()  # type: ignore[no-untyped-call]
        raise BadInput(f"The scheduler at '{address}' has no worker. Start one: dask worker {address}") from None
    return client


def _place(address: str) -> SplitResult:
    """The parts of an address, with the port that schedulers usually have where it names none.

    Raises:
        BadInput: it is none.
    """
    try:
        parts = urlsplit(address if "://" in address else f"tcp://{address}")
        port = parts.port or _PORT
    except ValueError as error:
        raise _no_scheduler(address, str(error)) from None
    host = parts.hostname or ""
    good = re.fullmatch(r"[\w.:%-]+", host) and parts.path in ("", "/") and not parts.query and not parts.username
    if parts.scheme not in _SCHEMES or not good:
        raise _no_scheduler(address, "it is no address")
    return parts._replace(netloc=f"[{host}]:{port}" if ":" in host else f"{host}:{port}", path="")


async def _kind_of(address: str) -> str:
    """What answers at an address: ``Scheduler``, ``Worker``, ``Nanny``."""
    from distributed.security import Security

    arguments = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
    async with asyncio.timeout(_FIRST_ANSWER), _rpc(address, arguments) as other:
        return str((await other.identity())["type"])


def _rpc(address: str, arguments: dict[str, Any]) -> Any:
    from distributed.core import rpc

    return rpc(address, connection_args=arguments)  # type: ignore[no-untyped-call]


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_FIRST_ANSWER:g} s"
    known = isinstance(error, OSError | ValueError | TypeError)
    return str(error).split("\n")[0] if known and str(error) else "something else answers there"


def _no_scheduler(address: str, reason: str) -> BadInput:
    told = " ".join(harmless(address).split())[:200]
    return BadInput(
        f"There is no Dask scheduler at '{told}' ({harmless(reason)}). Start one with 'dask scheduler', and give the "
        "address that it tells: --cluster tcp://HOST:8786"
    )


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
    """``verdicts``, ``lost`` or ``failed``, and the answer or the reason."""
    if future.status == "finished":
        answer = json.loads(zlib.decompress(future.result()))
        if "refused" in answer:
            raise BadInput(f"The cluster cannot judge: {answer['refused']}.")
        return "verdicts", answer
    if future.status in ("cancelled", "lost"):
        raise BadInput("The connection to the scheduler is lost. Start again with --resume.")
    error = future.exception()
    if type(error).__name__ == "KilledWorker":
        return "lost", _LOST
    return "failed", f"{type(error).__name__}: {error}"


def _verdicts(task: Task, answer: list[list[str]]) -> list[tuple[str, Any]]:
    """The verdicts of an answer; only those that were asked for."""
    asked = {
        content: {f"{piece.chapter}.{name}" for name in piece.rules}
        for piece in task.pieces
        for content in (piece.content, piece.own)
    }
    rules = {rule.id: rule for piece in task.pieces for rule in rules_of(piece.chapter)}
    return [(content, whole(rules[rule], text)) for content, rule, text in answer if rule in asked.get(content, ())]
