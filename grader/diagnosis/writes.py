"""In the child: more mistakes in functions that write an item: what keeps a write from happening, or changes it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.crud import asked_for, calls_in, function_of, of_the_model, reached
from grader.diagnosis.endpoints import behind, own_line
from grader.diagnosis.evidence import Event, Evidence
from grader.diagnosis.names import types_of_parameters
from grader.diagnosis.reading import Told, an, reading
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
    text_of,
)

_WRITES = "INSERT", "UPDATE", "DELETE"
_SAVES = "create_persists", "update_persists", "delete_persists"
_UPDATES = (
    *("update_persists", "update_refreshes", "update_null_clears", "update_keeps_omitted_fields"),
    *("update_empty_string_is_a_value", "patch_keeps_omitted_fields", "patch_null_clears"),
)
_SENT = re.compile(r"\b(name|description)=('(?:[^'\\]|\\.)*'|None)(?=[,)])")


@reading("an existing item is used instead of a new one", "create_persists")
def existing_returned(evidence: Evidence) -> Told | None:
    """Names may repeat: each call of create_item stores a new row, whatever is there already."""
    looked = [event for event in evidence.events_of("SELECT items") if event.where and " where " in event.words]
    if not looked or evidence.sent(*_WRITES) or evidence.raised or not calls_in(evidence, "add", "add_all", "insert"):
        return None
    return Told(
        saw="a SELECT looked for an item that is there already, and after it no INSERT was sent",
        where=own_line(evidence, looked[0].where),
        hint="Names may repeat: each call stores a new item. What is this line looking for?",
        why="Two lamps are two rows. Whoever creates one has to get a new one.",
    )


@reading("the function ends before it writes", *_SAVES, "update_null_clears", "update_empty_string_is_a_value")
def returned_early(evidence: Evidence) -> Told | None:
    """A return under a condition leaves the function before anything was sent or saved."""
    if evidence.sent(*_WRITES, "COMMIT") or evidence.raised:
        return None
    found = []
    for file, node in reached(evidence):
        written = calls(node, "add", "delete", "execute", "commit", "setattr", "merge")
        for each in [each for each in inside(node) if isinstance(each, ast.If)]:
            leaves = [inner for inner in each.body if isinstance(inner, ast.Return)]
            if leaves and written and each.lineno < written[-1].lineno:
                found.append((file, each))
    if len(found) != 1:
        return None
    file, condition = found[0]
    return Told(
        saw=f"{evidence.saw}; no {_statement(evidence)} reached the database, and there was no COMMIT",
        where=file.at(condition),
        hint="Which calls leave the function here, before anything is written?",
    )


def _statement(evidence: Evidence) -> str:
    """The statement that a rule waits for."""
    return {"create": "INSERT", "delete": "DELETE"}.get(evidence.rule.partition("_")[0], "UPDATE")


@reading("a savepoint instead of a transaction", *_SAVES)
def only_a_savepoint(evidence: Evidence) -> Told | None:
    """begin_nested() makes a savepoint within the transaction; its end saves nothing."""
    nested = calls_in(evidence, "begin_nested")
    if not nested or evidence.raised or evidence.sent("COMMIT") or calls_in(evidence, "commit"):
        return None
    return Told(
        saw="the savepoint was released, but no COMMIT was sent",
        where=nested[0][0].at(nested[0][1]),
        hint="A savepoint is a part of a transaction. What ends the transaction itself, and keeps it?",
    )


@reading("a query that does not load the row anew", "create_refreshes", "update_refreshes")
def not_loaded_anew(evidence: Evidence) -> Told | None:
    """With expire_on_commit=False a query gives the object that the session has, with the values that it had."""
    commits = [n for n, event in enumerate(evidence.events) if event.what == "COMMIT"]
    late = evidence.events[commits[-1] :] if commits else []
    selects = [event for event in late if event.what.startswith("SELECT items") and event.where]
    if not selects or "the item shows" not in evidence.saw or "refresh" in evidence.source.line(selects[-1].where):
        return None
    for file in evidence.source.files():
        for node in file.nodes:
            if isinstance(node, ast.Call) and text_of(keyword(node, "expire_on_commit")) == "False":
                return Told(
                    saw=f"{evidence.saw}; the SELECT after the COMMIT left the object as it was, because "
                    "of expire_on_commit=False",
                    where=own_line(evidence, selects[-1].where),
                    hint="The session has this object already, and a query does not overwrite it. What does?",
                )
    return None


@reading("a value is changed on its way to the row", *_SAVES[:2], "update_empty_string_is_a_value")
def value_changed(evidence: Evidence) -> Told | None:
    """What was sent is stored as it was sent: what a text may be is decided by the schemas."""
    write = next((event for event in reversed(evidence.events) if event.what.startswith(_WRITES[:2])), None)
    field, value = _changed(evidence, write) if write is not None else ("", None)
    if not field:
        return None
    nodes = [(file, each) for file, function in reached(evidence) for each in inside(function)]
    for file, node in nodes:
        leaves_out = isinstance(node, ast.If) and any(isinstance(each, ast.Continue) for each in node.body)
        tests = [node.test] if isinstance(node, ast.If) and leaves_out else getattr(node, "ifs", [])
        named = [each for each in tests if re.search(rf"['\"]{field}['\"]", text_of(each))]
        if named:
            return Told(where=file.at(named[0]), hint=f"The {field} was sent. Does it get past this line?")
    meant = {f"{field}|value": nodes}
    for file, function in of_the_model(evidence, field):
        arguments = [each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)]
        key = "|".join([field, "value", *(each for each in arguments if each not in _NO_VALUES)])
        meant.setdefault(key, []).extend((file, each) for each in inside(function))
    for words, file, node in [(words, *place) for words, places in meant.items() for place in places]:
        text = text_of(node) if isinstance(node, ast.expr) else ""
        about = re.search(rf"\b({words})\b", text)
        method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and name_of(node) in _TEXT_METHODS
        cut = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)
        either = isinstance(node, ast.BoolOp | ast.IfExp)
        if about and (method or cut or either):
            hint = f"The {field} that was sent is {value!r}. What does this line do with it?"
            return Told(where=file.at(node), hint=hint)
    return None


_NO_VALUES = "self", "key", "target", "dialect", "initiator"
_TEXT_METHODS = {
    "strip",
    "lstrip",
    "rstrip",
    "lower",
    "upper",
    "title",
    "capitalize",
    "casefold",
    "replace",
    "swapcase",
}


def _changed(evidence: Evidence, write: Event) -> tuple[str, str | None]:
    """The field that was sent and is not among what went to the database, and what was sent."""
    values = _flat(write.parameters)
    for field, text in _SENT.findall("".join(evidence.did[-1:])):
        value = ast.literal_eval(text)
        if value not in values:
            return field, value
    return "", None


def _flat(parameters: Any) -> list[Any]:
    """The values of the parameters of a statement, be they in a tuple, a dictionary or a list of these."""
    if isinstance(parameters, dict):
        return list(parameters.values())
    if isinstance(parameters, list | tuple):
        return [value for each in parameters for value in (_flat(each) if isinstance(each, dict | tuple) else [each])]
    return []


@reading("a copy is changed, not the item", *_UPDATES)
def copy_changed(evidence: Evidence) -> Told | None:
    """A copy is an object of its own: no session has loaded it, and what is set on it reaches no row."""
    if evidence.raised or evidence.sent("UPDATE"):
        return None
    hint = "A copy is not the row that the session has loaded. Which call changes the item itself?"
    for file, function in reached(evidence):
        for call in calls(function, "model_copy", "copy"):
            if keyword(call, "update") is not None and re.search(r"\b(db_)?item\.", text_of(call.func)):
                saw = f"no UPDATE was sent: {name_of(call)}() changes a copy of the item"
                return Told(saw=saw, where=file.at(call), hint=hint)
        for node in [each for each in inside(function) if isinstance(each, ast.Assign)]:
            made = name_of(node.value) in ("model_copy", "copy", "deepcopy") and isinstance(node.value, ast.Call)
            if not made or not re.search(r"\b(db_)?item\b", text_of(node.value)):
                continue
            changed = calls(function, "setattr", "add", "merge", "sqlmodel_update", "update", "refresh")
            copied = name_of(node.targets[0])
            if not any(re.search(rf"\b{copied}\b", text_of(each)) for each in changed):
                continue
            saw = "no UPDATE was sent: what was changed is a copy of the item"
            return Told(saw=saw, where=file.at(node), hint=hint)
    return None


@reading("what was sent is changed, not the item", *_UPDATES)
def input_changed(evidence: Evidence) -> Told | None:
    """A session watches the items that it has loaded. What is set on the schema of a request reaches no row."""
    if evidence.raised or evidence.sent("UPDATE"):
        return None
    for file, function in reached(evidence):
        every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        sent = {each.arg for each in every if re.search(r"\bItemUpdate\b", text_of(each.annotation))}
        if asked_for(evidence) == "update_item" and len(every) == 3 and not every[2].annotation:
            sent.add(every[2].arg)  # update_item(db, item, data)
        sets = [(each, each.args[0]) for each in calls(function, "setattr") if each.args]
        for each in [each for each in inside(function) if isinstance(each, ast.Assign)]:
            sets += [(each, one.value) for one in each.targets if isinstance(one, ast.Attribute)]  # type: ignore[misc]
        changed = [(each, name_of(owner)) for each, owner in sets if isinstance(owner, ast.Name)]
        if changed and all(name in sent for _, name in changed):
            saw = f"no UPDATE was sent: what was changed is {changed[0][1]}, not the item"
            hint = f"{changed[0][1]} is what the client has sent. Which object is the row?"
            return Told(saw=saw, where=file.at(changed[0][0]), hint=hint)
    return None


_NO_VALUE = r"type '(?:[\w.]+\.)?(\w+)' is not supported|adapt type '(?:[\w.]+\.)?(\w+)'"


@reading("a column gets more than its value")
def no_value_of_a_column(evidence: Evidence) -> Told | None:
    """A column holds a text or a number. All that was sent, or a name with its value, is none."""
    raised = evidence.raised_kind("ProgrammingError", "InterfaceError", "StatementError")
    found = re.search(_NO_VALUE, raised.message) if raised and raised.told in evidence.saw else None
    in_pairs = any(str(value).startswith(f"({name},") for name, value in by_field(evidence.actual).items())
    kind = (found[1] or found[2]) if found else "tuple" if in_pairs else ""  # PostgreSQL makes a text of a tuple
    if not kind or (raised is not None and not re.search(r"\[SQL: (INSERT|UPDATE)", raised.message)):
        return None
    source, lines = evidence.source, raised.lines if raised else ()
    through = [source.function(source.function_of(each), each.rpartition(":")[0]) for each in lines]
    places = [each for each in [*through, *reached(evidence), *behind(evidence)] if each]
    places = [(file, node) for file, node in places if file.name not in evidence.given]
    written = {id(value): (file, node, value) for file, node in places for value in _written_in(evidence, node)}
    of_this = [place for place in written.values() if kind == _kind_of(evidence, *place)]
    for file, _, value in of_this if len(of_this) == 1 else written.values() if len(written) == 1 else ():
        shown = f"'{text_of(value)}'" if isinstance(value, ast.Name) else text_of(value)
        what = f"{shown} is {an(kind)}"
        asks = "Which part of it belongs here?"
        if "method" in kind or kind == "function":
            what, asks = f"{shown} is named here, and not called", "What is the value?"
        elif evidence.source.class_(kind) is not None or kind == "dict":
            asks = "Which value of it belongs here?"
        return Told(where=file.at(value), hint=f"A column holds one value, and {what}. {asks}")
    return None


def _written_in(evidence: Evidence, function: Function) -> Iterator[ast.expr]:
    """What a function gives the attributes of a row: by setattr, by an assignment, when it makes the row."""
    for each in inside(function):
        if isinstance(each, ast.Call) and name_of(each) == "setattr":
            yield from each.args[2:]
        elif isinstance(each, ast.Call) and (name_of(each) == "values" or evidence.source.class_(name_of(each))):
            yield from (one.value for one in each.keywords if one.arg)
        elif isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Attribute):
            yield each.value


def _kind_of(evidence: Evidence, file: File, function: Function, value: ast.expr) -> str:
    """Of what type a value is, as far as the source tells; empty where it does not."""
    types = types_of_parameters(evidence.source, file, function)
    last = name_of(value)
    if isinstance(value, ast.Name):
        for each in inside(function):
            if isinstance(each, ast.For) and name_of(each.target) == value.id:
                return "tuple" if name_of(each.iter) == "items" or types.get(name_of(each.iter)) else ""
            if isinstance(each, ast.Assign) and name_of(each.targets[0]) == value.id:
                return _kind_of(evidence, file, function, each.value) if value not in inside(each) else ""
        return types.get(value.id, "")
    if isinstance(value, ast.Call):
        return "dict" if last in ("model_dump", "dict") else last if evidence.source.class_(last) else ""
    kind = type(value).__name__.lower()
    return "set" if last == "model_fields_set" else kind if kind in ("dict", "tuple", "list", "set") else ""


@reading("a value is written to another field")
def written_to_another_field(evidence: Evidence) -> Told | None:
    """A line gives one field what belongs to the other: by a slip, or in every turn of a loop."""
    actual, expected = by_field(evidence.actual), by_field(evidence.expected)
    for field, other in (("name", "description"), ("description", "name")):
        value = expected.get(other)
        crossed = actual.get(field) == value != expected.get(field)
        # In the last turn of a loop the right value may have come over the wrong one.
        covered = field in actual and actual[field] == expected.get(field) and actual.get(other) != value
        if not isinstance(value, str) or not (crossed or covered):
            continue
        found = [
            (file, node, hint)
            for file, function in reached(evidence)
            for node, hint in _writes_across(evidence, function, field, other)
            if crossed or (hint == _WHICH_FIELD and not _chooses(function))
        ]
        if len({file.at(node) for file, node, _ in found}) == 1:
            file, node, hint = found[0]
            saw = f"{evidence.saw}; the line below writes {value!r}, the {other}, to the {field}"
            return Told(saw=saw, where=file.at(node), hint=hint)
    return None


_WHICH_FIELD = "Which field does this line write, in each turn of the loop?"


def _chooses(function: Function) -> bool:
    """Whether a function may leave out some of the fields."""
    nodes = inside(function)
    some = any(isinstance(each, ast.keyword) and each.arg in ("include", "exclude") for each in nodes)
    return some or any(isinstance(each, ast.If | ast.Match) or getattr(each, "ifs", None) for each in nodes)


def by_field(value: Any) -> dict[str, Any]:
    """The fields of what was compared: as they are, or of the one row that there is."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list | tuple) and len(value[0]) == 2:
        return {"name": value[0][0], "description": value[0][1]}
    return value if isinstance(value, dict) else {}


