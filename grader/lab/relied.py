"""In the child: what the grader itself relies on in a process in which the code under test can change everything."""

from __future__ import annotations

import builtins
import copyreg
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import takewhile
from operator import attrgetter, is_not
from sys import getprofile, gettrace
from types import CellType, FunctionType, ModuleType
from typing import Any

from grader.lab.guard import keep_as_it_is
from grader.outcomes import Broken

# Replacing these is a matter of taste, and changes no verdict.
_OFTEN_REPLACED = frozenset({"print", "input", "open", "help", "exit", "quit", "breakpoint", "__import__"})
# What Python itself sets anew.
_SET_ANEW = frozenset(
    {
        *("__warningregistry__", "__doc__", "__abstractmethods__", "_abc_impl", "__slotnames__"),
        *("__annotations__", "__annotations_cache__", "__annotate_func__"),
    }
)

_MAKES_VERDICTS = ("outcomes", "lab.equality", "lab.expect", "lab.judge")

_READS_WITH = {
    "sqlalchemy": ("Connection", "Engine", "CursorResult", "Result", "ScalarResult", "Row", "String", "VARCHAR"),
    "sqlalchemy.orm": ("Session",),
    "sqlalchemy.pool": ("Pool", "QueuePool", "_ConnectionFairy"),
    "sqlalchemy.engine.reflection": ("Inspector",),
    "pydantic": ("BaseModel", "TypeAdapter"),
    "concurrent.futures": ("Future",),
    "pathlib": ("Path", "PurePath"),
    "contextlib": ("_GeneratorContextManager", "suppress", "closing", "ExitStack"),
}
# What of the dialects tells what a table is, or ends a transaction; the rest of them may be adapted to a server.
_DIALECTS = {
    "sqlalchemy.dialects.sqlite.pysqlite": "SQLiteDialect_pysqlite",
    "sqlalchemy.dialects.postgresql.psycopg": "PGDialect_psycopg",
}
_TELLS_OF_TABLES = (
    *("get_columns", "get_indexes", "get_pk", "get_multi", "get_table_names", "_get_col", "_get_table"),
    *("_reflect", "_resolve", "ischema_names", "do_commit", "do_rollback"),
)
# Other types may be anybody's.
_TYPES = ("VARCHAR", "CHAR", "TEXT", "INTEGER", "BIGINT", "character varying", "character", "text", "integer", "bigint")
# What code calls of them to work, and the grader does not rely on: a wrapper that logs, say, changes no verdict.
_MAY_BE_WRAPPED = ("commit", "flush", "add", "add_all", "delete", "refresh", "execute", "scalar", "scalars", "get")

_any, _map = any, map
_OF_A_FUNCTION = [attrgetter(name) for name in ("__code__", "__defaults__", "__kwdefaults__")]
_CONTENT = attrgetter("cell_contents")


# Names, functions, parts of these, and their variables, as they were before the learner's code ran. No class of one's
# own, as that could be given other attributes for a moment.
Relied = tuple[
    tuple[tuple[Mapping[str, Any], tuple[str, ...], tuple[Any, ...]], ...],
    tuple[FunctionType, ...],
    tuple[tuple[Callable[[Any], Any], tuple[Any, ...]], ...],
    tuple[CellType, ...],
    tuple[Any, ...],
]
_NOWHERE = object()


def replaced_in(*relied: Relied) -> str:
    """The name of the first that is no longer what it was; empty where all are.

    It looks after every check, so that it looks at whole groups first: that all are as they were is found by loops
    that Python does not run step by step.
    """
    for names, functions, parts, cells, contents in relied:
        for owner, kept, values in names:
            if _any(_map(is_not, owner.values(), values)) or len(owner) != len(values):
                for name, value in zip(kept, values, strict=True):
                    if owner.get(name, _NOWHERE) is not value and _stays(owner, name, value):
                        return str(getattr(name, "__name__", name))
                for name in [*owner] if len(owner) > len(values) else ():
                    if name not in kept and not _may_be_added(owner, name):
                        return name
        for part, as_they_were in parts:
            if _any(_map(is_not, _map(part, functions), as_they_were)):
                pairs = zip(functions, as_they_were, strict=True)
                return next((each.__name__ for each, was in pairs if part(each) is not was), "a function")
        try:
            if _any(_map(is_not, _map(_CONTENT, cells), contents)):
                return "a function's variable"
        except ValueError:
            return "a function's variable"
    return ""


