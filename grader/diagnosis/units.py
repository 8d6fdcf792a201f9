"""In the child: mistakes in a unit of work: several writes that succeed or fail as one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeGuard

from grader.diagnosis.answers import given_back
from grader.diagnosis.anywhere import innermost, unknown_name
from grader.diagnosis.crud import made_of
from grader.diagnosis.endpoints import behind, endpoint_of, own_files, request_of
from grader.diagnosis.evidence import Evidence, Raised
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.saves import goes_on_with_the_other, returned_what_gives_nothing
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
    last_line,
    name_of,
    of_a_session,
    options,
    text_of,
)

_ADDS = "add_item_does_not_commit"
_TOGETHER, _ONCE, _BATCH = "item_and_event_are_saved_together", "commits_once", "batch_is_all_or_nothing"
_DISCARDS, _ROLLED = "failed_event_discards_the_item", "session_is_rolled_back_on_error"
_ERROR = "error_reaches_the_client"
_NO_ITEM_ID = re.compile(r"item_events\.item_id|null value in column \"item_id\"")
_WRITES = "INSERT", "UPDATE", "DELETE"
_COPIES = "model_validate", "validate_python", "ItemRead", "from_orm"
_MOST_CALLS = 5
_GOES_ON = "The caller goes on with what it gets back: it has to be what was added."
_WRONG_RECORD = "An event that is missing, or that tells of something else, is a wrong record."
_BY_CHANCE = "An error that your own handling makes by accident hides what really went wrong."
_ACCIDENTS = "NameError", "AttributeError", "TypeError", "UnboundLocalError", "IndexError", "KeyError", "ImportError"


_NOT_OF_DATABASES = {
    *("ValueError", "TypeError", "KeyError", "IndexError", "LookupError", "AttributeError", "StopIteration"),
    *("HTTPException", "ValidationError", "OSError", "ImportError", "UnicodeDecodeError", "ZeroDivisionError"),
}


def _helper(evidence: Evidence) -> tuple[File, Function] | None:
    """add_item or add_event: the one that is spoken of, or that was called last."""
    names = "add_item", "add_event"
    called = [name for line in evidence.did for name in names if line.startswith(f"{name}(")]
    called += [name for name in names if evidence.saw.startswith(f"{name} ")]
    return _adding(evidence, called[-1] if called else "add_item")


def _adding(evidence: Evidence, name: str) -> tuple[File, Function] | None:
    """The function that does the work of add_item or add_event."""
    return evidence.source.doing(name, "app/crud_uow.py", evidence.given)


def _unit(evidence: Evidence) -> tuple[File, Function] | None:
    found = endpoint_of(evidence)
    return found[:2] if found else None


def _units(evidence: Evidence) -> list[tuple[File, Function]]:
    """The endpoint and the functions that do its work: not the two helpers, and not what hands out the session."""
    return [each for each in behind(evidence) if each[0].name not in ("app/crud_uow.py", "app/deps.py")]


def _calls(evidence: Evidence, *names: str) -> list[tuple[File, ast.Call]]:
    """The calls of something with one of these names in the functions that do the work."""
    return [(file, call) for file, node in _units(evidence) for call in calls(node, *names)]


def _tries(node: ast.AST) -> list[ast.Try]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Try)]


# -- the helpers --------------------------------------------------------------------------------------


@reading("a helper that commits", _ADDS, _ONCE, _TOGETHER, _DISCARDS)
def helper_commits(evidence: Evidence) -> Told | None:
    """After a commit the work can no longer be undone, even if a later step fails."""
    for name in ("add_item", "add_event"):
        found = _adding(evidence, name)
        for file, node in evidence.source.reached(*found, evidence.given | {"app/crud.py"}) if found else ():
            for call in calls(node, "commit"):
                return Told(where=file.at(call), hint="Who knows what else belongs to this, and when it is complete?")
        for block in [each for each in ast.walk(found[1]) if isinstance(each, ast.With)] if found else ():
            if found and ".begin()" in text_of(block.items[0].context_expr):
                return Told(where=found[0].at(block), hint="What does the end of this block do?")
    return _committed_by_a_call(evidence)


def _committed_by_a_call(evidence: Evidence) -> Told | None:
    """A helper that calls a function which commits: ``crud.create_item(db, data)``."""
    found = _helper(evidence) if evidence.rule == _ADDS and " committed: " in evidence.saw else None
    sent = {evidence.source.function_of(event.where) for event in evidence.events_of("COMMIT") if event.where}
    for file, node in evidence.source.reached(*found, evidence.given | {"app/crud.py"}) if found else ():
        renamed = {each.asname for each in _imports(file) if each.asname and each.name in sent}
        for call in calls(node, *(sent | renamed) - {""}):
            hint = "This function commits by itself. Which part of its work belongs here, and which is the caller's?"
            return Told(where=file.at(call), hint=hint)
    return None


def _imports(file: File) -> list[ast.alias]:
    return [each for node in file.nodes if isinstance(node, ast.ImportFrom) for each in node.names]


@reading("a helper with a session of its own", _ADDS)
def helper_has_its_own_session(evidence: Evidence) -> Told | None:
    """A second session is a second transaction. It does not succeed or fail together with the first."""
    for name in ("add_item", "add_event"):
        found = _adding(evidence, name)
        for call in calls(found[1], "SessionLocal", "Session") if found else ():
            if found:
                return Told(where=found[0].at(call), hint="The caller has brought a session along.")
    return None


@reading("a helper that ends the caller's transaction", _ADDS)
def helper_rolls_back(evidence: Evidence) -> Told | None:
    """rollback() and close() take back all that the caller has written by then."""
    sent = [event.where for event in evidence.events_of("ROLLBACK")]
    for name in ("add_item", "add_event"):
        for file, node in _leads_to(evidence, name):
            handling = [one for each in _tries(node) for handler in each.handlers for one in ast.walk(handler)]
            for block in [each for each in inside(node) if isinstance(each, ast.With)]:
                entered = {text_of(item.context_expr) for item in block.items} & {*arguments_of(node)}
                if entered and file.at(block) in sent:
                    hint = "What does the end of this block do to the session, and whose session is it?"
                    return Told(saw=f"{evidence.saw}; {node.name}() rolled back", where=file.at(block), hint=hint)
            for call in calls(node, "rollback", "close", "reset", "invalidate"):
                if file.at(call) in sent and call not in handling:
                    hint = "What happens to what was added to the session before this line? Whose session is it?"
                    done = "closed the session" if name_of(call) == "close" else "rolled back"
                    return Told(saw=f"{evidence.saw}; {node.name}() {done}", where=file.at(call), hint=hint)
    return None


_NO_DATETIME = re.compile(r"DateTime type only accepts|(type|to) timestamp")


@reading("a value that is not a time", _ADDS, "event_is_written", "task_uses_its_own_session")
def time_of_another_type(evidence: Evidence) -> Told | None:
    """A column for a time takes a datetime; one with a default of the database's can be left to it."""
    hint = "Of what type is this value, and which does the column hold? What fills it when you leave it out? "
    hint += "See app/models.py."
    for name in ("add_item", "add_event", "record_event") if _NO_DATETIME.search(evidence.saw) else ():
        for file, node in _leads_to(evidence, name):
            given = [value for said, _, value in options(node) if said == "created_at"]
            assigned = [each for each in inside(node) if isinstance(each, ast.Assign)]
            given += [each.value for each in assigned if getattr(each.targets[0], "attr", "") == "created_at"]
            if given and file.name not in evidence.given:
                raised = evidence.raised[0].told if evidence.raised and name == "record_event" else ""
                saw = f"the task raised {raised}" if raised else ""
                return Told(saw=saw, where=file.at(given[0]), hint=hint)
    return None


@reading("an object that no session knows", _ADDS, _TOGETHER, _BATCH, "create_answers_201")
def no_session_was_told(evidence: Evidence) -> Told | None:
    """An object is written only if a session knows it. Creating or returning it is not enough."""
    accident = bool(evidence.raised and evidence.raised[0].bases & set(_ACCIDENTS))
    if accident or re.search(r" committed: | returned None$|None was returned|NoneType", evidence.saw):
        return None
    if evidence.rule == _ADDS:
        found = _adding(evidence, "add_item") if _NO_ITEM_ID.search(evidence.saw) else _helper(evidence)
        chain = evidence.source.reached(*found, evidence.given) if found else []
    else:
        helpers = [_adding(evidence, each) for each in ("add_item", "add_event")]
        chain = [each for each in behind(evidence) if each not in helpers and each[0].name != "app/deps.py"]
    for class_, table, what in (("Item", "items", "item"), ("ItemEvent", "item_events", "event")):
        made = [(file, call) for file, node in chain for call in calls(node, class_)]
        told = any(_may_tell_of(node, class_ if evidence.rule != _ADDS else "") for _, node in chain)
        if made and not told and not evidence.sent(f"INSERT {table}"):
            saw = f"{evidence.saw}; no session was told of the {what}"
            hint = f"This makes an {what}. Who tells the session of it?"
            why = _NEVER_TOLD if evidence.rule == _ADDS else ""
            if got := _got_with_a_session(evidence, chain, class_):
                hint = f"{got[0]} makes an {what}, and this line gets it. Who tells the session of it?"
                return Told(saw=saw, where=got[1], hint=hint, why=why)
            return Told(saw=saw, where=made[0][0].at(made[0][1]), hint=hint, why=why)
    return None


def _got_with_a_session(evidence: Evidence, chain: list[tuple[File, Function]], class_: str) -> tuple[str, str] | None:
    """Which function without a session makes an object of a class, and the line with a session that gets it."""
    makes = [(file, node, call) for file, node in chain for call in calls(node, class_)]
    if len(makes) != 1 or _has_a_session(makes[0][1]):
        return None
    home, helper, call = makes[0]
    around = [(file, node) for file in own_files(evidence) for node in file.functions if _has_a_session(node)]
    for file, got in [(file, each) for file, node in around for each in calls(node, helper.name)]:
        return f"{helper.name}() ({f'line {call.lineno}' if file is home else home.name})", file.at(got)
    return None


def _has_a_session(node: Function) -> bool:
    said = " ".join(f"{each.arg} {text_of(each.annotation)}" for each in node.args.args)
    return re.search(r"\b(db|session)\b|Session|Db\b", said) is not None


_NEVER_TOLD = "A session writes what it was told of, and nothing else. What is not written gets no id, either."
_TELLS_THE_SESSION = "add", "add_all", "append", "extend", "merge", "execute", "scalar", "scalars"


def _may_tell_of(node: Function, class_: str) -> bool:
    """Whether a function may tell a session of what it makes of a class; of whatever there is, if it makes none."""
    made, tells = calls(node, class_), calls(node, *_TELLS_THE_SESSION, *_WITHOUT_IDS)
    if not made:
        return bool(tells)
    assigned = [each for each in inside(node) if isinstance(each, ast.Assign) and {*made} & {*ast.walk(each.value)}]
    kept = [target for each in assigned for target in each.targets]
    names = {text_of(each) for each in kept}
    said = [(argument, {text_of(one) for one in ast.walk(argument)}) for call in tells for argument in call.args]
    in_turn = [each for each in inside(node) if isinstance(each, ast.For) and text_of(each.iter) in names]
    return (
        not all(isinstance(each, ast.Name) for each in kept)  # item.events = [ItemEvent(...)]
        or any(not isinstance(argument, ast.Name) or words & names for argument, words in said)
        or any({text_of(each.target) for each in in_turn} & words for _, words in said)
    )


