"""In the child: which endpoint a request reaches, and what there is behind it."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from functools import cache

from grader.diagnosis.evidence import Evidence
from grader.diagnosis.source import (
    File,
    Function,
    Source,
    arguments_of,
    calls,
    decorators,
    defaults_of,
    depended_on,
    first_line,
    handed,
    inside,
    keyword,
    name_of,
    text_of,
)

_METHODS = "get", "post", "put", "patch", "delete", "api_route", "head", "options"
_REQUEST = re.compile(r"\b(GET|POST|PATCH|DELETE|PUT) (/\S*)")
_BODY = re.compile(r"Create|Update|dict|Dict|Any\b|Item\b|Request|Event|Body|BaseModel")
_OF_CLASSES = "__init__", "__call__", "__enter__", "__exit__"  # what runs of a class that somebody depends on


def request_of(evidence: Evidence) -> tuple[str, str]:
    """Method and path of the last request, ``("get", "/items/3")``; empty where there was none."""
    found = [request for line in evidence.did for request in _REQUEST.findall(line)]
    return (found[-1][0].lower(), found[-1][1].partition("?")[0]) if found else ("", "")


def routes_of(evidence: Evidence) -> Iterator[tuple[File, Function, str, ast.Call]]:
    """Every endpoint: its file, the function, the method, and the call that decorates it."""
    for file in evidence.source.files():
        for node in file.functions if file.mentions("@") else ():
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and name_of(decorator) in _METHODS:
                    yield file, node, name_of(decorator), decorator


def path_of(call: ast.Call) -> str:
    """The path that a route's decorator names; empty where that is no text."""
    path = call.args[0] if call.args else keyword(call, "path")
    return str(path.value) if isinstance(path, ast.Constant) else ""


def fits(pattern: str, path: str) -> bool:
    """Whether a path is one of a route's; what stands before it, a prefix, may be said elsewhere."""
    parts = [re.escape(part) if not re.match(r"\{.*\}", part) else "[^/]+" for part in pattern.strip("/").split("/")]
    return re.search(f"(^|/){'/'.join(parts)}$" if parts != [""] else r"^[^/]*$", path.strip("/")) is not None


def endpoint_of(evidence: Evidence) -> tuple[File, Function, ast.Call] | None:
    """The endpoint that answered the last request, or was meant for it, and the call that makes it one.

    If it only hands on what it gets to a function beside it, it is as if the statements of that stood in it.
    """
    found = _endpoint_of(evidence)
    return (found[0], evidence.source.whole(*found[:2], evidence.given), found[2]) if found is not None else None


def _endpoint_of(evidence: Evidence) -> tuple[File, Function, ast.Call] | None:
    method, path = request_of(evidence)
    answered = _answered(evidence, method) if method else None
    if answered is not None or not method:
        return answered
    fitting = [
        (len(path_of(call).split("/")), file, node, call)
        for file, node, verb, call in routes_of(evidence)
        if verb == method and fits(path_of(call), path) and not node.name.startswith("to_do_")
    ]
    best = max(fitting, key=lambda each: (each[0], "{" not in path_of(each[3])), default=None)
    return (best[1], best[2], best[3]) if best else None


def _answered(evidence: Evidence, method: str) -> tuple[File, Function, ast.Call] | None:
    """The endpoint that answered, as the app has routed the request."""
    name, _, line = evidence.endpoint.rpartition(":")
    file = evidence.source.file(name)
    for node in file.functions if name else ():
        if line != str(first_line(node)):
            continue
        made = [each for each in node.decorator_list if isinstance(each, ast.Call) and name_of(each) in _METHODS]
        fitting = [each for each in made if name_of(each) in (method, "api_route")]
        if node.name.startswith("to_do_") or (made and not fitting):
            return None
        if fitting:
            return file, node, fitting[0]
        registered = registered_at(evidence, node)
        if registered is not None:
            return file, node, _moved(registered[1], node.lineno) if registered[0] is not file else registered[1]
        return file, node, ast.Call(ast.Name(method), [], [], lineno=node.lineno)
    return None