def _writes_across(evidence: Evidence, function: Function, field: str, other: str) -> list[tuple[ast.AST, str]]:
    """Where a function gives a field what belongs to the other one, each with what there is to ask."""
    loops = [each for each in inside(function) if isinstance(each, ast.For)]
    found: list[tuple[ast.AST, str]] = []
    for target, value in _given_to_fields(evidence, function):
        around = [each for each in loops if any(value is part for part in inside(each))]
        turns = {part.id for each in around for part in ast.walk(each.target) if isinstance(part, ast.Name)}
        used = {part.id for part in ast.walk(value) if isinstance(part, ast.Name)}
        named = _fields_named(value, turns)
        if target == field and named == {other}:
            found.append((value, f"Where does this line take the {field} from?"))
        elif target == field and not named and turns & used:
            found.append((value, _WHICH_FIELD))
        elif target[1:] in turns and target.startswith("*") and named == {other} and not turns & used:
            found.append((value, "Which value does this line write, in each turn of the loop?"))
    return found


def _given_to_fields(evidence: Evidence, function: Function) -> list[tuple[str, ast.expr]]:
    """What a function gives to fields: its name, or ``*`` and the variable that holds it, and the value."""
    found: list[tuple[str, ast.expr]] = []
    for node in inside(function):
        if isinstance(node, ast.Call) and name_of(node) in ("setattr", "__setattr__") and len(node.args) > 1:
            found.append((_key(node.args[-2]), node.args[-1]))
        elif isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
            helper = evidence.source.function(name_of(node))
            found += zip(arguments_of(helper[1]), node.args, strict=False) if helper else []
        elif isinstance(node, ast.keyword) and node.arg is not None:
            found.append((node.arg, node.value))
        elif isinstance(node, ast.Dict):
            found += [(_key(key), value) for key, value in zip(node.keys, node.values, strict=True) if key is not None]
        elif isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
                pairs = [*zip(target.elts, value.elts, strict=True)]
            for one, each in pairs:
                named = one.attr if isinstance(one, ast.Attribute) else ""
                found.append((_key(one.slice) if isinstance(one, ast.Subscript) else named, each))
    return found


