"""In the child: mistakes in ``app/db.py``: the URL, the engine, the session factory and the base class."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import File, calls, keyword, name_of, text_of

_DB = "app/db.py"
_URL_RULES = "url_from_environment", "default_is_local_sqlite"


def _bound(file: File, name: str) -> ast.stmt | None:
    """The statement that gives a name its value last: an assignment, a function or a class."""
    found = None
    for node in file.nodes:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.stmt) and (
            name == getattr(node, "name", "") or any(name_of(each) == name for each in targets if each is not None)
        ):
            found = node
    return found


def _variables(file: File) -> list[tuple[str, ast.AST]]:
    """The environment variables that a file asks for by a text, each with the place."""
    found: list[tuple[str, ast.AST]] = []
    for node in file.nodes:
        asked: ast.AST | None = None
        if isinstance(node, ast.Call) and name_of(node) in ("get", "getenv", "pop", "setdefault") and node.args:
            asked = node.args[0] if "environ" in text_of(node.func) or name_of(node) == "getenv" else None
        elif isinstance(node, ast.Subscript) and "environ" in text_of(node.value):
            asked = node.slice
        if isinstance(asked, ast.Constant) and isinstance(asked.value, str):
            found.append((asked.value, node))
    return found


# -- the URL ------------------------------------------------------------------------------------------


@reading("another environment variable", "url_from_environment")
def other_variable(evidence: Evidence) -> Told | None:
    """The code asks for an environment variable with another name, which nobody sets."""
    file = evidence.source.file(_DB)
    variables = _variables(file)
    others = [(name, node) for name, node in variables if name != "DATABASE_URL"]
    if not others or any(name == "DATABASE_URL" for name, _ in variables):
        return None
    name, node = others[0]
    return Told(
        saw=f"the code asks for the environment variable '{name}'; what is set is DATABASE_URL",
        where=file.at(node),
        hint="Capital and small letters count, too.",
    )


@reading("the environment is never asked", "url_from_environment")
def url_in_the_code(evidence: Evidence) -> Told | None:
    """The URL is written in the code, so it is the same on every machine."""
    file = evidence.source.file(_DB)
    node = _bound(file, "DATABASE_URL")
    asked = any(name_of(each) in ("environ", "getenv") for each in file.nodes)
    if node is None or asked or len(evidence.source.files()) > 2:
        return None
    return Told(
        saw=f"{evidence.saw}: the environment variable was never asked for",
        where=file.at(node),
        hint="Which function of os reads an environment variable, and gives something else where there is none?",
    )


@reading("the engine is made with another URL", "url_from_environment")
def engine_has_another_url(evidence: Evidence) -> Told | None:
    """DATABASE_URL is right, but create_engine() gets something else."""
    file = evidence.source.file(_DB)
    made = calls(file.tree, "create_engine")
    if "db.engine.url is" not in evidence.saw or not made:
        return None
    given = made[0].args[0] if made[0].args else keyword(made[0], "url")
    if given is None or name_of(given) == "DATABASE_URL":
        return None
    written = isinstance(given, ast.Constant)
    hint = (
        "This URL is written here once more." if written else f"What is {text_of(given)} made of, and what gets lost?"
    )
    return Told(where=file.at(made[0]), hint=hint)


@reading("no default for the URL", "default_is_local_sqlite")
def no_default(evidence: Evidence) -> Told | None:
    """If the variable is not set, getenv() without a second argument returns None, and os.environ[...] raises an
    exception."""
    file = evidence.source.file(_DB)
    for name, node in _variables(file):
        asked_for_sure = isinstance(node, ast.Subscript)
        alone = isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords
        if name == "DATABASE_URL" and (asked_for_sure or alone) and evidence.raised_kind("KeyError", "ArgumentError"):
            gives = "raises KeyError" if asked_for_sure else "gives None"
            return Told(
                saw=f"without DATABASE_URL in the environment this line {gives}",
                where=file.at(node),
                hint="Say what the URL is where nobody has set one.",
            )
    return None


@reading("slashes in a SQLite URL", "default_is_local_sqlite")
def slashes(evidence: Evidence) -> Told | None:
    """A SQLite URL is sqlite:/// and then the path. Two slashes are too few; four mean a path from the root of the
    disk."""
    file = evidence.source.file(_DB)
    for node in file.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = re.match(r"sqlite(?:\+\w+)?:(/+)\.?/?\w", node.value)
            if found and len(found[1]) != 3:
                return Told(
                    saw=f"the URL {node.value} has {len(found[1])} slashes",
                    where=file.at(node),
                    hint="After sqlite: come three slashes, and then a path that is relative to the working folder.",
                )
    return None


# -- at import ----------------------------------------------------------------------------------------


@reading("work on the database during import", "import_touches_no_database")
def connected_at_import(evidence: Evidence) -> Told | None:
    """Code at the top of a module runs when the module is imported: before the app starts, and in every test."""
    wanted = (
        "connect",
        "begin",
        "create_all",
        "drop_all",
        "inspect",
        "execute",
        "scalars",
        "raw_connection",
        "reflect",
    )
    for file in evidence.source.files():
        for statement in file.tree.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import):
                continue
            found = calls(statement, *wanted)
            if found:
                what = text_of(found[0].func)
                saw = f"{evidence.saw}: {what}() ran while {file.name} was imported"
                hint = "An import only makes things ready. What talks to the database belongs where the app starts."
                return Told(saw=saw, where=file.at(found[0]), hint=hint)
    return None


# -- the engine ---------------------------------------------------------------------------------------


@reading("an engine that commits by itself", "nothing_is_saved_without_commit")
def autocommit(evidence: Evidence) -> Told | None:
    """With AUTOCOMMIT, or without transactions in SQLite's driver, every statement is saved at once."""
    for file in evidence.source.files():
        for node in file.nodes:
            told = text_of(node) if isinstance(node, ast.keyword | ast.Dict | ast.Constant) else ""
            if re.search(r"AUTOCOMMIT|isolation_level'?\s*[:=]\s*None|autocommit'?\s*[:=]\s*True", told):
                return Told(
                    saw=f"{evidence.saw}, though nobody has called commit()",
                    where=file.at(node),
                    hint="This option switches transactions off.",
                )
    return None


