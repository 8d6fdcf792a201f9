"""In the child: mistakes in what an endpoint takes: ids, pages and bodies."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.crud import made_of
from grader.diagnosis.endpoints import (
    alias_of,
    behind,
    body_parameter,
    endpoint_of,
    own_files,
    parameter_of,
    path_of,
    request_of,
    routes_of,
)
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import TOO_STRICT, Told, an, reading
from grader.diagnosis.routes import INVALID, LOOKUPS, said_status
from grader.diagnosis.shapes import is_schema
from grader.diagnosis.source import File, Function, arguments_of, calls, defaults_of, inside, name_of, text_of

_OF_CLASSES = "__init__", "__call__"
_CHECKS = "model_validate", "model_validate_json", "parse_obj", "validate_python", "ItemCreate", "ItemUpdate"


@reading("a value is refused with a crash", "bad_paging_is_422", "huge_id_is_no_crash", *INVALID)
def refused_with_a_crash(evidence: Evidence) -> Told | None:
    """FastAPI answers 422 to what it checks itself. An exception that your own code raises, or that comes from a model
    which your own code makes, is a crash to it."""
    raised = evidence.raised[0] if evidence.raised and evidence.saw.startswith("a crash: ") else None
    where = innermost(raised, evidence.given) if raised else ""
    name, _, line = where.rpartition(":")
    if raised is None or not raised.lines or name in evidence.given or raised.bases & _OF_DATABASES:
        return None
    file = evidence.source.file(name)
    for each in [each for each in file.nodes if _has_line(each, int(line))]:
        if isinstance(each, ast.Raise) and each.exc is not None and raised.kind == name_of(each.exc):
            hint = f"This refuses the value, and FastAPI takes a {raised.kind} from here for a crash. "
            hint += "Which exception has a status?"
            return Told(where=where, hint=hint)
        called = each.func if isinstance(each, ast.Call) else None
        if raised.kind == "ValueError" and name_of(called) in _NUMBERS:
            hint = f"{name_of(called)}() raises for a text that is not a number, and to FastAPI that is a crash. "
            return Told(where=where, hint=f"{hint}It answers 422 where the type of the parameter asks for a number.")
        by_a_method = isinstance(called, ast.Attribute) and called.attr.startswith(("model_validate", "parse_obj"))
        model = name_of(called.value) if isinstance(called, ast.Attribute) and by_a_method else name_of(called)
        made = evidence.source.class_(model) if model else None
        if made is not None and raised.kind == "ValidationError" and evidence.rule not in INVALID:
            hint = f"Your own code makes this {made[1].name}, so what it refuses is a crash. "
            return Told(where=where, hint=f"{hint}FastAPI answers 422 to what it checks itself. Who could make it?")
    return None


_NUMBERS = "int", "float", "Decimal"
_OF_DATABASES = {"SQLAlchemyError", "OverflowError", "DatabaseError"}


def _has_line(node: ast.AST, line: int) -> bool:
    """Whether a line is one of a node's."""
    return getattr(node, "lineno", line + 1) <= line <= (getattr(node, "end_lineno", None) or 0)


def _is_refused_before(evidence: Evidence) -> bool:
    """Whether what went wrong is not that a number got in: something else crashed, or FastAPI did refuse it."""
    crashed = bool(evidence.raised) and evidence.raised_kind(*_OF_DATABASES) is None
    return crashed or re.match(r'(?!422).*"loc":\["(path|query)"', evidence.saw) is not None


