"""In the child: mistakes in endpoints, for all chapters that have the learner write some."""

from __future__ import annotations

import ast
import copy
import difflib
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import File, Function, calls, decorators, inside, keyword, name_of, text_of

_METHODS = "get", "post", "put", "patch", "delete", "api_route", "head", "options"
_REQUEST = re.compile(r"\b(GET|POST|PATCH|DELETE|PUT) (/\S*)")
_BODY = re.compile(r"Create|Update|dict|Dict|Any\b|Item\b|Request|Event|Body|BaseModel")
_UNKNOWN = "get_unknown_is_404", "patch_unknown_is_404", "delete_unknown_is_404", "unknown_item_is_404"
_ANSWERS = (
    *("create_answers_201", "read_answers_the_item", "list_answers_items", "patch_keeps_omitted_fields"),
    *("delete_answers_204", "answers_202", "owner_is_in_the_answer", "the_rest_still_works", "batch_is_all_or_nothing"),
)
TOO_STRICT = "Clients send what the task sheet allows; refusing it takes something away from them."
_INVALID = "bad_body_is_422", "patch_null_name_is_422"
_BRANCHES = ast.If | ast.IfExp | ast.ExceptHandler | ast.Match
_LOOKUPS = "get_item", "get", "get_one", "first", "one_or_none", "scalar", "scalar_one_or_none", "next"
_OF_CLASSES = "__init__", "__call__", "__enter__", "__exit__"  # what runs of a class that somebody depends on
_WHO_CLOSES = "Who closes this, after a success, after a 404, and after a crash?"
_PAGES = "list_items", "list_items_with_owner"
_DUMPS = "model_dump", "dict", "jsonable_encoder"
_CHECKS = "model_validate", "model_validate_json", "parse_obj", "validate_python", "ItemCreate", "ItemUpdate"
_LEAKS = (
    *("sessions_close_after_every_answer", "session_is_closed_after_the_answer", "task_session_is_closed"),
    "session_is_rolled_back_on_error",
)


def request_of(evidence: Evidence) -> tuple[str, str]:
    """Method and path of the last request, ``("get", "/items/3")``; empty where there was none."""
    found = [request for line in evidence.did for request in _REQUEST.findall(line)]
    return (found[-1][0].lower(), found[-1][1].partition("?")[0]) if found else ("", "")


def _routes(evidence: Evidence) -> Iterator[tuple[File, Function, str, ast.Call]]:
    """Every endpoint: its file, the function, the method, and the call that decorates it."""
    for file in evidence.source.files():
        for node in file.functions:
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and name_of(decorator) in _METHODS:
                    yield file, node, name_of(decorator), decorator


def _path_of(call: ast.Call) -> str:
    path = call.args[0] if call.args else keyword(call, "path")
    return str(path.value) if isinstance(path, ast.Constant) else ""


def _fits(pattern: str, path: str) -> bool:
    """Whether a path is one of a route's; what stands before it, a prefix, may be said elsewhere."""
    parts = [re.escape(part) if not part.startswith("{") else "[^/]+" for part in pattern.strip("/").split("/")]
    return re.search(f"(^|/){'/'.join(parts)}$" if parts != [""] else r"^[^/]*$", path.strip("/")) is not None


def endpoint_of(evidence: Evidence) -> tuple[File, Function, ast.Call] | None:
    """The endpoint that answered the last request, or was meant for it, and the call that makes it one."""
    method, path = request_of(evidence)
    answered = _answered(evidence, method) if method else None
    if answered is not None:
        return answered
    fitting = [
        (len(_path_of(call).split("/")), file, node, call)
        for file, node, verb, call in _routes(evidence)
        if verb == method and _fits(_path_of(call), path) and not node.name.startswith("to_do_")
    ]
    best = max(fitting, key=lambda each: (each[0], "{" not in _path_of(each[3])), default=None)
    return (best[1], best[2], best[3]) if best else None


def _answered(evidence: Evidence, method: str) -> tuple[File, Function, ast.Call] | None:
    """The endpoint that answered, as the app has routed the request."""
    name, _, line = evidence.endpoint.rpartition(":")
    file = evidence.source.file(name)
    for node in file.functions if name else ():
        if line != str(min([node.lineno, *(each.lineno for each in node.decorator_list)])):
            continue
        made = [each for each in node.decorator_list if isinstance(each, ast.Call) and name_of(each) in _METHODS]
        fitting = [each for each in made if name_of(each) in (method, "api_route")]
        if node.name.startswith("to_do_") or (made and not fitting):
            return None
        if fitting:
            return file, node, fitting[0]
        for other in evidence.source.files():  # add_api_route("/", node), router.get("/")(node)
            for call in calls(other.tree, "add_api_route", "add_route", *_METHODS):
                if any(name_of(each) == node.name for each in (*call.args, *(key.value for key in call.keywords))):
                    said = call.func if isinstance(call.func, ast.Call) else call
                    return file, node, _moved(said, node.lineno) if other is not file else said
        return file, node, ast.Call(ast.Name(method), [], [], lineno=node.lineno)
    return None


def _moved(call: ast.Call, line: int) -> ast.Call:
    """A call that stands in another file, as if all of it stood in this line."""
    moved = copy.deepcopy(call)
    for each in ast.walk(moved):
        if hasattr(each, "lineno"):
            vars(each)["lineno"] = line
    return moved


def behind(evidence: Evidence) -> list[tuple[File, Function]]:
    """The endpoint of the last request, what it depends on, what decorates it, and the functions that it calls.

    Not those of ``app/crud.py``, which have rules of their own.
    """
    found = endpoint_of(evidence)
    chain: list[tuple[File, Function]] = [found[:2]] if found else []
    for file, node in chain:  # which grows meanwhile
        for name, module in _led_to(evidence, file, node):
            beside = evidence.source.function(name, file.name) if not module else None
            other = beside or evidence.source.function(name, module)
            class_ = evidence.source.class_(name) if other is None else None
            used = [each for each in _methods(class_[1]) if each.name in _OF_CLASSES] if class_ else []
            found_in = [(class_[0], each) for each in used] if class_ else []
            for each in [other] if other is not None else found_in:
                own = each[0] is file or each[0].name != "app/crud.py"
                if each not in chain and each[0].name not in evidence.given and own:
                    chain.append(each)
    return chain


