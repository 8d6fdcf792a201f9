"""In the child: mistakes in the functions of ``app/crud.py``, for all chapters that have the learner write them."""

from __future__ import annotations

import ast
import re
from typing import TypeVar

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.evidence import Event, Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.routes import behind, endpoint_of, own_line, request_of
from grader.diagnosis.source import File, Function, calls, decorators, inside, keyword, name_of, text_of

_FUNCTIONS = {
    "create": "create_item",
    "update": "update_item",
    "delete": "delete_item",
    "get": "get_item",
    "list": "list_items",
}
_BY_METHOD = {"post": "create_item", "patch": "update_item", "delete": "delete_item"}
_UNKNOWN = "get_unknown_is_404", "patch_unknown_is_404", "delete_unknown_is_404"
_WRITES = "INSERT", "UPDATE", "DELETE"
_PERSISTS = (
    *("create_persists", "update_persists", "delete_persists"),
    *("update_keeps_omitted_fields", "update_null_clears", "update_empty_string_is_a_value"),
    *("create_answers_201", "patch_keeps_omitted_fields", "delete_answers_204"),
)


def function_of(evidence: Evidence) -> tuple[File, Function] | None:
    """The learner's function that a rule is about: the one that was called last, or the one in the rule's name."""
    called = [name for line in evidence.did for name in _FUNCTIONS.values() if line.startswith(f"{name}(")]
    name = called[-1] if called else _FUNCTIONS.get(evidence.rule.partition("_")[0], "")
    endpoint = endpoint_of(evidence) if not called else None
    if endpoint is not None:  # what it leaves to a function of the learner's own crud.py is judged there
        name = name or _BY_METHOD.get(request_of(evidence)[0], "")
        elsewhere = calls(endpoint[1], name) and "app/crud.py" not in evidence.given
        return (evidence.source.function(name, "app/crud.py") if elsewhere else None) or endpoint[:2]
    return _defined(evidence, name) if name else None


def _defined(evidence: Evidence, name: str) -> tuple[File, Function] | None:
    """A function by its name, also one that has another where it is written: ``get_item = items.get``."""
    found = evidence.source.function(name, "app/crud.py") or evidence.source.function(name)
    bound = evidence.source.bound(name, evidence.source.file("app/crud.py")) if found is None else None
    other = name_of(getattr(bound[1], "value", None)) if bound else ""
    return evidence.source.function(other) if other else found


def reached(evidence: Evidence) -> list[tuple[File, Function]]:
    """The function that a rule is about, and the learner's functions that it leads to."""
    found = function_of(evidence)
    return evidence.source.reached(*found, evidence.given) if found else []


def calls_in(evidence: Evidence, *names: str) -> list[tuple[File, ast.Call]]:
    """The calls of something with one of these names, in the function that a rule is about and all it leads to."""
    return [(file, call) for file, node in reached(evidence) for call in calls(node, *names)]


def _last_write(evidence: Evidence) -> Event | None:
    return next(iter(reversed(evidence.events_of(*_WRITES))), None)


def _arguments(node: Function) -> list[str]:
    return [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]


_NULL_CLEARS = "update_null_clears", "patch_null_clears"


# -- what was written, and whether it was saved -------------------------------------------------------


@reading("'async def' for a function that nobody awaits", "create_persists", "list_is_ordered", "get_returns_the_item")
def async_function(evidence: Evidence) -> Told | None:
    """Calling an async function only makes a coroutine. Its body runs when the coroutine is awaited, and here nobody
    awaits it."""
    found = function_of(evidence)
    if found is None or not isinstance(found[1], ast.AsyncFunctionDef):
        return None
    return Told(where=found[0].at(found[1]), hint="The session here is synchronous, and so are these functions.")


@reading(
    "begin() in a session that has already begun",
    "create_persists",
    "update_persists",
    "delete_persists",
    "reads_do_not_commit",
)
def begun_twice(evidence: Evidence) -> Told | None:
    """A session begins a transaction by itself as soon as you use it. A begin() after that raises an error."""
    raised = evidence.raised_kind("InvalidRequestError")
    if raised is None or "already begun" not in raised.message:
        return None
    return Told(
        where=innermost(raised, evidence.given),
        hint="The caller has used this session before, so its transaction has begun already. "
        "There is nothing to begin here: what ends a transaction that has begun?",
    )


@reading("a change that SQLAlchemy cannot notice", "update_persists", "update_keeps_omitted_fields")
def changed_behind_the_back(evidence: Evidence) -> Told | None:
    """SQLAlchemy notices ``item.name = ...`` and setattr(), but nothing that goes past them into ``__dict__``."""
    if evidence.sent("UPDATE") or evidence.raised:
        return None
    for file, each in [(file, each) for file, node in reached(evidence) for each in inside(node)]:
        behind = isinstance(each, ast.Attribute) and each.attr == "__dict__"
        if behind or (isinstance(each, ast.Call) and name_of(each) == "vars"):
            return Told(
                saw="no UPDATE was sent: SQLAlchemy did not notice any change",
                where=file.at(each),
                hint="SQLAlchemy notices item.name = ... and setattr(item, ...), not what is put into __dict__.",
            )
    return None


@reading("an item that was never added to the session", "create_persists", "create_refreshes")
def never_added(evidence: Evidence) -> Told | None:
    """A new object means nothing to the database until it is added to the session."""
    made = calls_in(evidence, "Item")
    other_error = evidence.raised and not evidence.raised_kind("InvalidRequestError", "DetachedInstanceError")
    if not made or evidence.sent("INSERT") or other_error:
        return None
    if calls_in(evidence, "add", "add_all", "merge", "insert", "execute", "begin", "begin_nested", "bulk_save_objects"):
        return None
    return Told(
        saw="no INSERT was sent: the session does not know the new item",
        where=made[0][0].at(made[0][1]),
        hint="The object is made here, but nobody tells the session about it.",
    )


