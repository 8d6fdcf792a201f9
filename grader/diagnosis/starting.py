"""In the child: mistakes in what an app does when it starts: tables that are not made, or made anew."""

from __future__ import annotations

import ast
import builtins
import re

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.endpoints import own_files
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, an, reading
from grader.diagnosis.source import File, Function, calls, defaults_of, inside, keyword, name_of, text_of

_MODELS, _MAIN = "app/models.py", "app/main.py"
_IMPORT, _LATE_IMPORT = re.compile(r"\s*(import|from)\b.*\bmodels\b"), re.compile(r"\s+(import|from)\b.*\bmodels\b")
_AT_START, _RESTART = "tables_are_created_at_startup", "restart_keeps_data"


# -- at the start -------------------------------------------------------------------------------------


def _lifespan(file: File) -> ast.AsyncFunctionDef | ast.FunctionDef | None:
    """The function of main.py that is a lifespan: it yields, or has the name."""
    return next((node for node in file.functions if _is_a_lifespan(node)), None)


def _is_a_lifespan(node: Function) -> bool:
    return node.name == "lifespan" or any("contextmanager" in name_of(each) for each in node.decorator_list)


@reading("a lifespan that is written below the app", _AT_START)
def written_below_the_app(evidence: Evidence) -> Told | None:
    """A name stands for what it has been given by then: a lifespan that is defined later is another one."""
    file = evidence.source.file(_MAIN)
    for call in file.calls("FastAPI") if not evidence.raised else ():
        given = keyword(call, "lifespan")
        named = [each for each in file.tree.body if isinstance(each, Function) and each.name == name_of(given)]
        earlier = [each for each in named if each.lineno < call.lineno]
        later = [each for each in named if each.lineno > call.lineno and calls(each, "create_all")]
        if isinstance(given, ast.Name) and earlier and later and not calls(earlier[-1], "create_all"):
            saw = f"{evidence.saw}; the {given.id} in line {later[-1].lineno} was never run"
            hint = f"Which {given.id} is there when this line runs?"
            return Told(saw=saw, where=file.at(given), hint=hint)
    return None


@reading("the app does not get the lifespan", _AT_START, "the_rest_still_works")
def lifespan_unknown(evidence: Evidence) -> Told | None:
    """FastAPI runs a lifespan only if you pass it: FastAPI(lifespan=...)."""
    file = evidence.source.file(_MAIN)
    node = _lifespan(file)
    creating = [each for each in file.functions if calls(each, "create_all") and _is_a_lifespan(each)]
    for call in file.calls("FastAPI"):
        given = keyword(call, "lifespan")
        other = given is not None and creating and creating[0].name not in text_of(given)
        if given is not None and other and not file.calls(creating[0].name) and not evidence.sent("CREATE TABLE"):
            saw = f"{evidence.saw}; {creating[0].name}() was never run"
            return Told(saw=saw, where=file.at(given), hint="Which function does FastAPI run at the start?")
    served = [each for each in file.tree.body if isinstance(each, ast.Assign) and name_of(each.targets[0]) == "app"]
    bare = [call for each in served[-1:] for call in calls(each, "FastAPI") if keyword(call, "lifespan") is None]
    apps = [call for each in evidence.source.files() for call in each.calls("FastAPI")]
    others = [call for call in apps if keyword(call, "lifespan") is not None]
    if bare and others and not evidence.sent("CREATE TABLE") and not evidence.raised:
        saw = f"{evidence.saw}; {name_of(keyword(others[0], 'lifespan')) or 'its lifespan'}() was never run"
        hint = "Which app has the lifespan, and which one does the server start?"
        hint += " A mounted app's lifespan does not run." if file.calls("mount") else ""
        return Told(saw=saw, where=file.at(bare[0]), hint=hint)
    made = [call for call in file.calls("FastAPI") if keyword(call, "lifespan") is None]
    if node is None or not made or any(keyword(call, "lifespan") for call in file.calls("FastAPI")):
        return None
    for each, target in _given_elsewhere(evidence, node.name):
        if target.endswith("router.lifespan_context"):  # where FastAPI itself keeps it
            return None
        hint = "FastAPI does not look at this attribute. Where does it take the lifespan from?"
        if not target:
            hint = f"This hands {node.name} to something that does not run it as a lifespan. Where does FastAPI take "
            hint += "one from?"
        place = next((one for one in evidence.source.files() if each in one.nodes), file)
        return Told(saw=f"{evidence.saw}; {node.name}() was never run", where=place.at(each), hint=hint)
    return Told(
        saw=f"{evidence.saw}; {node.name}() was never run",
        where=file.at(made[0]),
        hint=f"{node.name} is written, but nobody gave it to FastAPI.",
    )


def _given_elsewhere(evidence: Evidence, name: str) -> list[tuple[ast.AST, str]]:
    """Where a lifespan becomes an attribute, or is handed to a call; with the attribute, as Python writes it."""
    found: list[tuple[ast.AST, str]] = []
    for each in [one for file in evidence.source.files() for one in file.nodes]:
        if isinstance(each, ast.Assign) and name_of(each.value) == name and not isinstance(each.value, ast.Call):
            found += [(each, text_of(target)) for target in each.targets if isinstance(target, ast.Attribute)]
        if not isinstance(each, ast.Call) or name_of(each) == name or evidence.source.function(name_of(each)):
            continue
        handed = [*each.args, *(one.value for one in each.keywords if one.arg != "lifespan")]
        listed = [part for one in handed for part in (one.elts if isinstance(one, ast.List | ast.Tuple) else [one])]
        if any(isinstance(one, ast.Name | ast.Attribute) and name_of(one) == name for one in listed):
            named = text_of(each.args[1]).strip("'") if name_of(each) == "setattr" else ""
            found.append((each, f"{text_of(each.args[0])}.{named}" if named else ""))
    return found