@reading("an id without bounds", "huge_id_is_no_crash")
def id_without_bounds(evidence: Evidence) -> Told | None:
    """Numbers in Python have no limit. Numbers in a database do, and the driver raises an exception."""
    found = parameter_of(evidence, ("item_id", "id", "pk", "identifier"))
    asked = re.search(r"/(-?\d+)", request_of(evidence)[1])
    if found is None or not asked or _is_refused_before(evidence):
        return None
    if path := _path_of_files(found[0], found[1]):
        return Told(where=path, hint="This is the Path of files. Whose Path tells FastAPI about a part of a URL?")
    number = asked[1] if len(asked[1]) < 26 else f"{asked[1][:3]}... ({len(asked[1])} digits)"
    hint = f"Ids are whole numbers from 1 to 2147483647. What does this line say about {number}?"
    if not re.search(r"\b(int|conint|PositiveInt)\b", text_of(found[1])) and calls(found[0].tree, "int"):
        hint += " If it asks for a number, FastAPI checks it, and the check by hand can go."
    made = _read_by_a_function(evidence, found[0], found[1])
    if made is not None:
        found = (*made[:2], found[2])
        hint = f"Ids are whole numbers from 1 to 2147483647. What does {made[2]}() make of {number}?"
    saw, why = evidence.saw if evidence.raised else "", ""
    if evidence.saw.startswith("2"):
        shown = getattr(evidence.actual, "json", None)
        item = f" with item {shown['id']}, not the one asked for" if isinstance(shown, dict) and "id" in shown else ""
        saw = f"{evidence.saw[:3]}{item}" if item else evidence.saw
        why = "An id that no item can have must not lead to another item: the client would trust, or change, that one."
        if item and (changed := _made_another_number(evidence, found[2])):
            hint = f"Ids are whole numbers from 1 to 2147483647. What does this line make of {number}?"
            return Told(saw=saw, where=changed, hint=hint, why=why)
    return Told(saw=saw, where=found[0].at(found[1]), hint=hint, why=why)


def _made_another_number(evidence: Evidence, name: str) -> str:
    """Where a number is cut down to one that an item can have, as with ``item_id & 0xFFFF``; empty where none is."""
    for file, function in behind(evidence):
        for each in inside(function):
            counted = isinstance(each, ast.BinOp) and isinstance(each.op, ast.BitAnd | ast.Mod | ast.Sub | ast.RShift)
            called = isinstance(each, ast.Call) and name_of(each.func) in ("min", "max", "abs")
            if (counted or called) and any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(each)):
                return file.at(each)
    return ""


def _read_by_a_function(evidence: Evidence, file: File, said: ast.AST) -> tuple[File, ast.AST, str] | None:
    """Where the learner's function that a parameter depends on, ``Depends(read_id)``, makes a number of a text or hands
    on the one it got; and the name of this function."""
    value = getattr(said, "value", said)
    depends = calls(value, "Depends") if isinstance(value, ast.AST) else []
    for function in [each for _, each in behind(evidence)] if isinstance(said, ast.arg) else ():
        default = defaults_of(function).get(said.arg) if said in function.args.args else None
        depends += calls(default, "Depends") if default is not None else []
    name = name_of(depends[0].args[0]) if depends and depends[0].args else ""
    reader = (evidence.source.function(name, file.name) or evidence.source.function(name)) if name else None
    if reader is None or reader[0].name in evidence.given:
        return None
    made = calls(reader[1], "int")
    returned = [each for each in inside(reader[1]) if isinstance(each, ast.Return) and each.value is not None]
    taken = [each for each in reader[1].args.args if re.search(r"\bint\b", text_of(each.annotation))]
    place = (made or taken or returned or [None])[0]
    return (reader[0], place, name) if place is not None else None


def _path_of_files(file: File, said: ast.AST) -> str:
    """Where a Path that says something of a parameter comes from, if that is pathlib; empty where it is another's."""
    called = [each.func for each in ast.walk(said) if isinstance(each, ast.Call)]
    if any(text_of(each).startswith("pathlib.") for each in called):
        return file.at(said)
    names = {each.id for each in called if isinstance(each, ast.Name)}
    for each in reversed([one for one in file.tree.body if isinstance(one, ast.ImportFrom)]):
        if names & {one.asname or one.name for one in each.names}:
            return file.at(each) if each.module == "pathlib" else ""
    return ""


@reading("ids that can exist are refused")
def id_bounds_too_narrow(evidence: Evidence) -> Told | None:
    """The database assigns ids from 1 up to 2147483647."""
    if not evidence.saw.startswith("422 ") or evidence.wanted.startswith("422"):
        return None
    asked = re.search(r"/(\d+)", request_of(evidence)[1])
    found = parameter_of(evidence, ("item_id", "id", "pk", "identifier")) if asked else None
    if found is None or not asked:
        return None
    if re.match(r'422 .*"type":"int_type","loc":\["path".*"input":"\d+"', evidence.saw):
        return Told(where=found[0].at(found[1]), hint=_TEXT_OF_DIGITS.format(asked[1]), why=TOO_STRICT)
    if not re.match(r'422 .*"type":"(greater|less)_than(_equal)?","loc":\["path"', evidence.saw):
        return None
    if power := _power_by_a_caret(evidence, found[0], found[1]):
        return Told(where=power, hint=_NO_POWER, why=TOO_STRICT)
    hint = f"{asked[1]} is an id like any other, and so is every number up to 2147483647. "
    return Told(where=found[0].at(found[1]), hint=f"{hint}What does this line say about it?", why=TOO_STRICT)