def rely_on(names: Iterable[Mapping[str, Any]], functions: Iterable[Callable[..., Any]] = ()) -> Relied:
    """Remember names and functions as they are.

    Args:
        names: what these say has to stay as it is.
        functions: functions that have to stay as they are, beside those.
    """
    kept = tuple((owner, tuple(owner), tuple(owner.values())) for owner in names)
    found: dict[int, FunctionType] = {}
    for value in (*(value for _, _, values in kept for value in values), *functions):
        _collect(value, found)
    all_of_them = tuple(found.values())
    parts = tuple((part, tuple(map(part, all_of_them))) for part in _OF_A_FUNCTION)
    cells = tuple(cell for each in all_of_them for cell in _cells(each))
    return kept, all_of_them, parts, cells, tuple(map(_CONTENT, cells))


class _Some(Mapping[str, Any]):
    """Some attributes of a class, from wherever it has them: another class may come to stand before."""

    def __init__(self, kind: type, names: Iterable[str]) -> None:
        self._kind, self._names = kind, tuple(names)
        self._all = attrgetter(*self._names)

    def __getitem__(self, name: str) -> Any:
        return getattr(self._kind, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def values(self) -> Any:
        """What they are now."""
        return self._all(self._kind)


class _SomeKeys(Mapping[str, Any]):
    """Some keys of a dictionary, to which anybody may add others."""

    def __init__(self, whole: dict[str, Any], keys: Iterable[str]) -> None:
        self._whole, self._keys = whole, tuple(key for key in keys if key in whole)

    def __getitem__(self, key: str) -> Any:
        return self._whole[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def values(self) -> Any:
        """What is there now."""
        return [self._whole.get(key, _NOWHERE) for key in self._keys]


def remember_own() -> None:
    """Remember the grader's own, and Python's, for the children that will be forked from this process."""
    new = [name for name in of_the_grader() if _makes_verdicts(name) and name not in _modules]
    if new:
        if not _modules:
            _hearts.append(rely_on(_names_of(f"grader.{name}" for name in _MAKES_VERDICTS)))
            _remembered.append(rely_on([vars(builtins), *_of_libraries()]))
        _modules.update(new)
        _remembered.append(rely_on(_names_of(new)))
    dialects = [name for name in _DIALECTS if name in sys.modules and name not in _modules]
    if dialects:
        _modules.update(dialects)
        _remembered.append(rely_on(_of_dialects(dialects)))


def of_the_grader() -> list[str]:
    """The names of the grader's modules that were imported.

    Only those that have come since this was last asked are looked at, which are the last: to look at all modules for
    each child would copy the memory in which their names lie.
    """
    before = _latest[-1] if _latest else ""
    found = [*takewhile(lambda name: name != before, reversed(sys.modules))]
    _latest[:] = found[:1] or _latest
    _grader.extend(name for name in reversed(found) if name.partition(".")[0] == "grader")
    return _grader


def own() -> tuple[Relied, ...]:
    """The grader's own, and Python's, as they were remembered: looking at them once more would copy their memory.

    In parts: what was there first, and what was imported for each chapter since.
    """
    return tuple(_remembered)


def _makes_verdicts(module: str) -> bool:
    """Whether a verdict depends on a module: the diagnosis speaks when there is one, and `judge` keeps to that."""
    return module.partition(".")[0] == "grader" and (not module.startswith(_EXPLAINS) or module == _EVIDENCE)


_EXPLAINS, _EVIDENCE = "grader.diagnosis.", "grader.diagnosis.evidence"
_remembered: list[Relied] = []
_wrappable: tuple[object, ...] = ()  # nobody can add to it, and the module's names are looked at
_latest: list[str] = []
_grader: list[str] = []
# Names of the modules that are remembered: the grader's, and dialects'.
_modules: set[str] = set()


# The part of it by which verdicts are made; few enough to be looked at whenever the learner's code returns.
_hearts: list[Relied] = []


def look_at_the_end_only() -> None:
    """Somebody notices what is put back, too: it need not be looked at whenever the learner's code returns."""
    _hearts.clear()


@contextmanager
def looked_at(replaced: Callable[[], str]) -> Iterator[None]:
    """Have it asked in the block, whenever the learner's code has run, whether objects are as they were made."""
    _looks.append(replaced)
    try:
        yield
    finally:
        _looks.remove(replaced)


_looks: list[Callable[[], str]] = []


def expect_untouched() -> None:
    """Go on after the learner's code has run: something may be replaced there and put back before the check has ended.

    Raises:
        Broken: it has changed what verdicts are made with, or follows the grader's own steps.
    """
    if replaced_in(*_hearts) or not _looks or _looks[-1]():
        raise Broken("the code has changed a part of the grader", "code that leaves the grader as it is")
    for kind, left_on in (("trace", gettrace()), ("profile", getprofile())):
        if left_on is not None:
            raise Broken(
                f"your code has set a {kind} function (sys.set{kind}) and left it on: Python would call it in the "
                "grader's own steps too, so no check can be judged",
                f"a {kind} function that your code switches off again: sys.set{kind}(None)",
            )


def _names_of(names: Iterable[str]) -> list[Mapping[str, Any]]:
    """The names in these modules of the grader and in their classes, with those that Python would add in time."""
    modules = [sys.modules[name] for name in names]
    classes = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__
    ]
    # When it first warns there, is asked for annotations, or copies an object.
    for module in modules:
        vars(module).setdefault("__warningregistry__", {})
    for kind in classes:
        _ = kind.__annotations__, copyreg._slotnames(kind)  # type: ignore[attr-defined]
        keep_as_it_is(kind)
    return [*map(vars, modules), *map(vars, classes)]


def _of_libraries() -> list[Mapping[str, Any]]:
    """What of the libraries the grader reads databases and answers with; whoever listens to them changes none of it."""
    found: list[Mapping[str, Any]] = []
    for module, names in _READS_WITH.items():
        if module in sys.modules:
            found += [vars(getattr(sys.modules[module], name)) for name in names]
    if "sqlalchemy.event" in sys.modules:
        found += [vars(sys.modules["sqlalchemy.event.api"]), vars(sys.modules["sqlalchemy.inspection"])["_registrars"]]
    if "sqlalchemy.orm" in sys.modules:
        global _wrappable
        _wrappable = tuple(vars(sys.modules["sqlalchemy.orm"].Session)[name] for name in _MAY_BE_WRAPPED)
    return found


def _of_dialects(modules: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """What of these modules of SQLAlchemy's tells what a table is."""
    for module in modules:
        kind = getattr(sys.modules[module], _DIALECTS[module])
        named = (name for name in dir(kind) if name.startswith(_TELLS_OF_TABLES))
        yield _Some(kind, [name for name in named if isinstance(getattr(kind, name), FunctionType | dict)])
        yield _SomeKeys(kind.ischema_names, _TYPES)


def _stays(owner: Mapping[str, Any], name: str, value: object) -> bool:
    """Whether a name may not be given to something else."""
    if owner is vars(builtins):
        return callable(value) and name not in _OFTEN_REPLACED
    return name not in _SET_ANEW and not _any(value is each for each in _wrappable)


def _may_be_added(owner: Mapping[str, Any], name: str) -> bool:
    """Whether a name that was not there makes no difference: none of Python's own steps asks for it first."""
    if owner is vars(builtins) or name in _SET_ANEW or isinstance(owner.get(name), ModuleType):
        return True
    home = owner.get("__module__", owner.get("__name__"))
    return not name.startswith("__") and not str(home).startswith("grader")


def _collect(value: object, found: dict[int, FunctionType]) -> None:
    """Find the functions that something consists of: a property, a class method, what a decorator has wrapped."""
    if isinstance(value, FunctionType):
        if id(value) not in found and value.__module__.partition(".")[0] in ("grader", "contextlib", "functools"):
            found[id(value)] = value
            for cell in _cells(value):
                _collect(_CONTENT(cell), found)
    elif isinstance(value, property):
        for each in (value.fget, value.fset):
            _collect(each, found)
    elif isinstance(value, staticmethod | classmethod):
        _collect(value.__func__, found)


def _cells(function: FunctionType) -> Iterator[CellType]:
    for cell in function.__closure__ or ():
        try:
            cell.cell_contents  # noqa: B018  (an empty one has none)
        except ValueError:
            continue
        yield cell


def json_decoder() -> Callable[[str], Any]:
    """What ``json.loads`` does with a text, out of reach of whoever replaces that."""
    decode: Callable[[str], Any] = _of_its_own("json.decoder").JSONDecoder().decode
    return decode


def json_encoder(*, compact: bool = False) -> Callable[[Any], str]:
    """What ``json.dumps`` does, out of reach of whoever replaces that.

    Args:
        compact: without blanks, and with every letter as it is.
    """
    module = _of_its_own("json.encoder")
    make, quoted = module.c_make_encoder, module.c_encode_basestring if compact else module.c_encode_basestring_ascii
    between, behind = (":", ",") if compact else (": ", ", ")
    if make is None:  # no Python but CPython's has these, which have nothing that could be replaced
        encoder = module.JSONEncoder(ensure_ascii=not compact, separators=(behind, between))
        encode: Callable[[Any], str] = encoder.encode
        return encode
    in_pieces = make(None, None, quoted, None, between, behind, False, False, True)
    put_together = "".join
    return lambda value: put_together(in_pieces(value, 0))


@cache
def _of_its_own(name: str) -> Any:
    """A module, loaded once more: nobody else uses it, and all is taken from it before the learner's code runs."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
