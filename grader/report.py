"""Verdict process and commands: the report, one schema, from which every output is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from grader.databases import Database
from grader.shown import harmless

if TYPE_CHECKING:
    from grader.rules import Rule

_NO_VERDICT = "no verdict: the run was interrupted"
_FIRST = "Fix this first. Your code can be checked only when this works."

Outcome = Literal["passed", "failed", "todo", "error", "blocked", "timeout"]


def _of_the_screen(default: Any) -> Any:
    return field(default=default, metadata={"in_report": False})


# No model of Pydantic's: importing that takes as long as half of pytest, and nothing else here needs it.
@dataclass
class Check:
    """The verdict on one rule.

    `did`, `function`, `caret`, `printed`, `traceback`, `begun` and `misplaced` are for the screen only; in the JSON
    report `observed` begins with what was done. `differs` says that nobody knows the mistake, and that `where` is the
    learner's own line. `function` and `caret` (a column, from 1) tell more of `where`,
    `elsewhere` that it is not in the code of the task, and `task_there` in that of which other task, as far as that
    is known, or that it is in what the chapter gave (`GIVEN`).
    `begun` says of what is to do that the code of its task is no longer the starter's, `misplaced` what was written
    for it where it does not count, and `unjudged` that something of the grader's own went wrong: it is no verdict
    on the code, and is not kept. `cut_off` says that other chapters of the submission left no time for it: it is
    none on the code of whoever else hands in the same. `unknown` says that the check was never judged, `looks`
    what of the grader's process the code has asked for meanwhile: that is no fault, and somebody may want to know it.
    """

    id: str
    chapter: str
    task: str
    title: str
    outcome: Outcome
    observed: str = ""
    expected: str = ""
    why: str = ""
    hint: str = ""
    where: str = ""
    line: str = ""
    mistake: str | None = None
    trace: list[str] = field(default_factory=list)
    seconds: float = 0.0
    did: str = _of_the_screen("")
    function: str = _of_the_screen("")
    elsewhere: bool = _of_the_screen(False)
    task_there: str = _of_the_screen("")
    caret: int = _of_the_screen(0)
    differs: bool = _of_the_screen(False)
    printed: str = _of_the_screen("")
    traceback: str = _of_the_screen("")
    begun: bool = _of_the_screen(False)
    misplaced: str = _of_the_screen("")
    unjudged: bool = _of_the_screen(False)
    cut_off: bool = _of_the_screen(False)
    unknown: bool = _of_the_screen(False)
    looks: str = _of_the_screen("")

    def __post_init__(self) -> None:
        for name, kinds in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kinds):
                raise TypeError(f"{name} cannot be {value!r}")
            if isinstance(value, str):
                setattr(self, name, harmless(value))
        if self.outcome not in get_args(Outcome):
            raise ValueError(f"there is no outcome {self.outcome!r}")
        if not all(isinstance(each, str) for each in self.trace):
            raise TypeError(f"trace cannot be {self.trace!r}")
        self.trace, self.seconds = [harmless(each) for each in self.trace], float(self.seconds)

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The entry of a report that was written before.

        Raises:
            TypeError: it is none.
            ValueError: it has an outcome that there is not.
        """
        return cls(**{each.name: entry[each.name] for each in fields(cls) if each.name in entry})

    @property
    def is_open(self) -> bool:
        """Whether nobody knows what the right verdict would be: it says nothing about the code."""
        return self.unjudged or self.unknown

    def facts(self, between: str = " > ") -> dict[str, str]:
        """What there is to say about a check that did not pass, by label, in the order in which it is told.

        Args:
            between: what separates the moments of the timeline.
        """
        trace = self.trace if len(self.trace) <= 16 else [*self.trace[:8], "...", *self.trace[-7:]]
        inside = f" in {self.function}" if self.function else ""
        facts = {
            "did": self.did,
            "saw": self.observed,
            "wanted": self.expected,
            "where": self.where and self.where + inside,
            "hint": self.hint if self.outcome != "timeout" else "",
            # Code that broke earlier, or came to no end, is not helped by what the rule has to say.
            "why": self.why if self.outcome not in ("error", "timeout") else "",
            "timeline": between.join(trace),
            "rule": self.id,
        }
        return {label: text for label, text in facts.items() if text}


_OF_A_KIND: dict[Any, Any] = {
    **{"str": str, "Outcome": str, "str | None": (str, NoneType), "list[str]": list},
    **{"float": (float, int), "int": int, "bool": bool},
}
_KINDS = {each.name: _OF_A_KIND[each.type] for each in fields(Check)}
_IN_REPORT = [each.name for each in fields(Check) if each.metadata.get("in_report", True)]


def no_verdict(rule: Rule) -> Check:
    """The entry for a rule that was never judged, as the run was interrupted."""
    return entry_of(rule, outcome="error", observed=_NO_VERDICT, unknown=True)


def entry_of(rule: Rule, **told: Any) -> Check:
    """The entry for a rule: what the roster knows of it, and what was found out.

    Args:
        rule: the rule.
        told: fields of `Check`; ``outcome`` at least.
    """
    check = Check(id=rule.id, chapter=rule.chapter, task=rule.task, title=rule.title, **told)
    if check.outcome != "passed" and not check.is_open:
        check.why = check.why or rule.why
        check.hint = check.hint or (rule.hint if check.outcome != "error" else _FIRST)
    return check


@dataclass(frozen=True)
class Summary:
    """How many of the selected checks passed."""

    passed: int
    total: int


@dataclass(frozen=True)
class Report:
    """Everything that one run found out about one submission."""

    submission: str
    database: Database
    checks: list[Check]

    @property
    def summary(self) -> Summary:
        """The numbers in one line."""
        return Summary(passed=sum(c.outcome == "passed" for c in self.checks), total=len(self.checks))

    def to_json(self) -> str:
        """The report as JSON text in the documented order of keys."""
        data = {
            "schema": 1,
            "submission": self.submission,
            "database": self.database,
            "summary": vars(self.summary),
            "checks": [_entry(check) for check in self.checks],
        }
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _entry(check: Check) -> dict[str, Any]:
    entry = {name: getattr(check, name) for name in _IN_REPORT}
    if check.did and check.observed:
        entry["observed"] = f"{check.did}: {check.observed}"
    return entry