def _key(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else f"*{name_of(node)}"


def _fields_named(value: ast.expr, turns: set[str]) -> set[str]:
    """The fields that an expression names, but for variables of a loop that are called like one."""
    named = {part.attr for part in ast.walk(value) if isinstance(part, ast.Attribute)}
    named |= {str(part.value) for part in ast.walk(value) if isinstance(part, ast.Constant)}
    named |= {part.id for part in ast.walk(value) if isinstance(part, ast.Name)} - turns
    return named & {"name", "description"}


@reading("a field is left out", *_SAVES[:2], "update_null_clears", "update_keeps_omitted_fields")
def field_left_out(evidence: Evidence) -> Told | None:
    """model_dump() gives only the fields that include= and exclude= leave."""
    for file, call in calls_in(evidence, "model_dump", "dict"):
        for option in ("include", "exclude"):
            value = keyword(call, option)
            if isinstance(value, ast.Name):
                bound = evidence.source.bound(value.id, file)
                value = getattr(bound[1], "value", None) if bound else None
                file = bound[0] if bound else file
            sent = {field for field, _ in _SENT.findall("".join(evidence.did[-1:]))}
            lost = {each for each in sent if (f"'{each}'" in text_of(value)) == (option == "exclude")}
            if value is not None and lost:
                hint = f"The {min(lost)} was sent. Does it come through this line?"
                return Told(where=file.at(value), hint=hint)
    return None


@reading("only listed fields get through", *_SAVES[:2], "update_null_clears", "update_keeps_omitted_fields")
def field_not_listed(evidence: Evidence) -> Told | None:
    """A condition lets only the fields of a list through, and one that was sent is not in it."""
    sent = {field for field, _ in _SENT.findall("".join(evidence.did[-1:]))}
    for file, node in [(file, node) for file, function in reached(evidence) for node in inside(function)]:
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.In | ast.NotIn):
            continue
        listed: ast.expr | None = node.comparators[0]
        bound = evidence.source.bound(listed.id, file) if isinstance(listed, ast.Name) else None
        listed = getattr(bound[1], "value", None) if bound else listed
        texts = [each for each in ast.walk(listed) if isinstance(each, ast.Constant)] if listed is not None else []
        named = {str(each.value) for each in texts} & {"name", "description"}
        lets_through = isinstance(node.ops[0], ast.In)
        lost = {each for each in sent if named and (each in named) != lets_through}
        lost = {each for each in lost if _differs(evidence, each)}
        if lost and not evidence.raised and not isinstance(node.left, ast.Constant):
            place = bound or (file, node)
            return Told(where=place[0].at(place[1]), hint=f"The {min(lost)} was sent. Does it get past this?")
    return None


