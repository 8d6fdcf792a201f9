"""In the child: mistakes about which object it is: whose session has it, what it holds, and which row is meant."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.crud import calls_in, function_of, reached
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import Function, arguments_of, calls, inside, name_of, text_of

_CREATE_AND_UPDATE = "create_refreshes", "update_refreshes"
_THE_CALLERS = "The caller ends the transaction of its session, and closes it. Of another session it knows nothing."


@reading("another object is returned", *_CREATE_AND_UPDATE)
def another_object_returned(evidence: Evidence) -> Told | None:
    """A second object with the same values is not the row: it has no id of its own, and nothing that the database
    made."""
    found = function_of(evidence)
    if found is None or "the item shows" not in evidence.saw:
        return None
    file, node = found
    handed = [value for call in inside(node) if isinstance(call, ast.Call) for value in ast.iter_child_nodes(call)]
    kept = {part.id for value in handed for part in ast.walk(value) if isinstance(part, ast.Name)}
    for each in [each for each in inside(node) if isinstance(each, ast.Return)]:
        name = each.value.id if isinstance(each.value, ast.Name) else ""
        made = value_of(node, name) if name and name not in kept else each.value
        if isinstance(made, ast.Call) and name_of(made) == "Item":
            hint = "This line makes a new object." if not name else f"'{name}' is an object that no session knows."
            return Told(
                saw=f"{evidence.saw}: this object was never part of the session",
                where=file.at(each),
                hint=f"{hint} Which one is the row that was saved?",
            )
    return None


def value_of(node: Function, name: str) -> ast.expr | None:
    """What a name in a function was last set to."""
    assigned = [each for each in inside(node) if isinstance(each, ast.Assign) and name_of(each.targets[0]) == name]
    return max(assigned, key=lambda each: each.lineno).value if assigned else None


@reading("a session of the function's own", *_CREATE_AND_UPDATE)
def session_of_its_own(evidence: Evidence) -> Told | None:
    """The caller hands a session over. What another session has saved belongs to that one, and goes with it."""
    found = function_of(evidence)
    late = evidence.timeline[::-1]
    if found is None or "DetachedInstanceError" not in evidence.saw or "COMMIT" not in late:
        return None
    if any(what.startswith("SELECT") for what in late[: late.index("COMMIT")]):
        return None
    file, node = found
    places: list[tuple[ast.AST, str]] = [
        (call, name_of(call.func.value)) for call in calls(node, "commit") if isinstance(call.func, ast.Attribute)
    ]
    for each in [each for each in inside(node) if isinstance(each, ast.With)]:
        places += [(each, name_of(one.optional_vars)) for one in each.items if calls(one.context_expr, "begin")]
    for place, own in places:
        if own in _opened(node) and own not in arguments_of(node):
            return Told(
                saw=f"{evidence.saw.partition(':')[0]}: the item belongs to the session '{own}', and was not loaded "
                "again after its COMMIT",
                where=file.at(place),
                hint=f"The caller handed you a session, and will close it. What is '{own}' for, and who closes that?",
            )
    return None


@reading(
    "another session is left open",
    *("create_refreshes", "get_returns_the_item", "list_pages", "update_refreshes"),
    *("update_persists", "delete_persists"),
)
def another_session(evidence: Evidence) -> Told | None:
    """Whoever calls has a session, ends its transaction and closes it. Of another session it knows nothing."""
    crossed = "already attached to session" in evidence.saw
    if not (crossed or evidence.saw.startswith("besides the session that it was given, a session")):
        return None
    for file, node in reached(evidence):
        for each in inside(node):
            made = [item.context_expr for item in each.items] if isinstance(each, ast.With) else []
            made += [each.value] if isinstance(each, ast.Assign) else []
            if any(isinstance(one, ast.Call) and _is_a_session(one) for one in made):
                hint = "The caller has handed you a session. Which one does this line take, and who closes it?"
                if crossed:
                    hint = "The item belongs to the session that loaded it: the caller's. Why another one here?"
                return Told(where=file.at(each), hint=hint, why=_THE_CALLERS)
    return None


def _opened(node: Function) -> set[str]:
    """The names of sessions that a function opens itself."""
    made: list[tuple[ast.expr | None, ast.expr]] = []
    for each in inside(node):
        if isinstance(each, ast.With):
            made += [(item.optional_vars, item.context_expr) for item in each.items]
        elif isinstance(each, ast.Assign):
            made.append((each.targets[0], each.value))
    return {name_of(name) for name, value in made if isinstance(value, ast.Call) and _is_a_session(value)}


def _is_a_session(call: ast.Call) -> bool:
    """Whether a call makes a session, as far as its name tells."""
    return "session" in text_of(call.func).lower() and name_of(call) != "object_session"


@reading("the values are forgotten before anybody reads them", "get_returns_the_item", *_CREATE_AND_UPDATE)
def forgotten_before_it_was_read(evidence: Evidence) -> Told | None:
    """expire(), commit() and rollback() make an item forget what was loaded. It loads that again when it is read, but
    only while it belongs to an open session."""
    if evidence.rule in _CREATE_AND_UPDATE:
        return _forgotten_again(evidence)
    happened = [what for what in ("COMMIT", "ROLLBACK") if evidence.sent(what)]
    forgets = calls_in(evidence, "expire", "expire_all", *map(str.lower, happened))
    takes = calls_in(evidence, "expunge", "expunge_all", "close", "make_transient_to_detached")
    if "DetachedInstanceError" not in evidence.saw or not forgets or not evidence.sent("SELECT items"):
        return None
    file, call = forgets[-1]
    then = f", and {name_of(takes[-1][1])}() took it out of the session" if takes else ", and the session was closed"
    return Told(
        saw=f"{evidence.saw.partition(':')[0]}: the item was loaded, but then {name_of(call)}() made it forget its "
        f"values{then}",
        where=file.at(call),
        hint="The row was found. What does this line do to the values that were loaded?",
    )


def _forgotten_again(evidence: Evidence) -> Told | None:
    """What makes an item forget its values that was loaded after the last COMMIT, as it should be."""
    if "DetachedInstanceError" not in evidence.saw or not evidence.sent("COMMIT"):
        return None
    late = evidence.events[len(evidence.events) - 1 - evidence.timeline[::-1].index("COMMIT") :]
    loaded = [event for event in late if event.what.startswith("SELECT items") and event.where]
    if not loaded:
        return None
    after = late[late.index(loaded[-1]) :]
    places = [event.where for event in after if "rollback(" in evidence.source.line(event.where)]
    by = loaded[-1].where
    for file, node in reached(evidence):
        inner = evidence.source.function_of(by)
        lines = [int(by.rpartition(":")[2])] if inner == node.name else [each.lineno for each in calls(node, inner)]
        expires = calls(node, "expire", "expire_all")
        places += [file.at(each) for each in expires if lines and each.lineno > max(lines)]
    if not places:
        return None
    name = re.findall(r"\b(rollback|expire_all|expire)\(", evidence.source.line(places[0]))[-1]
    return Told(
        saw=f"{evidence.saw.partition(':')[0]}: the item was loaded after the COMMIT, but then {name}() made it forget "
        "its values, and the session was closed",
        where=places[0],
        hint="The item had its values before this line. What does this line do to the objects of a session?",
    )


@reading("another row is deleted", "delete_persists")
def another_row_deleted(evidence: Evidence) -> Told | None:
    """The caller hands over the item to delete. Code that looks for one in another way may find another."""
    found = function_of(evidence)
    gone, meant = evidence.actual, evidence.expected
    lists = isinstance(gone, list) and isinstance(meant, list) and len(gone) == len(meant) == 1
    if found is None or not lists or gone == meant or not evidence.sent("DELETE"):
        return None
    for file, call in [each for each in calls_in(evidence, "delete") if isinstance(each[1].func, ast.Attribute)][:1]:
        function = next((node for _, node in reached(evidence) if call in ast.walk(node)), found[1])
        item = arguments_of(function)[-1:]
        chosen: ast.AST = call
        if call.args and isinstance(call.args[0], ast.Name) and call.args[0].id not in item:
            chosen = value_of(function, call.args[0].id) or call
        if not item or re.search(rf"\b{item[0]}\b", text_of(chosen)):
            return None
        return Told(
            saw=f"the row that is gone is {gone[0]}, and {meant[0]} is still there",
            where=file.at(chosen.lineno if isinstance(chosen, ast.expr) else chosen),
            hint="The caller handed over one item. Which one does this line choose?",
        )
    return None
