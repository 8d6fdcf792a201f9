"""In the child: mistakes in what the answers of endpoints show: another shape, lost values, another item."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.crud import looks_up_an_id, made_of
from grader.diagnosis.endpoints import behind, body_parameter, endpoint_of, own_line, request_of, routes_of
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.objects import value_of
from grader.diagnosis.reading import TOO_STRICT, Told, reading, reading_of
from grader.diagnosis.routes import said_status
from grader.diagnosis.schemas import (
    field_in,
    field_missing,
    read_is_stricter,
    reads_no_objects,
    shows_more,
    under_another_name,
    value_shown_otherwise,
)
from grader.diagnosis.source import (
    File,
    Function,
    arguments_of,
    calls,
    decorators,
    first_line,
    giving,
    inside,
    keyword,
    name_of,
    text_of,
)

_ITEM = "read_answers_the_item", "create_answers_201", "patch_keeps_omitted_fields"
_LIST = "list_answers_items"
_SHAPE = "Clients are written for the answer that they were promised: another shape breaks them."
_NOT_PROMISED = "FastAPI compares an answer with what the endpoint promises. If nothing comes, the client gets a 500."
_MADE = "model_validate", "from_orm", "ItemRead", "model_dump", "dict", "jsonable_encoder"
_BY_A_TRIGGER = "changed by the database"
_TOLD = "The answer is the client's only way to learn what the database made of the change."
_CHANGED = "update_item", "commit", "flush", "execute", "exec", "sqlmodel_update", "setattr"


def given_back(file: File, node: Function) -> str:
    """The line that says what the endpoint answers: its last ``return``, or its last line where it has none.

    Where that is part of a block, the line in which it begins.
    """
    returns = [each for each in inside(node) if isinstance(each, ast.Return)]
    if not returns and hasattr(node.body[-1], "body"):
        return file.at(node)
    last = max(returns, key=lambda each: each.lineno) if returns else None
    return file.at(giving(node, last) if last else node.body[-1])


def _rows(value: Any) -> list[dict[str, Any]]:
    """The items of an answer, or the rows that it should show."""
    values = value if isinstance(value, list) else [value]
    return values if all(isinstance(each, dict) for each in values) else []


# -- another shape ------------------------------------------------------------------------------------


@reading("the list is wrapped in something", _LIST, "owner_is_in_the_answer")
def list_wrapped(evidence: Evidence) -> Told | None:
    """The answer to GET /items/ is the list itself, not an object that contains the list."""
    found = endpoint_of(evidence)
    seen = isinstance(evidence.actual, dict) and isinstance(evidence.expected, list)
    if found is None or not (seen or "response: Input should be a valid list, not {" in evidence.saw):
        return None
    return Told(where=given_back(*found[:2]), hint=f"The answer is the list itself. {_around(found)}", why=_SHAPE)


def _around(found: tuple[File, Function, ast.Call]) -> str:
    """What to ask of an endpoint whose answer is wrapped: what wraps it, and what promises that, if anything does."""
    _, node, route = found
    by = "response_model" if keyword(route, "response_model") is not None else ""
    by = by or ("the line with def" if node.returns is not None else "")
    asked = "What does this line put around it"
    return f"{asked}, and what does {by} promise?" if by else f"{asked}?"


@reading("one item where a list was asked for", _LIST)
def item_for_a_list(evidence: Evidence) -> Told | None:
    """get_item looks up the row with an id. A page of items comes from the function that asks for many."""
    found, selects = endpoint_of(evidence), evidence.events_of("SELECT items")
    if found is None or request_of(evidence)[0] != "get" or not selects or not all(map(looks_up_an_id, selects)):
        return None
    hint = "The answer is a list of items. "
    for file, node in behind(evidence):
        made = calls(node, "get_item", "get", "get_one")
        if made and file.name not in evidence.given:
            return Told(where=file.at(made[0]), hint=f"{hint}How many does {name_of(made[0])}() give?")
    return Told(where=given_back(*found[:2]), hint=f"{hint}What does this endpoint give back?")


@reading("the item is wrapped in a list", *_ITEM)
def item_in_a_list(evidence: Evidence) -> Told | None:
    """An id belongs to one item, so the answer is that item, not a list."""
    found = endpoint_of(evidence)
    if found is None or not isinstance(evidence.actual, list) or not isinstance(evidence.expected, dict):
        return None
    return Told(where=given_back(*found[:2]), hint=f"The answer is the item itself. {_around(found)}", why=_SHAPE)


@reading("a list is promised for an item, or an item for a list", *_ITEM, _LIST, "batch_is_all_or_nothing")
def promised_otherwise(evidence: Evidence) -> Told | None:
    """FastAPI checks an answer against what the endpoint promises: one item is not a list of items, and no list is an
    item."""
    found = endpoint_of(evidence)
    raised = evidence.raised_kind("ResponseValidationError")
    if found is None or raised is None:
        return None
    method, path = request_of(evidence)
    model = keyword(found[2], "response_model")
    model = found[1].returns if model is None else model
    many = path.endswith("/batch") or (method == "get" and not re.search(r"/\d+$", path))
    promised = re.search(r"\b(list|Sequence|Iterable)\b", text_of(model), re.IGNORECASE) is not None
    if model is None or many is promised or _schema_of_answer(evidence) is None:
        return None
    hint = f"The answer is {'a list of items' if many else 'one item'}. What does this line promise?"
    return Told(where=found[0].at(model), hint=hint, why=_SHAPE)


@reading("nothing is returned", *_ITEM, _LIST, "answers_202")
def answered_nothing(evidence: Evidence) -> Told | None:
    """An endpoint without a return answers null."""
    found = endpoint_of(evidence)
    shows = "what was accepted" if evidence.rule == "answers_202" else "the item as it is now"
    hint = f"The client wants to see {shows}. What does this endpoint return?"
    if found and "ResponseValidationError: response: " in evidence.saw and evidence.saw.endswith("not None"):
        returned = [each for each in inside(found[1]) if isinstance(each, ast.Return)]
        nothing = [each for each in returned if each.value is None or text_of(each.value) == "None"]
        if len(nothing) == 1 and len(returned) > 1:
            hint = "This line ends the endpoint. What does the client get to see then?"
            return Told(where=found[0].at(nothing[0]), hint=hint, why=_NOT_PROMISED)
        where = given_back(*found[:2])
        kept = _kept_by_a_decorator(evidence, found[1]) if len(returned) > len(nothing) else None
        if kept is not None:
            return Told(where=kept, hint="What does this call give, and who gets it?", why=_NOT_PROMISED)
        return None if len(returned) > len(nothing) else Told(where=where, hint=hint, why=_NOT_PROMISED)
    if found is None or evidence.actual is not None or evidence.expected is None:
        return None
    null = re.search(r"\b(None|null)\b", evidence.saw)
    if null is None:
        return None
    saw = evidence.saw if null[1] == "null" else f"{evidence.saw}: null in JSON"
    return Told(saw=saw, where=given_back(*found[:2]), hint=hint)


def _kept_by_a_decorator(evidence: Evidence, endpoint: Function) -> str | None:
    """The call of the endpoint in a decorator of the learner's whose function returns nothing of what that gives."""
    for found in [evidence.source.function(name) for name, _ in decorators(endpoint)]:
        if found is None or found[0].name in evidence.given:
            continue
        for each in [each for each in inside(found[1]) if isinstance(each, Function) and each is not found[1]]:
            alone = [one for one in inside(each) if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call)]
            called = [one for one in alone if name_of(one.value) in arguments_of(found[1])]
            if called and not any(isinstance(one, ast.Return) for one in inside(each)):
                return found[0].at(called[0])
    return None


