"""In the child: mistakes in work that is done after the answer."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.bodies import schema_of_body
from grader.diagnosis.dependencies import is_of_a_thread
from grader.diagnosis.endpoints import behind, endpoint_of, own_files
from grader.diagnosis.evidence import Evidence, Raised
from grader.diagnosis.kinds import accepted_all_the_same, validators_in
from grader.diagnosis.reading import TOO_STRICT, Told, an, reading
from grader.diagnosis.schemas import never_called
from grader.diagnosis.source import (
    File,
    Function,
    arguments_of,
    calls,
    decorators,
    defaults_of,
    inside,
    keyword,
    name_of,
    passed_to,
    text_of,
)

_WRITTEN, _CLOSED = "event_is_written", "task_session_is_closed"
_OWN, _NOTHING = "task_uses_its_own_session", "failed_task_leaves_nothing_behind"
_WAITS = "answer_does_not_wait"
_STAYS_OPEN = (
    "Nobody else does it. A session that stays open keeps its objects, and often a connection that others want."
)
_KEEPS_OBJECTS = (
    "Nobody else does it. A session that is not closed keeps its objects, and takes a connection again when it is used."
)
_SHARED = (
    "All tasks share this session, also those that run at the same time: they add to, commit and close the same one."
)

_BEGINS = (
    *("Thread", "Timer", "submit", "start_new_thread", "run_in_executor", "create_task", "ensure_future"),
    *("setitimer", "alarm"),
)
_AWAITED = "gather", "shield", "wait_for", "run_coroutine_threadsafe"  # they begin it; who waits is another matter
_GIVEN_TO_THE_ANSWER = "FastAPI waits only for tasks that it was given. To whom does this line give the task?"
_OTHER_WAY = (
    "FastAPI has a way to do work after the answer. The client does not wait for that work; the server does, "
    "before it stops."
)
_COLLECTIONS = "list", "dict", "set", "deque", "defaultdict", "Queue", "SimpleQueue", "LifoQueue"
_FILE = "app/tasks.py"
_FAILURES = "refused", "broken", "lost"
_ALL_ERRORS = {"Exception", "BaseException"}


def _task(evidence: Evidence) -> tuple[File, Function] | None:
    return evidence.source.doing("record_event", "app/tasks.py", evidence.given)


def _is_session(node: ast.AST) -> bool:
    return bool(re.match(r"(\w+\.)?(SessionLocal|Session|sessionmaker|scoped_session)\b", text_of(node)))


# -- how it is handed over ----------------------------------------------------------------------------


_BEFORE_THE_BODY = "the event was written after the status was sent, and before the body: the client still waited"
_WHOLE = "the whole answer, then the event"
_IN_THE_BODY = "This runs while the body is made. What runs only after it?"
_BEHIND_THE_YIELD = "This runs after the yield. Does the client have its answer by then?"
_AFTER_THE_BODY = "An answer is complete only when its body is sent. Who runs something after the whole answer?"


@reading("the task is called, not handed over", _WAITS, _WRITTEN, "unknown_item_is_404", "answers_202")
def called_at_once(evidence: Evidence) -> Told | None:
    """With parentheses the function runs at once, and the client waits for it."""
    if evidence.rule == "answers_202" and "record_event was called" not in evidence.saw:
        return None
    for file, node in behind(evidence):
        for call in [each for each in ast.walk(node) if isinstance(each, ast.Call)]:
            given = [*call.args, *(each.value for each in call.keywords)]
            named = any(
                isinstance(each, ast.Name | ast.Attribute) and name_of(each) == "record_event" for each in given
            )
            if named and name_of(call) in ("run_in_threadpool", "to_thread", "run_sync", "gather", "run"):
                return Told(where=file.at(call), hint="The endpoint goes on when this is done, and so does the client.")
            if named and _runs_at_once(evidence, file, call):
                hint = f"The endpoint goes on when {name_of(call)}() is done, and so does the client. "
                hint += "Who runs something after the answer?"
                return Told(where=file.at(call), hint=hint)
    for file, node in behind(evidence) if evidence.rule == _WAITS else ():
        made = [each for each in inside(node) if isinstance(each, ast.Assign)]
        own = {
            name_of(each.targets[0]) for each in made if name_of(each.value) in ("BackgroundTasks", "BackgroundTask")
        }
        for run in [each.value for each in inside(node) if isinstance(each, ast.Await)]:
            if isinstance(run, ast.Call) and isinstance(run.func, ast.Name) and run.func.id in own:
                hint = (
                    "await runs these tasks here and now. Who runs those that FastAPI hands to an endpoint, and when?"
                )
                return Told(where=file.at(run), hint=hint)
    for file, node in behind(evidence):
        for call in calls(node, "record_event") if node.name != "record_event" else ():
            outer = [each for each in calls(node, "add_task") if call in ast.walk(each)]
            lambdas = [each for each in ast.walk(node) if isinstance(each, ast.Lambda | ast.FunctionDef)]
            later = node.name in _handed_over(evidence) or any(
                call in ast.walk(each) for each in lambdas if each is not node
            )
            if later:
                continue
            sends = [each.lineno for each in calls(node, "send")]
            if not outer and sends and min(sends) < call.lineno < max(sends):
                return Told(saw=_BEFORE_THE_BODY, wanted=_WHOLE, where=file.at(call), hint=_AFTER_THE_BODY)
            hint = "Who calls the function in this line, and when?" if outer else "This runs at once."
            yields = [each.lineno for each in inside(node) if isinstance(each, ast.Yield)]
            if not outer and yields:
                hint = _IN_THE_BODY if call.lineno < max(yields) else _BEHIND_THE_YIELD
            if not outer and evidence.rule == _WRITTEN and "record_event" in _handed_over(evidence):
                hint = "This runs at once, and the task that is handed over does the same once more."
            if not outer and evidence.rule == "unknown_item_is_404":
                hint = "This runs at once, before anybody knows whether there is such an item."
            return Told(where=file.at(call), hint=hint)
    elsewhere = [(file, call) for file in evidence.source.files() for call in file.calls("record_event")]
    if evidence.rule == _WAITS and len(elsewhere) == 1:
        file, call = elsewhere[0]
        return Told(where=file.at(call), hint="This runs while the client waits for the rest of its answer.")
    return None


def _runs_at_once(evidence: Evidence, file: File, call: ast.Call) -> bool:
    """Whether a helper of the learner's own runs the function that it is handed, and waits for it."""
    name = name_of(call)
    found = evidence.source.function(name, file.name) or evidence.source.function(name) if name else None
    if found is None or (isinstance(found[1], ast.AsyncFunctionDef) and not _is_awaited(file, call)):
        return False
    arguments = found[1].args
    given = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    for inner in [each for each in inside(found[1]) if isinstance(each, ast.Call)]:
        in_a_thread = name_of(inner) in ("run_in_threadpool", "to_thread", "run_sync")
        handed_on = in_a_thread and inner.args and name_of(inner.args[0]) in given
        if handed_on or (isinstance(inner.func, ast.Name) and inner.func.id in given):
            return not calls(found[1], "add_task", *_BEGINS)
    return False


def _is_awaited(file: File, call: ast.Call) -> bool:
    return any(isinstance(each, ast.Await) and each.value is call for each in file.nodes)


def _handed_over(evidence: Evidence) -> set[str]:
    """The names of the functions that are handed over as tasks."""
    return {name_of(call.args[0]) for _, node in behind(evidence) for call in calls(node, "add_task") if call.args}


def _begun(file: File, node: ast.AST) -> list[ast.Call]:
    """The calls that begin work for which nobody waits there."""
    return [
        call
        for call in calls(node, *_BEGINS, *_AWAITED)
        if name_of(call) not in _AWAITED or not _is_awaited(file, call)
    ]


_NO_LOOP = re.compile(
    r"no (?:running|current) event loop|coroutine was expected|coroutine is required|"
    r"coroutine or an awaitable is required|non-awaitable|coroutine object is required"
)
_RUN_IN_A_LOOP = "run", "run_until_complete", "TaskGroup", "wait"


def _not_for_a_loop(evidence: Evidence) -> Told | None:
    """What there is to say where the event loop of Python is asked to run the task, and the endpoint crashes."""
    raised = next((each for each in evidence.raised if _NO_LOOP.search(each.message)), None)
    task = _task(evidence)
    if raised is None or task is None or not evidence.saw.startswith("a crash: "):
        return None
    for file, node in behind(evidence):
        for call in calls(node, *_BEGINS, *_AWAITED, *_RUN_IN_A_LOOP):
            made = calls(call, "record_event")
            if file.at(call) not in raised.lines or not made:
                continue
            if isinstance(task[1], ast.AsyncFunctionDef):
                hint = f"{name_of(call)}() needs an event loop, and an endpoint with def has none. {_OTHER_WAY}"
                return Told(where=file.at(call), hint=hint)
            saw = f"record_event ran at once, before the answer; then {name_of(call)}() raised {raised.told}"
            hint = (
                f"The parentheses in {text_of(made[0])} call the function here, and it is not a coroutine. {_OTHER_WAY}"
            )
            return Told(saw=saw, where=file.at(call), hint=hint)
    return None


@reading("a thread that the answer waits for", _WAITS)
def thread_waited_for(evidence: Evidence) -> Told | None:
    """A thread runs beside the endpoint. But a line that waits for its end makes the client wait just as long."""
    written, answers = evidence.events_of("INSERT item_events"), evidence.events_of("ANSWER 2")
    if not written or not answers or evidence.events.index(written[0]) > evidence.events.index(answers[-1]):
        return None
    begun = [call for place in behind(evidence) for call in _begun(*place) if name_of(call) in _THREADS]
    for file, node in behind(evidence) if begun else ():
        for waiting in _waiting(node, begun):
            what = "the end of this block" if isinstance(waiting, ast.With) else "this line"
            return Told(where=file.at(waiting), hint=f"What does {what} wait for? {_AFTER_IT}")
    return None


_THREADS = "Thread", "Process", "submit", "run_in_executor"
_POOLS = "ThreadPoolExecutor", "ProcessPoolExecutor"
_AFTER_IT = "FastAPI can run a function after the answer, so that the client waits for none of it."