@reading("the lifespan is called instead of passed")
def lifespan_called(evidence: Evidence) -> Told | None:
    """FastAPI wants the function: it calls it by itself, once for each start."""
    raised = evidence.raised_kind("TypeError")
    if raised is None or raised.message.partition("\n")[0] not in evidence.saw:
        return None
    for file in evidence.source.files():
        for call in file.calls("FastAPI"):
            given = keyword(call, "lifespan")
            if isinstance(given, ast.Constant) and "object is not callable" in raised.message:
                hint = "FastAPI takes the function itself. What do the quotes turn it into?"
                return Told(where=file.at(given), hint=hint if isinstance(given.value, str) else "")
            found = evidence.source.function(name_of(given)) if isinstance(given, ast.Call) else None
            if given is not None and found and any(isinstance(each, ast.Yield) for each in inside(found[1])):
                saw = f"{evidence.saw}; {found[1].name}() is called in {file.name}, before the app starts"
                hint = "The parentheses call it here, once. Who is to call it, and when?"
                return Told(saw=saw, where=file.at(given), hint=hint)
    return None


_ONCE = "A lifespan yields once: what stands before the yield runs at the start, what follows it at the end."


@reading("a lifespan that yields again")
def yields_again(evidence: Evidence) -> Told | None:
    """A lifespan yields once. Its end comes when it goes on after that, and so it must not yield again."""
    raised = evidence.raised_kind("RuntimeError")
    if raised is None or not re.search("generator didn't stop", raised.message) or raised.message not in evidence.saw:
        return None
    for file, node in _lifespans(evidence):
        yields = sorted((each for each in inside(node) if isinstance(each, ast.Yield)), key=lambda each: each.lineno)
        looped = [each for each in inside(node) if isinstance(each, ast.For | ast.While)]
        again = yields[1:] or [each for each in yields if any(each in ast.walk(loop) for loop in looped)]
        if again and file.name not in evidence.given:
            return Told(saw=f"{evidence.saw}: {node.name}() yields again", where=file.at(again[0]), hint=_ONCE)
    return None


@reading("a value that a lifespan yields", _AT_START)
def yields_a_value(evidence: Evidence) -> Told | None:
    """What a lifespan yields becomes the state of the app, and that is a dictionary."""
    raised = evidence.raised_kind("TypeError", "ValueError")
    words = "object is not iterable|dictionary update sequence"
    if raised is None or not re.search(words, raised.message) or raised.message not in evidence.saw:
        return None
    for file, node in _lifespans(evidence):
        for each in [each for each in inside(node) if isinstance(each, ast.Yield)]:
            if each.value is not None and not isinstance(each.value, ast.Dict) and file.name not in evidence.given:
                hint = "What is yielded becomes the state of the app, as a dictionary. Which state does this app need?"
                return Told(where=file.at(each), hint=hint)
    return None


def _lifespans(evidence: Evidence) -> list[tuple[File, Function]]:
    """The learner's functions that an app is given as its lifespan."""
    apps = [call for file in evidence.source.files() for call in file.calls("FastAPI")]
    found = [evidence.source.function(name_of(keyword(call, "lifespan"))) for call in apps if keyword(call, "lifespan")]
    return [each for each in found if each is not None]


@reading("a lifespan that ends before its yield")
def ends_before_its_yield(evidence: Evidence) -> Told | None:
    """An app serves requests while its lifespan stands at the yield. A lifespan that never gets there starts no
    app."""
    raised = evidence.raised[0] if evidence.raised else None
    if (
        raised is None
        or evidence.wanted != "an app that starts"
        or raised.message.partition("\n")[0] not in evidence.saw
    ):
        return None
    unreached = raised.kind == "RuntimeError" and "generator didn't yield" in raised.message
    for file, node in _lifespans(evidence):
        yields = [each.lineno for each in inside(node) if isinstance(each, ast.Yield)]
        above = [each for each in _own_statements(node) if yields and each.lineno < yields[0]]
        ends: list[ast.stmt] = [each for each in above if isinstance(each, ast.Return) and unreached]
        by_hand = [each for each in above if isinstance(each, ast.Raise) and each.exc is not None]
        ends += [each for each in by_hand if raised.lines[-1:] == (file.at(each),)]
        if ends and file.name not in evidence.given:
            what = "returns" if isinstance(ends[0], ast.Return) else "raises an exception"
            hint = f"Here {node.name}() {what}, and never reaches its yield. "
            hint += "Only from there on does the app take requests."
            return Told(where=file.at(ends[0]), hint=hint)
        around = [each for each in inside(node) if isinstance(each, ast.If | ast.For | ast.While)]
        skipped = [each for each in around if any(isinstance(one, ast.Yield) for one in ast.walk(each))]
        if unreached and skipped and file.name not in evidence.given:
            hint = f"{node.name}() went past its yield. When does it come to the lines below this one?"
            return Told(where=file.at(skipped[0]), hint=hint)
    return None


def _own_statements(node: Function) -> list[ast.stmt]:
    """The statements of a function but for those of functions within it, and for what handles an exception."""
    apart = [each for each in inside(node) if isinstance(each, Function | ast.ExceptHandler) and each is not node]
    within = {id(one) for each in apart for one in ast.walk(each)}
    return [each for each in inside(node) if isinstance(each, ast.stmt) and id(each) not in within]


