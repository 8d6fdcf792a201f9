"""In the child: mistakes in partial updates, for all chapters that have ``app/crud.py``."""

from __future__ import annotations

import ast
import re
from typing import TypeGuard, TypeVar

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.crud import (
    asked_for,
    asks_what_was_sent,
    calls_in,
    function_of,
    made_of,
    of_the_model,
    reached,
)
from grader.diagnosis.endpoints import behind, own_files, request_of
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.schemas import dumping
from grader.diagnosis.source import (
    File,
    Function,
    arguments_of,
    calls,
    inside,
    keyword,
    name_of,
    text_of,
    without_docstring,
)
from grader.diagnosis.writes import by_field

_ALL_FIELDS = "model_dump", "dict", "setattr", "sqlmodel_update", "model_validate", "from_orm"
_NULL_CLEARS = "update_null_clears", "patch_null_clears"


@reading("'is not None' cannot clear a field", *_NULL_CLEARS)
def is_not_none(evidence: Evidence) -> Told | None:
    """``is not None`` cannot tell a field that was not sent from one that was sent as null."""
    compared = [
        (file, node)
        for file, function in reached(evidence)
        for node in inside(function)
        if isinstance(node, ast.Compare)
        and text_of(node).endswith((" is not None", " is None", " != None", " == None"))
        and _is_a_value(node.left, function)
    ]
    about = _about_the_description(compared)
    if not about:
        return None
    hint = 'This line cannot tell "not sent" from "sent as null". Who remembers which were sent?'
    if asks_what_was_sent(evidence) and isinstance(about[0][1].left, ast.Name | ast.Subscript):
        hint = "What comes to this line was sent, all of it. Which value does it leave out all the same?"
    return Told(where=about[0][0].at(about[0][1]), hint=hint)


@reading("coalesce() cannot clear a field", *_NULL_CLEARS)
def coalesced(evidence: Evidence) -> Told | None:
    """coalesce() gives the first value that is not NULL. It cannot tell what was not sent from a null that was sent."""
    for file, function in reached(evidence):
        for call in calls(function, "coalesce", "ifnull", "nvl"):
            hint = f"{name_of(call)}() passes over NULL. What does it give for a null that was sent?"
            return Told(where=file.at(call), hint=hint)
    return None


@reading("a schema that leaves nulls out", *_NULL_CLEARS)
def nulls_left_out_by_the_schema(evidence: Evidence) -> Told | None:
    """A serializer of the schema, or a model_dump() of its own, drops null, also where it was sent."""
    for file, method, _ in dumping(evidence, evidence.source.class_("ItemUpdate")):
        for each in [each for each in inside(method) if isinstance(each, ast.Compare) and "None" in text_of(each)]:
            return Told(where=file.at(each), hint="Which fields does this leave out? Was null sent, or nothing?")
    return None


_Node = TypeVar("_Node", bound=ast.AST)


def _about_the_description(nodes: list[tuple[File, _Node]]) -> list[tuple[File, _Node]]:
    """Those that name the description; where none does, those that are meant for every field."""
    named = [(file, node) for file, node in nodes if "description" in text_of(node)]
    return named or [(file, node) for file, node in nodes if not re.search(r"\bname\b", text_of(node))]


def _is_a_value(node: ast.expr, function: Function | None) -> bool:
    """Whether an expression is the value of a field that was sent: ``data.name``, or ``value`` of a loop over them."""
    if isinstance(node, ast.Attribute):
        return node.attr in ("name", "description")
    if function is not None and any(
        isinstance(each, ast.expr) and _is_a_value(each, None) for each in made_of(function, node)[1:]
    ):
        return True  # a variable that holds one
    loops = [each for each in ast.walk(function) if isinstance(each, ast.For | ast.comprehension)] if function else []
    names = {each.id for loop in loops for each in ast.walk(loop.target) if isinstance(each, ast.Name)}
    fetched = isinstance(node, ast.Call) and name_of(node) in ("getattr", "get", "any", "all")
    return fetched or isinstance(node, ast.Subscript) or (isinstance(node, ast.Name) and node.id in names)