@reading("the answer is something other than what was promised", "answers_202", *_ITEM)
def answered_another_thing(evidence: Evidence) -> Told | None:
    """FastAPI turns what an endpoint returns into the promised schema. With a text or a number it cannot."""
    found = endpoint_of(evidence)
    returned = [each for each in inside(found[1]) if isinstance(each, ast.Return)] if found else []
    refused = re.search(r"ResponseValidationError: response: Input should be .* not (?!None$)", evidence.saw)
    value = returned[0].value if returned else None
    itself = evidence.source.class_(value.id) if isinstance(value, ast.Name) else None
    if itself is not None:
        refused = refused or re.search(r"ResponseValidationError: response\.\w+: Field required", evidence.saw)
    if found is None or refused is None or len(returned) != 1:
        return None
    shows = "what was sent" if evidence.rule == "answers_202" else "the item"
    hint = f"The client wants to see {shows}. What does this line answer with?"
    hint = "This hands back the class itself. What makes an answer of the item?" if itself else hint
    return Told(where=found[0].at(returned[0]), hint=hint)


@reading("the answer lacks what is promised", *_ITEM, _LIST, "answers_202")
def promised_more(evidence: Evidence) -> Told | None:
    """FastAPI turns what an endpoint returns into the promised answer. A field that is not there is missing."""
    found = endpoint_of(evidence)
    refused = evidence.saw.partition("ResponseValidationError: ")[2]
    missing = re.match(r"response\.(?:\d+\.)?([a-z_]+): Field required", refused) if refused else None
    returned = [each for each in inside(found[1]) if isinstance(each, ast.Return)] if found else []
    if found is None or missing is None or len(returned) != 1:
        return None
    made, schema = _made_of_a_schema(evidence, found[1], returned[0])
    if schema is not None and missing[1] not in evidence.source.declared_in(schema):
        hint = f"{schema[1].name} has no '{missing[1]}'. Which schema has all that a client gets to see?"
        return Told(where=found[0].at(made), hint=hint)
    if evidence.rule == "answers_202" and not isinstance(returned[0].value, ast.Dict):
        hint = "The client wants to see what was sent. What does this line answer with?"
        return Told(where=found[0].at(returned[0]), hint=hint)
    if not isinstance(returned[0].value, ast.Dict):
        return None
    hint = f"The client wants to see '{missing[1]}' and what else was promised. What does this line answer with?"
    return Told(saw=f"{evidence.saw}; what is returned has none", where=found[0].at(returned[0]), hint=hint)


