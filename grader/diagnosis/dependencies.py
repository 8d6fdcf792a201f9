"""In the child: mistakes in ``get_db``, the dependency that gives each request a session."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import File, Function, calls, inside, name_of, text_of

_CLOSES = "closes_after_success", "closes_after_http_error", "closes_after_crash"
_OWN, _YIELDS = "each_request_has_its_own_session", "yields_a_session"
_SHARED = _OWN, *_CLOSES
_ERROR, _DISCARDED = "error_reaches_the_client", "uncommitted_work_is_discarded"
_MAKERS = "SessionLocal", "Session", "sessionmaker"


def _get_db(evidence: Evidence) -> tuple[File, Function] | None:
    found = evidence.source.function("get_db", "app/deps.py") or evidence.source.function("get_db")
    bound = evidence.source.bound("get_db", evidence.source.file("app/deps.py")) if found is None else None
    value = getattr(bound[1], "value", None) if bound else None
    owner = evidence.source.class_(name_of(value)) if isinstance(value, ast.Call) else None
    for method in owner[1].body if owner else ():  # get_db = Sessions()
        if owner and isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name == "__call__":
            return owner[0], method
    return found


def _keeper(evidence: Evidence) -> tuple[File, Function] | None:
    """The function that opens and closes the session: get_db, or the one that it leaves this to."""
    found = _get_db(evidence)
    if found is None or calls(found[1], *_MAKERS):
        return found
    entered = [item.context_expr for each in ast.walk(found[1]) if isinstance(each, ast.With) for item in each.items]
    entered += [each.value for each in ast.walk(found[1]) if isinstance(each, ast.YieldFrom)]
    entered += [each.iter for each in ast.walk(found[1]) if isinstance(each, ast.For)]
    entered += [call.args[0] for call in calls(found[1].args, "Depends") if call.args]
    for each in entered:
        other = evidence.source.function(name_of(each))
        if other is not None and other != found and _yields(other[1]):
            return other
    middlewares = [(file, node) for file in evidence.source.files() for node in file.functions if calls(node, *_MAKERS)]
    if not entered and len(middlewares) == 1 and calls(middlewares[0][1], "call_next"):
        return middlewares[0]
    return found


def _handed_out(node: Function) -> int:
    """The line at which a function hands the session out and waits: its yield, or call_next in a middleware."""
    found = [*_yields(node), *calls(node, "call_next")]
    return min((each.lineno for each in found), default=0)


def _yields(node: ast.AST) -> list[ast.Yield]:
    found = [each for each in ast.walk(node) if isinstance(each, ast.Yield)]
    return sorted(found, key=lambda each: each.lineno)


def _made(node: ast.AST) -> list[ast.Call]:
    """The calls that make a session, and connections that are opened beside it."""
    return calls(node, *_MAKERS, "begin", "sessions")


def _yielded(node: Function) -> str:
    """What is yielded, as Python writes it: ``db``."""
    found = _yields(node)
    return text_of(found[0].value) if found else ""


def _tries(node: ast.AST) -> list[ast.Try]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Try)]


def _finals(node: ast.AST) -> list[ast.stmt]:
    return [statement for each in _tries(node) for statement in each.finalbody]


# -- what is yielded ----------------------------------------------------------------------------------


@reading("the factory instead of a session", _YIELDS)
def yields_the_factory(evidence: Evidence) -> Told | None:
    """A factory is not a session. Call it to get one."""
    found = _get_db(evidence)
    for each in _yields(found[1]) if found else ():
        if found and text_of(each.value) in ("SessionLocal", "sessionmaker", "Session"):
            hint = f"{text_of(each.value)} makes sessions. What turns it into one?"
            return Told(where=found[0].at(each), hint=hint)
    for statement in inside(found[1]) if found else ():
        if (
            found
            and isinstance(statement, ast.Assign)
            and text_of(statement.value) == "SessionLocal"
            and text_of(statement.targets[0]) == _yielded(found[1])
        ):
            hint = "SessionLocal makes sessions. What turns it into one?"
            return Told(where=found[0].at(statement), hint=hint)
    file = evidence.source.file("app/deps.py")
    for node in file.tree.body:
        if (
            isinstance(node, ast.Assign)
            and name_of(node.targets[0]) == "get_db"
            and text_of(node.value) == "SessionLocal"
        ):
            hint = "FastAPI would ask the client for the parameters of SessionLocal. Write a function of your own."
            return Told(where=file.at(node), hint=hint)
    return None


@reading("something other than a session is yielded", _YIELDS)
def yields_something_else(evidence: Evidence) -> Told | None:
    """Endpoints work with what is yielded. A connection, or a with block that was never entered, is not a session."""
    found = _get_db(evidence)
    if found is None:
        return None
    file, node = found
    yields = _yields(node)
    if len(yields) > 1:
        return Told(where=file.at(yields[1]), hint="A dependency yields once; what follows the yield tidies up.")
    if yields and yields[0].value is None:
        return Told(where=file.at(yields[0]), hint="This gives the endpoint nothing.")
    value = text_of(yields[0].value) if yields else ""
    if value.endswith(".begin()"):
        return Told(where=file.at(yields[0]), hint="begin() gives a block to be entered with 'with', not a session.")
    inner = evidence.source.function(value.removesuffix("()")) if value.endswith("()") else None
    if inner is not None and _yields(inner[1]):
        hint = f"{value} is a generator: calling it runs nothing. Whoever wants what it yields has to go through it."
        return Told(where=file.at(yields[0]), hint=hint)
    for each in calls(node, "connect"):
        blocks = [block for block in ast.walk(node) if isinstance(block, ast.With)]
        if any(each in ast.walk(block.items[0].context_expr) for block in blocks):
            return Told(where=file.at(each), hint="This opens a connection. What makes a session?")
    for each in calls(node, "Session"):
        if not each.args and not each.keywords:
            return Told(where=file.at(each), hint="This session knows no engine. Which factory does?")
        if calls(each, "create_engine"):
            return Told(
                where=file.at(each), hint="This is an engine of its own. The sessions of the app are in app/db.py."
            )
    return None


@reading("a parameter that FastAPI expects from the client", _YIELDS)
def asks_the_client(evidence: Evidence) -> Told | None:
    """FastAPI looks in the request for every parameter of a dependency that does not use Depends."""
    found = _get_db(evidence)
    arguments = [*found[1].args.args, *found[1].args.kwonlyargs] if found else []
    for each in arguments:
        kind = text_of(each.annotation)
        if found and not re.search(r"Request|HTTPConnection|BackgroundTasks|Response|Depends|WebSocket", kind):
            hint = f"FastAPI looks for '{each.arg}' in the request."
            return Told(where=found[0].at(each), hint=hint)
    return None


@reading("@contextmanager on a dependency", _YIELDS)
def is_a_context_manager(evidence: Evidence) -> Told | None:
    """FastAPI itself turns a dependency with yield into a context manager. Doing it twice breaks it."""
    found = _get_db(evidence)
    for each in found[1].decorator_list if found else ():
        if found and "contextmanager" in name_of(each):
            return Told(where=found[0].at(each), hint="FastAPI does by itself what this decorator does.")
    return None


# -- one session for several requests -----------------------------------------------------------------


@reading("requests share one session", *_SHARED)
def shared_session(evidence: Evidence) -> Told | None:
    """What is made outside the function exists once, for all requests. The same is true for a cache and for a default
    value."""
    found = _get_db(evidence)
    if found is None or (evidence.rule != _OWN and "another" not in evidence.saw and not _overlaps(evidence)):
        return None
    node = found[1]
    if any("cache" in name_of(each) for each in node.decorator_list):
        return Told(where=found[0].at(node.decorator_list[0]), hint="A cache gives everybody what it made first.")
    for each in ast.walk(node):
        if isinstance(each, ast.Global):
            return Told(
                where=found[0].at(each), hint="A global name is one for all requests: the next one puts its own there."
            )
    for place, other in [(each, function) for each in evidence.source.files() for function in each.functions]:
        if any("cache" in name_of(each) for each in other.decorator_list) and _made(other):
            return Told(where=place.at(other.decorator_list[0]), hint="A cache gives everybody what it made first.")
        defaults = [each for each in other.args.defaults if calls(each, *_MAKERS)]
        if defaults:
            return Told(where=place.at(defaults[0]), hint="A default value is made once, when the module is imported.")
    for file, statement in [(each, one) for each in evidence.source.files() for one in each.tree.body]:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            continue
        if calls(statement, "scoped_session"):
            hint = "This keeps one session for each thread, and requests take turns on the threads."
            return Told(where=file.at(statement), hint=hint)
        if calls(statement, "SessionLocal", "Session"):
            return Told(where=file.at(statement), hint="This runs once, when the module is imported.")
        names = [name_of(each) for each in getattr(statement, "targets", [getattr(statement, "target", None)]) if each]
        around = [other for _, other in evidence.source.reached(*found, evidence.given)]
        kept = [name for name in names if name and any(re.search(rf"\b{name}\b", text_of(each)) for each in around)]
        if kept and isinstance(statement, ast.Assign | ast.AnnAssign) and _can_keep(evidence, statement.value):
            hint = f"'{kept[0]}' is there once for all requests. What does it hold while two of them run?"
            if name_of(statement.value) == "local":
                hint = "This keeps one session for each thread, and requests take turns on the threads."
            return Told(where=file.at(statement), hint=hint)
    for each in ast.walk(node):
        if isinstance(each, ast.Assign) and "app.state" in text_of(node) and isinstance(each.targets[0], ast.Attribute):
            return Told(where=found[0].at(each), hint="The app has one state for all requests.")
    for each in ast.walk(node):
        target = each.targets[0] if isinstance(each, ast.Assign) else None
        elsewhere = isinstance(target, ast.Attribute | ast.Subscript) and "request.state" not in text_of(target)
        if elsewhere and isinstance(each, ast.Assign) and calls(each.value, *_MAKERS):
            hint = f"{text_of(target)} is there once for all requests. What does it hold while two of them run?"
            return Told(where=found[0].at(each), hint=hint)
    return None


def _can_keep(evidence: Evidence, value: ast.expr | None) -> bool:
    """Whether a value at the top of a module can hold a session for others: None, a collection, an own object."""
    made = evidence.source.class_(name_of(value)) is not None if isinstance(value, ast.Call) else False
    kinds = "dict", "list", "set", "deque", "local", "ContextVar", "WeakKeyDictionary", "WeakValueDictionary", "Queue"
    empty = isinstance(value, ast.Dict | ast.List) or (value is not None and text_of(value) == "None")
    return empty or made or (isinstance(value, ast.Call) and name_of(value) in kinds)


def _overlaps(evidence: Evidence) -> bool:
    """Whether the story is one of requests at the same time."""
    return bool(re.search(r"second request|same time|overlap", " ".join(evidence.did)))


@reading("all sessions are closed", _OWN)
def closes_all(evidence: Evidence) -> Told | None:
    """close_all_sessions() also closes the sessions of other requests, which are still in use."""
    found = _get_db(evidence)
    for each in calls(found[1], "close_all_sessions", "close_all") if found else ():
        if found:
            return Told(where=found[0].at(each), hint="Other requests may be at work with theirs.")
    return None


# -- closing ------------------------------------------------------------------------------------------


@reading("close without parentheses", *_CLOSES)
def close_not_called(evidence: Evidence) -> Told | None:
    """Naming a method does nothing. The parentheses call it."""
    found = _get_db(evidence)
    for each in ast.walk(found[1]) if found else ():
        if (
            found
            and isinstance(each, ast.Expr)
            and isinstance(each.value, ast.Attribute)
            and each.value.attr == "close"
        ):
            return Told(where=found[0].at(each), hint="This names the method. What calls it?")
    return None


@reading("the wrong session is closed", *_CLOSES)
def another_is_closed(evidence: Evidence) -> Told | None:
    """Each call of the factory makes a new session. Closing the new one leaves the first one open."""
    found = _get_db(evidence)
    if found is None:
        return None
    file, node = found
    for each in calls(node, "close"):
        inner = each.func.value if isinstance(each.func, ast.Attribute) else None
        if isinstance(inner, ast.Call) and name_of(inner) in _MAKERS:
            saw = f"{evidence.saw}: a second session was made and closed, and the one that was yielded was not"
            return Told(saw=saw, where=file.at(each), hint="Keep the session that you yield under a name.")
    for statement in _finals(node):
        for part in ast.walk(statement):
            if isinstance(part, ast.Assign) and text_of(part.targets[0]) == _yielded(node):
                return Told(where=file.at(part), hint="From here on the name stands for another session.")
    closed = [call for call in calls(node, "close") if isinstance(call.func, ast.Attribute)]
    owners = [text_of(call.func.value) for call in closed if isinstance(call.func, ast.Attribute)]
    opened = {
        name_of(each.targets[0]) for each in ast.walk(node) if isinstance(each, ast.Assign) and calls(each, "connect")
    } - {_yielded(node)}
    if owners and set(owners) <= opened and calls(node, *_MAKERS):
        saw = f"{evidence.saw}: '{owners[-1]}' was closed, the session was not"
        return Told(saw=saw, where=file.at(closed[-1]), hint="What does this close, and what was yielded?")
    return None


@reading("the session is returned, not yielded", *_CLOSES)
def returned_not_yielded(evidence: Evidence) -> Told | None:
    """A function that returns is over. Only a function that yields continues after the answer and can close the
    session."""
    found = _get_db(evidence)
    if found is None or _yields(found[1]) or "state" in text_of(found[1]) or calls(found[1].args, "Depends"):
        return None
    returns = [each for each in ast.walk(found[1]) if isinstance(each, ast.Return)]
    if not returns or calls(found[1], "add_task"):
        return None
    hint = "After a return there is nobody left to close it. What hands a value out and goes on later?"
    if any(isinstance(each, ast.With) and returns[0] in ast.walk(each) for each in ast.walk(found[1])):
        hint = "A return ends the with: the session is closed before the endpoint has it. What goes on later?"
    return Told(where=found[0].at(returns[0]), hint=hint)


@reading("a session that is used after close()", *_CLOSES)
def used_after_close(evidence: Evidence) -> Told | None:
    """A closed session opens again as soon as you use it."""
    found = _get_db(evidence)
    if found is None:
        return None
    file, node = found
    db, closed = _yielded(node), calls(node, "close")
    always = [call for statement in _finals(node) for call in calls(statement, "close")]
    if not always and evidence.rule != "closes_after_success":  # then close() was not reached
        return None
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and closed and each.lineno > closed[-1].lineno and f"{db}." in text_of(each.func):
            return Told(where=file.at(each), hint="A closed session opens again when it is used.")
    return None


@reading("the session is closed before it is yielded", *_CLOSES)
def yielded_after_close(evidence: Evidence) -> Told | None:
    """A with block, or a finally, that is over before the yield has closed the session; the endpoint opens it again."""
    found = _keeper(evidence)
    yields = _yields(found[1]) if found else []
    if found is None or not yields:
        return None
    (file, node), db = found, _yielded(found[1])
    ends = {
        block: [
            item
            for item in block.items
            if text_of(item.optional_vars or item.context_expr) in (db, f"closing({db})", f"contextlib.closing({db})")
        ]
        for block in ast.walk(node)
        if isinstance(block, ast.With)
    }
    over = [block for block, items in ends.items() if items and (block.end_lineno or 0) < yields[0].lineno]
    caught = [each for attempt in _tries(node) for handler in attempt.handlers for each in ast.walk(handler)]
    closed = [call for call in calls(node, "close") if text_of(call.func) == f"{db}.close" and call not in caught]
    before = [call for call in closed if call.lineno < yields[0].lineno]
    if not (over or before) or len(before) < len(closed):
        return None
    what = "the with block" if over else "close()"
    return Told(
        saw=f"{evidence.saw}: {what} had closed it before the endpoint got it, and it opened again",
        where=file.at(yields[0]),
        hint=f"What has {what} done to the session before this line, and who closes it after the endpoint?",
    )


@reading("something besides the session stays open", *_CLOSES)
def more_is_open(evidence: Evidence) -> Told | None:
    """Everything that is opened must be closed, also a connection or a second session."""
    found = _get_db(evidence)
    if found is None:
        return None
    file, node = found
    for each in (*calls(node, "connect"), *calls(node, *_MAKERS)):
        chained = [outer for outer in calls(node, "execute", "scalar", "scalars") if each in ast.walk(outer.func)]
        bound = [call for call in calls(node, *_MAKERS) if each is not call and each in ast.walk(call)]
        if chained or (bound and name_of(each) == "connect" and not _closes_name(node, "connection")):
            return Told(where=file.at(each), hint="Who closes this one?")
    return None


def _closes_name(node: ast.AST, name: str) -> bool:
    return any(text_of(each.func) == f"{name}.close" for each in calls(node, "close"))


@reading("closed only under a condition", *_CLOSES)
def closed_conditionally(evidence: Evidence) -> Told | None:
    """A session has to be closed in any case, whatever was done with it."""
    found = _keeper(evidence)
    if found is None:
        return None
    file, node = found
    always = [each for statement in _finals(node) for each in ast.walk(statement)]
    for each in ast.walk(node):
        if not isinstance(each, ast.If) or each.lineno < _handed_out(node):
            continue
        if each not in always and evidence.rule != "closes_after_success":  # it may not have been reached
            continue
        then, otherwise = ([call for one in part for call in calls(one, "close", "remove")] for part in _parts(each))
        others = [call for call in calls(node, "close", "remove") if call not in [*then, *otherwise]]
        if others or bool(then) == bool(otherwise) or text_of(each.test).removesuffix(" is not None") == _yielded(node):
            continue
        saw = f"{evidence.saw}; the condition {text_of(each.test)} was {'not true' if then else 'true'}"
        hint = f"In which cases is this {'not true' if then else 'true'}, and who closes then?"
        return Told(saw=saw, where=file.at(each), hint=hint)
    for place, leaving in _exits(evidence, node):
        for each in [each for each in ast.walk(leaving) if isinstance(each, ast.If)]:
            then, otherwise = ([call for one in part for call in calls(one, "close")] for part in _parts(each))
            closed = calls(leaving, "close")
            if bool(then) != bool(otherwise) and len(closed) == len([*then, *otherwise]):
                hint = "In which cases does this come to no close()?"
                return Told(where=place.at(each), hint=hint)
    return None


def _exits(evidence: Evidence, node: Function) -> list[tuple[File, ast.FunctionDef]]:
    """What runs at the end of the with blocks of a function: the ``__exit__`` of the learner's own classes."""
    entered = [item.context_expr for each in ast.walk(node) if isinstance(each, ast.With) for item in each.items]
    owners = [evidence.source.class_(name_of(each)) for each in entered if isinstance(each, ast.Call)]
    return [
        (owner[0], method)
        for owner in owners
        if owner is not None
        for method in owner[1].body
        if isinstance(method, ast.FunctionDef) and method.name == "__exit__"
    ]


