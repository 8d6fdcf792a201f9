"""In the child: mistakes with what lives longer than a request: items in a dictionary, a cache, ``app.state``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.diagnosis.crud import reached
from grader.diagnosis.endpoints import behind, own_files, request_of
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import File, Function, decorators, inside, name_of, text_of

_CACHES = "cache", "lru_cache", "cached", "cachedmethod", "memoize"
_OF_AN_OBJECT = r"\.(state|info)\b"  # app.state, and the dictionary that each session has
_FILLS = "append", "add", "setdefault", "update", "__setitem__", "put"
_ASKS = "get", "pop", "setdefault"
_OLD = re.compile(
    r"came from another session|already attached|not persistent within|DetachedInstance|not bound to a Ses"
)

_OUTDATED = "Whoever asks wants the item as the database has it now. What was loaded earlier may have changed since."


@reading(
    "an item is kept from one request to the next",
    *("read_answers_the_item", "get_unknown_is_404", "patch_keeps_omitted_fields", "patch_unknown_is_404"),
    *("patch_null_clears", "delete_unknown_is_404", "delete_answers_204", "list_answers_items"),
)
def kept_between_requests(evidence: Evidence) -> Told | None:
    """An item belongs to the session that loaded it, and shows what was stored then. The next request has another
    session, and the row may have changed or be gone."""
    answers = [number for number, event in enumerate(evidence.events) if event.what.startswith("ANSWER")]
    before = answers[-2] + 1 if len(answers) > 1 else 0
    asked = any(event.what.startswith("SELECT items") for event in evidence.events[before : max(answers, default=0)])
    of_before = _OLD.search(evidence.saw) or any(_OLD.search(each.message) for each in evidence.raised)
    if not re.search(r"/items/\d+$", request_of(evidence)[1]) or (asked and not of_before):
        return None
    chain: list[tuple[File, Function]] = []
    for file, node in behind(evidence):
        chain += [each for each in evidence.source.reached(file, node, evidence.given) if each not in chain]
    for file, node in chain:
        place = next(_kept_in(file, node), None)
        if place is not None:
            filled = _filled_if_empty(node)
            if filled is not None:
                saw = f"{evidence.saw}; the item is one that an earlier request has loaded"
                hint = f"'{filled[1]}' outlives the request: the next one finds in it what this one has loaded. When "
                hint += "is that still what the database holds?"
                return Told(saw=saw, where=file.at(filled[0]), hint=hint, why=_OUTDATED)
            saw = f"{evidence.saw}; the item is one that an earlier request has loaded"
            hint = "What this gives back was loaded for another request. Which item does this request need?"
            if of_before:
                hint = "What this gives back was loaded for another request, by a session that is closed by now. "
                hint += "Which item does this request need?"
            return Told(saw=saw, where=file.at(place), hint=hint, why=_OUTDATED)
    return None


@reading("what was found is kept for the next call", "get_unknown_is_none", "get_returns_the_item", "list_pages")
def kept_between_calls(evidence: Evidence) -> Told | None:
    """What a function remembers is what an earlier call found. Since then rows may be new, changed or gone:
    only the database knows that."""
    listed = evidence.rule == "list_pages" and any(each.what == "SELECT items" for each in evidence.earlier)
    asked_before = listed or re.search(r"called get_item for each|gave None", " ".join(evidence.did))
    if not asked_before or evidence.sent("SELECT") or evidence.raised:
        return None
    for file, node in reached(evidence):
        place = next(_kept_in(file, node), None)
        if place is not None:
            hint = "This gives back what an earlier call found. How would it know that the row is gone by now?"
            if listed:
                hint = "This gives back what an earlier call found. How would it know which rows have come or gone?"
            elif evidence.expected is not None:
                hint = "This gives back what an earlier call found: nothing. How would it know that there is a row now?"
            return Told(saw=f"{evidence.saw}; no SELECT was sent", where=file.at(place), hint=hint)
    return None


@reading("a list that all objects of a class share")
def shared_by_all_objects(evidence: Evidence) -> Told | None:
    """What a class sets in its body is there once, for all its objects. ``__init__`` makes a new one for each."""
    if not any(file.mentions("self") for file in own_files(evidence)):
        return None
    places = [*reached(evidence)] or [
        one for each in behind(evidence) for one in evidence.source.reached(*each, evidence.given)
    ]
    for file, method in places:
        owner = next((each for each in file.classes if method in each.body and not each.bases), None)
        if owner is None:
            continue
        once = [each for each in owner.body if _is_a_collection(getattr(each, "value", None))]
        made = {target.id: each for each in once for target in _targets(each) if isinstance(target, ast.Name)}
        for one in [one for each in inside(method) for one in _put_into(each)] if made else []:
            name = one.removeprefix("self.")
            sets = [target for each in inside(owner) if isinstance(each, _SETS) for target in _targets(each)]
            if name != one and name in made and one not in map(text_of, sets):
                hint = f"There is one '{name}', made with the class. What is in it when the next {owner.name} is made?"
                return Told(where=file.at(made[name]), hint=hint)
    return None


_SETS = ast.Assign | ast.AnnAssign


def _put_into(node: ast.AST) -> list[str]:
    """Which collections get something more: ``self.found`` of ``self.found.append(item)``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in (*_FILLS, "extend"):
        return [text_of(node.func.value)]
    if isinstance(node, ast.AugAssign):
        return [text_of(node.target)]
    kept = node.targets if isinstance(node, ast.Assign) else []
    return [text_of(each.value) for each in kept if isinstance(each, ast.Subscript)]