@reading("commit() before add()", "create_persists", "update_persists", "delete_persists")
def committed_before_added(evidence: Evidence) -> Told | None:
    """commit() saves what is in the session at that moment. An object that you add later is not saved."""
    found = function_of(evidence)
    if found is None or evidence.sent(*_WRITES):
        return None
    if evidence.raised and "not persistent" not in evidence.raised[0].message:
        return None
    file, node = found
    changed, committed = calls(node, "add", "setattr", "delete"), calls(node, "commit")
    if not changed or not committed or committed[-1].lineno > changed[0].lineno:
        return None
    what = name_of(changed[0])
    return Told(
        saw=f"commit() was called before {what}(), so nothing was sent that could be saved",
        where=file.at(changed[0] if what == "add" else committed[-1]),
        hint="commit() saves what the session knows at that moment. In which order do these two lines belong?",
    )


@reading("refresh() of an item that is not in the database yet", "create_persists")
def refreshed_before_it_was_saved(evidence: Evidence) -> Told | None:
    """refresh() loads the item's row. An item that was never sent to the database has no row."""
    raised = evidence.raised_kind("InvalidRequestError")
    if raised is None or "not persistent" not in raised.message or evidence.sent("INSERT"):
        return None
    return Told(
        saw="refresh() found nothing to load: no INSERT was sent before it",
        where=innermost(raised, evidence.given),
        hint="With autoflush off, adding an item sends nothing. What sends it, and saves it, has to come before this "
        "line.",
    )


@reading("the write is rolled back", *_PERSISTS)
def rolled_back(evidence: Evidence) -> Told | None:
    """rollback(), or close() without a commit() before it, undoes everything that was written."""
    write = _last_write(evidence)
    if write is None or evidence.raised or evidence.sent("COMMIT"):
        return None
    after = evidence.events[evidence.events.index(write) :]
    taken_back = next((event for event in after if event.what == "ROLLBACK" and event.where), None)
    if taken_back is None or taken_back.where.rpartition(":")[0] in evidence.given:
        return None
    by_close = "close(" in evidence.source.line(taken_back.where)
    return Told(
        saw=f"{write.what} was sent, and then {'close()' if by_close else 'a ROLLBACK'} took it back",
        where=taken_back.where,
        hint="Nothing has made the change last before this line.",
    )


@reading("flush() instead of commit()", *_PERSISTS)
def flushed_not_committed(evidence: Evidence) -> Told | None:
    """flush() sends the statements, but only commit() makes them last; others do not see them before."""
    flushes = calls_in(evidence, "flush")
    if not flushes or not evidence.sent(*_WRITES) or evidence.sent("COMMIT") or calls_in(evidence, "commit"):
        return None
    return Told(
        saw=f"{evidence.events_of(*_WRITES)[-1].what} was sent, but no COMMIT",
        where=flushes[-1][0].at(flushes[-1][1]),
        hint="flush() sends the statement and leaves the transaction open. What ends a transaction and keeps it?",
    )


@reading("commit() in one branch only", *_PERSISTS)
def committed_in_one_branch(evidence: Evidence) -> Told | None:
    """A commit() under a condition saves only when the condition holds."""
    if evidence.sent("COMMIT") or evidence.raised or evidence.sent("ANSWER 4", "ANSWER 5"):
        return None
    return _in_one_branch(evidence, "commit", "Which changes get past this line without being saved?")


def _in_one_branch(evidence: Evidence, name: str, hint: str) -> Told | None:
    """The condition under which alone something is called."""
    for file, node in [(file, node) for file, function in reached(evidence) for node in inside(function)]:
        if isinstance(node, ast.If) and any(calls(each, name) for each in [*node.body, *node.orelse]):
            within = [*ast.walk(node)]
            if all(call in within for _, call in calls_in(evidence, name)):
                return Told(where=file.at(node), hint=hint)
    return None


@reading("no commit()", *_PERSISTS)
def not_committed(evidence: Evidence) -> Told | None:
    """A write becomes permanent only with a commit. Closing the session undoes it."""
    found = function_of(evidence)
    if found is None or evidence.sent("COMMIT", "ANSWER 4", "ANSWER 5") or evidence.raised:
        return None
    if calls_in(evidence, "commit", "begin", "begin_nested"):
        return None
    writing = "add", "delete", "execute", "setattr", "sqlmodel_update", "merge"
    changed = calls_in(evidence, *writing) or calls_in(evidence, "refresh")
    sent = evidence.events_of(*_WRITES)
    if not changed and not sent:
        return None
    return Told(
        saw=f"{sent[-1].what} was sent, but no COMMIT" if sent else "no COMMIT was sent",
        where=changed[-1][0].at(changed[-1][1]) if changed else own_line(evidence, sent[-1].where),
        hint="The change lives in the session's transaction alone. Who makes it last?",
    )


@reading("the same item is stored twice", "create_persists", "create_answers_201")
def stored_twice(evidence: Evidence) -> Told | None:
    """One call must store one item."""
    inserts = evidence.events_of("INSERT items")
    called = sum(line.startswith(("create_item(", "POST ")) for line in evidence.did)
    stored = sum(insert.rows_of("name") for insert in inserts)
    if not called or stored <= called or not inserts[-1].where:
        return None
    found = endpoint_of(evidence) or function_of(evidence)
    twice = calls(found[1], "create_item", "add") if found else []
    return Told(
        saw=f"{stored} rows were inserted for {called} call{'s' if called > 1 else ''}",
        where=found[0].at(twice[-1]) if found and len(twice) > 1 else own_line(evidence, inserts[-1].where),
        hint="Which of the lines that store something is one too many?",
    )


