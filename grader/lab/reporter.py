"""In the child: sends messages to the bench."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import blake2s
from itertools import count
from typing import Any, NamedTuple

from grader.lab.job import seal_of
from grader.lab.relied import json_encoder


class Reporter(NamedTuple):
    """Sends one JSON object a line, with its number, so that none can be kept back.

    Its functions look no name up that other code could give to something else, not even in a class of Python's own:
    only built-in ones are called, and they are in variables that are out of reach.

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
    write, encode, no_bench = os.write, json_encoder(), OSError
    sealing = blake2s(key=token.encode())  # as `seal_of`
    word = seal_of(token, b"output")
    following = count(1).__next__
    in_bytes, begun, go_on, shown = str.encode, sealing.copy, type(sealing).update, type(sealing).hexdigest

    def put(descriptor: int, data: bytes) -> None:
        try:
            while data:
                data = data[write(descriptor, data) :]
        except no_bench:
            return

    def send(message: dict[str, Any]) -> None:
        line = in_bytes(f"{following()} {encode(message)}")
        seal = begun()
        go_on(seal, line)
        # In a line of its own, whatever somebody has written before it; what is this short is written at once.
        put(descriptor, b"\n" + in_bytes(shown(seal)) + b" " + line + b"\n")

    def tell(check: str, outcome: str, told: str, trouble: str, *, last: bool) -> None:
        send({"event": "verdict", "check": check, "trouble": trouble, "outcome": outcome, "told": told})
        if last:
            send({"event": "end"})

    def mark_output(check: str) -> None:
        put(1, b"\x00%s %s\x00" % (word, in_bytes(check)))

    return Reporter(send, tell, mark_output)
