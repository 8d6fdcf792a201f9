"""In the child: mistakes in ``app/db.py``: the URL, the engine, the session factory and the base class."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.endpoints import own_files
from grader.diagnosis.evidence import Evidence, Raised
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import (
    File,
    Function,
    always_returns,
    arguments_of,
    calls,
    commits_by_itself,
    decorators,
    defaults_of,
    ends_without_a_value,
    inside,
    keyword,
    name_of,
    options,
    passed_to,
    text_of,
)

_DB = "app/db.py"
_URL_RULES = "url_from_environment", "default_is_local_sqlite"


def _bound(file: File, name: str) -> ast.stmt | None:
    """The statement that gives a name its value last: an assignment, a function or a class."""
    return next(reversed(_bindings(file, name)), None)


def _bindings(file: File, name: str) -> list[ast.stmt]:
    """All statements that give a name its value."""
    found: list[ast.stmt] = []
    for node in file.nodes:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.stmt) and (
            name == getattr(node, "name", "") or any(name_of(each) == name for each in targets if each is not None)
        ):
            found.append(node)
    return found


def _variables(file: File) -> list[tuple[str, ast.AST]]:
    """The environment variables that a file asks for by a text, each with the place."""
    found: list[tuple[str, ast.AST]] = []
    for node in file.nodes:
        asked: ast.AST | None = None
        if isinstance(node, ast.Call) and name_of(node) in ("get", "getenv", "pop", "setdefault") and node.args:
            asked = node.args[0] if "environ" in text_of(node.func) or name_of(node) == "getenv" else None
        elif isinstance(node, ast.Subscript) and "environ" in text_of(node.value):
            asked = node.slice
        if isinstance(asked, ast.Constant) and isinstance(asked.value, str):
            found.append((asked.value, node))
    return found


@dataclass(frozen=True)
class _Asked:
    """An environment variable that is asked for: its name, the expression that asks, and where the name is made."""

    name: str
    by: ast.expr
    file: File
    node: ast.AST
    passed: bool = False  # the name is what a function of the learner's own is given


def _asked_indirectly(evidence: Evidence, file: File) -> list[_Asked]:
    """The environment variables that a file asks for by more than a text, or through functions of the learner's own."""
    keys = [each for each in _names_asked_for(file.tree) if not isinstance(each, ast.Constant)]
    texts = [(_text(file, each, {}), each) for each in keys]
    found = [_Asked(text, each, file, _made_at(file, each)) for text, each in texts if text is not None]
    made = [each for each in file.nodes if isinstance(each, ast.Call)]
    return [*found, *(asked for call in made for asked in _asked_by(evidence, file, call, {}))]


def _asked_by(evidence: Evidence, file: File, call: ast.Call, given: dict[str, str], most: int = 3) -> list[_Asked]:
    """What a call asks the environment for, through a function of the learner's own."""
    name = name_of(call)
    found = (evidence.source.function(name, file.name) or evidence.source.function(name)) if name else None
    if found is None or most == 0:
        return []
    within, helper = found
    values = {each: passed_to(call, helper, each) for each in arguments_of(helper)}
    texts = {each: _text(file, value, given) for each, value in values.items() if value is not None}
    passed = {each: text for each, text in texts.items() if text is not None}
    asked = [(_text(within, each, passed), each) for each in _names_asked_for(helper)]
    made = [_Asked(text, call, within, _made_at(within, each)) for text, each in asked if text is not None]
    for inner in [each for each in inside(helper) if isinstance(each, ast.Call)]:
        made += [replace(each, by=call) for each in _asked_by(evidence, within, inner, passed, most - 1)]
    right = "DATABASE_URL" in map(str.upper, passed.values())  # so that another name is made of it later
    as_passed = [each for each in made if passed and (each.name in passed.values() or not right)]
    return [replace(each, file=file, node=call, passed=True) if each in as_passed else each for each in made]


def _made_at(file: File, node: ast.expr) -> ast.AST:
    """What gives a name its value, where that happens once in a file; any other expression is itself the place."""
    bound = _values_of(file, node)
    return bound[0] if len(bound) == 1 else node


def _values_of(file: File, node: ast.AST) -> list[ast.expr]:
    """What a name, or an attribute, is given anywhere in a file."""
    name = name_of(node) if isinstance(node, ast.Name | ast.Attribute) else ""
    made = [each for each in file.nodes if isinstance(each, ast.Assign | ast.AnnAssign) and each.value is not None]
    targets = [(each.targets[0] if isinstance(each, ast.Assign) else each.target, each.value) for each in made]
    return [value for target, value in targets if value is not None and name == name_of(target) != ""]


def _names_asked_for(node: ast.AST) -> list[ast.expr]:
    """What the environment is asked for within a node: the key of each ``os.environ.get(...)`` and its like."""
    asking = calls(node, "get", "getenv", "pop", "setdefault")
    asked = [call.args[0] for call in asking if call.args and re.search("environ|getenv", text_of(call.func))]
    read = [each for each in inside(node) if isinstance(each, ast.Subscript) and "environ" in text_of(each.value)]
    return [*asked, *(each.slice for each in read)]


def _text(file: File, node: ast.AST, given: dict[str, str], most: int = 5) -> str | None:
    """The text that an expression comes to, from what a function is given and what its file says; None if unclear."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _joined(file, [node.left, node.right], given, most)
    if isinstance(node, ast.JoinedStr):
        return _joined(file, node.values, given, most)
    if isinstance(node, ast.FormattedValue):
        return _text(file, node.value, given, most) if node.conversion == -1 and node.format_spec is None else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
        text = _text(file, node.func.value, given, most) if node.func.attr in ("upper", "lower", "strip") else None
        return getattr(text, node.func.attr)() if text is not None else None
    bound = _values_of(file, node)
    if isinstance(node, ast.Name) and node.id in given:
        return given[node.id] if not bound else None
    return _text(file, bound[0], given, most - 1) if len(bound) == 1 and most else None


def _joined(file: File, nodes: list[ast.expr], given: dict[str, str], most: int) -> str | None:
    texts = [_text(file, each, given, most) for each in nodes]
    return "".join(filter(None, texts)) if None not in texts else None


# -- the URL ------------------------------------------------------------------------------------------


@reading("another environment variable")
def other_variable(evidence: Evidence) -> Told | None:
    """The code asks for an environment variable with another name, which nobody sets."""
    own = [evidence.source.file(_DB), *own_files(evidence)]
    by_an_import = evidence.outcome == "error" and re.search(r"got None|NoneType|KeyError", evidence.saw)
    if evidence.rule != "url_from_environment" and not by_an_import:
        return None
    if any(name_of(base) == "BaseSettings" for each in own[1:] for one in each.classes for base in one.bases):
        return None  # it asks by the names of its fields
    bound = _place_of_the_url(evidence)
    texts = [node.value for file in own for node in file.nodes if isinstance(node, ast.Constant)]
    within = [*ast.walk(bound[1])] if bound else []
    others = [
        (file, name, node) for file in own for name, node in _variables(file) if node in within or _of_a_url(file, name)
    ]
    helped = [each for file in own for each in _asked_indirectly(evidence, file)]
    helped = [each for each in helped if each.by in within or _of_a_url(each.file, each.name)]
    made = [each for each in helped if not each.passed]
    if made and "DATABASE_URL" not in [*(name for _, name, _ in others), *(each.name for each in helped)]:
        hint = "This line makes the name that is asked for. Compare it with the one that was set."
        return Told(saw=_asks_for(made[0].name), where=made[0].file.at(made[0].node), hint=hint)
    others += [(each.file, each.name, each.node) for each in helped]
    if not others or "DATABASE_URL" in texts:  # which may be asked for in another way
        return None
    file, name, node = others[0]
    return Told(
        saw=_asks_for(name),
        where=file.at(node),
        hint="Capital and small letters count, too."
        if name.upper() == "DATABASE_URL"
        else "Compare the name in this line with the one that was set.",
    )


def _of_a_url(file: File, name: str) -> bool:
    """Whether a variable's name is that of a URL; in app/db.py, also that of anything about the database."""
    return re.search("URL|DATABASE|DB" if file.name == _DB else r"UR[LI]|DATABASE$|DSN", name.upper()) is not None


def _asks_for(name: str) -> str:
    return f"the code asks for the environment variable '{name}'; what is set is DATABASE_URL"


@reading("the URL has no name", *_URL_RULES)
def url_without_a_name(evidence: Evidence) -> Told | None:
    """The environment variable is read, but not stored under the name DATABASE_URL, which others use."""
    file = evidence.source.file(_DB)
    asked = [node for name, node in _variables(file) if name == "DATABASE_URL"]
    if "has no name 'DATABASE_URL'" not in evidence.saw or not asked:
        return None
    hint = "Others ask db for DATABASE_URL. You read the variable already: what name does its value get?"
    return Told(where=file.at(asked[0]), hint=hint)


@reading("the environment is never asked", "url_from_environment")
def url_in_the_code(evidence: Evidence) -> Told | None:
    """The URL is written in the code, so it is the same on every machine."""
    found = _place_of_the_url(evidence)
    asking = "environ", "getenv", "BaseSettings", "load_dotenv", "dotenv_values", "environb"
    names = {name_of(node) for file in evidence.source.files() for node in file.nodes}
    if found is None or names & set(asking):
        return None
    saw = f"{evidence.saw}: the environment variable was never asked for"
    field = _field_of_a_model(evidence, *found)
    if field is not None:
        file, node, model = field
        hint = f"{model} is a BaseModel: it holds what it is given, and reads no variable. Which function of os does?"
        return Told(saw=saw, where=file.at(node), hint=hint)
    hint = "Which function of os reads an environment variable, and gives something else where there is none?"
    return Told(saw=saw, where=found[0].at(found[1]), hint=hint)


def _field_of_a_model(evidence: Evidence, file: File, node: ast.stmt) -> tuple[File, ast.stmt, str] | None:
    """Where a statement takes its value from an object of Pydantic's: the field, whose default it is, and the class."""
    value = getattr(node, "value", None)
    for each in [one for one in ast.walk(value) if isinstance(one, ast.Attribute)] if value is not None else ():
        bound = evidence.source.bound(name_of(each.value), file) if isinstance(each.value, ast.Name) else None
        made = getattr(bound[1], "value", None) if bound else each.value
        helper = evidence.source.function(name_of(made)) if isinstance(made, ast.Call) else None
        returned = [one.value for one in ast.walk(helper[1]) if isinstance(one, ast.Return)] if helper else []
        made = returned[0] if len(returned) == 1 else made
        ancestry = evidence.source.ancestry(evidence.source.class_(name_of(made)))
        if not any(name_of(base) == "BaseModel" for _, owner in ancestry for base in owner.bases):
            continue
        if isinstance(made, ast.Call) and (made.args or made.keywords):  # it is given its values there
            continue
        for place, owner in ancestry:
            for field in owner.body:
                named = isinstance(field, ast.AnnAssign) and name_of(field.target) == each.attr
                if named and getattr(field, "value", None) is not None:
                    return place, field, name_of(made)
    return None


@reading("the environment is not asked for the variable", "url_from_environment")
def never_asked(evidence: Evidence) -> Told | None:
    """The line that asks for the variable is there, in a function that nobody calls, or in a loop that goes through
    nothing, or not far enough."""
    if not evidence.saw.startswith("db.DATABASE_URL is "):
        return None
    asking = [(file, key) for file in own_files(evidence) for key in _names_asked_for(file.tree)]
    loops = [(file, _loop_over_nothing(evidence, file, key)) for file, key in asking]
    saw = f"{evidence.saw}: the environment was never asked for it"
    found = [(file, each) for file, each in loops if each is not None]
    if found and len(found) == len(asking):
        file, over = found[0]
        hint = f"How often does this loop run? Print {text_of(over)} in front of it."
        return Told(saw=saw, where=file.at(over), hint=hint)
    for file, key in asking:
        around = [each for each in file.nodes if isinstance(each, ast.For) and key in inside(each)]
        for loop in [each for each in around if always_returns(each.body)]:
            hint = (
                "The first turn of the loop ends here, and so does the function. Which names has it asked for by then?"
            )
            return Told(where=file.at(loop.body[-1]), hint=hint)
    uncalled = [(file, _in_a_function_without_calls(evidence, file, key)) for file, key in asking]
    named = [(file, each) for file, each in uncalled if each is not None]
    if named and len(named) == len(asking):
        file, function = named[0]
        hint = f"{function.name}() reads the environment. Which line calls it?"
        return Told(saw=f"{saw}, because nobody calls {function.name}()", where=file.at(function), hint=hint)
    return None


def _in_a_function_without_calls(evidence: Evidence, file: File, node: ast.AST) -> Function | None:
    """The function around a node, if its name is written nowhere else: a decorator, a base or Python may call it."""
    inherited = [each for owner in file.classes if owner.bases for each in owner.body]
    around = [each for each in file.functions if node in inside(each) and each not in inherited]
    plain = [each for each in around if not each.name.startswith("__") and not each.decorator_list]
    for function in plain[-1:]:
        used = [each for one in evidence.source.files() for each in one.nodes if isinstance(each, _SAYS_A_NAME)]
        texts = [each.value for one in evidence.source.files() for each in one.nodes if isinstance(each, ast.Constant)]
        if function.name not in {*map(name_of, used), *(each for each in texts if isinstance(each, str))}:
            return function
    return None