@reading("a helper that returns nothing, or another object", _ADDS)
def helper_returns_otherwise(evidence: Evidence) -> Told | None:
    """The caller works with what the helper returns. This must be the object that was added."""
    found = _helper(evidence)
    if any(line.startswith("add_event(db, None") for line in evidence.did) or _NO_ITEM_ID.search(evidence.saw):
        found = _adding(evidence, "add_item")
    if found is None or " committed: " in evidence.saw:
        return None
    if (stranger := _not_in_the_session(evidence)) is not None:
        return stranger
    given = re.search(r"add_event\(db, (.+), 'viewed'\)$", evidence.did[-1]) if evidence.did else None
    if given is not None and given[1] not in ("item", "None"):
        return _returned_no_item(evidence, _adding(evidence, "add_item"), given[1])
    if (other := re.match(r"(.+) was returned, which has no \.kind$", evidence.saw)) is not None:
        return _returned_no_item(evidence, _adding(evidence, "add_event"), other[1])
    if evidence.raised and evidence.raised[0].bases & set(_ACCIDENTS) and "NoneType" not in evidence.saw:
        return None  # what it got to is not known
    file, node = found
    returns = [each for each in ast.walk(node) if isinstance(each, ast.Return) and each.value is not None]
    returns = [each for each in returns if text_of(each.value) != "None"]
    added = calls(node, "add")
    if not returns and ("None" in evidence.saw or "NoneType" in evidence.saw):
        nothing = [each for each in ast.walk(node) if isinstance(each, ast.Return)]
        return Told(
            saw=f"{node.name} returned None",
            where=file.at(nothing[-1] if nothing else last_line(node)),
            wanted=f"{node.name} returns what it added",
            hint="Its caller wants what was added. What does this function return?",
            why=_GOES_ON,
        )
    if not returns:
        return None
    nothing_given = returned_what_gives_nothing(file, node) if "None" in evidence.saw else None
    if nothing_given is not None:
        saw, wanted = f"{node.name} returned None", f"{node.name} returns what it added"
        return replace(nothing_given, saw=saw, wanted=wanted, why=_GOES_ON)
    value = text_of(returns[-1].value)
    if not added:
        return None
    if calls(returns[-1], "Item", "ItemEvent") and calls(added[-1], "Item", "ItemEvent"):
        made = "items" if found == _adding(evidence, "add_item") else "events"
        hint = f"You add one object and return another one. How many {made} does this function make?"
        return Told(where=file.at(returns[-1]), hint=hint, why=_GOES_ON)
    own = {*_bound_to(node, "Item", "ItemEvent")}
    handed = {*arguments_of(node)} - own
    strangers = [call for call in added if call.args and text_of(call.args[0]) in handed]
    if own and strangers and not [call for call in added if call.args and text_of(call.args[0]) in own]:
        hint = f"This adds what the caller passed in. What has {node.name}() made?"
        return Told(where=file.at(strangers[-1]), hint=hint, why=_WRONG_RECORD)
    if value != text_of(added[0].args[0] if added[0].args else None) and "Item" in value and "(" in value:
        hint = "This is another object than the one that was added."
        return Told(where=file.at(returns[-1]), hint=hint, why=_GOES_ON)
    return None


def _not_in_the_session(evidence: Evidence) -> Told | None:
    """Of a helper whose object has no id after a flush either, or cannot be refreshed: what gives another one a row."""
    told = re.match(r"(add_item|add_event) returned \{'id': None\b", evidence.saw)
    refused = evidence.raised_kind("InvalidRequestError")
    message = refused.message if refused else ""
    loaded = "is not persistent within this Session" in message and evidence.sent("INSERT")
    name = told[1] if told else "add_item" if _event_of_no_row(evidence) else ""
    found = _adding(evidence, name) if name else _helper(evidence) if loaded else None
    returns = [each for each in inside(found[1]) if isinstance(each, ast.Return)] if found else []
    if found is None or not returns:
        return None
    what = "event" if found == _adding(evidence, "add_event") else "item"
    saw = f"add_{what} returned an {what} that is not in the session: its id is None after a flush, too"
    saw = f"{evidence.saw}; the {what} that is in the session is another object" if loaded else saw
    wanted = f"add_{what} returns the {what} that it added, with its id"
    chain = evidence.source.reached(*found, evidence.given)
    where, hint = _another_row(chain, what) or ("", "")
    added, given = calls(found[1], "add"), giving(found[1], returns[-1])
    kept = text_of(returns[-1].value) in {text_of(each) for call in added for each in call.args}
    if added and not (where or loaded or (kept and not calls(given, "Item", "ItemEvent"))):
        where = found[0].at(given)
        hint = f"You add one object and return another one. How many {what}s does this function make?"
    return Told(saw=saw, wanted=wanted, where=where, hint=hint, why=_GOES_ON) if where else None


def _another_row(chain: list[tuple[File, Function]], what: str) -> tuple[str, str] | None:
    """What gives another object the row, or none at all: the line, and a hint."""
    for file, node in chain:
        statements = {id(each.value) for each in inside(node) if isinstance(each, ast.Expr)}
        for call in calls(node, "merge", "insert", *_WITHOUT_IDS):
            of_a_list = name_of(call) == "insert" and len(call.args) != 1
            if of_a_list or (what == "item" and "vent" in text_of(call)):
                continue
            hint = f"This writes a row, and tells no object its id. What puts the {what} itself into the session?"
            if name_of(call) == "merge":
                hint = f"merge() leaves this {what} as it is, and gives back another one, which is in the session. "
                other = goes_on_with_the_other(node) if id(call) not in statements else None
                if other is not None:
                    return file.at(other), f"{hint}Which of the two is '{other.id}'?"
                hint += "What happens to that one here?" if id(call) in statements else "Which of the two goes on?"
            return file.at(call), hint
    return None


def _event_of_no_row(evidence: Evidence) -> bool:
    """Whether add_event handed on the id of the item that it was given, and that had none although a row was made."""
    made = "INSERT items" in evidence.timeline and _NO_ITEM_ID.search(evidence.saw) is not None
    chain = _leads_to(evidence, "add_event") if made and evidence.did[-1].startswith("add_event(db, item,") else []
    read = {text_of(each) for _, node in chain for each in _ids_read(node)}
    ids = [(node, each) for _, node in chain for each in _item_ids(node)]
    return bool(ids) and all({text_of(one) for one in made_of(*place)} & read for place in ids)


def _returned_no_item(evidence: Evidence, found: tuple[File, Function] | None, value: str) -> Told | None:
    """What there is to say of a helper that returns something else than what it is to add."""
    returns = [each for each in inside(found[1]) if isinstance(each, ast.Return)] if found else []
    if found is None or not returns:
        return None
    name, what = ("add_event", "event") if found == _adding(evidence, "add_event") else ("add_item", "item")
    return Told(
        saw=f"{name} returned {value}",
        where=found[0].at(returns[-1]),
        wanted=f"{name} returns the {what} that it added",
        hint=f"The line with def promises an {'ItemEvent' if what == 'event' else 'Item'}. What does this line give?",
        why=_GOES_ON,
    )


def _bound_to(node: Function, *classes: str) -> Iterator[str]:
    """The variables of a function that are given a new object of one of these classes."""
    for each in inside(node):
        if isinstance(each, ast.Assign) and name_of(each.value) in classes:
            yield from (target.id for target in each.targets if isinstance(target, ast.Name))


@reading("add_item leaves a field out", "create_answers_201", _ADDS)
def field_left_out_by_add_item(evidence: Evidence) -> Told | None:
    """What the client sent reaches the row only if add_item hands it to the item."""
    found = _adding(evidence, "add_item")
    made = calls(found[1], "Item") if found else []
    inserts = evidence.events_of("INSERT items")
    lost = re.search(r"'description': '((?:[^'\\]|\\.)*)'", "".join(evidence.did[-1:]))
    if found is None or len(made) != 1 or not inserts or not lost or lost[1] in str(inserts[-1].parameters):
        return None
    if any(each.arg in (None, "description") for each in made[0].keywords) or ".description" in text_of(found[1]):
        return None
    return Told(where=found[0].at(made[0]), hint="The client has sent a description. Who hands it on to the item?")


@reading("the event says something else", _ADDS, _TOGETHER, _BATCH)
def other_event(evidence: Evidence) -> Told | None:
    """An event has the item and the kind that add_event was given."""
    if evidence.rule == _ADDS:
        found = _helper(evidence)
        whole = _item_for_its_id(found[1]) if found and found == _adding(evidence, "add_event") else None
        if found and whole is not None:
            hint = "The column holds a number. What is handed over here?"
            return Told(where=found[0].at(whole), hint=hint, why=_WRONG_RECORD)
        if (told := _event_of_a_class(evidence)) is not None:
            return told
        for call in calls(found[1], "ItemEvent") if found else ():
            named = {each.arg for each in call.keywords}
            if found and "'kind': None" in evidence.saw and not named & {"kind", None}:
                hint = "add_event gets the kind as a parameter. Who hands it on to the event?"
                return Told(where=found[0].at(call), hint=hint, why=_WRONG_RECORD)
            if found and _NO_ITEM_ID.search(evidence.saw) and not named & {"item_id", "item", None}:
                return Told(where=found[0].at(call), hint="To which item does this event belong?", why=_WRONG_RECORD)
            for each in call.keywords:
                fixed = isinstance(each.value, ast.Constant) and each.arg == "kind"
                queried = each.arg == "item_id" and isinstance(each.value, ast.Call)
                named_kind = isinstance(each.value, ast.Name) and found and each.value.id != _given_item(found[1])
                made = each.arg == "kind" and not named_kind and "'kind'" in evidence.saw
                if found and (fixed or queried or made):
                    hint = f"add_event gets the {'item' if queried else 'kind'} as a parameter."
                    hint = hint if fixed or queried else f"{hint} What does this line do with it?"
                    return Told(where=found[0].at(each.value), hint=hint, why=_WRONG_RECORD)
        return None
    kinds = set(re.findall(r"'([^':]+): ", evidence.saw)) - {"created"}
    for file, node in _units(evidence):
        for given in ast.walk(node):
            if isinstance(given, ast.Constant) and given.value in kinds:
                saw = f"the event's kind is {given.value!r}; 'created' is wanted"
                hint = "Compare the kind with the task sheet."
                return Told(saw=saw, where=file.at(given), hint=hint, why=_WRONG_RECORD)
    if (text := _text_of_a_member(evidence, kinds)) is not None:
        return text
    found = _adding(evidence, "add_event") if kinds else None
    for call in calls(found[1], "ItemEvent") if found else ():
        for each in call.keywords:
            if found and each.arg == "kind" and not isinstance(each.value, ast.Name):
                saw = f"the event's kind is {min(kinds)!r}; 'created' is wanted"
                hint = "add_event gets the kind as a parameter. What does this line do with it?"
                return Told(saw=saw, where=found[0].at(each.value), hint=hint, why=_WRONG_RECORD)
    return None


def _text_of_a_member(evidence: Evidence, kinds: set[str]) -> Told | None:
    """What there is to say where the text of an Enum's member was written, ``EventKind.CREATED``, and not its value."""
    for kind in sorted(kinds):
        class_ = evidence.source.class_(kind.partition(".")[0]) if re.fullmatch(r"\w+\.\w+", kind) else None
        for file in own_files(evidence) if class_ else ():
            for each in [each for function in file.functions for each in inside(function)]:
                made = isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "str"
                if made or isinstance(each, ast.FormattedValue):
                    saw = f"the event's kind is {kind!r}; 'created' is wanted"
                    hint = "As a text, a member of an Enum is its name. What gives its value?"
                    return Told(saw=saw, where=file.at(each), hint=hint, why=_WRONG_RECORD)
    return None


