"""What a run says in a terminal."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest

from grader.bench.plan import Run, Shared
from grader.bench.verdicts import judged, timed_out, without_places
from grader.diagnosis.source import File
from grader.places import PROJECT
from grader.report import Check, entry_of
from grader.rules import rules_of
from grader.shown import harmless
from grader.terminal import (
    ASCII,
    Style,
    blocks,
    chapters,
    closing,
    failure,
    next_step,
    outcomes_by_task,
    style_for,
    task_within,
)


def check(task: str, outcome: str, **more: object) -> Check:
    chapter = {"1": "01_engine", "5": "05_crud", "8": "08_sqlmodel", "10": "10_background"}[task.partition(".")[0]]
    return Check(id=f"{chapter}.rule", chapter=chapter, task=task, title="a rule", outcome=outcome, **more)  # type: ignore[arg-type]


FIX = "next: fix 5.1, then `workbook check 5`"


@pytest.mark.parametrize(
    ("outcomes", "step"),
    [
        ({"1.1": "passed"}, ""),
        ({"1.1": "passed", "10.1": "passed"}, ""),
        ({"1.1": "passed", "5.1": "todo", "5.2": "todo"}, "next: chapter 05, task 5.1 (chapters/05_crud/README.md)"),
        ({"1.1": "todo", "5.1": "failed"}, "next: chapter 01, task 1.1 (chapters/01_engine/README.md)"),
        (
            {"1.1": "passed", "5.1": "failed", "5.2": "todo"},
            FIX,
        ),
        ({"5.1": "blocked", "5.2": "error"}, "next: fix 5.2, then `workbook check 5`"),
        ({"5.10": "todo", "5.2": "todo"}, "next: chapter 05, task 5.2 (chapters/05_crud/README.md)"),
        ({"5.1": "timeout"}, FIX),
    ],
)
def test_next_step(outcomes: dict[str, str], step: str) -> None:
    assert next_step([check(task, outcome) for task, outcome in outcomes.items()]) == step


def test_the_task_that_was_asked_for_is_next_where_no_check_is_named_after_it() -> None:
    found = [check("8.7", "todo"), check("8.9", "todo")]
    assert next_step(found, asked="8.8").startswith("next: chapter 08, task 8.8 ")
    assert next_step([check("8.7", "failed"), *found[1:]], asked="8.8").startswith("next: fix 8.7")


def test_an_untouched_task_is_not_passed_over() -> None:
    found = [check("8.13", "todo"), check("8.14", "todo")]
    assert next_step(found, asked="8.12").startswith("next: chapter 08, task 8.12 ")
    assert next_step(found, asked="8.17").startswith("next: chapter 08, task 8.13 "), "what comes first is done first"


def test_the_next_chapter_comes_after_a_whole_one() -> None:
    found = [replace(check("1.1", "passed"), id=rule.id) for rule in rules_of("01_engine")]
    assert next_step(found) == "next: chapter 02 (chapters/02_models/README.md)"
    assert next_step(found[1:]) == ""


def test_a_notebook_names_its_magics() -> None:
    (line,) = closing([check("5.1", "failed"), check("5.2", "todo")], in_notebook=True)
    assert line.text == "next: fix 5.1, then `%grade 5.1`"
    assert next_step([check("10.1", "error"), check("10.2", "todo")], in_notebook=True).endswith("then `%grade 10.1`")
    broken = check("8.1", "error")  # a task without a check of its own
    assert next_step([broken], in_notebook=True) == "next: fix 8.1, then `%grade 08`"
    asked = check("8.7", "failed", mistake="m", where="08_sqlmodel/app/models.py:3", task_there="8.1")
    assert next_step([asked], in_notebook=True) == "next: fix 8.1, then `%grade 8.7`", "what was graded shows it again"
    asked = replace(asked, task_there="8.4")  # whose own check may be waiting for another task
    assert next_step([asked], in_notebook=True) == "next: fix 8.4, then `%grade 8.7`"


@pytest.mark.parametrize(
    ("outcomes", "untouched", "wanted"),
    [
        ({"5.2": "todo", "5.3": "todo"}, [], ("task", "5.2")),
        ({"5.2": "todo", "5.3": "failed"}, [], ("fix", "5.3")),
        ({"5.2": "failed 5.4"}, [], ("fix", "5.4")),
        ({"5.2": "blocked", "5.3": "todo"}, [], ("task", "5.3")),
        ({"5.3": "todo"}, ["5.2"], ("task", "5.2")),
        ({"5.2": "failed", "5.3": "todo"}, ["5.2"], ("task", "5.2")),
        ({"5.2": "error", "5.3": "todo"}, ["5.2"], ("fix", "5.2")),
        ({"5.2": "blocked"}, [], ("task", "5.2")),
        ({}, [], ("", "")),
    ],
)
def test_the_next_task_within_a_chapter(
    outcomes: dict[str, str], untouched: list[str], wanted: tuple[str, str]
) -> None:
    found = {rule.id: outcomes.get(rule.task, "passed") for rule in rules_of("05_crud")}
    assert task_within("05_crud", found, untouched) == wanted


def test_failure_has_every_fact_and_fits_the_terminal() -> None:
    facts = {
        "did": "create_item(db, data) " * 10,
        "observed": "\x1b[31mred\x07",
        "expected": "y" * 200,
        "why": "because",
    }
    told = check(
        "5.1", "failed", **facts, hint="look", where="05_crud/app/crud.py:3", line="    return x", trace=["BEGIN"] * 40
    )
    lines = [line.text for line in failure(told, ASCII)]
    labels = [line[6:15].strip() for line in lines if line[6] != " "]
    assert labels == ["did", "saw", "wanted", "where", "hint", "why", "timeline", "rule"]
    assert max(len(line) for line in lines if "yyy" not in line) <= ASCII.width
    text = "\n".join(lines)
    assert "\x1b" not in text and "\\x1b[31mred\\x07" in text and "..." in text
    assert "crud.py:3\n                    return x\n" in text


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_words_and_paths_stay_whole_at_every_width(width: int) -> None:
    place = "05_crud/app/a_folder_with_a_long_name/and_another_one/crud.py:3"
    told = check("5.1", "failed", observed="some words " * 30, expected="x-y-z " * 40, where=place)
    lines = [line.text for line in failure(told, style_for("ascii", width))]
    assert any(place in line for line in lines)
    assert all(len(line) <= width for line in lines if place not in line)
    assert not any(line.rstrip().endswith("-") or line.lstrip().startswith("-") for line in lines)


def test_printed_output_names_no_file_of_the_grader() -> None:
    own = PROJECT / "grader/lab/code.py"
    printed = (
        f"{own}:12: SAWarning: not in a session\n  function()\nhello\n"
        f'Traceback (most recent call last):\n  File "{own}", line 9, in call\n    function()\n    ~~~~~~~~^^\n'
        '  File "/learner/app/crud.py", line 3, in f\n    db.add(1)\n'
        '  File "/env/lib/site-packages/sqlalchemy/orm/session.py", line 1, in add\nValueError\n'
    )
    assert without_places(printed, Path("/learner")) == (
        "SAWarning: not in a session\nhello\n"
        'Traceback (most recent call last):\n  File "app/crud.py", line 3, in f\n    db.add(1)\nValueError'
    )


def test_printed_output_is_shown_without_control_characters() -> None:
    told = check("5.1", "failed", observed="x", printed="one\n\x1b[2Jtwo" + "z" * 300)
    lines = [line.text for line in failure(told, ASCII)]
    assert "          | one" in lines and max(map(len, lines)) <= ASCII.width
    assert not any("\x1b" in line for line in lines)


def test_text_of_blank_lines_is_made_harmless_at_once() -> None:
    began = time.perf_counter()
    assert harmless("a:" + "\n" * 19_900 + "b\n ::warning::x").endswith(" : :warning::x")
    assert time.perf_counter() - began < 0.5


def test_the_caret_points_into_the_line_that_python_cannot_read() -> None:
    told = check("5.1", "error", observed="x", where="05_crud/app/crud.py:3", line="    return (x", caret=12)
    lines = [line.text for line in failure(told, ASCII)]
    assert lines[lines.index(" " * 20 + "return (x") + 1] == " " * 20 + "       ^"


def test_numbers_come_first_failures_last_and_then_the_next_step() -> None:
    found = [
        check("1.1", "todo"),
        replace(check("5.1", "passed"), id="05_crud.another"),
        check("5.3", "failed", observed="a"),
        replace(check("5.2", "blocked", observed="x (first: rule)"), id="05_crud.third"),
    ]
    text = "\n".join(line.text for line in (*chapters(found, ASCII), *closing(found)))
    assert text == (
        "01_engine         1 check is still to do\n"
        "05_crud           1 passed, 1 to fix, 1 waits for it\n"
        "1 of 4 checks passed.\n\n05_crud\n\n"
        "  x 5.3 a rule\n      saw       a\n      rule      05_crud.rule\n      1 check waits for this one.\n"
        "next: chapter 01, task 1.1 (chapters/01_engine/README.md)"
    )


def test_one_mistake_is_one_block() -> None:
    broken = {"observed": "app/crud.py is missing", "where": "05_crud/app/crud.py", "why": "because", "hint": "look"}
    found = [check("5.1", "error", **broken), check("5.2", "error", **broken), check("5.3", "failed", **broken)]
    found = [replace(each, id=f"05_crud.rule_{number}") for number, each in enumerate(found)]
    text = "\n".join(line.text for line in chapters(found, ASCII))
    assert text.startswith("05_crud           2 to fix, 1 waits for them\n"), "of 5.2 nothing is known"
    assert text.count("app/crud.py is missing") == 2 and "also" not in text
    assert text.count("because") == 1 and text.count("look") == 2


def test_one_mistake_that_ends_in_many_ways_is_one_block() -> None:
    same = {"mistake": "get_item_returns_no_item", "where": "05_crud/app/crud.py:3"}
    found = [check("5.1", "error", observed="locked", **same), check("5.2", "failed", observed="a list", **same)]
    (block,) = blocks(found)
    assert (block.check.observed, [each.observed for each in block.same]) == ("a list", ["locked"])


def test_an_address_is_not_shown() -> None:
    assert without_places(
        "New instance <Item at 0x7fb10870c870> of <app.X object at 0x7fb1086f>, at 0x7fb1", Path("/x")
    ) == ("New instance <Item> of <app.X object>, at 0x7fb1")


def test_the_same_mistake_in_another_place_is_another_block() -> None:
    same = {"observed": "gone", "mistake": "not_refreshed"}
    found = [check("5.1", "failed", **same, where="05_crud/app/crud.py:3"), check("5.4", "failed", **same)]
    assert len(blocks(found)) == 2
    found = [replace(each, where="05_crud/app/crud.py:9", observed=each.task) for each in found]
    assert [block.check.task for block in blocks(found)] == ["5.1"]


def test_the_task_to_fix_is_the_one_whose_line_is_shown() -> None:
    there = {"elsewhere": True, "task_there": "5.2", "where": "05_crud/app/crud.py:9"}
    known = [check("5.1", "failed", mistake="not_refreshed", **there), check("5.2", "passed")]
    (block,) = blocks(known)
    assert (block.task, block.check.task) == ("5.2", "5.1")
    text = "\n".join(line.text for line in (*chapters(known, ASCII), *closing(known)))
    assert "x 5.2 a rule" in text and "next: fix 5.2" in text
    guessed = [check("5.1", "failed", **there), check("5.2", "passed")]
    assert [block.task for block in blocks(guessed)] == ["5.1"]
    told = [
        replace(check("5.1", "failed", **there), id="05_crud.a"),
        replace(check("5.2", "failed", where=there["where"]), id="05_crud.b"),
    ]
    assert outcomes_by_task(told) == {"05_crud.a": "blocked", "05_crud.b": "failed"}
    named = [replace(each, id=f"05_crud.{each.outcome}") for each in known]
    assert outcomes_by_task(named) == {"05_crud.failed": "failed 5.2", "05_crud.passed": "passed"}


def test_a_method_belongs_to_the_functions_that_use_it() -> None:
    text = """class Table:
    def keep(self, db, row): self.save(db)
    def remove(self, db, row): self.save(db)
    def save(self, db): ...