def _led_to(evidence: Evidence, file: File, node: Function) -> list[tuple[str, str]]:
    """Names of the functions that a function depends on, is decorated with, or calls; and their file, if named."""
    aliases = {each.id for each in ast.walk(node.args) if isinstance(each, ast.Name)}
    words = [text_of(node.args), *map(text_of, node.decorator_list)]
    for other in evidence.source.files():
        bound = [each for each in other.tree.body if isinstance(each, ast.Assign)]
        words += [text_of(each.value) for each in bound if name_of(each.targets[0]) in aliases]
    known = {each.name for each in file.functions} | imported(file) | {"self", "cls"}
    called = [each.func for each in inside(node) if isinstance(each, ast.Call)]
    decorating = [getattr(each, "func", each) for each in node.decorator_list]
    found = [(name, "") for name in re.findall(r"(?:Depends|Security)\((?:\w+\.)*(\w+)", " ".join(words))]
    handed = {each.arg for each in (*node.args.args, *node.args.kwonlyargs)} - {"self", "cls", "db", "session"}
    for each in (*called, *decorating):
        inner = each.value if isinstance(each, ast.Attribute) else each
        if isinstance(each, ast.Attribute) and isinstance(inner, ast.Name) and inner.id in handed:
            found += [(each.attr, file.name) for file in _with_method(evidence, each.attr)]
        if not isinstance(inner, ast.Name) or inner.id not in known or name_of(each) in _METHODS:
            continue
        module = "" if inner is each or inner.id in ("self", "cls") else f"app/{inner.id}.py"
        if not module or evidence.source.file(module).functions:
            found.append((name_of(each), module))
    return found


def _with_method(evidence: Evidence, name: str) -> list[File]:
    """The files of the learner's own with a class that has a method of this name: ``service.create(...)``."""
    own = [file for file in evidence.source.files() if file.name not in evidence.given]
    return [file for file in own if any(each.name == name for class_ in file.classes for each in _methods(class_))]


def _methods(node: ast.ClassDef) -> list[Function]:
    return [each for each in node.body if isinstance(each, Function)]


def imported(file: File) -> set[str]:
    """What a file imports from the learner's own modules, by the names that it has there."""
    froms = [node for node in file.nodes if isinstance(node, ast.ImportFrom)]
    own = [node for node in froms if node.level or (node.module or "").partition(".")[0] == "app"]
    return {each.asname or each.name for node in own for each in node.names}


def own_line(evidence: Evidence, where: str) -> str:
    """A place as it is where the file is the learner's own; of a file that was given, the line that leads there."""
    if not where or where.rpartition(":")[0] not in evidence.given:
        return where
    name = evidence.source.function_of(where)
    chain = behind(evidence)
    for file, node in chain:
        made = calls(node, name) if name else []
        if made:
            return file.at(made[-1])
    return chain[0][0].at(chain[0][1]) if chain else where


def body_parameter(evidence: Evidence, node: Function) -> ast.arg | None:
    """The parameter that takes the body: the one whose type is a schema, a dict, or a list of such."""
    for each in (*node.args.args, *node.args.kwonlyargs):
        words = text_of(each.annotation)
        if re.search(r"Depends|Query|Path", words) or re.match(r"Db|Session|Found", words):
            continue
        if _BODY.search(words) or any(_is_schema(evidence, name) for name in re.findall(r"\w+", words)):
            return each
    return None


def _is_schema(evidence: Evidence, name: str) -> bool:
    """Whether a name is that of a class of the learner's that inherits from a schema."""
    found = evidence.source.class_(name)
    return found is not None and any(
        _BODY.search(name_of(base)) or name_of(base) in ("SQLModel", "ItemBase") or _is_schema(evidence, name_of(base))
        for base in found[1].bases
        if name_of(base) != name
    )


# -- no route -----------------------------------------------------------------------------------------


@reading("the router is not included", *_ANSWERS)
def router_not_included(evidence: Evidence) -> Told | None:
    """A router answers only if the app includes it: app.include_router(...)."""
    main, endpoint = evidence.source.file("app/main.py"), endpoint_of(evidence)
    unknown = "its routes: none" in evidence.saw or (endpoint is not None and not _is_included(main, endpoint[0]))
    if "has no route" not in evidence.saw and not evidence.saw.startswith(("404", "405")):
        return None
    if not unknown:
        return None
    place, hint = _place_for_router(main, endpoint[0].name.removeprefix("app/") if endpoint else "")
    which = f" of {endpoint[0].name.removeprefix('app/')}" if endpoint and endpoint[0] is not main else ""
    return Told(
        saw=f"the app does not know the router{which}, and so it answers none of its paths",
        where=main.at(place),
        hint=hint,
    )


def _place_for_router(main: File, routes: str) -> tuple[ast.AST | int, str]:
    """Where main.py should include the router of a file, below the comment that names it; and what to ask there."""
    hint = "The router is made in its own file. Who tells the app of it?"
    included = calls(main.tree, "include_router")
    named: list[ast.AST] = [
        node for node in main.nodes if isinstance(node, ast.Expr) and "router" in text_of(node) and not included
    ]
    stem = routes.rpartition("/")[2].removesuffix(".py")
    only = [each for each in main.nodes if isinstance(each, ast.Expr) and text_of(each) in (stem, f"{stem}.router")]
    if stem and only:
        return only[0], "This line names it, and nothing happens with it. What tells the app of a router?"
    comments = [number for number, line in enumerate(main.lines, 1) if re.match(r"\s*# \d+\.\d+ ", line)]
    about = [number for number in comments if routes and routes in main.lines[number - 1]]
    stem = routes.rpartition("/")[2].removesuffix(".py")
    named += [node for node in main.tree.body if isinstance(node, ast.Expr) and text_of(node.value) == stem]
    if named:
        return named[0], hint
    if about:
        end = min([number for number in comments if number > about[0]], default=len(main.lines) + 1)
        return next((each for each in included if about[0] < each.lineno < end), about[0]), hint
    made = calls(main.tree, "FastAPI")
    if included and made and routes:
        return made[0], f"Look at what this file imports, and what it includes. Who tells the app of {routes}?"
    place = [*included, *made]
    return place[0] if place else 1, hint


def _is_included(main: File, routes: File) -> bool:
    """Whether main.py includes the router of another file, by whatever name it imports that."""
    stem = routes.name.rpartition("/")[2].removesuffix(".py")
    names = {stem}
    for node in main.nodes:
        if isinstance(node, ast.ImportFrom | ast.Import):
            module = getattr(node, "module", "") or ""
            named = [each for each in node.names if stem in (each.name.rpartition(".")[2], module.rpartition(".")[2])]
            names |= {each.asname or each.name for each in named}
    given = [text_of(argument) for call in calls(main.tree, "include_router") for argument in call.args]
    return any(name in re.findall(r"\w+", words) for name in names for words in given) or not given