_TEXT_OF_DIGITS = (
    "What stands in a URL is text: {} arrives as text. What does 'strict' say about turning it into a number?"
)
_NO_POWER = "In Python, ^ is not 'to the power of': it compares bits, and gives a small number. Which operator is?"


def _power_by_a_caret(evidence: Evidence, file: File, bound: ast.AST) -> str:
    """Where a number of a bound is worked out with ``2^31``, there or under a name; empty where none is."""
    if "less_than" not in evidence.saw:
        return ""
    names = [each.id for each in ast.walk(bound) if isinstance(each, ast.Name)]
    named = [held for name in names if (held := evidence.source.bound(name, file)) is not None]
    for home, node in [(file, bound), *named]:
        for each in ast.walk(node):
            if isinstance(each, ast.BinOp) and isinstance(each.op, ast.BitXor) and home.name not in evidence.given:
                return home.at(each)
    return ""


@reading("the path calls the id by another name")
def id_by_another_name(evidence: Evidence) -> Told | None:
    """What stands in {braces} in the path is handed over by exactly this name."""
    if not evidence.saw.startswith("422 "):
        return None
    missing = re.match(r'422 .*"type":"missing","loc":\["(?:path|query)","(\w*id)"\]', evidence.saw)
    found = endpoint_of(evidence) if missing else None
    if found is None or not missing or f"{{{missing[1]}}}" in path_of(found[2]):
        return None
    named = re.findall(r"\{(\w+)(?::\w+)?\}", path_of(found[2]))
    if len(named) != 1:
        return None
    asking = [each for each in behind(evidence)[1:] if missing[1] in arguments_of(each[1])]
    asking = [] if missing[1] in arguments_of(found[1]) else asking
    who = f"dependency {asking[0][1].name}" if asking else "function"
    braces = f"{{{missing[1]}"
    in_no_path = asking and not any(braces in path_of(call) for _, _, _, call in routes_of(evidence))
    hint = f"The path calls it {named[0]}, the {who} {missing[1]}. FastAPI goes by the name."
    return Told(where=asking[0][0].at(asking[0][1]) if in_no_path else found[0].at(found[2]), hint=hint)


@reading("the item is not returned to the endpoint")
def item_not_returned(evidence: Evidence) -> Told | None:
    """An endpoint gets what its dependency returns; a function without a return gives None."""
    raised = evidence.raised[0] if evidence.raised else None
    if raised is None or "None" not in raised.message:
        return None
    found = endpoint_of(evidence)
    for place in behind(evidence)[1:]:
        file, node = evidence.source.handed_on(place, evidence.given)
        looks = calls(node, *LOOKUPS)
        gives = any(isinstance(each, ast.Return | ast.Yield) and each.value is not None for each in inside(node))
        late = _after_the_raise(node)
        asks = found is not None and _is_depended_on(evidence, found, place[1].name)
        if looks and not gives and asks:
            hint = "This function finds the item. What does its caller get?"
            return Told(where=file.at(node), hint=hint)
        if looks and late is not None and asks:
            hint = "Where this stands, the raise above has ended the function. When is it to run?"
            return Told(where=file.at(late), hint=hint)
    return None


def _after_the_raise(node: Function) -> ast.Return | None:
    """The only return of a function, where it stands in one block with a raise, below it."""
    returned = [each for each in inside(node) if isinstance(each, ast.Return) and each.value is not None]
    for block in [each.body for each in inside(node) if isinstance(each, ast.If)] if len(returned) == 1 else ():
        raised = [at for at, each in enumerate(block) if isinstance(each, ast.Raise)]
        if raised and returned[0] in block[raised[0] :]:
            return returned[0]
    return None