def _event_of_a_class(evidence: Evidence) -> Told | None:
    """What there is to say of an event that gets a column, not a value: ``ItemEvent(item_id=Item.id)``."""
    refused = evidence.raised_kind("OperationalError", "ProgrammingError", "IntegrityError")
    found = _adding(evidence, "add_event") if refused else None
    for call in calls(found[1], "ItemEvent") if found else ():
        for value in [each.value for each in call.keywords if isinstance(each.value, ast.Attribute)]:
            owner = value.value.id if isinstance(value.value, ast.Name) else ""
            if found and evidence.source.class_(owner) is not None:
                hint = f"{owner} is the class: {text_of(value)} is a column. Which object has the value?"
                return Told(where=found[0].at(value), hint=hint, why=_WRONG_RECORD)
    return None


def _lines(node: Function) -> range:
    """The numbers of the lines of a function's statements."""
    return range(node.body[0].lineno, (node.body[-1].end_lineno or 0) + 1)


def _item_ids(node: Function) -> list[ast.expr]:
    """What an event gets as its item_id: ``item_id=item``, ``{"item_id": item}``, ``event.item_id = item``."""
    given = [each.value for call in calls(node, "ItemEvent", "dict") for each in call.keywords if each.arg == "item_id"]
    for each in inside(node):
        if isinstance(each, ast.Dict):
            given += [value for key, value in zip(each.keys, each.values, strict=True) if text_of(key) == "'item_id'"]
        elif isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Attribute | ast.Subscript):
            given += [each.value] if re.search(r"\bitem_id\b", text_of(each.targets[0])) else []
        elif isinstance(each, ast.Call) and name_of(each) == "setattr" and len(each.args) == 3:
            given += [each.args[2]] if text_of(each.args[1]) == "'item_id'" else []
    return given


def _item_for_its_id(node: Function) -> ast.expr | None:
    """The item itself where its id belongs."""
    return next((each for each in _item_ids(node) if isinstance(each, ast.Name) and each.id == _given_item(node)), None)


@reading("a keyword that the table does not have", _ADDS)
def unknown_column(evidence: Evidence) -> Told | None:
    """A row is made with the names that its columns have in models.py."""
    raised = evidence.raised_kind("TypeError")
    found = raised and re.search(r"'(\w+)' is an invalid keyword argument for (\w+)", raised.message)
    if not raised or not found or raised.told not in evidence.saw:
        return None
    hint = f"Which columns does {found[2]} have? Compare the names with app/models.py."
    return Told(where=innermost(raised, evidence.given), hint=hint)


# -- one transaction ----------------------------------------------------------------------------------


@reading("a function that commits inside the unit", _TOGETHER, _ONCE, _DISCARDS, _BATCH, "create_answers_201")
def committing_function(evidence: Evidence) -> Told | None:
    """crud.create_item commits; what follows it is another transaction."""
    if evidence.rule == "create_answers_201" and "closed transaction inside context manager" not in evidence.saw:
        return None
    for file, call in _calls(evidence, "create_item"):
        commits = [event.where for event in evidence.events_of("COMMIT") if event.where]
        made = evidence.source.doing("create_item", "app/crud.py", evidence.given)
        names = {"create_item", made[1].name} if made else {"create_item"}
        own = len(commits) == 1 and evidence.source.function_of(commits[0]) not in names
        commits_itself = made is None or bool(calls(made[1], "commit", "begin"))
        if file.name != "app/crud.py" and not own and commits_itself:
            hint = f"{text_of(call.func)}() commits by itself. Which function only adds?"
            return Told(where=file.at(call), hint=hint)
    return None


def _saved_in_part(evidence: Evidence) -> bool:
    """Whether something of what failed was saved, and the client was told of a success."""
    return evidence.saw.startswith("saved anyway") and evidence.sent("ANSWER 2")


@reading("the work goes on after an error", _DISCARDS, _ERROR, _BATCH)
def saved_after_the_error(evidence: Evidence) -> Told | None:
    """If you save a part after an error, you have a part without the rest, and nobody hears of the error."""
    if not (_saved_in_part(evidence) or (evidence.rule == _ERROR and evidence.sent("ANSWER 2"))):
        return None
    for file, node in _units(evidence):
        for handler in [each for attempt in _tries(node) for each in attempt.handlers]:
            if calls(handler, "commit"):
                hint = "An error brought you here. What do you save now, what is missing, and who is told of the error?"
                return Told(where=file.at(handler), hint=hint)
    return None


@reading("what is there is saved after an error, too", _DISCARDS, _BATCH, _ERROR)
def saved_in_any_case(evidence: Evidence) -> Told | None:
    """A finally runs after every error, and an __exit__ too: what commits there saves whatever there is by then."""
    sent = [event.where for event in evidence.events_of("COMMIT") if event.where]
    if evidence.rule == _ERROR:  # a session in which something failed refuses the commit
        refused = evidence.raised_kind("PendingRollbackError")
        sent = [line for line in refused.lines if "commit" in evidence.source.line(line)] if refused else []
    elif not evidence.saw.startswith("saved anyway"):
        return None
    exits = [(file, node) for file in evidence.source.files() for node in file.functions if node.name == "__exit__"]
    for file, node in (*_units(evidence), *exits):
        last = [each for attempt in _tries(node) for each in attempt.finalbody]
        for call in [call for each in last for call in calls(each, "commit") if file.at(call) in sent]:
            return Told(where=file.at(call), hint="This runs after an error, too. What does it save then?")
        for call in [call for call in calls(node, "commit") if node.name == "__exit__" and file.at(call) in sent]:
            if _wrote_after(evidence, file.at(call)):
                continue  # it saved what was right by then: the error came later
            tests = [each for each in inside(node) if isinstance(each, ast.If) and call in ast.walk(each)]
            hint = "After which errors does this lead to the commit, and what is saved then?"
            hint = hint if tests else "This runs after an error in the block, too. What does it save then?"
            return Told(where=file.at(tests[-1] if tests else call), hint=hint)
    return None


def _wrote_after(evidence: Evidence, where: str) -> bool:
    """Whether anything was written after the last COMMIT of a line."""
    whats = [(event.what, event.where) for event in evidence.events]
    last = max(number for number, (what, place) in enumerate(whats) if (what, place) == ("COMMIT", where))
    return any(what.startswith(_WRITES) for what, _ in whats[last:])


@reading("each statement is saved by itself", _TOGETHER, _ONCE, _DISCARDS, _BATCH)
def saved_by_itself(evidence: Evidence) -> Told | None:
    """With AUTOCOMMIT every statement is saved at once, and a rollback has nothing left to take back."""
    at_once = any(
        later.what == "COMMIT" and later.where == event.where and event.what.startswith(_WRITES)
        for event, later in pairwise(evidence.events)
    )
    if not at_once:
        return None
    for file in own_files(evidence):
        for each in file.nodes:
            if isinstance(each, ast.Constant) and each.value == "AUTOCOMMIT":
                back = evidence.saw.startswith("saved") and evidence.sent("ROLLBACK")
                undone = ", although a ROLLBACK was sent" if back else ""
                return Told(
                    saw=f"{evidence.saw}{undone}: each statement was saved at once",
                    where=file.at(each),
                    hint="What does AUTOCOMMIT do after each statement? What is left for a rollback?",
                )
    return None


@reading("more than one commit", _TOGETHER, _ONCE, _DISCARDS, _BATCH)
def several_commits(evidence: Evidence) -> Told | None:
    """The app can stop between two commits; then only what the first one saved is left."""
    for file, node in _units(evidence):
        loops = _loops(node)
        inside = [call for loop in loops for call in calls(loop, "commit")]
        if evidence.rule == _BATCH and inside:
            early = [each for loop in loops for each in ast.walk(loop) if isinstance(each, ast.Return)]
            hint = "This runs in each turn of the loop. How much does one COMMIT save?"
            if early:
                hint = (
                    "The first turn of the loop commits, and this ends the function. How many items have been saved by "
                    "then, and which lines belong below the loop?"
                )
            return Told(where=file.at(early[0] if early else inside[0]), hint=hint)
    sent = [event.where for event in evidence.events_of("COMMIT") if event.where]
    for file, call in _repeated(evidence, sent) if evidence.rule == _BATCH and len(sent) > 1 else ():
        hint = f"{name_of(call)}() commits, and this calls it more than once. How much does one COMMIT save?"
        return Told(where=file.at(call), hint=hint)
    for file, block in _blocks_in_loops(evidence, sent) if evidence.rule == _BATCH and len(sent) > 1 else ():
        hint = "This block commits at its end, in each turn of the loop. How much does one COMMIT save?"
        return Told(where=file.at(block), hint=hint)
    again = evidence.saw.startswith("2 COMMITs, 1")
    hint = "What is there to save by then?" if again else "What has been saved here stays, whatever comes after it."
    sent = [where for where in sent if where.rpartition(":")[0] not in evidence.given]
    if again and len(sent) > 1 and ".begin()" in evidence.source.line(sent[-1]):
        hint = f"begin() commits at the end of its block. {hint}"
    why = _SAVES_NOTHING if again else ""
    if len(sent) > 1:
        looped = [each.at(call) for each, call in _calls(evidence, "commit") if _is_in_a_loop(evidence, call)]
        where = next((where for where in sent if where in looped), sent[-1 if again else 0])
        return Told(where=where, hint=hint, why=why)
    committed = _calls(evidence, "commit")
    if len(committed) > 1 and evidence.rule in (_DISCARDS, _BATCH):
        return Told(where=sent[0] if sent else committed[0][0].at(committed[0][1]), hint=hint)
    return None


_SAVES_NOTHING = "One COMMIT saves all that belongs together. One more has nothing left to save, and takes time."


def _repeated(evidence: Evidence, sent: list[str]) -> Iterator[tuple[File, ast.Call]]:
    """Calls in a loop, or in a comprehension, of the learner's functions that lead to a commit that was sent."""
    for file, unit in _units(evidence):
        turns = [*_loops(unit), *(each for each in ast.walk(unit) if isinstance(each, ast.ListComp))]
        for call in [each for turn in turns for each in ast.walk(turn) if isinstance(each, ast.Call)]:
            found = evidence.source.function(name_of(call)) if isinstance(call.func, ast.Name) else None
            chain = evidence.source.reached(*found, evidence.given) if found else []
            if any(place.at(each) in sent for place, node in chain for each in calls(node, "commit")):
                yield file, call


def _blocks_in_loops(evidence: Evidence, sent: list[str]) -> Iterator[tuple[File, ast.With]]:
    """The with blocks in a loop, where what ends such a block has sent each commit: an ``__exit__``, a generator."""
    ends = {evidence.source.function_of(where) for where in sent}
    for file, unit in _units(evidence):
        blocks = [each for loop in _loops(unit) for each in ast.walk(loop) if isinstance(each, ast.With)]
        names = {name_of(item.context_expr) for each in blocks for item in each.items} | {"__exit__"}
        yield from ((file, each) for each in blocks if ends <= names)


def _loops(node: ast.AST) -> list[ast.For]:
    """The loops that go through something; not those that try the same several times: ``for _ in range(3)``."""
    found = [each for each in ast.walk(node) if isinstance(each, ast.For)]
    return [each for each in found if name_of(each.iter) != "range" or "len(" in text_of(each.iter)]


def _is_in_a_loop(evidence: Evidence, call: ast.Call) -> bool:
    loops = [each for _, node in _units(evidence) for each in ast.walk(node) if isinstance(each, ast.For)]
    return any(call in ast.walk(loop) for loop in loops)