@reading("the lifespan is not an async context manager", _AT_START)
def lifespan_of_another_kind(evidence: Evidence) -> Told | None:
    """A lifespan is an async function with @asynccontextmanager that takes the app, and yields once."""
    file = evidence.source.file(_MAIN)
    node = _lifespan(file)
    raised = evidence.raised_kind("TypeError", "RuntimeError")
    by_its_call = _CALLED_OTHERWISE.match(raised.message) if raised else None
    given = any(
        keyword(call, "lifespan") is not None for each in evidence.source.files() for call in each.calls("FastAPI")
    )
    given = given or node is None or not _given_elsewhere(evidence, node.name)
    if node is not None and given and by_its_call and by_its_call[1] == node.name and not file.calls(node.name):
        saw = f"{evidence.saw}; FastAPI calls {node.name}() with the app, and with nothing else"
        return Told(saw=saw, where=file.at(node), hint=f"Which parameters does {node.name}() need for this?")
    if (
        node is None
        or raised is None
        or not re.search(r"context manager|async iterator|async generator|didn't (yield|stop)", raised.message)
        or evidence.source.function_of(innermost(raised, evidence.given))  # it came from within
    ):
        return None
    for each in file.nodes:
        if isinstance(each, ast.alias) and each.asname == "asynccontextmanager" and each.name != each.asname:
            hint = "What is imported here, and what is it called from here on?"
            if not isinstance(node, ast.AsyncFunctionDef):
                hint += f" Which kind of function does {each.asname} decorate?"
            return Told(where=file.at(each), hint=hint)
    if not any(isinstance(each, ast.Yield) for each in ast.walk(node)):
        hint = _ONCE
    elif not isinstance(node, ast.AsyncFunctionDef):
        hint = "Python has two kinds of context managers. FastAPI wants the asynchronous one here."
    else:
        hint = "What makes a context manager of a function that yields?"
        plain = [each for each in node.decorator_list if name_of(each) == "contextmanager"]
        if plain:
            hint = "Python has two kinds of context managers. Which one goes with an async function?"
            return Told(where=file.at(plain[0]), hint=hint)
    return Told(where=file.at(node), hint=hint)


_CALLED_OTHERWISE = re.compile(r"(\w+)\(\) (?:takes 0 positional arguments but 1 was|missing \d+ required )")


@reading("create_all() without the engine", _AT_START, _RESTART)
def created_on_nothing(evidence: Evidence) -> Told | None:
    """create_all() connects to the database itself, so it has to get an engine, or a connection of one."""
    raised = evidence.raised_kind("TypeError", "AttributeError")
    got = re.search(r"'(\w+)'(?: object)? has no attribute '_run_ddl_visitor'", raised.message) if raised else None
    missing = raised is not None and "create_all() missing 1 required positional argument: 'bind'" in raised.message
    if raised is None or not (got or missing) or raised.message not in evidence.saw:
        return None
    saw = f"create_all() got {an(got[1])}" if got else "create_all() got nothing that leads to a database"
    if got and "type object" in raised.message:
        saw = f"create_all() got {got[1]}, a class"
    hint = "create_all() sends its statements itself. What in app/db.py knows the database, and makes connections?"
    return Told(saw=saw, where=innermost(raised, evidence.given), hint=hint)


@reading("create_all() called too early", _AT_START, _RESTART)
def called_while_handed_on(evidence: Evidence) -> Told | None:
    """To run something elsewhere, pass it on as a function. With parentheses it runs here, and only what it gives back
    is handed on."""
    raised = evidence.raised_kind("TypeError")
    if (
        raised is None
        or not re.search("not callable|must be callable", raised.message)
        or raised.message not in evidence.saw
    ):
        return None
    where = innermost(raised, evidence.given)
    for file in evidence.source.files():
        for call in file.calls(*_LATER, "run_in_threadpool", "run_sync"):
            handed = [each for each in call.args if isinstance(each, ast.Call)]
            if handed and where in (file.at(call), file.at(handed[0])):
                what = name_of(handed[0])
                saw = f"{evidence.saw}; {what}() ran before {name_of(call)}(), which got what it gave back"
                hint = f"{name_of(call)}() wants something that it can call itself. What do the parentheses do here?"
                return Told(saw=saw, where=where, hint=hint)
    return None


@reading("create_all without parentheses", _AT_START)
def not_called(evidence: Evidence) -> Told | None:
    """Naming a function does nothing. The parentheses call it."""
    for file in evidence.source.files():
        for node in file.nodes:
            value = node.value if isinstance(node, ast.Expr) else None
            if isinstance(value, ast.Attribute) and value.attr == "create_all":
                return Told(where=file.at(node), hint="This names the function. What calls it?")
            own = evidence.source.function(value.id) if isinstance(value, ast.Name) else None
            if own is not None and any(calls(each, "create_all") for _, each in evidence.source.reached(*own)):
                return Told(where=file.at(node), hint="This names the function. What calls it?")
    return None


@reading("the tables are created before there is a model", _AT_START)
def created_before_the_models(evidence: Evidence) -> Told | None:
    """Code that is not indented runs while its module is imported: a class further down does not exist yet."""
    for file in own_files(evidence) if not evidence.sent("CREATE TABLE items") else ():
        model = [each for each in file.tree.body if isinstance(each, ast.ClassDef) and each.name == "Item"]
        for node in [each for each in file.tree.body if isinstance(each, ast.Expr)]:
            if model and calls(node, "create_all") and node.lineno < model[0].lineno:
                hint = f"It runs while {file.name} is imported, and Item does not exist yet."
                return Told(saw=f"{evidence.saw}; create_all() found no Item", where=file.at(node), hint=hint)
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
    for node in file.nodes:
        imports = [each for each in ast.walk(node) if isinstance(each, ast.Import | ast.ImportFrom)]
        if (
            isinstance(node, ast.If)
            and "TYPE_CHECKING" in text_of(node.test)
            and "models" in "".join(map(text_of, imports))
        ):
            hint = "This import is there for type checkers alone. What happens when the app runs?"
            return Told(
                saw=evidence.saw.partition("; ")[0] + "; app/models.py was never imported",
                where=file.at(imports[0]),
                hint=hint,
            )
    if any(_IMPORT.match(line) for line in file.lines) and "never imported" not in evidence.saw:
        late = next(
            (number for number, line in enumerate(file.lines, 1) if re.match(r"\s+(import|from) .*models", line)), 0
        )
        made = file.calls("create_all")
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
    own = [file, *own_files(evidence)]
    creating = [(each, call) for each in own for call in each.calls("create_all")]
    imports = [each for each in file.tree.body if isinstance(each, ast.Import | ast.ImportFrom)]
    return Told(
        saw="create_all() ran, but app/models.py was never imported: Base knew no table",
        where=creating[0][0].at(creating[0][1]) if creating else file.at(imports[-1] if imports else 1),
        hint="Base knows only the models of modules that were imported before.",
    )


