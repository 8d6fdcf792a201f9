"""Verdict process: what stands between the learner's code and the rest of the machine."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# What Python and the system's libraries need, or go by. The rest is nobody's business: tokens, keys, settings.
_KEPT = ("PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "WINDIR", "COMSPEC")


def cleaned_environment() -> dict[str, str]:
    """What code under test gets of this process's environment."""
    return {name: value for name, value in os.environ.items() if name.upper() in _KEPT or name.startswith("LC_")}


_numbers = itertools.count()
# Each bench has a user for each place of most machines; in a namespace of root's, numbers may end at 65536.
_FIRST, _USERS, _BENCHES = 20_000, 64, 703


def user_of_its_own() -> int:
    """Number of the first user for a bench's children, which no account has; -1 where only root could become it."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return -1
    return user_after(_FIRST, os.getpid() * 8 + next(_numbers))


def user_after(first: int, benches: int) -> int:
    """Number of the first user for the bench that is so many after one whose first user is given."""
    return first if first < 0 else _FIRST + (first - _FIRST + benches * _USERS) % (_BENCHES * _USERS)


def _no_command(_workshop: Path) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Isolation:
    """What stands between the learner's code and the rest of the machine, beside the walls (`grader.lab.walls`).

    Attributes:
        command: the words in front of the server's command, given the bench's temporary folder: they start it
            in namespaces of its own, where processes have other numbers. No words: no namespaces.
        environment: all that the code may know of the environment.
        user: number of the user and group that a child becomes; -1 for no other.
        hidden: folders that the code must not see, beside the project.
    """

    command: Callable[[Path], Sequence[str]] = _no_command
    environment: Mapping[str, str] = field(default_factory=cleaned_environment)
    user: int = field(default_factory=user_of_its_own)
    hidden: Sequence[Path] = ()

    def user_of(self, slot: int) -> int:
        """The user of the children in one place of the bench: what one user may have, such as processes, is counted.

        Args:
            slot: number of the place.
        """
        assert slot >= 0, "a run without a place has no user"
        return self.user + slot % _USERS if self.user >= 0 else self.user

    def let_through(self, folder: Path) -> None:
        """Let children that are another user pass through a folder, to what is theirs in it."""
        if self.user >= 0:
            folder.chmod(0o711)