@reading("exclude_none drops what was sent as null", *_NULL_CLEARS)
def exclude_none(evidence: Evidence) -> Told | None:
    """``exclude_none=True`` drops every field that is None, even one that the client sent as null."""
    return _dumped_with(evidence, "exclude_none", "This drops a field that was sent as null, too.")


@reading("exclude_defaults drops what was sent as null", *_NULL_CLEARS)
def exclude_defaults(evidence: Evidence) -> Told | None:
    """``exclude_defaults=True`` drops every field that equals its default, even one that the client sent."""
    hint = "null is the default here, so this drops it even where it was sent."
    compared = [
        file.at(node)
        for file, function in reached(evidence)
        for node in inside(function)
        if isinstance(node, ast.Compare) and re.search(r"\.(get_)?default\b", text_of(node))
    ]
    if compared:
        return Told(where=compared[0], hint=f"{hint} Who remembers which fields were sent?")
    return _dumped_with(evidence, "exclude_defaults", hint)


@reading(
    "the item's own values instead of what was sent",
    *("update_persists", "update_keeps_omitted_fields", "patch_keeps_omitted_fields", *_NULL_CLEARS),
)
def own_values_written_back(evidence: Evidence) -> Told | None:
    """What the client sent is in the schema. An item that is given its own values stays as it is."""
    found = function_of(evidence)
    names = arguments_of(found[1]) if found else []
    if found is None or len(names) < 3 or evidence.sent("UPDATE items") or evidence.raised:
        return None
    sent = [node for node in ast.walk(found[1]) if isinstance(node, ast.Name) and node.id == names[-1]]
    for call in calls(found[1], "model_dump", "dict") if not sent else ():
        if isinstance(call.func, ast.Attribute) and name_of(call.func.value) in names:
            hint = f"This asks {name_of(call.func.value)} for its own values. Who holds what the client sent?"
            return Told(where=found[0].at(call), hint=hint)
    return None


def _dumped_with(evidence: Evidence, option: str, hint: str) -> Told | None:
    for file, function in reached(evidence):
        for call in calls(function, "model_dump", "dict"):
            value = keyword(call, option)
            handed = evidence.source.handed_over(file, function, value.id) if isinstance(value, ast.Name) else None
            place = handed or (file, value)
            if place[1] is not None and text_of(place[1]) == "True":
                more = " Which option asks for what was sent, whatever its value?"
                if text_of(keyword(call, "exclude_unset")) == "True":
                    more = " The other option leaves out what was not sent, and nothing else."
                return Told(where=place[0].at(place[1]), hint=hint + more)
    return None


@reading("every field is written, sent or not", "update_keeps_omitted_fields", "patch_keeps_omitted_fields")
def wrote_what_was_not_sent(evidence: Evidence) -> Told | None:
    """model_dump() alone returns every field. For a field that was not sent it returns the default."""
    found = function_of(evidence)
    if evidence.raised_kind("InvalidRequestError") or not evidence.sent("UPDATE"):
        return None
    for file, call in calls_in(evidence, "model_dump", "dict", "sqlmodel_update"):
        whole = name_of(call) == "sqlmodel_update" and call.args and isinstance(call.args[0], ast.Name)
        dumped = name_of(call) != "sqlmodel_update" and not call.keywords and isinstance(call.func, ast.Attribute)
        if found and (dumped or (whole and text_of(call.args[0]) == arguments_of(found[1])[-1])):
            return Told(
                where=file.at(call),
                hint="This gives every field of the schema, with the default for what was not sent. "
                "The schema knows which fields were sent.",
            )
    for file, function in reached(evidence):
        for each in [each for each in inside(function) if isinstance(each, ast.For)]:
            if isinstance(each.target, ast.Tuple) and text_of(each.iter) in arguments_of(function)[-1:]:
                hint = "This goes through every field of the schema, sent or not. The schema knows which were sent."
                return Told(where=file.at(each), hint=hint)
        for test in _always_true(function):
            hint = f"A schema has each of its fields, sent or not. When is this condition false? {_KNOWS}"
            return Told(where=file.at(test), hint=hint)
        for every in _each_field(function):
            named = _all_named(evidence)
            if named is not None:
                return Told(where=named, hint=_ALL_NAMED)
            hint = f"This goes through the fields of the schema one by one, sent or not. {_KNOWS}"
            return Told(where=file.at(every), hint=hint)
        for call in calls(function, "model_dump", "dict"):
            option = keyword(call, "exclude_unset")
            turned = isinstance(option, ast.UnaryOp) and isinstance(option.op, ast.Not)
            inner = option.operand if isinstance(option, ast.UnaryOp) else option
            handed = evidence.source.handed_over(file, function, inner.id) if isinstance(inner, ast.Name) else None
            place = handed or (file, inner)
            if place[1] is not None and text_of(place[1]) == str(turned):
                hint = "With this, exclude_unset is false. What does model_dump() give then for what was not sent?"
                return Told(where=place[0].at(place[1]), hint=hint)
    named = _all_named(evidence)
    return Told(where=named, hint=_ALL_NAMED) if named is not None else None