@reading("the prefix is there twice", *_ANSWERS)
def prefix_twice(evidence: Evidence) -> Told | None:
    """FastAPI joins the prefix of include_router(), the prefix of the router and the path of the route."""
    _, path = request_of(evidence)
    first = path.strip("/").split("/")[0]
    if "has no route" not in evidence.saw or f"/{first}/{first}" not in evidence.saw:
        return None
    for file in evidence.source.files():
        for call in (*calls(file.tree, "include_router"), *calls(file.tree, "APIRouter")):
            prefix = keyword(call, "prefix")
            if prefix is not None:
                return Told(where=file.at(call), hint="The paths of the routes have this at their beginning already.")
    return None


def _likeness(pattern: str, path: str) -> float:
    """How much alike the paths of a route and of a request are."""
    one, other = (re.sub(r"\{\w+\}|\d+", "{}", each).strip("/") for each in (pattern, path))
    return difflib.SequenceMatcher(None, one, other).ratio()


@reading("another method or path", *_ANSWERS)
def other_route(evidence: Evidence) -> Told | None:
    """A request reaches an endpoint only if both method and path match exactly."""
    if ("has no route" not in evidence.saw and not evidence.saw.startswith("405")) or endpoint_of(evidence):
        return None
    method, path = request_of(evidence)
    routes = [each for each in _routes(evidence) if not each[1].name.startswith("to_do_")]
    same_path = [each for each in routes if _fits(_path_of(each[3]), path) and each[2] != method]
    same_method = [each for each in routes if each[2] == method]
    same_method = [each for each in same_method if each[0].name not in evidence.given] or same_method
    same_method.sort(key=lambda each: _likeness(_path_of(each[3]), path), reverse=True)
    taken = {"get", "post", "patch", "delete"} - {method}
    for file, node, verb, call in (
        [each for each in same_path if each[2] not in taken] or same_method[:1] or same_path[:1]
    ):
        told = f"{node.name}() answers {verb.upper()} {_path_of(call)}"
        return Told(
            saw=f"{evidence.saw.partition(': the app')[0]}: {told}",
            where=file.at(call),
            hint="Compare method and path.",
        )
    return None


@reading("FastAPI looks for a value in the query", *_ANSWERS, "bad_body_is_422")
def looked_for_in_the_query(evidence: Evidence) -> Told | None:
    """FastAPI looks for a parameter with a plain type in the query. It takes a schema from the body."""
    found = endpoint_of(evidence)
    missing = re.search(r'"loc":\["query","(\w+)"\],"msg":"Field required', evidence.saw)
    for each in (*found[1].args.args, *found[1].args.kwonlyargs) if found and missing else ():
        if found and missing and each.arg == missing[1]:
            return Told(
                where=found[0].at(each), hint="A plain type is looked for in the query. What is a body made of?"
            )
    return None


# -- status codes -------------------------------------------------------------------------------------


@reading("the exception is returned, not raised", *_UNKNOWN)
def exception_returned(evidence: Evidence) -> Told | None:
    """An HTTPException that is returned is an object like any other; only a raised one becomes an answer."""
    for file, node in behind(evidence):
        for each in inside(node):
            if isinstance(each, ast.Return) and name_of(each.value) == "HTTPException":
                return Told(where=file.at(each), hint="You return the exception. What makes FastAPI answer with it?")
    return None


@reading("the status is in the body of the answer", *_UNKNOWN, *_ANSWERS)
def status_in_the_body(evidence: Evidence) -> Told | None:
    """``return {...}, 404`` works in Flask. FastAPI turns it into a list of two values."""
    for file, node in behind(evidence):
        for each in inside(node):
            if isinstance(each, ast.Return) and isinstance(each.value, ast.Tuple):
                hint = "FastAPI makes a list of this. How does an endpoint end with another status?"
                return Told(where=file.at(each), hint=hint)
    return None


@reading("the 404 is caught on its way", *_UNKNOWN)
def unknown_swallowed(evidence: Evidence) -> Told | None:
    """An HTTPException is an exception, too. A broad except catches it, and the client gets another answer."""
    for file, node in behind(evidence):
        for each in inside(node):
            handlers = each.handlers if isinstance(each, ast.Try) else []
            caught = [handler for handler in handlers if _catches_all(handler)]
            if caught and handlers[0] is caught[0] and not _raises_again(caught[0]):
                saw, hint = "", "This catches every exception, also the one that is meant for the client."
                if name_of(caught[0].type) == "HTTPException":
                    hint = "This catches the answer that is meant for the client."
                elif not any(isinstance(one, ast.Raise) for _, other in behind(evidence) for one in ast.walk(other)):
                    saw = f"{evidence.saw}; what went wrong with an item that is not there was caught"
                    hint = "What goes wrong without an item is caught here without a word. Who tells the client "
                    hint += "that there is no such item?"
                return Told(saw=saw, where=file.at(caught[0]), hint=hint)
    return None