@reading("a statement without WHERE", *_PERSISTS)
def no_where(evidence: Evidence) -> Told | None:
    """An UPDATE or DELETE without WHERE changes every row of the table."""
    for event in evidence.events_of("UPDATE items", "DELETE items"):
        if " where " not in f" {event.sql.lower()} ".replace("\n", " ") and event.where:
            verb = event.what.split()[0]
            return Told(
                saw=f"the {verb} has no WHERE: it was carried out on every row",
                where=own_line(evidence, event.where),
                hint="Say which row is meant.",
            )
    return None


@reading("a condition that Python has worked out", *_PERSISTS)
def condition_worked_out(evidence: Evidence) -> Told | None:
    """``Item.id == 3`` is a condition for the database. ``item.id == 3`` is True or False before it gets there."""
    for event in evidence.events_of("UPDATE items", "DELETE items"):
        condition = " ".join(event.sql.lower().split()).partition(" where ")[2]
        found = re.fullmatch(r"(true|1 = 1)|(false|0 = 1)", condition)
        if found and event.where:
            verb, rows = event.what.split()[0], "every row" if found[1] else "no row"
            return Told(
                saw=f"the {verb} says WHERE {condition}: that is {rows}",
                where=_built(evidence, event.where, "where", "filter"),
                hint="Python has worked this condition out by itself, before the database saw it. What is compared "
                "with what?",
            )
        if re.fullmatch(r"(items\.\w+) = \1", condition) and event.where:
            saw = f"the {event.what.split()[0]} says WHERE {condition}: that is every row"
            where = _built(evidence, event.where, "where", "filter")
            return Told(saw=saw, where=where, hint="A column is compared with itself here. Which row is meant?")
    return None


@reading("the row is looked up by its name", *_PERSISTS, "create_refreshes")
def found_by_name(evidence: Evidence) -> Told | None:
    """Two items may have the same name. Only the id says which row is meant."""
    for event in evidence.events_of("SELECT items", "UPDATE items", "DELETE items"):
        condition = event.sql.lower().replace("\n", " ").partition(" where ")[2]
        by = re.search(r"\b(name|description)\b", condition)
        if by and event.where:
            return Told(
                saw=f"{event.what.split()[0]} ... WHERE {by[1]} = ...: several rows have this {by[1]}",
                where=own_line(evidence, event.where),
                hint=f"{by[1].capitalize()}s may repeat. What does each row have for itself alone?",
            )
    return None


# -- what comes back ----------------------------------------------------------------------------------

_CREATE_AND_UPDATE = "create_refreshes", "update_refreshes"


@reading("nothing is returned", *_CREATE_AND_UPDATE, "get_returns_the_item", "list_is_ordered", "list_pages")
def returned_nothing(evidence: Evidence) -> Told | None:
    """A function without a return gives its caller None."""
    found = function_of(evidence)
    nothing = "None was returned" in evidence.saw or evidence.saw == "among what was returned: None"
    if found is None or not nothing:
        return None
    file, node = found
    returns = [each for each in inside(node) if isinstance(each, ast.Return)]
    empty = [each for each in returns if each.value is None or text_of(each.value) == "None"]
    if returns and not empty:
        return None
    where = file.at(empty[0]) if empty else file.at(node.end_lineno or node.lineno)
    return Told(saw=f"{node.name} returned None", where=where, hint="The caller of this function wants something back.")


@reading("the schema is returned, not the item", *_CREATE_AND_UPDATE)
def returned_the_input(evidence: Evidence) -> Told | None:
    """The schema has no id, and none of the values that the database made."""
    found = function_of(evidence)
    if found is None or "was returned, which has no" not in evidence.saw:
        return None
    file, node = found
    names = _arguments(node)
    for each in ast.walk(node):
        if isinstance(each, ast.Return) and isinstance(each.value, ast.Name) and each.value.id == names[-1]:
            hint = f"'{each.value.id}' is what was sent. Which object is the row of the database?"
            return Told(where=file.at(each), hint=hint)
    return None


@reading(
    "the result of merge() is thrown away",
    *(*_CREATE_AND_UPDATE, "update_persists", "update_null_clears", "update_keeps_omitted_fields"),
    "patch_keeps_omitted_fields",
)
def merged_copy_lost(evidence: Evidence) -> Told | None:
    """merge() makes a copy that belongs to the session, and returns it. The object that you pass in stays outside the
    session."""
    found = function_of(evidence)
    if found is None:
        return None
    file, node = found
    for each in ast.walk(node):
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Call) and name_of(each.value) == "merge":
            return Told(
                saw=f"{evidence.saw}: this object was never part of the session",
                where=file.at(each),
                hint="merge() gives you another object, the one that belongs to the session. Go on with that one.",
            )
    return None


@reading("only some attributes are refreshed", *_CREATE_AND_UPDATE)
def refreshed_in_part(evidence: Evidence) -> Told | None:
    """refresh(item, [...]) loads only the attributes that it names."""
    for file, call in calls_in(evidence, "refresh"):
        if len(call.args) > 1 or keyword(call, "attribute_names"):
            return Told(where=file.at(call), hint="This loads only what it names. What about the rest?")
    return None


@reading("refresh() before commit()", *_CREATE_AND_UPDATE, "update_persists")
def refreshed_too_early(evidence: Evidence) -> Told | None:
    """What is loaded before the commit is forgotten by it; and refresh() takes back a change that was not sent yet."""
    committed = next((n for n, event in enumerate(evidence.events) if event.what == "COMMIT"), 0)
    before = [event for event in evidence.events[:committed] if event.what.startswith("SELECT items")]
    refreshed = [event for event in before if "refresh(" in evidence.source.line(event.where)]
    if evidence.rule == "update_persists":
        if not refreshed or evidence.sent("UPDATE"):
            return None
        return Told(
            saw="refresh() took the change back before it was sent: no UPDATE",
            where=own_line(evidence, refreshed[-1].where),
            hint="What was set is known to the session alone at this line. What does refresh() do to it?",
        )
    after = [event for event in evidence.events[committed:] if event.what.startswith("SELECT items") and event.where]
    if not refreshed or after:
        return None
    return Told(
        saw="the item was loaded before the COMMIT, and commit() makes SQLAlchemy forget what was loaded"
        if "shows" not in evidence.saw
        else f"{evidence.saw}; it was loaded before the COMMIT, and not after it",
        where=own_line(evidence, refreshed[-1].where),
        hint="When is the row as it will stay: before the COMMIT, or after it?",
    )