def _waiting(node: Function, begun: list[ast.Call]) -> list[ast.With | ast.Call]:
    """The lines of a function that wait for a thread that was begun: the block of a pool, ``join()``, ``result()``."""
    blocks = [each for each in inside(node) if isinstance(each, ast.With)]
    made = [(block, each.context_expr) for block in blocks for each in block.items]
    pools = [block for block, value in made if isinstance(value, ast.Call) and name_of(value) in _POOLS]
    found: list[ast.With | ast.Call] = [each for each in pools if any(call in ast.walk(each) for call in begun)]
    waits = [*calls(node, "join", "result", "wait", "as_completed", "shutdown")]
    first = min((each.lineno for each in inside(node) if each in begun), default=0)
    return [*(each for each in waits if each.lineno >= first and _waits(each)), *found]


def _waits(call: ast.Call) -> bool:
    """Whether a call waits until it is done: not ``", ".join(texts)``, and not ``pool.shutdown(wait=False)``."""
    of = call.func.value if isinstance(call.func, ast.Attribute) else None
    said = call.args[0] if call.args else keyword(call, "wait")
    if name_of(call) == "join":
        return not isinstance(of, ast.Constant) and (said is None or text_of(said).replace(".", "").isdigit())
    return name_of(call) != "shutdown" or text_of(said) != "False"


@reading("a thread instead of a background task", _WRITTEN, _WAITS, "answers_202")
def thread_of_its_own(evidence: Evidence) -> Told | None:
    """Nobody waits for the thread. The app may stop before the thread has written anything, and nobody hears about its
    errors."""
    if evidence.rule == "answers_202":
        return _not_for_a_loop(evidence)
    task = _task(evidence)
    found = [(file, call) for file in evidence.source.files() for call in _begun(file, file.tree)]
    waited_for = "nobody waits for" not in evidence.saw and evidence.sent("INSERT item_events")
    if not found or (evidence.rule == _WRITTEN and waited_for):
        return None
    endpoint, worker = behind(evidence), evidence.source.reached(*task, evidence.given) if task else []
    saw = "the background task only started other work, and nobody waits for that: a server that stops can cut it off"
    saw = saw if "nobody waits for" in evidence.saw else ""
    for file, node in endpoint:
        for call in _begun(file, node):
            if any(call in ast.walk(each) for each in calls(node, "add_task")):
                hint = "FastAPI waits for what add_task is given. This only begins the work, and is done at once. "
                return Told(saw=saw, where=file.at(call), hint=f"{hint}What could add_task be given instead?")
            is_one = bool(calls(call, "BackgroundTask", "BackgroundTasks"))
            return Told(where=file.at(call), hint=_GIVEN_TO_THE_ANSWER if is_one else _OTHER_WAY)
    handed = _handed_over(evidence)
    own = [evidence.source.function(name) for name in handed - {"record_event"}]
    for file, node in [*(worker if "record_event" in handed else ()), *filter(None, own)]:
        for call in _begun(file, node):
            hint = "FastAPI waits for the task. But the task does not wait for what it begins here. Who does?"
            return Told(saw=saw, where=file.at(call), hint=hint)
    for file, node in endpoint:
        for call in calls(node, "put", "put_nowait"):
            hint = f"A thread of your own takes this out of the queue, and nobody waits for it. {_OTHER_WAY}"
            return Told(where=file.at(call), hint=hint)
    return Told(where=found[0][0].at(found[0][1]), hint=_OTHER_WAY)


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


@reading("tasks that FastAPI does not know", _WRITTEN)
def tasks_never_run(evidence: Evidence) -> Told | None:
    """FastAPI runs the tasks that it was asked to collect, or those of the answer; no others."""
    if evidence.sent("INSERT item_events") or evidence.raised:
        return None
    added = [(node, call) for _, node in behind(evidence) for call in calls(node, "add_task")]
    for file, node in behind(evidence):
        attached = [each for each in ast.walk(node) if isinstance(each, ast.keyword) and each.arg == "background"]
        attached_to = any(isinstance(each, ast.Attribute) and each.attr == "background" for each in ast.walk(node))
        parameters = {each.arg for each in (*node.args.args, *node.args.kwonlyargs)}
        taken = {name_of(call.func.value) for call in calls(node, "add_task") if isinstance(call.func, ast.Attribute)}
        in_another = any(other is not node and name_of(call.func) == "add_task" for other, call in added)
        if attached and (taken & parameters or in_another):
            hint = "The answer brings a task of its own. What happens to those that were added before?"
            return Told(where=file.at(attached[0].value), hint=hint)
        made = calls(node, "BackgroundTasks", "BackgroundTask")
        hint = "This is a collection of your own. Who looks into it when the answer has been sent?"
        if made and not attached and not attached_to:
            return Told(where=file.at(made[0]), hint=hint)
        for name in taken - parameters:  # one that was made when the file was imported
            bound = evidence.source.bound(name, file)
            if bound is not None and calls(bound[1], "BackgroundTasks"):
                return Told(where=bound[0].at(bound[1]), hint=hint)
    return None


@reading("an exception that drops the tasks", _WRITTEN)
def tasks_dropped_by_an_exception(evidence: Evidence) -> Told | None:
    """An exception ends the endpoint, and its answer comes from elsewhere: the tasks of the request are not run."""
    if evidence.sent("INSERT item_events") or evidence.raised or not evidence.sent("ANSWER 2"):
        return None
    for file, node in behind(evidence):
        handed = calls(node, "add_task")
        for each in [each for each in inside(node) if isinstance(each, ast.Raise) and handed]:
            made = each.exc if isinstance(each.exc, ast.Call) and name_of(each.exc) == "HTTPException" else None
            said = keyword(made, "status_code") or next(iter(made.args), None) if made is not None else None
            if re.search(r"\b2\d\d\b|HTTP_2", text_of(said)):
                saw = f"{evidence.saw}; the answer was made from an exception, and no task was run"
                hint = "An exception ends the request without its tasks. Where does a route say that its status is 202?"
                return Told(saw=saw, where=file.at(each), hint=hint)
    return None


@reading("the work is handed over twice", _WRITTEN)
def handed_over_twice(evidence: Evidence) -> Told | None:
    """Each add_task runs the function once more."""
    handed = [(file, call) for file, node in behind(evidence) for call in calls(node, "add_task")]
    written = sum(insert.rows_of("kind") for insert in evidence.events_of("INSERT item_events"))
    if len(handed) < 2 or written <= len(evidence.events_of("ANSWER 202")):
        return None
    file, call = handed[1]
    hint = "How often is record_event handed over for one request?"
    if file is not handed[0][0] or file.function_at(call.lineno) != file.function_at(handed[0][1].lineno):
        hint += " Look for the other line that does so."
    return Told(where=file.at(call), hint=hint)


@reading("a parameter for tasks that FastAPI does not know")
def tasks_of_another_type(evidence: Evidence) -> Told | None:
    """FastAPI gives an endpoint its background tasks only if the type of a parameter asks for them."""
    raised = evidence.raised_kind("FastAPIError")
    if raised is None or "BackgroundTask" not in raised.message:
        return None
    for file in evidence.source.files():
        for node in [each for each in file.functions if each.decorator_list]:
            defaults = dict(zip(node.args.args[::-1], node.args.defaults[::-1], strict=False))
            for each in (*node.args.args, *node.args.kwonlyargs):
                words = text_of(each.annotation)
                hint = ""
                if re.search(r"\bBackgroundTask\b", words):
                    hint = "One task, or what collects tasks: which of the two does FastAPI hand to an endpoint?"
                elif "BackgroundTasks" in words and re.search(r"\bDepends\(", f"{words} {text_of(defaults.get(each))}"):
                    hint = "FastAPI knows this type. What does Depends() ask it to do with it?"
                if hint:
                    saw = f"FastAPI cannot do what the parameter {each.arg} asks for ({raised.kind})"
                    return Told(saw=saw, where=file.at(each), hint=hint)
    return None


@reading("the tasks are run by hand", _WRITTEN, _WAITS)
def tasks_run_by_hand(evidence: Evidence) -> Told | None:
    """FastAPI runs the background tasks after the answer. An endpoint that runs them itself makes the client wait, and
    they are run once more."""
    for file, node in behind(evidence):
        taken = {
            each.arg
            for each in (*node.args.args, *node.args.kwonlyargs)
            if "BackgroundTasks" in text_of(each.annotation)
        }
        for each in inside(node):
            called = each.func if isinstance(each, ast.Call) else None
            gone_through = each.value if isinstance(each, ast.Attribute) and each.attr == "tasks" else None
            by_hand = called if called is not None else gone_through
            if isinstance(by_hand, ast.Name) and by_hand.id in taken:
                hint = "Who runs the background tasks, and when? How often do they run with this line?"
                return Told(where=file.at(each), hint=hint)
    return _run_around_the_endpoint(evidence) if evidence.rule == _WAITS else None


def _run_around_the_endpoint(evidence: Evidence) -> Told | None:
    """What there is to say of a middleware that runs functions between getting the answer and handing it on."""
    found: list[tuple[File, ast.Call, int]] = []
    for file in own_files(evidence):
        for node in [each for each in file.functions if isinstance(each, ast.AsyncFunctionDef)]:
            awaited = [
                each for each in inside(node) if isinstance(each, ast.Assign) and isinstance(each.value, ast.Await)
            ]
            for got in awaited:
                name = name_of(got.targets[0])
                given = [each for each in inside(node) if isinstance(each, ast.Return) and text_of(each.value) == name]
                found += [
                    (file, call, given[-1].lineno)
                    for call in _runs_what_it_has(node)
                    if name and given and got.lineno < call.lineno < given[-1].lineno
                ]
    endpoint = [node for file, node in behind(evidence) if file.name != _FILE]
    itself = any(calls(node, "record_event", "ItemEvent", "commit") for node in endpoint)
    if len(found) != 1 or itself or not evidence.sent("INSERT item_events"):
        return None
    file, call, line = found[0]
    hint = f"This runs before line {line} hands the answer on. What has the client got by then? {_OTHER_WAY}"
    return Told(where=file.at(call), hint=hint)


def _runs_what_it_has(node: Function) -> list[ast.Call]:
    """The calls in a function that run another one which it has in a variable, or hand it to a thread and wait."""
    bound = [each.target for each in inside(node) if isinstance(each, ast.For | ast.AsyncFor | ast.comprehension)]
    bound += [target for each in inside(node) if isinstance(each, ast.Assign) for target in each.targets]
    names = {each.id for one in bound for each in ast.walk(one) if isinstance(each, ast.Name)}
    made = [each for each in inside(node) if isinstance(each, ast.Call)]
    threads = "run_in_threadpool", "to_thread", "run_sync", "record_event"
    return [
        each for each in made if name_of(each) in threads or (isinstance(each.func, ast.Name) and each.func.id in names)
    ]


