"""What hostile code does to PostgreSQL, by kind; each is run in `get_item` of chapter 05's solution."""

from __future__ import annotations

import textwrap
from pathlib import Path

from tests.hostile import submission

# Statements, each for itself, as the role that the learner's code has; what is refused is passed over.
STATEMENTS: dict[str, dict[str, list[str]]] = {
    "settings of the server": {
        "limit of connections": ["ALTER SYSTEM SET max_connections = 1", "SELECT pg_reload_conf()"],
        "nothing is committed": ["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"],
        "a command at the end": ["ALTER SYSTEM SET archive_command = 'touch /tmp/harm'", "SELECT pg_switch_wal()"],
    },
    "roles": {
        "no login": ["ALTER ROLE CURRENT_USER NOLOGIN", "ALTER ROLE grader NOLOGIN"],
        "another password": ["ALTER ROLE CURRENT_USER PASSWORD 'mine'", "ALTER ROLE grader PASSWORD 'mine'"],
        "no connections": ["ALTER ROLE CURRENT_USER CONNECTION LIMIT 0"],
        "more rights": [
            "ALTER ROLE CURRENT_USER SUPERUSER CREATEROLE",
            "GRANT pg_execute_server_program TO CURRENT_USER",
        ],
        "another role": ["CREATE ROLE friend SUPERUSER LOGIN", "SET ROLE grader", "SET SESSION AUTHORIZATION grader"],
    },
    "defaults of role and database": {
        "no time for statements": [
            "ALTER ROLE CURRENT_USER SET statement_timeout = 1",
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET statement_timeout = 1', current_database()); END $$",
            "ALTER ROLE ALL SET statement_timeout = 1",
        ],
        "no time for transactions": ["ALTER ROLE CURRENT_USER SET transaction_timeout = 1"],
        "nothing can be written": ["ALTER ROLE CURRENT_USER SET default_transaction_read_only = on"],
        "another schema": ["CREATE SCHEMA other", "ALTER ROLE CURRENT_USER SET search_path = other"],
        "another role from the beginning": ["ALTER ROLE CURRENT_USER SET role = pg_read_all_data"],
        "a library that is missing": ["ALTER ROLE CURRENT_USER SET local_preload_libraries = 'missing'"],
    },
    "connections of others": {
        "all that are shown": ["SELECT pg_terminate_backend(pid) FROM pg_stat_activity"],
        "all that hold a lock": ["SELECT pg_terminate_backend(pid) FROM pg_locks WHERE pid <> pg_backend_pid()"],
        "all that could be": [
            "DO $$ BEGIN FOR n IN 2..60000 LOOP IF n <> pg_backend_pid() THEN "
            "BEGIN PERFORM pg_terminate_backend(n); EXCEPTION WHEN OTHERS THEN NULL; END; END IF; END LOOP; END $$"
        ],
        "what they are doing": ["SELECT pg_cancel_backend(pid) FROM pg_locks WHERE pid <> pg_backend_pid()"],
    },
    "the machine": {
        "a program": ["COPY (SELECT 1) TO PROGRAM 'touch {harm}'"],
        "a program's output": ["CREATE TABLE o (x text)", "COPY o FROM PROGRAM 'touch {harm}'"],
        "a file is written": ["COPY (SELECT 1) TO '{harm}'"],
        "a file out of a large object": ["SELECT lo_export(lo_from_bytea(0, 'x'), '{harm}')"],
        "a file is read": [
            "CREATE TABLE o (x text)",
            "COPY o FROM '/etc/passwd'",
            "SELECT pg_read_file('/etc/passwd')",
        ],
        "the server's files": [
            "SELECT pg_ls_dir('.')",
            "SELECT pg_read_file('pg_hba.conf')",
            "SELECT lo_import('PG_VERSION')",
        ],
        "an extension": ["CREATE EXTENSION file_fdw", "CREATE EXTENSION adminpack", "CREATE EXTENSION plpython3u"],
        "a library": [
            "LOAD '/lib/x86_64-linux-gnu/libc.so.6'",
            "CREATE FUNCTION sh(cstring) RETURNS int AS '/lib/x86_64-linux-gnu/libc.so.6', 'system' LANGUAGE C STRICT",
        ],
    },
    "the grader's objects": {
        "its schema": ["DROP SCHEMA grader CASCADE", "ALTER SCHEMA grader RENAME TO other"],
        "its function": [
            "DROP FUNCTION grader.make_new(text)",
            "CREATE OR REPLACE FUNCTION grader.make_new(text) RETURNS void LANGUAGE sql AS ''",
            "SELECT grader.make_new('mine')",
        ],
        "all that the role has": ["DROP OWNED BY CURRENT_USER CASCADE"],
        "the schema": ["DROP SCHEMA public CASCADE", "REVOKE ALL ON SCHEMA public FROM CURRENT_USER"],
        "the tables": ["DROP TABLE items CASCADE"],
        "the database": ["DO $$ BEGIN EXECUTE format('DROP DATABASE %I', current_database()); END $$"],
    },
    "what the grader sees": {
        "a view in the place of a table": [
            "ALTER TABLE items RENAME TO real_items",
            "CREATE VIEW items AS SELECT id, 'x'::varchar AS name, description FROM real_items",
        ],
        "an operator": [
            "CREATE FUNCTION same(varchar, varchar) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            "CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = same)",
        ],
        "functions": [
            "CREATE FUNCTION count(integer) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'",
            "CREATE FUNCTION format(text, name, name) RETURNS text LANGUAGE sql AS 'SELECT ''x'''",
            "CREATE FUNCTION pg_terminate_backend(integer) RETURNS boolean LANGUAGE sql AS 'SELECT false'",
        ],
        "a trigger": [
            "CREATE FUNCTION harm() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
            "CREATE TRIGGER harm BEFORE INSERT OR UPDATE OR DELETE ON items FOR EACH ROW EXECUTE FUNCTION harm()",
        ],
        "a rule": ["CREATE RULE harm AS ON DELETE TO items DO INSTEAD NOTHING"],
        "rows that are hidden": [
            "CREATE POLICY harm ON items USING (false)",
            "ALTER TABLE items ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        ],
        "a schema that comes first": [
            "DO $$ BEGIN EXECUTE format('CREATE SCHEMA %I', current_user); "
            "EXECUTE format('CREATE TABLE %I.items (id int)', current_user); END $$"
        ],
    },
    "what stays": {
        "large objects": ["SELECT lo_from_bytea(0, 'x') FROM generate_series(1, 100)"],
        "schemas and types": ["CREATE SCHEMA other", "CREATE TYPE other.kind AS ENUM ('a')", "CREATE DOMAIN d AS int"],
        "rights for all": [
            "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM CURRENT_USER",
            "GRANT ALL ON items TO PUBLIC",
        ],
        "a publication": ["CREATE PUBLICATION p FOR TABLE items"],
        "more large objects than can be locked": ["SELECT count(lo_create(0)) FROM generate_series(1, 200000)"],
        "more functions than can be locked": [
            "DO $$ BEGIN FOR n IN 1..60000 LOOP "
            "EXECUTE format('CREATE FUNCTION f%s() RETURNS int LANGUAGE sql RETURN 1', n); END LOOP; END $$"
        ],
        "much": ["CREATE TABLE much AS SELECT md5(n::text) FROM generate_series(1, 3000000) n"],
    },
}