@reading("refresh() in one branch only", *_CREATE_AND_UPDATE)
def refreshed_in_one_branch(evidence: Evidence) -> Told | None:
    """A refresh() under a condition loads the row again only when the condition holds."""
    after = evidence.timeline[::-1]
    if "COMMIT" not in after or any(what.startswith("SELECT") for what in after[: after.index("COMMIT")]):
        return None
    return _in_one_branch(evidence, "refresh", "Which items get past this line without being loaded again?")


@reading("commit() without refresh()", *_CREATE_AND_UPDATE)
def not_refreshed(evidence: Evidence) -> Told | None:
    """commit() makes SQLAlchemy forget what the object holds, and nothing loads it again before it is returned."""
    commits = [event for event in evidence.events if event.what == "COMMIT" and event.where]
    late = evidence.events[evidence.events.index(commits[-1]) :] if commits else []
    unread = not re.search(r"shows \{'id': \d|DetachedInstanceError", evidence.saw)
    if not commits or unread or any(event.what.startswith("SELECT") for event in late):
        return None
    return Told(
        saw=f"{evidence.saw}; after the COMMIT nothing was loaded again" if "shows" in evidence.saw else "",
        where=own_line(evidence, commits[-1].where),
        hint="After this line what the item holds is old: the row has to be loaded from the database once more.",
    )


# -- a partial update ---------------------------------------------------------------------------------


@reading("'is not None' cannot clear a field", *_NULL_CLEARS)
def is_not_none(evidence: Evidence) -> Told | None:
    """``is not None`` cannot tell a field that was not sent from one that was sent as null."""
    compared = [
        (file, node)
        for file, function in reached(evidence)
        for node in inside(function)
        if isinstance(node, ast.Compare)
        and text_of(node).endswith((" is not None", " is None", " != None", " == None"))
        and _is_a_value(node.left, function)
    ]
    about = _about_the_description(compared)
    if not about:
        return None
    hint = 'This line cannot tell "not sent" from "sent as null". Who remembers which were sent?'
    return Told(where=about[0][0].at(about[0][1]), hint=hint)


_Node = TypeVar("_Node", bound=ast.AST)


def _about_the_description(nodes: list[tuple[File, _Node]]) -> list[tuple[File, _Node]]:
    """Those that name the description; where none does, those that are meant for every field."""
    named = [(file, node) for file, node in nodes if "description" in text_of(node)]
    return named or [(file, node) for file, node in nodes if not re.search(r"\bname\b", text_of(node))]


def _is_a_value(node: ast.expr, function: Function | None) -> bool:
    """Whether an expression is the value of a field that was sent: ``data.name``, or ``value`` of a loop over them."""
    if isinstance(node, ast.Attribute):
        return node.attr in ("name", "description")
    loops = [each for each in ast.walk(function) if isinstance(each, ast.For | ast.comprehension)] if function else []
    names = {each.id for loop in loops for each in ast.walk(loop.target) if isinstance(each, ast.Name)}
    fetched = isinstance(node, ast.Call) and name_of(node) in ("getattr", "get", "any", "all")
    return fetched or isinstance(node, ast.Subscript) or (isinstance(node, ast.Name) and node.id in names)


@reading("exclude_none drops what was sent as null", *_NULL_CLEARS)
def exclude_none(evidence: Evidence) -> Told | None:
    """``exclude_none=True`` drops every field that is None, even one that the client sent as null."""
    return _dumped_with(evidence, "exclude_none", "This drops a field that was sent as null, too.")


@reading("exclude_defaults drops what was sent as null", *_NULL_CLEARS)
def exclude_defaults(evidence: Evidence) -> Told | None:
    """``exclude_defaults=True`` drops every field that equals its default, even one that the client sent."""
    hint = "null is the default here, so this drops it even where it was sent."
    compared = [
        file.at(node)
        for file, function in reached(evidence)
        for node in inside(function)
        if isinstance(node, ast.Compare) and re.search(r"\.(get_)?default\b", text_of(node))
    ]
    if compared:
        return Told(where=compared[0], hint=f"{hint} Who remembers which fields were sent?")
    return _dumped_with(evidence, "exclude_defaults", hint)


def _dumped_with(evidence: Evidence, option: str, hint: str) -> Told | None:
    for file, function in reached(evidence):
        for call in calls(function, "model_dump", "dict"):
            value = keyword(call, option)
            handed = evidence.source.handed_over(file, function, value.id) if isinstance(value, ast.Name) else None
            place = handed or (file, value)
            if place[1] is not None and text_of(place[1]) == "True":
                more = " Which option asks for what was sent, whatever its value?"
                return Told(where=place[0].at(place[1]), hint=hint + more)
    return None


