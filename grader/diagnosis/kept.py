"""In the child: mistakes with what lives longer than a request: items in a dictionary, a cache, ``app.state``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.diagnosis.endpoints import behind, request_of
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import File, Function, decorators, inside, name_of, text_of

_CACHES = "cache", "lru_cache", "cached", "cachedmethod", "memoize"
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
            saw = f"{evidence.saw}; the item is one that an earlier request has loaded"
            hint = "What this gives back was loaded for another request. Which item does this request need?"
            if of_before:
                hint = "What this gives back was loaded for another request, by a session that is closed by now. "
                hint += "Which item does this request need?"
            return Told(saw=saw, where=file.at(place), hint=hint, why=_OUTDATED)
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
        for name in [_filled(each, own_globals)]
        if name in lasting or ".state" in name
    }
    returned = [each.value for each in inside(function) if isinstance(each, ast.Return) and each.value is not None]
    yield from (each for value in returned for each in ast.walk(value) if _taken(each) in filled)
    asked = [each for each in inside(function) if not isinstance(each, ast.Name | ast.Attribute)]
    yield from (each for each in asked if _taken(each) in filled)  # a name alone may only be looked into: ids in a set


def _lasting(file: File) -> set[str]:
    """Names of a module, and attributes of its classes, that live as long as the process."""
    found: set[str] = set()
    for body in [file.tree.body, *(each.body for each in file.classes)]:
        for each in body:
            targets = each.targets if isinstance(each, ast.Assign) else [getattr(each, "target", None)]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def _filled(node: ast.AST, own_globals: set[str]) -> str:
    """Into which lasting thing something is put: ``known`` of ``known[item_id] = item``, all of ``app.state.items``."""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    if isinstance(target, ast.Name):
        return target.id if target.id in own_globals else ""
    if isinstance(target, ast.Subscript):
        return _holder(target.value)
    if isinstance(target, ast.Attribute):
        return _holder(target)
    called = node.func if isinstance(node, ast.Call) else None
    return _holder(called.value) if isinstance(called, ast.Attribute) and called.attr in _FILLS else ""


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
    return text if ".state" in text else name_of(node)