_ALL_NAMED = (
    "These are all fields of the schema, sent or not. Which attribute of the object has only those that were sent?"
)


def _all_named(evidence: Evidence) -> str | None:
    """Where the names of the fields come from, if they are those of the class, and nothing asks what was sent."""
    nodes = [(file, each) for file, function in reached(evidence) for each in inside(function)]
    if any(
        re.search(r"model_fields_set|__fields_set__|exclude_unset", text_of(function))
        for _, function in reached(evidence)
    ):
        return None
    named = [(file, each) for file, each in nodes if isinstance(each, ast.Attribute)]
    named = [(file, each) for file, each in named if each.attr in ("model_fields", "__fields__")]
    return named[0][0].at(named[0][1]) if len(named) == 1 else None


_KNOWS = "The schema also knows which fields were sent."
_HAS_ALL = re.compile(r"\b(dir|vars)\(|\.__dict__|\.(__class__\.)?(model_fields|__fields__)\b|\.model_dump\(\)")


def _always_true(function: Function) -> list[ast.expr]:
    """The conditions of a function that ask whether a schema has a field, which it has if it was not sent, too."""
    tests = [each.test for each in inside(function) if isinstance(each, ast.If | ast.IfExp)]
    tests += [test for each in inside(function) if isinstance(each, ast.comprehension) for test in each.ifs]
    asked = [part for each in tests for part in ast.walk(each)]
    return [each for each in asked if isinstance(each, ast.expr) and _asks_for_a_field(each, arguments_of(function))]


def _each_field(function: Function) -> list[ast.expr | ast.For]:
    """Where a function sets each field to what the schema has for it, or goes through all that the schema has."""
    guarded = {id(each) for one in inside(function) if isinstance(one, ast.If) for each in ast.walk(one)}
    schema = arguments_of(function)[-1:]
    found: list[ast.expr | ast.For] = []
    for each in inside(function):
        value = (
            each.args[2] if isinstance(each, ast.Call) and name_of(each) == "setattr" and len(each.args) == 3 else None
        )
        of_it = isinstance(value, ast.Call) and name_of(value) == "getattr" and text_of(value.args[0]) in schema
        if isinstance(each, ast.Call) and of_it and id(each) not in guarded:
            found.append(each)
        whole = _ALL_OF_IT.match(text_of(each.iter)) if isinstance(each, ast.For) else None
        if isinstance(each, ast.For) and whole and (whole[1] or whole[2]) in schema:
            found += [each] if not any(isinstance(one, ast.If) for one in ast.walk(each)) else []
    return found


_ALL_OF_IT = re.compile(r"(?:vars\((\w+)\)|(\w+)\.__dict__)(?:\.items\(\))?$")


def _asks_for_a_field(node: ast.expr, arguments: list[str]) -> bool:
    if isinstance(node, ast.Call) and name_of(node) == "hasattr" and node.args:
        return text_of(node.args[0]) in arguments[-1:]
    contained = isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In)
    return contained and _HAS_ALL.search(text_of(node)) is not None


