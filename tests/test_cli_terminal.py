"""The command ``workbook`` where a person sits in front of it: in a pseudo-terminal, with keys and Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pexpect
import pytest
import watchfiles

from grader.cli.saves import saves
from tests.copies import COMMAND, Copy

WAITING = "waiting for the next save"
IS_IDLE = os.getloadavg()[0] < (os.cpu_count() or 1)
REFRESH = "    db.refresh(item)\n"


@contextmanager
def terminal(copy: Copy, *arguments: str, **environment: str) -> Iterator[pexpect.spawn[str]]:
    """The command in a terminal of 80 columns; it leaves nothing behind."""
    child = pexpect.spawn(
        COMMAND,
        list(arguments),
        cwd=copy.folder / "chapters",
        env=copy.environment | environment,
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 80),
    )
    try:
        yield child
        child.expect(pexpect.EOF)
        child.close()
    finally:
        child.close(force=True)
    assert not list(copy.temporary.iterdir())


def save(copy: Copy, old: str = "", new: str = "") -> None:
    """Save the solution's ``crud.py``, with a change, in chapter 05."""
    text = (copy.folder / "solutions/05_crud/app/crud.py").read_text()
    assert old in text
    (copy.folder / "chapters/05_crud/app/crud.py").write_text(text.replace(old, new))


def test_watch_answers_every_save(copy: Copy) -> None:
    with terminal(copy, "watch", "5") as screen:
        screen.expect("05_crud           all 13 checks are still to do")
        screen.expect(WAITING)
        save(copy)
        screen.expect("checks: to do -> passed")
        screen.expect("05_crud           13 passed")
        screen.expect("Compare your code with solutions/05_crud")
        screen.expect(WAITING)
        times = []
        for _ in range(4):
            for old, verdict in ((REFRESH, "passed -> to fix"), ("", "to fix -> passed")):
                begin = time.perf_counter()
                save(copy, old)
                screen.expect(verdict)
                screen.expect("05_crud  .* passed")
                times.append(time.perf_counter() - begin)
                screen.expect(WAITING)
        is_idle = os.getloadavg()[0] < (os.cpu_count() or 1)
        assert min(times) < (0.4 if is_idle else 4), times
        save(copy, "", "")
        screen.expect("nothing has changed since the last run")
        screen.expect(WAITING)
        screen.send("q")
    assert screen.exitstatus == 0


def test_watch_names_a_check_by_one_number(copy: Copy) -> None:
    copy.solve("10_background")
    events = copy.folder / "chapters/10_background/app/routes/events.py"
    right = events.read_text()
    wrong = right.replace("    background_tasks.add_task(record_event, item.id, data.kind)\n", "")
    assert wrong != right
    with terminal(copy, "watch", "10") as screen:
        screen.expect(WAITING)
        for text, outcomes in ((wrong, "passed -> to fix"), (right, "to fix -> passed")):
            events.write_text(text)
            screen.expect(f"  (10.[0-9]) the event is written: {outcomes}")
            assert screen.match.group(1) == "10.3", "its rule is of 10.4, and the code that is wrong of 10.3"
            if text == wrong:
                screen.expect("10.3 the event is written")
            screen.expect(WAITING)
        screen.send("q")
    assert screen.exitstatus == 0


def test_watch_takes_keys(copy: Copy) -> None:
    save(copy, REFRESH)
    with terminal(copy, "watch") as screen:
        screen.expect("watching chapters/01_engine")
        screen.expect(WAITING)
        screen.send("h")
        screen.expect("Task 1.1")
        screen.expect("where to look")
        screen.expect(WAITING)
        copy.solve("01_engine")
        screen.expect("01_engine         10 passed")
        screen.expect(r"\[n\] next chapter")
        screen.send("n")
        screen.expect("watching chapters/02_models")
        screen.expect(WAITING)
        screen.send("q")
    assert screen.exitstatus == 0
    with terminal(copy, "watch", "5") as screen:
        screen.expect("create_item returns a fully loaded item")
        screen.expect("rule      05_crud.create_refreshes")
        screen.expect(WAITING)
        screen.send("n")
        screen.expect("rule      05_crud.update_refreshes")
        screen.expect(WAITING)
        screen.send("h")
        screen.expect("Task 5.4")
        screen.expect(WAITING)
        screen.sendintr()
    assert screen.exitstatus == 130


def test_what_takes_long_says_so(copy: Copy) -> None:
    save(copy, "    return db.get(Item, item_id)", "    while True:\n        pass")
    with terminal(copy, "watch", "5") as screen:
        screen.expect("watching chapters/05_crud")
        screen.expect(r"checking; \d+ of 13 checks are done so far", timeout=5)
        save(copy, "    return db.get(Item, item_id)", "    while 1:\n        pass")
        screen.expect("saved: app/crud.py", timeout=2 if IS_IDLE else 8)
        screen.expect(r"checking; \d+ of 13 checks are done so far")
        screen.send("q")
    with terminal(copy) as screen:
        screen.expect("Checking the code that has changed")
        screen.expect("1.1")


