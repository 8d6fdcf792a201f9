"""In the child: what to ask where a name is not defined: what it should be instead, and seldom an import."""

from __future__ import annotations

import ast
import builtins
import difflib
import re
import sys
from typing import TypeGuard

from grader.diagnosis.endpoints import endpoint_of
from grader.diagnosis.evidence import Evidence, Raised
from grader.diagnosis.reading import Told, an
from grader.diagnosis.source import File, Function, Source, arguments_of, calls, inside, name_of, text_of

ROUTER_IN_THE_APP = "The app includes the router. In which file is the app made, and does this belong there?"
OF_NO_APP = "main.py imports this file before it makes the app. To what do the routes of this file belong?"
_OF_OTHER_LIBRARIES = re.compile(
    r"SQLAlchemy(?=\()|app\.config|transaction\.atomic|db\.(?:Model|session|Column|create_all|init_app|relationship)\b"
    r"|models\.(?:Model|\w+Field|ForeignKey)\b|(?:abort|jsonify|get_object_or_404|get_or_404|Blueprint)(?=\()"
    r"|\b(?:Http404|HttpResponseNotFound|NotFound)\b"
    r"|\b(?:Char|Text|Integer|String|Auto)Field(?=\()|serializers\.\w+|request\.(?:json|args|form|get_json|GET|POST)\b"
)
_OF_THE_LESSON = re.compile(
    r"(\w+_)?(book|author|entr(?:y|ie))s?(_|$)|(Book|Author|Entr(?:y|ie))s?([A-Z]|$)|Shelf[A-Z]\w*$"
    r"|(new_)?(shelf|library|journal|title|note)$|Title$|whole$|load$|(create_v|update_)\w$"
)
_FUNCTION_OF_THE_LESSON = re.compile(
    r"page$|with_(selectinload|joinedload)$|lazily$|by_hand$|update_[abc]$|create_(v\d|first)$|whole$|load$"
)
_OF_TABLES = "Mapped", "mapped_column", "relationship", "Column", "ForeignKey", "String", "Integer"
_OF_SCHEMAS = "Field", "StringConstraints", "AfterValidator", "ConfigDict"
_ASKED_OF_TABLES = {
    *("select", "selectinload", "joinedload", "contains_eager", "subqueryload", "raiseload", "join", "outerjoin"),
    *("where", "order_by", "options", "get", "filter", "query"),
}
# What loads the objects that a relationship leads to, with the others.
LOADERS = "selectinload", "joinedload", "subqueryload", "contains_eager", "immediateload"
_LOADERS = *LOADERS, "raiseload", "lazyload"
_LOOPS = ast.For | ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


def is_of_the_lesson(name: str) -> bool:
    """Whether a name is one of the lessons': their tables hold books and authors."""
    return _OF_THE_LESSON.match(name) is not None


def function_of_the_lesson(file: File, name: str, where: str) -> str:
    """What to say where a line calls a function of the lessons' own: ``page(db)``; empty for any other name."""
    called = any(isinstance(each, ast.Call) and each.func in _uses(file, name, where) for each in file.nodes)
    if called and _FUNCTION_OF_THE_LESSON.match(name):
        return f"'{name}' is a function of the lesson's. What it did has to stand here."
    return ""


def made_by_no_line(file: File, name: str, where: str) -> str:
    """What to ask where a query is sent, or what was sent is written, that no line has made; empty for any other."""
    line = int(where.rpartition(":")[2] or 0)
    around = [each for each in file.functions if each.lineno <= line <= (each.end_lineno or 0)]
    used = _uses(file, name, where) if around and name.islower() else []
    made = [one for each in around[-1:] for one in inside(each) if isinstance(one, ast.Call)]
    asked = [each.args[0] for each in made if name_of(each) in ("exec", "execute", "scalars", "scalar") and each.args]
    if any(_begin_of(each) in used for each in asked):
        return f"No line above makes '{name}'. What is the database asked here?"
    if not around:
        return ""
    body = [each.arg for each in around[-1].args.args if re.search(r"(Create|Update)$", text_of(each.annotation))]
    read = [each.func.value for each in made if isinstance(each.func, ast.Attribute) and each.func.attr == "items"]
    read += [one for each in made if name_of(each) == "sqlmodel_update" for one in each.args]
    read += [one.value for each in made for one in each.keywords if one.arg is None]
    read += [each.value for each in inside(around[-1]) if isinstance(each, ast.Subscript)]
    if len(body) == 1 and any(each in read for each in used):
        return f"No line above makes '{name}'. How does {around[-1].name}() get it from '{body[0]}'?"
    return ""


def _begin_of(node: ast.expr) -> ast.expr:
    """Where a chain of calls begins: ``query`` of ``query.options(...).limit(3)``."""
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node


def _without_its_class(source: Source, file: File, used: list[ast.Name]) -> str:
    """Of what a query asks a class for, where the class is missing: ``selectinload(owner)``, and of the table's name.

    What is compared with a column is no column: ``where(Item.name == name)``.
    """
    queries = [each for each in file.nodes if isinstance(each, ast.Call) and name_of(each) in _ASKED_OF_TABLES]
    models = source.file("app/models.py").classes
    for node in used:
        of_these = [each for each in queries if any(node in ast.walk(value) for value in each.args)]
        if not of_these or any(each.func is node for each in file.nodes if isinstance(each, ast.Call)):
            continue
        loads = [each for each in of_these if name_of(each) in _LOADERS]
        if loads and node in loads[-1].args and source.class_(node.id):
            return f"{node.id} is a class, and {name_of(loads[-1])}() wants an attribute. Which one leads there?"
        if not loads and any(node.id == f"{snake(each.name)}s" for each in models):
            return f"'{node.id}' is what the database calls the table. What is the class of the table called?"
        compared = [each for each in file.nodes if isinstance(each, ast.Compare) and node in ast.walk(each)]
        columns = [one.value for each in compared for one in inside(each) if isinstance(one, ast.Attribute)]
        asks = {name_of(each) for each in of_these} & {*_LOADERS, "order_by", "where", "filter"}
        if not asks or any(name_of(each)[:1].isupper() for each in columns):
            continue
        for each in models:
            names = {"id", *source.declared_in((source.file("app/models.py"), each))}
            if {node.id, node.id.removesuffix("s"), node.id.removeprefix(f"{snake(each.name)}_")} & names:
                if name_of(of_these[-1]) == "order_by" and not node.id.endswith("id"):
                    column = "A column is an attribute of its class. By which column is a page ordered?"
                    return f"Nothing here is called '{node.id}'. {column}"
                return f"Nothing here is called '{node.id}'. Of which class is the attribute that you mean?"
    return ""