_SAYS_A_NAME = ast.Name | ast.Attribute | ast.alias


def _loop_over_nothing(evidence: Evidence, file: File, node: ast.AST) -> ast.expr | None:
    """What the loop around a node goes through, if that is what an object holds itself, and it holds nothing.

    ``vars(self)`` knows no attribute of the class, and ``__annotations__`` none that has no type.
    """
    for loop in [each for each in file.nodes if isinstance(each, _LOOPS) and node in inside(each)]:
        over = loop.iter if isinstance(loop, ast.For) else loop.generators[0].iter
        held = [each.args[0] for each in calls(over, "vars") if each.args]
        typed = [each.args[0] for each in calls(over, "get_type_hints", "fields") if each.args]
        read = [each for each in inside(over) if isinstance(each, ast.Attribute)]
        held += [each.value for each in read if each.attr == "__dict__"]
        typed += [each.value for each in read if each.attr == "__annotations__"]
        owner = _class_of(evidence, file, next(iter([*held, *typed]), None), itself=bool(typed))
        body = owner.body if owner is not None else []
        if held and owner is not None and _holds_nothing(file, owner, loop):
            return over
        if typed and [each for each in body if isinstance(each, ast.Assign)] == [each for each in body if _binds(each)]:
            return over
    return None


_LOOPS = ast.For | ast.ListComp | ast.DictComp | ast.SetComp | ast.GeneratorExp


def _binds(statement: ast.stmt) -> bool:
    """Whether a statement in a class gives an attribute a value, or a type."""
    return isinstance(statement, ast.Assign | ast.AnnAssign)


def _class_of(evidence: Evidence, file: File, node: ast.expr | None, *, itself: bool) -> ast.ClassDef | None:
    """The plain class of an object that an expression names: ``self``, what ``Settings()`` is; or of a class itself."""
    value = node.args[0] if isinstance(node, ast.Call) and name_of(node) == "type" and node.args else node
    for owner in file.classes if isinstance(value, ast.Name) else ():
        methods = [each for each in owner.body if isinstance(each, Function) and node in inside(each)]
        if methods and isinstance(value, ast.Name) and value.id in arguments_of(methods[0])[:1]:
            of_the_class = bool(methods[0].decorator_list) and not itself  # its own attributes are those of the class
            return owner if not owner.decorator_list and not owner.bases and not of_the_class else None
    around = [each for each in file.functions if node in inside(each)] if node is not None else []
    if around and isinstance(value, ast.Name) and value.id in arguments_of(around[-1]):
        handed = evidence.source.handed_over(file, around[-1], value.id)
        value = handed[1] if handed is not None else None
    if itself and isinstance(value, ast.Name) and (found := evidence.source.class_(value.id)) is not None:
        return found[1] if not found[1].decorator_list and not found[1].bases else None
    made = _values_of(file, value) if isinstance(value, ast.Name) else []
    value = made[0] if len(made) == 1 else value
    if not isinstance(value, ast.Call) or value.args or value.keywords:
        return None
    found = evidence.source.class_(name_of(value))
    return found[1] if found is not None and not found[1].decorator_list and not found[1].bases else None


def _holds_nothing(file: File, owner: ast.ClassDef, loop: ast.AST) -> bool:
    """Whether the objects of a class get no attribute of their own: nothing in the file sets one, but for this loop."""
    stored: list[ast.AST] = [each for each in file.calls("setattr") if each not in inside(loop)]
    stored += [each for each in file.nodes if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store)]
    filled = re.search(r"__dict__\.update|vars\(\w+\)(\.update|\[)|__slots__|__setattr__", text_of(owner))
    return not stored and filled is None


def _place_of_the_url(evidence: Evidence) -> tuple[File, ast.stmt] | None:
    """The statement that gives DATABASE_URL its value, in app/db.py or where that imports it from."""
    file = evidence.source.file(_DB)
    node = _bound(file, "DATABASE_URL")
    return (file, node) if node is not None else evidence.source.bound("DATABASE_URL", file)


@reading("create_engine() gets no URL")
def not_a_url(evidence: Evidence) -> Told | None:
    """What create_engine() gets must be a URL, and not the name of the variable that holds it, or a path."""
    raised = evidence.raised_kind("ArgumentError")
    if raised is None or "parse SQLAlchemy URL" not in raised.message:
        return None
    file = evidence.source.file(_DB)
    for call in file.calls("getenv", "get"):
        texts = [each.value for each in call.args if isinstance(each, ast.Constant)]
        if len(texts) == 2 and "://" in str(texts[0]) and re.search("environ|getenv", text_of(call)):
            saw = f"the code asks for the environment variable {texts[0]!r}; without it, the URL is {texts[1]!r}"
            hint = f"{name_of(call)}() takes the name of a variable, and what to use without it. Which comes first?"
            return Told(saw=saw, where=file.at(call), hint=hint)
        default = texts[:1] == ["DATABASE_URL"] and len(texts) == 2 and "://" not in str(texts[1])
        if default and evidence.rule == "default_is_local_sqlite":
            saw = f"without DATABASE_URL, create_engine() got {texts[1]!r}, which is no URL"
            hint = "A URL says first what kind of database it is for. Compare this one with the task sheet."
            return Told(saw=saw, where=file.at(call), hint=hint)
    for written in _defaults_written(file) if evidence.rule == "default_is_local_sqlite" else ():
        saw = f"without DATABASE_URL, create_engine() got {written.value!r}, which is no URL"
        hint = "A URL says first what kind of database it is for. Compare this one with the task sheet."
        return None if _SLASHES.match(str(written.value)) else Told(saw=saw, where=file.at(written), hint=hint)
    for call in file.calls("create_engine"):
        given = call.args[0] if call.args else keyword(call, "url")
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            hint = "A URL says first what kind of database it is for. Does this one?"
            if given.value.isidentifier():
                hint = "Quotes make a text of this. Do you want the text here, or what has this name?"
            return Told(saw=f"create_engine() got '{given.value}', which is no URL", where=file.at(given), hint=hint)
    return None