def _helpers(evidence: Evidence, file: File, loop: ast.AST) -> list[Function]:
    """The learner's own functions that a loop calls."""
    called = [each for each in inside(loop) if isinstance(each, ast.Call)]
    found = [evidence.source.function(name_of(each), file.name) for each in called if name_of(each)]
    return [each[1] for each in found if each is not None]


@reading("a loop that goes on after a success", _WRITTEN)
def not_done_after_a_success(evidence: Evidence) -> Told | None:
    """A loop that tries again has to end as soon as the event is saved. Each further round writes it once more."""
    found = _task(evidence)
    inserts = [event for event in evidence.events_of("INSERT item_events") if event.where]
    written = sum(insert.rows_of("kind") for insert in evidence.events_of("INSERT item_events"))
    asked = len(evidence.events_of("ANSWER 202"))
    if found is None or not inserts or written <= asked or evidence.raised:
        return None
    for file, node in evidence.source.reached(*found, evidence.given):
        for loop in [each for each in inside(node) if isinstance(each, ast.For | ast.While)]:
            around = {f"{file.name}:{line}" for line in range(loop.lineno, (loop.end_lineno or loop.lineno) + 1)}
            writes = any(event.where in around for event in inserts) and bool(calls(loop, "commit", "begin"))
            decorates = node is not found[1] and bool(
                calls(loop, *(each.arg for each in ast.walk(node) if isinstance(each, ast.arg)))
            )
            helped = any(calls(inner, "commit", "begin") for inner in _helpers(evidence, file, loop))
            if not writes and not decorates and not helped:
                continue
            failing = [each for one in ast.walk(loop) if isinstance(one, ast.Try) for each in one.handlers]
            after_failure = [each for handler in failing for each in ast.walk(handler)]
            ends = [each for each in ast.walk(loop) if isinstance(each, ast.Return | ast.Break)]
            if all(each in after_failure for each in ends):
                return Told(where=file.at(loop), hint="When does this loop end after a COMMIT that worked?")
    return None


@reading("the task writes other values", _WRITTEN)
def other_values_written(evidence: Evidence) -> Told | None:
    """The task writes what it is given: the item's id, and the kind."""
    found = _task(evidence)
    if found is None or evidence.raised or not evidence.sent("INSERT item_events"):
        return None
    given = [each.arg for each in found[1].args.args]
    assigned = [each for each in inside(found[1]) if isinstance(each, ast.Assign)]
    for call in calls(found[1], "ItemEvent"):
        for each in call.keywords:
            words = {one.id for one in ast.walk(each.value) if isinstance(one, ast.Name)}
            if each.arg not in ("item_id", "kind") or each.arg not in given or each.arg in words:
                continue
            if not any(name_of(one.targets[0]) in words for one in assigned):
                hint = f"record_event is given the {each.arg}. What does this line write?"
                return Told(where=found[0].at(each.value), hint=hint)
    return None


@reading("an existing event is used instead of a new one", _WRITTEN)
def existing_event_kept(evidence: Evidence) -> Told | None:
    """Each request is an event of its own, whatever events the item has already."""
    looked = [event for event in evidence.events_of("SELECT item_events") if event.where.startswith("app/tasks.py")]
    answered, written = evidence.events_of("ANSWER 202"), evidence.events_of("INSERT item_events")
    found = _task(evidence)
    saved = found is not None and any(
        calls(node, "commit", "begin") for _, node in evidence.source.reached(*found, evidence.given)
    )
    if not looked or not saved or len(written) >= len(answered) or evidence.raised:
        return None
    return Told(
        saw=f"{evidence.saw}; a SELECT looked for an event that is there already",
        where=looked[0].where,
        hint="Each request is an event of its own. What is this line looking for?",
    )


@reading("the task makes an item", _WRITTEN)
def item_instead_of_event(evidence: Evidence) -> Told | None:
    """An item has a table of its own. What happened to an item is an event, which is another model."""
    found = _task(evidence)
    chain = evidence.source.reached(*found, evidence.given) if found else []
    written = [each for each in evidence.events_of("INSERT items") if each.where.startswith("app/tasks.py")]
    no_field = any(each.message.endswith("invalid keyword argument for Item") for each in evidence.raised)
    if evidence.sent("INSERT item_events") or not (written or no_field) or any(calls(n, "ItemEvent") for _, n in chain):
        return None
    made = [(file, call) for file, node in chain for call in calls(node, "Item", "insert") if "Item" in text_of(call)]
    if not made or made[0][0].name in evidence.given:
        return None
    saw = (
        f"the task raised {evidence.raised[0].told}" if no_field else "the task sent an INSERT for items, and no event"
    )
    hint = "This is about an Item, a row of items. Which model of app/models.py is for what happened to an item?"
    return Told(saw=saw, where=made[0][0].at(made[0][1]), hint=hint)


@reading("the wrong values are handed over", _WRITTEN, _OWN)
def other_arguments(evidence: Evidence) -> Told | None:
    """The task records what it is given: the item's id, and the kind that the client sent."""
    whole = _whole_handed_over(evidence)
    if whole is not None or evidence.rule != _WRITTEN:
        return whole
    for file, call in [(file, call) for file, node in behind(evidence) for call in calls(node, "add_task")]:
        given = [*call.args[1:], *(each.value for each in call.keywords)]
        words = [text_of(each) for each in call.args[1:]]
        if len(words) == 2 and "kind" in words[0] and "id" in words[1]:
            hint = "Compare the order with that of the parameters of record_event."
            return Told(where=file.at(call.args[1]), hint=hint)
        if (other := _other_attribute(evidence, call)) is not None:
            return other
        written = " ".join(str(event.parameters) for event in evidence.events_of("INSERT item_events"))
        fixed = [each for each in given if isinstance(each, ast.Constant) and text_of(each) in written]
        if fixed:
            which = "item does the path name" if isinstance(fixed[0].value, int) else "kind did the client send"
            return Told(where=file.at(fixed[0]), hint=f"Which {which}?")
    return None


def _other_attribute(evidence: Evidence, call: ast.Call) -> Told | None:
    """What there is to say where another attribute of the item is handed over than its id, or one of it as the kind."""
    refused = evidence.raised_kind("IntegrityError", "DataError", "ProgrammingError", "InterfaceError")
    for file, value, wanted in _passed(evidence):
        if value not in ast.walk(call) or not isinstance(value, ast.Attribute):
            continue
        of_the_item = value.attr in ("name", "description")
        as_the_id = wanted == "item_id" and (of_the_item or value.attr == "kind") and refused is not None
        as_the_kind = wanted == "kind" and of_the_item and evidence.sent("INSERT item_events")
        if as_the_id or as_the_kind:
            what = "the id of the item" if as_the_id else "what the client sent"
            then = f"the task raised {refused.told}" if refused is not None else evidence.saw
            saw = f"record_event was handed {text_of(value)} as its {wanted}; {then}"
            hint = f"record_event takes as its {wanted} {what}. What does this line hand over for it?"
            return Told(saw=saw, where=file.at(value), hint=hint)
    return None


def _whole_handed_over(evidence: Evidence) -> Told | None:
    """What there is to say where the task fails because it was given an object in the place of a number or a text."""
    raised, task = evidence.raised[0] if evidence.raised else None, _task(evidence)
    if raised is None or task is None or not any(line.startswith(task[0].name) for line in raised.lines):
        return None
    known = {each.name for file in evidence.source.files() for each in file.classes} | {"dict"}
    kinds = [each for each in re.findall(r"'(\w+)'", raised.message) if each in known]
    asked = re.search(r"'str' object has no attribute '\w+'", raised.message)
    for file, value, wanted in _passed(evidence):
        whole = isinstance(value, ast.Name) or bool(calls(value, "model_dump", "dict"))
        if whole and kinds and (kinds[0] == "Item") == (wanted == "item_id"):
            saw = f"record_event was handed {an(kinds[0])}"
            hint = "record_event writes what it is given. What does this line give it?"
            part = "the item's id" if wanted == "item_id" else "the kind, which is a text"
            saw = f"{saw} instead of {part}"
            return Told(saw=saw, where=file.at(value), hint=hint)
        if whole and asked and evidence.rule == _OWN and wanted == "kind":
            return Told(
                saw=f"record_event was handed all of {text_of(value)}; {_last_call(evidence)} raised {raised.told}",
                where=file.at(value),
                wanted="record_event(item_id, kind) takes the kind itself, a text",
                hint="You hand over the whole body. Which part does record_event need? It has to take just that, too.",
                why="Whoever calls record_event gives it the id of an item and a kind, as task 10.4 has it.",
            )
    return None


def _passed(evidence: Evidence) -> Iterator[tuple[File, ast.expr, str]]:
    """Each value that is handed over with record_event, and the parameter that it is for."""
    for file, node in behind(evidence):
        for call in calls(node, "add_task", "partial", "record_event", "BackgroundTask"):
            values = call.args if name_of(call) == "record_event" else call.args[1:]
            yield from ((file, value, name) for value, name in zip(values, ("item_id", "kind"), strict=False))
            yield from ((file, each.value, each.arg) for each in call.keywords if each.arg)


def _last_call(evidence: Evidence) -> str:
    """The last thing that was done."""
    return evidence.did[-1] if evidence.did else "a call of it"


@reading("the task is handed over too early", "unknown_item_is_404")
def handed_over_too_early(evidence: Evidence) -> Told | None:
    """A task that was handed over is run with every answer that the endpoint returns, a 404 too."""
    found = endpoint_of(evidence)
    handed = calls(found[1], "add_task") if found else []
    if found is None or not handed or not evidence.saw.startswith("404, but an event"):
        return None
    hint = "The 404 is right. But what was handed over by then, before you knew whether there is such an item?"
    return Told(where=found[0].at(handed[0]), hint=hint)


