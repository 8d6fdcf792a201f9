"""In the child: more mistakes in functions that read items: what comes between the query and its caller."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.crud import (
    COUNTS,
    built,
    calls_in,
    made_of,
    offset_counts_pages,
    page_sent,
    reached,
    unlike_the_page,
)
from grader.diagnosis.endpoints import own_line
from grader.diagnosis.evidence import Event, Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import File, Function, arguments_of, calls, inside, name_of, text_of

_CALLED = re.compile(r"list_items\(db(?:, (?:offset=)?(\d+))?(?:, (?:limit=)?(\d+))?\)")


def _select(evidence: Evidence) -> Event | None:
    """The last SELECT of items that a line of the learner's has sent."""
    return next((event for event in reversed(evidence.events_of("SELECT items")) if event.where), None)


def _condition(event: Event) -> str:
    """What stands behind WHERE in a statement, in small letters; empty where it has none."""
    words = event.words.partition(" where ")[2]
    return re.split(r" order by | limit | offset ", words)[0]


def _asked(evidence: Evidence) -> tuple[int, int] | None:
    """Offset and limit that were asked for."""
    line = evidence.did[-1] if evidence.did else ""
    found = _CALLED.match(line)
    if found is None:
        return None
    only = re.search(r"\(db, limit=(\d+)\)", line)
    return (0, int(only[1])) if only else (int(found[1] or 0), int(found[2] or 100))


def _sent(event: Event) -> list[int]:
    values = event.parameters.values() if isinstance(event.parameters, dict) else event.parameters or ()
    return [value for value in values if isinstance(value, int)]


_COMPARED = re.compile(r" (between|[<>]=?) [^\sa-z]")


@reading("a page of numbered rows that begins or ends elsewhere", "list_pages")
def numbered_otherwise(evidence: Evidence) -> Told | None:
    """ROW_NUMBER numbers the rows from 1. A page is those from offset + 1 to offset + limit; ``BETWEEN`` and ``<=``
    include their bounds, ``<`` does not."""
    event, asked = _select(evidence), _asked(evidence)
    words = event.words if event else ""
    if event is None or asked is None or evidence.raised or not re.search(r"\brow_number\(\) over \(", words):
        return None
    operators, values = _COMPARED.findall(words), _sent(event)
    bounds = _first_and_last(operators, values, limited=" limit " in words)
    right = asked[0] + 1, asked[0] + asked[1]
    if bounds is None or bounds == right:
        return None
    nodes = [(file, each) for file, node in reached(evidence) for each in inside(node)]
    compared = [(file, each) for file, each in nodes if _compares_a_bound(each)]
    where = compared[0][0].at(compared[0][1]) if compared else own_line(evidence, event.where)
    saw = f"{evidence.saw}; the SELECT took the rows that ROW_NUMBER counts as {bounds[0]} to {bounds[1]}"
    after = f" after the first {asked[0]}" if asked[0] else ""
    hint = f"ROW_NUMBER begins with 1. This page has up to {asked[1]} rows{after}: which numbers are those? "
    hint += _INCLUDES[operators[0]]
    return Told(saw=saw, where=where, hint=hint)


_INCLUDES = {
    "between": "BETWEEN includes both of its bounds.",
    **dict.fromkeys(("<=", ">="), "An = includes the bound itself."),
    **dict.fromkeys(("<", ">"), "Without an =, the bound itself is left out."),
}


def _first_and_last(operators: list[str], values: list[int], *, limited: bool) -> tuple[int, int] | None:
    """The numbers of the first and of the last row that a statement takes, from what it compares a number with."""
    if operators == ["between"] and len(values) == 2:
        return values[0], values[1]
    if limited and len(operators) == 1 and operators[0] in (">", ">=") and len(values) > 1:
        first = values[0] + (operators[0] == ">")
        return first, first + values[1] - 1
    bounds = dict(zip((each[0] for each in operators), values, strict=False))
    if len(operators) != 2 or len(values) != 2 or {*bounds} != {"<", ">"}:
        return None
    return bounds[">"] + (">" in operators), bounds["<"] - ("<" in operators)


