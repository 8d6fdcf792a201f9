"""In the child: names that are asked of a module of a library which does not have them."""

from __future__ import annotations

import ast
import difflib
import re
import sys
from types import ModuleType

from grader.diagnosis.evidence import Evidence, Raised
from grader.diagnosis.reading import UNTIL_IT_RUNS, Told, reading

# Where names of the libraries come from; the line that imports one is what is missing.
HOMES = {
    name: home
    for home, names in {
        "contextlib": "asynccontextmanager contextmanager suppress",
        "fastapi": "APIRouter BackgroundTasks Body Depends FastAPI HTTPException Path Query Request Response status",
        "pydantic": "AfterValidator BaseModel BeforeValidator ConfigDict Field PlainValidator StringConstraints "
        "WrapValidator conint constr field_validator model_validator",
        "sqlalchemy": "Boolean Column DateTime ForeignKey Integer MetaData String Table Text and_ create_engine delete "
        "desc event exists func insert inspect or_ select text update",
        "sqlalchemy.exc": "DBAPIError DatabaseError IntegrityError NoResultFound OperationalError SQLAlchemyError",
        "sqlalchemy.orm": "DeclarativeBase Mapped Session aliased contains_eager declarative_base immediateload "
        "joinedload lazyload load_only mapped_column raiseload relationship scoped_session selectinload sessionmaker "
        "subqueryload",
        "sqlmodel": "SQLModel",
        "typing": "Annotated Any Optional",
    }.items()
    for name in names.split()
}
# The modules in which a name is looked for that another one does not have.
_MODULES = (
    *("collections.abc", "contextlib", "datetime", "pathlib", "functools", "typing", "os", "sqlalchemy.orm"),
    *("sqlalchemy", "sqlalchemy.exc", "sqlalchemy.pool", "fastapi", "fastapi.responses", "fastapi.encoders"),
    *("fastapi.exceptions", "fastapi.concurrency", "pydantic", "sqlmodel"),
)
_OF_SQLMODEL = "Field", "Session", "select"  # which has them of its own
_NO_NAME = re.compile(r"^cannot import name '(\w+)' from '([\w.]+)'")
_PLACE_OF_A_MODULE = re.compile(r" \((?:/|[A-Za-z]:|unknown location)[^()]*\)$")


@reading("a name that its library does not have")
def not_in_the_library(evidence: Evidence) -> Told | None:
    """A module has the names that it defines. What is spelled otherwise, or belongs to another module, cannot be
    imported from it."""
    raised = evidence.raised_kind("ImportError")
    found = _NO_NAME.match(raised.message) if raised else None
    if raised is None or found is None or f"cannot import name '{found[1]}'" not in evidence.saw:
        return None
    name, module = found[1], found[2]
    statement = _import_of(evidence, raised, name, module)
    if module.partition(".")[0] == "app" or statement is None:
        return None
    where, node = statement
    hint = misspelt(name, module, evidence.chapter) or ""
    if hint:
        one = next(each for each in node.names if each.name == name)
        where = f"{where.rpartition(':')[0]}:{one.lineno}"
    elif home := home_of(name, module, evidence.chapter):
        there = names_of(module)
        others = [each.name for each in node.names if each.name not in there]
        others = [each for each in others if home_of(each, module, evidence.chapter) == home]
        told = " and ".join(f"'{each}'" for each in dict.fromkeys([name, *others]))
        hint = f"{told} is in {home}. Where does this line look for it?"
        if " and " in told:
            hint = f"{told} are in {home}. Where does this line look for them?"
    if not hint:
        return None
    saw = _PLACE_OF_A_MODULE.sub("", evidence.saw)
    return Told(saw=saw, where=where, hint=hint, why=UNTIL_IT_RUNS)


def _import_of(evidence: Evidence, raised: Raised, name: str, module: str) -> tuple[str, ast.ImportFrom] | None:
    """The statement of the learner's own that wants to import a name from a module, and its place."""
    where = raised.lines[-1] if raised.lines else ""
    file, _, line = where.rpartition(":")
    for node in evidence.source.file(file).nodes if file and file not in evidence.given else ():
        if isinstance(node, ast.ImportFrom) and node.lineno <= int(line) <= (node.end_lineno or 0):
            asked = node.module == module and any(each.name == name for each in node.names)
            if asked and not node.level:
                return where, node
    return None


def misspelt(name: str, module: str, chapter: str) -> str:
    """What to say of a name that a module has in another spelling; empty where it has none, or another one has it."""
    there = sorted(names_of(module))
    alike = [each for each in there if _letters(each) == _letters(name)]
    alike = sorted(alike, key=lambda each: each.islower() != name.islower())
    if not alike and not home_of(name, module, chapter):
        alike = difflib.get_close_matches(name, there, 1, cutoff=0.75)
    return f"{module} has '{alike[0]}'. Is '{name}' a typing mistake?" if alike else ""


def home_of(name: str, module: str, chapter: str) -> str:
    """The well-known module that has a name which another one does not have; empty where none has."""
    if chapter == "08_sqlmodel" and name in _OF_SQLMODEL and module != "sqlmodel":
        return "sqlmodel"
    if name in HOMES and HOMES[name] != module:
        return HOMES[name]
    beside = sorted(_MODULES, key=lambda each: each.partition(".")[0] != module.partition(".")[0])
    found = [each for each in beside if each != module and name in names_of(each)]
    return found[0] if found else ""


def module_like(name: str) -> str:
    """The module that has been imported, and whose name is nearly that of one which is not there; empty for none."""
    depth, own = name.count("."), ("app", "grader", "tests")
    there = [each for each in tuple(sys.modules) if each.count(".") == depth and "_" not in (each[:1], each[-1:])]
    there = [each for each in there if "._" not in each and each.partition(".")[0] not in own]
    return next(iter(difflib.get_close_matches(name, sorted(there), 1, cutoff=0.8)), "")


def names_of(module: str) -> set[str]:
    """The public names of a module that has been imported; none is imported, and none is asked for an attribute."""
    held = sys.modules.get(module)
    names = vars(held) if type(held) is ModuleType else {}
    public = names.get("__all__")
    listed = {each for each in public if isinstance(each, str)} if isinstance(public, list | tuple) else set()
    return listed or {each for each in names if type(each) is str and not each.startswith("_")}


def _letters(name: str) -> str:
    return name.replace("_", "").lower()
