"""In the child: URLs of databases, compared by what they mean."""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError


def url_of(found: Any) -> URL | None:
    """What a URL, or something that reads as one, is; None for anything else."""
    for value in (found, str(found)):
        try:
            return make_url(value)
        except (ArgumentError, TypeError, ValueError):
            continue
    return None


def keeps_query(url: URL, wanted: URL) -> bool:
    """Whether what stands behind the question mark of one URL is in the other one too, whatever is added to it."""
    return all(str(url.query.get(name, "")).startswith(str(value)) for name, value in wanted.query.items())


def parts_of(url: URL) -> tuple[Any, ...]:
    """What makes two URLs name the same database."""
    backend = url.get_backend_name()
    if backend != "sqlite":
        return (backend, url.username, url.password, url.host, url.port, url.database)
    file = (url.database or "").removeprefix("file:")
    return (backend, url.host, os.path.realpath(file) if file not in ("", ":memory:") else file)