# Python, with `connect()` for a connection of its own that stays open.
CODE: dict[str, dict[str, str]] = {
    "connections": {
        "all there are": "for _ in range(300): connect()",
        "with transactions": "for _ in range(300): connect().exec_driver_sql('BEGIN; SELECT 1')",
        "of others": (
            "for user in ('grader', 'postgres', URL.username + '_own'):\n"
            "    for database in ('postgres', 'template0', URL.database):\n"
            "        connect(URL.set(username=user, password='', database=database))"
        ),
        "to other databases": "for name in ('postgres', 'template0', 'template1'): connect(URL.set(database=name))",
    },
    "locks": {
        "advisory": "c = connect()\nfor n in range(100): c.exec_driver_sql(f'SELECT pg_advisory_lock({n})')",
        "all the memory for locks": (
            "connect().exec_driver_sql('SELECT count(pg_advisory_lock(n)) FROM generate_series(1, 1000000) n')"
        ),
        "tables": "connect().exec_driver_sql('BEGIN; LOCK TABLE items')",
        "in another process": (
            "import os, time\n"
            "if os.fork() == 0:\n"
            "    os.setsid()\n"
            "    connect().exec_driver_sql('BEGIN; LOCK TABLE items')\n"
            "    time.sleep(60)"
        ),
    },
    "locks of the role": {
        "in a statement that does not end": (
            "import threading, time\n"
            "c = connect()\n"
            "c.exec_driver_sql('BEGIN')\n"
            "c.exec_driver_sql('ALTER ROLE CURRENT_USER CONNECTION LIMIT 50')\n"
            "c.exec_driver_sql(\"ALTER ROLE CURRENT_USER PASSWORD 'x'\")\n"
            "slow = \"SELECT position('b' || repeat('a', 300000) in repeat('a', 20000000))\"\n"
            "threading.Thread(target=c.exec_driver_sql, args=(slow,), daemon=True).start()\n"
            "time.sleep(0.5)"
        ),
        "in a transaction": (
            "c = connect()\nc.exec_driver_sql('BEGIN')\nc.exec_driver_sql(\"ALTER ROLE CURRENT_USER PASSWORD 'x'\")"
        ),
    },
    "no end": {
        "sleep": "connect().exec_driver_sql('SELECT pg_sleep(1000)')",
        "work": "connect().exec_driver_sql('SELECT count(*) FROM generate_series(1, 1000000000000) n')",
        "in a thread": (
            "import threading\n"
            "threading.Thread(target=lambda: connect().exec_driver_sql('SELECT pg_sleep(1000)'), daemon=True).start()"
        ),
    },
    "the server": {
        "kill it": "for process in servers(): os.kill(process, 9)",
        "end it": "for process in servers(): os.kill(process, 3)",
        "stop it": "for process in servers(): os.kill(process, 19)",
        "kill a connection's process": ("os.kill(connect().exec_driver_sql('SELECT pg_backend_pid()').scalar(), 9)"),
        "remove its socket": "import pathlib\nfor file in pathlib.Path(URL.query['host']).iterdir(): file.unlink()",
    },
    "the grader's connection": {
        "close it": ("for each in [*graders_connections(), connect().connection.driver_connection]: each.close()"),
        "another role": ("for each in graders_connections():\n        each.execute('SET ROLE NONE')"),
        "its large objects": (
            "for each in graders_connections():\n"
            "        each.execute('SET ROLE NONE')\n"
            "        each.execute(\"SELECT lo_from_bytea(0, 'x') FROM generate_series(1, 100)\")"
        ),
        "its role's settings": (
            "for each in graders_connections():\n"
            "        each.execute('SET ROLE NONE')\n"
            "        each.execute('ALTER ROLE CURRENT_USER SET default_transaction_read_only = on')\n"
            "        each.execute('ALTER ROLE CURRENT_USER SET role = none')"
        ),
    },
}

