"""In the child: slips in one line of chapter 09, which an exception or the form of the answer gives away."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import replace

from grader.diagnosis.answers import given_back
from grader.diagnosis.anywhere import innermost
from grader.diagnosis.endpoints import behind, endpoint_of, fits, own_files, path_of, request_of, routes_of
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.names import LOADERS
from grader.diagnosis.reading import Told, reading, reading_of
from grader.diagnosis.relationships import list_function, of_the_models, owner_attribute
from grader.diagnosis.schemas import field_in
from grader.diagnosis.shapes import at_line, raised_with, unfit_call
from grader.diagnosis.source import (
    File,
    Function,
    calls,
    ends_without_a_value,
    giving,
    inside,
    keyword,
    name_of,
    of_a_session,
    text_of,
)

_OWNER, _NULL, _LIST = "owner_is_in_the_answer", "item_without_owner_has_null", "list_pages"
_LOADED, _CONSTANT, _REST = "loaded_before_the_session_closes", "query_count_is_constant", "the_rest_still_works"
_ANY_LIST = _OWNER, _LOADED, _NULL, _LIST, _CONSTANT

# -- the relationship ---------------------------------------------------------------------------------

_NO_OWNER = "type object 'Item' has no attribute 'owner'", "'Item' object has no attribute 'owner'"
_OF_OWNER = re.compile(r"relationship '?Owner\.(\w+)\b|Mapper\[Owner\(owners\)\]")


@reading("the relationship has another name, or stands in another class")
def relationship_elsewhere(evidence: Evidence) -> Told | None:
    """An item has an owner: so Item, which has the column owner_id, has the attribute owner."""
    missed = any(each.message.startswith(_NO_OWNER) for each in evidence.raised)
    missed = missed or evidence.saw.endswith("ItemWithOwner refused owner: Field required")
    if not (missed or _configured_wrongly(evidence)) or owner_attribute(evidence) is not None:
        return None
    made = [*_relationships_of(evidence, "Item"), *_relationships_of(evidence, "Owner")]
    for file, node, class_ in made if len(made) == 1 else ():
        name = name_of(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        if class_ == "Owner" and name != "owner" and not re.search(r"\bOwner\b", text_of(node)):
            return None  # an owner's items, which nobody has asked for
        hint = f"Whoever reads an item asks for its owner. By which name? Here it is called '{name}'."
        if class_ == "Owner":
            hint = "This stands in Owner, so it would be the owner of an owner. Which class has the column owner_id?"
        raised = evidence.raised_kind("InvalidRequestError", "ArgumentError")
        return Told(saw=of_the_models(evidence, raised) if raised else "", where=file.at(node), hint=hint)
    return None


def _configured_wrongly(evidence: Evidence) -> bool:
    """Whether SQLAlchemy cannot make sense of a relationship of Owner."""
    raised = evidence.raised_kind("InvalidRequestError", "ArgumentError")
    return raised is not None and _OF_OWNER.search(raised.message) is not None


def _relationships_of(evidence: Evidence, name: str) -> Iterator[tuple[File, ast.Assign | ast.AnnAssign, str]]:
    """The relationships that a class of models.py declares."""
    found = evidence.source.class_(name, "app/models.py")
    for node in found[1].body if found else ():
        if found and isinstance(node, ast.Assign | ast.AnnAssign) and name_of(node.value) == "relationship":
            yield found[0], node, name


_NO_MAPPED_ATTRIBUTE = r"expected ORM mapped attribute for loader strategy|Mapped attribute expected|got <function rel"


@reading("relationship that is not called")
def relationship_not_called(evidence: Evidence) -> Told | None:
    """Without parentheses relationship is only named, and Item.owner is that function of SQLAlchemy's."""
    owner = owner_attribute(evidence)
    value = getattr(owner[1], "value", None) if owner else None
    if owner is None or not isinstance(value, ast.Name | ast.Attribute) or name_of(value) != "relationship":
        return None
    loads = any(re.search(_NO_MAPPED_ATTRIBUTE, each.message) for each in evidence.raised)
    if not loads and not re.search(r"owner\b", evidence.saw):
        return None
    saw = f"{evidence.saw}; Item.owner is the function relationship itself"
    return Told(saw=saw, where=owner[0].at(owner[1]), hint="This names the function. What calls it?")


