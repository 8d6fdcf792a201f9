"""In the child: mistakes in ``get_db``, the dependency that gives each request a session."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.evidence import Event, Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import (
    File,
    Function,
    Source,
    as_called,
    calls,
    commits_by_itself,
    decorators,
    ends_without_a_value,
    handed,
    inside,
    keyword,
    last_line,
    name_of,
    of_a_session,
    options,
    text_of,
)

_CLOSES = "closes_after_success", "closes_after_http_error", "closes_after_crash"
_OWN, _YIELDS = "each_request_has_its_own_session", "yields_a_session"
_SHARED = _OWN, *_CLOSES
_ERROR, _DISCARDED = "error_reaches_the_client", "uncommitted_work_is_discarded"
_MAKERS = "SessionLocal", "Session", "sessionmaker"
_MOST_CALLS = 5


def _get_db(evidence: Evidence) -> tuple[File, Function] | None:
    """The dependency that gives the session, as if what it has done in a thread were done in it."""
    found = _found(evidence)
    return (found[0], as_called(found[1])) if found is not None else None


def _found(evidence: Evidence) -> tuple[File, Function] | None:
    found = evidence.source.function("get_db", "app/deps.py") or evidence.source.function("get_db")
    bound = evidence.source.bound("get_db", evidence.source.file("app/deps.py")) if found is None else None
    value = getattr(bound[1], "value", None) if bound else None
    owner = evidence.source.class_(name_of(value)) if isinstance(value, ast.Call) else None
    for method in owner[1].body if owner else ():  # get_db = Sessions()
        if owner and isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name == "__call__":
            return owner[0], method
    maker = evidence.source.function(name_of(value)) if isinstance(value, ast.Call) else None
    for inner in inside(maker[1]) if maker else ():  # get_db = dependency(SessionLocal)
        if maker and isinstance(inner, Function) and inner is not maker[1] and _yields(inner):
            return maker[0], inner
    return evidence.source.handed_on(found, evidence.given) if found is not None else None


def _keeper(evidence: Evidence) -> tuple[File, Function] | None:
    """The function that opens and closes the session: get_db, or the one that it leaves this to."""
    found = _get_db(evidence)
    for _ in range(_MOST_CALLS):
        other = _left_to(evidence, *found) if found is not None else None
        if other is None:
            break
        found = other
    if found is None or calls(found[1], *_MAKERS) or _entered(found[1]):
        return found
    middlewares = [(file, node) for file in evidence.source.files() for node in file.functions if calls(node, *_MAKERS)]
    return middlewares[0] if len(middlewares) == 1 and calls(middlewares[0][1], "call_next") else found


def _entering(source: Source, node: Function) -> list[tuple[File, Function]]:
    """The ``__enter__`` of the learner's own classes whose blocks a function is in."""
    classes = [source.class_(name_of(each)) for each in _entered(node) if isinstance(each, ast.Call)]
    return [
        (owner[0], method)
        for owner in classes
        for method in (owner[1].body if owner else ())
        if owner and isinstance(method, Function) and method.name == "__enter__"
    ]


def _entered(node: Function) -> list[ast.expr]:
    """What a function may leave the session to: what it enters, what it yields from, and what it depends on."""
    entered = [item.context_expr for each in ast.walk(node) if isinstance(each, ast.With) for item in each.items]
    entered += [each.value for each in ast.walk(node) if isinstance(each, ast.YieldFrom)]
    entered += [each.iter for each in ast.walk(node) if isinstance(each, ast.For)]
    return entered + [call.args[0] for call in calls(node.args, "Depends") if call.args]


def _left_to(evidence: Evidence, file: File, node: Function) -> tuple[File, Function] | None:
    """The function that one leaves the session to: what it makes itself is handed to that, ``lend(SessionLocal())``."""
    entered = _entered(node)
    handed = [part for each in entered for part in ast.walk(each) if part is not each]
    if any(call not in handed for call in calls(node, *_MAKERS)):
        return None
    for each in entered:
        other = evidence.source.function(name_of(each))
        itself = other is None or (other[0], other[1].lineno) == (file, node.lineno)
        if other is not None and not itself and any(map(_is_a_yield, inside(other[1]))):
            return other[0], as_called(other[1])
    return None


def _is_a_yield(node: ast.AST) -> bool:
    return isinstance(node, ast.Yield | ast.YieldFrom)


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
        if evidence.raised_kind("UnboundLocalError"):
            return None  # the function has given the name to something else
        if found and text_of(each.value) in ("SessionLocal", "sessionmaker", "Session"):
            made = _sessions_named(found[1])
            hint = f"{text_of(each.value)} makes sessions. What turns it into one?"
            if made:
                hint = f"{text_of(each.value)} makes sessions. Which session have you made above?"
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
    crashed = evidence.saw.startswith("a crash: ") and evidence.sent("ANSWER 2")
    if crashed and "raise " in evidence.source.line(evidence.where):
        hint = "This is raised when the request is over. For which requests is that, and what do they need it for?"
        return Told(where=evidence.where, hint=hint)
    direct = evidence.source.function("get_db", "app/deps.py")
    if direct and direct[1].name != node.name and _yields(node) and evidence.saw == "the endpoint got a generator":
        returned = [each for each in inside(direct[1]) if isinstance(each, ast.Return)]
        hint = f"{node.name}() is a generator: calling it runs nothing. How does get_db yield what it yields?"
        return Told(where=direct[0].at(returned[-1] if returned else direct[1]), hint=hint)
    for place, method in _entering(evidence.source, node) if evidence.saw == "the endpoint got None" else ():
        if ends_without_a_value(method.body):
            hint = "What stands behind 'as' is what __enter__() returns. What does it return here?"
            return Told(where=place.at(last_line(method)), hint=hint)
    for place, method in _entering(evidence.source, node) if evidence.saw.startswith("the endpoint got a") else ():
        for back in [each for each in inside(method) if isinstance(each, ast.Return) and text_of(each.value) == "self"]:
            hint = "What stands behind 'as' is what __enter__() returns. What does an endpoint need?"
            return Told(where=place.at(back), hint=hint)
    looped = _looped_over(evidence, node) if "generator didn't yield" in evidence.saw else None
    if looped is not None:
        hint = "This hands on what is in the session, one thing after the other. What is in a new session? And what "
        return Told(where=file.at(looped), hint=f"{hint}does an endpoint need: what is in it, or the session itself?")
    past = _past_its_yield(file, node) if "generator didn't yield" in evidence.saw else None
    if past is not None:
        return past
    yields = _yields(node)
    if len(yields) > 1 and not _in_two_branches(node, yields):
        hint = "A dependency yields once; what follows the yield tidies up."
        if "didn't stop" in evidence.saw:
            saw, wanted = evidence.saw.replace("a crash: ", "after the answer: "), "get_db yields once, and then ends"
            return Told(saw=saw, wanted=wanted, where=file.at(yields[1]), hint=hint)
        return Told(where=file.at(yields[1]), hint=hint)
    if yields and yields[0].value is None:
        opened = [call for call in calls(node, *_MAKERS) if call.lineno > yields[0].lineno]
        hint = "This gives the endpoint nothing"
        return Told(
            where=file.at(yields[0]), hint=f"{hint}: the session is opened only after it." if opened else f"{hint}."
        )
    given = [each for each in ast.walk(node) if isinstance(each, ast.Yield if yields else ast.Return)]
    helper = (
        evidence.source.function(name_of(given[0].value)) if given and isinstance(given[0].value, ast.Call) else None
    )
    if given and helper and any("contextmanager" in each for each, _ in decorators(helper[1])):
        hint = f"{helper[1].name}() makes a block for with, and here nobody enters it. What does the block give?"
        return Told(where=file.at(given[0]), hint=hint)
    value = text_of(yields[0].value) if yields else ""
    if value.endswith(".begin()"):
        hint = "begin() gives a block that commits at its end, not a session. What gives you just a session?"
        return Told(where=file.at(yields[0]), hint=hint)
    inner = evidence.source.function(value.removesuffix("()")) if value.endswith("()") else None
    if inner is not None and _yields(inner[1]):
        hint = f"{value} is a generator: calling it runs nothing. What hands on the values that it yields, one by one?"
        return Told(where=file.at(yields[0]), hint=hint)
    for each in calls(node, "connect"):
        blocks = [block for block in ast.walk(node) if isinstance(block, ast.With)]
        kept = [one.value for one in ast.walk(node) if isinstance(one, ast.Assign)]
        if each in kept or any(each in ast.walk(block.items[0].context_expr) for block in blocks):
            return Told(where=file.at(each), hint="This opens a connection. What makes a session?")
    for each in calls(node, "Session"):
        if not each.args and not each.keywords:
            return Told(where=file.at(each), hint="This session knows no engine. Which factory does?")
        if calls(each, "create_engine"):
            return Told(
                where=file.at(each), hint="This is an engine of its own. The sessions of the app are in app/db.py."
            )
    return None