@reading("a field is written even if it was not sent", "update_keeps_omitted_fields", "patch_keeps_omitted_fields")
def assigned_unsent(evidence: Evidence) -> Told | None:
    """A schema has a value for every field, also for those that were not sent: their default."""
    if not evidence.sent("UPDATE"):
        return None
    told = "".join(evidence.did[-1:])
    guarded = {
        id(each)
        for _, function in reached(evidence)
        for node in ast.walk(function)
        if isinstance(node, ast.If)
        for each in ast.walk(node)
    }
    for file, node in [(file, node) for file, function in reached(evidence) for node in inside(function)]:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if not isinstance(target, ast.Attribute) or target.attr not in ("name", "description") or id(node) in guarded:
            continue
        if not re.search(rf"\b{target.attr}'?[=:]", told) and isinstance(getattr(node, "value", None), ast.Attribute):
            hint = f"Nobody has sent a {target.attr} here, and this line writes one all the same."
            return Told(where=file.at(node), hint=hint)
    return None


@reading("another ItemUpdate is made, and has every field", "patch_keeps_omitted_fields")
def update_made_anew(evidence: Evidence) -> Told | None:
    """What is handed to a schema counts as sent, whether the client has sent it or not."""
    if not evidence.sent("UPDATE") or evidence.raised:
        return None
    told = "".join(evidence.did[-1:]).rpartition("PATCH")[2]
    for file in own_files(evidence):
        for call in [call for function in file.functions for call in calls(function, "ItemUpdate")]:
            for each in [each for each in call.keywords if each.arg in ("name", "description")]:
                is_read = isinstance(each.value, ast.Attribute) and each.value.attr == each.arg
                if is_read and f"'{each.arg}'" not in told:
                    hint = f"Whatever stands here counts as sent. Nobody has sent a {each.arg}: what is it then?"
                    return Told(where=file.at(each.value), hint=hint)
    return None


@reading(
    "what was not sent is read",
    *("update_keeps_omitted_fields", "patch_keeps_omitted_fields", "update_null_clears", "patch_null_clears"),
)
def missing_key_read(evidence: Evidence) -> Told | None:
    """A field that was not sent has no key: with get() it is None, and with brackets there is an error."""
    raised = evidence.raised_kind("KeyError")
    where = innermost(raised, evidence.given) if raised and re.fullmatch("'(name|description)'", raised.message) else ""
    if raised is not None and where and raised.message.strip("'") in evidence.source.line(where):
        hint = f"The key {raised.message} is there only if the client sent it. What is to happen if not?"
        return Told(where=where, hint=hint)
    if evidence.rule not in ("update_keeps_omitted_fields", "patch_keeps_omitted_fields"):
        return None
    told = "".join(evidence.did[-1:])
    unsent = [repr(each) for each in ("name", "description") if not re.search(rf"\b{each}'?[=:]", told)]
    lost = evidence.sent("UPDATE") and re.search(r"NULL|null|None", evidence.saw)
    for file, function in reached(evidence) if lost else ():
        asking = [each for each in inside(function) if isinstance(each, ast.If | ast.IfExp | ast.Compare | ast.BoolOp)]
        tested = {one for each in asking for one in ast.walk(each)}
        looped = {text_of(each.target) for each in inside(function) if isinstance(each, ast.For)} if unsent else set()
        for call in [each for each in calls(function, "get") if each not in tested and each.args]:
            alone = len(call.args) == 1 or text_of(call.args[1]) == "None"
            asked = alone and text_of(call.args[0]) in {*unsent, *looped} and isinstance(call.func, ast.Attribute)
            made = made_of(function, call.func.value) if asked and isinstance(call.func, ast.Attribute) else []
            if any("exclude_unset=True" in text_of(each) for each in made):
                return Told(where=file.at(call), hint="What does get() give here for a key that is not there?")
    return None


@reading(
    "an empty text becomes None",
    *("update_empty_string_is_a_value", "patch_null_clears", "create_answers_201", "create_persists"),
)
def emptied_to_none(evidence: Evidence) -> Told | None:
    """``value or None`` makes None of an empty text, which is a value of its own."""
    if not re.search(r"description'?[=:] ?''", "".join(evidence.did[-1:])):
        return None
    chain = [*reached(evidence), *behind(evidence), *of_the_model(evidence, "description")]
    nodes = [
        (file, node)
        for file, function in chain
        for node in inside(function)
        if function.name != "__init__" or "description" in text_of(node)
    ]
    for file, node in nodes:
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and text_of(node.values[-1]) == "None":
            return Told(where=file.at(node), hint='"" counts as false, so "or" goes on to None.')
        if (
            isinstance(node, ast.If | ast.IfExp)
            and "None" in text_of(node)
            and re.search(r"== ''|not \w", text_of(node.test))
        ):
            return Told(where=file.at(node), hint='"" is a text like any other: it was sent, and is to be stored.')
    return None


