"""In the child: mistakes in the table ``items``: its columns, and what the database refuses."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.endpoints import own_files
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.late import set_from_outside
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import File, Function, calls, inside, keyword, name_of, passed_to, text_of

_COLUMNS = "items_table_has_the_columns"
COMMA = "A comma at the end of a line makes a tuple of what stands before it."
COUNTS_WHOLE_NUMBERS = "The database counts whole numbers up by itself; this is something else."
ONE_KEY = "One column tells rows apart, and that is the id."
_ANNOTATION = re.compile(r'annotation for "(\w+)\.(\w+)"')
_REFUSES_RIGHT_ITEMS = "A rule that nobody asked for makes the database refuse items that are right."


def _attribute(evidence: Evidence, name: str) -> tuple[File, ast.stmt] | None:
    """The line of the class Item that declares an attribute."""
    for file, owner in _item_and_its_bases(evidence):
        for node in reversed(owner.body):  # of two with one name the second counts
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if any(name_of(each) == name for each in targets if each is not None):
                return file, node
    for file in evidence.source.files():
        for call in [each for table in file.calls("Table") for each in calls(table, "Column")]:
            if call.args and text_of(call.args[0]) == repr(name) and _is_of_items(evidence, file, call):
                return file, ast.copy_location(ast.Expr(call), call)
    return None


def _is_of_items(evidence: Evidence, file: File, column: ast.Call) -> bool:
    """Whether a column stands in a Table that is called items, or that Item is given."""
    tables = [call for call in file.calls("Table") if column in calls(call, "Column")]
    owners = [node for _, node in _item_and_its_bases(evidence)]
    return any(
        text_of(table.args[0] if table.args else None) == "'items'"
        or any(table in calls(one, "Table") for one in owners)
        for table in tables
    )


def _item_and_its_bases(evidence: Evidence) -> list[tuple[File, ast.ClassDef]]:
    """The class Item, and the learner's classes that it inherits from."""
    found = evidence.source.class_("Item")
    chain = [found] if found else []
    for _, node in chain:  # which grows meanwhile
        parents = [evidence.source.class_(name_of(base)) for base in node.bases]
        chain += [parent for parent in parents if parent is not None and parent not in chain]
    return chain


def _option(node: ast.AST, name: str) -> ast.expr | None:
    """The value of an option on the line of a column, ``nullable=True``."""
    return next((each.value for each in ast.walk(node) if isinstance(each, ast.keyword) and each.arg == name), None)


def _where_the_type_is(evidence: Evidence, file: File, node: ast.stmt) -> tuple[File, ast.AST]:
    """The place that says which type a column has: a constant or a type of another name, or the column itself."""
    for each in ast.walk(node):
        length = each.args[0] if isinstance(each, ast.Call) and name_of(each) == "String" and each.args else None
        bound = evidence.source.bound(length.id, file) if isinstance(length, ast.Name) else None
        if bound is not None and isinstance(length, ast.Name):
            return (file, node) if _is_for_another(evidence, node, length.id, bound[1]) else bound
        if isinstance(each, ast.Call) and name_of(each) == "String":
            return file, each
    for each in ast.walk(node):
        bound = evidence.source.bound(each.id, file) if isinstance(each, ast.Name) else None
        if bound is not None and re.search(r"String|mapped_column|Text", text_of(getattr(bound[1], "value", None))):
            return (file, node) if _is_for_another(evidence, node, name_of(each), bound[1]) else bound
    helper = _helper_of(evidence, file, node)
    for length in [call.args[0] for call in calls(helper[1], "String") if call.args] if helper else ():
        name = length.id if isinstance(length, ast.Name) else ""
        if helper and name in {each.arg for each in (*helper[1].args.args, *helper[1].args.kwonlyargs)}:
            passed = _passed(file, node, helper, name)
            return passed if passed[1] is not None else (file, node)  # type: ignore[return-value]
        return (helper[0], length) if helper else (file, node)
    return file, node


_LENGTHS = {"name": 200, "description": 500}


def _is_for_another(evidence: Evidence, node: ast.stmt, alias: str, bound: ast.stmt) -> bool:
    """Whether the type, or the length, that a column takes by its name is right, and this column the wrong one for it.

    It is, where the other column needs this length and takes it from there, or where its own name says so.
    """
    held = [each.value for each in ast.walk(bound) if isinstance(each, ast.Constant) and type(each.value) is int]
    column = _column_of(node)
    other = next((name for name in _LENGTHS if name != column), "")
    words = alias.lower()
    if len(held) != 1 or column not in _LENGTHS or column[:4] in words:
        return False
    needs = held[0] == _LENGTHS[other] and re.search(rf"\b{alias}\b", text_of_attribute(evidence, other)) is not None
    return needs or other[:4] in words or re.search(rf"(?<!\d){held[0]}(?!\d)", words) is not None


def _helper_of(evidence: Evidence, file: File, node: ast.stmt) -> tuple[File, Function] | None:
    """The learner's function that makes a column: ``name = text_column(200)``."""
    value = getattr(node, "value", None)
    found = evidence.source.function(name_of(value), file.name) or evidence.source.function(name_of(value))
    return found if isinstance(value, ast.Call) and found and calls(found[1], "mapped_column", "Column") else None


def _passed(file: File, node: ast.stmt, helper: tuple[File, Function], name: str) -> tuple[File, ast.expr | None]:
    """What a column passes to the function that makes it, for a parameter, or the default of this parameter."""
    call, arguments = getattr(node, "value", None), helper[1].args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    assert isinstance(call, ast.Call)
    value = passed_to(call, helper[1], name)
    if value is not None:
        return file, value
    defaults = dict(zip(names[::-1], arguments.defaults[::-1], strict=False))
    only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return helper[0], {**defaults, **{each.arg: default for each, default in only}}.get(name)


def _option_behind(evidence: Evidence, file: File, node: ast.stmt, name: str) -> tuple[File, ast.AST] | None:
    """Where the function that makes a column decides about an option of it: at its value, or where nothing says it."""
    helper = _helper_of(evidence, file, node)
    made = calls(helper[1], "mapped_column", "Column") if helper else []
    if helper is None or len(made) != 1:
        return None
    value = keyword(made[0], name)
    if value is None and any(each.arg is None for each in made[0].keywords):
        return None  # it may be in **options
    known = [each.arg for each in (*helper[1].args.args, *helper[1].args.kwonlyargs)]
    parameter = value.operand if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not) else value
    if isinstance(parameter, ast.Name) and parameter.id in known:
        passed = _passed(file, node, helper, parameter.id)
        return (passed[0], passed[1]) if passed[1] is not None else None
    return helper[0], made[0] if value is None else value