def _filled_if_empty(function: Function) -> tuple[ast.If, str] | None:
    """The condition under which a function loads what a global name holds from then on, and that name."""
    names = {name for each in inside(function) if isinstance(each, ast.Global) for name in each.names}
    for each in [each for each in inside(function) if isinstance(each, ast.If)]:
        bound = {name_of(target) for one in each.body for target in _targets(one)} & names
        if bound and any(name_of(one) in bound for one in ast.walk(each.test)):
            return each, min(bound)
    return None


def _kept_in(file: File, function: Function) -> Iterator[ast.AST]:
    """What of a function takes an item from where functions put it for later; where it decides that, first."""
    for name, decorator in decorators(function):
        if name in _CACHES:
            yield decorator
    lasting = _lasting(file)
    own_globals = {name for each in inside(function) if isinstance(each, ast.Global) for name in each.names}
    filled = {
        name
        for other in file.functions
        for each in inside(other)
        for name in _filled(each, own_globals)
        if name in lasting or re.search(_OF_AN_OBJECT, name)
    }
    returned = [each.value for each in inside(function) if isinstance(each, ast.Return) and each.value is not None]
    returned.sort(key=lambda value: value.lineno)  # what is found there ends a call before anything is asked
    yield from (each for value in returned for each in ast.walk(value) if _taken(each) in filled)
    asked = [each for each in inside(function) if not isinstance(each, ast.Name | ast.Attribute)]
    yield from (each for each in asked if _taken(each) in filled)  # a name alone may only be looked into: ids in a set


def _lasting(file: File) -> set[str]:
    """Names of a module, attributes of its classes, and collections that outlive a call of a function."""
    found: set[str] = set()
    for body in [file.tree.body, *(each.body for each in file.classes)]:
        for each in body:
            found |= {target.id for target in _targets(each) if isinstance(target, ast.Name)}
            found |= {_holder(target) for target in _targets(each) if _is_a_collection(getattr(each, "value", None))}
    for function in file.functions:
        found |= _collections_of(function)
    return found - {""}


def _collections_of(function: Function) -> set[str]:
    """Collections that a function makes for later calls: a default value, what an inner function or an object has."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    defaults = zip(arguments[::-1], function.args.defaults[::-1], strict=False)
    named = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    found = {each.arg for each, value in (*defaults, *named) if _is_a_collection(value)}
    made = [each for each in function.body if _is_a_collection(getattr(each, "value", None))]
    keeps = function.name == "__init__" or any(isinstance(each, Function) for each in function.body)
    return found | {_holder(target) for each in made if keeps for target in _targets(each)}


def _targets(node: ast.stmt) -> list[ast.AST]:
    """What a statement gives a value to."""
    found = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [each for each in found if each is not None]


def _is_a_collection(value: ast.AST | None) -> bool:
    made = isinstance(value, ast.Call) and re.search(r"dict|list|set|deque|cache|memo", name_of(value).lower())
    return isinstance(value, ast.Dict | ast.List | ast.Set) or bool(made)


def _filled(node: ast.AST, own_globals: set[str]) -> list[str]:
    """Into which lasting things something is put: ``known`` of ``known[id] = item``, all of ``app.state.items``."""
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Attribute):
        return [_holder(called.value)] if called.attr in _FILLS else []
    found = node.targets if isinstance(node, ast.Assign) else []
    names = [each.id for each in found if isinstance(each, ast.Name) and each.id in own_globals]
    names += [_holder(each.value) for each in found if isinstance(each, ast.Subscript)]
    return names + [_holder(each) for each in found if isinstance(each, ast.Attribute)]


def _taken(node: ast.AST) -> str:
    """From which lasting thing a node takes something."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return _holder(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ASKS:
        return _holder(node.func.value)
    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
        return _holder(node)
    return ""


def _holder(node: ast.AST) -> str:
    text = text_of(node)
    return text if re.search(_OF_AN_OBJECT, text) else name_of(node)