@reading("a false value is taken for 'not sent'", *_NULL_CLEARS, "update_empty_string_is_a_value")
def tested_for_truth(evidence: Evidence) -> Told | None:
    """None and an empty text count as false, and both can be sent on purpose."""
    tested: list[tuple[File, ast.expr]] = []
    for file, function in reached(evidence):
        for node in inside(function):
            tests: list[ast.expr] = []
            if isinstance(node, ast.comprehension):
                tests = node.ifs
            elif isinstance(node, ast.If | ast.IfExp):
                tests = [node.test]
            elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
                tests = node.values[:1]
            for test in tests:
                inner = test.operand if isinstance(test, ast.UnaryOp) else test
                handed_on = function is not reached(evidence)[0][1] and text_of(inner) in arguments_of(function)
                if _is_a_value(inner, function) or (handed_on and isinstance(node, ast.BoolOp | ast.IfExp)):
                    tested.append((file, test))
    for file, test in _about_the_description(tested):
        hint = 'None and "" count as false here. Ask whether the field was sent, not what it holds.'
        if isinstance(test, ast.Call) and name_of(test) in ("any", "all"):
            hint = 'None and "" count as false here. Ask whether anything was sent, not what it holds.'
        around = [each for each in file.nodes if isinstance(each, ast.BoolOp) and test in each.values]
        if any(f"{text_of(test)} is None" in text_of(each) for each in around):
            hint = 'The empty text "" counts as false here, and is not None. Does it get through this line?'
        if asks_what_was_sent(evidence) and isinstance(test, ast.Name):
            hint = (
                'None and "" count as false here. What comes to this line was sent: is there anything left to choose?'
            )
        return Told(where=file.at(test), hint=hint)
    return None


@reading("a field that is never written", "create_persists", "update_persists", "update_keeps_omitted_fields")
def field_not_written(evidence: Evidence) -> Told | None:
    """A field that is not passed to the model, or not set on the item, keeps its old value."""
    found = function_of(evidence)
    write = next((event for event in evidence.events_of("INSERT items", "UPDATE items")), None)
    if found is None or write is None or calls_in(evidence, *_ALL_FIELDS):
        return None
    file, node = found
    bodies = [statement for _, each in reached(evidence) for statement in without_docstring(each)]
    told, source = "".join(evidence.did[-1:]), text_of(ast.Module(bodies, []))
    sent = [name for name in ("name", "description") if f"{name}=" in told]
    name = next((name for name in sent if not re.search(rf"\b{name}\b", source)), "")
    has = by_field(evidence.actual).get(name)
    if not name or (has is not None and write.what.startswith("INSERT")):  # it was set, to something else
        return None
    assigned = [each for each in ast.walk(node) if isinstance(each, ast.Assign) and "." in text_of(each.targets[0])]
    place = (calls(node, "Item") or assigned or [node])[-1]
    saw = f"{evidence.saw}; nobody has set {name}"
    hint = f"Who hands '{name}' on?"
    if isinstance(place, ast.Assign):
        hint = f"The {name_of(place.targets[0])} is handed on here. Who does it for the {name}?"
    return Told(saw=saw, where=file.at(place), hint=hint)


@reading("setattr() gets another object, or another order", "update_persists", "update_keeps_omitted_fields")
def set_on_another(evidence: Evidence) -> Told | None:
    """setattr takes the object, the name of the attribute and the value, and sets whatever it is given."""
    for file, node in reached(evidence) if not evidence.raised and not evidence.sent("UPDATE items") else ():
        for call in [each for each in calls(node, "setattr") if len(each.args) == 3]:
            first = name_of(call.args[0])
            if evidence.source.class_(first) is not None:
                hint = f"{first} is the class of all rows. Which object is this row?"
                return Told(where=file.at(call), hint=hint)
            pairs = [each.target for each in inside(node) if isinstance(each, ast.For) and call in ast.walk(each)]
            names = [text_of(one) for each in pairs if isinstance(each, ast.Tuple) for one in each.elts]
            if [text_of(each) for each in call.args[1:]] == names[::-1] and names[1:]:
                hint = "setattr takes an object, the name of an attribute, and a value, in this order."
                return Told(where=file.at(call), hint=hint)
    return None