# Who keeps the grader from its own connection, or says so, in checks that do not pass.
LOST: dict[str, str] = {
    "takes all that the role may have": "for _ in range(8): connect(make_url(graders_worker().place.own_url))",
    "takes the grader's as well": (
        "for each in graders_connections(): each.close()\n"
        "for _ in range(8): connect(make_url(graders_worker().place.own_url))"
    ),
    "fills its database and shuts the grader's engine": (
        "run(['SELECT count(lo_create(0)) FROM generate_series(1, 90000)'])\n"
        "def lost(*given, **named): raise RuntimeError\n"
        "graders_engine().connect = lost"
    ),
}

_BEFORE = '''
import os
import sys
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

URL = make_url(os.environ["DATABASE_URL"])
_KEPT = []


def connect(url=URL):
    try:
        _KEPT.append(create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect())
        return _KEPT[-1]
    except Exception:
        return None


def graders_worker():
    frame = sys._getframe()
    while "worker" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["worker"]


def graders_engine():
    worker = graders_worker()
    return type(worker.trouble).met.__globals__["own_engine"](worker.place.own_url)


def graders_connections():
    pool = graders_engine().pool
    yield from (record.driver_connection for record in list(pool._pool.queue))


def servers():
    """The processes of PostgreSQL that this one may see."""
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline") as told:
                words = told.read().split(chr(0))
            if "-k" in words and words[0].endswith("postgres") and words[words.index("-k") + 1] == URL.query["host"]:
                yield int(name)
        except OSError:
            pass


def run(statements):
    connection = connect()
    for statement in statements:
        try:
            connection.exec_driver_sql(statement)
        except Exception:
            connection.rollback()


def attack():
    try:
'''


def hostile(folder: Path, kind: str, name: str) -> Path:
    """Chapter 05's solution with an attack in `get_item`; what harms the machine writes the file ``harm`` there."""
    if kind in STATEMENTS:
        statements = [each.replace("{harm}", str(folder / "harm")) for each in STATEMENTS[kind][name]]
        body = f"run({statements!r})"
    else:
        body = CODE[kind][name]
    return _attacking(folder, body, "attack()")


def keeping_the_grader_away(folder: Path, name: str) -> Path:
    """The same with one of `LOST`."""
    return _attacking(folder, LOST[name], "attack()\nraise ValueError")


def _attacking(folder: Path, body: str, in_get_item: str) -> Path:
    code = f"{_BEFORE}{textwrap.indent(body, ' ' * 8)}\n    except Exception:\n        pass\n"
    return submission(folder, at_import=code, in_get_item=in_get_item)


ATTACKS = [(kind, name) for kinds in (STATEMENTS, CODE) for kind, names in kinds.items() for name in names]