def _parts(node: ast.If) -> tuple[list[ast.stmt], list[ast.stmt]]:
    return node.body, node.orelse


@reading("closed in a background task", *_CLOSES)
def closed_in_a_task(evidence: Evidence) -> Told | None:
    """FastAPI runs background tasks after an answer; after an exception they never run."""
    found = _get_db(evidence)
    for each in calls(found[1], "add_task") if found else ():
        if found and "close" in text_of(each):
            hint = "FastAPI runs this after an answer that went well. What runs in any case?"
            return Told(where=found[0].at(each), hint=hint)
    return None


@reading("closed only after a success, or only after an error", *_CLOSES)
def closed_on_one_way(evidence: Evidence) -> Told | None:
    """Without a finally, an exception that comes out of the yield goes past whatever follows it."""
    found = _keeper(evidence)
    if found is None:
        return None
    file, node = found
    closed, handed_out = calls(node, "close", "remove"), _handed_out(node)
    if not closed or not handed_out or closed[-1].lineno < handed_out:
        return None
    if any(call in ast.walk(statement) for statement in _finals(node) for call in closed):
        return None
    handlers = [handler for each in _tries(node) for handler in each.handlers]
    caught = [call for call in closed if any(call in ast.walk(handler) for handler in handlers)]
    if evidence.rule == "closes_after_success":
        after = [call for call in closed if call not in caught]
        if not caught or after:
            return None
        hint = "This runs only after an exception. What runs in any case?"
        return Told(where=file.at(caught[0]), hint=hint)
    of_http = [each for each in handlers if "HTTPException" in text_of(each.type)]
    if evidence.rule == "closes_after_http_error" and of_http and not calls(of_http[0], "close"):
        hint = "After an HTTP error get_db ends here, and the session is still open. What runs in any case?"
        return Told(where=file.at(of_http[0]), hint=hint)
    if (
        evidence.rule == "closes_after_crash"
        and caught
        and text_of(handlers[-1].type) not in ("Exception", "BaseException", "")
    ):
        hint = "This block closes the session for exceptions of this kind. What about all others?"
        return Told(where=file.at(handlers[-1]), hint=hint)
    hint = "An exception from the endpoint skips this line. What runs in any case?"
    return Told(where=file.at(closed[-1]), hint=hint)


