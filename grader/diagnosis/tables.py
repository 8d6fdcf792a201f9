"""In the child: mistakes in the table ``items`` and in how tables are created when the app starts."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import File, calls, keyword, name_of, text_of

_MODELS, _MAIN = "app/models.py", "app/main.py"
_IMPORT, _LATE_IMPORT = re.compile(r"\s*(import|from)\b.*\bmodels\b"), re.compile(r"\s+(import|from)\b.*\bmodels\b")
_COLUMNS, _AT_START, _RESTART = "items_table_has_the_columns", "tables_are_created_at_startup", "restart_keeps_data"


def _attribute(evidence: Evidence, name: str) -> tuple[File, ast.stmt] | None:
    """The line of the class Item that declares an attribute."""
    found = evidence.source.class_("Item")
    for node in found[1].body if found else ():
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if found and any(name_of(each) == name for each in targets if each is not None):
            return found[0], node
    return None


def _column_in(words: str) -> str:
    """The column that comes first in what was seen."""
    found = re.match(r"(id|name|description): ", words)
    return found[1] if found else ""


# -- the columns --------------------------------------------------------------------------------------


@reading("a class that is not a model", _COLUMNS)
def not_a_model(evidence: Evidence) -> Told | None:
    """A class becomes a table only if it inherits from Base."""
    found = evidence.source.class_("Item")
    if found is None or "without a table" not in evidence.saw:
        return None
    bases = ", ".join(map(text_of, found[1].bases)) or "nothing"
    return Told(saw=f"Item has no table: it inherits from {bases}", where=found[0].at(found[1]))


@reading("the table has another name", _COLUMNS)
def other_table_name(evidence: Evidence) -> Told | None:
    """The rest of the app and the lessons expect the table name items."""
    found = _attribute(evidence, "__tablename__")
    if found is None or "the table is called" not in evidence.saw:
        return None
    return Told(where=found[0].at(found[1]), hint="Names of tables are compared letter by letter.")


@reading("an attribute that does not become a column", _COLUMNS)
def no_column(evidence: Evidence) -> Told | None:
    """SQLAlchemy makes columns only from Mapped[...], mapped_column() and Column. It ignores everything else."""
    name = _column_in(evidence.saw)
    found = _attribute(evidence, name) if name and ": missing" in evidence.saw else None
    if found is None:
        return None
    value = getattr(found[1], "value", None)
    if isinstance(value, ast.Tuple):
        hint = "A comma at the end of a line makes a tuple of what stands before it."
    elif value is not None and not calls(value, "mapped_column", "Column", "Field"):
        hint = "A type alone is not a column."
    else:
        return None
    return Told(saw=f"{evidence.saw}; {name} is {text_of(value)}", where=found[0].at(found[1]), hint=hint)


@reading("a column has another name", _COLUMNS)
def misnamed_column(evidence: Evidence) -> Told | None:
    """The column takes its name from the attribute, or from the first argument if that is a text."""
    name = _column_in(evidence.saw)
    found = _attribute(evidence, name) if name else None
    for call in calls(found[1], "mapped_column", "Column") if found else ():
        if found and call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value != name:
            hint = "The first text in the brackets is the column's name in the database."
            return Told(where=found[0].at(call), hint=hint)
    listed = re.search(r"the columns are ([\w, ]+)\)", evidence.saw)
    others = set(listed[1].split(", ")) - {"id", "name", "description"} if listed else set()
    for other in sorted(others):
        written = _attribute(evidence, other)
        if written is not None and found is None:
            return Told(saw=f"{evidence.saw}: '{other}' is another name", where=written[0].at(written[1]))
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
    if "any length" in evidence.saw:
        hint = "Nothing here says how long the text may be."
    elif "primary key" in evidence.saw and name == "id" and "primary_key" in line and "together" not in evidence.saw:
        hint = "The database counts whole numbers up by itself; this is something else."
    elif "primary key" in evidence.saw:
        keys = [each for each in ("name", "description") if "primary_key" in text_of_attribute(evidence, each)]
        other = keys[0] if keys else ""
        place = _attribute(evidence, other) if other else found
        assert place is not None
        return Told(where=place[0].at(place[1]), hint="One column tells rows apart, and that is the id.")
    else:
        hint = "Compare the number in the brackets, and the type, with the task sheet."
    return Told(where=file.at(node), hint=hint)


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
    return Told(where=found[0].at(found[1]), hint=f"Nobody asked for '{name}', and a row without it is refused.")


@reading("the name allows NULL", "name_is_required")
def name_may_be_null(evidence: Evidence) -> Told | None:
    """Mapped[...] or nullable= decides whether a column allows NULL. A plain Column allows it."""
    found = _attribute(evidence, "name")
    if found is None:
        return None
    line = text_of(found[1])
    if "nullable=True" in line:
        hint = "nullable=True counts for more than the type in Mapped[...]."
    elif "None" in line.partition("=")[0] or "Optional" in line.partition("=")[0]:
        hint = "The type in Mapped[...] says here that there may be no name."
    elif "Column(" in line and "Mapped" not in line:
        hint = "A Column allows NULL as long as nobody says otherwise."
    else:
        return None
    return Told(saw="the database stored a row whose name is NULL", where=found[0].at(found[1]), hint=hint)


@reading("the description does not allow NULL", "description_is_optional")
def description_required(evidence: Evidence) -> Told | None:
    """A description may be missing, so its column must allow NULL."""
    found = _attribute(evidence, "description")
    if found is None:
        return None
    line = text_of(found[1])
    if "nullable=False" in line:
        hint = "nullable=False counts for more than the type in Mapped[...]."
    elif "None" not in line.partition("=")[0]:
        hint = "The type in Mapped[...] says here that there always is a description."
    else:
        return None
    return Told(saw="the database refused a row whose description is NULL", where=found[0].at(found[1]), hint=hint)


@reading("no index on the name", "name_is_indexed")
def name_not_indexed(evidence: Evidence) -> Told | None:
    """An index helps a search by name only if the name is its first column."""
    found = _attribute(evidence, "name")
    if found is None:
        return None
    indexed = calls(found[0].tree, "Index")
    other = next((each for each in ("id", "description") if "index=True" in text_of_attribute(evidence, each)), "")
    if indexed:
        hint = "This index does not begin with the column name."
        return Told(where=found[0].at(indexed[0]), hint=hint)
    if other:
        place = _attribute(evidence, other)
        assert place is not None
        return Told(where=place[0].at(place[1]), hint="The index is on this column. Which one is searched for?")
    return Told(where=found[0].at(found[1]), hint="Nothing here asks for an index.")


@reading("names are unique", "names_may_repeat")
def unique_name(evidence: Evidence) -> Told | None:
    """Two items may have the same name. A unique column refuses the second one."""
    found = _attribute(evidence, "name")
    if found is None:
        return None
    if "unique=True" in text_of(found[1]):
        return Told(where=found[0].at(found[1]), hint="An index does not have to be unique to be of use.")
    made = calls(found[0].tree, "UniqueConstraint", "Index")
    return Told(where=found[0].at(made[0]), hint="Who says that this may not repeat?") if made else None


@reading("the database assigns no ids", "ids_come_from_the_database")
def ids_not_counted(evidence: Evidence) -> Told | None:
    """The database counts up a primary key that is a whole number, unless something turns this off."""
    found = _attribute(evidence, "id")
    if found is None:
        return None
    line = text_of(found[1])
    if "autoincrement=False" in line:
        hint = "This switches the counting off; only SQLite counts all the same."
    elif "default=" in line:
        hint = "A default= is made by Python, here in this process. Leave the counting to the database."
    elif "BigInteger" in line or "SmallInteger" in line:
        hint = "SQLite counts only columns of the type INTEGER."
    else:
        return None
    return Told(where=found[0].at(found[1]), hint=hint)


# -- at the start -------------------------------------------------------------------------------------


def _lifespan(file: File) -> ast.AsyncFunctionDef | ast.FunctionDef | None:
    """The function of main.py that is a lifespan: it yields, or has the name."""
    for node in file.functions:
        if node.name == "lifespan" or any("contextmanager" in name_of(each) for each in node.decorator_list):
            return node
    return None


@reading("the app does not get the lifespan", _AT_START, "the_rest_still_works")
def lifespan_unknown(evidence: Evidence) -> Told | None:
    """FastAPI runs a lifespan only if you pass it: FastAPI(lifespan=...)."""
    file = evidence.source.file(_MAIN)
    node = _lifespan(file)
    made = [call for call in calls(file.tree, "FastAPI") if keyword(call, "lifespan") is None]
    if node is None or not made or any(keyword(call, "lifespan") for call in calls(file.tree, "FastAPI")):
        return None
    if node.name in "\n".join(line for line in file.lines if "lifespan_context" in line):
        return None
    return Told(
        saw=f"{evidence.saw}; {node.name}() was never run",
        where=file.at(made[0]),
        hint=f"{node.name} is written, but nobody gave it to FastAPI.",
    )


@reading("the lifespan is not an async context manager", _AT_START)
def lifespan_of_another_kind(evidence: Evidence) -> Told | None:
    """A lifespan is an async function with @asynccontextmanager that yields once."""
    file = evidence.source.file(_MAIN)
    node = _lifespan(file)
    raised = evidence.raised_kind("TypeError", "RuntimeError")
    if node is None or raised is None or not re.search(r"context manager|async iterator|didn't yield", raised.message):
        return None
    if not any(isinstance(each, ast.Yield) for each in ast.walk(node)):
        hint = "A lifespan yields once: what stands before the yield runs at the start, what follows it at the end."
    elif not isinstance(node, ast.AsyncFunctionDef):
        hint = "Python has two kinds of context managers. FastAPI wants the asynchronous one here."
    else:
        hint = "What makes a context manager of a function that yields?"
    return Told(where=file.at(node), hint=hint)


@reading("create_all without parentheses", _AT_START)
def not_called(evidence: Evidence) -> Told | None:
    """Naming a function does nothing. The parentheses call it."""
    for file in evidence.source.files():
        for node in file.nodes:
            value = node.value if isinstance(node, ast.Expr) else None
            if isinstance(value, ast.Attribute) and value.attr == "create_all":
                return Told(where=file.at(node), hint="This names the function. What calls it?")
    return None


@reading("the tables are created after the yield", _AT_START)
def created_at_the_end(evidence: Evidence) -> Told | None:
    """The lines after the yield of a lifespan run when the app stops."""
    file = evidence.source.file(_MAIN)
    node = _lifespan(file)
    yields = [each for each in ast.walk(node) if isinstance(each, ast.Yield)] if node else []
    made = calls(node, "create_all") if node else []
    if not yields or not made or made[0].lineno < yields[0].lineno:
        return None
    return Told(
        saw=f"{evidence.saw}; create_all() stands after the yield, where it runs when the app stops",
        where=file.at(made[0]),
        hint="Which side of the yield runs at the start?",
    )


@reading("the models are not imported", _AT_START)
def models_unknown(evidence: Evidence) -> Told | None:
    """Base knows only the models whose modules were imported before create_all() runs."""
    file = evidence.source.file(_MAIN)
    if any(_IMPORT.match(line) for line in file.lines) and "never imported" not in evidence.saw:
        late = next(
            (number for number, line in enumerate(file.lines, 1) if re.match(r"\s+(import|from) .*models", line)), 0
        )
        made = calls(file.tree, "create_all")
        if not late or not made or made[0].lineno > late:
            return None
        return Told(
            saw=f"{evidence.saw}; the models are imported after create_all() has run",
            where=file.at(late),
            hint="What does Base know when create_all() runs?",
        )
    others = [line for each in evidence.source.files() if each.name != _MODELS for line in each.lines]
    if any(_IMPORT.match(line) for line in others):
        return None
    made = calls(file.tree, "create_all")
    return Told(
        saw="create_all() ran, but app/models.py was never imported: Base knew no table",
        where=file.at(made[0] if made else 1),
        hint="Base knows only the models of modules that were imported before.",
    )


@reading("the tables of another base or engine", _AT_START)
def other_metadata(evidence: Evidence) -> Told | None:
    """create_all() makes the tables that this metadata knows, in the database of this engine."""
    for file in evidence.source.files():
        for call in calls(file.tree, "create_all"):
            if calls(call, "MetaData", "create_engine", "declarative_base"):
                hint = "These are not the Base and the engine of app/db.py."
                return Told(where=file.at(call), hint=hint)
    models = evidence.source.file(_MODELS)
    for node in models.classes:
        if any(name_of(each) == "DeclarativeBase" for each in node.bases):
            hint = "This is a second base. main.py creates the tables of the one in app/db.py."
            return Told(where=models.at(node), hint=hint)
    return None


@reading("the tables are created under a condition", _AT_START)
def created_conditionally(evidence: Evidence) -> Told | None:
    """create_all() itself checks which tables exist. A condition can only keep it from running."""
    file = evidence.source.file(_MAIN)
    if evidence.raised or evidence.sent("CREATE TABLE items"):
        return None
    for node in file.nodes:
        if isinstance(node, ast.If) and calls(node, "create_all"):
            script = "__name__" in text_of(node.test)
            hint = "This is true only for 'python main.py'." if script else "create_all() needs no if."
            return Told(saw=f"{evidence.saw}; create_all() did not run", where=file.at(node), hint=hint)
    return None


@reading("the tables are created too early or too late", _AT_START)
def created_at_another_moment(evidence: Evidence) -> Told | None:
    """A request may come right after the start, so the tables must be there before it."""
    file = evidence.source.file(_MAIN)
    for node in file.functions:
        events = [text_of(each) for each in node.decorator_list]
        if not calls(node, "create_all") or node is _lifespan(file):
            continue
        if any("on_event" in each and "startup" in each for each in events):
            hint = "An app that has a lifespan does not run its startup events."
        elif any("shutdown" in each for each in events):
            hint = "This runs when the app stops."
        elif any("middleware" in each for each in events) or (file.lines and "dependencies" in "".join(file.lines)):
            hint = "This runs with a request. Who runs before the first one?"
        elif isinstance(node, ast.AsyncFunctionDef):
            hint = "Calling an async function only makes a coroutine; somebody has to await it."
        else:
            continue
        return Told(saw=f"{evidence.saw}; {node.name}() had not run", where=file.at(node), hint=hint)
    return None


@reading("nobody creates the tables", _AT_START, "the_rest_still_works")
def nobody_creates(evidence: Evidence) -> Told | None:
    """Models only describe tables. Some line of the app must create them."""
    if any(calls(file.tree, "create_all", "create", "CreateTable", "upgrade") for file in evidence.source.files()):
        return None
    file = evidence.source.file(_MAIN)
    node = _lifespan(file)
    return Told(
        saw=f"{evidence.saw}; create_all() is not called anywhere",
        where=file.at(node if node is not None else 1),
        hint="Models only describe tables. What does the app do before the yield of its lifespan?",
    )


# -- the next start -----------------------------------------------------------------------------------


@reading("data is deleted when the app starts or stops", _RESTART)
def deleted_at_the_start(evidence: Evidence) -> Told | None:
    """What the app deletes when it starts or stops is gone for good."""
    wanted = "drop_all", "unlink", "remove", "delete", "rmtree", "drop", "truncate"
    for file in evidence.source.files():
        for call in calls(file.tree, *wanted):
            events = (*evidence.earlier, *evidence.events)
            sent = next((event.what for event in events if event.what.startswith(("DELETE", "DROP"))), "")
            what = f"the app sent {sent}" if sent else f"the code calls {text_of(call.func)}()"
            saw = f"{evidence.saw}: {what}"
            return Told(saw=saw, where=file.at(call), hint="This runs at every start, or at every stop.")
    return None


@reading("CREATE TABLE for a table that exists", _RESTART)
def created_again(evidence: Evidence) -> Told | None:
    """At the second start the tables are already there. create_all() checks first, and creates only what is missing."""
    if "already exists" not in evidence.saw:
        return None
    for file in evidence.source.files():
        for call in calls(file.tree, "create_all", "create", "CreateTable"):
            hint = "At the second start the table is there. create_all() looks first, unless it is told not to."
            return Told(where=file.at(call), hint=hint)
    return None