def _of_http(evidence: Evidence, file: File, name: str, used: list[ast.Name]) -> str:
    """Of an exception for a client, where the functions know nothing of any client."""
    of_a_client = name in ("HTTPException", "Http404", "NotFound") and evidence.source.class_(name) is None
    if not of_a_client or file.name != "app/crud.py" or not used:
        return ""
    around = evidence.source.function(file.function_at(used[0].lineno), file.name)
    if around and re.search(r"\bNone$|\bOptional\b", text_of(around[1].returns)) and around[1].name.startswith("get"):
        return none_for_an_unknown_id(evidence)
    return "The functions in crud.py know nothing of HTTP: that is for the routes. What does this one need?"


def none_for_an_unknown_id(evidence: Evidence) -> str:
    """What to say where get_item raises: its answer is None, of which a route makes a 404, after chapter 05."""
    route = "a route, in chapter 06, makes" if evidence.chapter == "05_crud" else "the route makes"
    return f"None is the answer for an id that is not there; {route} a 404 of it."


def instead(evidence: Evidence, file: File, name: str, where: str) -> str:
    """What to ask where a name belongs to something else than this line; empty where it may well be meant.

    Args:
        evidence: what is known.
        file: the file in which it is used.
        name: the name.
        where: the line.
    """
    used = _uses(file, name, where)
    if of_http := _of_http(evidence, file, name, used):
        return of_http
    other = _OF_OTHER_LIBRARIES.search(evidence.source.line(where))
    own = evidence.source.function(name) or evidence.source.class_(name)
    if other is not None and other[0].split(".")[0] == name and own is None:
        return f"{other[0]} belongs to another library. Is it needed here, and if so, what does this app use?"
    routes = [one for node in file.functions for one in node.decorator_list if isinstance(one, ast.Call)]
    if any(one.args[:1] == [each] and isinstance(one.func, ast.Attribute) for one in routes for each in used):
        return "A path is a text. How does Python write a text?"
    if any(_names_a_variable(file, each) for each in used):
        return "The environment is asked by the name of a variable, and that is a text. How does Python write a text?"
    if unasked := _without_its_session(evidence.source, file, used):
        return unasked
    return (
        next(filter(None, (_of_the_loop(file, each) or _an_option(file, each) for each in used)), "")
        or _in_another_module(evidence.source, file, used)
        or _without_its_class(evidence.source, file, used)
        or _of_a_parameter(evidence.source, file, used)
        or _of_another_layer(evidence, file, name, used)
        or _of_the_database(evidence, file, name, used)
    )


def _of_a_parameter(source: Source, file: File, used: list[ast.Name]) -> str:
    """Of a name that is an attribute of what the function is given: ``name`` for ``data.name``."""
    called = [each.func for each in file.nodes if isinstance(each, ast.Call)]
    for node in [each for each in used if each not in called]:
        around = source.function(file.function_at(node.lineno), file.name)
        types = types_of_parameters(source, *around) if around else {}
        if around and (given := given_for(file, around[1], node)):
            return _is_given(around[1], given)
        if around and node.id.removesuffix("_id") in {*types} - {node.id}:
            return f"'{node.id.removesuffix('_id')}' has an 'id'. How does this line get that from it?"
        declared = {each: source.declared_in(source.class_(kind)) for each, kind in types.items()}
        having = [each for each, names in declared.items() if node.id in names]
        if len(having) == 1:
            return f"'{having[0]}' has a '{node.id}'. How does this line get that from it?"
        if having:
            having_it = f"{' and '.join(map(repr, having))} have a '{node.id}'."
            if any(types[each].endswith("Update") for each in having):  # one field of a change is seldom all of it
                return f"{having_it} Which one is what the client sent, and what if it was not sent?"
            return f"{having_it} Which of them does this line mean?"
    return ""


def _is_given(function: Function, name: str) -> str:
    return f"{function.name}() is given '{name}'. Is that what this line needs?"


def given_for(file: File, function: Function, node: ast.Name) -> str:
    """The parameter that has what a line asks an unknown name for: ``item_id`` for ``item.id``; empty if none has.

    A function that uses this parameter already, or compares the name with something else, means another thing.
    """
    asked = [each.attr for each in file.nodes if isinstance(each, ast.Attribute) and each.value is node]
    read = {each.id for one in function.body for each in ast.walk(one) if isinstance(each, ast.Name)}
    meant = [each for each in arguments_of(function) if asked and f"_{each}".endswith(f"_{asked[0]}")]
    compared = [each for each in file.nodes if isinstance(each, ast.Compare) and node in inside(each)]
    columns = [one for each in compared for one in inside(each) if isinstance(one, ast.Attribute)]
    another = bool(compared) and not any(name_of(each.value)[:1].isupper() for each in columns)
    return meant[0] if len(meant) == 1 and meant[0] not in read and not another and node.id[:1].islower() else ""


_WITH_AN_OBJECT = {
    "delete": "The session has a delete(), too: what does that take?",
    "insert": "Which method of the session takes an object?",
    "update": "Which method of the session saves what was set on an object?",
}
_METHODS = {
    *("add", "add_all", "begin", "close", "commit", "delete", "execute", "expire", "expunge", "flush", "get"),
    *("get_one", "merge", "refresh", "rollback", "scalar", "scalars"),
}


def with_an_object(verb: str) -> str:
    """What to ask where delete(), insert() or update() of SQLAlchemy, which are about a table, get an object."""
    return _WITH_AN_OBJECT[verb]


def _without_its_session(source: Source, file: File, used: list[ast.Name]) -> str:
    """Of a method of a session that nobody is asked for: ``commit()`` for ``db.commit()``, and ``delete(item)``."""
    for call in [each for each in file.nodes if isinstance(each, ast.Call) and each.func in used]:
        name, around = name_of(call), source.function(file.function_at(call.lineno), file.name)
        if around is None or source.function(name) is not None or call in around[1].decorator_list:
            continue
        opened = {name_of(each) for each in inside(around[1]) if isinstance(each, ast.Name)}
        session = "Session" in types_of_parameters(source, *around).values() or {"SessionLocal", "db"} & opened
        of_a_row = bool(call.args) and isinstance(call.args[0], ast.Name) and call.args[0].id[:1].islower()
        if name in ("insert", "update") and of_a_row:
            return f"A session has no {name}(). {with_an_object(name)}"
        if name in _METHODS and session and (name != "delete" or of_a_row):
            return f"{name}() is a method of the session. What is the session called here?"
    return ""


