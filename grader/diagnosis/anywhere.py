"""In the child: mistakes that can be made in every chapter."""

from __future__ import annotations

import ast
import builtins
import difflib
import re

from grader.diagnosis.evidence import Evidence, Raised
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import Source, name_of

_NAME = re.compile(r"name '(\w+)' is not defined")
_UNBOUND = re.compile(r"variable '(\w+)'")
_ATTRIBUTE = re.compile(r"'(\w+)' object has no attribute '(\w+)'")
_IN_A_MODULE = re.compile(r"module '([\w.]+)' has no attribute '(\w+)'")
# Where names of the libraries come from; the line that imports one is what is missing.
_HOMES = {
    name: home
    for home, names in {
        "contextlib": "asynccontextmanager contextmanager suppress",
        "fastapi": "APIRouter BackgroundTasks Body Depends FastAPI HTTPException Path Query Request Response status",
        "pydantic": "BaseModel ConfigDict Field StringConstraints field_validator model_validator",
        "sqlalchemy": "Column ForeignKey Integer String Text create_engine delete event func insert select text update",
        "sqlalchemy.exc": "IntegrityError SQLAlchemyError",
        "sqlalchemy.orm": "DeclarativeBase Mapped Session declarative_base joinedload mapped_column relationship "
        "selectinload sessionmaker",
        "sqlmodel": "SQLModel",
        "typing": "Annotated Any Optional",
    }.items()
    for name in names.split()
}


def innermost(raised: Raised, given: frozenset[str]) -> str:
    """The innermost line of the learner's own that an exception came through; of what was given, if there is none."""
    own = [line for line in raised.lines if line.rpartition(":")[0] not in given]
    return (own or list(raised.lines) or [""])[-1]


@reading("a name that does not exist")
def unknown_name(evidence: Evidence) -> Told | None:
    """The code uses a name that was never defined or imported, or that is spelled differently."""
    raised = evidence.raised_kind("NameError")
    found = raised and _NAME.search(raised.message)
    if not raised or not found or raised.kind != "NameError":
        return None
    name, where = found[1], innermost(raised, evidence.given)
    file = evidence.source.file(where.rpartition(":")[0])
    imports = [node for node in file.nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {each.asname or each.name for node in imports for each in node.names}
    known = {getattr(node, "id", "") for node in file.nodes} | imported | set(dir(builtins))
    similar = difflib.get_close_matches(name, known - {name}, 1, cutoff=0.8)
    if name in _HOMES or _defined_in(evidence.source, name):
        home = _HOMES.get(name) or _defined_in(evidence.source, name)
        home = "sqlmodel" if name == "Field" and evidence.chapter == "08_sqlmodel" else home
        hint = f"'{name}' is in {home}, and this file does not import it."
    elif similar:
        hint = f"There is '{similar[0]}' here: is it a typing mistake?"
    else:
        hint = f"Where should '{name}' come from? Define it before this line runs, or import it at the top of the file."
    return Told(saw=raised.told, where=where, hint=hint)


def _defined_in(source: Source, name: str) -> str:
    """The learner's file in which a name is defined at the top; empty where none does."""
    return next((file.name for file in source.files() if name in _names_in(source, file.name)), "")


def _names_in(source: Source, file: str) -> set[str]:
    """The names that a file of the learner's defines at the top."""
    found = set()
    for node in source.file(file).tree.body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        found |= {getattr(node, "name", ""), *(getattr(target, "id", "") for target in targets)}
    return found - {""}


@reading("a variable that is used before it has a value")
def used_before_assignment(evidence: Evidence) -> Told | None:
    """On one path through the function, the variable gets no value before it is used."""
    raised = evidence.raised_kind("UnboundLocalError")
    found = raised and _UNBOUND.search(raised.message)
    if not raised or not found:
        return None
    return Told(
        saw=raised.told,
        where=innermost(raised, evidence.given),
        hint=f"On the way that leads here, no line has given '{found[1]}' a value. Which line should have?",
    )


@reading("an attribute that does not exist")
def unknown_attribute(evidence: Evidence) -> Told | None:
    """The code asks an object for an attribute that it does not have."""
    raised = evidence.raised_kind("AttributeError")
    module = raised and _IN_A_MODULE.search(raised.message)
    found = raised and (module or _ATTRIBUTE.search(raised.message))
    if not raised or not found or not raised.lines:
        return None
    where = innermost(raised, evidence.given)
    if f".{found[2]}" not in evidence.source.line(where):
        return None
    if module:
        file = f"{found[1].replace('.', '/')}.py"
        names = sorted(_names_in(evidence.source, file))
        similar = difflib.get_close_matches(found[2], names, 1, cutoff=0.75)
        hint = f"{file} defines no '{found[2]}'." if names else f"The module {found[1]} has no '{found[2]}'."
        return Told(where=where, hint=f"{hint} It has '{similar[0]}'." if similar else hint)
    if found[1] == "NoneType":
        hint = f"What stands before .{found[2]} is None here. Where does it come from, and when is it None?"
    else:
        kind = f"{'an' if found[1][0] in 'AEIOUaeiou' else 'a'} {found[1]}"
        hint = f"What stands before .{found[2]} is {kind}. Is it what you think it is, and is the name right?"
    return Told(where=where, hint=hint)


@reading("a function that calls itself")
def calls_itself(evidence: Evidence) -> Told | None:
    """The name in a call is that of the function around it: it hides what was imported under this name."""
    raised = evidence.raised_kind("RecursionError")
    where = innermost(raised, evidence.given) if raised else ""
    name = evidence.source.function_of(where)
    file = evidence.source.file(where.rpartition(":")[0])
    imports = [each for each in file.nodes if isinstance(each, ast.ImportFrom)]
    if raised is None or not name or not re.search(rf"(?<![\w.]){name}\(", evidence.source.line(where)):
        return None
    hint = f"This is in {name}, and calls {name} again. Where would it end?"
    if any(name == (each.asname or each.name) for node in imports for each in node.names):
        hint = (
            f"The file imports {name}, and then defines a function of the same name. Which of the two is called here?"
        )
    return Told(saw=raised.told if evidence.outcome == "error" else "", where=where, hint=hint)


@reading("a dependency that is called instead of passed")
def dependency_called(evidence: Evidence) -> Told | None:
    """Depends needs the function itself: FastAPI calls it for each request."""
    raised = evidence.raised_kind("TypeError")
    if raised is None or "is not a callable object" not in raised.message:
        return None
    for file in evidence.source.files():
        for node in file.nodes:
            handed = node.args[0] if isinstance(node, ast.Call) and name_of(node) == "Depends" and node.args else None
            if isinstance(handed, ast.Call):
                hint = "The parentheses call it here, once. Who is to call it, and when?"
                return Told(where=file.at(handed), hint=hint)
    return None