def _differs(evidence: Evidence, field: str) -> bool:
    """Whether a field of what was seen is not as it should be."""
    if isinstance(evidence.actual, dict) and isinstance(evidence.expected, dict):
        return bool(evidence.actual.get(field) != evidence.expected.get(field))
    return field in evidence.saw


@reading("deleted under a condition", "delete_persists")
def deleted_conditionally(evidence: Evidence) -> Told | None:
    """Whoever calls delete_item wants this item deleted, whatever is in it."""
    if not reached(evidence) or evidence.sent("DELETE") or evidence.raised:
        return None
    deleting = calls_in(evidence, "delete")
    for file, node in [(file, node) for file, function in reached(evidence) for node in inside(function)]:
        if isinstance(node, ast.If) and deleting and all(call in ast.walk(node) for _, call in deleting):
            hint = "When is this true? Try it with what is stored above."
            return Told(saw=f"{evidence.saw}; no DELETE was sent", where=file.at(node), hint=hint)
    return None


@reading("nothing is deleted", "delete_persists")
def nothing_deleted(evidence: Evidence) -> Told | None:
    """A row is gone only when the database was told to delete it."""
    found = reached(evidence)
    if not found or evidence.sent("DELETE") or evidence.raised or calls_in(evidence, "delete", "text", "execute"):
        return None
    file, node = found[0]
    hint, saw = "Which line tells the session that this row is to be deleted?", f"{evidence.saw}; no DELETE was sent"
    changes = [each for each in inside(node) if _sets(each, "")] if evidence.sent("UPDATE") else []
    if len(changes) == 1:
        hint = "This line writes into the row, and the row stays. What takes it away?"
        return Told(saw=saw, where=file.at(changes[0]), hint=hint)
    if not evidence.sent("UPDATE"):
        for within, function in found:
            for instead, does in _in_python_alone(evidence, function):
                return Told(saw=saw, where=within.at(instead), hint=f"{does} {hint}")
    return Told(saw=saw, where=file.at(node), hint=hint)