@reading("a dependency gives its endpoints something other than the row")
def dependency_gives_no_row(evidence: Evidence) -> Told | None:
    """An endpoint gets what its dependency returns, and hands it to a session, which changes and deletes rows."""
    crashed = evidence.raised and evidence.saw.startswith("a crash: ")
    fits = (crashed or evidence.saw.startswith(_STILL_READS)) and _own_dependencies(evidence)
    found = endpoint_of(evidence) if fits else None
    for place in behind(evidence)[1:] if found is not None else ():
        file, node = evidence.source.handed_on(place, evidence.given)
        if found is None or not calls(node, *LOOKUPS, *_RESULTS) or not _is_depended_on(evidence, found, place[1].name):
            continue
        for each in [each for each in inside(node) if isinstance(each, ast.Return)]:
            made = made_of(node, each.value) if each.value is not None else []
            for call in made:
                kind = _of_a_result(call)
                if kind and re.search(_CRASHES_WITH_A_RESULT, evidence.saw):
                    hint = f"This gives {kind}. The endpoints show, change and delete the row itself: what gives that?"
                    return Told(where=file.at(call), hint=hint)
            words = [_no_row(evidence, node, value) for value in made]
            if any(re.search(one, evidence.saw) for one in words if one):
                hint = "The endpoints get what this returns: they show it, change it or delete it. Is it the row?"
                return Told(where=file.at(each), hint=hint)
    return None


def _own_dependencies(evidence: Evidence) -> bool:
    """Whether an endpoint may depend on a function or class of the learner's."""
    names = {name for file in evidence.source.files() for name in file.depended_on}
    return any(file.has_function(name) or file.has_class(name) for file in own_files(evidence) for name in names)


_STILL_READS = "the database is still locked"
_RESULTS = {
    "query": "a Query, which nobody has sent",
    "execute": "the result of a query, in which rows are found",
    "exec": "the result of a query, in which rows are found",
    "scalars": "the result of a query, in which items are found",
    "all": "a list",
    "fetchall": "a list",
}
_CRASHES_WITH_A_RESULT = (
    r"is not mapped|Field required|can't set attribute|has no attribute|Input should be|extract fields from|"
    rf"^{_STILL_READS}"
)


def _of_a_result(value: ast.AST) -> str:
    """What an expression gives that asks the database, and does not take the row out of what it finds; or nothing."""
    if not isinstance(value, ast.Call) or not calls(value, "query", "execute", "exec", "scalars"):
        return ""
    name = name_of(value)
    if name in ("first", "one", "one_or_none", "fetchone") and calls(value, "execute") and not calls(value, "scalars"):
        return "a Row, in which the item is one of the values"
    if name in ("filter", "filter_by", "where", "order_by", "options", "limit") and calls(value, "query"):
        return _RESULTS["query"]
    return _RESULTS.get(name, "")


def _no_row(evidence: Evidence, node: Function, value: ast.AST) -> str:
    """How a crash tells of a value that is no row, as a regular expression; empty where it may well be one."""
    kinds = ""
    if isinstance(value, ast.Dict) or name_of(value) in ("model_dump", "dict", "jsonable_encoder"):
        kinds = "dict"
    elif isinstance(value, ast.Constant) and value.value is not None:
        kinds = type(value.value).__name__
    elif isinstance(value, ast.Name) and value.id in arguments_of(node):
        kinds = "int"
    if kinds:
        return rf"'{kinds}' object has no attribute|Class 'builtins\.{kinds}' is not mapped|extract fields from, not "
    if isinstance(value, ast.Name) and evidence.source.class_(value.id):
        return rf"InstrumentedAttribute|was a class \((?:[\w.]+\.)?{value.id}\)"
    called = value.func if isinstance(value, ast.Call) else None
    made = called.value if isinstance(called, ast.Attribute) else called
    named = isinstance(made, ast.Name) and is_schema(evidence.source, made.id)
    return rf"Class '(?:[\w.]+\.)?{name_of(made)}' is not mapped(?!; was a class)" if named else ""