@reading("nothing is committed", _TOGETHER, _ONCE, _BATCH)
def unit_not_committed(evidence: Evidence) -> Told | None:
    """flush() and savepoints send statements; only the COMMIT of the transaction makes them last."""
    if evidence.raised or _calls(evidence, "commit", "begin") or evidence.sent("COMMIT"):
        return None
    named = _not_called(_units(evidence), "commit")
    if named is not None:
        return replace(named, saw=f"{evidence.saw}; no COMMIT was sent")
    nested, flushed = _calls(evidence, "begin_nested"), _calls(evidence, "flush")
    last = [event.where for event in evidence.events_of("INSERT") if event.where]
    if nested or flushed:
        hint = (
            "The end of a savepoint is not the end of the transaction." if nested else "This sends, and saves nothing."
        )
        where = (nested or flushed)[0][0].at((nested or flushed)[0][1])
    elif last and endpoint_of(evidence):
        hint = "What is sent here lives in the session's transaction alone. Which line makes it permanent?"
        told = _calls(evidence, "add_event")
        where = _at(told[-1]) if told else _line_in(evidence, last[-1])
    else:
        return None
    return Told(saw=f"{evidence.saw}; no COMMIT was sent", where=where, hint=hint)


def _line_in(evidence: Evidence, where: str) -> str:
    """A line of a helper as that of its call in the functions that do the work, where there is just one."""
    file, name = where.rpartition(":")[0], evidence.source.function_of(where)
    made = _calls(evidence, name) if name and file == "app/crud_uow.py" else []
    return made[0][0].at(made[0][1]) if len(made) == 1 else where


@reading("rolled back although nothing went wrong", "create_answers_201", _TOGETHER, _ONCE, _BATCH)
def rolled_back_without_an_error(evidence: Evidence) -> Told | None:
    """The end of a block depends on whether something went wrong. With *error it always gets three values, which are
    None after a success."""
    refused = evidence.raised[0].message if evidence.raised else ""
    if evidence.sent("COMMIT") or not evidence.sent("INSERT") or (refused and "not persistent" not in refused):
        return None
    if "made the database refuse" in " ".join(evidence.did):
        return None
    back = [event.where for event in evidence.events_of("ROLLBACK") if event.where]
    functions = [(file, each) for file in own_files(evidence) for each in file.functions]
    for file, node in functions:
        undone = [call for call in calls(node, "rollback", *(["close"] if refused else [])) if file.at(call) in back]
        saw = evidence.saw
        if undone:
            ran = f"{name_of(undone[0])}() ran in line {undone[0].func.end_lineno}"
            saw += f"; {ran}, although nothing had gone wrong"
        every = node.args.vararg.arg if node.name == "__exit__" and node.args.vararg else ""
        for test in [each.test for each in inside(node) if isinstance(each, ast.If | ast.IfExp)] if every else ():
            if re.fullmatch(rf"(not )?((len|bool)\()?{every}\)?( (is|is not|==|!=|>) (None|0|\(\)))?", text_of(test)):
                hint = f"Without an exception __exit__ gets None, three times. What is '{every}' then, and is it true?"
                return Told(saw=saw, where=file.at(test), hint=hint)
        handled = [one for each in _tries(node) for handler in each.handlers for one in ast.walk(handler)]
        for call in [call for call in undone if call not in handled]:
            tests = [each for each in inside(node) if isinstance(each, ast.If) and call in ast.walk(each)]
            hint = "Nothing went wrong, and yet the rollback ran. When is this condition true?"
            if not tests and not refused and all(each.lineno < call.lineno for each in calls(node, "commit")):
                continue  # what was to be saved should have been by then
            if not tests:
                hint = "This runs after a success, too. What happens to what was written?"
            return Told(saw=saw, where=file.at(tests[-1] if tests else call), hint=hint)
    return None


@reading("the work is done after the commit", "create_answers_201", _TOGETHER, _ONCE, _BATCH)
def begun_by_reading(evidence: Evidence) -> Told | None:
    """A generator does nothing by itself: its lines run when somebody goes through it."""
    if evidence.sent("COMMIT") or not evidence.sent("INSERT"):
        return None
    for file, node in _units(evidence):
        blocks = [each for each in inside(node) if isinstance(each, ast.With)]
        blocks = [each for each in blocks if any(calls(item.context_expr, "begin") for item in each.items)]
        ends = [(call.lineno, "commit()") for call in calls(node, "commit")]
        ends += [(each.end_lineno or 0, "the end of the block") for each in blocks]
        for made in [each for each in inside(node) if isinstance(each, ast.Assign | ast.AnnAssign)]:
            name = name_of(made.targets[0] if isinstance(made, ast.Assign) else made.target)
            words = _lazily(evidence, file, made.value)
            read = [each for each in inside(node) if isinstance(each, ast.Name) and each.id == name]
            read = [each for each in read if isinstance(each.ctx, ast.Load)]
            first = min((each.lineno for each in read), default=0)
            for line, end in [each for each in ends if made.lineno <= each[0] < first] if words else ():
                saw = f"{evidence.saw}; {end} in line {line} came before the first INSERT"
                return Told(saw=saw, where=file.at(made), hint=words)
    return None


def _lazily(evidence: Evidence, file: File, value: ast.expr | None) -> str:
    """What to ask of a value that does its work only when somebody goes through it; empty for any other."""
    if isinstance(value, ast.GeneratorExp) and isinstance(value.elt, ast.Call):
        return "These parentheses make a generator. When does what stands in them run?"
    name = name_of(value) if isinstance(value, ast.Call) else ""
    if name == "map":
        return "map() calls nothing by itself. When does it call what it is given?"
    found = (evidence.source.function(name, file.name) or evidence.source.function(name)) if name else None
    yields = [each for each in inside(found[1]) if isinstance(each, ast.Yield | ast.YieldFrom)] if found else []
    lazy = found is not None and found[0].name not in evidence.given and not found[1].decorator_list
    return f"{name}() has a yield. When do its lines run?" if yields and lazy else ""


@reading("the event comes after the commit", _TOGETHER, _BATCH)
def event_after_the_commit(evidence: Evidence) -> Told | None:
    """commit() saves what was written by then; what comes after it is another transaction, which nobody ends."""
    whats = [event.what for event in evidence.events]
    if "COMMIT" not in whats or "events" not in evidence.saw or evidence.raised:
        return None
    last = len(whats) - whats[::-1].index("COMMIT")
    late = [event for event in evidence.events[last:] if event.what == "INSERT item_events" and event.where]
    hint = "What is written after the COMMIT is not part of it."
    if late:
        saw = f"{evidence.saw}; its INSERT came after the COMMIT"
        return Told(saw=saw, where=_line_in(evidence, late[0].where), hint=hint)
    committed, told = _calls(evidence, "commit"), _calls(evidence, "add_event")
    if len(told) != 1 or "INSERT item_events" in whats:
        return None
    line = told[0][1].lineno
    if len(committed) == 1 and told[0][0] is committed[0][0] and line > committed[0][1].lineno:
        return Told(where=_at(told[0]), hint=hint)
    blocks = [each for _, node in _units(evidence) for each in inside(node) if isinstance(each, ast.With)]
    blocks = [each for each in blocks if any(calls(item.context_expr, "begin") for item in each.items)]
    if not committed and any(each in told[0][0].nodes and line > (each.end_lineno or line) for each in blocks):
        return Told(where=_at(told[0]), hint=f"The block above commits when it ends. {hint}")
    return None


def _tells_events(evidence: Evidence, task: ast.Call) -> bool:
    """Whether what a task is to call writes events."""
    given = evidence.source.function(name_of(task.args[0])) if task.args and name_of(task.args[0]) else None
    return given is not None and any(
        calls(node, "add_event", "ItemEvent") for _, node in evidence.source.reached(*given)
    )


@reading("item and event in two sessions", _TOGETHER, _ONCE, _DISCARDS, _ROLLED)
def two_sessions(evidence: Evidence) -> Told | None:
    """A second session is a second transaction: nothing in it fails or succeeds with the first."""
    told = [*evidence.timeline, "INSERT item_events"].index("INSERT item_events")
    tasks = _calls(evidence, "add_task") if told == len(evidence.timeline) else []
    late = any(each.startswith("ANSWER") for each in evidence.timeline[:told])
    tasks = [each for each in tasks if _tells_events(evidence, each[1])]
    tasks = _calls(evidence, "add_task") if late and told < len(evidence.timeline) else tasks
    if tasks:
        hint = "This runs after the answer and after the commit. Who saves what it adds, and what if it fails?"
        return Told(where=tasks[0][0].at(tasks[0][1]), hint=hint)
    first = {event.session for event in evidence.events_of("INSERT items") if event.session}
    other = [event for event in evidence.events_of("INSERT item_events") if event.session and event.where]
    other = [event for event in other if first and event.session not in first]
    opened = _calls(evidence, "SessionLocal", "Session", "sessionmaker")
    if not other:
        return None
    hint = "A second session is a second transaction. What holds the two together?"
    where = opened[0][0].at(opened[0][1]) if len(opened) == 1 else other[0].where
    return Told(saw=f"{evidence.saw}; the event was written by another session", where=where, hint=hint)


_ITS_OWN = "Events are the history of an item. One that names another item tells a story that never happened."


@reading("the event of another item", _TOGETHER, _BATCH)
def event_of_another_item(evidence: Evidence) -> Told | None:
    """Each new item has an event, and each event is that of its own item."""
    actual, expected = evidence.actual, evidence.expected
    if not isinstance(actual, dict) or not isinstance(expected, dict) or actual.get("items") != expected.get("items"):
        return None
    shown, wanted = list(actual.get("events", ())), list(expected.get("events", ()))
    kinds = {str(each).partition(":")[0] for each in shown}
    if len(shown) != len(wanted) or sorted(shown) == sorted(wanted) or kinds != {"created"}:
        return None
    other = _id_of_another(evidence)
    if other is not None:
        hint = "add_event is given an item. Whose id does this line write?"
        return Told(where=_at(other), hint=hint, why=_ITS_OWN)
    told = [*_calls(evidence, "add_event"), *_calls(evidence, "ItemEvent")]
    loops = [(file, each) for file, unit in _units(evidence) for each in ast.walk(unit) if isinstance(each, ast.For)]
    in_loops = [(file, call) for file, loop in loops for call in calls(loop, "add_event", "ItemEvent", "add")]
    at_a_place = [(file, call) for file, call in in_loops if any(map(_has_a_number, ast.walk(call)))]
    told = at_a_place or told
    if not told:
        return None
    hint = "Of which item is the event that this line makes?"
    if evidence.rule == _BATCH:
        hint = f"{hint} Go through it once for each item."
    return Told(where=told[0][0].at(told[0][1]), hint=hint, why=_ITS_OWN)


def _has_a_number(node: ast.AST) -> bool:
    """Whether this is the same item in each turn of a loop: ``items[0]``; not so ``items[-1]``, that of this turn."""
    return isinstance(node, ast.Subscript) and text_of(node.slice).isdigit()


def _id_of_another(evidence: Evidence) -> tuple[File, ast.expr] | None:
    """The id that add_event writes, if it is not taken from the item that it is given."""
    found = _adding(evidence, "add_event")
    given = _given_item(found[1]) if found else ""
    if found is None or not given:
        return None
    file, node = found
    assigned = [each for each in inside(node) if isinstance(each, ast.Assign)]
    from_it = {name_of(each.targets[0]) for each in assigned if given in _names(each.value)} | {given}
    for call in calls(node, "ItemEvent"):
        for each in call.keywords:
            if each.arg in ("item_id", "item") and not from_it & _names(each.value):
                return file, each.value
    return None


