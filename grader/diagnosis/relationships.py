"""In the child: mistakes with related rows: when and how owners are loaded, and how they are shown."""

from __future__ import annotations

import ast
import difflib
import re
from collections import Counter
from dataclasses import replace

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.crud import STOPS, built, made_of, page_passed_on, unlike_the_page
from grader.diagnosis.endpoints import behind, endpoint_of, own_files, own_line
from grader.diagnosis.evidence import Evidence, Raised
from grader.diagnosis.names import LOADERS
from grader.diagnosis.reading import Told, an, reading
from grader.diagnosis.schemas import field_in, setting_not_read, under_another_name
from grader.diagnosis.shapes import at_line, raised_with
from grader.diagnosis.source import (
    File,
    Function,
    arguments_of,
    calls,
    decorators,
    inside,
    keyword,
    name_of,
    of_a_session,
    options,
    text_of,
)

_OWNER, _NULL = "owner_is_in_the_answer", "item_without_owner_has_null"
_CONSTANT, _LOADED = "query_count_is_constant", "loaded_before_the_session_closes"
_LIST = "list_pages"
_OF_THE_TASKS = "ItemRead", "ItemWithOwner", "ItemCreate", "ItemUpdate"
_RIGHT_OWNER = "A client that is shown another owner, or none, believes it."
_LOADERS = *LOADERS, "raiseload"
_ONE_BY_ONE = "immediateload", "lazyload"
_TOGETHER = tuple(each for each in LOADERS if each not in _ONE_BY_ONE)


def list_function(evidence: Evidence) -> tuple[File, Function] | None:
    """The learner's ``list_items_with_owner``."""
    name = "list_items_with_owner"
    found = evidence.source.doing(name, "app/crud.py", evidence.given)
    plain = evidence.source.doing("list_items", "app/crud.py", evidence.given)
    own = evidence.source.named(name, "app/crud.py")
    if found is None or plain is None or own is None or found[1] is not plain[1]:
        return found
    # What list_items does is another task's work, and right: the function that leaves it all to that is meant.
    chain = evidence.source.reached(*own, evidence.given)
    return next((each for each in chain if calls(each[1], "list_items")), own)


def owner_attribute(evidence: Evidence) -> tuple[File, ast.stmt] | None:
    """The line, or the property, that declares ``Item.owner``."""
    found = evidence.source.class_("Item", "app/models.py")
    for node in found[1].body if found else ():
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        name = getattr(node, "name", "") or name_of(targets[0])
        if found and name == "owner":
            return found[0], node
    return None


def _made_owner(evidence: Evidence) -> tuple[File, ast.stmt, str, str] | None:
    """The line that declares Item.owner, the name of what makes it, ``relationship``, and its annotation."""
    attribute = owner_attribute(evidence)
    if attribute is None:
        return None
    made = name_of(getattr(attribute[1], "value", None))
    return *attribute, made, text_of(getattr(attribute[1], "annotation", None))


@reading("SQLAlchemy cannot make sense of a relationship")
def models_not_configured(evidence: Evidence) -> Told | None:
    """SQLAlchemy looks at all relationships at the first query. If one of them makes no sense, no model can be used."""
    raised = evidence.raised_kind("InvalidRequestError", "ArgumentError")
    owner = _made_owner(evidence)
    if raised is None or owner is None or owner[2] != "relationship":
        return None
    hint = _of_a_configuration(raised.message, text_of(owner[1]), owner[3])
    if not hint:
        return None
    saw = of_the_models(evidence, raised)
    column = field_in(evidence, evidence.source.class_("Item", "app/models.py"), "owner_id")
    if hint == _NO_KEY and column is not None and "ForeignKey" not in text_of(column[1]):
        return Told(saw=saw, where=column[0].at(column[1]), hint=hint)
    return Told(saw=saw, where=owner[0].at(owner[1]), hint=hint)


def of_the_models(evidence: Evidence, raised: Raised) -> str:
    """What SQLAlchemy raised where it looks at all models: it comes out of the first line that uses one of them."""
    saw = re.split(r"\.  ?(?:If|Ensure) ", raised.told)[0]
    return saw if evidence.outcome == "error" else f"{saw}; none of the models can be used"


_NO_KEY = "SQLAlchemy finds the owner of an item by a foreign key. Which column has one?"


def _of_a_configuration(message: str, words: str, annotation: str) -> str:
    """What to ask about the line of Item.owner where SQLAlchemy raised this; empty where it is about another one."""
    which = f"The type says here which class the owner is: {annotation}. Which class has the rows of owners?"
    unmapped = re.search(r"Class '(?:\w+\.)*(\w+)' is not mapped", message)
    unknown = re.search(r"expression '(\w+)' failed to locate a name", message)
    back = re.search(r"'Mapper\[Owner\(owners\)\]' has no property '(\w+)'", message)
    if back and f"'{back[1]}'" in words:
        return f"This counts on a list '{back[1]}' at Owner, and there is none. One direction needs no back_populates."
    if (unmapped and re.search(rf"\b{unmapped[1]}\b", words)) or (unknown and unknown[1] in words):
        return which if annotation else "What stands here is to be the class that has the rows of owners."
    if "typing annotation is required" in message and '"Item.owner"' in message:
        return "Nothing here says which class the owner is."
    if not re.search(r"relationship '?(Item\.)?owner\b", message):
        return ""
    if "lazy=" in words and "dynamic" in words:
        return 'lazy="dynamic" is for a list of objects. An item has one owner, or none.'
    if "expects a class" in message:
        if "schema.Table" in message:
            return "relationship() wants the name of the class here, and not that of the table."
        return "relationship() takes a class, or its name. What stands in the parentheses here?"
    if "no foreign keys" in message and "Owner" not in annotation and annotation:
        return which
    if re.search("foreign_keys|primaryjoin|remote_side", words):
        return "Which column of an item holds the id of its owner? Compare that with the columns that are named here."
    if "multiple foreign key" in message:
        return "More than one column leads to owners. Which of them holds the id of an item's owner?"
    return (
        _NO_KEY if "no foreign keys" in message else "An item has one owner, or none. What does this say beyond that?"
    )


@reading("a column instead of a relationship")
def owner_is_a_column(evidence: Evidence) -> Told | None:
    """A column holds a value, as owner_id does. A relationship finds the object that belongs to it."""
    owner = _made_owner(evidence)
    raised = evidence.raised_kind("SQLAlchemyError", "AttributeError")
    column = owner is not None and owner[2] in ("mapped_column", "Column", "ForeignKey", "owner_id")
    if owner is not None and raised is not None and "MappedAnnotationError" in raised.bases:
        column = column or not isinstance(getattr(owner[1], "value", None), ast.Call)
    meant = raised is not None and re.search("owner|foreign ?key", raised.message, re.IGNORECASE)
    if owner is None or not column or not (meant or re.search("'owner': null|refused owner", evidence.saw)):
        return None
    key = field_in(evidence, evidence.source.class_("Item", "app/models.py"), "owner_id")
    has_it = ", and has the foreign key" if key is not None and "ForeignKey" in text_of(key[1]) else ""
    hint = f"owner is not a column: owner_id is{has_it}. What finds the object that belongs to it?"
    if owner[2] == "owner_id":
        hint = "This makes owner another name of the column owner_id. What finds the object that belongs to it?"
    return Told(where=owner[0].at(owner[1]), hint=hint)