@reading("a session class that commits by itself", "nothing_is_saved_without_commit", "uncommitted_work_is_discarded")
def session_class_commits(evidence: Evidence) -> Told | None:
    """A session class of your own commits when its users did not ask for it, or does not commit when they did."""
    for file in evidence.source.files():
        for node in file.classes:
            if not any(name_of(base).endswith("Session") for base in node.bases):
                continue
            for method in node.body:
                if not isinstance(method, ast.FunctionDef):
                    continue
                if method.name == "commit" and not any(
                    text_of(each.func) == "super().commit" for each in calls(method, "commit")
                ):
                    return Told(
                        saw=f"{evidence.saw}: {node.name}.commit() does not commit",
                        where=file.at(method),
                        hint="Whoever calls commit() on this session believes that it commits.",
                    )
                committed = [each for each in calls(method, "commit") if method.name != "commit"]
                if committed:
                    return Told(
                        saw=f"{evidence.saw}: {node.name}.{method.name}() commits",
                        where=file.at(committed[0]),
                        hint="Only the code that did the work knows whether it is complete.",
                    )
    return None


@reading("SQLite refuses other threads", "works_across_threads")
def refuses_threads(evidence: Evidence) -> Told | None:
    """With check_same_thread=True, only the thread that opened a SQLite connection may use it."""
    for file in evidence.source.files():
        for node in file.nodes:
            if isinstance(node, ast.Dict | ast.keyword) and re.search(
                r"check_same_thread'?\s*[:=]\s*True", text_of(node)
            ):
                return Told(
                    saw="SQLite refused the connection: it was opened in another thread",
                    where=file.at(node),
                    hint="FastAPI runs a request on more than one thread. What does True ask of SQLite here?",
                )
    return None


@reading("a SQLite option for every database", "other_databases_get_no_sqlite_arguments")
def sqlite_option(evidence: Evidence) -> Told | None:
    """Only SQLite's driver understands this option, but every database gets it."""
    found = re.search(r'invalid connection option "(\w+)"|argument\(s\) \'(\w+)\'', evidence.saw)
    if not found:
        return None
    name = found[1] or found[2]
    for file in evidence.source.files():
        for number, line in enumerate(file.lines, start=1):
            if name in line:
                return Told(
                    saw=f"PostgreSQL was given '{name}', which only SQLite understands",
                    where=file.at(number),
                    hint="Is the condition the right way round? This is for SQLite alone."
                    if "sqlite" in line
                    else "This line says nothing about which database it is for.",
                )
    return None