def registered_at(evidence: Evidence, node: Function) -> tuple[File, ast.Call] | None:
    """The call that gives an endpoint to the router, where no decorator does: ``router.add_api_route("/", node)``.

    If no call names it, it is the only one that gives the router what a variable stands for, in a loop or a helper.
    """
    by_variables: list[tuple[File, ast.Call]] = []
    for file in evidence.source.files():
        for call in file.calls("add_api_route", "add_route", *_METHODS):
            passed = [*call.args, *(each.value for each in call.keywords)]
            said = call.func if isinstance(call.func, ast.Call) else call
            if any(name_of(each) == node.name for each in passed):
                return file, said
            given = keyword(call, "endpoint") or (call.args[1] if name_of(call) in _ADDS and call.args[1:] else None)
            given = call.args[0] if said is not call and call.args else given
            whole = any(isinstance(each, ast.Starred) for each in said.args) or not all(k.arg for k in said.keywords)
            known = evidence.source.function(name_of(given)) if given is not None and name_of(given) else None
            if given is not None and known is None and not whole and file.name not in evidence.given:
                by_variables.append((file, said))
    for held in [evidence.source.function(name) for name, _ in decorators(node) if name]:
        made = calls(held[1], "api_route") if held is not None else []
        by_variables += [(held[0], call) for call in made if held is not None]
    return by_variables[0] if len(by_variables) == 1 else None


def handlers_of(evidence: Evidence) -> list[tuple[File, ast.AST, str]]:
    """What answers for exceptions: the learner's functions and lambdas, each with the name of what it handles.

    A decorator says so, or ``add_exception_handler``, or a dictionary or a tuple that goes there in a loop.
    """
    found: list[tuple[File, ast.AST, str]] = []
    own = [line for each in own_files(evidence) for line in each.lines]
    named = any(_TO_HANDLE in line or "exception_handlers" in line for line in own)
    for file in evidence.source.files():
        for node in file.functions if file.mentions("exception_handler") else ():
            made = [each for name, each in decorators(node) if name == "exception_handler"]
            found += [(file, node, text_of(each.args[0])) for each in made if isinstance(each, ast.Call) and each.args]
        adding = file.calls(_TO_HANDLE)
        pairs = [(call.args[0], call.args[1]) for call in adding if len(call.args) == 2]
        for each in file.nodes if named else ():
            if isinstance(each, ast.Dict):
                pairs += [(key, value) for key, value in zip(each.keys, each.values, strict=True) if key is not None]
            elif isinstance(each, ast.Tuple) and len(each.elts) == 2:
                pairs.append((each.elts[0], each.elts[1]))
        for key, value in pairs:
            name = name_of(value) if isinstance(value, ast.Name | ast.Attribute) else ""
            handler = evidence.source.function(name) if name else None
            if handler is not None and len(handler[1].args.args) == 2:
                found.append((*handler, text_of(key)))
            elif isinstance(value, ast.Lambda) and len(value.args.args) == 2:
                found.append((file, value, text_of(key)))
    return [(file, node, kind.rpartition(".")[2]) for file, node, kind in found]


_TO_HANDLE = "add_exception_handler"


def own_files(evidence: Evidence) -> list[File]:
    """The files that are not as the chapter gave them."""
    return [file for file in evidence.source.files() if file.name not in evidence.given]


_ADDS = "add_api_route", "add_route"


def _moved(call: ast.Call, line: int) -> ast.Call:
    """A call that stands in another file, as if all of it stood in this line."""
    moved = copy.deepcopy(call)
    for each in ast.walk(moved):
        if hasattr(each, "lineno"):
            vars(each)["lineno"] = line
    return moved


def route_at(evidence: Evidence, place: str) -> str:
    """The last request, ``get /items/3``, if a place is in the endpoint that is meant for it; else empty."""
    found, (file, _, line) = endpoint_of(evidence), place.rpartition(":")
    if found is None or found[0].name != file:
        return ""
    first = first_line(found[1])
    body = range(found[1].body[0].lineno, (found[1].body[-1].end_lineno or 0) + 1)
    within = int(line) in body or first <= int(line) <= (found[1].end_lineno or 0)
    return " ".join(request_of(evidence)) if within else ""


def behind(evidence: Evidence) -> list[tuple[File, Function]]:
    """The endpoint of the last request, what it depends on, what decorates it, and the functions that it calls.

    Not those of ``app/crud.py``, which have rules of their own.
    """
    found = endpoint_of(evidence)
    chain: list[tuple[File, Function]] = [found[:2]] if found else []
    for file, node in chain:  # which grows meanwhile
        for name, module in _led_to(evidence.source, evidence.given, file, node):
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


