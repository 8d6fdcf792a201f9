"""In the child: mistakes on the way from a request to the database and back, in every chapter that has endpoints."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.crud import STOPS, built, page_sent, reached
from grader.diagnosis.endpoints import (
    alias_of,
    behind,
    body_parameter,
    endpoint_of,
    handlers_of,
    own_line,
    parameter_of,
    request_of,
    routes_of,
)
from grader.diagnosis.evidence import Event, Evidence
from grader.diagnosis.parameters import made_by_hand
from grader.diagnosis.reading import TOO_STRICT, Told, reading, reading_of
from grader.diagnosis.routes import said_status
from grader.diagnosis.saves import flushed_not_committed, not_committed
from grader.diagnosis.source import (
    File,
    Function,
    calls,
    decorators,
    defaults_of,
    first_line,
    inside,
    keyword,
    name_of,
    text_of,
)
from grader.diagnosis.starting import (
    created_at_another_moment,
    created_at_the_end,
    created_conditionally,
    deleted_at_the_start,
    models_unknown,
    not_called,
)

_UNKNOWN = "get_unknown_is_404", "patch_unknown_is_404", "delete_unknown_is_404", "unknown_item_is_404"
_ONE_ITEM = "read_answers_the_item", "patch_keeps_omitted_fields", "delete_answers_204"
_WRITES = (
    *("create_answers_201", "patch_keeps_omitted_fields", "patch_null_clears", "delete_answers_204"),
    *("create_persists", "update_persists", "update_null_clears", "update_keeps_omitted_fields"),
    *("update_empty_string_is_a_value", "event_is_written", "item_and_event_are_saved_together"),
)
_METHODS = "get", "post", "put", "patch", "delete", "api_route", "middleware"
_SENDS = (
    *("commit", "add", "add_all", "delete", "update_item", "create_item", "delete_item", "execute", "flush"),
    *("add_task", "add_item", "add_event", "setattr", "sqlmodel_update"),
)


_A_CALL = re.compile(r"(\w+)\(")


def chain_of(evidence: Evidence) -> list[tuple[File, Function]]:
    """The learner's functions that a story is about: those behind the last request, or the one that was called."""
    chain = behind(evidence)
    called = [_A_CALL.match(line) for line in evidence.did]
    for match in called:
        found = evidence.source.function(match[1]) if match else None
        if found is not None and found not in chain and found[0].name not in evidence.given:
            chain.append(found)
    listed = evidence.source.function("list_items_with_owner", "app/crud.py")
    return [*chain, listed] if listed is not None and listed not in chain else chain


@reading("a stand-in that is still there", "the_rest_still_works")
def stand_in_left(evidence: Evidence) -> Told | None:
    """The stand-in of the starter answers every path that nothing else answers; a finished app has no use for it."""
    task = re.match(r"501 (\d+)\.(\d+) ", evidence.saw)
    found = evidence.source.function(f"to_do_{task[1]}_{task[2]}") if task else None
    if found is None or not evidence.wanted.startswith("404"):
        return None
    first = first_line(found[1])
    saw = "a path that does not exist is answered with 501, by the stand-in"
    hint = "This answers whatever nothing else answers. It stood in for a router: is it still needed?"
    if any(_includes(found[0], each) for each in found[0].tree.body if each.lineno > first):
        saw = "the stand-in answers 501 to every path that no route above it has"
        hint = (
            "FastAPI asks the routes from top to bottom, and this one answers every path. Your router comes after it: "
        )
        hint += "is the stand-in still needed?"
    return Told(saw=saw, wanted="404", where=found[0].at(first), hint=hint)


def _includes(file: File, statement: ast.stmt) -> bool:
    """Whether a statement of the module includes a router, by itself or by a function of the module."""
    if isinstance(statement, Function):
        return False
    by = [each.name for each in file.functions if calls(each, "include_router")]
    return bool(calls(statement, "include_router", *by))


_INCLUDED_INSIDE = re.compile(r"^\s.*\binclude_router\b")


@reading("the router is included in a route")
def included_in_a_route(evidence: Evidence) -> Told | None:
    """Lines of a route run when somebody asks for its path: until then the app does not know the router."""
    main = evidence.source.file("app/main.py")
    if main.name in evidence.given or not any(map(_INCLUDED_INSIDE.search, main.lines)):
        return None
    routes = {id(call): node for _, node, _, _ in routes_of(evidence) for call in calls(node, "include_router")}
    included = main.calls("include_router")
    if not included or any(id(each) not in routes for each in included):
        return None
    hint = "This line runs only when somebody asks for the path of the route that it stands in. "
    if routes[id(included[0])].name.startswith("to_do_"):
        hint += "It is to run before that: is the stand-in still needed?"
    else:
        hint += "When is it to run?"
    return Told(where=main.at(included[0]), hint=hint)