def _value_behind(
    evidence: Evidence, file: File, node: ast.stmt, behind: tuple[File, ast.AST] | None, name: str
) -> str:
    """What an option of a column comes to by what the function that makes it is told (`_option_behind`)."""
    helper = _helper_of(evidence, file, node) if behind is not None else None
    made = calls(helper[1], "mapped_column", "Column") if helper else []
    value = keyword(made[0], name) if made else None
    said = text_of(behind[1]) if behind is not None else ""
    opposite = {"True": "False", "False": "True"}
    return opposite.get(said, said) if isinstance(value, ast.UnaryOp) and said != text_of(value) else said


def _told_by(
    evidence: Evidence, file: File, node: ast.stmt, behind: tuple[File, ast.AST], says: str
) -> tuple[str, str]:
    """Where to change what a column gets from the function that makes it, and a hint.

    A function that makes other columns too stays as it is: who calls it says what is different.

    Args:
        evidence: what is known.
        file: the file of the column.
        node: the column.
        behind: where the function decides (`_option_behind`).
        says: what it makes of a column, ``makes a column NOT NULL``.
    """
    helper = _helper_of(evidence, file, node)
    name = _column_of(node)
    if helper is None or behind[1] in ast.walk(node):
        return behind[0].at(behind[1]), f"What does this call say about the {name}?"
    others = [call for each in evidence.source.files() for call in each.calls(helper[1].name)]
    defaults = [*helper[1].args.defaults, *helper[1].args.kw_defaults]
    if len(others) > 1 and behind[1] in defaults:
        hint = f"{helper[1].name}() {says} unless its caller says otherwise. What does this call say?"
        return file.at(node), hint
    if len(others) > 1:
        return behind[0].at(
            behind[1]
        ), f"{helper[1].name}() {says}, whoever calls it. Is that right for the {name}, and for the others?"
    hint = f"Whether the column takes NULL is decided here. What does this say about the {name}?"
    return behind[0].at(behind[1]), hint


def _column_of(node: ast.stmt) -> str:
    """The name of the attribute that a line declares."""
    if isinstance(node, ast.Expr):  # in a Table
        return text_of(calls(node, "Column")[0].args[0]).strip("'")
    return name_of(node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0])


def _column_in(words: str) -> str:
    """The column that comes first in what was seen."""
    found = re.match(r"(id|name|description): ", words)
    return found[1] if found else ""


# -- the columns --------------------------------------------------------------------------------------


@reading("a column's type is not inside Mapped[...]")
def not_mapped(evidence: Evidence) -> Told | None:
    """SQLAlchemy reads the annotations of a model, and asks for ``Mapped[...]`` around each type."""
    raised = next((each for each in evidence.raised if "MappedAnnotationError" in each.bases), None)
    found = _ANNOTATION.search(raised.message) if raised is not None else None
    held = evidence.source.class_(found[1]) if found else None
    if found is None or held is None:
        return None
    for node in held[1].body:
        if isinstance(node, ast.AnnAssign) and name_of(node.target) == found[2]:
            saw = f"SQLAlchemy cannot read the annotation of {found[2]}: {text_of(node.annotation)}"
            what = "attribute" if calls(node, "relationship") else "column"
            hint = f"SQLAlchemy learns from the annotation what the {what} is. What has to stand around the type?"
            if "Mapped[" in saw:
                hint = "What stands inside the brackets of Mapped here, and what should?"
            return Told(saw=saw, where=held[0].at(node), hint=hint)
    return None


@reading("a number instead of a column's type")
def length_without_type(evidence: Evidence) -> Told | None:
    """``mapped_column`` takes a type, and the type takes the length."""
    raised = evidence.raised_kind("ArgumentError")
    found = re.search(r"'SchemaItem' object.* got (\d+)$", raised.message.partition("\n")[0]) if raised else None
    if raised is None or found is None:
        return None
    hint = f"What is {found[1]} to this column? The type of a text takes its length."
    return Told(where=innermost(raised, evidence.given), hint=hint)


@reading("__table_args__ is not a tuple")
def no_tuple(evidence: Evidence) -> Told | None:
    """What makes a tuple is the comma, not the brackets."""
    raised = evidence.raised_kind("ArgumentError")
    for file in evidence.source.files() if raised and raised.message.startswith("__table_args__ value must be") else ():
        for node in [node for each in file.classes for node in each.body if isinstance(node, ast.Assign)]:
            if name_of(node.targets[0]) == "__table_args__" and not isinstance(node.value, ast.Tuple | ast.Dict):
                hint = "Brackets alone do not make a tuple. What does one with a single element need?"
                return Told(where=file.at(node), hint=hint)
    return None


_MAKES_A_FIELD = "mapped_column", "Column", "Field", "relationship", "Relationship", "ConfigDict"
_IS_A_TUPLE = (
    r"\b{0}: (missing|text of any length|Input should be .*, not \()|\b{0} is \(|Unconsumed column names: .*\b{0}\b|"
    r'no such column: (\w+\.)?{0}\b|column "?(\w+\.)?{0}"? (of relation "\w+" )?does not exist'
)
# Without one of these `_IS_A_TUPLE` is not there either.
_OF_A_TUPLE = ": missing", "text of any length", ", not (", " is (", "Unconsumed", "no such column", "does not exist"
_BY_A_TUPLE = re.compile(
    r"\btuple\b|\bprimary key columns\b|foreign key|join condition|not \(|dictionary update sequence|"
    "ORM mapped attribute"
)


@reading("a comma after a field")
def comma_behind_a_field(evidence: Evidence) -> Told | None:
    """A comma at the end of a line makes a tuple of what stands before it, which is not a column or a default."""
    words = " ".join([evidence.saw, *(each.message for each in evidence.raised)])
    told = _BY_A_TUPLE.search(words) or any(each in words for each in _OF_A_TUPLE)
    for file in own_files(evidence) if told else ():
        for owner in file.classes:
            for node in [each for each in owner.body if isinstance(each, ast.AnnAssign | ast.Assign)]:
                value, name = node.value, _column_of(node)
                alone = value.elts[0] if isinstance(value, ast.Tuple) and len(value.elts) == 1 else None
                made = isinstance(alone, ast.Call) and name_of(alone) in _MAKES_A_FIELD
                plain = isinstance(alone, ast.Constant) and isinstance(node, ast.AnnAssign) and bool(owner.bases)
                if not made and not plain:
                    continue
                if re.search(_IS_A_TUPLE.format(name), words) or (made and _BY_A_TUPLE.search(words)):
                    return Told(saw=f"{evidence.saw}; {name} is given a tuple", where=file.at(node), hint=COMMA)
    return None


_BOOLEAN_ONLY = re.compile(r"The '(\w+)' keyword argument on Column is boolean only")


