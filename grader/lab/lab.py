"""What a check holds: the learner's app, an HTTP client, a database connection of its own, what was seen.

A check tells a short story: arrange, act, observe, expect. What it arranges and verifies goes through
`Database`, never through the learner's other functions. What the learner's code raises becomes a verdict
here, in one place.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import inspect
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, MetaData, String, Table, insert, select
from sqlalchemy.orm import Session

from grader.lab.database import Database, Place, listen_to_connections, prepare_database
from grader.lab.engines import Engines
from grader.lab.equality import same
from grader.lab.events import Events
from grader.lab.items import Items
from grader.lab.observer import Seen, observing
from grader.lab.owners import Owners
from grader.lab.schemas import Schemas
from grader.lab.sqlmodels import SqlModels, forget_models, one_more_field
from grader.lab.units import Units
from grader.lab.verdicts import Broken, ToDo, Verdict, Waits, Wrong, is_to_do
from grader.lab.words import arguments, describe, shorten, show

if TYPE_CHECKING:
    from grader.lab.probes import Probe
    from grader.lab.web import Web

__all__ = [
    "Answer",
    "Broken",
    "Database",
    "Lab",
    "Place",
    "ToDo",
    "Verdict",
    "Waits",
    "Wrong",
    "forget_app",
    "listen_to_connections",
    "open_lab",
]


_ALREADY_BEGUN = "transaction is already begun"
_NO_BEGIN = "commit() instead of begin(): whatever is done with a session, loading the item too, begins one"
_NAME_NOT_THERE = re.compile(r"cannot import name '(\w+)'")


@dataclass
class Answer:
    """An answer of the learner's app.

    Attributes:
        status: the status code.
        body: the body as text.
        error: the exception that the app let through, if any.
        unrouted: no endpoint was called.
        routes: the paths that the app has, where no endpoint was called.
    """

    status: int
    body: str = ""
    error: BaseException | None = None
    unrouted: bool = False
    routes: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def __str__(self) -> str:
        if self.error is not None:
            return f"a crash: {describe(self.error)}"
        if self.unrouted and self.status in (404, 405):
            known = ", ".join(self.routes[:8]) or "none: did main.py include the router?"
            return f"{self.status}: the app has no route for this method and path; its routes: {known}"
        return f"{self.status} {shorten(self.body)}".rstrip()


class Lab:
    """Everything that a check may use. One lab serves one check."""

    def __init__(self, place: Place, seen: Seen, make_web: Callable[[Lab], Web] | None) -> None:
        self.place = place
        self.seen = seen
        self.database = Database(place)
        self.engines = Engines(self)
        self.units = Units(self)
        self.sqlmodels = SqlModels(self)
        self.schemas = Schemas(self, "models" if place.chapter == "08_sqlmodel" else "schemas")
        self.api = Items(self)
        self.owners = Owners(self)
        self.events = Events(self)
        self.story: list[str] = []
        self._arranged: list[str] = []
        self._told_from = 0
        self.focus = ""
        self.imports_anew = False
        self._web: Web | None = None
        self._make_web = make_web
        self._sessions: list[Session] = []

    # -- the learner's code ---------------------------------------------------------------------

    def module(self, name: str) -> ModuleType:
        """The learner's module ``app.<name>``.

        Raises:
            Broken: it is missing or cannot be imported.
            ToDo: importing it meets the starter's ``NotImplementedError``.
        """
        try:
            return importlib.import_module(f"app.{name}")
        except BaseException as error:
            raise self.import_failure(name, error) from None

    def import_failure(self, name: str, error: BaseException) -> Verdict:
        """What an import of ``app.<name>`` that raised means, as a verdict."""
        file = self._file_of(name)
        if is_to_do(error):
            return ToDo(str(error), where=self.where_of(error))
        if isinstance(error, ModuleNotFoundError) and error.name in ("app", f"app.{name}"):
            return Broken(f"{file} is missing", f"a file {file}", f"{self.place.chapter}/{file}")
        if isinstance(error, SyntaxError):
            bad = Path(error.filename or file)
            bad = bad.relative_to(self.place.root) if bad.is_relative_to(self.place.root) else Path(file)
            where = f"{self.place.chapter}/{bad.as_posix()}:{error.lineno or 1}"
            return Broken(f"{bad.as_posix()} is no valid Python: {error.msg}", "a file that Python can read", where)
        where = self.where_of(error) or f"{self.place.chapter}/{file}"
        missing = self._missing_module(error)
        if missing:
            return Broken(f"{missing} is missing, and {where.partition('/')[2]} imports it", f"a file {missing}", where)
        return Broken(f"importing {file} raised {describe(error)}", "an import without an error", where, error)

    def _missing_module(self, error: BaseException) -> str:
        """The file of a module of the learner's whose absence an import met, or an empty string."""
        if not isinstance(error, ImportError) or (error.name or "").partition(".")[0] != "app":
            return ""
        path = (error.name or "").replace(".", "/")
        if not isinstance(error, ModuleNotFoundError):  # from app import crud
            path += "/" + "".join(_NAME_NOT_THERE.findall(error.msg))
            if not (self.place.root / path).parent.is_dir():  # from app.crud import get_item: a name, not a file
                return ""
        return "" if (self.place.root / f"{path}.py").exists() or (self.place.root / path).is_dir() else f"{path}.py"

    def _file_of(self, module: str) -> str:
        """The file of ``app.<module>``, ``app/db.py``; where there is a package of this name, its ``__init__.py``."""
        path = f"app/{module.replace('.', '/')}"
        package = not (self.place.root / f"{path}.py").exists() and (self.place.root / path).is_dir()
        return f"{path}/__init__.py" if package else f"{path}.py"

    def need(self, path: str) -> Any:
        """A name of the learner's, ``crud.create_item``.

        Raises:
            Broken: the module or the name is missing.
            ToDo: it is still the starter's placeholder ``...``.
        """
        module_name, _, name = path.rpartition(".")
        module = self.module(module_name)
        file = self._file_of(module_name)
        if not hasattr(module, name):
            similar = "".join(
                f" (there is '{other}')" for other in difflib.get_close_matches(name, vars(module), 1, cutoff=0.85)
            )
            raise Broken(f"{file} has no name '{name}'{similar}", f"'{name}' in {file}", f"{self.place.chapter}/{file}")
        value = getattr(module, name)
        if value is ...:
            raise ToDo(f"{path} is still to do")
        return value

    def call(self, path: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the learner's, and tell so.

        Raises:
            Wrong: it raised.
            ToDo: it raised the starter's ``NotImplementedError``.
        """
        function = self.need(path)
        self.did(f"{path.rpartition('.')[2]}({arguments(args, kwargs)})")
        self.look_at(function)
        with self.learner_code():
            result = function(*args, **kwargs)
        if inspect.iscoroutine(result):
            result.close()
            raise Wrong("a coroutine was returned: nobody awaits an 'async def' here", "a plain 'def'")
        return result

    @contextmanager
    def learner_code(self, wanted: str = "no exception") -> Iterator[None]:
        """Run learner code: what it raises becomes a verdict."""
        try:
            yield
        except Verdict:
            raise
        except BaseException as error:
            raise self.raised(error, wanted) from None

    def raised(self, error: BaseException, wanted: str) -> Verdict:
        """What an exception out of learner code means, as a verdict."""
        if is_to_do(error):
            return ToDo(str(error), where=self.where_of(error))
        if _ALREADY_BEGUN in str(error):
            wanted = _NO_BEGIN
        return Wrong(describe(error), wanted, self.where_of(error), error)

    def where_of(self, error: BaseException) -> str:
        """The innermost line of the learner's in a traceback, ``05_crud/app/crud.py:12``.

        What a file that was given raises comes from the line that called it, if that is the learner's own.
        """
        lines = list(self._learner_lines(error.__traceback__))
        own = [(file, line) for file, line in lines if file not in self.place.given]
        return "".join(f"{self.place.chapter}/{file}:{line}" for file, line in (own or lines)[-1:])

    def _learner_lines(self, trace: TracebackType | None) -> Iterable[tuple[str, int]]:
        for frame, line in traceback.walk_tb(trace):
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(self.place.root):
                yield path.relative_to(self.place.root).as_posix(), line

    def look_at(self, function: object) -> None:
        """Name this function as the place to look at when no exception tells a better one."""
        code = getattr(function, "__code__", None)
        if code is not None and Path(code.co_filename).is_relative_to(self.place.root):
            file = Path(code.co_filename).relative_to(self.place.root).as_posix()
            self.focus = f"{self.place.chapter}/{file}:{code.co_firstlineno}"

    def look_at_name(self, path: str) -> None:
        """Name the line where a name is bound, ``db.engine``, as the place to look at; if it is not, the file."""
        module, _, name = path.rpartition(".")
        file = self._file_of(module)
        self.focus = f"{self.place.chapter}/{file}"
        with suppress(OSError, SyntaxError, ValueError):
            for node in ast.parse((self.place.root / file).read_bytes()).body:
                bound = [getattr(node, "name", "")]
                targets = getattr(node, "targets", [getattr(node, "target", None)])
                bound += [each.id for each in targets if isinstance(each, ast.Name)]
                bound += [
                    each.asname or each.name for each in getattr(node, "names", ()) if isinstance(each, ast.alias)
                ]
                if name in bound:
                    self.focus = f"{self.place.chapter}/{file}:{node.lineno}"

    def import_again(self, **environment: str | None) -> None:
        """Forget the learner's modules, so that the next use imports them again.

        Args:
            environment: environment variables to set first; None removes one.
        """
        for name, value in environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        self.imports_anew = True
        forget_app()

    # -- telling --------------------------------------------------------------------------------

    def did(self, what: str) -> None:
        """Add to the story of what was done."""
        self.story.append(what)

    def tell_from_here(self, *story: str) -> None:
        """Begin the story anew: what happened up to now has nothing to do with what is judged."""
        self.story[:] = [*self._arranged, *story]
        self.begin_timeline()

    def arranged(self, what: str) -> None:
        """Begin every story of this check with what was arranged for it."""
        self._arranged.append(what)
        self.tell_from_here()

    def begin_timeline(self) -> None:
        """Leave out of the timeline what happened up to now."""
        self._told_from = len(self.seen.moments)

    def timeline(self) -> list[str]:
        """What the code did to the database in the story that is told."""
        return [moment.what for moment in self.seen.moments[self._told_from :]]

    def expect(self, holds: bool, *, saw: str, wanted: str, where: str = "") -> None:
        """End the check as failed unless the condition holds."""
        if not holds:
            raise Wrong(saw, wanted, where)

    def wrong(self, saw: str, wanted: str) -> Verdict:
        """The verdict that the code behaves wrongly."""
        return Wrong(saw, wanted)

    def broken(self, saw: str, wanted: str, file: str) -> Verdict:
        """The verdict that the code broke before the rule could be judged; `file` is like ``app/db.py``."""
        return Broken(saw, wanted, f"{self.place.chapter}/{file}")

    def waits(self, saw: str, rule: str) -> Verdict:
        """The verdict that this cannot be judged before another rule of the chapter holds."""
        return Waits(f"{saw} (first: {rule})")

    def to_do(self, what: str) -> Verdict:
        """The verdict that this is still the starter's."""
        return ToDo(what)

    def expect_equal(self, actual: Any, wanted: Any, what: str = "") -> None:
        """End the check as failed unless the two are equal."""
        subject = f"{what} " if what else ""
        self.expect(same(actual, wanted), saw=f"{subject}{show(actual)}", wanted=f"{subject}{show(wanted)}")

    def expect_shows(self, shown: Any, stored: Any) -> None:
        """End the check as failed unless an answer shows what is stored."""
        self.expect(
            same(shown, stored), saw=f"the answer shows {show(shown)}", wanted=f"what is stored: {show(stored)}"
        )

    # -- sessions -------------------------------------------------------------------------------

    def session(self, *, beside: bool = False) -> Session:
        """A new session from the learner's ``db``; those before are closed, as in SQLite they may keep others out.

        Args:
            beside: leave those before open; a closed one need not open again.
        """
        nothing_told = len(self.seen.moments) == self._told_from
        for earlier in () if beside else self._sessions:
            with suppress(Exception):
                earlier.close()
        if nothing_told:
            self.begin_timeline()
        with self.learner_code("a new session"):
            if self.place.chapter == "08_sqlmodel":
                session = self.sqlmodels.session()
            else:
                session = self.need("db.SessionLocal")()
        self._sessions.append(session)
        return session

    def read(self, item: Any, *names: str) -> dict[str, Any]:
        """Attributes of an object of the learner's, as a dictionary.

        Raises:
            Wrong: one of them cannot be read.
        """
        found = {}
        if item is None:
            raise Wrong("None was returned", "the item, with " + ", ".join(names))
        for name in names:
            try:
                found[name] = getattr(item, name)
            except BaseException as error:
                if type(error).__name__ == "DetachedInstanceError":
                    saw = (
                        f"reading .{name} raised DetachedInstanceError: it was not loaded before the session was closed"
                    )
                elif isinstance(error, AttributeError):
                    saw = f"{show(item)} was returned, which has no .{name}"
                else:
                    saw = f"reading .{name} raised {describe(error)}"
                raise Wrong(saw, f"a value for .{name}", "", error) from None
        return found

    def ids(self, items: Any, rule: str = "") -> list[int]:
        """The ids of an iterable of items; what is no such iterable waits for the rule that is named, if any."""
        with self.learner_code("an iterable of items"):
            found = list(items) if _is_iterable(items) else [items]
        other = next((show(each) for each in found if not hasattr(each, "id")), "")
        if other and rule:
            raise self.waits(other, rule)
        self.expect(not other, saw=f"among what was returned: {other}", wanted="items, each with an .id")
        return [item.id for item in found]

    def takes(self, path: str, *args: Any) -> bool:
        """Whether a function of the learner's can be called with these arguments."""
        try:
            inspect.signature(self.need(path)).bind(*args)
        except (TypeError, ValueError):
            return False
        return True

    @contextmanager
    def waiting_for(self, rule: str) -> Iterator[None]:
        """Let a failure of the block be the matter of another rule of the chapter."""
        try:
            yield
        except Wrong as verdict:
            raise self.waits(str(verdict), rule) from None

    def expect_item(self, rule: str, session: Session, item_id: int) -> None:
        """Let the learner's ``get_item`` find an item; if it does not, the check waits for the rule that wants it."""
        with self.waiting_for(rule):
            found = self.read(self.call("crud.get_item", session, item_id), "id")
            self.expect_equal(found["id"], item_id, "the id of what was returned:")

    def call_list_items(self, offset: int, limit: int) -> Any:
        """Call the learner's ``list_items`` with positions, or by name where it takes names only."""
        session = self.session()
        if self.takes("crud.list_items", session, offset, limit):
            return self.call("crud.list_items", session, offset, limit)
        return self.call("crud.list_items", session, offset=offset, limit=limit)

    def consume(self, found: Any) -> None:
        """Take everything out of an iterable, so that a query that waits is run; anything else is left alone."""
        if _is_iterable(found):
            with self.learner_code():
                for _ in found:
                    pass

    def loaded_item(self, session: Session, item_id: int) -> Any:
        """An item of the learner's models, loaded into a session."""
        with self.learner_code("an item that can be loaded"):
            return session.get(self.need("models.Item"), item_id)

    def update(self, row: dict[str, Any], **sent: Any) -> tuple[Any, Session]:
        """Store a row, then let the learner's ``update_item`` apply what was sent.

        Returns:
            What ``update_item`` returned, and the session that it worked in.
        """
        session = self.session()
        item = self.loaded_item(session, self.add_item(**row))
        self.tell_from_here(f"stored {show(row)}")
        return self.call("crud.update_item", session, item, self.schemas.make("ItemUpdate", **sent)), session

    def try_update(self, row: dict[str, Any], **sent: Any) -> tuple[Any, Session] | None:
        """The same where it works; None where it does not, which is the matter of another rule."""
        with suppress(Wrong):
            return self.update(row, **sent)
        return None

    def update_description(self, value: str | None) -> None:
        """Let the learner's ``update_item`` change a description alone, or with the name if it does not change one
        alone, which is the matter of another rule.
        """
        tried = self.try_update({"name": "chair", "description": "soft"}, description="hard")
        alone = tried and self.items()[-1]["description"] == "hard"
        named = {} if alone else {"name": "lamp"}
        self.update({"name": "lamp", "description": "warm light"}, **named, description=value)

    def write_unfinished(self, session: Session) -> None:
        """Let the session's owner begin something: a row that is written and not committed."""
        with self.learner_code("a session that can write"):
            session.execute(insert(self.need("models.Item")).values(name="unfinished"))

    def finds_unfinished(self, session: Session) -> bool:
        """Whether the session's owner still finds what was begun."""
        items = self.table("items")
        with self.learner_code("a session that can read"):
            return session.execute(select(items.c.id).where(items.c.name == "unfinished")).first() is not None

    def database_describes(self, write: str, when: str = "") -> None:
        """Let the database itself change the description after an ``INSERT`` or ``UPDATE`` (`when`: on ``NEW``)."""
        moment = "AFTER INSERT" if write == "INSERT" else "AFTER UPDATE OF name"
        change = "UPDATE items SET description = 'changed by the database' WHERE id = NEW.id"
        self.database.make_trigger(moment, "items", change, when)
        only = " that has one" if when else ""
        self.arranged(f"a trigger changes the description after each {write}{only}")

    def expect_current(self, item: Any, session: Session, other_than: int = 0) -> None:
        """End the check as failed unless the item, after every session was closed, shows what is stored.

        Args:
            item: what the learner's function returned.
            session: the session that it worked in.
            other_than: id of a row that is not meant, if any.
        """
        with self.learner_code("a session that can be closed"):
            for each in (session, *self.seen.sessions):
                each.close()
        self.did("closed the session and read the item")
        found = self.read(item, "id", "name", "description")
        rows = [row for row in self.items() if row["id"] != other_than]
        stored = next((row for row in rows if row["id"] == found["id"]), rows[-1] if len(rows) == 1 else None)
        wanted = f"what is stored: {show(stored)}" if stored else "an id of a row that is stored"
        self.expect(same(found, stored), saw=f"the item shows {show(found)}", wanted=wanted)

    # -- HTTP -----------------------------------------------------------------------------------

    def web(self) -> Web:
        """The learner's app behind an HTTP client."""
        if self._web is None:
            assert self._make_web is not None, f"{self.place.chapter} is judged without HTTP"
            self._web = self._make_web(self)
        return self._web

    def app(self) -> Any:
        """The learner's FastAPI application."""
        return self.web().app()

    def start(self) -> None:
        """Start the learner's app: its lifespan begins."""
        self.web().start()

    def stop(self) -> None:
        """Shut the app down: its lifespan ends."""
        self.web().stop()

    def probe_api(self) -> Probe:
        """Start an API of the grader's own whose endpoints use the learner's ``get_db``."""
        return self.web().start_probe()

    def request(self, method: str, path: str, **options: Any) -> Answer:
        """Send a request to the app, as `Web.request` does."""
        return self.web().request(method, path, **options)

    def request_both(self, *paths: str) -> list[Answer]:
        """Send GET requests at the same time."""
        return self.web().request_both(*paths)

    def expect_status(self, answer: Answer, *wanted: int) -> None:
        """End the check as failed unless the answer has one of these status codes."""
        if answer.status not in wanted or answer.error is not None:
            where = self.where_of(answer.error) if answer.error is not None else ""
            if answer.unrouted and answer.status in (404, 405):
                where = f"{self.place.chapter}/app/main.py"
            better = f": {_NO_BEGIN}" if _ALREADY_BEGUN in str(answer.error) else ""
            raise Wrong(str(answer), " or ".join(str(code) for code in wanted) + better, where, answer.error)

    def only_request(self, method: str, path: str, **options: Any) -> Answer:
        """Send a request of which the story tells alone: one of many like it."""
        self.tell_from_here()
        return self.request(method, path, **options)

    def expect_all_closed(self) -> None:
        """End the check as failed if any session or connection is still open."""
        left = self.seen.left_open()
        self.expect(
            not left,
            saw="; ".join(left[:3]),
            wanted="session closed: connection returned, no transaction, no object attached",
        )

    def let_go_of_leaks(self) -> None:
        """Close what was left open before the pool is empty: what is kept for observing would never be collected."""
        if len(self.seen.out) > 8:
            left: list[Any] = [*self.seen.sessions, *self.seen.connections]
            for each in left:
                with suppress(Exception):
                    each.close()

    # -- the database ---------------------------------------------------------------------------

    def create_tables(self) -> None:
        """Create the tables of the learner's models through the grader's own connection."""
        self.module("models")
        with self.learner_code("tables that can be created"):
            self.database.create_tables(self.metadata())

    def metadata(self) -> MetaData:
        """The metadata in which the learner's tables are."""
        has_base = self.place.chapter != "08_sqlmodel"
        base = self.need("db.Base" if has_base else "models.Item")
        metadata = getattr(base, "metadata", None)
        if not has_base:
            amiss = self.sqlmodels.amiss(metadata)
            if amiss:
                raise self.waits(amiss, "item_is_a_sqlmodel_table")
        if not isinstance(metadata, MetaData):
            raise Broken("db.Base has no metadata", "a declarative base", f"{self.place.chapter}/app/db.py")
        return metadata

    def table(self, name: str) -> Table:
        """A table of the learner's models."""
        self.module("models")
        table = self.metadata().tables.get(name)
        if table is None:
            file = f"{self.place.chapter}/app/models.py"
            raise Broken(f"no model has the table '{name}'", f'a model with __tablename__ = "{name}"', file)
        return table

    def add_item(self, name: str = "lamp", description: str | None = "warm light", **more: Any) -> int:
        """Write a row into ``items`` through the grader's own connection, and return its id."""
        return self.database.insert(self.table("items"), {"name": name, "description": description, **more})

    def add_items(self, count: int) -> None:
        """Write this many rows into ``items`` at once."""
        names = [{"name": f"item {number}"} for number in range(count)]
        with self.database.engine.connect() as connection:
            connection.execute(self.table("items").insert().values(names))

    def add_secret_column(self) -> None:
        """Give the learner's model one more column, as a later version of the app would, before the app is made."""
        self.import_again()
        if self.place.chapter == "08_sqlmodel":
            with one_more_field():
                self.need("models.Item")
            return
        item = self.need("models.Item")
        with self.learner_code("a model that takes one more column"):
            item.internal_note = Column("internal_note", String(20), server_default="secret")

    def items(self) -> list[dict[str, Any]]:
        """What the table ``items`` holds, ordered by id, read through the grader's own connection."""
        return self.database.rows("SELECT id, name, description FROM items ORDER BY id")

    def close(self) -> None:
        """Let go of everything that the check opened; what the learner's code makes of that is no longer judged."""
        for session in (*self._sessions, *self.seen.sessions):
            with suppress(Exception):
                session.close()
        if self._web is not None:
            with suppress(Exception):
                self._web.stop()
        self.database.close()
        engines = {id(each): each for each in (connection.engine for connection in self.seen.connections)}
        for engine in engines.values():
            with suppress(Exception):
                engine.dispose()


def _is_iterable(found: Any) -> bool:
    """Whether ``for`` takes it: what has ``__getitem__`` alone is no ``Iterable``, and yet iterable."""
    return isinstance(found, Iterable) or hasattr(found, "__getitem__")


@contextmanager
def open_lab(place: Place, make_web: Callable[[Lab], Web] | None) -> Iterator[Lab]:
    """A lab on a new and empty database.

    Args:
        place: where.
        make_web: makes the HTTP side of the lab; None for chapters that are judged without it.
    """
    prepare_database(place)
    with observing(place.root) as seen:
        lab = Lab(place, seen, make_web)
        try:
            yield lab
        finally:
            lab.close()


def forget_app() -> None:
    """Forget that the learner's modules were ever imported."""
    for name in [name for name in sys.modules if name == "app" or name.startswith("app.")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    forget_models()