@reading("SQLAlchemy unlinks what is to be deleted", "the_rest_still_works", "delete_answers_204", "delete_persists")
def unlinked_before_the_delete(evidence: Evidence) -> Told | None:
    """Before it deletes a row, SQLAlchemy sets the foreign keys that point to it to NULL, unless the relationship
    says that the database, or a cascade, deals with these rows."""
    for event in evidence.events_of("UPDATE "):
        table = event.what.partition(" ")[2]
        column = re.search(r"\bset (\w+_id)=", event.words)
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


@reading("a foreign key that says nothing about deleting", "the_rest_still_works")
def nobody_deletes_the_events(evidence: Evidence) -> Told | None:
    """An event is deleted with its item only if the foreign key says so. If not, it stays, or the DELETE is refused."""
    item_event = evidence.source.class_("ItemEvent")
    deleted = "".join(evidence.did[-1:]).startswith("DELETE /items/") and evidence.sent("DELETE items")
    refused = re.search("foreign key", evidence.saw, re.IGNORECASE)
    if item_event is None or not deleted or not (refused or evidence.saw.startswith("events in the database")):
        return None
    file, node = item_event
    column = next((each for each in node.body if name_of(getattr(each, "target", None)) == "item_id"), None)
    if column is None:
        return None
    if re.search("ondelete", text_of(column)):
        return _misspelt_pragma(evidence)
    hint = "When an item is deleted, what happens to its events? Nothing here tells the database."
    return Told(where=file.at(column), hint=hint)


def _misspelt_pragma(evidence: Evidence) -> Told | None:
    """What there is to say of a text by which SQLite should have been told to check foreign keys."""
    for file in evidence.source.files():
        for each in [each for each in file.nodes if isinstance(each, ast.Constant)]:
            name = re.search(r"(\w+)\s*=\s*(?:on|1|true|yes)\b", str(each.value), re.IGNORECASE)
            written = name[1].lower() if name else ""
            if written != _PRAGMA and difflib.get_close_matches(written, [_PRAGMA], 1, cutoff=0.75):
                saw = f"{evidence.saw}; SQLite knows no PRAGMA {written}, and says nothing"
                return Told(saw=saw, where=file.at(each), hint="Read the name of this PRAGMA letter by letter.")
    return None


_PRAGMA = "foreign_keys"


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
    if lost is None and not evidence.saw.startswith("ids of the items"):
        return None  # nothing is left out
    for file in evidence.source.files():
        for node in file.nodes:
            if isinstance(node, ast.keyword) and node.arg == "innerjoin" and text_of(node.value) == "True":
                saw = f"{evidence.saw}; innerjoin=True keeps only the items that have an owner"
                return Told(saw=saw, where=file.at(node), hint="Which kind of join keeps an item that has no owner?")
    found = list_function(evidence)
    for call in calls(found[1], "join") if found and evidence.rule == _NULL else ():
        if found and text_of(keyword(call, "isouter")) != "True":
            saw = f"{evidence.saw}; join() keeps only the items whose owner it finds"
            return Told(saw=saw, where=found[0].at(call), hint="Which kind of join keeps rows that match nothing?")
    return None


@reading("joined on the wrong columns", _OWNER)
def other_join_condition(evidence: Evidence) -> Told | None:
    """An item's owner is the one whose id is in the item's owner_id."""
    found = list_function(evidence)
    for call in calls(found[1], "outerjoin", "join") if found else ():
        words = text_of(call)
        if found and re.search(r"Owner\.id == Item\.id|Item\.id == Owner\.id", words):
            why = "" if evidence.saw.startswith("ids of the items") else _RIGHT_OWNER
            return Told(where=found[0].at(call), hint="Which column of an item says whose it is?", why=why)
    return None


@reading("a join that repeats items", _OWNER, _LIST)
def items_repeated(evidence: Evidence) -> Told | None:
    """A join gives a row for each pair. An item with several partners appears several times, and offset and limit
    count all of these rows."""
    found = list_function(evidence)
    selects = [event for event in evidence.events_of("SELECT items") if event.where]
    words = selects[-1].words if selects else ""
    begin, listed, shown = evidence.saw.partition("ids of the items: [")
    ids = shown.partition("]")[0].split(", ") if listed and not begin else []
    counted = evidence.saw.startswith("ids on the page: ") and " join items as " in words
    doubled = len(set(ids)) < len(ids)
    told_only = calls(found[1], "contains_eager") if found and doubled and not re.search(r" join |where", words) else []
    if found is not None and told_only:
        saw = f"{evidence.saw}; the SELECT pairs every item with every owner"
        hint = "contains_eager() says that the query has the owners in it already. What brings them there?"
        return Told(saw=saw, where=found[0].at(told_only[0]), hint=hint)
    if found is None or " join " not in words or not (counted or doubled):
        return None
    joined = calls(found[1], "join", "outerjoin", "join_from", "outerjoin_from")
    where = found[0].at(joined[-1]) if joined else selects[-1].where
    saw, hint = "the SELECT joins an item with several rows", "A join gives a row for each pair."
    if re.search(r"\bon (true|1 = 1|1)\b", words) or "cross join" in words:
        hint = "This pairs every item with every owner. Which pairs belong together?"
    elif counted and calls(found[1], "unique"):
        hint = "LIMIT counts the rows of the join, before unique() takes the duplicates out. Which join makes them, "
        hint += "and what is it for?"
        saw += ", and LIMIT counts them all"
    else:
        hint += " In how many pairs is one item here?"
    return Told(saw=f"{evidence.saw}; {saw}", where=where, hint=hint)


@reading("the owner is overwritten with None", _OWNER)
def owner_overwritten(evidence: Evidence) -> Told | None:
    """What is written into an object replaces what was loaded, or what would be loaded when it is read."""
    if evidence.raised or not evidence.saw.endswith("'owner': null}"):
        return None
    found, endpoint = list_function(evidence), endpoint_of(evidence)
    for file, function in [each for each in (found, endpoint[:2] if endpoint else None) if each is not None]:
        for node in inside(function):
            written = isinstance(node, ast.Assign) and re.search(r"\w\.owner$", text_of(node.targets[0]))
            handed = isinstance(node, ast.Call) and name_of(node) in ("set_committed_value", "setattr", "set_attribute")
            if written and text_of(node.value) == "None":  # type: ignore[attr-defined]
                name = text_of(node.targets[0])  # type: ignore[attr-defined]
            elif handed and [text_of(each) for each in node.args[1:]] == ["'owner'", "None"]:  # type: ignore[attr-defined]
                name = ".owner"
            else:
                continue
            hint = "This writes None into an item, whoever owns it. Where would its owner come from?"
            return Told(saw=f"{evidence.saw}; {name} was set to None", where=file.at(node), hint=hint)
    return None


@reading("nobody asks for the owners", _OWNER)
def owners_never_asked_for(evidence: Evidence) -> Told | None:
    """An owner is a row of another table. It is in an answer only if a statement has asked for it."""
    selects = [event for event in evidence.events_of("SELECT items") if event.where]
    if evidence.raised or not selects or not evidence.saw.endswith("'owner': null}"):
        return None
    if any("owners" in event.sql.lower() for event in evidence.events):
        return None
    saw = f"{evidence.saw}; no statement asked for the owners"
    attribute = owner_attribute(evidence)
    if attribute is not None and isinstance(attribute[1], ast.FunctionDef):
        hint = "Whoever reads .owner gets what this returns. Where does it look for the owner?"
        return Told(saw=saw, where=attribute[0].at(attribute[1]), hint=hint)
    found = list_function(evidence)
    chain = evidence.source.reached(*found, evidence.given) if found else []
    unloaded: list[tuple[File, ast.expr]] = [
        (file, call) for file, function in chain for call in calls(function, "noload")
    ]
    if attribute is not None and not unloaded:
        said = [each for each in ast.walk(attribute[1]) if isinstance(each, ast.Constant) and each.value == "noload"]
        unloaded = [(attribute[0], each) for each in said]
    if unloaded:
        hint = "What does noload load, and what does .owner give after that?"
        return Told(saw=saw, where=unloaded[0][0].at(unloaded[0][1]), hint=hint)
    return Told(saw=saw, where=selects[-1].where, hint="This loads the items. Which line loads their owners?")