@reading("a class in Depends() instead of its object")
def dependency_on_the_class(evidence: Evidence) -> Told | None:
    """FastAPI calls what stands in Depends(). A call of a class makes an object; its __call__ runs only when somebody
    calls that object."""
    told = " ".join([evidence.saw, *(each.told for each in evidence.raised[:1])])
    refused = evidence.saw.startswith("422 ")
    asked = refused and re.search(r'^422 .*"loc":\["query","(\w+)"\],"msg":"Field required', evidence.saw)
    crashed = evidence.saw.startswith("a crash: ")
    if not asked and not (crashed and any(file.has_function("__call__") for file in own_files(evidence))):
        return None
    for file, node in behind(evidence):
        for each in (*node.args.args, *node.args.kwonlyargs):
            place, call, given = _depended_on(evidence, file, node, each)
            method = call.args[0].attr if call and isinstance(call.args[0], ast.Attribute) else "__call__"
            class_ = evidence.source.class_(name_of(given)) if given is not None else None
            methods = {one.name: one for one in class_[1].body if isinstance(one, Function)} if class_ else {}
            if call is None or class_ is None or class_[0].name in evidence.given or method not in methods:
                continue
            kind, taken = class_[1].name, arguments_of(methods["__init__"]) if "__init__" in methods else []
            if method != "__call__" and asked and asked[1] == arguments_of(methods[method])[0]:
                hint = (
                    f"{method}() needs an object of {kind}, and FastAPI has none. Which object is it to be called on?"
                )
                saw = f"{evidence.saw}: FastAPI takes the first parameter of {method}() for one of the request"
                return Told(saw=saw, where=place.at(call), hint=hint)
            if method != "__call__" or calls(node, each.arg) or _says_the_class(evidence, each, kind):
                continue
            if asked[1] in taken if asked else re.search(rf"\b{kind}\b|Field required", told):
                hint = f"FastAPI calls what stands in Depends(). What does a call of {kind} give?"
                saw = f"{evidence.saw}; {node.name}() was given {an(kind)}, and its __call__() never ran"
                saw = f"{evidence.saw}: FastAPI wants to make {an(kind)} for each request" if asked else saw
                return Told(saw=saw, where=place.at(call), hint=hint)
    return None


def _depended_on(
    evidence: Evidence, file: File, node: Function, parameter: ast.arg
) -> tuple[File, ast.Call | None, ast.expr | None]:
    """The call of Depends that a parameter has, in its type, the name of its type or its default, and the class that
    may stand in it: ``Finder`` of ``Depends(Finder)`` and of ``Depends(Finder.find)``."""
    alias = alias_of(evidence, parameter.annotation)
    words = [(file, parameter.annotation), (file, defaults_of(node).get(parameter.arg))]
    words += [(alias[0], getattr(alias[1], "value", None))] if alias else []
    for place, one in words:
        for call in calls(one, "Depends") if one is not None else ():
            given = call.args[0] if call.args else None
            inner = given.value if isinstance(given, ast.Attribute) else given
            if isinstance(inner, ast.Name):
                return place, call, inner
    return file, None, None


def _says_the_class(evidence: Evidence, parameter: ast.arg, kind: str) -> bool:
    """Whether the type of a parameter is a class itself, so that its object is what is wanted."""
    alias = alias_of(evidence, parameter.annotation)
    said = getattr(alias[1], "value", None) if alias else parameter.annotation
    parts = said.slice if isinstance(said, ast.Subscript) else said
    first = parts.elts[0] if isinstance(parts, ast.Tuple) else parts
    return name_of(first) == kind


def _is_depended_on(evidence: Evidence, endpoint: tuple[File, Function, ast.Call], name: str) -> bool:
    """Whether a parameter of an endpoint is what this function returns: ``item: Annotated[Item, Depends(name)]``."""
    for each in (*endpoint[1].args.args, *endpoint[1].args.kwonlyargs):
        alias = alias_of(evidence, each.annotation)
        words = f"{text_of(getattr(alias[1], 'value', None))}" if alias else text_of(each.annotation)
        if re.search(rf"Depends\((\w+\.)*{name}\b", f"{words} {text_of(endpoint[1].args)}"):
            return True
    return False


