"""In the child: mistakes that are made with classes of SQLModel: the table model, and schemas beside it."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable
from dataclasses import replace

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.bodies import schema_of_body, sent
from grader.diagnosis.endpoints import body_parameter, endpoint_of, own_files
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.objects import value_of
from grader.diagnosis.parameters import table_behind
from grader.diagnosis.reading import Told, reading, reading_of
from grader.diagnosis.reads import ROWS_OF_EXEC, select_of_sqlalchemy
from grader.diagnosis.schemas import field_in, missing_in
from grader.diagnosis.source import File, Function, calls, decorators, inside, keyword, name_of, text_of
from grader.diagnosis.tables import COUNTS_WHOLE_NUMBERS, ONE_KEY, hint_for_the_name, index_set_late
from grader.diagnosis.updates import makes_an_item

_TABLE = "item_is_a_sqlmodel_table"
_TEXTS = "name", "description"
_SCHEMA = re.compile(r"\b(ItemCreate|ItemUpdate|ItemRead)\b")
_MADE = "create_persists", "create_refreshes", "create_answers_201", "patch_null_clears"
_ANSWERS = "read_answers_the_item", "list_answers_items", "patch_keeps_omitted_fields"
_SCHEMA_RULES = (
    *("input_is_validated", "create_ignores_a_client_id", "bad_body_is_422", "patch_null_name_is_422"),
    *("answers_hide_internal_fields", "read_accepts_an_orm_object", "read_hides_internal_fields"),
    *("update_keeps_omitted_fields", "update_refreshes", "update_null_clears", "patch_keeps_omitted_fields"),
)


def _item(evidence: Evidence) -> tuple[File, ast.ClassDef] | None:
    return evidence.source.class_("Item")


def _declared(evidence: Evidence, name: str) -> tuple[File, ast.stmt] | None:
    """The line that declares a field of Item, in the class or in one that it inherits from."""
    return field_in(evidence, _item(evidence), name)


# -- the table ----------------------------------------------------------------------------------------


@reading("a model without a table", _TABLE)
def not_a_table(evidence: Evidence) -> Told | None:
    """A SQLModel class is only a schema. table=True makes it the model of a table."""
    found = _item(evidence)
    if found is None or "has no table" not in evidence.saw:
        return None
    hint = "A class of SQLModel is a schema, until it is told to be a table as well."
    if any(each.arg == "table" and isinstance(each.value, ast.Constant) for each in found[1].keywords):
        hint = "SQLModel makes a table only where table is True, and nothing else. What is it here?"
    for word in [each.arg or "" for each in found[1].keywords]:
        if word != "table" and sorted(word) == sorted("table"):
            hint = f"SQLModel knows no '{word}'. Which word tells it to make a table?"
    return Told(saw="Item is a schema: it has no table", where=found[0].at(found[1]), hint=hint)


_NO_KEY = re.compile(r"Mapper\[(\w+)\(\w+\)\] could not assemble any primary key columns")
_IS_SENT = "What a client sends is no table. What in this line makes it one?"
_NO_TABLES = {
    "ItemBase": "The table and the answer have this in common. Which class is the table, and which word makes one?",
    "ItemRead": "What a client gets to see is no table. What in this line makes it one?",
}


@reading("a table without a primary key")
def no_primary_key(evidence: Evidence) -> Told | None:
    """Every table needs a primary key; and what a client sends, or gets to see, is not a table."""
    raised = evidence.raised_kind("ArgumentError")
    named = _NO_KEY.search(raised.message) if raised else None
    found = evidence.source.class_(named[1]) if named else None
    if named is None or found is None or found[0].name in evidence.given:
        return None
    declared = field_in(evidence, found, "id")
    if named[1] != "Item":
        return Told(where=found[0].at(found[1]), hint=_NO_TABLES.get(named[1], _IS_SENT))
    file, node = declared or found
    hint = "A table needs a primary key. What tells that the id is it?"
    return Told(
        where=file.at(node), hint=hint if declared else "A table needs a primary key. Which column is it to be?"
    )


_OF_SQLALCHEMY = "Mapped", "mapped_column", "Column"


@reading("a column as SQLAlchemy writes it")
def column_of_sqlalchemy(evidence: Evidence) -> Told | None:
    """A field of a SQLModel class has a type, and Field(...) says the rest. Mapped and mapped_column() are only for
    SQLAlchemy's own classes."""
    messages = " ".join(each.message for each in evidence.raised)
    if evidence.rule != _TABLE and not messages:
        return None
    seen = re.match(r"(?:id|name|description): |no index on ", evidence.saw) if evidence.rule == _TABLE else None
    if not seen and not re.search(
        r"name '(Mapped|mapped_column|String)' is not|schema for sqlalchemy\.\S*Mapped", messages
    ):
        return None
    for file, owner in _classes(evidence):
        bases = [name_of(base) for _, each in evidence.source.ancestry((file, owner)) for base in each.bases]
        for each in [
            each for each in owner.body if isinstance(each, ast.AnnAssign | ast.Assign) and "SQLModel" in bases
        ]:
            value = name_of(each.value) if isinstance(each.value, ast.Call) else ""
            mapped = name_of(getattr(getattr(each, "annotation", None), "value", None))
            if value in _OF_SQLALCHEMY or mapped == "Mapped":
                said = f"{value}()" if value in _OF_SQLALCHEMY else "Mapped[...]"
                hint = (
                    f"{said} is for the classes of SQLAlchemy. A field of a SQLModel class has a type. What says the "
                )
                return Told(where=file.at(each), hint=f"{hint}rest of its column?")
    return None