_KNEW_NO_TABLE = "the MetaData that create_all() was called on knew no table"
_NEW_METADATA = "A new MetaData knows no tables. Which one do your models belong to?"


@reading("the tables of another base or engine", _AT_START)
def other_metadata(evidence: Evidence) -> Told | None:
    """create_all() makes the tables that this metadata knows, in the database of this engine."""
    for file in evidence.source.files():
        for call in file.calls("create_all"):
            if calls(call, "MetaData", "create_engine", "declarative_base"):
                own = "engine" if calls(call, "create_engine") else "Base"
                hint = f"This makes a second {own}. Which one does everybody else use?"
                saw = ""
                if calls(call, "MetaData"):
                    saw, hint = f"{evidence.saw}; {_KNEW_NO_TABLE}", _NEW_METADATA
                elif own == "engine" and evidence.sent("CREATE TABLE items"):
                    saw = f"{evidence.saw}; the table was created in another database"
                return Told(saw=saw, where=file.at(call), hint=hint)
            if _is_of_sqlmodel(evidence, file, call):
                hint = "create_all() makes the tables of this metadata. Which one has the table of Item?"
                return Told(saw=f"{evidence.saw}; {_KNEW_NO_TABLE}", where=file.at(call), hint=hint)
            base, other = _another_base(evidence, call)
            if other:
                saw = f"{evidence.saw}; {base}.metadata knew no table: Item belongs to {other}"
                hint = "Each base class has a metadata of its own. Which one knows the table of Item?"
                return Told(saw=saw, where=file.at(call), hint=hint)
            if file.name == "app/db.py":
                continue
            used = [node.id for node in ast.walk(call) if isinstance(node, ast.Name)]
            for statement in file.tree.body:
                target = statement.targets[0] if isinstance(statement, ast.Assign) else None
                if name_of(target) in used and calls(statement, "MetaData", "create_engine", "declarative_base"):
                    hint = "app/db.py has one already, and everybody else uses that one."
                    saw = ""
                    if calls(statement, "MetaData"):
                        saw, hint = f"{evidence.saw}; {_KNEW_NO_TABLE}", _NEW_METADATA
                    return Told(saw=saw, where=file.at(statement), hint=hint)
        for function in file.functions if file.name != "app/db.py" else ():
            for statement in [each for each in inside(function) if isinstance(each, ast.Assign)]:
                owners = {text_of(call.func).rpartition(".")[0] for call in calls(function, "create_all")}
                new = isinstance(statement.value, ast.Call) and name_of(statement.value) == "MetaData"
                if new and text_of(statement.targets[0]) in owners:
                    saw = f"{evidence.saw}; {_KNEW_NO_TABLE}"
                    return Told(saw=saw, where=file.at(statement), hint=_NEW_METADATA)
            made = calls(function, "create_engine")
            if made and calls(function, "create_all"):
                saw = f"{evidence.saw}; the table was created in another database"
                hint = "app/db.py has an engine already, and everybody else uses that one."
                created = evidence.sent("CREATE TABLE items")
                return Told(saw=saw if created else "", where=file.at(made[0]), hint=hint)
    models = evidence.source.file(_MODELS)
    for statement in models.tree.body:
        if isinstance(statement, ast.Assign) and calls(statement, "declarative_base", "generate_base"):
            hint = "This is a second base. main.py creates the tables of the one in app/db.py."
            return Told(where=models.at(statement), hint=hint)
    for node in models.classes:
        if any(name_of(each) == "DeclarativeBase" for each in node.bases):
            hint = "This is a second base. main.py creates the tables of the one in app/db.py."
            return Told(where=models.at(node), hint=hint)
    return None


def _another_base(evidence: Evidence, call: ast.Call) -> tuple[str, str]:
    """The base whose metadata creates its tables, and what Item has for a base instead: ``Model in app/base.py``."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    base = name_of(owner.value) if isinstance(owner, ast.Attribute) and owner.attr == "metadata" else ""
    known = evidence.source.class_(base, "app/db.py") if base else None
    if known is None or evidence.sent("CREATE TABLE items"):
        return base, ""
    for file, node in evidence.source.ancestry(evidence.source.class_("Item", _MODELS)):
        if (file, node) == known or any(text_of(each).startswith("metadata") for each in node.body):
            return base, ""
        made = [evidence.source.bound(name_of(each), file) for each in node.bases]
        bases = [(each[0], name_of(each[1].targets[0])) for each in made if each and isinstance(each[1], ast.Assign)]
        bases += [(file, node.name)] if any(name_of(each) == "DeclarativeBase" for each in node.bases) else []
        for home, name in bases:
            if home.name not in (_MODELS, "app/db.py"):
                return base, f"{name} in {home.name}"
    return base, ""


def _is_of_sqlmodel(evidence: Evidence, file: File, call: ast.Call) -> bool:
    """Whether create_all() is called for the metadata of SQLModel, and Item has another base."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    for each in file.nodes:  # by another name
        if isinstance(each, ast.Assign) and isinstance(owner, ast.Name) and text_of(each.targets[0]) == owner.id:
            owner = each.value
    base = owner.value if isinstance(owner, ast.Attribute) and owner.attr == "metadata" else None
    imports = [each for each in file.nodes if isinstance(each, ast.ImportFrom) and each.module == "sqlmodel"]
    known = {each.asname or each.name: each.name for one in imports for each in one.names}
    if (known.get(name_of(base)) or text_of(base)) not in ("SQLModel", "sqlmodel.SQLModel"):
        return False
    chain = [found for found in [evidence.source.class_("Item")] if found]
    for _, node in chain:  # which grows meanwhile
        chain += [each for each in map(evidence.source.class_, map(name_of, node.bases)) if each and each not in chain]
    return bool(chain) and not any(name_of(each) == "SQLModel" for _, node in chain for each in node.bases)


