"""Verdict process and commands: the report, one schema, from which every output is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field, computed_field, field_validator

from grader.databases import Database
from grader.shown import harmless

if TYPE_CHECKING:
    from grader.rules import Rule

_NO_VERDICT = "no verdict: the run was interrupted"
_FIRST = "Fix this first. Your code can be checked only when this works."

Outcome = Literal["passed", "failed", "todo", "error", "blocked", "timeout"]


class Check(BaseModel):
    """The verdict on one rule.

    `did`, `function`, `caret`, `printed`, `traceback`, `begun` and `misplaced` are for the screen only; in the JSON
    report `observed` begins with what was done. `function` and `caret` (a column, from 1) tell more of `where`,
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
    trace: list[str] = []
    seconds: float = 0.0
    did: str = Field(default="", exclude=True)
    function: str = Field(default="", exclude=True)
    elsewhere: bool = Field(default=False, exclude=True)
    task_there: str = Field(default="", exclude=True)
    caret: int = Field(default=0, exclude=True)
    printed: str = Field(default="", exclude=True)
    traceback: str = Field(default="", exclude=True)
    begun: bool = Field(default=False, exclude=True)
    misplaced: str = Field(default="", exclude=True)
    unjudged: bool = Field(default=False, exclude=True)
    cut_off: bool = Field(default=False, exclude=True)
    unknown: bool = Field(default=False, exclude=True)
    looks: str = Field(default="", exclude=True)

    @field_validator("*", mode="after")
    @classmethod
    def _is_harmless(cls, value: Any) -> Any:
        if isinstance(value, list):
            return [harmless(each) for each in value]
        return harmless(value) if isinstance(value, str) else value

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


class Summary(BaseModel):
    """How many of the selected checks passed."""

    passed: int
    total: int


class Report(BaseModel):
    """Everything that one run found out about one submission."""

    schema_version: Literal[1] = Field(default=1, serialization_alias="schema")
    submission: str
    database: Database
    checks: list[Check]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def summary(self) -> Summary:
        """The numbers in one line."""
        return Summary(passed=sum(c.outcome == "passed" for c in self.checks), total=len(self.checks))

    def to_json(self) -> str:
        """The report as JSON text in the documented order of keys."""
        from pydantic_core import to_json

        data = self.model_dump(by_alias=True)
        for entry, check in zip(data["checks"], self.checks, strict=True):
            if check.did and check.observed:
                entry["observed"] = f"{check.did}: {check.observed}"
        order = ("schema", "submission", "database", "summary", "checks")
        return to_json({key: data[key] for key in order}, indent=2).decode() + "\n"