def _defaults_written(file: File) -> list[ast.Constant]:
    """The one text of a file that is to be the URL of a SQLite file, and that SQLAlchemy cannot read as a URL."""
    told = [each.value for each in file.nodes if isinstance(each, ast.Expr)]  # what only stands there: docstrings
    texts = [each for each in file.nodes if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    meant = [each for each in texts if each not in told and re.search(r"sqlite\W|\.db\b", str(each.value))]
    return meant if len(meant) == 1 and not re.match(r"[\w+]+://", str(meant[0].value)) else []


_NO_DIALECT = re.compile(r"sqlalchemy\.dialects:(\S+)")


@reading("a default URL for a database that SQLAlchemy does not know", "default_is_local_sqlite")
def default_of_no_database(evidence: Evidence) -> Told | None:
    """A URL begins with a database that SQLAlchemy knows, in small letters, and perhaps with its driver."""
    raised = evidence.raised_kind("NoSuchModuleError")
    found = _NO_DIALECT.search(raised.message) if raised else None
    file, begins = evidence.source.file(_DB), found[1].replace(".", "+", 1) if found else ""
    for node in file.nodes:
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if begins and text.startswith(f"{begins}://"):
            saw = f"the URL {text} begins with {begins}, and SQLAlchemy knows no such database"
            hint = "A URL begins with the name of a database. Compare this one with the task sheet, letter by letter."
            return Told(saw=saw, where=file.at(node), hint=hint)
    return None


@reading("a URL for a database that SQLAlchemy does not know")
def url_of_no_database(evidence: Evidence) -> Told | None:
    """A URL begins with the database and its driver. Replacing one word in it may change more than it should."""
    raised = evidence.raised_kind("NoSuchModuleError", "ValueError")
    made = [(file, each) for file in own_files(evidence) for each in file.nodes if _changes_a_url(each)]
    found = re.search(r"sqlalchemy\.dialects:(\S+)", raised.message) if raised else None
    twice = raised is not None and raised.message.startswith("too many values to unpack")
    at_the_engine = "create_engine" in evidence.source.line(innermost(raised, evidence.given)) if raised else False
    if len(made) != 1 or not ((found and found[1].startswith("post")) or (twice and at_the_engine)):
        return None
    saw = "create_engine() cannot read the URL: there is more than one + before its ://"
    if found is not None:
        saw = f"the URL begins with {found[1].replace('.', '+', 1)} now, and SQLAlchemy knows no such database"
    hint = f"The URL that was set begins with {_SET}://. What does this line do with it?"
    return Told(
        saw=saw,
        wanted=f"a URL that begins with {_SET}://, as the one that was set",
        where=made[0][0].at(made[0][1]),
        hint=hint,
        why="The URL in the environment has to reach create_engine() as it is, or with another spelling of the same.",
    )


_SET = "postgresql+psycopg"


def _changes_a_url(node: ast.AST) -> bool:
    """Whether an expression makes one text of another that has to do with PostgreSQL."""
    made = isinstance(node, ast.JoinedStr)
    if isinstance(node, ast.Call):
        made = name_of(node) in ("replace", "sub", "join", "format")
    elif isinstance(node, ast.BinOp):
        made = isinstance(node.op, ast.Add | ast.Mod)
    return made and re.search(r"postgres|psycopg", text_of(node)) is not None


@reading("the password is hidden in the URL", *_URL_RULES)
def password_hidden(evidence: Evidence) -> Told | None:
    """As a text, a URL object of SQLAlchemy's shows *** instead of its password."""
    if ":***@" not in evidence.saw or ":***@" in evidence.wanted:
        return None
    places: list[tuple[File, ast.AST]] = [
        (file, node)
        for file in evidence.source.files()
        for node in file.nodes
        if (isinstance(node, ast.Call) and name_of(node) in ("str", "format", "render_as_string"))
        or (isinstance(node, ast.FormattedValue) and "url" in text_of(node.value).lower())
    ]
    places += [place for place in [_place_of_the_url(evidence)] if place]
    for file, node in places[:1]:
        hint = "A URL object hides its password when it is made into a text. What did the environment hold?"
        return Told(saw=f"{evidence.saw}; the password has become ***", where=file.at(node), hint=hint)
    return None


@reading("a part of the URL is lost", "url_from_environment")
def url_cut(evidence: Evidence) -> Told | None:
    """Everything in a URL counts, also the options behind its question mark."""
    seen, wanted = evidence.saw.rpartition(" is ")[2], evidence.wanted.rpartition(" is ")[2]
    found = _place_of_the_url(evidence)
    if found is None or "db.DATABASE_URL is" not in evidence.saw or wanted.partition("?")[0] != seen:
        return None
    hint = "What stands behind the question mark is a part of the URL. Which line takes it away?"
    cuts = "split", "rsplit", "partition", "rpartition", "index", "find", "sub", "_replace", "urlsplit", "urlparse"
    cut = [call for call in calls(found[0].tree, *cuts) if re.search(r"\?|query", text_of(call))]
    place = cut[0] if len(cut) == 1 else found[1]
    return Told(saw=f"{evidence.saw}; ?{wanted.partition('?')[2]} is lost", where=found[0].at(place), hint=hint)


@reading("upper and lower case of the URL are changed", "url_from_environment")
def url_in_other_letters(evidence: Evidence) -> Told | None:
    """Capital and small letters count in a URL: in a user's name, a password, the name of a database."""
    seen, wanted = evidence.saw.rpartition(" is ")[2], evidence.wanted.rpartition(" is ")[2]
    found = _place_of_the_url(evidence)
    if found is None or seen == wanted or seen.lower() != wanted.lower():
        return None
    changes = [each for each in (*found[0].nodes,) if isinstance(each, ast.Call) and name_of(each) in _LETTERS]
    place = changes[0] if len(changes) == 1 else found[1]
    became = "capital letters have become small ones" if seen == wanted.lower() else "its letters have changed"
    hint = "Do capital and small letters count in a user's name, or in a password?"
    return Told(saw=f"{evidence.saw}; {became}", where=found[0].at(place), hint=hint)


_LETTERS = "lower", "upper", "casefold", "title", "capitalize", "swapcase"


@reading("another default for the URL", "default_is_local_sqlite")
def another_default(evidence: Evidence) -> Told | None:
    """Without a variable it is sqlite:///./app.db, a path that begins in the folder where the app is started."""
    found = _place_of_the_url(evidence)
    if found is None or "db.DATABASE_URL is" not in evidence.saw or "sqlite" not in evidence.saw:
        return None
    file, node = found
    nodes = [each for each in ast.walk(node) if isinstance(each, ast.Constant) and "sqlite" in str(each.value)]
    written = [
        (each, one)
        for each in evidence.source.files()
        for one in each.nodes
        if isinstance(one, ast.Constant) and "sqlite" in str(one.value) and evidence.saw.endswith(str(one.value))
    ]
    if "__file__" in "\n".join(file.lines):
        hint = "This path begins in the folder of this file. In which folder does the wanted one begin?"
    elif re.search(r"expanduser|\.home\(\)|environ.*HOME", text_of(node)):
        hint = "This path begins in your home folder. Where is the app started?"
    elif ":memory:" in evidence.saw or evidence.saw.endswith(("sqlite://", "sqlite:///")):
        hint = "This is a database in memory. What is left of it after the app has stopped?"
    elif written or (nodes and evidence.saw.endswith(str(nodes[0].value))):
        hint = "Compare the two URLs letter by letter."
    else:
        hint = "In which folder does this path begin? Where is the app started?"
    if not nodes and len(written) == 1:  # a module of the learner's own settings
        return Told(where=written[0][0].at(written[0][1]), hint=hint)
    return Told(where=file.at(nodes[0] if nodes else node), hint=hint)


@reading("the environment is read only under a condition", "url_from_environment")
def asked_conditionally(evidence: Evidence) -> Told | None:
    """DATABASE_URL says by itself whether it is set; another condition before it makes it count only sometimes."""
    file = evidence.source.file(_DB)
    about_the_url = evidence.saw.startswith("db.DATABASE_URL is ")
    for node in [each for each in file.nodes if about_the_url and isinstance(each, ast.If | ast.IfExp)]:
        inside = [*ast.walk(node)]
        asked = [each for name, each in _variables(file) if name == "DATABASE_URL"]
        if asked and all(each in inside for each in asked) and "DATABASE_URL" not in text_of(node.test):
            others = [name for name, each in _variables(file) if each in ast.walk(node.test)]
            unset = f", {others[0]} was not" if len(others) == 1 else ""
            hint = f"DATABASE_URL was set for this check{unset}. In which case does your code look at DATABASE_URL?"
            return Told(where=file.at(node), hint=hint)
    return None


@reading("a variable of the function's own", "url_from_environment")
def set_for_the_function_alone(evidence: Evidence) -> Told | None:
    """What a function assigns is a variable of its own. The one of the module stays as it was, unless the function
    says ``global``, or returns the value."""
    file = evidence.source.file(_DB)
    if not re.match(r"db\.(DATABASE_URL|engine\.url) is ", evidence.saw):
        return None
    for function in file.functions:
        body = [each for each in inside(function) if isinstance(each, ast.stmt)]
        shared = {name for each in body if isinstance(each, ast.Global) for name in each.names}
        given_back = [text_of(each.value) for each in body if isinstance(each, ast.Return)]
        for each in [each for each in body if isinstance(each, ast.Assign | ast.AnnAssign)]:
            target = each.targets[0] if isinstance(each, ast.Assign) else each.target
            name = target.id if isinstance(target, ast.Name) else ""
            used = [one for one in inside(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)]
            if not file.binds(name) or name in shared or given_back or name in [one.id for one in used]:
                continue
            if each.value is not None and _from_the_variable(file, each.value, frozenset({name})):
                hint = f"In a function, this line makes a variable of the function's own. What does the {name} of the "
                saw = f"{evidence.saw}: {function.name}() set a {name} of its own"
                return Told(saw=saw, where=file.at(each), hint=f"{hint}module hold after it?")
    return None


@reading("the URL that was set counts only sometimes", "url_from_environment")
def url_dismissed(evidence: Evidence) -> Told | None:
    """The environment is asked, and then a condition about its answer puts the default in its place."""
    place = _place_of_the_url(evidence)
    if place is None or not evidence.saw.startswith("db.DATABASE_URL is "):
        return None
    file, default = place[0], evidence.saw.rpartition(" is ")[2]
    asked = [node for name, node in _variables(file) if name == "DATABASE_URL"]
    written = [each for each in file.nodes if isinstance(each, ast.Constant) and each.value == default]
    if not asked or not written:
        return None
    answers = _names_given(file, asked)
    defaults = _names_given(file, written)
    found = []
    for node in file.nodes:
        if not isinstance(node, ast.If | ast.IfExp):
            continue
        if _only_whether_it_is_set(node.test):
            if _takes_the_default(file, node, asked, {*answers, "DATABASE_URL"}, written, defaults):
                happened = "what was set was read, and the default was taken"
                hint = (
                    "In which case is this true: where a URL was set, or where none was? And which URL is taken then?"
                )
                return Told(saw=f"{evidence.saw}: {happened}", where=file.at(node.test), hint=hint)
            continue
        names = {*answers, "DATABASE_URL"}
        about = any(each in asked or name_of(each) in names for each in ast.walk(node.test))
        around = [each for each in file.functions if node in ast.walk(each)]
        scope = [*ast.walk(around[-1] if around else node)]
        decides = any(each in written or name_of(each) in defaults for each in scope)
        if about and decides and not _rewritten(node, names):
            found.append(node.test)
    for node in file.nodes:
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and any(each in node.values for each in asked):
            first = node.values[0]
            if first in written or name_of(first) in defaults:
                hint = "'or' takes its first value unless that is empty. What comes first here?"
                return Told(where=file.at(first), hint=hint)
    if not found:
        return _given_back_anyway(evidence, file, asked, lambda each: each in written or name_of(each) in defaults)
    if len(found) != 1:
        return None
    hint = "What was set is in the answer of the environment. When does your code take it, with this condition?"
    happened = "what was set was read, and the default was taken"
    if any(name_of(each) == "DATABASE_URL" for each in ast.walk(found[0])):
        hint = "What was set is in DATABASE_URL already. For which URLs does this put another one in its place?"
        happened = "what was set was read, and then replaced"
    return Told(saw=f"{evidence.saw}: {happened}", where=file.at(found[0]), hint=hint)


def _given_back_anyway(
    evidence: Evidence, file: File, asked: list[ast.AST], is_default: Callable[[ast.AST], bool]
) -> Told | None:
    """A function that asks the environment and has one return, of the default."""
    for function in file.functions:
        returns = [each for each in ast.walk(function) if isinstance(each, ast.Return) and each.value is not None]
        within = [*ast.walk(function)]
        if len(returns) == 1 and any(each in within for each in asked) and is_default(returns[0].value or returns[0]):
            hint = "The environment was asked above. Does this line give back what it answered?"
            return Told(where=file.at(returns[0]), hint=hint)
    return None


def _names_given(file: File, values: list[ast.AST] | list[ast.Constant]) -> set[str]:
    """The names that one of these values gets, or that a function takes it by."""
    names: set[str] = set()
    for node in file.nodes:
        inner = [*ast.walk(node)] if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.Call) else []
        if not any(value in inner for value in values):
            continue
        if isinstance(node, ast.Call):
            called = [each for each in file.functions if each.name == name_of(node)]
            names |= {each.arg for function in called for each in function.args.args}
        elif not isinstance(node, ast.expr) or isinstance(node, ast.NamedExpr):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]  # type: ignore[attr-defined]
            names |= {name_of(each) for each in targets} - {"DATABASE_URL"}
    return names - {""}


def _only_whether_it_is_set(test: ast.expr) -> bool:
    """Whether a condition asks no more than whether there is something: ``url``, ``not url``, ``url is None``."""
    if isinstance(test, ast.UnaryOp):
        return _only_whether_it_is_set(test.operand)
    if isinstance(test, ast.Compare):
        sides = [text_of(each) for each in (test.left, *test.comparators)]
        return "None" in sides or "''" in sides or "'DATABASE_URL'" in sides
    simple = "get", "getenv", "bool", "len", "strip"
    return isinstance(test, ast.Name | ast.Attribute) or (isinstance(test, ast.Call) and name_of(test) in simple)


def _takes_the_default(
    file: File,
    node: ast.If | ast.IfExp,
    asked: list[ast.AST],
    answers: set[str],
    written: list[ast.Constant],
    defaults: set[str],
) -> bool:
    """Whether a condition that asks no more than whether a URL was set leads to the default where it was."""
    about = any(each in asked or name_of(each) in answers for each in ast.walk(node.test))
    words = text_of(node.test)
    unset = words.startswith("not ") != (re.search(r" is None| == (None|'')| not in ", words) is not None)
    then: list[ast.AST] = [*node.body] if isinstance(node, ast.If) else [node.body]
    otherwise: list[ast.AST] = [*node.orelse] if isinstance(node, ast.If) else [node.orelse]
    for each in file.nodes:  # if not url: return ...; what follows is the other case
        block = getattr(each, "body", None)
        if isinstance(block, list) and node in block and not otherwise and isinstance(then[-1], ast.Return):
            otherwise = block[block.index(node) + 1 :]
    taken = [one for each in (otherwise if unset else then) for one in ast.walk(each)]
    loaded = [one for one in taken if not isinstance(getattr(one, "ctx", None), ast.Store)]
    from_there = any(one in asked or name_of(one) in answers for one in loaded)
    return about and not from_there and any(one in written or name_of(one) in defaults for one in taken)


def _rewritten(node: ast.If | ast.IfExp, names: set[str]) -> bool:
    """Whether a condition only says when an answer is written in another way: ``url = url.replace(...)``."""
    first = node.body[0] if isinstance(node, ast.If) else None
    target = name_of(first.targets[0]) if isinstance(first, ast.Assign) else ""
    return (
        target in names
        and isinstance(first, ast.Assign)
        and target in {name_of(each) for each in ast.walk(first.value)}
    )


@reading("engine is not an engine")
def not_an_engine(evidence: Evidence) -> Told | None:
    """``engine`` is something else: a connection, or a function that nobody has called."""
    file = evidence.source.file(_DB)
    if not re.match(r"db\.engine is (?!missing)", evidence.saw):
        return None
    function = evidence.source.function("engine", _DB)
    if function is not None:
        hint = "Others import engine and use it at once, without brackets. What should have this name?"
        return Told(where=file.at(function[1]), hint=hint)
    held = evidence.source.bound("engine", file)
    value = getattr(held[1], "value", None) if held else None
    if held is None or value is None:
        return None
    hint = "Is this what create_engine() gives back when it is called?"
    if isinstance(value, ast.Call):
        hint = f"What does {name_of(value)}(...) return?"
    elif isinstance(value, ast.Name) and evidence.source.function(value.id):
        hint = "This names the function. What calls it?"
    return Told(where=held[0].at(held[1]), hint=hint)


@reading("the engine is made with another URL", "url_from_environment", "other_databases_get_no_sqlite_arguments")
def engine_has_another_url(evidence: Evidence) -> Told | None:
    """DATABASE_URL is right, but create_engine() gets something else."""
    file = evidence.source.file(_DB)
    if "db.engine.url is" not in evidence.saw:
        return None
    told = _under_another_key(evidence, file)
    if told is not None:
        return told
    made = [_url_of_the_engine(file, call) for call in file.calls("create_engine")]
    others = [(given, place) for given, place in made if given is not None and name_of(given) != "DATABASE_URL"]
    if not others:
        return None
    given, place = others[0]
    why = "The same code runs on your laptop and on a server; only the environment tells which database is meant."
    why = why if evidence.rule not in _URL_RULES else ""
    seen, wanted = evidence.saw.rpartition(" is ")[2], evidence.wanted.rpartition(" is ")[2]
    if isinstance(given, ast.Name | ast.Attribute | ast.Constant | ast.JoinedStr) and not _from_the_variable(
        file, given
    ):
        source = text_of(given) if isinstance(given, ast.Name | ast.Attribute) else "a text"
        saw = f"{evidence.saw}: the engine is made from {source}; DATABASE_URL holds what was set"
        hint = "Which URL does the engine get here? Which name holds the one that came from the environment?"
        return Told(saw=saw, where=file.at(place), hint=hint, why=why)
    hint = "This makes another URL than DATABASE_URL. What is lost or changed on the way? Do you need another one?"
    of_a_class = name_of(given.value) if isinstance(given, ast.Attribute) else ""
    if of_a_class and file.has_class(of_a_class):
        hint = f"{of_a_class} is the class: this is what its body says. Which object holds what was read?"
    held = _bound(file, given.id) if isinstance(given, ast.Name) else None
    where = file.at(held if isinstance(held, ast.Assign | ast.AnnAssign) else given)
    return Told(saw=evidence.saw + _what_is_lost(seen, wanted), where=where, hint=hint, why=why)


