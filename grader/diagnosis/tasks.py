"""In the child: mistakes in work that is done after the answer."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.routes import endpoint_of
from grader.diagnosis.source import File, Function, calls, text_of

_WRITTEN, _CLOSED = "event_is_written", "task_session_is_closed"
_OWN, _NOTHING = "task_uses_its_own_session", "failed_task_leaves_nothing_behind"
_WAITS = "answer_does_not_wait"


def _task(evidence: Evidence) -> tuple[File, Function] | None:
    return evidence.source.function("record_event", "app/tasks.py") or evidence.source.function("record_event")


def _is_session(node: ast.AST) -> bool:
    return bool(re.match(r"(\w+\.)?(SessionLocal|Session|sessionmaker|scoped_session)\b", text_of(node)))


# -- how it is handed over ----------------------------------------------------------------------------


@reading("the task is called, not handed over", _WAITS, _WRITTEN, "unknown_item_is_404")
def called_at_once(evidence: Evidence) -> Told | None:
    """With parentheses the function runs at once, and the client waits for it."""
    found = endpoint_of(evidence)
    for call in calls(found[1], "record_event") if found else ():
        if found:
            outer = [each for each in calls(found[1], "add_task") if call in ast.walk(each)]
            lambdas = [each for each in ast.walk(found[1]) if isinstance(each, ast.Lambda | ast.FunctionDef)]
            if any(call in ast.walk(each) for each in lambdas if each is not found[1]):
                continue
            hint = "add_task takes the function and, apart from it, its arguments." if outer else "This runs at once."
            return Told(where=found[0].at(call), hint=hint)
    return None


@reading("a thread instead of a background task", _WRITTEN, _WAITS)
def thread_of_its_own(evidence: Evidence) -> Told | None:
    """Nobody waits for the thread. The app may stop before the thread has written anything, and nobody hears about its
    errors."""
    for file in evidence.source.files():
        for call in calls(file.tree, "Thread", "Timer", "submit", "start_new_thread", "run_in_executor", "create_task"):
            return Told(where=file.at(call), hint="FastAPI has a way to do work after the answer, and waits for it.")
    return None


@reading("no work is handed over", _WRITTEN)
def nothing_handed_over(evidence: Evidence) -> Told | None:
    """The endpoint answers but asks nobody to do the work."""
    found = endpoint_of(evidence)
    if found is None or evidence.sent("INSERT"):
        return None
    words = text_of(found[1])
    if re.search(r"add_task|BackgroundTask\(|record_event|add_event", words) or "Depends" in text_of(found[1].args):
        return None
    return Told(where=found[0].at(found[1]), hint="Who is asked to record the event?")


@reading("the work is handed over twice", _WRITTEN)
def handed_over_twice(evidence: Evidence) -> Told | None:
    """Each add_task runs the function once more."""
    found = endpoint_of(evidence)
    handed = calls(found[1], "add_task") if found else []
    if found is None or len(handed) < 2 or len(evidence.events_of("INSERT item_events")) < 2:
        return None
    return Told(where=found[0].at(handed[1]), hint="How often does this run now?")


@reading("the wrong values are handed over", _WRITTEN)
def other_arguments(evidence: Evidence) -> Told | None:
    """The task records what it is given: the item's id, and the kind that the client sent."""
    found = endpoint_of(evidence)
    for call in calls(found[1], "add_task") if found else ():
        given = [*call.args[1:], *(each.value for each in call.keywords)]
        fixed = [each for each in given if isinstance(each, ast.Constant)]
        if found and fixed:
            return Told(where=found[0].at(fixed[0]), hint="Which kind has the client sent?")
    return None


@reading("nobody checks whether the item exists", "unknown_item_is_404")
def item_not_looked_up(evidence: Evidence) -> Told | None:
    """A 202 promises that the work will be done. For an item that does not exist, nobody can promise this."""
    found = endpoint_of(evidence)
    if found is None:
        return None
    words = text_of(found[1])
    if re.search(r"Found|get_item|item_or_404|\.get\(|get_one|scalar|Depends", words):
        return None
    return Told(where=found[0].at(found[1]), hint="Who finds out whether there is such an item, and before the answer?")