@reading("nobody checks whether the item exists", "unknown_item_is_404")
def item_not_looked_up(evidence: Evidence) -> Told | None:
    """A 202 promises that the work will be done. For an item that does not exist, nobody can promise this."""
    found = endpoint_of(evidence)
    if found is None:
        return None
    words = text_of(found[1])
    if re.search(r"Found|get_item|item_or_404|\.get\(|get_one|scalar|Depends", words):
        return None
    late = [event for event in evidence.events_of("SELECT items") if event.where.startswith("app/tasks.py")]
    if (
        late
        and "ANSWER 202" in evidence.timeline
        and evidence.timeline.index("ANSWER 202") < evidence.events.index(late[0])
    ):
        hint = "The task looks for the item when the client has its answer. Who could look before?"
        saw = f"{evidence.saw}; nobody looked for the item before the answer"
        return Told(saw=saw, where=found[0].at(found[1]), hint=hint)
    return Told(
        where=found[0].at(found[1]), hint="Which line finds out, before the answer, whether there is such an item?"
    )


def _written_here_too(evidence: Evidence) -> Told | None:
    """Where the endpoint, or what it calls, writes the event that it hands over to the task as well."""
    early: list[str] = []
    answered = False
    for event in evidence.events:
        answered = (answered or event.what.startswith("ANSWER")) and not event.what.startswith("SELECT items")
        early += [event.where] if event.what == "INSERT item_events" and not answered else []
    written = sum(insert.rows_of("kind") for insert in evidence.events_of("INSERT item_events"))
    if not early or evidence.raised or written != 2 * len(evidence.events_of("ANSWER 202")):
        return None
    for file, node in behind(evidence) if _FILE not in {each.partition(":")[0] for each in early} else ():
        made = [*calls(node, "ItemEvent"), *calls(node, "insert", "add", "execute")]
        if made and file.name != _FILE:
            saw = f"{node.name}() wrote each event before the answer, and the task wrote it once more"
            hint = "The task that is handed over writes this event, too. Which of the two runs after the answer?"
            return Told(saw=saw, where=file.at(made[0]), hint=hint)
    return None


@reading("the endpoint writes the event itself", _OWN, _WAITS, _WRITTEN)
def written_by_the_endpoint(evidence: Evidence) -> Told | None:
    """The client waits for everything that the endpoint does, and the endpoint uses the request's session."""
    if evidence.rule == _WRITTEN:
        return _written_here_too(evidence)
    found = endpoint_of(evidence)
    written = calls(found[1], "commit", "add", "execute") if found else []
    if found is None or not written or calls(found[1], "add_task"):
        return None
    why = "The client should not wait for what it does not need, nor see an error when only the event fails."
    hint = "This is done before the answer. Who could do it afterwards?"
    return Told(where=found[0].at(written[0]), hint=hint, why=why)


# -- the session --------------------------------------------------------------------------------------


@reading("a task with a yield", _WRITTEN)
def task_is_a_generator(evidence: Evidence) -> Told | None:
    """A function with a yield makes a generator when it is called: its lines run only when somebody goes through it."""
    task = _task(evidence)
    reached = evidence.source.reached(*task, evidence.given) if task and not evidence.sent("INSERT item_events") else []
    alone = [each.value for _, node in reached for each in inside(node) if isinstance(each, ast.Expr)]
    for file, node in reached:
        yields = [each for each in inside(node) if isinstance(each, ast.Yield | ast.YieldFrom)]
        called = node is reached[0][1] or any(name_of(each) == node.name for each in alone)
        if not yields or not called or file.name in evidence.given:
            continue
        made = [each for name, each in decorators(node) if name == "contextmanager"]
        if made:
            hint = f"With this line, a call of {node.name}() only makes something for a 'with' block to enter, and no "
            return Told(where=file.at(made[0]), hint=f"{hint}line of it runs. Does a task need that?")
        if not node.decorator_list:
            hint = f"With a yield in it, {node.name}() makes a generator when it is called, and no line of it runs. "
            return Told(where=file.at(yields[0]), hint=f"{hint}Who would go through it here?")
    return None


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
            late = (
                re.search(r"\bitem\.\w+", text_of(each)) if evidence.saw.startswith("SELECT items was sent") else None
            )
            if late:
                saw = f"{evidence.saw}, after the answer: {late[0]} was read only then"
                wanted = "nothing uses the session of the request after the answer"
                hint = f"When is {late[0]} read: in this line, or when the task runs?"
                return Told(saw=saw, wanted=wanted, where=file.at(each), hint=hint)
            hint = "When this runs, the request is over, and its session may be closed. What can be taken along safely?"
            return Told(where=file.at(each), hint=hint)
    for call in calls(node, "add_task"):
        other = _other_task(evidence, call)
        if other:
            saw = f"{evidence.saw}; the task was {other}, and record_event was not called"
            hint = "Which function of app/tasks.py writes an event in a session of its own? Which one is handed over?"
            return Told(saw=saw, where=file.at(call), hint=hint)
        bound = [each for made in calls(call, "partial") for each in made.args[1:]]
        for given in [*bound, *call.args[1:], *(each.value for each in call.keywords)]:
            if isinstance(given, ast.Name) and given.id in ("db", "session", "item"):
                what = "the session" if given.id != "item" else "the item, which belongs to the session"
                hint = f"You hand over {what} of the request. The id and the kind would be safe."
                if evidence.raised and evidence.saw == evidence.raised[0].told and given.id == "item":
                    saw = f"record_event was given the item itself; {_last_call(evidence)} raised {evidence.saw}"
                    wanted = "record_event(item_id, kind) takes the id"
                    hint = hint.replace("safe.", "safe, and record_event has to take them.")
                    return Told(saw=saw, wanted=wanted, where=file.at(given), hint=hint)
                return Told(where=file.at(given), hint=hint)
            if _is_session(given):
                opened = "a session that was opened before record_event began"
                return Told(
                    saw=evidence.saw.replace("a session that was made before the task began", opened),
                    where=file.at(given),
                    hint="The endpoint opens this session. If the task never runs, nobody closes it. What does "
                    "record_event need besides the id and the kind?",
                    why="A session belongs to one unit of work. Whoever opens it should be the one who closes it.",
                )
    return None


def _other_task(evidence: Evidence, call: ast.Call) -> str:
    """What a call hands over as the task, if that is a function of the learner's that does without record_event."""
    given = call.args[0] if call.args else keyword(call, "func")
    task = evidence.source.function(name_of(given)) if isinstance(given, ast.Attribute | ast.Name) else None
    if task is None or given is None or task[1].name == "record_event" or task[0].name == "app/tasks.py":
        return ""
    reached = evidence.source.reached(*task, evidence.given)
    known = any(name_of(each) == "record_event" for _, node in reached for each in ast.walk(node))
    return "" if known or _task(evidence) is None else text_of(given)


@reading("one session for all tasks", _OWN, _CLOSED, _NOTHING)
def shared_by_tasks(evidence: Evidence) -> Told | None:
    """A session that is made during import is the same one in every task."""
    found = _task(evidence)
    if found is None:
        return None
    file, node = found
    run = evidence.source.reached(file, node, evidence.given)
    for other, function in [*run, *_methods_of_what_is_made(evidence, run)]:
        for default in [*function.args.defaults, *filter(None, function.args.kw_defaults)]:
            if _is_session(default):
                hint = "A default value is made once, when Python reads the def. How many tasks use this session?"
                return Told(where=other.at(default), hint=hint, why=_SHARED)
    kept = _kept_in_a_class(evidence, found)
    if kept is not None:
        return kept
    for each in node.decorator_list:
        held = evidence.source.function(name_of(each))
        inner = [one for one in ast.walk(held[1]) if isinstance(one, Function) and one is not held[1]] if held else []
        outer = [held[1], *inner[:-1]] if held and inner else []
        for statement in [statement for one in outer for statement in one.body]:
            opened = statement.items[0].context_expr if isinstance(statement, ast.With) else None
            value = statement.value if isinstance(statement, ast.Assign) else opened
            if held and isinstance(value, ast.Call) and _is_session(value):
                hint = f"A decorator runs once, where it decorates; {inner[-1].name}() runs for each task. "
                hint += "When should a session be opened?"
                return Told(where=held[0].at(statement), hint=hint, why=_SHARED)
    for statement in file.tree.body:
        value = getattr(statement, "value", None)
        made = [value, *value.args, *(each.value for each in value.keywords)] if isinstance(value, ast.Call) else []
        if isinstance(statement, ast.Assign | ast.AnnAssign) and any(map(_is_session, made)):
            hint, why = "This runs once, when the module is imported. When should a session be opened?", _SHARED
            if "scoped_session" in text_of(value):
                hint, why = _OF_A_THREAD
            return Told(where=file.at(statement), hint=hint, why=why)
    return _kept_by_thread(evidence, found)


_OF_A_THREAD = (
    "This gives all tasks of a thread the same session, unless somebody removes it.",
    "What one task has left in the session, the next one of this thread meets.",
)


def _kept_by_thread(evidence: Evidence, task: tuple[File, Function]) -> Told | None:
    """Where a ``threading.local()`` keeps a session for the tasks of each thread."""
    for file, node in evidence.source.reached(*task, evidence.given):
        for each in [each for each in inside(node) if isinstance(each, ast.Assign) and _keeps_a_session(each)]:
            owner = name_of(getattr(each.targets[0], "value", None))
            bound = evidence.source.bound(owner, file) if owner else None
            if bound is not None and is_of_a_thread(evidence, getattr(bound[1], "value", None)):
                return Told(where=file.at(each), hint=_OF_A_THREAD[0], why=_OF_A_THREAD[1])
    return None


def _methods_of_what_is_made(evidence: Evidence, run: list[tuple[File, Function]]) -> list[tuple[File, Function]]:
    """The methods of the learner's classes that some functions use, if nobody hands them what has a default."""
    named = {each.id for _, node in run for each in inside(node) if isinstance(each, ast.Name)}
    bound = [evidence.source.bound(name, run[0][0]) for name in sorted(named)]
    named |= {name_of(getattr(each[1], "value", None)) for each in bound if each is not None}
    found: list[tuple[File, Function]] = []
    classes = [(file, each) for file in own_files(evidence) for each in file.classes if each.name in named]
    for file, class_ in classes:
        for method in [each for each in class_.body if isinstance(each, Function)]:
            called = class_.name if method.name == "__init__" else method.name
            made = [call for each in own_files(evidence) for call in each.calls(called)]
            if not any(passed_to(call, method, name) for call in made for name in defaults_of(method)):
                found.append((file, method))
    return found


