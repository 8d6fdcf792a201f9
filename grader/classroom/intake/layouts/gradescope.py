"""Command: Gradescope's "Export Submissions" of a programming assignment.

``submission_123/`` for each submission, and ``submission_metadata.yml`` that names its submitters, with number, e-mail
and name, and when it was created: keys are Ruby's symbols, ``:submitters``. A group has one submission; each of its
members gets it. Published in Gradescope's help, "Exporting submissions".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from grader import BadInput
from grader.classroom.intake.layouts.pieces import Piece, printable
from grader.shown import harmless

TITLE = "Gradescope's export of submissions"
METADATA = "submission_metadata.yml"
_FOLDER = re.compile(r"submission_\d+")
_LARGEST = 200 * 1024 * 1024


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Takes objects of Ruby for the plain data that they hold."""


def _plain(loader: Any, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _plain)
_Loader.add_multi_constructor("tag:", _plain)
for _tag in ("timestamp", "int", "float"):  # a number with a leading zero is a student's number, and stays text
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", lambda loader, node: loader.construct_scalar(node))


def fits(paths: Iterable[Path]) -> bool:
    """Whether there are Gradescope's metadata, or all folders are called as Gradescope calls them."""
    names = [path.name for path in paths]
    return METADATA in names or (bool(names) and all(_FOLDER.fullmatch(name) for name in names))


def pieces(paths: Iterable[Path]) -> list[Piece]:
    """The submissions by the number, e-mail or name of each submitter.

    Raises:
        BadInput: the metadata cannot be read.
    """
    every = list(paths)
    metadata = next((_metadata(path) for path in every if path.name == METADATA), {})
    found = []
    for path in every:
        if not path.is_dir():
            continue
        about = metadata.get(path.name)
        about = about if isinstance(about, dict) else {}
        submitters = [each for each in about.get(":submitters") or [] if isinstance(each, dict)]
        submitted = _time(about.get(":created_at"))
        for submitter in submitters or [{}]:
            keys = {kind: _text(submitter.get(f":{kind}")) for kind in ("sid", "email", "name")}
            keys = {kind: value for kind, value in keys.items() if value}
            learner = next(iter(keys.values()), printable(path.name))
            group = f"handed in by {len(submitters)} together" if len(submitters) > 1 else ""
            unknown = "" if submitters else f"{METADATA} does not say whose it is"
            found.append(
                Piece(path, printable(path.name), learner, keys.get("name", ""), keys, submitted, group or unknown)
            )
    return found


def _metadata(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _LARGEST:
            raise BadInput(f"'{file}' is larger than {_LARGEST // 1024 // 1024} MiB; export the submissions again.")
        data = yaml.load(file.read_bytes(), _Loader)
    except OSError as error:
        raise BadInput(f"'{file}' cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        raise BadInput(
            f"'{file}' is no YAML that can be read; export the submissions again, or give --layout plain."
        ) from None
    return data if isinstance(data, dict) else {}


def _text(value: object) -> str:
    return harmless(str(value).strip()) if isinstance(value, str | int) else ""


def _time(value: object) -> datetime | None:
    """Ruby's time, ``2026-10-02 11:05:30.486018000 Z``."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d)?", _text(value))
    if match is None:
        return None
    try:
        found = datetime.fromisoformat(f"{match[1]}T{match[2]}{(match[3] or 'Z').replace('UTC', 'Z')}")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