def _value(node: ast.AST) -> ast.AST | None:
    """What a statement gives to a name; None for one that gives nothing."""
    return getattr(node, "value", None)


_OUT_OF_A_LIST = "This takes the item out of a Python list, and the row is still there."
_NO_COLUMN = "'{}' is no column of Item, so setting it changes nothing in the database."


def _in_python_alone(evidence: Evidence, function: Function) -> Iterator[tuple[ast.AST, str]]:
    """What is done with an item that no database hears of, and what to say of it: ``item.deleted_at = now()``."""
    given = {*arguments_of(function)} - {"db", "session", "self"}
    columns = {"id", "name", "description", *evidence.source.declared_in(evidence.source.class_("Item"))}
    for node in inside(function):
        if isinstance(node, ast.Assign | ast.Delete):
            for each in node.targets:
                if isinstance(node, ast.Delete) and isinstance(each, ast.Name) and each.id in given:
                    yield node, f"del takes the name '{each.id}' away, and the row is still there."
                elif isinstance(each, ast.Name) and each.id in given and isinstance(_value(node), ast.Constant):
                    yield node, f"This line is about the name '{each.id}' alone, and the row is still there."
                elif isinstance(each, ast.Attribute) and name_of(each.value) in given and each.attr not in columns:
                    yield node, _NO_COLUMN.format(each.attr)
        if isinstance(node, ast.Call) and name_of(node) == "setattr" and len(node.args) == 3:
            named = node.args[1].value if isinstance(node.args[1], ast.Constant) else None
            if name_of(node.args[0]) in given and isinstance(named, str) and named not in columns:
                yield node, _NO_COLUMN.format(named)
        if isinstance(node, ast.Call) and name_of(node) == "remove" and not of_a_session(node):
            taken = any(name_of(each) in given for each in node.args)
            yield from [(node, _OUT_OF_A_LIST)] if taken else []


