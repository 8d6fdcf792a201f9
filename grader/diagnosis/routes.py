"""In the child: mistakes in endpoints, for all chapters that have the learner write some."""

from __future__ import annotations

import ast
import difflib
import re
from http import HTTPStatus
from typing import Any

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.crud import (
    end_here,
    made_of,
    number_behind,
    page_asked,
    page_misplaced,
    page_sent,
    reached,
    unlike_the_page,
)
from grader.diagnosis.endpoints import (
    behind,
    body_parameter,
    endpoint_of,
    fits,
    handlers_of,
    imported,
    own_files,
    parameter_of,
    path_of,
    registered_at,
    request_of,
    routes_of,
)
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.names import is_of_the_lesson
from grader.diagnosis.pages import number_of
from grader.diagnosis.reading import Told, an, reading
from grader.diagnosis.source import (
    File,
    Function,
    arguments_of,
    calls,
    decorators,
    giving,
    inside,
    keyword,
    name_of,
    text_of,
)

UNKNOWN = "get_unknown_is_404", "patch_unknown_is_404", "delete_unknown_is_404", "unknown_item_is_404"
ANSWERS = (
    *("create_answers_201", "read_answers_the_item", "list_answers_items", "patch_keeps_omitted_fields"),
    *("delete_answers_204", "answers_202", "owner_is_in_the_answer", "the_rest_still_works", "batch_is_all_or_nothing"),
)
_CRUD = (
    *("create_persists", "update_persists", "update_keeps_omitted_fields", "update_null_clears", "delete_persists"),
    *("update_empty_string_is_a_value", "get_returns_the_item", "list_pages"),
)
INVALID = "bad_body_is_422", "patch_null_name_is_422"
_BRANCHES = ast.If | ast.IfExp | ast.ExceptHandler | ast.Match
LOOKUPS = "get_item", "get", "get_one", "first", "one_or_none", "scalar", "scalar_one_or_none", "next"
_WHO_CLOSES = "Who closes this, after a success, after a 404, and after a crash?"
_OPENED_ONCE = "This runs once, when the file is imported: all requests share the session, and nobody closes it."
_PAGES = "list_items", "list_items_with_owner"
_DUMPS = "model_dump", "dict", "jsonable_encoder"
_LEAKS = (
    *("sessions_close_after_every_answer", "session_is_closed_after_the_answer", "task_session_is_closed"),
    "session_is_rolled_back_on_error",
)


# -- no route -----------------------------------------------------------------------------------------


@reading("the router is not included", *ANSWERS)
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
    included = main.calls("include_router")
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
    loops = [each for each in main.nodes if isinstance(each, ast.For) and calls(each, "include_router")]
    turns = [each for each in loops if stem and re.search(rf"\b{stem}\b", text_of(each.iter))]
    if turns:
        hint = f"This line runs for {stem}, too. Which router does it include then?"
        return calls(turns[0], "include_router")[0], hint
    if about:
        end = min([number for number in comments if number > about[0]], default=len(main.lines) + 1)
        call = next((each for each in included if about[0] < each.lineno < end), None)
        if call is not None and stem and not any(stem in text_of(each) for each in call.args):
            hint = (
                f"This line includes {', '.join(map(text_of, call.args))}. Which router has the path that is missing?"
            )
        return call or about[0], hint
    made = main.calls("FastAPI")
    idle = _imported_for_nothing(main, stem)
    if included and routes and idle is not None:
        return idle, f"This line imports {stem}, and no line uses it. Who tells the app of {routes}?"
    if included and routes:
        return included[-1], f"Look at what this file imports, and what it includes. Who tells the app of {routes}?"
    place = [*included, *made]
    return place[0] if place else 1, hint


def _imported_for_nothing(main: File, stem: str) -> ast.AST | None:
    """The line that imports the module of a router, where main.py never says its name again."""
    names = {each.id for each in main.nodes if isinstance(each, ast.Name)}
    imports = [each for each in main.tree.body if isinstance(each, ast.ImportFrom)]
    idle = [each for each in imports if any((one.asname or one.name) == stem for one in each.names)]
    return idle[0] if idle and stem not in names else None


def _is_included(main: File, routes: File) -> bool:
    """Whether main.py includes the router of another file, by whatever name it imports that."""
    stem = routes.name.rpartition("/")[2].removesuffix(".py")
    names = {stem}
    for node in main.nodes:
        if isinstance(node, ast.ImportFrom | ast.Import):
            module = getattr(node, "module", "") or ""
            named = [each for each in node.names if stem in (each.name.rpartition(".")[2], module.rpartition(".")[2])]
            names |= {each.asname or each.name for each in named}
    given = [text_of(argument) for call in main.calls("include_router") for argument in call.args]
    return any(name in re.findall(r"\w+", words) for name in names for words in given) or not given


@reading("the route belongs to an object that is not included", *ANSWERS, "bad_paging_is_422")
def route_of_another_object(evidence: Evidence) -> Told | None:
    """A route answers only if the app has it: by the router that the app includes, or by the app itself."""
    main, endpoint = evidence.source.file("app/main.py"), endpoint_of(evidence)
    unanswered = "has no route" in evidence.saw or evidence.saw.startswith("405")
    call = endpoint[2] if endpoint is not None and unanswered else None
    owner = call.func.value if call is not None and isinstance(call.func, ast.Attribute) else None
    if endpoint is None or call is None or not isinstance(owner, ast.Name) or endpoint[0] is main:
        return None
    file = endpoint[0]
    bound = {name: getattr(each, "value", None) for name, each in file.bindings.items()}
    made = {name: name_of(each) for name, each in bound.items() if isinstance(each, ast.Call)}
    others = [name for name, kind in made.items() if kind == "APIRouter" and name != owner.id]
    including = [one for each in evidence.source.files() for one in each.calls("include_router", "mount")]
    included = [text_of(argument) for each in including for argument in each.args]
    if not others or made.get(owner.id) not in ("FastAPI", "APIRouter") or not included:
        return None
    if any(owner.id in re.findall(r"\w+", each) for each in included):
        return None
    told = f"{endpoint[1].name}() belongs to '{owner.id}', which the app does not include"
    saw = f"{evidence.saw.partition(': the app')[0]}: {told}"
    hint = f"'{owner.id}' is an object of this file alone. Which object does main.py include?"
    return Told(saw=saw, where=file.at(call), hint=hint)


@reading("two routers under one name", *ANSWERS)
def router_name_taken(evidence: Evidence) -> Told | None:
    """If two imports bind the same name, the later one counts: the first router no longer has a name."""
    main = evidence.source.file("app/main.py")
    used = [call.lineno for call in main.calls("include_router")]
    taken: dict[str, str] = {}
    own = [each for each in main.tree.body if isinstance(each, ast.ImportFrom) and _is_own(each)]
    for module, each in [(one.module or "", each) for one in own for each in one.names]:
        name, home = each.asname or each.name, f"{module}.{each.name}"
        router = "has no route" in evidence.saw and (each.name == "router" or module.endswith("routes"))
        if router and taken.setdefault(name, home) != home and used and each.lineno < min(used):
            hint = f"Two imports bind the name {name}. Which of the two does it stand for below?"
            return Told(where=main.at(each), hint=hint)
    return None


def _is_own(node: ast.ImportFrom) -> bool:
    """Whether something is imported from the learner's own package."""
    return bool(node.level) or (node.module or "").partition(".")[0] == "app"


@reading("the router is included too late", *ANSWERS)
def included_too_late(evidence: Evidence) -> Told | None:
    """An app knows the paths of a router only once it has included the router."""
    main, endpoint = evidence.source.file("app/main.py"), endpoint_of(evidence)
    stem = endpoint[0].name.rpartition("/")[2].removesuffix(".py") if endpoint else ""
    if "has no route" not in evidence.saw or not stem:
        return None
    meant = [each for each in main.calls("include_router") if re.search(rf"\b{stem}\b", text_of(each))]
    around = [node for node in main.functions if any(each in inside(node) for each in meant)]
    yields = [each.lineno for node in around for each in inside(node) if isinstance(each, ast.Yield)]
    if len(meant) != 1 or len(around) != 1 or (yields and meant[0].lineno < yields[0]):
        return None
    hint = "When does this line run, and when does the app need to know the router?"
    return Told(saw=evidence.saw.partition(";")[0], where=main.at(meant[0]), hint=hint)


@reading("the prefix is there twice", *ANSWERS, "bad_body_is_422", "bad_paging_is_422")
def prefix_twice(evidence: Evidence) -> Told | None:
    """FastAPI joins the prefix of include_router(), the prefix of the router and the path of the route."""
    _, path = request_of(evidence)
    first = path.strip("/").split("/")[0]
    named_twice = "Duplicated param name" in evidence.saw
    if not named_twice and ("has no route" not in evidence.saw or f"/{first}/{first}" not in evidence.saw):
        return _prefix_too_many(evidence, path)
    for file in evidence.source.files():
        for call in (*file.calls("include_router"), *file.calls("APIRouter")):
            prefix = keyword(call, "prefix")
            if prefix is not None and (not named_twice or "{" in text_of(prefix)):
                return Told(where=file.at(call), hint=_too_many(evidence, call))
    return None


def _prefix_too_many(evidence: Evidence, path: str) -> Told | None:
    """What there is to say of a prefix without which the app would have a route for what was asked."""
    method = request_of(evidence)[0].upper()
    if "has no route" not in evidence.saw:
        return None
    known = re.findall(r"([A-Z]+) (/\S*?)(?:,|$)", evidence.saw.partition("its routes: ")[2])
    for file in evidence.source.files():
        for call in file.calls("include_router", "APIRouter") if file.name not in evidence.given else ():
            said = keyword(call, "prefix")
            prefix = said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else ""
            rest = [each.removeprefix(prefix) for verb, each in known if verb == method and each.startswith(prefix)]
            if prefix and any(each.count("/") == path.count("/") and fits(each, path) for each in rest):
                return Told(where=file.at(call), hint=_too_many(evidence, call))
    return None


def _too_many(evidence: Evidence, call: ast.Call) -> str:
    """What to ask about a prefix that is one too many."""
    routers = [each for file in evidence.source.files() for each in file.calls("APIRouter")]
    if name_of(call) == "include_router" and any(keyword(each, "prefix") is not None for each in routers):
        return "A router has a prefix of its own already. What do the two make together?"
    return "The routes have their whole paths already. What does this prefix add?"


def _likeness(pattern: str, path: str) -> float:
    """How much alike the paths of a route and of a request are."""
    one, other = (re.sub(r"\{\w+\}|\d+", "{}", each).strip("/") for each in (pattern, path))
    return difflib.SequenceMatcher(None, one, other).ratio()


# An id without both braces, or as other frameworks write it: /items/item_id, /items/:item_id, /items/<int:item_id>.
_SAID_AS_A_WORD = re.compile(r"/([:<(\[${]?(?:int:)?)(\w*id|pk)\b[>)\]}]?(/|$)")