@cache
def _led_to(source: Source, given: frozenset[str], file: File, node: Function) -> list[tuple[str, str]]:
    """Names of the functions that a function depends on, is decorated with, or calls; and their file, if named."""
    aliases = {each.id for each in ast.walk(node.args) if isinstance(each, ast.Name)}
    words = [text_of(node.args), *map(text_of, node.decorator_list)]
    for other in [each for each in source.files() if any(map(each.binds, aliases))]:
        bound = [each for each in other.tree.body if isinstance(each, ast.Assign)]
        words += [text_of(each.value) for each in bound if name_of(each.targets[0]) in aliases]
    known = {each.name for each in (*file.functions, *file.classes)} | imported(file) | {"self", "cls"}
    made = [each for each in inside(node) if isinstance(each, ast.Call)]
    called = [each.func for each in (*made, *filter(None, map(handed, made)))]
    decorating = [getattr(each, "func", each) for each in node.decorator_list]
    found = [(name, "") for name in depended_on(" ".join(words))]
    objects = {each.arg for each in (*node.args.args, *node.args.kwonlyargs)} | _entered(node)
    objects -= {"self", "cls", "db", "session"}
    for each in (*called, *decorating):
        inner = each.value if isinstance(each, ast.Attribute) else each
        if isinstance(each, ast.Attribute) and isinstance(inner, ast.Name) and inner.id in objects:
            found += [(each.attr, file.name) for file in _with_method(source, given, each.attr)]
        if not isinstance(inner, ast.Name) or inner.id not in known or name_of(each) in _METHODS:
            continue
        module = "" if inner is each or inner.id in ("self", "cls") else f"app/{inner.id}.py"
        if not module or source.file(module).functions:
            found.append((name_of(each), module))
    return found


def _entered(node: Function) -> set[str]:
    """The names that a function has for what it enters: ``work`` of ``with UnitOfWork(db) as work``."""
    blocks = [item for each in ast.walk(node) if isinstance(each, ast.With) for item in each.items]
    return {each.optional_vars.id for each in blocks if isinstance(each.optional_vars, ast.Name)}


def _with_method(source: Source, given: frozenset[str], name: str) -> list[File]:
    """The files of the learner's own with a class that has a method of this name: ``service.create(...)``."""
    own = [file for file in source.files() if file.name not in given and file.has_function(name)]
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
        if any(each in words for each in ("Depends", "Query", "Path")) or words.startswith(("Db", "Session", "Found")):
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


# -- parameters ---------------------------------------------------------------------------------------


def alias_of(evidence: Evidence, annotation: ast.expr | None) -> tuple[File, ast.stmt] | None:
    """Where the name of a parameter's type is bound, ``Limit = Annotated[...]``."""
    name = annotation.id if isinstance(annotation, ast.Name) else ""
    for file in evidence.source.files() if name else ():
        if isinstance(node := file.bound(name), ast.Assign | ast.AnnAssign):
            return file, node
    return None


LOOKED_UP = "A client does not send this: the id in the path says which item is meant. Which function looks it up, and "
LOOKED_UP += "how does an endpoint get what that returns?"


def row_asked_for(evidence: Evidence, node: Function, verb: str, path: str) -> ast.arg | None:
    """The parameter by which an endpoint asks the client for the row that its path names: ``item: Item``."""
    found = []
    for each in (*node.args.args, *node.args.kwonlyargs) if "{" in path else ():
        alias = alias_of(evidence, each.annotation)
        words = text_of(getattr(alias[1], "value", None) if alias else each.annotation)
        asked = not re.search(r"\bDepends\(", f"{words} {text_of(defaults_of(node).get(each.arg))}")
        if asked and any(evidence.source.class_(name) for name in re.findall(r"\w+", words)):
            found.append((bool(re.search("Create|Update", words)), each))
    body = 0 if verb in ("get", "delete") else 1  # which the client does send
    return min(found, key=lambda each: each[0])[1] if len(found) > body else None


def parameter_of(evidence: Evidence, names: tuple[str, ...]) -> tuple[File, ast.AST, str] | None:
    """Where it is said what a parameter of the endpoint, or of what it depends on, may be; and its name."""
    for file, node in behind(evidence):
        for each in (*node.args.args, *node.args.kwonlyargs):
            if each.arg in names:
                alias_place = alias_of(evidence, each.annotation)
                others = {*arguments_of(node)} - {each.arg}
                if alias_place and name_of(each.annotation).lower() not in others:  # limit: Offset
                    return *alias_place, each.arg
                return file, each, each.arg
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
    alias = alias_of(evidence, parameter.annotation)
    words = text_of(getattr(alias[1], "value", None) if alias else parameter.annotation)
    for name in re.findall(r"\w+", words):
        class_ = evidence.source.class_(name)
        for each in class_[1].body if class_ and class_[0].name not in evidence.given else ():
            arguments = [*each.args.args, *each.args.kwonlyargs] if isinstance(each, Function) else []
            declared = [each.target] if isinstance(each, ast.AnnAssign) else arguments
            for one in declared:
                called = one.arg if isinstance(one, ast.arg) else name_of(one)
                if class_ and called in names and called != "id":
                    alias_place = alias_of(evidence, getattr(each, "annotation", getattr(one, "annotation", None)))
                    return (*alias_place, called) if alias_place else (class_[0], one, called)
    return None
