"""In the verdict process and in the child: what a rule is, and the roster by which a chapter is judged.

This module and the ``test_*.py`` files import nothing heavy, so that collecting them is quick and the
process that gives the verdicts never holds the libraries that the learner's code could have changed.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

# A check takes what it names: see `grader.lab.fixtures`.
CheckFunction = Callable[..., None]

CHAPTERS = (
    "01_engine",
    "02_models",
    "03_deps",
    "04_schemas",
    "05_crud",
    "06_routes",
    "07_uow",
    "08_sqlmodel",
    "09_relationships",
    "10_background",
)

# Chapters whose checks send no requests.
WITHOUT_HTTP = ("01_engine", "04_schemas", "05_crud")

# Chapters that are about what happens when the app is imported and started.
ABOUT_IMPORTS = ("01_engine", "02_models")


# Whose code it is that came with a chapter and is none of its tasks.
GIVEN = "given"

# The rule that judges what is none of a chapter's tasks.
THE_REST = "the_rest_still_works"

# The rule that is judged where the app was never imported before: it may do only once what it does then.
FIRST_IMPORT = "import_touches_no_database"

# How what was observed begins where a submission has no folder for the chapter.
NO_FOLDER = "there is no folder"


@dataclass(frozen=True)
class Rule:
    """One rule about behaviour, as the roster and the report know it.

    Attributes:
        chapter: folder name of the chapter, for example ``05_crud``.
        name: the rule's name within its chapter, for example ``create_refreshes``.
        task: number of the task that it judges, for example ``5.1``.
        title: what holds when the check passes, in one line.
        why: why it matters, in one or two sentences.
        hint: one hint that leads to the mistake without giving the answer away.
        needs: names of earlier rules of the chapter without which a failure of this one says nothing.
        function: the check itself.
        also: numbers of other tasks whose code it judges.
    """

    chapter: str
    name: str
    task: str
    title: str
    why: str
    hint: str
    needs: tuple[str, ...]
    function: CheckFunction
    also: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The stable identifier, ``NN_name.rule``."""
        return f"{self.chapter}.{self.name}"

    @cached_property
    def asks(self) -> tuple[str, ...]:
        """What the check asks for by its parameters' names (`grader.lab.fixtures`)."""
        return tuple(inspect.signature(self.function).parameters)


def rule(
    *, task: str, title: str, why: str, hint: str, needs: Sequence[str] = (), also: Sequence[str] = ()
) -> Callable[[CheckFunction], CheckFunction]:
    """Declare the function below as a check. The arguments are those of `Rule`."""

    def declare(function: CheckFunction) -> CheckFunction:
        chapter = function.__module__.rpartition(".test_")[2]
        name = function.__name__.removeprefix("test_")
        vars(function)["rule"] = Rule(chapter, name, task, title, why, hint, tuple(needs), function, tuple(also))
        return function

    return declare


def rule_of(function: Callable[..., Any]) -> Rule | None:
    """The rule that a function declares, or None for any other function."""
    found = vars(function).get("rule")
    return found if isinstance(found, Rule) else None


def again(
    check: CheckFunction,
    chapter: str,
    tasks: Mapping[str, str],
    needs: Sequence[str] | None = None,
    then: CheckFunction | None = None,
) -> CheckFunction:
    """The same rule in another chapter: the check is reused, only chapter and task number differ.

    Args:
        check: the check.
        chapter: the other chapter.
        tasks: for each task number of the original chapter the one in the other.
        needs: names of the rules of the other chapter that it needs, where those are not the same.
        then: what it asks for besides, of the same parts.
    """
    original = rule_of(check)
    assert original is not None, f"{check.__name__} declares no rule"

    # Defaults, and no variables: what is given to those, and put back, leaves no trace.
    def same_rule(
        function: Callable[..., None] = original.function, then: Callable[..., None] | None = then, /, **parts: Any
    ) -> None:
        function(**parts)
        if then is not None:
            then(**parts)

    same_rule.__name__ = check.__name__
    same_rule.__doc__ = check.__doc__
    vars(same_rule)["__signature__"] = inspect.signature(check)
    vars(same_rule)["rule"] = replace(
        original,
        chapter=chapter,
        task=tasks[original.task],
        also=tuple(tasks[each] for each in original.also),
        needs=original.needs if needs is None else tuple(needs),
        function=same_rule,
    )
    return same_rule


@cache
def rules_of(chapter: str) -> tuple[Rule, ...]:
    """All rules of a chapter, in the order in which they are written in its file."""
    module = importlib.import_module(f"grader.test_{chapter}")
    found = (rule_of(value) for name, value in vars(module).items() if name.startswith("test_"))
    return tuple(each for each in found if each is not None)


@cache
def asked_in(chapter: str) -> frozenset[str]:
    """Everything that the checks of a chapter ask for."""
    return frozenset(name for rule in rules_of(chapter) for name in rule.asks)


def roster(chapters: Sequence[str] = CHAPTERS) -> tuple[Rule, ...]:
    """All rules of the given chapters."""
    return tuple(each for chapter in chapters for each in rules_of(chapter))


def chapter_named(words: str) -> str:
    """The chapter that ``5``, ``05``, ``05_crud``, ``5.1``, a rule's id or a path into its folder names, or ``""``."""
    parts = re.split(r"[/\\]", words.strip())
    names = [part.partition(".")[0] for part in parts] if len(parts) == 1 else parts
    numbers = {str(int(chapter[:2])): chapter for chapter in CHAPTERS}
    known = {**numbers, **{chapter[:2]: chapter for chapter in CHAPTERS}, **{chapter: chapter for chapter in CHAPTERS}}
    return next((known[name] for name in names if name in known), "")


def rules_named(words: str) -> tuple[Rule, ...]:
    """The rules of the chapter or task, or the one rule, that the words name; none where there is no such thing.

    Args:
        words: what `chapter_named` takes, or ``all``.
    """
    if words.strip() == "all":
        return roster()
    chapter, task = chapter_named(words), task_named(words)
    if not chapter or not task:
        return rules_of(chapter) if chapter else ()
    name = task.partition(".")[2]
    return tuple(rule for rule in rules_of(chapter) if name == rule.name or task in (rule.task, *rule.also))


def task_named(words: str) -> str:
    """The number of the task that ``5.1``, ``05.1`` or ``05_crud.1`` names: ``5.1``; ``""`` where no part is named.

    Whether there is such a task is not looked at: of ``05_crud.rule``, it is ``5.rule``.
    """
    chapter, part = chapter_named(words), words.strip().partition(".")[2]
    return f"{int(chapter[:2])}.{part}" if chapter and part and not re.search(r"[/\\]", words) else ""
