"""In the child: mistakes in names of types, and in what an endpoint says of its parameters with them."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import replace

from grader.diagnosis.anywhere import unknown_argument, unknown_attribute
from grader.diagnosis.endpoints import endpoint_of, own_files
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.schemas import TAKES_BOTH
from grader.diagnosis.shapes import (
    at_line,
    field_not_handed_over,
    handed_another_type,
    no_row_in_the_session,
    query_not_sent,
    raised_with,
    unfit_call,
)
from grader.diagnosis.source import (
    DEPENDED_ON,
    File,
    Function,
    calls,
    defaults_of,
    first_line,
    inside,
    name_of,
    text_of,
)
from grader.diagnosis.states import nothing_has_set_it

# -- names --------------------------------------------------------------------------------------------

_ASKED_FOR = re.compile(r"(\S+\.py) has no name '(\w+)' \(there is ")
NO_SUCH_NAME = re.compile(r"cannot import name '(\w+)' from '(app[\w.]*)'")


@reading("a name that is spelt differently where it is defined")
def defined_by_another_spelling(evidence: Evidence) -> Told | None:
    """Python takes two names for the same only if every letter is. One definition, and all who ask for it, agree."""
    asked = _ASKED_FOR.match(evidence.saw)
    missing = NO_SUCH_NAME.search(evidence.raised[0].message) if evidence.raised and not asked else None
    path = asked[1] if asked else f"{missing[2].replace('.', '/')}.py" if missing else ""
    name = asked[2] if asked else missing[1] if missing else ""
    if evidence.outcome != "error" or not path or path in evidence.given:
        return None
    file = evidence.source.file(path)
    defined = {each.name: each for each in file.tree.body if isinstance(each, Function | ast.ClassDef)}
    similar = difflib.get_close_matches(name, sorted(defined), 1, cutoff=0.85)
    others = [each for each in evidence.source.files() if each is not file]
    if not similar or any(re.search(rf"\b{similar[0]}\b", line) for each in others for line in each.lines):
        return None  # somebody asks for it by this very name
    return Told(where=file.at(defined[similar[0]]), hint=f"Others ask for '{name}'. How is it spelt here?")


_WITHOUT_A_VALUE = (
    r"^name '(?P<name>\w+)' is not defined|variable '(?P<local>\w+)'|"
    r"^cannot import name '(?P<imported>\w+)' from '(?P<module>[\w.]+)'|"
    r"^module '(?P<owner>[\w.]+)' has no attribute '(?P<attribute>\w+)'"
)


@reading("a name that has a type, and no value")
def never_given_a_value(evidence: Evidence) -> Told | None:
    """A colon after a name says of what type it is. An = gives it a value."""
    found = raised_with(evidence, _WITHOUT_A_VALUE, "NameError", "ImportError", "AttributeError")
    if found is None:
        return None
    _, match, where = found
    name = next(match[each] for each in ("name", "local", "imported", "attribute") if match[each])
    module = match["module"] or match["owner"]
    file = evidence.source.file(f"{module.replace('.', '/')}.py" if module else where.rpartition(":")[0])
    around = evidence.source.function(evidence.source.function_of(where), file.name) if match["local"] else None
    statements = [each for each in inside(around[1]) if isinstance(each, ast.stmt)] if around else file.tree.body
    for each in statements if file.name not in evidence.given else ():
        if isinstance(each, ast.AnnAssign) and each.value is None and name_of(each.target) == name:
            return Told(where=file.at(each), hint=f"A colon only says what type '{name}' has. What gives it a value?")
        compared = each.value if isinstance(each, ast.Expr) and isinstance(each.value, ast.Compare) else None
        if compared is not None and name_of(compared.left) == name and isinstance(compared.ops[0], ast.Eq):
            return Told(where=file.at(each), hint="== asks whether two things are equal. What gives a name a value?")
    line = evidence.source.bound(name, file) if match["name"] and not around else None
    if line is not None and line[0] is file and line[1].lineno > int(where.rpartition(":")[2]):
        hint = f"'{name}' gets its value further down, in line {line[1].lineno}. Python reads a file from the top."
        return Told(where=where, hint=hint)
    return None


# -- parameters ---------------------------------------------------------------------------------------

_Said = tuple[File, ast.AST, ast.arg, ast.expr]
_PLACES = "Query", "Path", "Body", "Header", "Cookie", "Depends"


def _parameters(evidence: Evidence, where: str) -> Iterator[_Said]:
    """What is said of each parameter of the function at a place, and of those that it depends on: of each the file, the
    line in which it is said, the parameter, and its type in full."""
    name, _, number = where.rpartition(":")
    file = evidence.source.file(name)
    at = [each for each in file.functions if first_line(each) <= int(number) <= (each.end_lineno or 0)]
    functions: list[tuple[File, Function]] = [(file, each) for each in at[-1:]]
    for place, node in functions:  # which grows meanwhile
        words = [text_of(node.args)]
        for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            bound = evidence.source.bound(each.annotation.id, place) if isinstance(each.annotation, ast.Name) else None
            value = getattr(bound[1], "value", None) if bound else None
            if bound is not None and isinstance(value, ast.expr):
                words.append(text_of(value))
                yield bound[0], bound[1], each, value
            elif each.annotation is not None:
                yield place, each, each, each.annotation
        for called in DEPENDED_ON.findall(" ".join(words)):
            other = evidence.source.function(called, place.name) or evidence.source.function(called)
            if other is not None and other not in functions and other[0].name not in evidence.given:
                functions.append(other)


@reading("a session that FastAPI looks for in the request")
def session_without_depends(evidence: Evidence) -> Told | None:
    """FastAPI takes a parameter from the request, unless Depends says who makes it. No request holds a session."""
    found = raised_with(evidence, r"\borm\.session\.Session\b", "FastAPIError")
    for file, place, parameter, value in _parameters(evidence, found[2]) if found else ():
        owner = next((each for each in file.functions if parameter in ast.walk(each.args)), None)
        default = text_of(defaults_of(owner).get(parameter.arg)) if owner else ""
        if not re.search(r"\bSession\b", text_of(value)) or "Depends" in text_of(value) + default:
            continue
        saw = f"FastAPI looks in the request for the parameter '{parameter.arg}: {text_of(parameter.annotation)}'"
        hint = "A request holds no session. Who makes one, and what tells FastAPI so?"
        if "get_db" in text_of(value) + default:
            hint = "This names get_db. What tells FastAPI to call it?"
        wanted = "a session that get_db opens, and closes after the answer"
        if file.name not in evidence.given:
            return Told(saw=saw, where=file.at(place), hint=hint, wanted=wanted)
    return None


_ANNOTATED = (
    r"^(?P<brackets>Type Annotated cannot be instantiated)|"
    r"^(?P<one>Annotated\[\.\.\.\] should be used with at least two)"
)
_APART = (
    r"^Cannot use `(?P<place>\w+)` for path param ['`](?P<path>\w+)|"
    r"^`(?:\w+)` default value cannot be set in `Annotated` for ['`](?P<default>\w+)|"
    r"^(?P<other>Invalid args for response field|Annotated\[t, \.\.\.\]: t must be a type)|"
    r"^'(?P<called>Depends|Query|Path|Body)' object has no attribute|"
    r"^(?P<form>Form data requires)"
)


@reading("a parameter whose type is not written as FastAPI reads it")
def type_and_place_apart(evidence: Evidence) -> Told | None:
    """Annotated holds a type, and after it where the value comes from: a part of the path, or the query.
    Form asks for a form, which is no JSON."""
    kinds = "FastAPIError", "AssertionError", "TypeError", "AttributeError", "RuntimeError"
    made = raised_with(evidence, _ANNOTATED, *kinds)
    if made is not None and "Annotated" in evidence.source.line(made[2]):
        hint = "Which brackets does Annotated take?"
        hint = "Annotated holds a type, and then what is said of it. Which is missing?" if made[1]["one"] else hint
        return Told(where=made[2], hint=hint) if made[2].rpartition(":")[0] not in evidence.given else None
    found = raised_with(evidence, _APART, *kinds)
    for file, place, parameter, value in _parameters(evidence, found[2]) if found else ():
        if found is None or file.name in evidence.given:
            continue
        if found[1]["form"]:
            if form := _of_a_form(evidence, file, parameter, value):
                return replace(form, where=file.at(place))
        elif hint := _hint_for(found[1], parameter, value):
            alike = _alike(file, place) if found[1]["default"] else ""
            return Told(where=file.at(place), hint=hint + alike)
    return None


def _of_a_form(evidence: Evidence, file: File, parameter: ast.arg, value: ast.expr) -> Told | None:
    """What there is to say of a parameter that is asked for as a browser sends a form; FastAPI wants a package then."""
    owner = next((each for each in file.functions if parameter in ast.walk(each.args)), None)
    said = f"{text_of(value)} {text_of(defaults_of(owner).get(parameter.arg))}" if owner else text_of(value)
    asked = re.search(r"\b(Form|File)\(|\b(UploadFile)\b", said)
    if asked is None:
        return None
    name, what = asked[1] or asked[2], "the fields of an HTML form" if asked[1] == "Form" else "a file that is uploaded"
    schemas = [each for each in re.findall(r"\w+", said) if evidence.source.class_(each)]
    hint = f"What does a schema without {name} ask for?" if schemas else "Which schema describes it?"
    hint = f"{name} asks for {what}. The client sends JSON. {hint}"
    if re.search(r"\bint\b", said):
        hint = f"{name} asks for {what}. Where does the client send '{parameter.arg}'?"
    return Told(saw=f"FastAPI looks for '{parameter.arg}' in {what}, and needs another package for that", hint=hint)


def _alike(file: File, place: ast.AST) -> str:
    """Which other lines of a file give what stands in Annotated a default."""
    annotated = [each for each in file.nodes if isinstance(each, ast.Subscript) and name_of(each.value) == "Annotated"]
    said = [call for each in annotated for call in calls(each, *_PLACES) if call.args and name_of(call) != "Depends"]
    lines = sorted({call.lineno for call in said} - {getattr(place, "lineno", 0)})
    return f" Look at line {' and '.join(map(str, lines))}, too." if 0 < len(lines) < 4 else ""


def _hint_for(found: re.Match[str], parameter: ast.arg, value: ast.expr) -> str:
    """What to ask of the type of a parameter, if it is this one that FastAPI cannot read."""
    if found["path"]:
        hint = f"{found['path']} is a part of the path. Is that what {found['place']} stands for?"
        return hint if found["path"] == parameter.arg and f"{found['place']}(" in text_of(value) else ""
    if found["default"]:
        hint = f"Annotated holds no default. Where does the function give the default of {found['default']}?"
        return hint if found["default"] == parameter.arg else ""
    said = value.slice.elts if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Tuple) else []
    if isinstance(value, ast.Call) and name_of(value) in _PLACES:
        return f"{name_of(value)} says where a value comes from, and not of what type it is. What holds both?"
    if isinstance(value, ast.Tuple):
        return f"The comma makes a pair of this. {TAKES_BOTH}"
    if name_of(getattr(value, "value", None)) == "Annotated" and said and name_of(said[0]) in _PLACES:
        return f"Annotated takes the type first. Is {name_of(said[0])} one?"
    return ""


@reading("Path for something that is not in the path")
def path_for_the_query(evidence: Evidence) -> Told | None:
    """Path stands for a part of the path, in braces there. What comes after the question mark is the query."""
    found = endpoint_of(evidence) if any(file.mentions("Path(") for file in own_files(evidence)) else None
    for file, place, parameter, value in _parameters(evidence, found[0].at(found[1])) if found else ():
        said = "Path(" in text_of(value)
        braces = f"{{{parameter.arg}"
        in_a_path = any(each.mentions(braces) for each in evidence.source.files())
        if said and not in_a_path and file.name not in evidence.given:
            hint = f"Path is for a part of the path. Does {parameter.arg} stand there, or after the question mark?"
            return Told(where=file.at(place), hint=hint)
    return None


# -- the router ---------------------------------------------------------------------------------------


@reading("something other than a router is included")
def no_router_included(evidence: Evidence) -> Told | None:
    """include_router takes the APIRouter that the routes are registered with."""
    words = r"^module '(?P<module>[\w.]+)' has no attribute|^'(?P<kind>\w+)' object has no attribute|"
    found = raised_with(evidence, words + r"^Router\.__call__\(\) missing", "AttributeError", "TypeError")
    nodes = at_line(evidence.source, found[2]) if found else []
    made = [each for each in nodes if isinstance(each, ast.Call) and name_of(each) == "include_router" and each.args]
    if found is None or not made or found[2].rpartition(":")[0] in evidence.given:
        return None
    value, missing = made[0].args[0], re.search(r"attribute '(\w+)'", found[0].message)
    if missing and re.search(rf"\.{missing[1]}\b", evidence.source.line(found[2])):
        return None
    shown, saw = text_of(value), ""
    hint = "include_router takes a router. Where is the router made, and what is it called there?"
    if found[1]["module"]:
        own = f"{found[1]['module'].replace('.', '/')}.py" in [each.name for each in evidence.source.files()]
        saw = f"include_router() was handed the module {found[1]['module']}"
        hint = f"{shown} is {'the file' if own else 'the folder'}. What in it is the router?"
    elif isinstance(value, ast.Call):
        hint = f"The parentheses after {text_of(value.func)} call it. What does include_router take?"
    elif found[1]["kind"]:
        saw = f"include_router() was handed a {found[1]['kind']}"
    return Told(saw=saw and f"{saw}, which is not a router", where=found[2], hint=hint)


# In chapters with endpoints: what one line asks of Python, FastAPI or SQLAlchemy that they cannot do.
@reading("a tuple that is handed on as one value")
def tuple_not_unpacked(evidence: Evidence) -> Told | None:
    """``*args`` in a def collects values in a tuple. ``args`` in a call hands on this tuple; ``*args`` its values."""
    raised = evidence.raised_kind("TypeError")
    if raised is None or not re.search(r"missing \d+ required positional argument", raised.message):
        return None
    found: list[tuple[File, ast.Call]] = []
    for file in [each for each in own_files(evidence) if any("*" in line for line in each.lines)]:
        for node in [each for each in file.functions if each.args.vararg is not None]:
            kept = node.args.vararg.arg if node.args.vararg is not None else ""
            for call in [each for each in inside(node) if isinstance(each, ast.Call)]:
                found += [(file, call) for each in call.args if isinstance(each, ast.Name) and each.id == kept]
    if len(found) != 1:
        return None
    return Told(where=found[0][0].at(found[0][1]), hint="How many values does this call hand on, and of which type?")


IN_ONE_LINE = (
    tuple_not_unpacked,
    handed_another_type,
    query_not_sent,
    nothing_has_set_it,
    unknown_attribute,
    unknown_argument,
    unfit_call,
    field_not_handed_over,
    no_row_in_the_session,
    no_router_included,
    session_without_depends,
    type_and_place_apart,
    path_for_the_query,
)