@reading("the tables are created under a condition", _AT_START)
def created_conditionally(evidence: Evidence) -> Told | None:
    """create_all() sees for itself which tables are there; a condition before it only keeps it from running."""
    if evidence.raised or evidence.sent("CREATE TABLE items"):
        return None
    for file, node in [(each, node) for each in evidence.source.files() for node in each.nodes]:
        if isinstance(node, ast.If) and calls(node, "create_all"):
            script = "__name__" in text_of(node.test)
            hint = (
                "This is true only where the file itself is run: 'python main.py'. A server imports the app from it."
                if script
                else "create_all() sees for itself what is missing. What is this condition for?"
            )
            return Told(saw=f"{evidence.saw}; create_all() did not run", where=file.at(node), hint=hint)
    for file, function in [(each, node) for each in evidence.source.files() for node in each.functions]:
        made = calls(function, "create_all")
        for node in [each for each in ast.walk(function) if isinstance(each, ast.If)]:
            leaves = any(isinstance(each, ast.Return) for each in node.body)
            if made and leaves and node.lineno < made[0].lineno:
                hint = "When does the function end here, before it creates anything?"
                return Told(saw=f"{evidence.saw}; create_all() did not run", where=file.at(node), hint=hint)
    return None


@reading("the creation of the tables is not committed", _AT_START)
def creation_not_committed(evidence: Evidence) -> Told | None:
    """PostgreSQL creates tables within a transaction; without a COMMIT they are gone with it."""
    what = [event.what for event in evidence.events]
    made = [n for n, event in enumerate(evidence.events) if event.what == "CREATE TABLE items" and event.where]
    late = "the start does not wait for" in evidence.saw
    if not made or "COMMIT" in what[made[-1] :] or evidence.raised or late:
        return None
    return Told(
        saw=f"{evidence.saw}; CREATE TABLE was sent, but no COMMIT after it",
        where=evidence.events[made[-1]].where,
        hint="This belongs to a transaction that somebody has begun. Who ends it, and how?",
    )


@reading("an error at the start is swallowed", _AT_START)
def start_error_swallowed(evidence: Evidence) -> Told | None:
    """What is caught at the start and not raised again looks like a start that went well."""
    if evidence.sent("CREATE TABLE items"):
        return None
    for file in evidence.source.files():
        for node in file.nodes:
            handlers: list[ast.AST] = []
            if not isinstance(node, ast.Try | ast.With):
                continue
            if isinstance(node, ast.Try) and any(calls(each, "create_all") for each in node.body):
                handlers = [
                    one for one in node.handlers if not any(isinstance(each, ast.Raise) for each in ast.walk(one))
                ]
            elif isinstance(node, ast.With) and calls(node, "create_all"):
                handlers = [item.context_expr for item in node.items if name_of(item.context_expr) == "suppress"]
            for handler in handlers:
                unknown = _names_of_nothing(file, node)
                if unknown:
                    saw = f"{evidence.saw}; NameError: name '{unknown[0].id}' is not defined, and was caught"
                    hint = "Something went wrong here, and it was caught. Read the error above letter by letter."
                    return Told(saw=saw, where=file.at(unknown[0]), hint=hint)
                hint = "What happens to an error of create_all() here, and who hears of it?"
                return Told(saw=f"{evidence.saw}; no CREATE TABLE was sent", where=file.at(handler), hint=hint)
    return None


def _names_of_nothing(file: File, node: ast.Try | ast.With) -> list[ast.Name]:
    """Names in a block that this file gives to nothing."""
    known = {each.id for each in file.nodes if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)}
    for each in file.nodes:
        if isinstance(each, ast.Import | ast.ImportFrom):
            known |= {(one.asname or one.name).partition(".")[0] for one in each.names}
        known |= {each.arg} if isinstance(each, ast.arg) else {getattr(each, "name", None) or ""}
    if "*" in known:
        return []
    names = [each for one in node.body for each in ast.walk(one) if isinstance(each, ast.Name)]
    return [each for each in names if each.id not in known and not hasattr(builtins, each.id)]


@reading("create_all() for some tables only", _AT_START)
def tables_listed(evidence: Evidence) -> Told | None:
    """With tables= create_all() makes the tables of this list, and no other."""
    for file in evidence.source.files():
        for call in file.calls("create_all"):
            option = keyword(call, "tables") or next(iter(call.args[1:2]), None)
            option = None if text_of(option) == "None" else option
            refused = evidence.raised_kind("TypeError", "AttributeError")
            refused = refused if refused and refused.message.partition("\n")[0] in evidence.saw else None
            if option is not None and refused and _is_no_list_of_tables(evidence, file, option):
                hint = "create_all() wants a list of tables here, if any. What is this?"
                if models := [name_of(each) for each in inside(option) if evidence.source.class_(name_of(each))]:
                    hint = f"create_all() wants a list of tables here, if any. What is {models[0]}?"
                return Told(saw=f"{evidence.saw}: tables is {text_of(option)}", where=file.at(call), hint=hint)
            if option is not None:
                which = f"in '{option.id}'" if isinstance(option, ast.Name) else "of this list"
                hint = f"create_all() makes the tables {which} only."
                made = _where_it_is_made(evidence, file, option)
                early = _filled_before_the_models(evidence, made or (file, option))
                if early is not None:
                    hint += " What is in it when this line runs, and which models have been imported by then?"
                elif made is not None:
                    hint += " What is in it on a new database?"
                place = early or made or (file, option)
                return Told(where=place[0].at(place[1]), hint=hint)
    return None