def types_of_parameters(source: Source, file: File, node: Function) -> dict[str, str]:
    """The types of a function's parameters by their names, as far as they are the learner's own classes, or an int."""
    found = {}
    for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        said = each.annotation
        bound = source.bound(said.id, file) if isinstance(said, ast.Name) else None
        said = getattr(bound[1], "value", said) if bound else said
        if isinstance(said, ast.Subscript) and name_of(said.value) == "Annotated" and isinstance(said.slice, ast.Tuple):
            said = said.slice.elts[0]
        if isinstance(said, ast.Name) and (said.id in ("int", "Session") or source.class_(said.id)):
            found[each.arg] = said.id
    return found


def named_anew(evidence: Evidence, raised: Raised) -> tuple[str, str] | None:
    """The line that gives the name of the row, which a function is handed, to something else; and a question.

    Args:
        evidence: what is known.
        raised: the exception of whoever got this in the place of the row.
    """
    for where in [each for each in reversed(raised.lines) if each.rpartition(":")[0] not in evidence.given]:
        file, line = evidence.source.file(where.rpartition(":")[0]), int(where.rpartition(":")[2])
        around = evidence.source.function(file.function_at(line), file.name)
        nodes = inside(around[1]) if around else ()
        made = [each for each in nodes if isinstance(each, ast.Call) and each.lineno <= line <= (each.end_lineno or 0)]
        names = {text_of(one) for each in made for one in each.args}
        types = types_of_parameters(evidence.source, *around) if around else {}
        for each in [one for one in nodes if isinstance(one, ast.Assign | ast.For) and one.lineno < line]:
            targets, value = (each.targets, each.value) if isinstance(each, ast.Assign) else ([each.target], each.iter)
            bound = [name for name in map(text_of, targets) if name in names and types.get(name) == "Item"]
            if bound:
                sent = {one for one, kind in types.items() if kind.endswith(("Create", "Update"))}
                of_it = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)} & sent
                what = "what was sent" if of_it else "something else"
                hint = f"This gives the name '{bound[0]}' to {what}. Which object is the row, from here on?"
                return file.at(each), hint
    return None


def type_for_its_value(evidence: Evidence) -> Told | None:
    """Where a line that crashes hands over a type, and the parameter of this type is never used: ``Db`` for ``db``."""
    answered = endpoint_of(evidence) if evidence.raised_kind("ResponseValidationError") else None
    for each in inside(answered[1]) if answered and answered[0].name not in evidence.given else ():
        name = each.value.id if isinstance(each, ast.Return) and isinstance(each.value, ast.Name) else ""
        if answered and name and (what := _unused_of_type(evidence.source, *answered[:2], name)):
            which = f"Which parameter of {answered[1].name}() has {what}?"
            return Told(where=answered[0].at(each), hint=f"{name} is a type: it says what a parameter is. {which}")
    for raised in [each for each in evidence.raised if each.told in evidence.saw]:
        for where in [each for each in raised.lines if each.rpartition(":")[0] not in evidence.given]:
            file = evidence.source.file(where.rpartition(":")[0])
            around = evidence.source.function(evidence.source.function_of(where), file.name)
            if around is None:
                continue
            for each in _types_in(file, int(where.rpartition(":")[2]), "missing" in raised.message):
                what = _unused_of_type(evidence.source, *around, each.id)
                if what:
                    which = f"Which parameter of {around[1].name}() has {what}?"
                    return Told(where=where, hint=f"{each.id} is a type: it says what a parameter is. {which}")
    return None


def _types_in(file: File, line: int, owners: bool) -> list[ast.Name]:
    """The names that the calls around a line hand over; also what is asked for a method, if that is what failed."""
    made = [each for each in file.nodes if isinstance(each, ast.Call)]
    made = [each for each in made if each.lineno <= line <= (each.end_lineno or 0)]
    asked = {*_ASKED_OF_TABLES, "delete", "update", "insert", "isinstance", "issubclass", "cast", "exists", "count"}
    asked |= {"get_one", "aliased", "inspect", "TypeAdapter", "Depends"}  # these take a class
    handed = [one for each in made if name_of(each) not in asked for one in each.args]
    handed += [one.value for each in made if name_of(each) not in asked for one in each.keywords]
    handed += [each.func.value for each in made if owners and isinstance(each.func, ast.Attribute)]
    return [each for each in handed if isinstance(each, ast.Name)]


def _unused_of_type(source: Source, file: File, node: Function, name: str) -> str:
    """What the one parameter has that a name is the type of, and that its function never uses; empty for any other."""
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    types = types_of_parameters(source, file, node)
    read = {each.id for statement in node.body for each in ast.walk(statement) if isinstance(each, ast.Name)}
    typed = [each.arg for each in every if each.arg != name and name in (text_of(each.annotation), types.get(each.arg))]
    if len(typed) != 1 or typed[0] in read or name == "int":
        return ""
    kind = types.get(typed[0], "")
    sent = {name_of(each) for _, one in source.ancestry(source.class_(kind)) for each in one.bases} & {"BaseModel"}
    return (
        "the session"
        if kind == "Session"
        else "what was sent"
        if sent or kind.endswith(("Create", "Update"))
        else f"the {kind.lower()}"
        if kind != "int"
        else "the value"
    )


