"""Command: what of a download belongs to one learner, not yet read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A folder or file that a learner handed in.

    Attributes:
        path: where it lies.
        name: what the learner called it, without what the platform puts around it.
    """

    path: Path
    name: str


@dataclass(frozen=True)
class Entry:
    """What one learner handed in.

    Attributes:
        learner: the id, as the layout has it.
        sources: the folders and files.
        name: the learner's name, where the layout has it.
        keys: other things that a roster may know the learner by: ``number``, ``login``, ``email``, ``sid``, ``name``.
        submitted: when it was handed in, with its time zone; None where the layout does not say.
        notes: what there is to say about it, in sentences.
        names: what its folders and files are called in the download.
        otherwise: whose it may be instead, if the roster has them: a name can be read in several ways.
    """

    learner: str
    sources: tuple[Source, ...]
    name: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    submitted: datetime | None = None
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    otherwise: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Download:
    """A folder of submissions, sorted out.

    Attributes:
        layout: name of its layout.
        told: how it was understood, in one sentence; empty for plain folders and archives.
        entries: the submissions, in order.
        ignored: names of files that are none.
    """

    layout: str
    told: str
    entries: list[Entry]
    ignored: list[str]