@reading("every field is written, sent or not", "update_keeps_omitted_fields", "patch_keeps_omitted_fields")
def wrote_what_was_not_sent(evidence: Evidence) -> Told | None:
    """model_dump() alone returns every field. For a field that was not sent it returns the default."""
    found = function_of(evidence)
    if evidence.raised_kind("InvalidRequestError"):
        return None
    for file, call in calls_in(evidence, "model_dump", "dict", "sqlmodel_update"):
        whole = name_of(call) == "sqlmodel_update" and call.args and isinstance(call.args[0], ast.Name)
        dumped = name_of(call) != "sqlmodel_update" and not call.keywords and isinstance(call.func, ast.Attribute)
        if found and (dumped or (whole and text_of(call.args[0]) == _arguments(found[1])[-1])):
            return Told(
                where=file.at(call),
                hint="This gives every field of the schema, with the default for what was not sent. "
                "The schema knows which fields were sent.",
            )
    for file, function in reached(evidence):
        for call in calls(function, "model_dump", "dict"):
            option = keyword(call, "exclude_unset")
            turned = isinstance(option, ast.UnaryOp) and isinstance(option.op, ast.Not)
            inner = option.operand if isinstance(option, ast.UnaryOp) else option
            handed = evidence.source.handed_over(file, function, inner.id) if isinstance(inner, ast.Name) else None
            place = handed or (file, inner)
            if place[1] is not None and text_of(place[1]) == str(turned):
                hint = "With this, exclude_unset is false. What does model_dump() give then for what was not sent?"
                return Told(where=place[0].at(place[1]), hint=hint)
    return None


@reading("a field is written even if it was not sent", "update_keeps_omitted_fields", "patch_keeps_omitted_fields")
def assigned_unsent(evidence: Evidence) -> Told | None:
    """A schema has a value for every field, also for those that were not sent: their default."""
    if not evidence.sent("UPDATE"):
        return None
    told = "".join(evidence.did[-1:])
    guarded = {
        id(each)
        for _, function in reached(evidence)
        for node in ast.walk(function)
        if isinstance(node, ast.If)
        for each in ast.walk(node)
    }
    for file, node in [(file, node) for file, function in reached(evidence) for node in inside(function)]:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if not isinstance(target, ast.Attribute) or target.attr not in ("name", "description") or id(node) in guarded:
            continue
        if not re.search(rf"\b{target.attr}'?[=:]", told) and isinstance(getattr(node, "value", None), ast.Attribute):
            hint = f"Nobody has sent a {target.attr} here, and this line writes one all the same."
            return Told(where=file.at(node), hint=hint)
    return None


@reading(
    "an empty text becomes None",
    *("update_empty_string_is_a_value", "patch_null_clears", "create_answers_201", "create_persists"),
)
def emptied_to_none(evidence: Evidence) -> Told | None:
    """``value or None`` makes None of an empty text, which is a value of its own."""
    if not re.search(r"description'?[=:] ?''", "".join(evidence.did[-1:])):
        return None
    chain = [*reached(evidence), *behind(evidence)]
    nodes = [(file, node) for file, function in chain for node in inside(function)]
    for file, node in nodes:
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and text_of(node.values[-1]) == "None":
            return Told(where=file.at(node), hint='"" counts as false, so "or" goes on to None.')
        if (
            isinstance(node, ast.If | ast.IfExp)
            and "None" in text_of(node)
            and re.search(r"== ''|not \w", text_of(node.test))
        ):
            return Told(where=file.at(node), hint='"" is a text like any other: it was sent, and is to be stored.')
    return None


@reading("a false value is taken for 'not sent'", *_NULL_CLEARS, "update_empty_string_is_a_value")
def tested_for_truth(evidence: Evidence) -> Told | None:
    """None and an empty text count as false, and both can be sent on purpose."""
    tested: list[tuple[File, ast.expr]] = []
    for file, function in reached(evidence):
        for node in inside(function):
            tests: list[ast.expr] = []
            if isinstance(node, ast.comprehension):
                tests = node.ifs
            elif isinstance(node, ast.If | ast.IfExp):
                tests = [node.test]
            elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
                tests = node.values[:1]
            for test in tests:
                inner = test.operand if isinstance(test, ast.UnaryOp) else test
                handed_on = function is not reached(evidence)[0][1] and text_of(inner) in _arguments(function)
                if _is_a_value(inner, function) or (handed_on and isinstance(node, ast.BoolOp | ast.IfExp)):
                    tested.append((file, test))
    for file, test in _about_the_description(tested):
        hint = 'None and "" count as false here. Ask whether the field was sent, not what it holds.'
        return Told(where=file.at(test), hint=hint)
    return None


# -- reading ------------------------------------------------------------------------------------------


@reading("a function that only reads commits", "reads_do_not_commit")
def committed_a_read(evidence: Evidence) -> Told | None:
    """commit() in a function that only reads saves work that its caller has not finished."""
    commits = [event for event in evidence.events_of("COMMIT") if event.where]
    found = function_of(evidence)
    if not commits or evidence.raised or found is None:
        return None
    where = commits[-1].where
    for name, decorator in decorators(found[1]):  # it is right for the functions that write
        other = evidence.source.function(name)
        if other is not None and other[0].name == where.rpartition(":")[0] and _around(other[1], where):
            hint = f"@{name} commits after the function. What does a function that only reads have to save?"
            return Told(saw=evidence.saw, where=found[0].at(decorator), hint=hint)
    return Told(saw=evidence.saw, where=where, hint="A function that only reads has nothing of its own to save.")


def _around(node: Function, where: str) -> bool:
    return node.lineno <= int(where.rpartition(":")[2]) <= (node.end_lineno or node.lineno)


@reading("a list without ORDER BY", "list_is_ordered", "list_pages", "list_answers_items")
def no_order(evidence: Evidence) -> Told | None:
    """Without ORDER BY the database may return the rows in any order, and in another order next time."""
    selects = evidence.events_of("SELECT items")
    if not selects or not selects[-1].where or "order by" in selects[-1].sql.lower():
        return None
    told = _in_one_branch(
        evidence, "order_by", "This line decides whether the rows are ordered. For which pages are they?"
    )
    if told is not None:
        return Told(saw=f"{evidence.saw}; the SELECT of this page has no ORDER BY", where=told.where, hint=told.hint)
    return Told(
        saw=f"{evidence.saw}; the SELECT has no ORDER BY",
        where=_built(evidence, selects[-1].where, "select", "query"),
        hint="Say by what the rows are to be ordered, before the page is cut.",
    )