@reading("a text for True or False")
def text_for_a_boolean(evidence: Evidence) -> Told | None:
    """index= and unique= are True or False. In quotes these are texts."""
    raised = evidence.raised_kind("ArgumentError")
    named = _BOOLEAN_ONLY.match(raised.message) if raised else None
    for file in evidence.source.files() if named else ():
        for each in [each for each in file.nodes if isinstance(each, ast.keyword) and named and each.arg == named[1]]:
            if isinstance(each.value, ast.Constant) and isinstance(each.value.value, str) and named:
                hint = f"{named[1]} is either True or False. What do the quotes turn this into?"
                if each.value.value not in ("True", "False"):
                    hint = f"{named[1]} is either True or False. What is it here?"
                return Told(where=file.at(each.value), hint=hint)
    return None


@reading("an index or a constraint of a column that is not there")
def indexed_under_another_name(evidence: Evidence) -> Told | None:
    """What stands in an Index or a UniqueConstraint as a text is the name of a column, letter by letter."""
    raised = evidence.raised_kind("ConstraintColumnNotFoundError")
    named = re.search(r"on table '(\w+)': no column named '([^']*)'", raised.message) if raised else None
    for file in evidence.source.files() if named else ():
        for call in file.calls("Index", "UniqueConstraint", "PrimaryKeyConstraint", "ForeignKeyConstraint"):
            for each in [each for each in call.args if named and text_of(each) == repr(named[2])]:
                hint = f"{named[1] if named else ''} has no column of this name. Compare it with those of the table, "
                return Told(where=file.at(each), hint=f"{hint}letter by letter.")
    return None


_OF_THE_COLUMN = "index", "nullable", "unique", "primary_key", "default", "server_default", "autoincrement"


@reading("the type is not written as Mapped takes it")
def other_brackets_of_mapped(evidence: Evidence) -> Told | None:
    """Mapped[...] takes a type of Python in square brackets; the type of the database, with its length, belongs to the
    column."""
    words = r"^Mapped\(\) takes no arguments|inside the '(\w+)' attribute Mapped annotation|^unsupported operand type"
    raised = next(
        (each for each in evidence.raised if each.told in evidence.saw and re.search(words, each.message)), None
    )
    where = innermost(raised, evidence.given) if raised else ""
    if raised is None or where.rpartition(":")[0] in evidence.given:
        return None
    if raised.message.startswith("Mapped("):
        return Told(where=where, hint="These parentheses call Mapped. Which kind of brackets does it take?")
    for file in evidence.source.files():
        for node in [each for class_ in file.classes for each in class_.body if isinstance(each, ast.AnnAssign)]:
            named = f"'{name_of(node.target)}' attribute" in raised.message or file.at(node) == where
            inner = node.annotation if name_of(getattr(node.annotation, "value", None)) == "Mapped" else None
            if named and inner is not None and re.search(r"[&+] None|None [&+]|'None'", text_of(inner)):
                names = [each.id for each in ast.walk(inner) if isinstance(each, ast.Name) and each.id != "Mapped"]
                kind = next(iter(names), "a type")
                return Told(where=file.at(node), hint=f"How does Python write '{kind} or None' as one type?")
            if named and inner is not None and (calls(inner, *_TYPES) or "SQLAlchemy type" in raised.message):
                hint = "Mapped[...] takes Python's type, mapped_column(...) the database's, with its length. "
                hint += "Which one is this?"
                return Told(where=file.at(node), hint=hint)
    return None


_TYPES = "String", "Text", "Integer", "str", "int", "VARCHAR", "Unicode"


@reading("an option in the wrong brackets")
def option_in_other_brackets(evidence: Evidence) -> Told | None:
    """A type takes what belongs to it, such as a length; the column takes everything else."""
    raised = evidence.raised_kind("TypeError")
    words = r"(\w+)(\.__init__)?\(\) (got an unexpected keyword|takes no) argument"
    found = re.search(words, raised.message) if raised else None
    too_far_out = raised is not None and raised.message.endswith("<dialectname>_<argument>, got 'length'")
    if raised is None or not (found or too_far_out):
        return None
    where = innermost(raised, evidence.given)
    given = [each for each in _OF_THE_COLUMN if f"{each}=" in evidence.source.line(where)]
    if found and "unexpected" in found[3]:
        given = [each for each in given if f"'{each}'" in raised.message]
    if too_far_out:
        return Told(where=where, hint="A length says something about the type. In whose brackets does it stand here?")
    if found and found[1][:1].isupper() and found[1] not in ("Column", "MappedColumn") and given:
        hint = f"{given[0]} says something about the column, not about its type. In whose brackets does it stand?"
        return Told(where=where, hint=hint)
    return None


@reading("a class that is not a model", _COLUMNS)
def not_a_model(evidence: Evidence) -> Told | None:
    """A class becomes a table only if it inherits from Base."""
    found = evidence.source.class_("Item")
    if found is None or "without a table" not in evidence.saw:
        return None
    bases = ", ".join(map(text_of, found[1].bases)) or "nothing"
    hint = "SQLAlchemy makes a table of each class that inherits from the Base of app/db.py. Does this one?"
    return Told(saw=f"Item has no table: it inherits from {bases}", where=found[0].at(found[1]), hint=hint)


@reading("the table has another name", _COLUMNS)
def other_table_name(evidence: Evidence) -> Told | None:
    """The rest of the app and the lessons expect the table name items."""
    found = _attribute(evidence, "__tablename__")
    if found is None or "the table is called" not in evidence.saw:
        return None
    return Told(where=found[0].at(found[1]), hint=hint_for_the_name(found[1]))


def hint_for_the_name(node: ast.stmt) -> str:
    """What to ask of the line that says what a table is called."""
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return "What stands behind a colon is a type. What gives a name its value?"
    return (
        COMMA
        if isinstance(getattr(node, "value", None), ast.Tuple)
        else "Names of tables are compared letter by letter."
    )


@reading("an attribute that does not become a column", _COLUMNS)
def no_column(evidence: Evidence) -> Told | None:
    """SQLAlchemy makes columns only from Mapped[...], mapped_column() and Column. It ignores everything else."""
    name = _column_in(evidence.saw)
    found = _attribute(evidence, name) if name and ": missing" in evidence.saw else None
    if found is None:
        return None
    value = getattr(found[1], "value", None)
    if isinstance(value, ast.Call) and name_of(value) == "Field":
        hint = "'Field' is for schemas. How does a model say what a column is?"
    elif value is not None and not calls(value, "mapped_column", "Column", "Field"):
        hint = "A type alone is not a column."
    else:
        return None
    return Told(saw=f"{evidence.saw}; {name} is {text_of(value)}", where=found[0].at(found[1]), hint=hint)