def _is_no_list_of_tables(evidence: Evidence, file: File, option: ast.expr) -> bool:
    """Whether a list of tables holds models or texts, or is no list."""
    bound = evidence.source.bound(option.id, file) if isinstance(option, ast.Name) else None
    value = getattr(bound[1], "value", option) if bound else option
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return any(isinstance(each, ast.Constant) or evidence.source.class_(name_of(each)) for each in value.elts)
    model = isinstance(value, ast.Name) and evidence.source.class_(value.id) is not None
    return model or isinstance(value, ast.Constant) or name_of(value) == "__table__"


def _filled_before_the_models(evidence: Evidence, place: tuple[File, ast.AST]) -> tuple[File, ast.AST] | None:
    """The line of a module's own, or the default of a function, that lists the metadata's tables when its file is
    imported, and that is before a model has been."""
    file, node = place
    around = [each for each in file.functions if node in ast.walk(each)]
    for name in [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]:
        default = defaults_of(around[-1]).get(name) if around else None
        if default is not None and _lists_the_tables(evidence, file, default):
            node = default
            break
        bound = evidence.source.bound(name, file)
        if bound is not None and _lists_the_tables(evidence, *bound):
            file, node = bound
            break
    at_import = node in file.tree.body or any(node in defaults_of(each).values() for each in file.functions)
    if not at_import or not _lists_the_tables(evidence, file, node):
        return None
    line = getattr(node, "lineno", 0)
    imports = [each for each in file.nodes if isinstance(each, ast.Import | ast.ImportFrom) and each.lineno < line]
    models = any("models" in text_of(each) for each in imports)
    models = models or any("__tablename__" in text_of(each) and each.lineno < line for each in file.classes)
    return None if models else (file, node)


def _lists_the_tables(evidence: Evidence, file: File, node: ast.AST) -> bool:
    """Whether a line takes the tables out of the metadata, by itself or by the function that it calls."""
    value = getattr(node, "value", node)
    made = evidence.source.decides(file, value, evidence.given)[1] if isinstance(value, ast.expr) else value
    return re.search(r"\.(sorted_)?tables\b", text_of(made)) is not None


def _where_it_is_made(evidence: Evidence, file: File, value: ast.expr) -> tuple[File, ast.AST] | None:
    """Where a list gets what it holds: the condition under which something is put in, or what gives it its name."""
    name = value.id if isinstance(value, ast.Name) else ""
    around = [each for each in file.functions if value in ast.walk(each)]
    within = inside(around[-1]) if around and name else []
    for node in within:
        if isinstance(node, ast.If) and any(text_of(each.func) == f"{name}.append" for each in calls(node, "append")):
            return file, node
    for node in within:
        if isinstance(node, ast.Assign) and name_of(node.targets[0]) == name:
            return file, node
    default = defaults_of(around[-1]).get(name) if around and name else None
    if default is not None:
        return file, default
    return evidence.source.bound(name, file) if name else None


@reading("tables without their indexes", _AT_START)
def created_without_indexes(evidence: Evidence) -> Told | None:
    """CREATE TABLE makes a table and no index: create_all() and Table.create() send a CREATE INDEX as well."""
    if not evidence.saw.startswith("the table after the start has no index"):
        return None
    why = "Without an index the database reads the whole table for every search by name."
    for file in evidence.source.files():
        for call in file.calls("CreateTable"):
            hint = "CreateTable makes the table and no more. Who makes what belongs to it?"
            return Told(where=file.at(call), hint=hint, why=why)
    for event in evidence.events_of("CREATE TABLE items"):
        if event.where and not calls(evidence.source.file(event.where.rpartition(":")[0]).tree, "create_all", "create"):
            hint = "This makes the table and no more. Who makes what belongs to it?"
            return Told(where=event.where, hint=hint, why=why)
    return None


@reading("a function that nobody calls", _AT_START)
def never_called(evidence: Evidence) -> Told | None:
    """A function that is only written creates nothing."""
    if evidence.raised or evidence.sent("CREATE TABLE"):
        return None
    lifespan = _lifespan(evidence.source.file(_MAIN))
    for file in evidence.source.files():
        for node in file.functions:
            if not calls(node, "create_all") or node is lifespan or node.decorator_list:
                continue
            named = [
                each
                for other in evidence.source.files()
                for each in other.nodes
                if isinstance(each, ast.Name | ast.Attribute) and name_of(each) == node.name
            ]
            if not named:
                where = (evidence.source.file(_MAIN), lifespan) if lifespan is not None else (file, node)
                return Told(
                    saw=f"{evidence.saw}; {node.name}() in {file.name} would create them, and nobody calls it",
                    where=where[0].at(where[1]),
                    hint="Who runs when the app starts, and what does it do before its yield?",
                )
    return None


_LATER = "Thread", "Timer", "submit", "call_later", "call_soon", "add_task", "run_in_executor", "to_thread"


_PLANS = "create_task", "ensure_future", "run_coroutine_threadsafe"


def _creates(node: ast.AST) -> bool:
    """Whether a function calls create_all(), or hands it on."""
    return any(isinstance(each, ast.Attribute) and each.attr == "create_all" for each in inside(node))


def _is_awaited(file: File, name: str) -> bool:
    """Whether something awaits what a function gives back."""
    return any(isinstance(each, ast.Await) and calls(each, name) for each in file.nodes)


