"""In the child: mistakes that can be made in every chapter."""

from __future__ import annotations

import ast
import builtins
import difflib
import re
import sys
from collections import Counter
from dataclasses import replace
from typing import TypeVar

from grader.diagnosis.endpoints import (
    LOOKED_UP,
    alias_of,
    behind,
    own_files,
    path_of,
    routes_of,
    row_asked_for,
)
from grader.diagnosis.evidence import Evidence, Raised
from grader.diagnosis.libraries import HOMES, home_of, misspelt
from grader.diagnosis.names import (
    OF_A_TASK,
    ROUTER_IN_THE_APP,
    SESSIONS,
    a_text,
    function_of_the_lesson,
    given_and_used,
    given_under_a_condition,
    in_a_module,
    in_mapped,
    instead,
    is_handed_over,
    is_of_the_lesson,
    kept_under_another_name,
    made_by_no_line,
    made_here,
    module_of_the_app,
    named_otherwise,
    none_for_an_unknown_id,
    not_kept,
    of_a_route,
    of_every_error,
    of_python,
    of_the_declared,
    of_this_type,
    of_what_is_here,
    outside_of,
    renamed_above,
    snake,
    type_for_its_value,
    unnamed_session,
)
from grader.diagnosis.reading import UNTIL_IT_RUNS, Told, an, reading
from grader.diagnosis.source import (
    File,
    Function,
    Source,
    arguments_of,
    calls,
    first_line,
    inside,
    name_of,
    passed_to,
    text_of,
)