@reading("the endpoint writes the event itself", _OWN, _WAITS)
def written_by_the_endpoint(evidence: Evidence) -> Told | None:
    """The client waits for everything that the endpoint does, and the endpoint uses the request's session."""
    found = endpoint_of(evidence)
    written = calls(found[1], "commit", "add", "execute") if found else []
    if found is None or not written or calls(found[1], "add_task"):
        return None
    return Told(where=found[0].at(written[0]), hint="This is done before the answer. Who could do it afterwards?")


# -- the session --------------------------------------------------------------------------------------


@reading("the task uses the request's session", _OWN)
def requests_session(evidence: Evidence) -> Told | None:
    """The request's session belongs to the request. When the task runs, the request is over or about to end."""
    found = endpoint_of(evidence)
    if found is None:
        return None
    file, node, _ = found
    inner = [each for each in ast.walk(node) if isinstance(each, ast.FunctionDef | ast.Lambda) and each is not node]
    for each in inner:
        if re.search(r"\b(db|session)\b", text_of(each)) or "item." in text_of(each):
            hint = "When this runs, the request is over, and its session with it. What can be taken along safely?"
            return Told(where=file.at(each), hint=hint)
    for call in calls(node, "add_task"):
        for given in [*call.args[1:], *(each.value for each in call.keywords)]:
            if isinstance(given, ast.Name) and given.id in ("db", "session", "item"):
                what = "the session" if given.id != "item" else "the item, which belongs to the session"
                hint = f"You hand over {what} of the request. A number and a text would be safe."
                return Told(where=file.at(given), hint=hint)
            if _is_session(given):
                return Told(where=file.at(given), hint="The endpoint opens this one. Who closes it, and when?")
    return None


@reading("one session for all tasks", _OWN, _CLOSED, _NOTHING)
def shared_by_tasks(evidence: Evidence) -> Told | None:
    """A session that is made during import is the same one in every task."""
    found = _task(evidence)
    if found is None:
        return None
    file, node = found
    if any(_is_session(each) for each in node.args.defaults):
        return Told(where=file.at(node.args.defaults[0]), hint="A default value is made once, at import.")
    for statement in file.tree.body:
        value = getattr(statement, "value", None)
        if isinstance(statement, ast.Assign) and isinstance(value, ast.Call) and _is_session(value):
            hint = "This runs once, when the module is imported. When should a session be opened?"
            if "scoped_session" in text_of(value):
                hint = "This gives all tasks of a thread the same session, unless somebody removes it."
            return Told(where=file.at(statement), hint=hint)
    return None


@reading("an async task that nobody awaits", _OWN, _WRITTEN, _CLOSED)
def coroutine_task(evidence: Evidence) -> Told | None:
    """Calling an async function only makes a coroutine, which does nothing by itself."""
    found = _task(evidence)
    if found is None or not isinstance(found[1], ast.AsyncFunctionDef):
        return None
    return Told(where=found[0].at(found[1]), hint="The work here is synchronous, and so may the function be.")


@reading("Depends in a function that FastAPI does not call", _WRITTEN, _OWN)
def depends_in_a_task(evidence: Evidence) -> Told | None:
    """Depends works in endpoints and dependencies. A task is called as a plain function."""
    found = _task(evidence)
    for default in [*found[1].args.defaults, *filter(None, found[1].args.kw_defaults)] if found else ():
        if found and "Depends" in text_of(default):
            return Told(where=found[0].at(default), hint="FastAPI resolves this for endpoints. Who calls this one?")
    return None


@reading("the event is not committed", _WRITTEN)
def event_not_committed(evidence: Evidence) -> Told | None:
    """A write becomes permanent only with a commit. Closing the session undoes it."""
    found = _task(evidence)
    if found is None or evidence.sent("COMMIT") or evidence.raised:
        return None
    file, node = found
    if calls(node, "commit") or ".begin()" in text_of(node):
        return None
    written = calls(node, "flush", "execute", "add", "add_all")
    sent = evidence.events_of("INSERT")
    saw = f"{sent[-1].what} was sent, but no COMMIT" if sent else "no COMMIT was sent"
    return Told(saw=saw, where=file.at(written[-1] if written else node), hint="Who makes this last?")