@reading("another method or path", *ANSWERS, "input_is_validated", "bad_paging_is_422")
def other_route(evidence: Evidence) -> Told | None:
    """A request reaches an endpoint only if both method and path match exactly."""
    if "has no route" not in evidence.saw and not evidence.saw.startswith("405"):
        return None
    if endpoint_of(evidence):
        found = _but_for_a_slash(evidence) or _joined_without_a_slash(evidence) or _without_its_beginning(evidence)
        return found or _with_another_beginning(evidence) or _another_path_with_its_prefix(evidence)
    method, path = request_of(evidence)
    routes = [each for each in routes_of(evidence) if not each[1].name.startswith("to_do_")]
    again = _declared_again(evidence, routes)
    if again is not None:
        return again
    same_path = [each for each in routes if fits(path_of(each[3]), path) and each[2] != method]
    same_method = [each for each in routes if each[2] == method]
    same_method = [each for each in same_method if each[0].name not in evidence.given] or same_method
    without_braces = [each for each in same_method if fits(_SAID_AS_A_WORD.sub(r"/{\2}\3", path_of(each[3])), path)]
    for file, node, verb, call in without_braces[:1]:
        told = f"{node.name}() answers {verb.upper()} {path_of(call)}"
        hint = f"In this path {re.findall(_SAID_AS_A_WORD, path_of(call))[-1][1]} is a word like any other. "
        hint += "How does a path say that a part of it varies?"
        return Told(saw=f"{evidence.saw.partition(': the app')[0]}: {told}", where=file.at(call), hint=hint)
    # What answers a request of its own is right as it is.
    same_method = [each for each in same_method if not _is_of_a_task(each[2], path_of(each[3]))]
    same_method = [each for each in same_method if _may_be_meant(each[1], path_of(each[3]), method, path)]
    same_method.sort(key=lambda each: _likeness(path_of(each[3]), path), reverse=True)
    # One path has several methods only where it is that of the items themselves.
    of_all = {"get", "post"} if re.fullmatch(r"/items/?", path) else {"get", "patch", "delete"}
    of_all = of_all if path.strip("/").count("/") < 2 else set()
    bare = _without_a_decorator(evidence) if not same_path else None
    if bare is not None:
        return bare
    taken = of_all - {method} if re.match(r"/items(/|$)", path) else set()
    for file, node, verb, call in [each for each in same_path if each[2] not in taken] or same_method[:1]:
        told = f"{node.name}() answers {verb.upper()} {path_of(call)}"
        return Told(
            saw=f"{evidence.saw.partition(': the app')[0]}: {told}",
            where=file.at(call),
            hint="Compare method and path.",
        )
    if evidence.saw.startswith("405"):
        hint = "405 means that the app knows this path, but no function that answers this method there. Which of your "
        return Told(hint=f"{hint}functions should, and which line tells the app of it?")
    return None


@reading("two routes under one key of a dictionary", *ANSWERS)
def replaced_in_a_table(evidence: Evidence) -> Told | None:
    """A dictionary keeps one value for each key: of two routes with the same key the later one is left."""
    named = _NAMED_AS.get(request_of(evidence)[0], "nothing")
    answering = endpoint_of(evidence)
    unknown = "has no route" in evidence.saw or evidence.saw.startswith("405")
    if not unknown and (answering is None or re.match(named, answering[1].name)):
        return None
    found: list[Told] = []
    for file in own_files(evidence):
        for keys in _keys_in_turn(file):
            first: dict[str, tuple[ast.expr, ast.expr]] = {}
            for key, value in keys:
                above = first.get(text_of(key))
                first[text_of(key)] = key, value
                lost = sorted(_functions_in(file, above[1]) - _functions_in(file, value)) if above else []
                if above is None or not lost or (not unknown and not any(re.match(named, each) for each in lost)):
                    continue
                saw = f"{evidence.saw.partition(': the app')[0]}; no route leads to {lost[0]}()"
                hint = f"A dictionary keeps one value for each key, the last one. Line {above[0].lineno} has this key, "
                found.append(Told(saw=saw, where=file.at(key), hint=f"{hint}too. What happens to its value?"))
    return found[0] if len(found) == 1 else None


def _keys_in_turn(file: File) -> list[list[tuple[ast.expr, ast.expr]]]:
    """The keys and values of each dictionary of a file, in their order; also those that are set one by one."""
    named: dict[str, list[tuple[ast.expr, ast.expr]]] = {}
    found: list[list[tuple[ast.expr, ast.expr]]] = []
    for each in file.nodes:
        if isinstance(each, ast.Dict):
            pairs = zip(each.keys, each.values, strict=True)
            found.append([(key, value) for key, value in pairs if key is not None])
        elif isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Subscript):
            target = each.targets[0]
            named.setdefault(text_of(target.value), []).append((target.slice, each.value))
    return [*found, *(sorted(each, key=lambda pair: pair[0].lineno) for each in named.values())]


def _functions_in(file: File, node: ast.expr) -> set[str]:
    """The names of a file's own functions, or of those that it imports, that stand in an expression."""
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return names & ({each.name for each in file.functions} | imported(file))


_OF_THE_TASKS = {
    "post": ("/items/", "/items-uow", "/items-uow/batch", "/items/1/events"),
    "get": ("/items/", "/items/1", "/items-with-owner/"),
    **dict.fromkeys(("patch", "delete"), ("/items/1",)),
}


_NAMED_AS = {"post": "create|add|post|record", "get": "get|list|read|show", "patch": "update|patch", "delete": "delete"}


def _is_of_a_task(method: str, written: str) -> bool:
    """Whether a task of some chapter asks for a route like this one; its router may have a prefix."""
    return any(fits(written, path) for path in _OF_THE_TASKS.get(method, ()))


def _may_be_meant(node: Function, written: str, method: str, path: str) -> bool:
    """Whether a route may be one for a request, by its path or its name; one of the learner's own, /health, is not."""
    words = filter(None, re.split(r"[/_-]", written))
    named = re.match(_NAMED_AS.get(method, ""), node.name) is not None
    return named or _likeness(written, path) >= _ALIKE or any(map(is_of_the_lesson, words))


_ALIKE = 0.5


def _without_a_decorator(evidence: Evidence) -> Told | None:
    """What there is to say of the one function beside the routes that is named as one, and has no decorator."""
    found, named = [], _NAMED_AS.get(request_of(evidence)[0], "")
    for file in [each for each in own_files(evidence) if each.name.startswith("app/routes/")]:
        read = {each.id for each in file.nodes if isinstance(each, ast.Name)}
        tops = [each for each in file.tree.body if isinstance(each, Function)]
        bare = [each for each in tops if not each.decorator_list and each.name not in read]
        found += [(file, each) for each in bare if named and re.match(named, each.name) and "404" not in each.name]
    if len(found) != 1:
        return None
    file, node = found[0]
    saw = f"{evidence.saw.partition(': the app')[0]}: no path leads to {node.name}()"
    return Told(saw=saw, where=file.at(node), hint="Nothing says which method and path this function answers.")


def _declared_again(evidence: Evidence, routes: list[tuple[File, Function, str, ast.Call]]) -> Told | None:
    """What there is to say of the one endpoint whose method and path another one above it has already."""
    first: dict[tuple[str, str, str], Function] = {}
    found: list[Told] = []
    for file, node, verb, call in routes:
        above = first.setdefault((file.name, verb, path_of(call)), node)
        if above is not node and file.name not in evidence.given:
            told = f"{node.name}() is for {verb.upper()} {path_of(call)}, and so is {above.name}() above it"
            saw = f"{evidence.saw.partition(': the app')[0]}: {told}"
            found.append(Told(saw=saw, where=file.at(call), hint="Which method and path are for this function?"))
    return found[0] if len(found) == 1 else _answered_elsewhere(evidence, routes)


def _answered_elsewhere(evidence: Evidence, routes: list[tuple[File, Function, str, ast.Call]]) -> Told | None:
    """What there is to say of the one endpoint whose method and path are those of another in a file that was given."""
    given = {(verb, path_of(call)): (file, node) for file, node, verb, call in routes if file.name in evidence.given}
    found = [each for each in routes if each[0].name not in evidence.given and (each[2], path_of(each[3])) in given]
    prefixes = [keyword(call, "prefix") for file in evidence.source.files() for call in file.calls(*_ROUTERS)]
    if len(found) != 1 or any(prefixes):
        return None
    file, node, verb, call = found[0]
    other, above = given[verb, path_of(call)]
    told = f"{node.name}() is for {verb.upper()} {path_of(call)}, and so is {above.name}() of {other.name}"
    saw = f"{evidence.saw.partition(': the app')[0]}: {told}"
    return Told(saw=saw, where=file.at(call), hint="Which method and path are for this function?")


_ROUTERS = "APIRouter", "include_router"


def _but_for_a_slash(evidence: Evidence) -> Told | None:
    """What there is to say of an endpoint whose path has a slash at its end, or none, where what was asked differs."""
    found, (method, path) = endpoint_of(evidence), request_of(evidence)
    written = path_of(found[2]) if found else ""
    if found is None or not written or written.endswith("/") is path.partition("?")[0].endswith("/"):
        return None
    told = f"{found[1].name}() answers {method.upper()} {written}"
    saw = f"{evidence.saw.partition(': the app')[0]}: {told}"
    return Told(saw=saw, where=found[0].at(found[2]), hint="Compare the ends of the two paths, letter by letter.")


def _joined_without_a_slash(evidence: Evidence) -> Told | None:
    """What there is to say of an endpoint whose path has no slash at its beginning."""
    found = endpoint_of(evidence)
    written = path_of(found[2]) if found else ""
    return _another_path_with_its_prefix(evidence) if written and not written.startswith("/") else None


def _another_path_with_its_prefix(evidence: Evidence) -> Told | None:
    """What there is to say of an endpoint whose path, behind its router's prefix, is not the one that was asked for."""
    found, (method, path) = endpoint_of(evidence), request_of(evidence)
    prefix = _prefix_before(evidence, *found[::2]) if found else None
    whole = f"{prefix}{path_of(found[2])}" if found else ""
    parts = re.split(r"\{[^}]*\}", whole)
    if found is None or prefix is None or re.fullmatch("[^/]+".join(map(re.escape, parts)), path):
        return None
    hint = "Compare the beginnings of the two paths, character by character."
    if prefix:
        hint = f"The prefix {prefix} comes directly before this path. Compare both together with what was asked for, "
        hint += "character by character."
    told = f"{found[1].name}() answers {method.upper()} {whole}"
    saw = f"{evidence.saw.partition(': the app')[0]}: {told}"
    return Told(saw=saw, where=found[0].at(found[2]), hint=hint)


def _prefix_before(evidence: Evidence, file: File, route: ast.Call) -> str | None:
    """What comes before a route's path: the prefix of its router, behind that of including it; None if unclear."""
    owner = route.func.value if isinstance(route.func, ast.Attribute) else None
    made = file.bound(name_of(owner)) if isinstance(owner, ast.Name) else None
    router = getattr(made, "value", None)
    if not isinstance(router, ast.Call) or name_of(router) != "APIRouter":
        return None
    stem = file.name.rpartition("/")[2].removesuffix(".py")
    including = [(each, call) for each in evidence.source.files() for call in each.calls("include_router")]
    meant = [call for each, call in including if call.args and _names_module(each, call.args[0], stem)]
    if len(meant) > 1 or (not meant and any(keyword(call, "prefix") is not None for _, call in including)):
        return None
    whole = ""
    for call in [*meant, router]:
        said = keyword(call, "prefix")
        bound = evidence.source.bound(said.id, file) if isinstance(said, ast.Name) else None
        value = getattr(bound[1], "value", None) if bound else said
        if value is None or isinstance(value, ast.Constant):
            whole += str(value.value) if value is not None else ""
        else:
            return None
    return whole


def _names_module(file: File, node: ast.expr, stem: str) -> bool:
    """Whether an expression is of a module, ``items.router``, or has been imported from it."""
    froms = [each for each in file.nodes if isinstance(each, ast.ImportFrom)]
    taken = [each for one in froms if (one.module or "").rpartition(".")[2] == stem for each in one.names]
    return bool(
        re.search(rf"\b{stem}\b", text_of(node)) or name_of(node) in {each.asname or each.name for each in taken}
    )


def _without_its_beginning(evidence: Evidence) -> Told | None:
    """What there is to say of an endpoint whose path is the end of the one that was asked for, and no more."""
    found = endpoint_of(evidence)
    method, path = request_of(evidence)
    short = path_of(found[2]) if found else ""
    named = re.findall(r"([A-Z]+) (/\S*?)(?:,|$)", evidence.saw.partition("its routes: ")[2])
    if found is None or not short or short == path or (method.upper(), short) not in named:
        return None
    if dotted := re.search(r"\{(\w+)\.\w+\}", short):
        hint = f"What stands in the braces is the name of a parameter. Is {dotted[0]} one?"
        return Told(where=found[0].at(found[2]), hint=hint)
    told = f"{found[1].name}() answers {method.upper()} {short}"
    hint = f"This path is the end of {path}. Who says its beginning: the router, or this line?"
    return Told(saw=f"{evidence.saw.partition(': the app')[0]}: {told}", where=found[0].at(found[2]), hint=hint)