@reading("the session is not closed", *_CLOSES)
def never_closed(evidence: Evidence) -> Told | None:
    """Nobody calls close(): the session keeps its connection, or what it has loaded, for as long as it lives."""
    found = _keeper(evidence)
    if found is None:
        return None
    file, node = found
    db = _yielded(node)
    if calls(node, "close", "remove", "reset", "closing", "callback", "enter_context", "push"):
        return None
    entered = [item.context_expr for each in ast.walk(node) if isinstance(each, ast.With) for item in each.items]
    if any(name_of(each) not in ("ExitStack", "suppress", "Lock", "RLock", "nullcontext") for each in entered):
        return None
    others = {"rollback": "a rollback", "expunge_all": "expunge_all()", "expire_all": "expire_all()"}
    others |= {"commit": "a commit"}
    instead = [each for each in ast.walk(node) if isinstance(each, ast.Call | ast.Delete)]
    for each in [each for each in instead if re.search(rf"{db}\b", text_of(each))]:
        word = others.get(name_of(each), "del" if isinstance(each, ast.Delete) else "")
        yields = _yields(node)
        if word and db and yields and each.lineno > yields[0].lineno:
            saw = f"{evidence.saw}: {word} does not close it"
            return Told(saw=saw, where=file.at(each), hint="This leaves the session open. What ends it?")
    last = [call for statement in _finals(node) for call in ast.walk(statement) if isinstance(call, ast.Call)]
    for other in [evidence.source.function(name_of(call)) for call in last if not isinstance(call.func, ast.Attribute)]:
        if other is None or calls(other[1], "close", "remove"):
            continue
        for call in calls(other[1], *others):
            saw = f"{evidence.saw}: {others[name_of(call)]} does not close it"
            return Told(saw=saw, where=other[0].at(call), hint="This leaves the session open. What ends it?")
    made = [*_made(node), *_yields(node)]
    if not made:
        return None
    hint = "The endpoint gets a session here. Who closes it, and when?"
    if calls(made[0], *_MAKERS):
        hint = "Here a session is opened. Who closes it, and when?"
    return Told(where=file.at(made[0]), hint=hint)


