"""Verdict process: what stands between the learner's code and the rest of the machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


def cleaned_environment() -> dict[str, str]:
    """This process's environment without what changes how Python or a database is found."""
    dropped = ("DATABASE_URL", "GRADER_POSTGRESQL_URL", "COVERAGE_PROCESS_START", "COV_CORE_SOURCE")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST", "PG")) and name not in dropped
    }


def _no_command(_workshop: Path) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Isolation:
    """What stands between the learner's code and the rest of the machine; nothing does, if nothing is given.

    Attributes:
        command: the words in front of the server's command, given the bench's temporary folder: they start it
            in namespaces of its own, where processes have other numbers. No words: no namespaces.
        environment: all that the code may know of the environment.
        user: number of the user and group that a child becomes; -1 for no other.
    """

    command: Callable[[Path], Sequence[str]] = _no_command
    environment: Mapping[str, str] = field(default_factory=cleaned_environment)
    user: int = -1

    def let_through(self, folder: Path) -> None:
        """Let children that are another user pass through a folder, to what is theirs in it."""
        if self.user >= 0:
            folder.chmod(0o711)

    def give(self, folder: Path) -> None:
        """Make a folder and all that it holds the property of the user that children become."""
        if self.user >= 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self.user, self.user)