def _under_another_key(evidence: Evidence, file: File) -> Told | None:
    """What is to say where the URL has one key in a dictionary, and the engine is made of what has another one."""
    reads: dict[str, str] = {}  # the key, and how the line that reads it is to be called
    for call in file.calls("engine_from_config"):
        prefix = keyword(call, "prefix") or (call.args[1] if len(call.args) > 1 else ast.Constant("sqlalchemy."))
        if isinstance(prefix, ast.Constant):
            reads[str(prefix.value) + "url"] = "engine_from_config()"
    for call in file.calls("create_engine"):
        given = call.args[0] if call.args else keyword(call, "url")
        key = given.slice if isinstance(given, ast.Subscript) else None
        key = given.args[0] if isinstance(given, ast.Call) and name_of(given) == "get" and given.args else key
        if isinstance(key, ast.Constant) and "environ" not in text_of(given):
            reads[str(key.value)] = "create_engine()"
    within = [each for call in file.calls("dict", "update") for each in call.keywords]
    options_given = [each for each in options(file.tree) if not isinstance(each[1], ast.keyword) or each[1] in within]
    held = [(name, place) for name, place, value in options_given if _from_the_variable(file, value)]
    if len(reads) != 1 or len(held) != 1 or held[0][0] in reads:
        return None
    (read, reader), (other, place) = next(iter(reads.items())), held[0]
    saw = f"{evidence.saw}: {reader} was given what has the key {read!r}"
    hint = f"What was set has the key {other!r} here. Under which key does {reader} get its URL?"
    return Told(saw=saw, where=file.at(place), hint=hint)


def _url_of_the_engine(file: File, made: ast.Call) -> tuple[ast.expr | None, ast.expr]:
    """What create_engine() is given as its URL, and the call that says so: its own, or that of a helper around it."""
    place: ast.expr = made
    given = made.args[0] if made.args else keyword(made, "url")
    for function in reversed([each for each in file.functions if made in [*inside(each)]]):
        name = given.id if isinstance(given, ast.Name) else ""
        for call in file.calls(function.name)[:1] if name in arguments_of(function) else ():
            given, place = passed_to(call, function, name) or defaults_of(function).get(name), call
    return given, place


def _from_the_variable(file: File, node: ast.AST, seen: frozenset[str] = frozenset()) -> bool:
    """Whether an expression is made of DATABASE_URL, or of what the environment says: by itself, or by its names."""
    asked = [each for name, each in _variables(file) if name == "DATABASE_URL"]
    nodes = [*ast.walk(node)]
    if any(each in asked or name_of(each) == "DATABASE_URL" for each in nodes):
        return True
    names = {name_of(each) for each in nodes if isinstance(each, ast.Name | ast.Attribute)} - seen
    bound = [held for name in names if name for held in _bindings(file, name)]
    return any(_from_the_variable(file, held, seen | names) for held in bound)


def _what_is_lost(seen: str, wanted: str) -> str:
    """What of a URL got lost or changed, where that is plain; begins with a semicolon."""
    query, lost = wanted.partition("?")[2], []
    if seen.partition("://")[0] != wanted.partition("://")[0] or _database_of(seen) != _database_of(wanted):
        return ""
    if query and "?" not in seen:
        lost.append(f"?{query} is lost")
    if "%40" in wanted and "%40" not in seen and seen.count("@") > wanted.count("@"):
        lost.append("%40 has become @")
    return "".join(f"; {each}" for each in lost)


def _database_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


@reading("no default for the URL", "default_is_local_sqlite")
def no_default(evidence: Evidence) -> Told | None:
    """If the variable is not set, getenv() without a second argument returns None, and os.environ[...] raises an
    exception."""
    file = evidence.source.file(_DB)
    for name, node in _variables(file):
        refused = isinstance(node, ast.Subscript) and _came_out(evidence, "KeyError", "'DATABASE_URL'")
        alone = isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords
        alone = alone and _came_out(evidence, "ArgumentError", "got None") and not _has_another(file, node)
        if name == "DATABASE_URL" and (refused or alone):
            gives = "raises KeyError" if refused else "gives None"
            return Told(
                saw=f"without DATABASE_URL in the environment this line {gives}",
                where=file.at(node),
                hint="Give a URL to use when the variable is not set.",
            )
    raised = evidence.raised[0] if evidence.raised else None
    asked = [call for call in file.calls("getenv", "get", "pop") if re.search("getenv|environ", text_of(call.func))]
    joined = [call for call in asked if call.args and isinstance(call.args[0], ast.BoolOp)]
    if raised is not None and "got None" in raised.message and len(joined) == 1:
        saw = f"without DATABASE_URL in the environment this line gives None: {evidence.saw}"
        hint = (
            f"Look at the parentheses: {name_of(joined[0])}() is given one argument. What is it, and what is missing?"
        )
        return Told(saw=saw, where=file.at(joined[0]), hint=hint)
    where = raised.lines[-1] if raised and raised.lines else ""
    if _came_out(evidence, "KeyError", "DATABASE_URL") and "[" in evidence.source.line(
        where
    ):  # in a module of settings
        hint = "With [ ] a variable that is not set is an error. Which other way of reading it can give a default?"
        return Told(saw="without DATABASE_URL in the environment this line raises KeyError", where=where, hint=hint)
    if evidence.source.line(where).strip().startswith("raise"):
        return Told(where=where, hint="Nobody has set a URL here. Which one should the app use then?")
    return None


def _came_out(evidence: Evidence, kind: str, words: str) -> bool:
    """Whether an exception of this kind and with these words came out of the code."""
    return bool(evidence.raised) and evidence.raised[0].kind == kind and words in evidence.raised[0].message


def _has_another(file: File, node: ast.AST) -> bool:
    """Whether an ``or`` puts something else in the place of an empty value."""
    around = [each for each in file.nodes if isinstance(each, ast.BoolOp) and node in each.values[:-1]]
    return any(isinstance(each.op, ast.Or) and text_of(each.values[-1]) != "None" for each in around)


_SLASHES = re.compile(r"sqlite(?:\+\w+)?:(/+)\.?/?\w")


@reading("slashes in a SQLite URL", "default_is_local_sqlite")
def slashes(evidence: Evidence) -> Told | None:
    """A SQLite URL is sqlite:/// and then the path. Two slashes are too few; four mean a path from the root of the
    disk."""
    file = evidence.source.file(_DB)
    for node in file.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = _SLASHES.match(node.value)
            seen = node.value in evidence.saw or any(each.bases & {"ArgumentError"} for each in evidence.raised)
            if found and len(found[1]) != 3 and seen:
                refused = any(each.bases & {"ArgumentError"} for each in evidence.raised)
                count = f"{len(found[1])} slash{'' if len(found[1]) == 1 else 'es'}"
                then = ", and SQLAlchemy refuses it" if refused else ""
                return Told(
                    saw=f"the URL {node.value} has {count} after sqlite:{then}",
                    where=file.at(node),
                    hint="After sqlite: come three slashes, and then a path that is relative to the working folder.",
                )
    return None


_NOTHING = re.compile(r"NoneType|got None|not a mapping|is None$")


@reading("a function that returns nothing on one path through it")
def nothing_on_one_way(evidence: Evidence) -> Told | None:
    """A path through a function without a return gives None, whatever the other paths return."""
    words = [evidence.saw, *(each.message for each in evidence.raised[:1])]
    if not any(_NOTHING.search(each) for each in words):
        return None
    found: dict[str, tuple[File, Function, list[ast.stmt]]] = {}
    for file, function in _asked_for_a_value(evidence):
        ends = ends_without_a_value(function.body)
        if ends and not any(_may_be_unset(each) for each in ast.walk(function) if isinstance(each, ast.Return)):
            found[file.at(function)] = file, function, ends
    if len(found) != 1:
        return None
    [(file, function, ends)] = found.values()
    name = function.name if any(each == "property" for each, _ in decorators(function)) else f"{function.name}()"
    hint = f"{_WHEN_IT_ENDS.get(type(ends[0]), 'After this line')} {name} is over. What has it handed back by then?"
    if isinstance(ends[0], ast.Return):
        hint = f"What does {name} hand back here?"
    if len(ends) > 1:
        hint = f"Go through {name} on each way: which ones come to no return?"
    unset = "removed DATABASE_URL" in " ".join(evidence.did)
    told = f"{'without DATABASE_URL in the environment' if unset else 'with DATABASE_URL set'}, {name} returned None"
    place = ends[0] if len(ends) == 1 else function
    return Told(saw=f"{told}: {evidence.saw}", where=file.at(place), hint=hint, why=_GIVES_NONE)


_WHEN_IT_ENDS: dict[type[ast.stmt], str] = {
    ast.If: "Where this is not true,",
    ast.Match: "Where none of these cases fits,",
}
_GIVES_NONE = "A function that ends without a return gives None, and whoever uses what it gives fails later."


def _may_be_unset(returned: ast.Return) -> bool:
    """Whether a return may hand on None, because it asks for a variable that perhaps nobody has set."""
    asked = [each for each in calls(returned, "get", "getenv") if len(each.args) == 1 and not each.keywords]
    return any(text_of(each.args[0]) != "'DATABASE_URL'" for each in asked)


def _asked_for_a_value(evidence: Evidence) -> list[tuple[File, Function]]:
    """The learner's functions that have given what a line works with: the one that failed, or the one that is None."""
    missing = re.match(r"db\.(\w+) is None$", evidence.saw)
    held = evidence.source.bound(missing[1], evidence.source.file(_DB)) if missing else None
    raised = evidence.raised[0] if evidence.raised else None
    where = innermost(raised, evidence.given) if raised is not None else ""
    where = held[0].at(held[1]) if held is not None else where or evidence.where
    name, _, number = where.rpartition(":")
    if not number.isdigit():
        return []
    file, line = evidence.source.file(name), int(number)
    around = [
        each for each in file.nodes if isinstance(each, ast.stmt) and each.lineno <= line <= (each.end_lineno or 0)
    ]
    within = next((each for each in reversed(file.functions) if each in around), None)
    values: list[tuple[File, ast.AST]] = [(file, each) for each in _used(around[-1], raised)] if around else []
    for place, value in values:  # which grows meanwhile
        if isinstance(value, ast.Name) and len(values) < _MOST_VALUES:
            bound = evidence.source.bound(value.id, place)
            handed = evidence.source.handed_over(file, within, value.id) if within is not None else None
            given = getattr(bound[1], "value", None) if bound is not None else None
            values += [(bound[0], given)] if bound is not None and isinstance(given, _REFERS) else []
            values += [handed] if handed is not None else []
    functions = [evidence.source.function(name_of(each)) for _, each in values if not isinstance(each, ast.Name)]
    return [each for each in functions if each is not None and each[0].name not in evidence.given]


_MOST_VALUES, _REFERS = 40, ast.Name | ast.Call | ast.Attribute


def _used(statement: ast.stmt, raised: Raised | None) -> list[ast.AST]:
    """The variables and calls in a statement; where it is known which value was None, those of this one alone."""
    message = raised.message if raised is not None else ""
    asked = re.search(r"'NoneType' object has no attribute '(\w+)'", message)
    made = calls(statement, "create_engine", "make_url")
    parts: list[ast.AST] = [statement]
    if asked:
        parts = [
            each.value for each in ast.walk(statement) if isinstance(each, ast.Attribute) and each.attr == asked[1]
        ]
    elif "got None" in message:
        parts = [each for call in made for each in (*call.args[:1], keyword(call, "url")) if each is not None]
    elif "argument after **" in message:
        parts = [each.value for each in ast.walk(statement) if isinstance(each, ast.keyword) and each.arg is None]
    return [each for part in parts for each in ast.walk(part) if isinstance(each, _REFERS)]


# -- at import ----------------------------------------------------------------------------------------

_TOUCH = "connect", "begin", "create_all", "drop_all", "inspect", "execute", "scalars", "raw_connection", "reflect"
_BEGIN_THREADS = "Thread", "Timer", "submit", "start_new_thread", "run_in_executor"


@reading("work on the database during import", "import_touches_no_database")
def connected_at_import(evidence: Evidence) -> Told | None:
    """What stands at the top of a module runs when it is imported: before the app starts, and in every test."""
    wanted = _TOUCH
    for file in evidence.source.files():
        creating = [call for statement in file.tree.body for call in calls(statement, "create_all")]
        for statement in file.tree.body:
            if isinstance(statement, ast.If) and "__main__" in text_of(statement.test):
                continue
            at_once = _run_at_once(statement)
            found = [call for each in at_once for call in calls(each, *wanted)]
            later = [each for each in creating if found and statement.lineno < each.lineno and _at_the_top(file, each)]
            if later and name_of(found[0]) == "drop_all":  # what it throws away is another rule's matter
                continue
            if not found:  # perhaps in a function that is called here
                for call in [each for one in at_once for each in ast.walk(one) if isinstance(each, ast.Call)]:
                    other = evidence.source.function(name_of(call), file.name)
                    if other is not None and calls(other[1], *wanted):
                        found = [call]
            if found:
                what = text_of(found[0].func)
                saw = f"{evidence.saw}: {what}() ran while {file.name} was imported"
                if found[0].func and not isinstance(statement, ast.Expr) and name_of(found[0]) not in wanted:
                    other = evidence.source.function(name_of(found[0]), file.name)
                    found = calls(other[1], *wanted) if other else found
                hint = "An import only makes things ready. What talks to the database has to wait until the app starts."
                if what.endswith("create_all") and "asynccontextmanager" in "".join(file.lines):
                    hint += " Which function here runs at the start?"
                if any(found[0] in ast.walk(function.args) for function in file.functions):
                    hint = "A default value is made once, when the function is defined. When is that?"
                return Told(saw=saw, where=file.at(found[0]), hint=hint)
    return None