@reading("a deletion that is taken back", "delete_persists", "delete_answers_204")
def deletion_taken_back(evidence: Evidence) -> Told | None:
    """delete() only marks an item. Until the next flush, add() and rollback() take the mark away again."""
    if evidence.raised or evidence.sent("DELETE") or not calls_in(evidence, "delete"):
        return None
    for file, node in reached(evidence):
        steps = sorted(_steps(evidence, node), key=lambda each: each[0])
        first = next((at for at, (_, does, _) in enumerate(steps) if "delete" in does), len(steps))
        if file.name in evidence.given or (first < len(steps) and len(steps[first][1] & {"delete", *_TAKE_BACK}) > 1):
            continue
        deleted = {text_of(each) for *_, call in steps[first : first + 1] for each in call.args} - {"db", "session"}
        for _, does, call in steps[first + 1 :]:
            back = next((each for each in _TAKE_BACK if each in does), "")
            same = {text_of(each) for argument in call.args for each in ast.walk(argument)} & deleted
            if back and (same or not back.startswith("add")):
                what = f"{back}()" if name_of(call) == back else f"{name_of(call)}() calls {back}(), and that"
                hint = f"{what} comes after delete(). What happens to an item that was only marked as deleted?"
                saw = f"{evidence.saw}; no DELETE was sent"
                return Told(
                    saw=saw, where=file.at(call), hint=hint, why="What was deleted has to be gone for everybody."
                )
            if does & {"commit", "flush"}:
                break
    return None


_TAKE_BACK = "add", "add_all", "rollback", "close", "reset"


def _steps(evidence: Evidence, function: Function) -> Iterator[tuple[tuple[int, int], frozenset[str], ast.Call]]:
    """What a function does with its session, by its own calls or in its helpers: where, what, and the call.

    What stands above the block of a ``with`` is done where the block ends.
    """
    on_errors = _in_handlers(function)
    ends = {
        id(item.context_expr): (node.end_lineno or 0, 1)
        for node in inside(function)
        if isinstance(node, ast.With)
        for item in node.items
    }
    for call in [each for each in inside(function) if isinstance(each, ast.Call) and id(each) not in on_errors]:
        helper = evidence.source.function(name_of(call)) if isinstance(call.func, ast.Name) else None
        does = {name_of(call)} if isinstance(call.func, ast.Attribute) else set()
        for _, node in evidence.source.reached(*helper, evidence.given) if helper else ():
            caught = _in_handlers(node)
            does |= {name_of(each) for each in inside(node) if isinstance(each, ast.Call) and id(each) not in caught}
        yield ends.get(id(call), (call.lineno, 0)), frozenset(does), call


def _in_handlers(function: Function) -> set[int]:
    """The numbers of all that a function does only after an error."""
    return {id(one) for each in inside(function) if isinstance(each, ast.ExceptHandler) for one in ast.walk(each)}


def _around(evidence: Evidence, where: str) -> list[str]:
    """The names of all functions around a place."""
    file, _, line = where.rpartition(":")
    functions = evidence.source.file(file).functions
    return [node.name for node in functions if node.lineno <= int(line) <= (node.end_lineno or node.lineno)]


@reading("refresh() of an item that was deleted", "delete_persists", "delete_answers_204")
def refreshed_after_the_delete(evidence: Evidence) -> Told | None:
    """refresh() loads the item's row. After a DELETE there is none."""
    raised = evidence.raised_kind("InvalidRequestError")
    gone = raised and re.search(r"not persistent|Could not refresh", raised.message)
    if raised is None or not gone or not raised.lines or not evidence.sent("DELETE items"):
        return None
    where = innermost(raised, evidence.given)
    for line in reversed(raised.lines):  # a function that others use as well is right for them
        found = evidence.source.function(evidence.source.function_of(line), line.rpartition(":")[0])
        if found is not None and calls(found[1], "delete"):
            where = line
            break
    called = function_of(evidence)
    for name, decorator in decorators(called[1]) if called else ():
        if name and name in (evidence.source.function_of(where), *_around(evidence, where)):
            where = called[0].at(decorator) if called else where
    method = "expire" if ".expire(" in evidence.source.line(innermost(raised, evidence.given)) else "refresh"
    crash = "a crash: " if evidence.saw.startswith("a crash: ") else ""
    return Told(
        saw=f"{crash}{raised.kind}: {method}() was called for an item whose row was deleted",
        where=where,
        hint=f"The DELETE was sent, and then {method}() was called for the same item. Which row is left then?",
    )