def _with_another_beginning(evidence: Evidence) -> Told | None:
    """What there is to say of a prefix with which the endpoint that is meant answers another path."""
    found = endpoint_of(evidence)
    method, path = request_of(evidence)
    named = re.findall(r"([A-Z]+) (/\S*?)(?:,|$)", evidence.saw.partition("its routes: ")[2])
    for file in own_files(evidence) if found else ():
        for call in file.calls(*_ROUTERS):
            said = keyword(call, "prefix")
            prefix = said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else ""
            whole = prefix + path_of(found[2]) if found else ""
            if found and prefix and not fits(whole, path) and (method.upper(), whole) in named:
                told = f"{found[1].name}() answers {method.upper()} {whole}"
                hint = "The paths of the router begin with this. Compare it with the task sheet."
                saw = f"{evidence.saw.partition(': the app')[0]}: {told}"
                return Told(saw=saw, where=file.at(said or call), hint=hint)
    return None


NOBODY_SENDS = "FastAPI looks for '{}' in the {} of the request, and nobody sends it. What is it for?"


@reading("FastAPI looks for a value in the query", *ANSWERS, "bad_body_is_422", "event_is_written")
def looked_for_in_the_query(evidence: Evidence) -> Told | None:
    """FastAPI looks for a parameter with a plain type in the query. It takes a schema from the body."""
    found = endpoint_of(evidence)
    missing = re.search(r'"loc":\["query","(\w+)"\],"msg":"Field required', evidence.saw)
    for each in (*found[1].args.args, *found[1].args.kwonlyargs) if found and missing else ():
        if found and missing and each.arg == missing[1]:
            hint = "A plain type is looked for in the query. What kind of parameter is read from the body?"
            if "task" in each.arg:
                hint = f"FastAPI looks for '{each.arg}' in the query. How does it recognise the list of tasks?"
            elif each.arg == "item":
                hint = "FastAPI looks for 'item' in the query. Which type says that it is looked up by its id?"
            elif body_parameter(evidence, found[1]) not in (None, each):
                hint = NOBODY_SENDS.format(each.arg, "query")
            return Told(where=found[0].at(each), hint=hint)
    return None


# -- status codes -------------------------------------------------------------------------------------


@reading("the exception is returned, not raised", *UNKNOWN)
def exception_returned(evidence: Evidence) -> Told | None:
    """An HTTPException that is returned is an object like any other; only a raised one becomes an answer."""
    for file, node in behind(evidence):
        for each in inside(node):
            if isinstance(each, ast.Return) and any(
                name_of(one) == "HTTPException" for one in _one_of(giving(node, each).value)
            ):
                return Told(where=file.at(each), hint="You return the exception. What makes FastAPI answer with it?")
    return None


@reading("the exception is made, not raised", *UNKNOWN)
def exception_not_raised(evidence: Evidence) -> Told | None:
    """Making an HTTPException does nothing yet: only raise ends the function, and then FastAPI answers with it."""
    if evidence.saw.startswith("404"):
        return None
    for file, node in behind(evidence):
        for each in inside(node):
            made = each.value if isinstance(each, ast.Expr) and isinstance(each.value, ast.Call) else None
            helper = (
                evidence.source.function(name_of(made), file.name) if made and isinstance(made.func, ast.Name) else None
            )
            returned = [one.value for one in inside(helper[1]) if isinstance(one, ast.Return)] if helper else []
            if made and any(name_of(one) == "HTTPException" for one in (made, *returned)):
                hint = "This makes the exception, and the function goes on. What makes FastAPI answer with it?"
                return Told(where=file.at(each), hint=hint)
    return None


@reading("an exception that FastAPI does not know", *UNKNOWN)
def exception_of_nobody(evidence: Evidence) -> Told | None:
    """FastAPI answers with its own HTTPException. Every other one is a crash, unless a handler is registered for it."""
    raised = evidence.raised[0] if evidence.raised and evidence.saw.startswith("a crash: ") else None
    if raised is None or not raised.lines:
        return None
    own = own_files(evidence)
    if "HTTPException" in {raised.kind, *raised.bases} or raised.message.startswith("HTTPException() "):
        foreign = [(file, each, module) for file in own for each, module in _http_exceptions(file)]
        for file, each, module in foreign:
            if module.partition(".")[0] not in ("fastapi", "starlette", "app", ""):
                hint = "Several libraries have an HTTPException. Which one does FastAPI answer with?"
                if raised.kind != "HTTPException" and evidence.source.class_(raised.kind) is not None:
                    hint = f"{raised.kind} is an HTTPException of {module}. Which library's becomes an answer?"
                return Told(where=file.at(each), hint=hint)
    held = evidence.source.class_(raised.kind)
    if held is None or held[0].name in evidence.given:
        return None
    asks = f"Who turns {an(raised.kind)} into an answer?"
    for file in own:
        for call in file.calls("add_exception_handler", "exception_handler"):
            if call.args and name_of(call.args[0]) == raised.kind:
                around = evidence.source.function(file.function_at(call.lineno), file.name)
                place = around[0].at(around[1]) if around else file.at(call)
                return Told(where=place, hint=f"{asks} This would, if somebody ran it.")
    hint = f"{asks} FastAPI does that by itself for its HTTPException alone."
    return Told(where=innermost(raised, evidence.given), hint=hint)


def _http_exceptions(file: File) -> list[tuple[ast.AST, str]]:
    """Where a file names an HTTPException of a library, and that library: an import, or ``client.HTTPException``."""
    found: list[tuple[ast.AST, str]] = []
    for each in file.nodes if file.mentions("HTTPException") else ():
        if isinstance(each, ast.ImportFrom) and any("HTTPException" in (one.name, one.asname) for one in each.names):
            found.append((each, each.module or ""))
        elif isinstance(each, ast.Attribute) and each.attr == "HTTPException":
            names = {
                one.asname or one.name: one.name
                for node in file.nodes
                if isinstance(node, ast.Import)
                for one in node.names
            }
            found.append((each, names.get(text_of(each.value), "")))
    return found


def _one_of(value: ast.expr | None) -> list[ast.expr]:
    """What an expression can give: either side of ``a or b`` and of ``a if c else b``."""
    if isinstance(value, ast.BoolOp | ast.IfExp):
        parts = value.values if isinstance(value, ast.BoolOp) else [value.body, value.orelse]
        return [each for part in parts for each in _one_of(part)]
    return [value] if value is not None else []


@reading("a decorator above the route", *UNKNOWN, *ANSWERS)
def decorated_too_late(evidence: Evidence) -> Told | None:
    """@router.get(...) gives the function below it to the router. Nobody calls what a decorator above it returns."""
    found = endpoint_of(evidence)
    for each in found[1].decorator_list if found else ():
        if found is None or each is found[2]:
            return None
        held = evidence.source.function(name_of(each))
        if held is not None and found[2] in found[1].decorator_list and _would_have_helped(evidence, held[1]):
            hint = (
                f"The router takes the function as it is at @{text_of(found[2].func)}. When does this line take effect?"
            )
            return Told(where=found[0].at(each), hint=hint)
    return None


def _would_have_helped(evidence: Evidence, decorator: Function) -> bool:
    """Whether a decorator does what is missing: catches what was raised, answers 404, or commits."""
    caught = {
        name
        for each in inside(decorator)
        if isinstance(each, ast.ExceptHandler)
        for name in re.findall(r"\w+", text_of(each.type) or "Exception")
    }
    if evidence.wanted.startswith("404"):
        says = [each for each in inside(decorator) if isinstance(each, ast.Call) and _says(each, "404")]
        return bool(evidence.raised_kind(*caught) if evidence.raised else says)
    written = evidence.sent("INSERT", "UPDATE", "DELETE") and not evidence.sent("COMMIT")
    return bool(written and calls(decorator, "commit", "begin"))


@reading("a dependency returns an answer", *UNKNOWN)
def answer_returned(evidence: Evidence) -> Told | None:
    """Only what an endpoint returns becomes an answer. What a dependency or a helper returns goes to its caller."""
    if evidence.saw.startswith("404"):
        return None
    for file, node in [each for each in behind(evidence)[1:] if not _decorates(each[1])]:
        returned = [text_of(each.value) for each in inside(node) if isinstance(each, ast.Return)]
        for each in [each for each in inside(node) if isinstance(each, ast.Return | ast.Assign)]:
            made = [call for call in calls(each, *_RESPONSES) if _says(call, "404")]
            if made and (isinstance(each, ast.Return) or name_of(each.targets[0]) in returned):
                return Told(
                    saw=f"{evidence.saw}; {node.name}() returned a {name_of(made[0])} to its caller",
                    where=file.at(each),
                    hint="Only what an endpoint returns becomes an answer. What ends a request in any other function?",
                )
    return None


def _decorates(node: Function) -> bool:
    """Whether a function makes another one: what that returns in the place of an endpoint is an answer."""
    return any(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each is not node for each in inside(node))


_RESPONSES = "Response", "JSONResponse", "PlainTextResponse"


@reading("the status is in the body of the answer", *UNKNOWN, *ANSWERS)
def status_in_the_body(evidence: Evidence) -> Told | None:
    """``return {...}, 404`` works in Flask. FastAPI turns it into a list of two values."""
    for number, (file, node) in enumerate(behind(evidence)):
        for each in inside(node):
            gives = giving(node, each) if isinstance(each, ast.Return) else None
            value = gives.value if gives is not None else None
            status = value.elts[-1] if isinstance(value, ast.Tuple) and value.elts else None
            if gives is None or status is None or not _may_be_a_status(status):
                continue
            if _met(evidence, status, by_a_helper=number > 0):
                return Told(where=file.at(gives), hint=_of_a_pair(evidence, by_a_helper=number > 0))
    return None


def _may_be_a_status(node: ast.expr) -> bool:
    return re.search(r"^\d{3}$|HTTP_\d{3}_|HTTPStatus\.|status", text_of(node)) is not None


def _wants_404(evidence: Evidence) -> bool:
    return evidence.rule in UNKNOWN or evidence.wanted.startswith("404")


_PAIR_AS_JSON = re.compile(r", ?(\d{3})\]")
_A_PAIR_CRASHED = re.compile(r"\btuple\b|, (\d{3}|<HTTPStatus\.\w+: \d{3}>)\)")


def _met(evidence: Evidence, status: ast.expr, *, by_a_helper: bool) -> bool:
    """Whether a pair with this status is what the request met, as far as that can be seen.

    A pair for an unknown item says nothing of a success, and the other way round. What a helper returns may be
    unpacked by its caller: then no pair is seen in the answer, nor in the crash.
    """
    said, seen = re.search(r"\d{3}", text_of(status)), _PAIR_AS_JSON.search(evidence.saw)
    if said is not None and (said[0] >= "400") != _wants_404(evidence):
        return False
    if seen is not None:
        return said is None or said[0] == seen[1]
    told = " ".join([evidence.saw, *(each.message for each in evidence.raised)])
    return not by_a_helper or _A_PAIR_CRASHED.search(told) is not None


def _of_a_pair(evidence: Evidence, *, by_a_helper: bool) -> str:
    """What to ask about a pair of body and status."""
    if not _wants_404(evidence):
        return "FastAPI makes JSON of the whole pair: it reads no status out of it. Where does a route say its status?"
    if by_a_helper and not _PAIR_AS_JSON.search(evidence.saw):
        return "The endpoint gets this pair, and goes on with it. What ends the request here, with a 404?"
    return "To FastAPI this pair is the body, all of it. How does an endpoint end with another status?"


@reading("the 404 is caught on its way", *UNKNOWN)
def unknown_swallowed(evidence: Evidence) -> Told | None:
    """An HTTPException is an exception, too. A broad except catches it, and the client gets another answer."""
    for file, node in behind(evidence):
        for each in inside(node):
            handlers = each.handlers if isinstance(each, ast.Try) else []
            caught = [handler for handler in handlers if _catches_all(handler)]
            if isinstance(each, ast.Try) and not _may_raise(evidence, file, each):
                continue
            if caught and handlers[0] is caught[0] and not _raises_again(caught[0]):
                saw, hint = "", "This catches every exception, also the one that is meant for the client."
                if re.search(r"\bHTTPException\b", text_of(caught[0].type)):
                    hint = "This catches the answer that is meant for the client."
                elif not any(isinstance(one, ast.Raise) for _, other in behind(evidence) for one in ast.walk(other)):
                    saw = f"{evidence.saw}; what went wrong with an item that is not there was caught"
                    hint = "What goes wrong without an item is caught here without a word. Who tells the client "
                    hint += "that there is no such item?"
                elif isinstance(each, ast.Try) and _runs_the_endpoint(file, each):
                    hint += " Which exceptions have to get through here as they are?"
                return Told(saw=saw, where=file.at(caught[0]), hint=hint)
    return None


