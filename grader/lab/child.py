"""In the child: judges the checks of a job, one after the other, each on a database of its own.

Checks that pass share one import of the app, because importing it takes half of a check's time. What does not pass
on an app that has served before is judged again on a new import: only that is blamed.

Whatever the learner's code does to its child, the verdict is given by the bench, which only believes what it was
waiting for. A child that is no longer as it was (a thread goes on, files are never closed) steps back, and a new one
does the rest.
"""

from __future__ import annotations

import gc
import os
import signal
from collections import deque
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NoReturn

from grader.lab import imports, looks, openings
from grader.lab.clerk import start_clerk
from grader.lab.connections import listen_to_connections
from grader.lab.guard import keep_to_themselves, take_away
from grader.lab.job import Job
from grader.lab.parts import load_makers
from grader.lab.place import place_of
from grader.lab.processes import close_all_but, end_with_the_parent
from grader.lab.relied import json_encoder, own, rely_on
from grader.lab.reporter import reporter_to
from grader.lab.restrictions import hide_grader, limit, stay_on
from grader.lab.server_trouble import ServerTrouble
from grader.lab.soundness import Soundness
from grader.lab.surroundings import Surroundings, enter
from grader.lab.versions import taken
from grader.lab.walls import Walls
from grader.lab.warm_up import import_driver
from grader.lab.worker import Worker
from grader.rules import asked_in, rules_of


def become_child(job: Job, walls: Walls, results: int, output: int) -> list[Iterator[None]]:
    """Turn the forked copy of the server into the child of a job.

    Args:
        job: what to do.
        walls: the walls around it.
        results: file descriptor for the messages.
        output: file descriptor for what the learner's code prints.

    Returns:
        what `grade_chapter` does.
    """
    try:
        os.setsid()
        gc.disable()  # a child makes too little to run out of memory; later, nobody can enable it (`grade_chapter`)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        return enter_job(job, walls, results)
    except BaseException:
        os._exit(0)


def enter_job(job: Job, walls: Walls, results: int) -> list[Iterator[None]]:
    """Get ready for the checks of a job: walls, surroundings, and the clerk.

    Args:
        job: what to do.
        walls: the walls around it.
        results: file descriptor for the messages.

    Returns:
        what `grade_chapter` does.
    """
    reporter = reporter_to(results, job.token)
    process = os.getpid()
    limit(job)
    stay_on(job.cpu)
    if job.chapter == "01_engine":
        import_driver()
    take_away()
    open_to = walls.enclose(Path(job.root), job.url, job.user)
    end_with_the_parent()
    close_all_but(results)
    reporter.send({"event": "hello", "process": process, "open": open_to})
    place = place_of(job)
    names = asked_in(job.chapter)
    makers = load_makers(job.chapter, names)
    enter(job.root, job.url)
    listen_to_connections()
    # Before any code of the learner's, which could keep it from that.
    heard: list[tuple[str, str]] = []
    noticed = count().__next__
    listening = looks.handlers(heard, noticed, job.root) if job.may_look else {}
    looks.listen(listening | (openings.HANDLERS if "untouched" in names else {}))
    if job.threads_go_on:
        imports.wait_no_longer()
    trouble = ServerTrouble(place)
    asked = rely_on([makers], functions=(each.make for each in makers.values()))
    hide_grader()
    followed = keep_to_themselves()
    surroundings = Surroundings(job.root)
    soundness = Soundness(place, makers, surroundings)
    checks = tuple((rule.name, rule.task, rule.function, rule.asks) for rule in rules_of(job.chapter))
    work = Worker(process, place, checks, makers, surroundings, soundness, trouble, json_encoder(), job.seconds)
    return [start_clerk(job, reporter, work, (*own(), asked), taken(), followed, noticed, heard, results)]


def grade_chapter(steps: list[Iterator[None]]) -> NoReturn:
    """Do what the clerk wants done, until it ends the process.

    Everything that the learner's code runs in is called from here: no variable here or above may lead to the clerk.

    Args:
        steps: one iterator: each of its steps is an order.
    """

    def go_through(*_: object) -> None:
        try:
            deque(steps.pop(), maxlen=0)
        finally:
            os._exit(0)

    # While garbage is collected, Python collects none besides, whoever asks for it and in whatever thread: this is
    # called when that begins, and never comes back.
    gc.callbacks[:] = [go_through]
    gc.collect(0)
    os._exit(0)
