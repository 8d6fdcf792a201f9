"""In the child: mistakes on the way of an owner from the model to the answer, by the first step that is wrong."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.endpoints import behind, endpoint_of
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.relationships import list_function, owner_attribute
from grader.diagnosis.schemas import field_in
from grader.diagnosis.source import File, Function, always_returns, calls, decorators, inside, keyword, name_of, text_of

_RULES = "owner_is_in_the_answer", "item_without_owner_has_null"
_WHOSE = "What here says who owns an item?"
_COLUMNS = "Which column of an item says whose it is? Compare that with the columns that are named here."
_IN_THE_MODEL = {
    "primaryjoin": _COLUMNS,
    "foreign_keys": _COLUMNS,
    "remote_side": _COLUMNS,
    "uselist": "An item has one owner, or none. How many does this promise?",
    "lazy": "What does this do with .owner when somebody reads it?",
}
_THINNING = "group_by", "distinct", "having", "where", "filter", "filter_by", "join", "outerjoin"
_PASSES_ON = "model_validate", "from_orm", "OwnerRead", "dict", "vars"
_IN_A_SCHEMA = (
    *("field_validator", "model_validator", "validator", "root_validator"),
    *("field_serializer", "model_serializer"),
)


_RIGHT_SO_FAR = "crud.list_items_with_owner() gives the right owner"


@reading("Item.owner is not the item's owner", *_RULES)
def other_owner_in_the_model(evidence: Evidence) -> Told | None:
    """Whoever reads item.owner gets what the model says: the object whose id is in owner_id, or None."""
    attribute = owner_attribute(evidence)
    if evidence.step is None or evidence.step.name != "model" or attribute is None:
        return None
    file, node = attribute
    saw, made = f"{evidence.saw}; before any schema sees it, {evidence.step.saw}", getattr(node, "value", None)
    if isinstance(node, ast.FunctionDef):
        hint = "Whoever reads .owner gets what this returns. Where does it look for the owner?"
        return Told(saw=saw, where=file.at(node), hint=hint)
    for name, hint in _IN_THE_MODEL.items():
        said = keyword(made, name) if isinstance(made, ast.Call) else None
        if said is not None:
            return Told(saw=saw, where=file.at(said), hint=hint)
    return Told(saw=saw, where=file.at(node), hint="What does this line say about who owns an item?")


@reading("list_items_with_owner gives other items, or another owner", *_RULES, "list_pages")
def other_owner_from_crud(evidence: Evidence) -> Told | None:
    """list_items_with_owner gives every item of the page, each with its own owner."""
    found, step = list_function(evidence), evidence.step
    chain = evidence.source.reached(*found, evidence.given) if found else []
    if evidence.rule == "list_pages":
        return _on_a_page(evidence, chain)
    if step is None or step.name != "list" or found is None:
        return None
    shown = evidence.actual.get("id") if isinstance(evidence.actual, dict) else 0
    same = shown == step.item_id if step.item_id else evidence.saw.endswith(step.saw[step.saw.find("[") :])
    saw = f"{evidence.saw}; {'that is what list_items_with_owner gave' if same else step.saw}"
    if not step.item_id:
        thinned = [(file, call) for file, node in chain for call in calls(node, *_THINNING)]
        grouped: list[tuple[File, ast.AST]] = [each for each in thinned if name_of(each[1]) in ("group_by", "distinct")]
        grouped += [(file, each) for file, node in chain for each in inside(node) if _keyed_by_owner(each)]
        for home, node in chain:
            for one in [call for call in calls(node, "unique") if call.args]:
                hint = "unique() keeps one of all items for which this gives the same. Which does it take for equal?"
                return Told(saw=saw, where=home.at(one), hint=hint)
        for file, call in grouped[:1] or (thinned if len(thinned) == 1 else []):
            hint = "Which items do not get past this line, or become one with another?"
            return Told(saw=saw, where=file.at(call), hint=hint)
        return Told(saw=saw, where=_asked(evidence, found), hint="Follow the items through this function.")
    hint = _WHOSE
    shown_id, wanted_id = _ids(evidence)
    if shown_id is not None and shown_id == wanted_id:
        hint = "The id is that of the owner. Whose name is it?"
        if any("gave the owner" in line for line in evidence.did):
            hint = "This is the right owner, but not as the database has it now. Where does the value come from?"
    elif _name_of_owner(evidence.actual) == _name_of_owner(evidence.expected) is not None:
        hint = "The name is that of the owner. Whose id is it?"
    values = _values_in(chain)
    if len(values) == 1:
        if "{'id': None" in saw and isinstance(values[0][1], ast.Dict | ast.Call):
            hint = "This makes an owner for every item. What belongs here for an item that has none?"
        elif evidence.rule == "item_without_owner_has_null":
            hint = f"Item {step.item_id} has no owner. What does this give for it?"
        return Told(saw=saw, where=values[0][0].at(values[0][1]), hint=hint)
    joined = [(file, call) for file, node in chain for call in calls(node, "join", "outerjoin") if len(call.args) > 1]
    if len(joined) == 1 and not values:
        hint = "For which pairs of an item and an owner is this condition true?"
        return Told(saw=saw, where=joined[0][0].at(joined[0][1]), hint=hint)
    return Told(saw=saw, where=_asked(evidence, found), hint="Follow one item and its owner through this function.")


def _values_in(chain: list[tuple[File, Function]]) -> list[tuple[File, ast.expr]]:
    """What these functions write into an ``owner``; of a function within another one it is told once."""
    found = {id(each): (file, each) for file, node in chain for each in owner_values(node)}
    return [*found.values()]


def _keyed_by_owner(node: ast.AST) -> bool:
    """Whether a dictionary keeps one value for each owner."""
    return isinstance(node, ast.DictComp) and "owner_id" in text_of(node.key)


def _on_a_page(evidence: Evidence, chain: list[tuple[File, Function]]) -> Told | None:
    """The line that gives the items of a page their owners, where the items are right and the owners are not."""
    called = "".join(evidence.did[-1:]).startswith("list_items_with_owner(")
    values = _values_in(chain)
    if not called or "each with that of its owner" not in evidence.saw or len(values) != 1:
        return None
    return Told(where=values[0][0].at(values[0][1]), hint=_WHOSE)


@reading("the schema does not show the owner as it is", *_RULES)
def other_owner_in_the_schema(evidence: Evidence) -> Told | None:
    """ItemWithOwner gets an object with the right owner, and does not show it as it is."""
    schema = evidence.source.class_("ItemWithOwner")
    if evidence.step is None or evidence.step.name != "schema" or schema is None:
        return None
    shown, wanted = evidence.actual, evidence.expected
    if isinstance(shown, dict) and isinstance(wanted, dict) and shown.get("owner") == wanted.get("owner"):
        return _one_field_more(evidence, schema, [each for each in shown if each not in wanted])
    saw = f"{evidence.saw}; {_RIGHT_SO_FAR}"
    methods = [
        (file, method)
        for start in (schema, evidence.source.class_("OwnerRead"))
        for file, node in evidence.source.ancestry(start)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and any(name in _IN_A_SCHEMA for name, _ in decorators(method))
    ]
    silent = [each for each in methods if not always_returns(each[1].body)]
    for file, method in silent[:1]:
        hint = "What this returns is the value from then on. What does it return in each case?"
        return Told(saw=saw, where=file.at(method), hint=hint)
    if len(methods) == 1:
        return Told(saw=saw, where=methods[0][0].at(methods[0][1]), hint="What does this do with the owner it gets?")
    field = field_in(evidence, schema, "owner")
    if methods or field is None or "refused" in evidence.saw:
        return None
    return Told(saw=saw, where=field[0].at(field[1]), hint="What does this do with the owner that the item has?")


def _one_field_more(evidence: Evidence, schema: tuple[File, ast.ClassDef], more: list[str]) -> Told | None:
    """What there is to say of an answer with a field that nobody asked for."""
    field = field_in(evidence, schema, more[0]) if len(more) == 1 else None
    if field is None or field[0].name in evidence.given:
        return None
    saw = f"{evidence.saw}; '{more[0]}' is one field more"
    return Told(saw=saw, where=field[0].at(field[1]), hint="Who asked for this field, and which answers show it now?")


@reading("the route changes the answer", *_RULES)
def other_owner_in_the_route(evidence: Evidence) -> Told | None:
    """What crud gives has the right owner, and ItemWithOwner shows it: the route does something else with it."""
    found = endpoint_of(evidence)
    if evidence.step is None or evidence.step.name != "answer" or found is None or "has no route" in evidence.saw:
        return None
    file, node, call = found
    model = keyword(call, "response_model")
    said = model if model is not None else node.returns
    where, words = file.at(said) if said is not None else "", text_of(said)
    if re.fullmatch(r"(\w+\.)*ItemWithOwner", words):
        return Told(where=where, hint="The answer is a list of them. What does this line promise?")
    shown = [evidence.source.class_(name) for name in re.findall(r"\w+", words)]
    for schema in [each for each in shown if each is not None and evidence.actual is not None]:
        if schema[1].name != "ItemWithOwner" and field_in(evidence, schema, "owner") is None:
            saw = f"{evidence.saw}; {schema[1].name} has no owner"
            return Told(saw=saw, where=where, hint="Which schema shows an item together with its owner?")
    told = _made_without_owner(evidence)
    if told is not None:
        return told
    values = owner_values(node)
    if len(values) == 1:
        saw = f"{evidence.saw}; {_RIGHT_SO_FAR}"
        return Told(saw=saw, where=file.at(values[0]), hint="What does this do with the owner that the item has?")
    return None


def _made_without_owner(evidence: Evidence) -> Told | None:
    """Where an item is taken through a schema that has no owner, or dumped without it, on its way to the answer."""
    for file, node in behind(evidence):
        for call in [each for each in inside(node) if isinstance(each, ast.Call)]:
            of = call.func.value if isinstance(call.func, ast.Attribute) and name_of(call) in _PASSES_ON else call
            schema = evidence.source.class_(name_of(of))
            fields = {*evidence.source.declared_in(schema)}
            if schema is not None and fields >= {"name", "description"} and "owner" not in fields:
                saw = f"{evidence.saw}; {_RIGHT_SO_FAR}"
                hint = f"Which part of an item with its owner does {schema[1].name} leave out?"
                return Told(saw=saw, where=file.at(call), hint=hint)
            without = keyword(call, "exclude") if name_of(call) in ("model_dump", "jsonable_encoder", "dict") else None
            if without is not None and "'owner'" in text_of(without):
                saw = f"{evidence.saw}; {_RIGHT_SO_FAR}"
                return Told(saw=saw, where=file.at(without), hint="What does this leave out, and who needs it?")
    return None


def owner_values(node: Function) -> list[ast.expr]:
    """What a function writes into an ``owner``: an attribute, an argument, or the key of a dictionary.

    Where that only passes a variable on, what the variable was made of.
    """
    found: list[ast.expr] = []
    for each in inside(node):
        if isinstance(each, ast.keyword) and each.arg == "owner":
            found.append(each.value)
        elif isinstance(each, ast.Dict):
            keyed = zip(each.keys, each.values, strict=True)
            found += [value for key, value in keyed if isinstance(key, ast.Constant) and key.value == "owner"]
        elif isinstance(each, ast.Call) and [text_of(one) for one in each.args[1:2]] == ["'owner'"]:
            found += each.args[2:3]
        elif isinstance(each, ast.Assign) and re.search(r"(\.owner|\['owner'\])$", text_of(each.targets[0])):
            found.append(each.value)
    return [_made_of(node, each) for each in found]


def _made_of(node: Function, value: ast.expr) -> ast.expr:
    """What a value comes from where it only passes on a variable: ``OwnerRead.model_validate(owner)``."""
    inner = value.body if isinstance(value, ast.IfExp) else value
    inner = inner.values[-1] if isinstance(inner, ast.BoolOp) and isinstance(inner.op, ast.And) else inner
    if isinstance(inner, ast.Call) and name_of(inner) in _PASSES_ON and len(inner.args) == 1 and not inner.keywords:
        inner = inner.args[0]
    name = inner.id if isinstance(inner, ast.Name) else ""
    if isinstance(inner, ast.Dict) and all(isinstance(each, ast.Attribute) for each in inner.values):
        owners = {text_of(each.value) for each in inner.values if isinstance(each, ast.Attribute)}
        name = "".join(owners) if len(owners) == 1 else ""
    assigned = [each for each in inside(node) if isinstance(each, ast.Assign) and name_of(each.targets[0]) == name]
    return assigned[0].value if name and len(assigned) == 1 and isinstance(assigned[0].targets[0], ast.Name) else value


def _ids(evidence: Evidence) -> list[object]:
    """The ids of the owner that is shown, and of the one that is wanted."""
    owners = [each.get("owner") if isinstance(each, dict) else None for each in (evidence.actual, evidence.expected)]
    return [each.get("id") if isinstance(each, dict) else None for each in owners]


def _name_of_owner(item: object) -> object:
    owner = item.get("owner") if isinstance(item, dict) else None
    return owner.get("name") if isinstance(owner, dict) else None


def _asked(evidence: Evidence, found: tuple[File, Function]) -> str:
    """Where the function asks for the items; where it begins if another one does so for it."""
    file, node = found
    lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    places = [event.where.rpartition(":") for event in evidence.events_of("SELECT items") if event.where]
    sent = [int(line) for name, _, line in places if name == file.name and int(line) in lines]
    return file.at(sent[-1] if sent else node)