def _sets(node: ast.AST, field: str) -> bool:
    """Whether a node sets a field of an item: this one, or any where none is named."""
    if isinstance(node, ast.Call) and name_of(node) in ("setattr", "sqlmodel_update"):
        named = node.args[1] if name_of(node) == "setattr" and len(node.args) > 1 else None
        return not field or not isinstance(named, ast.Constant) or named.value == field
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = {part.attr for each in targets for part in ast.walk(each) if isinstance(part, ast.Attribute)}
    return bool(names & ({field} if field else {"name", "description"}))


@reading(
    "the function ends within its loop",
    *("update_persists", "update_keeps_omitted_fields", "list_is_ordered", "list_pages", "list_answers_items"),
)
def returned_in_the_loop(evidence: Evidence) -> Told | None:
    """A return in a loop ends the function in its first round: the other fields are never reached."""
    for file, node in [*reached(evidence), *(behind(evidence) if evidence.rule == "list_answers_items" else ())]:
        for loop in [each for each in inside(node) if isinstance(each, ast.For)]:
            leaves = [each for each in ast.walk(loop) if isinstance(each, ast.Return)]
            if (
                evidence.rule.startswith("list_")
                and isinstance(loop.body[-1], ast.Return)
                and not calls(loop.iter, "range")
            ):
                hint = "This stands in the loop, and ends it. How many items has it gone through by then?"
                return Told(where=file.at(loop.body[-1]), hint=hint)
            if leaves and calls(loop, "setattr") and not evidence.raised:
                return Told(where=file.at(leaves[0]), hint="How often does the loop run before this line is reached?")
    return None


@reading("the item is taken out of the session", *_SAVES, "update_refreshes", "create_refreshes")
def taken_out(evidence: Evidence) -> Told | None:
    """An expunged item no longer belongs to the session: its changes are not sent, and it cannot be refreshed."""
    raised = evidence.raised_kind("InvalidRequestError")
    found = calls_in(evidence, "expunge", "expunge_all", "make_transient", "make_transient_to_detached")
    if not found or (evidence.raised and (raised is None or "not persistent" not in raised.message)):
        return None
    file, call = found[0]
    if evidence.sent(*_WRITES) and not _before_the_commit(evidence, file.at(call)):
        return None
    hint, saw = "From here on the session knows nothing of this item. Who sends its changes then?", ""
    if evidence.sent(*_WRITES):
        hint = "From here on the session does not know the item, and cannot load it again. It would have to after "
        hint += "the commit."
    elif evidence.rule == "delete_persists":
        saw = f"{evidence.saw}; no DELETE was sent"
        hint = (
            f"{name_of(call)}() makes the session forget the item; the row stays. What tells the session to delete it?"
        )
    return Told(saw=saw, where=file.at(call), hint=hint)


def _before_the_commit(evidence: Evidence, where: str) -> bool:
    """Whether a line stands above the one that commits, and nothing was loaded after that."""
    commits = [n for n, event in enumerate(evidence.events) if event.what == "COMMIT" and event.where]
    if not commits or not evidence.rule.endswith("_refreshes") or evidence.raised_kind("InvalidRequestError"):
        return False
    file, _, line = evidence.events[commits[-1]].where.rpartition(":")
    late = any(event.what.startswith("SELECT") for event in evidence.events[commits[-1] :])
    return not late and where.rpartition(":")[0] == file and int(where.rpartition(":")[2]) < int(line)


@reading("a value that nobody sent", "create_persists", "update_keeps_omitted_fields")
def value_made_up(evidence: Evidence) -> Told | None:
    """What was not sent is None for a new item, and stays as it is for one that is changed."""
    write = next((event for event in reversed(evidence.events) if event.what.startswith(_WRITES[:2])), None)
    sent = dict(_SENT.findall("".join(evidence.did[-1:])))
    if write is None or evidence.raised or sent.get("description", "None") != "None":
        return None
    known = [ast.literal_eval(text) for text in sent.values()]
    made_up = [value for value in _flat(write.parameters) if isinstance(value, str) and value not in known]
    nodes = [(file, each) for file, function in reached(evidence) for each in inside(function)]
    places = [(file, each) for file, each in nodes if len(made_up) == 1 and _puts_in(each, made_up[0])]
    if not places:
        return None
    hint = "The description is None here. What does this line do with it?"
    if evidence.rule.startswith("update"):
        hint = "Nobody sent a description, and this line puts one in. What happens to the one in the row?"
    return Told(where=places[0][0].at(places[0][1]), hint=hint)