def _may_raise(evidence: Evidence, file: File, tried: ast.Try) -> bool:
    """Whether what is tried raises something itself, or works with an item: then it fails where there is none."""
    nodes = [each for statement in tried.body for each in ast.walk(statement)]
    if any(isinstance(each, ast.Raise) for each in nodes):
        return True
    if _runs_the_endpoint(file, tried):
        chain = [*behind(evidence), *reached(evidence)]
        return any(
            isinstance(each, ast.Raise) for _, node in chain for each in inside(node) if each not in inside(tried)
        )
    called = [name_of(each) for each in nodes if isinstance(each, ast.Call)]
    own = [evidence.source.function(name, file.name) or evidence.source.function(name) for name in called if name]
    raises = [each for each in own if each and any(isinstance(one, ast.Raise) for one in inside(each[1]))]
    return bool(raises) or bool({*called} & {*LOOKUPS, "update_item", "delete_item", "delete", "model_validate"})


def _runs_the_endpoint(file: File, tried: ast.Try) -> bool:
    """Whether a block runs what it is around: a decorator calls it, a dependency or a context manager yields to it."""
    nodes = [each for statement in tried.body for each in ast.walk(statement)]
    around = [each for each in file.functions if tried in inside(each)]
    given = {each.arg for node in around[:-1] for each in (*node.args.args, *node.args.kwonlyargs)}
    called = {name_of(each) for each in nodes if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)}
    return bool(called & given) or any(isinstance(each, ast.Yield) for each in nodes)


def _catches_all(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(each is None or name_of(each) in ("Exception", "BaseException", "HTTPException") for each in kinds)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    names = "", handler.name or ""
    return any(isinstance(each, ast.Raise) and text_of(each.exc) in names for each in ast.walk(handler))


@reading("another status than 404", *UNKNOWN, "the_rest_still_works")
def other_status_for_unknown(evidence: Evidence) -> Told | None:
    """404 says that the item does not exist. Other codes mean something else."""
    found = said_status(evidence)
    if found is None or evidence.saw.startswith("404") or not evidence.wanted.startswith("404"):
        return None
    branches = [each for _, node in behind(evidence) for each in ast.walk(node) if isinstance(each, _BRANCHES)]
    if evidence.saw.startswith("2") and not any(found[1] in ast.walk(each) for each in branches):
        return None  # that is the answer for an item that is there
    place = _said_for(evidence, found[1], evidence.saw[:3]) or found
    return Told(where=place[0].at(place[1]), hint="Which status code says that there is no such thing?")


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
            if isinstance(each, ast.Assign) and sets and is_status(each.value, status):
                return file, each
    elsewhere: list[tuple[File, ast.AST]] = []
    for file in evidence.source.files() if everywhere else ():
        for node in [each for each in file.functions if not any(name in _ENDPOINTS for name, _ in decorators(each))]:
            said = [each for each in inside(node) if isinstance(each, ast.Call) and _says(each, status)]
            if said and not any(evidence.source.class_(name) for name in _handled_by(evidence, node)):
                elsewhere.append((file, said[0]))
    return elsewhere[0] if elsewhere else None


_ENDPOINTS = "get", "post", "patch", "put", "delete"


def _handled_by(evidence: Evidence, node: Function) -> list[str]:
    """The names of the exceptions that a function is the handler of."""
    return [kind for _, handler, kind in handlers_of(evidence) if handler is node]


def _raises_for(evidence: Evidence, node: ast.AST, status: str) -> bool:
    """Whether a line raises an exception of the learner's own that says this status, or whose handler does."""
    return _said_for(evidence, node, status) is not None


def _said_for(evidence: Evidence, node: ast.AST, status: str) -> tuple[File, ast.AST] | None:
    """Where the exception of the learner's own that a line raises, or its handler, says this status."""
    raised = name_of(node.exc) if isinstance(node, ast.Raise) and node.exc is not None else ""
    bases = evidence.source.ancestry(evidence.source.class_(raised)) if raised else []
    if not bases:
        return None
    for file, class_ in bases:
        for each in ast.walk(class_):
            if isinstance(each, ast.expr) and is_status(each, status):
                return file, each
    for file, handler, kind in handlers_of(evidence):
        for call in [each for each in inside(handler) if isinstance(each, ast.Call)]:
            if kind in [class_.name for _, class_ in bases] and _says(call, status):
                return file, call
    return None


def is_status(node: ast.AST, status: str) -> bool:
    """Whether an expression is this status, as a number or by a name of it."""
    return re.search(rf"^{status}$|HTTP_{status}_|HTTPStatus\.\w+", text_of(node)) is not None and (
        "HTTPStatus" not in text_of(node) or _NAMES_OF_STATUS.get(text_of(node).rpartition(".")[2]) == status
    )


_NAMES_OF_STATUS = {each.name: str(each.value) for each in HTTPStatus}


def _says(call: ast.Call, status: str) -> bool:
    values = [*call.args, *(each.value for each in call.keywords if each.arg == "status_code")]
    return any(is_status(each, status) for each in values)


@reading("404 for an item that exists", *ANSWERS, *INVALID, "patch_null_clears")
def known_item_refused(evidence: Evidence) -> Told | None:
    """The 404 is for ids that do not exist. The condition before it also holds for other ids."""
    path = request_of(evidence)[1]
    if not evidence.saw.startswith("404 {") or not re.search(r"/\d+", path):
        return None
    saw = f"{evidence.saw}, and the item is there"
    always_run = run_in_any_case(evidence)
    for file, node in behind(evidence):
        always = [each for each in node.body if isinstance(each, ast.Raise) and not _says_another(each, "404")]
        if always and (file, node) in always_run:
            hint = "This runs for each item, also for one that is there. In which case should it run?"
            return Told(saw=saw, where=file.at(always[0]), hint=hint)
        for each in inside(node):
            raises = [inner for inner in each.body if isinstance(inner, ast.Raise)] if isinstance(each, ast.If) else []
            if not isinstance(each, ast.If) or all(_says_another(inner, "404") for inner in raises):
                continue
            if within := _asked_within(evidence, each.test):
                hint = "This finds nothing, and the item is there. What exactly does it look for?"
                return Told(saw=saw, where=within, hint=hint)
            if not _asks_for_the_item(node, each.test) or _holds_for_what_is_there(node, each.test):
                hint = "This item is there. For which items is the condition in this line true?"
                return Told(saw=saw, where=file.at(each), hint=hint)
            names = [name_of(inner) for inner in ast.walk(each.test) if isinstance(inner, ast.Name)]
            for looked in [inner for inner in inside(node) if isinstance(inner, ast.Assign)]:
                asked = calls(looked, "get_item", "get")
                handed = [one for call in asked for one in call.args]
                changed = any(isinstance(getattr(one, "value", one), ast.BinOp | str) for one in handed)
                as_given = asked and not changed and not isinstance(looked.value, ast.IfExp)
                if name_of(looked.targets[0]) in names and not as_given:
                    hint = "This finds nothing, and the item is there. What exactly does it look for?"
                    return Told(saw=saw, where=file.at(looked), hint=hint)
    sent = [event for event in evidence.events_of("SELECT items") if event.where.startswith("app/crud.py")]
    if sent and "app/crud.py" not in evidence.given and not re.search(r"\bid = ", sent[-1].words):
        hint = "This finds nothing, and the item is there. By which column does it look?"
        return Told(saw=saw, where=sent[-1].where, hint=hint)
    return None


def run_in_any_case(evidence: Evidence) -> list[tuple[File, Function]]:
    """The endpoint of the last request and what it leads to, but for what is called under a condition."""
    chain = behind(evidence)
    blocks = [each for _, node in chain for each in inside(node) if isinstance(each, _UNDER_A_CONDITION)]
    parts = [one for each in blocks for one in (*each.body, *getattr(each, "orelse", ()))]
    called = {name_of(each) for one in parts for each in ast.walk(one) if isinstance(each, ast.Call)}
    return [each for each in chain if each[1].name not in called]


_UNDER_A_CONDITION = ast.If | ast.For | ast.While | ast.ExceptHandler


def _asked_within(evidence: Evidence, test: ast.expr) -> str:
    """Where a function of the learner's that a condition calls has asked the database; empty where none has."""
    for name in [name_of(each) for each in ast.walk(test) if isinstance(each, ast.Call)]:
        found = evidence.source.function(name) if name else None
        lines = range(found[1].lineno, (found[1].end_lineno or 0) + 1) if found else range(0)
        for event in reversed(evidence.events_of("SELECT")):
            file, _, line = event.where.rpartition(":")
            if found and file == found[0].name and file not in evidence.given and int(line) in lines:
                return event.where
    return ""


def _says_another(node: ast.Raise, status: str) -> bool:
    """Whether what is raised says a status, and not this one."""
    made = node.exc if isinstance(node.exc, ast.Call) else None
    said = [*made.args[:1], *filter(None, [keyword(made, "status_code")])] if made is not None else []
    return any(re.search(r"^\d{3}$|HTTP_\d{3}_", text_of(each)) and not is_status(each, status) for each in said)


@reading("a field that the endpoint leaves out", "create_answers_201")
def field_not_handed_on(evidence: Evidence) -> Told | None:
    """What was sent reaches the row only if whoever makes the item hands it on."""
    if not evidence.saw.startswith("the row is ") or not evidence.sent("INSERT items") or evidence.raised:
        return None
    made = [(file, call) for file, node in behind(evidence) for call in calls(node, "Item")]
    if len(made) != 1 or made[0][1].args or any(each.arg is None for each in made[0][1].keywords):
        return None
    file, call = made[0]
    lost = {"name", "description"} - {str(each.arg) for each in call.keywords}
    around = next(node for _, node in behind(evidence) if call in [*inside(node)])
    set_later = {each.attr for each in inside(around) if isinstance(each, ast.Attribute)}
    for field in sorted(lost - set_later):
        return Told(saw=f"{evidence.saw}; nobody has set {field}", where=file.at(call), hint=f"Who hands '{field}' on?")
    return None


@reading("a row that is there in any case", *UNKNOWN)
def always_a_row(evidence: Evidence) -> Told | None:
    """SELECT EXISTS and SELECT count(*) always give one row, and asking for a result always gives one. What counts is
    what is in it.
    """
    sent = [event for event in evidence.events_of("SELECT items") if event.where]
    went_on = re.match(r"2\d\d|a crash: .*\bNone(Type)?\b", evidence.saw, re.DOTALL)
    if not sent or not went_on:
        return None
    one_row = re.search(r"\bexists ?\(|\bcount\(", sent[0].words.partition(" from items")[0])
    what = "SELECT EXISTS" if one_row and "exists" in one_row[0] else "SELECT count()"
    name, _, number = sent[0].where.rpartition(":")
    for file, node in [each for each in behind(evidence) if each[0].name == name]:
        value = _asked_about(node, int(number))
        asks = name_of(value) if value is not None else ""
        of_sqlmodel = value is not None and bool(calls(value, "exec"))
        hint = ""
        if asks in ("execute", "exec", "scalars"):
            hint = "This gives a result, with a row in it or with none, and each result counts as true. "
            hint += "What asks it for the row?"
        elif one_row and asks in ("all", "fetchall"):
            hint = f"{what} always gives one row, so this list is never empty. "
            hint += "What is in that row for an id that is not there?"
        elif one_row and not of_sqlmodel and asks in ("first", "one", "one_or_none", "fetchone"):
            hint = f"{what} always gives one row. What is in it for an id that is not there, "
            hint += "and does such a row count as true?"
        elif one_row and asks in ("first", "one", "scalar", "scalar_one", "scalar_one_or_none", "one_or_none"):
            tests = [each.test for each in inside(node) if isinstance(each, ast.If | ast.IfExp)]
            tests = [each for each in tests if re.search(r"\b(is|is not|==|!=) None$", text_of(each))]
            gives = "True or False" if what == "SELECT EXISTS" else "a number"
            if len(tests) == 1:
                hint = f"{what} gives {gives}, and never None. What is it for an id that is not there?"
                return Told(where=file.at(tests[0]), hint=hint)
        if hint and value is not None:
            return Told(where=sent[0].where, hint=hint)
    return None


def _asked_about(node: Function, line: int) -> ast.Call | None:
    """The whole call around a line that a condition, or a caller, takes as it is: ``db.execute(...).first()``."""
    tests = [each.test for each in inside(node) if isinstance(each, ast.If | ast.IfExp)]
    asked = {text_of(_without_a_comparison(each)) for each in tests}
    for each in inside(node):
        if isinstance(each, ast.If):
            value = _without_a_comparison(each.test)
        elif isinstance(each, ast.Return) and each.value is not None:
            value = _without_a_comparison(each.value)
        elif isinstance(each, ast.Assign | ast.NamedExpr) and text_of(_target(each)) in asked:
            value = each.value
        else:
            continue
        value = value.value if isinstance(value, ast.NamedExpr) else value
        if isinstance(value, ast.Call) and value.lineno <= line <= (value.end_lineno or 0):
            return value
    return None


def _target(node: ast.Assign | ast.NamedExpr) -> ast.expr:
    return node.targets[0] if isinstance(node, ast.Assign) else node.target


def _without_a_comparison(node: ast.expr) -> ast.expr:
    """What a condition is about: ``item`` of ``not item``, of ``item is None`` and of ``bool(item)``."""
    if isinstance(node, ast.UnaryOp):
        return _without_a_comparison(node.operand)
    if isinstance(node, ast.Compare) and text_of(node.comparators[0]) == "None":
        return _without_a_comparison(node.left)
    of_bool = isinstance(node, ast.Call) and name_of(node) == "bool" and len(node.args) == 1
    return _without_a_comparison(node.args[0]) if isinstance(node, ast.Call) and of_bool else node


@reading("an unknown id is not noticed", *UNKNOWN)
def unknown_not_noticed(evidence: Evidence) -> Told | None:
    """get_item returns None for an unknown id. Your code must check for it before it goes on."""
    chain = behind(evidence)
    if (made_instead := _made_where_there_is_none(evidence, chain)) is not None:
        return made_instead
    asking = [
        (file, each)
        for file, node in chain
        for each in inside(node)
        if isinstance(each, ast.If | ast.IfExp) and _asks_for_the_item(node, each.test)
    ]
    if asking and any(isinstance(inner, ast.Raise) for inner in ast.walk(asking[0][1])):
        return None
    others = _about_something_else(chain) if not asking else []
    if others:
        file, test = others[0]
        hint = (
            f"This asks about {re.sub('not | .*', '', text_of(test))}. What does the lookup above give for an id that "
        )
        return Told(where=file.at(test), hint=f"{hint}is not there?")
    if asking:
        hint = "What happens here when there is no such item, and what does the client hear?"
        returned = _returned_for_none(chain, asking[0][1])
        if returned is not None:
            hint = "What this returns is taken for an item. What ends the request with a 404 instead?"
            if returned in [*inside(chain[0][1])]:
                hint = "A return ends the request with the status of the route. What ends it with a 404 instead?"
        return Told(where=asking[0][0].at(returned or asking[0][1]), hint=hint)
    for file, node in reversed(chain):
        statements = calls(node, "delete", "update") if calls(node, "execute", "exec", "query") else []
        if statements:
            hint = "A statement that matches no row is not an error. Who checks whether it has matched one?"
            return Told(where=file.at(statements[0]), hint=hint)
        looked = calls(node, *LOOKUPS)
        if looked and calls(looked[-1], "count", "max") and not re.search("where|filter|item_id", text_of(looked[-1])):
            hint = f"This gives one number: {_number_of(looked[-1])}. Does it say which ids there are?"
            return Told(where=file.at(looked[-1]), hint=hint)
        if looked:
            hint = "What does this return for an id that is not there? Does any line look at that before it goes on?"
            missed = [each for each in ast.walk(node) if isinstance(each, ast.Try) and looked[-1] in ast.walk(each)]
            if missed and "NoResultFound" in text_of(missed[-1].handlers[0].type if missed[-1].handlers else None):
                hint = (
                    f"{name_of(looked[-1])}() raises no NoResultFound. What does it return for an id that is not there?"
                )
            return Told(where=file.at(looked[-1]), hint=hint)
    return None


def _made_where_there_is_none(evidence: Evidence, chain: list[tuple[File, Function]]) -> Told | None:
    """What there is to say where a request for an item that does not exist has made one."""
    if not evidence.sent("INSERT items") or evidence.raised or not evidence.saw.startswith("2"):
        return None
    for file, node in chain:
        made = calls(node, "Item", "create_item") or calls(node, "merge", "insert")
        if made:
            hint = "This makes an item where there is none. The client did not ask for a new one. What should it hear?"
            return Told(saw=f"{evidence.saw}; a new item was stored", where=file.at(made[0]), hint=hint)
    return None


def _number_of(call: ast.Call) -> str:
    return "how many items there are" if calls(call, "count") else "the highest id"


def _about_something_else(chain: list[tuple[File, Function]]) -> list[tuple[File, ast.expr]]:
    """Where a function looks an item up and then raises if something else is missing: ``if item_id is None: raise``."""
    return [
        (file, each.test)
        for file, node in chain
        for each in inside(node)
        if isinstance(each, ast.If)
        and re.fullmatch(r"(\w+ (is|==) None|not \w+)", text_of(each.test))
        and any(isinstance(one, ast.Raise) for one in ast.walk(each))
        and any(looked.lineno < each.lineno for looked in calls(node, *LOOKUPS))
    ]


def _returned_for_none(chain: list[tuple[File, Function]], asked: ast.If | ast.IfExp) -> ast.Return | None:
    """The return for the case that nothing was found, in a condition or below it: ``if item is None: return ...``."""
    if isinstance(asked, ast.IfExp):
        return None
    test = asked.test
    is_none = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is | ast.Eq)
    below = next((node.body[node.body.index(asked) + 1 :] for _, node in chain if asked in node.body), [])
    below = below if isinstance(asked.body[-1], ast.Return) else []
    branch = asked.body if is_none or isinstance(test, ast.UnaryOp) else asked.orelse or below
    return branch[-1] if branch and isinstance(branch[-1], ast.Return) else None


