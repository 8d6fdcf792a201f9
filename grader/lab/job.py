"""In the verdict process and in the child: what the two agree on."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
from dataclasses import dataclass, field
from hashlib import blake2s
from typing import Any, Self

from grader.stubs import Stub

HAS_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds")


@dataclass(frozen=True)
class Job:
    """What one child is to do.

    Attributes:
        chapter: the chapter's name.
        checks: what to judge, in this order, by names that tell nothing (`sealed`).
        root: the staged submission: the folder that holds the package ``app``.
        url: URL of the child's database.
        own_url: PostgreSQL only: URL of the same database for the grader's own connection.
        token: word with which every message to the bench is sealed (`seal_of`); it is in none of them.
        given: files below `root` that the chapter gave to the learner, and that are as they were given.
        suspicious: files below `root` that may be broken.
        stubs: what of the starter is untouched.
        may_look: what code asks for that lies outside of it is to be heard (`grader.lab.looks`).
        threads_go_on: another child has found that threads which the import begins come to no end (see
            `grader.lab.imports`).
        seconds: wall time of a check.
        memory: limit of a process's memory, in MiB; 0 for none.
        cpu: number of the processor to stay on; -1 for any. Hand-overs between the threads of
            one request cost three times as much when they cross processors.
        cpu_seconds: limit of a process's processor time; 0 for none.
        file_size: limit of a file's size, in MiB; 0 for none.
        processes: limit of the user's processes and threads; 0 for none.
        open_files: limit of a process's open files; 0 for none.
        user: number of the user and group that the child becomes; -1 for no other.
    """

    chapter: str
    checks: tuple[str, ...]
    root: str
    url: str
    own_url: str
    token: str = field(repr=False)  # a traceback may show it otherwise
    given: tuple[str, ...]
    suspicious: tuple[str, ...]
    stubs: tuple[Stub, ...]
    may_look: bool
    threads_go_on: bool
    seconds: float
    memory: int
    cpu: int
    cpu_seconds: int = 0
    file_size: int = 0
    processes: int = 0
    open_files: int = 0
    user: int = -1

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """The job that was sent as JSON."""
        stubs = tuple(Stub(task, words, file, name, tuple(lacks)) for task, words, file, name, lacks in data["stubs"])
        return cls(**{**data, "stubs": stubs})


# Exit status of a child that can no longer tell a verdict, as the code under test has changed what it tells it with.
SPOILT = 121


def sealed(token: str, position: int, *, control: bool) -> str:
    """A name for a check that tells nothing: what is to be judged, under a mask that is another one each time.

    Args:
        token: the job's word.
        position: which of the chapter's rules it is.
        control: it is to expect what nobody can meet.
    """
    nonce = secrets.token_hex(6)
    return f"{nonce}{(2 * position + control) ^ _mask(token, nonce):04x}"


def unsealed(token: str, ticket: str) -> tuple[int, bool]:
    """What `sealed` was given."""
    nonce, masked = ticket[:12], int(ticket[12:], 16)
    position, control = divmod(masked ^ _mask(token, nonce), 2)
    return position, bool(control)


def seal_of(token: str, message: bytes) -> bytes:
    """What stands before a message, so that nobody between child and bench can make another one of it.

    Args:
        token: the job's word, of 32 characters at most.
        message: the line, without its end.
    """
    return blake2s(message, key=token.encode()).hexdigest().encode()


def _mask(token: str, nonce: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{token}{nonce}".encode()).digest()[:2], "big")


# Shortly before a check's time is up, the child tells where its code is; the bench waits that much longer.
LAST_WORDS = 0.25


# What a child tells of the database server after a check: the grader's own connection has ended; or there was an error
# as others have it at the same time.
LOST = "lost"
BEFORE = "before"  # in the place of a check: printed by one that is judged again
SHARED = "shared"


def end_of_output(token: str) -> re.Pattern[bytes]:
    """Matches what a child writes into the output of the learner's code when a check has ended."""
    return re.compile(rb"\x00" + seal_of(token, b"output") + rb" (\w+)\x00")
