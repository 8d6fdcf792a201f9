"""In the child: SQLAlchemy's asyncio extension, in every chapter: what uses it, and in which line."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.endpoints import own_files
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import File, calls, inside, keyword, name_of, text_of

SAW = "the code uses SQLAlchemy's asyncio extension"
WANTED = "this workbook is synchronous: a plain engine and plain sessions, without await"
_ENGINES = "create_async_engine", "async_engine_from_config", "AsyncEngine"
_SESSIONS = "async_sessionmaker", "AsyncSession", "async_scoped_session"
_DRIVER = re.compile(r"\+(aiosqlite|asyncpg|aiomysql|asyncmy|aioodbc|psycopg_async)\b")


@reading("SQLAlchemy's asyncio extension")
def asynchronous(evidence: Evidence) -> Told | None:
    """Engines and sessions of `sqlalchemy.ext.asyncio` have to be awaited. Here nobody awaits the database: the engine
    comes from `create_engine`, and its sessions are plain ones."""
    if evidence.saw != SAW:
        return None
    files = own_files(evidence)
    engines = [(file, call) for file in files for call in _made(file, _ENGINES)]
    sessions = [(file, call) for file in files for call in _made(file, _SESSIONS)]
    urls = [(file, node, driver) for file in files for node, driver in _urls(file)]
    driver = " and ".join(dict.fromkeys(driver for _, _, driver in urls))
    made = [*engines, *sessions]
    if not made:
        saw = f"the URL asks for {driver}: a driver for code that awaits the database"
        hint = f"create_engine() makes a plain engine. Which part of the URL says {driver}? What is left without it?"
        wanted = "a driver that a plain engine can use"
        where = urls[0][0].at(urls[0][1]) if urls else ""
        return Told(saw=saw, wanted=wanted, where=where, hint=hint) if urls else Told(hint=_which(files))
    file, call = made[0]
    what = "asynchronous sessions, on a plain engine" if not engines else "an asynchronous engine"
    if engines and any(each is file for each, _ in sessions):
        what += " and asynchronous sessions"
    hint = _which(files)
    if file.name != "app/db.py" and not any(each.name == "app/db.py" for each, _ in made):
        hint = f"app/db.py makes plain sessions already. {hint}"
    if driver:
        hint += f" The URL goes without {driver}, too."
    return Told(saw=f"{file.name} makes {what}", where=file.at(_renamed(file, name_of(call)) or call), hint=hint)


def _imports(file: File) -> list[tuple[ast.ImportFrom, ast.alias]]:
    """What a file imports from the extension."""
    nodes = [node for node in file.nodes if isinstance(node, ast.ImportFrom) and "asyncio" in (node.module or "")]
    return [(node, each) for node in nodes for each in node.names]


def _renamed(file: File, name: str) -> ast.AST | None:
    """The import that gives a name of the extension another one, that of something plain, perhaps."""
    return next((node for node, each in _imports(file) if each.asname == name != each.name), None)


def _made(file: File, names: tuple[str, ...]) -> list[ast.Call]:
    """The calls that make an engine or sessions of the extension, whatever name they were imported by."""
    known = {each.asname or each.name: each.name for _, each in _imports(file)}
    every = [node for node in inside(file.tree) if isinstance(node, ast.Call)]
    found = [
        call
        for call in every
        if known.get(name_of(call), name_of(call)) in names
        or (name_of(call) == "sessionmaker" and known.get(text_of(keyword(call, "class_"))) in names)
    ]
    return sorted(found, key=lambda call: call.lineno)


def _urls(file: File) -> list[tuple[ast.Constant, str]]:
    """The texts with the name of an asynchronous driver in them."""
    texts = [node for node in file.nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    found = [(node, match[1]) for node in texts if (match := _DRIVER.search(str(node.value)))]
    return sorted(found, key=lambda each: (each[0].lineno, each[0].col_offset))


def _which(files: list[File]) -> str:
    """The question for the names of the extension, and what else goes with them."""
    using = [file for file in files if "ext.asyncio" in "\n".join(file.lines)]
    where = " and ".join(file.name for file in using[:2]) or "your code"
    awaits = any(
        isinstance(node, ast.Await | ast.AsyncWith | ast.AsyncFor) and not calls(node, "call_next")
        for file in files
        for node in file.nodes
    )
    hint = f"Which names in {where} come from sqlalchemy.ext.asyncio, and what are their plain relatives called?"
    return f"{hint} Plain ones need no await and no async with." if awaits else hint
