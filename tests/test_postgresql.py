"""A PostgreSQL of the grader's own, or a named one: what its roles may do, what is kept, what is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from grader import BadInput
from grader.bench import Bench, Target
from grader.bench.cluster import cache_folder, kept_clusters
from grader.bench.packaged_server import PackagedServer
from grader.bench.postgresql import PostgreSQL, start
from grader.bench.spaces import CONNECTIONS, Space, Spaces
from grader.rules import rules_of
from tests import PROJECT
from tests.kernels import as_ordinary_user, can_be_ordinary, give_to_ordinary_user
from tests.runs import Run

SOLUTIONS = PROJECT / "solutions"
IN_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    server = start(tmp_path_factory.mktemp("server") / "postgresql")
    yield server
    server.stop()


@pytest.fixture
def spaces(server: PostgreSQL) -> Iterator[Spaces]:
    spaces = Spaces(server)
    yield spaces
    spaces.close()


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def make_new(space: Space) -> None:
    password = space.url.partition("@")[0].rpartition(":")[2]
    with connect(space.own_url) as own:
        own.execute(f"SET ROLE NONE; SELECT grader.make_new('{password}'); RESET ROLE")


# -- rights -------------------------------------------------------------------------------------

REFUSED = (
    "ALTER SYSTEM SET work_mem = '1MB'",
    "CREATE ROLE friend",
    "CREATE DATABASE another",
    "ALTER ROLE CURRENT_USER CONNECTION LIMIT -1",
    "SET ROLE grader",
    "SET SESSION AUTHORIZATION grader",
    "SELECT * FROM pg_stat_activity",
    "SELECT pg_stat_get_activity(NULL)",
    "SELECT rolpassword FROM pg_authid",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT lo_import('PG_VERSION')",
    "SELECT grader.make_new('mine')",
    "CREATE TABLE grader.mine (id int)",
    "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'getpid'",
)


@pytest.mark.parametrize("statement", REFUSED)
def test_role_has_no_rights(statement: str, spaces: Spaces) -> None:
    refused = (psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported)
    with connect(spaces.take().url) as learner, pytest.raises(refused):
        learner.execute(statement)


def test_role_may_do_what_an_app_does(spaces: Spaces) -> None:
    with connect(spaces.take().url) as learner:
        learner.execute("CREATE TYPE kind AS ENUM ('a', 'b')")
        learner.execute("CREATE TABLE items (id serial PRIMARY KEY, kind kind)")
        learner.execute("CREATE SCHEMA shop")
        learner.execute("CREATE TABLE shop.items (id int GENERATED ALWAYS AS IDENTITY)")
        learner.execute("CREATE TEMPORARY TABLE mine (id int)")
        learner.execute("DROP TABLE items, shop.items")


def test_each_has_its_own_database_only(spaces: Spaces) -> None:
    one, other = spaces.take(), spaces.take()
    for name in (other.name, "postgres", "template0"):
        with pytest.raises(psycopg.OperationalError):
            connect(one.url.replace(f"/{one.name}?", f"/{name}?"))
    for user in (other.name, "grader", f"{one.name}_own"):
        with pytest.raises(psycopg.OperationalError):
            connect(one.url.replace(f"//{one.name}:", f"//{user}:"))


def test_connections_are_limited(spaces: Spaces, server: PostgreSQL) -> None:
    space = spaces.take()
    opened = []
    try:
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            for _ in range(CONNECTIONS + 1):
                opened.append(connect(space.url))
        assert len(opened) == CONNECTIONS
        with connect(space.own_url) as own:
            own.execute("SELECT 1")
        assert server.trouble() == ""
    finally:
        for each in opened:
            each.close()


# -- the database is new ------------------------------------------------------------------------

LEFT = """
SELECT 'table', relname FROM pg_class WHERE relowner = %(role)s::regrole
UNION ALL SELECT 'function', proname FROM pg_proc WHERE proowner = %(role)s::regrole
UNION ALL SELECT 'type', typname FROM pg_type WHERE typowner = %(role)s::regrole
UNION ALL SELECT 'operator', oprname FROM pg_operator WHERE oprowner = %(role)s::regrole
UNION ALL SELECT 'schema', nspname FROM pg_namespace
    WHERE nspname NOT IN ('public', 'grader', 'information_schema') AND nspname !~ '^pg_'