def _catches_all(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or name_of(handler.type) in ("Exception", "BaseException", "HTTPException")


def _raises_again(handler: ast.ExceptHandler) -> bool:
    names = "", handler.name or ""
    return any(isinstance(each, ast.Raise) and text_of(each.exc) in names for each in ast.walk(handler))


@reading("another status than 404", *_UNKNOWN, "the_rest_still_works")
def other_status_for_unknown(evidence: Evidence) -> Told | None:
    """404 says that the item does not exist. Other codes mean something else."""
    found = said_status(evidence)
    if found is None or evidence.saw.startswith("404") or not evidence.wanted.startswith("404"):
        return None
    branches = [each for _, node in behind(evidence) for each in ast.walk(node) if isinstance(each, _BRANCHES)]
    if evidence.saw.startswith("2") and not any(found[1] in ast.walk(each) for each in branches):
        return None  # that is the answer for an item that is there
    return Told(where=found[0].at(found[1]), hint="Which status code says that there is no such thing?")


def said_status(evidence: Evidence, everywhere: bool = False) -> tuple[File, ast.AST] | None:
    """Where the code says the status that was answered: ``HTTPException(400)``, ``Response(status_code=204)``.

    Or where it raises an exception of its own that becomes this status.
    """
    status = evidence.saw[:3]
    for file, node in behind(evidence):
        for each in inside(node):
            if (isinstance(each, ast.Call) and _says(each, status)) or _raises_for(evidence, each, status):
                return file, each
            target = each.targets[0] if isinstance(each, ast.Assign) else None
            sets = isinstance(target, ast.Attribute) and target.attr == "status_code"
            if isinstance(each, ast.Assign) and sets and _is_status(each.value, status):
                return file, each
    for file in evidence.source.files() if everywhere else ():
        for node in file.functions:
            said = [each for each in inside(node) if isinstance(each, ast.Call) and _says(each, status)]
            if said and not any(evidence.source.class_(name) for name in _handled_by(node)):
                return file, said[0]
    return None


def _handled_by(node: Function) -> list[str]:
    """The names of the exceptions that a function is the handler of."""
    handlers = [each for name, each in decorators(node) if name == "exception_handler"]
    return [name_of(each.args[0]) for each in handlers if isinstance(each, ast.Call) and each.args]


def _raises_for(evidence: Evidence, node: ast.AST, status: str) -> bool:
    """Whether a line raises an exception of the learner's own that says this status, or whose handler does."""
    raised = name_of(node.exc) if isinstance(node, ast.Raise) and node.exc is not None else ""
    class_ = evidence.source.class_(raised) if raised else None
    if class_ is None:
        return False
    if any(_is_status(each, status) for each in ast.walk(class_[1]) if isinstance(each, ast.expr)):
        return True
    handlers = [node for file in evidence.source.files() for node in file.functions if raised in _handled_by(node)]
    return any(_says(each, status) for node in handlers for each in inside(node) if isinstance(each, ast.Call))


def _is_status(node: ast.AST, status: str) -> bool:
    return re.search(rf"^{status}$|HTTP_{status}_|HTTPStatus\.\w+", text_of(node)) is not None and (
        "HTTPStatus" not in text_of(node) or _NAMES_OF_STATUS.get(text_of(node).rpartition(".")[2]) == status
    )


_NAMES_OF_STATUS = {each.name: str(each.value) for each in HTTPStatus}


def _says(call: ast.Call, status: str) -> bool:
    values = [*call.args, *(each.value for each in call.keywords if each.arg == "status_code")]
    return any(_is_status(each, status) for each in values)


@reading("404 for an item that exists", *_ANSWERS, *_INVALID, "patch_null_clears")
def known_item_refused(evidence: Evidence) -> Told | None:
    """The 404 is for ids that do not exist. The condition before it also holds for other ids."""
    path = request_of(evidence)[1]
    if not re.match(r"404 \{", evidence.saw) or not re.search(r"/\d+", path):
        return None
    saw = f"{evidence.saw}, and the item is there"
    for file, node in behind(evidence):
        for each in inside(node):
            if not isinstance(each, ast.If) or not any(isinstance(inner, ast.Raise) for inner in each.body):
                continue
            if not _asks_for_the_item(node, each.test):
                hint = "This item is there. For which items is the condition in this line true?"
                return Told(saw=saw, where=file.at(each), hint=hint)
            names = [name_of(inner) for inner in ast.walk(each.test) if isinstance(inner, ast.Name)]
            for looked in [inner for inner in inside(node) if isinstance(inner, ast.Assign)]:
                asked = calls(looked, "get_item", "get")
                changed = any(isinstance(one, ast.BinOp) for call in asked for one in call.args)
                as_given = asked and not changed and not isinstance(looked.value, ast.IfExp)
                if name_of(looked.targets[0]) in names and not as_given:
                    hint = "This finds nothing, and the item is there. What exactly does it look for?"
                    return Told(saw=saw, where=file.at(looked), hint=hint)
    return None


@reading("an unknown id is not noticed", *_UNKNOWN)
def unknown_not_noticed(evidence: Evidence) -> Told | None:
    """get_item returns None for an unknown id. Your code must check for it before it goes on."""
    chain = behind(evidence)
    asking = [
        (file, each)
        for file, node in chain
        for each in inside(node)
        if isinstance(each, ast.If | ast.IfExp) and _asks_for_the_item(node, each.test)
    ]
    if asking and any(isinstance(inner, ast.Raise) for inner in ast.walk(asking[0][1])):
        return None
    if asking:
        hint = "What happens here when there is no such item, and what does the client hear?"
        return Told(where=asking[0][0].at(asking[0][1]), hint=hint)
    for file, node in reversed(chain):
        statements = calls(node, "delete", "update") if calls(node, "execute", "exec", "query") else []
        if statements:
            hint = "A statement that matches no row is no error. Who looks whether it has matched one?"
            return Told(where=file.at(statements[0]), hint=hint)
        looked = calls(node, *_LOOKUPS)
        if looked and calls(looked[-1], "count", "max") and not re.search("where|filter|item_id", text_of(looked[-1])):
            hint = f"This gives one number: {_number_of(looked[-1])}. Does it say which ids there are?"
            return Told(where=file.at(looked[-1]), hint=hint)
        if looked:
            hint = "What does this return for an id that is not there? Does any line look at that before it goes on?"
            return Told(where=file.at(looked[-1]), hint=hint)
    return None


def _number_of(call: ast.Call) -> str:
    return "how many items there are" if calls(call, "count") else "the highest id"


def _asks_for_the_item(node: Function, test: ast.expr) -> bool:
    """Whether a condition asks if something was found: ``item is None``, ``not item``, ``item``."""
    inner = test.operand if isinstance(test, ast.UnaryOp) else test
    inner = inner.left if isinstance(inner, ast.Compare) and "None" in text_of(inner) else inner
    if isinstance(inner, ast.Call | ast.NamedExpr):
        return bool(calls(inner, *_LOOKUPS))
    assigned = [each for each in inside(node) if isinstance(each, ast.Assign | ast.NamedExpr)]
    found = {name_of(each.targets[0] if isinstance(each, ast.Assign) else each.target) for each in assigned}
    taken = {each.arg for each in (*node.args.args, *node.args.kwonlyargs)} - {"offset", "limit", "item_id"}
    return isinstance(inner, ast.Name) and inner.id in found | taken


@reading("no status code is set", "create_answers_201", "delete_answers_204", "answers_202")
def status_not_said(evidence: Evidence) -> Told | None:
    """An endpoint without a status code of its own answers 200."""
    found = endpoint_of(evidence)
    if found is None or not evidence.saw.startswith("200") or keyword(found[2], "status_code") is not None:
        return None
    hint = "Unless you say something else, an endpoint answers 200. Where do you say it?"
    if evidence.wanted.startswith("204") and not re.fullmatch(r"200( null)?", evidence.saw):
        hint += " And what may be in the body of a 204?"
        return Told(saw=evidence.saw, wanted="204 and an empty body", where=found[0].at(found[2]), hint=hint)
    return Told(saw="the answer is 200", where=found[0].at(found[2]), hint=hint)


@reading("the wrong status code for a success", *_ANSWERS)
def other_status(evidence: Evidence) -> Told | None:
    """201 means that something new was made, 204 that the body is empty, 202 that the work is done later, and 200
    everything else."""
    found = endpoint_of(evidence)
    if found is None or not re.match(r"20\d", evidence.saw) or evidence.saw[:3] == evidence.wanted[:3]:
        return None
    said, made = keyword(found[2], "status_code"), said_status(evidence)
    if said is not None and _is_status(said, evidence.saw[:3]):
        where = found[0].at(said)
    elif made is not None:
        where = made[0].at(made[1])
    else:
        return None
    hint = "Compare the status code in this line with the task sheet."
    if evidence.saw.startswith("204"):
        hint = (
            "204 means that there is nothing to show. Which status does the task sheet want, and what is shown with it?"
        )
    return Told(saw=f"the answer is {evidence.saw[:3]}", where=where, hint=hint)


@reading("400 instead of 422", *_INVALID, "bad_paging_is_422", "huge_id_is_no_crash")
def bad_request(evidence: Evidence) -> Told | None:
    """If a value does not fit the schema or its bounds, FastAPI itself answers 422."""
    found = said_status(evidence, everywhere=True) if evidence.saw.startswith("400") else None
    if found is None:
        return None
    what = "schema" if evidence.rule in _INVALID else "parameter with bounds"
    hint = f"The task sheet says 422. A {what} answers that by itself."
    if any(_handled_by(node) and found[1] in ast.walk(node) for node in found[0].functions):
        hint = "FastAPI answers 422 to such a request by itself. What does this handler make of it?"
    why = "Clients know 422 as the answer to a value that is not allowed." if evidence.rule.startswith("huge") else ""
    return Told(where=found[0].at(found[1]), hint=hint, why=why)


# -- parameters ---------------------------------------------------------------------------------------


def _alias(evidence: Evidence, annotation: ast.expr | None) -> tuple[File, ast.stmt] | None:
    """Where the name of a parameter's type is bound, ``Limit = Annotated[...]``."""
    name = annotation.id if isinstance(annotation, ast.Name) else ""
    for file in evidence.source.files() if name else ():
        for node in file.tree.body:
            if isinstance(node, ast.Assign) and name_of(node.targets[0]) == name:
                return file, node
    return None


def parameter_of(evidence: Evidence, names: tuple[str, ...]) -> tuple[File, ast.AST, str] | None:
    """Where it is said what a parameter of the endpoint, or of what it depends on, may be; and its name."""
    for file, node in behind(evidence):
        for each in (*node.args.args, *node.args.kwonlyargs):
            if each.arg in names:
                alias_place = _alias(evidence, each.annotation)
                return (*alias_place, each.arg) if alias_place else (file, each, each.arg)
            inner = _field_of_a_parameter(evidence, each, names)
            if inner is not None:
                return inner
    for file, node in behind(evidence):  # request.query_params.get("limit")
        for call in [each for each in inside(node) if isinstance(each, ast.Call | ast.Subscript)]:
            said = call.args if isinstance(call, ast.Call) else [call.slice]
            for name in names:
                if any(isinstance(each, ast.Constant) and each.value == name for each in said):
                    return file, call, name
    return None


def _field_of_a_parameter(
    evidence: Evidence, parameter: ast.arg, names: tuple[str, ...]
) -> tuple[File, ast.AST, str] | None:
    """Where a class of the learner's own, the type of a parameter, declares one of these."""
    alias = _alias(evidence, parameter.annotation)
    words = text_of(getattr(alias[1], "value", None) if alias else parameter.annotation)
    for name in re.findall(r"\w+", words):
        class_ = evidence.source.class_(name)
        for each in class_[1].body if class_ and class_[0].name not in evidence.given else ():
            arguments = [*each.args.args, *each.args.kwonlyargs] if isinstance(each, Function) else []
            declared = [each.target] if isinstance(each, ast.AnnAssign) else arguments
            for one in declared:
                called = one.arg if isinstance(one, ast.arg) else name_of(one)
                if class_ and called in names and called != "id":
                    alias_place = _alias(evidence, getattr(each, "annotation", getattr(one, "annotation", None)))
                    return (*alias_place, called) if alias_place else (class_[0], one, called)
    return None


@reading("an id without bounds", "huge_id_is_no_crash")
def id_without_bounds(evidence: Evidence) -> Told | None:
    """Numbers in Python have no limit. Numbers in a database do, and the driver raises an exception."""
    found = parameter_of(evidence, ("item_id", "id", "pk", "identifier"))
    asked = re.search(r"/(-?\d+)", request_of(evidence)[1])
    if found is None or not asked:
        return None
    number = asked[1] if len(asked[1]) < 26 else f"{asked[1][:3]}... ({len(asked[1])} digits)"
    hint = f"Ids are whole numbers from 1 to 2147483647. What does this line say of {number}?"
    if not re.search(r"\b(int|conint|PositiveInt)\b", text_of(found[1])) and calls(found[0].tree, "int"):
        hint += " If it asks for a number, FastAPI checks it, and the check by hand can go."
    saw, why = evidence.saw if evidence.raised else "", ""
    if evidence.saw.startswith("2"):
        shown = getattr(evidence.actual, "json", None)
        item = (
            f" with item {shown['id']}: another one than asked for" if isinstance(shown, dict) and "id" in shown else ""
        )
        saw = f"{evidence.saw[:3]}{item}" if item else evidence.saw
        why = "An id that no item can have must not lead to another item: the client would trust, or change, that one."
    return Told(saw=saw, where=found[0].at(found[1]), hint=hint, why=why)


@reading("ids that can exist are refused")
def id_bounds_too_narrow(evidence: Evidence) -> Told | None:
    """The database assigns ids from 1 up to 2147483647."""
    asked = re.search(r"/(\d+)", request_of(evidence)[1])
    found = parameter_of(evidence, ("item_id", "id", "pk", "identifier")) if asked else None
    if found is None or not asked or evidence.wanted.startswith("422"):
        return None
    if not re.match(r'422 .*"type":"(greater|less)_than(_equal)?","loc":\["path"', evidence.saw):
        return None
    hint = f"{asked[1]} is an id like any other, and so is every number up to 2147483647. "
    return Told(where=found[0].at(found[1]), hint=f"{hint}What does this line say of it?", why=TOO_STRICT)


@reading("the path calls the id by another name")
def id_by_another_name(evidence: Evidence) -> Told | None:
    """What stands in {braces} in the path is handed over by exactly this name."""
    missing = re.match(r'422 .*"type":"missing","loc":\["(?:path|query)","(\w*id)"\]', evidence.saw)
    found = endpoint_of(evidence) if missing else None
    if found is None or not missing or f"{{{missing[1]}}}" in _path_of(found[2]):
        return None
    named = re.findall(r"\{(\w+)(?::\w+)?\}", _path_of(found[2]))
    if len(named) != 1:
        return None
    hint = f"The path calls it {named[0]}, the function {missing[1]}. FastAPI goes by the name."
    return Told(where=found[0].at(found[2]), hint=hint)


@reading("the item is not returned to the endpoint")
def item_not_returned(evidence: Evidence) -> Told | None:
    """An endpoint gets what its dependency returns; a function without a return gives None."""
    raised = evidence.raised[0] if evidence.raised else None
    if raised is None or "None" not in raised.message:
        return None
    found = endpoint_of(evidence)
    for file, node in behind(evidence)[1:]:
        looks = calls(node, *_LOOKUPS)
        gives = any(isinstance(each, ast.Return | ast.Yield) and each.value is not None for each in inside(node))
        if looks and not gives and found is not None and _is_depended_on(evidence, found, node.name):
            hint = "This function finds the item. What does its caller get?"
            return Told(where=file.at(node), hint=hint)
    return None


def _is_depended_on(evidence: Evidence, endpoint: tuple[File, Function, ast.Call], name: str) -> bool:
    """Whether a parameter of an endpoint is what this function returns: ``item: Annotated[Item, Depends(name)]``."""
    for each in (*endpoint[1].args.args, *endpoint[1].args.kwonlyargs):
        alias = _alias(evidence, each.annotation)
        words = f"{text_of(getattr(alias[1], 'value', None))}" if alias else text_of(each.annotation)
        if re.search(rf"Depends\((\w+\.)*{name}\b", f"{words} {text_of(endpoint[1].args)}"):
            return True
    return False


@reading("paging without the right bounds", "bad_paging_is_422", "list_answers_items")
def paging_bounds(evidence: Evidence) -> Told | None:
    """offset and limit come from clients. Each needs a lower and an upper bound."""
    asked = re.findall(r"(offset|limit)=(-?\d+)", "".join(evidence.did[-1:]))
    refused = re.search(r'"loc":\["query","\s*(\w+)', evidence.saw)
    if evidence.rule == "list_answers_items" and not refused:
        return None
    name = refused[1][:5] if refused else ""
    names = [each for each, _ in asked if each.startswith(name)] if name else [each for each, number in asked]
    if len(names) > 1 and not name:
        names = [each for each, number in asked if int(number) not in range(1, 101)] or names
    found = parameter_of(evidence, tuple(names[:1])) if names else None
    if found is None:
        return None
    if refused:
        hint = "This refuses what the task sheet allows."
        told = [f"{each}={number}" for each, number in asked if each == found[2]]
        if told:
            hint = f"{told[0]} is within the bounds of the task sheet. What does this line say of it?"
        return Told(where=found[0].at(found[1]), hint=hint, why=TOO_STRICT)
    number = next((number for each, number in asked if each == found[2]), "this number")
    if evidence.raised:
        hint = "Numbers of a database end somewhere. Where does this one end?"
    else:
        hint = f"Which numbers may {found[2]} be? What does this line say of {number}?"
    return Told(where=found[0].at(found[1]), hint=hint)


def table_behind(evidence: Evidence, name: str) -> tuple[File, ast.AST] | None:
    """Where a name becomes that of a table model of SQLModel: its class, or ``ItemCreate = Item``."""
    found = evidence.source.class_(name) if name else None
    if found is not None:
        is_table = any(each.arg == "table" and text_of(each.value) == "True" for each in found[1].keywords)
        return found if is_table else None
    for file in evidence.source.files():
        for node in file.tree.body:
            targets = [name_of(each) for each in node.targets] if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.Assign) and name in targets and isinstance(node.value, ast.Name):
                return (file, node) if table_behind(evidence, node.value.id) else None
    return None