@reading("a PRAGMA for every database", "other_databases_get_no_sqlite_arguments")
def pragma_always(evidence: Evidence) -> Told | None:
    """Only SQLite knows PRAGMA. Other databases answer with a syntax error."""
    if "PRAGMA" not in evidence.saw:
        return None
    for file in evidence.source.files():
        for node in file.nodes:
            if isinstance(node, ast.Constant) and "PRAGMA" in str(node.value).upper() and "\n" not in str(node.value):
                return Told(where=file.at(node), hint="Send this only where the database is SQLite.")
    return None


@reading("a driver that is not installed", "other_databases_get_no_sqlite_arguments", "url_from_environment")
def missing_driver(evidence: Evidence) -> Told | None:
    """The part of the URL after the + names the driver. The PostgreSQL driver that is installed here is psycopg."""
    raised = evidence.raised_kind("ModuleNotFoundError")
    name = raised.message.partition("'")[2].partition("'")[0] if raised else ""
    for file in evidence.source.files() if name else ():
        for number, line in enumerate(file.lines, start=1):
            if name in line:
                hint = "For PostgreSQL this workbook has psycopg; the URL that was given says so."
                return Told(saw=f"the driver '{name}' is not installed", where=file.at(number), hint=hint)
    return None


# -- sessions -----------------------------------------------------------------------------------------


@reading("autoflush is on", "query_does_not_write_pending_objects")
def autoflush_left_on(evidence: Evidence) -> Told | None:
    """Unless you turn autoflush off, a session sends pending changes before each query."""
    file = evidence.source.file(_DB)
    made = calls(file.tree, "sessionmaker", "Session", "partial")
    if not made or "autoflush" in "\n".join(file.lines):
        return None
    return Told(where=file.at(made[-1]), hint="autoflush is on unless it is switched off.")


@reading("autoflush=True", "query_does_not_write_pending_objects")
def autoflush_switched_on(evidence: Evidence) -> Told | None:
    """This tells the session to send pending changes before each query."""
    for file in evidence.source.files():
        if any(_own_session_class(each) for each in file.classes):
            continue
        for node in file.nodes:
            value = node.value if isinstance(node, ast.keyword) and node.arg == "autoflush" else None
            if isinstance(value, ast.Constant) and value.value:
                text = isinstance(value.value, str)
                hint = "A text that is not empty counts as true, whatever it says." if text else "This switches it on."
                return Told(where=file.at(value), hint=hint)
    return None


@reading("autoflush is set from a text", "query_does_not_write_pending_objects")
def autoflush_from_a_text(evidence: Evidence) -> Told | None:
    """A setting from the environment is a text. Every text that is not empty counts as true, even 'False'."""
    for file in evidence.source.files():
        for call in calls(file.tree, "sessionmaker", "Session", "async_sessionmaker"):
            value = keyword(call, "autoflush")
            bound = _bound(file, value.id) if isinstance(value, ast.Name) else None
            source = getattr(bound, "value", None) if bound is not None else value
            if source is not None and ("environ" in text_of(source) or "getenv" in text_of(source)):
                if any(isinstance(each, ast.Compare) for each in ast.walk(source)):
                    continue
                return Told(
                    saw=f"{evidence.saw}: autoflush is on, as its value is a text that is not empty",
                    where=file.at(source),
                    hint="What comes out of the environment is a text, and 'False' is a text that is not empty.",
                )
    return None


def _own_session_class(node: ast.ClassDef) -> bool:
    return any(name_of(base).endswith("Session") for base in node.bases)


@reading("a session class that loses autoflush=False", "query_does_not_write_pending_objects")
def autoflush_lost(evidence: Evidence) -> Told | None:
    """A session class of your own takes the option but does not pass it on, or passes on another value."""
    for file in evidence.source.files():
        for node in file.classes:
            start = next((each for each in node.body if getattr(each, "name", "") == "__init__"), None)
            if not _own_session_class(node) or start is None:
                continue
            passed = calls(start, "__init__")
            passes = f"autoflush=False was passed, but the session was made with True: {node.name} does not hand it on"
            return Told(
                saw=f"{evidence.saw}; {passes}",
                where=file.at(passed[-1] if passed else start),
                hint="What becomes of autoflush between the brackets of the factory and this line?",
            )
    return None


