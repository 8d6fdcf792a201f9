"""Verdict process and commands: the databases on which checks run, and what people call them.

How a server of one of them is had, is in `grader.bench.postgresql`.
"""

from __future__ import annotations

from typing import Literal, get_args

Database = Literal["sqlite", "postgresql"]
DATABASES: tuple[Database, ...] = get_args(Database)
NAMES: dict[str, str] = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
