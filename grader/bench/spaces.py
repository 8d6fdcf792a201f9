"""Verdict process: databases on a PostgreSQL server, each with a role that can reach nothing else.

    space ── role NAME: what the learner's code connects as; owns what is made, and may make tables and schemas
          ── role NAME_own: the grader's own connection in the child; acts as NAME, and may make the database new

``grader.make_new`` in each database does that with the rights of whoever made it: it ends the other connections, drops
all that the role owns, and gives the role its rights and its password back. It works on this database and this role
alone, so that it does no harm in the hands of the learner's code.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

    from grader.bench.postgresql import PostgreSQL

CONNECTIONS = 50  # for one space: more than any pool of SQLAlchemy's opens by itself
_GRADERS_OWN = 4
_PREFIX = "grader"

_ROLES = """
CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT {limit} PASSWORD {password};
CREATE ROLE {own} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT {own_limit}
    PASSWORD {own_password};
GRANT {name} TO {own};
"""
# Who is no superuser has to be a member of a role to end its connections and to drop what it owns.
_MEMBERSHIP = "GRANT {name}, {own} TO CURRENT_USER"
_DATABASE = "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"
_BY_COPYING = " STRATEGY file_copy"  # a third of the time; older servers do not know the word
_ONLY_OURS = """
REVOKE ALL ON DATABASE {name} FROM PUBLIC;
GRANT CONNECT ON DATABASE {name} TO {own};
"""
_MAKE_NEW = """
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA grader;
GRANT USAGE ON SCHEMA grader TO {own};
CREATE FUNCTION grader.make_new(password text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := current_database();
    latest timestamptz := clock_timestamp() + interval '5 seconds';
BEGIN
    LOOP
        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = name;
        EXIT WHEN NOT FOUND;
        IF clock_timestamp() > latest THEN
            RAISE EXCEPTION 'a connection does not end';
        END IF;
        PERFORM pg_sleep(0.001), pg_stat_clear_snapshot();
    END LOOP;
    EXECUTE format('DROP OWNED BY %I CASCADE', name);
    PERFORM lo_unlink(oid) FROM pg_largeobject_metadata;  -- those of the grader's own role, which anybody may make
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO %I', name, name);
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA public TO %I', name);
    EXECUTE format('ALTER ROLE %I RESET ALL', name);
    EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', name, name);
    EXECUTE format('ALTER ROLE %I PASSWORD %L', name, password);
END $$;
REVOKE ALL ON FUNCTION grader.make_new(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION grader.make_new(text) TO {own};
SELECT grader.make_new({password});
"""
_SEES_CONNECTIONS = """
GRANT SELECT ON pg_catalog.pg_stat_activity TO {name};
GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_get_activity(integer) TO {name};
"""
_NEW_PASSWORDS = """
ALTER ROLE {own} RESET ALL;
ALTER ROLE {own} IN DATABASE {name} RESET ALL;
ALTER ROLE {name} PASSWORD {password};
ALTER ROLE {own} PASSWORD {own_password};
"""
# A database that has grown by more than this many bytes is dropped: to take out what is in it may be too much to ask.
# After a chapter it has grown by one MB; each object that is dropped takes a lock, of which there are 40,000.
_GROWN = "SELECT pg_database_size(%s) - pg_database_size('template0')"
_MOST_GROWTH = 5 << 19

# Nothing that code under test locks, or does without an end, may keep the grader waiting.
_PATIENCE = "SET lock_timeout = '5s'"
_MOST_SECONDS = 60.0
_END_ALL = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
_LEFT = "SELECT datname FROM pg_database WHERE datname ~ '^grader_[0-9a-f]{8}_[0-9]+$'"


@dataclass(frozen=True)
class Space:
    """A database of a child's.

    Attributes:
        name: of the database, and of the role that the learner's code connects as.
        url: for the learner's code.
        own_url: for the grader's own connection.
    """

    name: str
    url: str
    own_url: str


class Spaces:
    """Spaces on one server: made ahead, used again, and dropped in the end. A thread of its own does the work.

    Args:
        server: the server.
        ahead: how many are made before anybody asks.

    Attributes:
        stuck: one could not be prepared for whoever comes next: something holds it.
    """

    def __init__(self, server: PostgreSQL, ahead: int = 2) -> None:
        self._server = server
        self._ahead = ahead
        self.stuck = False
        self._run = secrets.token_hex(4)
        self._made: list[str] = []
        self._admin: Connection[Any] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spaces")
        self._ready: deque[Future[Space]] = deque()
        if server.elsewhere:
            self._thread.submit(self._tidy_up)
        for _ in range(ahead):
            self._ready.append(self._thread.submit(self._make))

    def take(self) -> Space:
        """A space that nobody uses; whatever is in it goes with the first `make_new`.

        Raises:
            psycopg.Error: the server does not do what it should.
        """
        done = next((each for each in self._ready if each.done()), None)
        future = done or (self._ready[0] if self._ready else self._thread.submit(self._make))
        if future in self._ready:
            self._ready.remove(future)
        if not self._ready and self._ahead > 1:
            self._ready.append(self._thread.submit(self._make))
        try:
            return future.result(timeout=_MOST_SECONDS)
        except FutureTimeout:
            import psycopg

            raise psycopg.OperationalError("no database was made in time") from None

    def give_back(self, space: Space) -> None:
        """Have a space prepared for whoever comes next."""
        self._ready.append(self._thread.submit(self._renew, space))

    def discard(self, space: Space) -> None:
        """Have a space dropped that cannot be made new, and another one prepared."""
        self._ready.append(self._thread.submit(self._replace, space))

    def close(self) -> None:
        """Let go of the server; spaces on a named one are dropped, the grader's own goes as a whole."""
        for each in self._ready:
            each.cancel()
        last = [self._drop_all, self._disconnect] if self._server.elsewhere else [self._disconnect]
        for call in last:
            try:
                self._thread.submit(call)
            except RuntimeError:  # Python ends, and with it every thread
                call()
        self._thread.shutdown(wait=self._server.elsewhere)

    # -- in the thread ----------------------------------------------------------------------------

    def _make(self) -> Space:
        name = f"{_PREFIX}_{self._run}_{len(self._made)}"
        self._made.append(name)
        return make_space(self._connected(), self._server, name)

    def _renew(self, space: Space) -> Space:
        """The same space with other passwords, and nobody connected; a new one where that does not work."""
        import psycopg

        try:
            admin = self._connected()
            passwords = _passwords()
            _end_connections(admin, space.name)  # which may hold the roles
            if _first(admin.execute(_GROWN, [space.name])) > _MOST_GROWTH:
                return self._replace(space)
            admin.execute(_filled(_NEW_PASSWORDS, space.name, **passwords))
            _end_connections(admin, space.name)  # of whoever came in meanwhile with the old ones
            return _space(self._server, space.name, **passwords)
        except psycopg.Error:
            self.stuck = True
            return self._make()

    def _replace(self, space: Space) -> Space:
        """Another space in the place of one, which goes as far as it can."""
        import psycopg

        with suppress(psycopg.Error):
            drop_space(self._connected(), space.name)
        return self._make()

    def _drop_all(self) -> None:
        import psycopg

        for name in self._made:
            with suppress(psycopg.Error):
                drop_space(self._connected(), name)

    def _connected(self) -> Connection[Any]:
        if self._admin is None or self._admin.closed:
            self._admin = connected(self._server)
            self._admin.execute("SELECT pg_advisory_lock(hashtext(%s))", [self._run])
        return self._admin

    def _tidy_up(self) -> None:
        """Drop what runs that were killed have left on a named server: none of them holds its lock any more."""
        import psycopg

        with suppress(psycopg.Error):
            admin = self._connected()
            for (name,) in admin.execute(_LEFT).fetchall():
                run = name.split("_")[1]
                if _first(admin.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [run])):
                    with suppress(psycopg.Error):
                        drop_space(admin, name)
                    admin.execute("SELECT pg_advisory_unlock(hashtext(%s))", [run])

    def _disconnect(self) -> None:
        if self._admin is not None:
            self._admin.close()


def connected(server: PostgreSQL) -> Connection[Any]:
    """A connection to the maintenance database; each statement is committed by itself."""
    import psycopg

    made = psycopg.connect(server.admin_url, autocommit=True)
    made.execute(_PATIENCE)
    return made


def _end_connections(admin: Connection[Any], database: str) -> None:
    """End every connection to a database.

    Raises:
        psycopg.OperationalError: one does not end.
    """
    import psycopg

    latest = time.monotonic() + 5
    while _first(admin.execute(_END_ALL, [database])):
        if time.monotonic() > latest:
            raise psycopg.OperationalError("a connection does not end")
        time.sleep(0.001)


def make_space(admin: Connection[Any], server: PostgreSQL, name: str) -> Space:
    """Make a database and its roles.

    Args:
        admin: a connection to the maintenance database.
        server: the server.
        name: what it is to be called.
    """
    import psycopg

    passwords = _passwords()
    limits: dict[str, Any] = {"limit": CONNECTIONS, "own_limit": _GRADERS_OWN}
    admin.execute(_filled(_ROLES, name, **limits, **passwords))
    if not _first(admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
        admin.execute(_filled(_MEMBERSHIP, name))
    admin.execute(_filled(_DATABASE if server.elsewhere else _DATABASE + _BY_COPYING, name))
    admin.execute(_filled(_ONLY_OURS, name))
    with psycopg.connect(server.admin_url, dbname=name, autocommit=True) as inside:
        inside.execute(_filled(_MAKE_NEW, name, **passwords))
    return _space(server, name, **passwords)


def let_see_connections(server: PostgreSQL, space: Space) -> None:
    """Let a space's role see who is connected, and what they do, as on a server of one's own.

    Args:
        server: the server; on a named one everybody may, as a rule.
        space: the space.
    """
    import psycopg

    with psycopg.connect(server.admin_url, dbname=space.name, autocommit=True) as inside:
        inside.execute(_filled(_SEES_CONNECTIONS, space.name))


def answers(space: Space) -> bool:
    """Whether the grader's own role is let in, however much there is in the database.

    Args:
        space: the space.
    """
    import psycopg

    try:
        with psycopg.connect(space.own_url.replace("+psycopg", ""), connect_timeout=2) as own:
            own.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def growth_of(space: Space) -> int:
    """How many bytes the database has grown by since it was made; 0 where that is not known."""
    import psycopg

    try:
        with psycopg.connect(space.own_url.replace("+psycopg", ""), connect_timeout=2) as own:
            return int(_first(own.execute(_GROWN, [space.name])))
    except psycopg.Error:
        return 0


def can_be_made_new(space: Space) -> bool:
    """Whether that which a child does before each check works, or only fails because code has filled the database.

    It is tried by the same connection.

    Args:
        space: the space.
    """
    import psycopg

    try:
        with psycopg.connect(space.own_url.replace("+psycopg", ""), autocommit=True) as own:
            own.execute(_PATIENCE)
            own.execute("SET ROLE NONE")
            if _first(own.execute(_GROWN, [space.name])) > _MOST_GROWTH:
                return True
            own.execute("SELECT grader.make_new(%s)", [_passwords()["password"]])
    except psycopg.Error:
        return False
    return True


def drop_space(admin: Connection[Any], name: str) -> None:
    """Drop a database and its roles, whoever is connected.

    Args:
        admin: a connection to the maintenance database.
        name: what it is called.
    """
    admin.execute(_filled("DROP DATABASE IF EXISTS {name} WITH (FORCE)", name))
    admin.execute(_filled("DROP ROLE IF EXISTS {own}, {name}", name))


def _space(server: PostgreSQL, name: str, password: str, own_password: str) -> Space:
    # What the learner's code may set for its role does not reach the grader's own connection.
    settings = {"role": name, "search_path": "public", "statement_timeout": "0", "lock_timeout": "0"}
    settings |= {"default_transaction_read_only": "off", "row_security": "off"}  # an error says what would be hidden
    options = " ".join(f"-c {setting}={value}" for setting, value in settings.items())
    return Space(
        name,
        server.url_of(name, name, password),
        server.url_of(name, f"{name}_own", own_password, options=options),
    )


def _passwords() -> dict[str, str]:
    return {"password": secrets.token_hex(16), "own_password": secrets.token_hex(16)}


def _filled(statement: str, name: str, **values: Any) -> Any:
    from psycopg import sql

    names = {"name": sql.Identifier(name), "own": sql.Identifier(f"{name}_own")}
    return sql.SQL(statement).format(**names, **{key: sql.Literal(value) for key, value in values.items()})


def _first(cursor: Any) -> Any:
    """The first value that a query finds."""
    row = cursor.fetchone()
    return row[0] if row else None