def _asks_for_the_item(node: Function, test: ast.expr) -> bool:
    """Whether a condition asks if something was found: ``item is None``, ``not item``, ``item``."""
    inner = test.operand if isinstance(test, ast.UnaryOp) else test
    inner = inner.left if isinstance(inner, ast.Compare) and "None" in text_of(inner) else inner
    if isinstance(inner, ast.Call | ast.NamedExpr):
        return bool(calls(inner, *LOOKUPS))
    assigned = [each for each in inside(node) if isinstance(each, ast.Assign | ast.NamedExpr)]
    found = {name_of(each.targets[0] if isinstance(each, ast.Assign) else each.target) for each in assigned}
    taken = {each.arg for each in (*node.args.args, *node.args.kwonlyargs)} - {"offset", "limit", "item_id"}
    return isinstance(inner, ast.Name) and inner.id in found | taken


def _holds_for_what_is_there(node: Function, test: ast.expr) -> bool:
    """Whether a condition about an item is true where there is one: ``if item:``, ``if item is not None:``."""
    if isinstance(test, ast.Compare):
        return isinstance(test.ops[0], ast.IsNot | ast.NotEq) and text_of(test.comparators[0]) == "None"
    assigned = [each for each in inside(node) if isinstance(each, ast.Assign)]
    made = [each.value for each in assigned if name_of(each.targets[0]) == name_of(test)]
    return not isinstance(test, ast.UnaryOp) and all(name_of(each) in LOOKUPS for each in made)


@reading("the path calls a value by another name", *ANSWERS, "event_is_written")
def other_name_in_the_path(evidence: Evidence) -> Told | None:
    """FastAPI takes a value from the path for the parameter that has the name in the braces."""
    found = endpoint_of(evidence)
    missing = re.search(r'"loc":\["path","(\w+)"\],"msg":"Field required"', evidence.saw)
    names = re.findall(r"\{(\w+)", path_of(found[2])) if found else []
    if found is None or missing is None or missing[1] in names:
        return None
    there = f"The path has {' and '.join(f'{{{name}}}' for name in names)}" if names else "The path names no value"
    hint = f"{there}. What is it called where the endpoint, or what it depends on, asks for it?"
    return Told(where=found[0].at(found[2]), hint=hint)


@reading("no status code is set", "create_answers_201", "delete_answers_204", "answers_202")
def status_not_said(evidence: Evidence) -> Told | None:
    """An endpoint without a status code of its own answers 200."""
    found = endpoint_of(evidence)
    if found is None or not evidence.saw.startswith("200") or keyword(found[2], "status_code") is not None:
        return None
    if said_status(evidence) is not None:  # then it does not come from FastAPI
        return None
    decorated = any(each is found[2] for each in found[1].decorator_list)
    registered = None if decorated else registered_at(evidence, found[1])
    file, call = registered or (found[0], found[2])
    hint = "Unless you say something else, an endpoint answers 200. Where do you say it?"
    unused = _not_handed_on(file, call)
    if unused:
        hint = "This tells FastAPI of the endpoint, which answers 200 unless you say something else. Where does "
        hint += f"'{unused}' go?"
    elif registered is not None and found[1].name not in text_of(call):
        hint = "This tells FastAPI of every endpoint. Unless you say something else here, each of them answers 200."
    returned = [each.value for each in inside(found[1]) if isinstance(each, ast.Return)]
    wanted = evidence.wanted[:3]
    if any(isinstance(each, ast.Tuple) and is_status(each.elts[-1], wanted) for each in returned):
        hint = f"Unless you say something else, an endpoint answers 200. The {wanted} in your return is a part of the "
        hint += "body. Where does FastAPI look for the status?"
    taken = [each for each in (*found[1].args.args, *found[1].args.kwonlyargs) if each.arg in ("status_code", "status")]
    if taken and decorated:
        hint = f"This makes '{taken[0].arg}' something that a client may send. Where does FastAPI look for the status?"
        return Told(saw="the answer is 200", where=found[0].at(taken[0]), hint=hint)
    if evidence.wanted.startswith("204") and not re.fullmatch(r"200( null)?", evidence.saw):
        hint += " And what may be in the body of a 204?"
        return Told(saw=evidence.saw, wanted="204 and an empty body", where=file.at(call), hint=hint)
    return Told(saw="the answer is 200", where=file.at(call), hint=hint)


def _not_handed_on(file: File, call: ast.Call) -> str:
    """The status that the loop or function around a call gets and does not use; empty where that is not clear."""
    around = [each for each in file.nodes if isinstance(each, ast.For | Function) and call in inside(each)]
    lost: list[str] = []
    for each in around:
        names = [*ast.walk(each.target if isinstance(each, ast.For) else each.args)]
        given = [getattr(one, "id", getattr(one, "arg", "")) for one in names if isinstance(one, ast.Name | ast.arg)]
        read = {one.id for statement in each.body for one in ast.walk(statement) if isinstance(one, ast.Name)}
        lost += [name for name in given if name not in read and re.search("status|code", name)]
    return lost[0] if len(lost) == 1 else ""


@reading("the wrong status code for a success", *ANSWERS)
def other_status(evidence: Evidence) -> Told | None:
    """201 means that something new was made, 204 that the body is empty, 202 that the work is done later, and 200
    everything else."""
    found = endpoint_of(evidence)
    if found is None or not evidence.saw[:3].isdigit() or evidence.saw[:3] == evidence.wanted[:3]:
        return None
    said, made = _status_of_route(evidence, found[0], found[2]), said_status(evidence)
    if not evidence.saw.startswith("20") and (said is None or evidence.raised or _SOMEBODY_REFUSED in evidence.saw):
        return None  # it may come from an exception
    if said is not None and is_status(said[1], evidence.saw[:3]):
        where = said[0].at(said[1])
    elif made is not None:
        where = made[0].at(made[1])
    else:
        where = _beside_the_endpoint(evidence, found[1], evidence.saw[:3])
    if not where:
        return None
    hint = "Compare the status code in this line with the task sheet."
    if evidence.saw.startswith("204"):
        hint = (
            "204 means that there is nothing to show. Which status does the task sheet want, and what is shown with it?"
        )
    return Told(saw=f"the answer is {evidence.saw[:3]}", where=where, hint=hint)