def _compares_a_bound(node: ast.AST) -> bool:
    """Whether an expression compares something with offset or limit: ``number.between(offset, …)``, ``> offset``."""
    between = isinstance(node, ast.Call) and name_of(node) == "between"
    compared = node.args if between and isinstance(node, ast.Call) else getattr(node, "comparators", [])
    return any(re.search(r"\b(offset|limit)\b", text_of(each)) for each in compared if isinstance(each, ast.expr))


@reading("rows are left out of the list", "list_pages", "list_is_ordered", "the_rest_still_works")
def filtered(evidence: Evidence) -> Told | None:
    """A list gives all items, page by page; a WHERE keeps some of them out of every page."""
    event = _select(evidence)
    if evidence.rule == "the_rest_still_works" and not "".join(evidence.did[-1:]).startswith("GET /items/?"):
        return None
    if event is None or not _condition(event) or re.match(r"\(?(items\.)?id\s*(>|between)", _condition(event)):
        return None
    actual, expected = evidence.actual, evidence.expected
    if (
        isinstance(actual, list)
        and isinstance(expected, list)
        and sorted(map(str, actual)) == sorted(map(str, expected))
    ):
        return None  # all of them are there
    if isinstance(actual, int) and isinstance(expected, int) and actual > expected:
        return None  # and more than that
    made = calls_in(evidence, "where", "filter", "filter_by")
    where = (
        made[0][0].at(made[0][1]) if len(made) == 1 else built(evidence, event.where, "where", "filter", "filter_by")
    )
    return Told(
        saw=f"{evidence.saw}; the SELECT has WHERE {_condition(event)}",
        where=where,
        hint="Nobody asked to leave items out.",
    )


@reading("a page is put together of several queries", "list_pages")
def page_in_parts(evidence: Evidence) -> Told | None:
    """OFFSET and LIMIT count the rows of their own query. Two queries that both have them skip more than was asked."""
    sent = [event for event in evidence.events_of("SELECT items") if event.where and "offset" in event.words]
    if len(sent) < 2 or evidence.raised or not evidence.saw.startswith("ids on the page"):
        return None
    made = calls_in(evidence, "offset", "slice")
    if not made or len({_condition(event) for event in sent[-2:]}) < 2:
        return None
    hint = "Each of your queries skips rows, and ends, by itself. Which rows do offset and limit count then?"
    return Told(saw=f"{evidence.saw}; {len(sent)} queries were sent", where=made[-1][0].at(made[-1][1]), hint=hint)


@reading("limit or offset is changed before the query", "list_pages")
def bounds_changed(evidence: Evidence) -> Told | None:
    """The caller says which page it wants; what makes another number of it gives another page."""
    event, asked = _select(evidence), _asked(evidence)
    if event is None or asked is None or not _sent(event):
        return None
    wrong = [name for name, value in (("offset", asked[0]), ("limit", asked[1])) if value not in _sent(event)]
    for name in wrong:
        for file, node in [(file, each) for file, function in reached(evidence) for each in inside(function)]:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            assigned = isinstance(node, ast.stmt) and any(name_of(each) == name for each in targets if each is not None)
            bounded = isinstance(node, ast.Call) and name_of(node) in ("min", "max") and f"{name}" in text_of(node)
            either = isinstance(node, ast.BoolOp) and text_of(node.values[0]) == name
            made = node if isinstance(node, ast.expr) else getattr(node, "value", None)
            if (assigned or bounded or either) and number_of(made, *asked) != dict(offset=asked[0], limit=asked[1])[
                name
            ]:
                value = dict(offset=asked[0], limit=asked[1])[name]
                asked_for = f"asked for {name} {value}" if str(value) in evidence.did[-1] else f"says nothing of {name}"
                hint = f"The caller {asked_for}. What is it after this line?"
                if not assigned:
                    hint = f"The caller {asked_for}. What does this line do with it?"
                if name == "offset" and offset_counts_pages(evidence):
                    hint = COUNTS
                return Told(saw=f"{evidence.saw}{_sent_instead(event, asked)}", where=file.at(node), hint=hint)
    return None