def _made_of_a_schema(
    evidence: Evidence, node: Function, returned: ast.Return
) -> tuple[ast.AST, tuple[File, ast.ClassDef] | None]:
    """What makes the value that is returned, or each of its list, and the learner's schema that it makes it of."""
    value: ast.AST | None = returned.value
    value = value_of(node, value.id) if isinstance(value, ast.Name) else value
    value = value.elt if isinstance(value, ast.ListComp) else value
    if not isinstance(value, ast.Call):
        return returned, None
    owner = value.func.value if isinstance(value.func, ast.Attribute) and name_of(value) in _MADE else value.func
    return value, evidence.source.class_(name_of(owner)) if isinstance(owner, ast.Name) else None


@reading("204 with a body", "delete_answers_204")
def body_with_204(evidence: Evidence) -> Told | None:
    """204 promises an empty body. Even null is a body."""
    found = endpoint_of(evidence)
    if found is None or not evidence.saw.startswith("body:"):
        return None
    return Told(where=given_back(*found[:2]), hint="204 promises an empty body. What does this line put into it?")


@reading("204 with a type that promises a body")
def body_promised_with_204(evidence: Evidence) -> Told | None:
    """204 promises an empty body, so FastAPI takes no return type or response_model with it, except None."""
    raised = evidence.raised_kind("AssertionError")
    where = innermost(raised, evidence.given) if raised and "must not have a response body" in raised.message else ""
    name, _, line = where.rpartition(":")
    for file, node, verb, call in routes_of(evidence) if where else ():
        said = keyword(call, "status_code")
        if file.name != name or not first_line(node) <= int(line) <= (node.end_lineno or 0) or said is None:
            continue
        promised = keyword(call, "response_model") or node.returns
        if verb == "delete" and promised is not None:
            return Told(where=file.at(promised), hint="204 promises an empty body. What does this type promise?")
        hint = "This promises an empty body, and the type of the answer promises an item. Which status fits?"
        return Told(where=file.at(said), hint=hint)
    return None