def _puts_in(node: ast.AST, value: str) -> bool:
    """Whether a node gives the description this value."""
    given: list[ast.AST | None] = []
    if isinstance(node, ast.Dict):
        given = [each for key, each in zip(node.keys, node.values, strict=True) if text_of(key) == "'description'"]
    elif isinstance(node, ast.Call):
        given = [keyword(node, "description")]
        if node.args and text_of(node.args[0]) == "'description'":
            given += node.args[1:]
        elif name_of(node) == "setattr" and len(node.args) == 3 and text_of(node.args[1]) == "'description'":
            given += node.args[2:]
    elif isinstance(node, ast.Assign) and re.search(r"\bdescription\b", text_of(node.targets[0])):
        given = [node.value]
    elif isinstance(node, ast.BoolOp | ast.IfExp) and re.search(r"\b(description|value)\b", text_of(node)):
        given = [node]
    parts = [part for each in given if each is not None for part in ast.walk(each)]
    return any(isinstance(part, ast.Constant) and part.value == value for part in parts)


@reading("written under a condition", *_SAVES[:2], *_UPDATES[2:5])
def written_conditionally(evidence: Evidence) -> Told | None:
    """What was sent is written, whatever else was sent with it and whatever the row held before."""
    write = next((event for event in reversed(evidence.events) if event.what.startswith(_WRITES[:2])), None)
    fields = [field for field, _ in _SENT.findall("".join(evidence.did[-1:]))]
    field = _changed(evidence, write)[0] if write is not None else fields[0] if len(fields) == 1 else ""
    if evidence.raised or (write is not None and not field):
        return None
    found: dict[tuple[int, str], tuple[File, ast.AST]] = {}
    always = False
    for file, each in [(file, each) for file, function in reached(evidence) for each in inside(function)]:
        if isinstance(each, ast.comprehension) and each.ifs:
            found[id(each), "filter"] = file, each.ifs[0]
    filters = dict(found)
    for file, function in reached(evidence):
        for each in inside(function):
            if _sets(each, field) or _stores(each, evidence.rule):
                around = _conditions(function, each)
                always = always or not around
                found |= {(id(condition), branch): (file, condition) for condition, branch in around}
    if always:  # what it writes has perhaps passed a filter
        found = filters
    if len(found) > 1:
        found = {key: place for key, place in found.items() if not _asks_for(place[1], fields)}
    if len(found) != 1:
        return None
    file, condition = next(iter(found.values()))
    saw, hint = f"no {_statement(evidence)} was sent", "When is this true? Try it with what was stored and sent above."
    if write is not None:
        saw = f"the {field} was not written"
        if len(fields) == 2 and _is_elif(file, condition):
            hint = "Both fields were sent. Does Python come to this line when the one above it was true?"
    elif (
        evidence.rule == "update_persists"
        and len(fields) == 1
        and any(event.what == "UPDATE items" and event.where for event in evidence.earlier)
    ):
        saw += "; a change of both fields of another item was saved"
        other, test = "name" if fields[0] == "description" else "description", text_of(getattr(condition, "test", None))
        if other in test and fields[0] not in test:
            hint = f"This asks for the {other}. Which of the lines that depend on it write the {fields[0]}?"
    return Told(saw=f"{evidence.saw}; {saw}", where=file.at(condition), hint=hint)


def _asks_for(node: ast.AST, fields: list[str]) -> bool:
    """Whether a condition asks for a field that was sent: it is true."""
    return bool(re.fullmatch(rf"'({'|'.join(fields)})' in [\w.]+", text_of(getattr(node, "test", None))))


def _stores(node: ast.AST, rule: str) -> bool:
    """Whether a node hands an item to the session, or sends a statement of its own."""
    if not isinstance(node, ast.Call):
        return False
    if name_of(node) == "execute":
        return "select(" not in text_of(node)
    return rule.startswith("create") and name_of(node) in ("add", "add_all", "merge")


def _conditions(function: Function, node: ast.AST) -> list[tuple[ast.AST, str]]:
    """What has to be true so that a line of a function is reached, each with the branch in which it stands."""
    found: list[tuple[ast.AST, str]] = []
    around: ast.AST = function
    while around is not node:
        inner = next(each for each in ast.iter_child_nodes(around) if any(part is node for part in ast.walk(each)))
        for branch in ("body", "orelse", "finalbody"):
            block = getattr(around, branch, None)
            if not isinstance(block, list) or inner not in block:
                continue
            elif_follows = branch == "orelse" and len(block) == 1 and isinstance(inner, ast.If)
            if isinstance(around, ast.If) and not elif_follows:
                found.append((around, branch))
            found += [(each, "") for each in block[: block.index(inner)] if _leaves(each)]
        around = inner
    return found


def _leaves(node: ast.AST) -> bool:
    """Whether a condition goes past what follows it; that there is no item is no such case."""
    leaves = isinstance(node, ast.If) and isinstance(node.body[-1], ast.Continue | ast.Return | ast.Break)
    return leaves and not re.fullmatch(r"not \w+|\w+ is None", text_of(node.test))  # type: ignore[attr-defined]


def _is_elif(file: File, node: ast.AST) -> bool:
    return any(isinstance(each, ast.If) and each.orelse == [node] for each in file.nodes)