@reading("a column in a class that the model does not inherit", _COLUMNS)
def column_not_inherited(evidence: Evidence) -> Told | None:
    """A table has the columns of its model, and of the classes that the model inherits from."""
    name, item = _column_in(evidence.saw), evidence.source.class_("Item")
    if item is None or ": missing" not in evidence.saw or _attribute(evidence, name) is not None:
        return None
    known = _item_and_its_bases(evidence)
    for file in own_files(evidence):
        for node in [each for each in file.classes if (file, each) not in known]:
            own = {_column_of(each) for each in node.body if calls(each, "mapped_column", "Column")}
            own |= {
                _column_of(each) for each in node.body if isinstance(each, ast.AnnAssign) and "Mapped[" in text_of(each)
            }
            if name not in own or "__tablename__" in text_of(node):
                continue
            if node in item[1].body:
                hint = "SQLAlchemy does not look into a class inside a model. Which class is the column to belong to?"
                return Told(where=file.at(node), hint=hint)
            hint = f"Item has no '{name}', and {node.name} has. From which classes does Item inherit?"
            return Told(where=item[0].at(item[1]), hint=hint)
    return None


@reading("a column has another name", _COLUMNS)
def misnamed_column(evidence: Evidence) -> Told | None:
    """The column takes its name from the attribute, or from the first argument if that is a text."""
    without = re.match(r"Item has no attribute (\w+)", evidence.saw)
    for file, owner in _item_and_its_bases(evidence) if without else ():
        for node in owner.body:
            made = calls(node, "mapped_column", "Column") if isinstance(node, ast.Assign | ast.AnnAssign) else []
            texts = [call for call in made if call.args and text_of(call.args[0]).strip("'") == (without or "")[1]]
            if texts:
                saw = f"the column {(without or '')[1]} belongs to the attribute {_column_of(node)}; {evidence.saw}"
                hint = "The column's name is in the brackets, the attribute's name in front. "
                hint += "Which one do you write to read it from an item?"
                return Told(saw=saw, where=file.at(node), hint=hint)
    name = _column_in(evidence.saw)
    found = _attribute(evidence, name) if name else None
    for call in calls(found[1], "mapped_column", "Column") if found else ():
        if found and call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value != name:
            hint = "The first text in the brackets is the column's name in the database."
            return Told(where=found[0].at(call), hint=hint)
        first = call.args[0] if call.args and isinstance(call.args[0], ast.Call) else None
        if found and first is not None and name_of(first) == "str" and first.args:
            said = f"{text_of(first)} is the text '{text_of(first.args[0])}'"
            hint = f"{said}. A text that comes first is the column's name. Which type has a length?"
            return Told(where=found[0].at(call), hint=hint)
    listed = re.search(r"the columns are ([\w, ]+)\)", evidence.saw)
    others = set(listed[1].split(", ")) - {"id", "name", "description"} if listed else set()
    missing = re.findall(r"(\w+): missing", evidence.saw)
    for other in sorted(others):
        written = _attribute(evidence, other)
        if written is not None and found is None:
            if len(missing) > 1 and re.search(r"\bNone\b|\b500\b", text_of(written[1])):
                name = "description"  # by what the two tasks ask for
            hint = f"There is '{other}' here. Should it be called '{name}'?"
            return Told(saw=f"{evidence.saw}: '{other}' is another name", where=written[0].at(written[1]), hint=hint)
    return None


@reading("a column of another type", _COLUMNS)
def other_kind(evidence: Evidence) -> Told | None:
    """The type of a column says what it can hold, and how long a text may be."""
    name = _column_in(evidence.saw)
    found = _attribute(evidence, name) if name and ": missing" not in evidence.saw else None
    if found is None:
        return None
    file, node = found
    line = text_of(node)
    unread = next((place for place in _maps_of_a_model(evidence) if "any length" in evidence.saw), None)
    if unread is not None:
        hint = "Whose type_annotation_map does SQLAlchemy read: that of a model, or that of its base?"
        return Told(where=unread[0].at(unread[1]), hint=hint)
    remark = _remark_in_annotated(evidence, file, node) if "any length" in evidence.saw else None
    if remark is not None:
        return remark
    said = _where_the_type_is(evidence, file, node)
    if name == "id" and evidence.saw.startswith("id: text "):  # that it has no length does not matter
        hint = "An id is a whole number, which the database counts up by itself. Which type does this line ask for?"
    elif "any length" in evidence.saw:
        hint = _hint_for_any_length(node) or _hint_for_any_length(said[1]) or _NO_LENGTH
    elif "primary key" in evidence.saw and name == "id" and "primary_key" in line and "together" not in evidence.saw:
        hint = COUNTS_WHOLE_NUMBERS
    elif "primary key" in evidence.saw:
        keys = [each for each in ("name", "description") if "primary_key" in text_of_attribute(evidence, each)]
        other = keys[0] if keys else ""
        place = _attribute(evidence, other) if other else found
        assert place is not None
        return Told(where=place[0].at(place[1]), hint=ONE_KEY)
    else:
        hint = "Compare what this line says with the task sheet."
    used = {name_of(each) for each in ast.walk(node) if isinstance(each, ast.Name)}
    named = [name for name in sorted(used) if said[1] is node and evidence.source.bound(name, file)]
    if named and hint.startswith("Compare"):
        hint = f"What does {named[0]} say, and what does the task sheet want for the {name}?"
    uuid = re.search(r"\bUUID\b|\bUuid\b", line)
    saw = evidence.saw.replace("text padded to exactly 32", "a UUID") if uuid else ""
    return Told(saw=saw, where=said[0].at(said[1]), hint=hint)


_NO_LENGTH = "Nothing here says how long the text may be."


def _remark_in_annotated(evidence: Evidence, file: File, node: ast.stmt) -> Told | None:
    """Where ``Annotated`` says of a column's type what SQLAlchemy does not look at: ``Annotated[str, 200]``."""
    annotation = getattr(node, "annotation", node)
    words = [each.value for each in ast.walk(annotation) if isinstance(each, ast.Constant)]
    quoted = [ast.parse(each) for each in words if isinstance(each, str) and re.fullmatch(r"[\w.\[\], |]+", each)]
    places: list[tuple[File, ast.AST]] = [(file, each) for each in (annotation, *quoted)]
    for within, place in places:  # which grows meanwhile
        names = sorted({each.id for each in ast.walk(place) if isinstance(each, ast.Name)})
        called = [name_of(each) for each in ast.walk(place) if isinstance(each, ast.Call)]
        found = [evidence.source.bound(name, within) for name in names]
        behind = [*found, *(evidence.source.function(name) for name in called if name in names)]
        places += [each for each in behind if each is not None and each not in places]
        for each in ast.walk(place) if within.name not in evidence.given else ():
            said = _said_of_a_type(each)
            if not said or any(calls(one, "mapped_column", "Column") for one in said):
                continue
            hint = f"SQLAlchemy does not know what {text_of(said[0])} means in {text_of(each)}. What could tell it?"
            if any("type_annotation_map" in line for one in evidence.source.files() for line in one.lines):
                hint = f"Which entry of type_annotation_map is for {text_of(each)}? Compare them letter by letter."
            elif calls(said[0], *_TYPES):
                hint = (
                    f"In Annotated, SQLAlchemy looks at mapped_column(...) alone. Where does {text_of(said[0])} belong?"
                )
            return Told(where=within.at(each), hint=hint)
    return None