_WORDS = "select", "selectin", "joined", "subquery", "immediate", "raise", "noload", "dynamic", "write_only"


@reading("a way of loading that does not exist")
def unknown_strategy(evidence: Evidence) -> Told | None:
    """lazy= takes one of a few words: select, selectin, joined, raise and some more."""
    raised = evidence.raised_kind("LoaderStrategyException", "ArgumentError")
    found = re.search(r"Can't find strategy \(\('lazy', (.+?)\),\)", raised.message) if raised else None
    for file in own_files(evidence) if found else ():
        for call in file.calls("relationship"):
            said = keyword(call, "lazy")
            if found and said is not None and text_of(said) == found[1]:
                word = found[1].strip("'")
                similar = difflib.get_close_matches(word, _WORDS, 1, cutoff=0.6)
                known = f"There is '{similar[0]}'. Is that what you mean?" if similar else "Which words does it know?"
                return Told(where=file.at(said), hint=f"SQLAlchemy knows no lazy={found[1]}. {known}")
    return None


_HAS_A_KEY = "owner_id has the foreign key already. What is left to say of it here?"


@reading("the foreign key is named once more")
def key_named_again(evidence: Evidence) -> Told | None:
    """One foreign key leads from items to owners, so SQLAlchemy finds it. If you name it, name it correctly."""
    raised = evidence.raised_kind("InvalidRequestError", "ArgumentError", "AttributeError")
    owner = owner_attribute(evidence)
    made = getattr(owner[1], "value", None) if owner else None
    if raised is None or owner is None or not isinstance(made, ast.Call) or name_of(made) != "relationship":
        return None
    column = field_in(evidence, evidence.source.class_("Item", "app/models.py"), "owner_id")
    if column is None or "ForeignKey" not in text_of(column[1]):
        return None
    keyed = [each for each in made.args if name_of(each) == "ForeignKey"]
    said = keyword(made, "foreign_keys")
    texts = [str(each.value) for each in ast.walk(said) if isinstance(each, ast.Constant)] if said is not None else []
    named = [each.rpartition(".")[2] for each in texts]
    unknown = any(f"'{each}'" in raised.message for each in (*texts, *named))
    if keyed and "expects a class" in raised.message:
        return Told(saw=of_the_models(evidence, raised), where=owner[0].at(owner[1]), hint=_HAS_A_KEY)
    if said is not None and unknown and re.search("failed to locate|'Table' object has no", raised.message):
        return Told(saw=of_the_models(evidence, raised), where=owner[0].at(said), hint=_HAS_A_KEY)
    first = made.args[0] if made.args else None
    its_column = text_of(first).strip("'\"").rpartition(".")[2] == "owner_id"
    if its_column and re.search("expects a class|failed to locate", raised.message):
        hint = "relationship() takes a class, and the type names it already. What is the column for here?"
        return Told(saw=of_the_models(evidence, raised), where=owner[0].at(first or made), hint=hint)
    return None


_OF_A_TEXT = r"^unsupported operand type\(s\) for \|: '(?:str' and '(?:NoneType|type|ModelMetaclass)|\w+' and 'str)'"
_OF_AN_OBJECT = r"^unsupported operand type\(s\) for \|: '(\w+)' and 'NoneType'"
_OF_AN_ATTRIBUTE = r"^unsupported operand type\(s\) for \|: '(_RelationshipDeclared|Relationship\w*|MappedColumn)' and"


@reading("| between a type and what is none")
def joined_with_no_type(evidence: Evidence) -> Told | None:
    """In a type, | stands between two types; a text in quotes is a type only as a whole."""
    text = raised_with(evidence, _OF_A_TEXT, "TypeError")
    other = raised_with(evidence, _OF_AN_ATTRIBUTE, "TypeError")
    made = raised_with(evidence, _OF_AN_OBJECT, "TypeError")
    where = (text or other or made or ("", "", ""))[2]
    if not where or where.rpartition(":")[0] in evidence.given:
        return None
    if other is not None:
        hint = "This takes the attribute that the line makes for a class. What is the class called, letter by letter?"
        return Told(where=where, hint=hint)
    if text is None:
        called = made is not None and f"{made[1][1]}()" in evidence.source.line(where)
        hint = f"The parentheses make one {made[1][1] if made else ''} here. What is its type?"
        return Told(where=where, hint=hint) if called else None
    hint = "| joins types, and what is in quotes is a text. Does this type need quotes? If so, where do they end?"
    return Told(where=where, hint=hint)