@reading("a route that answers every path", "the_rest_still_works")
def catches_all(evidence: Evidence) -> Told | None:
    """A path that does not exist is 404, which FastAPI answers by itself, unless a route takes it."""
    name, _, line = evidence.endpoint.rpartition(":")
    if (
        not evidence.wanted.startswith("404")
        or not line
        or "no" not in request_of(evidence)[1]
        or "501" in evidence.saw
    ):
        return None
    if name in evidence.given or not re.search(r"\{\w+:path\}", evidence.source.line(evidence.endpoint)):
        return None
    hint = (
        "This route answers every path that no other route does. Which status tells a client that a path does not "
        "exist?"
    )
    return Told(where=evidence.endpoint, hint=hint)


@reading("a handler that answers with a success", "the_rest_still_works", *_UNKNOWN)
def handler_answers_200(evidence: Evidence) -> Told | None:
    """A response is 200 unless it says something else, also one that tells of an error."""
    if not evidence.saw.startswith("200") or not evidence.wanted.startswith("404") or '"id":' in evidence.saw:
        return None
    for file, node, kind in handlers_of(evidence):
        if kind in _OTHER_ERRORS or (evidence.source.class_(kind) and not _is_raised(evidence, kind)):
            continue
        for each_file, each in _with_what_answers(evidence, file, node):
            answers = calls(each, "JSONResponse", "Response", "PlainTextResponse", "HTMLResponse")
            said = "status_code" in text_of(node) or any(len(one.args) > 1 for one in answers)
            if answers and not said and "status_code" not in text_of(each):
                when = "for a 404" if kind.isdigit() else f"when a line raises {kind}"
                hint = f"This makes the answer {when}. Which status does it have?"
                return Told(where=each_file.at(answers[0]), hint=hint)
    return None


_OTHER_ERRORS = "NotImplementedError", "RequestValidationError", "ResponseValidationError"


def _is_raised(evidence: Evidence, kind: str) -> bool:
    """Whether any line raises an exception of a class of the learner's own, or of one that inherits from it."""
    raised = [each.exc for file in evidence.source.files() for each in file.nodes if isinstance(each, ast.Raise)]
    families = [evidence.source.ancestry(evidence.source.class_(name_of(each))) for each in raised]
    return any(class_.name == kind for family in families for _, class_ in family)


def _with_what_answers(evidence: Evidence, file: File, handler: ast.AST) -> list[tuple[File, ast.AST]]:
    """A handler, and the learner's functions that it calls."""
    called = [evidence.source.function(name_of(each)) for each in inside(handler) if isinstance(each, ast.Call)]
    return [(file, handler), *(each for each in called if each is not None)]