@reading("paging without the right bounds", "bad_paging_is_422", "list_answers_items")
def paging_bounds(evidence: Evidence) -> Told | None:
    """offset and limit come from clients. Each needs a lower and an upper bound."""
    asked = re.findall(r"(offset|limit)=(-?\d+)", "".join(evidence.did[-1:]))
    refused = re.search(r'"loc":\["query","\s*(\w+)', evidence.saw)
    if (evidence.rule == "list_answers_items" and not refused) or _is_refused_before(evidence):
        return None
    name = refused[1][:5] if refused else ""
    names = [each for each, _ in asked if each.startswith(name)] if name else [each for each, number in asked]
    if len(names) > 1 and not name:
        names = [each for each, number in asked if int(number) not in range(1, 101)] or names
    found = parameter_of(evidence, tuple(names[:1])) if names else None
    if found is None:
        return None
    if refused:
        if power := _power_by_a_caret(evidence, found[0], found[1]):
            return Told(where=power, hint=_NO_POWER, why=TOO_STRICT)
        hint = "This refuses what the task sheet allows."
        told = [f"{each}={number}" for each, number in asked if each == found[2]]
        if told:
            hint = f"{told[0]} is within the bounds of the task sheet. What does this line say about it?"
        if told and re.search(r'"type":"int_type".*"input":"\d+"', evidence.saw):
            hint = _TEXT_OF_DIGITS.format(told[0])
        return Told(where=found[0].at(found[1]), hint=hint, why=TOO_STRICT)
    number = next((number for each, number in asked if each == found[2]), "this number")
    named = [each.value for each in ast.walk(found[1]) if isinstance(each, ast.keyword) and each.arg in ("le", "lt")]
    held = evidence.source.bound(name_of(named[0]), found[0]) if len(named) == 1 and name_of(named[0]) else None
    if held is not None and held[0].name not in evidence.given:
        found = (*held, found[2])
    line = evidence.source.line(found[0].at(found[1]))
    said = number.isdigit() and re.search(rf"\bge['\"]?\s*[:=]\s*{int(number) + 1}\b", line)
    if said and not evidence.raised and evidence.saw.startswith("2"):
        hint = "This line says what is allowed, and nobody reads it. Where does FastAPI look for bounds?"
        return Told(where=found[0].at(found[1]), hint=hint)
    if evidence.raised and len(number) > 9:
        hint = "Each type of number in a database has a largest one. Is this number above it?"
    else:
        hint = f"Which numbers may {found[2]} be? What does this line say about {number}?"
    return Told(where=found[0].at(found[1]), hint=hint)


@reading(
    "the page is asked for under another name", "bad_paging_is_422", "list_answers_items", "owner_is_in_the_answer"
)
def page_by_another_name(evidence: Evidence) -> Told | None:
    """FastAPI goes by the names of parameters. It ignores what a client sends under any other name."""
    refused = evidence.saw.startswith("422 ")
    words = r'422 .*"type":"missing","loc":\["query","(?!offset"|limit")(\w+)"\]'
    missing = re.match(words, evidence.saw) if refused else None
    asked = ["offset", "limit"] if missing else re.findall(r"\b(offset|limit)=", "".join(evidence.did[-1:]))
    found = endpoint_of(evidence) if asked and request_of(evidence)[0] == "get" else None
    if found is None or evidence.raised or (missing is None and '"loc":["query"' in evidence.saw):
        return None
    asking = [found[:2], *(each for each in behind(evidence)[1:] if _is_a_dependency(evidence, each[1]))]
    own = own_files(evidence)
    of_a_router = [(file, node) for file in own for node in file.functions if _is_a_dependency(evidence, node)]
    if any({*arguments_of(node)} & {*asked} for _, node in of_a_router if (_, node) not in asking):
        return None  # of a whole router, perhaps, which leaves what it was asked for somewhere else
    unknown = [name for name in dict.fromkeys(asked) if not _is_asked_for(evidence, asking, name)]
    if not unknown:
        return None
    others = [(file, each) for file, node in asking for each in _numbers_of(evidence, node)]
    fields = [(file, each) for one in asking for file, each in _fields_asked_for(evidence, one[1])]
    others = [each for each in (*others, *fields) if not missing or each[1].arg == missing[1]] or fields
    others = sorted(others, key=lambda each: _LIKE[unknown[0]].search(each[1].arg) is None)
    where = others[0][0].at(others[0][1]) if others else found[0].at(found[1])
    what = "field of this class" if others and others[0] in fields else "parameter here"
    hint = f"Clients send {' and '.join(unknown)}. Which {what} is called that? FastAPI ignores any other name."
    return Told(where=where, hint=hint)


@reading("the page is looked for in the body", "bad_paging_is_422", "list_answers_items", "owner_is_in_the_answer")
def page_in_the_body(evidence: Evidence) -> Told | None:
    """FastAPI takes a parameter that is a model for the body, unless Query() says that it is made of the query."""
    found = endpoint_of(evidence) if request_of(evidence)[0] == "get" else None
    if found is None or evidence.raised or not re.search(r"\b(offset|limit)=", "".join(evidence.did[-1:])):
        return None
    for file, node in [found[:2], *(each for each in behind(evidence)[1:] if _is_a_dependency(evidence, each[1]))]:
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            named = re.findall(r"\w+", text_of(argument.annotation))
            models = [evidence.source.class_(name) for name in named if is_schema(evidence.source, name)]
            family = [each for model in models for _, each in evidence.source.ancestry(model)]
            fields = {name_of(each.target) for one in family for each in one.body if isinstance(each, ast.AnnAssign)}
            if fields & {"offset", "limit"} and _model_of(evidence, node, argument) is None:
                hint = "FastAPI takes a model for the body of a request. What says that this one is made of the query?"
                return Told(where=file.at(argument), hint=hint)
    return None