_SOMEBODY_REFUSED = '{"detail":'  # so an answer begins that FastAPI makes of an exception


def _status_of_route(evidence: Evidence, file: File, route: ast.Call) -> tuple[File, ast.expr] | None:
    """What a route says its status is, and where: in its call, or in the line that names the number."""
    said = keyword(route, "status_code")
    bound = evidence.source.bound(said.id, file) if isinstance(said, ast.Name) else None
    value = getattr(bound[1], "value", None) if bound else None
    if bound is not None and value is not None and bound[0].name not in evidence.given:
        return bound[0], value
    return (file, said) if said is not None else None


def _beside_the_endpoint(evidence: Evidence, endpoint: Function, status: str) -> str:
    """Where a row of a table of routes, or a call that registers them, has a status beside an endpoint; else empty."""
    found: list[str] = []
    for file in own_files(evidence):
        rows: list[tuple[ast.AST, list[ast.AST]]] = []
        rows += [(each, [*ast.iter_child_nodes(each)]) for each in file.nodes if isinstance(each, _ROWS)]
        beside = [(row, parts) for row, parts in rows if any(text_of(each).endswith(endpoint.name) for each in parts)]
        own = decorators(endpoint) if endpoint in file.functions else ()
        beside += [(each, [*ast.iter_child_nodes(each)]) for _, each in own]
        for _, parts in beside:
            values = [each.value if isinstance(each, ast.keyword) else each for each in parts]
            found += [file.at(each) for each in values if is_status(each, status)]
    return found[0] if len(found) == 1 else ""


_ROWS = ast.Tuple | ast.List | ast.Dict | ast.Call


@reading("a response of your own has another status", *ANSWERS)
def own_response_status(evidence: Evidence) -> Told | None:
    """The status code in the decorator is for answers that FastAPI makes. A response of your own brings its
    own."""
    found = endpoint_of(evidence)
    said = keyword(found[2], "status_code") if found else None
    if found is None or said is None or not is_status(said, evidence.wanted[:3]):
        return None
    for file, node in behind(evidence) if re.match(r"20\d", evidence.saw) else ():
        made = [each for each in inside(node) if isinstance(each, ast.Call) and name_of(each).endswith("Response")]
        made = [each for each in made if len(each.args) < 2 and keyword(each, "status_code") is None]
        if made:
            status = evidence.saw[:3]
            hint = "The status code of the decorator is for answers that FastAPI makes. Here you make the answer "
            hint += "yourself. What says its status?"
            return Told(saw=f"the answer is {status}", where=file.at(made[0]), hint=hint)
    return None


@reading("another status than 422", *INVALID, "bad_paging_is_422", "huge_id_is_no_crash")
def bad_request(evidence: Evidence) -> Told | None:
    """If a value does not fit the schema or its bounds, FastAPI itself answers 422."""
    found = said_status(evidence, everywhere=True) if evidence.saw.startswith("400") else _of_a_handler(evidence)
    if found is None:
        return None
    what = "schema" if evidence.rule in INVALID else "parameter with bounds"
    hint = f"The task sheet says 422. A {what} answers that by itself."
    if any(_handled_by(evidence, node) and found[1] in ast.walk(node) for node in found[0].functions):
        hint = "FastAPI answers 422 to such a request by itself. What does this handler do with it?"
    why = "Clients know 422 as the answer to a value that is not allowed." if evidence.rule.startswith("huge") else ""
    return Told(where=found[0].at(found[1]), hint=hint, why=why)


def _of_a_handler(evidence: Evidence) -> tuple[File, ast.AST] | None:
    """Where a handler of the learner's answers another status than 422 to what FastAPI has refused."""
    status = evidence.saw[:3]
    for file in evidence.source.files() if re.match(r"(?!422)[345]\d\d$", status) else ():
        for node in [each for each in file.functions if "RequestValidationError" in _handled_by(evidence, each)]:
            said = [each for each in inside(node) if isinstance(each, ast.Call) and _says(each, status)]
            if said:
                return file, said[0]
    return None


@reading("a line of your own refuses what is right", *ANSWERS, "patch_null_clears", *_CRUD)
def refused_by_hand(evidence: Evidence) -> Told | None:
    """The code raises an error for something that should work."""
    said = re.match(r"(?:HTTPException: )?(4\d\d)(?:: | \{\"detail\":\")(.+?)(?:\"\}|$)", evidence.saw)
    raised = evidence.raised[0] if evidence.raised and evidence.wanted == "no exception" else None
    at = innermost(raised, evidence.given) if raised else ""
    for file, node in [] if re.match(r"4\d\d", evidence.wanted) else [*behind(evidence), *reached(evidence)]:
        for test in [each for each in inside(node) if isinstance(each, ast.If)]:
            lines = [each for each in test.body if isinstance(each, ast.Raise) and isinstance(each.exc, ast.Call)]
            calls_made = [each.exc for each in lines if isinstance(each.exc, ast.Call)]
            answers = said and any(_says(call, said[1]) and said[2] in text_of(call) for call in calls_made)
            if answers or at in [file.at(each) for each in lines]:
                asked = "request" if request_of(evidence)[0] else "call"
                hint = f"This is true for the {asked} above. For which should it be true?"
                return Told(where=file.at(test), hint=hint)
    return None


# -- answers ------------------------------------------------------------------------------------------


@reading("null is left out of the answer", *ANSWERS)
def nulls_left_out(evidence: Evidence) -> Told | None:
    """exclude_none drops every field that is None, but clients expect all three fields."""
    found = endpoint_of(evidence)
    missing = _names_left_out(evidence.actual, evidence.expected) if found else set()
    if found is None or not missing:
        return None
    file, node, call = found
    for name in ("exclude", "include"):
        for where, value in _said_of_the_answer(evidence, file, node, call, name):
            named = {each.value for each in ast.walk(value) if isinstance(each, ast.Constant)}
            if missing <= named if name == "exclude" else named and not missing & named:
                hint = f"This leaves {_joined(sorted(missing))} out of the answer. Does the client expect that?"
                return Told(where=where, hint=hint, why=_ALL_FIELDS)
    if not _fields_left_out(evidence.actual, evidence.expected):
        return None
    for option in ("exclude_none", "exclude_unset", "exclude_defaults"):
        for where, value in _said_of_the_answer(evidence, file, node, call, option):
            if text_of(value) == "True":
                hint = f"This {option} leaves fields out of the answer. Which ones, and does the client expect them?"
                return Told(where=where, hint=hint, why=_ALL_FIELDS)
    for option in ("exclude_none", "exclude_unset", "exclude_defaults"):
        said = [where for each in evidence.source.files() for where in _said_of_every_answer(each, option)]
        if len(said) == 1 and said[0].rpartition(":")[0] not in evidence.given:
            hint = f"This {option} is for every route. Which fields does it leave out of this answer?"
            return Told(where=said[0], hint=hint, why=_ALL_FIELDS)
    return None


_ALL_FIELDS = "Clients count on all three fields in every answer. An item without a description has null there."


def _said_of_every_answer(file: File, option: str) -> list[str]:
    """Where a file gives routes an option, outside of their decorators: ``options["response_model_exclude_none"]``."""
    name, found = f"response_model_{option}", set()
    of_one = {id(each) for node in file.functions for one in node.decorator_list for each in ast.walk(one)}
    for node in [each for each in file.nodes if id(each) not in of_one]:
        pairs: list[tuple[str, ast.AST | None]] = []
        if isinstance(node, ast.Assign):
            slices = [each.slice for each in node.targets if isinstance(each, ast.Subscript)]
            pairs = [(text_of(each), node.value) for each in slices]
        elif isinstance(node, ast.Call):
            pairs = [(repr(each.arg), each.value) for each in node.keywords]
            pairs += [(text_of(node.args[0]), node.args[1])] if len(node.args) == 2 else []
        elif isinstance(node, ast.Dict):
            pairs = [(text_of(key), value) for key, value in zip(node.keys, node.values, strict=True)]
        elif isinstance(node, Function):
            pairs = [(repr(each.arg), value) for each, value in _defaults(node)]
        found |= {file.at(value) for key, value in pairs if key == repr(name) and text_of(value) == "True" and value}
    return sorted(found)


def _said_of_the_answer(
    evidence: Evidence, file: File, node: Function, call: ast.Call, option: str
) -> list[tuple[str, ast.expr]]:
    """Where, and with which value, an endpoint's answer is made with ``exclude_none`` or another option."""
    found = [(file, keyword(call, f"response_model_{option}"))]
    found += [(file, keyword(each, option)) for each in calls(node, *_DUMPS)]
    spread = [(file, each.value) for each in call.keywords if each.arg is None]
    for within, value in spread:  # **OPTIONS, which grows meanwhile
        for each in ast.walk(value):
            if isinstance(each, ast.Dict):
                pairs = zip(each.keys, each.values, strict=True)
                found += [(within, said) for key, said in pairs if text_of(key) == f"'response_model_{option}'"]
            elif isinstance(each, ast.Call):
                found.append((within, keyword(each, f"response_model_{option}")))
            elif isinstance(each, ast.Name | ast.Attribute):
                bound = evidence.source.bound(name_of(each), within)
                inner = getattr(bound[1], "value", None) if bound else None
                if bound and inner is not None and all(inner is not known for _, known in spread):
                    spread.append((bound[0], inner))
    return [(within.at(value), value) for within, value in found if value is not None]


def _names_left_out(actual: Any, expected: Any) -> set[str]:
    """The fields that are missing from items in an answer."""
    if isinstance(actual, list) and isinstance(expected, list):
        return set().union(*(_names_left_out(*pair) for pair in zip(actual, expected, strict=False)))
    return {*expected} - {*actual} if isinstance(actual, dict) and isinstance(expected, dict) else set()