def _said_of_a_type(node: ast.AST) -> list[ast.expr]:
    """What ``Annotated[...]`` says of its type that may be a length: a number, or what has a name."""
    parts = node.slice if isinstance(node, ast.Subscript) and name_of(node.value) == "Annotated" else None
    said = parts.elts[1:] if isinstance(parts, ast.Tuple) else []
    return [
        one
        for one in said
        if any(isinstance(each, ast.Name) or type(getattr(each, "value", "")) is int for each in ast.walk(one))
    ]


def _hint_for_any_length(node: ast.AST) -> str:
    """What to ask of a column without a length: a length may be said where nobody reads it. Empty where none is."""
    options = [each for call in calls(node, "mapped_column", "Column") for each in call.keywords]
    unread = next((each.arg for each in options if re.search(r"_len|size", each.arg or "")), None)
    if unread is not None:
        return f"mapped_column does nothing with {unread}. What takes the length of a text?"
    if any(isinstance(each, ast.Constant) and type(each.value) is int and each.value > 1 for each in ast.walk(node)):
        return "SQLAlchemy does not look here for the length. What takes the length of a text?"
    if any(name_of(each) in ("Text", "UnicodeText", "TEXT", "CLOB") for each in ast.walk(node)):
        return "This type is for texts of any length. Which one is for texts up to a length?"
    return ""


def _maps_of_a_model(evidence: Evidence) -> list[tuple[File, ast.stmt]]:
    """Where a type_annotation_map stands in Item, or in a mixin, and not in the base."""
    return [
        (file, each)
        for file, node in _item_and_its_bases(evidence)
        if not any("Declarative" in name_of(base) for base in node.bases)
        for each in node.body
        if isinstance(each, ast.Assign | ast.AnnAssign) and "type_annotation_map" in text_of(each).partition("=")[0]
    ]


def text_of_attribute(evidence: Evidence, name: str) -> str:
    """The line that declares an attribute of Item, as Python writes it; empty where there is none."""
    found = _attribute(evidence, name)
    return text_of(found[1]) if found else ""


@reading("an extra column that must be filled", _COLUMNS)
def more_required_columns(evidence: Evidence) -> Told | None:
    """If an extra column must not be empty, the database refuses every row that does not fill it."""
    refused = re.search(r"items\.(\w+)|column \"(\w+)\"", evidence.saw)
    name = (refused[1] or refused[2]) if refused else ""
    found = _attribute(evidence, name) if name not in ("", "id", "name", "description") else None
    if found is None:
        return None
    hint = f"Nobody asked for '{name}', and a row without it is refused."
    return Told(where=found[0].at(found[1]), hint=hint, why=_REFUSES_RIGHT_ITEMS)


@reading("the name allows NULL", "name_is_required")
def name_may_be_null(evidence: Evidence) -> Told | None:
    """Mapped[...] or nullable= decides whether a column allows NULL. A plain Column allows it."""
    found = _attribute(evidence, "name")
    if found is None:
        return None
    line, option = text_of(found[1]), _option(found[1], "nullable")
    if option is not None and text_of(option) == "True":
        hint = "What does nullable=True say about the name?"
        return Told(saw="the database stored a row whose name is NULL", where=found[0].at(option), hint=hint)
    if option is not None and not isinstance(option, ast.Constant):
        hint = "Is this true or false? The database takes NULL here."
        return Told(saw="the database stored a row whose name is NULL", where=found[0].at(option), hint=hint)
    behind = _option_behind(evidence, *found, "nullable")
    if behind is not None and _value_behind(evidence, *found, behind, "nullable") == "True":
        where, hint = _told_by(evidence, *found, behind, "allows NULL")
        return Told(saw="the database stored a row whose name is NULL", where=where, hint=hint)
    alias = _alias_with_none(evidence, *found)
    if alias is not None:
        name, place = alias
        shared = name in text_of_attribute(evidence, "description").partition("=")[0]
        hint = f"{name} leaves room for None. What does that do to the column?"
        place = found if shared else place
        return Told(saw="the database stored a row whose name is NULL", where=place[0].at(place[1]), hint=hint)
    if "None" in line.partition("=")[0] or "Optional" in line.partition("=")[0]:
        hint = "The type in Mapped[...] says here that there may be no name."
    elif "Column(" in line and "Mapped" not in line:
        hint = "A Column allows NULL as long as nobody says otherwise."
    elif isinstance(found[1], ast.Assign) and option is None and calls(found[1].value, "mapped_column"):
        hint = "Nothing here says that there always is a name. In which annotation does a column have its type?"
    else:
        return None
    return Told(saw="the database stored a row whose name is NULL", where=found[0].at(found[1]), hint=hint)


_SAYS_REQUIRED = re.compile(r"requir|mandator|obligat|needed|not_?null|must")
_SAYS_OPTIONAL = re.compile(r"option|nullable|may|missing|allow|can_be")


@reading("a helper that turns an option round", "name_is_required", "description_is_optional")
def turned_round_in_a_helper(evidence: Evidence) -> Told | None:
    """A function that makes columns says the opposite of what it is told: who asks for a required column gets one that
    takes NULL."""
    column = evidence.rule.partition("_")[0]
    found = _attribute(evidence, column)
    helper = _helper_of(evidence, *found) if found else None
    made = calls(helper[1], "mapped_column", "Column") if helper else []
    value = keyword(made[0], "nullable") if len(made) == 1 else None
    name, turned = _taken_over(value)
    if found is None or helper is None or value is None or helper[0].name in evidence.given:
        return None
    known = [each.arg for each in (*helper[1].args.posonlyargs, *helper[1].args.args, *helper[1].args.kwonlyargs)]
    said = text_of(_passed(*found, helper, name)[1]) if name in known else ""
    required, optional = _SAYS_REQUIRED.search(name) is not None, _SAYS_OPTIONAL.search(name) is not None
    meant = required != (said == "False")  # whether the call asks for a column that takes no NULL
    if required == optional or said not in ("True", "False") or meant != (column == "name") or turned == required:
        return None
    saw = "the database stored a row whose name is NULL"
    if column == "description":
        saw = "the database refused a row whose description is NULL"
    hint = f"{helper[1].name}() gets {name}={said} for the {column}. What does this line do with it?"
    return Told(saw=saw, where=helper[0].at(value), hint=hint)


def _taken_over(value: ast.expr | None) -> tuple[str, bool]:
    """The name whose value an option takes over, and whether it takes the opposite: ``not required``."""
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not):
        name, turned = _taken_over(value.operand)
        return name, not turned
    if isinstance(value, ast.IfExp) and {text_of(value.body), text_of(value.orelse)} == {"True", "False"}:
        name, turned = _taken_over(value.test)
        return name, turned != (text_of(value.body) == "False")
    if isinstance(value, ast.Call) and name_of(value) == "bool" and len(value.args) == 1:
        return _taken_over(value.args[0])
    return (value.id if isinstance(value, ast.Name) else ""), False