# -- errors -------------------------------------------------------------------------------------------


@reading("an exception is swallowed", _ERROR)
def swallows_errors(evidence: Evidence) -> Told | None:
    """What is caught and not raised again never reaches the client: an error looks like a success, or like a riddle."""
    found = _keeper(evidence)
    if found is None:
        return None
    file, node = found
    for each in calls(node, "suppress"):
        return Told(
            where=file.at(each), hint="No except stands here, and yet this swallows what comes out of the endpoint."
        )
    for statement in _finals(node):
        for inner in ast.walk(statement):
            if isinstance(inner, ast.Return | ast.Break | ast.Continue):
                return Told(where=file.at(inner), hint="Leaving a finally like this throws the exception away.")
    for attempt in _tries(node):
        for handler in attempt.handlers:
            if not _raised_in(evidence, handler):
                hint = "After this block the exception is gone. FastAPI can answer only what reaches it."
                if "didn't stop" in evidence.saw:
                    hint = "A dependency yields once. What should become of the exception that came out of the yield?"
                return Told(where=file.at(handler), hint=hint)
    for other in evidence.source.files():
        for method in [each for each in other.functions if each.name == "__exit__"]:
            for inner in ast.walk(method):
                value = inner.value if isinstance(inner, ast.Return) else None
                if text_of(value) == "True" or isinstance(value, ast.Compare | ast.BoolOp | ast.UnaryOp):
                    return Told(where=other.at(inner), hint="An __exit__ that returns True swallows the exception.")
    return None