def _is_handed(call: ast.Call, name: str) -> bool:
    """Whether a call gets a function itself, by its name."""
    return any(name_of(each) == name for each in [*call.args, *(one.value for one in call.keywords)])


_NOT_AWAITED = "Calling an async function only makes a coroutine; somebody has to await it."


@reading("the tables are created too early or too late", _AT_START)
def created_at_another_moment(evidence: Evidence) -> Told | None:
    """A request may come right after the start, so the tables must be there before it."""
    file = evidence.source.file(_MAIN)
    for place, call, function in evidence.source.unawaited(evidence.given):
        chain = evidence.source.reached(place, function, evidence.given)
        if place.function_at(call.lineno) and any(_creates(node) for _, node in chain):
            saw = f"{evidence.saw.partition('; ')[0]}; {function.name}() had not run"
            return Told(saw=saw, where=place.at(call), hint=_NOT_AWAITED)
    for node in file.functions:
        events = [text_of(each) for each in node.decorator_list]
        if not _creates(node) or _is_a_lifespan(node):
            continue
        started = [each for each in node.decorator_list if re.search("on_event.*startup", text_of(each))]
        if started:
            hint = "An app that has a lifespan does not run its startup events."
            return Told(saw=f"{evidence.saw}; {node.name}() had not run", where=file.at(started[0].lineno), hint=hint)
        if any("shutdown" in each for each in events):
            hint = "This runs when the app stops."
        elif any("middleware" in each for each in events) or (file.lines and "dependencies" in "".join(file.lines)):
            hint = "This runs with a request. What runs once, before the first one?"
        elif isinstance(node, ast.AsyncFunctionDef):
            planned = [call for call in file.calls(*_PLANS) if calls(call, node.name)]
            if planned:
                saw = f"{evidence.saw.partition('; ')[0]}; {node.name}() ran only after the start"
                hint = (
                    f"{name_of(planned[0])}() only plans the work for later. How does the start wait until it is done?"
                )
                return Told(saw=saw, where=file.at(planned[0]), hint=hint)
            if _is_awaited(file, node.name):
                continue
            hint = _NOT_AWAITED
        elif handed_on := [call for call in file.calls(*_LATER) if _is_handed(call, node.name)]:
            if evidence.events and "does not wait for" not in evidence.saw:
                continue
            saw = f"{evidence.saw.partition('; ')[0]}; {node.name}() ran only after the start"
            hint = "This starts the work, and goes on at once. How does the start wait until it is done?"
            return Told(saw=saw, where=file.at(handed_on[0]), hint=hint)
        else:
            continue
        handed = [each for each in file.calls("Depends") if each.args and name_of(each.args[0]) == node.name]
        where = file.at(handed[0]) if handed else file.at(node)
        return Told(saw=f"{evidence.saw}; {node.name}() had not run", where=where, hint=hint)
    later = file.calls("Thread", "Timer", "submit") if "does not wait for" in evidence.saw else []
    named = any(isinstance(each, ast.Attribute) and each.attr == "create_all" for each in file.nodes)
    if len(later) == 1 and not named:  # by SQL of its own, perhaps
        hint = "This starts the work, and goes on at once. How does the start wait until it is done?"
        return Told(where=file.at(later[0]), hint=hint)
    return None


@reading("nobody creates the tables", _AT_START, "the_rest_still_works")
def nobody_creates(evidence: Evidence) -> Told | None:
    """Models only describe tables. Some line of the app must create them."""
    if any(file.calls("create_all", "create", "CreateTable", "upgrade") for file in evidence.source.files()):
        return None
    for file in evidence.source.files():
        for each in file.nodes:
            if isinstance(each, ast.Attribute) and each.attr == "create_all":
                hint = "This hands the function on. Who calls it, and when? The first request may come at once."
                planned = [call for call in file.calls(*_PLANS) if each in ast.walk(call)]
                if planned:
                    hint = f"{name_of(planned[0])}() only plans the work for later. "
                    hint += "How does the start wait until it is done?"
                late = "they are created by code that the start does not wait for"
                later = any(each in ast.walk(call) for call in file.calls(*_LATER)) and late not in evidence.saw
                saw = "" if evidence.events or evidence.raised or not later else f"{evidence.saw}; {late}"
                return Told(saw=saw, where=file.at(each), hint=hint)
    if "they are created by code" in evidence.saw:  # by SQL of its own
        return None
    for each_file in evidence.source.files():
        for call in each_file.calls("reflect"):
            hint = "reflect() reads which tables the database has. What creates those that it does not have?"
            return Told(where=each_file.at(call), hint=hint)
    file = evidence.source.file(_MAIN)
    node = _lifespan(file)
    within = [*ast.walk(node)] if node is not None else []
    empty: list[ast.AST] = [each for each in within if isinstance(each, ast.Pass)]
    empty += [each for each in within if isinstance(each, ast.Yield)]
    return Told(
        saw=f"{evidence.saw}; create_all() is not called anywhere",
        where=file.at(empty[0] if empty else node or 1),
        hint="Models only describe tables. What does the app do before the yield of its lifespan?",
    )


# -- the next start -----------------------------------------------------------------------------------