def _alias_with_none(evidence: Evidence, file: File, node: ast.stmt) -> tuple[str, tuple[File, ast.stmt]] | None:
    """The type of another name that a column has, ``Text = Annotated[str | None, ...]``, if it allows NULL."""
    for each in ast.walk(getattr(node, "annotation", node)):
        bound = evidence.source.bound(each.id, file) if isinstance(each, ast.Name) else None
        value = getattr(bound[1], "value", None) if bound else None
        if bound is None or value is None or not isinstance(each, ast.Name):
            continue
        parts = value.slice.elts if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Tuple) else []
        kind = text_of(parts[0] if parts and name_of(value.value) == "Annotated" else value)
        if re.search(r"\bNone\b|\bOptional\b", kind) or text_of(_option(value, "nullable")) == "True":
            return each.id, bound
    return None


def _refuses_null_in_its_type(
    evidence: Evidence, file: File, node: ast.stmt
) -> tuple[str, str, tuple[File, ast.AST]] | None:
    """The type of another name that a column has, ``Text = Annotated[str, mapped_column(nullable=False)]``, who says
    that, and where: the type itself, or the function that it calls.

    SQLAlchemy prefers what is said there to what the annotation says.
    """
    for each in ast.walk(getattr(node, "annotation", node)):
        bound = evidence.source.bound(each.id, file) if isinstance(each, ast.Name) else None
        if bound is None or not isinstance(each, ast.Name):
            continue
        said = _option(bound[1], "nullable")
        if said is not None:
            return (each.id, each.id, (bound[0], said)) if text_of(said) == "False" else None
        for call in [one for one in ast.walk(bound[1]) if isinstance(one, ast.Call)]:
            helper = evidence.source.function(name_of(call)) if not isinstance(call.func, ast.Attribute) else None
            said = _option(helper[1], "nullable") if helper and helper[0].name not in evidence.given else None
            if helper is not None and text_of(said) == "False" and calls(helper[1], "mapped_column"):
                others = [one for other in evidence.source.files() for one in other.calls(helper[1].name)]
                place = (helper[0], said) if said is not None and len(others) == 1 else bound
                return each.id, f"{helper[1].name}()", place
    return None


@reading("the description does not allow NULL", "description_is_optional")
def description_required(evidence: Evidence) -> Told | None:
    """A description may be missing, so its column must allow NULL."""
    found = _attribute(evidence, "description")
    if found is None:
        return None
    either = [each for each in ast.walk(getattr(found[1], "annotation", found[1])) if isinstance(each, ast.BoolOp)]
    if either and isinstance(either[0].op, ast.Or) and _option(found[1], "nullable") is None:
        hint = f"Python works out '{text_of(either[0])}' first, and takes one of the two. Which type is left?"
        return Told(saw="the database refused a row whose description is NULL", where=found[0].at(found[1]), hint=hint)
    option, annotation = _option(found[1], "nullable"), text_of(getattr(found[1], "annotation", None))
    if option is None and re.fullmatch(
        r"(\w+\.)?Mapped\[(\[.*, *None.*\]|'[^|]*, *None.*'|\(.*, *None.*\))\]", annotation
    ):
        hint = "Mapped[...] takes one type. How does Python write 'str or None' as one?"
        return Told(saw="the database refused a row whose description is NULL", where=found[0].at(found[1]), hint=hint)
    if option is not None and text_of(option) == "False":
        hint = "What does nullable=False say about the description?"
        return Told(saw="the database refused a row whose description is NULL", where=found[0].at(option), hint=hint)
    behind = _option_behind(evidence, *found, "nullable")
    if behind is not None and _value_behind(evidence, *found, behind, "nullable") == "False":
        where, hint = _told_by(evidence, *found, behind, "makes a column NOT NULL")
        return Told(saw="the database refused a row whose description is NULL", where=where, hint=hint)
    refused = _refuses_null_in_its_type(evidence, *found)
    if refused is not None and option is None:
        name, who, place = refused
        shared = re.search(rf"\b{name}\b", text_of_attribute(evidence, "name")) is not None
        hint = f"{who} says nullable=False. Which counts for the column: that, or the None in its annotation?"
        if "None" not in annotation and "Optional" not in annotation:
            hint = f"{who} says nullable=False. What does that do to the column?"
        place = found if shared else place
        return Told(saw="the database refused a row whose description is NULL", where=place[0].at(place[1]), hint=hint)
    words = re.fullmatch(r"Mapped\[(\w+)\]", annotation)
    alias = evidence.source.bound(words[1], found[0]) if words else None
    text = text_of(getattr(alias[1], "value", None)) if alias else ""
    if text.startswith("Annotated[str,") and "None" not in text and "nullable" not in text:
        hint = f"{words[1] if words else ''} is a text that is never None. What does that do to the column?"
        return Told(saw="the database refused a row whose description is NULL", where=found[0].at(found[1]), hint=hint)
    if (
        re.search(r"\bMapped\[str\]", annotation)
        and option is None
        and "NOT NULL" in evidence.saw.upper().replace("-", " ")
    ):
        hint = "The type in Mapped[...] says here that there always is a description."
    else:
        return None
    return Told(saw="the database refused a row whose description is NULL", where=found[0].at(found[1]), hint=hint)


@reading("a condition in the table that refuses rows", _COLUMNS, "description_is_optional", "names_may_repeat")
def check_constraint(evidence: Evidence) -> Told | None:
    """A CheckConstraint refuses rows for everybody; what nobody asked for keeps right rows out."""
    if "check constraint" not in evidence.saw.lower():
        return None
    made = [(file, call) for file in evidence.source.files() for call in file.calls("CheckConstraint", "Enum")]
    named = [each for each in made if text_of(keyword(each[1], "name")).strip("'\"") in evidence.saw.split()]
    for file, call in named or made:
        hint = "Which rows does this keep out? Try it with the row that was refused."
        if evidence.rule == "description_is_optional":
            hint = "Which rows does this keep out? Try it with a description that is NULL."
        return Told(where=file.at(call), hint=hint, why=_REFUSES_RIGHT_ITEMS)
    return None


@reading("an index without a column", "items_table_has_the_columns", "tables_are_created_at_startup", "name_is_indexed")
def index_of_nothing(evidence: Evidence) -> Told | None:
    """The first argument of an Index is its own name; the columns come after it."""
    if evidence.raised_kind("OperationalError", "ProgrammingError") is None or "syntax error" not in evidence.saw:
        return None
    made = [(file, call) for file in evidence.source.files() for call in file.calls("Index")]
    alone = [each for each in made if len(each[1].args) == 1 and isinstance(each[1].args[0], ast.Constant)]
    if len(alone) != 1:
        return None
    hint = "An Index takes its own name first, and its columns after that. Which columns does this one have?"
    return Told(where=alone[0][0].at(alone[0][1]), hint=hint)