_NO_OPTIONS = re.compile(r"(\w+\.)?__init_subclass__\(\) (takes no|got an unexpected) keyword argument")


@reading("a model that is not a SQLModel")
def not_a_sqlmodel(evidence: Evidence) -> Told | None:
    """In this chapter the models are SQLModel classes: the table and the schemas are one family."""
    found = _item(evidence)
    raised = evidence.raised_kind("TypeError")
    asked = raised is not None and _NO_OPTIONS.match(raised.message) and found and found[1].keywords
    if found is None or not (asked or (evidence.rule == _TABLE and "does not inherit from SQLModel" in evidence.saw)):
        return None
    if asked and any("SQLModel" in map(name_of, each.bases) for _, each in evidence.source.ancestry(found)):
        return None
    bases = ", ".join(map(text_of, found[1].bases)) or "nothing"
    hint = "Which class of this file has the two fields already, and comes from SQLModel?"
    return Told(
        saw=f"{evidence.saw}; " * bool(asked) + f"Item inherits from {bases}", where=found[0].at(found[1]), hint=hint
    )


@reading("the table is not called items", _TABLE)
def other_name_of_the_table(evidence: Evidence) -> Told | None:
    """Without __tablename__ SQLModel names the table after the class, in lower case."""
    found = _item(evidence)
    if found is None or not evidence.saw.startswith("tables: "):
        return None
    named = field_in(evidence, found, "__tablename__")
    if named is not None:
        return Told(where=named[0].at(named[1]), hint=hint_for_the_name(named[1]))
    for each in [each for each in found[1].body if isinstance(each, ast.Assign | ast.AnnAssign)]:
        name = name_of(each.targets[0] if isinstance(each, ast.Assign) else each.target)
        if difflib.get_close_matches(name.strip("_"), ("tablename", "table_name"), 1, cutoff=0.8):
            hint = f"By which name does SQLModel ask for the name of a table? Compare it with {name}, letter by letter."
            return Told(where=found[0].at(each), hint=hint)
    hint = "Unless you say otherwise, SQLModel names a table after its class, in small letters."
    return Told(where=found[0].at(found[1]), hint=hint)


@reading("the length does not reach the column", _TABLE)
def length_not_seen(evidence: Evidence) -> Told | None:
    """SQLModel takes the length of a column only from Field(max_length=...)."""
    seen = re.match(r"(name|description): text of any length", evidence.saw)
    found = _declared(evidence, seen[1]) if seen else None
    if found is None:
        return None
    annotation = getattr(found[1], "annotation", None)
    named = [each.id for each in ast.walk(annotation or found[1]) if isinstance(each, ast.Name)]
    types = [(name, bound) for name in named if (bound := evidence.source.bound(name, found[0])) is not None]
    said = " ".join([text_of(annotation), *(text_of(bound[1]) for _, bound in types)])
    if "_length" in said or "constr" in said:
        hint = "The length is inside of this type, where SQLModel does not look for it. Where does it look?"
    elif types:
        hint = f"{types[0][0]} says nothing of a length. Where does SQLModel look for the length of a column?"
    else:
        hint = "Nothing here says how long the text may be."
    return Told(where=found[0].at(found[1]), hint=hint)