def _kept_in_a_class(evidence: Evidence, task: tuple[File, Function]) -> Told | None:
    """Where a class of the learner's own keeps one session: its body makes it, or an object that an import makes."""
    own = own_files(evidence)
    begun = evidence.source.function("record_event", "app/tasks.py") or task
    run = [*evidence.source.reached(*begun, evidence.given), *evidence.source.reached(*task, evidence.given)]
    used = {each.id for _, node in run for each in ast.walk(node) if isinstance(each, ast.Name)}
    for home, class_ in [(file, class_) for file in own for class_ in file.classes]:
        made = [each for file in own for each in file.tree.body if isinstance(each, ast.Assign)]
        made = [each for each in made if isinstance(each.value, ast.Call) and name_of(each.value) == class_.name]
        if not used & {class_.name, *(name_of(each.targets[0]) for each in made)}:
            continue
        hint = "The body of a class runs once, when the module is imported. When should a session be opened?"
        places: list[ast.AST] = [each for each in class_.body if _keeps_a_session(each)]
        for method in [each for each in class_.body if isinstance(each, Function) and each.name == "__init__"]:
            if made and not places:
                places += [each for each in inside(method) if _keeps_a_session(each)]
                hint = f"'{text_of(made[0].targets[0])}' is made once, when the module is imported, and this line runs "
                hint += "then. When should a session be opened?"
        if places:
            return Told(where=home.at(places[0]), hint=hint, why=_SHARED)
    return None


def _keeps_a_session(statement: ast.AST) -> bool:
    """Whether a statement keeps a session that it opens: not one that keeps what makes sessions."""
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    return isinstance(value, ast.Call) and _is_session(value) and text_of(value.func) != "sessionmaker"


@reading("an async task that nobody awaits", _OWN, _WRITTEN, _CLOSED)
def coroutine_task(evidence: Evidence) -> Told | None:
    """Calling an async function only makes a coroutine, which does nothing by itself."""
    found = _task(evidence)
    if found is None or not isinstance(found[1], ast.AsyncFunctionDef):
        return None
    saw = why = ""
    if "coroutine" in evidence.saw:
        saw = f"{_last_call(evidence)} only made a coroutine: nothing is written until somebody awaits it"
        why = (
            "FastAPI would await it, but in the event loop: while this synchronous work goes on, no other request "
            "is served."
        )
    hint = "The work here is synchronous. Does the function need to be async?"
    return Told(saw=saw, where=found[0].at(found[1]), hint=hint, why=why)


@reading("a decorator that does not await what it decorates", _WRITTEN)
def coroutine_of_a_decorator(evidence: Evidence) -> Told | None:
    """What a decorator gives back is what is called. If it is no async function, it hands a coroutine on, which
    nobody awaits."""
    if evidence.sent("INSERT") or evidence.raised:
        return None
    tasks = [each for file in own_files(evidence) for each in file.functions if isinstance(each, ast.AsyncFunctionDef)]
    for task, name in [(each, name) for each in tasks for name, _ in decorators(each)]:
        file, decorator = evidence.source.function(name) or (None, None)
        for wrapper in ast.walk(decorator) if decorator is not None else ():
            inner = wrapper is not decorator and isinstance(wrapper, ast.FunctionDef)
            if file and decorator and inner and calls(wrapper, *arguments_of(decorator)[:1]):
                hint = f"{task.name}() is async: a call only makes a coroutine. Who awaits what this gives back?"
                return Told(where=file.at(wrapper), hint=hint)
    return None


@reading("the session is not made", _WRITTEN, _OWN)
def session_not_made(evidence: Evidence) -> Told | None:
    """SessionLocal makes sessions: only a call of it gives one."""
    found = _task(evidence)
    if found is None or not any("'sessionmaker' object" in each.message for each in evidence.raised):
        return None
    for file, node in evidence.source.reached(*found, evidence.given):
        for each in inside(node):
            bound = each.value if isinstance(each, ast.Assign) else None
            entered = each.context_expr if isinstance(each, ast.withitem) else None
            if text_of(bound or entered).rpartition(".")[2] == "SessionLocal":
                hint = "SessionLocal makes sessions. What do you have after this line: a session, or what makes them?"
                return Told(where=file.at(bound or entered or node), hint=hint)
    return None


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
    chain = evidence.source.reached(*found, evidence.given)
    named = [
        (file, each)
        for file, node in chain
        for each in inside(node)
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Attribute) and each.value.attr == "commit"
    ]
    nested = [(file, call) for file, node in chain for call in calls(node, "begin_nested")]
    if nested and evidence.sent("RELEASE SAVEPOINT"):
        saw = "the SAVEPOINT was begun and released, but no COMMIT was sent"
        hint = "This begins a SAVEPOINT, a part of a transaction. What makes the transaction itself permanent?"
        return Told(saw=saw, where=nested[0][0].at(nested[0][1]), hint=hint)
    units = [method for _, node in chain for method in _units_of_work(evidence, node)]
    if any(calls(node, "commit") or ".begin()" in text_of(node) for _, node in [*chain, *units]):
        if "record_event" not in _handed_over(evidence):
            return None
        return _left_out_at_the_end(units) or _not_come_to(evidence, chain)
    if named:
        hint = "This line names commit. Does it call it?"
        return Told(saw="no COMMIT was sent", where=named[0][0].at(named[0][1]), hint=hint)
    written = [file.at(call) for file, node in chain for call in calls(node, "flush", "execute", "add", "add_all")]
    sent = evidence.events_of("INSERT")
    if not (written or sent or any(calls(node, "ItemEvent", "merge", "insert") for _, node in chain)):
        hint = "Which line of this function writes the event?"
        return Told(where=found[0].at(found[1]), hint=hint) if len(chain) == 1 else None
    saw = f"{sent[-1].what} was sent, but no COMMIT" if sent else "no COMMIT was sent"
    return Told(saw=saw, where=written[-1] if written else found[0].at(found[1]), hint="What makes this permanent?")


def _units_of_work(evidence: Evidence, node: Function) -> list[tuple[File, Function]]:
    """What the learner's classes do that a function uses, at the beginning and at the end of a ``with`` block."""
    made = {name_of(each) for each in inside(node) if isinstance(each, ast.Call)} - {""}
    family = [each for name in sorted(made) for each in evidence.source.ancestry(evidence.source.class_(name))]
    ends = [(file, method) for file, class_ in family for method in class_.body if isinstance(method, Function)]
    ends = [(file, method) for file, method in ends if method.name in ("__enter__", "__exit__")]
    return [each for one in ends for each in evidence.source.reached(*one, evidence.given)]


def _left_out_at_the_end(units: list[tuple[File, Function]]) -> Told | None:
    """The condition that keeps the one commit() at the end of a ``with`` block from running after a success."""
    made = [(file, node, call) for file, node in units for call in calls(node, "commit")]
    if len(made) != 1:
        return None
    file, node, call = made[0]
    around = [each for each in inside(node) if isinstance(each, ast.If | ast.IfExp) and call in inside(each)]
    if len(around) != 1 or call in inside(around[0].test):
        return None
    saw = "no COMMIT was sent, though nothing was raised: at the end of the with block commit() was not reached"
    test, rest = text_of(around[0].test), node.args.vararg.arg if node.args.vararg is not None else ""
    hint = f"The with block ended without an exception. What is '{test}' then, and is it true?"
    if rest and test.removeprefix("not ") == rest:
        hint = f"Without an exception __exit__ gets None, three times. What is '{rest}' then, and is it true?"
    return Told(saw=saw, where=file.at(around[0]), hint=hint)


def _not_come_to(evidence: Evidence, chain: Sequence[tuple[File, Function]]) -> Told | None:
    """The condition that keeps the one commit() of a task from running, although nothing was raised."""
    made = [(file, node, call) for file, node in chain for call in calls(node, "commit")]
    around = [each for each in inside(made[0][1]) if isinstance(each, ast.If)] if len(made) == 1 else []
    around = [each for each in around if any(made[0][2] in inside(one) for one in (*each.body, *each.orelse))]
    if len(around) != 1:
        return None
    file, node, _ = made[0]
    back = [event.where for event in evidence.events_of("ROLLBACK")]
    undone = [call for call in calls(node, "rollback") if file.at(call) in back or call in inside(around[0])]
    saw = f"{evidence.saw}; no COMMIT was sent, though nothing was raised"
    saw += f": rollback() in line {undone[0].lineno} is what ran" if undone else ""
    test, handed = around[0].test, {each.arg for each in (*node.args.args, *node.args.kwonlyargs)}
    asked = [each for each in ast.walk(test) if isinstance(each, ast.Name)]
    made_of = [
        each.value
        for each in inside(node)
        if isinstance(each, ast.Assign) and name_of(each.targets[0]) in {name.id for name in asked}
    ]
    ran = [each for one in (test, *made_of) for each in ast.walk(one) if isinstance(each, ast.Call)]
    ran = [each for each in ran if isinstance(each.func, ast.Name) and each.func.id in handed]
    hint = f"Nothing was raised. What is '{text_of(test)}' here, and is it true?"
    if ran:
        hint = f"{text_of(ran[0])} calls what this function was handed. What does that return, and is it true?"
    return Told(saw=saw, where=file.at(around[0]), hint=hint)


@reading("the session has nothing to commit", _WRITTEN)
def nothing_to_commit(evidence: Evidence) -> Told | None:
    """A commit() saves what the session has been given by then, and while it is open."""
    found = _task(evidence)
    if found is None or evidence.raised or evidence.sent("INSERT") or "record_event" not in _handed_over(evidence):
        return None
    chain = evidence.source.reached(*found, evidence.given)
    saves = ("add", "add_all", "merge", "execute", "bulk_save_objects", "flush", "scalar", "scalars", "append")
    if any(calls(node, "save", "insert") for _, node in chain) or _returns_early(found[1]):
        return None
    told = _another_session_each_time(chain) or _nothing_left_to_commit(chain)
    if told is not None:
        return told
    made = [(file, call) for file, node in chain for call in calls(node, "ItemEvent")]
    if made and not any(calls(node, *saves) for _, node in chain):
        saw = f"{evidence.saw}: no session was given the event"
        return Told(saw=saw, where=made[0][0].at(made[0][1]), hint="This makes an event. Who tells the session of it?")
    for file, node in chain:
        told = _closed_before_the_commit(evidence, file, node, _that_add(chain))
        if told is not None:
            return told
        blocks = [each for each in _blocks(node) if calls(each, "add", "add_all", "merge")]
        ends = [each.end_lineno or 0 for each in blocks]
        late = [call for call in calls(node, "commit") if ends and call.lineno > max(ends)]
        if late and len(late) == len(calls(node, "commit")) and ".begin()" not in text_of(node):
            hint = "When this line runs, the session was closed above. What has become of the event by then?"
            saw = f"{evidence.saw}: the session was closed before the commit()"
            return Told(saw=saw, where=file.at(late[0]), hint=hint)
    return None


