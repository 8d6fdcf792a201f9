"""In the child: small slips in ``app/db.py``: what one line asks of the environment or of SQLAlchemy, and names."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.endpoints import own_files
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, an, reading
from grader.diagnosis.shapes import raised_with
from grader.diagnosis.source import File, name_of, text_of

_DB = "app/db.py"


@reading("what was set outside is taken away", "url_from_environment")
def url_taken_away(evidence: Evidence) -> Told | None:
    """The app is told by its environment where its database is. Code that removes the variable, or sets it, no longer
    knows what was set outside."""
    if not evidence.saw.startswith("db.DATABASE_URL is "):
        return None
    for file in own_files(evidence):
        for node in [each for each in file.nodes if isinstance(each, ast.stmt)]:
            if _removes(node):
                return Told(where=file.at(node), hint="What is left after this line of what was set outside?")
            if _sets(node):
                hint = "The variable was set outside. What does this line replace it with?"
                return Told(where=file.at(node), hint=hint)
    return None


def _is_variable(node: ast.AST | None) -> bool:
    return text_of(node) == "'DATABASE_URL'"


def _removes(node: ast.stmt) -> bool:
    """Whether a statement takes the variable out of the environment, and does nothing with its value."""
    if isinstance(node, ast.Delete):
        return any(isinstance(each, ast.Subscript) and _is_variable(each.slice) for each in node.targets)
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or not re.search(r"environ\.(pop|clear)$|unsetenv$", text_of(call.func)):
        return False
    return not call.args or _is_variable(call.args[0])


def _sets(node: ast.stmt) -> bool:
    """Whether a statement gives the variable a value that does not come from the environment."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        target = node.targets[0]
        return text_of(target.value).endswith("environ") and _is_variable(target.slice) and _is_fixed(node.value)
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or not text_of(call.func).endswith("environ.update"):
        return False
    pairs = [(f"'{each.arg}'", each.value) for each in call.keywords]
    for each in [each for each in call.args if isinstance(each, ast.Dict)]:
        pairs += [(text_of(key), value) for key, value in zip(each.keys, each.values, strict=True)]
    return any(name == "'DATABASE_URL'" and _is_fixed(value) for name, value in pairs)