@reading("a column of another type", _TABLE)
def other_column(evidence: Evidence) -> Told | None:
    """The type of the field and the arguments of Field() define the column."""
    named = re.match(r"(id|name|description): ", evidence.saw)
    found = _declared(evidence, named[1]) if named else None
    if named is None:
        return None
    if found is None and (renamed := _under_another_name(evidence, named[1])) is not None:
        return renamed
    if found is None:  # in the class that ItemRead builds on, too, if there is one
        classes = [each for each in evidence.source.ancestry(_item(evidence)) if each[1].name != "SQLModel"]
        hint = f"Neither this class nor Item declares '{named[1]}'."
        having = [each for each in _classes(evidence) if named[1] in evidence.source.declared_in(each)]
        having = [each for each in having if each[1].name.endswith("Base")] or having
        if len(classes) == 1:
            hint = f"Item declares no '{named[1]}', and inherits none."
            if having:
                hint = f"Item has no '{named[1]}', and {having[0][1].name} has. From which class does Item inherit?"
        return Told(where=classes[-1][0].at(classes[-1][1]), hint=hint) if classes else None
    beside = re.search(r"primary key together with (\w+)", evidence.saw)
    if beside is not None:
        return _two_keys(evidence)
    hint = "Compare the type, and what Field() says, with the task sheet."
    if named[1] == "id" and evidence.saw.partition("; ")[0].endswith(", primary key"):
        hint = COUNTS_WHOLE_NUMBERS
    return Told(where=found[0].at(found[1]), hint=hint)


def _under_another_name(evidence: Evidence, name: str) -> Told | None:
    """A field of the table that has another name than the one that is missing, and is none that was asked for."""
    listed = re.search(r"the columns are ([\w, ]+)\)", evidence.saw)
    missing = re.findall(r"(\w+): missing", evidence.saw)
    for other in listed[1].split(", ") if listed else ():
        written = _declared(evidence, other) if other not in ("id", *_TEXTS) else None
        if written is None:
            continue
        line = text_of(written[1])
        meant = "id" if "primary_key=True" in line else "description" if re.search(r"\bNone\b|\b500\b", line) else name
        if meant in missing and (meant == "id" or name != "id"):
            saw = f"{evidence.saw}: '{other}' is another name"
            return Told(
                saw=saw,
                where=written[0].at(written[1]),
                hint=f"There is '{other}' here. Should it be called '{meant}'?",
            )
    return None


def _two_keys(evidence: Evidence) -> Told | None:
    """Where another column than the id is said to be the primary key, too."""
    for name in _TEXTS:
        found = _declared(evidence, name)
        if found is not None and "primary_key=True" in text_of(found[1]):
            return Told(where=found[0].at(found[1]), hint=ONE_KEY)
    return None


_NO_ID = re.compile(r"NOT NULL constraint failed: items\.id\b|null value in column \"id\" of relation \"items\"")