def _given_item(node: Function) -> str:
    """The name that add_event has for the item that it is given."""
    return node.args.args[1].arg if len(node.args.args) > 1 else ""


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


@reading("an iterator that is used up", "create_answers_201", "created_item_is_refreshed", _TOGETHER, _BATCH)
def generator_used_up(evidence: Evidence) -> Told | None:
    """A generator can be gone through once, and so can what map(), filter() and zip() give. Whoever goes through it
    again finds nothing.
    """
    for file, node in _units(evidence):
        assigned = [each for each in inside(node) if isinstance(each, ast.Assign)]
        for made in assigned:
            name, by = name_of(made.targets[0]), name_of(made.value) if isinstance(made.value, ast.Call) else ""
            built_in = by in ("map", "filter", "zip", "iter", "reversed")
            lazy = isinstance(made.value, ast.GeneratorExp) or built_in or bool(_lazily(evidence, file, made.value))
            loops = [each.iter for each in inside(node) if isinstance(each, ast.For | ast.comprehension)]
            again = sum(name_of(each.targets[0]) == name for each in assigned) > 1  # items = list(items)
            if lazy and not again and sum(name_of(each) == name != "" for each in loops) > 1:
                hint = "You can go through a generator only once."
                hint = f"{by}() gives an iterator, and you can go through that only once." if built_in else hint
                return Told(where=file.at(made), hint=f"{hint} What does the second loop find?")
    return None


@reading("a listener that writes events", _ADDS, _TOGETHER, _BATCH, "the_rest_still_works")
def event_of_a_listener(evidence: Evidence) -> Told | None:
    """SQLAlchemy calls a listener by itself, whoever writes. Its event comes on top of those that were asked for."""
    if not _more_events_than_wanted(evidence):
        return None
    for file, node, moment in _listeners(evidence):
        writes = [call for call in calls(node, "ItemEvent", "insert", "add_event") if "vent" in text_of(call)]
        if not writes:
            continue
        lines = {file.at(line): None for line in _lines(node)}
        sent = [event.where for event in (*evidence.earlier, *evidence.events) if event.what == "INSERT item_events"]
        where = next((line for line in sent if line in lines), file.at(writes[0]))
        hint = f"SQLAlchemy calls {node.name}() by itself, at each '{moment}'. Which of your functions should "
        hint += "write the events, and when?"
        return Told(saw=f"{evidence.saw}; {node.name}() writes events, too", where=where, hint=hint, why=_ITS_RECORD)
    return None


_ITS_RECORD = "An event says once what happened. One too many is a wrong record."


def _more_events_than_wanted(evidence: Evidence) -> bool:
    actual, expected = evidence.actual, evidence.expected
    if isinstance(actual, dict) and isinstance(expected, dict):
        if actual.get("items") != expected.get("items"):
            return False
        actual, expected = actual.get("events"), expected.get("events")
    both = isinstance(actual, list | tuple) and isinstance(expected, list | tuple)
    return "events" in evidence.saw and both and len(actual) > len(expected)


def _listeners(evidence: Evidence) -> Iterator[tuple[File, Function, str]]:
    """The functions that SQLAlchemy calls by itself, each with the name of the moment at which it does."""
    for file in own_files(evidence):
        for node in file.functions:
            for _, call in [each for each in decorators(node) if each[0] == "listens_for"]:
                moment = call.args[1] if isinstance(call, ast.Call) and len(call.args) > 1 else None
                yield file, node, str(moment.value) if isinstance(moment, ast.Constant) else "event"
        for call in [each for each in file.calls("listen") if len(each.args) > 2]:
            found = evidence.source.function(name_of(call.args[2]), file.name) if name_of(call.args[2]) else None
            if found is not None:
                yield *found, str(getattr(call.args[1], "value", "event"))


@reading("what is added after the commit", _TOGETHER, _BATCH)
def added_after_the_commit(evidence: Evidence) -> Told | None:
    """SQLAlchemy calls a listener of after_commit when the transaction is over. What it adds belongs to the next one,
    which nobody commits."""
    missing = "events" in evidence.saw and not evidence.sent("INSERT item_events")
    for file, node, moment in _listeners(evidence) if missing else ():
        writes = calls(node, "ItemEvent", "add_event")
        if moment.startswith("after_commit") and writes:
            hint = "This is called when the transaction is over. Which COMMIT makes permanent what is added then?"
            return Told(where=file.at(first_line(node)), hint=hint)
    return None


@reading("the event is missing, or written twice", _TOGETHER, _BATCH)
def events_miscounted(evidence: Evidence) -> Told | None:
    """Each new item has one event of kind created."""
    units = _units(evidence)
    if not units or "events" not in evidence.saw or evidence.raised:
        return None
    working = [(file, node) for file, node in units if calls(node, "add_item", "Item", "create_item")]
    file, node = (working or units)[-1 if working else 0]
    told, sent = _calls(evidence, "add_event"), evidence.events_of("INSERT item_events")
    if not told and not sent and not any("ItemEvent" in text_of(each) for _, each in units):
        commits = calls(node, "commit")
        if len(commits) == 1:
            hint = "This commits the item. Which line before it adds the event?"
            if evidence.rule == _BATCH:
                hint = "This commits the items. Which line before it adds their events?"
            return Told(where=file.at(commits[0]), hint=hint)
        return Told(where=file.at(node), hint="Who writes the event?")
    if evidence.rule == _TOGETHER and len(told) > 1 and sum(insert.rows_of("kind") for insert in sent) > 1:
        return Told(where=told[1][0].at(told[1][1]), hint="How many events has an item now?")
    for file, call, loop in _below_their_loops(units) if evidence.rule == _BATCH else ():
        hint = f"'{text_of(loop.target)}' is the last one of the loop above by then. How often does this line run?"
        return Told(where=file.at(call), hint=hint)
    for home in own_files(evidence):
        for loop in [each for each in home.nodes if isinstance(each, ast.For) and isinstance(each.iter, ast.Call)]:
            if name_of(loop.iter) == "zip" and calls(loop, "add_event", "ItemEvent"):
                hint = "zip() ends with the shortest of what it goes through. How long is each?"
                return Told(where=home.at(loop), hint=hint)
    loops = [each for _, unit in units for each in ast.walk(unit) if isinstance(each, ast.For | ast.ListComp)]
    once = told and not any(told[0][1] in ast.walk(loop) for loop in loops)
    if evidence.rule == _BATCH and len(told) == 1 and once and len(units) == 1:
        return Told(where=told[0][0].at(told[0][1]), hint="How often does this line run?")
    return None


def _below_their_loops(units: list[tuple[File, Function]]) -> Iterator[tuple[File, ast.Call, ast.For]]:
    """Calls that write an event of what a loop goes through, and stand below that loop instead of in it."""
    for file, unit in units:
        for loop in [each for each in inside(unit) if isinstance(each, ast.For)]:
            within = [*inside(loop)]
            for call in calls(unit, "add_event", "ItemEvent"):
                if call not in within and _names(loop.target) & _names(call) and call.lineno > loop.lineno:
                    yield file, call, loop


@reading("one object several times in a list", _BATCH)
def one_object_repeated(evidence: Evidence) -> Told | None:
    """``[ItemEvent()] * 3`` holds one object three times. A session adds an object once, however often it is given."""
    units = _units(evidence) if evidence.saw.startswith("saved: ") and not evidence.raised else []
    for file, node in [place for unit in units for place in evidence.source.reached(*unit, evidence.given)]:
        for each in inside(node):
            parts = [each.left, each.right] if isinstance(each, ast.BinOp) and isinstance(each.op, ast.Mult) else []
            repeated = [one.elts[0] for one in parts if isinstance(one, ast.List | ast.Tuple) and len(one.elts) == 1]
            repeated += each.args[:1] if isinstance(each, ast.Call) and name_of(each) == "repeat" else []
            made = [value for one in repeated for value in made_of(node, one) if isinstance(value, ast.Call)]
            models = [name_of(value) for value in made if evidence.source.class_(name_of(value)) is not None]
            if models:
                hint = f"How many objects of {models[0]} does this line make, and how many rows is one object?"
                return Told(where=file.at(each), hint=hint)
    return None


@reading("a loop that stands in another one", _BATCH)
def loop_in_a_loop(evidence: Evidence) -> Told | None:
    """What stands in a loop runs in each of its turns. Two loops one after the other are at the same margin."""
    saved = [re.findall(r"'events': \[(.*?)\]", each) for each in (evidence.saw, evidence.wanted)]
    found, wanted = (each[0].count("created") if each else 0 for each in saved)
    for file, node in _units(evidence) if found > wanted > 0 and not evidence.raised else ():
        for outer in _loops(node):
            for inner in [each for each in inside(outer) if isinstance(each, ast.For) and each is not outer]:
                if calls(inner, "add_event", "ItemEvent") and not calls(inner, "add_item", "Item"):
                    return Told(
                        where=file.at(inner), hint="How often does this loop run, and over which items each time?"
                    )
    return None


@reading("a row that fails is skipped", _BATCH)
def skips_what_fails(evidence: Evidence) -> Told | None:
    """All of a batch or nothing: an error in the middle ends it as a whole."""
    for file, node in _units(evidence):
        loops = _loops(node)
        for attempt in [each for loop in loops for each in _tries(loop)]:
            for handler in attempt.handlers:
                if not any(isinstance(each, ast.Raise) for each in ast.walk(handler)):
                    return Told(where=file.at(handler), hint="What happens to the other items when this one fails?")
        for call in [call for loop in loops for call in calls(loop, "suppress")]:
            return Told(where=file.at(call), hint="What happens to the other items when this one fails?")
    return None


# -- errors -------------------------------------------------------------------------------------------


@reading("an error in the code that handles errors", _ERROR, _ROLLED)
def accident(evidence: Evidence) -> Told | None:
    """The code that handles the error fails itself, so the client gets its error instead."""
    raised = evidence.raised[0] if evidence.raised else None
    if raised is None or not raised.lines:
        return None
    if not raised.bases & set(_ACCIDENTS):
        return _accident_of_a_helper(evidence, raised)
    if evidence.rule == _ROLLED and not evidence.sent("ANSWER 5"):
        return None  # that was another request
    where = innermost(raised, evidence.given)
    name, _, line = where.rpartition(":")
    tries = _tries(evidence.source.file(name).tree)
    handling = [one for each in tries for one in (*each.handlers, *each.finalbody)]
    handled = any(each.lineno <= int(line or 0) <= (each.end_lineno or 0) for each in handling if _has_lines(each))
    if not handled and (evidence.rule == _ROLLED or error_swallowed(evidence) is not None):
        return None  # that the function went on after the error is the mistake
    after_all = any(each.lineno <= int(line or 0) <= (each.end_lineno or 0) for one in tries for each in one.finalbody)
    hint = f"This line runs {'also' if after_all else 'only'} after an error, and fails then."
    if evidence.rule == _ROLLED:
        hint = f"{hint} What stands below it never runs."
    unknown = unknown_name(evidence)
    saw = f"after the error your own handling raised {raised.told}"
    return Told(saw=saw, where=where, hint=f"{hint} {unknown.hint}" if unknown else hint, why=_BY_CHANCE)


def _accident_of_a_helper(evidence: Evidence, raised: Raised) -> Told | None:
    """The same where another exception than those of a slip came out by accident, below a line that handles errors."""
    if evidence.rule != _ERROR or " because of " not in evidence.saw:
        return None
    for place in raised.lines:
        name, _, number = place.rpartition(":")
        tries = _tries(evidence.source.file(name).tree) if name not in evidence.given else []
        handlers = [each for one in tries for each in one.handlers]
        if any(each.lineno < int(number) <= (each.end_lineno or 0) for each in handlers):
            where, saw = innermost(raised, evidence.given), f"after the error your own handling raised {raised.told}"
            asks = "Read the exception: what did this line get, and what does it expect?"
            return Told(
                saw=saw, where=where, hint=f"This line runs only after an error, and fails then. {asks}", why=_BY_CHANCE
            )
    return None


