"""In the child: the learner's engine, and the module ``app.db`` that makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.orm import Session

from grader.lab.code import Code
from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.imports import import_module
from grader.lab.place import Place
from grader.lab.topics.elsewhere import Elsewhere
from grader.lab.topics.urls import keeps_query, parts_of, url_of
from grader.lab.words import show
from grader.outcomes import Broken


class Engines:
    """What a check asks about the learner's engine."""

    def __init__(self, place: Place, code: Code, focus: Focus, expect: Expect, elsewhere: Elsewhere) -> None:
        self._place = place
        self._code = code
        self._focus = focus
        self._expect = expect
        self._elsewhere = elsewhere

    def engine(self) -> Engine:
        """The learner's engine."""
        engine = self._code.need("db.engine")
        if not isinstance(engine, Engine):
            wanted, file = "db.engine is an Engine", self._place.shown("app/db.py")
            raise Broken(f"db.engine is {show(engine)}", wanted, file)
        return engine

    def import_db(self, **environment: str | None) -> None:
        """Import ``app.db`` anew, of which is known that it can be imported: what it raises now is the mistake."""
        self._code.import_again(**environment)
        with self._code.running("an import without an error"):
            import_module("app.db")

    def import_db_somehow(self) -> None:
        """Import ``app.db`` anew; where the database of the check prevents it, with the URL of a SQLite file.

        That it cannot be imported with a URL of PostgreSQL is the matter of another rule.
        """
        if not self.can_import_db() and self._place.database != "sqlite":
            self._code.import_again(DATABASE_URL=self._elsewhere.sqlite_url())

    def import_db_with(self, url: str, query: str) -> str:
        """Import ``app.db`` anew with a URL and its query, or with the URL alone where that cannot be; the URL it was.

        What keeps it from being imported with the query has added one of its own: that is the matter of another rule.
        """
        if self.can_import_db(DATABASE_URL=f"{url}?{query}"):
            return f"{url}?{query}"
        self._code.import_again(DATABASE_URL=url)
        return url

    def can_import_db(self, **environment: str | None) -> bool:
        """Import ``app.db`` anew; whether that is possible."""
        self._code.import_again(**environment)
        try:
            self._code.module("db")
        except Exception:
            return False
        return True

    def expect_url(self, wanted: str) -> None:
        """End the check as failed unless ``DATABASE_URL``, and the engine if it is made, name this database."""
        self.expect_variable(wanted)
        if vars(self._code.module("db")).get("engine") is not ...:
            self.expect_engine_url(wanted)

    def expect_variable(self, wanted: str) -> None:
        """End the check as failed unless ``DATABASE_URL`` names this database."""
        self._expect_same_url(self._code.need("db.DATABASE_URL"), wanted, "db.DATABASE_URL")

    def expect_engine_url(self, wanted: str) -> None:
        """End the check as failed unless the engine is one for this database."""
        self._expect_same_url(self.engine().url, wanted, "db.engine.url")

    def _expect_same_url(self, found: Any, wanted: str, name: str) -> None:
        url = url_of(found)
        shown = found.render_as_string(hide_password=False) if isinstance(found, URL) else found
        shown = str(shown).replace(str(self._place.root), "/...")  # a full path is to be seen as one
        self._focus.on_name(name.removesuffix(".url"))
        self._expect(
            url is not None and parts_of(url) == parts_of(make_url(wanted)) and keeps_query(url, make_url(wanted)),
            saw=f"{name} is {shown}",
            wanted=f"{name} is {wanted}",
        )

    @contextmanager
    def unless_of_another_rule(self, environment: dict[str, str]) -> Iterator[None]:
        """Import ``app.db`` in the block with one of the `environments`; that PostgreSQL's prevents it is another's."""
        try:
            yield
        except Broken:
            if environment or self._place.database == "sqlite":
                raise

    def environments(self) -> Iterator[dict[str, str]]:
        """What to import ``app.db`` with: as it is, and where that is PostgreSQL with the URL of a SQLite file too."""
        yield {}
        if self._place.database != "sqlite":
            yield {"DATABASE_URL": self._elsewhere.sqlite_url()}

    def of(self, session: Session) -> str:
        """Which engine a session is bound to, in words."""
        engine = self.engine()
        try:
            bind = session.get_bind()
        except UnboundExecutionError:
            return "no engine"
        if bind is engine:
            return "db.engine"
        if not isinstance(bind, Engine | Connection):
            return f"{show(bind)}, which is not an engine"
        if bind.engine is engine:
            return "one connection of db.engine"
        same = bind.engine.url == engine.url
        return "a second engine for the same URL" if same else f"another engine: {bind.engine.url}"