def without_an_id(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """The reading of a column of another type, where the database gave no id: it counts up one whole number alone."""
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        if not _NO_ID.search(" ".join([evidence.saw, *(each.message for each in evidence.raised)])):
            return None
        found = _declared(evidence, "id")
        kind = text_of(getattr(found[1], "annotation", None)) if found else ""
        if (told := _two_keys(evidence)) is not None or found is None or re.search(r"\bint\b", kind):
            return told
        return Told(where=found[0].at(found[1]), hint=COUNTS_WHOLE_NUMBERS)

    vars(holds)["reading"] = replace(original, rules=(), holds=holds)
    return holds


def _classes(evidence: Evidence) -> list[tuple[File, ast.ClassDef]]:
    """The learner's classes."""
    return [(file, node) for file in own_files(evidence) for node in file.classes]


@reading("the id has a value before the database gives one", _TABLE)
def id_made_in_python(evidence: Evidence) -> Told | None:
    """An id that is not None is sent with the INSERT, and the database is never asked for one."""
    found = _declared(evidence, "id") if "has an id already" in evidence.saw else None
    if found is None:
        return None
    hint = "The database gives an id only to a row that comes without one. What does a new Item hold here?"
    return Told(where=found[0].at(found[1]), hint=hint)


_NO_VALUE = re.compile(r"validation error for Item\n(\w+)\n +(Field required|.*input_value=None)")


@reading("the id has no default")
def id_without_default(evidence: Evidence) -> Told | None:
    """Item.model_validate() asks for every field without a default, also for the id, which only the database knows."""
    raised = evidence.raised_kind("ValidationError")
    asked = _NO_VALUE.search(raised.message) if raised else None
    found = _declared(evidence, asked[1]) if asked else None
    if asked is None or found is None or asked[1] in _TEXTS:
        return None
    who = "Who knows the id before the database has given it one?"
    if asked[1] != "id":
        who = "Who has one for it when an item is new?"
    saw = f"Item.model_validate() asks for the {asked[1]}: the class gives it no default"
    if asked[2] != "Field required":
        saw = f"Item.model_validate() takes no None as the {asked[1]}: its type in the class has no room for it"
    why = "The class says what an item needs when it is made. A new item has no id yet."
    return Told(saw=saw, where=found[0].at(found[1]), hint=who, why=why if asked[1] == "id" else "")


_NO_DESCRIPTION = re.compile(r"validation errors? for Item\n(?:.*\n)*?description\n +Field required")


def of_the_table(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """The reading of a field that must be sent, for the table model: model_validate() asks for all that has no default.

    Only where create_item() hands over what was sent: whoever drops the description has made another mistake.
    """
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        raised, found = evidence.raised_kind("ValidationError"), _declared(evidence, "description")
        if raised is None or found is None or not _NO_DESCRIPTION.search(raised.message):
            return None
        create = evidence.source.doing("create_item", "app/crud.py", evidence.given)
        chain = evidence.source.reached(*create, evidence.given) if create else []
        hands_over = any(re.search(r"exclude_|fields_set|description", text_of(node)) for _, node in chain)
        if found[0].name in evidence.given or not hands_over or "description" in "".join(evidence.did[-1:]):
            return None
        saw = f"{evidence.saw}; Item.model_validate() asks for the description: the class gives it no default"
        hint = "A field that may be None still has to be given, unless it has a default. Which one fits here?"
        return Told(saw=saw, where=found[0].at(found[1]), hint=hint)

    vars(holds)["reading"] = replace(original, rules=_MADE, holds=holds)
    return holds


@reading("the name allows NULL", _TABLE)
def name_takes_null(evidence: Evidence) -> Told | None:
    """The type of the field, or nullable=, decides whether a column allows NULL."""
    found = _declared(evidence, "name") if "NULL was stored as a name" in evidence.saw else None
    if found is None:
        return None
    said = "nullable=True" in text_of(found[1])
    hint = "nullable=True overrides the type." if said else "The type says here that there may be no name."
    if "sa_column=" in text_of(found[1]):
        hint = "sa_column takes the place of what the type says. What does this column say about NULL?"
    return Told(saw="the database stored a row whose name is NULL", where=found[0].at(found[1]), hint=hint)


@reading("a correct row is refused", _TABLE)
def row_refused(evidence: Evidence) -> Told | None:
    """A column allows NULL if its type includes None. Values may repeat unless the column is unique."""
    if not evidence.saw.startswith("refused: "):
        return None
    column = re.search(r"items\.(\w+)|column \"(\w+)\"", evidence.saw)
    name = (column[1] or column[2]) if column else ""
    unique = re.search(r"unique", evidence.saw, re.I)
    if unique:
        lines = [found for found in (_declared(evidence, each) for each in _TEXTS) if found is not None]
        said = next((found for found in lines if "unique" in text_of(found[1])), None)
        hint = "Two items may have the same name. Which word in this line forbids it?"
        return Told(where=said[0].at(said[1]), hint=hint) if said else None
    found = _declared(evidence, name)
    if found is None or name == "name":
        return None
    saw = f"the database refused a row whose {name} is NULL"
    if name == "description":
        hint = "Whether a column takes NULL follows from its annotation. Does this one allow for None?"
        if "nullable=False" in text_of(found[1]):
            hint = "nullable=False counts for more than the type."
        return Told(saw=saw, where=found[0].at(found[1]), hint=hint)
    return Told(where=found[0].at(found[1]), hint=f"Nobody asked for '{name}', and a row without it is refused.")


@reading("a column that may be empty, of a type that may not", *_MADE, *_ANSWERS)
def null_only_in_the_column(evidence: Evidence) -> Told | None:
    """nullable= is about the column. Whoever reads an object checks its values by the annotation."""
    raised = evidence.raised_kind("ValidationError")
    of = re.match(r"\d+ validation errors? for (\w+)\n", raised.message) if raised else None
    found = _declared(evidence, "description")
    refused = re.search(r"\bdescription: Input should be a valid string, not None", evidence.saw)
    if of is None or found is None or refused is None:
        return None
    reader = evidence.source.class_(of[1])
    said = text_of(getattr(found[1], "annotation", None))
    if field_in(evidence, reader, "description") != found or re.search(r"\bNone\b|\bOptional\b", said):
        return None
    hint = "The column takes NULL, but values are checked by this annotation. Does it allow for None?"
    why = "An item without a description is an item like any other."
    return Told(where=found[0].at(found[1]), hint=hint, why=why)


@reading("no index on the name", _TABLE)
def name_has_no_index(evidence: Evidence) -> Told | None:
    """An index helps a search by name only if the name is its first column."""
    found = _declared(evidence, "name") if "no index on name" in evidence.saw else None
    if found is None:
        return None
    late = index_set_late(evidence)
    if late is not None:
        return late
    other = _declared(evidence, "description")
    if other is not None and "index=True" in text_of(other[1]):
        hint = "The index is on this column. Which column does the task sheet want it on?"
        return Told(where=other[0].at(other[1]), hint=hint)
    return Told(where=found[0].at(found[1]), hint="Nothing here asks for an index.")


@reading("a registry or metadata of its own", _TABLE, "the_rest_still_works")
def own_registry(evidence: Evidence) -> Told | None:
    """main.py creates the tables in SQLModel.metadata. A model with another registry or metadata is not among them."""
    found = _item(evidence)
    for file, node in evidence.source.ancestry(found) if "SQLModel.metadata" in evidence.saw else ():
        own = [each for each in node.body if isinstance(each, ast.Assign) and name_of(each.targets[0]) == "metadata"]
        places: list[ast.AST] = [*(each.value for each in node.keywords if each.arg == "registry"), *own]
        if places:
            hint = "This is a collection of tables of its own. Which one does main.py create?"
            return Told(where=file.at(places[0]), hint=hint)
    return None


# -- schemas ------------------------------------------------------------------------------------------


# What making an object raises whose class has no table, and inherits the columns of one.
_NO_TABLE = re.compile(r"'NoneType' object has no attribute 'set'|cannot pickle '\w+' object")


@reading("the table model instead of a schema", *_SCHEMA_RULES, *_MADE)
def schema_is_the_table(evidence: Evidence) -> Told | None:
    """A table model does not validate its input, and it shows every column that it has."""
    if evidence.rule in _MADE and not any(_NO_TABLE.match(each.message) for each in evidence.raised):
        return None
    for name in _schemas_of(evidence):
        alias = table_behind(evidence, name)
        if alias is not None and isinstance(alias[1], ast.Assign):
            names = [name_of(each) for each in alias[1].targets]
            told = f"{', '.join(names[:-1])} and {names[-1]} are" if names[1:] else f"{name} is"
            told += f" only {'other names' if names[1:] else 'another name'} of the table model"
            return Told(saw=f"{evidence.saw}; {told}", where=alias[0].at(alias[1]), hint=_apart(name))
        schema = evidence.source.class_(name)
        if schema is not None and name != "Item" and table_behind(evidence, name):
            hint = _NO_TABLES.get(name, _IS_SENT)
            return Told(saw=f"{evidence.saw}; {name} is a table model", where=schema[0].at(schema[1]), hint=hint)
        parents = [name_of(each) for each in schema[1].bases] if schema else []
        tables = [each for each in parents if table_behind(evidence, each)]
        if schema is not None and tables:
            saw = f"{evidence.saw}; {name} inherits from the table model {tables[0]}"
            return Told(saw=saw, where=schema[0].at(schema[1]), hint=_apart(name))
    return None


def _apart(name: str) -> str:
    """What to ask about a schema that is, or comes from, the table model."""
    if name == "ItemRead":
        return "A table model shows every column that it has. Which fields belong in an answer, and in what class?"
    return (
        "FastAPI does not check a body that is a table model, and that has every column. Give what a client sends a "
        "class of its own: no table, and the types of 8.1."
    )


_LOSES = re.compile(r"in the database|^row: |^the row is |^the answer is ")


def in_the_row(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """The reading of a field that a schema lacks, for a row that does not get what was sent: the schema drops it."""
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        made = re.findall(r"\bItem(?:Create|Update)\b(?=\()", "".join(evidence.did[-1:]))
        schema = evidence.source.class_(made[-1]) if made else schema_of_body(evidence)
        if schema is None or schema[0].name in evidence.given or not re.match("Item(Create|Update)", schema[1].name):
            return None
        was_sent = [each for each in _TEXTS if (f"{each}=" in evidence.did[-1] if made else each in sent(evidence))]
        asked = re.search(r"ValidationError: (\w+): Field required", evidence.saw)
        lost = _LOSES.search(evidence.saw) if not evidence.raised else asked and asked[1] in was_sent
        told = missing_in(evidence, schema, [asked[1]] if asked else was_sent) if lost else None
        return None if told is None else replace(told, saw=f"{evidence.saw}; {told.saw}")

    vars(holds)["reading"] = replace(original, rules=(*_SCHEMA_RULES, *_MADE), holds=holds)
    return holds


# A text that is empty, too long, or none at all, or has a NUL in it: field=value.
_WRONG_TEXT = r"\\x00|\* \d|^name='(\s|\\\w+)*'$|=[\[{]"


@reading("the types of the table, where a client sends something", *_SCHEMA_RULES[:4])
def types_of_the_table(evidence: Evidence) -> Told | None:
    """What the table's columns can hold is one thing. What a client may send is less: no blank name, for example."""
    found, schema = endpoint_of(evidence), schema_of_body(evidence)
    if found is None or schema is None or evidence.saw.startswith("422") or not evidence.wanted.startswith("422"):
        return None
    parents = [each for each in evidence.source.ancestry(schema) if each[1] is not schema[1]]
    shared = [each for each in parents if each in evidence.source.ancestry(_item(evidence))]
    if not shared or table_behind(evidence, schema[1].name) is not None:
        return None
    declared = {name: field_in(evidence, schema, name) for name in _TEXTS}
    inherited = [name for name in _TEXTS if declared[name] == field_in(evidence, shared[0], name) is not None]
    wrong = {name for name, value in sent(evidence).items() if re.search(_WRONG_TEXT, f"{name}={value}")}
    if not wrong or not wrong <= {*inherited}:
        return None
    base = shared[0][1].name
    for name in sorted(wrong):
        field = field_in(evidence, shared[0], name)
        value = getattr(field[1], "value", None) if field else None
        of_the_column = isinstance(value, ast.Call) and (keyword(value, "sa_type") or keyword(value, "sa_column"))
        if field and of_the_column and not re.search(r"max_length|min_length", text_of(value)):
            hint = "This says what the column holds. What says to Pydantic what a client may send?"
            return Told(where=field[0].at(of_the_column), hint=hint)
    for file, check in _checks_of_the_table(evidence, schema, wrong):
        taken = f"{schema[1].name} takes the request, and the check of {' and '.join(sorted(wrong))} is in Item"
        hint = f"Item comes after {schema[1].name}, which has let this in already. Which class is asked first?"
        if evidence.raised_kind("ValidationError") is None:
            hint = "A class with table=True checks nothing when an object is made of it. Which class is asked first?"
        return Told(saw=f"{evidence.saw}; {taken}", where=file.at(check), hint=hint)
    return Told(
        saw=f"{evidence.saw}; {schema[1].name} takes {' and '.join(inherited)} from {base}, whose types are those of "
        "the table",
        where=schema[0].at(schema[1]),
        hint=f"{base} says what the table holds. Which types did you describe for what a client sends, and where are "
        "they used?",
    )


def _checks_of_the_table(
    evidence: Evidence, schema: tuple[File, ast.ClassDef], fields: set[str]
) -> list[tuple[File, ast.expr]]:
    """The decorators of methods that check one of these fields in Item, but not in a schema."""
    found = []
    of_the_schema = evidence.source.ancestry(schema)
    own = [each for each in evidence.source.ancestry(_item(evidence)) if each not in of_the_schema]
    for file, method in [(file, each) for file, node in own for each in node.body if isinstance(each, Function)]:
        for name, decorator in decorators(method):
            said = {part.value for part in ast.walk(decorator) if isinstance(part, ast.Constant)}
            if name in ("field_validator", "validator") and (fields & said or "*" in said):
                found.append((file, decorator))
    return found


def _schemas_of(evidence: Evidence) -> list[str]:
    """The schemas that a story is about: those that it names, or that of the body or of the answer."""
    named = [name for line in (*evidence.did, evidence.wanted) for name in _SCHEMA.findall(line)]
    found = endpoint_of(evidence)
    if named or found is None:
        return named[-1:]
    body, model = body_parameter(evidence, found[1]), keyword(found[2], "response_model")
    answer = text_of(model if model is not None else found[1].returns)
    taken = text_of(body.annotation) if body is not None else ""
    shown = evidence.rule.startswith(("answers_hide", "read_"))
    return _SCHEMA.findall(answer if shown else taken)


@reading("Field comes from Pydantic, and not from SQLModel")
def field_of_pydantic(evidence: Evidence) -> Told | None:
    """Both have a Field. Only SQLModel's says something about a column."""
    for file in own_files(evidence):
        columns = [call for call in file.calls("Field") if {each.arg for each in call.keywords} & _OF_COLUMNS]
        bound = [
            each
            for each in file.tree.body
            if isinstance(each, ast.ImportFrom) and (each.module or "").startswith("pydantic")
            if any(one.name == "Field" and one.asname in (None, "Field") for one in each.names)
        ]
        if columns and bound:
            hint = "This Field is Pydantic's: it knows no primary_key and no index. Whose Field makes columns?"
            return Told(where=file.at(bound[-1]), hint=hint)
    return None


_OF_COLUMNS = {"primary_key", "index", "foreign_key", "unique", "nullable", "sa_column", "sa_type"}
_COPIED = "create_refreshes", "update_refreshes", "create_answers_201", "patch_keeps_omitted_fields"


@reading("a copy is returned", *_COPIED)
def returned_a_copy(evidence: Evidence) -> Told | None:
    """Only the object in the session is kept up to date. A copy keeps the values that it was made with."""
    name = "create_item" if evidence.rule.startswith("create") else "update_item"
    found = evidence.source.doing(name, "app/crud.py", evidence.given)
    added = calls(found[1], "add")[:1] if found and evidence.raised_kind("UnmappedInstanceError") is None else []
    for node in ast.walk(found[1]) if found and added else ():
        made = node.value if isinstance(node, ast.Assign) else None
        if not isinstance(made, ast.Call) or name_of(made) not in ("Item", "model_validate", "model_copy"):
            continue
        copied = name_of(node.targets[0]) if isinstance(node, ast.Assign) else ""
        returns = [text_of(each.value) for each in ast.walk(found[1]) if isinstance(each, ast.Return)] if found else []
        if found and copied in returns and copied != text_of(added[0].args[0] if added[0].args else None):
            hint = "This makes a second object. Which one does the session know, and can load again after the COMMIT?"
            return Told(saw=f"{evidence.saw}: it is a copy", where=found[0].at(node), hint=hint)
    return None


_UPDATED_OTHERWISE = {
    r"\"Item(Update|Create)\" object has no field": "Which of the two has the new values, and which one gets them?",
    r".*sqlmodel_update\(\) missing 1 required positional argument: 'obj'": "sqlmodel_update() asks for the new values "
    "first, and update= only adds to them. Where do they belong?",
    r"Can't use sqlmodel_update\(\) with something that is not a dict": "sqlmodel_update() takes a dict, or a model. "
    "What does this line hand over?",
}


@reading("sqlmodel_update() gets something else")
def updated_otherwise(evidence: Evidence) -> Told | None:
    """sqlmodel_update() is a method of the row, and takes the new values: a dict, or a model."""
    raised = evidence.raised_kind("TypeError", "ValueError")
    where = innermost(raised, evidence.given) if raised else ""
    for words, hint in _UPDATED_OTHERWISE.items():
        line = evidence.source.line(where)
        if raised is None or not re.match(words, raised.message) or "sqlmodel_update(" not in line:
            continue
        if "missing" not in words or "sqlmodel_update(update=" in line:
            return Told(where=where, hint=hint)
    return None


_WITH_AN_ID = (
    *("read_answers_the_item", "patch_keeps_omitted_fields", "patch_null_clears", "patch_null_name_is_422"),
    *("delete_answers_204", "sessions_close_after_every_answer", "answers_hide_internal_fields", "huge_id_is_no_crash"),
    *("get_unknown_is_404", "patch_unknown_is_404", "delete_unknown_is_404"),
)
_KIND = re.compile(
    r"'(\w+)' object has no attribute|Class '[\w.]*?(\w+)' is not mapped|input_type=(\w+)|'input': <[\w.]*?(\w+) object"
)
# What a call returns that is no item, by its name.
_NO_ITEM = {
    **dict.fromkeys(("all", "fetchall", "fetchmany", "list"), "list"),
    **dict.fromkeys(("exec", "execute", "scalars"), "Result"),
    **dict.fromkeys(("query", "filter", "filter_by", "where", "select"), "Query|Select"),
    **dict.fromkeys(("first", "one", "one_or_none", "fetchone", "next"), "Row"),
    **dict.fromkeys(("model_dump", "dict"), "dict"),
}
_HINTS_FOR = {
    "list": "An id is that of one item. How many does this give?",
    "Result": "This is the result of a query, with its rows. What gives the one item in it, or None?",
    "Query|Select": "This is only a query. What runs it, and gives the one item, or None?",
    "Row": "Each row is a tuple with the item in it. What gives the item?",
    "tuple": "A comma makes a tuple. Is one meant here?",
    "dict": "The caller changes and deletes what comes back, in the database. Can it do so with a dict?",
}


@reading("get_item() returns something other than an item", *_WITH_AN_ID)
def get_item_returns_no_item(evidence: Evidence) -> Told | None:
    """Every route with an id works with what get_item() returns: an item, or None. A list, a row or the result of a
    query is neither."""
    found = evidence.source.doing("get_item", "app/crud.py", evidence.given)
    messages = [f"{each.kind}: {each.message}" for each in evidence.raised]
    kinds = [kind for message in messages for each in _KIND.findall(message) for kind in each if kind]
    if found is None or found[0].name in evidence.given:
        return None
    returned = [each for each in inside(found[1]) if isinstance(each, ast.Return) and each.value is not None]
    if not returned and calls(found[1], "get", "exec", "execute", "scalar", "scalars", "query"):
        hint = "This finds the item. What does get_item() hand back to its caller?"
        return Told(saw=f"{evidence.saw}; get_item() returned None", where=found[0].at(found[1].body[-1]), hint=hint)
    for each in returned:
        value: ast.AST = value_of(found[1], text_of(each.value)) or each
        value = getattr(value, "value", value) if isinstance(value, ast.Return) else value
        value = value.body if isinstance(value, ast.IfExp) else value
        made = "tuple" if isinstance(value, ast.Tuple) else "list" if isinstance(value, ast.List | ast.ListComp) else ""
        made = made or _NO_ITEM.get(name_of(value) if isinstance(value, ast.Call) else "", "")
        kind = next((kind for kind in kinds if made and re.search(made, kind)), "")
        other = select_of_sqlalchemy([found]) if made == "Row" and calls(value, "exec") else None
        rows = made != "Row" or other is not None or bool(calls(found[1], "execute"))
        rows = rows or any(len(call.args) > 1 for call in calls(found[1], "select"))
        if not kind and made in _SHOWN and rows and any(_SHOWN[made].search(message) for message in messages):
            kind = made
        if kind:
            file, place = other or (found[0], value)
            return Told(
                saw=f"get_item() returned a {kind}, not an item",
                wanted="an Item, or None",
                where=file.at(place),
                hint=ROWS_OF_EXEC if other else _HINTS_FOR[made],
                why="Every route with an id works with what get_item() returns.",
            )
    return None


# How an answer that FastAPI refuses shows what was returned; a row raises the bare name of what it does not have.
_SHOWN = {
    "Row": re.compile(r"'input': \(|^AttributeError: \w+$"),
    "list": re.compile(r"'input': \["),
    "tuple": re.compile(r"'input': \("),
}


_NOT_GIVEN_BACK = "The caller goes on with the item that comes back: it has to be the one that was saved."
_NOT_SAVED = "What was changed has to be in the database when the session is closed. Here, nothing of it is."


@reading("merge() takes over what was not sent", "update_keeps_omitted_fields", "patch_keeps_omitted_fields")
def merged_with_defaults(evidence: Evidence) -> Told | None:
    """An object of SQLModel has a value for each field: the default for what was not sent. merge() takes them all."""
    if "NULL" not in evidence.saw or evidence.raised:
        return None
    for file in own_files(evidence):
        for node in file.functions:
            given = [each for each in inside(node) if isinstance(each, ast.Assign) and makes_an_item(each.value)]
            made = {name_of(each.targets[0]) for each in given}
            for call in [call for call in calls(node, "merge") if call.args]:
                if makes_an_item(call.args[0]) or text_of(call.args[0]) in made:
                    hint = "This Item has a default for whatever was not sent. What does merge() do with that?"
                    return Told(where=file.at(call), hint=hint)
    return None


def nothing_saved(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """A reading of an update that saves nothing, for a chapter in which a rule about null meets it first."""
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        told = original.holds(evidence)
        if told is None or told.why or evidence.rule not in ("update_null_clears", "update_keeps_omitted_fields"):
            return told
        saved = evidence.sent("UPDATE") and evidence.sent("COMMIT")
        return replace(told, why=_NOT_GIVEN_BACK if saved else _NOT_SAVED)

    vars(holds)["reading"] = replace(original, holds=holds)
    return holds