@reading("the body is not validated", *_INVALID, "input_is_validated", "create_ignores_a_client_id")
def body_not_validated(evidence: Evidence) -> Told | None:
    """FastAPI validates the body by the type of the parameter. A dict, Any or a table model lets everything in."""
    found = endpoint_of(evidence)
    body = body_parameter(evidence, found[1]) if found else None
    if found is None or body is None or evidence.saw.startswith("422"):
        return None
    words = text_of(body.annotation)
    table = table_behind(evidence, name_of(body.annotation))
    if table is not None:
        is_alias = isinstance(table[1], ast.Assign)
        told = text_of(body.annotation) if is_alias else f"{body.arg}: {words}"
        return Told(
            saw=f"{evidence.saw}; {told} is the table model",
            where=table[0].at(table[1]) if is_alias else found[0].at(body),
            hint="A table model validates nothing. Which class has no table, and says what a client may send?",
        )
    if not re.search(r"\b(dict|Dict|Any|Request|object)\b", words):
        return None
    checks = [(file, call) for file, node in behind(evidence) for call in calls(node, *_CHECKS)]
    if checks and evidence.raised_kind("ValidationError", "JSONDecodeError"):
        return None  # that is an exception of a check by hand
    for file, node in behind(evidence) if evidence.saw.startswith("2") else ():
        for each in inside(node):
            if isinstance(each, ast.If) and any(calls(one, *_CHECKS) for one in each.body):
                hint = "You check the body yourself below this line. Which bodies never get that far?"
                return Told(saw=f"{evidence.saw[:3]}: this body got in", where=file.at(each), hint=hint)
    hint = "FastAPI checks a body only against a schema, and this type takes everything."
    if checks and evidence.saw == "the client chose the id":
        saw = f"{evidence.saw}: what no schema has checked went into the row"
        return Told(saw=saw, where=found[0].at(body), hint=f"{hint} The id comes from there.")
    return Told(saw=f"{evidence.saw}; {body.arg}: {words} is no schema", where=found[0].at(body), hint=hint)


