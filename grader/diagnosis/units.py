"""In the child: mistakes in a unit of work: several writes that succeed or fail as one."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.routes import endpoint_of
from grader.diagnosis.source import File, Function, calls, text_of

_ADDS = "add_item_does_not_commit"
_TOGETHER, _ONCE, _BATCH = "item_and_event_are_saved_together", "commits_once", "batch_is_all_or_nothing"
_DISCARDS, _ROLLED = "failed_event_discards_the_item", "session_is_rolled_back_on_error"
_ERROR = "error_reaches_the_client"
_ACCIDENTS = "NameError", "AttributeError", "TypeError", "UnboundLocalError", "IndexError", "KeyError", "ImportError"


def _helper(evidence: Evidence) -> tuple[File, Function] | None:
    """add_item or add_event: the one that was called last."""
    called = [name for line in evidence.did for name in ("add_item", "add_event") if line.startswith(f"{name}(")]
    name = called[-1] if called else "add_item"
    return evidence.source.function(name, "app/crud_uow.py") or evidence.source.function(name)


def _unit(evidence: Evidence) -> tuple[File, Function] | None:
    found = endpoint_of(evidence)
    return found[:2] if found else None


def _tries(node: ast.AST) -> list[ast.Try]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Try)]


# -- the helpers --------------------------------------------------------------------------------------


@reading("a helper that commits", _ADDS, _ONCE, _TOGETHER, _DISCARDS)
def helper_commits(evidence: Evidence) -> Told | None:
    """After a commit the work can no longer be undone, even if a later step fails."""
    for name in ("add_item", "add_event"):
        found = evidence.source.function(name, "app/crud_uow.py")
        for call in calls(found[1], "commit") if found else ():
            if found:
                return Told(
                    where=found[0].at(call), hint="Who knows what else belongs to this, and when it is complete?"
                )
        for block in [each for each in ast.walk(found[1]) if isinstance(each, ast.With)] if found else ():
            if found and ".begin()" in text_of(block.items[0].context_expr):
                return Told(where=found[0].at(block), hint="What does the end of this block do?")
    return None


@reading("a helper with a session of its own", _ADDS)
def helper_has_its_own_session(evidence: Evidence) -> Told | None:
    """A second session is a second transaction. It does not succeed or fail together with the first."""
    found = _helper(evidence)
    for call in calls(found[1], "SessionLocal", "Session") if found else ():
        if found:
            return Told(where=found[0].at(call), hint="The caller has brought a session along.")
    return None


@reading("a helper that returns nothing, or another object", _ADDS)
def helper_returns_otherwise(evidence: Evidence) -> Told | None:
    """The caller works with what the helper returns. This must be the object that was added."""
    found = _helper(evidence)
    if found is None:
        return None
    file, node = found
    returns = [each for each in ast.walk(node) if isinstance(each, ast.Return) and each.value is not None]
    added = calls(node, "add")
    if not returns and ("None" in evidence.saw or "NoneType" in evidence.saw):
        return Told(
            saw=f"{node.name} returned None", where=file.at(node.body[-1]), hint="Its caller wants what was added."
        )
    if not returns:
        return None
    value = text_of(returns[-1].value)
    if not added:
        return Told(where=file.at(returns[-1]), hint="Who tells the session about this object?")
    if value != text_of(added[0].args[0] if added[0].args else None) and "Item" in value and "(" in value:
        return Told(where=file.at(returns[-1]), hint="This is another object than the one that was added.")
    return None


@reading("the event has the wrong values", _ADDS, _TOGETHER)
def other_event(evidence: Evidence) -> Told | None:
    """An event has the item and the kind that add_event was given."""
    if evidence.rule == _ADDS:
        found = _helper(evidence)
        for call in calls(found[1], "ItemEvent") if found else ():
            for each in call.keywords:
                fixed = isinstance(each.value, ast.Constant) and each.arg == "kind"
                queried = each.arg == "item_id" and isinstance(each.value, ast.Call)
                if found and (fixed or queried):
                    hint = "add_event is told the kind." if fixed else "add_event is told the item."
                    return Told(where=found[0].at(each.value), hint=hint)
        return None
    unit = _unit(evidence)
    kinds = set(re.findall(r"'(\w+): ", evidence.saw)) - {"created"}
    for call in calls(unit[1], "add_event") if unit else ():
        for given in [*call.args, *(each.value for each in call.keywords)]:
            if unit and isinstance(given, ast.Constant) and given.value in kinds:
                saw = f"the event's kind is {given.value!r}; 'created' is wanted"
                return Told(saw=saw, where=unit[0].at(given), hint="Compare the kind with the task sheet.")
    return None


# -- one transaction ----------------------------------------------------------------------------------


@reading("a function that commits inside the unit", _TOGETHER, _ONCE, _DISCARDS, _BATCH)
def committing_function(evidence: Evidence) -> Told | None:
    """crud.create_item commits. The next write is in another transaction."""
    found = _unit(evidence)
    for call in calls(found[1], "create_item") if found else ():
        if found:
            hint = "This function commits by itself. Which one only adds?"
            return Told(where=found[0].at(call), hint=hint)
    return None


@reading("more than one commit", _TOGETHER, _ONCE, _DISCARDS, _BATCH)
def several_commits(evidence: Evidence) -> Told | None:
    """Between two commits everything can fail. Then only what the first one saved stays."""
    found = _unit(evidence)
    if found is None:
        return None
    file, node = found
    committed = calls(node, "commit")
    loops = [each for each in ast.walk(node) if isinstance(each, ast.For)]
    inside = [call for call in committed if any(call in ast.walk(loop) for loop in loops)]
    if evidence.rule == _BATCH and inside:
        early = [each for loop in loops for each in ast.walk(loop) if isinstance(each, ast.Return)]
        hint = "This ends the function in the first turn of the loop." if early else "This saves each item alone."
        return Told(where=file.at(early[0] if early else inside[0]), hint=hint)
    if len(committed) > 1:
        again = evidence.saw.startswith("2 COMMITs, 1")
        hint = "What is there to save by then?" if again else "What has been saved here stays, whatever comes after it."
        return Told(where=file.at(committed[-1 if again else 0]), hint=hint)
    return None


@reading("nothing is committed", _TOGETHER, _ONCE, _BATCH)
def unit_not_committed(evidence: Evidence) -> Told | None:
    """flush() and savepoints only send statements. The COMMIT of the transaction makes them permanent."""
    found = _unit(evidence)
    if found is None or calls(found[1], "commit") or evidence.sent("COMMIT"):
        return None
    file, node = found
    nested = calls(node, "begin_nested")
    flushed = calls(node, "flush")
    if not nested and not flushed:
        return None
    hint = "The end of a savepoint is not the end of the transaction." if nested else "This sends, and saves nothing."
    return Told(saw=f"{evidence.saw}; no COMMIT was sent", where=file.at((nested or flushed)[0]), hint=hint)


@reading("the event is missing, or written twice", _TOGETHER, _BATCH)
def events_miscounted(evidence: Evidence) -> Told | None:
    """Each new item has exactly one event of kind created."""
    found = _unit(evidence)
    if found is None or "events" not in evidence.saw:
        return None
    file, node = found
    told = calls(node, "add_event")
    if not told and not re.search(r"ItemEvent", text_of(node)):
        return Told(where=file.at(node), hint="Who writes the event?")
    if evidence.rule == _TOGETHER and len(told) > 1:
        return Told(where=file.at(told[1]), hint="How many events has an item now?")
    loops = [each for each in ast.walk(node) if isinstance(each, ast.For | ast.ListComp)]
    if evidence.rule == _BATCH and told and not any(told[0] in ast.walk(loop) for loop in loops):
        return Told(where=file.at(told[0]), hint="How often does this line run?")
    return None


@reading("a row that fails is skipped", _BATCH)
def skips_what_fails(evidence: Evidence) -> Told | None:
    """A batch is saved as a whole or not at all. One error ends all of it."""
    found = _unit(evidence)
    if found is None:
        return None
    file, node = found
    loops = [each for each in ast.walk(node) if isinstance(each, ast.For)]
    for attempt in [each for loop in loops for each in _tries(loop)]:
        return Told(where=file.at(attempt.handlers[0]), hint="What happens to the others when this one fails?")
    return None


# -- errors -------------------------------------------------------------------------------------------


@reading("an error in the code that handles errors", _ERROR)
def accident(evidence: Evidence) -> Told | None:
    """The code that handles the error fails itself, so the client gets its error instead."""
    raised = evidence.raised[0] if evidence.raised else None
    if raised is None or not raised.bases & set(_ACCIDENTS) or not raised.lines:
        return None
    where = innermost(raised, evidence.given)
    return Told(
        saw=f"after the error your own handling raised {raised.kind}: {raised.message[:100]}",
        where=where,
        hint="This line runs only after an error, and fails then.",
    )


@reading("the error is swallowed", _ERROR)
def error_swallowed(evidence: Evidence) -> Told | None:
    """Without a raise the function continues, and the client is told that all went well."""
    found = _unit(evidence)
    places = [found] if found else []
    places += [(file, node) for file in evidence.source.files() for node in file.functions if node.name == "__exit__"]
    for file, node in places:
        for call in calls(node, "suppress"):
            return Told(where=file.at(call), hint="There is no except, and yet this swallows the error.")
        if node.name == "__exit__" and any(text_of(each) == "return True" for each in ast.walk(node)):
            return Told(where=file.at(node), hint="An __exit__ that returns True swallows the error.")
        for attempt in _tries(node):
            for statement in attempt.finalbody:
                for each in ast.walk(statement):
                    if isinstance(each, ast.Return):
                        return Told(where=file.at(each), hint="A return in a finally throws the exception away.")
            for handler in attempt.handlers:
                if not any(isinstance(each, ast.Raise) for each in ast.walk(handler)):
                    return Told(where=file.at(handler), hint="After this block nobody knows of the error any more.")
    main = evidence.source.file("app/main.py")
    for node in main.functions:
        for decorator in node.decorator_list:
            handles = "exception_handler" in text_of(decorator) and "NotImplemented" not in text_of(decorator)
            if handles and ("status_code=200" in text_of(node) or "status_code" not in text_of(node)):
                return Told(where=main.at(node), hint="Which status does a client see here?")
    return None


@reading("the commit comes after the answer", _ERROR)
def commit_after_the_answer(evidence: Evidence) -> Told | None:
    """The lines after a dependency's yield run when the client already has its answer. If the commit fails then,
    nobody is told."""
    found = _unit(evidence)
    if found is not None and calls(found[1], "commit", "begin"):
        return None
    for file in evidence.source.files():
        for node in file.functions:
            yields = [each for each in ast.walk(node) if isinstance(each, ast.Yield)]
            late = [each for each in calls(node, "commit") if yields and each.lineno > yields[0].lineno]
            blocks = [each for each in ast.walk(node) if isinstance(each, ast.With) and yields]
            begun = [each for each in blocks if ".begin()" in text_of(each.items[-1].context_expr)]
            for each in (*late, *begun):
                return Told(where=file.at(each), hint="When does this commit, before the answer or after it?")
    return None


@reading("no rollback after an error", _ROLLED)
def no_rollback(evidence: Evidence) -> Told | None:
    """close() is not a rollback: after a refused COMMIT the connection is still in its transaction."""
    found = _unit(evidence)
    if found is None:
        return None
    file, node = found
    rolled, committed = calls(node, "rollback"), calls(node, "commit")
    for call in rolled:
        for test in [each for each in ast.walk(node) if isinstance(each, ast.If) and call in ast.walk(each)]:
            return Told(where=file.at(test), hint="In which cases is this not true?")
    for attempt in _tries(node):
        handlers = [text_of(handler.type) for handler in attempt.handlers if calls(handler, "rollback")]
        if handlers and not any(name in ("", "Exception", "BaseException") for name in handlers):
            hint = "Which other errors can come out of this block?"
            return Told(where=file.at(attempt.handlers[0]), hint=hint)
        outside = [call for call in committed if not any(call in ast.walk(each) for each in attempt.body)]
        if rolled and outside:
            return Told(where=file.at(outside[0]), hint="The commit can fail, too. Who rolls back then?")
    if rolled:
        return None
    instead = calls(node, "close", "expunge_all", "expire_all")
    nested = calls(node, "begin_nested")
    if instead:
        return Told(where=file.at(instead[0]), hint="This does not end the transaction. What does?")
    if nested:
        return Told(where=file.at(nested[0]), hint="This rolls the savepoint back. Who ends the transaction around it?")
    own = [each for each in ast.walk(node) if isinstance(each, ast.With) and "SessionLocal" in text_of(each.items[0])]
    handlers_ = [handler for attempt in _tries(node) for handler in attempt.handlers]
    place: ast.AST = (own or handlers_ or committed or [node])[0]
    return Told(where=file.at(place), hint="What ends the transaction when one of these lines raises?")


# -- answers ------------------------------------------------------------------------------------------


@reading("the answer is made before the row is complete", "created_item_is_refreshed")
def answered_too_early(evidence: Evidence) -> Told | None:
    """The values that the database makes are known only after everything was written and the row was loaded again."""
    found = _unit(evidence)
    if found is None:
        return None
    file, node = found
    committed = calls(node, "commit")
    made = calls(node, "model_validate", "ItemRead")
    refreshed = calls(node, "refresh")
    if made and "data" in text_of(made[0]) and calls(node, "ItemRead"):
        return Told(where=file.at(calls(node, "ItemRead")[0]), hint="This is what was sent. What is stored?")
    if committed and made and made[0].lineno < committed[0].lineno:
        return Told(where=file.at(made[0]), hint="What may still change after this line?")
    if committed and not refreshed:
        return Told(where=file.at(committed[-1]), hint="After this line the row has to be loaded once more.")
    if committed and refreshed and refreshed[-1].lineno < committed[-1].lineno:
        return Told(where=file.at(refreshed[-1]), hint="What may still change after this line?")
    return None


@reading("a name that must be new", "create_answers_201")
def name_has_to_be_new(evidence: Evidence) -> Told | None:
    """Two items may have the same name. Each request makes a new item."""
    for event in evidence.events_of("SELECT items"):
        condition = event.sql.lower().replace("\n", " ").partition(" where ")[2]
        if re.search(r"\bname\b", condition) and event.where and "another item" in " ".join(evidence.did):
            return Told(where=event.where, hint="Names may repeat, and each request makes a new item.")
    return None


@reading("begin() after a read", "create_answers_201", _BATCH)
def begun_after_a_read(evidence: Evidence) -> Told | None:
    """A session begins a transaction by itself as soon as you use it. A begin() after that raises an error."""
    raised = evidence.raised_kind("InvalidRequestError")
    if raised is None or "already begun" not in raised.message:
        return None
    return Told(
        where=innermost(raised, evidence.given), hint="A transaction has begun before. What ends it, and keeps it?"
    )


@reading("an event before there is an id", "create_answers_201", _BATCH, _ADDS)
def no_flush(evidence: Evidence) -> Told | None:
    """The database assigns the id when the INSERT is sent. Before a flush there is no id."""
    if not re.search(r"item_events\.item_id|null value in column \"item_id\"", evidence.saw):
        return None
    found = evidence.source.function("add_item", "app/crud_uow.py")
    added = calls(found[1], "add") if found else []
    if found is None or not added or calls(found[1], "flush"):
        return None
    return Told(where=found[0].at(added[0]), hint="When does the item get its id? Something has to be sent first.")