# What a page's first item, and its length, are called elsewhere.
_LIKE = {
    "offset": re.compile("off|skip|start|from|begin|first|after", re.IGNORECASE),
    "limit": re.compile("lim|size|count|per_|max|take|length|num|amount|top", re.IGNORECASE),
}


def _is_a_dependency(evidence: Evidence, node: Function) -> bool:
    """Whether FastAPI itself calls this function, and gives it what it asks for."""
    words = "\n".join(line for file in evidence.source.files() for line in file.lines)
    return node.name in _OF_CLASSES or re.search(rf"Depends\((\w+\.)*{node.name}\b", words) is not None


def _is_asked_for(evidence: Evidence, asking: list[tuple[File, Function]], name: str) -> bool:
    """Whether an endpoint, or what it depends on, asks for a part of the query by this name; also where unclear."""
    own = own_files(evidence)
    fields = [each for file in own for one in file.classes for each in one.body if isinstance(each, ast.AnnAssign)]
    if any(name in arguments_of(node) for _, node in asking) or any(name_of(each.target) == name for each in fields):
        return True
    other_ways = rf"query_params|query_string|\.url\b|__signature__|\balias\w*\s*=\s*(\w|[\"']{name}\b)|Alias\w+\("
    return any(re.search(other_ways, line) for file in own for line in file.lines)


def _numbers_of(evidence: Evidence, node: Function) -> list[ast.arg]:
    """The numbers of the query that a function asks for, and that are neither offset nor limit."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    alone = [each for each in arguments if _model_of(evidence, node, each) is None]
    return [each for each in alone if each.arg not in ("offset", "limit") and _may_be_a_number(evidence, each)]


def _model_of(evidence: Evidence, node: Function, argument: ast.arg) -> tuple[File, ast.ClassDef] | None:
    """The learner's class as which a parameter takes the whole query: ``page: Annotated[Page, Query()]``."""
    alias = alias_of(evidence, argument.annotation)
    words = text_of(getattr(alias[1], "value", None) if alias else argument.annotation)
    asked = f"{words} {text_of(defaults_of(node).get(argument.arg))}"
    depended = re.search(r"\bDepends\(([\w.]*)", asked)
    if depended is None and "Query(" not in asked:
        return None
    if depended is not None and depended[1]:  # of a function, FastAPI asks for what that asks for
        return evidence.source.class_(depended[1].rpartition(".")[2])
    return next(filter(None, map(evidence.source.class_, re.findall(r"\w+", words))), None)