def _looped_over(evidence: Evidence, node: Function) -> ast.AST | None:
    """Where a function yields what a loop over the session gives, which is nothing: ``yield from db``."""
    held = {_held_by_a_middleware(node)}  # the first thing that is made of the factory, or of a helper
    made = [each for each in inside(node) if isinstance(each, ast.Assign) and isinstance(each.value, ast.Call)]
    for each in made:
        helper = evidence.source.function(name_of(each.value))
        opens = calls(each.value, *_MAKERS) or (helper and calls(helper[1], *_MAKERS) and not _yields(helper[1]))
        held |= {text_of(each.targets[0])} if opens else set()
    loops = [each for each in inside(node) if isinstance(each, ast.For) and _yields(each)]
    looped: list[tuple[ast.AST, ast.expr]] = [(each, each.iter) for each in loops]
    looped += [(each, each.value) for each in inside(node) if isinstance(each, ast.YieldFrom)]
    of_a_session = [each for each, over in looped if text_of(over) in held or _opens(over)]
    return of_a_session[0] if len(of_a_session) == 1 else None


def _sessions_named(function: Function) -> list[ast.AST]:
    """Where a function makes a session and gives it a name: ``db = SessionLocal()``, ``with SessionLocal() as db``."""
    named = [each for each in inside(function) if isinstance(each, ast.Assign | ast.AnnAssign | ast.NamedExpr)]
    opened = [each for each in inside(function) if isinstance(each, ast.withitem) and each.optional_vars is not None]
    made: list[ast.AST] = [each for each in named if each.value is not None and _opens(each.value)]
    return [*made, *(each for each in opened if any(map(_opens, calls(each.context_expr, *_MAKERS))))]


