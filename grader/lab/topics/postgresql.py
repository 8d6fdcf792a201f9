"""In the child: what PostgreSQL would refuse, asked of a stand-in for it."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.event import listen as attach
from sqlalchemy.event import remove as detach

from grader.lab.code import Code
from grader.lab.driver import need_not_tell
from grader.lab.story import Story
from grader.lab.topics.engines import Engines
from grader.lab.topics.session_factory import SessionFactory
from grader.outcomes import Broken, waiting_for


class PostgreSQL:
    """A server that is not there: it takes what an engine sends and answers as little as it can."""

    def __init__(self, code: Code, story: Story, engines: Engines, session_factory: SessionFactory) -> None:
        self._code = code
        self._story = story
        self._engines = engines
        self._session_factory = session_factory

    def refuses(self, url: str) -> str:
        """What it would refuse of what the engine for this URL sends by itself; empty for nothing."""
        from unittest import mock

        from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

        stand_in = _StandIn()
        need_not_tell(stand_in)
        attach(Engine, "do_connect", stand_in.connect)
        try:
            # Only the connecting is of interest: the stand-in knows nothing about the server.
            with mock.patch.object(PGDialect_psycopg, "initialize", _StandIn.initialize):
                self._story.did("set DATABASE_URL to a PostgreSQL URL and imported app.db")
                self._engines.import_db(DATABASE_URL=url)
                with waiting_for("url_from_environment"), suppress(Broken):  # it may have another name
                    self._engines.expect_variable(url)
                self._engines.expect_engine_url(url)
                self._story.did("connected and began a transaction")
                with self._code.running("a connection"), self._engines.engine().begin():
                    pass
                if not stand_in.refused:
                    with suppress(Exception), self._session_factory.new() as session:
                        session.connection()
        finally:
            detach(Engine, "do_connect", stand_in.connect)
        return "; ".join(dict.fromkeys(stand_in.refused))


class _StandIn:
    """Takes the place of a PostgreSQL connection and notes what PostgreSQL would not understand."""

    description = (("answer", *[None] * 6),)
    rowcount = 1
    info = SimpleNamespace(server_version=180000, backend_pid=1, dbname="nowhere", user="Nobody", encoding="utf-8")

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.autocommit = False

    def connect(self, dialect: Any, record: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Listen to ``do_connect``: judge the arguments, and connect to nothing."""
        import psycopg
        from psycopg.conninfo import make_conninfo

        if dialect.name != "postgresql":
            return None
        own = ("autocommit", "prepare_threshold", "row_factory", "cursor_factory", "context")
        try:
            make_conninfo(*args, **{name: value for name, value in kwargs.items() if name not in own})
        except psycopg.Error as error:
            self.refused.append(f"an argument: {str(error).strip()}")
        return self

    @staticmethod
    def initialize(dialect: Any, connection: Any) -> None:
        """Take the place of asking the server about itself."""
        dialect.server_version_info, dialect.default_schema_name = (18, 0), "public"
        dialect.default_isolation_level = "READ COMMITTED"

    def cursor(self, *_: Any, **__: Any) -> _StandIn:
        return self

    def execute(self, statement: Any, *_: Any, **__: Any) -> _StandIn:
        if str(statement).lstrip().upper().startswith("PRAGMA"):
            self.refused.append(f"the statement {statement}")
        return self

    def fetchone(self) -> tuple[int]:
        return (1,)

    def fetchall(self) -> list[tuple[int]]:
        return [(1,)]

    def __enter__(self) -> _StandIn:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: None