table = Table()
def create(db): table.keep(db, 1)
def delete(db): table.remove(db, 1)
"""
    file = File("app/crud.py", text)
    assert file.around("Table.remove") == [["table"], ["delete"], []]
    assert file.around("Table.save") == [["table"], ["create", "delete"], []]
    assert file.around("Table") == [["table"], ["create", "delete"], []]


def test_an_endless_loop_is_one_block() -> None:
    found = [
        check("5.1", "timeout", observed=f"still running after {seconds} seconds", where=f"05_crud/app/crud.py:{line}")
        for seconds, line in ((10, 3), (10, 4), (2, 3))
    ]
    assert len(blocks(found)) == 1


def test_a_task_that_waits_is_to_be_changed_in_its_own_file() -> None:
    rules = rules_of("10_background")
    run = Run(Path(), "10_background", deque(), Shared(frozenset(rule.name for rule in rules)))
    told = timed_out(10, "10_background/app/tasks.py:11", Path())
    found = [each for rule in rules for _, each in judged(run, rule, told)]
    (block,) = blocks(found)
    assert (block.task, block.check.observed) == ("10.4", "the task is still running after 10 seconds")
    assert {each.task for each in (block.check, *block.same)} == {"10.4"}
    told = timed_out(10, "10_background/app/routes/events.py:11", Path())
    assert told["observed"] == "still running after 10 seconds" and told["expected"].startswith("an answer in time")


def test_what_another_block_has_waiting_is_not_lost_with_it() -> None:
    """Two ways to the same broken line: all that could not be judged on them waits for the one mistake."""
    at = {"where": "05_crud/app/crud.py:1", "line": "x = 1 / 0"}
    own = [check("5.1", "error", observed="importing app/crud.py raised ...", **at)]
    theirs = {"observed": "importing app/main.py raised ...", "elsewhere": True, "task_there": "5.1", **at}
    others = [replace(check("5.2", "error", **theirs), id=f"05_crud.other_{number}") for number in range(3)]
    (block,) = blocks([*own, *others])
    assert {each.id for each in block.waiting} == {each.id for each in others}


def test_a_check_waits_for_the_one_that_its_own_waits_for() -> None:
    names = {"a": "failed", "b": "blocked", "c": "blocked"}
    needs = {"a": "", "b": " (first: a)", "c": " (first: b)"}
    found = [
        replace(check("5.1", outcome, observed=f"x{needs[name]}"), id=f"05_crud.{name}")
        for name, outcome in names.items()
    ]
    (block,) = blocks(found)
    assert [waiting.id for waiting in block.waiting] == ["05_crud.b", "05_crud.c"]


def test_what_waits_for_a_check_that_nobody_asked_for_waits_for_the_same_mistake() -> None:
    failed = Check("09_relationships.a", "09_relationships", "9.6", "a", "failed", observed="a crash: no owner")
    waits = replace(failed, id="09_relationships.b", outcome="blocked", observed="no owner (first: c)")
    other = replace(waits, observed="no page (first: c)")
    words = {each.observed: next(chapters([failed, each], Style())).text.partition("  ")[2] for each in (waits, other)}
    assert blocks([failed, waits])[0].waiting == [waits] and blocks([failed, other])[0].waiting == []
    assert words == {
        waits.observed: "1 to fix, 1 waits for it",
        other.observed: "1 to fix, 1 waits for another task",
    }


def test_what_is_in_the_way_of_code_that_was_written() -> None:
    stand_in = {"observed": "5.1 include the router", "begun": True}
    found = [check("5.2", "todo", **stand_in), check("5.3", "todo", **stand_in)]
    text = "\n".join(line.text for line in (*chapters(found, ASCII), *closing(found)))
    assert "both checks are still to do\n      2 checks still need 5.1: include the router\n" in text
    assert text.endswith("next: chapter 05, task 5.1 (chapters/05_crud/README.md)")
    left = check("5.2", "todo", observed="5.2 look it up", begun=True, where="05_crud/app/crud.py:20")
    text = " ".join(" ".join(line.text.split()) for line in chapters([left, check("5.3", "passed")], ASCII))
    assert "remove it when your code is there where chapters/05_crud/app/crud.py:20" in text


def test_the_next_step_for_code_that_broke_is_its_place() -> None:
    found = [check("5.1", "error", where="05_crud/app/crud.py:3"), check("5.2", "todo")]
    assert next_step(found, submission="mine") == "next: fix mine/05_crud/app/crud.py:3"
    assert next_step(found) == "next: fix chapters/05_crud/app/crud.py:3, then `workbook check 5`"


def test_style() -> None:
    assert style_for("utf-8", 80) == Style()
    assert style_for("ascii", 80) == style_for(None, 80) == style_for("no such encoding", 80) == ASCII
    assert (style_for("utf-8", 10).width, style_for("utf-8", 300).width) == (40, 100)


def test_what_code_looks_at_is_said_below_the_numbers_of_a_whole_chapter() -> None:
    """Not where something is to be fixed, which comes first, nor after a part."""
    looks = "looks at the frames of its callers: 05_crud/app/crud.py"
    rules = rules_of("05_crud")

    def told(outcome: str, count: int = len(rules)) -> list[str]:
        found = [entry_of(rule, outcome="passed") for rule in rules[:count]]
        found[0].outcome, found[-1].looks = outcome, looks  # type: ignore[assignment]
        return [line.text for line in chapters(found, Style(width=200))]

    said = told("passed")
    assert said[0].startswith("05_crud") and said[1].startswith(f"Note: this code {looks}. It has passed; ")
    assert not [text for text in (*told("failed"), *told("passed", 3)) if "Note:" in text]