def _raised_in(evidence: Evidence, handler: ast.ExceptHandler) -> list[tuple[File | None, ast.Raise]]:
    """What an except block raises, in the block itself (no file is named then) or in a function that it calls."""
    found: list[tuple[File | None, ast.Raise]] = [
        (None, each) for each in ast.walk(handler) if isinstance(each, ast.Raise)
    ]
    for call in [each for each in ast.walk(handler) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)]:
        other = evidence.source.function(name_of(call))
        found += [(other[0], each) for each in ast.walk(other[1]) if isinstance(each, ast.Raise)] if other else []
    return found


@reading("an exception is replaced by another one", _ERROR)
def replaces_errors(evidence: Evidence) -> Told | None:
    """The client, and handlers in main.py, wait for the exception that was raised, with its status and its detail."""
    found = _keeper(evidence)
    for attempt in _tries(found[1]) if found else ():
        for handler in attempt.handlers:
            other = [(file, each) for file, each in _raised_in(evidence, handler) if each.exc is not None]
            if found and other:
                return Told(
                    where=(other[0][0] or found[0]).at(other[0][1]),
                    hint="This raises another exception than the one that came.",
                )
    main = evidence.source.file("app/main.py")
    for node in main.functions:
        for decorator in node.decorator_list:
            words = text_of(decorator)
            if "exception_handler" in words and re.search(r"\(\w*(HTTPException|Exception)\)", words):
                return Told(where=main.at(decorator), hint="This answers every such error in its own way.")
    return None


