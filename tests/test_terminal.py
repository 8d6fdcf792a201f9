"""What a run says in a terminal."""

from __future__ import annotations

import pytest

from grader.report import Check
from grader.rules import rules_of
from grader.terminal import ASCII, WIDTH, Signs, chapters, closing, failure, next_step, signs_for


def check(task: str, outcome: str, **more: object) -> Check:
    chapter = {"1": "01_engine", "5": "05_crud", "10": "10_background"}[task.partition(".")[0]]
    return Check(id=f"{chapter}.rule", chapter=chapter, task=task, title="a rule", outcome=outcome, **more)  # type: ignore[arg-type]


MEND = "next: mend chapter 05, task 5.1 (chapters/05_crud/README.md)"


@pytest.mark.parametrize(
    ("outcomes", "step"),
    [
        ({"1.1": "passed"}, ""),
        ({"1.1": "passed", "10.1": "passed"}, ""),
        ({"1.1": "passed", "5.1": "todo", "5.2": "todo"}, "next: chapter 05, task 5.1 (chapters/05_crud/README.md)"),
        ({"1.1": "todo", "5.1": "failed"}, "next: chapter 01, task 1.1 (chapters/01_engine/README.md)"),
        (
            {"1.1": "passed", "5.1": "failed", "5.2": "todo"},
            MEND,
        ),
        ({"5.1": "blocked", "5.2": "error"}, "next: mend chapter 05, task 5.2 (chapters/05_crud/README.md)"),
        ({"5.10": "todo", "5.2": "todo"}, "next: chapter 05, task 5.2 (chapters/05_crud/README.md)"),
        ({"5.1": "timeout"}, MEND),
    ],
)
def test_next_step(outcomes: dict[str, str], step: str) -> None:
    assert next_step([check(task, outcome) for task, outcome in outcomes.items()]) == step


def test_the_next_chapter_comes_after_a_whole_one() -> None:
    found = [check("1.1", "passed").model_copy(update={"id": rule.id}) for rule in rules_of("01_engine")]
    assert next_step(found) == "next: chapter 02 (chapters/02_models/README.md)"
    assert next_step(found[1:]) == ""


def test_failure_has_every_fact_and_fits_the_terminal() -> None:
    facts = {
        "did": "create_item(db, data) " * 10,
        "observed": "\x1b[31mred\x07",
        "expected": "y" * 200,
        "why": "because",
    }
    told = check("5.1", "failed", **facts, hint="look", where="05_crud/app/crud.py:3", trace=["BEGIN"] * 40)
    lines = [line.text for line in failure(told, ASCII)]
    assert [line[6:15].strip() for line in lines if line[6] != " "] == [
        "rule", "did", "saw", "wanted", "why", "where", "timeline", "hint",
    ]  # fmt: skip
    assert max(map(len, lines)) <= WIDTH
    text = "\n".join(lines)
    assert "\x1b" not in text and "\\x1b[31mred\\x07" in text and "..." in text


def test_printed_output_is_shown_without_control_characters() -> None:
    told = check("5.1", "failed", observed="x", printed="one\n\x1b[2Jtwo" + "z" * 300)
    lines = [line.text for line in failure(told, ASCII)]
    assert "          | one" in lines and max(map(len, lines)) <= WIDTH
    assert not any("\x1b" in line for line in lines)


def test_chapters_and_closing() -> None:
    found = [check("1.1", "todo"), check("5.1", "passed"), check("5.2", "blocked", observed="x (first: other)")]
    text = "\n".join(line.text for line in (*chapters(found, ASCII), *closing(found)))
    assert text == (
        "01_engine\n  - all 1 checks are still to do\n\n"
        "05_crud\n  + 5.1 a rule\n  - 5.2 a rule: waits (first: other)\n\n"
        "1 of 3 checks passed.\nnext: chapter 01, task 1.1 (chapters/01_engine/README.md)"
    )


def test_an_error_is_told_once_and_without_what_the_rule_has_to_say() -> None:
    broken = {"observed": "app/crud.py is missing", "where": "05_crud/app/crud.py", "why": "because", "hint": "look"}
    found = [check("5.1", "error", **broken), check("5.2", "error", **broken), check("5.3", "failed", **broken)]
    text = "\n".join(line.text for line in chapters(found, ASCII))
    assert text.count("app/crud.py is missing") == 2 and "  x 5.2 a rule: the same error\n" in text
    assert text.count("because") == 1 and text.count("look") == 2


def test_what_is_in_the_way_of_code_that_was_written() -> None:
    stand_in = {"observed": "5.1 include the router", "begun": True}
    found = [check("5.2", "todo", **stand_in), check("5.3", "todo", **stand_in)]
    text = "\n".join(line.text for line in (*chapters(found, ASCII), *closing(found)))
    assert "all 2 checks are still to do\n      saw       this is still in the way: 5.1 include the router\n" in text
    assert text.endswith("0 of 2 checks passed.\nnext: chapter 05, task 5.1 (chapters/05_crud/README.md)")
    left = check("5.2", "todo", observed="5.2 look it up", begun=True, where="05_crud/app/crud.py:20")
    text = " ".join(" ".join(line.text.split()) for line in chapters([left, check("5.3", "passed")], ASCII))
    assert "take it out when your code is there where chapters/05_crud/app/crud.py:20" in text


def test_the_next_step_for_code_that_broke_is_its_place() -> None:
    found = [check("5.1", "error", where="05_crud/app/crud.py:3"), check("5.2", "todo")]
    assert next_step(found, submission="mine") == "next: mend mine/05_crud/app/crud.py:3"


def test_signs() -> None:
    assert signs_for("utf-8") == Signs()
    assert signs_for("ascii") == signs_for(None) == signs_for("no such encoding") == ASCII