def _has_lines(node: ast.AST) -> TypeGuard[ast.stmt | ast.ExceptHandler]:
    return isinstance(node, ast.stmt | ast.ExceptHandler)


@reading("the error is swallowed", _ERROR, _DISCARDS, _BATCH)
def error_swallowed(evidence: Evidence) -> Told | None:
    """Without a raise the function goes on, and the client is told of a success."""
    if evidence.rule != _ERROR and not _saved_in_part(evidence):
        return None
    places = _units(evidence)
    places += [(file, node) for file in evidence.source.files() for node in file.functions if node.name == "__exit__"]
    for file, node in places:
        for call in [each for each in calls(node, "suppress") if not {*map(name_of, each.args)} <= _NOT_OF_DATABASES]:
            return Told(where=file.at(call), hint="There is no except, and yet this swallows the error.")
        true = _swallowing(node) if node.name == "__exit__" else None
        if true is not None:
            later = bool(evidence.raised and evidence.raised[0].bases & set(_ACCIDENTS))
            saw = f"{evidence.saw}; this came after the first error, which was swallowed" if later else ""
            return Told(saw=saw, where=file.at(true), hint="An __exit__ that returns True swallows the error.")
        for attempt in _tries(node):
            for statement in attempt.finalbody:
                for each in ast.walk(statement):
                    if isinstance(each, ast.Return):
                        return Told(where=file.at(each), hint="A return in a finally throws the exception away.")
            for handler in attempt.handlers:
                caught = {*re.findall(r"\w+", text_of(handler.type))}
                if caught and caught <= _NOT_OF_DATABASES:
                    continue
                if not any(isinstance(each, ast.Raise) for each in ast.walk(handler)):
                    why = _BY_CHANCE if "because of" in evidence.saw else ""
                    told = _answers_of(handler)
                    if told and evidence.rule == _ERROR and not why:
                        return Told(where=file.at(told[-1]), hint="Which status does the client see with this answer?")
                    hint = "After this block nobody knows of the error any more."
                    hint = f"{hint} {_goes_on_to(evidence, file, handler)}".rstrip()
                    ends = handler.body[-1]
                    last: ast.AST = ends if isinstance(ends, ast.Expr) and len(handler.body) > 1 else handler
                    if undone := calls(handler, "rollback"):
                        last = ends if isinstance(ends, ast.Expr) else undone[-1]
                        hint = "The rollback is right. Who hears of the error after this block?"
                        if goes_on := _goes_on_to(evidence, file, handler):
                            hint = f"The rollback is right. {goes_on}"
                        handed = _handed_back_unseen(evidence, node, handler)
                        if handed is not None and evidence.rule == _ERROR:
                            return replace(handed, why=why)
                        if isinstance(ends, ast.Return) and evidence.rule == _ERROR:
                            hint = "The rollback is right. What does this line tell the client of the error?"
                            return Told(where=file.at(ends), hint=hint, why=why)
                    if evidence.rule != _ERROR:
                        hint = "An error ends here. What happens after this block, and what is saved then?"
                    return Told(where=file.at(last), hint=hint, why=why)
    main = evidence.source.file("app/main.py")
    for node in main.functions:
        for decorator in node.decorator_list:
            handles = "exception_handler" in text_of(decorator) and "NotImplemented" not in text_of(decorator)
            if handles and ("status_code=200" in text_of(node) or "status_code" not in text_of(node)):
                answers = calls(node, "JSONResponse", "Response", "PlainTextResponse", "HTMLResponse")
                return Told(where=main.at(answers[0] if answers else node), hint="Which status does a client see here?")
    return None


def _handed_back_unseen(evidence: Evidence, node: Function, handler: ast.ExceptHandler) -> Told | None:
    """What there is to say where a handler returns the error, or keeps it, and nobody who gets it raises it.

    That is about the line that asks whether there is an error; if none does, about the call that gets it.
    """
    ends = handler.body[-1]
    value = ends.value if isinstance(ends, ast.Return) else None
    if value is None or not handler.name or handler.name not in _names(value):
        return _kept_unseen(evidence, node, handler)
    given = f"{node.name}() gives the error back in line {ends.lineno}."
    for file, caller in _units(evidence):
        for call in calls(caller, node.name) if caller is not node else ():
            got = _got_of(caller, call, value, handler.name)
            tests = [each for each in inside(caller) if isinstance(each, ast.If) and _names(each.test) & got]
            asked = [each for each in tests if each.lineno > call.lineno and not _asks_rightly(each)]
            answer = _answer_without_a_status(evidence, file, asked[0]) if asked else None
            if answer is not None:
                return Told(where=answer, hint="This answer tells of the error. Which status does it have?")
            if asked:
                return Told(where=file.at(asked[0]), hint=f"{given} {_is_it_true(asked[0])}")
            if not tests:
                return Told(where=file.at(call), hint=f"{given} Which line here looks at it, and raises it?")
    return None


def _answer_without_a_status(evidence: Evidence, file: File, test: ast.If) -> str | None:
    """Where what follows a condition, or a helper of it, makes an answer that says nothing of its status."""
    made = [(file, each) for one in test.body for each in ast.walk(one) if isinstance(each, ast.Call)]
    helpers = [evidence.source.function(name_of(call)) for _, call in made if isinstance(call.func, ast.Name)]
    for found in [each for each in helpers if each is not None]:
        made += [(found[0], each) for each in inside(found[1]) if isinstance(each, ast.Call)]
    bare = [(home, each) for home, each in made if name_of(each).endswith("Response") and len(each.args) < 2]
    return next((home.at(each) for home, each in bare if keyword(each, "status_code") is None), None)


def _kept_unseen(evidence: Evidence, node: Function, handler: ast.ExceptHandler) -> Told | None:
    """The same of a handler that puts the error into a variable, and a line below it that asks for that."""
    assigned = [each for each in handler.body if isinstance(each, ast.Assign) and handler.name]
    kept = [each for each in assigned if handler.name in _names(each.value)]
    names = {name_of(target) for each in kept for target in each.targets}
    tests = [each for each in inside(node) if isinstance(each, ast.If) and each.lineno > (handler.end_lineno or 0)]
    asked = [each for each in tests if _names(each.test) & names and not _asks_rightly(each)]
    home = next((file for file, other in _units(evidence) if other is node), None)
    if not asked or home is None:
        return None
    return Told(where=home.at(asked[0]), hint=f"Line {kept[0].lineno} keeps the error. {_is_it_true(asked[0])}")


def _is_it_true(test: ast.If) -> str:
    """What to ask about a condition that is to find an error, and does not."""
    raises = any(isinstance(one, ast.Raise) for each in test.body for one in ast.walk(each))
    same = any(isinstance(each, ast.Is | ast.IsNot | ast.Eq) for each in ast.walk(test.test))
    if not raises:
        return "What does the client hear of it from here on?"
    return f"Is this condition true then?{' What does it compare the error with?' if same else ''}"


def _got_of(caller: Function, call: ast.Call, value: ast.expr, error: str) -> set[str]:
    """The names in a function for the error that a call may give back, ``error`` of ``items, error = save(...)``."""
    assigned = [each for each in inside(caller) if isinstance(each, ast.Assign) and call in ast.walk(each.value)]
    targets = [target for each in assigned for target in each.targets]
    if isinstance(value, ast.Tuple):
        places = [place for place, each in enumerate(value.elts) if error in _names(each)]
        pairs = [each.elts for each in targets if isinstance(each, ast.Tuple) and len(each.elts) == len(value.elts)]
        targets = [elements[place] for elements in pairs for place in places] or targets
    return {name for each in targets for name in _names(each)}


def _asks_rightly(test: ast.If) -> bool:
    """Whether a condition is true where there is an error, and what follows raises."""
    asks = re.fullmatch(r"\w+|\w+ is not None|isinstance\(\w+, (Base)?Exception\)", text_of(test.test))
    return asks is not None and any(isinstance(one, ast.Raise) for each in test.body for one in ast.walk(each))


def _goes_on_to(evidence: Evidence, file: File, handler: ast.ExceptHandler) -> str:
    """What to ask where a function went on after an error, and failed because something had no value by then."""
    raised = evidence.raised[0] if evidence.raised and " because of " in evidence.saw else None
    name, _, line = innermost(raised, evidence.given).rpartition(":") if raised else ("", "", "0")
    if raised is None or name != file.name or int(line) <= (handler.end_lineno or 0):
        return ""
    unbound = re.search(r"variable '(\w+)'", raised.message)
    what = f"what is '{unbound[1]}' there" if unbound else "what does that line have to work with"
    return f"Then the function goes on to line {line}: {what}, after an error?"


def _answers_of(handler: ast.ExceptHandler) -> list[ast.Return]:
    """Where a handler returns an answer that tells of the error: one of its own, or a dict."""
    returned = [each for each in ast.walk(handler) if isinstance(each, ast.Return)]
    return [each for each in returned if isinstance(each.value, ast.Dict) or name_of(each.value).endswith("Response")]


def _swallowing(node: Function) -> ast.Return | None:
    """Where an ``__exit__`` returns something that counts as true although there was an error."""
    true = [each for each in inside(node) if isinstance(each, ast.Return) and _counts_as_true(each.value)]
    tests = [each for each in inside(node) if isinstance(each, ast.If)]
    good = [test for test in tests if re.search(r" is None$|^not ", text_of(test.test))]
    after_success = [each for test in good for statement in test.body for each in ast.walk(statement)]
    return next((each for each in (*(one for one in true if one not in after_success), *true)), None)


def _counts_as_true(node: ast.expr | None) -> bool:
    text = text_of(node)
    return (isinstance(node, ast.Constant) and bool(node.value)) or text.endswith("is not None") or text[:5] == "bool("


@reading("the commit comes after the answer", _ERROR)
def commit_after_the_answer(evidence: Evidence) -> Told | None:
    """What follows the yield of a dependency runs when the client has its answer; if it fails then, nobody is told."""
    working = [node for _, node in _units(evidence) if not any(isinstance(each, ast.Yield) for each in ast.walk(node))]
    if any(calls(node, "commit", "begin") for node in working) or "because of" in evidence.saw:
        return None
    for file in evidence.source.files():
        for node in file.functions:
            yields = [each for each in ast.walk(node) if isinstance(each, ast.Yield)]
            late = [each for each in calls(node, "commit") if yields and each.lineno > yields[0].lineno]
            blocks = [each for each in ast.walk(node) if isinstance(each, ast.With) and yields]
            begun = [each for each in blocks if ".begin()" in text_of(each.items[-1].context_expr)]
            for each in (*late, *begun):
                return Told(where=file.at(each), hint="When does this commit, before the answer or after it?")
    return None


def _of_a_condition(test: ast.If) -> str:
    """What to ask about the condition of a rollback that was not sent."""
    if "in_nested_transaction" in text_of(test.test):
        return "in_nested_transaction() is true only between begin_nested() and its end. Who began one here?"
    return "The rollback below runs only where this is true. Is it true after every error?"


# What gives a transaction of the session's, which rolls it back, or the session itself.
_WITH_THE_SESSION = "get_transaction", "get_nested_transaction", "begin", "begin_nested", "object_session", "cast"