# -- the schema ---------------------------------------------------------------------------------------


@reading("'or' in a type", *_ANY_LIST)
def or_in_a_type(evidence: Evidence) -> Told | None:
    """Python works out `A or None` at once: it is A. The sign | makes a type of two."""
    if "refused owner" not in evidence.saw:
        return None
    for name in ("ItemWithOwner", "OwnerRead"):
        class_ = evidence.source.class_(name)
        for each in class_[1].body if class_ and class_[0].name not in evidence.given else ():
            annotation = each.annotation if isinstance(each, ast.AnnAssign) else None
            inner = [one for one in ast.walk(annotation) if isinstance(one, ast.BoolOp)] if annotation else []
            if class_ and inner:
                word = "or" if isinstance(inner[0].op, ast.Or) else "and"
                first = inner[0].values[0 if word == "or" else -1]
                hint = f"In Python, {text_of(inner[0])} is just {text_of(first)}. Which sign says 'one of the two'?"
                return Told(where=class_[0].at(each), hint=hint)
    return None


_SEVERAL = r"\b(list|List|tuple|Tuple|set|Set|frozenset|Sequence|Iterable|dict|Dict|Mapping)\["


@reading("several owners in the schema", *_ANY_LIST)
def several_in_the_schema(evidence: Evidence) -> Told | None:
    """An item has one owner, or none."""
    field = field_in(evidence, evidence.source.class_("ItemWithOwner"), "owner")
    annotation = text_of(getattr(field[1], "annotation", None)) if field else ""
    if field is None or field[0].name in evidence.given or "refused owner: Input should be a valid" not in evidence.saw:
        return None
    if not re.search(_SEVERAL, annotation):
        return None
    return Told(where=field[0].at(field[1]), hint="An item has one owner, or none. How many does this type promise?")


@reading("something that is not a type")
def no_type(evidence: Evidence) -> Told | None:
    """After the colon of a field stands a type; of two types, the sign | makes one."""
    raised = evidence.raised_kind("PydanticSchemaGenerationError", "ValidationError")
    if raised is None or not raised.lines or not evidence.saw.startswith("importing "):
        return None
    name, _, line = innermost(raised, evidence.given).rpartition(":")
    file = evidence.source.file(name)
    classes = [each for each in file.classes if each.lineno <= int(line) <= (each.end_lineno or 0)]
    for each in [one for class_ in classes for one in class_.body if isinstance(one, ast.AnnAssign)]:
        made = [one for one in ast.walk(each.annotation) if isinstance(one, ast.Call) and not one.args]
        several = isinstance(each.annotation, ast.List | ast.Tuple | ast.Set)
        if several and re.search(r"pydantic-core schema for [\[({]", raised.message):
            hint = "This is a list of types, not a type. Which sign says 'one of the two'?"
            return Told(where=file.at(each), hint=hint)
        if made and evidence.source.class_(name_of(made[0])) is not None:
            hint = f"The parentheses make one {name_of(made[0])} here. What is its type?"
            return Told(where=file.at(each), hint=hint)
    return None


# -- the list -----------------------------------------------------------------------------------------

_NOTHING = "'NoneType' object is not iterable"


@reading("list_items_with_owner gives nothing back", *_ANY_LIST)
def list_gives_nothing(evidence: Evidence) -> Told | None:
    """A function without a return gives None."""
    found = list_function(evidence)
    if found is None or not evidence.saw.endswith(_NOTHING) or found[0].name in evidence.given:
        return None
    raised = evidence.raised_kind("TypeError")
    if raised is not None and any(line.startswith(f"{found[0].name}:") for line in raised.lines):
        return None  # it is in the function that something is None
    for file, node in [found, *_asked_by(evidence, *found)]:
        ends = ends_without_a_value(node.body) if file.name not in evidence.given else []
        if ends:
            last = ends[-1] if isinstance(ends[-1], ast.Expr | ast.Return | ast.Assign) else node
            saw = f"{evidence.saw}; {node.name} returned None"
            return Told(saw=saw, where=file.at(last), hint="What does this function give back?", why=_FOR_CALLERS)
    return None


