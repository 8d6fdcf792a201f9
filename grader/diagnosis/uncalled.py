"""In the child: methods that are named and not called, in every chapter."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.crud import reached
from grader.diagnosis.endpoints import own_files
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import File, name_of, text_of

# What asks a query or its result for something, by its last name.
_ASKING = (
    *("all", "first", "one", "one_or_none", "scalar", "scalars", "scalar_one", "scalar_one_or_none", "unique"),
    *("fetchone", "fetchall", "fetchmany", "mappings", "partitions", "yield_per", "count", "model_dump"),
)
# What a session does, and what the timeline shows of it.
_DOING = {"commit": "COMMIT", "rollback": "ROLLBACK", "delete": "DELETE", "add": "INSERT"}
# Of what else it does, what is seen where it has not been done.
_MISSED = {"refresh": re.compile("Detached"), "close": re.compile("a session still|is still open|connection")}
_A_METHOD = re.compile(
    r"bound method|<(?:built-in )?(?:method|function) |builtins\.(?:method|function)|"
    r"'(?:method|function|builtin_function_or_method)'|not (?:method|function)\b"
)


@reading("a method that is not called")
def method_not_called(evidence: Evidence) -> Told | None:
    """Without parentheses a method is only named: whoever asks for its result gets the method itself."""
    words = [evidence.saw, *(each.message for each in evidence.raised)]
    taken = [each for each in words if _A_METHOD.search(each)]
    for file, inner in _named_where_it_raised(evidence) if taken else ():
        hint = f"This line takes the method {inner.attr} itself. What is missing after it?"
        return Told(where=f"{file.name}:{inner.end_lineno}", hint=hint)
    for file, node, value in _named(evidence, *_ASKING) if taken else ():
        asked = isinstance(value.value, ast.Call) or name_of(value.value) in ("result", "rows", "query", "data")
        if value.attr in _ASKING and asked and not isinstance(node, ast.Expr):
            name = file.function_at(node.lineno) if isinstance(node, ast.Return) else ""
            what = f"{name}() gives back" if name else "This line takes"
            hint = f"{what} the method {value.attr} itself. What is missing after it?"
            why = f"Whoever calls {name}() goes on with what it gives back." if name else ""
            return Told(where=f"{file.name}:{value.end_lineno}", hint=hint, why=why)
    return None


@reading("a map() that nobody loops over")
def lazy_and_alone(evidence: Evidence) -> Told | None:
    """map(), filter() and a generator expression do nothing by themselves, only when somebody goes through them."""
    for file in [each for each in own_files(evidence) if any(map(_may_be_lazy, each.lines))]:
        for node in [each for each in file.nodes if isinstance(each, ast.Expr)]:
            called = text_of(node.value.func) if isinstance(node.value, ast.Call) else ""
            if called in ("map", "filter") or isinstance(node.value, ast.GeneratorExp):
                what = f"{called}()" if called else "This expression"
                hint = f"{what} calls nothing until somebody goes through it. Who does?"
                return Told(where=file.at(node), hint=hint)
    return None


def _may_be_lazy(line: str) -> bool:
    return line.lstrip().startswith("(") or "map(" in line or "filter(" in line


@reading("a statement that calls nothing")
def nothing_called(evidence: Evidence) -> Told | None:
    """A line that only names commit or another method of a session does nothing: the parentheses call it."""
    for file, node, value in _named(evidence, *_DOING, *_MISSED):
        sent = _DOING.get(value.attr, "") if isinstance(node, ast.Expr) else ""
        missed = _MISSED.get(value.attr) if isinstance(node, ast.Expr) else None
        if missed is not None and missed.search(evidence.saw) and _ran(evidence, file, node):
            return Told(where=file.at(value), hint=f"This line names {value.attr}. Does it call it?")
        refused = evidence.raised and evidence.raised_kind("InvalidRequestError") is None
        if sent and not evidence.sent(sent) and not refused and _ran(evidence, file, node):
            saw = evidence.saw if f"no {sent}" in evidence.saw else f"{evidence.saw}; no {sent} was sent"
            hint = f"This line names {value.attr}. Does it call it?"
            return Told(saw=saw, where=file.at(value), hint=hint)
    return None


def _named(evidence: Evidence, *names: str) -> list[tuple[File, ast.Expr | ast.Return | ast.Assign, ast.Attribute]]:
    """The statements of the learner's that come to a method, or another attribute, of these that they do not call."""
    uncalled = re.compile(rf"\.(?:{'|'.join(names)})\b(?!\()")
    return [
        (file, node, node.value)
        for file in own_files(evidence)
        if any(map(uncalled.search, file.lines))  # most files have none, and are not parsed
        for node in file.nodes
        if isinstance(node, ast.Expr | ast.Return | ast.Assign)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr in names
    ]


def _named_where_it_raised(evidence: Evidence) -> list[tuple[File, ast.Attribute]]:
    """The methods that are named and not called in the line from which an exception came."""
    where = innermost(evidence.raised[0], evidence.given) if evidence.raised else ""
    file, line = evidence.source.file(where.rpartition(":")[0]), where.rpartition(":")[2]
    called = {id(each.func) for each in file.nodes if isinstance(each, ast.Call)}
    attributes = [each for each in file.nodes if isinstance(each, ast.Attribute) and id(each) not in called]
    own = file.name not in evidence.given
    return [(file, each) for each in attributes if own and each.attr in _ASKING and str(each.end_lineno) == line]


def _ran(evidence: Evidence, file: File, node: ast.stmt) -> bool:
    """Whether the function around a line was called, or has sent something to the database."""
    name = file.function_at(node.lineno)
    places = [event.where for event in evidence.events] + [line for each in evidence.raised for line in each.lines]
    within = any(each.startswith(f"{file.name}:") and evidence.source.function_of(each) == name for each in places)
    asked = re.search(rf"\b{name}\(", "".join(evidence.did[-1:])) is not None
    return bool(name) and (within or asked or any(each.name == name for _, each in reached(evidence)))