@reading("a clause that nobody keeps", "list_is_ordered", "list_pages", "list_answers_items")
def clause_thrown_away(evidence: Evidence) -> Told | None:
    """order_by(), offset() and limit() leave the statement as it is, and return another one that has the clause."""
    selects = [event for event in evidence.events_of("SELECT items") if event.where]
    words = " ".join(selects[-1].sql.lower().split()) if selects else ""
    for file, node in [(file, node) for file, function in reached(evidence) for node in inside(function)]:
        clause = name_of(node.value) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else ""
        if clause in ("order_by", "limit", "offset") and words and f" {clause.replace('_', ' ')} " not in words:
            hint = f"{clause}() changes nothing: it returns another statement. Who keeps that one?"
            return Told(
                saw=f"{evidence.saw}; the SELECT has no {clause.replace('_', ' ').upper()}",
                where=file.at(node),
                hint=hint,
            )
    return None


@reading("the list is not ordered by id", "list_is_ordered", "list_answers_items")
def another_order(evidence: Evidence) -> Told | None:
    """The list is ordered by something other than the id, or from the last item to the first."""
    selects = evidence.events_of("SELECT items")
    order = selects[-1].sql.lower().replace("\n", " ").partition(" order by ")[2] if selects else ""
    words = re.split(r" limit | offset ", order)[0].strip()
    if not words or not selects[-1].where or re.fullmatch(r"items\.id( asc)?", words):
        return None
    where = _built(evidence, selects[-1].where, "order_by")
    made = [(file, call) for file, call in calls_in(evidence, "order_by") if call.args]
    if len(made) == 1:  # perhaps in another function, or by a name
        file, by = made[0][0], made[0][1].args[0]
        bound = evidence.source.bound(by.id, file) if isinstance(by, ast.Name) else None
        where = bound[0].at(bound[1]) if bound else file.at(by)
    ids = [each.get("id") for each in evidence.actual] if _are_rows(evidence.actual) else []
    saw = f"the ids came as {ids[:10]}" if ids else evidence.saw
    wanted = f"{[each.get('id') for each in evidence.expected][:10]}" if ids and _are_rows(evidence.expected) else ""
    hint = "By what does this line order the rows, and what does the task sheet say?"
    return Told(saw=f"{saw}; the SELECT says ORDER BY {words}", wanted=wanted, where=where, hint=hint)


def _built(evidence: Evidence, where: str, *names: str) -> str:
    """Where a statement gets this clause, if the function that sends it does so once; else where it is sent."""
    file, name = evidence.source.file(where.rpartition(":")[0]), evidence.source.function_of(where)
    found = evidence.source.function(name, file.name) if name and file.name not in evidence.given else None
    made = calls(found[1], *names) if found else []
    return file.at(made[0].args[0] if made[0].args else made[0]) if len(made) == 1 else own_line(evidence, where)


def _are_rows(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(each, dict) for each in values)


@reading("execute() returns rows, not items", "list_is_ordered", "list_pages", "get_returns_the_item")
def rows_not_items(evidence: Evidence) -> Told | None:
    """execute() gives rows: tuples, even where each holds one item only."""
    executed = calls_in(evidence, "execute")
    if not executed or not re.search(r"\((<Item|Item\()", evidence.saw):
        return None
    if calls_in(evidence, "scalars", "scalar", "scalar_one", "scalar_one_or_none"):
        return None
    hint = "Each row is a tuple with the item in it. What gives the items?"
    return Told(where=executed[0][0].at(executed[0][1]), hint=hint)


@reading("items with the same name are merged", "list_pages")
def equal_names_merged(evidence: Evidence) -> Told | None:
    """Two items may have the same name; whoever collects them by name, or asks for distinct ones, loses some."""
    if not re.match(r"items on the page|not on any page", evidence.saw):
        return None
    merging: list[tuple[File, ast.AST]] = [
        (file, each)
        for file, node in reached(evidence)
        for each in inside(node)
        if isinstance(each, ast.DictComp | ast.SetComp) and "name" in text_of(each)
    ]
    merging += calls_in(evidence, "distinct", "group_by")
    if not merging:
        return None
    hint = "Two items may have the same name, and both belong to the page."
    where = merging[0][0].at(merging[0][1])
    return Told(saw=f"{evidence.saw}; several have the same name", where=where, hint=hint)


@reading("the offset is used as an id", "list_pages")
def offset_as_an_id(evidence: Evidence) -> Told | None:
    """An offset counts rows. Ids have gaps as soon as an item is deleted."""
    for event in evidence.events_of("SELECT items"):
        condition = event.sql.lower().replace("\n", " ").partition(" where ")[2]
        if re.match(r"\(?(items\.)?id\s*(>|between)", condition) and event.where:
            where = _built(evidence, event.where, "where", "filter")
            return Told(where=where, hint="An offset says how many rows to skip, whatever their ids are.")
    return None


@reading("an unknown id raises an exception", "get_unknown_is_none", *_UNKNOWN)
def raised_for_an_unknown_id(evidence: Evidence) -> Told | None:
    """For get_item, an unknown id is not an error. The caller decides what it means."""
    kinds = ["NoResultFound", "LookupError", "HTTPException", "ValueError"]
    raised = evidence.raised_kind(*(kinds if evidence.rule == "get_unknown_is_none" else kinds[:2]))
    if raised is None or not raised.lines:
        return None
    where = innermost(raised, evidence.given)
    hint = "None is the answer for an id that is not there; the route makes a 404 of it."
    if where.startswith("app/routes/"):
        hint = "This raises where there is no row, and nobody makes a 404 of it."
    return Told(where=where, hint=hint)


@reading("a list instead of an item", "get_returns_the_item")
def returned_a_list(evidence: Evidence) -> Told | None:
    """all() and scalars() return several items, even if there is only one."""
    found = function_of(evidence)
    if found is None or not evidence.saw.startswith("["):
        return None
    returns = [node for node in inside(found[1]) if isinstance(node, ast.Return)]
    return Told(where=found[0].at(returns[-1]), hint="An id is that of one item.") if returns else None


