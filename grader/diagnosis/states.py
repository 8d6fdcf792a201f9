"""In the child: what a request is to find ready, on its state or in a context variable, and who should have set it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import File, Function, Source, calls, decorators, inside, name_of, text_of

_NO_STATE = re.compile(r"'State' object has no attribute '(\w+)'")
# These alone have nobody call a function.
_CALLED_BY_NOBODY = "asynccontextmanager", "contextmanager", "staticmethod", "classmethod", "wraps", "override"
_Definition = Function | ast.ClassDef
_Place = ast.Attribute | ast.Subscript | ast.Call | ast.Yield


@dataclass(frozen=True)
class _Missing:
    """What was not there.

    Attributes:
        owner: whose it is: ``request.state``, ``app.state``, ``request.scope``; a context variable has none.
        name: its name.
        where: the line that asks for it.
    """

    owner: str
    name: str
    where: str

    def __str__(self) -> str:
        asked_by_key = self.owner == "request.scope"
        return f'{self.owner}["{self.name}"]' if asked_by_key else f"{self.owner}.{self.name}".strip(".")


@reading("a value that nothing has set")
def nothing_has_set_it(evidence: Evidence) -> Told | None:
    """A dependency finds on the request what a middleware has put there. Without that, or if it does not run, there is
    nothing to find."""
    missing = _missing(evidence)
    if missing is None:
        return None
    saw = f"{missing} is not there: nothing has set it in this request"
    sets = _sets(evidence.source, missing)
    idle = [_nobody_calls(evidence.source, file, node) for file, node in sets]
    if sets and all(idle) and idle[0] is not None:
        file, definition = idle[0]
        return Told(saw=saw, where=file.at(definition), hint=_hint_for_the_idle(sets[0], definition, missing))
    for file, node in sets[:1] if len(sets) == 1 else ():
        around = evidence.source.function(file.function_at(node.lineno), file.name)
        after = calls(around[1], "call_next") if around else []
        if after and node.lineno > (after[0].end_lineno or 0):
            hint = "call_next() runs the endpoint, and everything that it depends on. Does this line come in time?"
            return Told(saw=saw, where=file.at(node.lineno), hint=hint)
        ifs = [each for each in inside(around[1]) if isinstance(each, ast.If)] if around else []
        for each in [each for each in ifs if node in inside(each) and "type" not in text_of(each.test)]:
            hint = f"{missing} is set under this condition alone. In which requests is it true?"
            return Told(saw=saw, where=file.at(each), hint=hint)
    return Told(saw=saw, where=missing.where, hint=_hint_for(evidence.source, missing, sets))


def _hint_for_the_idle(place: tuple[File, _Place], definition: _Definition, missing: _Missing) -> str:
    """What to ask of a definition that nobody calls."""
    file, node = place
    what, does = ("class", "use") if isinstance(definition, ast.ClassDef) else ("function", "call")
    if what == "function" and definition.name != file.function_at(node.lineno):
        return f"This function leads to what is to set {missing}. Who calls it?"
    once = missing.owner == "app.state" or any("contextmanager" in name for name, _ in decorators(definition))
    return f"This {what} is to set {missing}. What makes the app {does} it{'' if once else ' for each request'}?"


def _hint_for(source: Source, missing: _Missing, sets: list[tuple[File, _Place]]) -> str:
    """What to ask where the line that should have set it is there, and runs, or where there is none."""
    if sets:
        context = "" if missing.owner else " and in the same context"
        return f"{sets[0][0].at(sets[0][1])} sets {missing}. Does that run before this line, in each request{context}?"
    unclear = r"setattr\(|_state\b|\bState\(|\.update\(|\]\s*=\s*\{|state = "
    if any(re.search(unclear, line) for file in source.files() for line in file.lines):
        return f"Which line is to set {missing}? Does that run before this one, in each request?"
    other = {"app.state": "request.state", "request.state": "app.state"}.get(missing.owner, "")
    elsewhere = _sets(source, _Missing(other, missing.name, "")) if other else []
    if elsewhere:
        at = elsewhere[0][0].at(elsewhere[0][1])
        return f"{at} sets {other}.{missing.name}. The app has a state, and each request has one of its own."
    alike = [(file, each) for file, each in _stores(source) if missing.owner and _owner(each) == missing.owner]
    names = {each.attr for _, each in alike if isinstance(each, ast.Attribute)}
    if len(names) == 1:
        file, each = alike[0]
        return f"{file.at(each)} sets {missing.owner}.{names.pop()}. Compare the two names."
    return f"No line of your app sets {missing}. What is to set it, before this line runs?"


def _missing(evidence: Evidence) -> _Missing | None:
    """What the code asked for and did not find; None where it is something else that is wrong."""
    for raised in evidence.raised:
        where = innermost(raised, evidence.given)
        line = evidence.source.line(where)
        on_state = _NO_STATE.search(raised.message) if raised.kind == "AttributeError" else None
        if on_state and line and evidence.source.class_("State") is None:
            return _Missing("app.state" if "app.state" in line else "request.state", on_state[1], where)
        variable = re.search(r"\b(\w+)\.get\(\)", line) if raised.kind == "LookupError" else None
        if variable and "ContextVar" in raised.message:
            return _Missing("", variable[1], where)
        key = re.search(r"\bscope\[['\"](\w+)['\"]\]", line) if raised.kind == "KeyError" else None
        if key and key[1] in raised.message:
            return _Missing("request.scope", key[1], where)
    if evidence.saw != "the endpoint got None":
        return None
    found = evidence.source.function("get_db", "app/deps.py")
    for each in inside(found[1]) if found else ():
        got = text_of(each.func) if isinstance(each, ast.Call) and not each.args else ""
        name = got.removesuffix(".get") if re.fullmatch(r"\w+\.get", got) else ""
        bound = evidence.source.bound(name, found[0]) if found and name else None
        if found and bound and name_of(getattr(bound[1], "value", None)) == "ContextVar":
            return _Missing("", name, found[0].at(each))
        asked = each.args if isinstance(each, ast.Call) and name_of(each) == "getattr" and len(each.args) == 3 else []
        if found and asked and text_of(asked[0]) == "request.state" and isinstance(asked[1], ast.Constant):
            return _Missing("request.state", str(asked[1].value), found[0].at(each))
    return None


def _stores(source: Source) -> Iterator[tuple[File, ast.Attribute | ast.Subscript]]:
    """Where something is put on an object, or into a dict."""
    for file in source.files():
        for each in file.nodes:
            if isinstance(each, ast.Attribute | ast.Subscript) and isinstance(each.ctx, ast.Store):
                yield file, each


def _owner(node: ast.Attribute | ast.Subscript) -> str:
    """Whose it is that is set: ``request.state``, ``app.state`` or ``request.scope``."""
    owner = text_of(node.value)
    if re.search(r"\bapp\.state$", owner):
        return "app.state"
    if re.search(r"\bstate\b", owner):
        return "request.state"
    return "request.scope" if re.search(r"\bscope$", owner) else ""


def _sets(source: Source, missing: _Missing) -> list[tuple[File, _Place]]:
    """The places that set what is missing."""
    found: list[tuple[File, _Place]] = []
    for file, each in _stores(source):
        key = each.slice.value if isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Constant) else None
        name = each.attr if isinstance(each, ast.Attribute) else key
        found += [(file, each)] if missing.owner and name == missing.name and _owner(each) == missing.owner else []
    for file in source.files():
        if not missing.owner:
            made = [call for call in file.calls("set") if isinstance(call.func, ast.Attribute)]
            found += [(file, call) for call in made if name_of(getattr(call.func, "value", None)) == missing.name]
            continue
        for call in file.calls("setattr") if missing.owner.endswith("state") else ():
            named = call.args[1] if len(call.args) > 1 else None
            of_the_app = text_of(call.args[0]).endswith("app.state") if named is not None else False
            fits = of_the_app == (missing.owner == "app.state") and text_of(call.args[0]).endswith("state")
            if isinstance(named, ast.Constant) and named.value == missing.name and fits:
                found.append((file, call))
        for one in file.nodes:  # yield {"db": …} of a lifespan
            given = one.value if isinstance(one, ast.Yield) else None
            keys = list(map(text_of, filter(None, given.keys))) if isinstance(given, ast.Dict) else []
            if isinstance(one, ast.Yield) and missing.owner == "request.state" and repr(missing.name) in keys:
                found.append((file, one))
    return found


def _nobody_calls(
    source: Source, file: File, node: ast.AST, known: tuple[_Definition, ...] = ()
) -> tuple[File, _Definition] | None:
    """The definition around a place that nobody uses, or that of the one who does; None where somebody runs it."""
    around = [each for each in (*file.functions, *file.classes) if node in inside(each)]
    owners = [each for each in around if isinstance(each, ast.ClassDef)]
    for each in sorted(around, key=lambda each: each.lineno):
        method = isinstance(each, Function) and any(each in owner.body for owner in owners)
        if method or each in known or any(name not in _CALLED_BY_NOBODY for name, _ in decorators(each)):
            continue
        within = {id(one) for one in ast.walk(each)}
        named = [
            (other, one)
            for other in source.files()
            for one in other.nodes
            if isinstance(one, ast.Name | ast.Attribute) and name_of(one) == each.name and id(one) not in within
        ]
        users = [_nobody_calls(source, *one, (*known, each)) for one in named]
        if all(users):
            return users[0] if users else (file, each)
    return None