@reading("a thread that works on the database, begun by an import", "import_touches_no_database")
def thread_at_import(evidence: Evidence) -> Told | None:
    """A thread that begins while a module is imported is part of the import: who imports it needs the database."""
    for file in evidence.source.files():
        statements = [each for each in file.tree.body if "__main__" not in text_of(getattr(each, "test", None))]
        for call in [each for one in statements for part in _run_at_once(one) for each in calls(part, *_BEGIN_THREADS)]:
            for target in [*call.args, *(each.value for each in call.keywords)]:
                name, other = name_of(target), evidence.source.function(name_of(target), file.name)
                if not isinstance(target, ast.Call) and (
                    name in _TOUCH or (other is not None and calls(other[1], *_TOUCH))
                ):
                    saw = f"{evidence.saw}: {name}() ran in a thread that began while {file.name} was imported"
                    hint = "What talks to the database has to wait until the app starts: in a thread, too."
                    return Told(saw=saw, where=file.at(call), hint=hint)
    return None


def _at_the_top(file: File, call: ast.Call) -> bool:
    """Whether a call stands at the top of a module as a statement."""
    return any(isinstance(each, ast.Expr) and each.value is call for each in file.tree.body)


def _run_at_once(statement: ast.stmt) -> list[ast.AST]:
    """What of a statement at the top of a module runs with it: of a function not its body, but its default values."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return [each for each in (*statement.args.defaults, *statement.args.kw_defaults) if each is not None]
    if isinstance(statement, ast.ClassDef):
        return [each for one in statement.body for each in _run_at_once(one)]
    return [] if isinstance(statement, ast.Import) else [statement]


# -- the engine ---------------------------------------------------------------------------------------


@reading("an engine that commits by itself", "nothing_is_saved_without_commit")
def autocommit(evidence: Evidence) -> Told | None:
    """With AUTOCOMMIT, or without transactions in SQLite's driver, every statement is saved at once."""
    at_once = {id(later) for event, later in pairwise(evidence.events) if event.sql and event.where == later.where}
    if any(id(event) not in at_once for event in evidence.events_of("COMMIT")):
        return None  # somebody has committed
    saw = f"{evidence.saw}, though nobody has called commit(){_saved_before(evidence)}"
    for file in evidence.source.files():
        for node in [each for each in file.nodes if isinstance(each, ast.Assign)]:
            if isinstance(node.targets[0], ast.Attribute) and re.search(_NO_TRANSACTION, text_of(node)):
                hint = "This tells SQLite's driver to begin no transaction. Who begins one then?"
                saw += "; SQLAlchemy said BEGIN, and the driver sent none"
                return Told(saw=saw, where=file.at(node), hint=hint)
    for file in evidence.source.files():
        named = [place for name, place, value in options(file.tree) if commits_by_itself(name, value)]
        texts = [each for each in file.nodes if isinstance(each, ast.Constant) and each.value == "AUTOCOMMIT"]
        switched = [
            each
            for each in file.nodes
            if isinstance(each, ast.Assign)
            and isinstance(each.targets[0], ast.Attribute)
            and commits_by_itself(each.targets[0].attr, each.value)
        ]
        for place in [*named, *switched, *texts]:
            return Told(saw=saw, where=file.at(place), hint="This option switches transactions off.")
    return None


_NO_TRANSACTION = r"isolation_level = (None|'')"


def _saved_before(evidence: Evidence) -> str:
    """What to add where the timeline ends with a ROLLBACK, which had nothing left to undo."""
    return "; it was saved before the ROLLBACK" if evidence.timeline[-1:] == ["ROLLBACK"] else ""


@reading("an event that commits", "nothing_is_saved_without_commit", "sessions_are_independent", "works_across_threads")
def event_commits(evidence: Evidence) -> Told | None:
    """What listens to the events of sessions or connections runs with each of them; a COMMIT there saves everything."""
    listeners = {
        text_of(call.args[2]) for file in evidence.source.files() for call in file.calls("listen") if len(call.args) > 2
    }
    for file in evidence.source.files():
        for node in file.functions:
            listens = any(name == "listens_for" for name, _ in decorators(node)) or node.name in listeners
            for call in calls(node, "commit", "execute", "exec_driver_sql") if listens else ():
                if name_of(call) == "commit" or "COMMIT" in text_of(call):
                    hint = "SQLAlchemy calls this by itself, again and again. Who says then what is saved?"
                    saw = f"{evidence.saw}; {node.name}() commits"
                    saw += _saved_before(evidence) if "is in the database" in saw else ""
                    return Told(saw=saw, where=file.at(call), hint=hint)
    return None


@reading("a session class that commits by itself", "nothing_is_saved_without_commit", "uncommitted_work_is_discarded")
def session_class_commits(evidence: Evidence) -> Told | None:
    """A session class of your own commits when its users did not ask for it, or does not commit when they did."""
    for file in evidence.source.files():
        for node in file.classes:
            if not any(name_of(base).endswith("Session") for base in node.bases):
                continue
            for method in node.body:
                if not isinstance(method, ast.FunctionDef):
                    continue
                if method.name == "commit" and not calls(method, "commit"):
                    return Told(
                        saw=f"{evidence.saw}: {node.name}.commit() does not commit",
                        where=file.at(method),
                        hint="Whoever calls commit() on this session believes that it commits.",
                    )
                committed = [each for each in calls(method, "commit") if method.name != "commit"]
                if committed and evidence.sent("COMMIT"):
                    return Told(
                        saw=f"{evidence.saw}: {node.name}.{method.name}() commits",
                        where=file.at(committed[0]),
                        hint="This commits whatever was left behind. Who decides that the work is complete?",
                    )
    return None


@reading("SQLite refuses other threads", "works_across_threads")
def refuses_threads(evidence: Evidence) -> Told | None:
    """With check_same_thread=True, only the thread that opened a SQLite connection may use it."""
    if "thread" not in evidence.saw:
        return None
    for file in evidence.source.files():
        for name, node, value in options(file.tree):
            if name == "check_same_thread" and text_of(value) == "True":
                return Told(
                    saw="SQLite refused the connection: it was opened in another thread",
                    where=file.at(node),
                    hint="FastAPI runs a request on more than one thread. What does True ask of SQLite here?",
                )
        for call in file.calls("connect"):
            if text_of(call.func) == "sqlite3.connect" and keyword(call, "check_same_thread") is None:
                saw = "SQLite refused the connection: it was opened in another thread"
                hint = "Here you open SQLite's connections yourself. In which threads does the driver let you use one?"
                return Told(saw=saw, where=file.at(call), hint=hint)
    return None


@reading("a SQLite option for every database", "other_databases_get_no_sqlite_arguments")
def sqlite_option(evidence: Evidence) -> Told | None:
    """Only SQLite's driver understands this option, but every database gets it."""
    found = re.search(r'invalid connection option "(\w+)"|argument\(s\) \'(\w+)\'', evidence.saw)
    if not found:
        return None
    name = found[1] or found[2]
    saw = f"PostgreSQL's driver was given '{name}', which it does not understand"
    if name in _OPTIONS_OF_SQLITE:
        saw = f"PostgreSQL's driver was given '{name}', an option of SQLite's driver"
    for file, node in _given_as(evidence, name):
        condition = _condition_around(file, node)
        for used in _uses_of(file, node) if condition is None else ():
            if (condition := _condition_around(file, used)) is not None:
                node = used
                break
        if condition is not None:
            decided, value = _decided(evidence, file, condition, node)
            hint = "The URL begins with postgresql+psycopg://. What does this condition say about it?"
            for name, gives in _PARTS_OF_A_URL.items():
                if name in _spelt_out(file, condition):
                    hint = f"For this URL, {name} is {gives!r}. What does this condition say about that?"
            if _is_a_place(value):
                hint = "find() says where a text begins in another one: 0 at its start, and -1 where it is not in it. "
                hint += "Which of these numbers count as true?"
            return Told(saw=saw, where=decided.at(value.lineno), hint=hint)
        choice = next(filter(None, (_choice_around(file, each) for each in (node, *_uses_of(file, node)))), None)
        if choice is not None:
            asks = "Which case does it take?" if choice in _subjects(file) else "What does get() find for it?"
            hint = f"The URL begins with postgresql+psycopg://. {asks}"
            for name, gives in _PARTS_OF_A_URL.items():
                if name in _spelt_out(file, choice):
                    hint = f"For this URL, {name} is {gives!r}. {asks}"
            takes_all = _captures(file) if choice in _subjects(file) else []
            if takes_all:
                hint = f"A bare name after case compares nothing: what does {takes_all[0].name} get here?"
                return Told(saw=saw, where=file.at(takes_all[0]), hint=hint)
            return Told(saw=saw, where=file.at(choice), hint=hint)
        shared = _one_dict_for_all(file, node)
        if shared is not None:
            hint = "Are these two dicts, or two names of one? "
            if isinstance(shared.value, ast.Call | ast.Dict | ast.DictComp):
                hint = f"How many dicts does {'dict.fromkeys()' if calls(shared, 'fromkeys') else 'this line'} make? "
            hint += f"Print {text_of(shared.targets[0])} after line {getattr(node, 'lineno', 0)}."
            return Told(saw=saw, where=file.at(shared), hint=hint)
        return Told(saw=saw, where=file.at(node), hint="To which databases does your code give this?")
    return None


def _subjects(file: File) -> list[ast.expr]:
    """What the file compares with several cases, one after the other."""
    return [each.subject for each in file.nodes if isinstance(each, ast.Match)]


def _choice_around(file: File, node: ast.AST) -> ast.expr | None:
    """What decides over an option where there is no if: the subject of a match, or the key that get() looks for.

    A case of SQLite's own is right, and so is a place of SQLite's own in a dictionary: what get() gives to all others
    is its second argument.
    """
    for each in file.nodes:
        if isinstance(each, ast.Match) and node in inside(each):
            cases = [one for one in each.cases if node in inside(one)]
            return each.subject if "sqlite" not in {text_of(one.pattern).strip("'") for one in cases} else None
        looks_up = isinstance(each, ast.Call) and name_of(each) == "get" and "environ" not in text_of(each.func)
        if isinstance(each, ast.Call) and looks_up and any(node in inside(default) for default in each.args[1:]):
            return each.args[0]
    return None


def _spelt_out(file: File, node: ast.expr) -> str:
    """The text of an expression, and that of what its names were given, where that happens once."""
    values = [_values_of(file, each) for each in inside(node) if isinstance(each, ast.Name)]
    return " ".join(map(text_of, [node, *(each[0] for each in values if len(each) == 1)]))


def _captures(file: File) -> list[ast.MatchAs]:
    """The patterns that are only a name, and so take whatever comes: ``case SQLITE:``."""
    patterns = [each.pattern for each in file.nodes if isinstance(each, ast.match_case) and each.guard is None]
    return [each for each in patterns if isinstance(each, ast.MatchAs) and each.pattern is None and each.name]


def _one_dict_for_all(file: File, node: ast.AST) -> ast.Assign | None:
    """Where a dict, into which an option is put for SQLite alone, was made to be that of other databases, too.

    ``dict.fromkeys(names, {})`` makes one for all names; so do ``{"sqlite": args, "other": args}`` and ``a = b = {}``.
    """
    filled = next(filter(None, (_filled_with(each, node) for each in file.nodes)), None)
    assigned = [each for each in file.nodes if isinstance(each, ast.Assign)]
    if isinstance(filled, ast.Subscript) and "sqlite" in text_of(filled.slice).lower():
        name = text_of(filled.value)
        return next((each for each in assigned if name in map(text_of, each.targets) and _repeats(each.value)), None)
    name = text_of(filled) if isinstance(filled, ast.Name) else ""
    for each in assigned if "sqlite" in name.lower() else ():
        if text_of(each.value) == name or (name in map(text_of, each.targets) and len(each.targets) > 1):
            return each
    return None


