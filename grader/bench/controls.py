"""Verdict process: checks whose right verdict is known, slipped in among the others.

A child runs the code under test in the same process as the checks, so that code could tell verdicts of its own, and
no single message gives it away. Therefore each child is asked for one check more: a rule of the same chapter with an
expectation that nobody can meet. In what the child is asked, and in what it tells, names of checks tell nothing. Where
this one comes back as passed, the child tells what it likes, and nothing of the chapter counts. Before it has come
back, nothing that the child says has passed does.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from grader.bench import verdicts
from grader.bench.children import Child
from grader.bench.plan import Run, Target
from grader.lab.job import sealed
from grader.rules import Rule, rules_of

if TYPE_CHECKING:
    from grader.report import Check


def ask(child: Child, rules: Sequence[Rule]) -> tuple[str, ...]:
    """What a child is asked: the rules, and one of them once more, which is never the first.

    Args:
        child: remembers what their names mean.
        rules: the rules that it is to judge.
    """
    positions = {rule.name: position for position, rule in enumerate(rules_of(rules[0].chapter))}
    child.tickets = {sealed(child.token, positions[rule.name], control=False): rule for rule in rules}
    child.control = sealed(child.token, positions[secrets.choice(rules).name], control=True)
    asked = [*child.tickets]
    asked.insert(1 + secrets.randbelow(len(asked)), child.control)
    return tuple(asked)


def heard(run: Run, child: Child, rule: Rule, told: Any) -> Iterator[tuple[Target, Check]]:
    """Take what a child has told of a check: at once, or when the child has proved itself."""
    if run.shared.cheated:
        told = run.shared.cheated
    if not child.proved and isinstance(told, dict) and told.get("outcome") == "passed":
        if _is_hopeless(run, rule):
            yield from verdicts.judged(run, rule, verdicts.NEVER_PROVED)
        else:
            child.unproved.append((rule, told))
    else:
        yield from verdicts.judged(run, rule, told)


def proved(run: Run, child: Child) -> Iterator[tuple[Target, Check]]:
    """Take what a child has told of the check that nobody can pass."""
    told, child.told_of_control = child.told_of_control, []
    if not told or child.proved:
        return
    outcome = told[0].get("outcome") if len(told) == 1 and isinstance(told[0], dict) else "passed"
    if outcome == "passed":
        run.shared.cheated = run.shared.cheated or verdicts.CHEATED
    child.proved = True
    waiting, child.unproved = child.unproved, []
    for rule, verdict in waiting:
        yield from heard(run, child, rule, verdict)


def take_back(run: Run, child: Child) -> None:
    """Have what an ended child said has passed judged again, as it has not proved itself."""
    unproved, child.unproved = child.unproved, []
    run.taken_back.update(Counter(rule.name for rule, _ in unproved))
    run.waiting.extend(rule for rule, _ in unproved)


def _is_hopeless(run: Run, rule: Rule) -> bool:
    """Whether a rule was taken back so often that no honest child can be expected."""
    return run.taken_back[rule.name] > len(run.shared.selected)
