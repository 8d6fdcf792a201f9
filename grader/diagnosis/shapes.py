"""In the child: calls that do not fit what they call, and values that are used as something else."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from itertools import pairwise

from grader.diagnosis.anywhere import NAMES_ALONE, innermost, where_it_came_from
from grader.diagnosis.crud import COMPARE, made_of, reached
from grader.diagnosis.evidence import Evidence, Raised
from grader.diagnosis.names import is_an_option, named_anew, type_for_its_value, types_of_parameters, with_an_object
from grader.diagnosis.reading import UNTIL_IT_RUNS, Told, an, reading
from grader.diagnosis.source import (
    File,
    Function,
    Source,
    arguments_of,
    calls,
    defaults_of,
    inside,
    name_of,
    of_a_session,
    passed_to,
    text_of,
)

_LOOP = ast.For | ast.comprehension


def raised_with(evidence: Evidence, words: str, *kinds: str) -> tuple[Raised, re.Match[str], str] | None:
    """The exception of one of these kinds that the check saw and that has these words; and the learner's line."""
    for each in evidence.raised:
        found = re.search(words, each.message) if each.bases & {*kinds} and each.told in evidence.saw else None
        if found is not None and each.lines:
            return each, found, innermost(each, evidence.given)
    return None


def at_line(source: Source, where: str) -> list[ast.AST]:
    """The calls, the loops and what has brackets, in a line of a file or around it."""
    name, _, number = where.rpartition(":")
    kinds = ast.Call | ast.Subscript | _LOOP
    return [each for each in source.file(name).nodes if isinstance(each, kinds) and _spans(each, int(number))]


def _spans(node: ast.AST, line: int) -> bool:
    first = node.target if isinstance(node, ast.comprehension) else node
    last = node.iter if isinstance(node, _LOOP) else node
    return getattr(first, "lineno", 0) <= line <= (getattr(last, "end_lineno", 0) or 0)


def _called(nodes: list[ast.AST], *names: str) -> list[ast.Call]:
    return [each for each in nodes if isinstance(each, ast.Call) and name_of(each) in names]


def is_schema(source: Source, name: str) -> bool:
    """Whether a class of the learner's can write out what it holds, as Pydantic's do."""
    bases = [name_of(base) for _, node in source.ancestry(source.class_(name)) for base in node.bases]
    return any(each in ("BaseModel", "SQLModel") for each in bases)


# -- calls --------------------------------------------------------------------------------------------

_OF_A_SESSION = {
    "get": "get() takes the class of the table, and then the id. What does this line hand over?",
    "delete": "delete() takes one thing: the object whose row has to go. What does this line hand over?",
    "add": "add() takes one thing: an object that has its values. What does this line hand over?",
    "refresh": "refresh() takes the object that is to be loaded again. Which one is it here?",
    "commit": "commit() takes nothing: it saves all that the session knows of. What does this line hand over?",
    "rollback": "rollback() takes nothing: it undoes all that was not committed. What does this line hand over?",
    "scalars": "scalars() takes a statement, as select() writes one. What does this line hand over?",
    "execute": "execute() takes a statement, as select() writes one. What does this line hand over?",
}
_OF_A_PAGE = (
    "limit() takes one number, of the rows to give, and offset() one, of those to skip. What does this line hand over?"
)