UNION ALL SELECT 'extension', extname FROM pg_extension WHERE extname <> 'plpgsql'
UNION ALL SELECT 'publication', pubname FROM pg_publication
UNION ALL SELECT 'large object', oid::text FROM pg_largeobject_metadata
UNION ALL SELECT 'default', setrole::text FROM pg_db_role_setting
UNION ALL SELECT 'right', defaclobjtype::text FROM pg_default_acl
UNION ALL SELECT 'connection', pid::text FROM pg_stat_activity WHERE usename = %(role)s::text
"""


def test_everything_is_gone_when_a_database_is_made_new(spaces: Spaces, server: PostgreSQL) -> None:
    space = spaces.take()
    learner = connect(space.url)
    for statement in (
        "CREATE TABLE t (id serial PRIMARY KEY, name text); CREATE VIEW v AS SELECT * FROM t",
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS one; CREATE SEQUENCE s; CREATE DOMAIN d AS int",
        "CREATE TYPE kind AS ENUM ('a'); CREATE SCHEMA other; CREATE TABLE other.t (id int)",
        "CREATE FUNCTION f(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE OPERATOR public.== (LEFTARG = text, RIGHTARG = text, FUNCTION = f)",
        'CREATE COLLATION c FROM "C"; CREATE TEXT SEARCH CONFIGURATION w (COPY = simple)',
        "CREATE PUBLICATION p FOR TABLE t; SELECT lo_from_bytea(0, 'x')",
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC; GRANT ALL ON t TO PUBLIC",
        "ALTER ROLE CURRENT_USER SET search_path = other; ALTER ROLE CURRENT_USER PASSWORD 'mine'",
        "DO $$ BEGIN EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET work_mem = 100', current_database()); "
        "EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM CURRENT_USER', current_database()); END $$",
        "BEGIN; LOCK TABLE t; SELECT pg_advisory_lock(1)",
    ):
        learner.execute(statement)
    make_new(space)
    with psycopg.connect(server.admin_url, dbname=space.name) as admin:
        assert admin.execute(LEFT, {"role": space.name}).fetchall() == []
    with pytest.raises(psycopg.OperationalError):
        learner.execute("SELECT 1")
    with connect(space.url) as again:
        again.execute("CREATE TABLE t (id int); SELECT pg_advisory_lock(1); DROP TABLE t")


def test_next_one_finds_other_passwords_and_nobody_else(spaces: Spaces) -> None:
    first = spaces.take()
    stays = connect(first.url)
    spaces.give_back(first)
    taken = [spaces.take() for _ in range(3)]
    second = next(space for space in taken if space.name == first.name)
    for url in (first.url, first.own_url):
        with pytest.raises(psycopg.OperationalError):
            connect(url)
    with pytest.raises(psycopg.OperationalError):
        stays.execute("SELECT 1")
    connect(second.url).close()
    connect(second.own_url).close()


# -- a named server -----------------------------------------------------------------------------


@pytest.fixture
def named(server: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Names the server in the environment, with a role that may do this."""

    def name(rights: str) -> None:
        with connect(server.admin_url) as admin:
            admin.execute(
                f"CREATE ROLE somebody LOGIN PASSWORD 'secret' {rights}; GRANT CONNECT ON DATABASE postgres TO somebody"
            )
        url = server.url_of("postgres", "somebody", "secret")
        monkeypatch.setenv("GRADER_POSTGRESQL_URL", url)

    yield name
    with connect(server.admin_url) as admin:
        admin.execute("DROP OWNED BY somebody; DROP ROLE somebody")