def _filled_with(statement: ast.AST, node: ast.AST) -> ast.expr | None:
    """The dict into which a statement puts an option: ``options["sqlite"]`` of ``options["sqlite"]["timeout"] = 3``."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
        return statement.targets[0].value if node is statement.targets[0].slice else None
    if isinstance(statement, ast.Call) and isinstance(statement.func, ast.Attribute) and node in ast.walk(statement):
        return statement.func.value if statement.func.attr in ("update", "setdefault") else None
    return None


def _repeats(value: ast.expr) -> bool:
    """Whether what makes a dict of dicts has one and the same of them for several keys."""
    if isinstance(value, ast.Call) and name_of(value) == "fromkeys":
        return len(value.args) > 1
    if isinstance(value, ast.DictComp):
        return isinstance(value.value, ast.Name)
    named = [each.id for each in value.values if isinstance(each, ast.Name)] if isinstance(value, ast.Dict) else []
    return len({*named}) < len(named)


def _uses_of(file: File, node: ast.AST) -> list[ast.AST]:
    """Where a name is used that was given a value which holds this node: ``connect_args`` in a create_engine()."""
    assigned = [each for each in file.nodes if isinstance(each, ast.Assign | ast.AnnAssign) and node in inside(each)]
    names = {name_of(each.targets[0] if isinstance(each, ast.Assign) else each.target) for each in assigned} - {""}
    used = [each for each in file.nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]
    return [each for each in used if each.id in names]


def _is_a_place(condition: ast.expr) -> bool:
    """Whether a condition takes the number that find() gives for an answer to whether a text is in another one."""
    bare = condition.operand if isinstance(condition, ast.UnaryOp) else condition
    return isinstance(bare, ast.Call) and name_of(bare) in ("find", "rfind")


_PARTS_OF_A_URL = {
    "get_backend_name()": "postgresql",
    ".drivername": "postgresql+psycopg",
    ".dialect.name": "postgresql",
    ".scheme": "postgresql+psycopg",
    "split(':')[0]": "postgresql+psycopg",
    "split('://')[0]": "postgresql+psycopg",
    "partition(':')[0]": "postgresql+psycopg",
    "partition('://')[0]": "postgresql+psycopg",
}


def _given_as(evidence: Evidence, name: str) -> list[tuple[File, ast.AST]]:
    """Where an option of this name is given, or a text that holds the name."""
    places: list[tuple[File, ast.AST]] = [(file, node) for file in evidence.source.files() for node in file.nodes]
    given: list[tuple[File, ast.AST]] = [
        (file, node)
        for file, node in places
        if (isinstance(node, ast.keyword) and node.arg == name)
        or (isinstance(node, ast.Constant) and node.value == name)
    ]
    return given or [
        (file, node)
        for file, node in places
        if isinstance(node, ast.Constant) and name in str(node.value) and "\n" not in str(node.value)
    ]


@reading("an option that SQLite does not know")
def option_unknown_to_sqlite(evidence: Evidence) -> Told | None:
    """Options for the driver of another database, and options that are spelled wrong, keep SQLite from connecting."""
    raised = evidence.raised_kind("TypeError")
    found = _UNKNOWN_TO_SQLITE.search(raised.message) if raised else None
    if found is None:
        return None
    name = found[1] or found[2]
    similar = difflib.get_close_matches(name, _OPTIONS_OF_SQLITE, 1, cutoff=0.8)
    for file, node in _given_as(evidence, name):
        condition = _condition_around(file, node)
        hint = "Which database knows this option? Your code gives it to every one."
        if similar:
            hint = f"SQLite's driver knows '{similar[0]}': is it a typing mistake?"
        elif condition is not None:
            hint = "Which database knows this option, and which ones get it under this condition?"
        return Told(
            saw=f"SQLite's driver was given '{name}', which it does not understand",
            wanted="only what SQLite understands",
            where=file.at(node if condition is None or similar else condition),
            hint=hint,
            why="A database refuses options that it does not know: the app could not even connect.",
        )
    return None


_UNKNOWN_TO_SQLITE = re.compile(
    r"'(\w+)' is an invalid keyword argument for Connection|Connection\(\) got an unexpected keyword argument '(\w+)'"
)
_OPTIONS_OF_SQLITE = (
    "timeout",
    "check_same_thread",
    "isolation_level",
    "detect_types",
    "cached_statements",
    "uri",
    "factory",
    "autocommit",
)


def _condition_around(file: File, node: ast.AST) -> ast.expr | None:
    """The condition about the database under which something is done, or else it is left out."""
    around = [each for each in file.nodes if isinstance(each, ast.If | ast.IfExp) and node in ast.walk(each)]
    around = around or _returned_before(file, node)
    tests = [each.test for each in around if re.search(r"sqlite|postgres|dialect|URL|url", text_of(each.test))]
    return max(tests, key=lambda each: each.lineno, default=None)


def _returned_before(file: File, node: ast.AST) -> list[ast.If | ast.IfExp]:
    """The conditions under which the function around a line has ended before it: ``if ...: return {}``."""
    functions = [each for each in file.functions if node in inside(each)]
    found: list[ast.If | ast.IfExp] = []
    for each in inside(functions[-1]) if functions else ():
        ends = isinstance(each, ast.If) and isinstance(each.body[-1], ast.Return) and not each.orelse
        if isinstance(each, ast.If) and ends and (each.end_lineno or 0) < getattr(node, "lineno", 0):
            found.append(each)
    return found


def _decided(evidence: Evidence, file: File, condition: ast.expr, node: ast.AST) -> tuple[File, ast.expr]:
    """What a condition about the database comes from: itself, or what the learner's own ``is_sqlite()`` returns.

    By its name, ``is_postgresql()`` may be right, and be asked where ``is_sqlite()`` should be.
    """
    around = [each for each in file.nodes if isinstance(each, ast.If | ast.IfExp) and each.test is condition]
    then = around[0].body if around and isinstance(around[0].body, list) else []
    then = [around[0].body] if around and isinstance(around[0], ast.IfExp) else then  # type: ignore[list-item]
    when_true = any(node in ast.walk(each) for each in then)
    about_another = re.search(r"postgres|server|other|not_", name_of(condition)) is not None
    return evidence.source.decides(file, condition, evidence.given) if when_true != about_another else (file, condition)


@reading("a PRAGMA for every database", "other_databases_get_no_sqlite_arguments")
def pragma_always(evidence: Evidence) -> Told | None:
    """Only SQLite knows PRAGMA. Other databases answer with a syntax error."""
    if "PRAGMA" not in evidence.saw:
        return None
    for file in evidence.source.files():
        for node in file.nodes:
            if isinstance(node, ast.Constant) and "PRAGMA" in str(node.value).upper() and "\n" not in str(node.value):
                condition = _condition_around(file, node)
                hint = "PRAGMA is a word of SQLite's alone. To which databases does your code send it?"
                why = ""
                if _is_caught(file, node):
                    why = "PostgreSQL takes nothing more in a transaction in which it refused a statement; "
                    why += "catching the error does not change that."
                decided, value = (file, node) if condition is None else _decided(evidence, file, condition, node)
                return Told(where=decided.at(value.lineno), hint=hint, why=why)
    return None


def _is_caught(file: File, node: ast.AST) -> bool:
    """Whether nobody hears of an error that this line raises."""
    for each in file.nodes:
        if isinstance(each, ast.Try) and any(node in ast.walk(one) for one in each.body):
            raising = [one for handler in each.handlers for one in ast.walk(handler) if isinstance(one, ast.Raise)]
            if each.handlers and not raising:
                return True
        if isinstance(each, ast.With) and node in ast.walk(each) and calls(each, "suppress"):
            return True
    return False


@reading("a driver that is not installed", "other_databases_get_no_sqlite_arguments", "url_from_environment")
def missing_driver(evidence: Evidence) -> Told | None:
    """The part of the URL after the + names the driver. The PostgreSQL driver that is installed here is psycopg."""
    raised = evidence.raised_kind("ModuleNotFoundError")
    name = raised.message.partition("'")[2].partition("'")[0] if raised else ""
    for file in evidence.source.files() if name else ():
        for number, line in enumerate(file.lines, start=1):
            if name in line:
                hint = "For PostgreSQL this workbook has psycopg; the URL that was given says so."
                return Told(saw=f"the driver '{name}' is not installed", where=file.at(number), hint=hint)
    return None


# -- sessions -----------------------------------------------------------------------------------------


@reading("autoflush is on", "query_does_not_write_pending_objects")
def autoflush_left_on(evidence: Evidence) -> Told | None:
    """Unless you turn autoflush off, a session sends pending changes before each query."""
    file = evidence.source.file(_DB)
    bound = _bound(file, "SessionLocal")
    made = calls(bound, "sessionmaker", "Session", "partial") if bound is not None else []
    if bound is not None and not made:  # perhaps in a function of the learner's own
        value = getattr(bound, "value", None)
        helper = evidence.source.function(name_of(value), _DB) if value is not None else None
        made = calls(helper[1], "sessionmaker", "Session", "partial") if helper is not None else []
    options = [each.arg for call in made for each in call.keywords]
    own_class = any(_own_session_class(each) for each in file.classes) or "configure" in "\n".join(file.lines)
    if not made or own_class or None in options or "autoflush" in options:
        return None
    for each in file.nodes:
        targets = each.targets if isinstance(each, ast.Assign) else []
        if any(text_of(target) == "SessionLocal.autoflush" for target in targets):
            hint = "Sessions get what the factory was given when it was made. Does this line change that?"
            return Told(where=file.at(each), hint=hint)
    return Told(where=file.at(made[-1]), hint="This line does not set autoflush. What is it by default?")


@reading("a flush() before each query", "query_does_not_write_pending_objects")
def event_flushes(evidence: Evidence) -> Told | None:
    """What listens to the events of a session runs with each of them; a flush() there sends what is pending."""
    found = [
        (file, node, calls(node, "flush")[0])
        for file in evidence.source.files()
        for node in file.functions
        if calls(node, "flush")
    ]
    for file, node, call in found:
        names = list(dict.fromkeys(f"{each.name}()" for _, each, _ in found))
        hint = f"{node.name}() sends what is pending. When does it run?"
        if len(names) > 1:
            hint = f"{', '.join(names[:-1])} and {names[-1]} send what is pending. When do they run?"
        return Told(saw=f"{evidence.saw}; {node.name}() calls flush()", where=file.at(call), hint=hint)
    return None


@reading("autoflush has another value", "query_does_not_write_pending_objects")
def autoflush_is_true(evidence: Evidence) -> Told | None:
    """autoflush takes any value, and whatever is not empty, not zero and not False switches it on."""
    for file in evidence.source.files():
        for value in _values_of_autoflush(file):
            if isinstance(value, ast.Constant):
                continue
            handed = _parameter(evidence, file, value)
            if handed is not None:
                return Told(where=handed[0].at(handed[1]), hint=handed[2])
            place, held = _where_it_is_set(evidence, file, value)
            named = name_of(value) if isinstance(value, ast.Name | ast.Attribute) else ""
            other = named != "" and "flush" not in named.lower()  # it decides other things, too
            if isinstance(held, ast.Constant) and not (other and isinstance(value, ast.Attribute)):
                is_text = isinstance(held.value, str) and held.value
                hint = _A_TEXT if is_text else "autoflush gets this value. What does the task want?"
                return Told(where=place.at(held), hint=hint)
            hint = "When is this true? The task wants autoflush off, on every database and everywhere it runs."
            if isinstance(held, ast.Tuple):
                hint = "A comma makes a tuple of what stands before it. What does autoflush get here, and does a tuple "
                hint += "that holds something count as true?"
            if isinstance(held, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
                hint = f"{text_of(held)} is true here. Where does that come from? The task wants autoflush off, on "
                hint += "every database and everywhere it runs."
            if name_of(held) == "bool" and re.search("environ|getenv", text_of(held)):
                hint = "What comes from the environment is a text, and so is what stands in for it. What does bool() "
                hint += "make of a text that is not empty?"
            if other:
                hint = f"When is {named} true, and what do your sessions do then? What does the task want?"
                place, held = file, value
            return Told(where=place.at(held), hint=hint)
    return None


def _parameter(evidence: Evidence, file: File, value: ast.expr) -> tuple[File, ast.expr, str] | None:
    """What decides a value that is a parameter of the function around it: its default, or what is passed; a hint."""
    around = [each for each in file.functions if value in ast.walk(each)]
    function = around[-1] if around else None
    if function is None or name_of(value) not in {
        each.arg for each in (*function.args.args, *function.args.kwonlyargs)
    }:
        return None
    found = evidence.source.handed_over(file, function, name_of(value))
    default = found is not None and found[1] in (*function.args.defaults, *function.args.kw_defaults)
    hint = f"{function.name}() gets this for {name_of(value)}. What does the task want?"
    if default:
        hint = f"Nobody gives {function.name}() a value, so this default counts. What does the task want?"
    return (*found, hint) if found is not None else None


def _values_of_autoflush(file: File) -> list[ast.expr]:
    """What a file passes for autoflush, also in a dictionary of options."""
    made = file.calls("sessionmaker", "Session", "async_sessionmaker", "configure", "dict", "partial", "update")
    values = [keyword(call, "autoflush") for call in made]
    for node in file.nodes:
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            values += [value for key, value in pairs if key is not None and text_of(key) == "'autoflush'"]
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            values += [node.value] if text_of(node.targets[0].slice) == "'autoflush'" else []
    return [value for value in values if value is not None]


_A_TEXT = "A text that is not empty counts as true, whatever it says."


@reading("autoflush=True", "query_does_not_write_pending_objects")
def autoflush_switched_on(evidence: Evidence) -> Told | None:
    """This tells the session to send pending changes before each query."""
    for file in evidence.source.files():
        if any(_own_session_class(each) for each in file.classes):
            continue
        for node in file.nodes:
            value = node.value if isinstance(node, ast.keyword) and node.arg == "autoflush" else None
            if isinstance(value, ast.Constant) and value.value:
                hint = _A_TEXT if isinstance(value.value, str) else "What does this ask for?"
                return Told(where=file.at(value), hint=hint)
    return None


@reading("autoflush is set from a text", "query_does_not_write_pending_objects")
def autoflush_from_a_text(evidence: Evidence) -> Told | None:
    """A setting from the environment is a text. Every text that is not empty counts as true, even 'False'."""
    for file in evidence.source.files():
        for value in _values_of_autoflush(file):
            place, source = _where_it_is_set(evidence, file, value)
            texts = _texts_without_a_setting(source)
            if texts:
                return Told(
                    saw=f"{evidence.saw}: autoflush is on, because a text that is not empty counts as true",
                    where=place.at(source),
                    hint=f"A setting from the environment is a text, its default too. {texts[0]!r} is not empty.",
                )
    return None


def _where_it_is_set(evidence: Evidence, file: File, value: ast.expr) -> tuple[File, ast.expr]:
    """What a value comes from: of a name, a key, a setting or a call the expression behind it, if there is only one."""
    for _ in range(_MOST_STEPS):
        found: list[tuple[File, ast.expr]] = []
        if isinstance(value, ast.Name):
            bound = evidence.source.bound(value.id, file)
            found = [(bound[0], bound[1].value)] if bound and isinstance(bound[1], ast.Assign) else []
            if bound and isinstance(bound[1], ast.AnnAssign) and bound[1].value is not None:
                found = [(bound[0], bound[1].value)]
        elif isinstance(value, ast.Attribute):
            found = _set_in_a_class(evidence, value.attr)
        elif isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant):
            around = evidence.source.bound(name_of(value.value), file)
            key = value.slice.value
            found = [(around[0], each) for name, _, each in options(around[1]) if name == key] if around else []
        elif isinstance(value, ast.Call):
            led = evidence.source.decides(file, value, evidence.given)
            found = [led] if led[1] is not value else []
        if len(found) != 1:
            break
        file, value = found[0]
    return file, value


_MOST_STEPS = 5


def _set_in_a_class(evidence: Evidence, name: str) -> list[tuple[File, ast.expr]]:
    """What an attribute is given by those who make an object of a learner's class; without them, in its body."""
    passed: list[tuple[File, ast.expr]] = []
    within: list[tuple[File, ast.expr]] = []
    for file in evidence.source.files():
        made = [call for call in file.calls("cls", *(each.name for each in file.classes))]
        passed += [(file, each) for call in made if (each := keyword(call, name)) is not None]
        for statement in [each for owner in file.classes for each in ast.walk(owner)]:
            targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
            if name in [name_of(each) for each in targets if each is not None]:
                value = getattr(statement, "value", None)
                within += [(file, value)] if value is not None else []
            if isinstance(statement, Function) and statement.name == name:  # a property
                returned = [each.value for each in inside(statement) if isinstance(each, ast.Return)]
                within += [(file, each) for each in returned if each is not None]
    return passed or within