def _fields_asked_for(evidence: Evidence, node: Function) -> list[tuple[File, ast.arg]]:
    """The numbers that a model declares, where a function takes the whole query as one."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    models = [_model_of(evidence, node, each) for each in arguments]
    family = [each for model in models if model for each in evidence.source.ancestry(model)]
    named = [
        (file, ast.arg(name_of(each.target), each.annotation, lineno=each.lineno))
        for file, class_ in family
        for each in class_.body
        if isinstance(each, ast.AnnAssign) and file.name not in evidence.given
    ]
    return [each for each in named if each[1].arg not in ("offset", "limit") and _may_be_a_number(evidence, each[1])]


def _may_be_a_number(evidence: Evidence, argument: ast.arg) -> bool:
    """Whether a parameter is a number of the query, by its type."""
    alias = alias_of(evidence, argument.annotation)
    words = text_of(getattr(alias[1], "value", None) if alias else argument.annotation)
    return re.search(r"\bint\b|\bQuery\(", words) is not None and not re.search(r"\b(Path|Depends)\(", words)


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


@reading("the body is not validated", *INVALID, "input_is_validated", "create_ignores_a_client_id")
def body_not_validated(evidence: Evidence) -> Told | None:
    """FastAPI validates the body by the type of the parameter. A dict, Any or a table model lets everything in."""
    found = endpoint_of(evidence)
    body = body_parameter(evidence, found[1]) if found else None
    if found is None or evidence.saw.startswith("422"):
        return None
    unchecked = _made_unchecked(evidence, found[1])
    if unchecked is not None or body is None:
        return unchecked
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
    if not _LETS_ALL_IN.search(words):
        return None
    checks = [(file, call) for file, node in behind(evidence) for call in calls(node, *_CHECKS)]
    if checks and evidence.raised_kind("ValidationError", "JSONDecodeError"):
        return None  # that is an exception of a check by hand
    if made_by_hand(evidence):
        return None
    for file, node in behind(evidence) if evidence.saw.startswith("2") else ():
        for each in inside(node):
            if isinstance(each, ast.If) and any(calls(one, *_CHECKS) for one in each.body):
                hint = "You check the body yourself below this line. Which bodies never get that far?"
                return Told(saw=f"{evidence.saw[:3]}: this body got in", where=file.at(each), hint=hint)
    for file, node in behind(evidence) if evidence.saw.startswith("400") else ():
        for each in [each for each in inside(node) if isinstance(each, ast.Constant) and each.value == 400]:
            hint = "Here you refuse the body by yourself. Which status says that a body is not valid?"
            return Told(where=file.at(each), hint=hint)
    hint = "FastAPI checks the fields of a body only against a schema. Which schema says what this body has to be?"
    if checks and evidence.saw == "the client chose the id":
        saw = f"{evidence.saw}: what no schema has checked went into the row"
        return Told(saw=saw, where=found[0].at(body), hint=f"{hint} The id comes from there.")
    return Told(saw=f"{evidence.saw}; {body.arg}: {words} is not a schema", where=found[0].at(body), hint=hint)


_LETS_ALL_IN = re.compile(r"\b(dict|Dict|Any|Request|object)\b")


def _made_unchecked(evidence: Evidence, endpoint: Function) -> Told | None:
    """What there is to say where a schema is made of whatever was sent, past its checks: by ``model_construct()``."""
    if not evidence.saw.startswith(("2", "a crash: ")):
        return None
    taken = [text_of(each.annotation) for each in endpoint.args.args]
    for file, node in behind(evidence):
        anything = [each for each in (*taken, *(text_of(one.annotation) for one in node.args.args)) if each]
        for call in calls(node, "model_construct", "construct") if _LETS_ALL_IN.search(" ".join(anything)) else ():
            schema = name_of(call.func.value) if isinstance(call.func, ast.Attribute) else ""
            if not schema or schema in text_of(endpoint.returns):  # which is the answer
                continue
            saw = f"{evidence.saw}; {name_of(call)}() checked nothing"
            hint = f"{name_of(call)}() makes the object as it is told, and checks nothing. What checks a body?"
            return Told(saw=saw, where=file.at(call), hint=hint)
    return None


def made_by_hand(evidence: Evidence) -> str:
    """Where the learner's code makes a schema of a body that is no object, ``ItemUpdate(**body)``; else empty."""
    raised = evidence.raised_kind("TypeError")
    where = innermost(raised, evidence.given) if raised and "must be a mapping" in raised.message else ""
    name, _, line = where.rpartition(":")
    made = [each for each in calls(evidence.source.file(name).tree, *_CHECKS) if _has_line(each, int(line or 0))]
    return where if any(not each.arg for call in made for each in call.keywords) else ""


@reading(
    "PATCH takes the schema of POST, or of the answers",
    "patch_keeps_omitted_fields",
    "patch_null_clears",
    "patch_unknown_is_404",
)
def patch_takes_create(evidence: Evidence) -> Told | None:
    """ItemCreate requires a name, and ItemRead all that it shows. A PATCH may leave out every field."""
    found = endpoint_of(evidence)
    body = body_parameter(evidence, found[1]) if found else None
    if found is None or body is None or "missing" not in evidence.saw:
        return None
    if not re.search("Create|Read", text_of(body.annotation)):
        return None
    why = ""
    if evidence.rule == "patch_unknown_is_404":
        why = "A client that changes one field sends that one alone, and hears 404 where there is no such item."
    return Told(where=found[0].at(body), hint="Which schema is meant for changes?", why=why)


@reading("POST takes the schema of PATCH, or of the answers", *INVALID, "input_is_validated", "create_answers_201")
def create_takes_update(evidence: Evidence) -> Told | None:
    """ItemUpdate lets a client leave out every field, even the name. ItemRead asks for an id, which no client knows."""
    found = endpoint_of(evidence) if request_of(evidence)[0] == "post" else None
    body = body_parameter(evidence, found[1]) if found else None
    if found is None or body is None or not re.search("Update|Read", text_of(body.annotation)):
        return None
    if "Update" in text_of(body.annotation) and evidence.rule == "create_answers_201":
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