def outside_of(file: File, name: str, where: str) -> str:
    """What to ask where a line at the margin uses what only the function above it has; empty for any other."""
    line = int(where.rpartition(":")[2] or 0)
    here = [each for each in file.tree.body if each.lineno <= line <= (each.end_lineno or 0)]
    above = [each for each in file.tree.body if isinstance(each, Function) and each.lineno < line]
    if not here or isinstance(here[0], Function | ast.ClassDef) or not above:
        return ""
    stored = [each for each in inside(above[-1]) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    if name not in {*arguments_of(above[-1]), *(each.id for each in stored)} or calls(here[0], above[-1].name):
        return ""
    return f"A line that is not indented is outside of {above[-1].name}(). Compare the spaces with the lines above."


def of_this_type(file: File, kind: str, name: str, where: str) -> tuple[str, str] | None:
    """What to ask where a name is that of a class but for its capital letters: ``background_tasks``; and the line."""
    line = int(where.rpartition(":")[2] or 0)
    around = [each for each in file.functions if each.lineno <= line <= (each.end_lineno or 0)]
    called = any(isinstance(each, ast.Call) and name_of(each.func) == name == text_of(each.func) for each in file.nodes)
    if not around or not kind[:1].isupper() or snake(kind) != name or called or kind == "Base":
        return None
    if any(_is_of_a_query(file, each, kind) for each in _uses(file, name, where)):
        return f"A query is about the table, and not about one {name}. What is the class of the table called?", where
    parameters = [each.arg for each in (*around[-1].args.args, *around[-1].args.kwonlyargs) if _says(each, kind)]
    if parameters:
        return f"{around[-1].name}() is given {an(kind)}, and calls it '{parameters[0]}'.", where
    made = calls(around[-1], kind)
    made += [each for each in calls(around[-1], "model_validate") if text_of(each.func).startswith(f"{kind}.")]
    if made := [each for each in made if each.lineno < line]:
        gives = [each for each in inside(around[-1]) if isinstance(each, ast.Assign | ast.AnnAssign | ast.NamedExpr)]
        if any(made[0] in ast.walk(each) for each in gives):
            return None
        hint = f"This line makes {an(kind)}, and no variable keeps it. Which variable does line {line} ask for?"
        return hint, file.at(made[0])
    if any(name == text_of(one) for each in calls(around[-1], "add") for one in each.args):
        return f"No line above makes '{name}', and a session can add only what is there. What makes {an(kind)}?", where
    return f"{kind} is a type. Which parameter of {around[-1].name}() should be an object of it?", where


def snake(name: str) -> str:
    """How an object of a class is called: ``background_tasks`` for ``BackgroundTasks``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _is_of_a_query(file: File, node: ast.Name, kind: str) -> bool:
    """Whether a query is asked for what a name stands for: ``selectinload(item.owner)``, ``where(item.id == 3)``."""
    within = [each for each in file.nodes if isinstance(each, ast.Call) and name_of(each) in _ASKED_OF_TABLES]
    within = [each for each in within if any(node in inside(value) for value in each.args)]
    compared = [each for each in file.nodes if isinstance(each, ast.Compare) and node in inside(each)]
    return bool(within) and not any(name_of(one) == kind for each in compared for one in inside(each))


def _says(parameter: ast.arg, kind: str) -> bool:
    said = parameter.annotation
    return said is not None and any(name_of(each) == kind for each in ast.walk(said))


def is_handed_over(file: File, name: str, where: str) -> bool:
    """Whether a line hands over what a name stands for, as it is: ``db.refresh(event)``."""
    used = _uses(file, name, where)
    made = [each for each in file.nodes if isinstance(each, ast.Call)]
    handed = [value for call in made for value in (*call.args, *(each.value for each in call.keywords))]
    return name.islower() and any(each is value for each in used for value in handed)


def a_text(source: Source, file: File, name: str, where: str) -> str:
    """What to ask where a name stands for a text: a function, or a column, takes one there. Empty for anything else."""
    for node in _uses(file, name, where):
        for call in [each for each in file.nodes if isinstance(each, ast.Call)]:
            callee = name_of(call)
            function, class_ = source.function(callee) if callee else None, source.class_(callee)
            taken = [each for each in arguments_of(function[1]) if each not in ("self", "cls")] if function else []
            handed = {each.arg: each.value for each in call.keywords if each.arg}
            handed |= dict(zip(taken, call.args, strict=False))
            said = {each.arg: each.annotation for each in function[1].args.args} if function else {}
            body = class_[1].body if class_ and not function else []
            said |= {name_of(each.target): each.annotation for each in body if isinstance(each, ast.AnnAssign)}
            for taken_as in [each for each, value in handed.items() if value is node]:
                if re.search(r"\bstr\b", text_of(said.get(taken_as))):
                    shown = f"{callee}()" if function else callee
                    around = source.function(file.function_at(node.lineno), file.name)
                    if around is not None and taken_as in arguments_of(around[1]):
                        return f"{around[1].name}() is given '{taken_as}'. Is that what is meant here?"
                    return f"{shown} takes a text as {taken_as}. How does Python write a text?"
    return ""


def _uses(file: File, name: str, where: str) -> list[ast.Name]:
    """Where a line, or the statement that begins in it, reads a name."""
    line = int(where.rpartition(":")[2] or 0)
    names = [each for each in file.nodes if isinstance(each, ast.Name) and each.id == name]
    names = [each for each in names if isinstance(each.ctx, ast.Load)]
    return [each for each in names if each.lineno == line] or names[:1]


def made_here(file: File, name: str, where: str) -> str:
    """The variable of the function around a line that is meant, where its name is nearly the same; empty if none is.

    What is called, or asked for an attribute, is that of a library: ``update(Item)``, ``status.HTTP_404_NOT_FOUND``.
    """
    line = int(where.rpartition(":")[2] or 0)
    around = [each for each in file.functions if each.lineno <= line <= (each.end_lineno or 0)]
    used = _uses(file, name, where)
    owners = [getattr(each, "func", getattr(each, "value", None)) for each in file.nodes if _asks(each)]
    if not around or name[:1].isupper() or any(each in owners for each in used):
        return ""
    stored = [each for each in inside(around[-1]) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    known = {*arguments_of(around[-1]), *(each.id for each in stored)} - {name}
    alike = [each for each in sorted(known) if each.replace("_", "").lower() == name.replace("_", "").lower()]
    return next(iter(alike), "") or next(iter(difflib.get_close_matches(name, sorted(known), 1, cutoff=0.8)), "")


def given_and_used(source: Source, file: File, name: str, where: str) -> str:
    """What to ask where a statement uses the very name that it gives a value: ``item = item(**values)``; else empty.

    A function that gives a name a value means its own variable by it, in all of its lines.
    """
    line = int(where.rpartition(":")[2] or 0)
    around = source.function(file.function_at(line), file.name)
    nodes = [one for each in inside(around[1]) if _gives_in(each, line) for one in ast.walk(each)] if around else []
    used = [each for each in nodes if isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Load)]
    if not around or not used or not any(getattr(each, "id", "") == name and each not in used for each in nodes):
        return ""
    called = any(isinstance(each, ast.Call) and each.func in used for each in nodes)
    asked = [each.attr for each in nodes if isinstance(each, ast.Attribute) and each.value in used]
    imports = [each for each in file.nodes if isinstance(each, ast.Import | ast.ImportFrom)]
    here = {one.asname or one.name for each in imports for one in each.names} | _defined(file)
    if called and (having := [alias for alias, other in _modules(file) if name in _defined(source.file(other))]):
        return f"'{name}' is in {having[0]}, which this file imports."
    if name in here:
        hides = f"This line makes '{name}' a variable of {around[1].name}(), and hides the {name} of the file."
        return f"{hides} Which other name could the variable have?"
    classes = {one for each in source.files() for one in each.class_names}
    alike = sorted(each for each in here | classes if _same(each, name) and each not in (name, "Session"))
    alike = [each for each in alike if called or not {*asked} & {*source.declared_in(source.class_(each))}]
    if alike and (called or asked):
        return _there_is(source, file, alike[0], alike[0] in here)
    longer = sorted(each for each in here & classes if called and each.endswith(name.title().replace("_", "")))
    if len(longer) == 1:
        return f"There is '{longer[0]}' here. Is that meant?"
    if called:
        return f"Nothing here is called '{name}' when this line calls it. Which function, or class, makes one?"
    if asked and (given := given_for(file, around[1], used[0])):
        return f"This line makes '{name}', and asks it for '{asked[0]}' before. {_is_given(around[1], given)}"
    return f"This line makes '{name}', and asks it for '{asked[0]}' before. Which object has that?" if asked else ""


def _gives_in(node: ast.AST, line: int) -> bool:
    """Whether a node is a statement around a line that gives a name its value."""
    of_these = isinstance(node, ast.Assign | ast.AnnAssign | ast.withitem)
    first = getattr(node, "context_expr", node)
    return of_these and getattr(first, "lineno", 0) <= line <= (getattr(first, "end_lineno", 0) or 0)


def _same(name: str, other: str) -> bool:
    """Whether two names are the same but for capital letters and ``_``."""
    return name.replace("_", "").lower() == other.replace("_", "").lower()


def _there_is(source: Source, file: File, name: str, here: bool) -> str:
    home = source.class_(name)
    if here or home is None:
        return f"There is '{name}' here: is it a typing mistake?"
    return f"'{name}' is in {home[0].name}, and this file does not import it."


def of_the_declared(file: File, name: str, where: str) -> str:
    """What to ask of a type that has the name of the very field that is declared: ``kind: Kind``; empty otherwise."""
    for each in file.nodes:
        declares = isinstance(each, ast.AnnAssign) and where.endswith(f":{each.lineno}")
        if declares and isinstance(each, ast.AnnAssign) and text_of(each.target) == name.lower():
            if name.title() in file.bindings:
                return ""  # a typing mistake
            return f"No type is called '{name}' here. Which type has a {name.lower()}, and what limits it?"
    return ""


_TYPES_OF_PYTHON = {
    **dict.fromkeys(("str", "string", "text", "varchar", "char", "unicode"), "a text is a 'str'"),
    **dict.fromkeys(("int", "integer", "number", "bigint", "biginteger"), "a whole number is an 'int'"),
    **dict.fromkeys(("bool", "boolean"), "true or false is a 'bool'"),
}


def in_mapped(file: File, name: str, where: str) -> str:
    """What to say of the type of a model's attribute, where no line makes a name in it: ``Mapped[string]``.

    There Python's types stand, and those of the database in ``mapped_column(...)``: who imports one of the latter
    has a line that runs, and says something else than the column.
    """
    typed = [each.annotation for each in file.nodes if isinstance(each, ast.AnnAssign)]
    for each in [one for annotation in typed for one in ast.walk(annotation) if isinstance(one, ast.Subscript)]:
        used = _uses(file, name, where)
        if each.value in used and _is_like_mapped(name):
            return f"SQLAlchemy reads the type of a column in Mapped[...]. What is '{name}'?"
        within = name_of(each.value) == "Mapped" and any(one in used for one in ast.walk(each.slice))
        if within and name.lower() in _TYPES_OF_PYTHON:
            hint = "Mapped[...] takes Python's type, mapped_column(...) the database's, with its length. In Python "
            return f"{hint}{_TYPES_OF_PYTHON[name.lower()]}."
    return ""


def _is_like_mapped(name: str) -> bool:
    """Whether a name may be meant for Mapped, and is more than a slip of the finger: ``Map``."""
    return name != "Mapped" and name.lower() in ("map", "mapping", "mapped", "mapper", "maped")


def module_of_the_app(source: Source, file: File, name: str, where: str) -> str:
    """What to say of a module of the app that a file does not import, and of what it lacks: ``crud.create_event(…)``.

    Empty for any other name, and where the module has what it is asked for: an import is all that is missing then.
    """
    module = f"app/{name}.py"
    used = _uses(file, name, where)
    asked = [each.attr for each in file.nodes if isinstance(each, ast.Attribute) and each.value in used]
    if not asked or name in SESSIONS or module == file.name or all(each.name != module for each in source.files()):
        return ""
    other = source.file(module)
    made = {node.name for node in (*other.functions, *other.classes)} | {*other.bindings}
    imported = [one for each in other.tree.body if isinstance(each, ast.Import | ast.ImportFrom) for one in each.names]
    if asked[0] in made | {each.asname or each.name for each in imported}:
        return ""
    return f"'{name}' would be {module}, which this file does not import. And it has no '{asked[0]}'. "


def of_what_is_here(file: File, name: str, where: str) -> str:
    """What to ask of a name that nobody has, by what its line, its function and its file have; empty if by nothing."""
    if name == "metadata" and "create_all" in file.lines[int(where.rpartition(":")[2]) - 1]:
        return "Base has a 'metadata'. How does this line get that from it?"
    if name == "create_all":
        return "create_all() is a method of what knows the tables. Which object is that?"
    line = int(where.rpartition(":")[2] or 0)
    around = [each for each in file.functions if each.lineno <= line <= (each.end_lineno or 0)]
    given = [each for each in arguments_of(around[-1]) if each != name] if around else []
    called = any(isinstance(each, ast.Call) and name_of(each.func) == name for each in file.nodes)
    if called and given == ["app"]:
        return ""  # an app has no functions for this
    if name in ("add_task", *_METHODS) and called and given:
        return f"{name}() is a method. Which parameter of {around[-1].name}() has it?"
    known = {each.id for each in file.nodes if isinstance(each, ast.Name)} - {name}
    known |= {one.asname or one.name for each in file.nodes if isinstance(each, ast.ImportFrom) for one in each.names}
    longer = sorted(each for each in known if each.startswith(f"{name}_") or (name.istitle() and each.endswith(name)))
    if len(longer) == 1 and longer[0] != name:
        return f"There is '{longer[0]}' here. Is that meant?"
    if made := _made_at_the_top(file, name):
        return f"Nothing here is called '{name}'. What is it called in line {made}?"
    if given and name.islower() and name not in sys.stdlib_module_names:
        of_these = f"{', '.join(given[:-1])} and {given[-1]}" if len(given) > 1 else given[0]
        return f"Nothing here is called '{name}'. {around[-1].name}() is given {of_these}: is it in one of these?"
    return ""


def _made_at_the_top(file: File, name: str) -> int:
    """The line at the top of a module that makes the one object that a name may be meant for; 0 where none does.

    By what makes it: ``log = logging.getLogger(…)`` for ``logger``, and ``audit = logging.getLogger(…)`` for ``log``.
    """
    meant = name.strip("_").lower()
    found: list[int] = []
    for other, statement in file.bindings.items():
        value = getattr(statement, "value", None)
        kind = snake(name_of(value.func)).rpartition("_")[2] if isinstance(value, ast.Call) else ""
        shortened = len(meant) > 2 and kind.startswith(meant) and len(kind) - len(meant) < 4
        if kind and (kind == meant or shortened) and other != name:
            found.append(statement.lineno)
    return found[0] if len(found) == 1 and name not in SESSIONS else 0


OF_A_TASK = {
    "get_db": "get_db is for the endpoints, for which FastAPI calls it. What makes a session here?",
    **dict.fromkeys(("db", "session"), "Nobody hands this function a session. What makes one here?"),
    "Session": "A Session made like this knows no engine. What makes the sessions of this app?",
}


def not_kept(source: Source, file: File, name: str, where: str) -> tuple[str, str] | None:
    """What to ask where a call above a line gives what the line wants, and nobody keeps it, or uses what keeps it.

    The name tells which call that is: ``crud.create_item(db, data)`` above a line with ``item``. With it, the line.
    """
    line = int(where.rpartition(":")[2] or 0)
    around = source.function(file.function_at(line), file.name)
    nodes = inside(around[1]) if around else ()
    read = {each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    for node in [each for each in nodes if isinstance(each, ast.Expr | ast.Assign) and each.lineno < line]:
        if not isinstance(node.value, ast.Call) or not _gives(source, node.value, name):
            continue
        callee = name_of(node.value)
        if isinstance(node, ast.Expr):
            return f"What {callee}() gives is lost above. Which name keeps it?", where
        if isinstance(node.targets[0], ast.Name) and node.targets[0].id not in read:
            kept = node.targets[0].id
            hint = f"'{kept}' has what {callee}() gives, and no line uses it. Is that what is meant here?"
            return (_named_once(file, around, name, kept) if around else None) or (hint, where)
    return None


def kept_under_another_name(source: Source, file: File, name: str, where: str) -> tuple[str, str] | None:
    """What to ask where a line above keeps what a call gives, and this line means that by another name; and the line.

    It is the one whose name has a word in common, ``db_item`` for ``item``, or the one that has what the name stands
    for: that no line uses, or that is the only one, unless the line adds what would be new to a row that was found.
    """
    line = int(where.rpartition(":")[2] or 0)
    around = source.function(file.function_at(line), file.name)
    if around is None or name != snake(name) or any(name_of(each.func) == name for each in calls(around[1], name)):
        return None
    nodes = inside(around[1])
    read = {each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    given: list[tuple[ast.expr, ast.expr | None]] = []
    for each in nodes:
        if isinstance(each, ast.Assign | ast.AnnAssign) and isinstance(each.value, ast.Call) and each.lineno < line:
            given += [(one, each.value) for one in (each.targets if isinstance(each, ast.Assign) else [each.target])]
        elif isinstance(each, ast.withitem) and each.optional_vars and each.context_expr.lineno < line:
            given.append((each.optional_vars, each.context_expr))
    types = types_of_parameters(source, *around)
    parameters = [each for each in ast.walk(around[1].args) if isinstance(each, ast.arg) and each.arg in types]
    kept = {each.arg: (each.lineno, types[each.arg]) for each in parameters if _is_called(name, types[each.arg])}
    kept |= {one.id: (one.lineno, text_of(value)) for one, value in given if isinstance(one, ast.Name)}
    added = any(name in [text_of(one) for one in each.args] for each in calls(around[1], "add"))
    akin = [each for each in kept if _words(each) & _words(name)]
    meant = [each for each, (_, made) in kept.items() if _stands_for(name, made) or _is_called(name, made)]
    new = [each for each in meant if not added or re.match(r"\w+\(|\w+\.model_validate\(", kept[each][1])]
    for found in ([each for each in akin if each not in read], akin, [each for each in meant if each not in read], new):
        if len(found) == 1:
            hint = f"Line {kept[found[0]][0]} calls it '{found[0]}'. What does this line call it?"
            return _named_once(file, around, name, found[0]) or (hint, where)
    idle = [each for each in kept if each not in read] if name not in sys.stdlib_module_names else []
    if len(idle) == 1:
        hint = f"Line {kept[idle[0]][0]} makes '{idle[0]}', and no line uses it. Is that what is meant here?"
        return _named_once(file, around, name, idle[0]) or (hint, where)
    return None


def named_otherwise(source: Source, file: File, name: str, where: str, other: str) -> tuple[str, str] | None:
    """As `kept_under_another_name`, of a variable or parameter of the function around that nobody uses by its name."""
    around = source.function(file.function_at(int(where.rpartition(":")[2] or 0)), file.name)
    return _named_once(file, around, name, other) if around else None


def _named_once(file: File, around: tuple[File, Function], name: str, other: str) -> tuple[str, str] | None:
    """What to ask where one line of a function calls something by a name, and several by another; and that one line.

    None where a line uses the first name, or only one the other: then that one is the line to change.
    """
    names = [each for each in inside(around[1]) if isinstance(each, ast.Name)]
    parameters = [each for each in ast.walk(around[1].args) if isinstance(each, ast.arg) and each.arg == other]
    calling = [*parameters, *(each for each in names if each.id == other)]
    using = sorted({each.lineno for each in names if each.id == name})
    if len(calling) != 1 or len(using) < 2:
        return None
    shown = f"{', '.join(map(str, using[:-1]))} and {using[-1]}"
    return f"This line calls it '{other}', and lines {shown} call it '{name}'. Which name is it to be?", file.at(
        calling[0]
    )


_STANDS_FOR = {
    "db session": r"\bSession\(|SessionLocal",
    "query stmt statement q": r"\bselect\(|\.query\(",
    "items rows result results page found": r"\.all\(\)|scalars\(|list_items|\bexec(ute)?\(",
    "item row obj instance record": r"\bItem\(|model_validate\(|_item\(|\.(get|first|one|one_or_none)\(|\bscalar",
    "changes values updates fields sent": r"\.(model_dump|dict)\(",
    "event": r"\bItemEvent\(|add_event\(",
}


def _stands_for(name: str, words: str) -> bool:
    return any(name in names.split() and re.search(made, words) for names, made in _STANDS_FOR.items())


def _is_called(name: str, kind: str) -> bool:
    """Whether a name says of which type an object is: ``item`` of an ``Item``, ``db`` of a ``Session``."""
    return name == snake(kind) or (kind == "Session" and name in SESSIONS)


def _words(name: str) -> set[str]:
    return {each.removesuffix("s") for each in name.split("_")} - {"", "db", "new"}


def unnamed_session(source: Source, file: File, name: str, where: str) -> Told | None:
    """What there is to say of a session that is opened and gets no name: ``with SessionLocal.begin():``."""
    line = int(where.rpartition(":")[2] or 0)
    around = source.function(file.function_at(line), file.name)
    asked = [each for each in file.nodes if isinstance(each, ast.Attribute) and each.value in _uses(file, name, where)]
    nodes = inside(around[1]) if around and (name in SESSIONS or any(each.attr in _METHODS for each in asked)) else ()
    stored = [each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    known = {*stored, *(arguments_of(around[1]) if around else [])}
    if difflib.get_close_matches(name, known, 1, cutoff=0.8):
        return None
    for node in [each for each in nodes if isinstance(each, ast.With | ast.AsyncWith | ast.Expr)][::-1]:
        if isinstance(node, ast.Expr):
            opened = [node.value] if node.lineno < line and text_of(node.value).endswith("Local()") else []
        else:
            opened = [each.context_expr for each in node.items if each.optional_vars is None]
            opened = opened if node.lineno <= line <= (node.end_lineno or 0) else []
        for call in [each for each in opened if isinstance(each, ast.Call) and name_of(each) not in known]:
            what = "session" if "session" in text_of(call).lower() else "connection"
            opens = what == "session" or name_of(call) in ("begin", "connect")
            if opens and not {name, *known} & {each.id for each in ast.walk(call.func) if isinstance(each, ast.Name)}:
                hint = f"This opens a {what}, and gives it no name. How does it become '{name}'?"
                return Told(where=file.at(node), hint=hint)
    return None


SESSIONS = "db", "session"


def _gives(source: Source, call: ast.Call, name: str) -> bool:
    """Whether a call gives what a name stands for: ``get_item()`` an item, ``list_items()`` items, ``get(Item)``."""
    callee = name_of(call)
    function = source.function(callee)
    if callee in ("get", "get_one"):
        return [name_of(each).lower() for each in call.args[:1]] == [name]
    returned = [each for each in inside(function[1]) if isinstance(each, ast.Return)] if function else []
    return callee.endswith((f"_{name}", f"_{name}s")) and any(each.value is not None for each in returned)


def _asks(node: ast.AST) -> bool:
    return isinstance(node, ast.Call | ast.Attribute)


def _an_option(file: File, node: ast.Name) -> str:
    """A word that a call takes with a value, where it stands alone: ``model_dump(exclude_unset)``."""
    for call in [each for each in file.nodes if isinstance(each, ast.Call) and node in each.args]:
        if node.id in _OPTIONS:
            return f"{name_of(call)}() takes {node.id} by its name, and with a value. How does Python write both?"
    return ""


_OPTIONS = {
    *("exclude_unset", "exclude_none", "exclude_defaults", "from_attributes", "primary_key", "index", "nullable"),
    *("unique", "default", "max_length", "min_length", "strip_whitespace", "ge", "le", "status_code", "detail"),
    *("autoflush", "expire_on_commit", "response_model", "echo"),
}


def is_an_option(node: ast.expr) -> TypeGuard[ast.Constant]:
    """Whether a text is such a word, in quotes: ``model_dump("exclude_unset")``."""
    return isinstance(node, ast.Constant) and node.value in _OPTIONS


def _names_a_variable(file: File, node: ast.Name) -> bool:
    """Whether the environment is asked for what a name stands for: ``os.environ.get(DATABASE_URL)``."""
    for each in file.nodes:
        if isinstance(each, ast.Call) and each.args[:1] == [node]:
            if re.search(r"environ\.(get|pop|setdefault)$|getenv$", text_of(each.func)):
                return True
        elif isinstance(each, ast.Subscript) and each.slice is node and text_of(each.value).endswith("environ"):
            return True
    return False


def _of_the_loop(file: File, node: ast.Name) -> str:
    """A loop that has another name for what it goes through, and never uses it."""
    for loop in [each for each in file.nodes if isinstance(each, _LOOPS) and node in ast.walk(each)]:
        targets = [loop.target] if isinstance(loop, ast.For) else [each.target for each in loop.generators]
        iterated = [loop.iter] if isinstance(loop, ast.For) else [each.iter for each in loop.generators]
        if len(targets) == 1 and isinstance(targets[0], ast.Tuple) and node not in ast.walk(iterated[0]):
            given = [each.id for each in targets[0].elts if isinstance(each, ast.Name)]
            read = {each.id for each in ast.walk(loop) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
            idle = [each for each in given if each not in read and not each.startswith("_")]
            if len(idle) == 1:
                return f"The loop calls its values {' and '.join(map(repr, given))}, and no line uses '{idle[0]}'."
        if (
            any(name_of(each) in ("range", "enumerate") or node in ast.walk(each) for each in iterated)
            or len(targets) != 1
            or not isinstance(targets[0], ast.Name)
        ):
            continue
        read = {each.id for each in ast.walk(loop) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
        if targets[0].id not in read:
            return f"The loop goes through its values one by one. It calls each of them '{targets[0].id}'."
    return ""


def of_python(name: str, similar: str) -> bool:
    """Whether a name is that of a class of Python's own but for its capital letters: ``exception``."""
    return name.lower() == similar.lower() and isinstance(getattr(builtins, similar, None), type)


def of_every_error(file: File, name: str, where: str) -> bool:
    """Whether a line catches what it calls just an error: ``except Error``, ``except (Error, ...)``."""
    caught = [each.type for each in file.nodes if isinstance(each, ast.ExceptHandler) and each.type is not None]
    within = any(used in inside(each) for each in caught for used in _uses(file, name, where))
    return within and re.fullmatch(r"(?i)e|ex|exc|err(or)?s?|(any|all|every|base)_?errors?", name) is not None


def of_a_route(file: File, name: str, where: str) -> str:
    """What to ask where a decorator gives a route to something that its file does not have; empty for anything else."""
    used = _uses(file, name, where)
    decorating = [one for node in file.functions for one in node.decorator_list if isinstance(one, ast.Call)]
    if not any(isinstance(one.func, ast.Attribute) and one.func.value in used for one in decorating):
        return ""
    made = [getattr(each, "value", None) for each in file.bindings.values()]
    if any(isinstance(each, ast.Call) and name_of(each) == "APIRouter" for each in made):
        return "The routes of this file belong to another object. What is it called?"
    return OF_NO_APP


def _in_another_module(source: Source, file: File, used: list[ast.Name]) -> str:
    """Of ``crud.add_item``: the module that has it, and that the file imports under another name."""
    asked = [each for each in file.nodes if isinstance(each, ast.Attribute) and each.value in used]
    for each in asked[:1]:
        name = name_of(each.value)
        homes = [one for one in source.files() if one.name.endswith(f"/{name}.py") and each.attr in _defined(one)]
        if len(homes) == 1 and homes[0] is not file:
            return f"'{name}' is {homes[0].name}, and this file does not import it."
        if each.attr in _defined(source.file(f"app/{name}.py")):
            return f"'{name}' is app/{name}.py, and this file does not import it."
        having = [alias for alias, other in _modules(file) if each.attr in _defined(source.file(other))]
        having = having if len(having) == 1 else [alias for alias in having if name in alias]
        if len(having) == 1:
            return f"'{each.attr}' is in {having[0]}, which this file imports."
    return ""


def in_a_module(source: Source, file: File, name: str, where: str) -> str:
    """The module that a file imports, and that defines a name which the line has without it; empty if none does."""
    having = [alias for alias, other in _modules(file) if name in _defined(source.file(other))]
    called = any(isinstance(each, ast.Call) and each.func in _uses(file, name, where) for each in file.nodes)
    return having[0] if len(having) == 1 and (called or name in having or name[:1].isupper()) else ""


def _modules(file: File) -> list[tuple[str, str]]:
    """The learner's own modules that a file imports: the name that each has there, and its file."""
    froms = [each for each in file.nodes if isinstance(each, ast.ImportFrom)]
    froms = [each for each in froms if (each.module or "").partition(".")[0] == "app"]
    return [
        (each.asname or each.name, f"{(one.module or '').replace('.', '/')}/{each.name}.py")
        for one in froms
        for each in one.names
    ]


def _defined(file: File) -> set[str]:
    """The names that a file defines at its top."""
    return {*file.bindings, *(getattr(each, "name", "") for each in file.tree.body)} - {""}


def _of_another_layer(evidence: Evidence, file: File, name: str, used: list[ast.Name]) -> str:
    """A class of the tables among the schemas, a schema among the tables, or in a query."""
    if evidence.chapter == "08_sqlmodel":  # there a class is both
        return ""
    class_ = evidence.source.class_(name)
    home = class_[0].name if class_ else ""
    if name in _OF_TABLES and (file.name == "app/schemas.py" or _says_what_is_sent(evidence.source, file, used)):
        return f"'{name}' is for the classes of the tables. How does a schema say what a field is?"
    if name in _OF_TABLES and file.name.startswith("app/routes/"):
        return f"'{name}' is for the classes of the tables. What is the type of such a value in Python?"
    if file.name == "app/schemas.py":
        if name == "Base":
            return "Base makes a table of a class. From which class does a schema get its checks?"
        if home == "app/models.py":
            return f"{name} says how a row is stored. Which schema says what a client gets to see of it?"
    if file.name == "app/models.py" and name in _OF_SCHEMAS:
        return f"'{name}' is for schemas. How does a model say what a column is?"
    if home == "app/schemas.py":
        if file.name == "app/models.py":
            return f"{name} is a schema, and this file has the classes of the tables. Which of them has the rows?"
        queries = [each for each in file.nodes if isinstance(each, ast.Call) and name_of(each) in _ASKED_OF_TABLES]
        handed = [one for each in queries for value in each.args for one in ast.walk(value)]
        if any(each in handed for each in used):
            return f"{name} is a schema, and a query is about tables. Which class has the rows?"
    return ""


def _says_what_is_sent(source: Source, file: File, used: list[ast.Name]) -> bool:
    """Whether names stand in a schema, or in the type of a text that is given a name."""
    bases = {
        node: [name_of(each) for _, one in source.ancestry((file, node)) for each in one.bases] for node in file.classes
    }
    schemas = [node for node, names in bases.items() if "BaseModel" in names]
    typed = [getattr(each, "value", None) for each in file.bindings.values()]
    typed = [each for each in typed if name_of(getattr(each, "value", None)) == "Annotated"]
    rules = [one for each in typed for one in getattr(getattr(each, "slice", None), "elts", ())[1:]]
    return any(name in inside(each) for name in used for each in (*schemas, *rules))


def _of_the_database(evidence: Evidence, file: File, name: str, used: list[ast.Name]) -> str:
    """In app/db.py: a class, where what makes an object of it, or what a class inherits from, is imported."""
    imports = [each for each in file.nodes if isinstance(each, ast.ImportFrom)]
    imported = {each.name for one in imports for each in one.names}
    made = [each for each in file.nodes if isinstance(each, ast.Call) and each.func in used]
    if file.name != "app/db.py":
        return ""
    if name == "SQLModel" and evidence.chapter != "08_sqlmodel" and "DeclarativeBase" in imported:
        return "SQLModel is another library, of a later chapter. Which class does this file import to build models on?"
    meant = [each for each in _OF_THE_STARTER if each in file.bindings and each.lower().endswith(f"_{name.lower()}")]
    if meant:
        return f"There is '{meant[0]}' here: is it that?"
    if made and name == "Session" and "sessionmaker" in imported:
        return "This makes one session. What makes a new one with each call? The file imports it."
    if made and any(each.endswith(f"_{name.lower()}") for each in imported):
        return f"Which function makes an {name.lower()}? The file imports it."
    return ""


# What others ask for by these names: where a line has another one, that line is wrong.
_OF_THE_STARTER = {"DATABASE_URL", "engine", "SessionLocal", "Base", "Item", "router", "app"}


def renamed_above(file: File, name: str) -> ast.stmt | None:
    """The statement that gives a name but for its capital letters, or what stands before it, and that nobody uses."""
    read = {each.id for each in file.nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    inner = {each.name for node in file.tree.body for each in inside(node) if isinstance(each, ast.ClassDef)}
    functions = {node.name: node for node in file.tree.body if isinstance(node, Function)}
    others = {**file.bindings, **{node.name: node for node in file.tree.body if isinstance(node, ast.ClassDef)}}
    alike = [each for each in (*others, *functions) if each.lower() == name.lower()]
    alike += [each for each in others if each.lower().endswith(f"_{name.lower()}")]  # create_item() is no misnamed item
    alike = [each for each in alike if each not in _OF_THE_STARTER]
    unused = [each for each in alike if each not in {name} | read | inner] if len(name) > 2 else []
    return {**others, **functions}[unused[0]] if unused else None


def given_under_a_condition(file: File, name: str, where: str) -> tuple[str, str] | None:
    """What to ask where a module gives a name its value in an ``if`` alone, and where that begins."""
    line = int(where.rpartition(":")[2] or 0)
    for each in [each for each in file.tree.body if isinstance(each, ast.If) and each.lineno < line]:
        given = [one for one in inside(each) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
        if line > (each.end_lineno or 0) and any(one.id == name for one in given):
            return f"'{name}' gets its value only if this holds. What is it otherwise?", file.at(each)
    return None
