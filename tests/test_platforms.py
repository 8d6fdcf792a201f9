"""Other platforms, as far as they can be shown on this one: no fork, other paths, line ends, letters and names."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mypy
import pytest

from grader.bench import Bench, Target
from grader.rules import CHAPTERS, rules_of
from tests import PROJECT
from tests.copies import Copy, copy_of_the_project
from tests.spawn import environment

TYPES = Path(mypy.__file__).parent / "typeshed/stdlib"


def test_without_fork(tmp_path: Path) -> None:
    """``python -m tests.spawn`` runs the whole suite so; here two chapters do."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "grader/test_05_crud.py",
        "grader/test_07_uow.py",
        "-p",
        "no:cacheprovider",
    ]
    told = subprocess.run(
        [*command, "--submission=solutions", "--time-limit=60"],
        cwd=PROJECT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert told.returncode == 0 and "23 of 23 checks passed." in told.stdout, told.stdout + told.stderr
    code = "from grader.lab.job import HAS_FORK; print(HAS_FORK)"
    said = subprocess.check_output([sys.executable, "-c", code], cwd=PROJECT, env=environment(tmp_path), text=True)
    assert said == "False\n"


def test_in_the_background(tmp_path: Path) -> None:
    """`nohup pytest &` ignores SIGINT; the tests that press Ctrl-C pass all the same."""
    test = "tests/test_keeping.py::test_ctrl_c_instead_of_an_answer"
    command = f"trap '' INT; exec '{sys.executable}' -m pytest {test} -q -p no:cacheprovider"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout


# -- what Windows lacks ------------------------------------------------------------------------------------------------

# Only reached where there is fork, or where the platform was asked before (`Bench`, `postgresql.start`).
POSIX_ONLY = {
    "grader/bench/cluster.py": "a cluster for own_server",
    "grader/bench/own_server.py": "postgresql.start takes PackagedServer on Windows",
    "grader/bench/server.py": "Bench starts it only with fork",
    "grader/lab/identity.py": "a user of its own, which only root has",
    "grader/lab/landlock.py": "version() is 0 elsewhere",
    "grader/lab/processes.py": "called by the server, and by a child that the server has forked",
    "grader/lab/server.py": "Bench starts it only with fork",
    "grader/removal.py": "remove() asks os.supports_dir_fd first",
}
GUARD = re.compile(r"hasattr\(|getattr\(|sys\.platform|os\.name|fork|AttributeError|supports_")


def lacking(module: str) -> set[str]:
    """The names of a module that Windows does not have, as the type stubs of the standard library document them."""
    file = TYPES / f"{module}.pyi"
    tree = ast.parse((file if file.is_file() else TYPES / module / "__init__.pyi").read_text(encoding="utf-8"))
    found: dict[bool, set[str]] = {True: set(), False: set()}

    def visit(body: list[ast.stmt], windows: bool) -> None:
        for node in body:
            if isinstance(node, ast.If):
                test = ast.unparse(node.test)
                here = {"sys.platform != 'win32'": False, "sys.platform == 'win32'": True}.get(test)
                posix = "sys.platform" in test and here is None  # only on Linux, or on macOS
                visit(node.body, windows and here is not False and not posix)
                visit(node.orelse, windows and here is not True)
            else:
                targets = [getattr(node, "target", None), *getattr(node, "targets", [])]
                names = [each.id for each in targets if isinstance(each, ast.Name)]
                found[windows].update([*names, *filter(None, [getattr(node, "name", None)])])

    visit(tree.body, True)
    return found[False] - found[True]


def uses(module: str, names: set[str]) -> Iterator[tuple[str, str, str]]:
    """File, name, and the code of the function around each use of one of these names in the grader."""
    for file in sorted((PROJECT / "grader").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        around: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(tree):
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for child in ast.iter_child_nodes(node):
                around[child] = node if is_function else around.get(node, tree)
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == module and node.attr in names:
                yield file.relative_to(PROJECT).as_posix(), node.attr, ast.unparse(around[node])


@pytest.mark.parametrize("module", ["os", "signal", "socket", "select", "time"])
def test_nothing_that_windows_lacks_is_used_unasked(module: str) -> None:
    names = lacking(module)
    assert module not in ("os", "signal") or names & {"fork", "geteuid", "SIGKILL"}
    found = [(file, name) for file, name, code in uses(module, names) if not GUARD.search(code)]
    assert [each for each in found if each[0] not in POSIX_ONLY] == []


def test_modules_that_only_posix_has_are_imported_where_they_are_needed() -> None:
    absent = {"fcntl", "grp", "pwd", "resource", "termios", "tty"}
    found = []
    for file in sorted((PROJECT / "grader").rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", "")}
                found += [f"{file.name}: {name}" for name in names & absent]
    assert found == []


# -- paths, line ends, names -------------------------------------------------------------------------------------------


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Copy]:
    r"""A copy of the project in a folder with spaces, umlauts and, where that is a letter like others, a backslash."""
    name = "Übung 1 (größer)" + ("" if os.name == "nt" else r" a\b 'x'")
    with copy_of_the_project(tmp_path / name) as made:
        yield made


def test_odd_paths(odd: Copy) -> None:
    odd.solve("01_engine", "05_crud")
    odd.change("chapters/05_crud/app/crud.py", "    db.refresh(item)\n", "")
    done = odd.run("check", "5")
    assert done.returncode == 1 and "chapters/05_crud/app/crud.py:" in done.stdout, done.stdout + done.stderr
    assert odd.run("check", cwd="chapters/01_engine/app").returncode == 0
    assert odd.run("diff", "5", "--yes", "--html", "Vergleich ä.html").returncode == 0
    assert (odd.folder / "Vergleich ä.html").is_file()
    assert odd.run("reset", "5", "--yes").returncode == 0 and odd.run("restore", "5", "--yes").returncode == 0
    command = [sys.executable, "-m", "pytest", "grader/test_01_engine.py", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=odd.folder, env=odd.environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


def test_line_ends_of_windows(tmp_path: Path) -> None:
    """Code is judged alike; what was given is known to be so; what is to do is to do."""
    for folder, chapters in (("solutions", ("05_crud", "06_routes")), ("chapters", ("07_uow",))):
        for chapter in chapters:
            shutil.copytree(PROJECT / folder / chapter, tmp_path / chapter)
    for file in tmp_path.rglob("*.py"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    targets = [Target(tmp_path, rule) for name in ("05_crud", "06_routes", "07_uow") for rule in rules_of(name)]
    with Bench() as bench:
        found = {check.id: check.outcome for _, check in bench.grade(targets)}
    assert {found[rule.id] for name in ("05_crud", "06_routes") for rule in rules_of(name)} == {"passed"}
    assert {found[rule.id] for rule in rules_of("07_uow")} == {"todo"}
    from grader.starters import given_files, untouched_tasks

    assert given_files("07_uow", tmp_path / "07_uow") == given_files("07_uow", PROJECT / "chapters/07_uow") != set()
    assert untouched_tasks("07_uow", tmp_path / "07_uow") == untouched_tasks("07_uow", PROJECT / "chapters/07_uow")


def test_no_two_names_differ_in_their_case_alone() -> None:
    """Where the file system takes them for the same, one would replace the other. No name is one that Windows keeps."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, encoding="utf-8")
    names = [name for name in listed.stdout.split("\0") if name]
    if not names:
        pytest.skip("this is no clone")
    assert len({name.casefold() for name in names}) == len(names)
    kept = re.compile(r'(?i)(^|/)(con|prn|aux|nul|com\d|lpt\d)(\.[^/]*)?(/|$)|[<>:"|?*\\]|[. ](/|$)')
    assert [name for name in names if kept.search(name)] == []
    assert max(map(len, names)) < 120, "Windows takes 260 letters for a whole path, where nobody has said otherwise"


# -- letters -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["cp1252", "cp437"])
def test_consoles_of_windows(encoding: str, copy: Copy) -> None:
    copy.solve("05_crud")
    copy.change("chapters/05_crud/app/crud.py", "    db.refresh(item)\n", "    print('Grüße ✓')\n")
    for chapter in {*CHAPTERS} - {"05_crud"}:  # what is not there is quickly judged
        shutil.rmtree(copy.folder / "chapters" / chapter)
    for arguments in (
        "status",
        "check 5",
        "hint 5.1 --all",
        "explain 05_crud.list_pages --yes",
        "diff 5 --yes",
        "--help",
    ):
        done = subprocess.run(
            ["workbook", *arguments.split()],
            executable=shutil.which("workbook", path=str(Path(sys.executable).parent)),
            cwd=copy.folder,
            env=copy.environment | {"PYTHONIOENCODING": encoding},
            capture_output=True,
            timeout=240,
        )
        text = done.stdout.decode(encoding)
        assert b"Traceback" not in done.stderr and text, done.stderr
        escapes = re.findall(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}", text)
        assert not escapes or set(escapes) == {r"\u2713"}, "only what the learner wrote is escaped"