def at_start(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """A reading of how tables are created, for the chapters that come later."""
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        missing = evidence.saw.startswith("tables after the start") and "create_all() is not called" not in evidence.saw
        whole = replace(evidence, events=[*evidence.earlier, *evidence.events])  # what an import has made, too
        return original.holds(whole) if missing else None

    vars(holds)["reading"] = replace(original, rules=("the_rest_still_works",), holds=holds)
    return holds


@reading("the wrong row is changed", *("delete_unknown_is_404", "patch_unknown_is_404"), *_ONE_ITEM[1:])
def another_row(evidence: Evidence) -> Told | None:
    """The id in the path says which row is meant; the statement that was sent means another one, or more than one."""
    asked = re.search(r"/(\d+)$", request_of(evidence)[1])
    writes = [event for event in evidence.events_of("DELETE items", "UPDATE items") if event.where]
    if not asked or not writes or evidence.raised or evidence.sent("INSERT") or not evidence.sent("COMMIT"):
        return None
    conditions = [_condition(event) for event in evidence.events_of("SELECT items", "DELETE items", "UPDATE items")]
    if any(re.search(r"\b(name|description)\b", each) for each in conditions):
        return None
    write, condition, verb = writes[-1], _condition(writes[-1]), writes[-1].what.split()[0]
    if re.search(r"\bid (<|>|!=|between|not in)", condition):
        actual, expected = evidence.actual, evidence.expected
        lists = isinstance(actual, list) and isinstance(expected, list) and verb == "DELETE"
        more = [each for each in actual if each not in expected] if lists else []
        saw = f"{evidence.saw}; the {verb} says WHERE {condition}"
        if 0 < len(more) < 4:
            saw = f"{evidence.saw}; nobody asked for {' and '.join(map(str, more))}"
        elif more:
            saw = f"{len(actual)} items are gone, not one; the {verb} says WHERE {condition}"
        return Told(
            saw=saw,
            where=built(evidence, write.where, "where", "filter"),
            hint=f"One item was named. For which ids is the condition of this {verb} true?",
        )
    before = evidence.events[: evidence.events.index(write)]
    found = [event for event in before if event.what == "SELECT items" and event.where]
    ids = [each for each in _values_of(write) if type(each) is int]
    if not re.fullmatch(r"(items\.)?id = \S+", condition) or not ids[-1:] or str(ids[-1]) == asked[1] or not found:
        return None
    unknown = evidence.rule in _UNKNOWN
    hint = "There is no item with this id. Which item does this line find instead?"
    return Told(
        saw=f"{evidence.saw}; the {verb} was for item {ids[-1]}, which nobody asked for",
        where=own_line(evidence, found[-1].where),
        hint=hint if unknown else f"Which item does this line find when the path says {asked[1]}?",
    )


def _condition(event: Event) -> str:
    """What stands behind WHERE in a statement, in small letters; empty where it has none."""
    words = event.words.partition(" where ")[2]
    return re.split(r" (?:order by|limit|offset|returning) ", words)[0]


def _values_of(event: Event) -> list[Any]:
    return [*(event.parameters.values() if isinstance(event.parameters, dict) else event.parameters or ())]


@reading("tables are created by a request", "the_rest_still_works")
def created_by_a_request(evidence: Evidence) -> Told | None:
    """A request may come right after the start, so the tables must be there before it."""
    handed = {name_of(each.args[0]) for file in evidence.source.files() for each in file.calls("Depends") if each.args}
    for file in evidence.source.files():
        for node in file.functions:
            made = calls(node, "create_all")
            endpoint = any(name in _METHODS and isinstance(each, ast.Call) for name, each in decorators(node))
            if made and (endpoint or node.name in handed):
                saw = f"{evidence.saw}; create_all() is called in {node.name}(), with a request"
                hint = "This runs when this request comes. What does the app do at its start, before the yield?"
                return Told(saw=saw, where=file.at(made[0]), hint=hint)
    return None


@reading("tables are created on import", "the_rest_still_works")
def created_on_import(evidence: Evidence) -> Told | None:
    """What stands outside of every function runs once, when the file is imported: not at each start of the app."""
    for file in evidence.source.files() if evidence.saw.startswith("tables after the start") else ():
        for node in file.tree.body:
            made = [] if isinstance(node, Function | ast.ClassDef | ast.If) else calls(node, "create_all")
            if made:
                hint = "This runs when the file is imported. What runs each time when the app starts?"
                sent = any(each.what.startswith("CREATE TABLE") for each in (*evidence.earlier, *evidence.events))
                saw = f"{evidence.saw}; CREATE TABLE was sent when the file was imported, before the start"
                if evidence.saw.endswith(": none"):
                    saw = (
                        f"the tables were made when {file.name} was imported; the start on an empty database made none"
                    )
                return Told(saw=saw if sent else "", where=file.at(made[0]), hint=hint)
    return None


def in_what_was_given(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """A reading of an endpoint or of a function of crud.py, for chapters that give it: somebody has changed it."""
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        told = original.holds(evidence) if request_of(evidence)[0] else None
        return told if told is not None and told.where.rpartition(":")[0] not in evidence.given else None

    vars(holds)["reading"] = replace(original, rules=("the_rest_still_works",), holds=holds)
    return holds


GIVEN_FUNCTIONS = tuple(in_what_was_given(each) for each in (flushed_not_committed, not_committed))


def after_a_restart(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """A reading of what becomes of the tables between two starts, for the chapters that come later."""
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        again = "started the app again" in "".join(evidence.did[-1:])
        told = original.holds(evidence) if again else None
        if told is None or evidence.actual is not None:
            return told
        return replace(told, saw=told.saw.replace(evidence.saw, "the item is gone", 1))

    vars(holds)["reading"] = replace(original, rules=("the_rest_still_works",), holds=holds)
    return holds


TABLES_AT_START = (
    *(
        at_start(each)
        for each in (
            not_called,
            created_at_the_end,
            models_unknown,
            created_conditionally,
            created_at_another_moment,
            created_by_a_request,
        )
    ),
    after_a_restart(deleted_at_the_start),
)


@reading("a value out of bounds is changed, not refused", "bad_paging_is_422")
def clamped(evidence: Evidence) -> Told | None:
    """A client that asks for too much should be told; an answer to a different question does not tell it."""
    asked = re.findall(r"(offset|limit)=(-?\d+)", "".join(evidence.did[-1:]))
    names = [name for name, number in asked if name == "limit" or len(asked) == 1]
    if not names or not evidence.saw.startswith("200"):
        return None
    name, number = names[-1], dict(asked)[names[-1]]
    if page_sent(evidence).get(name) == int(number):
        return None  # the number itself came through
    said = parameter_of(evidence, (name,))
    place = said[0].at(said[1]) if said is not None else ""
    hint = f"Which numbers may {name} be? What does this line say about {number}? "
    hint += "Later the number is changed, and the client is not told."
    for file, node in behind(evidence):
        for each in inside(node):
            compared = isinstance(each, ast.If | ast.IfExp) and re.search(
                rf"\b{name}\b.*[<>]|[<>].*\b{name}\b", text_of(each.test)
            )
            bounded = isinstance(each, ast.Call) and name_of(each) in ("min", "max", "abs", "clamp")
            either = isinstance(each, ast.BoolOp) and text_of(each).startswith(f"{name} or ")
            if isinstance(each, ast.If) and compared:
                inner = [one for one in each.body if isinstance(one, ast.Assign) and name_of(one.targets[0]) == name]
                if inner:
                    return Told(where=place or file.at(inner[0]), hint=hint)
            elif compared or either or (bounded and re.search(rf"\b{name}\b", text_of(each))):
                return Told(where=place or file.at(each), hint=hint)
    return None


@reading("a condition that lets too much through", "bad_paging_is_422")
def checked_by_hand(evidence: Evidence) -> Told | None:
    """Whoever checks numbers by hand has to think of each side: too small, too large, and too large for a database."""
    asked = re.findall(r"(offset|limit)=(-?\d+)", "".join(evidence.did[-1:]))
    if not asked or '"loc":["query"' in evidence.saw:
        return None
    wrong = [each for each in asked if int(each[1]) not in (range(1, 101) if each[0] == "limit" else range(2**63))]
    name, number = (wrong or asked)[0]
    found = [
        (file, each)
        for file, node in behind(evidence)
        for each in inside(node)
        if isinstance(each, ast.If) and any(isinstance(one, ast.Raise) for one in each.body)
        if re.search(rf"\b{name}\b", text_of(each.test))
    ]
    found.sort(
        key=lambda each: (int(number) > 0) not in _sides(each[1].test, name)
    )  # the side that is meant comes first
    if not found:
        return None
    told = " and ".join("=".join(each) for each in asked)
    hint = f"Is this true for {told}? Try each side: too small, too large."
    return Told(where=found[0][0].at(found[0][1]), hint=hint)


def _sides(test: ast.expr, name: str) -> set[bool]:
    """On which sides a condition compares a name: True for "too large", False for "too small"."""
    found: set[bool] = set()
    for each in ast.walk(test):
        operands = [each.left, *each.comparators] if isinstance(each, ast.Compare) else []
        for left, right, sign in zip(operands, operands[1:], getattr(each, "ops", ()), strict=False):
            if name in (text_of(left), text_of(right)) and isinstance(sign, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
                found.add(isinstance(sign, ast.Gt | ast.GtE) is (text_of(left) == name))
    is_negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    return {not each for each in found} if is_negated else found


@reading("an item is looked for on a page of the list", *_ONE_ITEM, "create_answers_201")
def looked_through_a_page(evidence: Evidence) -> Told | None:
    """A page of the list has at most 100 items; the one that is meant may be behind them."""
    if request_of(evidence)[0] == "post":
        shown, stored = evidence.actual, evidence.expected
        other = isinstance(shown, dict) and isinstance(stored, dict) and shown.get("id") != stored.get("id")
        for file, node in behind(evidence) if other else ():
            for call in calls(node, "list_items"):
                hint = "How many items does list_items() give at most? And what does create_item() give back?"
                return Told(where=file.at(call), hint=hint)
        return None
    asked = re.search(r"/(\d+)$", request_of(evidence)[1])
    if not asked or not evidence.saw.startswith("404 {"):
        return None
    for file, node in behind(evidence):
        for call in calls(node, "list_items"):
            saw = f"{evidence.saw}, and item {asked[1]} is there, among more than 100"
            hint = "How many items does list_items() give when nobody says how many?"
            if len(call.args) > 1 or keyword(call, "limit") is not None:
                hint = "How many items does list_items() give at most, and which ones not?"
            return Told(saw=saw, where=file.at(call), hint=hint)
    for event in evidence.events_of("SELECT items"):
        if re.search(r"\blimit\b", event.sql.lower()) and " where " not in event.sql.lower().replace("\n", " "):
            saw = f"{evidence.saw}, and item {asked[1]} is there; the SELECT has a LIMIT and no WHERE"
            return Told(saw=saw, where=own_line(evidence, event.where), hint="Which items are not among these?")
    return None


_SHOWN = "saved: ", "the answer: ", "ids ", "["


@reading(
    "items with equal names become one",
    *("batch_is_all_or_nothing", "create_answers_201", "list_answers_items", "list_pages"),
)
def merged_by_name(evidence: Evidence) -> Told | None:
    """Two items may have the same name; whoever collects them by name keeps only one of them."""
    many = request_of(evidence)[1].endswith("/batch") or request_of(evidence)[0] == "get"
    if evidence.rule == "list_pages":
        many = evidence.chapter == "09_relationships"
    if not many or evidence.raised or not evidence.saw.startswith(_SHOWN):
        return None
    for file, node in chain_of(evidence):
        for each in inside(node):
            keys: list[ast.AST] = []
            if isinstance(each, ast.DictComp):
                keys = [each.key]
            elif isinstance(each, ast.SetComp):
                keys = [each.elt]
            elif isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Subscript):
                keys = [each.targets[0].slice]
            elif isinstance(each, ast.Call) and name_of(each) in (
                "setdefault",
                "fromkeys",
                "set",
                "distinct",
                "unique",
            ):
                keys = [*each.args[:1]]
            elif isinstance(each, ast.Compare) and isinstance(each.ops[0], ast.In | ast.NotIn):
                keys = [each.left]
            if any(re.search(r"\bname\b", text_of(key)) for key in keys):
                both = " and the same description" if "description" in " ".join(map(text_of, keys)) else ""
                hint = f"Two items may have the same name{both}. What happens to the second one here?"
                if isinstance(each, ast.DictComp | ast.Assign):
                    hint = f"Two items may have the same name{both}. How many of them can be under one key?"
                return Told(saw=_missing_from(evidence), where=file.at(each), hint=hint)
    return None


def _missing_from(evidence: Evidence) -> str:
    """Which items are not in a list that was answered; empty where that cannot be told."""
    actual, expected = evidence.actual, evidence.expected
    if not isinstance(actual, list) or not isinstance(expected, list):
        return ""
    ids = [[each.get("id") if isinstance(each, dict) else each for each in found] for found in (actual, expected)]
    missing = [str(each) for each in ids[1] if type(each) is int and each not in ids[0]]
    if not missing or len(missing) > 5:
        return ""
    told = f"item {missing[0]} is" if len(missing) == 1 else f"the items {', '.join(missing)} are"
    return f"{told} missing: {len(actual)} items instead of {len(expected)}"


@reading("some items are left out", "batch_is_all_or_nothing", "create_answers_201", "list_answers_items", "list_pages")
def some_left_out(evidence: Evidence) -> Told | None:
    """A slice, a condition or a continue lets a loop go past some of the items."""
    actual, expected = evidence.actual, evidence.expected
    if isinstance(actual, dict) and isinstance(expected, dict):
        what = "events" if actual.get("items") == expected.get("items") else "items"
        actual, expected = actual.get(what), expected.get(what)
    many = request_of(evidence)[1].endswith("/batch") or evidence.rule.startswith("list_")
    if not many or not isinstance(actual, list) or not isinstance(expected, list) or len(actual) >= len(expected):
        return None
    places: list[tuple[File, ast.AST]] = []
    for file, node in chain_of(evidence):
        for each in inside(node):
            if isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Slice):
                places.append((file, each))
            elif isinstance(each, ast.comprehension) and each.ifs:
                places.append((file, each.ifs[0]))
            elif isinstance(each, ast.If) and any(isinstance(one, ast.Continue) for one in each.body):
                places.append((file, each))
    if len(places) != 1:
        return None
    cut = getattr(places[0][1], "slice", None)
    of_a_page = isinstance(cut, ast.Slice) and cut.lower is not None and text_of(cut.upper) == "limit"
    hint = STOPS.format("A slice") if of_a_page else "Which items of the list does this leave out?"
    return Told(where=places[0][0].at(places[0][1]), hint=hint)


@reading(
    "a list that nobody fills",
    *("create_answers_201", "list_answers_items", "list_pages", "list_is_ordered", "owner_is_in_the_answer"),
)
def list_not_filled(evidence: Evidence) -> Told | None:
    """A list that begins empty holds what a line of the loop puts into it."""
    actual, expected = evidence.actual, evidence.expected
    short = isinstance(actual, list) and isinstance(expected, list) and len(actual) < len(expected)
    none = "0" in evidence.saw or "[]" in evidence.saw
    if not short and not (none and re.search(r"(^|: )(\[\]|0)(;|$)", evidence.saw)):
        return None
    chain = [each for each in chain_of(evidence) if each[0].name not in evidence.given]
    empty = not short or actual == []
    return next((told for each in chain if (told := _filled_otherwise(*each, empty)) is not None), None)


def _filled_otherwise(file: File, node: Function, empty: bool) -> Told | None:
    """What there is to say of a list that begins empty, and is returned without all that belongs in it."""
    returned = [each for each in inside(node) if isinstance(each, ast.Return)]
    names = {one.id for each in returned for one in ast.walk(each) if isinstance(one, ast.Name)}
    loops = [each for each in inside(node) if isinstance(each, ast.For | ast.While)]
    assigned = [each for each in inside(node) if isinstance(each, ast.Assign | ast.AnnAssign)]
    for name in sorted(names):
        made = [each for each in assigned if _target(each) == name]
        if len(made) != 1 or text_of(made[0].value) not in ("[]", "list()"):
            continue
        if empty and not any(_may_fill(each, name) for each in inside(node)):
            hint = f"{name} is empty at first. Which line puts something into it?"
            return Told(where=file.at(made[0]), hint=hint)
        for call in [each for each in calls(node, "append") if name_of(getattr(each.func, "value", None)) == name]:
            within = [loop for loop in loops if call in ast.walk(loop)]
            around = [loop for loop in loops if made[0] in ast.walk(loop)]
            if around and within == around:
                hint = f"This runs in each turn of the loop. What happens to what was in {name} by then?"
                return Told(where=file.at(made[0]), hint=hint)
            told = {each.id for each in ast.walk(call) if isinstance(each, ast.Name)} - {name}
            before = [loop for loop in loops if (loop.end_lineno or 0) < call.lineno]
            if not within and any(told & _bound_in(loop) for loop in before):
                return Told(where=file.at(call), hint="How often does this line run?")
    return None


def _may_fill(node: ast.AST, name: str) -> bool:
    """Whether a node may put something into a list: its method, its place, or a call that it is handed to."""
    if isinstance(node, ast.Attribute | ast.Subscript):
        return name_of(node.value) == name
    if isinstance(node, ast.AugAssign):
        return name_of(node.target) == name
    given = [*node.args, *(each.value for each in node.keywords)] if isinstance(node, ast.Call) else []
    return any(isinstance(each, ast.Name) and each.id == name for each in given)


def _bound_in(loop: ast.For | ast.While) -> set[str]:
    """The names that a loop gives values."""
    return {each.id for each in ast.walk(loop) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def _target(node: ast.Assign | ast.AnnAssign) -> str:
    return text_of(node.targets[0] if isinstance(node, ast.Assign) else node.target)


@reading("a line that is never reached")
def never_reached(evidence: Evidence) -> Told | None:
    """raise, return, break and continue leave a block at once: what stands after them in it never runs."""
    undone = _left_undone(evidence)
    if not undone:
        return None
    places = [each.where for each in evidence.events] + [line for each in evidence.raised for line in each.lines]
    places = [*dict.fromkeys(places)]
    named = [evidence.source.function(evidence.source.function_of(each), each.rpartition(":")[0]) for each in places]
    named += [evidence.source.function(evidence.source.function_of(evidence.where), evidence.where.rpartition(":")[0])]
    chain = [*chain_of(evidence), *reached(evidence), *filter(None, named)]
    for file, node in [each for each in chain if each[0].name not in evidence.given]:
        for *before, last, dead in _after_the_end(node):
            skipped = [each for each in calls(dead, *undone) if not any(calls(one, name_of(each)) for one in before)]
            if skipped:
                hint = f"Every way through the lines from {last.lineno} on leaves this block. When does this line run?"
                for kind, word in ((ast.Raise, "raise"), (ast.Return, "return")):
                    if isinstance(last, kind):
                        hint = f"This line stands after a {word}, in the same block. When does it run?"
                return Told(where=file.at(skipped[0]), hint=hint)
    return None


def _left_undone(evidence: Evidence) -> set[str]:
    """The names of what nobody has called, as far as that can be told by what happened."""
    undone: set[str] = set()
    if evidence.rule == "session_is_rolled_back_on_error":
        undone |= {"rollback"}
    if evidence.left_open or "close" in evidence.rule:
        undone |= {"close", "remove", "rollback"}
    if not evidence.sent("COMMIT") and "not_commit" not in evidence.rule:
        sent = evidence.sent("INSERT", "UPDATE", "DELETE")
        undone |= {"commit"} if sent else {*_SENDS} if evidence.rule in (*_WRITES, "delete_persists") else set()
    if "refresh" in evidence.rule and not evidence.raised:
        undone |= {"refresh"}
    if not evidence.sent("INSERT item_events"):
        undone |= {"add_event", "add_task"} if "event" in evidence.rule or "event" in evidence.saw else set()
    if evidence.wanted.startswith("404"):
        undone |= {"HTTPException"}
    return undone


def _after_the_end(node: Function) -> list[list[ast.stmt]]:
    """The statements of a function that are never reached, each as the last of its block up to the one that ends it."""
    found: list[list[ast.stmt]] = []
    for each in inside(node):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(each, name, None)
            ends = [one for one in block if _ends(one)] if isinstance(block, list) else []
            if isinstance(block, list) and ends:
                end = block.index(ends[0]) + 1
                found += [[*block[:end], one] for one in block[end:]]
    return found


def _ends(node: ast.stmt) -> bool:
    """Whether a statement never leads to the one below it."""
    if isinstance(node, ast.If):
        return bool(node.orelse) and _ends(node.body[-1]) and _ends(node.orelse[-1])
    if isinstance(node, ast.With):
        return _ends(node.body[-1]) and not calls(node, "suppress")
    if isinstance(node, ast.Try):
        handled = [each.body[-1] for each in node.handlers]
        return all(map(_ends, [(node.orelse or node.body)[-1], *handled]))
    return isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue)


@reading("the function ends before it writes", *_WRITES, *_UNKNOWN)
def ended_early(evidence: Evidence) -> Told | None:
    """A return before the line that writes: in some cases nothing is saved, and the caller hears of a success."""
    if evidence.rule in _UNKNOWN:
        return _ended_before_asking(evidence)
    failed = evidence.raised or evidence.sent("ANSWER 4", "ANSWER 5", "COMMIT", "INSERT", "UPDATE", "DELETE")
    chain = [] if failed else chain_of(evidence)
    found: list[tuple[File, ast.If]] = []
    for file, node in chain:
        sends = calls(node, *_SENDS)
        for each in inside(node):
            ends = isinstance(each, ast.If) and any(isinstance(one, ast.Return | ast.Continue) for one in each.body)
            inner = isinstance(each, ast.If) and any(calls(one, *_SENDS) for one in each.body)
            if isinstance(each, ast.If) and ends and not inner and sends and sends[-1].lineno > (each.end_lineno or 0):
                found.append((file, each))
    if len(found) != 1:
        return None
    hint = "Below this condition the function is over. For which requests is it true?"
    return Told(saw=f"{evidence.saw}; nothing was written", where=found[0][0].at(found[0][1]), hint=hint)


def _ended_before_asking(evidence: Evidence) -> Told | None:
    """The condition with which an endpoint ends that has answered with a success, and has not asked the database."""
    if not evidence.saw.startswith("2") or any(event.sql for event in evidence.events):
        return None
    found = [
        (file, each)
        for file, node in behind(evidence)
        for each in inside(node)
        if isinstance(each, ast.If) and any(isinstance(one, ast.Return) for one in each.body)
    ]
    if len(found) != 1:
        return None
    hint = "For which ids does the function end here, and what is the client told then?"
    return Told(saw=f"{evidence.saw}; the database was not asked", where=found[0][0].at(found[0][1]), hint=hint)


@reading(
    "a schema raises where nobody answers for it", "bad_body_is_422", "input_is_validated", "patch_null_name_is_422"
)
def validated_by_hand(evidence: Evidence) -> Told | None:
    """FastAPI answers 422 when it validates a body itself; an exception of your own call is a crash."""
    raised = evidence.raised_kind(
        "ValidationError", "JSONDecodeError", *(["TypeError"] if made_by_hand(evidence) else [])
    )
    if raised is None or not raised.lines or not evidence.saw.startswith("a crash: "):
        return None
    where = innermost(raised, evidence.given)
    if where.startswith("app/crud.py"):
        return None
    wrong = "no JSON" if raised.kind == "JSONDecodeError" else "wrong"
    hint = (
        f"This raises when the body is {wrong}, and the exception goes all the way out. Who can check the body first?"
    )
    return Told(where=where, hint=hint)


@reading("a body that may be missing", "bad_body_is_422", "input_is_validated", "create_answers_201")
def body_may_be_null(evidence: Evidence) -> Told | None:
    """A type with None in it takes a body that is null, or none at all."""
    found = endpoint_of(evidence)
    body = body_parameter(evidence, found[1]) if found else None
    if not found or body is None or not re.search(r" '?(null)?'?$", "".join(evidence.did[-1:])):
        return None
    if evidence.saw.startswith("422") or not re.search(r"\bNone\b|Optional", text_of(body.annotation)):
        return None
    what = "the body may be null" if "".join(evidence.did[-1:]).endswith("null") else "there may be no body"
    return Told(where=found[0].at(body), hint=f"The type says here that {what}.")


@reading("an empty list is refused", "create_answers_201", "batch_is_all_or_nothing")
def empty_batch_refused(evidence: Evidence) -> Told | None:
    """A batch of no items is a batch like any other: nothing is saved, and the answer is an empty list."""
    if not "".join(evidence.did[-1:]).endswith("batch []") or evidence.saw.startswith("200"):
        return None
    hint = "A client that sends no items has made no mistake. How should an empty batch be answered?"
    found = said_status(evidence) if evidence.saw.startswith("4") else None
    if found is not None:
        return Told(where=found[0].at(found[1]), hint=hint, why=TOO_STRICT)
    raised = evidence.raised[0] if evidence.raised else None
    if raised is not None and raised.lines:
        where = innermost(raised, evidence.given)
        refused = re.match(r"\s*(raise|assert)\b", evidence.source.line(where))
        return Told(where=where, hint=hint if refused else "What does this line work with when the list is empty?")
    for file, node in behind(evidence) if evidence.saw.startswith("422") else ():
        for each in (*node.args.args, *node.args.kwonlyargs):
            where = _bound_of_a_list(evidence, file, each, defaults_of(node).get(each.arg))
            if where:
                counts = _AT_LEAST.search(evidence.source.line(where))
                hint = "How many items does a list need by this line? May it be empty?" if counts else hint
                return Told(where=where, hint=hint, why=TOO_STRICT)
    return None


_AT_LEAST = re.compile(r"min_length|min_items|MinLen|\bLen\(|conlist")


def _bound_of_a_list(evidence: Evidence, file: File, parameter: ast.arg, default: ast.expr | None) -> str:
    """The line that says how many items a parameter needs: its own, one of its type's, or of a validator's."""
    place = alias_of(evidence, parameter.annotation) or (file, parameter)
    words = f"{text_of(place[1])} {text_of(default)}"
    if _AT_LEAST.search(words):
        return place[0].at(place[1])
    for name in re.findall(r"\w+", words):
        found = evidence.source.class_(name) or evidence.source.function(name)
        for each in inside(found[1]) if found is not None and found[0].name not in evidence.given else ():
            refuses = isinstance(each, ast.Raise | ast.Assert) and "value_error" in evidence.saw
            if found and (refuses or (isinstance(each, ast.Call) and _AT_LEAST.search(text_of(each)))):
                return found[0].at(each)
    return ""


@reading("an answer that cannot be written as JSON", "error_reaches_the_client")
def error_is_no_json(evidence: Evidence) -> Told | None:
    """An answer is text: an exception that is put into it is an object, and JSON cannot turn that into text."""
    if "not JSON serializable" not in evidence.saw:
        return None
    main = evidence.source.file("app/main.py")
    helpers = [(file, each) for file in evidence.source.files() for each in file.functions if file is not main]
    for file, node in [*behind(evidence), *((main, each) for each in main.functions), *helpers]:
        caught = {each.name for each in inside(node) if isinstance(each, ast.ExceptHandler) and each.name}
        caught |= {each.arg for each in node.args.args if "Error" in text_of(each.annotation) or each.arg == "exc"}
        for call in calls(node, "HTTPException", "JSONResponse"):
            for value in [*call.args, *(each.value for each in call.keywords)]:
                bare = [each for each in ast.walk(value) if isinstance(each, ast.Name) and each.id in caught]
                turned = bool(calls(value, "str", "repr", "format"))
                turned = turned or any(isinstance(each, ast.FormattedValue) for each in ast.walk(value))
                if bare and not turned:
                    hint = f"'{bare[0].id}' is a Python object. Which part of it can go into an answer?"
                    why = "An error that your own handling makes by accident hides what really went wrong."
                    return Told(where=file.at(bare[0]), hint=hint, why=why)
    return None