@reading("the task fails", _WRITTEN, _OWN)
def task_raises(evidence: Evidence) -> Told | None:
    """The task raises an exception after the client has its answer."""
    found = _task(evidence)
    if found is None:
        return None
    raised = evidence.raised[0] if evidence.raised else None
    if raised is not None and raised.lines:
        where = innermost(raised, evidence.given)
        if where.startswith(found[0].name):
            detached = "Detached" in raised.kind
            hint = "Its session is closed by then. What is read has to be read before." if detached else ""
            return Told(saw=f"the task raised {raised.kind}: {raised.message[:120]}", where=where, hint=hint)
    for handler in [each for each in ast.walk(found[1]) if isinstance(each, ast.ExceptHandler)]:
        quiet = not any(isinstance(each, ast.Raise) for each in ast.walk(handler))
        if quiet and not evidence.sent("INSERT"):
            hint = "Something fails in the block above, and this hides what. Let it be seen first."
            saw = f"{evidence.saw}; whatever failed in the task was swallowed"
            return Told(saw=saw, where=found[0].at(handler), hint=hint)
    return None


@reading("the task's session is not always closed", _CLOSED)
def task_not_closed(evidence: Evidence) -> Told | None:
    """A session must be closed after a success and after a failure: with a with block, or in a finally."""
    found = _task(evidence)
    if found is None:
        return None
    file, node = found
    generators = [each for each in calls(node, "get_db")]
    if generators:
        hint = "get_db closes when somebody goes on after its yield. Who does that here?"
        return Told(where=file.at(generators[0]), hint=hint)
    connected = calls(node, "connect")
    withs = [each for each in ast.walk(node) if isinstance(each, ast.With)]
    managed = [item.context_expr for each in withs for item in each.items]
    opened = [each for each in ast.walk(node) if isinstance(each, ast.Call) and _is_session(each.func)] + connected
    free = [each for each in opened if not any(each in ast.walk(expression) for expression in managed)]
    if not free:
        after = [each for each in withs if each is not node.body[-1]]
        last = node.body[-1]
        if after and last.lineno > (after[-1].end_lineno or 0):
            return Told(where=file.at(last), hint="The session is closed by then, and opens again when it is used.")
        return None
    closed = calls(node, "close", "remove")
    finals = [statement for each in ast.walk(node) if isinstance(each, ast.Try) for statement in each.finalbody]
    if any(calls(statement, "close", "remove") for statement in finals):
        return None
    if closed:
        hint = "There is a way through this function on which this line is never reached."
        return Told(where=file.at(closed[0]), hint=hint)
    return Told(where=file.at(free[0]), hint="Here a session is opened. Who closes it?")


# -- failures -----------------------------------------------------------------------------------------


@reading("more than one commit", _NOTHING)
def more_than_one_commit(evidence: Evidence) -> Told | None:
    """What the first commit saved stays saved, even if the second one fails."""
    found = _task(evidence)
    committed = calls(found[1], "commit") if found else []
    begun = [each for each in calls(found[1], "begin") if "SessionLocal" in text_of(each.func)] if found else []
    if found and len(committed) > 1:
        return Told(where=found[0].at(committed[0]), hint="What does this save, if the next step fails?")
    if found and len(begun) > 1:
        return Told(where=found[0].at(begun[1]), hint="This block saves something of its own after the failure.")
    for statement in found[0].tree.body if found else ():
        if found and isinstance(statement, ast.Assign) and isinstance(statement.value, ast.List | ast.Dict | ast.Set):
            hint = "What is kept here from one task to the next is written later, though its task failed."
            return Told(where=found[0].at(statement), hint=hint)
    return None


# -- the body -----------------------------------------------------------------------------------------


@reading("a kind without bounds", "bad_body_is_422")
def kind_without_bounds(evidence: Evidence) -> Told | None:
    """The column has room for 50 characters, and an event without a kind says nothing."""
    for file in evidence.source.files():
        for node in file.classes:
            for each in node.body:
                is_kind = isinstance(each, ast.AnnAssign) and text_of(each.target) == "kind"
                if isinstance(each, ast.AnnAssign) and is_kind and "Mapped" not in text_of(each.annotation):
                    words = text_of(each)
                    limit = re.search(r"max_length=(\d+)", words)
                    if each.value is not None and "Field" not in text_of(each.value):
                        hint = "What has a default may be left out."
                    elif "None" in text_of(each.annotation):
                        hint = "The type says here that null is a kind."
                    elif limit and int(limit[1]) != 50:
                        hint = f"The column has room for 50 characters; what does this line say, {limit[1]}?"
                    else:
                        hint = "Which kinds are too short, and which too long? The schema can say so."
                    return Told(where=file.at(each), hint=hint)
    return None
