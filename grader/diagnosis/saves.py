"""In the child: mistakes in what creates, saves and loads again, for all chapters that have ``app/crud.py``."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace

from grader.diagnosis.anywhere import IN_ANOTHER_ORDER, innermost
from grader.diagnosis.crud import built, calls_in, function_of, in_one_branch, made_of, reached
from grader.diagnosis.endpoints import endpoint_of, own_files, own_line
from grader.diagnosis.evidence import Event, Evidence
from grader.diagnosis.names import named_anew, types_of_parameters
from grader.diagnosis.objects import value_of
from grader.diagnosis.reading import UNTIL_IT_RUNS, Told, reading, reading_of
from grader.diagnosis.source import (
    File,
    Function,
    arguments_of,
    calls,
    decorators,
    inside,
    keyword,
    name_of,
    of_a_session,
    text_of,
)

_WRITES = "INSERT", "UPDATE", "DELETE"
_PERSISTS = (
    *("create_persists", "update_persists", "delete_persists"),
    *("update_keeps_omitted_fields", "update_null_clears", "update_empty_string_is_a_value"),
    *("create_answers_201", "patch_keeps_omitted_fields", "delete_answers_204"),
)


def _last_write(evidence: Evidence) -> Event | None:
    return next(iter(reversed(evidence.events_of(*_WRITES))), None)


@reading("'async def' for a function that nobody awaits", "create_persists", "list_is_ordered", "get_returns_the_item")
def async_function(evidence: Evidence) -> Told | None:
    """Calling an async function only makes a coroutine. Its body runs when the coroutine is awaited, and here nobody
    awaits it."""
    found = function_of(evidence)
    if found is None or not isinstance(found[1], ast.AsyncFunctionDef):
        return None
    return Told(where=found[0].at(found[1]), hint="The session here is synchronous, and so are these functions.")


@reading("something other than the item is returned", "create_refreshes", "update_refreshes")
def returned_another_thing(evidence: Evidence) -> Told | None:
    """A caller that creates or changes an item goes on with the item itself, not with its id or a pair."""
    a_class = "<InstrumentedAttribute>" in evidence.saw
    found = function_of(evidence) if a_class or "was returned, which has no ." in evidence.saw else None
    returned = [each for each in inside(found[1]) if isinstance(each, ast.Return)] if found else []
    if found is None or len(returned) != 1 or returned[0].value is None:
        return None
    if a_class and evidence.source.class_(text_of(returned[0].value)) is None:
        return None
    hint = f"Whoever calls {found[1].name}() goes on with the item. What does this line return?"
    return Told(where=found[0].at(returned[0]), hint=hint)


@reading("a function with a yield that is called like any other")
def generator_function(evidence: Evidence) -> Told | None:
    """Calling a function with a yield only makes a generator. Its lines run when somebody goes through that."""
    found = function_of(evidence)
    yields = [each for each in inside(found[1]) if isinstance(each, ast.Yield | ast.YieldFrom)] if found else []
    if found is None or not yields or found[1].decorator_list or found[0].name in evidence.given:
        return None
    hint = f"With a yield in it, {found[1].name}() makes a generator when it is called, and no line of it runs. "
    return Told(where=found[0].at(yields[0]), hint=f"{hint}How does a function hand out one thing?")


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
    where = innermost(raised, evidence.given)
    if evidence.rule == "reads_do_not_commit":
        return Told(
            wanted="no exception; the caller's transaction is still open afterwards",
            where=where,
            hint="The caller's transaction is open already, and a read has nothing to save. What is this begin() for?",
            why="A read leaves the transaction to its caller. A begin() fails where the caller has begun already.",
        )
    return Told(
        where=where,
        hint="The caller has used this session before, so its transaction has begun already. "
        "There is nothing to begin here: what ends a transaction that has begun?",
    )


@reading("a change that SQLAlchemy cannot notice", "update_persists", "update_keeps_omitted_fields")
def changed_behind_the_back(evidence: Evidence) -> Told | None:
    """SQLAlchemy notices ``item.name = ...`` and setattr(), but nothing that goes past them into ``__dict__``."""
    if evidence.sent("UPDATE") or evidence.raised:
        return None
    for file, function, each in [(file, one, each) for file, one in reached(evidence) for each in inside(one)]:
        owner = each.value if isinstance(each, ast.Attribute) and each.attr == "__dict__" else None
        owner = each.args[0] if isinstance(each, ast.Call) and name_of(each) == "vars" and each.args else owner
        if owner is not None and name_of(owner) not in _sent_to(function):
            return Told(
                saw="no UPDATE was sent: SQLAlchemy did not notice any change",
                where=file.at(each),
                hint="SQLAlchemy notices item.name = ... and setattr(item, ...), not what is put into __dict__.",
            )
    return None


def _sent_to(node: Function) -> set[str]:
    """The parameters by which a function gets what a client has sent."""
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    said = {each.arg for each in every if re.search(r"Create|Update|[Dd]ict|Mapping", text_of(each.annotation))}
    return said | ({each.arg for each in every} & {"data", "payload", "changes", "sent", "body"})


@reading("an item that was never added to the session", "create_persists", "create_refreshes", "create_answers_201")
def never_added(evidence: Evidence) -> Told | None:
    """A new object means nothing to the database until it is added to the session."""
    read = calls_in(evidence, "model_validate", "from_orm", "parse_obj")
    made = calls_in(evidence, "Item") or [each for each in read if text_of(each[1].func).startswith("Item.")]
    other_error = evidence.raised and not evidence.raised_kind("InvalidRequestError", "DetachedInstanceError")
    other_error = other_error and not _no_id(evidence)
    if not made or evidence.sent("INSERT") or other_error:
        return None
    if calls_in(evidence, "add", "add_all", "merge", "insert", "execute", "begin", "begin_nested", "bulk_save_objects"):
        return None
    return Told(
        saw=f"{_exception(evidence)}no INSERT was sent: the session does not know the new item",
        where=made[0][0].at(made[0][1]),
        hint="The object is made here, but nobody tells the session about it.",
    )


@reading("commit() before add()", *_PERSISTS)
def committed_before_added(evidence: Evidence) -> Told | None:
    """commit() saves what is in the session at that moment. An object that you add later is not saved."""
    found = function_of(evidence)
    if found is None or evidence.sent(*_WRITES):
        return None
    if evidence.raised and "not persistent" not in evidence.raised[0].message:
        return None
    file, node = found
    changed, committed = calls(node, "add", "setattr", "sqlmodel_update", "delete"), calls(node, "commit")
    if not changed or not committed or committed[-1].lineno > changed[0].lineno:
        return None
    what = name_of(changed[0])
    return Told(
        saw=f"{_exception(evidence)}commit() was called before {what}(), so nothing was sent that could be saved",
        where=file.at(changed[0] if what == "add" else committed[-1]),
        hint="commit() saves what the session knows at that moment. In which order do these two lines belong?",
    )


def _no_id(evidence: Evidence) -> bool:
    """Whether an answer could not be made because the item had no id: it had not been saved by then."""
    return re.search(r"\bid: Input should be a valid integer, not None", evidence.saw) is not None


def _exception(evidence: Evidence) -> str:
    """What was seen, if it is an exception, to be followed by what it came from."""
    return f"{evidence.saw}; " if evidence.raised else ""


@reading("a schema is given to the session", *_PERSISTS, "create_refreshes", "update_refreshes")
def schema_in_the_session(evidence: Evidence) -> Told | None:
    """A session works with objects of tables. What was sent is a schema, which no session knows."""
    raised = evidence.raised_kind("UnmappedInstanceError")
    found = re.search(r"Class '[\w.]*?(Item(?:Create|Update))' is not mapped", raised.message) if raised else None
    if raised is None or found is None or not raised.lines:
        return None
    where = innermost(raised, evidence.given)
    around = evidence.source.function(evidence.source.function_of(where), where.rpartition(":")[0])
    handed = calls(around[1], "add", "refresh", "merge") if around else []
    names = {text_of(each.args[0]) for each in handed if around and each.args and around[0].at(each) == where}
    types = types_of_parameters(evidence.source, *around) if around else {}
    if anew := named_anew(evidence, raised):
        return Told(where=anew[0], hint=anew[1])
    swapped = found[1] in types.values() and found[1] not in [types.get(each, found[1]) for each in names]
    if around and swapped and f"{around[1].name}(" in "".join(evidence.did[-1:]):
        return Told(where=around[0].at(around[1]), hint=IN_ANOTHER_ORDER, why=UNTIL_IT_RUNS)
    for each in inside(around[1]) if around else ():
        named = isinstance(each, ast.Assign) and text_of(each.targets[0]) in names and isinstance(each.value, ast.Call)
        if around and named and re.match(rf"{found[1]}(\.model_validate)?\(", text_of(each.value)):  # type: ignore[attr-defined]
            hint = f"This makes an {found[1]}, and a session works with rows. Which class has the rows?"
            return Told(where=around[0].at(each), hint=hint)
    hint = f"A session works with rows, and here it gets what was sent, an {found[1]}. Which object is the row?"
    return Told(where=where, hint=hint)


@reading("refresh() of an item that is not in the database yet", "create_persists", "add_item_does_not_commit")
def refreshed_before_it_was_saved(evidence: Evidence) -> Told | None:
    """refresh() loads the item's row. An item that was never sent to the database has no row."""
    raised = evidence.raised_kind("InvalidRequestError")
    if raised is None or "not persistent" not in raised.message or evidence.sent("INSERT"):
        return None
    return Told(
        saw=f"{_exception(evidence)}refresh() found nothing to load: no INSERT was sent before it",
        where=innermost(raised, evidence.given),
        hint="With autoflush off, add() sends nothing. What sends it has to come before this line."
        if evidence.rule == "add_item_does_not_commit"
        else "With autoflush off, adding an item sends nothing. What sends it, and saves it, has to come before this "
        "line.",
    )