def _asked_by(evidence: Evidence, file: File, node: Function) -> list[tuple[File, Function]]:
    """The learner's functions whose results a function gives back."""
    values = [giving(node, each).value for each in inside(node) if isinstance(each, ast.Return)]
    names = [name_of(each) for each in values if isinstance(each, ast.Call) and not of_a_session(each)]
    found = [evidence.source.function(name, file.name) or evidence.source.function(name) for name in names if name]
    return [each for each in found if each is not None and each[1] is not node]


_FOR_CALLERS = "Whoever calls list_items_with_owner goes through what it gives back."
_IS_ONE = "'Item' object is not iterable", "'NoneType' object is not iterable"
_ONE = "first", "scalar", "scalar_one", "scalar_one_or_none", "one", "one_or_none", "get", "get_one"


@reading("one item instead of a list", *_ANY_LIST)
def one_for_a_list(evidence: Evidence) -> Told | None:
    """first(), scalar() and one() give one object; all() gives every one."""
    found = list_function(evidence)
    if found is None or not evidence.saw.endswith(_IS_ONE):
        return None
    for file, node in evidence.source.reached(*found, evidence.given):
        returned = [giving(node, each).value for each in inside(node) if isinstance(each, ast.Return)]
        for value in returned:
            if isinstance(value, ast.Call) and name_of(value) in _ONE and file.name not in evidence.given:
                hint = f"{name_of(value)}() gives one item, or None. What gives all of them?"
                return Told(where=file.at(value), hint=hint, why=_FOR_CALLERS)
    return None


@reading("raiseload instead of a loader", _LOADED, _OWNER, _CONSTANT)
def only_forbidden(evidence: Evidence) -> Told | None:
    """raiseload() loads nothing: it makes an error of what would be loaded later."""
    found = list_function(evidence)
    if found is None or "lazy='raise'" not in evidence.saw or ".owner" not in evidence.saw:
        return None
    chain = evidence.source.reached(*found, evidence.given)
    forbidding = [(file, call) for file, node in chain for call in calls(node, "raiseload")]
    loading = [call for _, node in chain for call in calls(node, *LOADERS) if "owner" in text_of(call)]
    for file, call in forbidding if not loading else ():
        hint = "raiseload() forbids loading anything later. What loads the owners now, with the items?"
        saw = evidence.saw.replace("lazy='raise' does not let it", "raiseload() does not let it")
        return Told(saw=saw, where=file.at(call), hint=hint)
    return None


_NOT_ITS_PLACE = (
    r"clause element expected, got <(?:\w+\.)*_?\w*Load\b|^mapping or list expected for parameters|"
    r"^'_?(?:\w*Load)' object has no attribute '(\w+)'"
)


@reading("a loader that is not handed to options()")
def loader_misplaced(evidence: Evidence) -> Told | None:
    """A loader such as selectinload(Item.owner) is an option of a query, so the query's options() takes it."""
    named = raised_with(evidence, r"ORM object expected, got <function (\w+)", "ArgumentError")
    if named is not None and named[1][1] in (*LOADERS, "raiseload"):
        hint = f"This names {named[1][1]}. What calls it, and what does it have to be told?"
        return Told(where=named[2], hint=hint)
    method = raised_with(evidence, r"^'(?:Select|Query)' object has no attribute '(\w+load)'", "AttributeError")
    if method is not None:
        hint = (
            f"{method[1][1]} is not a method of a query, but a function. Which method of a query takes what it gives?"
        )
        return Told(where=method[2], hint=hint)
    asked = raised_with(evidence, r"^'(?:list|ScalarResult)' object has no attribute 'options'", "AttributeError")
    if asked is not None:
        return Told(where=asked[2], hint="The database has been asked by then. What do options() belong to?")
    found = raised_with(evidence, _NOT_ITS_PLACE, "ArgumentError", "AttributeError")
    for call in at_line(evidence.source, found[2]) if found else ():
        loader = next((name_of(one) for one in calls(call, *LOADERS)), "") if isinstance(call, ast.Call) else ""
        if found and loader:
            hint = (
                f"{loader}() says how something is loaded, and does not ask for it. Which method of a query takes it?"
            )
            return Told(where=found[2], hint=hint)
    return None