def _that_add(chain: Sequence[tuple[File, Function]]) -> set[str]:
    """What gives an event to a session: its own methods, and the learner's functions that call one of these."""
    adds = "add", "add_all", "merge"
    return {*adds, *(node.name for _, node in chain[1:] if calls(node, *adds))}


def _closed_before_the_commit(evidence: Evidence, file: File, node: Function, adds: set[str]) -> Told | None:
    """The line between an add() and the commit that makes the session forget what it was given: by the order of lines.

    The commit may be the end of a block that begins with ``begin()``.
    """
    added = [each.lineno for each in calls(node, *adds)]
    begun = [each for each in _blocks(node) if ".begin()" in "".join(text_of(item) for item in each.items)]
    commits = [each.lineno for each in calls(node, "commit")] + [(each.end_lineno or 0) + 1 for each in begun]
    apart = [each for each in inside(node) if isinstance(each, ast.ExceptHandler | ast.If)]
    sometimes = {id(one) for each in apart for one in ast.walk(each)}
    for call in calls(node, "close", "expunge_all", "reset"):
        if id(call) in sometimes or not isinstance(call.func, ast.Attribute) or not added or not commits:
            continue
        if max(added) <= call.lineno <= max(commits) and not any(added[0] < each < call.lineno for each in commits):
            what = "was closed" if name_of(call) == "close" else "forgot the event"
            saw = f"{evidence.saw}: the session {what} before the commit"
            hint = "From this line on the session knows nothing of the event. What has to happen first?"
            return Told(saw=saw, where=file.at(call), hint=hint)
    return None


def _another_session_each_time(chain: Sequence[tuple[File, Function]]) -> Told | None:
    """What there is to say where the factory is called once more for the commit: ``SessionLocal().commit()``."""
    for file, node in chain:
        asked = [each for each in calls(node, "add", "add_all", "commit") if isinstance(each.func, ast.Attribute)]
        made = [
            each
            for each in asked
            if isinstance(each.func, ast.Attribute)
            if isinstance(each.func.value, ast.Call) and name_of(each.func.value) == "SessionLocal"
        ]
        if made and len(asked) > 1:
            hint = "Each call of SessionLocal() opens another session. Which one knows of the event, and which commits?"
            return Told(where=file.at(made[0]), hint=hint)
    return None


def _nothing_left_to_commit(chain: Sequence[tuple[File, Function]]) -> Told | None:
    """What there is to say of a commit() above the add(), and of a rollback() between the two."""
    for file, node in chain:
        handlers = [each for each in inside(node) if isinstance(each, ast.ExceptHandler)]
        undone = [each for each in calls(node, "rollback") if not any(each in ast.walk(one) for one in handlers)]
        added, committed = calls(node, "add", "add_all"), calls(node, "commit")
        if not added or not committed:
            continue
        if committed[-1].lineno < added[0].lineno:
            hint = "commit() saves what the session knows at that moment. In which order do these two lines belong?"
            return Told(where=file.at(committed[-1]), hint=hint)
        for each in undone:
            if added[-1].lineno < each.lineno < committed[0].lineno:
                hint = "This takes back what the session was given. When is that what you want?"
                return Told(where=file.at(each), hint=hint)
    return None


@reading("a transaction around the session is rolled back", _WRITTEN)
def undone_around_the_session(evidence: Evidence) -> Told | None:
    """A session on a connection that has begun a transaction commits only inside of that."""
    found = _task(evidence) if "not committed" in evidence.saw else None
    for file, node in evidence.source.reached(*found, evidence.given) if found else ():
        begun = [each for each in inside(node) if isinstance(each, ast.Assign) and name_of(each.value) == "begin"]
        names = {name_of(each.targets[0]) for each in begun}
        for call in calls(node, "rollback"):
            if isinstance(call.func, ast.Attribute) and name_of(call.func.value) in names:
                hint = "The session commits inside the transaction that you began around it. What happens to it here?"
                return Told(where=file.at(call), hint=hint)
    return None


@reading("the task adds more than one event", _WRITTEN)
def events_added_twice(evidence: Evidence) -> Told | None:
    """One call of record_event writes one event."""
    found = _task(evidence)
    written = sum(insert.rows_of("kind") for insert in evidence.events_of("INSERT item_events"))
    if found is None or evidence.raised or written != 2 * len(evidence.events_of("ANSWER 202")):
        return None
    for file, node in evidence.source.reached(*found, evidence.given):
        made = calls(node, "ItemEvent")
        if len(made) == 2 and file.name not in evidence.given:
            return Told(where=file.at(made[1]), hint="How many events does one call of record_event write?")
    return None


@reading("a commit inside a block that commits", _WRITTEN, _OWN, _CLOSED, _NOTHING)
def block_ended_early(evidence: Evidence) -> Told | None:
    """A block with begin() is one transaction, and commits at its end. A commit() inside ends it too early: nothing
    more can be done in this block."""
    raised = next((each for each in evidence.raised if _ENDED.search(each.message)), None)
    found = _task(evidence)
    if raised is None or found is None or not any(line.startswith("app/tasks.py") for line in raised.lines):
        return None
    chain = evidence.source.reached(*found, evidence.given)
    ending = [(file, call) for file, node in chain for call in calls(node, *_ENDS) if file.name not in evidence.given]
    ending = [each for each in ending if each[0].at(each[1]) not in raised.lines[-1:]] or ending
    if not ending or not any(
        ".begin()" in text_of(item) for _, node in chain for each in _blocks(node) for item in each.items
    ):
        return None
    file, call = ending[0]
    hint = f"{name_of(call)}() ends the transaction of the with block, and the block goes on without one. "
    return Told(saw=f"the task raised {raised.told}", where=file.at(call), hint=f"{hint}Who commits at its end?")


_ENDED = re.compile("closed transaction inside context manager")
_ENDS = "commit", "rollback", "close"


def _returns_early(node: Function) -> bool:
    """Whether a function may end before its last line: then it is not known what of it has run."""
    return any(isinstance(each, ast.Return | ast.Raise) and each is not node.body[-1] for each in node.body)


@reading("the task fails", _WRITTEN, _OWN)
def task_raises(evidence: Evidence) -> Told | None:
    """The task raises an exception after the client has its answer."""
    found = _task(evidence)
    if found is None:
        return None
    raised = evidence.raised[0] if evidence.raised else None
    if raised is not None and "response already started" in raised.message:
        raised = evidence.raised_kind("HTTPException") or raised
    if raised is not None and raised.lines:
        where = innermost(raised, evidence.given)
        if where.startswith(found[0].name):
            hint = "The exception comes out of this line. Which value in it is not what you think?"
            if raised.kind == "HTTPException":
                hint = "The client has its answer by then: no exception makes another one. When should this run?"
            if raised.kind == "UnboundExecutionError":
                reached = evidence.source.reached(*found, evidence.given)
                made = [file.at(call) for file, node in reached for call in calls(node, "Session") if not call.args]
                hint = "This session knows no engine. What makes the sessions of this app?"
                return Told(saw=f"the task raised {raised.told}", where=(made or [where])[0], hint=hint)
            if "Detached" in raised.kind:
                hint = "Its session is closed by then. What is read has to be read before: when is it there?"
            elif "not persistent within this Session" in raised.message:
                hint = "Is the session still open here, and does it know this object?"
            elif raised.kind in ("IntegrityError", "DataError"):
                hint = "The database refuses what the task writes. Which values were handed over?"
            built = _built_there(evidence, raised, where)
            if built:
                where, own_id = built[0], built[1]
                if "IntegrityError" in raised.kind:
                    hint = "The database refuses this event. Which values does it get here?"
                    hint = "Who chooses the id of an event? What happens with the second one?" if own_id else hint
                    if own_id and re.search(r"item_events\.item_id|\"item_id\"", raised.message):  # it is NULL
                        hint = "The item_id of this event is empty. Under which name is the item's id handed over?"
                else:
                    hint = "The database cannot take what is written here. Which value is not what you think?"
            hint = _added_otherwise(evidence, raised, where) or hint
            no_field = re.search(r"is an invalid keyword argument for (\w+)", raised.message)
            if no_field:
                hint = f"{no_field[1]} has no field of this name. What does models.py call it?"
            told = Told(saw=f"the task raised {raised.told}", where=where, hint=hint)
            in_vain = evidence.saw.partition("; and ")[0] == evidence.wanted.partition(", and no crash")[0]
            if evidence.rule == _WRITTEN and in_vain:
                why = "A task that raises after its work looks like one that failed."
                return replace(told, wanted="no exception in the task", why=why)
            return told
    tries = [each for each in ast.walk(found[1]) if isinstance(each, ast.Try) and _would_send(each)]
    for handler in [handler for each in tries for handler in each.handlers]:
        quiet = not any(isinstance(each, ast.Raise) for each in ast.walk(handler))
        if quiet and not evidence.sent("INSERT"):
            hint = "If something fails in the block above, this hides what failed. Let it be seen first."
            sent = "" if "no INSERT" in evidence.saw else " no INSERT was sent, and"
            saw = f"{evidence.saw};{sent} no exception came out of the task"
            return Told(saw=saw, where=found[0].at(handler), hint=hint)
    return None


def _added_otherwise(evidence: Evidence, raised: Raised, where: str) -> str:
    """What to ask where a session is given something else than one object: a class, or values; empty if it is not."""
    line = evidence.source.line(where)
    if "add_all(" in line and "object is not iterable" in raised.message:
        return "add_all() takes a list of objects. Which method of a session takes a single one?"
    by_name = re.match(r"Session\.add\(\) got an unexpected keyword", raised.message)
    if ".add(" not in line or not (by_name or raised.kind == "UnmappedInstanceError"):
        return ""
    given = "a class" if "was a class" in raised.message else "no object of a model"
    given = "values, and nothing that they belong to" if by_name else given
    return (
        f"add() takes one object, which has its values. Here it gets {given}. What makes an event of an id and a kind?"
    )