@reading("PATCH takes the schema of POST", "patch_keeps_omitted_fields", "patch_null_clears", "patch_unknown_is_404")
def patch_takes_create(evidence: Evidence) -> Told | None:
    """ItemCreate requires a name. A PATCH may leave out every field."""
    found = endpoint_of(evidence)
    body = body_parameter(evidence, found[1]) if found else None
    if found is None or body is None or "Create" not in text_of(body.annotation) or "missing" not in evidence.saw:
        return None
    return Told(where=found[0].at(body), hint="Which schema is meant for changes?")


@reading("POST takes the schema of PATCH", *_INVALID, "input_is_validated")
def create_takes_update(evidence: Evidence) -> Told | None:
    """ItemUpdate lets a client leave out every field, even the name."""
    found = endpoint_of(evidence) if request_of(evidence)[0] == "post" else None
    body = body_parameter(evidence, found[1]) if found else None
    if found is None or body is None or "Update" not in text_of(body.annotation):
        return None
    return Told(where=found[0].at(body), hint="Which schema is meant for new items?")


@reading("an empty PATCH is refused", "patch_keeps_omitted_fields")
def empty_patch_refused(evidence: Evidence) -> Told | None:
    """A PATCH with {} changes nothing. That is not an error of the client."""
    empty = "".join(evidence.did[-1:]).endswith("{}")
    other = empty and re.match(r"3|4|204", evidence.saw)
    found = said_status(evidence, everywhere=True) if other else None
    if found is None:
        return None
    hint = "Nothing was sent, so nothing changes; the answer is the item."
    if evidence.saw.startswith("304"):
        hint = "Whether nothing was sent or the same as before: the answer is the item, with 200."
    return Told(where=found[0].at(found[1]), hint=hint)