def _texts_without_a_setting(source: ast.expr) -> list[str]:
    """The texts that a value may be where the environment has no such variable, if it stays a text all the way."""
    nodes = [*ast.walk(source)]
    others = ("get", "getenv", "str", "bool", "lower", "upper", "title", "capitalize", "strip", "field", "Field")
    made = any(isinstance(each, ast.Call) and name_of(each) not in others for each in nodes)
    if made or any(isinstance(each, ast.Compare | ast.IfExp | ast.UnaryOp | ast.Subscript) for each in nodes):
        return []
    asked = [each for each in nodes if isinstance(each, ast.Call) and "environ" in text_of(each.func)]
    asked += [each for each in nodes if isinstance(each, ast.Call) and name_of(each) == "getenv"]
    given = [each for call in asked for each in [*call.args[1:], *(one.value for one in call.keywords)]]
    given += [one for each in nodes if isinstance(each, ast.BoolOp) for one in each.values[1:] if asked]
    return [
        each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value
    ]


def _own_session_class(node: ast.ClassDef) -> bool:
    return any(name_of(base).endswith("Session") for base in node.bases)


@reading("autoflush=False is overridden by a default", "query_does_not_write_pending_objects")
def autoflush_overridden(evidence: Evidence) -> Told | None:
    """Where two dictionaries become one, a name that both have gets the value of the later one."""
    for file in evidence.source.files():
        said = [(name, place, value) for name, place, value in options(file.tree) if name == "autoflush"]
        off = [place for _, place, value in said if text_of(value) == "False"]
        on = [place for _, place, value in said if isinstance(value, ast.Constant) and value.value is True]
        holding = {
            name_of(each.targets[0])
            for each in file.nodes
            if isinstance(each, ast.Assign) and any(place in inside(each.value) for place in on)
        } - {""}
        for place, last in [_merged(each) for each in file.nodes] if off and holding else ():
            if place is not None and name_of(last) in holding:
                saw = f"{evidence.saw}; autoflush=False was given, and True took its place"
                hint = "Here two dictionaries become one. Which value does a name get that is in both of them?"
                return Told(saw=saw, where=file.at(place), hint=hint)
    return None


def _merged(node: ast.AST) -> tuple[ast.AST | None, ast.expr | None]:
    """An expression that makes one dictionary of several, with the one whose values count in the end."""
    if isinstance(node, ast.Dict) and len(node.keys) > 1 and node.keys[-1] is None:
        return node, node.values[-1]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return node, node.right
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.BitOr):
        return node, node.value
    if isinstance(node, ast.Call) and name_of(node) == "update" and len(node.args) == 1:
        return node, node.args[0]
    whole = [each.value for each in node.keywords if each.arg is None] if isinstance(node, ast.Call) else []
    if isinstance(node, ast.Call) and name_of(node) == "dict" and whole and (node.args or len(node.keywords) > 1):
        return node, whole[-1]
    return None, None


@reading("autoflush is an attribute of the class", "query_does_not_write_pending_objects")
def autoflush_of_the_class(evidence: Evidence) -> Told | None:
    """Each session sets its own autoflush when it is made; what the class says no longer counts then."""
    for file in evidence.source.files():
        for node in [each for each in file.classes if _own_session_class(each)]:
            for each in node.body:
                target = each.targets[0] if isinstance(each, ast.Assign) else getattr(each, "target", None)
                if name_of(target) == "autoflush":
                    hint = "A session sets its own autoflush when it is made. Which of the two counts then, and who "
                    hint += "says what the session's own is?"
                    return Told(where=file.at(each), hint=hint)
    return None


@reading("a session class that loses autoflush=False", "query_does_not_write_pending_objects")
def autoflush_lost(evidence: Evidence) -> Told | None:
    """A session class of your own takes the option but does not pass it on, or passes on another value."""
    for file in evidence.source.files():
        for node in file.classes:
            start = next((each for each in node.body if getattr(each, "name", "") == "__init__"), None)
            asked = any(
                text_of(keyword(call, "autoflush")) == "False"
                for each in file.tree.body
                for call in calls(each, "sessionmaker")
            )
            if not _own_session_class(node) or start is None or not asked:
                continue
            passed = calls(start, "__init__")
            if "autoflush" not in text_of(start) and any(each.arg is None for one in passed for each in one.keywords):
                continue  # it hands on whatever it gets
            passes = f"autoflush=False was passed, but the session was made with True: {node.name} does not hand it on"
            return Told(
                saw=f"{evidence.saw}; {passes}",
                where=file.at(passed[-1] if passed else start),
                hint="sessionmaker() hands autoflush on to this class. What happens to it on the way to this line?",
            )
    return _lost_in_a_factory(evidence)


def _lost_in_a_factory(evidence: Evidence) -> Told | None:
    """A class or function of the learner's own that is told autoflush=False, and makes its sessions without it."""
    file = evidence.source.file(_DB)
    bound = _bound(file, "SessionLocal")
    value = getattr(bound, "value", None)
    said = text_of(keyword(value, "autoflush")) if isinstance(value, ast.Call) else ""
    maker = (evidence.source.class_(name_of(value)) or evidence.source.function(name_of(value))) if said else None
    if said != "False" or maker is None or maker[0].name in evidence.given:
        return None
    made = calls(maker[1], "Session", "sessionmaker")
    if len(made) != 1 or keyword(made[0], "autoflush") or any(each.arg is None for each in made[0].keywords):
        return None
    if re.search(r"\.autoflush\b|configure|setattr", text_of(maker[1])):
        return None
    hint = f"{maker[1].name} is told autoflush=False, and here a session is made. Does autoflush=False reach this line?"
    hint = hint if name_of(made[0]) == "Session" else hint.replace("a session is made", "the factory is made")
    saw = f"{evidence.saw}; autoflush=False was passed to {maker[1].name}, and the session was made without it"
    return Told(saw=saw, where=maker[0].at(made[0]), hint=hint)


@reading("autoflush=False among options that nobody uses", "query_does_not_write_pending_objects")
def options_left_behind(evidence: Evidence) -> Told | None:
    """A dictionary of options says autoflush=False, and the sessions are made with other options."""
    file = evidence.source.file(_DB)
    made = file.calls("Session", "sessionmaker", "partial")
    if len(made) != 1 or any(map(_own_session_class, file.classes)) or re.search(_SET_LATER, text_of(file.tree)):
        return None
    said = [(place, value) for name, place, value in options(file.tree) if name == "autoflush"]
    held = {each for place, _ in said for each in _holding(file, place)}
    if not held or any(text_of(value) != "False" or not _holding(file, place) for place, value in said):
        return None
    if _read_elsewhere(file, held):
        return None
    name = sorted(held)[0]
    hint = f"{name} holds autoflush=False. Which options does {name_of(made[0])}() get on this line?"
    return Told(saw=f"{evidence.saw}; the session was made without autoflush=False", where=file.at(made[0]), hint=hint)


_SET_LATER = r"\.autoflush\b|configure|setattr"


def _holding(file: File, place: ast.AST) -> set[str]:
    """The names of the dictionaries that hold an option which is given at this place."""
    for each in file.nodes:
        if isinstance(each, ast.Assign | ast.AnnAssign):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            made = each.value
            a_dict = isinstance(made, ast.Dict) or (isinstance(made, ast.Call) and text_of(made.func) == "dict")
            if a_dict and made is not None and place in [*ast.iter_child_nodes(made)]:
                return {name_of(target) for target in targets if isinstance(target, ast.Name)}
            if isinstance(targets[0], ast.Subscript) and targets[0].slice is place:
                return {name_of(targets[0].value)} - {""}
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and _fills(each, place):
            return {name_of(each.func.value)} - {""}
    return set()


def _fills(call: ast.Call, place: ast.AST) -> bool:
    """Whether a call puts an option into the dictionary whose method it is."""
    given = [*call.args, *call.keywords]
    return name_of(call) in ("update", "setdefault") and any(place is each or place in inside(each) for each in given)


def _read_elsewhere(file: File, names: set[str]) -> bool:
    """Whether anything reads these names beyond the calls and assignments that fill what they hold."""
    filled = [
        each.func.value for each in file.calls("update", "setdefault", "pop") if isinstance(each.func, ast.Attribute)
    ]
    stored = [each for each in file.nodes if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store)]
    writes = [*filled, *(each.value for each in stored)]
    reads = [each for each in file.nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]
    return any(each.id in names and each not in writes for each in reads)


@reading("one session for everybody", "sessions_are_independent")
def one_session(evidence: Evidence) -> Told | None:
    """Every caller gets the same session. What one of them commits or rolls back affects all of them."""
    if "same session twice" not in evidence.saw:
        return None
    file = evidence.source.file(_DB)
    scoped = file.calls("scoped_session")
    made = _sessions_kept(file)
    cached = [node for node in file.functions if any("cache" in name for name in map(name_of, node.decorator_list))]
    first = [node.decorator_list[0] for node in cached]
    for call in scoped:
        decides = keyword(call, "scopefunc") or (call.args[1] if len(call.args) > 1 else None)
        if decides is not None:
            hint = f"scopefunc decides who shares a session. What does {text_of(decides)} answer in two threads?"
            return Told(where=file.at(call), hint=hint)
    for node in (*made, *first):
        return Told(where=file.at(node), hint="This makes one session, and everybody gets it.")
    for call in scoped:
        hint = "scoped_session keeps a session for each thread. What makes it, and is it another one in each of them?"
        return Told(where=file.at(call), hint=hint)
    return None


def _sessions_kept(file: File) -> list[ast.Call]:
    """Calls that make a session which outlives the function that they are in: of a module, a class or an object."""
    makers = [node for node in file.nodes if isinstance(node, ast.Assign) and calls(node.value, "sessionmaker")]
    factories = {name_of(node.targets[0]) for node in makers} | {"Session", "SessionLocal"}
    shared = {name for node in file.nodes if isinstance(node, ast.Global) for name in node.names}
    bodies = [file.tree.body, *(each.body for each in file.classes)]
    kept = [each for body in bodies for each in body if not isinstance(each, ast.FunctionDef | ast.ClassDef)]
    kept += [
        node
        for node in file.nodes
        if isinstance(node, ast.Assign) and any(isinstance(each, ast.Attribute) for each in node.targets)
    ]
    kept += [node for node in file.nodes if isinstance(node, ast.Assign) and name_of(node.targets[0]) in shared]
    at_once = [each for one in kept for each in calls(one, "sessionmaker") if isinstance(each.func, ast.Call)]
    return [*at_once, *(call for statement in kept for call in calls(statement, *factories))]