def _is_fixed(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@reading("the name of the variable and its default are swapped", "url_from_environment", "default_is_local_sqlite")
def name_and_default_swapped(evidence: Evidence) -> Told | None:
    """What asks the environment takes the name of a variable first, and then what to use without it."""
    if not evidence.saw.startswith("db.DATABASE_URL is "):
        return None
    for file in own_files(evidence):
        for call in file.calls("get", "getenv"):
            first, second = [*map(text_of, call.args), "", ""][:2]
            if re.search("environ|getenv", text_of(call.func)) and "://" in first and _is_name(second):
                hint = f"{name_of(call)}() takes the name of a variable, and what to use without it. Which comes first?"
                return Told(where=file.at(call), hint=hint)
    return None


def _is_name(text: str) -> bool:
    return re.fullmatch(r"'[A-Z_]+'", text) is not None


@reading("a call that does not fit, where the database is set up")
def unfit_in_the_setup(evidence: Evidence) -> Told | None:
    """SQLAlchemy and the environment each have to be asked in their own way."""
    for words, hint in _QUESTIONS:
        found = raised_with(evidence, words, "TypeError", "ArgumentError")
        if found is not None and found[2].rpartition(":")[0] not in evidence.given:
            return Told(where=found[2], hint=hint)
    return None


_QUESTIONS = (
    (
        r"^'_Environ' object is not callable",
        "os.environ is like a dictionary. Which of its methods takes a default?",
    ),
    (
        r"^create_engine\(\) missing .*'url'",
        "An engine has to know where its database is. What is to stand between the parentheses?",
    ),
    (
        r"^sessionmaker\.__init__\(\) takes from \d+ to \d+ positional",
        "sessionmaker() takes the engine as its only positional argument. By which name does it take the other value?",
    ),
    (
        r"^DeclarativeBase\(\) takes no arguments",
        "A class inherits from a class. What do the second parentheses turn DeclarativeBase into?",
    ),
)


@reading("a comma at the end of a value")
def comma_at_the_end(evidence: Evidence) -> Told | None:
    """A comma after a value makes it a tuple, which is not a URL, an engine or a factory."""
    file = evidence.source.file(_DB)
    for node in [each for each in file.tree.body if isinstance(each, ast.Assign)]:
        value = node.value
        alone = isinstance(value, ast.Tuple) and len(value.elts) == 1
        if alone and name_of(node.targets[0]) in _BY_NAME and re.search(r"tuple|got \('", evidence.saw):
            return Told(where=file.at(node), hint="What does the comma at the end turn this value into?")
    return None


_BY_NAME = "DATABASE_URL", "engine", "SessionLocal"


@reading("a name that others do not know")
def under_another_name(evidence: Evidence) -> Told | None:
    """Other files ask app/db.py for what it makes by its name, in which capital letters count."""
    if not evidence.saw.startswith(f"{_DB} has no name '"):
        return None
    missing = re.match(rf"{_DB} has no name '(\w+)'", evidence.saw)
    file = evidence.source.file(_DB)
    made = [each for each in file.tree.body if missing and _makes(each, missing[1])]
    if missing is None or len(made) != 1:
        return None
    node = made[0]
    targets = node.targets if isinstance(node, ast.Assign) else []
    name = getattr(node, "name", "") or "".join(map(name_of, targets))
    return Told(where=file.at(node), hint=f"This line makes {name}. Others ask for {missing[1]}.") if name else None


def _makes(node: ast.stmt, name: str) -> bool:
    """Whether a statement makes what others ask for by a name: an engine, a factory of sessions, or a base class."""
    if isinstance(node, ast.ClassDef):
        return name == "Base" and any(text_of(each).endswith("DeclarativeBase") for each in node.bases)
    value = node.value if isinstance(node, ast.Assign) else None
    return isinstance(value, ast.Call) and name_of(value) in _MAKERS.get(name, ())


_MAKERS = {
    "engine": ("create_engine",),
    "SessionLocal": ("sessionmaker", "scoped_session"),
    "Base": ("declarative_base",),
}


@reading("a base class that is told too much")
def base_says_too_much(evidence: Evidence) -> Told | None:
    """The base class has no table, and gets its metadata by itself. What is put there keeps it from its work."""
    file = evidence.source.file(_DB)
    if "Cannot use 'DeclarativeBase' directly" in evidence.saw:
        for found in [each for name in ("__tablename__", "__table__") for each in _attributes(file, name)]:
            hint = "Base has no table: the classes that inherit from it do. In which of them does this line belong?"
            return Told(where=file.at(found), hint=hint)
    told = " ".join([evidence.saw, *(each.message for each in evidence.raised)])
    for call in file.calls("MetaData") if _NO_SCHEMA in told else ():
        hint = "What MetaData takes first is the name of a schema. By which name does it take anything else?"
        return Told(where=file.at(call), hint=hint)
    other = _NO_TABLES_IN_IT.search(told)
    for name in ["registry" if _NO_REGISTRY in told else "metadata"] if other or _NO_REGISTRY in told else ():
        for found in _attributes(file, name):
            saw = f"the metadata of Base is {an(other[1])}" if other and other[1] else ""
            hint = f"Base gets a {name} by itself. What does this line replace it with?"
            value = text_of(found.value)
            held = text_of(getattr(file.bound(value), "value", None))
            if re.search("convention|table_name", f"{value} {held}".lower()):
                hint = "SQLAlchemy keeps the tables of Base in a MetaData. How does that take a naming convention?"
            return Told(saw=saw, where=file.at(found), hint=hint)
    return None


_NO_TABLES_IN_IT = re.compile(r"db\.Base has no metadata|'(\w+)' object has no attribute 'schema'")
_NO_REGISTRY = "'registry' attribute that is not an instance"
_NO_SCHEMA = "expected schema argument to be a string"


def _attributes(file: File, name: str) -> list[ast.Assign | ast.AnnAssign | ast.keyword]:
    """What gives a base class an attribute: in its body, below it, or where it is made."""
    held = [each for each in file.nodes if isinstance(each, ast.Assign | ast.AnnAssign | ast.keyword)]
    body = [each for node in file.classes for each in node.body]
    found: list[ast.Assign | ast.AnnAssign | ast.keyword] = []
    for each in held:
        target = each.targets[0] if isinstance(each, ast.Assign) else getattr(each, "target", None)
        inside = each in body or (isinstance(target, ast.Attribute) and name_of(target.value) == "Base")
        found += [each] if (inside and name_of(target) == name) or getattr(each, "arg", "") == name else []
    return found