def _would_send(node: ast.Try) -> bool:
    """Whether a block adds something and sends it, if nothing keeps it from that."""
    adds = [call for each in node.body for call in calls(each, "add", "add_all", "merge", "execute")]
    return bool(adds) and any(calls(each, "commit", "flush", "begin", "execute") for each in node.body)


def _built_there(evidence: Evidence, raised: Raised, where: str) -> tuple[str, bool] | None:
    """Where the event was made that could not be sent, and whether it was given an id of its own there.

    What is wrong with a value is noticed only where it is sent: at a commit(), a flush(), or the end of a block.
    """
    found = _task(evidence)
    line = evidence.source.line(where).strip()
    refused = {"StatementError", "IntegrityError", "DataError", "ProgrammingError", "InterfaceError"}
    if found is None or not raised.bases & refused or not re.match(r"(async )?with |[\w.]+\.(commit|flush)\(", line):
        return None
    if any(each in raised.bases for each in ("OperationalError", "PendingRollbackError")):
        return None
    chain = evidence.source.reached(*found, evidence.given)
    made = [(file, call) for file, node in chain for call in calls(node, "ItemEvent")]
    if len(made) != 1:
        return None
    file, call = made[0]
    return file.at(call), any(each.arg == "id" for each in call.keywords)


@reading("the task's session is not always closed", _CLOSED)
def task_not_closed(evidence: Evidence) -> Told | None:
    """A session must be closed after a success and after a failure: with a with block, or in a finally."""
    found = _task(evidence)
    chain = evidence.source.reached(*found, evidence.given) if found else []
    closes = any(calls(node, "close", "remove") or _blocks(node) for _, node in chain)
    for file, node in chain:
        hands_out = calls(node, "close", "remove") or any(isinstance(each, ast.Yield) for each in ast.walk(node))
        told = _not_closed(evidence, file, node) if node is chain[0][1] or hands_out or not closes else None
        if told is not None:
            return told
    return None


def _blocks(node: Function) -> list[ast.With]:
    return [each for each in ast.walk(node) if isinstance(each, ast.With)]


def _not_closed(evidence: Evidence, file: File, node: Function) -> Told | None:
    """What there is to say of a function that opens a session and does not close it on every way."""
    generators = [each for each in calls(node, "get_db")]
    if generators:
        runs = "next()" if calls(node, "next") else "Asking it for a session"
        hint = f"{runs} runs get_db up to its yield. Who closes this session when the work below is done?"
        return Told(where=file.at(generators[0]), hint=hint, why=_STAYS_OPEN)
    connected = calls(node, "connect")
    opened = [each for each in ast.walk(node) if isinstance(each, ast.Call) and _is_session(each.func)] + connected
    bound = [each for each in ast.walk(node) if isinstance(each, ast.Assign) and each.value in opened]
    names = {name_of(each.targets[0]) for each in bound}
    withs = _blocks(node)
    own = [each for each in withs if any(_opens(item, opened, names) for item in each.items)]
    managed = [item.context_expr for each in withs for item in each.items]
    entered = {name_of(each) for each in managed if isinstance(each, ast.Name)} & names
    later = [each.value for each in bound if name_of(each.targets[0]) in entered]
    free = [each for each in opened if each not in later and not any(each in ast.walk(one) for one in managed)]
    if not free:
        return (_left_before(file, node, bound, own) if later else None) or _used_after(file, node, own)
    closed = calls(node, "close", "remove")
    tries = [each for each in ast.walk(node) if isinstance(each, ast.Try)]
    finals = [statement for each in tries for statement in each.finalbody]
    if any(calls(statement, "close", "remove") for statement in finals):
        before = [statement for statement in finals if calls(statement, "commit", "flush", "refresh")]
        if before and not calls(before[0], "close", "remove") and not isinstance(before[0], ast.Try | ast.With):
            hint = "This line can fail: the database may refuse what it saves. What is not reached then?"
            return Told(where=file.at(before[0]), hint=hint)
        closing = [each for each in tries if any(calls(one, "close", "remove") for one in each.finalbody)]
        return _left_before(file, node, bound, closing)
    if closed:
        missed = _error_missed(evidence, file, [each for each in tries if calls(each, "close", "remove")])
        hint = "There is a way through this function on which this line is never reached."
        return missed or Told(where=file.at(closed[0]), hint=hint)
    if free[0] in connected:
        wanted = "its connection is back in the pool"
        return Told(where=file.at(free[0]), wanted=wanted, hint="Here a connection is taken. Who gives it back?")
    begun = [each for each in managed if name_of(each) == "begin" and isinstance(each, ast.Call)]
    begun = [each for each in begun if name_of(getattr(each.func, "value", None)) in names]
    hint = "Here a session is opened. Who closes it?"
    if begun:
        hint = f"'with {text_of(begun[0])}' ends the transaction, not the session. What closes the session?"
    return Told(where=file.at(free[0]), hint=hint, why=_KEEPS_OBJECTS if _objects_alone(evidence) else "")


def _objects_alone(evidence: Evidence) -> bool:
    """Whether the session has given its connection back: all that is left of it are its objects."""
    return bool(evidence.left_open) and all("object" in each for each in evidence.left_open)


def _opens(item: ast.withitem, opened: list[ast.Call], names: set[str]) -> bool:
    """Whether a with block is that of a session which is opened in it, or before it under one of these names."""
    inner = any(each in ast.walk(item.context_expr) for each in opened)
    return inner or (isinstance(item.context_expr, ast.Name) and item.context_expr.id in names)


def _left_before(file: File, node: Function, bound: list[ast.Assign], closing: Sequence[ast.stmt]) -> Told | None:
    """Where a function is left between the line that opens a session and the block that closes it."""
    begin = bound[0].lineno if bound and closing else 0
    for each in inside(node) if begin else ():
        if isinstance(each, ast.Return | ast.Raise) and begin < each.lineno < closing[0].lineno:
            if any(begin < one.lineno < each.lineno for one in calls(node, "close", "remove")):
                continue
            block = "with" if isinstance(closing[0], ast.With) else "try"
            return Told(where=file.at(each), hint=f"Here the function ends before the {block} that closes the session.")
    return None


def _used_after(file: File, node: Function, own: list[ast.With]) -> Told | None:
    """Where a function goes on using a session, or what belongs to it, after the block that closes it."""
    after = [each for each in node.body if own and each.lineno > (own[-1].end_lineno or 0)]
    if not after:
        return None
    held = {name_of(item.optional_vars or item.context_expr) for item in own[-1].items}
    using = [each for each in after if any(isinstance(one, ast.Name) and one.id in held for one in ast.walk(each))]
    hint = "The session is closed by then, and opens again when it is used."
    return Told(where=file.at((using or after[-1:])[0]), hint=hint)


def _error_missed(evidence: Evidence, file: File, closing: list[ast.Try]) -> Told | None:
    """The except that is for other errors than the one that came, where it is what closes the session."""
    raised = evidence.raised[0] if evidence.raised else None
    handlers = [handler for each in closing for handler in each.handlers]
    caught = {name_of(one) for each in handlers for one in ast.walk(each.type or ast.Name("Exception"))}
    last = _last_call(evidence)
    if raised is None or not handlers or not last.startswith("POST") or caught & (raised.bases | _ALL_ERRORS):
        return None
    if not any(line.startswith(file.name) for line in raised.lines):
        return None
    hint = "Is this the only error that can come? What closes the session after another one?"
    saw = f"the task raised {raised.kind}; {evidence.saw}"
    return Told(saw=saw, where=file.at(handlers[0]), hint=hint)


# -- failures -----------------------------------------------------------------------------------------


@reading("something is written after the failure", _NOTHING)
def written_after_the_failure(evidence: Evidence) -> Told | None:
    """What an except block writes and commits is what the failed task leaves behind."""
    whats = [event.what for event in evidence.events]
    found = _task(evidence)
    if found is None or "ROLLBACK" not in whats or "in the database" not in evidence.saw:
        return None
    later = evidence.events[whats.index("ROLLBACK") :]
    written = [event for event in later if re.match("INSERT|UPDATE|DELETE", event.what) and event.where]
    if not written or not any(event.what == "COMMIT" for event in later):
        return None
    line = int(written[0].where.rpartition(":")[2])
    for each in ast.walk(found[1]):
        body = each.handlers if isinstance(each, ast.Try) else []
        for handler in body:
            added = calls(handler, "ItemEvent", "add", "execute", "record_event", "merge")
            if added and handler.lineno <= line <= (handler.end_lineno or line):
                hint = "This runs after the failure. What is to be left of a task that has failed?"
                return Told(saw=f"{evidence.saw}, written after the failure", where=found[0].at(added[0]), hint=hint)
    for file, node in evidence.source.reached(*found, evidence.given):
        for loop in [each for each in inside(node) if isinstance(each, ast.For | ast.While)]:
            again = written[0].where in {file.at(each) for each in range(loop.lineno, (loop.end_lineno or 0) + 1)}
            if again and any(isinstance(each, ast.Try) for each in ast.walk(loop)):
                hint = "After the database has refused the event, this loop goes on and writes another one. "
                hint += "What is to be left of a task that has failed?"
                return Told(saw=f"{evidence.saw}, written after the failure", where=file.at(loop), hint=hint)
    hint = "This is written after the failure. What is to be left of a task that has failed?"
    return Told(saw=f"{evidence.saw}, written after the failure", where=written[0].where, hint=hint)