@contextmanager
def sees_connections(server: PostgreSQL, role: str) -> Iterator[None]:
    """Let a role see who is connected, in new databases too, as on any server but the grader's own."""
    rights = f"""SELECT ON pg_catalog.pg_stat_activity {{0}} {role};
        {{1}} EXECUTE ON FUNCTION pg_catalog.pg_stat_get_activity(integer) {{0}} {role}"""
    with connect(server.admin_url) as admin:
        admin.execute("ALTER DATABASE template0 ALLOW_CONNECTIONS true")
        try:
            with psycopg.connect(server.admin_url, dbname="template0", autocommit=True) as template:
                template.execute(f"GRANT {rights.format('TO', 'GRANT')}")
            yield
            with psycopg.connect(server.admin_url, dbname="template0", autocommit=True) as template:
                template.execute(f"REVOKE {rights.format('FROM', 'REVOKE')}")
        finally:
            admin.execute("ALTER DATABASE template0 ALLOW_CONNECTIONS false")


def test_named_server_and_a_role_that_may_make_databases_and_roles(
    server: PostgreSQL, named: Callable[[str], None]
) -> None:
    named("CREATEDB CREATEROLE")
    before = left_on(server)
    with sees_connections(server, "somebody"), Bench("postgresql") as bench:
        found = [check for _, check in bench.grade([Target(SOLUTIONS, rule) for rule in rules_of("07_uow")])]
    assert {check.id: check.observed for check in found if check.outcome != "passed"} == {}
    assert left_on(server) == before


@pytest.mark.parametrize("rights", ["", "CREATEDB", "CREATEROLE"])
def test_named_server_and_a_role_that_may_not(rights: str, named: Callable[[str], None], tmp_path: Path) -> None:
    named(rights)
    with pytest.raises(
        BadInput, match=r"^The role 'somebody' of GRADER_POSTGRESQL_URL may not create databases and roles"
    ):
        start(tmp_path / "postgresql")


def test_what_a_killed_run_left_on_a_named_server_is_dropped(server: PostgreSQL) -> None:
    """But not what a run has that goes on."""
    url, before = server.admin_url, left_on(server)
    killed, goes_on = Spaces(PostgreSQL(named=url)), Spaces(PostgreSQL(named=url))
    killed.take(), goes_on.take()
    assert killed._admin is not None and goes_on._admin is not None
    killed._thread.submit(killed._admin.close).result()
    next_one = Spaces(PostgreSQL(named=url))
    next_one.take()
    left = left_on(server)
    assert any(goes_on._run in name for name in left) and not any(killed._run in name for name in left)
    next_one.close()
    goes_on.close()
    killed._thread.shutdown()
    assert not {*left_on(server)} - {*before}


def left_on(server: PostgreSQL) -> list[str]:
    """Databases and roles of runs."""
    with connect(server.admin_url) as admin:
        names = "SELECT datname AS name FROM pg_database UNION SELECT rolname FROM pg_roles"
        found = admin.execute(
            f"SELECT name FROM ({names}) AS all_names WHERE name LIKE 'grader\\_%' ORDER BY 1"
        ).fetchall()
    return [name for (name,) in found]


# -- the kept cluster ---------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of one's own."""
    if sys.platform == "win32":
        pytest.skip("nothing is kept there")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def start_and_stop(folder: Path) -> int:
    """Start a server, use it, and stop it; the number by which a cluster can be told from others."""
    server = start(folder / "postgresql")
    try:
        with connect(server.admin_url) as admin:
            row = admin.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
    finally:
        server.stop()
    assert row is not None
    return int(row[0])


def test_cluster_is_kept(cache: Path, tmp_path: Path) -> None:
    first = start_and_stop(tmp_path)
    (kept,) = kept_clusters()
    assert kept.is_relative_to(cache) and kept.stat().st_mode & 0o077 == 0
    before = kept.read_bytes()
    assert start_and_stop(tmp_path) == first
    assert kept_clusters() == [kept] and kept.read_bytes() == before


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:1_000_000])


