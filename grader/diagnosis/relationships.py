"""In the child: mistakes with related rows: when and how owners are loaded, and how they are shown."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.routes import endpoint_of
from grader.diagnosis.schemas import ancestry, field_in
from grader.diagnosis.source import File, Function, calls, keyword, name_of, text_of

_OWNER, _NULL = "owner_is_in_the_answer", "item_without_owner_has_null"
_CONSTANT, _LOADED = "query_count_is_constant", "loaded_before_the_session_closes"
_LIST = "list_pages"
_RIGHT_OWNER = "A client that is shown another owner, or none, believes it."
_LOADERS = "selectinload", "joinedload", "subqueryload", "contains_eager", "immediateload", "raiseload"


def _function(evidence: Evidence) -> tuple[File, Function] | None:
    name = "list_items_with_owner"
    return evidence.source.function(name, "app/crud.py") or evidence.source.function(name)


def _owner_attribute(evidence: Evidence) -> tuple[File, ast.stmt] | None:
    found = evidence.source.class_("Item", "app/models.py")
    for node in found[1].body if found else ():
        name = getattr(node, "name", "") or name_of(getattr(node, "target", None))
        if found and name == "owner":
            return found[0], node
    return None


@reading("SQLAlchemy cannot make sense of a relationship")
def models_not_configured(evidence: Evidence) -> Told | None:
    """SQLAlchemy looks at all relationships at the first query. If one of them makes no sense, no model can be used."""
    raised = evidence.raised_kind("InvalidRequestError", "ArgumentError")
    named = re.search(r"relationship '?Item\.owner\b", raised.message) if raised else None
    attribute = _owner_attribute(evidence)
    if raised is None or named is None or attribute is None:
        return None
    saw = f"{raised.told}; none of the models can be used"
    return Told(saw=saw, where=attribute[0].at(attribute[1]), hint="An item has one owner, or none.")


@reading("SQLAlchemy unlinks what is to be deleted", "the_rest_still_works", "delete_answers_204", "delete_persists")
def unlinked_before_the_delete(evidence: Evidence) -> Told | None:
    """Before it deletes a row, SQLAlchemy sets the foreign keys that point to it to NULL, unless the relationship
    says that the database, or a cascade, deals with these rows."""
    for event in evidence.events_of("UPDATE "):
        table = event.what.partition(" ")[2]
        column = re.search(r"\bset (\w+_id)=", " ".join(event.sql.lower().split()))
        sent = str(event.parameters)
        found = _relationship_to(evidence, table) if column and "None" in sent else None
        deletes = re.match(r"DELETE /|delete_item\(", "".join(evidence.did[-1:]))
        if column and found is not None and deletes:
            saw = f"{evidence.saw}; before the DELETE, SQLAlchemy set {column[1]} of the rows in {table} to NULL"
            hint = (
                f"Who is to deal with the rows in {table}: SQLAlchemy, or the database? This relationship can say so."
            )
            return Told(saw=saw, where=found[0].at(found[1]), hint=hint)
    return None


@reading("a foreign key that says nothing of deleting", "the_rest_still_works")
def nobody_deletes_the_events(evidence: Evidence) -> Told | None:
    """An event is deleted with its item only if the foreign key says so. Else it stays, or the DELETE is refused."""
    item_event = evidence.source.class_("ItemEvent")
    deleted = "".join(evidence.did[-1:]).startswith("DELETE /items/") and evidence.sent("DELETE items")
    refused = re.search("foreign key", evidence.saw, re.IGNORECASE)
    if item_event is None or not deleted or not (refused or evidence.saw.startswith("events in the database")):
        return None
    file, node = item_event
    column = next((each for each in node.body if name_of(getattr(each, "target", None)) == "item_id"), None)
    if column is None or re.search("ondelete", text_of(column)):
        return None
    hint = "When an item is deleted, what becomes of its events? Nothing here says it to the database."
    return Told(where=file.at(column), hint=hint)


def _relationship_to(evidence: Evidence, table: str) -> tuple[File, ast.stmt] | None:
    """The relationship by which an item has rows of another table."""
    for file in evidence.source.files():
        named = [
            each.name for each in file.classes if any(f"__tablename__ = '{table}'" == text_of(one) for one in each.body)
        ]
        item = next((each for each in file.classes if each.name == "Item"), None)
        for statement in item.body if item is not None else ():
            words = re.findall(r"\w+", text_of(statement))
            if "relationship" in words and set(named).intersection(words):
                return file, statement
        for statement in [one for each in file.classes if each.name in named for one in each.body]:
            words = re.findall(r"\w+", text_of(statement))
            if {"relationship", "backref", "Item"} <= set(words):
                return file, statement
    return None


@reading("inner join", _NULL, _OWNER, "the_rest_still_works")
def inner_join(evidence: Evidence) -> Told | None:
    """An inner join returns only the items that have an owner."""
    lost = evidence.raised_kind("InvalidRequestError")
    if evidence.rule == "the_rest_still_works" and (lost is None or "Could not refresh" not in lost.message):
        return None
    for file in evidence.source.files():
        for node in file.nodes:
            if isinstance(node, ast.keyword) and node.arg == "innerjoin" and text_of(node.value) == "True":
                saw = f"{evidence.saw}; innerjoin=True keeps only the items that have an owner"
                return Told(saw=saw, where=file.at(node), hint="Which kind of join keeps an item that has no owner?")
    found = _function(evidence)
    for call in calls(found[1], "join") if found and evidence.rule == _NULL else ():
        if found and text_of(keyword(call, "isouter")) != "True":
            saw = f"{evidence.saw}; join() keeps only the items whose owner it finds"
            return Told(saw=saw, where=found[0].at(call), hint="Which kind of join keeps rows that match nothing?")
    return None


@reading("joined on the wrong columns", _OWNER)
def other_join_condition(evidence: Evidence) -> Told | None:
    """An item's owner is the one whose id is in the item's owner_id."""
    found = _function(evidence)
    for call in calls(found[1], "outerjoin", "join") if found else ():
        words = text_of(call)
        if found and re.search(r"Owner\.id == Item\.id|Item\.id == Owner\.id", words):
            return Told(where=found[0].at(call), hint="Which column of an item says whose it is?", why=_RIGHT_OWNER)
    return None


@reading("a join that repeats items", _OWNER, _LIST)
def items_repeated(evidence: Evidence) -> Told | None:
    """A join gives a row for each pair. An item that has several partners comes several times, and offset and limit
    count all of these rows."""
    found = _function(evidence)
    selects = [event for event in evidence.events_of("SELECT items") if event.where]
    words = " ".join(selects[-1].sql.lower().split()) if selects else ""
    shown = re.match(r"ids of the items: \[([\d, ]+)\]", evidence.saw)
    ids = shown[1].split(", ") if shown else []
    counted = evidence.saw.startswith("ids on the page: ") and " join items as " in words
    if found is None or " join " not in words or not (counted or len(set(ids)) < len(ids)):
        return None
    joined = calls(found[1], "join", "outerjoin", "join_from", "outerjoin_from")
    where = found[0].at(joined[-1]) if joined else selects[-1].where
    hint = "A join gives a row for each pair. In how many pairs is one item here?"
    return Told(saw=f"{evidence.saw}; the SELECT joins each item with several rows", where=where, hint=hint)


@reading("nobody asks for the owners", _OWNER)
def owners_never_asked_for(evidence: Evidence) -> Told | None:
    """An owner is a row of another table. It is in an answer only if a statement has asked for it."""
    selects = [event for event in evidence.events_of("SELECT items") if event.where]
    if evidence.raised or not selects or not evidence.saw.endswith("'owner': null}"):
        return None
    if any("owners" in event.sql.lower() for event in evidence.events):
        return None
    saw = f"{evidence.saw}; no statement asked for the owners"
    return Told(saw=saw, where=selects[-1].where, hint="This loads the items. Which line loads their owners?")


@reading("owners are paired with items by their place", _OWNER, _LIST, _NULL)
def paired_by_place(evidence: Evidence) -> Told | None:
    """Two lists that are put side by side fit only if both have the same length and order; an id fits always."""
    found = _function(evidence)
    for call in calls(found[1], "zip", "zip_longest", "enumerate", "next") if found else ():
        if found and re.search(r"owner", text_of(call), re.I):
            hint = "The first goes with the first here, the second with the second. What says whose an item is?"
            return Told(where=found[0].at(call), hint=hint)
    return None


@reading("the owner is deleted with the item", "the_rest_still_works")
def owner_deleted(evidence: Evidence) -> Told | None:
    """An owner may have other items, and is there also without any."""
    attribute = _owner_attribute(evidence)
    if attribute is None or not evidence.sent("DELETE owners"):
        return None
    hint = "What goes along when an item is deleted? Its owner may have other items."
    for each in ast.walk(attribute[1]):
        if isinstance(each, ast.keyword) and each.arg == "cascade":
            return Told(where=attribute[0].at(each), hint=hint)
    sent = [event.where for event in evidence.events_of("DELETE owners") if event.where]
    return Told(where=sent[0], hint=hint) if sent and sent[0].rpartition(":")[0] not in evidence.given else None


@reading("commit() or rollback() after loading", _CONSTANT, _LOADED)
def forgotten_after_loading(evidence: Evidence) -> Told | None:
    """commit() and rollback() make SQLAlchemy forget what was loaded. A function that only reads needs neither."""
    found = _function(evidence)
    for call in calls(found[1], "commit", "rollback", "expire_all", "expire") if found else ():
        word = name_of(call)
        ended = [event.where for event in (*evidence.earlier, *evidence.events) if event.what in ("COMMIT", "ROLLBACK")]
        if word in ("commit", "rollback") and found and found[0].at(call) not in ended:
            continue  # it was not run
        if found and calls(found[1], *_LOADERS):
            saw = f"{evidence.saw}; {word}() came after the owners were loaded, and makes SQLAlchemy forget them"
            return Told(saw=saw, where=found[0].at(call), hint="A function that reads has nothing to end.")
    for block in ast.walk(found[1]) if found and calls(found[1], *_LOADERS) else ():
        if found and isinstance(block, ast.With) and ".begin()" in text_of(block.items[0].context_expr):
            saw = f"{evidence.saw}; the COMMIT at the end of this block makes SQLAlchemy forget them"
            return Told(saw=saw, where=found[0].at(block), hint="A function that reads has nothing to begin or to end.")
    return None


@reading("the session is closed too early", _LOADED)
def closed_before_reading(evidence: Evidence) -> Told | None:
    """What is not loaded when the session is closed can no longer be loaded."""
    found = _function(evidence)
    places = [found] if found else []
    endpoint = endpoint_of(evidence)
    places += [endpoint[:2]] if endpoint else []
    for file, node in places:
        for call in calls(node, "close", "expunge", "expunge_all"):
            asked = [event.where for event in evidence.events_of("SELECT items") if event.where]
            if asked and not calls(node, *_LOADERS):
                return Told(where=asked[-1], hint="What of the owners is loaded here, before the session is closed?")
            return Told(where=file.at(call), hint="Whose session is this, and what has not been loaded by then?")
        withs = [each for each in ast.walk(node) if isinstance(each, ast.With)]
        opens = any(re.search(r"SessionLocal|Session\(", text_of(each.items[0].context_expr)) for each in withs)
        if opens and not calls(node, *_LOADERS):
            return Told(where=file.at(withs[0]), hint="At the end of this block the session is closed.")
    return None


@reading("owners are loaded one by one", _CONSTANT, _LOADED)
def not_loaded_ahead(evidence: Evidence) -> Told | None:
    """Unless the query says otherwise, an owner is loaded when you read it: one more query for each item."""
    found = _function(evidence)
    if found is None:
        return None
    file, node = found
    attribute = _owner_attribute(evidence)
    if attribute is not None and isinstance(attribute[1], ast.FunctionDef):
        return Told(where=attribute[0].at(attribute[1]), hint="This asks the database each time somebody reads it.")
    for other in evidence.source.files():
        for method in other.functions:
            asked = calls(method, "get", "scalar", "scalars", "execute")
            if method.decorator_list and "validator" in text_of(method.decorator_list[0]) and asked:
                return Told(where=other.at(asked[0]), hint="This runs for each item of the answer.")
    single = calls(node, "immediateload")
    made = getattr(attribute[1], "value", None) if attribute else None
    lazy = keyword(made, "lazy") if isinstance(made, ast.Call) else None
    hint = "This asks for each owner as soon as its item is there: one by one."
    if single:
        return Told(where=file.at(single[0]), hint=hint)
    if attribute and lazy is not None and "immediate" in text_of(lazy) and not calls(node, *_LOADERS):
        return Told(where=attribute[0].at(lazy), hint=hint)
    only = [call for call in calls(node, "load_only") if "name" not in text_of(call)]
    if only:
        return Told(where=file.at(only[0]), hint="The rest of each owner is loaded later, one by one.")
    loops = [each for each in ast.walk(node) if isinstance(each, ast.For | ast.ListComp | ast.GeneratorExp)]
    if calls(node, "outerjoin", "join") and not calls(node, *_LOADERS):
        hint = "The join finds the owners. Who says that they belong in Item.owner?"
        return Told(where=file.at(calls(node, "outerjoin", "join")[0]), hint=hint)
    if loops and not calls(node, *_LOADERS):
        hint = "Each turn of this loop asks the database once more. What does the query load, and what not?"
        return Told(where=file.at(loops[0]), hint=hint)
    if calls(node, *_LOADERS) or (attribute and "lazy=" in text_of(attribute[1])):
        return None
    events = [event for event in evidence.events_of("SELECT items") if event.where.startswith(file.name)]
    where = events[-1].where if events else file.at(node)
    return Told(where=where, hint="This loads the items alone. What loads all of their owners along with them?")


@reading("the route calls the wrong function", _CONSTANT, _OWNER, _LOADED)
def other_function(evidence: Evidence) -> Told | None:
    """list_items loads only the items. Another function loads the owners as well."""
    found = endpoint_of(evidence)
    wanted = calls(found[1], "list_items_with_owner") if found else []
    for call in calls(found[1], "list_items") if found and not wanted else ():
        if found:
            return Told(where=found[0].at(call), hint="Which function of crud.py loads the owners, too?")
    return None


@reading("an item without an owner is left out, or gets a made-up one", _NULL)
def no_null(evidence: Evidence) -> Told | None:
    """An item without an owner belongs in the list, with null as its owner."""
    found = endpoint_of(evidence)
    if found is None:
        return None
    file, node, call = found
    option = keyword(call, "response_model_exclude_none")
    if option is not None:
        return Told(where=file.at(option), hint="This leaves out whatever is null.")
    for each in ast.walk(node):
        if isinstance(each, ast.comprehension) and each.ifs and "owner" in text_of(each.ifs[0]):
            return Told(where=file.at(each.ifs[0]), hint="This leaves items out.")
        if isinstance(each, ast.BoolOp) and isinstance(each.op, ast.Or) and "owner" in text_of(each):
            return Told(where=file.at(each), hint="This makes an owner up where there is none.")
    schema = evidence.source.class_("ItemWithOwner")
    for field in schema[1].body if schema else ():
        is_owner = isinstance(field, ast.AnnAssign) and name_of(field.target) == "owner"
        if schema and is_owner and not re.search("None|Optional", text_of(getattr(field, "annotation", None))):
            saw = f"{evidence.saw}; the owner of this item is None"
            return Told(saw=saw, where=schema[0].at(field), hint="The type leaves no room for an item without owner.")
    return None


@reading("the schema shows something else", _OWNER, "other_answers_show_no_owner", _LOADED)
def other_schema(evidence: Evidence) -> Told | None:
    """ItemWithOwner is an item with owner: {id, name}. ItemRead stays as it is."""
    read, with_owner = evidence.source.class_("ItemRead"), evidence.source.class_("ItemWithOwner")
    owner = evidence.source.class_("OwnerRead")
    if evidence.rule == "other_answers_show_no_owner":
        for field in read[1].body if read else ():
            if read and isinstance(field, ast.AnnAssign) and "owner" in name_of(field.target):
                hint = "Every answer below /items/ is made with ItemRead, and now shows this. Where does it belong?"
                return Told(saw=f"{evidence.saw}; ItemRead shows the owner", where=read[0].at(field), hint=hint)
        return None
    for found, right in ((with_owner, {"owner": "OwnerRead"}), (owner, {"id": "int", "name": "str"})):
        fields = (
            {name_of(each.target): each for each in found[1].body if isinstance(each, ast.AnnAssign)} if found else {}
        )
        for name, kind in right.items():
            if found and name in fields and kind not in text_of(fields[name].annotation):
                hint = "Compare with the task sheet: what is an owner there?"
                return Told(where=found[0].at(fields[name]), hint=hint)
            if (
                found
                and name not in fields
                and (found is owner or "owner" in name)
                and _shows_less(evidence, name, found is owner)
            ):
                hint = "Compare with the task sheet: what is shown of an item and its owner?"
                saw = f"{evidence.saw}; {found[1].name} has no field '{name}'"
                return Told(saw=saw, where=found[0].at(found[1]), hint=hint)
        known = (*right, "id", "name", "description", "model_config")
        more = [each for name, each in fields.items() if name not in known]
        if found and more:
            return Told(where=found[0].at(more[0]), hint="Nobody asked for this field.")
    missing = [name for name in ("id", "name", "description") if field_in(evidence, with_owner, name) is None]
    if with_owner and missing:
        hint = "Compare with the task sheet: what is shown of an item, beside its owner?"
        saw = f"{evidence.saw}; {with_owner[1].name} has no field '{missing[0]}'"
        return Told(saw=saw, where=with_owner[0].at(with_owner[1]), hint=hint)
    return None


@reading("a schema that reads no objects", _OWNER, _LOADED, _NULL, "the_rest_still_works")
def reads_only_dictionaries(evidence: Evidence) -> Told | None:
    """A schema takes dictionaries, unless from_attributes tells it to read the attributes of objects as well."""
    named = re.search(r"valid dictionary or (?:instance of (\w+)|object)", evidence.saw)
    found = evidence.source.class_(named[1]) if named and named[1] else None
    hint = "What is read is an object. Which setting lets a schema read its attributes?"
    for file, node in ancestry(evidence, found):
        for each in node.body:
            if "from_attributes" in text_of(each):
                return None if "True" in text_of(each) else Told(where=file.at(each), hint=hint)
    return Told(where=found[0].at(found[1]), hint=hint) if found and found[0].name not in evidence.given else None


def _shows_less(evidence: Evidence, name: str, of_owner: bool) -> bool:
    """Whether a field is missing where the answer is seen; there may be no answer."""
    if not isinstance(evidence.actual, dict):
        return True
    owner = evidence.actual.get("owner")
    return isinstance(owner, dict) and name not in owner if of_owner else name not in evidence.actual


@reading("the page is another one", _LIST, _OWNER)
def other_page(evidence: Evidence) -> Told | None:
    """offset and limit choose items in the order of their ids, whatever their owners are."""
    found = _function(evidence)
    if found is None or (evidence.rule == _OWNER and not evidence.saw.startswith("ids of the items")):
        return None
    if calls(found[1], "list_items") and not calls(found[1], "offset", "limit", "slice"):  # which chooses the items
        found = evidence.source.function("list_items", "app/crud.py") or found
    owners = [
        event for event in evidence.events_of("SELECT owners") if " limit " in " ".join(event.sql.lower().split())
    ]
    if owners and owners[-1].where and evidence.saw.startswith("ids on the page, each with that of its owner"):
        hint = "The page is one of items. Which owners do the items of this page have?"
        return Told(where=owners[-1].where, hint=hint)
    file, node = found
    defaults = {each.arg for each in node.args.args[-len(node.args.defaults) :]} if node.args.defaults else set()
    if "required positional argument" in evidence.saw or ("missing" in evidence.saw and not defaults):
        return Told(where=file.at(node), hint="What is a page where the caller says nothing?")
    cut = [*calls(node, "offset"), *calls(node, "limit")]
    for call in cut:
        argument = text_of(call.args[0]) if call.args else ""
        if name_of(call) not in argument or re.search(r"[-+*/%]", argument):
            return Told(where=file.at(call), hint="Which number belongs here?")
    if evidence.rule == _LIST and len(cut) < 2 and not calls(node, "slice", "list_items", "fetch"):
        hint = "Where do offset and limit get into the query? Both have to."
        return Told(where=file.at(cut[0] if cut else node), hint=hint)
    if len(calls(node, "offset")) > 1:
        return Told(where=file.at(calls(node, "offset")[1]), hint="The page is one of items. Why are owners cut, too?")
    ordered = calls(node, "order_by")
    if evidence.rule == _LIST and not ordered and not calls(node, "list_items"):
        return Told(where=file.at(cut[0] if cut else node), hint="In which order are the rows, before the page is cut?")
    if ordered and not re.match(r"(\w+\.)?Item\.id\b", text_of(ordered[0].args[0]) if ordered[0].args else ""):
        return Told(where=file.at(ordered[0]), hint="The list is in the order of the items' ids.")
    return None