@reading("an attribute that a schema does not have")
def not_of_a_schema(evidence: Evidence) -> Told | None:
    """A schema says what is shown of a row. It leads to no other table, and its methods have names of their own."""
    found = raised_with(evidence, r"^(?:type object '\w+' has no attribute ')?(\w+)'?$", "AttributeError")
    line = evidence.source.line(found[2]) if found else ""
    owner = re.search(rf"\b(\w+)\.{found[1][1]}\b", line) if found else None
    class_ = evidence.source.class_(owner[1]) if owner else None
    bases = [name_of(base) for _, node in evidence.source.ancestry(class_) for base in node.bases]
    if found is None or owner is None or "BaseModel" not in bases or found[2].rpartition(":")[0] in evidence.given:
        return None
    hint = f"{owner[1]} says what is shown. Which class has the rows, and leads from an item to its owner?"
    if re.search(rf"\b{owner[1]}\.{found[1][1]}\(", line):
        hint = f"{owner[1]} has no '{found[1][1]}'. What is the method called that reads an object?"
    return Told(where=found[2], hint=hint)


# -- the router and the route -------------------------------------------------------------------------


@reading("several routers at once")
def several_routers(evidence: Evidence) -> Told | None:
    """include_router() takes one router."""
    found = raised_with(evidence, r"include_router\(\) takes 2 positional arguments but \d+ were given", "TypeError")
    if found is None or found[2].rpartition(":")[0] in evidence.given:
        return None
    return Told(where=found[2], hint="include_router() takes one router. How do two of them get into the app?")


@reading("the new route answers another method", _OWNER)
def other_method(evidence: Evidence) -> Told | None:
    """A request reaches an endpoint only if both method and path match."""
    if not evidence.saw.startswith(("404", "405")):
        return None
    method, path = request_of(evidence)
    for file, node, verb, call in routes_of(evidence):
        if verb != method and verb != "api_route" and fits(path_of(call), path) and file.name not in evidence.given:
            saw = f"{evidence.saw.partition(': ')[0]}: {node.name}() answers {verb.upper()} {path_of(call)}"
            return Told(saw=saw, where=file.at(call), hint="Compare the method with the task sheet.")
    return None


@reading("the status of a route is not a number", _OWNER)
def status_of_the_route_is_no_number(evidence: Evidence) -> Told | None:
    """A status is a number, without quotes."""
    found = endpoint_of(evidence)
    said = keyword(found[2], "status_code") if found is not None else None
    crash = evidence.raised[0] if evidence.raised and evidence.saw.startswith("a crash: ") else None
    if found is None or not isinstance(said, ast.Constant | ast.JoinedStr) or crash is None or crash.lines:
        return None
    if isinstance(said, ast.Constant) and not isinstance(said.value, str):
        return None
    return Told(where=found[0].at(said), hint="A status is a number. What stands here?")


_RETURNED = "the endpoint returned "


@reading("the endpoint returns no list", _OWNER)
def endpoint_gives_no_list(evidence: Evidence) -> Told | None:
    """The client is promised a list, and what the endpoint returns is the answer."""
    found = endpoint_of(evidence)
    returned = [each for each in inside(found[1]) if isinstance(each, ast.Return)] if found else []
    if found is None or _RETURNED not in evidence.saw:
        return None
    if evidence.saw.endswith("None") and not any(each.value for each in returned):
        hint = "The client wants to see a list of items. What does this endpoint return?"
        return Told(where=given_back(*found[:2]), hint=hint)
    early = _returned_in_a_loop(found[1])
    if early is not None:
        return Told(where=found[0].at(early), hint=_IN_A_LOOP)
    if len(returned) != 1:
        return None
    hint = "The answer is a list of items. What does this line give back?"
    return Told(where=found[0].at(giving(found[1], returned[0])), hint=hint)


_IN_A_LOOP = "This return stands in the loop. How many items does it answer with?"


