"""In the verdict process and in the child: what stands in a starter where the code of a task belongs."""

from __future__ import annotations

from typing import NamedTuple

# What a stub lacks, if not single attributes: any value but ``...``; its base classes, and all that comes from them.
VALUE, BASES = "a value", "bases"


class Stub(NamedTuple):
    """A name that the starter defines, and that is not yet what a task asks for.

    Attributes:
        task: number of the task.
        words: what the task asks for.
        file: the file that defines the name, ``app/models.py``.
        name: the name.
        lacks: what it does not have yet: attributes of a class, `BASES` or `VALUE`; nothing for a function, which says
            by itself that it is to do.
    """

    task: str
    words: str
    file: str
    name: str
    lacks: tuple[str, ...]