def _spoil(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[5_000_000:5_000_100] = b"x" * 100
    file.write_bytes(data)


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _nonsense_with_the_right_sum(file: Path) -> None:
    from grader.bench.cluster import _prefix, _sum

    file.write_bytes(b"nonsense")
    with file.open("rb") as content:
        name = f"{_prefix()}-{_sum(content)}.tar"
    file.rename(file.with_name(name))


@pytest.mark.parametrize("harm", [_cut, _spoil, _empty, _nonsense_with_the_right_sum])
def test_kept_cluster_that_was_spoilt_is_made_anew(harm: Callable[[Path], None], cache: Path, tmp_path: Path) -> None:
    first = start_and_stop(tmp_path)
    (kept,) = kept_clusters()
    harm(kept)
    (cache_folder() / "123.part").write_bytes(b"of a run that was killed")
    second = start_and_stop(tmp_path)
    assert second != first
    assert len(kept_clusters()) == 1 and not list(cache_folder().glob("*.part"))
    assert start_and_stop(tmp_path) == second


def test_kept_cluster_that_does_not_start_is_made_anew(cache: Path, tmp_path: Path) -> None:
    from grader.bench import cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "_WHO_MAY_CONNECT", cluster._WHO_MAY_CONNECT)
        first = start_and_stop(tmp_path)
    (kept,) = kept_clusters()
    folder = tmp_path / "unpacked"
    folder.mkdir()
    subprocess.run(["tar", "-xf", kept, "-C", folder], check=True)
    (folder / "postgresql.conf").write_text("no setting at all\n")
    subprocess.run(["tar", "-cf", kept, "-C", folder, "."], check=True)
    with kept.open("rb") as content:
        kept.rename(kept.with_name(f"{cluster._prefix()}-{cluster._sum(content)}.tar"))
    assert start_and_stop(tmp_path) != first
    assert len(kept_clusters()) == 1