@reading("more than one commit", _NOTHING)
def more_than_one_commit(evidence: Evidence) -> Told | None:
    """What the first commit saved stays saved, even if the second one fails."""
    found = _task(evidence)
    committed = calls(found[1], "commit") if found else []
    begun = [each for each in calls(found[1], "begin") if "SessionLocal" in text_of(each.func)] if found else []
    sent = [event.where for event in evidence.events_of("COMMIT") if event.where.startswith("app/tasks.py")]
    helper = evidence.source.function_of(sent[0]) if found and sent and "ROLLBACK" in evidence.events[-1].what else ""
    several = calls(found[1], helper) if found and helper not in ("", found[1].name) else []
    if found and len(several) > 1:
        hint = f"{helper}() commits. What does this leave behind when the next step fails?"
        return Told(where=found[0].at(several[0]), hint=hint)
    if found and len(committed) > 1 and sent:
        return Told(where=sent[0], hint="What has this saved, when the next step fails?")
    if found and len(begun) > 1:
        return Told(where=found[0].at(begun[1]), hint="This block saves something of its own after the failure.")
    for statement in found[0].tree.body if found and "'viewed'" in evidence.did[-1] else ():
        value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
        if found and (isinstance(value, ast.List | ast.Dict | ast.Set) or name_of(value) in _COLLECTIONS):
            hint = "What is kept here from one task to the next is written later, though its task failed."
            again = [kind for kind in _FAILURES if kind in evidence.saw] if evidence.raised else []
            if not again:
                return Told(where=found[0].at(statement), hint=hint)
            saw = f"{_last_call(evidence)} sent {again[0]!r} once more, and failed, too: {evidence.saw}"
            hint = "What a task that failed leaves in here is sent again with the next one."
            return Told(saw=saw, wanted="only 'viewed' is written", where=found[0].at(statement), hint=hint)
    return None


# -- the body -----------------------------------------------------------------------------------------


@reading("the body is the value alone", "answers_202", "bad_body_is_422")
def body_is_the_value(evidence: Evidence) -> Told | None:
    """A single Body() parameter is the whole body: FastAPI takes "viewed" for it, and refuses {"kind": "viewed"}."""
    found = endpoint_of(evidence)
    bare = evidence.saw.startswith("202") and re.search(r"/events ['\"]", "".join(evidence.did[-1:]))
    refused = evidence.saw.startswith("422") and re.search(r'"loc":\["body"\],"msg":"Input should be', evidence.saw)
    if found is None or not (bare or refused):
        return None
    file, node, _ = found
    defaults = dict(zip(node.args.args[::-1], node.args.defaults[::-1], strict=False))
    defaults |= {each: value for each, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if value}
    for each in (*node.args.args, *node.args.kwonlyargs):
        alias = evidence.source.bound(name_of(each.annotation), file) if each.annotation is not None else None
        words = f"{text_of(each.annotation)} {text_of(defaults.get(each))} {text_of(alias[1] if alias else None)}"
        if re.search(r"\bBody\(", words) and "embed=True" not in words:
            hint = "A single Body() is the whole body for FastAPI, not a part of it. Which option changes that?"
            within = calls(alias[1], "Body") if alias is not None else []
            return Told(where=alias[0].at(within[0]) if alias is not None and within else file.at(each), hint=hint)
    return None


@reading("a kind that is changed, not refused", "bad_body_is_422")
def kind_changed(evidence: Evidence) -> Told | None:
    """A client that sent something wrong should be told. It never sent what is stored instead."""
    if not evidence.saw.startswith("202"):
        return None
    told = _bounds_told(evidence)
    for file, node in behind(evidence):
        for each in ast.walk(node):
            cut = (
                isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Slice) and "kind" in text_of(each.value)
            )
            if cut and told is not None:
                hint = "To cut it off later does not tell the client."
                return replace(told, hint=f"{told.hint} {hint}")
            if cut:
                hint = "This changes the kind that was sent. What is the client told about it?"
                return Told(where=file.at(each), hint=hint)
    return None


@reading("a kind without bounds", "bad_body_is_422")
def kind_without_bounds(evidence: Evidence) -> Told | None:
    """The column has room for 50 characters, and an event without a kind says nothing."""
    return _bounds_told(evidence)


def _bounds_told(evidence: Evidence) -> Told | None:
    for file, node in evidence.source.ancestry(schema_of_body(evidence)) if evidence.saw.startswith("202") else ():
        for place, method, hint in never_called(evidence, node) if file.name not in evidence.given else ():
            if re.search(r"len\(|strip|isspace|blank|empty|if not kind:|\bNone\b", text_of(method)):
                return Told(saw=f"{evidence.saw}; {method.name}() was never called", where=file.at(place), hint=hint)
    told, accepted = _bounds(evidence), accepted_all_the_same(evidence)
    return replace(told, saw=accepted) if told is not None and accepted else told


def _default_of(field: ast.AnnAssign) -> ast.expr | None:
    """The default of a field: ``= "viewed"``, ``= Field("viewed")``, ``= Field(default="viewed")``; also one that is
    written in its type: ``Annotated[str, Field(50)]``."""
    value = field.value or next(iter(calls(field.annotation, "Field")), None)
    if isinstance(value, ast.Call) and name_of(value) == "Field":
        value = next(iter(value.args), None) or keyword(value, "default") or keyword(value, "default_factory")
    return None if text_of(value) in ("", "...", "PydanticUndefined") else value


def _raised_by_hand(evidence: Evidence) -> str | None:
    """The condition under which the learner's own code refuses a value, in the words that the client was told."""
    told = re.search(r'"msg":"(?:Value|Assertion) error, (.+?)"', evidence.saw)
    for file in own_files(evidence) if told else ():
        for node in file.functions:
            for each in [one for one in inside(node) if isinstance(one, ast.If | ast.Assert)]:
                said = [one.value for one in ast.walk(each) if isinstance(one, ast.Constant)]
                if told is not None and any(isinstance(one, str) and one and one in told[1] for one in said):
                    return file.at(each)
    return None


def _bounds(evidence: Evidence) -> Told | None:
    """What there is to say of the field that took or refused what was sent, and of its bounds."""
    found = _kind(evidence)
    # A very long one is cut, where it is told.
    words = r"""["']kind["']: (?:["'](.*?)(?:["'](?: \* (\d+))?|(\.\.\.$))|null)"""
    sent = re.search(words, "".join(evidence.did[-1:]))
    if found is None:
        return None
    file, field, said = found
    size = int(sent[2]) if sent and sent[2] else len(sent[1] or "") if sent else 0
    many = "more" if sent and sent[3] else str(size or "none")
    refused = evidence.saw.startswith("422")
    bounds = {each.arg: each for each in ast.walk(said) if isinstance(each, ast.keyword)}
    bound = bounds.get("max_length" if size > 25 else "min_length")
    why = TOO_STRICT if refused else ""
    default = _default_of(field)
    if isinstance(default, ast.Call) and name_of(default) in ("StringConstraints", "AfterValidator", "BeforeValidator"):
        hint = f"The type comes after the colon, the default after the =. Which one is {name_of(default)} here?"
        return Told(where=file.at(default), hint=hint)
    if default is not None and not refused and not size:
        more = "" if "max_length" in bounds else " And what else does this line let through?"
        hint = f"This has a default, {text_of(default)}. What has a default may be left out.{more}"
        return Told(where=file.at(default), hint=hint)
    made = [each for each in calls(field.annotation, "BeforeValidator") if text_of(each.args[0]) in ("str", "repr")]
    if made and sent and sent[0].endswith("null") and not refused:
        hint = (
            f"{text_of(made[0].args[0])}() makes a text of whatever it gets. What does it make of null, Python's None?"
        )
        return Told(where=file.at(made[0]), hint=hint)
    if "None" in text_of(field.annotation) and not refused and not size:
        return Told(where=file.at(field), hint="The type says here that null is a kind.")
    if bound is not None and size:
        hint = (
            f"A kind has 1 to 50 characters, this one {many}. What does {bound.arg}={text_of(bound.value)} say of it?"
        )
        return Told(where=file.at(bound), hint=hint, why=why)
    if not sent:
        return None
    by_hand = _raised_by_hand(evidence) if refused else None
    if by_hand is not None:
        hint = f"A kind has 1 to 50 characters, this one {many}. What does this line do with it?"
        return Told(where=by_hand, hint=hint, why=why)
    hint = f"A kind has 1 to 50 characters, this one {many}. What does this line say about it?"
    if refused and re.search(r'"type":"(enum|literal_error)"', evidence.saw):
        hint = "Which kinds does the task sheet allow, and which does this?"
    decides = None if refused or bound else _checked_in(evidence, said)
    if decides is not None:
        hint = f"A kind has 1 to 50 characters, this one {many}. What does this line make of it?"
        return Told(where=decides[0].at(decides[1]), hint=hint, why=why)
    for each in bounds.values():
        meant = difflib.get_close_matches(each.arg or "", ("max_length", "min_length"), 1, cutoff=0.8)
        meant = meant or re.findall(r"^(?:min|max)(?:imum|len)?$", each.arg or "")
        if meant and size > 25 and (each.arg or "").startswith("min"):
            continue
        if meant and each.arg not in ("max_length", "min_length"):
            known = "min_length" if (each.arg or "").startswith("min") else "max_length"
            hint = f"Pydantic knows no '{each.arg}', and ignores it. It knows '{known}'."
            return Told(where=file.at(each), hint=hint, why=why)
    beside = bounds.get("min_length" if size > 25 else "max_length")  # where the other one is missing
    return Told(where=file.at(bound or beside or said), hint=hint, why=why)


def _checked_in(evidence: Evidence, said: ast.AST) -> tuple[File, ast.stmt] | None:
    """The condition by which a function of the learner's, named in a type, decides which texts it refuses."""
    for file, function in validators_in(evidence, said):
        tests = [each for each in inside(function) if isinstance(each, ast.If | ast.Assert)]
        looks = [each for each in tests if _LOOKS_AT_THE_LENGTH.search(text_of(each.test))]
        if len(looks) == 1:
            return file, looks[0]
    return None


_LOOKS_AT_THE_LENGTH = re.compile(r"\blen\(|match\(|search\(|\bPATTERN|\d\d")


def _kind(evidence: Evidence) -> tuple[File, ast.AnnAssign, ast.AST] | None:
    """The field kind of a schema: its file, the field, and what says which texts it takes, perhaps under a name."""
    for file in evidence.source.files():
        for node in file.classes:
            for each in node.body:
                is_kind = isinstance(each, ast.AnnAssign) and text_of(each.target) == "kind"
                if isinstance(each, ast.AnnAssign) and is_kind and "Mapped" not in text_of(each.annotation):
                    named = [one for one in file.tree.body if isinstance(one, ast.Assign)]
                    words = {one.id for one in ast.walk(each.annotation) if isinstance(one, ast.Name)}
                    alias = [one for one in named if name_of(one.targets[0]) in words]
                    return file, each, alias[0] if alias else each
    return None