def _bound_by(node: ast.stmt) -> set[str]:
    """The names to which a statement of a class gives a value, or that of its function."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {name_of(each) for each in targets if each is not None} | {str(getattr(node, "name", ""))}


@reading("no index on the name", "name_is_indexed")
def name_not_indexed(evidence: Evidence) -> Told | None:
    """An index helps a search by name only if the name is its first column."""
    found = _attribute(evidence, "name")
    if found is None:
        return None
    for file, node in _item_and_its_bases(evidence)[:1]:
        own = [each for each in node.body if "__table_args__" in _bound_by(each)]
        bases = [each for _, base in _item_and_its_bases(evidence)[1:] for each in base.body]
        if own and any("__table_args__" in _bound_by(each) and "Index" in text_of(each) for each in bases):
            hint = "A class's own __table_args__ takes the place of what it inherits. Which index is lost by that?"
            return Told(where=file.at(own[0]), hint=hint)
    indexed = [(file, call) for file in evidence.source.files() for call in file.calls("Index")]
    for file, dialect in _for_one_database(evidence):
        alone = text_of(dialect).strip("'")
        saw = f"{evidence.saw}: the one in {file.name} is made for {alone} alone"
        hint = f"This holds for {alone} alone. How does the model ask for an index on each database?"
        return Told(saw=saw, where=file.at(dialect), hint=hint)
    other = next((each for each in ("id", "description") if "index=True" in text_of_attribute(evidence, each)), "")
    if indexed:
        file, call = indexed[0]
        columns = [text_of(each) for each in call.args[1:]]
        texts = bool(columns) and all(isinstance(each, ast.Constant) for each in call.args[1:])
        in_the_class = any(call in ast.walk(node) for _, node in _item_and_its_bases(evidence))
        listed = any("__table_args__" in text_of(node) for _, node in _item_and_its_bases(evidence))
        if texts and not in_the_class and "__table_args__" not in text_of(found[0].tree):
            hint = "Here the columns are texts. Of which table are they?"
        elif texts and in_the_class and not listed:
            inner = [each for each in _inner_classes(evidence) if call in ast.walk(each[1])]
            hint = "This index gets to no table: an attribute of the class is not enough. Where does a model list them?"
            hint = _READS_NO_CLASS.format(inner[0][1].name) if inner else hint
        elif columns[:1] and re.fullmatch(r"(\w+\.)*name|'name'", columns[0]):
            return None
        elif call.args and re.fullmatch(r"'name'|(\w+\.)*name", text_of(call.args[0])):
            hint = "An Index takes its own name first, and its columns after that. What is a column here?"
        elif columns[:1] and "(" in columns[0]:
            hint = "What does this index help to find: a name, or what this turns it into?"
            saw = f"an index on {columns[0]}, and none on name"
            return Told(saw=saw, where=file.at(call), hint=hint)
        else:
            hint = "What comes first in an index decides what it helps to find. What comes first here?"
        return Told(where=file.at(call), hint=hint)
    late = index_set_late(evidence)
    if late is not None:
        return late
    if other:
        hint = f"Your index is on {other}. Which column is searched for?"
        return Told(where=found[0].at(found[1]), hint=hint)
    behind = _option_behind(evidence, *found, "index")
    if behind is not None and _value_behind(evidence, *found, behind, "index") != "True":
        where, hint = _told_by(evidence, *found, behind, "makes no index")
        hint = hint if hint.endswith("What does this call say?") else _MADE_HERE
        return Told(where=where, hint=hint)
    if _option(found[1], "index") is not None and text_of(_option(found[1], "index")) == "True":
        return None
    words = [each for each in ast.walk(found[1]) if isinstance(each, ast.keyword) and "index" in (each.arg or "")]
    if words and words[0].arg != "index":
        return Told(
            where=found[0].at(words[0]), hint=f"Which option asks for an index? Compare it with {words[0].arg}."
        )
    for file, inner_class in _inner_classes(evidence):
        for each in inner_class.body:
            if isinstance(each, ast.Assign | ast.AnnAssign) and "index" in text_of(each):
                return Told(where=file.at(each), hint=_READS_NO_CLASS.format(inner_class.name))
    for file, owner in _item_and_its_bases(evidence):
        for each in owner.body:
            if _speaks_of_an_index(each):
                return Told(
                    where=file.at(each), hint=_READS_NO_ATTRIBUTE.format(", ".join(filter(None, _bound_by(each))))
                )
    places = [each for each in evidence.source.files() if re.search("CREATE (UNIQUE )?INDEX", "\n".join(each.lines))]
    saw = f"the model has no index (the one in {places[0].name} is made by hand)" if places else ""
    fields = [each for each in found[0].nodes if isinstance(each, ast.AnnAssign) and name_of(each.target) == "name"]
    lines = [each.lineno for each in fields if "Mapped" in text_of(each.annotation)]
    if len(lines) > 1:
        hint = f"The name is declared in lines {' and '.join(map(str, sorted(lines)))}. Which of them counts?"
        return Told(saw=saw, where=found[0].at(found[1]), hint=hint)
    hint = "Nothing here asks for an index."
    if places:
        hint = "The index that is made by hand does not come with the table. How does the column itself ask for one?"
    return Told(saw=saw, where=found[0].at(found[1]), hint=hint)


def index_set_late(evidence: Evidence) -> Told | None:
    """Where index=True is set on the column of the name too late: its table has it already, and makes no index."""
    for late in set_from_outside(evidence.source, "index"):
        columns = late.words & {"id", "name", "description"}
        if late.value == "True" and late.file.name not in evidence.given and (not columns or "name" in columns):
            saw = f"{evidence.saw}: this column was in its table already when its 'index' was set"
            hint = "SQLAlchemy looks at 'index' once, when the column gets into its table. Which line makes the column?"
            return Told(saw=saw, where=late.file.at(late.node), hint=hint)
    return None


def _for_one_database(evidence: Evidence) -> list[tuple[File, ast.Constant]]:
    """The names of databases for which alone an index is made: ``execute_if(dialect="postgresql")``."""
    found: list[tuple[File, ast.Constant]] = []
    for file in evidence.source.files():
        for call in file.calls("ddl_if", "execute_if"):
            owner = call.func.value if isinstance(call.func, ast.Attribute) else None
            bound = evidence.source.bound(owner.id, file) if isinstance(owner, ast.Name) else None
            of_an_index = re.search(r"\bindex\b", text_of(bound[1] if bound else owner), re.IGNORECASE)
            dialect = keyword(call, "dialect")
            found += [(file, dialect)] if of_an_index and isinstance(dialect, ast.Constant) else []
    return found


def _speaks_of_an_index(node: ast.stmt) -> bool:
    """Whether a class says something of an index in an attribute of its own, which no column and no table is."""
    value = getattr(node, "value", None) if isinstance(node, ast.Assign | ast.AnnAssign) else None
    plain = isinstance(value, ast.Dict | ast.List | ast.Tuple | ast.Set | ast.Constant) and not _calls_in(value)
    named = {each for each in _bound_by(node) if each}
    return plain and re.search("index", text_of(node), re.IGNORECASE) is not None and not named & _READ_BY_SQLALCHEMY


def _calls_in(node: ast.AST) -> list[ast.Call]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Call)]


_READ_BY_SQLALCHEMY = {"__tablename__", "__table_args__", "__mapper_args__"}


def _inner_classes(evidence: Evidence) -> list[tuple[File, ast.ClassDef]]:
    """The classes within the class Item and its bases, ``class Meta``."""
    return [
        (file, each)
        for file, owner in _item_and_its_bases(evidence)
        for each in owner.body
        if isinstance(each, ast.ClassDef)
    ]


_READS_NO_ATTRIBUTE = (
    "SQLAlchemy reads no '{}' in a model. Where does a column say that it is indexed, or a table what else it has?"
)
_READS_NO_CLASS = (
    "SQLAlchemy reads no class {} in a model. Where does a column say that it is indexed, or a table what else it has?"
)
_MADE_HERE = "The column is made here. What does this say about an index?"


@reading("names are unique", "names_may_repeat")
def unique_name(evidence: Evidence) -> Told | None:
    """Two items may have the same name. A unique column refuses the second one."""
    found = _attribute(evidence, "name")
    if found is None:
        return None
    option = _option(found[1], "unique")
    if isinstance(option, ast.Constant) and isinstance(option.value, str) and option.value:
        hint = "In quotes this is a text, and one that is not empty counts as true."
        return Told(where=found[0].at(option), hint=hint)
    if option is not None and text_of(option) == "True":
        hint = "An index does not have to be unique to be of use."
        if _option(found[1], "index") is None:
            hint = "unique=True forbids a second item of this name. What asks for an index, and nothing more?"
        return Told(where=found[0].at(option), hint=hint)
    made = getattr(found[1], "value", None)
    helper = evidence.source.function(name_of(made)) if isinstance(made, ast.Call) else None
    if helper is not None and helper[0].name not in evidence.given and "unique" in text_of(helper[1]):
        hint = (
            f"{name_of(made)}() decides whether two rows may have the same name. What does it get here, and what not?"
        )
        return Told(where=found[0].at(found[1]), hint=hint)
    described = _attribute(evidence, "description")
    option = _option(described[1], "unique") if described else None
    if described is not None and option is not None and text_of(option) == "True" and "description" in evidence.saw:
        hint = "unique=True forbids a second item of this description. Who asks for that?"
        return Told(where=described[0].at(option), hint=hint)
    for file in evidence.source.files():
        for call in file.calls("UniqueConstraint", "Index"):
            if name_of(call) == "UniqueConstraint" or text_of(keyword(call, "unique")) == "True":
                return Told(where=file.at(call), hint="Who says that this may not repeat?")
    return None


def _one_id_for_all(evidence: Evidence, file: File, column: ast.stmt) -> Told | None:
    """What there is to say of an id whose default is one and the same value for every item."""
    for name in ("default", "insert_default"):
        option = _option(column, name)
        bound = evidence.source.bound(option.id, file) if isinstance(option, ast.Name) else None
        value = text_of(getattr(bound[1], "value", None) if bound else option)
        if option is None or not re.fullmatch(r"-?\d+", value):
            continue
        hint = "This gives every new item the same id. Who should count instead?"
        if name == "default" and _is_a_dataclass(evidence):
            hint += " To a dataclass you can say that nobody passes an id: which option of mapped_column() does that?"
        saw = f"the id of every new item is {value}; {evidence.saw}"
        return Told(saw=saw, where=file.at(option), hint=hint)
    return None


def _is_a_dataclass(evidence: Evidence) -> bool:
    """Whether the model of an item is a mapped dataclass, whose defaults are those of its ``__init__()``."""
    owners = [owner for _, owner in _item_and_its_bases(evidence)]
    said = [text_of(each) for owner in owners for each in (*owner.bases, *owner.decorator_list)]
    return any(re.search(r"MappedAsDataclass|mapped_as_dataclass", each) for each in said)


_NO_ROWIDS = "SQLite takes a new id from the row's rowid. What does this say about rowids?"


@reading("the database assigns no ids", "ids_come_from_the_database")
def ids_not_counted(evidence: Evidence) -> Told | None:
    """The database counts up a primary key that is a whole number, unless something turns this off."""
    found = _attribute(evidence, "id")
    if found is None:
        return None
    line = text_of(found[1])
    for file in evidence.source.files():
        for node in file.nodes:
            if isinstance(node, ast.keyword) and node.arg == "sqlite_with_rowid" and text_of(node.value) == "False":
                return Told(where=file.at(node.value), hint=_NO_ROWIDS)
            if isinstance(node, ast.Constant) and node.value == "sqlite_with_rowid":
                return Told(where=file.at(node), hint=_NO_ROWIDS)
    off = [
        (file, node)
        for file in evidence.source.files()
        for node in file.nodes
        if isinstance(node, ast.keyword) and node.arg == "autoincrement" and text_of(node.value) == "False"
    ]
    names = [each.id for each in ast.walk(found[1]) if isinstance(each, ast.Name)] if off else []
    types = [bound[1] for each in names if (bound := evidence.source.bound(each, found[0])) is not None]
    said = "autoincrement=False" in line or any(off[0][1] in inside(each) for each in types)
    if off and (said or "autoincrement is off" in evidence.saw):
        hint = "What does autoincrement=False say to the database?"
        return Told(where=off[0][0].at(off[0][1]), hint=hint)
    keys = [each for each in ("name", "description") if "primary_key=True" in text_of_attribute(evidence, each)]
    if keys:
        place = _attribute(evidence, keys[0])
        assert place is not None
        return Told(where=place[0].at(place[1]), hint="Two columns make up the primary key now. Then nobody counts.")
    if (same := _one_id_for_all(evidence, *found)) is not None:
        return same
    typed = [each.id for each in ast.walk(getattr(found[1], "annotation", found[1])) if isinstance(each, ast.Name)]
    places = [found, *(evidence.source.bound(each, found[0]) for each in typed)]
    for file, node in filter(None, places):
        if re.search(r"\b(insert_)?default(_factory)?=", text_of(node)):
            hint = (
                "Here Python makes the id, in each process for itself. Who knows all rows of the table, and can count?"
            )
            return Told(where=file.at(node), hint=hint)
    if re.search(r"\b(BigInteger|SmallInteger|BIGINT|SMALLINT)\b", line):
        hint = "SQLite gives out ids only where the type of the column is INTEGER. What is it here?"
        return Told(where=found[0].at(found[1]), hint=hint)
    return None