@reading("model_validate that is not called", _OWNER)
def reader_not_called(evidence: Evidence) -> Told | None:
    """Without parentheses a method is only named."""
    refused = evidence.raised_kind("ResponseValidationError")
    for file, node in behind(evidence) if refused is not None else ():
        called = {id(each.func) for each in inside(node) if isinstance(each, ast.Call)}
        for each in inside(node):
            if isinstance(each, ast.Attribute) and each.attr == "model_validate" and id(each) not in called:
                mapped = any(each in call.args for call in calls(node, "map"))
                return None if mapped else Told(where=file.at(each), hint="This names the method. What calls it?")
    return None


@reading("a return inside the loop", _OWNER, _NULL, _LIST)
def returned_in_the_loop(evidence: Evidence) -> Told | None:
    """A return ends the function, whatever turn the loop is in."""
    listing = evidence.saw.startswith("ids ")
    shown = re.match(r"ids (?:of the items|on the page): \[([^,\]]*)\]", evidence.saw) if listing else None
    listed, endpoint = list_function(evidence), endpoint_of(evidence)
    places = [each for each in (listed, endpoint[:2] if endpoint else None) if each is not None]
    for file, node in places if shown else ():
        early = _returned_in_a_loop(node) if file.name not in evidence.given else None
        if early is not None:
            return Told(where=file.at(early), hint=_IN_A_LOOP)
    return None


def _returned_in_a_loop(node: Function) -> ast.Return | None:
    """A return that ends a loop in its first turn: a statement of the loop's own, and of no condition in it."""
    loops = [each for each in inside(node) if isinstance(each, ast.For | ast.AsyncFor)]
    return next((each for loop in loops for each in loop.body if isinstance(each, ast.Return)), None)


@reading("each item is read by another schema", _OWNER)
def read_by_another_schema(evidence: Evidence) -> Told | None:
    """The schema of the answer is ItemWithOwner: another one leaves something of an item out."""
    refused = re.search(r"ItemWithOwner refused (\w+): Field required", evidence.saw)
    raised = evidence.raised_kind("ResponseValidationError")
    for file, node in behind(evidence) if refused and raised is not None else ():
        for call in calls(node, "model_validate", "from_orm"):
            owner = name_of(getattr(call.func, "value", None))
            class_ = evidence.source.class_(owner)
            lacks = class_ is not None and refused and refused[1] not in evidence.source.declared_in(class_)
            if lacks and call.args and "owner" not in text_of(call.args[0]):
                hint = f"Which part of an item with its owner does {owner} leave out?"
                return Told(where=file.at(call), hint=hint)
    return None


@reading("a field is left out where ItemWithOwner is made by hand", _OWNER)
def left_out_by_hand(evidence: Evidence) -> Told | None:
    """A class that is called takes each field by its name; model_validate reads them all from the item."""
    refused = re.search(r"ItemWithOwner refused (\w+): Field required$", evidence.saw)
    raised = evidence.raised_kind("ValidationError")
    where = innermost(raised, evidence.given) if raised is not None else ""
    for call in at_line(evidence.source, where) if refused and where else ():
        made = isinstance(call, ast.Call) and name_of(call) == "ItemWithOwner" and not call.args
        if refused and made and all(each.arg not in (None, refused[1]) for each in call.keywords):  # type: ignore[attr-defined]
            hint = (
                f"This hands over each field by hand, and not '{refused[1]}'. Which method reads them all of an item?"
            )
            return Told(where=where, hint=hint)
    return None


@reading("an owner is looked up for an item that has none")
def no_key_for_none(evidence: Evidence) -> Told | None:
    """A dictionary has no entry for None, unless somebody has made one."""
    raised = evidence.raised_kind("KeyError")
    where = innermost(raised, evidence.given) if raised is not None and raised.message == "None" else ""
    if not where or "[" not in evidence.source.line(where):
        return None
    hint = "An item without an owner has None here, and there is no such key. Which way of looking up gives None then?"
    return Told(where=where, hint=hint)


@reading("a list is read as one item", _OWNER)
def list_read_as_an_item(evidence: Evidence) -> Told | None:
    """model_validate makes one ItemWithOwner of one item."""
    raised = evidence.raised[0] if evidence.raised else None
    original = reading_of(unfit_call)
    if raised is None or original is None or "ItemWithOwner refused the item" not in evidence.saw:
        return None
    return original.holds(replace(evidence, saw=raised.told))