@reading("one session for everybody", "sessions_are_independent")
def one_session(evidence: Evidence) -> Told | None:
    """Every caller gets the same session. What one of them commits or rolls back affects all of them."""
    if "same session twice" not in evidence.saw:
        return None
    file = evidence.source.file(_DB)
    scoped = calls(file.tree, "scoped_session")
    made = [
        call
        for statement in file.tree.body
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef)
        for call in calls(statement, "Session", "SessionLocal")
    ]
    cached = [
        node for node in file.functions if any(name.endswith("cache") for name in map(name_of, node.decorator_list))
    ]
    for node in (*scoped, *made, *cached):
        return Told(where=file.at(node), hint="This makes a session once, and gives the same one to everybody.")
    return None


@reading("one connection for all sessions", "sessions_are_independent", "works_across_threads")
def one_connection(evidence: Evidence) -> Told | None:
    """A pool that keeps one connection puts all sessions in one transaction."""
    file = evidence.source.file(_DB)
    for call in calls(file.tree, "create_engine"):
        pool = keyword(call, "poolclass")
        if name_of(pool) in ("StaticPool", "SingletonThreadPool", "AssertionPool"):
            return Told(
                saw=f"{evidence.saw}: both use the same connection",
                where=file.at(pool) if pool is not None else file.at(call),
                hint=f"{name_of(pool)} keeps one connection. It is meant for databases in memory.",
            )
    return None


@reading("SessionLocal is not a factory", "session_uses_engine")
def no_factory(evidence: Evidence) -> Told | None:
    """SessionLocal must make a new session each time it is called."""
    file = evidence.source.file(_DB)
    node = _bound(file, "SessionLocal")
    value = getattr(node, "value", None)
    if node is None or value is None:
        return None
    if text_of(value) in ("sessionmaker", "scoped_session"):
        hint = "sessionmaker makes factories: call it to get one."
    elif isinstance(value, ast.Call) and name_of(value) == "Session":
        hint = "This is one session. What makes a new one each time?"
    else:
        return None
    return Told(where=file.at(node), hint=hint)


@reading("sessions on another engine", "session_uses_engine")
def second_engine(evidence: Evidence) -> Told | None:
    """The sessions are bound to another engine, which has its own pool and its own settings."""
    file = evidence.source.file(_DB)
    node = _bound(file, "SessionLocal")
    if node is None or "bound to" not in evidence.saw:
        return None
    others = calls(node, "create_engine", "execution_options")
    bind = next(iter(calls(node, "sessionmaker", "Session")), None)
    if others:
        return Told(where=file.at(others[0]), hint="This makes a second engine. There is one already.")
    if bind is not None and "no engine" in evidence.saw and "class_" not in text_of(bind):
        return Told(where=file.at(bind), hint="Nobody tells the sessions which engine to use.")
    if bind is not None and "which is not an engine" in evidence.saw:
        return Told(where=file.at(bind), hint="A session works with an engine, not with a URL.")
    return None


@reading("autocommit=True no longer exists", "session_uses_engine")
def session_autocommit(evidence: Evidence) -> Told | None:
    """In SQLAlchemy 2 no session commits by itself. Older tutorials still write autocommit=False."""
    file = evidence.source.file(_DB)
    for call in calls(file.tree, "sessionmaker", "Session"):
        if text_of(keyword(call, "autocommit")) == "True":
            return Told(where=file.at(call), hint="Sessions of SQLAlchemy 2 never commit by themselves. Leave it out.")
    return None


# -- the base class -----------------------------------------------------------------------------------


@reading("Base is not a declarative base", "base_is_declarative")
def no_declarative_base(evidence: Evidence) -> Told | None:
    """Base must be a class of your own that inherits from DeclarativeBase."""
    file = evidence.source.file(_DB)
    node = _bound(file, "Base")
    if node is None:
        return None
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(text_of(each) for each in node.bases)
        if "Declarative" in bases:
            return None
        saw = f"Base inherits from {bases or 'nothing'}"
        return Told(
            saw=saw, where=file.at(node), hint="Which class of sqlalchemy.orm collects the tables of its children?"
        )
    value = text_of(getattr(node, "value", None))
    hints = {
        "declarative_base": "declarative_base is a function: it has to be called.",
        "DeclarativeBase": "Make a class of your own that inherits from it.",
        "DeclarativeBase()": "Make a class that inherits from it, not an object of it.",
    }
    if value in hints or value in ("object", "SQLModel", "BaseModel") or value.startswith("MetaData("):
        hint = hints.get(value, "Base is to be a class that inherits from DeclarativeBase.")
        return Told(saw=f"Base is {value}", where=file.at(node), hint=hint)
    return None