_NAME = re.compile(r"name '(\w+)' is not defined")
_UNBOUND = re.compile(r"variable '(\w+)'")
_ATTRIBUTE = re.compile(r"'(\w+)' object has no attribute '(\w+)'")
_OF_A_CLASS = re.compile(r"type object '(\w+)' has no attribute '(\w+)'")
_IN_A_MODULE = re.compile(r"module '([\w.]+)' has no attribute '(\w+)'")


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
    told = _renamed_above(file, name) or _type_of_another_name(file, name)
    told = told or unnamed_session(evidence.source, file, name, where) or _looked_up_before(evidence, file, name, where)
    if told is not None:
        return replace(told, saw=raised.told, why=UNTIL_IT_RUNS)
    imports = [node for node in file.nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {each.asname or each.name for node in imports for each in node.names}
    known = _known_at(file, int(where.rpartition(":")[2] or 0)) | imported | set(dir(builtins))
    similar = [each for each in sorted(known - {name}) if each.lower() == name.lower()]
    similar += difflib.get_close_matches(name, known - {name}, 1, cutoff=0.8)
    if not _may_be_given(evidence.source, file, where) and name == snake(name):
        similar = [each for each in similar if snake(each) != name or evidence.source.class_(each) is None]
    defined = _defined_in(evidence.source, name, file.name)
    other = outside_of(file, name, where) or instead(evidence, file, name, where)
    local = made_here(file, name, where)
    if name.lower() in _CONSTANTS:
        hint = f"In Python it is {_CONSTANTS[name.lower()]}."
    elif conditional := given_under_a_condition(file, name, where):
        hint, where = conditional
    elif mapped := in_mapped(file, name, where):
        hint = mapped
    elif other:
        hint = other
    elif name == "app" and file.name != "app/main.py" and (routed := of_a_route(file, name, where)):
        hint = routed
    elif of_every_error(file, name, where):
        hint = f"Python knows no '{name}'. What is the class called that stands for every error?"
    elif name == "app" and "include_router" in evidence.source.line(where) and defined:
        hint = ROUTER_IN_THE_APP
    elif kept := not_kept(evidence.source, file, name, where):
        hint, where = kept
    elif local and (otherwise := named_otherwise(evidence.source, file, name, where, local)):
        hint, where = otherwise
    elif local:
        hint = f"There is '{local}' here: is it a typing mistake?"
    elif name in SESSIONS and (other_name := kept_under_another_name(evidence.source, file, name, where)):
        hint, where = other_name
    elif name in OF_A_TASK and file.name == "app/tasks.py":
        hint = OF_A_TASK[name]
    elif lacking := module_of_the_app(evidence.source, file, name, where):
        hint = f"{lacking}What should this line do, and which of your functions or models does it need for that?"
    elif having := in_a_module(evidence.source, file, name, where):
        hint = f"'{name}' is in {having}, which this file imports. How does this line get it from there?"
    elif (name in HOMES and not is_handed_over(file, name, where)) or defined:
        home = HOMES.get(name) or defined
        home = "sqlmodel" if name in ("Field", "select", "Session") and evidence.chapter == "08_sqlmodel" else home
        hint = f"'{name}' is in {home}, and this file does not import it."
    elif other_name := kept_under_another_name(evidence.source, file, name, where):
        hint, where = other_name
    elif looked_up := _by_a_dependency(evidence.source, file, name, where):
        hint = looked_up
    elif of_the_lesson := function_of_the_lesson(file, name, where):
        hint = of_the_lesson
    elif is_of_the_lesson(name):
        hint = f"'{name}' is a name of the lesson's. What is it called here?"
    elif all(hasattr(builtins, each) for each in similar) and (missing := made_by_no_line(file, name, where)):
        hint = missing
    elif similar and of_python(name, similar[0]):
        hint = f"In Python it is {similar[0]}."
    elif similar and (typed := of_this_type(file, similar[0], name, where)):
        hint, where = typed
    elif not similar and (routed := of_a_route(file, name, where)):
        hint = routed
    elif declared := of_the_declared(file, name, where):
        hint = declared
    elif similar:
        hint = f"There is '{similar[0]}' here: is it a typing mistake?"
    elif text := a_text(evidence.source, file, name, where):
        hint = text
    elif name in HOMES:
        hint = f"No line here makes '{name}'. Which object is meant, and does it have a name?"
    elif here := of_what_is_here(file, name, where):
        hint = here
    else:
        hint = f"Where should '{name}' come from? Define it before this line runs, or import it at the top of the file."
    # Where the answer is None, an import would make this line run, and not make it right.
    why = "" if hint == none_for_an_unknown_id(evidence) else UNTIL_IT_RUNS
    return Told(saw=raised.told, where=where, hint=hint, why=why)


def _known_at(file: File, line: int) -> set[str]:
    """The names that a file has at a line: its own, and those of the functions and classes around the line."""
    scopes = [*file.functions, *file.classes]
    apart = [one for each in scopes if not each.lineno <= line <= (each.end_lineno or 0) for one in ast.walk(each)]
    others = {each for each in apart if isinstance(each, ast.Name)}
    here = {each.id for each in file.nodes if isinstance(each, ast.Name) and each not in others}
    around = [each for each in file.functions if each.lineno <= line <= (each.end_lineno or 0)]
    return here | {node.name for node in file.classes} | {one for each in around for one in arguments_of(each)}


_CONSTANTS = {"true": "True", "false": "False", "none": "None", "null": "None", "nil": "None"}


def _renamed_above(file: File, name: str) -> Told | None:
    """What there is to say of a name that is defined here, but as the lesson has it: its tables hold books."""
    for node in file.tree.body:
        bound = name_of(node.targets[0]) if isinstance(node, ast.Assign) else getattr(node, "name", "")
        if "book" in bound.lower() and bound.replace("Book", "Item").replace("book", "item") == name:
            return Told(where=file.at(node), hint=f"This line makes {bound}, and others use {name}.")
    made = renamed_above(file, name)
    bound = getattr(made, "name", "") or name_of(getattr(made, "targets", [getattr(made, "target", None)])[0])
    return Told(where=file.at(made), hint=f"This line makes {bound}, and others use {name}.") if made else None


def _type_of_another_name(file: File, name: str) -> Told | None:
    """What there is to say of a type that no line makes, where ``Title = Annotated[...]`` is for nobody."""
    typed = [each for each in file.nodes if isinstance(each, ast.AnnAssign | ast.arg) and each.annotation is not None]
    typed = [each for each in typed if name in _read_in([*ast.walk(each.annotation or each)])]
    of_a_field = any(isinstance(each, ast.AnnAssign) for each in typed)
    unused = [
        (bound, node)
        for bound, node in file.bindings.items()
        if name_of(getattr(getattr(node, "value", None), "value", None)) == "Annotated"
        if bound not in _read_in(file.nodes) and not calls(node, "Depends")
        if of_a_field or bound.lower() in name.lower() or name.lower() in bound.lower()
    ]
    if not typed or not unused or difflib.get_close_matches(name, [bound for bound, _ in unused], 1, cutoff=0.8):
        return None
    names = " and ".join(f"'{bound}'" for bound, _ in unused)
    hint = f"Nothing here uses {names}, and nothing makes '{name}'. Are these two names for the same?"
    if unused[1:]:
        hint = f"Nothing here uses {names}, and nothing makes '{name}'. Which of them is meant?"
    return Told(where=file.at(unused[0][1]), hint=hint)


def _read_in(nodes: list[ast.AST]) -> set[str]:
    """The names that some nodes read."""
    return {each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}


def _looked_up_before(evidence: Evidence, file: File, name: str, where: str) -> Told | None:
    """What there is to say of an endpoint that asks for the item again that its dependency has looked up."""
    around = evidence.source.function(file.function_at(int(where.rpartition(":")[2])), file.name)
    chain = behind(evidence)
    if around is None or not chain or chain[0][1].name != around[1].name:
        return None
    finding = [node for _, node in chain[1:] if calls(node, *_LOOKS_UP) and _is_depended_on(file, around[1], node.name)]
    asks = [each for each in calls(around[1], *_LOOKS_UP) if file.at(each) == where]
    again = name.endswith("id") or any(getattr(one, "id", "") == name for each in asks for one in ast.walk(each))
    asked = [each for each in finding if name in [one.arg for one in (*each.args.args, *each.args.kwonlyargs)]]
    if not asked or not again:
        return None
    return Told(where=where, hint=f"{asked[0].name} has looked the item up before. Which parameter is it?")


def _by_a_dependency(source: Source, file: File, name: str, where: str) -> str:
    """What to ask where an endpoint with an id in its path uses what a dependency looks up; empty for any other."""
    finding = f"{name}_or_404"
    around = source.function(file.function_at(int(where.rpartition(":")[2] or 0)), file.name)
    if around is None or around[1].name == finding or source.function(finding) is None:
        return ""
    if not any("{" in text_of(each) for each in around[1].decorator_list):
        return ""
    if _is_depended_on(file, around[1], finding):
        return f"{finding}() looks the {name} up. What is the parameter called that hands it over?"
    return f"No line here makes '{name}'. {finding}() looks it up: which parameter hands it over?"


def _may_be_given(source: Source, file: File, where: str) -> bool:
    """Whether a parameter may have an item for the function around a line; no endpoint without an id gets one."""
    around = source.function(file.function_at(int(where.rpartition(":")[2] or 0)), file.name)
    paths = [text_of(each) for each in around[1].decorator_list if isinstance(each, ast.Call)] if around else []
    return not paths or any("{" in each for each in paths)


_LOOKS_UP = "get_item", "get", "get_one", "scalar", "one_or_none"


def _is_depended_on(file: File, node: Function, name: str) -> bool:
    """Whether a parameter of a function is what another one gives: ``item: Found``, of ``Depends(item_or_404)``."""
    aliases = {each.id for each in ast.walk(node.args) if isinstance(each, ast.Name)}
    bound = [
        each.value for each in file.tree.body if isinstance(each, ast.Assign) if name_of(each.targets[0]) in aliases
    ]
    made = [call for each in (node.args, *bound) for call in calls(each, "Depends")]
    return any(name_of(call.args[0]) == name for call in made if call.args)


def _defined_in(source: Source, name: str, other: str) -> str:
    """The learner's file, but for one, in which a name is defined at the top; empty where none does."""
    files = [file.name for file in source.files() if file.name != other and file.mentions(name)]
    return next((file for file in files if name in _names_in(source, file)), "")


def _names_in(source: Source, file: str) -> set[str]:
    """The names that a file of the learner's defines at the top."""
    found = set()
    for node in source.file(file).tree.body:
        if isinstance(node, ast.AnnAssign) and node.value is None:
            continue  # a type, and no value
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
    where = innermost(raised, evidence.given)
    swallowing = _goes_on_without(evidence.source, where, found[1])
    if swallowing:
        hint = f"An error ends here, and the function goes on, without a value for '{found[1]}'. "
        return Told(
            saw=raised.told, where=swallowing, why=UNTIL_IT_RUNS, hint=f"{hint}What should it do after an error?"
        )
    file = evidence.source.file(where.rpartition(":")[0])
    hint = given_and_used(evidence.source, file, found[1], where)
    if any(isinstance(each, ast.ExceptHandler) and each.name == found[1] for each in file.nodes):
        hint = hint or f"'{found[1]}' is the name of an except, and gone at the end of its block. Who keeps the error?"
    hint = hint or f"On the way that leads here, no line has given '{found[1]}' a value. Which line should have?"
    return Told(saw=raised.told, where=where, hint=hint, why=UNTIL_IT_RUNS)


def _goes_on_without(source: Source, where: str, name: str) -> str:
    """The ``except`` above a line after which the function goes on, although the name got its value in the try alone.

    Empty where there is none, or more than one.
    """
    file, line = source.file(where.rpartition(":")[0]), int(where.rpartition(":")[2] or 0)
    around = source.function(file.function_at(line), file.name)
    stores = [each for each in inside(around[1]) if isinstance(each, ast.Name)] if around else []
    stores = [each for each in stores if each.id == name and isinstance(each.ctx, ast.Store)]
    found = []
    for tried in [each for each in inside(around[1]) if isinstance(each, ast.Try)] if around else ():
        within = [one for statement in tried.body for one in ast.walk(statement)]
        if stores and all(each in within for each in stores) and (tried.end_lineno or 0) < line:
            leaves = ast.Raise | ast.Return | ast.Continue
            found += [
                each
                for each in tried.handlers
                if not any(isinstance(one, leaves) for statement in each.body for one in ast.walk(statement))
            ]
    return file.at(found[0]) if len(found) == 1 else ""


@reading("a name that gets the comparison")
def comparison_named(evidence: Evidence) -> Told | None:
    """`:=` gives its name all that stands right of it. Brackets around the assignment leave the comparison out."""
    of_bool = any(words in evidence.saw for words in ("not False", "not True", "'bool' object"))
    for file in own_files(evidence) if of_bool or evidence.raised_kind("UnmappedInstanceError") else ():
        for node in [each for each in file.nodes if isinstance(each, ast.NamedExpr)]:
            if isinstance(node.value, ast.Compare | ast.BoolOp) or _is_a_not(node.value):
                hint = f"What does '{node.target.id}' get here: all that stands right of :=, or a part of it?"
                return Told(where=file.at(node), hint=hint)
    return None


def _is_a_not(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


@reading("an attribute that does not exist")
def unknown_attribute(evidence: Evidence) -> Told | None:
    """The code asks an object for an attribute that it does not have."""
    raised = evidence.raised_kind("AttributeError")
    module = raised and _IN_A_MODULE.search(raised.message)
    of_a_class = raised and _OF_A_CLASS.search(raised.message)
    found = raised and (module or of_a_class or _ATTRIBUTE.search(raised.message))
    bare = _asked_of_a_class(evidence, raised) if raised and not found else None
    typed = type_for_its_value(evidence) if of_a_class or bare else None
    if typed is not None:
        return typed
    if bare is not None:
        return bare
    if not raised or not found or not raised.lines:
        return None
    if evidence.rule == "error_reaches_the_client" and found[1].endswith(("Error", "Exception")):
        return None  # an error was handed on in the place of a value
    if found[1] == _FOR_A_WITH and (unentered := _made_for_a_with(evidence, raised, found[2])) is not None:
        return unentered
    came_from = None if module or of_a_class else where_it_came_from(evidence, raised, found[1], found[2])
    if came_from is not None:
        return came_from
    where = innermost(raised, evidence.given)
    if f".{found[2]}" not in evidence.source.line(where):
        return None
    if found[1] == "SessionTransaction" and (begun := _block_of_a_begin(evidence, where)):
        hint = "A session's begin() gives its transaction; the factory's begin() gives a session. Which one is this?"
        return Told(where=begun, hint=hint)
    if found[1] == "SessionTransaction" and (handing := _hands_the_transaction_on(evidence, raised)):
        name = evidence.source.function_of(where)
        hint = f"{name}() works with a session, and begin() of a session gives its transaction. What does this line "
        return Told(where=handing, hint=f"{hint}hand over?")
    if module:
        file = f"{found[1].replace('.', '/')}.py"
        names = sorted(_names_in(evidence.source, file))
        similar = difflib.get_close_matches(found[2], names, 1, cutoff=0.75)
        hint = f"{file} defines no '{found[2]}'." if names else _of_a_library(evidence, found[1], found[2])
        return Told(where=where, hint=f"{hint} It has '{similar[0]}'." if similar else hint)
    if of_a_class:
        return Told(where=where, hint=_hint_for_a_class(evidence, found[1], found[2], where))
    if found[1] == "NoneType":
        hint = f"What stands before .{found[2]} is None here. Where does it come from, and when is it None?"
    else:
        kind = an(found[1])
        hint = f"What stands before .{found[2]} is {kind}. Is it what you think it is, and is the name right?"
        if nearly := _nearly(found[2], _names_of(evidence.source, found[1])):
            hint = f"{kind[0].upper()}{kind[1:]} has no '{found[2]}'. It has '{nearly}'."
        elif found[1] in ("Crash", "Teapot") and evidence.source.class_(found[1]) is None:  # of the check's endpoints
            hint = f"The endpoint raised an exception of its own here. Do all exceptions have .{found[2]}?"
        elif found[1] in ("sessionmaker", "Session") and found[2] == "remove":
            hint = "remove() belongs to scoped_session. Which method of the session itself ends the work with it?"
        elif found[1] == "_Environ":
            hint = f"os.environ has no '{found[2]}'. It is like a dictionary: which of its methods gives one value?"
        elif found[1] == "ScalarResult" and found[2] in ("scalars", "scalar", "scalar_one_or_none", "scalar_one"):
            hint = f"A ScalarResult gives the objects themselves already. What is left for {found[2]}() to do?"
        elif found[1] == "BackgroundTasks":
            hint = f"{kind[0].upper()}{kind[1:]} has no '{found[2]}'. Which of its methods adds a task?"
        elif found[1] == "function" and found[2] in _OF_WORKERS:
            hint = f"{found[2]}() belongs to another library. What takes a function here, to call it later?"
        elif found[1] == "Connection" and found[2] in _OF_A_SESSION:
            hint = f"{kind[0].upper()}{kind[1:]} knows SQL, not objects. What opens a session here?"
            where = _gives_a_connection(evidence, where) or where
        if found[2] in _OF_METADATA and found[1] != "MetaData":
            hint = f"{kind[0].upper()}{kind[1:]} has no '{found[2]}'. {_knows_the_tables(evidence)}"
        if found[1] == "Session" and found[2] in _OF_ANOTHER_SESSION:
            does = "It has 'commit'." if ".save()" in evidence.source.line(where) else _OF_ANOTHER_SESSION[found[2]]
            hint = f"A Session has no '{found[2]}'. {does}"
        if found[2] in ("items", "keys", "values") and "model_dump" in _names_of(evidence.source, found[1]):
            hint = f"{kind[0].upper()}{kind[1:]} has no '{found[2]}'. Which of its methods makes a dictionary?"
        if found[1] == "set" and "model_fields_set" in evidence.source.line(where):
            hint = f"{NAMES_ALONE} Which method of the schema gives names with values?"
        if found[1] in _ASKED and found[2] in _OF_A_QUERY:
            hint = f"The database has been asked by then. What does {found[2]}() belong to?"
            return Told(saw=raised.told, where=where, hint=hint, why=UNTIL_IT_RUNS)
        if found[2] in ("get_or_404", "first_or_404", "one_or_404", "paginate"):
            hint = f"{found[2]}() belongs to another library. Is it needed here, and if so, what does this app use?"
        if found[1] in _OFFERED and (home := _defined_in(evidence.source, found[2], where.rpartition(":")[0])):
            hint = (
                f"{kind[0].upper()}{kind[1:]} has no '{found[2]}'. {home} defines it: how does this line ask for that?"
            )
        if isinstance(getattr(builtins, found[2], None), type(len)):
            hint = f"{found[2]}() is a function of Python's own, not a method. What does it take?"
        bases = {
            name_of(base)
            for _, node in evidence.source.ancestry(evidence.source.class_(found[1]))
            for base in node.bases
        }
        if found[2] in _METHODS and "Base" in bases:
            hint = f"{kind[0].upper()}{kind[1:]} is a row, and {found[2]}() is a schema's. Which name has one here?"
        if found[1] == found[2].title() == "Session":
            hint = "This is already the session. What stands between it and its method belongs to another library."
        if re.search(r"\.scalar\(", evidence.source.line(where)) and found[2] in ("all", "first", "one", "one_or_none"):
            hint = (
                f"scalar() gives the first value alone, and that has no {found[2]}(). Which method gives all of them?"
            )
        if is_of_the_lesson(found[2]) and evidence.source.class_(found[1]) is not None:
            hint = f"'{found[2]}' is a name of the lesson's. What does {kind} have in its place?"
        of_a_route = evidence.source.line(where).lstrip().startswith("@")
        if found[1] in ("FastAPI", "APIRouter") and of_a_route and not nearly:
            hint = f"{kind[0].upper()}{kind[1:]} has no '{found[2]}'. Its methods are called like those of HTTP: which?"
        elif found[1] in ("FastAPI", "APIRouter") and re.search("rout|blueprint", evidence.source.line(where)):
            hint = hint if of_a_route else f"{found[2]}() is not FastAPI's. Which method of the app takes in a router?"
        if re.fullmatch("Item|Owner", found[1]) and found[2] in _NOT_OF_A_ROW:
            hint = f"{kind[0].upper()}{kind[1:]} holds values, and has no {found[2]}(). {_NOT_OF_A_ROW[found[2]]}"
    return Told(where=where, hint=hint, why=UNTIL_IT_RUNS if found[1] != "NoneType" else "")


def _of_a_library(evidence: Evidence, module: str, name: str) -> str:
    """What to say of a module of a library that is asked for a name which it does not have."""
    missing = f"The module {module} has no '{name}'."
    if module == "os" and (name == "get" or re.match("env", name)):
        return f"{missing} Which of its names has the environment, and what gives one variable of it?"
    home = home_of(name, module, evidence.chapter) if module.partition(".")[0] != "app" else ""
    return misspelt(name, module, evidence.chapter) or (f"{missing} It is in {home}." if home else missing)


IN_ANOTHER_ORDER = "Compare the order in the call above with that of this line."
NAMES_ALONE = "model_fields_set has the names of the fields alone."
_BY_A_STATEMENT = "It sends statements. Which function writes one down?"
_OF_ANOTHER_SESSION = {
    **dict.fromkeys(("insert", "save", "create", "append", "put", "store"), "It has 'add'."),
    **dict.fromkeys(("remove", "destroy", "drop", "erase"), "It has 'delete'."),
    **dict.fromkeys(("find", "find_one", "find_by_id", "get_by_id", "fetch", "lookup", "read"), "It has 'get'."),
    **dict.fromkeys(("reload", "load"), "It has 'refresh'."),
    **dict.fromkeys(("select", "filter", "filter_by", "where", "first", "all", "list", "order_by"), _BY_A_STATEMENT),
    "update": "It notices what is set on an object that it has. Which method saves that?",
}
_OF_WORKERS = "delay", "apply_async", "s", "si", "send", "enqueue", "submit", "queue"  # of Celery, RQ, Dramatiq, ...
_ASKED = "list", "ScalarResult", "Result", "CursorResult", "ChunkedIteratorResult"
_OF_A_QUERY = (
    *("offset", "limit", "slice", "order_by", "where", "filter", "filter_by", "options", "join", "outerjoin"),
    *("group_by", "having", "distinct"),
)
_OF_METADATA = "create_all", "drop_all", "createall", "create_tables", "tables", "sorted_tables", "reflect"
# What is asked of objects of the libraries in this app.
_OFFERED = {
    "MetaData": "create_all drop_all reflect sorted_tables tables",
    "Engine": "begin connect dispose url",
    "Connection": "begin close commit execute rollback scalar scalars",
    "Session": "add add_all begin close commit delete execute expire expunge flush get merge query refresh rollback "
    "scalar scalars",
    "Select": "join limit offset options order_by where",
    "ScalarResult": "all first one one_or_none",
    "FastAPI": "delete get include_router patch post put",
    "APIRouter": "delete get include_router patch post put",
    "BackgroundTasks": "add_task",
}


def _names_of(source: Source, kind: str) -> list[str]:
    """What an object can be asked for: one of the libraries', or of a class of the learner's."""
    family = source.ancestry(source.class_(kind))
    bases = {name_of(base) for _, node in family for base in node.bases} | {kind}
    names = [*_OFFERED.get(kind, "").split(), *source.declared_in(source.class_(kind))]
    names += [each.name for _, node in family for each in node.body if isinstance(each, Function)]
    names += _METHODS if bases & {"BaseModel", "SQLModel"} else ()
    names += ["metadata", "__tablename__", "__table__"] if bases & {"Base", "DeclarativeBase", "SQLModel"} else []
    return names


def _nearly(name: str, names: list[str], cutoff: float = 0.75) -> str:
    """The one of some names that is meant by another one; empty if none is.

    It is the same but for capitals and ``_``, or for the order of its words; nearly the same; or the only longer one.
    """
    alike = [each for each in names if each.replace("_", "").lower() == name.replace("_", "").lower()]
    alike = alike or [each for each in names if sorted(each.split("_")) == sorted(name.split("_"))]
    alike = alike or difflib.get_close_matches(name, {*names} - {name}, 1, cutoff=cutoff)
    longer = {each for each in names if each.endswith(f"_{name}") or (len(name) > 3 and each.startswith(name))}
    return next(iter(alike or (longer if len(longer) == 1 else ())), "")


def _knows_the_tables(evidence: Evidence, owner: str = "") -> str:
    base = owner or ("SQLModel" if evidence.chapter == "08_sqlmodel" else "Base")
    return f"Which attribute of {base} knows the tables?"


_NOT_OF_A_ROW = {
    **dict.fromkeys(
        ("save", "insert", "create", "add", "commit", "refresh", "delete", "remove"),
        "What here works with the database?",
    ),
    "update": "What sets its values here?",
}


def _asked_of_a_class(evidence: Evidence, raised: Raised) -> Told | None:
    """What there is to say of a class that is asked for what it does not have, where only that name is raised."""
    where = innermost(raised, evidence.given) if re.fullmatch(r"\w+", raised.message) else ""
    asked = re.search(rf"\b(\w+)\.{raised.message}\b", evidence.source.line(where)) if where else None
    if asked is None or evidence.source.class_(asked[1]) is None or where.rpartition(":")[0] in evidence.given:
        return None
    return Told(where=where, hint=_hint_for_a_class(evidence, asked[1], raised.message, where))


def _block_of_a_begin(evidence: Evidence, where: str) -> str:
    """The ``with`` around a place that names what a begin() gives: ``with SessionLocal().begin() as db``."""
    file, line = evidence.source.file(where.rpartition(":")[0]), int(where.rpartition(":")[2])
    blocks = [each for each in file.nodes if isinstance(each, ast.With)]
    blocks = [each for each in blocks if each.lineno <= line <= (each.end_lineno or 0)]
    begun = [
        each
        for each in blocks
        if any(one.optional_vars and calls(one.context_expr, "begin", "begin_nested") for one in each.items)
    ]
    return file.at(begun[-1]) if begun else ""


def _gives_a_connection(evidence: Evidence, where: str) -> str:
    """The line above a place, in its function, that opens a connection of the engine; empty where there is none."""
    file, line = evidence.source.file(where.rpartition(":")[0]), int(where.rpartition(":")[2])
    around = evidence.source.function(file.function_at(line), file.name)
    opened = calls(around[1], "begin", "connect") if around else []
    opened = [each for each in opened if "engine" in text_of(each.func) and each.lineno < line]
    return file.at(opened[-1]) if opened else ""


def _hands_the_transaction_on(evidence: Evidence, raised: Raised) -> str:
    """The line from which a function got what the ``with`` around that line has from a begin()."""
    for line in reversed(raised.lines[:-1]):
        begun = _block_of_a_begin(evidence, line) if line.rpartition(":")[0] not in evidence.given else ""
        if begun:
            return line
    return ""


def _made_for_a_with(evidence: Evidence, raised: Raised, attribute: str) -> Told | None:
    """What there is to say of the one line that gives a name what was made for a ``with``: ``db = factory.begin()``."""
    where = innermost(raised, evidence.given)
    file, line = evidence.source.file(where.rpartition(":")[0]), int(where.rpartition(":")[2])
    asked = [each for each in file.nodes if isinstance(each, ast.Attribute) and each.attr == attribute]
    owners = {text_of(each.value) for each in asked if each.end_lineno == line}
    around = [each for each in file.functions if each.lineno <= line <= (each.end_lineno or 0)]
    for scope in [*around[-1:], file.tree]:
        given = [each for each in ast.walk(scope) if isinstance(each, ast.Assign | ast.AnnAssign)]
        given = [each for each in given if isinstance(each.value, ast.Call)]
        targets = [(each, getattr(each, "targets", [getattr(each, "target", None)])[0]) for each in given]
        made = [each for each, target in targets if text_of(target) in owners]
        if len(made) == 1 and made[0].value is not None and file.name not in evidence.given:
            hint = f"{_short(made[0].value)} gives something for a with statement. What does with make of it?"
            return Told(where=file.at(made[0]), hint=hint)
        if made:
            return None
    return None


_METHODS = "model_validate", "model_dump", "sqlmodel_update"  # of Pydantic's classes, and of SQLModel's


def _hint_for_a_class(evidence: Evidence, owner: str, name: str, asked_in: str = "") -> str:
    """What to ask where a class itself is asked for an attribute that it does not have."""
    if name in ("query", "objects", "get", "all", "filter", "filter_by", "first", "create"):
        return f"{owner}.{name} belongs to another library. What asks the database in this app?"
    held = evidence.source.class_(owner)
    family = evidence.source.ancestry(held)
    bases = {name_of(base) for _, node in family for base in node.bases}
    if name in (*_METHODS, "from_orm", "parse_obj") and "Base" in bases and not bases & {"BaseModel", "SQLModel"}:
        if asked_in.startswith("app/routes"):
            return f"{owner} is the class of the table. Which class says what a client gets to see?"
        return f"{owner} is a class of the tables, not a schema. It takes each value by its name: what has the names?"
    if owner == "list" and name in _METHODS:
        return f"A list has no {name}(). Which class has it, and what calls it for one item after another?"
    names = _names_of(evidence.source, owner)
    if name in names:
        return f"{owner} is the class itself. Which object of it has a '{name}'?"
    similar = (
        _nearly(name, names)
        or _nearly(name.removeprefix(f"{snake(owner)}_"), [*names, "id"])
        or ("metadata" if name in ("meta", "Meta") and "metadata" in names else "")
    )
    known = f"It has '{similar}'." if similar else "What do you want from it, and what is that called?"
    if name in _OF_METADATA and "metadata" in names:
        known = _knows_the_tables(evidence, owner)
    return f"The class {owner} has no '{name}'. {known}"


_OF_A_SESSION = "add", "add_all", "commit", "delete", "execute", "flush", "get", "query", "refresh", "scalar", "scalars"
_FOR_A_WITH = "_GeneratorContextManager"
_HANDED_BY_MISTAKE = (
    *("list", "tuple", "dict", "set", "generator", "str", "int", "function", "coroutine", "sessionmaker"),
    *("SessionTransaction", "Connection", "Engine", _FOR_A_WITH),
)


def where_it_came_from(
    evidence: Evidence, raised: Raised, kind: str, attribute: str, handed_on: str = ""
) -> Told | None:
    """Of a variable that holds something of another kind: the call that gave it, or that handed it over.

    Args:
        evidence: what is known.
        raised: the exception, with the lines up to the function that has the variable.
        kind: what the variable holds.
        attribute: what it was asked for.
        handed_on: the name of the variable, where the function does not ask it itself, and hands it on.
    """
    place = raised.lines[-1]
    file, line = evidence.source.file(place.rpartition(":")[0]), int(place.rpartition(":")[2])
    around = [each for each in file.functions if each.lineno <= line <= (each.end_lineno or 0)]
    asked = [each for each in file.nodes if isinstance(each, ast.Attribute) and each.end_lineno == line]
    asked = [each for each in asked if each.attr == attribute]
    owners = {each.value.id if isinstance(each.value, ast.Name) else "" for each in asked}
    owners |= {name_of(each.args[0]) for each in file.calls("setattr") if each.lineno == line and each.args}
    owners = {handed_on} if handed_on else owners
    known = kind in (*_HANDED_BY_MISTAKE, "Session", "NoneType") or evidence.source.class_(kind) is not None
    if not known or not around or len(owners) != 1 or "" in owners:
        return None
    name, function = owners.pop(), around[-1]
    stored = [each for each in inside(function) if isinstance(each, ast.Name) and each.id == name]
    stored = [each for each in stored if isinstance(each.ctx, ast.Store)]
    given = [each for each in inside(function) if isinstance(each, ast.Assign) and each.targets == stored]
    if len(given) == 1 and isinstance(given[0].value, ast.Call) and kind == "generator":
        what = "a session" if attribute in _OF_A_SESSION else "what it yields"
        hint = f"{_short(given[0].value)} has a yield: called by hand, it gives a generator. What gives {what} here?"
        return Told(where=file.at(given[0]), hint=hint) if file.name not in evidence.given else None
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    annotation = next((each.annotation for each in every if each.arg == name), None)
    named = [each.id for each in ast.walk(annotation or function.args) if isinstance(each, ast.Name)]
    caller = raised.lines[-2] if len(raised.lines) > 1 else ""
    if stored or annotation is None or not all(each == "Session" or evidence.source.class_(each) for each in named):
        return None
    if {kind, *(each.name for _, each in evidence.source.ancestry(evidence.source.class_(kind)))} & {*named}:
        return None  # it is what is wanted
    if not caller and kind in [text_of(each.annotation) for each in every] and f"{function.name}(" in evidence.did[-1]:
        return Told(where=file.at(function), hint=IN_ANOTHER_ORDER, why=UNTIL_IT_RUNS)
    if f"{function.name}(" not in evidence.source.line(caller) or caller.rpartition(":")[0] in evidence.given:
        return None
    if kind == "NoneType" and not isinstance(_handed_over(evidence, caller, function, name), ast.Attribute):
        return None
    if (above := _handed_on_above(evidence, raised, function, name)) is not None:
        told = where_it_came_from(evidence, replace(raised, lines=raised.lines[:-1]), kind, attribute, above)
        if told is not None or not _says_so(evidence, caller, above, kind):
            return told
    hint = f"{function.name}() wants {name}: {ast.unparse(annotation)}. What does this line hand over?"
    if kind == "SessionTransaction":
        hint = f"{function.name}() wants a Session, and begin() gives its transaction. Which name has the session?"
    return Told(
        saw=f"{evidence.saw}; {function.name}() was handed {'None' if kind == 'NoneType' else an(kind)}",
        where=caller,
        hint=hint,
        why=UNTIL_IT_RUNS,
    )


def _says_so(evidence: Evidence, where: str, name: str, kind: str) -> bool:
    """Whether the function around a line says of its parameter that it is of this kind: ``batch: list[ItemCreate]``."""
    around = evidence.source.function(evidence.source.function_of(where), where.rpartition(":")[0])
    every = [*around[1].args.args, *around[1].args.kwonlyargs] if around else []
    said = [text_of(each.annotation) for each in every if each.arg == name]
    return any(re.match(rf"(\w+\.)*{kind}\b", each, re.IGNORECASE) for each in said)


def _handed_on_above(evidence: Evidence, raised: Raised, function: Function, name: str) -> str | None:
    """The parameter of the function one line up that is handed on for another one's; None where it is no parameter."""
    file, line = evidence.source.file(raised.lines[-2].rpartition(":")[0]), int(raised.lines[-2].rpartition(":")[2])
    around = evidence.source.function(file.function_at(line), file.name)
    value = _handed_over(evidence, raised.lines[-2], function, name)
    if around is None or not isinstance(value, ast.Name) or value.id not in arguments_of(around[1]):
        return None
    stored = [each for each in inside(around[1]) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    return value.id if len(raised.lines) > 2 and value.id not in {each.id for each in stored} else None


def _handed_over(evidence: Evidence, where: str, function: Function, name: str) -> ast.expr | None:
    """What the one call of a function in a line hands over for a parameter."""
    line, tree = int(where.rpartition(":")[2]), evidence.source.file(where.rpartition(":")[0]).tree
    made = [call for call in calls(tree, function.name) if call.lineno <= line <= (call.end_lineno or 0)]
    return passed_to(made[0], function, name) if len(made) == 1 else None


_NO_ARGUMENT = re.compile(
    r"(?:^|[\w.]*?)(\w+)(?:\.__init__)?\(\) got an unexpected keyword argument '(?P<word>\w+)'"
    r"|^'(?P<field>\w+)' is an invalid keyword argument for (\w+)"
    r"|named <dialectname>_<argument>, got '(?P<option>\w+)'"
    r"|^Invalid argument\(s\) '(?P<sent>\w+)'(?:,'\w+')* sent to (\w+)\(\)"
)
_BY_OTHERS = {"gte": "ge", "lte": "le", "minimum": "ge", "maximum": "le"}  # as others call them
# What is taken by what is not the learner's.
_TAKEN = {
    "sessionmaker": ["autobegin", "autoflush", "bind", "class_", "expire_on_commit", "info"],
    "String": ["length", "collation"],
    **{
        name: words.split()
        for names, words in {
            "mapped_column Column": "default index name nullable primary_key server_default unique",
            "StringConstraints constr": "max_length min_length pattern strip_whitespace to_lower to_upper",
            "Field": "default default_factory ge gt le lt max_length min_length pattern foreign_key index nullable "
            "primary_key sa_column unique",
            "Query Path": "alias default description ge gt le lt max_length min_length pattern title",
            "FastAPI APIRouter include_router": "dependencies lifespan prefix responses tags title",
            "get post put patch delete": "response_class response_model responses status_code summary tags",
            "HTTPException": "detail headers status_code",
            "model_dump": "by_alias exclude exclude_defaults exclude_none exclude_unset include mode",
            "Depends": "scope use_cache",
            "relationship": "back_populates backref cascade foreign_keys lazy order_by secondary",
            "create_engine": "connect_args echo isolation_level max_overflow pool_pre_ping pool_recycle pool_size "
            "pool_timeout poolclass",
        }.items()
        for name in names.split()
    },
}


@reading("an argument of a name that nobody takes")
def unknown_argument(evidence: Evidence) -> Told | None:
    """A function, or a class, is handed an argument by a name that it does not know."""
    raised = evidence.raised_kind("TypeError")
    found = _NO_ARGUMENT.search(raised.message) if raised else None
    if raised is None or found is None:
        return None
    word = found["word"] or found["field"] or found["option"] or found["sent"]
    where = innermost(raised, evidence.given) or _handed_by_name(evidence, word)
    if not where:
        return None
    name, _, number = where.rpartition(":")
    file = evidence.source.file(name)
    made = [each for each in file.nodes if isinstance(each, ast.Call)]
    for call in sorted(made, key=lambda call: name_of(call) != found[1]):
        starred = [each for each in call.keywords if each.arg is None and found[1] == name_of(call)]
        named = [each for each in call.keywords if each.arg == word]
        passed = next(iter(named or starred), None)
        if passed is None or not call.lineno <= int(number) <= (call.end_lineno or 0):
            continue
        handed_on = name_of(call) in _LATER and evidence.source.function(found[1] or "") is not None
        callee = found[1] if handed_on else name_of(call)
        shown = callee if callee[:1].isupper() else f"{callee}()"
        known = _TAKEN.get("mapped_column" if found["option"] else callee, []) + _taken_by(evidence.source, callee)
        others = [each for each in known if each != word]
        similar = next((each for each in others if each == _BY_OTHERS.get(word)), "") or _nearly(word, others, 0.8)
        if found["sent"] and callee == "create_engine" and word in _OF_A_DRIVER:
            hint = f"'{word}' is an option of the driver: it belongs in connect_args. Does your app need it at all?"
            return Told(where=file.at(passed.value), hint=hint, why=UNTIL_IT_RUNS)
        if found["sent"] and (word in known or not similar):  # one that goes with another database
            return None
        if passed in starred:
            if evidence.source.function(callee) is None:
                continue  # a class of the learner's: a field may be missing there
            hint = f"The two stars hand over each value by its name, and {shown} takes no '{word}'. What does it take?"
        elif similar:
            hint = f"{shown} takes no '{word}'. It takes '{similar}'."
        elif callee == "String" and "len" in word:
            hint = f"'{word}' is a word of other libraries. How does a String take its length?"
        else:
            hint = f"{shown} takes no '{word}'. What does it take, and does this belong to it?"
        where = file.at(passed.value) if file.name not in evidence.given else where
        return Told(where=where, hint=hint, why=UNTIL_IT_RUNS)
    return None


_LATER = "add_task", "partial"
# What sqlite3.connect() and psycopg.connect() take, and create_engine() does not.
_OF_A_DRIVER = (
    *("check_same_thread", "timeout", "detect_types", "cached_statements", "uri"),
    *("sslmode", "connect_timeout", "application_name", "options", "client_encoding"),
)


def _handed_by_name(evidence: Evidence, word: str) -> str:
    """The one line of the learner's own that hands something over by this name: to what is called later."""
    own = own_files(evidence)
    made = [(file, each) for file in own for each in file.nodes if isinstance(each, ast.keyword) and each.arg == word]
    later = [each for file in own for call in file.calls(*_LATER) for each in call.keywords]
    made = [each for each in made if each[1] in later] or made
    return made[0][0].at(made[0][1].value) if len(made) == 1 else ""


def _taken_by(source: Source, name: str) -> list[str]:
    """The names by which a function of the learner's takes arguments, or a class its fields."""
    function = source.function(name)
    known = [each.arg for each in (*function[1].args.args, *function[1].args.kwonlyargs)] if function else []
    return known + source.declared_in(source.class_(name))


_CALLED = re.compile(r"^(?:\w+\.)*(\w+)\(\) (?:got|missing|takes)\b")


@reading("a function that calls itself")
def calls_itself(evidence: Evidence) -> Told | None:
    """A def takes over the name of what was imported: within the function, the name means the function itself."""
    raised = evidence.raised_kind("RecursionError", "TypeError")
    if raised is None or not raised.lines:
        return None
    passed = _CALLED.match(raised.message)
    for where, count in Counter(reversed(raised.lines)).most_common(3 if raised.kind == "RecursionError" else 0):
        told = _itself(evidence, where) if count > 9 else None
        if told is not None:
            return told
    where = innermost(raised, evidence.given)
    return _itself(evidence, where) if passed and passed[1] == evidence.source.function_of(where) else None


def _itself(evidence: Evidence, where: str) -> Told | None:
    """What there is to say of a line that calls the function in which it stands by its bare name."""
    name, tree = evidence.source.function_of(where), evidence.source.file(where.rpartition(":")[0]).tree
    own = next((each for each in tree.body if isinstance(each, Function) and each.name == name), None)
    if own is None or not re.search(rf"(?<![.\w]){name}\(", evidence.source.line(where)):
        return None
    if any(isinstance(each, ast.Import | ast.ImportFrom) for each in inside(own)):
        return None  # it may have the name from there
    froms = [each for each in tree.body if isinstance(each, ast.ImportFrom)]
    imported = {each.asname or each.name for one in froms for each in one.names}
    hint = f"Which {name} does this call? The def above has taken the name."
    if name in imported:
        hint = f"Which {name} does this call? The def above has taken the name of the imported one."
    return Told(where=where, hint=hint, why=UNTIL_IT_RUNS)


@reading("a function of Python's own instead of a value")
def builtin_as_a_value(evidence: Evidence) -> Told | None:
    """A name that nobody has given a value may be one of Python's own: ``id`` is a function."""
    raised = next((each for each in evidence.raised if _A_BUILTIN.search(each.message)), None)
    where = (innermost(raised, evidence.given) or evidence.where) if raised else ""
    name, _, line = where.rpartition(":")
    around = evidence.source.function(evidence.source.function_of(where), name) if where else None
    if around is None or name in evidence.given:
        return None
    found = [(*around, each) for each in _builtins_as_values(evidence.source, *around)]
    if not found:  # what a line sends may come from elsewhere
        own = own_files(evidence)
        pairs = [(file, node) for file in own for node in file.functions]
        found = [(*pair, each) for pair in pairs for each in _builtins_as_values(evidence.source, *pair)]
    found = [each for each in found if str(each[2].lineno) == line] or found
    if len({each[2].id for each in found}) != 1:
        return None
    file, node, value = found[0]
    meant = f"Which value do you mean, and which parameter of {node.name}() has it?"
    if _names_a_column(node, value):
        meant = "Of which class is the column that you mean?"
    return Told(where=file.at(value), hint=f"Here '{value.id}' is a function of Python's own. {meant}")


def _names_a_column(node: Function, value: ast.Name) -> bool:
    """Whether a name stands where a query wants a column: what to order by, or what to compare a value with."""
    clauses = calls(node, "order_by", "group_by", "desc", "asc", "where", "filter", "load_only", "count")
    parts = [each for call in clauses for each in call.args]
    parts += [call.func.value for call in calls(node, "desc", "asc") if isinstance(call.func, ast.Attribute)]
    compared = [each for each in parts if isinstance(each, ast.Compare)]
    alone = [each.left for each in compared if not any(isinstance(one, ast.Attribute) for one in ast.walk(each))]
    return value in parts or value in alone


def _builtins_as_values(source: Source, file: File, node: Function) -> list[ast.Name]:
    """The names of Python's own functions that a function uses without calling them."""
    taken = {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
    called = {id(each.func) for each in inside(node) if isinstance(each, ast.Call)}
    called |= {id(value) for each in inside(node) if isinstance(each, ast.Call) for value in _functions_handed(each)}
    names = [each for each in inside(node) if isinstance(each, ast.Name) and id(each) not in called]
    taken |= {each.id for each in names if isinstance(each.ctx, ast.Store)} | _names_in(source, file.name)
    typed = {id(one) for each in inside(node) for one in _annotations(each)}
    found = [each for each in names if each.id not in taken and type(getattr(builtins, each.id, 0)) is type(id)]
    return [each for each in found if id(each) not in typed]


def _functions_handed(call: ast.Call) -> list[ast.expr]:
    """What a call takes to call it itself: ``sorted(items, key=len)``, ``map(repr, items)``."""
    first = call.args[:1] if name_of(call) in ("map", "filter") else []
    return [*first, *(each.value for each in call.keywords if each.arg in ("key", "default", "default_factory"))]


_A_BUILTIN = re.compile(r"\bbuiltin_function_or_method'|<built-in function \w+>")


def _annotations(node: ast.AST) -> list[ast.AST]:
    """What belongs to the types that are written in a function."""
    said = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    return [one for each in said if each is not None for one in ast.walk(each)]


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


@reading("a dependency on the class instead of get_db")
def dependency_on_the_factory(evidence: Evidence) -> Told | None:
    """FastAPI takes the arguments of whatever Depends names from the request, also those of SessionLocal."""
    if not _ARGUMENT_OF_A_FACTORY.search(evidence.saw):
        return None
    for file in own_files(evidence):
        for node in [each for each in file.nodes if isinstance(each, ast.Call) and name_of(each) == "Depends"]:
            handed = node.args[0] if node.args else None
            if isinstance(handed, ast.Name) and evidence.source.function(handed.id) is None:
                hint = f"FastAPI calls {handed.id} for each request, and looks for its arguments in the request. Who "
                return Told(where=file.at(handed), hint=f"{hint}opens a session for a request, and closes it?")
    return None


_ARGUMENT_OF_A_FACTORY = re.compile(r"\"loc\":\[\"query\",\"local_kw\"\]")


@reading("something that code which is graded may not do")
def behind_the_walls(evidence: Evidence) -> Told | None:
    """Code that is graded runs behind walls: it writes in its own folder only, and opens no network connection."""
    raised = evidence.raised_kind("TypeError", "KeyError", "AttributeError", "ImportError", "OSError")
    where = innermost(raised, evidence.given) if raised and _OF_PYTHONS_OWN.search(raised.message) else ""
    if where:
        hint = "While your code is graded, Python keeps this from it. Does your app need what this line asks for?"
        return Told(where=where, hint=hint, why=_WALLS)
    raised = evidence.raised_kind("PermissionError")
    where = innermost(raised, evidence.given) if raised and sys.platform == "linux" else ""
    if not where or raised is None or not re.match(r"\[Errno (1|13)\]", raised.message):
        return None
    hint = "The grader lets your code write in its own folder only, and open no network connection and no memory that "
    return Told(where=where, hint=f"{hint}processes share. Does your app need what this line asks for?", why=_WALLS)


_WALLS = "Code that is graded must not reach other files, learners or machines. Elsewhere this line may well work."
# See `grader.lab.guard` and `grader.lab.machine_code`.
_OF_PYTHONS_OWN = re.compile(
    r"'(?:sys\._current_|gc\.get_|ctypes\.|cpython\.)[\w/]+'(?: object cannot be interpreted as an integer)?$"
    r"|^module '(?:sys|gc)' has no attribute '(?:_current_\w+|get_objects|get_referrers|monitoring)'"
    r"|: failed to map segment from shared object$|^\[Errno 12\] Cannot allocate memory$"
    r"|^cannot create '(?:c_\w+|LP_\w+|py_object|\w+_Array_\d+|CFunctionType|_FuncPtr)' instances$"
)
_UNHASHABLE = re.compile(r"unhashable type: '(?:[\w.]+\.)?(\w+)'")


@reading("a dependency without a hash")
def dependency_without_hash(evidence: Evidence) -> Told | None:
    """FastAPI keeps what Depends is given in a dictionary, so it needs a hash. A class with an __eq__ of its own has
    none, and @dataclass writes an __eq__."""
    raised = evidence.raised_kind("TypeError")
    found = _UNHASHABLE.search(raised.message) if raised else None
    class_ = evidence.source.class_(found[1]) if found else None
    if raised is None or class_ is None or found is None or raised.message not in evidence.saw:
        return None
    file, node = class_
    why = "FastAPI looks up in a dictionary what it has prepared for a request already. The keys need a hash."
    for method in node.body:
        if isinstance(method, Function) and method.name == "__eq__":
            hint = "A class with an __eq__ of its own has no hash, and FastAPI needs one. Do you need this method?"
            return Told(where=file.at(method), hint=hint, why=why)
    for decorator in node.decorator_list:
        if name_of(decorator) in ("dataclass", "define", "s"):
            hint = "This gives the class an == of its own, and takes its hash away. Which option prevents that?"
            return Told(where=file.at(decorator), hint=hint, why=why)
    hint = f"FastAPI needs the hash of what Depends is given, and a {found[1]} has none. Which class takes it away?"
    return Told(where=file.at(node), hint=hint, why=why)


# Python 3.14 gives the module of a type as well.
_NO_ASYNC_WITH = re.compile(r"'(?:[\w.]+\.)?(\w+)' object does not support the asynchronous context manager protocol")
_NO_AWAIT = re.compile(
    r"(?:object |')(?:[\w.]+\.)?(\w+)(?: can't be used in 'await' expression|' object can't be awaited)"
)
_NO_WITH = re.compile(r"'(?:[\w.]+\.)?(\w+)' object does not support the context manager protocol")
_PLAIN = (
    "await and async with are for code that was written for them. The engine and the sessions of this app are plain."
)
_NO_ASYNC_FOR = re.compile(r"'async for' requires an object with __aiter__ method, got (?:[\w.]+\.)?(\w+)")
_Node = TypeVar("_Node", ast.With, ast.AsyncWith, ast.Await, ast.AsyncFor, ast.Raise)


def _raised_at(evidence: Evidence, words: re.Pattern[str], kind: type[_Node]) -> tuple[str, str, _Node] | None:
    """Of a TypeError with these words: the type that it names, the learner's line, and what of this kind is there."""
    raised = evidence.raised_kind("TypeError")
    found = words.search(raised.message) if raised else None
    if raised is None or found is None or found[0] not in evidence.saw:
        return None
    where = innermost(raised, evidence.given)
    name, _, number = where.rpartition(":")
    for node in evidence.source.file(name).nodes:
        if isinstance(node, kind):
            last = node.items[-1].context_expr if isinstance(node, ast.With | ast.AsyncWith) else node
            last = node.iter if isinstance(node, ast.AsyncFor) else last
            if node.lineno <= int(number) <= (last.end_lineno or 0):
                return found[1], where, node
    return None


def _short(node: ast.expr) -> str:
    """An expression; of a call what is called: ``engine.begin()``."""
    if not isinstance(node, ast.Call):
        return ast.unparse(node)
    return f"{ast.unparse(node.func)}({'...' if node.args or node.keywords else ''})"


@reading("await, or async with, on something plain")
def awaited(evidence: Evidence) -> Told | None:
    """Only what was written for it can be awaited. Engines and sessions are plain here: their calls are done when they
    return, and their blocks begin with `with`."""
    entered = _raised_at(evidence, _NO_ASYNC_WITH, ast.AsyncWith)
    if entered is not None:
        block = " and ".join(_short(item.context_expr) for item in entered[2].items)
        hint = f"{block} is plain. Which kind of with goes with it, and is there anything to await in its block?"
        if calls(entered[2], "run_sync"):
            hint = (
                f"{block} is plain. Which kind of with goes with it, and what is left to do without await and run_sync?"
            )
        return Told(where=entered[1], hint=hint, why=_PLAIN)
    looped = _raised_at(evidence, _NO_ASYNC_FOR, ast.AsyncFor)
    if looped is not None:
        hint = f"{_short(looped[2].iter)} is plain. Which kind of for goes with it?"
        return Told(where=looped[1], hint=hint, why=_PLAIN)
    waited = _raised_at(evidence, _NO_AWAIT, ast.Await)
    if waited is None:
        return None
    kind, where, node = waited
    hint = f"{_short(node.value)} is plain: it gives you {an(kind)} at once. Who has to wait for it?"
    if kind == "NoneType":
        hint = f"{_short(node.value)} is done when it returns. What is there left to wait for?"
    return Told(where=where, hint=hint, why=_PLAIN)


@reading("with on something that is not a context manager")
def no_context_manager(evidence: Evidence) -> Told | None:
    """`with` needs something that can open and close: a session can; its factory and a generator cannot."""
    found = _raised_at(evidence, _NO_WITH, ast.With)
    if found is None:
        return None
    kind, where, node = found
    entered = [_short(item.context_expr) for item in node.items if not isinstance(item.context_expr, ast.Call)]
    what = (entered or [_short(node.items[0].context_expr)])[0]
    hint = f"{what} is {an(kind)}. What can 'with' open and close?"
    if kind in ("sessionmaker", "scoped_session", "type"):
        hint = f"{what} makes sessions. What turns it into one?"
    elif kind in ("function", "method"):
        hint = f"{what} names a function. What calls it?"
    elif kind == "generator":
        made = evidence.source.function(what.partition("(")[0])
        where = made[0].at(made[1]) if made is not None and made[0].name not in evidence.given else where
        hint = f"{what} is a generator, as its function has a yield. What makes a context manager of such a function?"
    elif "async" in kind.lower():
        hint = f"{what} is asynchronous. Which kind of with goes with it?"
    return Told(
        where=where,
        hint=hint,
        why="At the end of a with block something is closed or undone, and only a context manager does that.",
    )


_NO_EXCEPTION = re.compile(r"^exception(s| causes) must derive from BaseException")
_VALUES = {str: "A text", int: "A number", float: "A number", type(None): "None"}
_LITERALS = {ast.Dict: "A dictionary", ast.Tuple: "A tuple", ast.List: "A list", ast.JoinedStr: "A text"}


@reading("raise with something that is not an exception")
def raised_no_exception(evidence: Evidence) -> Told | None:
    """`raise` takes an exception, which may have a text or a number. Nothing else can be raised."""
    found = _raised_at(evidence, _NO_EXCEPTION, ast.Raise)
    if found is None or found[2].exc is None:
        return None
    kind, where, node = found
    if kind == " causes":
        return Told(where=where, hint="After 'from' stands the exception that led to this one. What stands there?")
    what = _LITERALS.get(type(node.exc), "This")
    if isinstance(node.exc, ast.Constant):
        what = _VALUES.get(type(node.exc.value), what)
    elif isinstance(node.exc, ast.Call):
        what = f"What {_short(node.exc)} gives"
    elif isinstance(node.exc, ast.Name | ast.Attribute):
        what = f"What {_short(node.exc)} stands for"
    file = evidence.source.file(where.rpartition(":")[0])
    handlers = [each for each in file.nodes if isinstance(each, ast.ExceptHandler)]
    which = "Which exception do you mean?"
    if file.name in ("app/schemas.py", "app/models.py"):
        which = "Which exception tells Pydantic that a value is refused?"
    elif re.match(r"4\d\d", evidence.wanted) and file.name != "app/deps.py":
        which = "Which exception does FastAPI make an answer of?"
    elif any(node in inside(each) for each in handlers):
        which = "Which exception was caught here, and what raises that again?"
    return Told(where=where, hint=f"{what} cannot be raised. {which}")


_ASKED_FOR = re.compile(r'^422 .*?"loc":\["query","(\w+)"\],"msg":"Field required"')


@reading("a wrapper hides the parameters of the endpoint")
def parameters_hidden(evidence: Evidence) -> Told | None:
    """FastAPI reads the parameters of the function that it is given. A wrapper that takes *args and **kwargs has no
    others, unless functools.wraps tells whom it stands for."""
    asked = _ASKED_FOR.match(evidence.saw)
    for file in evidence.source.files() if asked else ():
        for function in file.functions:
            wraps = any(name_of(each) in ("wraps", "update_wrapper") for each in inside(function))
            for inner in [each for each in inside(function) if isinstance(each, Function)]:
                takes = {each.arg for each in (inner.args.vararg, inner.args.kwarg) if each is not None}
                handed_back = inner is not function or inner.name == "__call__"
                said = {name_of(each) for each in inner.decorator_list} & {"wraps", "update_wrapper"}
                if asked and asked[1] in takes and handed_back and not wraps and not said:
                    hint = "FastAPI reads the parameters of the function that it is given. Which are those of "
                    hint += f"{inner.name}(), and how does Python tell whom it stands for?"
                    saw = f"{evidence.saw}; FastAPI asks the client for '{asked[1]}'"
                    why = "Nobody has told the client of such a parameter, so it sends none."
                    return Told(saw=saw, where=file.at(inner), hint=hint, why=why)
    return None


_NO_SCHEMA = re.compile(r"\bapp\.(?:\w+\.)*(\w+)")


@reading("a table class instead of a schema")
def table_for_a_schema(evidence: Evidence) -> Told | None:
    """Pydantic and FastAPI read and write values of types that they know: texts, numbers, schemas. A class of the
    tables is not one of them."""
    raised = evidence.raised_kind("PydanticSchemaGenerationError", "FastAPIError")
    named = _NO_SCHEMA.search(raised.message) if raised else None
    class_ = evidence.source.class_(named[1]) if named else None
    if raised is None or named is None or class_ is None or not raised.lines:
        return None
    fields = [name_of(each) for node in class_[1].body for each in [getattr(node, "target", None)]]
    table = any("Base" in name_of(base) and name_of(base) != "BaseModel" for base in class_[1].bases)
    if not fields or not (table or "__tablename__" in ast.unparse(class_[1])):
        return None
    where = innermost(raised, evidence.given)
    file, line = evidence.source.file(where.rpartition(":")[0]), int(where.rpartition(":")[2])
    around = [each for each in [*file.classes, *file.functions] if first_line(each) <= line <= (each.end_lineno or 0)]
    for each in ast.walk(around[-1]) if around else ():
        annotation = each.annotation if isinstance(each, ast.AnnAssign | ast.arg) else None
        annotation = each.returns if isinstance(each, Function) else annotation
        annotation = each.value if isinstance(each, ast.keyword) and each.arg == "response_model" else annotation
        alias = alias_of(evidence, annotation)
        said = getattr(alias[1], "value", None) if alias else annotation
        depended = "Depends(" in text_of(said)
        if said is not None and not depended and any(name_of(one) == named[1] for one in ast.walk(said)):
            saw = f"{named[1]} is a class of the tables; no schema can be made of it"
            wanted = "a schema, or a type that Pydantic knows"
            shown = "may send" if isinstance(each, ast.arg) else "gets to see of it"
            hint = f"{named[1]} says how a row is stored. Which class says what a client {shown}?"
            for _, node, verb, call in routes_of(evidence):
                if node is around[-1] and row_asked_for(evidence, node, verb, path_of(call)) is each:
                    hint, wanted = LOOKED_UP, "an item that is looked up by its id"
            return Told(saw=saw, where=alias[0].at(alias[1]) if alias else file.at(said), hint=hint, wanted=wanted)
    return None