@reading("the caller's transaction is ended", "reads_do_not_commit")
def ended_the_callers_transaction(evidence: Evidence) -> Told | None:
    """The session belongs to the caller. Closing it or rolling it back throws the caller's work away."""
    found = function_of(evidence)
    if found is None or "ended the caller's transaction" not in evidence.saw:
        return None
    file, node = found
    closed = calls(node, "close", "rollback", "expunge_all", "reset")
    withs = [each for each in ast.walk(node) if isinstance(each, ast.With)]
    blocks = [each for each in withs if text_of(each.items[0].context_expr) in _arguments(node)]
    for each in (*closed, *blocks):
        hint = "The end of this block closes the session." if isinstance(each, ast.With) else "Whose session is this?"
        return Told(where=file.at(each), hint=hint)
    return None


@reading("the code chooses the id", "create_persists")
def chose_the_id(evidence: Evidence) -> Told | None:
    """The database assigns ids. Code that counts them itself may take an id that is already used, or that another
    request is about to take."""
    found = function_of(evidence)
    for call in calls(found[1], "Item") if found else ():
        if found and keyword(call, "id") is not None:
            return Told(where=found[0].at(call), hint="Who knows which ids were ever given out?")
    return None


@reading("a field that is never written", "create_persists", "update_persists", "update_keeps_omitted_fields")
def field_not_written(evidence: Evidence) -> Told | None:
    """A field that is not passed to the model, or not set on the item, keeps its old value."""
    found = function_of(evidence)
    write = next((event for event in evidence.events_of("INSERT items", "UPDATE items")), None)
    if found is None or write is None or calls(found[1], "model_dump", "dict", "setattr", "sqlmodel_update"):
        return None
    file, node = found
    told, source = "".join(evidence.did[-1:]), text_of(ast.Module(body=node.body[1:] or node.body, type_ignores=[]))
    sent = [name for name in ("name", "description") if f"{name}=" in told]
    name = next((name for name in sent if not re.search(rf"\b{name}\b", source)), "")
    if not name:
        return None
    assigned = [each for each in ast.walk(node) if isinstance(each, ast.Assign) and "." in text_of(each.targets[0])]
    place = (calls(node, "Item") or assigned or [node])[-1]
    saw = f"{evidence.saw}; nobody has set {name}"
    return Told(saw=saw, where=file.at(place), hint=f"Who hands '{name}' on?")


@reading(
    "an update stores a new row",
    *("update_persists", "update_keeps_omitted_fields", "patch_keeps_omitted_fields"),
    *("update_null_clears", "update_empty_string_is_a_value"),
)
def stored_a_new_row(evidence: Evidence) -> Told | None:
    """An update changes the existing row. A new object is a new row with a new id."""
    found = function_of(evidence)
    inserts = evidence.events_of("INSERT items")
    if found is None or found[1].name != "update_item" or not inserts:
        return None
    made = calls(found[1], "Item", "insert")
    where = found[0].at(made[0]) if made else inserts[0].where
    hint = "There is an item already: change that one."
    return Told(saw=f"{evidence.saw}; an INSERT was sent", where=where, hint=hint)


@reading("an empty update is an error", "update_keeps_omitted_fields")
def refused_to_change_nothing(evidence: Evidence) -> Told | None:
    """A client that sends no field asks for no change. That is not an error."""
    empty = "ItemUpdate()" in "".join(evidence.did[-1:])
    raised = evidence.raised[0] if evidence.raised else None
    if not empty or raised is None or not raised.lines:
        return None
    where = innermost(raised, evidence.given)
    if "SET" in raised.message or "syntax error" in raised.message or "syntax error" in evidence.saw:
        return Told(
            where=where, hint="Nothing was sent, so there is nothing to SET; and an UPDATE without it is no SQL."
        )
    return Told(where=where, hint="Nothing was sent, so nothing changes, and the item comes back as it is.")


@reading("parameters with other names, or in another order", "list_pages")
def other_parameters(evidence: Evidence) -> Told | None:
    """Callers pass offset and limit by name, or in this order."""
    found = function_of(evidence)
    if found is None or found[1].name != "list_items":
        return None
    names = [name for name in _arguments(found[1]) if name in ("offset", "limit")]
    if names == ["offset", "limit"]:
        return None
    given = ", ".join(_arguments(found[1])[1:])
    hint = "Callers write list_items(db, offset=..., limit=...), or leave the names out."
    return Told(saw=f"{evidence.saw}; the parameters are {given}", where=found[0].at(found[1]), hint=hint)


@reading("other defaults for the page", "list_pages")
def other_defaults(evidence: Evidence) -> Told | None:
    """If the caller says nothing, the page starts at the first item and has up to 100 items."""
    found = function_of(evidence)
    called = re.match(r"list_items\(db(?:, (offset|limit)=\d+)?\)", "".join(evidence.did[-1:]))
    if found is None or called is None:
        return None
    names, values = _arguments(found[1]), [*found[1].args.defaults]
    defaults: dict[str, ast.expr | None] = dict(zip(names[::-1], values[::-1], strict=False))
    keywords = zip(found[1].args.kwonlyargs, found[1].args.kw_defaults, strict=True)
    defaults |= {each.arg: value for each, value in keywords}
    meant = {
        name: _behind_its_name(evidence, found[0], value)
        for name, value in defaults.items()
        if value is not None and name != called[1]
    }
    limited = any(_limited(event) for event in evidence.events_of("SELECT items")[-1:])
    if limited and "None" in text_of(meant["limit"][1] if "limit" in meant else None):
        return None  # the function has another number for it
    other = [(name, place) for name, place in meant.items() if _wrong_default(name, place[1])]
    if not other:
        return None
    told = " and ".join(f"{name} is {text_of(value)}" for name, (_, value) in other)
    hint = "What are offset and limit where the caller says nothing?"
    file, value = other[0][1]
    return Told(saw=f"{evidence.saw}; where the caller says nothing, {told}", where=file.at(value), hint=hint)