# -- answers ------------------------------------------------------------------------------------------


@reading("null is left out of the answer", *_ANSWERS)
def nulls_left_out(evidence: Evidence) -> Told | None:
    """exclude_none drops every field that is None, but clients expect all three fields."""
    found = endpoint_of(evidence)
    if found is None or not _fields_left_out(evidence.actual, evidence.expected):
        return None
    file, node, call = found
    for option in ("exclude_none", "exclude_unset", "exclude_defaults"):
        values = [keyword(call, f"response_model_{option}"), *(keyword(each, option) for each in calls(node, *_DUMPS))]
        for value in values:
            if text_of(value) == "True":
                hint = f"This {option} leaves fields out of the answer. Which ones, and does the client expect them?"
                return Told(where=file.at(value or call), hint=hint)
    return None


def _joined(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _fields_left_out(actual: Any, expected: Any) -> bool:
    """Whether items in an answer lack fields that are null."""
    if isinstance(actual, list) and isinstance(expected, list):
        return any(_fields_left_out(*pair) for pair in zip(actual, expected, strict=False))
    if not isinstance(actual, dict) or not isinstance(expected, dict):
        return False
    return any(name not in actual for name, value in expected.items() if value is None)


@reading("the answer is made from what was sent", "create_answers_201", "created_item_is_refreshed")
def echoed(evidence: Evidence) -> Told | None:
    """The data from the client has no id, and none of the values that the database made."""
    found = endpoint_of(evidence)
    body = body_parameter(evidence, found[1]) if found else None
    without_id = evidence.saw.startswith("the answer: {") and "'id'" not in evidence.saw
    if found is None or body is None or not ("shows" in evidence.saw or without_id):
        return None
    for node in inside(found[1]):
        if isinstance(node, ast.Return) and re.search(rf"\b{body.arg}\b", text_of(node)):
            inner = calls(node, "create_item", "add_item", "update_item")
            if not inner:
                hint = f"'{body.arg}' is what was sent. What is stored?"
                if "ItemRead" not in text_of(found[1].returns) and keyword(found[2], "response_model") is None:
                    hint = f"{hint} And which schema has an id? Look at the return type, too."
                return Told(where=found[0].at(node), hint=hint)
    return None


@reading("the answer shows more than the schema", "answers_hide_internal_fields", "other_answers_show_no_owner")
def shown_as_it_is(evidence: Evidence) -> Told | None:
    """FastAPI filters an answer by the schema that the endpoint names. Without a schema it sends everything it gets."""
    found = endpoint_of(evidence)
    if found is None:
        return None
    file, node, call = found
    model = keyword(call, "response_model")
    named = text_of(model if model is not None else node.returns)
    if re.search(r"\b(ItemRead|ItemWithOwner)\b", named):
        return None
    saw = f"{evidence.saw}; {node.name}() promises {named or 'nothing'}"
    shows = [
        other.name
        for other_file, other, verb, decorator in _routes(evidence)
        if other_file is file and other is not node and verb != "delete" and not other.name.startswith("to_do_")
        if text_of(keyword(decorator, "response_model") or other.returns) in (named, f"list[{named}]", f"List[{named}]")
    ]
    if shows and named:
        saw += f", and so {'does' if len(shows) == 1 else 'do'} {_joined([f'{name}()' for name in shows])}"
    elif shows:
        saw += f", nor {'does' if len(shows) == 1 else 'do'} {_joined([f'{name}()' for name in shows])}"
    place = model if model is not None else node.returns if node.returns is not None else node
    return Told(saw=saw, where=file.at(place), hint="Which schema says what a client may see?")


@reading("the work is done after the answer", *_ANSWERS, "error_reaches_the_client")
def after_the_answer(evidence: Evidence) -> Told | None:
    """Background tasks, and the lines after a dependency's yield, run when the client already has its answer."""
    if "before the COMMIT" not in evidence.saw:
        return None
    found = endpoint_of(evidence)
    tasks = calls(found[1], "add_task") if found else []
    if found and tasks:
        return Told(where=found[0].at(tasks[0]), hint="The client is told of success before it is sure.")
    for file in evidence.source.files():
        for node in file.functions:
            yields = [each for each in ast.walk(node) if isinstance(each, ast.Yield)]
            late = [each for each in calls(node, "commit") if yields and each.lineno > yields[0].lineno]
            if late:
                hint = "What follows the yield of a dependency runs after the answer. "
                hint += "Who can commit when the work is done, but before the answer?"
                return Told(where=file.at(late[0]), hint=hint)
    return None


@reading("offset and limit are not passed on correctly", "list_answers_items", "list_pages", "owner_is_in_the_answer")
def page_not_handed_on(evidence: Evidence) -> Told | None:
    """The numbers that the client sends must reach the function that makes the page, each as the right argument."""
    found = endpoint_of(evidence)
    if found is None or request_of(evidence)[0] != "get":
        return None
    chain = behind(evidence)
    named = [
        each for each in chain if each == chain[0] or {"offset", "limit"} <= {one.arg for one in each[1].args.args}
    ]
    for file, call in [(file, call) for file, node in named for call in calls(node, *_PAGES)]:
        if any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
            continue
        given = [text_of(each) for each in call.args if not re.search("db|session", text_of(each), re.I)]
        given += [f"{each.arg}={text_of(each.value)}" for each in call.keywords if each.arg not in ("db", "session")]
        words = " ".join(given)
        if "offset" not in words or "limit" not in words:
            return Told(where=file.at(call), hint=_where_the_page_ends(evidence, file, call))
        if re.search(r"[*/]", words):
            return Told(where=file.at(call), hint="What does offset count: items or pages?")
        if given in (["limit", "offset"], ["offset=limit", "limit=offset"]) or re.search(r"[-+%]", words):
            return Told(where=file.at(call), hint="Compare what is handed on with what the function takes.")
    return None


def _where_the_page_ends(evidence: Evidence, file: File, call: ast.Call) -> str:
    """What to ask about a call without offset or limit: another may have them, or the page is cut from its list."""
    around = next((each for each in reversed(file.functions) if call in ast.walk(each)), None)
    slices = [each for each in inside(around) if isinstance(each, ast.Slice)] if around is not None else []
    if any(re.search(r"\b(offset|limit)\b", text_of(each)) for each in slices):
        given = "the first 100 items" if len(call.args) + len(call.keywords) < 2 else "some of the items"
        return f"{name_of(call)}() gives {given} here, and the page is cut from these. Who can cut it before?"
    if around is not None and len(calls(around, *_PAGES)) > 1:
        asked = re.findall(r"\b(offset|limit)=", "".join(evidence.did[-1:]))
        lost = " and ".join(name for name in dict.fromkeys(asked) if name not in text_of(call)) or "page"
        return f"There are two calls here. Which one serves this request, and does it know the {lost}?"
    ends = [name for name in ("offset", "limit") if name not in text_of(call)]
    if len(ends) == 1:
        return f"{ends[0]} ends here: nobody hands it on."
    return "offset and limit end here: nobody hands them on."


@reading("another default for the page", "list_answers_items")
def other_default_page(evidence: Evidence) -> Told | None:
    """If the client says nothing, the page starts at the first item and has up to 100 items."""
    found = endpoint_of(evidence)
    if found is None or "without a limit" not in evidence.saw:
        return None
    values = _defaults(found[1])
    hint = "How long is a page where the client says nothing?"
    for each, value in values:
        if each.arg == "limit":
            named = [
                node for node in found[0].tree.body if isinstance(node, ast.Assign) and isinstance(value, ast.Name)
            ]
            places = [node for node in named if name_of(node.targets[0]) == name_of(value)]
            return Told(where=found[0].at(places[0] if places else each), hint=hint)
    said, place = _default_elsewhere(evidence, found[1]), parameter_of(evidence, ("limit",))
    where = said or (place[0].at(place[1]) if place else "")
    return Told(where=where, hint=hint) if where else None


def _defaults(node: Function) -> list[tuple[ast.arg, ast.expr | None]]:
    """The parameters of a function that have a default, or may be given by name alone, and their defaults."""
    values: list[tuple[ast.arg, ast.expr | None]] = [*zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    return [*values, *zip(node.args.args[::-1], node.args.defaults[::-1], strict=False)]


def _default_elsewhere(evidence: Evidence, node: Function) -> str:
    """Where what an endpoint depends on gives ``limit`` a default: a function, or a class; empty where nothing does."""
    functions = behind(evidence)[1:]
    for name in re.findall(r"\w+", text_of(node.args)):
        class_ = evidence.source.class_(name)
        for each in class_[1].body if class_ and class_[0].name not in evidence.given else ():
            if class_ and isinstance(each, Function):
                functions.append((class_[0], each))
            elif class_ and isinstance(each, ast.AnnAssign) and name_of(each.target) == "limit" and each.value:
                return class_[0].at(each)
    for file, function in functions:
        for parameter, value in _defaults(function):
            if parameter.arg == "limit" and value is not None:
                return file.at(parameter)
    return ""


# -- sessions -----------------------------------------------------------------------------------------


@reading("a session that nobody closes", *_LEAKS)
def own_session_left_open(evidence: Evidence) -> Told | None:
    """A session that you open must always be closed: with a with block, or in a finally."""
    own = [file for file in evidence.source.files() if file.name not in evidence.given]
    if evidence.rule == "session_is_rolled_back_on_error" and "still out of the pool" not in evidence.saw:
        return None
    for file in own:
        for call in calls(file.tree, "SessionLocal", "Session", "connect", "next"):
            of_get_db = name_of(call) == "next" and "get_db" in text_of(call)
            if name_of(call) == "next" and not of_get_db:
                continue
            place, hint = _who_closes(file, call)
            if hint == _WHO_CLOSES and evidence.rule == "session_is_rolled_back_on_error":
                hint = "You opened this session yourself. Who closes it, after a success and after a crash?"
            if hint and of_get_db:
                hint = (
                    "next() takes the session out of get_db, which ends with that: nothing closes what is done with it "
                )
                hint += "afterwards. What does Depends want to be given?"
            if hint:
                return Told(where=file.at(place), hint=hint)
    return None


def _who_closes(file: File, call: ast.Call) -> tuple[ast.Call, str]:
    """The place to look at, and what to ask about a session that is opened here; nothing where it is surely closed."""
    around = [each.items for each in file.nodes if isinstance(each, ast.With)]
    if any(call in ast.walk(item.context_expr) for items in around for item in items):
        return call, ""
    function = next((each for each in reversed(file.functions) if call in ast.walk(each)), None)
    tries = [each for each in ast.walk(function) if isinstance(each, ast.Try)] if function is not None else []
    last = [each for one in tries for each in one.finalbody]
    if any(calls(each, "close", "remove") for each in last):
        return call, ""
    other = [one for each in last for one in calls(each, "rollback", "commit", "expunge_all")]
    if other:
        return other[0], "This ends the transaction. Does it close the session, too?"
    closed = calls(function, "close", "remove") if function is not None else []
    if closed and closed[-1].lineno > call.lineno:
        return closed[-1], "After which answers, or errors, is this line not reached?"
    if any(each.value is call for each in file.tree.body if isinstance(each, ast.Assign)):
        return call, "This is opened once, when the file is imported; all requests share it, and nobody closes it."
    return call, _WHO_CLOSES


@reading("the item belongs to another session", "patch_keeps_omitted_fields", "delete_answers_204", "update_persists")
def other_session(evidence: Evidence) -> Told | None:
    """An object belongs to the session that loaded it. Another session cannot save or refresh it."""
    raised = evidence.raised_kind("InvalidRequestError")
    if raised is None or not re.search(r"not persistent within|already attached", raised.message):
        return None
    saw = f"a crash: {raised.kind}: the item came from another session than this one"
    for file, node in behind(evidence):
        opened = calls(node, "SessionLocal", "Session")
        opened += [each for each in calls(node, "next") if "get_db" in text_of(each)]
        if opened:
            hint = "The item comes from this session, and is to be changed in another."
            return Told(saw=saw, where=file.at(opened[0]), hint=hint)
    hint = "The session in this line does not know this item. Where does the item come from?"
    return Told(saw=saw, where=innermost(raised, evidence.given), hint=hint)