@reading("owners are paired with items by their place", _OWNER, _LIST, _NULL)
def paired_by_place(evidence: Evidence) -> Told | None:
    """Two lists that are put side by side fit only if both have the same length and order; an id fits always."""
    found = list_function(evidence)
    chain = evidence.source.reached(*found, evidence.given) if found else []
    pairs = [(file, call) for file, node in chain for call in calls(node, "zip", "zip_longest", "enumerate", "next")]
    for file, call in pairs:
        looks_for_one = name_of(call) == "next" and any(isinstance(each, ast.GeneratorExp) for each in call.args)
        if re.search(r"owner", text_of(call), re.I) and not (looks_for_one or _EMPTY_OWNER in evidence.saw):
            hint = "The first goes with the first here, the second with the second. What in an item says who owns it?"
            return Told(where=file.at(call), hint=hint)
    return None


_EMPTY_OWNER = "'owner': {'id': null, 'name': null}"


@reading("a list of nothing but None is taken for an owner", _NULL)
def none_taken_for_true(evidence: Evidence) -> Told | None:
    """A list, or a row, counts as true as soon as it holds something, also if that is None."""
    found = list_function(evidence) if _EMPTY_OWNER in evidence.saw else None
    for each in inside(found[1]) if found else ():
        test = each.test if isinstance(each, ast.IfExp | ast.If) else None
        test = test.operand if isinstance(test, ast.UnaryOp) else test
        if found and isinstance(test, ast.Name):
            hint = f"What is '{test.id}' for an item without an owner, and does it count as true?"
            return Told(where=found[0].at(test), hint=hint)
    return None


@reading("the owner is deleted with the item", "the_rest_still_works")
def owner_deleted(evidence: Evidence) -> Told | None:
    """An owner may have other items, and is there also without any."""
    attribute = owner_attribute(evidence)
    if attribute is None or not evidence.sent("DELETE owners"):
        return None
    hint = "What goes along when an item is deleted? Its owner may have other items."
    for each in ast.walk(attribute[1]):
        if isinstance(each, ast.keyword) and each.arg == "cascade":
            return Told(where=attribute[0].at(each), hint=hint)
    sent = [event.where for event in evidence.events_of("DELETE owners") if event.where]
    return Told(where=sent[0], hint=hint) if sent and sent[0].rpartition(":")[0] not in evidence.given else None


# What is seen where something was read that is not loaded; else it is about something that went wrong before.
_READ = re.compile(r"not loaded|Detached|not bound|closed|\d statements for|^reading |refused owner")


_FORGETS = "commit", "rollback", "expire_all", "expire"


@reading("commit() or rollback() after loading", _CONSTANT, _LOADED)
def forgotten_after_loading(evidence: Evidence) -> Told | None:
    """commit() and rollback() make SQLAlchemy forget what was loaded. A function that only reads needs neither."""
    found = list_function(evidence) if _READ.search(evidence.saw) else None
    ended = [event.where for event in (*evidence.earlier, *evidence.events) if event.what in ("COMMIT", "ROLLBACK")]
    chain = evidence.source.reached(*found, evidence.given) if found and calls(found[1], *_LOADERS) else []
    for file, call in [(file, call) for file, node in chain for call in calls(node, *_FORGETS)]:
        word = name_of(call)
        if word in ("commit", "rollback") and file.at(call) not in ended:
            continue  # it was not run
        saw = _forgotten(evidence, f"{word}() came after the owners were loaded, and", f"then {word}()")
        hint = f"A function that reads has nothing to {'end' if word in ('commit', 'rollback') else 'forget'}."
        return Told(saw=saw, where=file.at(call), hint=hint)
    for block in ast.walk(found[1]) if found and calls(found[1], *_LOADERS) else ():
        if found and isinstance(block, ast.With) and ".begin()" in text_of(block.items[0].context_expr):
            end = "the COMMIT at the end of this block"
            saw = _forgotten(evidence, end, end)
            return Told(saw=saw, where=found[0].at(block), hint="A function that reads has nothing to begin or to end.")
    return None


def _forgotten(evidence: Evidence, how: str, then: str) -> str:
    """What was seen, where what was loaded has been forgotten again."""
    reads, loaded = evidence.saw, ": its value was not loaded"
    if loaded in reads:
        return reads.replace(loaded, f": it was loaded, but {then} made SQLAlchemy forget it")
    return f"{reads}; {how} makes SQLAlchemy forget them"


@reading("the session is closed too early", _LOADED)
def closed_before_reading(evidence: Evidence) -> Told | None:
    """What is not loaded when the session is closed can no longer be loaded."""
    if not _READ.search(evidence.saw):
        return None
    found = list_function(evidence)
    places = [found] if found else []
    endpoint = endpoint_of(evidence)
    places += [endpoint[:2]] if endpoint else []
    for file, node in places:
        for call in calls(node, "close", "expunge", "expunge_all"):
            asked = [event.where for event in evidence.events_of("SELECT items") if event.where]
            if asked and not calls(node, *_LOADERS):
                hint = "Which data of the owners is loaded here, before the session is closed?"
                if name_of(call) != "close" and asked[-1].startswith(f"{file.name}:"):
                    hint = f"Line {call.lineno} takes the items out of the session, as closing it would. What of the "
                    hint += "owners is loaded by then?"
                return Told(where=asked[-1], hint=hint)
            return Told(where=file.at(call), hint="Whose session is this, and what has not been loaded by then?")
        withs = [each for each in ast.walk(node) if isinstance(each, ast.With)]
        opens = any(re.search(r"SessionLocal|Session\(", text_of(each.items[0].context_expr)) for each in withs)
        if opens and not calls(node, *_LOADERS):
            hint = "At the end of this block the session is closed. What of the owners is loaded by then?"
            if (file, node) != found and not calls(node, "list_items_with_owner"):
                hint = "At the end of this block the session is closed, and the answer is made after that. Which "
                hint += "function of crud.py loads the owners, too?"
            return Told(where=file.at(withs[0]), hint=hint)
    return None


_NO_ITEM = r"Item\w+ refused (?:\w+: Field required|the item: Input should be a valid dictionary or object)"
_READS_ITEMS = "ItemWithOwner reads an item, and the item's own .owner. A row has no name, and no owner of its own."
_WHICH = "Which objects does ItemWithOwner read?"
_OTHERS = {"Owner": "owners", "str": "texts", "int": "numbers", "bool": "True and False"}
_KINDS: dict[type[ast.expr], str] = {ast.Tuple: "tuples", ast.List: "lists", ast.Dict: "dictionaries"}
_TYPES = {"tuples": "tuple", "lists": "list", "dictionaries": "dict"}