@reading("refresh() of an object that is not the session's", "create_persists", "update_persists")
def refreshed_a_stranger(evidence: Evidence) -> Told | None:
    """refresh() takes an object that belongs to the session. Another one may have been saved in its place."""
    raised = evidence.raised_kind("InvalidRequestError")
    if raised is None or "not persistent" not in raised.message or not evidence.sent("INSERT", "UPDATE"):
        return None
    merged = merged_copy_lost(evidence)
    return Told(
        saw=f"{_exception(evidence)}what was saved is another object than this one",
        where=merged.where if merged is not None else innermost(raised, evidence.given),
        hint=merged.hint if merged is not None else "Which object belongs to the session, and how did it get there?",
        why="refresh() loads the row of an object that the session knows. To the session, any other object has no row.",
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
    asked = calls_in(evidence, "in_transaction", "in_nested_transaction", "get_transaction")
    if asked and calls_in(evidence, "commit", "begin"):
        hint = "Whoever has used this session before has begun a transaction. Who commits then?"
        return Told(saw="no COMMIT was sent", where=asked[0][0].at(asked[0][1]), hint=hint)
    hint = "Which changes get past this line without being saved?"
    begun = "begin" if not calls_in(evidence, "commit", "begin_nested") else "commit"
    return in_one_branch(evidence, begun, hint)


@reading("no commit()", *_PERSISTS)
def not_committed(evidence: Evidence) -> Told | None:
    """A write becomes permanent only with a commit. Closing the session undoes it."""
    found = function_of(evidence)
    failed = not _no_id(evidence) and (evidence.raised or evidence.sent("ANSWER 5"))
    if found is None or evidence.sent("COMMIT", "ANSWER 4") or failed:
        return None
    if calls_in(evidence, "commit", "begin", "begin_nested"):
        return None
    writing = "add", "delete", "execute", "setattr", "sqlmodel_update", "merge"
    changed = calls_in(evidence, *writing) or calls_in(evidence, "refresh")
    sent = evidence.events_of(*_WRITES)
    if not changed and not sent:
        return None
    return Told(
        saw=f"{sent[-1].what} was sent, but no COMMIT" if sent else f"{_exception(evidence)}no COMMIT was sent",
        where=changed[-1][0].at(changed[-1][1]) if changed else own_line(evidence, sent[-1].where),
        hint="The change lives in the session's transaction alone. Which call makes it permanent?",
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
    unused = [each.value for each in inside(found[1]) if isinstance(each, ast.Expr)] if found else []
    thrown_away = [each for each in twice if each in unused and name_of(each) == "create_item"]
    places = (thrown_away or twice)[-1:] if len(twice) > 1 else []
    return Told(
        saw=f"{stored} rows were inserted for {called} call{'s' if called > 1 else ''}",
        wanted=f"{called} new row{'s' if called > 1 else ''}" if evidence.wanted.startswith("new rows") else "",
        where=found[0].at(places[0]) if found and places else own_line(evidence, inserts[-1].where),
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
                wanted=f"{'a change of' if verb == 'UPDATE' else 'a DELETE of'} the item's own row, and of no other",
                where=own_line(evidence, event.where),
                hint="Say which row is meant.",
            )
    return None


_WORKED_OUT = {"true": "every row", "1 = 1": "every row", "false": "no row", "0 = 1": "no row"}


@reading(
    "a condition that Python has worked out",
    *(*_PERSISTS, "get_returns_the_item", "read_answers_the_item", "owner_is_in_the_answer"),
)
def condition_worked_out(evidence: Evidence) -> Told | None:
    """``Item.id == 3`` is a condition for the database. ``item.id == 3`` is True or False before it gets there."""
    asked = ("SELECT items",) if evidence.rule.startswith(("get", "read")) else ("UPDATE items", "DELETE items")
    asked = ("SELECT owners",) if evidence.rule.startswith("owner") else asked
    for event in evidence.events_of(*asked):
        condition = event.words.partition(" where ")[2].partition(" order by ")[0].partition(" limit ")[0]
        if condition in _WORKED_OUT and event.where:
            verb, rows = event.what.split()[0], _WORKED_OUT[condition]
            where = built(evidence, event.where, "where", "filter")
            hint = "Python has worked this condition out by itself, before the database saw it. What is compared "
            hint += "with what?"
            where, condition_written = _where_it_is_worked_out(evidence, where)
            if re.search(r"\w is (not )?(?!not None|None)", condition_written):
                hint = "'is' is a question that Python answers at once. Which comparison becomes a part of the query?"
            if re.search(r"\w (not )?in [\w\[(]", condition_written):
                hint = "'in' is a question that Python answers at once. Which method of a column asks the database?"
            return Told(saw=f"the {verb} says WHERE {condition}: that is {rows}", where=where, hint=hint)
        column, _, other = condition.partition(" = ")
        if column == other and column.startswith("items.") and event.where:
            saw = f"the {event.what.split()[0]} says WHERE {condition}: that is every row"
            where = built(evidence, event.where, "where", "filter")
            same = [(file, each) for file, node in reached(evidence) for each in inside(node) if _is_of_itself(each)]
            where = same[0][0].at(same[0][1]) if len(same) == 1 else where
            return Told(saw=saw, where=where, hint="A column is compared with itself here. Which row is meant?")
    return None


def _where_it_is_worked_out(evidence: Evidence, where: str) -> tuple[str, str]:
    """Where the condition of a clause is compared, in a variable or a function of its own too, and how it is written.

    Args:
        evidence: what is known.
        where: the line of the clause.
    """
    compared: dict[str, str] = {}
    for file, node in reached(evidence):
        clauses = [call for call in calls(node, "where", "filter") if len(call.args) == 1]
        for made in [each for call in clauses for each in made_of(node, call.args[0])]:
            home, value = (
                evidence.source.decides(file, made, evidence.given) if isinstance(made, ast.expr) else (file, made)
            )
            if isinstance(value, ast.Compare):
                compared[home.at(value)] = text_of(value)
    return next(iter(compared.items())) if len(compared) == 1 else (where, evidence.source.line(where))


def _is_of_itself(node: ast.AST) -> bool:
    """Whether a comparison has the same attribute of the model on both sides."""
    sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
    return bool(sides) and isinstance(sides[0], ast.Attribute) and len({text_of(each) for each in sides}) == 1


@reading("the row is looked up by its name", *_PERSISTS, "create_refreshes")
def found_by_name(evidence: Evidence) -> Told | None:
    """Two items may have the same name. Only the id says which row is meant."""
    for event in evidence.events_of("SELECT items", "UPDATE items", "DELETE items"):
        condition = event.sql.lower().replace("\n", " ").partition(" where ")[2]
        by = list(dict.fromkeys(re.findall(r"\b(name|description)\b", condition)))
        if by and event.where:
            alike = f"several rows have this {by[0]}" if len(by) == 1 else "several rows are alike in both"
            repeat = f"{by[0].capitalize()}s may repeat."
            if len(by) == 2:
                repeat = "Two rows may have the same name and the same description."
            seen = f"{evidence.saw}; " if evidence.wanted.startswith("what is stored") else ""
            return Told(
                saw=f"{seen}{event.what.split()[0]} ... WHERE {' = ... AND '.join(by)} = ...: {alike}",
                where=built(evidence, event.where, "where", "filter", "filter_by"),
                hint=f"{repeat} What does each row have that no other has?",
            )
    return None


# -- what comes back ----------------------------------------------------------------------------------


_CREATE_AND_UPDATE = "create_refreshes", "update_refreshes"
WITH_THE_LIST = "The caller works with the items of the list that comes back."


@reading(
    "nothing is returned",
    *(*_CREATE_AND_UPDATE, "get_returns_the_item", "list_is_ordered", "list_pages"),
    *("create_answers_201", "patch_keeps_omitted_fields"),
)
def returned_nothing(evidence: Evidence) -> Told | None:
    """A function without a return gives its caller None."""
    found = function_of(evidence)
    nothing = "None was returned" in evidence.saw or evidence.saw == "among what was returned: None"
    endpoint = endpoint_of(evidence)
    if endpoint is not None and found is not None and found[1] is not endpoint[1]:  # which cannot make an answer of it
        nothing = evidence.saw.endswith("object to extract fields from, not None")
    if found is None or not nothing:
        return None
    file, node = found
    returns = [each for each in inside(node) if isinstance(each, ast.Return)]
    empty = [each for each in returns if each.value is None or text_of(each.value) == "None"]
    if not empty and (told := returned_what_gives_nothing(file, node)):
        return replace(told, saw=f"{node.name} returned None")
    if returns and not empty:
        return _lost_on_the_way(evidence, file, node, returns)
    loops = [each for each in inside(node) if isinstance(each, ast.For) and text_of(each.iter) in arguments_of(node)]
    if loops and not evidence.sent("SELECT"):
        hint = "This goes through what the session has loaded so far. Which method asks the database?"
        saw = f"{node.name} returned None, and no SELECT was sent"
        return Told(saw=saw, where=file.at(loops[0]), hint=hint)
    where = file.at(empty[0]) if empty else file.at(node.end_lineno or node.lineno)
    hint = "The caller of this function wants something back."
    if not empty:
        hint = "After this line nothing is handed back. What does the caller want?"
    why = WITH_THE_LIST if evidence.rule.startswith("list_") else ""
    return Told(saw=f"{node.name} returned None", where=where, hint=hint, why=why)


@reading("a list of what gives nothing back")
def list_of_nothing(evidence: Evidence) -> Told | None:
    """refresh(), add() and similar methods return nothing: a list of that holds None, as often as they were called."""
    for file in own_files(evidence) if "None" in evidence.saw else ():
        alone = [each.value for each in file.nodes if isinstance(each, ast.Expr)]
        for each in [each for each in file.nodes if isinstance(each, ast.ListComp) and each not in alone]:
            if isinstance(each.elt, ast.Call) and name_of(each.elt) in _GIVE_NOTHING and of_a_session(each.elt):
                hint = f"{name_of(each.elt)}() gives nothing back. What is in this list?"
                return Told(where=file.at(each), hint=hint)
    return None


_GIVE_NOTHING = "refresh", "add", "add_all", "delete", "expire", "expunge", "flush", "commit"


def _lost_on_the_way(evidence: Evidence, file: File, node: Function, returns: list[ast.Return]) -> Told | None:
    """What there is to say of a function that returns something, where what is around or below it returns nothing."""
    saw = f"{node.name} returned None"
    for name, _ in decorators(node):
        found = evidence.source.function(name, file.name) or evidence.source.function(name)
        within = inside(found[1]) if found else ()
        inner = [each for each in within if isinstance(each, Function) and found and each is not found[1]]
        if found and len(inner) == 1 and not _gives(inner[0]):
            hint = (
                f"{node.name} does return something, to @{name}. What does '{inner[0].name}' hand back to its caller?"
            )
            return Told(saw=saw, where=found[0].at(inner[0]), hint=hint)
    called = returns[-1].value if len(returns) == 1 else None
    name = name_of(called) if isinstance(called, ast.Call) else ""
    below = (evidence.source.function(name, file.name) or evidence.source.function(name)) if name else None
    if not isinstance(called, ast.Call) or below is None or of_a_session(called):
        return None
    if told := returned_what_gives_nothing(*below):
        return replace(told, saw=saw)
    if _gives(below[1]):
        return None
    hint = f"{node.name} returns what '{name}' gives it. After this line nothing is handed back."
    return Told(saw=saw, where=below[0].at(below[1].end_lineno or below[1].lineno), hint=hint)


def returned_what_gives_nothing(file: File, node: Function) -> Told | None:
    """The one call of the session's whose result a function returns, where that hands nothing back."""
    given = [each.value for each in inside(node) if isinstance(each, ast.Return)]
    given = [value_of(node, each.id) if isinstance(each, ast.Name) else each for each in given]
    called = [each for each in given if isinstance(each, ast.Call) and _gives_nothing(each)]
    hint = f"{name_of(called[0])}() gives nothing back. Which object does the caller want?" if called else ""
    return Told(where=file.at(called[0]), hint=hint) if len(called) == 1 else None


def _gives_nothing(call: ast.Call) -> bool:
    """Whether a call is of a method of the session that hands nothing back."""
    return of_a_session(call) and name_of(call) in ("add", "add_all", "commit", "delete", "flush", "refresh", "expire")


def _gives(node: Function) -> bool:
    """Whether a function may hand anything back."""
    nested = {
        id(part) for each in inside(node) if isinstance(each, Function) and each is not node for part in inside(each)
    }
    own = [each for each in inside(node) if id(each) not in nested]
    return any(
        isinstance(each, ast.Yield | ast.YieldFrom) or (isinstance(each, ast.Return) and each.value is not None)
        for each in own
    )


@reading(
    "the schema is returned, not the item", *_CREATE_AND_UPDATE, "create_answers_201", "patch_keeps_omitted_fields"
)
def returned_the_input(evidence: Evidence) -> Told | None:
    """The schema has no id, and none of the values that the database made."""
    found, endpoint = function_of(evidence), endpoint_of(evidence)
    below = endpoint is not None and found is not None and found[1] is not endpoint[1]
    of_an_answer = below and re.match("a crash: (Response)?ValidationError", evidence.saw)  # it cannot be made of that
    if found is None or not ("was returned, which has no" in evidence.saw or of_an_answer):
        return None
    file, node = found
    names = arguments_of(node)
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
    other = goes_on_with_the_other(node)
    if other is None:
        return None
    return Told(
        saw=f"{evidence.saw}: '{other.id}' was never part of the session",
        where=file.at(other),
        hint="merge() gives back another object, which belongs to the session. Which of the two is this?",
    )


def goes_on_with_the_other(node: Function) -> ast.Name | None:
    """Where a function keeps what merge() gives, and goes on with what it has passed in: refreshes that or returns it.

    None where it throws away what merge() gives: then the call itself has to change.
    """
    given = [each for each in inside(node) if isinstance(each, ast.Assign | ast.AnnAssign)]
    kept = [each for each in given if name_of(each.value) == "merge"]
    copied = {text_of(one) for each in kept if isinstance(each.value, ast.Call) for one in each.value.args}
    copied -= {text_of(getattr(one, "targets", [getattr(one, "target", None)])[0]) for one in kept}
    used = [each.value for each in inside(node) if isinstance(each, ast.Return)]
    used += [each for call in calls(node, "refresh") for each in call.args[:1]]
    others = [each for each in used if isinstance(each, ast.Name) and each.id in copied]
    return min(others, key=lambda each: each.lineno, default=None)


@reading("only some attributes are refreshed", *_CREATE_AND_UPDATE)
def refreshed_in_part(evidence: Evidence) -> Told | None:
    """refresh(item, [...]) loads only the attributes that it names."""
    for file, call in calls_in(evidence, "refresh"):
        if len(call.args) > 1 or keyword(call, "attribute_names"):
            return Told(where=file.at(call), hint="This loads only what it names. What about the rest?")
    return None


_TAKEN_BACK = (
    *("update_persists", "update_keeps_omitted_fields", "update_null_clears", "update_empty_string_is_a_value"),
    "patch_keeps_omitted_fields",
)


@reading("refresh() before commit()", *_CREATE_AND_UPDATE, *_TAKEN_BACK)
def refreshed_too_early(evidence: Evidence) -> Told | None:
    """What is loaded before the commit is forgotten by it; and refresh() takes back a change that was not sent yet."""
    committed = next((n for n, event in enumerate(evidence.events) if event.what == "COMMIT"), 0)
    before = [event for event in evidence.events[:committed] if event.what.startswith("SELECT items")]
    refreshed = [event for event in before if "refresh(" in evidence.source.line(event.where)]
    if evidence.rule in _TAKEN_BACK:
        if not refreshed or evidence.raised or evidence.sent("UPDATE"):
            return None
        return Told(
            saw="refresh() took the change back before it was sent: no UPDATE",
            where=own_line(evidence, refreshed[-1].where),
            hint="What was set is known to the session alone at this line. What does refresh() do to it?",
        )
    after = [event for event in evidence.events[committed:] if event.what.startswith("SELECT items") and event.where]
    write = _last_write(evidence)
    if write is not None and not refreshed:  # a query loads it as well
        refreshed = [event for event in before if event.where and _comes_after(evidence, event, write)]
    if not refreshed or after:
        return None
    return Told(
        saw="the item was loaded before the COMMIT, and commit() makes SQLAlchemy forget what was loaded"
        if "shows" not in evidence.saw
        else f"{evidence.saw}; it was loaded before the COMMIT, and not after it",
        where=own_line(evidence, refreshed[-1].where),
        hint="This loads the row, and the commit() after it forgets it again. In which order do the two belong?",
    )


def _comes_after(evidence: Evidence, event: Event, other: Event) -> bool:
    return evidence.events.index(event) > evidence.events.index(other)


@reading("refresh() in one branch only", *_CREATE_AND_UPDATE)
def refreshed_in_one_branch(evidence: Evidence) -> Told | None:
    """A refresh() under a condition loads the row again only when the condition holds."""
    after = evidence.timeline[::-1]
    if "COMMIT" not in after or any(what.startswith("SELECT") for what in after[: after.index("COMMIT")]):
        return None
    hint = "Which items get past this line without being loaded again?"
    if evidence.rule == "update_refreshes":
        hint = "Which changes get past this line without the item being loaded again?"
    return in_one_branch(evidence, "refresh", hint)


@reading("commit() without refresh()", *_CREATE_AND_UPDATE)
def not_refreshed(evidence: Evidence) -> Told | None:
    """commit() makes SQLAlchemy forget what the object holds, and nothing loads it again before it is returned."""
    commits = [event for event in evidence.events if event.what == "COMMIT" and event.where]
    late = evidence.events[evidence.events.index(commits[-1]) :] if commits else []
    unread = not re.search(r"shows \{'id': \d|DetachedInstanceError", evidence.saw)
    if not commits or unread or any(event.what.startswith("SELECT") for event in late):
        return None
    where = own_line(evidence, commits[-1].where)
    expired, closed = (_below(evidence, where, *names) for names in (_FORGET, _DETACH))
    if expired:
        kept, name = (
            "shows" in evidence.saw,
            "expire_all" if "expire_all" in evidence.source.line(expired) else "expire",
        )
        saw = evidence.saw if kept else evidence.saw.partition(":")[0]
        return Told(
            saw=f"{saw}{';' if kept else ':'} nothing was loaded after {name}(), which forgets what it held",
            where=expired,
            hint=f"{name}() only forgets. Which method loads the row now?",
        )
    saw = f"{evidence.saw}; after the COMMIT nothing was loaded again" if "shows" in evidence.saw else ""
    if closed and not saw:
        line, name = (
            closed.rpartition(":")[2],
            next(each for each in _DETACH if f"{each}(" in evidence.source.line(closed)),
        )
        saw = f"{evidence.saw.partition(':')[0]}: it was not loaded between the commit and the {name}() in line {line}"
    for file, node in reached(evidence):
        for loop in [each for each in inside(node) if isinstance(each, ast.For) and calls(each, "refresh")]:
            left = re.search(r"\.(new|dirty|deleted)\b", text_of(loop.iter))
            if left and file.at(loop) != where and file.name == where.rpartition(":")[0]:
                hint = f"This goes through {left[0][1:]} when all is committed. Which objects are in there then?"
                return Told(saw=saw, where=file.at(loop), hint=hint)
        for call in calls(node, "bulk_save_objects"):
            hint = "bulk_save_objects() saves the item, and leaves it outside the session. What puts it inside?"
            return Told(saw=saw, where=file.at(call), hint=hint)
    hint = "After this line the item's values are out of date: the row has to be loaded from the database once more."
    return Told(saw=saw, where=where, hint=hint)


_FORGET, _DETACH = ("expire", "expire_all"), ("close", "expunge", "expunge_all")


def read_by_an_endpoint(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """A reading of what crud.py saves, where an endpoint cannot read what that gave it: one line is to be changed."""
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        crashed = bool(evidence.raised) and "DetachedInstanceError" in evidence.saw
        told = original.holds(evidence) if crashed else None
        return told if told is not None and told.where.rpartition(":")[0] not in evidence.given else None

    vars(holds)["reading"] = replace(original, rules=("create_answers_201", "patch_keeps_omitted_fields"), holds=holds)
    return holds


def _below(evidence: Evidence, where: str, *names: str) -> str:
    """The place of the first call of something with one of these names below a line of the same function."""
    name, _, line = where.rpartition(":")
    function = evidence.source.function_of(where)
    found = evidence.source.function(function, name) if function else None
    below = [call for call in calls(found[1], *names) if call.lineno > int(line)] if found else []
    return found[0].at(below[0]) if found and below else ""


@reading("the code chooses the id", "create_persists")
def chose_the_id(evidence: Evidence) -> Told | None:
    """The database assigns ids. Code that counts them itself may take an id that is already used, or that another
    request is about to take."""
    found = function_of(evidence)
    for call in calls(found[1], "Item") if found else ():
        chosen = keyword(call, "id")
        if found and chosen is not None:
            inserted = evidence.events_of("INSERT items")[-1:]
            saw = (
                f"{evidence.saw}; the code chose the id {''.join(_numbers(inserted)[:1])}" if _numbers(inserted) else ""
            )
            hint = "Which id does this line choose, and is it free? Who chooses one when you give none?"
            if "NoneType" in evidence.saw and "max" in text_of(chosen):
                saw = f"{evidence.saw}; max() of an empty table is None"
                hint = "The table is empty here, so there is no highest id. Who chooses an id when you give none?"
            why = "The database alone knows which ids are free, also while others are writing."
            return Told(saw=saw, where=found[0].at(call), hint=hint, why=why)
    return None


def _numbers(events: list[Event]) -> list[str]:
    """The numbers among what was sent with statements."""
    sent = [event.parameters for event in events]
    values = [value for each in sent for value in (each.values() if isinstance(each, dict) else each or ())]
    return [str(value) for value in values if type(value) is int]