@reading("one connection for all sessions", "sessions_are_independent", "works_across_threads")
def one_connection(evidence: Evidence) -> Told | None:
    """A pool that keeps one connection puts all sessions into one transaction."""
    for file in evidence.source.files():
        for node in file.nodes:
            if isinstance(node, ast.Name | ast.Attribute) and name_of(node) in _ONE_CONNECTION:
                return Told(
                    saw=f"{evidence.saw}: both use the same connection" if "commit saved" in evidence.saw else "",
                    where=file.at(node),
                    hint=f"How many connections does a {name_of(node)} keep, and for whom?",
                )
    return None


_ONE_CONNECTION = "StaticPool", "SingletonThreadPool", "AssertionPool"


@reading("SessionLocal is not a factory", "session_uses_engine")
def no_factory(evidence: Evidence) -> Told | None:
    """SessionLocal makes sessions: whoever calls it gets one. A session that has been made already is one for
    everybody."""
    file = evidence.source.file(_DB)
    node = _bound(file, "SessionLocal")
    value = getattr(node, "value", None)
    yields = isinstance(node, ast.FunctionDef) and any(isinstance(each, ast.Yield) for each in ast.walk(node))
    if node is not None and yields and "SessionLocal() returned" in evidence.saw:
        hint = "What does a function with yield give back when it is called? SessionLocal() has to be a session."
        return Told(where=file.at(node), hint=hint)
    if node is None or value is None:
        return None
    if isinstance(value, ast.Attribute) and value.attr == "begin":
        hint = "What does .begin give back when it is called: a session, or something for 'with'? "
        hint += "SessionLocal() itself has to be the session."
    elif text_of(value) in ("sessionmaker", "scoped_session"):
        hint = "sessionmaker makes factories: call it to get one."
    elif isinstance(value, ast.Call) and (name_of(value) == "Session" or isinstance(value.func, ast.Call)):
        hint = "This is one session, made here. What makes sessions when it is called?"
    else:
        return None
    return Told(where=file.at(node), hint=hint)


def _engines_made(evidence: Evidence, file: File, node: ast.AST) -> list[tuple[File, ast.Call]]:
    """Where the learner's own functions and properties make an engine that a statement leads to."""
    chain: list[tuple[File, ast.AST]] = [(file, node)]
    for within, each in chain:  # which grows meanwhile
        used = [one for one in inside(each) if isinstance(one, ast.Call | ast.Attribute)]
        for name in dict.fromkeys(map(name_of, used)):
            found = (evidence.source.function(name, within.name) or evidence.source.function(name)) if name else None
            kept = found is not None and any("cache" in one for one, _ in decorators(found[1]))
            if found is not None and found not in chain and not kept:
                chain.append(found)
    return [(within, call) for within, each in chain[1:] for call in calls(each, "create_engine")]


@reading("sessions on another engine", "session_uses_engine")
def second_engine(evidence: Evidence) -> Told | None:
    """The sessions are bound to another engine, which has its own pool and its own settings."""
    file = evidence.source.file(_DB)
    node = _bound(file, "SessionLocal")
    if node is None or "bound to" not in evidence.saw:
        return None
    others = calls(node, "create_engine", "execution_options")
    bind = next(iter(calls(node, "sessionmaker", "Session")), None)
    made_there = file.calls("sessionmaker")  # in a class or a function of one's own, say
    bind = made_there[0] if bind is None and len(made_there) == 1 else bind
    if others:
        hint = f"{name_of(others[0])}() makes a second engine. There is one already."
        return Told(where=file.at(others[0]), hint=hint)
    made = _engines_made(evidence, file, node) if "second engine" in evidence.saw else []
    if len(made) == 1:
        first = evidence.source.bound("engine", file)
        again = first is not None and made == _engines_made(evidence, *first)
        name = evidence.source.function_of(made[0][0].at(made[0][1]))
        called = calls(node, name) or [
            call for call in file.calls(name) if first is None or call not in inside(first[1])
        ]
        if len(called) == 1:
            hint = f"{name}() makes another engine each time it is called. Which engine is there already?"
            return Told(where=file.at(called[0]), hint=hint)
        hint = "This makes a new engine each time it runs. How often does it run?"
        hint = hint if again else "This makes a second engine. There is one already."
        return Told(where=made[0][0].at(made[0][1]), hint=hint)
    copies = [each for each in file.calls("execution_options") if text_of(each).startswith("engine.")]
    if copies and "second engine" in evidence.saw:
        hint = "execution_options() leaves the engine as it is, and gives another one. Which one do sessions get?"
        return Told(where=file.at(copies[0]), hint=hint)
    opened = calls(node, "connect")
    if opened:
        hint = "This opens one connection, here and now. What opens one whenever a session needs it?"
        return Told(where=file.at(opened[0]), hint=hint)
    if bind is not None and "one connection of db.engine" in evidence.saw:
        hint = "All sessions would share this one connection. What opens one whenever a session needs it?"
        return Told(where=file.at(bind), hint=hint)
    if bind is not None and "no engine" in evidence.saw and not re.search(r"class_=(?!Session\b)", text_of(bind)):
        for each in [each for each in file.nodes if isinstance(each, ast.Assign)]:
            if text_of(each.targets[0]).endswith("metadata.bind"):
                hint = "SQLAlchemy 2 looks for no engine in a metadata. What tells the sessions which one to use?"
                return Told(where=file.at(bind), hint=hint)
        for place in _engines_of_classes(file):
            saw = f"{evidence.saw}; it has one for certain classes only"
            hint = "This names an engine for these classes only. Which one is used for a statement without a class?"
            return Told(saw=saw, where=file.at(place), hint=hint)
        return Told(where=file.at(bind), hint="Nobody tells the sessions which engine to use.")
    if bind is not None and "which is not an engine" in evidence.saw:
        texts = [each.value for each in inside(bind) if isinstance(each, ast.Constant) and each.value in file.bindings]
        if texts:
            hint = f"Quotes make a text of '{texts[0]}'. How does Python write the name of what a line has made?"
            return Told(where=file.at(bind), hint=hint)
        return Told(where=file.at(bind), hint="A session works with an engine, not with a URL.")
    return None


def _engines_of_classes(file: File) -> list[ast.AST]:
    """Where sessions are told which engine some classes have: ``binds={Base: engine}``, ``db.bind_mapper(...)``."""
    named = [
        place for name, place, value in options(file.tree) if name == "binds" and text_of(value) not in ("{}", "None")
    ]
    return [*named, *file.calls("bind_mapper", "bind_table")]


@reading("autocommit=True no longer exists", "session_uses_engine")
def session_autocommit(evidence: Evidence) -> Told | None:
    """In SQLAlchemy 2 no session commits by itself. Older tutorials still write autocommit=False."""
    file = evidence.source.file(_DB)
    for call in file.calls("sessionmaker", "Session"):
        if text_of(keyword(call, "autocommit")) == "True":
            return Told(where=file.at(call), hint="Sessions of SQLAlchemy 2 never commit by themselves. Leave it out.")
    return None


# -- the base class -----------------------------------------------------------------------------------


@reading("Base is not a declarative base", "base_is_declarative")
def no_declarative_base(evidence: Evidence) -> Told | None:
    """Base must be a class of your own that inherits from DeclarativeBase."""
    file = evidence.source.file(_DB)
    node = _bound(file, "Base")
    if node is None:
        return None
    wanted = "a class that SQLAlchemy maps to a table at once"
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(text_of(each) for each in node.bases)
        raised = evidence.raised_kind("UnmappedClassError")
        if raised is not None and "DeferredReflection" in raised.message + bases:
            saw = f"a model on Base is not mapped: Base inherits from {bases}"
            hint = "DeferredReflection reads the columns from tables that exist already. What is left without it?"
            return Told(saw=saw, where=file.at(node), hint=hint, wanted=wanted)
        if "DeclarativeMeta" in bases:
            hint = "A metaclass makes classes; no model inherits from it. Which class of sqlalchemy.orm is for that?"
            return Told(saw=f"Base inherits from {bases}, a metaclass", where=file.at(node), hint=hint, wanted=wanted)
        hooks = [each for each in node.body if isinstance(each, Function) and each.name == "__init_subclass__"]
        if "Declarative" in bases and hooks and not calls(hooks[0], "__init_subclass__"):
            hint = f"{bases} has an __init_subclass__ too, which makes the tables. Who calls that one now?"
            return Told(where=file.at(hooks[0]), hint=hint)
        if "Declarative" in bases:
            return None
        saw = f"Base inherits from {bases or 'nothing'}"
        return Told(
            saw=saw, where=file.at(node), hint="Which class of sqlalchemy.orm collects the tables of its children?"
        )
    value = text_of(getattr(node, "value", None))
    if evidence.raised_kind("UnmappedClassError") is not None:
        saw = f"a model on Base is not mapped: Base is {value}"
        hint = (
            "This base waits for prepare(). Which class of sqlalchemy.orm maps your models as soon as you write them?"
        )
        if value.startswith("automap_base"):
            hint = "automap_base() is for tables that exist already. Which class of sqlalchemy.orm maps your models "
            hint += "as soon as you write them?"
        return Told(saw=saw, where=file.at(node), hint=hint, wanted=wanted)
    hints = {
        "declarative_base": "declarative_base is a function: it has to be called.",
        "DeclarativeBase": "Make a class of your own that inherits from it.",
        "DeclarativeBase()": "Make a class that inherits from it, not an object of it.",
    }
    if value in hints or value in ("object", "SQLModel", "BaseModel") or value.startswith("MetaData("):
        hint = hints.get(value, "Base is to be a class that inherits from DeclarativeBase.")
        return Told(saw=f"Base is {value}", where=file.at(node), hint=hint)
    return None


_NO_OBJECT = re.compile(
    r"type object 'MetaData' has no attribute|'registry' attribute that is not an instance|"
    r"type object 'registry' has no attribute"
)


@reading("a class instead of an object")
def class_for_an_object(evidence: Evidence) -> Told | None:
    """A base needs a MetaData, or a registry, that was made: the class alone holds no tables."""
    words = " ".join([evidence.saw, *(each.message for each in evidence.raised)])
    file = evidence.source.file(_DB)
    base = _bound(file, "Base")
    for each in ast.walk(base) if base is not None and _NO_OBJECT.search(words) else ():
        target = each.targets[0] if isinstance(each, ast.Assign) else getattr(each, "target", None)
        named = each.arg if isinstance(each, ast.keyword) else name_of(target)
        value = getattr(each, "value", None)
        held = _bound(file, value.id) if isinstance(value, ast.Name) else None
        given = getattr(held, "value", None) or value  # of a variable what it was made of
        kind = name_of(given) if isinstance(given, ast.Name | ast.Attribute) else ""
        if named in ("metadata", "registry") and kind in ("MetaData", "registry"):
            saw = f"the {named} of Base is {kind}: the class itself"
            hint = f"Is this a {kind}, or the class of all of them? What makes one?"
            return Told(saw=saw, where=file.at(held or each), hint=hint)
    return None


_NO_TABLE = re.compile(r"Class <class 'app\.([\w.]+)\.(\w+)'> does not have a __table__ or __tablename__")


@reading("a class below the base that is not a table")
def taken_for_a_table(evidence: Evidence) -> Told | None:
    """SQLAlchemy makes a table of every class that inherits from a declarative base, unless the class says that it is
    abstract. A table needs a name."""
    raised = evidence.raised_kind("InvalidRequestError")
    found = _NO_TABLE.search(raised.message) if raised else None
    held = evidence.source.class_(found[2], f"app/{found[1].replace('.', '/')}.py") if found else None
    if held is None or not held[1].bases or held[0].name in evidence.given:
        return None
    (file, node), parent = held, name_of(held[1].bases[-1])
    parent = f"what {parent}() makes" if isinstance(node.bases[-1], ast.Call) else parent
    below = [each for one in evidence.source.files() for each in one.classes if node.name in map(name_of, each.bases)]
    saw = f"the import failed: {parent} is a declarative base already, so SQLAlchemy takes {node.name} for a table"
    place: ast.AST = node
    if node.name == "Base":
        hint = f"Which of the two is to be the declarative base, {parent} or Base? What do you need the other one for?"
    elif below or file.name == _DB:
        hint = f"To SQLAlchemy every class below {parent} is a table. Is {node.name} one, or a part of others?"
    else:
        saw = f"the import failed: {node.name} does not say what its table is called"
        names = {name_of(each.targets[0]): each for each in node.body if isinstance(each, ast.Assign)}
        similar = [each for name, each in names.items() if re.search("table", name.lower())]
        place = similar[0] if similar else node
        hint = "By which attribute of the class does SQLAlchemy know the table's name?"
    return Told(saw=saw, where=file.at(place), hint=hint)