@reading("rows, dictionaries or owners instead of items", _LOADED, _CONSTANT, _LIST, _OWNER)
def rows_of_pairs(evidence: Evidence) -> Told | None:
    """ItemWithOwner reads the items themselves. execute() gives rows, each of which holds what was selected. Neither a
    dictionary of an item's values nor its owner is an item."""
    found = list_function(evidence)
    if found is None or "refused" not in evidence.saw or not re.search(_NO_ITEM, evidence.saw):
        return None
    file, node = found
    made = _made_of_items(evidence, node)
    if made is not None and file.name not in evidence.given:
        kind = _KINDS.get(type(made), "dictionaries")
        hint = f"This makes {kind} of the items. {_WHICH}"
        saw = f"{evidence.saw}; the list holds {kind}" if "what the list holds" not in evidence.saw else ""
        return Told(saw=saw, where=file.at(made), hint=hint, why=_READS_ITEMS.partition(" A row")[0])
    kind, chosen = _chosen_of_items(evidence, node)
    if chosen is not None and file.name not in evidence.given:
        saw, hint = f"{evidence.saw}; the list holds {kind}", f"This gives {kind}. {_WHICH}"
        return Told(saw=saw, where=file.at(chosen), hint=hint, why=_READS_ITEMS.partition(" A row")[0])
    if "refused id" not in evidence.saw:
        return None
    held = re.search(r"; what the list holds is a row \((.*)\)$", evidence.saw)
    executed, selected = calls(node, "execute"), calls(node, "select")
    if held is None and (not executed or calls(node, "scalars") or _goes_through_rows(node)):
        return None
    kinds = held[1] if held else ", ".join(name_of(each) for each in selected[0].args) if selected else ""
    rows = f"rows ({kinds})" if kinds else "rows"
    saw = evidence.saw if held else f"{evidence.saw}; the list holds {rows}"
    hint = f"The list holds {rows}, not items. {_WHICH}"
    return Told(saw=saw, where=file.at(executed[-1] if executed else node), hint=hint, why=_READS_ITEMS)


def _made_of_items(evidence: Evidence, node: Function) -> ast.expr | None:
    """The pair, or the dictionary, that a function makes of each item, where ItemWithOwner was handed one."""
    raised, handed = evidence.raised_kind("ValidationError"), _handed_to_the_schema(evidence)
    kinds = [(each, _KINDS.get(type(each), "")) for each in _elements(node)]
    kinds = [(each, "dictionaries" if _calls_dict(each) else kind) for each, kind in kinds]
    return next((each for each, kind in kinds if kind and (not raised or _TYPES[kind] in handed)), None)


def _chosen_of_items(evidence: Evidence, node: Function) -> tuple[str, ast.expr | None]:
    """What ItemWithOwner was handed in the place of items, owners or texts, and what in a function chooses that."""
    kind = next((_OTHERS[each] for each in _handed_to_the_schema(evidence) if each in _OTHERS), "")
    asked = [call.args[0] for call in calls(node, "select", "query") if call.args]
    of_another = [each for each in asked if isinstance(each, ast.Attribute) or name_of(each) != "Item"]
    chosen = [each for each in _elements(node) if isinstance(each, ast.Attribute)] or of_another
    return kind, chosen[0] if kind and chosen else None


def _handed_to_the_schema(evidence: Evidence) -> list[str]:
    """Names of the types that ItemWithOwner was handed, as Pydantic and FastAPI write them."""
    raised = evidence.raised_kind("ValidationError", "ResponseValidationError")
    words = raised.message if raised else evidence.saw
    found = re.findall(r"(?:input_type=|'input': <app\.models\.)(\w+)", words)
    return [*found, *(name for name, value in (("str", "'"), ("int", r"\d")) if re.search(f"'input': {value}", words))]


def _elements(node: ast.AST) -> list[ast.expr]:
    """What a function puts into a list, one for each item."""
    loops = [each.elt for each in inside(node) if isinstance(each, ast.ListComp | ast.GeneratorExp)]
    return [*loops, *(call.args[0] for call in calls(node, "append") if call.args)]