def test_a_save_does_not_wait_for_an_endless_loop(copy: Copy) -> None:
    with terminal(copy, "watch", "5") as screen:
        screen.expect(WAITING)
        save(copy, "    return db.get(Item, item_id)", "    while True:\n        pass")
        screen.expect("checks: to do -> passed")
        save(copy)
        begin = time.perf_counter()
        screen.expect("05_crud           13 passed")
        assert time.perf_counter() - begin < 8, "the time limit of a check is 10 seconds"
        save(copy, "    return db.get(Item, item_id)", "    while True:\n        pass")
        screen.expect("saved: app/crud.py")
        screen.send("q")
        begin = time.perf_counter()
        screen.expect(pexpect.EOF)
        assert time.perf_counter() - begin < 8
    assert screen.exitstatus == 0


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_when_it_is_told_to_end(end: signal.Signals, copy: Copy) -> None:
    with terminal(copy, "watch", "5") as screen:
        screen.expect(WAITING)
        screen.kill(end)
    assert screen.exitstatus == 128 + end


def test_saves_are_seen_where_the_file_system_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(
        *folders: Path, rust_timeout: int, stop_event: threading.Event, **options: object
    ) -> Iterator[set[object]]:
        while not stop_event.wait(rust_timeout / 1000):
            yield set()

    monkeypatch.setattr(watchfiles, "watch", silent)
    assert first_save(tmp_path) == ["app/crud.py"]

    def broken(*folders: Path, **options: object) -> Iterator[set[object]]:
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr(watchfiles, "watch", broken)
    assert first_save(tmp_path) == ["app/crud.py"]


def first_save(folder: Path) -> list[str]:
    (folder / "app").mkdir(exist_ok=True)
    file = folder / "app" / "crud.py"
    file.write_text("x = 1")
    stop = threading.Event()
    threading.Timer(0.2, lambda: file.write_text("x = 1\ny = 2")).start()
    names = next(saves(folder, stop))
    stop.set()
    file.unlink()
    return names


@pytest.mark.parametrize("options", [["--solution"], ["--solution", "--database", "postgresql"], []])
def test_run_serves_a_chapter(options: list[str], copy: Copy) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    if "--solution" in options:  # whose server does not run what lies beside the database
        planted = copy.folder / ".workbook/run/06_routes/uvicorn.py"
        planted.parent.mkdir(parents=True)
        planted.write_text("raise SystemExit('this was run')")
    with terminal(copy, "run", "6", "--port", port, *options) as screen:
        screen.expect("http://127.0.0.1:" + port)
        screen.expect("startup complete")
        answer = httpx.post(f"http://127.0.0.1:{port}/items/", json={"name": "lamp"})
        assert answer.status_code == (201 if options else 501)
        if not options:
            taken = copy.run("run", "6", "--port", port)
            assert taken.returncode == 2 and "--port" in taken.stderr
            path = copy.folder / "chapters/06_routes/app/main.py"
            path.write_text(path.read_text().replace('title="Items"', 'title="Changed"'))
            screen.expect("startup complete")
            assert httpx.get(f"http://127.0.0.1:{port}/openapi.json").json()["info"]["title"] == "Changed"
        screen.sendintr()
    assert screen.exitstatus == 130
    assert not list((copy.folder / "solutions").rglob("*.db"))


def test_explain_asks_before_it_shows_a_solution(copy: Copy) -> None:
    with terminal(copy, "explain", "05_crud.create_refreshes") as screen:
        screen.expect(r"\[y/N\]")
        assert "how " in screen.before and "+    db.refresh" not in screen.before
        screen.sendline("n")
        screen.expect("Not shown")
    assert screen.exitstatus == 1 and "+    db.refresh" not in screen.before


def test_questions_and_colours(copy: Copy) -> None:
    copy.solve("01_engine")
    copy.change("chapters/01_engine/app/db.py", "# 1.1", "# mine\n# 1.1")
    with terminal(copy, "reset", "1") as screen:
        screen.expect("Go on?")
        screen.sendline("n")
        screen.expect("Nothing was done")
    assert screen.exitstatus == 1
    with terminal(copy, "check", "1") as screen:
        screen.expect("\x1b\\[32m")
    with terminal(copy, "check", "1", NO_COLOR="1") as screen:
        screen.expect("01_engine         10 passed")
        assert "\x1b[3" not in screen.before