def _opens(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and name_of(node) in _MAKERS


def _past_its_yield(file: File, node: Function) -> Told | None:
    """Where a function with one yield ends, or goes on, without having come to it."""
    yields = _yields(node)
    line = yields[0].lineno if len(yields) == 1 else 0
    ends = [each for each in inside(node) if isinstance(each, ast.Return) and each.lineno < line]
    around = (
        [each for each in inside(node) if isinstance(each, ast.If) and _stands_in(yields[0], each.body)] if line else []
    )
    if len(ends) == 1:
        return Told(
            where=file.at(ends[0]), hint="A return ends the function here. Which line is to hand the session out?"
        )
    if len(around) == 1 and not ends:
        hint = f"Where {text_of(around[0].test)} is not true, nothing is yielded. What does the endpoint get then?"
        return Told(where=file.at(around[0]), hint=hint)
    return None


def _in_two_branches(node: Function, yields: list[ast.Yield]) -> bool:
    """Whether of two yields only one runs: they stand in the two branches of a condition."""
    conditions = [each for each in ast.walk(node) if isinstance(each, ast.If)]
    branches = [[[one for part in parts for one in ast.walk(part)] for parts in _parts(each)] for each in conditions]
    return len(yields) == 2 and any(yields[0] in then and yields[1] in other for then, other in branches)


@reading("a parameter that FastAPI expects from the client", _YIELDS)
def asks_the_client(evidence: Evidence) -> Told | None:
    """FastAPI looks in the request for every parameter of a dependency that does not use Depends."""
    found = _get_db(evidence)
    arguments = [*found[1].args.args, *found[1].args.kwonlyargs] if found else []
    if found and found[1].name == "__call__":  # of an object: nobody asks for self
        arguments = arguments[1:]
    for each in arguments:
        kind = text_of(each.annotation)
        if found and not re.search(r"Request|HTTPConnection|BackgroundTasks|Response|Depends|WebSocket", kind):
            hint = f"FastAPI looks for '{each.arg}' in the request. Where else can get_db get it from?"
            saw = f"FastAPI cannot read {kind} from a request" if kind and evidence.raised_kind("FastAPIError") else ""
            return Told(saw=saw, where=found[0].at(each), hint=hint)
    return None


@reading("@contextmanager on a dependency", _YIELDS)
def is_a_context_manager(evidence: Evidence) -> Told | None:
    """FastAPI itself turns a dependency with yield into a context manager. Doing it twice breaks it."""
    found = _get_db(evidence)
    for each in found[1].decorator_list if found else ():
        if found and "contextmanager" in name_of(each):
            return Told(where=found[0].at(each), hint="FastAPI does by itself what this decorator does.")
    return None


@reading("a variable that is reset in another context", _YIELDS)
def reset_in_another_context(evidence: Evidence) -> Told | None:
    """FastAPI may run what follows the yield in another context than what comes before it. A token of a context
    variable is valid only where it was made."""
    raised = evidence.raised_kind("ValueError")
    if raised is None or "created in a different Context" not in raised.message or not raised.lines:
        return None
    return Told(
        saw="after the answer, get_db crashed: ValueError: the token was created in a different Context",
        wanted="get_db ends without an exception of its own",
        where=innermost(raised, evidence.given),
        hint="FastAPI may run what follows the yield in another context than what comes before it, and this token is "
        "valid only where it was made. Do you need this variable at all?",
        why="Where an exception is raised, the lines below it do not run, and one of those may close the session.",
    )


# -- one session for several requests -----------------------------------------------------------------


@reading("requests share one session", *_SHARED)
def shared_session(evidence: Evidence) -> Told | None:
    """What is made outside the function exists once, for all requests. The same is true for a cache and for a default
    value."""
    found = _get_db(evidence)
    if found is not None and evidence.rule in _CLOSES and (by_thread := _kept_by_thread(evidence, found[1])):
        hint = (
            "This keeps one session for each thread. An async endpoint and the end of get_db may run on two threads. "
            "What does SessionLocal() give when get_db calls it?"
        )
        return Told(where=by_thread, hint=hint)
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
    for place, made, once in _made_once_in_a_class(evidence):
        return Told(where=place.at(made), hint=f"{once}. How many requests share what it makes?")
    for file, statement in [(each, one) for each in evidence.source.files() for one in each.tree.body]:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            continue
        if calls(statement, "scoped_session"):
            hint = _OF_A_THREAD
            return Told(where=file.at(statement), hint=hint)
        if calls(statement, "SessionLocal", "Session"):
            hint = "This runs once, when the module is imported. What runs for each request?"
            return Told(where=file.at(statement), hint=hint)
        names = [name_of(each) for each in getattr(statement, "targets", [getattr(statement, "target", None)]) if each]
        around = [other for _, other in evidence.source.reached(*found, evidence.given)]
        kept = [name for name in names if name and any(re.search(rf"\b{name}\b", text_of(each)) for each in around)]
        if kept and isinstance(statement, ast.Assign | ast.AnnAssign) and _can_keep(evidence, statement.value):
            for place, call in _put_back(evidence, found, kept[0]):
                hint = f"After a request its session goes into '{kept[0]}'. Which session does the next request get?"
                return Told(where=place.at(call), hint=hint, why=_USED_AGAIN)
            hint = f"'{kept[0]}' is there once for all requests. What does it hold while two of them run?"
            if is_of_a_thread(evidence, statement.value):
                puts = _put_into(evidence, found, kept[0])
                hint = _OF_A_THREAD
                if evidence.rule in _CLOSES:
                    hint = (
                        "This keeps one session for each thread. The next request on that thread puts its own here: "
                        "which session does the end of get_db find then?"
                    )
                return Told(where=puts[0][0].at(puts[0][1]) if puts else file.at(statement), hint=hint)
            by_client = [each for each in inside(node) if isinstance(each, ast.Assign) and _of_a_client(each.value)]
            if by_client:
                key = text_of(by_client[0].targets[0])
                hint = f"Requests are told apart by '{key}' here. Can two of them have the same one?"
                return Told(where=found[0].at(by_client[0]), hint=hint)
            return Told(where=file.at(statement), hint=hint)
    for each in ast.walk(node):
        if isinstance(each, ast.Assign) and "app.state" in text_of(node) and isinstance(each.targets[0], ast.Attribute):
            return Told(where=found[0].at(each), hint="The app has one state for all requests.")
    for each in ast.walk(node):
        target = each.targets[0] if isinstance(each, ast.Assign) else None
        elsewhere = isinstance(target, ast.Attribute | ast.Subscript) and "request.state" not in text_of(target)
        yielded = isinstance(target, ast.Attribute) and text_of(target) in {text_of(one.value) for one in _yields(node)}
        if elsewhere and isinstance(each, ast.Assign) and (calls(each.value, *_MAKERS) or yielded):
            hint = f"{text_of(target)} is there once for all requests. What does it hold while two of them run?"
            return Told(where=found[0].at(each), hint=hint)
    return None


def _of_a_client(value: ast.AST) -> bool:
    """Whether a value says who sends a request, or for what: another one may say the same."""
    return re.search(r"\.(client|headers|cookies|url)\b", text_of(value)) is not None


def _put_into(evidence: Evidence, found: tuple[File, Function], kept: str) -> list[tuple[File, ast.Assign]]:
    """Where a session becomes an attribute of something that is kept: ``_local.session = SessionLocal()``."""
    assigned = [
        (file, each)
        for file, node in evidence.source.reached(*found, evidence.given)
        for each in inside(node)
        if isinstance(each, ast.Assign)
    ]
    return [
        (file, each)
        for file, each in assigned
        if any(isinstance(one, ast.Attribute) and text_of(one.value) == kept for one in each.targets)
    ]


def is_of_a_thread(evidence: Evidence, value: ast.expr | None) -> bool:
    """Whether an object holds something else for each thread: a ``local()``, or a class of one's own below it."""
    owners = evidence.source.ancestry(evidence.source.class_(name_of(value)))
    return "local" in (name_of(value), *(name_of(base) for _, owner in owners for base in owner.bases))


_USED_AGAIN = (
    "A session is for one request. Used again, it carries over what the request before left in it or set on it, and "
    "whoever still holds the session of the first request works in the second."
)


def _kept_by_thread(evidence: Evidence, node: Function) -> str:
    """Where a session is kept for each thread, if the story is of an async endpoint and get_db closes what it finds."""
    if "async endpoint" not in " ".join(evidence.did) or not calls(node, "close", "remove"):
        return ""
    for file in evidence.source.files():
        for statement in file.tree.body:
            kept = calls(statement, "scoped_session") if isinstance(statement, ast.Assign | ast.AnnAssign) else []
            if kept and keyword(kept[0], "scopefunc") is None and len(kept[0].args) == 1:
                return file.at(statement)
    return ""


def _made_once_in_a_class(evidence: Evidence) -> list[tuple[File, ast.stmt, str]]:
    """Where a class makes a session for all requests: in its body, or in the __init__ of the one object of it."""
    found: list[tuple[File, ast.stmt, str]] = []
    for file in evidence.source.files():
        for owner in file.classes:
            for each in owner.body:
                if isinstance(each, ast.Assign | ast.AnnAssign) and calls(each, "SessionLocal", "Session"):
                    found.append((file, each, "This runs once, when the class is made"))
                if (
                    isinstance(each, ast.FunctionDef)
                    and each.name == "__init__"
                    and _is_made_once(evidence, owner.name)
                ):
                    once = "__init__ runs once, when the module is imported"
                    found += [(file, one, once) for one in _sessions_made(evidence, each, owner.name)]
        for function in [each for each in file.functions if _is_made_once(evidence, each.name)]:
            inner = [each for each in inside(function) if each is not function and isinstance(each, Function)]
            within = {id(one) for each in inner for one in ast.walk(each)}
            once = f"{function.name}() runs once, when the module is imported"
            made = [each for each in _sessions_made(evidence, function, function.name) if id(each) not in within]
            found += [(file, each, once) for each in made if inner and not _yields_itself(function, within)]
    return found


def _yields_itself(node: Function, within: set[int]) -> bool:
    """Whether a function is a generator, of which nothing runs when it is called; those within it do not count."""
    return any(isinstance(each, ast.Yield | ast.YieldFrom) and id(each) not in within for each in ast.walk(node))


def _sessions_made(evidence: Evidence, node: Function, name: str) -> list[ast.Assign | ast.AnnAssign]:
    """Where a function gives something a session: one of the factory, or of one that it was handed as an argument."""
    arguments = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
    arguments = arguments[1:] if node.name == "__init__" else arguments
    handed = set()
    for call in [call for file in evidence.source.files() for call in file.calls(name)]:
        handed |= {each for each, value in zip(arguments, call.args, strict=False) if name_of(value) in _MAKERS}
        handed |= {each.arg for each in call.keywords if each.arg and text_of(each.value) in _MAKERS}
    assigned = [each for each in inside(node) if isinstance(each, ast.Assign | ast.AnnAssign)]
    for each in assigned:  # self._factory = factory
        if isinstance(each.value, ast.Name) and (each.value.id in handed or each.value.id in _MAKERS[:1]):
            handed |= {name_of(each.targets[0] if isinstance(each, ast.Assign) else each.target)}
    return [each for each in assigned if calls(each, "SessionLocal", "Session", *handed)]


def _is_made_once(evidence: Evidence, name: str) -> bool:
    """Whether an object of a class is made at the top of a module, or by the app as its middleware."""
    for file in evidence.source.files():
        for statement in file.tree.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if calls(statement, name) or any(
                name in map(name_of, call.args) for call in calls(statement, "add_middleware")
            ):
                return True
    return False


def _put_back(evidence: Evidence, found: tuple[File, Function], name: str) -> list[tuple[File, ast.Call]]:
    """Where a session is put into a collection after its request, for the next one to take out."""
    if "one after the other" not in " ".join(evidence.did):
        return []
    methods = "append", "appendleft", "insert", "add", "put", "put_nowait"
    return [
        (found[0], call)
        for call in calls(found[1], *methods)
        if isinstance(call.func, ast.Attribute)
        and text_of(call.func.value) == name
        and call.lineno > _handed_out(found[1]) > 0
    ]


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
            return Told(where=found[0].at(each), hint="This closes the sessions of all requests. Which one is yours?")
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
    """Closing another session, a new one or that of an earlier request, leaves the one open that was yielded."""
    found = _get_db(evidence)
    if found is None:
        return None
    file, node = found
    handed = [each.value for each in _yields(node) if isinstance(each.value, ast.Call)]
    handed = [each for each in handed if name_of(each) in _MAKERS]
    if handed and any(call not in ast.walk(handed[0]) for call in calls(node, *_MAKERS)):
        return Told(where=file.at(handed[0]), hint="Nothing keeps this session. Which one is closed in the end?")
    for each in calls(node, "close"):
        inner = each.func.value if isinstance(each.func, ast.Attribute) else None
        given = _values_of(node, inner.id) if isinstance(inner, ast.Name) and _only_closed(node, inner) else []
        inner = given[0] if len(given) == 1 and _makes_a_generator(evidence, given[0]) else inner
        if isinstance(inner, ast.Call) and name_of(inner) in _MAKERS:
            saw = f"{evidence.saw}: a second session was made and closed, and the one that was yielded was not"
            return Told(
                saw=saw, where=file.at(each), hint="This makes one more session. Which one did the endpoint have?"
            )
        if inner is not None and _makes_a_generator(evidence, inner) and text_of(inner) != _yielded(node):
            made = text_of(inner)
            saw = f"{evidence.saw}: {made} made something new, and that was closed"
            hint = f"What does {made} give here: the session that was yielded, or something new?"
            return Told(saw=saw, where=file.at(each), hint=hint)
    for statement in _finals(node):
        for part in ast.walk(statement):
            if isinstance(part, ast.Assign) and text_of(part.targets[0]) == _yielded(node):
                return Told(where=file.at(part), hint=f"From here on '{_yielded(node)}' stands for another session.")
    closed = [call for call in calls(node, "close") if isinstance(call.func, ast.Attribute)]
    owners = [text_of(call.func.value) for call in closed if isinstance(call.func, ast.Attribute)]
    earlier = [call for call in closed if _is_from_before(file, node, call)]
    if earlier and len(earlier) == len(calls(node, "close", "remove")) and earlier[-1].lineno < _handed_out(node):
        hint = "This closes the session of the request before. Who closes this one, when its own request ends?"
        return Told(where=file.at(earlier[0]), hint=hint)
    opened = {
        name_of(each.targets[0]) for each in ast.walk(node) if isinstance(each, ast.Assign) and calls(each, "connect")
    } - {_yielded(node)}
    if owners and set(owners) <= opened and calls(node, *_MAKERS):
        saw = f"{evidence.saw}: '{owners[-1]}' was closed, the session was not"
        return Told(saw=saw, where=file.at(closed[-1]), hint="What does this close, and what was yielded?")
    return None


def _only_closed(node: Function, name: ast.Name) -> bool:
    """Whether a function does nothing with a variable but to close it: the session that it yields is another one."""
    used = [each for each in ast.walk(node) if isinstance(each, ast.Name) and each.id == name.id]
    return [each for each in used if isinstance(each.ctx, ast.Load)] == [name]


def _makes_a_generator(evidence: Evidence, call: ast.expr) -> bool:
    """Whether a call makes a generator of the learner's, such as get_db(), or begins one: ``next(get_db())``."""
    inner = call.args[0] if isinstance(call, ast.Call) and name_of(call) == "next" and call.args else call
    found = evidence.source.function(name_of(inner)) if isinstance(inner, ast.Call) else None
    return found is not None and bool(_yields(found[1]))


def _is_from_before(file: File, node: Function, call: ast.Call) -> bool:
    """Whether what is closed is kept at the top of the module, and is not what is yielded: ``_open.pop().close()``."""
    kept = {
        name_of(target)
        for each in file.tree.body
        for target in getattr(each, "targets", [getattr(each, "target", None)])
    }
    words = [each.id for each in ast.walk(call.func) if isinstance(each, ast.Name)]
    own = text_of(call.func) == f"{_yielded(node)}.close" and not _bound_anew(node, _yielded(node), call.lineno)
    return not own and bool(words) and words[0] in kept


def _bound_anew(node: Function, name: str, line: int) -> bool:
    """Whether a name gets another session behind a line, and before the session is handed out."""
    assigned = [each for each in ast.walk(node) if isinstance(each, ast.Assign) and calls(each.value, *_MAKERS)]
    return any(text_of(each.targets[0]) == name and line < each.lineno < _handed_out(node) for each in assigned)


@reading("the session is returned, not yielded", *_CLOSES, "sessions_close_after_every_answer")
def returned_not_yielded(evidence: Evidence) -> Told | None:
    """A function that returns is over. Only a function that yields continues after the answer and can close the
    session."""
    found = _get_db(evidence)
    if found is None or _yields(found[1]) or "state" in text_of(found[1]) or calls(found[1].args, "Depends"):
        return None
    returns = [each for each in ast.walk(found[1]) if isinstance(each, ast.Return)]
    if not returns or calls(found[1], "add_task"):
        return None
    goes_on = "Which keyword hands a value out, and lets the function go on after the answer?"
    saw, hint = "", f"After a return there is nobody left to close it. {goes_on}"
    before = "had closed it before the endpoint got it, and it opened again"
    around = [each for each in ast.walk(found[1]) if returns[0] in ast.walk(each)]
    if any(isinstance(each, ast.With) for each in around):
        hint = f"A return ends the with: the session is closed before the endpoint has it. {goes_on}"
        saw = f"{evidence.saw}: the with block {before}"
    elif any(calls(one, "close") for each in around if isinstance(each, ast.Try) for one in each.finalbody):
        hint = f"A return runs the finally at once: the session is closed before the endpoint has it. {goes_on}"
        saw = f"{evidence.saw}: close() {before}"
    return Told(saw=saw, where=found[0].at(returns[0]), hint=hint)


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
    after = [each for each in ast.walk(node) if isinstance(each, ast.Call) and f"{db}." in text_of(each.func)]
    after = [each for each in after if closed and each.lineno > closed[-1].lineno]
    opens = [each for each in after if name_of(each) not in _LEAVES_IT_CLOSED]
    taken = [each for each in opens if f"(taken at {file.at(each)})" in evidence.saw]
    for each in taken or opens:
        return Told(where=file.at(each), hint="A closed session opens again when it is used.")
    return None


_LEAVES_IT_CLOSED = "rollback", "commit", "expunge_all", "expire_all", "close", "invalidate", "reset"


@reading("the session is closed before it is yielded", *_CLOSES)
def yielded_after_close(evidence: Evidence) -> Told | None:
    """A with block, or a finally, that is over before the yield or call_next() has closed the session; the endpoint
    opens it again."""
    found = _keeper(evidence)
    handed_out = _handed_out(found[1]) if found else 0
    if found is None or not handed_out:
        return None
    (file, node), db = found, _yielded(found[1]) or _held_by_a_middleware(found[1])
    names = _names_of_the_session(node, db)
    kept = {*names, *(each for name in names for each in (f"closing({name})", f"contextlib.closing({name})"))}
    blocks = [each for each in ast.walk(node) if isinstance(each, ast.With) and (each.end_lineno or 0) < handed_out]
    over = [each for each in blocks for item in each.items if text_of(item.optional_vars or item.context_expr) in kept]
    over = over or _only_in_blocks(node, blocks, names)
    caught = [each for attempt in _tries(node) for handler in attempt.handlers for each in ast.walk(handler)]
    closed = [call for call in calls(node, "close") if text_of(call.func).removesuffix(".close") in names]
    closed = [call for call in closed if call not in caught]
    before = [call for call in closed if call.lineno < handed_out and not _bound_anew(node, db, call.lineno)]
    if not (over or before) or len(before) < len(closed):
        return None
    what = "the with block" if over else "close()"
    return Told(
        saw=f"{evidence.saw}: {what} had closed it before the endpoint got it, and it opened again",
        where=file.at(handed_out),
        hint=f"What has {what} done to the session before this line, and who closes it after the endpoint?",
    )


def _names_of_the_session(node: Function, db: str) -> list[str]:
    """The names that a function has for what it hands out: ``db = session``, and a stack that has entered it."""
    names = [db]
    for name in names:  # which grows meanwhile
        for value in _values_of(node, name):
            entered = value.func if isinstance(value, ast.Call) and name_of(value) == "enter_context" else None
            other = entered.value if isinstance(entered, ast.Attribute) else value
            if isinstance(other, ast.Name | ast.Attribute):
                names += [text_of(other)] if text_of(other) not in names else []
    return names


def _values_of(node: Function, name: str) -> list[ast.expr]:
    """What a name is given within a function."""
    assigned = [each for each in ast.walk(node) if isinstance(each, ast.Assign | ast.AnnAssign)]
    pairs = [(each.targets if isinstance(each, ast.Assign) else [each.target], each.value) for each in assigned]
    return [value for targets, value in pairs if value is not None and name in map(text_of, targets)]


def _only_in_blocks(node: Function, blocks: list[ast.With], names: list[str]) -> list[ast.With]:
    """Those of some with blocks that make a session, where nothing else in the function gives the one it hands out."""
    making = [each for each in blocks if any(calls(item.context_expr, *_MAKERS) for item in each.items)]
    made = [call for each in making for item in each.items for call in calls(item.context_expr, *_MAKERS)]
    own = {each.name for each in inside(node) if isinstance(each, Function)}
    given = [value for name in names for value in _values_of(node, name)] + [each.value for each in _yields(node)]
    called = {name_of(each) for one in given if one is not None for each in ast.walk(one) if isinstance(each, ast.Call)}
    return making if len(made) == len(calls(node, *_MAKERS)) and called <= {*own, "pop", "next"} else []


def _held_by_a_middleware(node: Function) -> str:
    """What a function that yields nothing calls its session: ``request.state.db``."""
    entered = [item for each in ast.walk(node) if isinstance(each, ast.With) for item in each.items]
    names = [text_of(item.optional_vars) for item in entered if calls(item.context_expr, *_MAKERS)]
    assigned = [each for each in ast.walk(node) if isinstance(each, ast.Assign) and calls(each.value, *_MAKERS)]
    return next(iter([*names, *(text_of(each.targets[0]) for each in assigned)]), "")


_NOT_GIVEN_BACK = (
    "A connection that nobody gives back is missing in the pool. After a few such requests the app stands still."
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
            if chained:
                alone = "session" not in evidence.saw
                return Told(
                    saw=f"{evidence.saw}; the session itself is closed" if alone else "",
                    wanted="every connection is back in the pool" if alone else "",
                    where=file.at(each),
                    hint="Who closes this one?",
                    why=_NOT_GIVEN_BACK if alone else "",
                )
            alone = "session" not in evidence.saw
            return Told(
                saw=f"{evidence.saw}; the session itself is closed" if alone else "",
                where=file.at(each),
                hint="Closing the session does not give back what connect() took. Who does?",
            )
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
    caught = [each for one in _tries(node) for handler in one.handlers for each in ast.walk(handler)]
    for each in ast.walk(node):
        if not isinstance(each, ast.If) or each.lineno < _handed_out(node):
            continue
        answered = evidence.rule == "closes_after_http_error" and calls(node, "call_next")  # no exception comes there
        if each not in always and evidence.rule != "closes_after_success" and not answered:  # perhaps not reached
            continue
        closing = [call for call in calls(node, "close", "remove") if call not in _of_a_transaction(node)]
        then, otherwise = ([call for call in closing if _stands_in(call, part)] for part in _parts(each))
        others = [call for call in closing if call not in [*then, *otherwise]]
        if answered:
            others = [call for call in others if call not in caught]
        if others or bool(then) == bool(otherwise) or text_of(each.test).removesuffix(" is not None") == _yielded(node):
            continue
        if _was_run(evidence, file, each.body if then else each.orelse):
            continue
        what, true = f"the condition {text_of(each.test)}", not then
        if isinstance(each.test, ast.UnaryOp) and isinstance(each.test.op, ast.Not):
            what, true = text_of(each.test.operand), not true
        saw = f"{evidence.saw}; {what} was {'true' if true else 'not true'}"
        hint = f"In which cases is this {'not true' if then else 'true'}, and who closes then?"
        return Told(saw=saw, where=file.at(each), hint=hint)
    helpers = _helpers_at_the_end(evidence, node)
    for place, leaving in [*_exits(evidence, node), *helpers]:
        for each in [each for each in ast.walk(leaving) if isinstance(each, ast.If)]:
            then, otherwise = ([call for one in part for call in calls(one, "close")] for part in _parts(each))
            closed = calls(leaving, "close")
            if (place, leaving) in helpers and _asks_for_none(each.test):
                continue
            if bool(then) != bool(otherwise) and len(closed) == len([*then, *otherwise]):
                hint = "In which cases is close() never reached?"
                return Told(where=place.at(each), hint=hint)
            always = [call for one in _finals(leaving) for call in calls(one, "close")]
            ends = [one for one in each.body if isinstance(one, ast.Return | ast.Raise)]
            if ends and closed and not always and each.lineno < closed[0].lineno and not then:
                hint = f"Where {text_of(each.test)} is true, {leaving.name} ends here. Who closes the session then?"
                return Told(where=place.at(each), hint=hint)
    return None


def _stands_in(node: ast.AST, part: list[ast.stmt]) -> bool:
    return any(node in ast.walk(statement) for statement in part)


def _was_run(evidence: Evidence, file: File, part: list[ast.stmt]) -> bool:
    """Whether a line of these statements did something to the database in what is told: then it was reached."""
    lines = {file.at(line) for each in part for line in range(each.lineno, (each.end_lineno or 0) + 1)}
    return any(event.where in lines for event in evidence.events)


_TRANSACTIONS = "get_transaction", "get_nested_transaction", "begin", "begin_nested", "connection"


def _of_a_transaction(node: Function) -> list[ast.Call]:
    """The calls that end a session's transaction, or close its connection, and leave the session itself open:
    ``db.get_transaction().close()``, also where a variable or a with block has given the transaction a name."""
    named: list[tuple[ast.AST | None, ast.AST | None]] = []
    for each in inside(node):
        if isinstance(each, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            named.append((each.targets[0] if isinstance(each, ast.Assign) else each.target, each.value))
        elif isinstance(each, ast.withitem):
            named.append((each.optional_vars, each.context_expr))
    names = {text_of(target) for target, value in named if isinstance(value, ast.Call) and _gives_one(value)}
    owners = [(call, call.func.value) for call in calls(node, *_ENDS) if isinstance(call.func, ast.Attribute)]
    return [call for call, owner in owners if text_of(owner) in names or _gives_one(owner)]


_ENDS = "close", "rollback", "commit"


def _gives_one(node: ast.AST) -> bool:
    """Whether a call asks a session for its transaction or its connection: nobody calls ``connect`` on a session."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _TRANSACTIONS


def _exits(evidence: Evidence, node: Function) -> list[tuple[File, Function]]:
    """What runs at the end of the with blocks of a function: the ``__exit__`` of the learner's own classes, and what
    that calls."""
    blocks = [each for each in ast.walk(node) if isinstance(each, ast.With | ast.AsyncWith)]
    entered = [item.context_expr for each in blocks for item in each.items]
    owners = [evidence.source.class_(name_of(each)) for each in entered if isinstance(each, ast.Call)]
    return [
        one
        for owner in owners
        if owner is not None
        for method in owner[1].body
        if isinstance(method, Function) and method.name in ("__exit__", "__aexit__")
        for one in evidence.source.reached(owner[0], method, evidence.given)
    ]


def _helpers_at_the_end(evidence: Evidence, node: Function) -> list[tuple[File, Function]]:
    """The learner's functions to which a function leaves the closing, when what it has handed out is done with.

    They are those of a finally; after a success also those that merely come after the yield.
    """
    always = [call for one in _finals(node) for call in ast.walk(one) if isinstance(call, ast.Call)]
    later = [call for call in inside(node) if isinstance(call, ast.Call) and 0 < _handed_out(node) < call.lineno]
    asked = later if evidence.rule == "closes_after_success" else always
    asked = [each for call in asked for each in (call, handed(call)) if each is not None]
    named = [name_of(each) for each in asked if not of_a_session(each)]
    found = [evidence.source.function(name) for name in dict.fromkeys(named) if name]
    return [each for each in found if each is not None and each[1] is not node and each[0].name not in evidence.given]


def _asks_for_none(test: ast.expr) -> bool:
    """Whether a condition only asks whether there is a session at all: ``db is not None``, ``db``."""
    bare = test.operand if isinstance(test, ast.UnaryOp) else test
    return isinstance(bare, ast.Name) or re.fullmatch(r"\w+ is (not )?None", text_of(test)) is not None


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
    for unreached, word in _never_reached(node) if evidence.rule != "closes_after_success" else ():
        hint = f"{word} ends the block: Python never comes to this line. What runs in any case?"
        return Told(where=file.at(unreached), hint=hint)
    handlers = [handler for each in _tries(node) for handler in each.handlers]
    caught = [call for call in closed if any(call in ast.walk(handler) for handler in handlers)]
    if evidence.rule == "closes_after_success":
        after = [call for call in closed if call not in caught]
        if not caught or after:
            return None
        hint = "This runs only after an exception. What runs in any case?"
        return Told(where=file.at(caught[0]), hint=hint)
    what, kinds = _raised_by_the_endpoint(evidence)
    own = next(
        (each for each in handlers if re.search(rf"\b({kinds}|Base\w+|Exception)\b|^$", text_of(each.type))), None
    )
    if own is not None and re.search(rf"\b({kinds})\b", text_of(own.type)) and not calls(own, "close"):
        hint = f"After {what} get_db ends here, and the session is still open. What runs in any case?"
        return Told(where=file.at(own), hint=hint)
    if (
        evidence.rule == "closes_after_crash"
        and caught
        and text_of(handlers[-1].type) not in ("Exception", "BaseException", "")
    ):
        hint = "This block closes the session for exceptions of this kind alone. Which block runs in every case?"
        return Told(where=file.at(handlers[-1]), hint=hint)
    hint = "An exception from the endpoint skips this line. What runs in any case?"
    return Told(where=file.at(closed[-1]), hint=hint)


def _raised_by_the_endpoint(evidence: Evidence) -> tuple[str, str]:
    """What comes out of the endpoint in the story, in words, and a pattern of the classes that catch just this."""
    told, of_databases = " ".join(evidence.did), "SQLAlchemyError|DBAPIError|DatabaseError|StatementError"
    if "IntegrityError" in told:
        return "an IntegrityError", f"IntegrityError|{of_databases}"
    if "the database refuses" in told:
        return "an error of the database", f"OperationalError|ProgrammingError|{of_databases}"
    if "HTTPException" in told:
        return "an HTTP error", "HTTPException"
    return "a crash", "Crash"


def _never_reached(node: ast.AST) -> list[tuple[ast.Call, str]]:
    """The calls of close() that stand behind a raise or a return in the same block, and which of the two it is."""
    found: list[tuple[ast.Call, str]] = []
    for each in ast.walk(node):
        for body in (getattr(each, "body", None), getattr(each, "orelse", None), getattr(each, "finalbody", None)):
            ended = ""
            for statement in body if isinstance(body, list) else ():
                found += [(call, ended) for call in calls(statement, "close", "remove") if ended]
                if isinstance(statement, ast.Raise | ast.Return):
                    ended = "raise" if isinstance(statement, ast.Raise) else "return"
    return found


@reading("a close that nobody awaits", *_CLOSES)
def close_not_awaited(evidence: Evidence) -> Told | None:
    """Calling an async function only makes a coroutine. What is to close the session never runs."""
    found = _found(evidence)
    reached = evidence.source.reached(*found, evidence.given) if found else []
    for file, call, function in evidence.source.unawaited(evidence.given):
        within = any(call in inside(node) for _, node in reached)
        closing = evidence.source.reached(file, function, evidence.given)
        closes = any(re.search(r"\.(close|remove|aclose)\b", text_of(node)) for _, node in closing)
        if within and closes:
            hint = "Calling an async function only makes a coroutine; somebody has to await it."
            return Told(saw=f"{evidence.saw}; {function.name}() never ran", where=file.at(call), hint=hint)
    return None


@reading("the session is not closed", *_CLOSES)
def never_closed(evidence: Evidence) -> Told | None:
    """Nobody calls close() when the request is over: the session keeps its connection, or what it has loaded, for as
    long as it lives."""
    found = _keeper(evidence)
    if found is None:
        return None
    file, node = found
    db = _yielded(node)
    assigned = [each for each in ast.walk(node) if isinstance(each, ast.Assign) and isinstance(each.value, ast.Call)]
    for stack in [each for each in assigned if name_of(each.value) == "ExitStack"]:
        if not _is_left(node, text_of(stack.targets[0])):
            hint = "An ExitStack closes what it holds when it is closed itself. Who closes it?"
            return Told(where=file.at(stack), hint=hint)
    for call in calls(node, "register"):
        if text_of(call.func) in ("atexit.register", "register") and ".close" in text_of(call):
            hint = "atexit runs this when the whole program ends. When does one request end?"
            return Told(where=file.at(call), hint=hint)
    for call in calls(node, "scoped_session"):
        hint = (
            "This keeps one session for each thread, and remove() closes that of the thread it runs in. Which threads "
        )
        return Told(where=file.at(call), hint=f"{hint}work on one request?")
    for thrown in [each for each in inside(node) if isinstance(each, ast.Expr) and name_of(each.value) == "pop_all"]:
        hint = "pop_all() takes everything off the stack, and nobody keeps it. What is left to be closed at the end?"
        return Told(where=file.at(thrown.value), hint=hint)
    for call in [each for each in calls(node, "finalize") if each.args and text_of(each.args[0]) == db]:
        hint = "A finalizer runs when nobody holds the session any more. Who still holds it? "
        bound = len(call.args) > 1 and text_of(call.args[1]).startswith(f"{db}.")
        hint += f"{text_of(call.args[1])} does, too. " if bound else ""
        hint += "What closes the session when its request is over?"
        return Told(where=file.at(call), hint=hint)
    left_open = _only_its_transaction(evidence, file, node)
    if left_open is not None:
        return left_open
    if calls(node, "close", "remove", "reset", "closing", "callback", "enter_context", "push"):
        return None
    blocks = [each for each in ast.walk(node) if isinstance(each, ast.With)]
    on_a_connection = _made_on_a_connection(node, blocks)
    if on_a_connection is not None:
        hint = "The with closes the connection at the end. Who closes the session?"
        return Told(where=file.at(on_a_connection.lineno), hint=hint)
    entered = [item.context_expr for each in blocks for item in each.items]
    if any(name_of(each) not in ("ExitStack", "suppress", "Lock", "RLock", "nullcontext") for each in entered):
        return None
    others = {"rollback": "a rollback", "expunge_all": "expunge_all()", "expire_all": "expire_all()"}
    others |= {"commit": "a commit", "dispose": "dispose()"}
    instead = [each for each in ast.walk(node) if isinstance(each, ast.Call | ast.Delete)]
    for each in [each for each in instead if re.search(rf"{db}\b", text_of(each)) or name_of(each) == "dispose"]:
        word = others.get(name_of(each), "del" if isinstance(each, ast.Delete) else "")
        yields = _yields(node)
        if word and db and yields and each.lineno > yields[0].lineno:
            saw = f"{evidence.saw}: {word} does not close it"
            around = [one for one in ast.walk(node) if isinstance(one, ast.If) and each in ast.walk(one)]
            hint = f"This leaves the session open. What ends it{', and in every case' if around else ''}?"
            if word == "dispose()":
                hint = "dispose() closes connections that nobody is using. What ends the session, which uses one?"
            return Told(saw=saw, where=file.at(each), hint=hint)
    last = [call for statement in _finals(node) for call in ast.walk(statement) if isinstance(call, ast.Call)]
    for other in [evidence.source.function(name_of(call)) for call in last if not isinstance(call.func, ast.Attribute)]:
        if other is None or calls(as_called(other[1]), "close", "remove"):
            continue
        for call in calls(as_called(other[1]), *others):
            saw = f"{evidence.saw}: {others[name_of(call)]} does not close it"
            return Told(saw=saw, where=other[0].at(call), hint="This leaves the session open. What ends it?")
    for call in calls(node, "next"):
        generator = call.args[0] if call.args and isinstance(call.args[0], ast.Call) else None
        if generator is not None and evidence.source.function(name_of(generator)) is not None:
            hint = (
                f"next() runs {name_of(generator)}() up to its yield, and nobody keeps the rest: it is ended at once. "
            )
            return Told(where=file.at(call), hint=f"{hint}Who closes the session after the answer?")
    made = [*_made(node), *_yields(node)]
    if not made:
        return None
    hint = "The endpoint gets a session here. Who closes it, and when?"
    if calls(made[0], *_MAKERS):
        hint = "Here a session is opened. Who closes it, and when?"
    left = _returned_out_of_a_with(evidence, node)
    if left:
        hint = f"The return in {left}() leaves its 'with': that closes the session before the endpoint gets it. Used "
        hint += "after that, a session opens anew. Who closes it then?"
    return Told(where=file.at(made[0]), hint=hint)


def _only_its_transaction(evidence: Evidence, file: File, node: Function) -> Told | None:
    """What is to say where the transaction is ended, or its connection closed, and nothing closes the session."""
    reached = evidence.source.reached(file, node, evidence.given)
    ended = [(home, each, _of_a_transaction(each)) for home, each in reached]
    others = [call for _, each, own in ended for call in calls(each, "close", "remove") if call not in own]
    for home, function, own in ended:
        for call in [each for each in own if function is not node or each.lineno > _handed_out(node)]:
            if re.search(r"\bconnection\(\)\.close$", text_of(call.func)):
                hint = "This closes the connection that the session works with. What closes the session itself?"
                return Told(where=home.at(call), hint=hint)
            run = any(event.where == home.at(call) for event in evidence.events)
            if others or calls(function, "connect"):
                continue
            saw = f"{evidence.saw}: its transaction was ended, the session itself was not closed" if run else ""
            hint = "This ends the transaction of the session. What closes the session itself?"
            return Told(saw=saw, where=home.at(call), hint=hint)
    return None


def _returned_out_of_a_with(evidence: Evidence, node: Function) -> str:
    """The learner's function that hands a session to another one out of the with block that closes it."""
    for call in [each for each in inside(node) if isinstance(each, ast.Call)]:
        found = evidence.source.function(name_of(call)) if not isinstance(call.func, ast.Attribute) else None
        blocks = [each for each in inside(found[1]) if isinstance(each, ast.With)] if found else []
        for item, block in [(item, each) for each in blocks for item in each.items]:
            returned = [each.value for each in inside(block) if isinstance(each, ast.Return) and each.value is not None]
            opened = calls(item.context_expr, *_MAKERS) and item.optional_vars is not None
            if found and opened and text_of(item.optional_vars) in map(text_of, returned):
                return found[1].name
    return ""


def _made_on_a_connection(node: Function, blocks: list[ast.With]) -> ast.Call | None:
    """The session that is made on the connection of a with block, and of which no with block takes care."""
    opened = [item for each in blocks for item in each.items if name_of(item.context_expr) in ("connect", "begin")]
    names = {name_of(item.optional_vars) for item in opened} - {""}
    for call in calls(node, *_MAKERS):
        entered = any(call in ast.walk(item.context_expr) for each in blocks for item in each.items)
        if not entered and names & {name_of(each) for each in ast.walk(call) if isinstance(each, ast.Name)}:
            return call
    return None


def _is_left(node: ast.AST, name: str) -> bool:
    """Whether a function leaves what it calls so: by a with block, close() or __exit__(), or by giving it away."""
    used = [each for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute) and text_of(each) == name]
    on_it = [each for each in ast.walk(node) if isinstance(each, ast.Attribute) and text_of(each.value) == name]
    only_filled = all(each.attr in ("enter_context", "push", "callback") for each in on_it)
    return not only_filled or len(used) > 1 + len(on_it)


# -- errors -------------------------------------------------------------------------------------------


@reading("an exception is swallowed", _ERROR)
def swallows_errors(evidence: Evidence) -> Told | None:
    """What is caught and not raised again never reaches the client: an error looks like a success, or like a riddle."""
    found = _keeper(evidence)
    if found is None:
        return None
    file, node = found
    around = [each for each in ast.walk(node) if isinstance(each, ast.With) and not _holds_the_request(each.body)]
    elsewhere = [one for each in around for item in each.items for one in ast.walk(item)]
    for each in [call for call in calls(node, "suppress") if call not in elsewhere]:
        return Told(
            where=file.at(each), hint="There is no except here, and yet this swallows what comes out of the endpoint."
        )
    for statement in _finals(node):
        for inner in ast.walk(statement):
            if isinstance(inner, ast.Return | ast.Break | ast.Continue):
                return Told(where=file.at(inner), hint="Leaving a finally like this throws the exception away.")
    for attempt in [each for each in _tries(node) if _holds_the_request(each.body)]:
        for handler in attempt.handlers:
            if not _raised_in(evidence, handler):
                hint = "After this block the exception is gone. FastAPI can answer only what reaches it."
                again = _yields(handler)
                if "didn't stop" in evidence.saw:
                    hint = "A dependency yields once. What should become of the exception that came out of the yield?"
                    return Told(where=file.at(again[0] if again else handler), hint=hint)
                given = [each for each in inside(handler) if isinstance(each, ast.Return) and each.value is not None]
                if given and _yields(node):
                    hint = "Nobody gets what a dependency returns after its yield. FastAPI answers an error when the "
                    return Told(where=file.at(given[0]), hint=f"{hint}exception itself comes out of {node.name}.")
                return Told(where=file.at(handler), hint=hint)
    for other in evidence.source.files():
        for method in [each for each in other.functions if each.name == "__exit__"]:
            for inner in ast.walk(method):
                value = inner.value if isinstance(inner, ast.Return) else None
                if text_of(value) == "True" or isinstance(value, ast.Compare | ast.BoolOp | ast.UnaryOp):
                    return Told(where=other.at(inner), hint="An __exit__ that returns True swallows the exception.")
    return None


def _holds_the_request(body: list[ast.stmt]) -> bool:
    """Whether the endpoint runs within these statements: what it raises comes out of a yield, or of call_next."""
    nodes = [each for statement in body for each in ast.walk(statement)]
    return any(
        isinstance(each, ast.Yield | ast.YieldFrom) or (isinstance(each, ast.Call) and name_of(each) == "call_next")
        for each in nodes
    )


def _raised_in(evidence: Evidence, handler: ast.ExceptHandler) -> list[tuple[File | None, ast.Raise]]:
    """What an except block raises, in the block itself (no file is named then) or in a function that it calls."""
    found: list[tuple[File | None, ast.Raise]] = [
        (None, each) for each in ast.walk(handler) if isinstance(each, ast.Raise)
    ]
    for call in [each for each in ast.walk(handler) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)]:
        other = evidence.source.function(name_of(call))
        found += [(other[0], each) for each in ast.walk(other[1]) if isinstance(each, ast.Raise)] if other else []
    return found


def _raises_another(node: ast.Raise, handler: ast.ExceptHandler | None = None) -> str:
    """The hint for a line that raises something else than what has come: where that looks alike, what it does."""
    kind = text_of(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
    if kind == "type":
        return "This makes a new exception of the same class. How do you raise again the one that was caught?"
    caught = [text_of(each) for each in ast.walk(handler.type)] if handler is not None and handler.type else []
    if kind in caught and kind != "Exception":
        return f"This makes a new {kind}. How do you raise again the one that was caught, with all that it says?"
    return "This raises a different exception from the one that came."


_A_PUZZLE = "Code that replaces exceptions turns a clear 404 into a puzzling 500, or hides a bug."


@reading("an exception is replaced by another one", _ERROR)
def replaces_errors(evidence: Evidence) -> Told | None:
    """The client, and handlers in main.py, wait for the exception that was raised, with its status and its detail."""
    found = _keeper(evidence)
    tries = [each for each in _tries(found[1]) if _holds_the_request(each.body)] if found else []
    for attempt in tries:
        for handler in attempt.handlers:
            other = [(file, each) for file, each in _raised_in(evidence, handler) if each.exc is not None]
            if found and other:
                where = (other[0][0] or found[0]).at(other[0][1])
                return Told(where=where, hint=_raises_another(other[0][1], handler), why=_A_PUZZLE)
    for file, method in _exits(evidence, found[1]) if found else ():
        for each in [each for each in inside(method) if isinstance(each, ast.Raise) and each.exc is not None]:
            return Told(where=file.at(each), hint=_raises_another(each), why=_A_PUZZLE)
    main = evidence.source.file("app/main.py")
    for node in main.functions:
        for decorator in node.decorator_list:
            words = text_of(decorator)
            if "exception_handler" in words and re.search(r"\(\w*(HTTPException|Exception)\)", words):
                return Told(where=main.at(decorator), hint="This answers every such error in its own way.")
    return None


# -- commits ------------------------------------------------------------------------------------------


_OF_A_THREAD = (
    "This keeps one session for each thread. How many requests can a thread have, in turn or, with async, at once?"
)
_WHATEVER_IT_ASKS = (
    "This commits what an endpoint has left behind. No condition here can tell whether that is complete. Who can?"
)
_WHO_DECIDES = "Who decides that the work is complete?"
_NOT_ITS_WORK = f"This commits whatever an endpoint has left behind. {_WHO_DECIDES}"


_WORKS = "add", "add_all", "flush", "execute", "scalar", "scalars", "merge", "delete"


def _goes_on_after(evidence: Evidence, commit: Event) -> bool:
    """Whether more was written behind a commit: it did not come when the endpoint was done."""
    behind = [*evidence.events][[*evidence.events].index(commit) + 1 :]
    answered = next((at for at, event in enumerate(behind) if event.what.startswith("ANSWER")), len(behind))
    return any(event.what.startswith(("INSERT", "UPDATE", "DELETE")) for event in behind[:answered])


@reading("get_db commits", _DISCARDED)
def commits_for_others(evidence: Evidence) -> Told | None:
    """Only the code that did the work knows whether it is complete; a dependency may commit work that is half done."""
    found = _keeper(evidence)
    if found is None:
        return None
    file, node = found
    own_commits = [event for event in evidence.events_of("COMMIT") if event.where]
    for event in own_commits:
        if ".commit()" in evidence.source.line(event.where):
            at = int(event.where.rpartition(":")[2])
            tests = [each for each in ast.walk(node) if isinstance(each, ast.If)]
            asked = any(each.lineno < at <= (each.end_lineno or 0) for each in tests)
            within = evidence.source.function_of(event.where)
            if within in _WORKS or (within and _goes_on_after(evidence, event)):
                hint = f"This commits each time {within}() runs, while the endpoint is still at work. {_WHO_DECIDES}"
                return Told(where=event.where, hint=hint)
            return Told(where=event.where, hint=_WHATEVER_IT_ASKS if asked else _NOT_ITS_WORK)
    saved = "nothing was saved" not in evidence.saw and evidence.sent("COMMIT")
    for each in calls(node, "commit") if saved else ():
        return Told(where=file.at(each), hint=_NOT_ITS_WORK)
    for block in [each for each in ast.walk(node) if isinstance(each, ast.With)]:
        for item in block.items:
            if text_of(item.context_expr).endswith(".begin()") and saved:
                saw = f"{evidence.saw}: begin() commits at the end of its block"
                return Told(saw=saw, where=file.at(item.context_expr), hint="What does the end of this block do?")
    at_once = "nothing was saved" not in evidence.saw and evidence.sent("ROLLBACK")
    for call in calls(node, "execution_options", *_MAKERS):
        if "AUTOCOMMIT" in text_of(call):
            saw = f"{evidence.saw} at once; the ROLLBACK came too late" if at_once else ""
            named = [place for name, place, value in options(call) if commits_by_itself(name, value)]
            place = named[0] if named else call
            return Told(saw=saw, where=file.at(place), hint="With this every statement is saved at once.")
    begun = calls(node, "begin")
    if begun and calls(node, "connect"):
        hint = "A transaction around the session: its end decides whether the endpoint's commit counts."
        return Told(where=file.at(begun[0]), hint=hint)
    return None