def _joined(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _fields_left_out(actual: Any, expected: Any) -> bool:
    """Whether items in an answer lack fields that are null."""
    if isinstance(actual, list) and isinstance(expected, list):
        return any(_fields_left_out(*pair) for pair in zip(actual, expected, strict=False))
    if not isinstance(actual, dict) or not isinstance(expected, dict):
        return False
    return any(name not in actual for name, value in expected.items() if value is None)


# What was sent has no id, and of a change not always a name.
_LACKS = r"ValidationError: (response\.(\d+\.)?)?(id: Field required|name: Input should be a valid string, not None)"


@reading(
    "the answer is made from what was sent",
    *("create_answers_201", "created_item_is_refreshed", "patch_keeps_omitted_fields", "patch_null_clears"),
    "batch_is_all_or_nothing",
)
def echoed(evidence: Evidence) -> Told | None:
    """The data from the client has no id, and none of the values that the database made."""
    found = endpoint_of(evidence)
    body = body_parameter(evidence, found[1]) if found else None
    without_id = evidence.saw.startswith("the answer: {") and "'id'" not in evidence.saw
    without_id = without_id or ("ValidationError" in evidence.saw and re.search(_LACKS, evidence.saw) is not None)
    if found is None or body is None or not ("shows" in evidence.saw or without_id):
        return None
    sent = re.compile(rf"\b({'|'.join(_names_of_what_was_sent(found[1], body.arg))})\b")
    for node in inside(found[1]):
        made: list[ast.AST] = [node.value] if isinstance(node, ast.Return) and node.value is not None else []
        if made and without_id and not sent.search(text_of(made[0])):
            made = [*made_of(found[1], made[0]), *_appended_to(found[1], made[0])]
        # What a session, or a class of the tables, has made of it is another value.
        stored = any(calls(each, "Item", "execute", "scalar", "scalars") for each in made[1:])
        if not stored and any(sent.search(text_of(each)) for each in made):
            inner = [call for each in made for call in calls(each, "create_item", "add_item", "update_item")]
            every = [each for one in made for each in inside(one) if isinstance(each, ast.Call)]
            own = [each for each in every if _stores(evidence, name_of(each))]
            if not inner and not own:
                one = "object is the row" if "list" not in text_of(body.annotation).lower() else "objects are the rows"
                hint = f"'{body.arg}' is what was sent. Which {one} of the database?"
                if "ItemRead" not in text_of(found[1].returns) and keyword(found[2], "response_model") is None:
                    hint = f"{hint} And which schema has an id? Look at the return type, too."
                return Told(where=_crashed_within(evidence, *found[:2]) or found[0].at(node), hint=hint)
    return None


def _appended_to(node: Function, made: ast.AST) -> list[ast.expr]:
    """What a function appends to a list that it returns."""
    name = name_of(made)
    lists = [(each.func.value, each.args) for each in calls(node, "append") if isinstance(each.func, ast.Attribute)]
    return [each for owner, given in lists for each in given if name_of(owner) == name != ""]


def _names_of_what_was_sent(node: Function, body: str) -> list[str]:
    """The name of the body, and those that loops have for what is in it and in nothing else."""
    loops = [each for each in inside(node) if isinstance(each, ast.For | ast.comprehension)]
    of_it = {name_of(each.target) for each in loops if text_of(each.iter) == body}
    return [body, *sorted(of_it - {name_of(each.target) for each in loops if text_of(each.iter) != body} - {""})]


def _crashed_within(evidence: Evidence, file: File, node: Function) -> str:
    """The line of an endpoint's own from which a ValidationError came; empty where it came from elsewhere."""
    raised = evidence.raised_kind("ValidationError")
    where = innermost(raised, evidence.given) if raised else ""
    name, _, line = where.rpartition(":")
    return where if name == file.name and node.lineno <= int(line) <= (node.end_lineno or 0) else ""


def _stores(evidence: Evidence, name: str) -> bool:
    """Whether a function of the learner's own, ``service.create``, leads to a session that keeps something."""
    found = evidence.source.function(name) if name else None
    made = evidence.source.reached(*found) if found else []
    return any(calls(node, "add", "add_all", "execute", "exec", "create_item", "add_item") for _, node in made)


@reading("the answer shows more than the schema", "answers_hide_internal_fields", "other_answers_show_no_owner")
def shown_as_it_is(evidence: Evidence) -> Told | None:
    """FastAPI filters an answer by the schema that the endpoint names. Without a schema it sends everything it gets."""
    found = endpoint_of(evidence)
    if found is None:
        return None
    if (own := _sent_as_it_is(evidence)) is not None:
        return own
    file, node, call = found
    model = keyword(call, "response_model")
    named = text_of(model if model is not None else node.returns)
    if re.search(r"\b(ItemRead|ItemWithOwner)\b", named):
        return None
    saw = f"{_added_by_the_check(evidence)}; {node.name}() promises {named or 'nothing'}"
    if model is not None and named == "None":
        saw = f"{_added_by_the_check(evidence)}; response_model=None promises nothing"
    shows = [
        other.name
        for other_file, other, verb, decorator in routes_of(evidence)
        if other_file is file
        and other.lineno != node.lineno
        and verb != "delete"
        and not other.name.startswith("to_do_")
        if text_of(keyword(decorator, "response_model") or other.returns) in (named, f"list[{named}]", f"List[{named}]")
    ]
    if shows and named:
        saw += f", and so {'does' if len(shows) == 1 else 'do'} {_joined([f'{name}()' for name in shows])}"
    elif shows:
        saw += f", nor {'does' if len(shows) == 1 else 'do'} {_joined([f'{name}()' for name in shows])}"
    place = model if model is not None else node.returns if node.returns is not None else node
    return Told(saw=saw, where=file.at(place), hint="Which schema says what a client may see?")


def _added_by_the_check(evidence: Evidence) -> str:
    """What was seen; a learner who has no column of that name hears where it comes from."""
    return re.sub(r"('internal_note')(?!, a)", r"\1, a column that the check has added", evidence.saw, count=1)


def _sent_as_it_is(evidence: Evidence) -> Told | None:
    """What there is to say of an endpoint that returns a response of its own, which no schema filters."""
    for file, node in behind(evidence):
        for each in [each for each in inside(node) if isinstance(each, ast.Return)]:
            given = giving(node, each)
            made = given.value if isinstance(given.value, ast.Call) else None
            if made is None or not name_of(made).endswith("Response") or name_of(made) == "Response":
                continue
            content = keyword(made, "content") or next(iter(made.args), None)
            if content is None or re.search(r"\b(ItemRead|ItemWithOwner)\b", text_of(content)):
                continue
            saw = f"{_added_by_the_check(evidence)}; {node.name}() returns a {name_of(made)} of its own"
            hint = "A response that you return is sent as it is: no schema filters it. What goes into this one?"
            return Told(saw=saw, where=file.at(made), hint=hint)
    return None


@reading("the work is done after the answer", *ANSWERS, "error_reaches_the_client")
def after_the_answer(evidence: Evidence) -> Told | None:
    """Background tasks, and the lines after a dependency's yield, run when the client already has its answer."""
    if "before the COMMIT" not in evidence.saw:
        return None
    found = endpoint_of(evidence)
    tasks = [each for each in calls(found[1], "add_task") if _writes(evidence, each)] if found else []
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


def _writes(evidence: Evidence, task: ast.Call) -> bool:
    """Whether what a task is to call changes something in the database; also where that is unclear."""
    name = name_of(task.args[0]) if task.args else ""
    found = evidence.source.function(name) if name else None
    made = evidence.source.reached(*found) if found else []
    return found is None or any(calls(node, "commit", "flush", "begin", "execute", "add") for _, node in made)


_OF_PAGES = ast.Mult | ast.Div | ast.FloorDiv


@reading("offset and limit are not passed on correctly", "list_answers_items", "list_pages", "owner_is_in_the_answer")
def page_not_handed_on(evidence: Evidence) -> Told | None:
    """The numbers that the client sends must reach the function that makes the page, each as the right argument."""
    unlike = unlike_the_page(evidence)
    found = endpoint_of(evidence) if unlike else None  # or what is wrong comes after the query
    if found is None or request_of(evidence)[0] != "get" or "unexpected keyword argument" in evidence.saw:
        return None
    chain = behind(evidence)
    asked = chain[:1] if calls(chain[0][1], *_PAGES) else chain  # it may leave all of that to a helper
    named = [
        each
        for each in chain
        if each in asked or {"offset", "limit"} <= {*arguments_of(each[1])} or "self" in arguments_of(each[1])
    ]
    for file, node, call in [(*each, call) for each in named for call in calls(each[1], *_PAGES)]:
        passed = _page_in(evidence, call)
        if passed is None:
            continue
        said = {name: made_of(node, value) for name, value in passed.items()}
        said = {name: [*values, *_given_back_by(evidence, values)] for name, values in said.items()}
        said = {name: [*values, *_set_in_a_class(evidence, values)] for name, values in said.items()}
        words = {name: " ".join(map(text_of, values)) for name, values in said.items()}
        misplaced = page_misplaced(call, passed)
        if misplaced:
            return Told(where=file.at(call), hint=misplaced)
        lost = [name for name in ("offset", "limit") if not re.search(r"[^\W\d]", words.get(name, ""))]
        if {*lost} & unlike:
            return Told(where=file.at(call), hint=_where_the_page_ends(evidence, file, call, lost))
        for name in [each for each in words if each in unlike]:
            every = [one for value in said[name] for one in ast.walk(value)]
            sums: list[ast.AST] = [one for one in every if isinstance(one, ast.BinOp | ast.AugAssign)]
            sums = [one for one in sums if _is_of_the_page(evidence, one)]
            page = page_asked(evidence)
            bounds = [one for one in every if isinstance(one, ast.Call) and name in re.findall(r"\w+", text_of(one))]
            sums += [one for one in bounds if number_of(one, **page) not in (None, page[name])]
            pages = [one for one in sums if isinstance(getattr(one, "op", None), _OF_PAGES) and name == "offset"]
            if sums:
                meant = f"The client asked for {name} {page[name]}"
                if f"{name}=" not in "".join(evidence.did[-1:]):
                    meant = f"Where the client says nothing, {name} is {page[name]}"
                hint = f"{meant}. What does this line do with it?"
                hint = "What does offset count: items or pages?" if pages else hint
                first = (pages or sums)[0]
                within = next(each for each in evidence.source.files() if first in each.nodes)
                return Told(where=within.at(first), hint=hint)
    return None


def _is_of_the_page(evidence: Evidence, node: ast.AST) -> bool:
    """Whether an expression has to do with offset and limit, also under the names that a class keeps them by."""
    parts = [node, *_set_in_a_class(evidence, [node])]
    return any(re.search(r"\b(offset|limit)\b", text_of(each)) for each in parts)


def _set_in_a_class(evidence: Evidence, values: list[ast.AST]) -> list[ast.AST]:
    """What the attributes that are read here, ``page.first``, are in the learner's classes: set, or properties."""
    read = {one.attr for value in values for one in ast.walk(value) if isinstance(one, ast.Attribute)}
    made: list[ast.AST] = []
    for class_ in [class_ for file in evidence.source.files() for class_ in file.classes]:
        for each in [each for each in ast.walk(class_) if isinstance(each, ast.Assign)]:
            several = isinstance(each.targets[0], ast.Tuple) and isinstance(each.value, ast.Tuple)
            targets = each.targets[0].elts if isinstance(each.targets[0], ast.Tuple) else each.targets[:1]
            set_to = each.value.elts if several and isinstance(each.value, ast.Tuple) else [each.value]
            for target, value in zip(targets, set_to, strict=False):
                if isinstance(target, ast.Attribute) and name_of(target.value) == "self" and target.attr in read:
                    made.append(value)
        for method in [each for each in class_.body if isinstance(each, Function) and each.name in read]:
            returned = [each.value for each in inside(method) if isinstance(each, ast.Return) and each.value]
            made += [one for value in returned for one in made_of(method, value)]
        made += _fields_given(evidence, class_, read)
    return made


def _given_back_by(evidence: Evidence, values: list[ast.AST]) -> list[ast.AST]:
    """What the learner's functions give back that are called here: ``first(page)``."""
    made = [one for value in values for one in ast.walk(value) if isinstance(one, ast.Call)]
    held = [evidence.source.function(name_of(call)) for call in made if isinstance(call.func, ast.Name)]
    returned = [(each[1], one.value) for each in held if each for one in inside(each[1]) if isinstance(one, ast.Return)]
    return [part for node, value in returned if value is not None for part in made_of(node, value)]


def _fields_given(evidence: Evidence, class_: ast.ClassDef, names: set[str]) -> list[ast.AST]:
    """What the fields of a dataclass or a model are given where one is made: ``Page(offset, limit)``."""
    fields = [name_of(each.target) for each in class_.body if isinstance(each, ast.AnnAssign)]
    made = [call for file in own_files(evidence) for call in file.calls(class_.name)] if names & {*fields} else []
    given = [(name, value) for call in made for name, value in zip(fields, call.args, strict=False)]
    given += [(each.arg, each.value) for call in made for each in call.keywords if each.arg]
    return [value for name, value in given if name in names]


def _page_in(evidence: Evidence, call: ast.Call) -> dict[str, ast.expr] | None:
    """What a call hands on as offset and limit; None where that is unclear, as with ``list_items(db, *page)``."""
    callee = evidence.source.function(name_of(call), "app/crud.py")
    taken = arguments_of(callee[1]) if callee else ["db", "offset", "limit"]
    unclear: list[ast.expr] = [each for each in call.args if isinstance(each, ast.Starred)]
    unclear += [each.value for each in call.keywords if each.arg is None]
    if unclear or not {"offset", "limit"} <= {*taken}:
        return None
    passed = dict(zip(taken, call.args, strict=False)) | {each.arg: each.value for each in call.keywords if each.arg}
    return {name: value for name, value in passed.items() if name in ("offset", "limit")}


def _where_the_page_ends(evidence: Evidence, file: File, call: ast.Call, ends: list[str]) -> str:
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
    return end_here(ends)


@reading("another default for the page", "list_answers_items")
def other_default_page(evidence: Evidence) -> Told | None:
    """If the client says nothing, the page starts at the first item and has up to 100 items."""
    found = endpoint_of(evidence)
    if found is None or "without a limit" not in evidence.saw:
        return None
    hint = "How long is a page where the client says nothing?"
    for each, value in _defaults(found[1]):
        if each.arg == "limit":
            file, decides = _number_behind(evidence, found[0], value)
            if re.search(r"\b100\b", text_of(decides)):
                return None  # then something else makes the page shorter
            return Told(where=file.at(each if decides is None or decides is value else decides), hint=hint)
    said, place = _default_elsewhere(evidence, found[1]), parameter_of(evidence, ("limit",))
    where = said or (place[0].at(place[1]) if place else "")
    is_right = re.search(r"((?<![lg][et])=|\() ?100\b", evidence.source.line(where)) is not None
    return Told(where=where, hint=hint) if where and not is_right else None


def _defaults(node: Function) -> list[tuple[ast.arg, ast.expr | None]]:
    """The parameters of a function that have a default, or may be given by name alone, and their defaults."""
    values: list[tuple[ast.arg, ast.expr | None]] = [*zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    return [*values, *zip(node.args.args[::-1], node.args.defaults[::-1], strict=False)]


@reading("the page gets shorter after the query", "list_answers_items")
def cut_after_the_query(evidence: Evidence) -> Told | None:
    """The query asked for the whole page, and the answer has less of it."""
    found = endpoint_of(evidence) if "without a limit" in evidence.saw else None
    returned = [each for each in inside(found[1]) if isinstance(each, ast.Return)] if found else []
    if found is None or page_sent(evidence).get("limit") != 100 or len(returned) != 1:
        return None
    hint = "What happens to the rows on their way from the query to here?"
    return Told(saw=f"{evidence.saw}; the query asked for 100", where=found[0].at(returned[0]), hint=hint)


def _default_elsewhere(evidence: Evidence, node: Function) -> str:
    """Where what an endpoint depends on gives ``limit`` a default: a function, or a class; empty where nothing does."""
    functions = behind(evidence)[1:]
    for name in re.findall(r"\w+", text_of(node.args)):
        class_ = evidence.source.class_(name)
        for each in class_[1].body if class_ and class_[0].name not in evidence.given else ():
            if class_ and isinstance(each, Function):
                functions.append((class_[0], each))
            elif class_ and isinstance(each, ast.AnnAssign) and name_of(each.target) == "limit" and each.value:
                other, decides = _number_behind(evidence, class_[0], each.value)
                return other.at(each if decides is None or decides is each.value else decides)
    for file, function in functions:
        for parameter, value in _defaults(function):
            if parameter.arg == "limit" and value is not None:
                other, decides = _number_behind(evidence, file, value)
                return other.at(parameter if decides is None or decides is value else decides)
    return ""


def _number_behind(evidence: Evidence, file: File, value: ast.expr | None) -> tuple[File, ast.expr | None]:
    """The number that a default comes to: the default itself, that of its ``Field(…)``, or what its name stands for."""
    said = value
    if isinstance(value, ast.Call):
        said = keyword(value, "default") or (value.args[0] if value.args else None)
    other, number = number_behind(evidence, file, said) if said is not None else (file, value)
    return (other, number) if number is not said else (file, value)


# -- sessions -----------------------------------------------------------------------------------------


@reading("a session that nobody closes", *_LEAKS)
def own_session_left_open(evidence: Evidence) -> Told | None:
    """A session that you open must always be closed: with a with block, or in a finally."""
    own = own_files(evidence)
    if evidence.rule == "session_is_rolled_back_on_error" and "still out of the pool" not in evidence.saw:
        return None
    if (again := _used_after_its_end(evidence)) is not None:
        return again
    for file in own:
        for call in file.calls("SessionLocal", "Session", "connect", "next"):
            of_get_db = name_of(call) == "next" and "get_db" in text_of(call)
            if name_of(call) == "next" and not of_get_db:
                continue
            place, hint = _who_closes(file, call)
            if hint == _WHO_CLOSES and evidence.rule == "session_is_rolled_back_on_error":
                hint = "You opened this session yourself. Who closes it, after a success and after a crash?"
            if hint and of_get_db:
                hint = (
                    "next() takes the session out of get_db, which ends at once: nobody closes what is opened later. "
                    "What does Depends want to be given?"
                )
            if hint:
                why = "What stays open keeps a connection from everyone else; after a few requests the app hangs."
                if hint == _OPENED_ONCE:
                    why = "A session belongs to one request. All of them would meet in it what the others have left."
                is_one = name_of(call) == "connect" and evidence.saw.startswith("a connection is still out")
                wanted = "the connection is back in the pool" if is_one and ";" not in evidence.saw else ""
                return Told(where=file.at(place), hint=hint, why=why, wanted=wanted)
    return None


def _used_after_its_end(evidence: Evidence) -> Told | None:
    """What there is to say of a line that goes on with a session which a line above it has closed: it opens again."""
    taken = re.search(r"taken at (app/\S+?\.py):(\d+)\)", evidence.saw)
    file = evidence.source.file(taken[1]) if taken else None
    node = evidence.source.function(file.function_at(int(taken[2])), taken[1]) if file and taken else None
    if file is None or taken is None or node is None or file.name in evidence.given:
        return None
    line = int(taken[2])
    statements = [each for each in inside(node[1]) if isinstance(each, ast.stmt)]
    here = [each for each in statements if each.lineno <= line <= (each.end_lineno or 0)]
    smallest = min(here, key=lambda each: (each.end_lineno or 0) - each.lineno, default=node[1])
    used = {each.id for each in ast.walk(smallest) if isinstance(each, ast.Name)}
    for name, ended, what in _closed_in(node[1]):
        names = [each for each in inside(node[1]) if isinstance(each, ast.Name) and each.id == name]
        again = [each.lineno for each in names if isinstance(each.ctx, ast.Store)]
        if name in used and ended < line and not any(ended < each <= line for each in again):
            hint = f"{what} has closed '{name}'. A closed session that you use again opens again. Who closes it then?"
            return Told(where=f"{file.name}:{line}", hint=hint)
    return None


def _closed_in(node: Function) -> list[tuple[str, int, str]]:
    """The names of the sessions that a function closes, the line in which it has, and how to speak of that."""
    found: list[tuple[str, int, str]] = []
    failing = [one for each in inside(node) if isinstance(each, ast.ExceptHandler) for one in ast.walk(each)]
    for block in [each for each in inside(node) if isinstance(each, ast.With)]:
        for item in block.items:
            entered = item.context_expr
            if isinstance(entered, ast.Name) or calls(entered, "SessionLocal", "Session", "closing"):
                name = name_of(item.optional_vars) or name_of(entered)
                found.append((name, block.end_lineno or 0, "The with block above this line"))
    for each in inside(node):
        if isinstance(each, ast.Call) and name_of(each) == "close" and each not in failing:
            owner = each.func.value if isinstance(each.func, ast.Attribute) else None
            found.append((text_of(owner), each.end_lineno or 0, f"Line {each.lineno}"))
    return found


def _who_closes(file: File, call: ast.Call) -> tuple[ast.Call, str]:
    """The place to look at, and what to ask about a session that is opened here; nothing where it is surely closed."""
    around = [each.items for each in file.nodes if isinstance(each, ast.With)]
    if any(call in ast.walk(item.context_expr) for items in around for item in items):
        return call, ""
    function = next((each for each in reversed(file.functions) if call in ast.walk(each)), None)
    entered = (
        [one for each in calls(function, "enter_context", "callback", "closing") for one in each.args]
        if function
        else []
    )
    names = _names_of_session(function, call) if function else set()
    bare = {name_of(item.context_expr) for items in around for item in items}
    if any(call in ast.walk(each) for each in entered) or names & ({*map(name_of, entered)} | bare):
        return call, ""
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
    made = [each.value for each in file.tree.body if isinstance(each, ast.Assign | ast.AnnAssign)]
    class_ = next((each for each in file.classes if function in each.body), None)
    once = (
        class_ is not None
        and function
        and function.name == "__init__"
        and class_.name in map(name_of, filter(None, made))
    )
    if call in made or once:
        return call, _OPENED_ONCE
    return call, _WHO_CLOSES


_DETACHED = re.compile(r"DetachedInstanceError|not bound to a Session")


@reading("the session ends before the answer is made", *ANSWERS)
def session_ended_early(evidence: Evidence) -> Told | None:
    """A ``with`` around a session closes it at its end. What is read of an object after that cannot be loaded."""
    found = endpoint_of(evidence)
    crossed = [line for raised in evidence.raised for line in raised.lines]
    if found is None or not _DETACHED.search(evidence.saw) or not crossed:
        return None
    file, node, _ = found
    read = max((int(line.rpartition(":")[2]) for line in crossed if line.startswith(f"{file.name}:")), default=0)
    handed = {*arguments_of(node)}
    for block in [each for each in inside(node) if isinstance(each, ast.With)]:
        entered = {name_of(item.context_expr) for item in block.items if isinstance(item.context_expr, ast.Name)}
        if entered & handed and (block.end_lineno or 0) < read:
            return Told(where=file.at(block), hint="What does the end of this block do to the session?")
    for call in calls(node, "close", "expunge_all", "expunge"):
        if call.lineno < read and file.name not in evidence.given:
            return Told(where=file.at(call), hint="What can be read of an item after this line?")
    for place, helper in behind(evidence)[1:]:
        lends = any(isinstance(each, ast.Yield) for each in inside(helper))  # get_db closes it after the answer
        for call in calls(helper, "close", "expunge_all") if not lends and place.name not in evidence.given else ():
            if {each.id for each in inside(call.func) if isinstance(each, ast.Name)} & {*arguments_of(helper)}:
                hint = "Whoever called this reads the item after this line. Who opened this session, and who closes it?"
                return Told(where=place.at(call), hint=hint)
    return None


@reading("the item belongs to another session", "patch_keeps_omitted_fields", "delete_answers_204", "update_persists")
def other_session(evidence: Evidence) -> Told | None:
    """An object belongs to the session that loaded it. Another session cannot save or refresh it."""
    raised = evidence.raised_kind("InvalidRequestError")
    if raised is None or not re.search(r"not persistent within|already attached", raised.message):
        return None
    if evidence.sent("DELETE items"):  # then this session did know it
        return None
    saw = f"a crash: {raised.kind}: the item came from another session than this one"
    for file, node in behind(evidence):
        opened = calls(node, "SessionLocal", "Session")
        opened += [each for each in calls(node, "next") if "get_db" in text_of(each)]
        crossed = [line for line in raised.lines if line in {file.at(each) for each in inside(node)}]
        names = {name for each in opened for name in _names_of_session(node, each)}
        if opened and crossed and names & {*re.findall(r"\w+", evidence.source.line(crossed[-1]))}:
            hint = "The item comes from another session. Why is it to be changed in this one?"
            return Told(saw=saw, where=file.at(opened[0]), hint=hint)
        if opened and calls(node, *LOOKUPS):
            hint = "The item comes from this session, and is to be changed in another."
            return Told(saw=saw, where=file.at(opened[0]), hint=hint)
    for file in own_files(evidence):
        for each in [each for each in file.nodes if isinstance(each, ast.keyword) and each.arg == "use_cache"]:
            if text_of(each.value) == "False":
                hint = "Without the cache, Depends calls get_db for each place that needs it. How often is that?"
                return Told(saw=saw, where=file.at(each), hint=hint)
    hint = "The session in this line does not know this item. Where does the item come from?"
    if "already attached" not in raised.message:  # nobody has seen another session
        saw = f"a crash: {raised.kind}: the session does not know this item"
    return Told(saw=saw, where=innermost(raised, evidence.given), hint=hint)


def _names_of_session(node: Function, opened: ast.Call) -> set[str]:
    """The names that a session has in the function that opens it."""
    bound: list[ast.AST | None] = []
    for each in inside(node):
        if isinstance(each, ast.With):
            bound += [item.optional_vars for item in each.items if opened in ast.walk(item.context_expr)]
        elif isinstance(each, ast.Assign) and opened in ast.walk(each.value):
            bound += each.targets
    return {name_of(each) for each in bound} - {""}
