"""In the child: exceptions in the place of an answer, and statuses in a place that is not theirs."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.crud import reached
from grader.diagnosis.endpoints import behind, endpoint_of, fits, own_files, path_of, request_of, routes_of
from grader.diagnosis.evidence import Evidence, Raised
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.routes import ANSWERS, UNKNOWN, is_status, run_in_any_case
from grader.diagnosis.shapes import at_line, raised_with
from grader.diagnosis.source import (
    Function,
    arguments_of,
    calls,
    inside,
    keyword,
    name_of,
    text_of,
    without_docstring,
)

_ROUTE_BY_PLACE = r"^(?:APIRouter|FastAPI)\.(get|post|put|patch|delete)\(\) takes \d+ positional"
_NO_NUMBER = r"^invalid literal for int\(\)|^int\(\) argument must be|between instances of '\w+' and 'int'$"
_CRASHES = "a crash: ", "the client was told 500 because of "
_OF_SUCCESS = re.compile(r"^2\d\d$|HTTP_2\d\d_|HTTPStatus\.(OK|CREATED|ACCEPTED|NO_CONTENT)")


@reading("the status of an HTTPException is not a number", *UNKNOWN, "error_reaches_the_client")
def status_is_no_number(evidence: Evidence) -> Told | None:
    """The first parameter of an HTTPException is the status, a number. FastAPI makes an answer of it after the raise,
    so another value crashes there."""
    crash = evidence.raised[0] if evidence.raised and evidence.saw.startswith(_CRASHES) else None
    if crash is None or not crash.bases & {"ValueError", "TypeError"}:
        return None
    if crash.lines and evidence.saw.startswith("a crash: "):
        where = innermost(crash, evidence.given)
        missing = re.match(r"HTTPException\.__init__\(\) missing .*'status_code'", crash.message)
        hint = "An HTTPException says with which status the request ends. What says it here?"
        return Told(where=where, hint=hint) if missing else None
    if not re.search(_NO_NUMBER, crash.message):
        return None
    told = _said_by(evidence, next((each for each in evidence.raised if each.kind == "HTTPException"), None))
    if told is not None and evidence.rule == "error_reaches_the_client":
        told = replace(told, why="An error that your own handling makes by accident hides what really went wrong.")
    return told


def _said_by(evidence: Evidence, raised: Raised | None) -> Told | None:
    """What there is to say of an HTTPException whose status is a text."""
    where = innermost(raised, evidence.given) if raised is not None and raised.lines else ""
    there = at_line(evidence.source, where) if where else []
    places = [(where, each) for each in there if isinstance(each, ast.Call) and name_of(each) == "HTTPException"]
    places += [(file.at(call), call) for file, node in reached(evidence) for call in calls(node, "HTTPException")]
    for place, call in places if where else ():
        named = keyword(call, "status_code")
        if named is not None and _is_text(named):
            return Told(where=place, hint="A status is a number. What stands here?")
        if named is not None and not isinstance(named, ast.Constant) and not _is_number(named):
            return Told(where=place, hint=f"A status is a number. What is '{text_of(named)}' here?")
        if named is None and call.args and not isinstance(call.args[0], ast.Starred) and not _is_number(call.args[0]):
            hint = "The first parameter of HTTPException is the status, a number. What stands there?"
            return Told(where=place, hint=hint)
    return None


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_number(node: ast.expr) -> bool:
    """Whether an expression may well be a status, as far as it can be seen."""
    said = isinstance(node, ast.Constant) and isinstance(node.value, int)
    return said or (isinstance(node, ast.Attribute) and "HTTP" in text_of(node))


@reading("an exception without a status", *UNKNOWN)
def own_exception_raised(evidence: Evidence) -> Told | None:
    """FastAPI turns an HTTPException into an answer, with its status. Any other exception is a crash."""
    crash = evidence.raised[0] if evidence.raised and evidence.saw.startswith("a crash: ") else None
    where = innermost(crash, evidence.given) if crash is not None and crash.lines else ""
    name, _, line = where.rpartition(":")
    if crash is None or not where or name in evidence.given:
        return None
    if crash.kind == "HTTPException" or evidence.source.class_(crash.kind) is not None:
        return None  # which a handler may be meant for
    raising = [each for each in evidence.source.file(name).nodes if isinstance(each, ast.Raise)]
    if any(each.lineno == int(line) and name_of(each.exc) == crash.kind for each in raising):
        return Told(where=where, hint=f"To FastAPI a {crash.kind} is a crash. Which exception has a status?")
    return None


@reading("a status as a positional argument")
def status_by_place(evidence: Evidence) -> Told | None:
    """A route takes the path as a positional argument, and everything else as keyword arguments."""
    found = raised_with(evidence, _ROUTE_BY_PLACE, "TypeError")
    for call in at_line(evidence.source, found[2]) if found else ():
        if found and isinstance(call, ast.Call) and name_of(call) == found[1][1] and len(call.args) > 1:
            hint = "Only the path is a positional argument. By which names does it take everything else?"
            if re.search(r"^\d{3}$|HTTP_\d{3}_|HTTPStatus\.", text_of(call.args[1])):
                hint = "The path is a positional argument, and the status a keyword argument. Which one?"
            return Told(where=found[2], hint=hint)
    return None


@reading("the status of a route is a text")
def route_status_is_a_text(evidence: Evidence) -> Told | None:
    """FastAPI compares the status of an answer with numbers, so a text crashes there, or when the app is imported."""
    found = endpoint_of(evidence) if evidence.saw.startswith("a crash: TypeError") else None
    places = [(found[0], found[2])] if found else []
    refused = raised_with(evidence, r"^invalid literal for int\(\)", "ValueError")
    if refused is not None:
        file = evidence.source.file(refused[2].rpartition(":")[0])
        places += [(file, each) for each in at_line(evidence.source, refused[2]) if isinstance(each, ast.Call)]
    for file, call in places:
        said = keyword(call, "status_code")
        if said is not None and _is_text(said):
            return Told(where=file.at(said), hint="A status is a number. What stands here?")
    return None


@reading("an exception for a success", *ANSWERS, "error_reaches_the_client")
def success_raised(evidence: Evidence) -> Told | None:
    """Raising an HTTPException ends the endpoint. What it says is the answer, and there is no item in that."""
    if evidence.rule == "error_reaches_the_client":
        return _error_with_a_success(evidence)
    for file, node in behind(evidence) if "'detail':" in evidence.saw or '"detail":' in evidence.saw else ():
        for each in [each for each in inside(node) if isinstance(each, ast.Raise)]:
            made = each.exc if isinstance(each.exc, ast.Call) and name_of(each.exc) == "HTTPException" else None
            status = keyword(made, "status_code") or next(iter(made.args), None) if made is not None else None
            if status is not None and _OF_SUCCESS.search(text_of(status)):
                hint = "An exception ends the endpoint, and nothing is returned. Where does a success get its status?"
                return Told(where=file.at(each), hint=hint)
    return None


_TOLD = re.compile(r"the client was told ([123]\d\d) \{[\"']detail[\"']:")


def _error_with_a_success(evidence: Evidence) -> Told | None:
    """What there is to say where an error is answered by an HTTPException, and with a status that tells of none."""
    told = _TOLD.match(evidence.saw)
    made = [(file, call) for file in own_files(evidence) for call in file.calls("HTTPException", "__init__")]
    for file, call in made if told else ():
        first = call.args[0] if call.args and name_of(call) == "HTTPException" else None
        status = keyword(call, "status_code") or first
        around = evidence.source.function(file.function_at(call.lineno), file.name)
        place = (file, status) if status is not None else None
        said = status
        if isinstance(status, ast.Name) and around is not None and status.id in arguments_of(around[1]):
            place = evidence.source.handed_over(*around, status.id)
            said = place[1] if place is not None else None
        elif isinstance(status, ast.Name) and (bound := evidence.source.bound(status.id, file)) is not None:
            said = getattr(bound[1], "value", None)  # which may be right elsewhere
        if told and place is not None and said is not None and is_status(said, told[1]):
            hint = (
                f"An HTTPException is answered with the status that it is given. What does {told[1]} tell the client?"
            )
            return Told(where=place[0].at(place[1]), hint=hint)
    return None


@reading("a redirect instead of an answer", *ANSWERS)
def redirected(evidence: Evidence) -> Told | None:
    """A redirect sends the client to another path. What it sees there is the answer to another request."""
    sent = [event.what.split()[1] for event in evidence.events_of("ANSWER 30")]
    if not sent:
        return None
    method, path = request_of(evidence)
    routes = [(node, verb == method and fits(path_of(call), path)) for _, node, verb, call in routes_of(evidence)]
    others = {node for node, meant in routes if not meant} - {node for node, meant in routes if meant}
    functions = [(file, node) for file in own_files(evidence) for node in file.functions if node not in others]
    places = [(file, call) for file, node in functions for call in _redirects(node)]
    if len({file.at(call) for file, call in places}) != 1:
        return None
    file, call = places[0]
    saw = f"the answer is {sent[-1]}, which sends the client to another path"
    led = evidence.saw[:3] != sent[-1]
    hint = "This sends the client to another path. What should this request itself answer, and with which status?"
    return Told(saw=f"{saw}; there it got {evidence.saw}" if led else saw, where=file.at(call), hint=hint)


def _redirects(node: Function) -> list[ast.Call]:
    """The calls in a function that make a redirect: ``RedirectResponse(...)``, or a response with such a status."""
    made = [each for each in inside(node) if isinstance(each, ast.Call)]
    return [
        each
        for each in made
        if re.search("redirect", name_of(each), re.IGNORECASE)
        or (re.search("Response|Exception", name_of(each)) and re.search(r"\b30[12378]\b|_30[12378]_", text_of(each)))
    ]


_REFUSED = re.compile(r"(?:the endpoint was not called: )?([345]\d\d) \{[\"']detail[\"']:")


@reading("an exception in any case")
def refused_in_any_case(evidence: Evidence) -> Told | None:
    """An HTTPException ends the request. A raise that stands under no condition ends every request, also a good one."""
    refused = _REFUSED.match(evidence.saw)
    if refused is None or evidence.raised or re.match(r"[345]\d\d", evidence.wanted):
        return None
    get_db = evidence.source.function("get_db", "app/deps.py") if evidence.saw.startswith("the endpoint") else None
    for file, node in [get_db] if get_db is not None else run_in_any_case(evidence):
        first = next((each for each in node.body if isinstance(each, ast.Raise | ast.Return | ast.If)), None)
        made = first.exc if isinstance(first, ast.Raise) and isinstance(first.exc, ast.Call) else None
        status = (keyword(made, "status_code") or next(iter(made.args), None)) if made is not None else None
        says = status is not None and is_status(status, refused[1])
        if made is not None and name_of(made) == "HTTPException" and says and file.name not in evidence.given:
            hint = "This runs for each request, also for this one. In which case should it run?"
            if without_docstring(node) == [first]:
                hint = f"This is all that {node.name} does. What should it do in its place?"
            return Told(where=file.at(made), hint=hint)
    return None


@reading("a new item instead of a change", "patch_keeps_omitted_fields", "patch_null_clears")
def created_instead(evidence: Evidence) -> Told | None:
    """A PATCH changes the item that is there. Creating one adds a row, or fails because the name is missing."""
    sent = evidence.events_of("INSERT items")
    crashed = [line for each in evidence.raised for line in each.lines] if evidence.saw.startswith("a crash") else []
    names = {evidence.source.function_of(each) for each in (*crashed, *(each.where for each in sent))} & {"create_item"}
    for file, node in behind(evidence) if names and not evidence.sent("UPDATE items") else ():
        imports = [one for each in file.nodes if isinstance(each, ast.ImportFrom) for one in each.names]
        made = calls(node, *names, *(each.asname for each in imports if each.asname and each.name in names))
        if made and not calls(node, "update_item") and file.name not in evidence.given:
            hint = "This saves a new item. Which function of crud changes one?"
            return Told(where=file.at(made[0]), hint=hint)
    return None


@reading("the item is deleted", "patch_keeps_omitted_fields", "read_answers_the_item")
def deleted_instead(evidence: Evidence) -> Told | None:
    """A PATCH changes the item that is there, and a GET shows it. Whoever deletes it has nothing left to show."""
    method = request_of(evidence)[0] if evidence.sent("DELETE items") else ""
    hint = {
        "patch": "This deletes the item. Which function of crud changes one, and gives it back?",
        "get": "This deletes the item, and a GET only shows it. Where does this endpoint have the item from?",
    }.get(method, "")
    for file, node in behind(evidence) if hint else ():
        made = [each for each in calls(node, "delete_item", "delete") if each not in node.decorator_list]
        if made and not calls(node, "update_item") and file.name not in evidence.given:
            return Told(where=file.at(made[0]), hint=hint)
    return None