def _by_place(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A class takes what it holds by name: Item(data)."""
    for call in [each for each in nodes if isinstance(each, ast.Call) and each.args]:
        name = name_of(call)
        if evidence.source.class_(name) is None:
            continue
        if any(isinstance(each, ast.Starred) for each in call.args):
            return "One star hands on what a loop gives: of a dictionary the names alone. What hands on the values too?"
        if is_schema(evidence.source, name) and len(call.args) == 1:
            return f"{name} takes each value by its name. Which of its methods reads a whole object?"
        return f"{name} takes keyword arguments, no positional ones. Where are the names in this line?"
    return ""


def _engine_by_its_class(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """An engine is made by a function: Engine(URL)."""
    return "Engine is the class, and needs more than a URL. Which function makes an engine of one?"


def _of_a_library_by_place(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """What the libraries take by name alone: Field(1, 50)."""
    name = found[1] or found[2]
    if evidence.source.function(name) or evidence.source.class_(name) or not _called(nodes, name):
        return ""
    if "from 0" in found[0]:
        return f"The only positional argument of {name} is a default. By which names does it take these values?"
    if found[2] and " 1 " in found[0]:
        return f"{name} takes one positional argument. By which names does it take the others?"
    return f"{name} takes these values as keyword arguments. Where are the names in this line?"


def _to_a_session(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A session's own method takes other things: db.delete(Item, 3)."""
    owners = {text_of(each.func.value) for each in _called(nodes, found[1]) if isinstance(each.func, ast.Attribute)}
    if "Session" in owners:
        return "Session is the class itself. Which name has the session here?"
    return _OF_A_SESSION.get(found[1], "") if owners else ""


def _to_a_function(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A function of the learner's takes more, or fewer: crud.create_item(data). Or one of a query: limit(2, 5)."""
    function = evidence.source.function(found[1]) if _called(nodes, found[1]) else None
    names = [each for each in arguments_of(function[1]) if each not in ("self", "cls")] if function else []
    here = evidence.source.function(found[1], where.rpartition(":")[0])
    bare = any(isinstance(each.func, ast.Name) for each in _called(nodes, found[1]))
    if function and here and here[1] is not function[1] and bare:
        return (
            f"Which {found[1]} does this call? Two files have a def of this name, and without a dot it is this file's."
        )
    if function is None and found[1] in ("limit", "offset"):
        return _OF_A_PAGE
    if function is None and found[1] in ("model_dump", "model_dump_json"):
        handed = [str(one.value) for each in _called(nodes, found[1]) for one in each.args if is_an_option(one)]
        if handed:
            return f"{found[1]}() takes {handed[0]} as a keyword argument, with a value. How does Python write both?"
        return f"{found[1]}() takes no positional argument. By which name does it take what this line hands over?"
    takes = f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else "".join(names)
    return f"{found[1]}() takes {takes}. What does this line hand over?" if names else ""


def _of_the_class(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A method is asked of the class, and not of an object of it: Item.sqlmodel_update(data)."""
    for call in _called(nodes, found[1]):
        owner = name_of(getattr(call.func, "value", None))
        if evidence.source.class_(owner) is not None:
            return f"{owner} is the class itself. Which object of it does this line mean?"
    return ""


_SETATTR = "setattr takes an object, the name of an attribute, and a value, in this order."


def _to_setattr(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """setattr takes three things: setattr(item, value)."""
    return f"{_SETATTR} Which of them does this line hand over?" if _called(nodes, "setattr") else ""


def _object_first(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """setattr takes the object first: setattr(name, value, item)."""
    around = evidence.source.function(evidence.source.function_of(where), where.rpartition(":")[0])
    known = arguments_of(around[1]) if around else []
    firsts = [text_of(each.args[0]) for each in _called(nodes, "setattr") if len(each.args) == 3]
    return f"{_SETATTR} What stands first here?" if firsts and firsts[0] not in known else ""


def _class_first(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """get() takes the class first: db.get(item_id, Item)."""
    asked = [each for each in _called(nodes, "get") if len(each.args) == 2]
    return "get() takes the class of the table first, and then the id. What stands first here?" if asked else ""


def _of_a_condition(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """get() takes an id: ``db.get(Item, Item.id == item_id)`` hands it a condition, of which Python knows no truth."""
    asked = [each for each in nodes if isinstance(each, ast.Call) and name_of(each) in ("get", "get_one")]
    if any(isinstance(value, ast.Compare) for each in asked for value in each.args):
        return f"{name_of(asked[0])}() takes the id itself, and this is a condition. What belongs here?"
    columns = [value for each in asked for value in each.args[1:] if isinstance(value, ast.Attribute)]
    if columns and evidence.source.class_(name_of(columns[0].value)) is not None:
        return f"{name_of(asked[0])}() takes the id itself, and {text_of(columns[0])} is the column. What belongs here?"
    return "This condition is for the database. What does Python know of it, before a statement is sent?"


def _to_json(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """JSON knows texts, numbers, lists and dictionaries: JSONResponse(data.model_dump())."""
    made = "Which of its methods makes a dictionary?"
    asks = made if is_schema(evidence.source, found[1]) else "What of it does JSON know?"
    return f"JSON knows texts, numbers, lists and dictionaries, and this is {an(found[1])}. {asks}"


def _in_two_stars(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """Two stars take a dictionary: Item(**data)."""
    kind = found[1]
    asks = "What turns it into a dictionary?"
    if evidence.source.class_(kind) is not None:
        asks = "Which method reads the attributes of an object?"
    if is_schema(evidence.source, kind):
        asks = "Which of its methods makes a dictionary?"
    return f"** takes a dictionary, with names and values, and this is {an(kind)}. {asks}"


def _one_of_many(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A schema reads one object: ItemRead.model_validate(items)."""
    for call in _called(nodes, "model_validate", "from_orm"):
        owner = name_of(getattr(call.func, "value", None))
        if evidence.source.class_(owner) is not None:
            return f"This makes one {owner} of one object, and it gets a list. What gives you one after another?"
    return ""


def _row_of_a_table(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A schema of what is sent reads no row: ItemCreate.model_validate(item)."""
    owner, kind = found.groups()
    if evidence.source.class_(kind) is None or is_schema(evidence.source, kind):
        return ""
    reading_it = [each for each in _called(nodes, "model_validate", "from_orm") if owner in text_of(each.func)]
    made = [each for each in nodes if isinstance(each, ast.Call) and evidence.source.function(name_of(each))]
    takers = [name_of(each) for each in made if any(one in ast.walk(each) for one in reading_it)]
    if not reading_it:
        return ""
    if takers:
        return f"This makes {an(owner)} of {an(kind)}, a row. Which name has what was sent, for {takers[-1]}()?"
    if _is_sent(evidence.source, owner):
        sent = f"{owner} says what a client may send, and this is {an(kind)}."
        return f"{sent} Which class says what a client gets to see?"
    return f"This is {an(kind)}, an object with attributes. Which setting lets {owner} read them?"


def _of_an_object(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A schema reads an object, and no object a schema: item.model_validate(ItemRead)."""
    for call in [each for each in _called(nodes, "model_validate") if each.args]:
        taken, owner = name_of(call.args[0]), text_of(getattr(call.func, "value", None))
        if is_schema(evidence.source, taken) and owner.isidentifier() and evidence.source.class_(owner) is None:
            return f"model_validate() is asked of a class, and takes an object. What is {owner}, and what is {taken}?"
    return ""


def _nothing_called(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A loop goes through what a function gives, and not through the function: for item in crud.list_items."""
    for loop in [each for each in nodes if isinstance(each, _LOOP) and isinstance(each.iter, ast.Name | ast.Attribute)]:
        name = name_of(loop.iter)
        if evidence.source.function(name) is not None:
            return f"This line names {name}. Does it call it?"
    return ""


def _is_sent(source: Source, schema: str) -> bool:
    """Whether a schema says what a client sends: an endpoint, or a function of crud.py, takes one."""
    every = [each for file in source.files() for node in file.functions for each in ast.walk(node.args)]
    return any(isinstance(each, ast.arg) and re.search(rf"\b{schema}\b", text_of(each.annotation)) for each in every)


# -- values -------------------------------------------------------------------------------------------


def _by_a_key(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """An object has attributes, and no keys: item["name"]."""
    kind = found[1] or found[2]
    keys = [each.slice for each in nodes if isinstance(each, ast.Subscript)]
    if evidence.source.class_(kind) is None or not keys:
        return ""
    which = f"Which function {'sets' if found[1] else 'reads'} an attribute whose name is in a variable?"
    if all(isinstance(each, ast.Constant) for each in keys):
        which = "How does Python write an attribute?"
    return f"The brackets are for a key, and {an(kind)} has attributes. {which}"


def _of_a_dictionary(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A loop over a dictionary gives its names: for name, value in data.model_dump()."""
    file = evidence.source.file(where.rpartition(":")[0])
    around = evidence.source.function(evidence.source.function_of(where), file.name)
    for loop in [each for each in nodes if isinstance(each, _LOOP) and isinstance(each.target, ast.Tuple)]:
        for value in made_of(around[1], loop.iter) if around and isinstance(loop.iter, ast.Name) else [loop.iter]:
            last = evidence.source.decides(file, value, evidence.given)[1] if isinstance(value, ast.expr) else value
            if isinstance(last, ast.Dict | ast.DictComp) or name_of(last) in ("model_dump", "dict", "vars", "keys"):
                return "A loop over a dictionary gives its names alone. Which of its methods gives names with values?"
            if name_of(last) == "model_fields_set":
                return f"{NAMES_ALONE} Which method of the schema gives names with values?"
    return ""


def _a_class_is_sent(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A session sends statements, and a class is none: db.scalars(Item)."""
    if not _called(nodes, "scalars", "scalar", "execute", "exec"):
        return ""
    return f"{found[1]} is the class of the table, and a session sends statements. Which function turns it into one?"


def _a_text_is_sent(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A session sends statements, and a text is none: db.execute("DELETE ...")."""
    if not _called(nodes, "scalars", "scalar", "execute", "exec"):
        return ""
    sent = [one for each in _called(nodes, "scalars", "scalar", "execute", "exec") for one in each.args[:1]]
    if any(
        _TABLE_IS_FILLED_IN.search(text_of(each)) for each in sent if isinstance(each, ast.JoinedStr)
    ):  # a class, which delete() and its like take, is not at hand
        return "A session sends statements, and this is a text. What does the exception say that turns it into one?"
    verb = found[1].lower() if found[1].lower() in _ASKS else "select"
    return f"A session sends statements, and this is a text. {verb}() of SQLAlchemy makes one. {_ASKS[verb]}"


_TABLE_IS_FILLED_IN = re.compile(r"\b(from|into|update|table)\s+[\"`\[]?\{", re.IGNORECASE)
_ASKS = {
    "select": "Of which class, and which of its rows?",
    "delete": "From which class, and which of its rows?",
    "update": "Of which class, which of its rows, and with which values?",
    "insert": "For which class, and with which values?",
}


def _a_text_is_selected(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A query is about the class of a table, and a text is none: select("items")."""
    texts = [one for each in _called(nodes, "select") for one in each.args if isinstance(one, ast.Constant)]
    return "select() takes the class of the table, and this is a text. What is the class called?" if texts else ""


def _about_a_row(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """A statement is about a table, and not about one object: delete(item)."""
    for call in [each for each in _called(nodes, *_WRITES) if each.args and not of_a_session(each)]:
        verb = name_of(call)
        begin = f"{verb}() of SQLAlchemy is about a table, and {text_of(call.args[0])} is none."
        return f"{begin} {with_an_object(verb)}"
    return ""


def _no_such_column(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """filter_by() knows the columns by their names: filter_by(item_id=3)."""
    for call in _called(nodes, "filter_by"):
        for each in call.keywords:
            if each.arg in found.groups():
                return f"filter_by() takes the name of a column, and the table has no '{each.arg}'. Which one is meant?"
    return ""


def _a_column_for_the_class(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """get() takes the class of the table: db.get(Item.id, item_id)."""
    columns = [text_of(each.args[0]) for each in _called(nodes, "get", "get_one") if each.args]
    columns = [each for each in columns if "." in each]
    return f"get() takes the class of the table first. What is {columns[0]}?" if columns else ""


def _by_two_stars(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """sqlmodel_update() takes one object or dictionary, as it is: sqlmodel_update(**values)."""
    starred = [one for each in _called(nodes, "sqlmodel_update") for one in each.keywords if one.arg is None]
    return "sqlmodel_update() takes one dictionary, as it is. What do the two stars turn it into?" if starred else ""


def _object_called(evidence: Evidence, found: re.Match[str], nodes: list[ast.AST], where: str) -> str:
    """Parentheses after what is an object already: create_all(engine())."""
    kind, source = found[1], evidence.source
    if kind not in _OBJECTS and source.class_(kind) is None:
        return ""
    made = [each.func for each in nodes if isinstance(each, ast.Call)]
    twice = [each for each in made if isinstance(each, ast.Call)]
    asked = [each for each in made if isinstance(each, ast.Attribute) and _holds(source, each.attr)]
    file = source.file(where.rpartition(":")[0])
    named = [each for each in made if isinstance(each, ast.Name) and _is_a_value(source, file, each, where)]
    called = [text_of(each) for each in [*twice, *([] if twice else [*asked, *named])]]
    if len(called) != 1:
        return ""
    if kind == "module":
        return f"{called[0]} is a file with functions. Which of them is this line to call?"
    return f"The parentheses after {called[0]} call it, and it is {an(kind)} already. Does this line need them?"


_OBJECTS = "Engine", "Session", "Connection", "MetaData", "module", "str", "int", "list", "dict"


def _holds(source: Source, name: str) -> bool:
    """Whether an attribute holds a value: a field of the learner's, or what the tables are known by."""
    return name in ("metadata", *(each for file in source.files() for node in file.classes for each in _fields(node)))


def _fields(node: ast.ClassDef) -> list[str]:
    return [name_of(each.target) for each in node.body if isinstance(each, ast.AnnAssign)]


def _is_a_value(source: Source, file: File, node: ast.Name, where: str) -> bool:
    """Whether a name is that of a variable, of a parameter, or of a module of the learner's."""
    around = source.function(source.function_of(where), file.name)
    stored = [each for each in inside(around[1]) if isinstance(each, ast.Name)] if around else []
    stored = [each for each in stored if each.id == node.id and isinstance(each.ctx, ast.Store)]
    if stored or (around and node.id in arguments_of(around[1])):
        return True
    imports = [each for each in file.nodes if isinstance(each, ast.ImportFrom)]
    modules = {one.asname or one.name for each in imports if each.module == "app" for one in each.names}
    bound = source.bound(node.id, file)
    return node.id in modules or (bound is not None and isinstance(bound[1], ast.Assign | ast.AnnAssign))


_Hint = Callable[[Evidence, re.Match[str], list[ast.AST], str], str]
_KINDS = "TypeError", "ValueError", "AttributeError", "NoInspectionAvailable", "ArgumentError"
_OF_A_QUERY = "InvalidRequestError"  # of SQLAlchemy: also one that is raised long before anything is sent
# What its message has, the same in full, and what gives the hint: few messages are worth the time to look closer.
_QUESTIONS: tuple[tuple[str, str, _Hint], ...] = (
    ("Engine.__init__() missing", r"^Engine\.__init__\(\) missing", _engine_by_its_class),
    ("takes 1 positional argument but", r"^(?:\w+\.)?__init__\(\) takes 1 positional argument but", _by_place),
    (
        "positional argument",
        r"^(?:([A-Z]\w+)\.__init__|(\w+))\(\) takes (?:from 0 to )?[01] positional arguments? but",
        _of_a_library_by_place,
    ),
    ("Session.", r"^Session\.(\w+)\(\) (?:missing|takes) ", _to_a_session),
    (
        "missing 1 required positional argument",
        r"^(?:\w+\.)*(\w+)\(\) missing 1 required positional argument: '(?:self|obj)'",
        _of_the_class,
    ),
    (
        "() ",
        r"^(?:\w+\.)*(\w+)\(\) (?:missing \d+ required|takes (?:from \d+ to )?\d+ positional)",
        _to_a_function,
    ),
    ("SQLModel.sqlmodel_update()", r"^SQLModel\.sqlmodel_update\(\) got an unexpected keyword argument", _by_two_stars),
    ("Textual SQL expression", r"^Textual SQL expression ['\"]\s*(\w*)", _a_text_is_sent),
    ("Textual column expression", r"^Textual column expression", _a_text_is_selected),
    ("subject table for", r"^subject table for an INSERT, UPDATE or DELETE expected, got <", _about_a_row),
    (
        "propert",
        r"^Entity namespace for .* has no property \"(\w+)\"|entities have a property \"(\w+)\"",
        _no_such_column,
    ),
    (
        "text() construct expected",
        r"^Executable SQL or text\(\) construct expected, got <class '(?:[\w.]+\.)?(\w+)'>",
        _a_class_is_sent,
    ),
    (
        "Expected mapped class",
        r"^Expected mapped class or mapper, got:.*InstrumentedAttribute",
        _a_column_for_the_class,
    ),
    ("setattr expected", r"^setattr expected 3 arguments", _to_setattr),
    ("attribute name must be string", r"^attribute name must be string", _to_setattr),
    ("object has no attribute", r"^'(\w+)' object has no attribute", _object_first),
    ("No inspection system", r"^No inspection system is available for object of type", _class_first),
    ("must be a mapping", r"argument after \*\* must be a mapping, not (?:[\w.]+\.)?(\w+)", _in_two_stars),
    ("is not JSON serializable", r"^Object of type (\w+) is not JSON serializable", _to_json),
    ("Boolean value of this clause", r"^Boolean value of this clause is not defined", _of_a_condition),
    (
        "Input should be a valid dictionary",
        r"Input should be a valid dictionary[^\[]*\[[^\n]*input_type=list",
        _one_of_many,
    ),
    (
        "Input should be a valid dictionary",
        r" for (\w+)\n\s+Input should be a valid dictionary[^\[]*\[[^\n]*input_type=(\w+)",
        _row_of_a_table,
    ),
    ("object is not callable", r"^'(?:[\w.]+\.)?(\w+)' object is not callable", _object_called),
    ("'function' object is not iterable", r"^'function' object is not iterable", _nothing_called),
    ("validation error", r"^\d+ validation errors? for ", _of_an_object),
    (
        "object ",
        r"^'(?:[\w.]+\.)?(\w+)' object does not support item assignment|"
        r"^'(?:[\w.]+\.)?(\w+)' object is not subscriptable",
        _by_a_key,
    ),
    ("values to unpack", r"^(?:too many|not enough) values to unpack", _of_a_dictionary),
)


@reading("a call that does not fit what it calls")
def unfit_call(evidence: Evidence) -> Told | None:
    """What a call hands over, by name or by place and in which order, has to fit what is called."""
    told = type_for_its_value(evidence) or _handed_to_be_read(evidence) or _called_with_others(evidence)
    if told is not None:
        return told
    messages = "\n".join(each.message for each in evidence.raised)
    for plain, words, hint_of in _QUESTIONS:
        found = raised_with(evidence, words, *_KINDS, _OF_A_QUERY) if plain in messages else None
        if found is not None:
            _, match, where = found
            hint = hint_of(evidence, match, at_line(evidence.source, where), where)
            if hint and where.rpartition(":")[0] not in evidence.given:
                return Told(where=where, hint=hint, why=UNTIL_IT_RUNS)
    return None


def _called_with_others(evidence: Evidence) -> Told | None:
    """Of a function that takes more, or fewer, than what its callers hand over: ``def delete_item(item)``."""
    words = r"^(?:\w+\.)*(\w+)\(\) (?:missing \d+ required|takes (?:from \d+ to )?\d+ positional)"
    raised = evidence.raised_kind("TypeError")
    found = re.match(words, raised.message) if raised and not raised.lines and raised.told in evidence.saw else None
    name = evidence.where.rpartition(":")[0]
    function = evidence.source.function(found[1], name) if found and name not in evidence.given else None
    if found is None or function is None or f"{found[1]}(" not in "".join(evidence.did[-1:]):
        return None
    hint = "Compare the call under 'did' with the parameters in this line."
    return Told(where=function[0].at(function[1]), hint=hint, why=UNTIL_IT_RUNS)


def _handed_to_be_read(evidence: Evidence) -> Told | None:
    """Of a function that has a class read what it is given, and is given no object: ``create_item(db, data.name)``."""
    words = r"(?:Input should be a valid dictionary|Field required)[^\[]*\[[^\n]*input_type=(\w+)"
    found = raised_with(evidence, words, "ValidationError")
    if found is None or found[2] != found[0].lines[-1]:
        return None
    read = [each for call in _called(at_line(evidence.source, found[2]), "model_validate") for each in call.args]
    if len(read) != 1 or not isinstance(read[0], ast.Name):
        return None
    return where_it_came_from(evidence, found[0], found[1][1], "", read[0].id)


@reading("a schema that is filled by hand, but for a field")
def field_not_handed_over(evidence: Evidence) -> Told | None:
    """A schema that is made of single values wants each of its fields. It can also read them all from an object."""
    found = raised_with(evidence, r"(\w+)\n  Field required", "ValidationError")
    if found is None or found[2].rpartition(":")[0] in evidence.given:
        return None
    missing = re.findall(r"^(\w+)\n  Field required", found[0].message, re.MULTILINE)
    for call in [each for each in at_line(evidence.source, found[2]) if isinstance(each, ast.Call) and each.keywords]:
        name = name_of(call)
        fields = evidence.source.declared_in(evidence.source.class_(name)) if is_schema(evidence.source, name) else []
        if {*missing} & {*fields} and not call.args and all(each.arg for each in call.keywords):
            which = f"the field {missing[0]}" if len(missing) == 1 else f"the fields {' and '.join(missing)}"
            hint = f"{name} has {which}, too. Which of its methods reads all of them from an object?"
            return Told(where=found[2], hint=hint)
    return None


_BY_ANOTHER_TYPE = (
    *("UnmappedInstanceError", "ValidationError", "ProgrammingError", "InterfaceError", "DataError"),
    _OF_A_QUERY,
)


@reading("a call hands over something of another type")
def handed_another_type(evidence: Evidence) -> Told | None:
    """What a function is given has to be what its parameter says. The line that crashes is right then."""
    source = evidence.source
    for raised in [each for each in evidence.raised if each.bases & {*_KINDS, *_BY_ANOTHER_TYPE}]:
        unnamed = raised.message.startswith("Incorrect number of values in identifier")
        as_a_type = type_for_its_value(evidence) is not None  # that says which name has the value
        for outer, inner in pairwise(raised.lines if raised.told in evidence.saw else ()):
            pair = outer, inner
            caller, called = (source.function(source.function_of(each), each.rpartition(":")[0]) for each in pair)
            if caller is None or called is None or caller[0].name in evidence.given:
                continue
            made = [each for each in at_line(source, outer) if isinstance(each, ast.Call)]
            for call in [each for each in made if name_of(each) == called[1].name]:
                others = _other_types(source, caller, called, call)
                for wanted, value, gets in others:
                    if gets == "class" and as_a_type:
                        continue
                    if not unnamed and gets not in ("class", "text") and not re.search(rf"\b{gets}\b", raised.message):
                        continue
                    if _is_a_table(source, gets) and _is_read_from_a_request(source, caller, value):
                        continue  # that is where it begins
                    hint = f"{called[1].name}() works with {an(wanted)}, and here it gets '{value}', {an(gets)}. "
                    asks = f"Where does {caller[1].name}() get one from?"
                    if wanted == "int" and any(each.endswith("id") for each in arguments_of(called[1])):
                        hint = f"{called[1].name}() takes an id, and here it gets '{value}', {an(gets)}. "
                        if re.search(rf"\b{gets}\b", text_of(called[1].returns)):
                            asks = "What is there left to look up?"
                    elif wanted in types_of_parameters(source, *caller).values():
                        asks = "Which parameter here has one?"
                    if len(call.args) == len(arguments_of(called[1])) and _hands_both(source, caller, call, wanted):
                        asks = COMPARE
                        if called[0].name not in evidence.given and not _is_in_order(source, called):
                            line = called[0].at(called[1])
                            values = " and ".join([", ".join(map(text_of, call.args[:-1])), text_of(call.args[-1])])
                            hint = f"It is handed {values}. Compare their order with that of this line."
                            return Told(where=line, hint=hint, why=UNTIL_IT_RUNS)
                    return Told(where=outer, hint=f"{hint}{asks}", why=UNTIL_IT_RUNS)
    return None


def _is_read_from_a_request(source: Source, caller: tuple[File, Function], name: str) -> bool:
    """Whether a function has a parameter of this name that no dependency gives."""
    for each in [one for one in ast.walk(caller[1].args) if isinstance(one, ast.arg) and one.arg == name]:
        bound = source.bound(name_of(each.annotation), caller[0]) if isinstance(each.annotation, ast.Name) else None
        said = (each.annotation, bound[1] if bound else None, defaults_of(caller[1]).get(name))
        return not any(calls(part, "Depends") for part in said if part is not None)
    return False


def _is_a_table(source: Source, name: str) -> bool:
    """Whether a class is a table model of SQLModel, of which FastAPI makes objects without validating them."""
    found = source.class_(name)
    return found is not None and any(each.arg == "table" for each in found[1].keywords)


def _hands_both(source: Source, caller: tuple[File, Function], call: ast.Call, wanted: str) -> bool:
    """Whether a call hands over something of this type as well, in another place."""
    kinds = types_of_parameters(source, *caller)
    return any(kinds.get(name_of(each)) == wanted for each in call.args if isinstance(each, ast.Name))


_ORDER = {"Session": 0, "int": 1, "Item": 1, "ItemCreate": 2, "ItemUpdate": 2}


def _is_in_order(source: Source, called: tuple[File, Function]) -> bool:
    """Whether a function takes first the session, then the row or its id, then what was sent, as its task says."""
    found = [_ORDER[each] for each in types_of_parameters(source, *called).values() if each in _ORDER]
    return found == sorted(found)


@reading("a signature with the id instead of the item")
def handed_the_item(evidence: Evidence) -> Told | None:
    """update_item() and delete_item() are handed the item that their caller has looked up."""
    refused = r"type '(?:Item)' is not supported|adapt type '(?:Item)'"
    found = raised_with(evidence, refused, "ProgrammingError", "InterfaceError")
    name = evidence.source.function_of(found[2]) if found else ""
    defined = evidence.source.function(name, found[2].rpartition(":")[0]) if found and name else None
    if defined is None or not re.search(rf"\b{name}\(\w+, item\b", "".join(evidence.did[-1:])):
        return None
    named = [each.arg for each in defined[1].args.args if re.search(r"id$", each.arg)]
    hint = f"The caller has looked the item up, and hands it over. What does {name}() take it for?"
    return Told(where=defined[0].at(defined[1]), hint=hint) if named else None


def _other_types(
    source: Source, caller: tuple[File, Function], called: tuple[File, Function], call: ast.Call
) -> list[tuple[str, str, str]]:
    """Where a call hands over something else than a parameter says: the type there, the name handed over, its type."""
    own, wanted = (types_of_parameters(source, *each) for each in (caller, called))
    for each in [one for one in inside(caller[1]) if isinstance(one, ast.Assign) and isinstance(one.value, ast.Call)]:
        if isinstance(each.value.func, ast.Name) and source.class_(each.value.func.id):  # type: ignore[attr-defined]
            own.setdefault(name_of(each.targets[0]), each.value.func.id)  # type: ignore[attr-defined]
    found = []
    for name, kind in wanted.items():
        passed = passed_to(call, called[1], name)
        value = text_of(passed) if isinstance(passed, ast.Name | ast.Dict | ast.List | ast.Set | ast.Tuple) else ""
        gets = own.get(value, kind) if isinstance(passed, ast.Name) else type(passed).__name__.lower()
        gets = gets if value else kind
        if isinstance(passed, ast.Name) and value not in own and source.class_(value) and not source.function(value):
            gets = "class"
        if isinstance(passed, ast.Constant) and isinstance(passed.value, str) and kind in ("int", "Session"):
            value, gets = passed.value, "text"
        parents = {node.name for _, node in source.ancestry(source.class_(gets))}
        found += [(kind, value, gets)] if kind != gets and kind not in parents else []
    return found


_TAKE_A_ROW = "add", "delete", "refresh", "merge", "expunge"


@reading("something that is not a row is given to the session")
def no_row_in_the_session(evidence: Evidence) -> Told | None:
    """A session adds, deletes and loads again objects of the tables' classes: one object for one row."""
    words = r"Class '(?:[\w.]+\.)?(\w+)' is not mapped(?:; was a class \((?:[\w.]+\.)?(\w+)\))?"
    found = raised_with(evidence, words, "UnmappedInstanceError")
    if found is None or found[2].rpartition(":")[0] in evidence.given:
        return None
    kind, class_ = found[1].groups()
    if anew := named_anew(evidence, found[0]):
        return Told(where=anew[0], hint=anew[1])
    gets = f"{class_}, which is the class of the table" if class_ else an(kind)
    if is_schema(evidence.source, kind) and not class_:
        sent = re.search(r"Create$|Update$", kind)
        gets = f"what was sent, {an(kind)}" if sent else f"{an(kind)}, which is a schema"
    hint = f"A session works with rows, and here it gets {gets}. Which object is the row?"
    if kind == "NoneType":
        hint = "A session works with rows, and here it gets None. Where should the row have come from?"
        if evidence.rule == "get_unknown_is_none":
            hint = "A session works with rows. There is none with this id: what does this line get?"
        if lost := _kept_of_nothing(evidence, found[2]):
            return lost
    if kind in ("int", "str") and (handed := _handed_a_part(evidence, found[0])) is not None:
        return handed
    if kind in ("list", "tuple", "dict", "generator"):
        called = {name_of(each) for each in at_line(evidence.source, found[2]) if isinstance(each, ast.Call)}
        taker = next((f"{name}()" for name in _TAKE_A_ROW if name in called), "A session")
        hint = f"{taker} takes one row at a time, as an object, and here it gets {an(kind)}. Which objects are rows?"
    if is_schema(evidence.source, kind) and not class_ and (made := _returned_by_a_helper(evidence, found[2], kind)):
        return Told(where=made, hint="Whoever calls this goes on with the row. What does it get here?")
    return Told(where=found[2], hint=hint, why=UNTIL_IT_RUNS)


def _kept_of_nothing(evidence: Evidence, where: str) -> Told | None:
    """Of a name that has what a method gives that gives nothing: ``item = db.add(Item(...))``."""
    around = evidence.source.function(evidence.source.function_of(where), where.rpartition(":")[0])
    handed = {text_of(one) for each in _called(at_line(evidence.source, where), *_OF_A_SESSION) for one in each.args}
    for each in [one for one in inside(around[1]) if isinstance(one, ast.Assign)] if around else ():
        method = name_of(each.value) if isinstance(each.value, ast.Call) else ""
        if around and text_of(each.targets[0]) in handed and method in ("add", "commit", "refresh", "flush"):
            hint = f"{method}() gives nothing back. What keeps the object under a name before {method}() gets it?"
            return Told(where=around[0].at(each), hint=hint, why=UNTIL_IT_RUNS)
    return None


def _handed_a_part(evidence: Evidence, raised: Raised) -> Told | None:
    """Of a function of the learner's that is handed an attribute of the row: ``crud.delete_item(db, item.id)``."""
    *_, caller, place = "", *raised.lines
    callee = evidence.source.function_of(place)
    made = [each for each in at_line(evidence.source, caller) if isinstance(each, ast.Call)] if caller else []
    parts = [one for each in made if name_of(each) == callee for one in each.args if isinstance(one, ast.Attribute)]
    if not parts or caller.rpartition(":")[0] in evidence.given:
        return None
    return Told(
        where=caller, hint=f"{callee}() takes the object itself. What does this line hand over?", why=UNTIL_IT_RUNS
    )


def _returned_by_a_helper(evidence: Evidence, where: str, kind: str) -> str:
    """The return of the learner's own function that made a schema of the row which a line gives to the session."""
    around = evidence.source.function(evidence.source.function_of(where), where.rpartition(":")[0])
    given = [each for each in at_line(evidence.source, where) if isinstance(each, ast.Call) and of_a_session(each)]
    made = made_of(around[1], given[0].args[0]) if around and given and given[0].args else []
    loops = [each for each in inside(around[1]) if isinstance(each, ast.For)] if around else []
    handed = {name_of(each) for each in made[:1]} - {""}
    made += [
        part for each in loops if around and name_of(each.target) in handed for part in made_of(around[1], each.iter)
    ]
    for call in [call for part in made for call in ast.walk(part) if isinstance(call, ast.Call)]:
        helper = evidence.source.function(name_of(call)) if name_of(call) else None
        returned = [each for each in inside(helper[1]) if isinstance(each, ast.Return)] if helper else []
        if helper and helper[0].name not in evidence.given and returned and f"{kind}" in text_of(returned[-1].value):
            return helper[0].at(returned[-1])
    return ""


# -- a query ------------------------------------------------------------------------------------------

_NOT_SENT = (
    r"^'Select(?:OfScalar)?' object (?:is not|has no attribute '(?:all|first|one|one_or_none|scalars?|fetchall)')"
)
_SENDS = "scalars", "scalar", "execute", "exec", "query", "get", "stream"


@reading("a query that nobody sends")
def query_not_sent(evidence: Evidence) -> Told | None:
    """select() writes a question down. A session sends it to the database, and gives back the answer."""
    raised = raised_with(evidence, _NOT_SENT, "TypeError", "AttributeError")
    if raised is None and "<Select>" not in evidence.saw and "<SelectOfScalar>" not in evidence.saw:
        return None
    hint = "This is a query that nobody has sent yet. Which method of the session sends it?"
    for file, node in reached(evidence):
        for each in inside(node):
            if isinstance(each, ast.Return) and each.value is not None and _only_asks(evidence, file, node, each.value):
                return Told(where=file.at(each), hint=hint) if file.name not in evidence.given else None
    return Told(where=raised[2], hint=hint) if raised is not None else None


_TABLES = {"Item": " items", "ItemEvent": " item_events", "Owner": " owners"}
_WRITES = {"insert": "INSERT", "update": "UPDATE", "delete": "DELETE"}


@reading("a statement that nobody sends")
def statement_not_sent(evidence: Evidence) -> Told | None:
    """insert(), update() and delete() write a statement down. A session sends it to the database."""
    for file, node in reached(evidence):
        for each in inside(node):
            call = _begin(each.value) if isinstance(each, ast.Assign | ast.Expr) else None
            verb = _WRITES.get(name_of(call), "") if call is not None and isinstance(call.func, ast.Name) else ""
            table = _TABLES.get(name_of(call.args[0]), "") if call is not None and verb and call.args else ""
            if call and verb and not evidence.sent(f"{verb}{table}") and not _handed_over(node, each):
                if any(
                    re.match("subject table for an INSERT, UPDATE or DELETE", one.message) for one in evidence.raised
                ):
                    continue  # it is about no table: see `unfit_call`
                own = evidence.source.function(name_of(call), file.name)  # a helper of this name may do all of it
                if own is None and file.name not in evidence.given:
                    hint = "This makes a statement, and sends nothing. Which method of the session sends it?"
                    return Told(saw=f"{evidence.saw}; no {verb}{table} was sent", where=file.at(each), hint=hint)
    return None


def _begin(value: ast.AST) -> ast.Call | None:
    """The call with which a chain begins: ``delete(Item)`` of ``delete(Item).where(...)``."""
    call = value if isinstance(value, ast.Call) else None
    while call is not None and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        call = call.func.value
    return call


def _handed_over(node: Function, statement: ast.AST) -> bool:
    """Whether what a statement makes is used again in its function."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    names = {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
    loaded = [each for each in inside(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]
    return any(each.id in names for each in loaded)


def _sends(file: File, node: Function) -> bool:
    """Whether a function of the learner's asks a session for anything."""
    return bool(calls(node, *_SENDS)) or any(isinstance(each, ast.Call) and of_a_session(each) for each in inside(node))


def _only_asks(evidence: Evidence, file: File, node: Function, value: ast.expr) -> bool:
    """Whether a value is a select(), which no session, and no function of the learner's, has got."""
    made = [call for part in made_of(node, value) for call in ast.walk(part) if isinstance(call, ast.Call)]
    sent = any(name_of(each) in _SENDS or of_a_session(each) for each in made)
    helpers = [evidence.source.function(each.func.id) for each in made if isinstance(each.func, ast.Name)]
    others = [one for each in helpers if each for one in evidence.source.reached(*each, evidence.given) if _sends(*one)]
    return any(name_of(each) == "select" for each in made) and not sent and not others