# -- commits ------------------------------------------------------------------------------------------


_NOT_ITS_WORK = "This commits whatever an endpoint has left behind. Who decides that the work is complete?"


@reading("get_db commits", _DISCARDED)
def commits_for_others(evidence: Evidence) -> Told | None:
    """Only the code that did the work knows whether it is complete; a dependency commits half of what failed."""
    found = _keeper(evidence)
    if found is None:
        return None
    file, node = found
    own_commits = [event for event in evidence.events_of("COMMIT") if event.where]
    for event in own_commits:
        if ".commit()" in evidence.source.line(event.where):
            return Told(where=event.where, hint=_NOT_ITS_WORK)
    saved = "nothing was saved" not in evidence.saw
    for each in calls(node, "commit") if saved else ():
        return Told(where=file.at(each), hint=_NOT_ITS_WORK)
    for block in [each for each in ast.walk(node) if isinstance(each, ast.With)]:
        for item in block.items:
            if text_of(item.context_expr).endswith(".begin()") and saved:
                saw = f"{evidence.saw}: begin() commits at the end of its block"
                return Told(saw=saw, where=file.at(item.context_expr), hint="What does the end of this block do?")
    for call in calls(node, "execution_options", *_MAKERS):
        if "AUTOCOMMIT" in text_of(call):
            return Told(where=file.at(call), hint="With this every statement is saved at once.")
    begun = calls(node, "begin")
    if begun and calls(node, "connect"):
        hint = "A transaction around the session: its end decides over what the endpoint has committed."
        return Told(where=file.at(begun[0]), hint=hint)
    return None