def in_an_answer(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """A reading of ItemRead, for an answer that is made with the learner's own: what it says of it is the same."""
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        schema = _of_every_item(evidence)
        lacks = _left_out(evidence) or _asks_for_more(evidence) or evidence.saw.startswith("ids of the items: [None")
        if schema is None or schema[0].name in evidence.given or not lacks:
            return None
        told = original.holds(replace(evidence, did=[f"{schema[1].name}.model_validate(item)"]))
        return replace(told, saw=f"{evidence.saw}; {told.saw}") if told is not None else None

    vars(holds)["reading"] = replace(original, rules=_ANY_ANSWER, holds=holds)
    return holds


def _of_every_item(evidence: Evidence) -> tuple[File, ast.ClassDef] | None:
    """The learner's class that says what is shown of an item: of ItemWithOwner, the ItemRead that it builds on."""
    schema = _schema_of_answer(evidence)
    if schema is None or evidence.rule not in _WITH_OWNERS:
        return schema
    return next((each for each in evidence.source.ancestry(schema) if each[1].name == "ItemRead"), None)


def by_another_name(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """The reading of a value that is shown otherwise, for an answer: only where a field has another name there."""
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        schema = _schema_of_answer(evidence)
        if schema is None or evidence.saw.startswith("the row"):
            return None
        refused = _BY_ITEM_READ.match(evidence.saw)
        rows = zip(_rows(evidence.actual), _rows(evidence.expected), strict=False)
        actual, expected = next((each for each in rows if each[0] != each[1]), (None, None))
        saw = f"refused: {refused[1]}" if refused else evidence.saw
        seen = replace(evidence, saw=saw, actual=actual, expected=expected)
        told = under_another_name(seen, schema)
        return replace(told, saw=told.saw.replace(saw, evidence.saw)) if told is not None else None

    vars(holds)["reading"] = replace(original, rules=(*_ANY_ANSWER, *_SHOWN_TOO), holds=holds)
    return holds


_WITH_OWNERS = "owner_is_in_the_answer", "item_without_owner_has_null", "session_is_closed_after_the_answer"
_ANY_ANSWER = *_ITEM, _LIST, *_WITH_OWNERS, "the_rest_still_works"
_SHOWN_TOO = "answers_hide_internal_fields", "patch_null_clears"
_BY_ITEM_READ = re.compile(
    r"a crash: (?:(?:Response)?ValidationError: (?:response\.?(?:\d+\.)?)?|ItemWithOwner refused )(.*)"
)


def of_the_answer(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """A reading of ItemRead that refuses a right item, or shows too much of it, for an answer that is made with it."""
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        schema = _schema_of_answer(evidence)
        if schema is None or schema[0].name in evidence.given:
            return None
        refused, more = _BY_ITEM_READ.match(evidence.saw), _shown_too(evidence)
        if refused and _is_stricter(evidence, schema, refused[1]):
            did = "None" if _is_of_null(evidence, refused[1]) else "item"
            seen = replace(evidence, did=[f"{schema[1].name}.model_validate({did})"], saw=f"refused: {refused[1]}")
        elif more:
            shown = ", ".join(map(repr, more))
            seen = replace(evidence, did=[f"{schema[1].name}.model_validate(item)"], saw=f"also shows {shown}")
        else:
            return None
        told = original.holds(seen)
        return replace(told, saw=told.saw.replace(seen.saw, evidence.saw)) if told is not None else None

    vars(holds)["reading"] = replace(original, rules=(*_ANY_ANSWER, *_SHOWN_TOO), holds=holds)
    return holds


def _shown_too(evidence: Evidence) -> list[str]:
    """The fields that an answer shows and no item has: as the rule says it, or as the two differ."""
    more = re.search(r"also shows ('\w+'(?:, '\w+')*)", evidence.saw) if "also shows " in evidence.saw else None
    if more is not None or evidence.rule != "the_rest_still_works" or evidence.saw.startswith("the row"):
        return more[1].replace("'", "").split(", ") if more is not None else []
    actual, expected = _rows(evidence.actual)[:1], _rows(evidence.expected)[:1]
    return [name for shown, wanted in zip(actual, expected, strict=False) for name in shown if name not in wanted]


def _is_of_null(evidence: Evidence, refused: str) -> bool:
    """Whether it was None that a schema refused, which not every message tells."""
    raised = evidence.raised_kind("ValidationError", "ResponseValidationError")
    field = refused.partition(":")[0]
    none = raised is not None and re.search(rf"^{field}\n.*input_value=None", raised.message, re.MULTILINE)
    return refused.endswith("not None") or bool(none)


def _is_stricter(evidence: Evidence, schema: tuple[File, ast.ClassDef], refused: str) -> bool:
    """Whether a schema of answers refuses an item because it asks for another type than the table has."""
    if refused.startswith("Input should be a valid dictionary or instance of ") and ", not Item(" in refused:
        return True
    name, is_another, _ = refused.partition(": Input should be")
    if not is_another or name not in ("id", "name", "description"):
        return False
    own, table = (field_in(evidence, each, name) for each in (schema, evidence.source.class_("Item")))
    if own is None or table is None or own == table:
        return False
    types = [_type_of_field(each[1]) for each in (own, table)]
    types = types if name == "description" else [each.removesuffix(" | None") for each in types]
    return types[0] != types[1]


def _type_of_field(field: ast.stmt) -> str:
    """The type of a field, or that of a column: ``str | None`` of ``Mapped[Optional[str]]``."""
    words = re.sub(r"^(?:\w+\.)*Mapped\[(.*)\]$", r"\1", text_of(getattr(field, "annotation", None)))
    return re.sub(r"^(?:\w+\.)*Optional\[(.*)\]$", r"\1 | None", words)


def _asks_for_more(evidence: Evidence) -> str:
    """The field for which the schema of the answer asks the item, and which no item has; empty if there is none."""
    if "Field required" not in evidence.saw:
        return ""
    asked = re.search(
        r"(?:ValidationError:|^refused:|ItemWithOwner refused) (?:response\.(?:\d+\.)?)?([a-z_]+): Field required",
        evidence.saw,
    )
    return asked[1] if asked is not None and asked[1] not in ("id", "name", "description") else ""


@reading("a field that no item has", *_ANY_ANSWER, "read_accepts_an_orm_object")
def field_of_no_item(evidence: Evidence) -> Told | None:
    """A schema of the answer reads each of its fields from the item."""
    asked, schema = _asks_for_more(evidence), _of_every_item(evidence) or evidence.source.class_("ItemRead")
    if not asked or schema is None or schema[0].name in evidence.given:
        return None
    for file, node in evidence.source.ancestry(schema):
        for each in [each for each in node.body if isinstance(each, ast.AnnAssign) and name_of(each.target) == asked]:
            item = evidence.source.declared_in(evidence.source.class_("Item"))
            hint = f"{node.name} reads this from the item, which has no '{asked}'. Which fields does the sheet ask for?"
            return Told(where=file.at(each), hint=hint) if asked not in item else None
    return None


# What may be wrong with ItemRead, in the order in which it is tried.
SCHEMAS_OF_ANSWERS = (
    in_an_answer(field_missing),
    field_of_no_item,
    of_the_answer(shows_more),
    of_the_answer(read_is_stricter),
    of_the_answer(reads_no_objects),
    by_another_name(value_shown_otherwise),
)


def _schema_of_answer(evidence: Evidence) -> tuple[File, ast.ClassDef] | None:
    """The learner's class that the endpoint names for its answer."""
    found = endpoint_of(evidence)
    model = keyword(found[2], "response_model") if found else None
    words = text_of(model if model is not None else found[1].returns) if found else ""
    return next((found for found in map(evidence.source.class_, re.findall(r"\w+", words)) if found is not None), None)


def _promised(evidence: Evidence, schema: tuple[File, ast.ClassDef]) -> str:
    """Where the endpoint names the schema of its answer; where that is ItemRead, and the learner's own: its class."""
    found = endpoint_of(evidence)
    if schema[1].name.startswith("ItemRead"):
        return schema[0].at(schema[1]) if schema[0].name not in evidence.given else ""
    model = keyword(found[2], "response_model") if found else None
    model = found[1].returns if found and model is None else model
    return found[0].at(model) if found and model is not None else ""


def _left_out(evidence: Evidence) -> list[str]:
    """The fields that the answer should have and has not."""
    actual, expected = _rows(evidence.actual), _rows(evidence.expected)
    return sorted(set(expected[0]) - set(actual[0])) if actual and len(actual) == len(expected) else []


@reading("fields are missing from the answer", *_ITEM, _LIST)
def fields_missing(evidence: Evidence) -> Told | None:
    """Clients count on all three fields in every answer."""
    found, missing = endpoint_of(evidence), _left_out(evidence)
    if found is None or not missing:
        return None
    schema = _schema_of_answer(evidence)
    fields = {*evidence.source.declared_in(schema)}
    hint = "Which schema has all three fields, and takes the whole item?"
    if schema is not None and fields >= {*missing}:
        hint = f"{schema[1].name} has {'this field' if len(missing) == 1 else 'these fields'}. "
        hint += "What leaves out a part of the answer?"
    where = given_back(*found[:2])
    if schema is not None and not fields >= {*missing} and evidence.source.declared_in(schema):
        where = _promised(evidence, schema) or where
    return Told(
        saw=f"{evidence.saw}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
        where=where,
        hint=hint,
        why=_SHAPE,
    )


@reading("a value of another type in the answer", *_ITEM, _LIST)
def other_types(evidence: Evidence) -> Told | None:
    """In JSON, 1, 1.0 and "1" are different values."""
    found = endpoint_of(evidence)
    actual, expected = _rows(evidence.actual), _rows(evidence.expected)
    for shown, wanted in zip(actual, expected, strict=False) if found else ():
        for name in set(shown) & set(wanted):
            other = type(shown[name]) is not type(wanted[name])
            alike = shown[name] == wanted[name] or str(shown[name]) == str(wanted[name])
            if found and other and alike:
                words = {str: "text", int: "number", float: "number"}
                saw = f"{name} is the {words.get(type(shown[name]), 'value')} {shown[name]!r}"
                wish = f"{name} is the {words.get(type(wanted[name]), 'value')} {wanted[name]!r}"
                hint = "Which schema makes the answer of the item, with the types that its fields have?"
                return Told(saw=saw, wanted=wish, where=given_back(*found[:2]), hint=hint, why=_SHAPE)
    return None


# -- other values -------------------------------------------------------------------------------------


@reading("the wrong item is shown", "read_answers_the_item", "get_unknown_is_404")
def another_item(evidence: Evidence) -> Told | None:
    """The id in the path says which item is meant. The answer must show the row with this id."""
    found = endpoint_of(evidence)
    asked = re.search(r"/(\d+)$", request_of(evidence)[1])
    actual = evidence.actual if isinstance(evidence.actual, dict) else getattr(evidence.actual, "json", None)
    if found is None or not asked or not isinstance(actual, dict) or str(actual.get("id", asked[1])) == asked[1]:
        return None
    file, node, _ = found
    other = calls(node, "list_items", "scalars", "query", "execute", "exec", "scalar")
    selects = [event for event in evidence.events_of("SELECT items") if event.where]
    where = file.at(other[-1]) if other else own_line(evidence, selects[-1].where) if selects else file.at(node)
    own = [each for each in node.decorator_list if evidence.source.function(name_of(each)) is not None]
    if own and selects and asked[1] in re.findall(r"\d+", str(selects[-1].parameters)):
        hint = (
            f"Item {asked[1]} was loaded, and this gives back what it kept from an earlier request. How does it tell "
        )
        return Told(
            saw=f"the answer shows the item with the id {actual.get('id')}; that of item {asked[1]} was loaded",
            where=file.at(own[0]),
            hint=f"{hint}one request from another?",
        )
    return Told(
        saw=f"the answer shows the item with the id {actual.get('id')}",
        wanted="404" if evidence.rule.startswith("get_unknown") else f"the item with the id {asked[1]}",
        where=where,
        hint=f"Which item does this line ask for when the path says {asked[1]}?",
    )


@reading("a value gets lost on the way to the answer", *_ITEM, _LIST)
def value_lost(evidence: Evidence) -> Told | None:
    """The row has the value, but the answer shows null: some line between the two leaves it out."""
    found = endpoint_of(evidence)
    actual, expected = _rows(evidence.actual), _rows(evidence.expected)
    if found is None or not actual or [each.get("id") for each in actual] != [each.get("id") for each in expected]:
        return None
    for name in ("name", "description"):
        kept = [shown.get(name) for shown in actual]
        if any(kept) or not any(row.get(name) for row in expected) or "the row" in evidence.saw:
            continue
        saw = f"{evidence.saw}: {name} is null" if len(actual) == 1 else f"{name} is null in every item of the answer"
        hint = f"The row has a {name}. Does it get into what this line makes?"
        return Told(saw=saw, where=given_back(*found[:2]), hint=hint)
    return None


@reading("the answer is put together, not the stored row", "patch_keeps_omitted_fields")
def answer_put_together(evidence: Evidence) -> Told | None:
    """Only the row says what a change has become in the database. What was sent does not show that."""
    found = endpoint_of(evidence)
    body = body_parameter(evidence, found[1]) if found else None
    if found is None or body is None or _BY_A_TRIGGER not in evidence.wanted:
        return None
    for node in [each for each in inside(found[1]) if isinstance(each, ast.Return)]:
        made = made_of(found[1], node.value or node)
        saved = {id(name) for each in made for call in calls(each, *_CHANGED) for name in ast.walk(call)}
        names = [each for one in made for each in ast.walk(one) if isinstance(each, ast.Name) and id(each) not in saved]
        if any(each.id == body.arg for each in names):
            hint = f"A value of this answer comes from '{body.arg}', which was sent. Which object is the row?"
            return Told(where=found[0].at(node), hint=hint, why=_TOLD)
    return None


@reading("the answer is made before the change", "patch_keeps_omitted_fields")
def answered_before_the_change(evidence: Evidence) -> Told | None:
    """A schema keeps the values that the item had when the schema was made. Later changes do not reach it."""
    found = endpoint_of(evidence)
    if found is None or not evidence.saw.startswith("the answer is {"):
        return None
    file, node, _ = found
    changed = calls(node, *_CHANGED)
    early = [each for each in calls(node, *_MADE) if changed and each.lineno < changed[-1].lineno]
    early = [each for each in early if not re.search(r"exclude_unset|exclude_none", text_of(each))]
    if not early:
        return None
    hint = "At this moment the item is as it was. Which line changes it?"
    return Told(saw=f"{evidence.saw}, as before the change", where=file.at(early[0]), hint=hint)


@reading("the answer is what RETURNING gave", "create_answers_201", "created_item_is_refreshed")
def returned_by_the_insert(evidence: Evidence) -> Told | None:
    """RETURNING gives the row as the statement wrote it; a trigger may change it after that."""
    if "the answer shows" not in evidence.saw:
        return None
    inserts = [event for event in evidence.events_of("INSERT items") if " returning " in event.words]
    loaded = inserts and any(event.what == "SELECT items" for event in evidence.events)
    made = [(file, call) for file, node in behind(evidence) for call in calls(node, "returning")]
    if not inserts or loaded or len(made) != 1 or "name" not in inserts[-1].words.split(" returning ")[1]:
        return None
    hint = "This gives the row as the INSERT wrote it. What may change it after that?"
    return Told(where=made[0][0].at(made[0][1]), hint=hint)


@reading("the list is sorted again", _LIST)
def reordered(evidence: Evidence) -> Told | None:
    """The database returns the rows ordered by id. Later code puts them in another order."""
    found = endpoint_of(evidence)
    actual, expected = _rows(evidence.actual), _rows(evidence.expected)
    ids = [each.get("id") for each in actual]
    wanted = [each.get("id") for each in expected]
    if found is None or ids == wanted or sorted(map(str, ids)) != sorted(map(str, wanted)):
        return None
    for file, node in behind(evidence):
        slices = [each for each in inside(node) if isinstance(each, ast.Slice) and text_of(each.step).startswith("-")]
        turned: list[ast.AST] = [*slices, *calls(node, "reversed", "sorted", "sort", "reverse")]
        if turned:
            hint = "The ids were in order before this line."
            return Told(saw=f"the ids came as {ids}", wanted=f"{wanted}", where=file.at(turned[0]), hint=hint)
    return None


# -- refused ------------------------------------------------------------------------------------------


@reading("an empty list is refused", _LIST)
def empty_list_refused(evidence: Evidence) -> Told | None:
    """If there are no items, the answer is an empty list."""
    empty = not evidence.events_of("INSERT") and request_of(evidence)[0] == "get"
    found = said_status(evidence, everywhere=True) if empty and re.match(r"4\d\d \{", evidence.saw) else None
    if found is None or "[" in evidence.saw:
        return None
    why = "An empty list is an answer like any other. A 404 says that there is no such address."
    return Told(where=found[0].at(found[1]), hint="How would a client show that there is nothing yet?", why=why)


@reading("a name that exists already is refused", "create_answers_201")
def taken_name_refused(evidence: Evidence) -> Told | None:
    """Two items may have the same name: an item is known by its id."""
    refused = evidence.wanted.startswith("201") and evidence.saw.startswith("409")
    found = said_status(evidence, everywhere=True) if refused else None
    if found is None:
        return None
    hint = "Two items may have the same name. What tells them apart?"
    saw = f"{evidence.saw}; an item of this name was stored before"
    return Told(saw=saw, where=found[0].at(found[1]), hint=hint, why=TOO_STRICT)


# -- nothing done -------------------------------------------------------------------------------------


@reading("nothing is written", "delete_answers_204", "create_answers_201", "patch_keeps_omitted_fields")
def nothing_written(evidence: Evidence) -> Told | None:
    """The endpoint answers that all went well, but it sent no statement that changes a row."""
    found = endpoint_of(evidence)
    verb = {"post": "INSERT", "patch": "UPDATE", "delete": "DELETE"}.get(request_of(evidence)[0], "")
    answered = evidence.sent("ANSWER 2") and not evidence.raised
    if found is None or not verb or not answered or evidence.sent("INSERT", "UPDATE", "DELETE"):
        return None
    if not re.match(r"ids (that are no longer )?in the database|(new )?rows in the database|the row is", evidence.saw):
        return None
    file, node, _ = found
    wished = "_".join(({"post": "create", "patch": "update"}.get(request_of(evidence)[0], "delete"), "item"))
    if any(name_of(each) == wished for each in calls(node, wished)):
        return None
    return Told(
        saw=f"no {verb} was sent",
        where=given_back(file, node),
        hint=f"The endpoint ends here, and nobody has sent the {verb}, or made it permanent. Which call does both?",
    )