def number_of(node: ast.AST | None, offset: int, limit: int) -> int | None:
    """What an expression such as ``max(offset, 0)`` makes of a page that was asked for; None where that is unclear."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.Name):
        return {"offset": offset, "limit": limit}.get(node.id)
    if isinstance(node, ast.BoolOp) and len(node.values) == 2:
        left, right = (number_of(each, offset, limit) for each in node.values)
        return (left or right) if isinstance(node.op, ast.Or) and left is not None else None
    if isinstance(node, ast.Call) and name_of(node) in ("min", "max", "int") and not node.keywords:
        numbers = [number_of(each, offset, limit) for each in node.args]
        known = [each for each in numbers if each is not None]
        return (min if name_of(node) == "min" else max)(known) if known and len(known) == len(numbers) else None
    return None


def _sent_instead(event: Event, asked: tuple[int, int]) -> str:
    """What a SELECT asked for, where it says so in numbers that are not those that were asked for."""
    words, values = event.words, _sent(event)
    both = " limit " in words and " offset " in words and len(values) > 1 and values[-2:] != [asked[1], asked[0]]
    return f"; the SELECT was sent with LIMIT {values[-2]} and OFFSET {values[-1]}" if both else ""


@reading("an option of the page under another name", "list_pages", "list_is_ordered")
def option_by_another_name(evidence: Evidence) -> Told | None:
    """``options.get("skip", 0)`` finds nothing where the caller says ``offset=``, and takes its default for it."""
    if evidence.raised or not unlike_the_page(evidence):
        return None
    for file, function in reached(evidence):
        asked = _looked_up(function)
        for name in dict.fromkeys(each for each, _, _ in asked):
            handed = _names_handed(evidence, file, function, name)
            read = {key for each, key, _ in asked if each == name}
            read |= {*re.findall(rf"\b{name}\[['\"](\w+)['\"]\]", text_of(function))}
            missed = [(key, call) for each, key, call in asked if each == name and key not in handed]
            if missed and unlike_the_page(evidence) & (handed - read):
                hint = f"This looks for '{missed[0][0]}', and takes a default where nobody hands that over. "
                return Told(where=file.at(missed[0][1]), hint=f"{hint}Under which name does it come?")
    return None


def _looked_up(function: Function) -> list[tuple[str, str, ast.Call]]:
    """What a function looks up by ``options.get("limit")``: the variable, the key and the call."""
    found = []
    for call in calls(function, "get", "pop"):
        of, key = getattr(call.func, "value", None), call.args[0] if call.args else None
        if isinstance(of, ast.Name) and isinstance(key, ast.Constant) and isinstance(key.value, str):
            found.append((of.id, key.value, call))
    return found


def _names_handed(evidence: Evidence, file: File, function: Function, name: str) -> set[str]:
    """The names under which a function gets values in ``**name``, or in a dictionary that is its parameter."""
    if function.args.kwarg is not None and function.args.kwarg.arg == name:
        made = [call for each in evidence.source.files() for call in each.calls(function.name)]
        return {each.arg for call in made for each in call.keywords if each.arg} - {*arguments_of(function)}
    handed = evidence.source.handed_over(file, function, name) if name in arguments_of(function) else None
    if handed is None:
        return set()
    around = evidence.source.function(handed[0].function_at(handed[1].lineno), handed[0].name)
    made_there = made_of(around[1], handed[1]) if around else [handed[1]]
    keys = [key for each in made_there if isinstance(each, ast.Dict) for key in each.keys]
    by_name = [each for each in made_there if isinstance(each, ast.Call) and name_of(each) == "dict"]
    named = {one.arg for each in by_name for one in each.keywords if one.arg}
    return {str(each.value) for each in keys if isinstance(each, ast.Constant)} | named


@reading("an empty page that is None", "list_pages")
def none_for_an_empty_page(evidence: Evidence) -> Told | None:
    """Where there is nothing to list, the list is empty. A caller that goes through it needs no other case."""
    if evidence.saw != "among what was returned: None" or evidence.did[:1] != ["removed the only item"]:
        return None
    returns = [
        (file, each)
        for file, function in reached(evidence)
        for each in inside(function)
        if isinstance(each, ast.Return) and re.search(r"\bNone\b", text_of(each) or "None")
    ]
    if len(returns) != 1:
        return None
    file, node = returns[0]
    hint = "An empty page is an answer, too. What should come back where there is nothing to list?"
    if isinstance(node.value, ast.BoolOp):
        hint = "An empty page is an answer, too. But an empty list counts as false: what does this line do with it?"
    name = evidence.did[-1].partition("(")[0]
    why = "Whoever goes through the pages comes to an empty one in the end: a list with nothing in it."
    return Told(saw=f"{name} returned None", wanted="an empty list", where=file.at(node), hint=hint, why=why)


@reading("the page is changed after the query", "list_pages", "list_is_ordered")
def changed_afterwards(evidence: Evidence) -> Told | None:
    """What the query gives is the page; whatever is cut, left out or sorted after that makes another one of it."""
    event, asked = _select(evidence), _asked(evidence)
    if event is None or asked is None:
        return None
    if evidence.rule == "list_pages" and not (set(_sent(event)) >= {value for value in asked if value}):
        return None
    if not re.search(r"order by (items\.)?id\b(?! desc)", event.words) or _condition(event):
        return None
    if evidence.rule == "list_pages" and page_sent(evidence) and unlike_the_page(evidence):
        return None
    found = [
        (file, each)
        for file, function in reached(evidence)
        for each in inside(function)
        if _changes_a_page(each, evidence.rule)
    ]
    if len(found) != 1:
        return None
    file, node = found[0]
    hint = "The query gives the right rows, in the right order. What does this line do with them?"
    return Told(where=file.at(node), hint=hint)


def _changes_a_page(node: ast.AST, rule: str) -> bool:
    if isinstance(node, ast.Call) and name_of(node) in ("sorted", "sort", "reversed", "reverse", "shuffle", "set"):
        return rule == "list_is_ordered" or name_of(node) == "set"
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        return True
    comprehension = isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp)
    return comprehension and (any(each.ifs for each in node.generators) or not isinstance(node, ast.ListComp))  # type: ignore[attr-defined]


@reading("the row is looked up by its place", "get_returns_the_item")
def found_by_position(evidence: Evidence) -> Told | None:
    """OFFSET counts rows. Ids have gaps, so the row at place 5 is not the row with the id 5."""
    event = _select(evidence)
    words = event.words if event else ""
    if event is None or _condition(event) or " offset " not in words or not any(_sent(event)[-1:]):
        return None
    return Told(
        saw=f"{evidence.saw}; the SELECT counts rows, and has no WHERE",
        where=own_line(evidence, event.where),
        hint="Ids go on, and some are gone. Does the row at this place have the id that was asked for?",
    )


@reading("an item is looked for in one page", "get_returns_the_item")
def looked_for_in_a_page(evidence: Evidence) -> Told | None:
    """A page ends after some rows; an item behind it is not found there."""
    event = _select(evidence)
    words = event.words.replace(" limit all ", " ") if event else ""  # PostgreSQL's none
    if event is None or _condition(event) or " limit " not in words:
        return None
    if not any(value > 1 for value in _sent(event)[:1]):  # first() asks for one row
        return None
    return Told(
        saw=f"{evidence.saw}; the SELECT asked for the rows of one page, not for this id",
        where=own_line(evidence, _caller(evidence) or event.where),
        hint="A page ends somewhere, and ids go on. What looks a row up by its id?",
    )


def _caller(evidence: Evidence) -> str:
    """Where get_item asks for the page."""
    chain: list[tuple[File, ast.AST]] = [(file, node) for file, node in reached(evidence)[:1]]
    for file, node in chain:
        for each in ast.walk(node):
            if isinstance(each, ast.Call) and name_of(each) == "list_items":
                return file.at(each)
    return ""
