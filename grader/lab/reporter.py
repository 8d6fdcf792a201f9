"""In the child: sends messages to the bench."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from grader.lab.job import seal_of
from grader.lab.relied import json_encoder


class Reporter(NamedTuple):
    """Sends one JSON object a line. What it is made of cannot be replaced, without its functions being others.

    Attributes:
        send: sends one message whole; a bench that has gone is no error.
        tell: sends the verdict on a check, and what was the matter with the server; after the last one the job is done.
        mark_output: tells where the output of a check ends (see `grader.lab.job.end_of_output`).
    """

    send: Callable[[dict[str, Any]], None]
    tell: Callable[..., None]
    mark_output: Callable[[str], None]


def reporter_to(descriptor: int, token: str) -> Reporter:
    """A reporter.

    Args:
        descriptor: where to.
        token: the job's word.
    """
    write, encode, seal = os.write, json_encoder(), seal_of  # learner code may replace these later
    word = seal_of(token, b"output")

    def put(line: str) -> None:
        message = line.encode()
        data = seal(token, message) + b" " + message + b"\n"
        with suppress(OSError):
            while data:
                data = data[write(descriptor, data) :]

    def send(message: dict[str, Any]) -> None:
        put(encode(message))

    def tell(check: str, outcome: str, told: dict[str, Any], trouble: str, *, last: bool) -> None:
        # The outcome stays a text on its way: a dictionary could be changed by another thread up to the last moment.
        verdict = f'{encode(told)[:-1]}{", " if told else ""}"outcome": {encode(outcome)}}}'
        begin = encode({"event": "verdict", "check": check, "trouble": trouble})
        put(f'{begin[:-1]}, "verdict": {verdict}}}')
        if last:
            send({"event": "end"})

    def mark_output(check: str) -> None:
        with suppress(Exception):
            sys.stdout.flush()
        with suppress(OSError):
            write(1, b"\x00%s %s\x00" % (word, check.encode()))

    return Reporter(send, tell, mark_output)