def _of_another(rolled: list[tuple[File, ast.Call]]) -> Told | None:
    """What there is to say of a rollback() of something else than the session, such as its connection."""
    for file, call in rolled:
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(owner, ast.Call) and name_of(owner) not in _WITH_THE_SESSION:
            hint = f"What does {text_of(owner)} give? The session waits for a rollback() as well: of which object?"
            return Told(where=file.at(call), hint=hint)
    return None


@reading("no rollback after an error", _ROLLED)
def no_rollback(evidence: Evidence) -> Told | None:
    """Closing a session is not rolling back: after a refused COMMIT the connection is still in its transaction."""
    units = _units(evidence)
    rolled, committed = _calls(evidence, "rollback"), _calls(evidence, "commit")
    named = _not_called(units, "rollback")
    if named is not None:
        return named
    elsewhere = _of_another(rolled)
    if elsewhere is not None:
        return elsewhere
    crossed = {line for raised in evidence.raised for line in raised.lines}
    undone = {event.where for event in evidence.events_of("ROLLBACK")}
    for file, node in units:
        failed_to = [call for call in calls(node, "commit") if file.at(call) in crossed]
        if calls(node, "rollback") and failed_to and not _is_tried(node, failed_to[0]):
            return Told(where=file.at(failed_to[0]), hint="The commit can fail, too. Who rolls back then?")
        for call in calls(node, "rollback"):
            tests = [each for each in ast.walk(node) if isinstance(each, ast.If) and call in ast.walk(each)]
            for test in tests if file.at(call) not in undone else ():
                return Told(where=file.at(test), hint=_of_a_condition(test))
        for attempt in _tries(node):
            handlers = [text_of(handler.type) for handler in attempt.handlers if calls(handler, "rollback")]
            caught = {name for handler in handlers for name in re.findall(r"\w+", handler)}
            missed = evidence.raised and not evidence.raised[0].bases & caught  # it came out, past these handlers
            if handlers and missed and not any(name in ("", "Exception", "BaseException") for name in handlers):
                hint = f"Which other errors can come out of this block?{_alike(file, attempt.handlers[0])}"
                return Told(where=file.at(attempt.handlers[0]), hint=hint)
        early = _before_the_try(file, node, crossed)
        if early is not None:
            return Told(where=early, hint="An error here goes past the try below. Who rolls back then?")
        tried = [statement for each in _tries(node) if each.handlers for statement in each.body]
        outside = [call for call in calls(node, "commit") if not any(call in ast.walk(each) for each in tried)]
        failed_there = outside and (file.at(outside[0]) in crossed or "COMMIT" in "".join(evidence.did))
        if calls(node, "rollback") and failed_there:
            orelse = [statement for each in _tries(node) for statement in each.orelse]
            hint = "The commit can fail, too. Who rolls back then?"
            if any(outside[0] in ast.walk(each) for each in orelse):
                hint = "The commit can fail, too. Does an except reach the else that stands behind it?"
            return Told(where=file.at(outside[0]), hint=hint)
    if rolled or not units:
        return _past_every_try(evidence, units) if rolled else None
    for file, node in units:
        yields = [each for each in inside(node) if isinstance(each, ast.Yield)]
        if yields and calls(node, "commit") and any("contextmanager" in name for name, _ in decorators(node)):
            hint = "An error in the with block comes out of this yield. Which line rolls back then?"
            return Told(where=file.at(yields[0]), hint=hint)
        if node.name == "__exit__" and calls(node, "commit"):
            hint = "__exit__ runs after an error, too. Which line rolls back then?"
            return Told(where=file.at(node), hint=hint)
    # A dependency that opens and closes a session does that right.
    lent = [node for _, node in units if _lends(node)]
    units = [each for each in units if each[1] not in lent] or units
    closing = [(file, call) for file, node in units for call in calls(node, "close", "expunge_all", "expire_all")]
    instead, nested = closing, _calls(evidence, "begin_nested")
    if instead:
        return Told(where=_at(instead[0]), hint="This does not end the transaction. What does?")
    if nested:
        hint = "This rolls the savepoint back. Who ends the transaction around it?"
        return Told(where=_at(nested[0]), hint=hint)
    withs = [(file, each) for file, node in units for each in ast.walk(node) if isinstance(each, ast.With)]
    own = [each for each in withs if "SessionLocal" in text_of(each[1].items[0])]
    handlers_ = [(file, each) for file, node in units for one in _tries(node) for each in one.handlers]
    lines = {each.at(line) for each, node in units for line in _lines(node)}
    failed = [line for raised in evidence.raised[:1] for line in raised.lines if line in lines]
    closes = f" The close() in '{lent[0].name}' does not count." if lent else ""
    begun = [each for each in withs if calls(each[1].items[0].context_expr, "begin")]
    for file, call in committed:
        if file.at(call) in failed and any(call in inside(block) for _, block in begun):
            hint = "The block around this line commits at its end, or rolls back. What is this line for?"
            return Told(where=file.at(call), hint=hint)
    if failed and not own and not handlers_:
        hint = "An error comes out of this line, and goes on from there. What ends the transaction?"
        return Told(where=failed[-1], hint=hint + closes)
    place = (own or handlers_ or committed or units)[0]
    return Told(where=_at(place), hint=f"What ends the transaction when one of these lines raises?{closes}")


def _alike(file: File, handler: ast.ExceptHandler) -> str:
    """Which other lines of a file catch the same errors, and roll back after those alone."""
    others = [each for each in file.nodes if isinstance(each, ast.ExceptHandler) and each is not handler]
    others = [each for each in others if text_of(each.type) == text_of(handler.type) and calls(each, "rollback")]
    lines = sorted(each.lineno for each in others)
    return f" Look at line {' and '.join(map(str, lines))}, too." if lines else ""


def _before_the_try(file: File, node: Function, crossed: set[str]) -> str | None:
    """The statement of a function that failed above the try which rolls back, if it is one that works with the item."""
    rolling = [each for each in _tries(node) if any(calls(handler, "rollback") for handler in each.handlers)]
    for each in node.body if len(rolling) == 1 else ():
        lines = {file.at(line) for line in range(each.lineno, (each.end_lineno or each.lineno) + 1)}
        simple = isinstance(each, ast.Expr | ast.Assign | ast.AnnAssign)
        if simple and each.lineno < rolling[0].lineno and lines & crossed:
            return file.at(each)
    return None


def _past_every_try(evidence: Evidence, units: list[tuple[File, Function]]) -> Told | None:
    """The line that failed outside of every try that rolls back; what a helper is handed runs before the helper."""
    lines = evidence.raised[0].lines if evidence.raised else ()
    crossed = [line for line in lines if any(line == file.at(each) for file, node in units for each in _lines(node))]
    for file, node in units:
        blocks: list[ast.stmt] = [each for each in inside(node) if isinstance(each, ast.With | ast.AsyncWith)]
        blocks += [each for each in _tries(node) if any(calls(part, "rollback") for part in _endings(each))]
        around = {file.at(line) for each in blocks for line in range(each.lineno, (each.end_lineno or 0) + 1)}
        if around & {*crossed}:
            return None
    if not crossed:
        return None
    name, _, number = crossed[-1].rpartition(":")
    made = evidence.source.file(name).calls(*{node.name for _, node in units if calls(node, "rollback")})
    at = [call for call in made if call.lineno <= int(number) <= (call.end_lineno or 0)]
    early = [call for call in at if any(isinstance(one, ast.Call) for each in call.args for one in ast.walk(each))]
    hint = "An error here goes past every try that rolls back. Which of them should hold this line?"
    if early:
        helper = name_of(early[0])
        hint = f"What stands in the parentheses is worked out first, before {helper}() begins. Is it inside its try?"
    return Told(where=crossed[-1], hint=hint)


def _endings(attempt: ast.Try) -> list[ast.stmt | ast.ExceptHandler]:
    return [*attempt.handlers, *attempt.finalbody]


def _is_tried(node: Function, call: ast.Call) -> bool:
    """Whether a call stands in a try that rolls back, or in what belongs to one."""
    rolling = [
        each for each in _tries(node) if any(calls(part, "rollback") for part in (*each.handlers, *each.finalbody))
    ]
    return any(call in ast.walk(each) for each in rolling)


def _not_called(units: list[tuple[File, Function]], name: str) -> Told | None:
    """A line that names a method and does not call it: ``db.rollback``."""
    for file, node in units:
        for each in inside(node):
            if isinstance(each, ast.Expr) and isinstance(each.value, ast.Attribute) and each.value.attr == name:
                return Told(where=file.at(each), hint="This names the method. What calls it?")
    return None


def _lends(node: Function) -> bool:
    """Whether a function opens a session, hands it out and closes it, and does no more."""
    opened = calls(node, "SessionLocal", "Session")
    yields = any(isinstance(each, ast.Yield) for each in inside(node))
    return bool(opened) and yields and not calls(node, "commit", "begin")


def _at(place: tuple[File, ast.AST]) -> str:
    return place[0].at(place[1])


# -- answers ------------------------------------------------------------------------------------------


@reading("the answer is made before the row is complete", "created_item_is_refreshed")
def answered_too_early(evidence: Evidence) -> Told | None:
    """The values that the database makes are known only after everything was written and the row was loaded again."""
    found = _answering(evidence)
    if found is None or "shows" not in evidence.saw:
        return None
    file, node, made = found
    committed, refreshed = calls(node, "commit"), calls(node, "refresh")
    hint = "What may still change after this line?"
    sent = (
        {each.arg for each in node.args.args if "ItemCreate" in text_of(each.annotation)} & _names(made[0])
        if made
        else {}
    )
    if sent and name_of(made[0]) not in _COPIES:
        return Told(where=file.at(made[0]), hint="This is made of what was sent. What is stored?")
    if made and "data" in text_of(made[0]) and calls(node, "ItemRead"):
        return Told(where=file.at(calls(node, "ItemRead")[0]), hint="This is what was sent. What is stored?")
    if committed and made and made[0].lineno < committed[0].lineno:
        return Told(where=file.at(made[0]), hint=hint)
    if committed and not refreshed:
        return Told(where=file.at(committed[-1]), hint="After this line the row has to be loaded once more.")
    if committed and refreshed and refreshed[-1].lineno < committed[-1].lineno:
        return Told(where=file.at(refreshed[-1]), hint=hint)
    whats = [event.what for event in evidence.events]
    last = whats[::-1].index("COMMIT") if "COMMIT" in whats else 0
    if committed or "COMMIT" not in whats or "SELECT items" in whats[len(whats) - last :]:
        return None
    returned = [each for each in ast.walk(node) if isinstance(each, ast.Return)]
    place = (refreshed or made or returned or [node])[0]
    blocks = [each for each in inside(node) if isinstance(each, ast.With) and each.lineno < place.lineno]
    if made and blocks and not any(place in ast.walk(each) for each in blocks):
        return Told(where=file.at(place), hint="Before this line the row has to be loaded once more.")
    if any(place in ast.walk(each) for each in blocks):
        hint = "The COMMIT comes at the end of this 'with' block. What may still change until then?"
    if place in made and node is not (_unit(evidence) or [None])[-1]:
        hint = "This copies the values before the COMMIT. What may still change in the row, and who loads it again?"
    return Told(where=file.at(place), hint=hint)


def _answering(evidence: Evidence) -> tuple[File, Function, list[ast.Call]] | None:
    """The function that makes the answer, and its calls that do: the endpoint, or one that also writes the item."""
    found = _unit(evidence)
    for _ in range(_MOST_CALLS):
        if found is None:
            break
        file, node = found
        made = calls(node, *_COPIES)
        helpers = [call for call in calls(node, *_makers(evidence, node)) if not made]
        helper = evidence.source.function(name_of(helpers[0])) if helpers else None
        if helper is None or helper[1] is node or not _writes(evidence, helper):
            return file, node, made or helpers
        found = helper
    return None