def _calls_dict(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and name_of(node) == "dict"


def _goes_through_rows(node: ast.AST) -> bool:
    """Whether a function makes something else of the rows that it gets."""
    return any(isinstance(each, ast.For | ast.ListComp | ast.GeneratorExp) for each in inside(node))


_NOT_A_RELATIONSHIP = re.compile(
    r"Strings are not accepted for attribute names in loader options|property \"(?P<column>\w+\.\w+)\", which is a "
    r"\"column property\"|expected ORM mapped attribute for loader strategy"
)


@reading("a loader option for something that is not a relationship")
def loads_no_relationship(evidence: Evidence) -> Told | None:
    """selectinload() and its sisters take the attribute of a class that is a relationship, and nothing else."""
    beyond = _beyond_the_owner(evidence)
    if beyond is not None:
        return beyond
    raised = evidence.raised_kind("ArgumentError", "LoaderStrategyException")
    found = _NOT_A_RELATIONSHIP.search(raised.message) if raised else None
    for file in evidence.source.files() if raised and found and raised.lines else ():
        for call in file.calls(*_LOADERS):
            argument = call.args[0] if call.args else None
            held = evidence.source.class_(argument.id) if isinstance(argument, ast.Name) else None
            if found and found["column"] and text_of(argument) == found["column"]:
                hint = f"{found['column']} is a column, with a number in it. What leads from an item to its owner?"
            elif found and not found["column"] and isinstance(argument, ast.Constant):
                hint = f"{name_of(call)}() wants the attribute itself, not its name in quotes. Whose attribute is it?"
            elif found and text_of(argument) == "Item.owner" and (own := _no_relationship(evidence)) is not None:
                hint = f"{name_of(call)}() loads a relationship. What is owner here?"
                return Told(where=own[0].at(own[1]), hint=hint)
            elif found and not found["column"] and held is not None:
                hint = f"{held[1].name} is a class, and {name_of(call)}() wants an attribute. Which one leads there?"
            else:
                continue
            return Told(where=file.at(argument or call), hint=hint)
    return None


def _beyond_the_owner(evidence: Evidence) -> Told | None:
    """Where a query is told of a field of the owner, or of the owner without a word on how to load it."""
    field = raised_with(evidence, r"associated with Item\.owner has an attribute '(\w+)'", "AttributeError")
    named = raised_with(
        evidence, r"^ExecutionOption Core or ORM object expected.*InstrumentedAttribute", "ArgumentError"
    )
    where = (field or named or (None, None, ""))[2]
    nodes = [each for each in at_line(evidence.source, where) if isinstance(each, ast.Call)] if where else []
    loaders = [name_of(each) for each in nodes if name_of(each) in _LOADERS]
    if field is not None and loaders:
        hint = f"{loaders[0]}() loads owners as a whole. What leads from an item to its owner, and what is too much?"
        return Told(where=where, hint=hint)
    if named is not None and not loaders and any(name_of(each) == "options" for each in nodes):
        return Told(where=where, hint="This says what to load. Which function says how, and for all items at once?")
    return None


def _no_relationship(evidence: Evidence) -> tuple[File, ast.stmt] | None:
    """Where Item.owner is declared, if that is no relationship, but a property or a value."""
    owner = owner_attribute(evidence)
    made = name_of(getattr(owner[1], "value", None)) if owner else ""
    return owner if owner and owner[0].name not in evidence.given and made != "relationship" else None


@reading("options() that nobody keeps", _CONSTANT, _LOADED)
def options_thrown_away(evidence: Evidence) -> Told | None:
    """options() leaves the statement as it is, and returns another one that loads more."""
    found = list_function(evidence)
    methods = [(file, each) for file in own_files(evidence) for one in file.classes for each in one.body]
    chain = evidence.source.reached(*found, evidence.given) if found else []
    chain += [(file, each) for file, each in methods if isinstance(each, Function) and calls(each, "options")]
    for file, node in chain:
        for each in [each.value for each in inside(node) if isinstance(each, ast.Expr)]:
            if name_of(each) == "options" and calls(each, *_LOADERS):
                return Told(
                    where=file.at(each), hint="options() returns another statement. Which one is sent to the database?"
                )
    return None


@reading("a line asks the database once for each item", _CONSTANT)
def asked_for_each(evidence: Evidence) -> Told | None:
    """The list should not need a statement for each item: one brings the owners of a whole page."""
    if not re.search(r"\d statements for 2", evidence.saw):
        return None
    sent = Counter(event.where for event in evidence.events_of("SELECT") if event.where)
    where, often = sent.most_common(1)[0] if sent else ("", 0)
    if often < _ONCE_FOR_EACH or where.rpartition(":")[0] in evidence.given:
        return None
    hint = "This line asks the database again for each item, or each owner. How could all of it come with the list?"
    if re.search(r"\brefresh\(\w+\)", evidence.source.line(where)):
        hint = "This loads each item once more, with statements of its own. What is missing after the list?"
    return Told(where=where, hint=hint)


@reading("rows that are read in portions", _CONSTANT)
def read_in_portions(evidence: Evidence) -> Told | None:
    """With yield_per the rows come in portions, and what a loader option brings comes once more with each of them."""
    loads = Counter(event.words.partition(" where ")[0] for event in evidence.events_of("SELECT owners"))
    found = list_function(evidence)
    if found is None or max(loads.values(), default=0) <= 1 or "statements for" not in evidence.saw:
        return None
    for file, node in evidence.source.reached(*found, evidence.given):
        places: list[ast.AST] = [place for name, place, _ in options(node) if name == "yield_per"]
        for place in [*places, *calls(node, "yield_per")]:
            hint = (
                "With this the rows come in portions, and each portion needs its owners. How many portions does a page "
            )
            why = "A page should take as many statements for a hundred items as for two: each one takes time."
            return Told(where=file.at(place), hint=f"{hint}of 100 items have?", why=why)
    return None


_ONCE_FOR_EACH = 10  # as many items are in the longer list


_BY_ID = " where items.id = "


@reading("fields are left out when the items are loaded", _CONSTANT, _LOADED)
def field_not_loaded(evidence: Evidence) -> Told | None:
    """load_only() leaves out whatever it does not name, and defer() what it names. Reading it later needs the session
    once more."""
    found = list_function(evidence)
    later = [
        event.words.partition(" from ")[0] for event in evidence.events_of("SELECT items") if _BY_ID in event.words
    ]
    unread = set(re.findall(r"^reading \.(\w+) raised", evidence.saw)) or set(
        re.findall(r"items\.(\w+)", " ".join(later))
    )
    unread -= {"id", "owner"}
    chain = evidence.source.reached(*found, evidence.given) if found and unread else []
    places: list[tuple[File, ast.AST]] = [*chain]
    for file, function in chain:
        bound = [evidence.source.bound(name, file) for name in _names(function)]
        places += [each for each in bound if each is not None and each[0].name not in evidence.given]
    for file, node in places:
        for call in calls(node, "load_only", "defer"):
            said = " ".join(text_of(each) for one in call.args for each in _spelled_out(evidence, file, one))
            named = set(re.findall(r"\bItem\.(\w+)", said))
            if name_of(call) == "load_only" and named and unread - named:
                hint = "This leaves out what it does not name. Which fields of an item does the answer show?"
                return Told(where=file.at(call), hint=hint)
            if name_of(call) == "defer" and unread & named:
                hint = "What is put off here is loaded when somebody reads it. Which fields does the answer show?"
                return Told(where=file.at(call), hint=hint)
    for field in sorted(unread) if chain else ():
        column = field_in(evidence, evidence.source.class_("Item", "app/models.py"), field)
        put_off = [each for each in ast.walk(column[1]) if isinstance(each, ast.Call)] if column else []
        if column and any(name_of(each) == "deferred" or keyword(each, "deferred") is not None for each in put_off):
            hint = "A deferred column is loaded when somebody reads it. Which fields does the answer show?"
            return Told(where=column[0].at(column[1]), hint=hint)
    return None


def _names(node: ast.AST) -> list[str]:
    return sorted({each.id for each in inside(node) if isinstance(each, ast.Name)})


def _spelled_out(evidence: Evidence, file: File, node: ast.AST) -> list[ast.AST]:
    """An argument, and what the names in it stand for: ``*COLUMNS``."""
    bound = [evidence.source.bound(name, file) for name in _names(node)]
    return [node, *(each[1] for each in bound if each is not None)]


@reading("owners are loaded one by one", _CONSTANT, _LOADED)
def not_loaded_ahead(evidence: Evidence) -> Told | None:
    """Unless the query says otherwise, an owner is loaded when you read it: one more query for each item."""
    found = list_function(evidence) if _READ.search(evidence.saw) else None
    if found is None or re.match(r"reading \.(?!owner)\w+ raised", evidence.saw):  # which is a column
        return None
    file, node = found
    attribute = owner_attribute(evidence)
    if attribute is not None and isinstance(attribute[1], ast.FunctionDef):
        closed = "; the session that it asks is closed by then" if " raised " in evidence.saw else ""
        hint = "This asks the database each time somebody reads it."
        return Told(saw=f"{evidence.saw}{closed}", where=attribute[0].at(attribute[1]), hint=hint)
    if (by_parts := _loaded_by_parts(evidence)) is not None:
        return by_parts
    asking = [each for each in inside(node) if _asks_in_each_turn(each)]
    if asking and evidence.rule == _CONSTANT:
        hint = "Each turn of this loop asks the database once more. How do you get the whole page at once, owners "
        return Told(where=file.at(asking[0]), hint=f"{hint}included?")
    for other in evidence.source.files():
        for method in other.functions:
            asked = calls(method, "get", "scalar", "scalars", "execute")
            if method.decorator_list and "validator" in text_of(method.decorator_list[0]) and asked:
                return Told(where=other.at(asked[0]), hint="This runs for each item of the answer.")
    places = _said_where(evidence, found)
    single = [(within, call) for within, one in places for call in calls(one, *_ONE_BY_ONE)]
    single = [] if any(calls(one, *_TOGETHER) for _, one in places) else single
    made = getattr(attribute[1], "value", None) if attribute else None
    lazy = keyword(made, "lazy") if isinstance(made, ast.Call) else None
    hint = "This loads the owners too, but each with a SELECT of its own. Which option loads all of them together?"
    if single:
        within, call = single[0]
        if name_of(call) == "lazyload":
            hint = "This puts each owner off until somebody reads it: a SELECT for each. Which option loads them all "
            hint += "together?"
        return Told(where=within.at(call), hint=hint)
    if attribute and lazy is not None and "immediate" in text_of(lazy) and not calls(node, *_LOADERS):
        return Told(where=attribute[0].at(lazy), hint=hint)
    only = [call for call in calls(node, "load_only") if "name" not in text_of(call)]
    if only:
        return Told(where=file.at(only[0]), hint="The rest of each owner is loaded later, one by one.")
    loops = [each for each in ast.walk(node) if isinstance(each, ast.For | ast.ListComp | ast.GeneratorExp)]
    if calls(node, "outerjoin", "join") and not calls(node, *_LOADERS):
        hint = "A join alone does not load the owners. What tells SQLAlchemy to put them into Item.owner?"
        return Told(where=file.at(calls(node, "outerjoin", "join")[0]), hint=hint)
    if loops and not calls(node, *_LOADERS):
        told = asked_for_each(evidence)
        if told is not None and _asks_by_itself(evidence, told.where):
            return told  # in a function that is called in each turn
        by_hand = [loop for loop in loops if calls(loop, "set_committed_value")]
        if by_hand and " raised " in evidence.saw and evidence.sent("SELECT owners"):
            hint = "Here the owners are given to the items by hand. Which items does this never come to?"
            return Told(where=file.at(next(iter(calls(node, "groupby")), by_hand[0])), hint=hint)
        hint = "Each turn of this loop asks the database once more. What does the query load, and what not?"
        return Told(where=file.at(getattr(loops[0], "elt", loops[0])), hint=hint)
    ahead = lazy is not None and not re.search(r"raise|select\b|True", text_of(lazy))
    if calls(node, *_LOADERS) or ahead:
        return None
    events = [event for event in evidence.events_of("SELECT items") if event.where.startswith(file.name)]
    where = events[-1].where if events else file.at(node)
    handed = calls(node, "list_items")
    plain = evidence.source.doing("list_items", "app/crud.py", evidence.given) if handed else None
    if plain is not None and evidence.source.function_of(where) == plain[1].name:
        hint = "list_items() loads the items alone, for others too. What has to be different in the query here?"
        return Told(where=file.at(handed[-1]), hint=hint)
    if attribute and isinstance(lazy, ast.Constant) and lazy.value in ("select", True):
        hint = f"lazy={text_of(lazy)} loads an owner when somebody reads it. What loads those of all items at once?"
        return Told(where=attribute[0].at(lazy), hint=hint)
    return Told(where=where, hint="This loads the items alone. What loads all of their owners along with them?")


def _said_where(evidence: Evidence, found: tuple[File, Function]) -> list[tuple[File, ast.AST]]:
    """The functions that make the list, and what names in them stand for: ``WITH_OWNER = joinedload(Item.owner)``."""
    chain = evidence.source.reached(*found, evidence.given)
    bound = [evidence.source.bound(name, file) for file, function in chain for name in _names(function)]
    return [*chain, *(each for each in bound if each is not None and each[0].name not in evidence.given)]


def _loaded_by_parts(evidence: Evidence) -> Told | None:
    """What there is to say where owners are loaded several at once, and for a longer page more than once."""
    counted = re.search(r"(\d+) statements? for \d+ items with \d+ owners, (\d+) for (\d+) with \d+", evidence.saw)
    few, many, items = map(int, counted.groups()) if counted else (0, 0, 0)
    sent = [event.where for event in evidence.events_of("SELECT owners") if event.where]
    if not few < many < items or not sent or sent[-1].rpartition(":")[0] in evidence.given:
        return None
    hint = f"For {items} items this was sent more often than for 2. What decides how often?"
    why = "A page may have a hundred items, and each query is a way over the network and back."
    return Told(where=sent[-1], hint=hint, why=why)


def _asks_by_itself(evidence: Evidence, where: str) -> bool:
    """Whether a line names a session's method that sends something: not one that reads what is loaded then."""
    found = evidence.source.function(evidence.source.function_of(where), where.rpartition(":")[0])
    sending = calls(found[1], "get", "get_one", "scalar", "scalars", "execute") if found is not None else []
    return any(of_a_session(call) and found and found[0].at(call) == where for call in sending)


def _asks_in_each_turn(node: ast.AST) -> bool:
    """Whether a loop sends a statement in each of its turns."""
    turns: list[ast.AST] = []
    if isinstance(node, ast.For):
        turns = [*node.body]
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        turns = [node.elt]
    elif isinstance(node, ast.DictComp):
        turns = [node.key, node.value]
    sends = [each for turn in turns for each in calls(turn, "get", "get_one", "scalar", "scalars", "execute")]
    return any(re.match(r"(\w+\.)*(db|session|own|cursor|connection|conn)\.", text_of(each.func)) for each in sends)


@reading("the route calls the wrong function", _CONSTANT, _OWNER, _LOADED)
def other_function(evidence: Evidence) -> Told | None:
    """list_items loads only the items. Another function loads the owners as well."""
    found = endpoint_of(evidence)
    wanted = calls(found[1], "list_items_with_owner") if found else []
    for call in calls(found[1], "list_items") if found and not wanted else ():
        if found:
            return Told(where=found[0].at(call), hint="Which function of crud.py loads the owners, too?")
    return None


_LEAVES_OUT = {
    "none": "whatever is null",
    "unset": "every field that nobody has set",
    "defaults": "every field that has its default",
}


@reading("an item without an owner is left out, or gets a made-up one", _NULL)
def no_null(evidence: Evidence) -> Told | None:
    """An item without an owner belongs in the list, with null as its owner."""
    found = endpoint_of(evidence)
    if found is None:
        return None
    file, node, call = found
    for name, dropped in _LEAVES_OUT.items() if "'owner'" not in evidence.saw else ():
        option = keyword(call, f"response_model_exclude_{name}")
        if option is not None:
            return Told(where=file.at(option), hint=f"This leaves out {dropped}. Which field is that here?")
    listed = list_function(evidence)
    for within, function in [each for each in (found[:2], listed) if each is not None]:
        left_out = _without_owner(function) if evidence.saw.startswith("ids of the items") else []
        if left_out:
            return Told(where=within.at(left_out[0]), hint="This leaves items out.")
    for each in ast.walk(node):
        if isinstance(each, ast.BoolOp) and isinstance(each.op, ast.Or) and "owner" in text_of(each):
            return Told(where=file.at(each), hint="This makes an owner up where there is none.")
    schema = evidence.source.class_("ItemWithOwner")
    for field in schema[1].body if schema else ():
        is_owner = isinstance(field, ast.AnnAssign) and name_of(field.target) == "owner"
        if schema and is_owner and not re.search("None|Optional", text_of(getattr(field, "annotation", None))):
            saw = f"{evidence.saw}; the owner of this item is None"
            return Told(saw=saw, where=schema[0].at(field), hint="The type leaves no room for an item without owner.")
    return None


def _without_owner(function: Function) -> list[ast.AST]:
    """The conditions in a function by which items are left out that have no owner."""
    found: list[ast.AST] = []
    for each in inside(function):
        tests = each.ifs if isinstance(each, ast.comprehension) else []
        if isinstance(each, ast.If) and not each.orelse:
            skips = isinstance(each.body[-1], ast.Continue)
            takes = calls(each, "append", "add") or any(isinstance(one, ast.Yield) for one in ast.walk(each))
            tests = [each.test] if skips or takes else []
        found += [test for test in tests if re.search(r"\bowner(_id)?\b", text_of(test))]
    return found


def _is_of(evidence: Evidence, file: File, annotation: ast.expr, kind: str) -> bool:
    """Whether a type is, or is made of, a class or a type with this name; perhaps by a name of its own."""
    bound = evidence.source.bound(annotation.id, file) if isinstance(annotation, ast.Name) else None
    words = f"{text_of(annotation)} {text_of(getattr(bound[1], 'value', None)) if bound else ''}"
    return kind.lower() in words.lower()


@reading("the schema shows something else", _OWNER, "other_answers_show_no_owner", _LOADED)
def other_schema(evidence: Evidence) -> Told | None:
    """ItemWithOwner is an item with owner: {id, name}. ItemRead stays as it is."""
    if evidence.rule == _LOADED and "ItemWithOwner" not in evidence.saw:
        return None
    with_owner, owner = evidence.source.class_("ItemWithOwner"), evidence.source.class_("OwnerRead")
    if evidence.rule == "other_answers_show_no_owner":
        return _owner_for_everybody(evidence)
    told = _owner_by_another_name(evidence, with_owner, owner)
    if told is not None:
        return told
    for found, right in ((with_owner, {"owner": "OwnerRead"}), (owner, {"id": "int", "name": "str"})):
        fields = (
            {name_of(each.target): each for each in found[1].body if isinstance(each, ast.AnnAssign)} if found else {}
        )
        for name, kind in right.items():
            if found and name in fields and not _is_of(evidence, found[0], fields[name].annotation, kind):
                hint = "Compare with the task sheet: what is an owner there?"
                if found is owner:
                    hint = f"Compare with the class Owner: of which type is its {name} there?"
                return Told(where=found[0].at(fields[name]), hint=hint)
            if (
                found
                and field_in(evidence, found, name) is None
                and (found is owner or "owner" in name)
                and _shows_less(evidence, name, found is owner)
            ):
                hint = "Compare with the task sheet: what is shown of an item and its owner?"
                saw = f"{evidence.saw}; {found[1].name} has no field '{name}'"
                asked = (*right, "id", "name", "description", "model_config")
                instead = next((each for field, each in fields.items() if field not in asked), None)
                return Told(saw=saw, where=found[0].at(instead or found[1]), hint=hint)
        known = (*right, "id", "name", "model_config", *(() if found is owner else ("description",)))
        more = [each for name, each in fields.items() if name not in known and re.search(rf"\b{name}\b", evidence.saw)]
        if found and more:
            return Told(where=found[0].at(more[0]), hint="Nobody asked for this field.")
        inherited = [
            (name_of(each.target), parent, within, each)
            for within, parent in evidence.source.ancestry(found)[1:]
            for each in parent.body
            if found is owner and isinstance(each, ast.AnnAssign) and name_of(each.target) not in known
        ]
        for name, parent, within, field in inherited:
            if found and _shows_more(evidence, name):
                saw = f"{evidence.saw}; {found[1].name} has the field '{name}' from {parent.name}, and no owner has it"
                hint = "Compare with the task sheet: what is an owner there?"
                if parent.name in _OF_THE_TASKS:  # which is as it should be
                    return Told(saw=saw, where=found[0].at(found[1]), hint=hint)
                hint = f"Every class that is made from {parent.name} gets this field. Which of them should have it?"
                return Told(saw=saw, where=within.at(field), hint=hint)
    missing = [name for name in ("id", "name", "description") if field_in(evidence, with_owner, name) is None]
    if with_owner and missing:
        hint = "Compare with the task sheet: what is shown of an item, beside its owner?"
        saw = f"{evidence.saw}; {with_owner[1].name} has no field '{missing[0]}'"
        return Told(saw=saw, where=with_owner[0].at(with_owner[1]), hint=hint)
    return None


def _owner_by_another_name(
    evidence: Evidence, with_owner: tuple[File, ast.ClassDef] | None, owner: tuple[File, ast.ClassDef] | None
) -> Told | None:
    """The field that is read from another attribute, or shown under another name: the owner, or one of the owner's."""
    refused = evidence.saw.removeprefix("a crash: ItemWithOwner refused ")
    crashed = refused != evidence.saw
    of_the_owner = crashed and refused.startswith("owner.")
    saw = f"refused: {refused.removeprefix('owner.')}" if crashed else evidence.saw
    seen, owners = replace(evidence, saw=saw), []
    if isinstance(evidence.actual, dict) and isinstance(evidence.expected, dict):
        owners = [evidence.actual.get("owner"), evidence.expected.get("owner")]
    told = None if of_the_owner else under_another_name(seen, with_owner, ("owner",))
    if told is None and owners and not all(isinstance(each, dict) for each in owners):
        return None
    actual, expected = owners or (None, None)
    if told is None and (of_the_owner or not crashed):
        told = under_another_name(replace(seen, actual=actual, expected=expected), owner, ("id", "name"))
    return replace(told, saw=told.saw.replace(saw, evidence.saw)) if told is not None else None


def _owner_for_everybody(evidence: Evidence) -> Told | None:
    """The line by which ItemRead shows an owner: its own field, that of a class it inherits from, or another name."""
    read = evidence.source.class_("ItemRead")
    hint = "Every answer below /items/ is made with ItemRead, and now shows this. Where does it belong?"
    for file, node in evidence.source.ancestry(read):
        shown = [each for each in node.body if "owner" in _declares(each) and _declares(each) in evidence.saw]
        for each in shown:
            where, saw = file.at(each), f"{evidence.saw}; ItemRead shows the owner"
            if read and node is not read[1]:
                saw = f"{evidence.saw}; ItemRead has '{_declares(each)}' from {node.name}"
                hint = "Every answer below /items/ is made with ItemRead. Which schema alone is to show an owner?"
                alone = all(each is one or isinstance(one, ast.Expr) for one in node.body)
                where = read[0].at(read[1]) if alone else where  # a class for the owner alone is right somewhere
            return Told(saw=saw, where=where, hint=hint) if file.name not in evidence.given else None
    for file, function in behind(evidence) if endpoint_of(evidence) is not None else ():
        made = [
            each for each in inside(function) if isinstance(each, ast.Call) and "ItemWithOwner" in text_of(each.func)
        ]
        if made and file.name not in evidence.given:
            saw = f"{evidence.saw}; {file.function_at(made[0].lineno)}() makes an ItemWithOwner"
            hint = "For which answers is this schema meant, and which one do those below /items/ have?"
            return Told(saw=saw, where=file.at(made[0]), hint=hint)
    bound = evidence.source.bound("ItemRead", evidence.source.file("app/schemas.py")) if read is None else None
    if bound is None or "WithOwner" not in text_of(bound[1]) or bound[0].name in evidence.given:
        return None
    hint = "Every answer below /items/ is made with ItemRead. What does it show now?"
    return Told(saw=f"{evidence.saw}; ItemRead is another schema", where=bound[0].at(bound[1]), hint=hint)


def _declares(node: ast.stmt) -> str:
    """The field that a statement of a schema declares, also by a method: ``@computed_field``; empty where none."""
    if isinstance(node, Function):
        return node.name if any(name == "computed_field" for name, _ in decorators(node)) else ""
    return name_of(node.target) if isinstance(node, ast.AnnAssign) else ""


@reading("a schema that reads no objects", _OWNER, _LOADED, _NULL, "the_rest_still_works")
def reads_only_dictionaries(evidence: Evidence) -> Told | None:
    """A schema takes dictionaries, unless from_attributes tells it to read the attributes of objects as well."""
    named = re.search(r"valid dictionary or (?:instance of (\w+)|object)", evidence.saw)
    found = evidence.source.class_(named[1]) if named and named[1] else None
    hint = "What is read is an object. Which setting lets a schema read its attributes?"
    for file, node in evidence.source.ancestry(found):
        unread = setting_not_read(evidence.source, file, node) if file.name not in evidence.given else None
        if unread is not None:
            return unread
        for each in node.body:
            if "from_attributes" in text_of(each):
                return None if "True" in text_of(each) else Told(where=file.at(each), hint=hint)
    if found is None or found[0].name in evidence.given:
        return None
    why = f"{found[1].name} gets objects of the database, not dictionaries. It has to be able to read them."
    return Told(where=found[0].at(found[1]), hint=hint, why=why if evidence.rule == _LOADED else "")


_NO_SCHEMA = r"unknown type: <class '(?:\w+\.)*(\w+)'>|field! .*?app\.models\.(\w+)"


@reading("no schema says what is shown")
def no_schema(evidence: Evidence) -> Told | None:
    """FastAPI makes JSON of an object by a schema: the return type of the endpoint, or its response_model."""
    raised = evidence.raised_kind("PydanticSerializationError", "FastAPIError")
    kind = re.search(_NO_SCHEMA, raised.message) if raised else None
    if raised is not None and kind and kind[2] and raised.lines:
        file, _, line = innermost(raised, evidence.given).rpartition(":")
        decorated = [
            node
            for node in evidence.source.file(file).functions
            if any(str(each.lineno) == line for each in node.decorator_list)
        ]
        where = evidence.source.file(file).at(decorated[0]) if decorated else f"{file}:{line}"
        return Told(
            where=where, hint=f"{kind[2]} has a table, and is not a schema. Which schema says what is shown of it?"
        )
    found = endpoint_of(evidence)
    if evidence.rule != _OWNER or found is None or keyword(found[2], "response_model") is not None:
        return None
    if "ItemWithOwner" in text_of(found[1].returns):
        return None
    where, which = found[0].at(found[1]), "Which schema says it, and who tells FastAPI?"
    if kind and kind[1]:
        a = an(kind[1])
        saw = f"a crash: FastAPI cannot turn {a} into JSON ({raised.kind if raised else ''})"
        hint = f"FastAPI gets {kind[1]} objects here, and does not know what to show of them. {which}"
        return Told(saw=saw, where=where, hint=hint)
    shown, wanted = evidence.actual, evidence.expected
    if isinstance(shown, dict) and isinstance(wanted, dict) and set(wanted) < set(shown) and not found[1].returns:
        hint = f"Nothing says here what is shown of an item, so FastAPI shows all that it finds. {which}"
        return Told(where=where, hint=hint)
    return None


def _shows_less(evidence: Evidence, name: str, of_owner: bool) -> bool:
    """Whether a field is missing where the answer is seen; there may be no answer."""
    if not isinstance(evidence.actual, dict):
        return True
    owner = evidence.actual.get("owner")
    return isinstance(owner, dict) and name not in owner if of_owner else name not in evidence.actual


def _shows_more(evidence: Evidence, name: str) -> bool:
    """Whether a field of an owner is shown, or asked for, that an owner does not have."""
    owner = evidence.actual.get("owner") if isinstance(evidence.actual, dict) else None
    return (isinstance(owner, dict) and name in owner) or f"refused owner.{name}:" in evidence.saw


@reading("the page is not handed on to the function that makes it", _LIST, _OWNER)
def page_lost_on_the_way(evidence: Evidence) -> Told | None:
    """What list_items_with_owner is asked for must reach the function that sends the query, each as the right
    argument."""
    found = list_function(evidence)
    if found is None or not evidence.saw.startswith(("ids of the items", "ids on the page")):
        return None
    return page_passed_on(evidence, [found]) if found[0].name not in evidence.given else None


_ORDER = "The list is to be in the order of the items' ids. Which order does this line ask for?"


@reading("the page is another one", _LIST, _OWNER, _LOADED)
def other_page(evidence: Evidence) -> Told | None:
    """offset and limit choose items in the order of their ids, whatever their owners are."""
    found = list_function(evidence)
    of_a_page = evidence.saw.startswith(("ids of the items", "ids on the page", "no items"))
    if found is None or not (of_a_page or ("missing" in evidence.saw and evidence.rule == _LIST)):
        return None
    if calls(found[1], "list_items") and not calls(found[1], "offset", "limit", "slice"):  # which chooses the items
        found = evidence.source.doing("list_items", "app/crud.py", evidence.given) or found
    owners = [event for event in evidence.events_of("SELECT owners") if " limit " in event.words]
    if owners and owners[-1].where and evidence.saw.startswith("ids on the page, each with that of its owner"):
        hint = "The page is one of items. Which owners do the items of this page have?"
        why = "Each item is shown with its own owner, on whichever page it is."
        where, sends = built(evidence, owners[-1].where, "limit"), evidence.source.function_of(owners[-1].where)
        cuts = evidence.source.function_of(where) == sends  # a function that others share cuts what it is told to
        return Told(where=where if cuts else own_line(evidence, owners[-1].where), hint=hint, why=why)
    file, node = found
    defaults = {each.arg for each in node.args.args[-len(node.args.defaults) :]} if node.args.defaults else set()
    if "required positional argument" in evidence.saw or ("missing" in evidence.saw and not defaults):
        wanted = "the same as with offset=0 and limit=100"
        return Told(wanted=wanted, where=file.at(node), hint="What is a page where the caller says nothing?")
    # What list_items does is another task's work.
    chain = [each for each in evidence.source.reached(*found, evidence.given) if each[1].name != "list_items"]
    chain = chain if found in chain else [found, *chain]
    other = unlike_the_page(evidence)
    cut = [(*place, call) for name in ("offset", "limit") for place in chain for call in calls(place[1], name)]
    for place in cut:
        name, argument = name_of(place[2]), _page_argument(evidence, found, place)
        if name in other and argument and (name not in argument or re.search(r"[-+*/%]", argument)):
            hint = "Which number belongs here?"
            if name == "offset" and "limit" in argument:
                hint = "Which number is for offset(), which for limit()?"
            if "offset" in argument and "*" in argument:
                hint = "The offset counts items already, not pages. What does this line do with it?"
            return Told(where=place[0].at(place[2]), hint=hint)
    sliced = [(*place, call) for place in chain for call in calls(place[1], "slice", "islice")]
    for place in sliced:
        if _page_argument(evidence, found, place) == "limit" or (name_of(place[2]) == "slice" and "limit" in other):
            return Told(where=place[0].at(place[2]), hint=STOPS.format(f"{name_of(place[2])}()"))
    if evidence.rule == _LIST and len(cut) < 2 and not sliced and not calls(node, "list_items", "fetch"):
        hint = "Where do offset and limit get into the query? Both have to."
        selected = calls(node, "select", "query")
        place_ = cut[0][0].at(cut[0][2]) if cut else file.at(selected[0] if selected else node)
        return Told(where=place_, hint=hint)
    if len(calls(node, "offset")) > 1:
        return Told(where=file.at(calls(node, "offset")[1]), hint="The page is one of items. Why are owners cut, too?")
    ordered = [(each[0], call) for each in chain for call in calls(each[1], "order_by")]
    if evidence.rule == _LIST and not ordered and not calls(node, "list_items"):
        hint = "In which order are the rows, before the page is cut?"
        if grouped := calls(node, "group_by"):
            return Told(where=file.at(grouped[0]), hint="GROUP BY promises no order. Which clause does?")
        return Told(where=cut[0][0].at(cut[0][2]) if cut else file.at(node), hint=hint)
    if ordered and not re.match(r"(\w+\.)?Item\.id\b", text_of(ordered[0][1].args[0]) if ordered[0][1].args else ""):
        return Told(where=ordered[0][0].at(ordered[0][1]), hint=_ORDER)
    return None


def _page_argument(evidence: Evidence, found: tuple[File, Function], place: tuple[File, Function, ast.Call]) -> str:
    """What a call that cuts a page is told last: of a helper's parameter what it was handed; empty if unclear."""
    file, function, call = place
    made = made_of(function, call.args[-1]) if call.args else []
    value = made[-1] if len(made) == 2 else made[0] if made else None
    if not isinstance(value, ast.Name) or function is found[1] or value.id not in arguments_of(function):
        return text_of(value)
    handed = evidence.source.handed_over(file, function, value.id)
    return text_of(handed[1]) if handed else ""