@reading("data is deleted when the app starts or stops", _RESTART)
def deleted_at_the_start(evidence: Evidence) -> Told | None:
    """What an app throws away when it starts or stops is gone for good."""
    hint = "This runs at every start, or at every stop. What happens to the stored rows then?"
    for event in (*evidence.earlier, *evidence.events):
        if event.what.upper().startswith(("DELETE", "DROP", "SQL DROP", "SQL TRUNCATE")) and event.where:
            where, name = event.where, event.where.rpartition(":")[0]
            around = evidence.source.function(evidence.source.function_of(where), name)
            deleting = calls(around[1], "delete", "drop_all", "drop") if around else []
            if deleting and not re.search("delete|drop|truncate", evidence.source.line(where), re.IGNORECASE):
                where = f"{name}:{deleting[0].lineno}"  # it was sent with a flush or a commit
            line = int(where.rpartition(":")[2])
            yields = [each.lineno for each in inside(around[1]) if isinstance(each, ast.Yield)] if around else []
            if yields:
                moment = "stop" if line > yields[0] else "start"
                hint = f"This runs at every {moment}. What happens to the stored rows then?"
            within = [each for each in inside(around[1]) if isinstance(each, ast.If)] if around else []
            stops = [each for each in inside(around[1]) if isinstance(each, ast.Yield)] if around else []
            if stops and stops[0].lineno < line:
                hint = "This runs each time the app stops. What happens to the stored rows then?"
            if any(each.body[0].lineno <= line <= (each.body[-1].end_lineno or 0) for each in within):
                hint = "When does this run, and what happens to the stored rows then?"
            sent = [each.what for each in (*evidence.earlier, *evidence.events) if each.where == event.where]
            told = next((what for what in sent if what.endswith(" items")), event.what)
            seen = "the item is gone" if evidence.saw == "the item: NULL" else evidence.saw
            return Told(saw=f"{seen}: the app sent {told}", where=where, hint=hint)
    for file in evidence.source.files():
        for call in file.calls("rename", "renames", "replace", "move"):
            of_os = bool(re.match(r"(os|shutil)\.", text_of(call.func)))  # str.replace() takes two texts
            of_a_path = isinstance(call.func, ast.Attribute) and len(call.args) == 1 and name_of(call) != "move"
            if of_os or of_a_path:
                saw = f"{evidence.saw.partition(' after the restart')[0]}: the database's file was renamed"
                return Told(saw=saw, where=file.at(call), hint="Where is the old file after this line?")
    for file in evidence.source.files():
        for call in file.calls("unlink", "remove", "rmtree", "truncate", "write_bytes", "write_text", "open"):
            mode = keyword(call, "mode") or next(iter(call.args[isinstance(call.func, ast.Name) :]), None)
            if name_of(call) == "open" and not text_of(mode).startswith(("'w", "'x")):
                continue
            if re.match(r"(os|shutil)\.|.*\.(unlink|write_bytes|write_text|open)$|open$", text_of(call.func)):
                saw = f"{evidence.saw}: the code calls {text_of(call.func)}()"
                if not file.function_at(call.lineno):
                    hint = "This runs whenever the file is imported, at each start. What happens to the rows then?"
                return Told(saw=saw, where=file.at(call), hint=hint)
    return None


@reading("rows that are written at every start", _RESTART)
def written_at_every_start(evidence: Evidence) -> Told | None:
    """What an app writes when it starts, it writes at every start: it overwrites later changes, or adds rows again."""
    sent = [each for each in evidence.events_of("INSERT items", "UPDATE items") if each.where]
    if not sent or not evidence.saw.startswith("after the restart "):
        return None
    changing = [each for each in sent if each.what.startswith("UPDATE") == (" before, " in evidence.saw)]
    sent, where = changing or sent, (changing or sent)[-1].where
    name = where.rpartition(":")[0]
    around = evidence.source.function(evidence.source.function_of(where), name)
    writing = calls(around[1], "merge", "add", "add_all") if around else []
    if len(writing) == 1 and re.search(r"commit|flush|begin|with ", evidence.source.line(where)):
        where = f"{name}:{writing[0].lineno}"
    hint = "This runs at every start. What does it do to rows that were changed since the first one?"
    if " another row" in evidence.saw:
        hint = "This runs at every start. What should it do where the table has rows already?"
    return Told(saw=f"{evidence.saw}: the app sent {sent[-1].what}", where=where, hint=hint)


@reading("CREATE TABLE for a table that exists", _RESTART)
def created_again(evidence: Evidence) -> Told | None:
    """At the second start the tables are already there. create_all() checks first, and creates only what is missing."""
    if "already exists" not in evidence.saw:
        return None
    hint = "At the second start the table is there already. What makes this line create it all the same?"
    sent = [event for event in evidence.events_of("CREATE TABLE items") if event.where]
    for file, guard in [place for each in evidence.source.files() for place in _guards_of_the_creation(each)]:
        saw = f"{evidence.saw}; '{text_of(guard.test)}' did not keep the app from creating it once more"
        hint = "At the second start the table items is there. What does this line ask for, letter by letter?"
        return Told(saw=saw, where=file.at(guard), hint=hint)
    for file in evidence.source.files():
        for call in file.calls("create_all", "create"):
            option = keyword(call, "checkfirst")
            if option is not None:
                return Told(where=file.at(option), hint=hint)
    return Told(where=sent[-1].where, hint=hint) if sent else None


def _guards_of_the_creation(file: File) -> list[tuple[File, ast.If]]:
    """The conditions that are to keep tables from being created again: they ask which tables are there."""
    found: list[tuple[File, ast.If]] = []
    for function in file.functions:
        for call in calls(function, "create_all", "create", "CreateTable"):
            for node in [each for each in inside(function) if isinstance(each, ast.If)]:
                names = {name_of(each) for each in ast.walk(node.test)}
                given = [
                    text_of(each.value)
                    for each in inside(function)
                    if isinstance(each, ast.Assign) and name_of(each.targets[0]) in names
                ]
                asks = re.search(r"has_table|get_table_names|sqlite_master", " ".join([text_of(node.test), *given]))
                leaves = node.lineno < call.lineno and any(
                    isinstance(each, ast.Return | ast.Continue) for each in node.body
                )
                if asks and (call in ast.walk(node) or leaves):
                    found.append((file, node))
    return found
