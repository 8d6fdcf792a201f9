"""In the child: mistakes in the functions of ``app/crud.py``, for all chapters that have the learner write them."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.evidence import Event, Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.routes import endpoint_of, own_line, request_of
from grader.diagnosis.source import File, Function, calls, inside, keyword, name_of, text_of

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
    return evidence.source.function(name, "app/crud.py") or evidence.source.function(name) if name else None


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
    """SQLAlchemy notices ``item.name = ...`` and setattr(). It does not notice a change in ``__dict__``."""
    found = function_of(evidence)
    if found is None or evidence.sent("UPDATE"):
        return None
    file, node = found
    for each in ast.walk(node):
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
    """The database learns about a new object only if you add it to the session."""
    found = function_of(evidence)
    if found is None or evidence.sent("INSERT"):
        return None
    file, node = found
    if calls(node, "add", "add_all", "merge", "insert", "execute", "begin", "begin_nested", "bulk_save_objects"):
        return None
    made = calls(node, "Item")
    return Told(
        saw="no INSERT was sent: the session does not know the new item",
        where=file.at(made[0] if made else node),
        hint="The object is made here, but nobody tells the session about it.",
    )


@reading("commit() before add()", "create_persists")
def committed_before_added(evidence: Evidence) -> Told | None:
    """commit() saves what is in the session at that moment. An object that you add later is not saved."""
    found = function_of(evidence)
    if found is None or evidence.sent("INSERT"):
        return None
    file, node = found
    added, committed = calls(node, "add"), calls(node, "commit")
    if added and committed and committed[-1].lineno < added[0].lineno:
        return Told(
            saw="commit() was called before add(), so no INSERT was sent",
            where=file.at(added[0]),
            hint="commit() saves what the session knows at that moment. In which order do these two lines belong?",
        )
    return None


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
    """flush() sends the statements, but only commit() makes them permanent. Until then nobody else sees them."""
    found = function_of(evidence)
    if found is None or not evidence.sent(*_WRITES) or evidence.sent("COMMIT"):
        return None
    file, node = found
    flushes = calls(node, "flush")
    if not flushes or calls(node, "commit"):
        return None
    return Told(
        saw=f"{evidence.events_of(*_WRITES)[-1].what} was sent, but no COMMIT",
        where=file.at(flushes[-1]),
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
    found = function_of(evidence)
    for node in inside(found[1]) if found else ():
        if found and isinstance(node, ast.If) and any(calls(each, name) for each in node.body):
            outside = [each for each in calls(found[1], name) if each not in [*ast.walk(node)]]
            if not outside:
                return Told(where=found[0].at(node), hint=hint)
    return None


@reading("no commit()", *_PERSISTS)
def not_committed(evidence: Evidence) -> Told | None:
    """A write becomes permanent only with a commit. Closing the session undoes it."""
    found = function_of(evidence)
    if found is None or evidence.sent("COMMIT") or evidence.raised:
        return None
    file, node = found
    if calls(node, "commit", "begin", "begin_nested"):
        return None
    changed = calls(node, "add", "delete", "execute", "setattr", "refresh", "merge")
    sent = evidence.events_of(*_WRITES)
    if (not changed and not sent) or evidence.sent("ANSWER 4", "ANSWER 5"):
        return None
    return Told(
        saw=f"{sent[-1].what} was sent, but no COMMIT" if sent else "no COMMIT was sent",
        where=file.at(changed[-1] if changed else node),
        hint="The change lives in the session's transaction alone. Who makes it last?",
    )


def _rows_of(insert: Event) -> int:
    """How many rows an INSERT is for: SQLAlchemy puts several into one statement."""
    sent = insert.parameters
    if isinstance(sent, dict):
        return max(1, sum(re.fullmatch(r"name(__\d+)?", str(name)) is not None for name in sent))
    return len(sent) if isinstance(sent, list) else 1


@reading("the same item is stored twice", "create_persists", "create_answers_201")
def stored_twice(evidence: Evidence) -> Told | None:
    """One call must store one item."""
    inserts = evidence.events_of("INSERT items")
    called = sum(line.startswith(("create_item(", "POST ")) for line in evidence.did)
    stored = sum(map(_rows_of, inserts))
    if not called or stored <= called or not inserts[-1].where:
        return None
    found = endpoint_of(evidence)
    twice = calls(found[1], "create_item", "add") if found else []
    return Told(
        saw=f"{stored} rows were sent for {called} call{'s' if called > 1 else ''}",
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


@reading("the row is looked up by its name", *_PERSISTS, "create_refreshes")
def found_by_name(evidence: Evidence) -> Told | None:
    """Two items may have the same name. Only the id says which row is meant."""
    for event in evidence.events_of("SELECT items", "UPDATE items", "DELETE items"):
        condition = event.sql.lower().replace("\n", " ").partition(" where ")[2]
        if re.search(r"\bname\b", condition) and event.where:
            return Told(
                saw=f"{event.what.split()[0]} ... WHERE name = ...: several rows have this name",
                where=own_line(evidence, event.where),
                hint="Names may repeat. What does each row have for itself alone?",
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
    return Told(
        saw=f"{node.name} returned None", where=where, hint="Who calls the function wants to have something back."
    )


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


@reading("the result of merge() is thrown away", *_CREATE_AND_UPDATE, "update_persists")
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
    """refresh(item, [...]) loads only the attributes in the list."""
    found = function_of(evidence)
    for call in calls(found[1], "refresh") if found else ():
        if found and (len(call.args) > 1 or keyword(call, "attribute_names")):
            return Told(where=found[0].at(call), hint="This loads only what it names; the rest stays expired.")
    return None


@reading("refresh() before commit()", *_CREATE_AND_UPDATE, "update_persists")
def refreshed_too_early(evidence: Evidence) -> Told | None:
    """commit() makes SQLAlchemy forget what refresh() loaded before it. And refresh() undoes a change that was not
    sent yet."""
    found = function_of(evidence)
    if found is None:
        return None
    file, node = found
    refreshed, committed = calls(node, "refresh"), calls(node, "commit")
    if not refreshed or not committed or refreshed[-1].lineno > committed[-1].lineno:
        return None
    lost = evidence.rule == "update_persists" and not evidence.sent("UPDATE")
    return Told(
        saw="refresh() took the change back before it was sent: no UPDATE"
        if lost
        else "the item was loaded before the COMMIT, and commit() makes SQLAlchemy forget what was loaded",
        where=file.at(refreshed[-1]),
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
    """commit() makes SQLAlchemy forget the values of the object. Nothing loads them again before the object is
    returned."""
    found = function_of(evidence)
    after = evidence.timeline[::-1]
    if (
        found is None
        or "COMMIT" not in after
        or any(what.startswith("SELECT") for what in after[: after.index("COMMIT")])
    ):
        return None
    file, node = found
    commits = calls(node, "commit")
    if not commits or calls(node, "refresh", "execute"):
        return None
    return Told(
        saw=f"{evidence.saw}; after the COMMIT nothing was loaded again" if "shows" in evidence.saw else "",
        where=file.at(commits[-1]),
        hint="After this line what the item holds is old: the row has to be loaded from the database once more.",
    )


# -- a partial update ---------------------------------------------------------------------------------


@reading("'is not None' cannot clear a field", *_NULL_CLEARS)
def is_not_none(evidence: Evidence) -> Told | None:
    """``is not None`` cannot tell a field that was not sent from a field that was sent as null."""
    found = function_of(evidence)
    compared = [
        node
        for node in (inside(found[1]) if found else ())
        if isinstance(node, ast.Compare)
        and text_of(node).endswith((" is not None", " is None", " != None", " == None"))
        and _is_a_value(node.left, found[1] if found else None)
    ]
    about = [node for node in compared if "description" in text_of(node)] or compared
    if found is None or not about:
        return None
    hint = 'This line cannot tell "not sent" from "sent as null". Who remembers which were sent?'
    return Told(where=found[0].at(about[0]), hint=hint)


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
    return _dumped_with(
        evidence, "exclude_defaults", "null is the default here, so this drops it even where it was sent."
    )


def _dumped_with(evidence: Evidence, option: str, hint: str) -> Told | None:
    found = function_of(evidence)
    for call in calls(found[1], "model_dump", "dict") if found else ():
        if found and text_of(keyword(call, option)) == "True":
            more = " Which option asks for what was sent, whatever its value?"
            return Told(where=found[0].at(call), hint=hint + more)
    return None


@reading("every field is written, sent or not", "update_keeps_omitted_fields", "patch_keeps_omitted_fields")
def wrote_what_was_not_sent(evidence: Evidence) -> Told | None:
    """model_dump() alone returns every field. For a field that was not sent it returns the default."""
    found = function_of(evidence)
    for call in calls(found[1], "model_dump", "dict", "sqlmodel_update") if found else ():
        whole = name_of(call) == "sqlmodel_update" and call.args and isinstance(call.args[0], ast.Name)
        dumped = name_of(call) != "sqlmodel_update" and not call.keywords
        if found and (dumped or (whole and text_of(call.args[0]) == _arguments(found[1])[-1])):
            return Told(
                where=found[0].at(call),
                hint="This gives every field of the schema, with the default for what was not sent. "
                "The schema knows which fields were sent.",
            )
    return None


@reading("a field is written even if it was not sent", "update_keeps_omitted_fields", "patch_keeps_omitted_fields")
def assigned_unsent(evidence: Evidence) -> Told | None:
    """A schema has a value for every field. For a field that was not sent, this is the default."""
    found = function_of(evidence)
    if found is None or not evidence.sent("UPDATE"):
        return None
    told = "".join(evidence.did[-1:])
    guarded = {id(each) for node in ast.walk(found[1]) if isinstance(node, ast.If) for each in ast.walk(node)}
    for node in inside(found[1]):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if not isinstance(target, ast.Attribute) or target.attr not in ("name", "description") or id(node) in guarded:
            continue
        if not re.search(rf"\b{target.attr}'?[=:]", told) and isinstance(getattr(node, "value", None), ast.Attribute):
            hint = f"Nobody has sent a {target.attr} here, and this line writes one all the same."
            return Told(where=found[0].at(node), hint=hint)
    return None


@reading("an empty text becomes None", "update_empty_string_is_a_value", "patch_null_clears")
def emptied_to_none(evidence: Evidence) -> Told | None:
    """``value or None`` turns an empty text into None. But an empty text is a value of its own."""
    found = function_of(evidence)
    if found is None or not re.search(r"description'?[=:] ?''", "".join(evidence.did[-1:])):
        return None
    for node in inside(found[1]):
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and text_of(node.values[-1]) == "None":
            return Told(where=found[0].at(node), hint='"" counts as false, so "or" goes on to None.')
        if (
            isinstance(node, ast.If | ast.IfExp)
            and "None" in text_of(node)
            and re.search(r"== ''|not \w", text_of(node.test))
        ):
            return Told(where=found[0].at(node), hint='"" is a text like any other: it was sent, and is to be stored.')
    return None


@reading("a false value is taken for 'not sent'", *_NULL_CLEARS, "update_empty_string_is_a_value")
def tested_for_truth(evidence: Evidence) -> Told | None:
    """None and an empty text count as false, but a client can send both on purpose."""
    found = function_of(evidence)
    for node in inside(found[1]) if found else ():
        tests: list[ast.expr] = []
        if isinstance(node, ast.comprehension):
            tests = node.ifs
        elif isinstance(node, ast.If | ast.IfExp):
            tests = [node.test]
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            tests = node.values[:1]
        for test in tests:
            inner = test.operand if isinstance(test, ast.UnaryOp) else test
            if found and _is_a_value(inner, found[1]):
                hint = 'None and "" count as false here. Ask whether the field was sent, not what it holds.'
                return Told(where=found[0].at(test), hint=hint)
    return None


# -- reading ------------------------------------------------------------------------------------------


@reading("a function that only reads commits", "reads_do_not_commit")
def committed_a_read(evidence: Evidence) -> Told | None:
    """commit() in a function that only reads saves work that its caller has not finished."""
    commits = [event for event in evidence.events_of("COMMIT") if event.where]
    if not commits or evidence.raised:
        return None
    return Told(
        saw=evidence.saw, where=commits[-1].where, hint="Nothing was changed here, so there is nothing to save."
    )


@reading("a list without ORDER BY", "list_is_ordered", "list_pages", "list_answers_items")
def no_order(evidence: Evidence) -> Told | None:
    """Without ORDER BY the database may return the rows in any order, and in another order next time."""
    selects = evidence.events_of("SELECT items")
    if not selects or not selects[-1].where or "order by" in selects[-1].sql.lower():
        return None
    return Told(
        saw=f"{evidence.saw}; the SELECT has no ORDER BY",
        where=own_line(evidence, selects[-1].where),
        hint="Say by what the rows are to be ordered, before the page is cut.",
    )


@reading("the list is not ordered by id", "list_is_ordered", "list_answers_items")
def another_order(evidence: Evidence) -> Told | None:
    """The list is ordered by something other than the id, or from the last item to the first."""
    selects = evidence.events_of("SELECT items")
    order = selects[-1].sql.lower().replace("\n", " ").partition(" order by ")[2] if selects else ""
    words = re.split(r" limit | offset ", order)[0].strip()
    if not words or not selects[-1].where or re.fullmatch(r"items\.id( asc)?", words):
        return None
    where = own_line(evidence, selects[-1].where)
    return Told(saw=f"{evidence.saw}; the SELECT says ORDER BY {words}", where=where)


@reading("execute() returns rows, not items", "list_is_ordered", "list_pages", "get_returns_the_item")
def rows_not_items(evidence: Evidence) -> Told | None:
    """execute() returns rows. A row is a tuple, even if it holds a single item."""
    found = function_of(evidence)
    if found is None or not re.search(r"\((<Item|Item\()", evidence.saw):
        return None
    executed = calls(found[1], "execute")
    if not executed or calls(found[1], "scalars", "scalar", "scalar_one", "scalar_one_or_none"):
        return None
    return Told(where=found[0].at(executed[0]), hint="Each row is a tuple with the item in it. What gives the items?")


@reading("items with the same name are merged", "list_pages")
def equal_names_merged(evidence: Evidence) -> Told | None:
    """Two items may have the same name. Code that collects items by name, or asks for distinct names, loses some of
    them."""
    found = function_of(evidence)
    if found is None or not re.match(r"items on the page|not on any page", evidence.saw):
        return None
    merging = [each for each in inside(found[1]) if isinstance(each, ast.DictComp | ast.SetComp)]
    places: list[ast.AST] = [*merging, *calls(found[1], "set", "distinct", "group_by", "fromkeys")]
    if not places:
        return None
    hint = "Two items may have the same name, and both belong to the page."
    return Told(saw=f"{evidence.saw}; several have the same name", where=found[0].at(places[0]), hint=hint)


@reading("the offset is used as an id", "list_pages")
def offset_as_an_id(evidence: Evidence) -> Told | None:
    """An offset counts rows. Ids have gaps as soon as an item is deleted."""
    for event in evidence.events_of("SELECT items"):
        condition = event.sql.lower().replace("\n", " ").partition(" where ")[2]
        if re.match(r"\(?items\.id\s*(>|between)", condition) and event.where:
            return Told(where=event.where, hint="An offset says how many rows to skip, whatever their ids are.")
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


@reading("an update stores a new row", "update_persists", "update_keeps_omitted_fields", "patch_keeps_omitted_fields")
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
    if found is None or not re.match(r"list_items\(db(, offset=\d+)?\)", "".join(evidence.did[-1:])):
        return None
    names, values = _arguments(found[1]), [*found[1].args.defaults]
    defaults = {name: text_of(value) for name, value in zip(names[::-1], values[::-1], strict=False)}
    keywords = zip(found[1].args.kwonlyargs, found[1].args.kw_defaults, strict=True)
    defaults |= {each.arg: text_of(value) for each, value in keywords}
    other = [f"{name}={value}" for name, value in defaults.items() if (name, value) in _wrong_defaults(name, value)]
    if not other:
        return None
    hint = "What are offset and limit where the caller says nothing?"
    return Told(saw=f"{evidence.saw}; the defaults are {', '.join(other)}", where=found[0].at(found[1]), hint=hint)


def _wrong_defaults(name: str, value: str) -> list[tuple[str, str]]:
    right = {"offset": "0", "limit": "100"}
    return [(name, value)] if name in right and value.isdigit() and value != right[name] else []


@reading("not the page that was asked for", "list_pages")
def another_page(evidence: Evidence) -> Told | None:
    """OFFSET says how many rows to skip, LIMIT how many to return at most. Both must be what the caller asked for."""
    called = re.match(r"list_items\(db(?:, (?:offset=)?(\d+), (?:limit=)?(\d+))?\)", (evidence.did or [""])[-1])
    selects = [event for event in evidence.events_of("SELECT items") if event.where]
    if not called or not selects:
        return None
    sql, sent = selects[-1].sql.lower(), selects[-1].parameters
    values = [value for value in (sent.values() if isinstance(sent, dict) else sent or ()) if isinstance(value, int)]
    asked = {"offset": int(called[1] or 0), "limit": int(called[2] or 100)}
    sql = " ".join(sql.replace("limit all", "").split())  # how SQLAlchemy tells PostgreSQL that there is none
    missing = [word for word in ("limit", "offset") if f" {word} " not in sql]
    if len(values) >= 2 and values[-2] < 0:  # how SQLAlchemy tells SQLite that there is none
        missing = ["limit"]
    if missing:
        told = f"the SELECT has no {' and no '.join(word.upper() for word in missing)}"
    elif len(values) >= 2 and values[-2:] != [asked["limit"], asked["offset"]]:
        told = f"the SELECT was sent with LIMIT {values[-2]} and OFFSET {values[-1]}"
    else:
        return None
    wish = f"asked for was offset {asked['offset']}, limit {asked['limit']}"
    return Told(saw=f"{evidence.saw}; {told}, and {wish}", where=selects[-1].where, hint="Which number belongs where?")