def _limited(event: Event) -> bool:
    """Whether a SELECT asks for a number of rows; SQLite and PostgreSQL have ways to say that there is no limit."""
    words = f" {' '.join(event.sql.lower().split())} "
    values = event.parameters.values() if isinstance(event.parameters, dict) else event.parameters or ()
    endless = " limit all " in words or " limit -1 " in words or -1 in values
    return " limit " in words and not endless


def _behind_its_name(evidence: Evidence, file: File, value: ast.expr) -> tuple[File, ast.expr]:
    """The number that a name stands for, at the top of a module or in a class; the value itself where it is no name."""
    bound: tuple[File, ast.AST] | None = None
    if isinstance(value, ast.Name):
        bound = evidence.source.bound(value.id, file)
    elif isinstance(value, ast.Attribute):  # settings.page_size
        owners = [(each, one) for each in evidence.source.files() for owner in each.classes for one in owner.body]
        set_there = [
            (each, one)
            for each, one in owners
            if isinstance(one, ast.Assign | ast.AnnAssign)
            and value.attr == name_of(one.targets[0] if isinstance(one, ast.Assign) else one.target)
        ]
        bound = set_there[0] if len(set_there) == 1 else None
    number = getattr(bound[1], "value", None) if bound else None
    return (bound[0], number) if bound is not None and isinstance(number, ast.Constant) else (file, value)


def _wrong_default(name: str, value: ast.expr) -> bool:
    right = {"offset": "0", "limit": "100"}
    return name in right and (text_of(value).isdigit() or text_of(value) == "None") and text_of(value) != right[name]


@reading(
    "the order or the condition comes after the page",
    *("list_is_ordered", "list_pages", "list_answers_items", "get_returns_the_item"),
)
def ordered_after_the_limit(evidence: Evidence) -> Told | None:
    """A page is cut out of rows that were chosen and put in order. After limit(), SQLAlchemy's Query refuses
    order_by() and filter()."""
    raised = evidence.raised_kind("InvalidRequestError")
    found = re.search(
        r"Query\.(\w+)\(\) being called on a Query which already has LIMIT", raised.message if raised else ""
    )
    if raised is None or not found:
        return None
    name, _, number = innermost(raised, evidence.given).rpartition(":")
    file = evidence.source.file(name)
    late = [each for each in calls(file.tree, found[1]) if each.lineno <= int(number) <= (each.end_lineno or 0)]
    where = file.at(late[0]) if late else f"{name}:{number}"
    return Told(where=where, hint=f"In which order do {found[1]}(), offset() and limit() belong? Read the exception.")


@reading("not the page that was asked for", "list_pages")
def another_page(evidence: Evidence) -> Told | None:
    """OFFSET says how many rows to skip, LIMIT how many to return at most. Both must be what the caller asked for."""
    called = re.match(r"list_items\(db(?:, (?:offset=)?(\d+), (?:limit=)?(\d+))?\)", (evidence.did or [""])[-1])
    selects = [event for event in evidence.events_of("SELECT items") if event.where]
    cut = [
        (file, each)
        for file, function in reached(evidence)
        for each in inside(function)
        if isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Slice)
    ]
    if called and not evidence.sent("SELECT") and not evidence.raised and len(cut) == 1:
        hint = "A slice takes the place to begin and the place to stop. What are they for this call?"
        return Told(saw=f"{evidence.saw}; no SELECT was sent", where=cut[0][0].at(cut[0][1].slice), hint=hint)
    if not called or not selects:
        return None
    sql, sent = selects[-1].sql.lower(), selects[-1].parameters
    values = [value for value in (sent.values() if isinstance(sent, dict) else sent or ()) if isinstance(value, int)]
    asked = {"offset": int(called[1] or 0), "limit": int(called[2] or 100)}
    missing = [word for word in ("limit", "offset") if f" {word} " not in sql.replace("\n", " ")]
    none = "limit all" in sql or (len(values) >= 2 and values[-2] < 0)  # how PostgreSQL and SQLite are told of none
    if none:
        missing = ["limit"]
    if missing:
        told = f"the SELECT has no {' and no '.join(word.upper() for word in missing)}"
    elif len(values) >= 2 and values[-2:] != [asked["limit"], asked["offset"]]:
        told = f"the SELECT was sent with LIMIT {values[-2]} and OFFSET {values[-1]}"
    else:
        return None
    hint = "Which of the two numbers does not get into the query?" if missing else "Which number belongs where?"
    wish = f"asked for was offset {asked['offset']}, limit {asked['limit']}"
    where = own_line(evidence, selects[-1].where)
    nodes = [(file, node) for file, function in reached(evidence) for node in inside(function)]
    made = [
        (file, node)
        for file, node in nodes
        if isinstance(node, ast.Call)
        and name_of(node) in ("offset", "limit", "fetch")
        and node.args
        and not isinstance(node.args[0], ast.Name | ast.Constant)
    ]
    if missing and len(cut) == 1:
        where, hint = cut[0][0].at(cut[0][1].slice), "Count the rows that this slice takes, and from where on."
    elif missing:
        hint = "What skips rows here, and what ends the page?"
    elif stops := [(file, node) for file, node in nodes if isinstance(node, ast.Call) and name_of(node) == "slice"]:
        where = stops[0][0].at(stops[0][1])
        hint = "slice() takes the place to begin and the place to stop. What are they for this call?"
    elif made:
        where, hint = made[0][0].at(made[0][1].args[0]), "What does this line make of the number that was asked for?"
    return Told(saw=f"{evidence.saw}; {told}, and {wish}", where=where, hint=hint)