def test_other_settings_are_another_cluster(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from grader.bench import cluster

    first = start_and_stop(tmp_path)
    monkeypatch.setattr(cluster, "SETTINGS", cluster.SETTINGS + "work_mem = 5MB\n")
    assert start_and_stop(tmp_path) != first
    assert len(kept_clusters()) == 2


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give folders away")
def test_cache_of_somebody_else_is_left_alone(cache: Path, tmp_path: Path) -> None:
    first = start_and_stop(tmp_path)
    (kept,) = kept_clusters()
    for path in (kept, cache_folder()):
        os.chown(path, 12345, 12345)
    before = sorted(cache_folder().iterdir())
    assert start_and_stop(tmp_path) != first
    assert sorted(cache_folder().iterdir()) == before and kept.stat().st_uid == 12345


def test_cache_that_cannot_be_written(cache: Path, tmp_path: Path) -> None:
    """A file is where the folder should be: so it is for root, too."""
    cache.write_text("no folder")
    start_and_stop(tmp_path)
    assert cache.read_text() == "no folder"


def test_two_at_once_never_share_a_server(cache: Path, tmp_path: Path) -> None:
    servers: list[PostgreSQL] = []

    def run(number: int) -> None:
        servers.append(start(tmp_path / f"postgresql{number}"))

    threads = [threading.Thread(target=run, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert len({server.admin_url for server in servers}) == 2
        for server in servers:
            with connect(server.admin_url) as admin:
                admin.execute("CREATE DATABASE mine TEMPLATE template0")
    finally:
        for server in servers:
            server.stop()
    assert len(kept_clusters()) == 1


def test_ordinary_user(tmp_path: Path) -> None:
    """Also with a new account's empty cache."""
    if sys.platform == "win32" or os.geteuid() != 0:
        pytest.skip("the other tests run as one")
    if not can_be_ordinary():
        pytest.skip("no ordinary user can run this Python here")
    home = Path(f"/tmp/grader-home-{os.getpid()}")
    home.mkdir()
    give_to_ordinary_user(home)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from grader.bench import Bench, Target\n"
        "from grader.rules import rules_of\n"
        "with Bench('postgresql') as bench:\n"
        "    targets = [Target(Path(sys.argv[1], 'solutions'), rule) for rule in rules_of('05_crud')]\n"
        "    print(sum(check.outcome == 'passed' for _, check in bench.grade(targets)))\n"
    )
    try:
        for _ in range(2):
            done = subprocess.run(
                as_ordinary_user([sys.executable, "-c", code, str(PROJECT)]),
                cwd=home,
                env={"HOME": str(home), "TMPDIR": str(home), "PATH": os.environ["PATH"]},
                capture_output=True,
                text=True,
            )
            assert done.stdout == "13\n", done.stderr
            assert sorted(path.name for path in home.iterdir()) == [".cache"]
    finally:
        shutil.rmtree(home)


# -- nothing is left ----------------------------------------------------------------------------


def ours(temporary: Path) -> list[str]:
    """Folders, and processes of a server, of a run with this temporary folder."""
    found = [str(path) for path in temporary.iterdir()]
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = place.joinpath("cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if any(word.startswith(str(temporary)) for word in words):
            found.append(" ".join(words))
            found += [word for word in words if word.startswith(str(IN_MEMORY)) and Path(word).exists()]
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("moment", [0.3, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("cold", [False, True])
def test_nothing_is_left_of_a_killed_run(
    moment: float, cold: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = Path(f"/tmp/grader-test-{os.getpid()}")  # a short path, for the socket
    temporary.mkdir()
    if cold:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    in_memory = set(IN_MEMORY.glob("grader-data-*"))
    command = [sys.executable, "-m", "pytest", "grader", "--submission", "solutions", "--database", "postgresql"]
    process = subprocess.Popen(
        [*command, "-p", "no:cacheprovider"],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(moment)
        has_server = any(" serve " in found for found in ours(temporary))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if not has_server:  # then it is the next run that tidies up
            again = [sys.executable, "-c", "from grader.bench import Bench; Bench().close()"]
            subprocess.run(again, cwd=PROJECT, env={**os.environ, "TMPDIR": str(temporary)}, check=True)
        deadline = time.monotonic() + 30
        while (left := ours(temporary)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == []
        made = {path for path in set(IN_MEMORY.glob("grader-data-*")) - in_memory if not _in_use(path)}
        assert made == set()
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _in_use(data: Path) -> bool:
    """Whether a server runs there: of another test that runs at the same time."""
    return any(str(data).encode() in _command(place) for place in Path("/proc").glob("[0-9]*"))


def _command(place: Path) -> bytes:
    try:
        return place.joinpath("cmdline").read_bytes()
    except OSError:
        return b""


def test_server_is_gone_with_its_folders(tmp_path: Path) -> None:
    before = set(IN_MEMORY.glob("grader-data-*"))
    server = start(tmp_path / "postgresql")
    (made,) = set(IN_MEMORY.glob("grader-data-*")) - before
    server.stop()
    assert not made.exists()
    assert list((tmp_path / "postgresql").iterdir()) == []


def test_two_runs_at_once(grade: Run) -> None:
    """Each with its own server."""
    done: list[int] = []

    def run() -> None:
        done.append(grade("grader/test_05_crud.py", "--submission", SOLUTIONS, "--database", "postgresql").returncode)

    other = threading.Thread(target=run)
    temporary = Path(f"/tmp/grader-test-{os.getpid()}-2")
    temporary.mkdir()
    other.start()
    command = [sys.executable, "-m", "pytest", "grader/test_06_routes.py", "--submission", str(SOLUTIONS)]
    beside = subprocess.run(
        [*command, "--database", "postgresql", "-p", "no:cacheprovider"],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
    )
    other.join()
    assert done == [0] and beside.returncode == 0, beside.stdout
    assert list(temporary.iterdir()) == []
    temporary.rmdir()


# -- Windows ------------------------------------------------------------------------------------


def test_server_that_the_package_starts(tmp_path: Path) -> None:
    """As it is on Windows: by whatever the package takes for the way to it."""
    server = PostgreSQL(own=PackagedServer(tmp_path / "postgresql", 100))
    spaces = Spaces(server)
    try:
        space = spaces.take()
        make_new(space)
        with connect(space.url) as learner:
            learner.execute("CREATE TABLE items (id int)")
        assert server.trouble() == ""
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.admin_url.replace("//postgres:", "//postgres:x"))
        server.restart()
        assert server.trouble() == ""
    finally:
        spaces.close()
        server.stop()
    assert not (tmp_path / "postgresql").exists()