@reading(
    "an update stores a new row",
    *("update_persists", "update_keeps_omitted_fields", "patch_keeps_omitted_fields"),
    *("update_null_clears", "update_empty_string_is_a_value"),
)
def stored_a_new_row(evidence: Evidence) -> Told | None:
    """An update changes the existing row. A new object is a new row with a new id."""
    found = function_of(evidence)
    inserts = evidence.events_of("INSERT items")
    asked = asked_for(evidence) or {"patch": "update_item"}.get(request_of(evidence)[0])
    if found is None or asked != "update_item" or not inserts:
        return None
    made = calls(found[1], "Item", "insert") or [
        call for call in calls(found[1], "model_validate", "from_orm", "parse_obj") if _of_the_table(call)
    ]
    where = found[0].at(made[0]) if made else inserts[0].where
    hint = "There is an item already: change that one."
    return Told(saw=f"{evidence.saw}; an INSERT was sent", where=where, hint=hint)


@reading(
    "an update makes a second item",
    *("update_persists", "update_refreshes", "update_keeps_omitted_fields", "patch_keeps_omitted_fields"),
    *("update_null_clears", "update_empty_string_is_a_value"),
)
def made_a_second_item(evidence: Evidence) -> Told | None:
    """An update changes the item that its caller hands over. A second one has no row, and nobody asked for it."""
    found = function_of(evidence)
    asked = asked_for(evidence) or {"patch": "update_item"}.get(request_of(evidence)[0])
    if found is None or asked != "update_item" or evidence.sent("INSERT items", "UPDATE items"):
        return None
    file, node = found
    taken_on = [each for each in inside(node) if isinstance(each, ast.Return)]
    names = {each.id for one in [*taken_on, *calls(node, "refresh")] for each in ast.walk(one) if _is_a_name(each)}
    for each in [each for each in inside(node) if isinstance(each, ast.Assign)]:
        goes_on = name_of(each.targets[0]) in {*arguments_of(node), *names}
        if goes_on and makes_an_item(each.value) and _lost_with(evidence, file.at(each)):
            hint = "This makes a second item. Which one did the caller hand over?"
            saw = "" if evidence.raised else f"{evidence.saw}; no UPDATE was sent"
            return Told(saw=saw, where=file.at(each), hint=hint) if file.name not in evidence.given else None
    return None


def _lost_with(evidence: Evidence, where: str) -> bool:
    """Whether nothing was raised, or what a second item brings about: it is refused, or has no row to load again."""
    if not evidence.raised:
        return True
    unknown = evidence.raised_kind("InvalidRequestError")
    refused = evidence.raised_kind("ValidationError")
    return (unknown is not None and "not persistent" in unknown.message) or (
        refused is not None and where in refused.lines
    )


def _is_a_name(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name)


def makes_an_item(value: ast.expr) -> bool:
    """Whether a value is a new item: ``Item(...)``, ``Item.model_validate(...)``."""
    if not isinstance(value, ast.Call):
        return False
    return (isinstance(value.func, ast.Name) and value.func.id == "Item") or (
        name_of(value) in ("model_validate", "from_orm", "parse_obj") and _of_the_table(value)
    )


def _of_the_table(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and name_of(call.func.value) == "Item"


@reading("an empty update is an error", "update_keeps_omitted_fields")
def refused_to_change_nothing(evidence: Evidence) -> Told | None:
    """A client that sends no field asks for no change. That is not an error."""
    empty = "ItemUpdate()" in "".join(evidence.did[-1:])
    raised = evidence.raised[0] if evidence.raised else None
    if not empty or raised is None or not raised.lines:
        return None
    where = innermost(raised, evidence.given)
    if "SET" in raised.message or "syntax error" in raised.message or "syntax error" in evidence.saw:
        return Told(
            where=where, hint="Nothing was sent, so there is nothing to SET, and SQL has no UPDATE without SET."
        )
    return Told(where=where, hint="Nothing was sent, so nothing changes, and the item comes back as it is.")