def _makers(evidence: Evidence, node: Function) -> list[str]:
    """The names of the learner's own functions that one calls, and that make an answer of an item or lead to it."""
    named = {name_of(each) for each in inside(node) if isinstance(each, ast.Call) and not of_a_session(each)}
    found = {name: evidence.source.function(name) for name in named if name}
    chains = {name: evidence.source.reached(*each, evidence.given) for name, each in found.items() if each}
    return [name for name, chain in chains.items() if any(calls(each, *_COPIES) for _, each in chain)]


def _writes(evidence: Evidence, found: tuple[File, Function]) -> bool:
    chain = evidence.source.reached(*found, evidence.given)
    return any(calls(node, "add_item", "add_event") for _, node in chain)


@reading("the answer shows some of the new items only", "create_answers_201")
def answers_for_some(evidence: Evidence) -> Told | None:
    """A return ends the function, also in the first turn of a loop. The client wants to see each of its items."""
    actual, expected = evidence.actual, evidence.expected
    if not isinstance(actual, list) or not isinstance(expected, list) or not evidence.saw.startswith("the answer: "):
        return None
    if len(actual) >= len(expected):
        return None
    for file, node in _units(evidence):
        for each in [one for loop in _loops(node) for one in ast.walk(loop) if isinstance(one, ast.Return)]:
            hint = "This line stands in the loop, and a return ends the function. How many items are in the answer?"
            return Told(saw=_so_many(actual, expected), where=file.at(each), hint=hint)
    found = _unit(evidence)
    hint = "How many items does this line put into the answer?"
    return Told(saw=_so_many(actual, expected), where=given_back(*found), hint=hint) if found else None


def _so_many(actual: list[Any], expected: list[Any]) -> str:
    return f"the answer shows {len(actual)} of the {len(expected)} new items"


@reading("the answer is not what was made", "create_answers_201", _BATCH)
def answered_otherwise(evidence: Evidence) -> Told | None:
    """The client is promised the new item, or the list of the new items, with all fields and their own ids."""
    found = endpoint_of(evidence)
    actual, expected = evidence.actual, evidence.expected
    refused = "ResponseValidationError: response" in evidence.saw and "app/schemas.py" in evidence.given
    if found is None or not (refused or re.match("the answer: |ids in the answer", evidence.saw)):
        return None
    left_out = re.search(r"response(?:\.\d+)?\.(\w+): Field required", evidence.saw)
    if left_out is not None:
        hint = f"The client is promised '{left_out[1]}', too. Which method of ItemRead reads all of an item?"
        return Told(where=given_back(*found[:2]), hint=hint)
    batch = request_of(evidence)[1].endswith("/batch")
    what = "the new items, each with its own id" if batch else "the new item, with its id"
    in_a_loop = [(file, each) for file, node in _units(evidence) for loop in _loops(node) for each in ast.walk(loop)]
    in_a_loop = [place for place in in_a_loop if isinstance(place[1], ast.Return)]
    if batch and in_a_loop:
        hint = "This line stands in the loop, and a return ends the function. How many items are in the answer?"
        return Told(where=_at(in_a_loop[0]), hint=hint)
    if evidence.saw.startswith("ids") or "not the id of a new item" in evidence.saw:
        said = [(file, value) for file, node in _units(evidence) for value in _ids_said(node)]
        hint = "Whose id does this line put into the answer?"
        return Told(where=_at(said[0]), hint=hint) if len(said) == 1 else None
    if not refused and _shape(actual) == _shape(expected):
        return None
    return Told(where=given_back(*found[:2]), hint=f"The client wants to see {what}. What does this endpoint return?")


def _shape(value: Any) -> Any:
    """What can be told of a value without what it says: its type, that of what is in it, the names of fields."""
    if isinstance(value, list):
        return "list", *map(_shape, value[:1])
    return sorted(map(str, value)) if isinstance(value, dict) else type(value)


def _ids_said(node: Function) -> list[ast.expr]:
    """What is handed over as an id in a function that makes an answer."""
    found = [each.value for call in calls(node, "ItemRead", "dict") for each in call.keywords if each.arg == "id"]
    for each in inside(node):
        if isinstance(each, ast.Dict):
            found += [value for key, value in zip(each.keys, each.values, strict=True) if text_of(key) == "'id'"]
    return found


@reading("a name that must be new", "create_answers_201")
def name_has_to_be_new(evidence: Evidence) -> Told | None:
    """Two items may have the same name. Each request makes a new item."""
    for event in evidence.events_of("SELECT items"):
        condition = event.sql.lower().replace("\n", " ").partition(" where ")[2]
        if re.search(r"\bname\b", condition) and event.where and "another item" in " ".join(evidence.did):
            return Told(where=event.where, hint="Names may repeat, and each request makes a new item.")
    return None


@reading("begin() in a session that has already begun", "create_answers_201", _BATCH)
def begun_after_a_read(evidence: Evidence) -> Told | None:
    """A session begins a transaction by itself as soon as you use it. A begin() after that, or inside another begin(),
    raises an error."""
    raised = evidence.raised_kind("InvalidRequestError")
    if raised is None or "already begun" not in raised.message:
        return None
    where, hint = innermost(raised, evidence.given), "Any use of the session begins a transaction. "
    hint += "Which line before this one did so? Is it needed there?"
    outer, within = _begun_around(evidence, raised) or (0, where)
    if outer:
        inner = "this line begins another one"
        if within != where:
            name, _, number = where.rpartition(":")
            there = f"line {number}" if within.startswith(f"{name}:") else f"line {number} of {name}"
            inner = f"this line leads to another begin(), in {there}"
        hint = f"Line {outer} has begun a transaction, and {inner}. Which of the two holds all that is saved together?"
    return Told(where=within, wanted=evidence.wanted.partition(":")[0], hint=hint)


def _begun_around(evidence: Evidence, raised: Raised) -> tuple[int, str] | None:
    """The line that began the transaction in which another begin() failed, and the line there that led to it."""
    for where in raised.lines:
        file, line = evidence.source.file(where.rpartition(":")[0]), int(where.rpartition(":")[2])
        around = evidence.source.function(file.function_at(line), file.name)
        for each in inside(around[1]) if around else ():
            call = each.items[0].context_expr if isinstance(each, ast.With) else getattr(each, "value", None)
            body = each.body if isinstance(each, ast.With) else []
            holds = bool(body) and body[0].lineno <= line <= (body[-1].end_lineno or 0)
            if isinstance(each, ast.Expr) and isinstance(call, ast.Call) and name_of(call) == "begin":
                holds = call.lineno < line
            if holds and isinstance(call, ast.Call) and _begins(evidence, file, call):
                return call.lineno, where
    return None


def _begins(evidence: Evidence, file: File, call: ast.Call) -> bool:
    """Whether a call begins a transaction: a session's own begin(), or a function of the learner's that leads to it."""
    if name_of(call) == "begin":
        return of_a_session(call)
    found = evidence.source.function(name_of(call), file.name) or evidence.source.function(name_of(call))
    chain = evidence.source.reached(*found, evidence.given) if found else []
    return any(of_a_session(each) for _, node in chain for each in calls(node, "begin"))


def _leads_to(evidence: Evidence, name: str) -> list[tuple[File, Function]]:
    """One of the two helpers, and the learner's functions that it leads to."""
    found = evidence.source.named(name, "app/crud_uow.py")
    return evidence.source.reached(*found, evidence.given) if found else []


def _ids_read(node: Function) -> list[ast.AST]:
    """Where a function reads the id of something that it was given."""
    given = {*arguments_of(node)} - {"self", "cls"}
    return [each for each in inside(node) if isinstance(each, ast.Attribute) and _is_id_of(each, given)]


def _flushed_before_it_adds(node: Function) -> list[ast.Call]:
    """The calls of flush() in a function, if all of them come before it adds anything."""
    added, flushed = calls(node, "add", "add_all"), calls(node, "flush")
    return flushed if added and all(each.lineno < added[0].lineno for each in flushed) else []


def _is_id_of(node: ast.Attribute, names: set[str]) -> bool:
    return node.attr == "id" and name_of(node.value) in names


_WITHOUT_IDS = "bulk_save_objects", "bulk_insert_mappings"


def _added_in_the_endpoint(evidence: Evidence) -> Told | None:
    """Of items that an endpoint adds by itself, without add_item: the line that leaves them without an id."""
    if not _NO_ITEM_ID.search(evidence.saw) or _calls(evidence, "add_item") or not _calls(evidence, "Item"):
        return None
    saw = f"{evidence.saw}; the item had no id yet"
    another = _another_row(_units(evidence), "item") if evidence.sent("INSERT items") else None
    if another is not None:
        return Told(saw=saw.removesuffix(" yet"), where=another[0], hint=another[1])
    added = [each for each in _calls(evidence, "add", "add_all") if "vent" not in text_of(each[1])]
    if len(added) != 1 or _calls(evidence, "flush"):
        return None
    return Told(saw=saw, where=_at(added[0]), hint="When do the items get their ids? Something has to be sent first.")


@reading("an event before there is an id", "create_answers_201", _BATCH, _ADDS)
def no_flush(evidence: Evidence) -> Told | None:
    """The database assigns the id when the INSERT is sent. Before a flush there is no id."""
    in_the_endpoint = _added_in_the_endpoint(evidence)
    if in_the_endpoint is not None:
        return in_the_endpoint
    adding, telling = _leads_to(evidence, "add_item"), _leads_to(evidence, "add_event")
    own = [place for place in adding if place not in telling]
    # What both of them call is right for one of them; then it is the call that counts.
    shared = [node.name for _, node in adding if node not in [node for _, node in own]]
    added = [(file, call) for file, node in own for call in calls(node, "add", "add_all", *shared)]
    flushed = [call for _, node in adding for call in calls(node, "flush")]
    early = [(file, each) for file, node in own for each in _flushed_before_it_adds(node)]
    tests = [(file, each) for file, node in adding for each in inside(node) if isinstance(each, ast.If)]
    tests = [place for place in tests if any(call in ast.walk(place[1]) for call in flushed)]
    if not _NO_ITEM_ID.search(evidence.saw) or not added or len(tests) + len(early) < len(flushed):
        return None
    saw = f"{evidence.saw}; the item had no id yet"
    if early:
        return Told(saw=saw, where=_at(early[0]), hint="flush() sends what was added by then. What was added by then?")
    named = _not_called(adding, "flush")
    if named is not None:
        return replace(named, saw=saw)
    for file, node in own:
        for call in calls(node, "rollback", "expunge", "expunge_all") if not flushed else ():
            if of_a_session(call) and any(each.lineno < call.lineno for _, each in added):
                hint = f"{name_of(call)}() takes out of the session what was added. What sends it?"
                return Told(saw=saw, where=file.at(call), hint=hint)
    if tests:
        in_own = any(tests[0][1] in ast.walk(node) for _, node in own)
        hint = "When an item is added, does this lead to the flush()?"
        return Told(saw=saw, where=_at(tests[0] if in_own else added[0]), hint=hint)
    for file, node in telling:
        for read in _ids_read(node)[:1]:
            if any(call.lineno > getattr(read, "lineno", 0) for call in calls(node, "flush")):
                hint = "The id is read here. Which line makes the database give the item one, and when does it run?"
                return Told(saw=saw, where=file.at(read), hint=hint)
    return Told(saw=saw, where=_at(added[0]), hint="When does the item get its id? Something has to be sent first.")
