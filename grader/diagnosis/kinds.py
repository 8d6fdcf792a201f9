"""In the child: mistakes in what becomes of an event's kind on its way to the task: in its schema, or in a call."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Mapping

from grader.diagnosis.bodies import schema_of_body
from grader.diagnosis.endpoints import behind
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.schemas import field_in
from grader.diagnosis.source import (
    File,
    Function,
    always_returns,
    arguments_of,
    calls,
    decorators,
    inside,
    name_of,
    text_of,
)

_WRITTEN, _ANSWERS, _BAD = "event_is_written", "answers_202", "bad_body_is_422"
_VALIDATORS = "field_validator", "model_validator", "validator", "root_validator"
_IN_A_TYPE = "AfterValidator", "BeforeValidator", "PlainValidator", "WrapValidator"
_TURNS = {
    "upper": ("upper", "to_upper"),
    "lower": ("lower", "casefold", "to_lower"),
    "title": ("title",),
    "capitalize": ("capitalize",),
}
_OF_TEXTS = (
    "encode",
    "replace",
    "translate",
    "removeprefix",
    "removesuffix",
    "lstrip",
    "rstrip",
    "swapcase",
    "casefold",
)
_MAKES = "What does this do with the kind that was sent?"
_THEN = "What a validator returns is the value from then on."


def kinds_sent(evidence: Evidence) -> list[str]:
    """The kinds that were sent with the requests of the story, in their order."""
    sent = re.compile(r"""/events \{'kind': ('[^']*'|"[^"]*")\}""")
    return [kind[1:-1] for line in evidence.did for kind in sent.findall(line)]


def kinds_written(evidence: Evidence) -> list[object]:
    """The kinds in the INSERTs that were sent, in their order, where each was for one row."""
    found: list[object] = []
    for event in evidence.events_of("INSERT item_events"):
        values = event.parameters
        named = re.search(r"\((.*?)\)", event.sql)
        columns = re.findall(r"\w+", named[1]) if named else []
        if isinstance(values, dict) and "kind" in values:
            found.append(values["kind"])
        elif isinstance(values, tuple | list) and "kind" in columns and len(values) >= len(columns):
            found.append(values[columns.index("kind")])
    return found


def _field(evidence: Evidence) -> tuple[File, ast.stmt] | None:
    return field_in(evidence, schema_of_body(evidence), "kind")


def _validators(evidence: Evidence) -> list[tuple[File, Function]]:
    """The functions by which the schema of the body validates the kind, or all of it."""
    found: list[tuple[File, Function]] = [
        (file, method)
        for file, node in evidence.source.ancestry(schema_of_body(evidence))
        for method in node.body
        if isinstance(method, ast.FunctionDef) and any(name in _VALIDATORS for name, _ in decorators(method))
    ]
    field = _field(evidence)
    said = _with_alias(evidence, *field) if field else []
    return [*found, *(one for each in said for one in validators_in(evidence, each))]


def validators_in(evidence: Evidence, said: ast.AST) -> list[tuple[File, Function]]:
    """The functions of the learner's by which a type validates, ``AfterValidator(check)``."""
    named = [evidence.source.function(name_of(call.args[0])) for call in calls(said, *_IN_A_TYPE) if call.args]
    return [each for each in named if each is not None and each[0].name not in evidence.given]


def _with_alias(evidence: Evidence, file: File, field: ast.stmt) -> list[ast.stmt]:
    """The line of a field, and those that give the names of its type their values."""
    names = {each.id for each in ast.walk(field) if isinstance(each, ast.Name)} - {"str"}
    bound = [evidence.source.bound(name, file) for name in sorted(names)]
    return [field, *(each[1] for each in bound if each is not None and each[0].name not in evidence.given)]


@reading("the kind gets lost in a validator", _WRITTEN, _ANSWERS, _BAD)
def kind_lost_in_a_validator(evidence: Evidence) -> Told | None:
    """The field gets what its validator returns: without a return this is None."""
    lost = bool(kinds_written(evidence)) and set(kinds_written(evidence)) == {None}
    whole = re.search(r"'NoneType' object has no attribute '(kind|model_dump)'", evidence.saw)
    unshown = re.search(r"Unable to serialize unknown type: <class '(builtin_function_or_)?method'>", evidence.saw)
    for file, method in _validators(evidence) if lost or whole or unshown else ():
        returned = [each for each in inside(method) if isinstance(each, ast.Return) and each.value is not None]
        bare = [each for each in returned if isinstance(each.value, ast.Attribute)]
        if unshown and bare:
            hint = f"{_THEN} Is this a text, or what makes one?"
            return Told(saw=f"{evidence.saw}: kind is not a text", where=file.at(bare[0]), hint=hint)
        of_the_whole = any(name in ("model_validator", "root_validator") for name, _ in decorators(method))
        if not unshown and not always_returns(method.body) and bool(whole) == of_the_whole:
            saw = "the kind became None on its way through the schema" if lost else f"{evidence.saw}: the body is None"
            when = "in each case" if returned else "for a good value"
            hint = f"{_THEN} What does this one return {when}?"
            why = "What the client sent has to reach the task as it is." if lost else ""
            return Told(saw=saw, where=file.at(method), hint=hint, why=why)
    return None


@reading("the schema changes the kind that was sent", _WRITTEN)
def kind_made_another(evidence: Evidence) -> Told | None:
    """The kind is recorded as the client sent it; large letters are not small ones."""
    sent, written = kinds_sent(evidence), kinds_written(evidence)
    if not sent or evidence.raised or not all(isinstance(each, str) for each in written):
        return None
    for turn, names in _TURNS.items():
        if sent == written or written != [getattr(each, turn)() for each in sent]:
            continue
        field = _field(evidence)
        places: list[tuple[File, ast.AST]] = [*behind(evidence), *_validators(evidence)]
        places += [(field[0], each) for each in _with_alias(evidence, *field)] if field else []
        task = evidence.source.function("record_event", "app/tasks.py")
        for file, node in [*places, *([task] if task else [])]:
            for each in ast.walk(node):
                turned = isinstance(each, ast.Attribute) and each.attr in names
                told = isinstance(each, ast.keyword) and each.arg in names and text_of(each.value) == "True"
                if turned or told:
                    first, other = next(pair for pair in zip(sent, written, strict=True) if pair[0] != pair[1])
                    saw = f"{first!r} was sent, and {other!r} was written"
                    return Told(saw=saw, where=file.at(each), hint=_MAKES)
    return _made_by_a_method(evidence, sent, written)


def _made_by_a_method(evidence: Evidence, sent: list[str], written: list[object]) -> Told | None:
    """The one place where a method of texts, or a part of it, takes the place of the kind."""
    pairs = [pair for pair in zip(sent, written, strict=False) if pair[0] != pair[1]]
    task = evidence.source.function("record_event", "app/tasks.py")
    places = [*behind(evidence), *_validators(evidence), *([task] if task else [])]
    found = {file.at(each): pairs for file, node in places for each in ast.walk(node) if _makes_another(each)}
    if len(sent) != len(written) or len(found) != 1 or not pairs:
        return None
    saw = f"{pairs[0][0]!r} was sent, and {pairs[0][1]!r} was written"
    return Told(saw=saw, where=next(iter(found)), hint=_MAKES)


def _makes_another(node: ast.AST) -> bool:
    part = node.slice if isinstance(node, ast.Subscript) else None
    cut = isinstance(part, ast.Slice) and isinstance(part.upper, ast.Constant) and not (part.lower or part.step)
    called = node.func if isinstance(node, ast.Call) else None
    turned = isinstance(called, ast.Attribute) and called.attr in _OF_TEXTS
    turned = turned or (isinstance(node, ast.keyword) and node.arg == "kind" and isinstance(node.value, ast.Call))
    return (cut or turned) and re.search(r"\bkind\b", text_of(node)) is not None


@reading("a field with another name than what is sent", _ANSWERS, _WRITTEN)
def field_of_another_name(evidence: Evidence) -> Told | None:
    """A schema takes from the body what has the name of one of its fields."""
    missing = re.search(r'422 .*"type":"missing","loc":\["body","(\w+)"\]', evidence.saw)
    field = field_in(evidence, schema_of_body(evidence), missing[1]) if missing and missing[1] != "kind" else None
    if field is None or _field(evidence) is not None:
        return None
    return Told(where=field[0].at(field[1]), hint="The client sends a kind. Which name does this field have?")


@reading("a field that nobody asked for, in the body of an event", _WRITTEN, _ANSWERS, _BAD)
def event_field_too_many(evidence: Evidence) -> Told | None:
    """A field without a default has to be sent, and nobody sends one that was not asked for."""
    missing = re.findall(r'"type":"missing","loc":\["body","(\w+)"\]', evidence.saw)
    field = field_in(evidence, schema_of_body(evidence), missing[0]) if missing else None
    if field is None or missing[0] == "kind" or _field(evidence) is None:
        return None
    of_the_path = "the path has it" if missing[0] in ("item_id", "id") else "the task sheet does not name it"
    hint = f"Nobody sends '{missing[0]}' in the body: {of_the_path}. Does the body need this field?"
    return Told(where=field[0].at(field[1]), hint=hint)


@reading("a kind that the task sheet allows is refused", _WRITTEN, _ANSWERS)
def kind_refused(evidence: Evidence) -> Told | None:
    """A kind is any text of 1 to 50 characters, not one of a list."""
    if not re.search(r'\b422 .*"loc":\["body","kind"\]', evidence.saw):
        return None
    answers = [event.what for event in evidence.events_of("ANSWER")]
    sent, field = kinds_sent(evidence), _field(evidence)
    if "ANSWER 422" not in answers or len(answers) != len(sent) or field is None or evidence.raised:
        return None
    saw = f"{evidence.saw.partition('; 422')[0]}; {sent[answers.index('ANSWER 422')]!r} was answered with 422"
    hint = "Which kinds does the task sheet allow, and which does this?"
    file, place = field[0], _raise_of_a_validator(evidence) or field[1]
    if evidence.rule != _ANSWERS:
        return Told(saw=saw, where=file.at(place), hint=hint)
    why = "The kind says what happened to an item, in the client's own words. 202 means: this will be done."
    said = re.search(r'"msg":"(.*?)"[,}]', evidence.saw)
    saw = f"the kind {sent[-1]!r} was answered with 422{f': {said[1]}' if said else ''}"
    return Told(
        saw=saw, wanted="202: the kind is a text of 1 to 50 characters", where=file.at(place), hint=hint, why=why
    )


def _raise_of_a_validator(evidence: Evidence) -> ast.stmt | None:
    """The one line of the validators that raises, where a validator refused the kind."""
    own = [each for each in _validators(evidence) if "value_error" in evidence.saw]
    raising = [each for _, node in own for each in ast.walk(node) if isinstance(each, ast.Raise | ast.Assert)]
    return raising[0] if len(raising) == 1 else None


@reading("a comma that makes the default a tuple", _BAD, _ANSWERS)
def default_is_a_tuple(evidence: Evidence) -> Told | None:
    """What stands behind the = of a field is its default. With a comma it is a tuple, and none of it is a rule."""
    field = _field(evidence)
    value = getattr(field[1], "value", None) if field else None
    if field is None or not isinstance(value, ast.Tuple):
        return None
    saw = f"{evidence.saw}; the default of kind is a tuple"
    hint = "The comma makes a tuple of what follows the =. What is the default here, and where do the rules belong?"
    return Told(saw=saw, where=field[0].at(field[1]), hint=hint)


# -- the call -----------------------------------------------------------------------------------------


@reading("the endpoint hides the task", _WRITTEN)
def task_hidden(evidence: Evidence) -> Told | None:
    """Two things in a file have the same name: the later one is meant, and the task is out of reach."""
    handed = [(file, call) for file, node in behind(evidence) for call in calls(node, "add_task") if call.args]
    for file, call in handed if any("missing" in each.message for each in evidence.raised) else ():
        name = text_of(call.args[0])
        imports = [each for each in file.tree.body if isinstance(each, ast.ImportFrom)]
        imported = any(name == (each.asname or each.name) for node in imports for each in node.names)
        defined = [each for each in file.tree.body if isinstance(each, Function) and each.name == name]
        if imported and defined:
            hint = f"The file imports {name}, and this line defines another one. Which of the two does add_task get?"
            return Told(where=file.at(defined[0]), hint=hint)
    return None


@reading("add_task is not given a function", _WRITTEN)
def task_is_no_function(evidence: Evidence) -> Told | None:
    """add_task takes the function itself first, and calls it later."""
    crashed = any("the first argument must be callable" in each.message for each in evidence.raised)
    for file, call in [(file, call) for file, node in behind(evidence) for call in calls(node, "add_task")]:
        first = call.args[0] if call.args else None
        if crashed and isinstance(first, ast.Constant) and isinstance(first.value, str):
            return Told(where=file.at(call), hint="In quotes it is a text. What does add_task call?")
        if crashed and first is not None and name_of(first) != "record_event":
            return Told(where=file.at(call), hint="add_task calls what stands first. What is that here?")
    return None


@reading("tasks that are added to the class itself", _ANSWERS, _WRITTEN)
def tasks_of_the_class(evidence: Evidence) -> Told | None:
    """Each request has its own list of tasks, an object: the class itself holds none."""
    crashed = any(
        "super(type, obj)" in each.message or "missing 1 required" in each.message for each in evidence.raised
    )
    for file, call in [(file, call) for file, node in behind(evidence) for call in calls(node, "add_task")]:
        if crashed and isinstance(call.func, ast.Attribute) and text_of(call.func.value) == "BackgroundTasks":
            hint = "BackgroundTasks is the class. Which parameter has the tasks of this request?"
            return Told(where=file.at(call), hint=hint)
    return None


@reading("record_event asks for more than it is handed", _WRITTEN)
def task_asks_for_more(evidence: Evidence) -> Told | None:
    """FastAPI finds out what endpoints and dependencies ask for. A task gets what add_task is given."""
    missing = [re.search(r"record_event\(\) missing \d .*: '(\w+)'", each.message) for each in evidence.raised]
    asked = next((each[1] for each in missing if each), "")
    found = evidence.source.function("record_event", "app/tasks.py") if asked not in ("", "item_id", "kind") else None
    if found is None:
        return None
    hint = f"FastAPI finds a '{asked}' for an endpoint. Who calls this function, and with what?"
    return Told(where=found[0].at(found[1]), hint=hint)


@reading("add_task is not given each argument by itself", _WRITTEN)
def arguments_in_one(evidence: Evidence) -> Told | None:
    """add_task takes the function and then its arguments, one by one, as in a call."""
    unfit = re.compile(r"record_event\(\) (missing \d|got an unexpected keyword argument 'k?w?args')")
    missing = any(unfit.search(each.message) for each in evidence.raised)
    for file, node, call in [(*each, call) for each in behind(evidence) for call in calls(each[1], "add_task")]:
        if not missing or not call.args or name_of(call.args[0]) != "record_event":
            continue
        if any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
            continue
        together = [each for each in call.args[1:] if isinstance(_given_a_name(node, each), _SEVERAL)]
        hint = "record_event takes an id and a kind. What does this line hand over?"
        if together or any(each.arg in ("args", "kwargs") for each in call.keywords):
            hint = "add_task takes the arguments one by one, as a call does. How many does record_event get from this?"
        return Told(where=file.at(call), hint=hint)
    return None


_SEVERAL = ast.Tuple | ast.List | ast.Dict


def _given_a_name(function: Function, value: ast.expr) -> ast.expr:
    """What a variable was made of in a function, where that is one thing; any other value itself."""
    assigned = [each for each in inside(function) if isinstance(each, ast.Assign) and name_of(each.targets[0])]
    found = [each.value for each in assigned if text_of(each.targets[0]) == text_of(value)]
    return found[0] if len(found) == 1 and isinstance(value, ast.Name) else value


_REFUSED = "IntegrityError", "DataError", "ProgrammingError", "InterfaceError", "StatementError"


@reading("other values than those that record_event takes", _WRITTEN)
def arguments_unfit(evidence: Evidence) -> Told | None:
    """A star passes on what a loop over a value gives: the names of a dictionary, the letters of a text. And each name
    of an argument needs the value that goes with it."""
    sent, written = kinds_sent(evidence), kinds_written(evidence)
    unfit = any(re.search(r"record_event\(\) (takes|missing|got)", each.message) for each in evidence.raised)
    unfit = unfit or evidence.raised_kind(*_REFUSED) is not None or bool(written and sent and written != sent)
    for file, node, call in [(*each, call) for each in behind(evidence) for call in calls(each[1], "add_task")]:
        saw = evidence.saw
        if written and sent and isinstance(written[0], str) and written != sent:
            saw = f"record_event was handed the kind {written[0]!r}; the client sent {sent[0]!r}"
        starred = [each.value for each in call.args if isinstance(each, ast.Starred)]
        for value in starred if unfit else ():
            if not isinstance(_given_a_name(node, value), ast.Tuple | ast.List):
                hint = "The star hands on what a loop over this value gives, one by one. What does such a loop give?"
                return Told(saw=saw, where=file.at(call), hint=hint)
        given = {each.arg: text_of(each.value) for each in call.keywords}
        if unfit and given.get("kind", "").endswith("id") and given.get("item_id", "").endswith("kind"):
            return Told(saw=saw, where=file.at(call), hint="Which value goes with which of these names?")
    return None


# -- how long a kind is -------------------------------------------------------------------------------

_SENT = re.compile(r"""["']kind["']: (?:["'](.*?)(?:["'](?: \* (\d+))?|(\.\.\.$))|null)""")  # a very long one is cut
_LONG = 25


@reading("a condition that lets a kind through", _BAD)
def kind_let_through(evidence: Evidence) -> Told | None:
    """A validator refuses what its condition is true for. ``1 > length > 50`` looks right, but is never true."""
    accepted = accepted_all_the_same(evidence)
    told = "".join(evidence.did[-1:])
    sent = _SENT.search(told) if accepted or evidence.saw.startswith("202") else None
    if sent is None or sent[1] is None:
        return None
    missed: list[tuple[int, str]] = []
    field = _field(evidence)
    bounds = " ".join(map(text_of, _with_alias(evidence, *field))) if field else ""
    for validator in _validators(evidence):
        for file, node in evidence.source.reached(*validator, evidence.given):
            stripped = sent[1].strip() if re.search(r"strip\b", text_of(node)) else sent[1]
            size = _LONG * 40 if sent[3] else int(sent[2]) if sent[2] else len(stripped)
            bound = 50 if size > _LONG else 1
            for test in _not_refusing(file, node, size):
                said = [each.value for each in ast.walk(test) if isinstance(each, ast.Constant)]
                numbers = [each for each in said if isinstance(each, int)]
                about_it = any((each > _LONG) == (size > _LONG) for each in numbers)
                if about_it or ("max_length" if size > _LONG else "min_length") not in bounds:
                    missed.append((min([abs(each - bound) for each in numbers], default=bound), file.at(test)))
    if not missed:
        return None
    many = "more" if sent[3] else sent[2] or str(len(sent[1].strip()) or "none")
    hint = f"A kind has 1 to 50 characters, this one {many}. For which lengths is this condition true?"
    return Told(saw=accepted, where=min(missed)[1], hint=hint)


def accepted_all_the_same(evidence: Evidence) -> str:
    """What was seen, where the client had its 202 before the task crashed with what was sent; empty where it did not.

    So it goes on PostgreSQL, which refuses a text that is too long.
    """
    raised = evidence.raised[0] if evidence.raised else None
    if raised is None or not evidence.saw.startswith("a crash: ") or "ANSWER 202" not in evidence.timeline:
        return ""
    later = "" if "response already started" in raised.message else f"; the task then raised {raised.told}"
    return f"202: the client hears that this is accepted{later}"


def _not_refusing(file: File, node: Function, size: int) -> list[ast.expr]:
    """The conditions about a length in a function that do not refuse a text of this size, where that can be seen."""
    found: list[ast.expr] = []
    given = [(_names(each), each.value) for each in file.tree.body if isinstance(each, ast.Assign)]
    numbers = {name: one.value for names, one in given for name in names if isinstance(one, ast.Constant)}
    for each in inside(node):
        if isinstance(each, ast.Assert) and _value(node, each.test, size, numbers) is True:
            found.append(each.test)
        raises = isinstance(each, ast.If) and any(isinstance(one, ast.Raise) for one in each.body)
        if isinstance(each, ast.If) and raises and _value(node, each.test, size, numbers) is False:
            found.append(each.test)
    return [each for each in found if any(_is_a_length(node, one) for one in ast.walk(each))]


def _is_a_length(node: Function, value: ast.AST) -> bool:
    """Whether an expression is the length of something: ``len(kind)``, or a variable that has it."""
    if isinstance(value, ast.Name):
        given = [each.value for each in inside(node) if isinstance(each, ast.Assign) and _names(each) == [value.id]]
        return len(given) == 1 and _is_a_length(node, given[0])
    return isinstance(value, ast.Call) and name_of(value) == "len"


def _names(assigned: ast.Assign) -> list[str]:
    return [name_of(each) for each in assigned.targets]


def _value(node: Function, value: ast.expr, size: int, numbers: Mapping[str, object]) -> bool | int | None:
    """What an expression is for a text of this size: a number, or whether it is true; None where that is unclear.

    Args:
        node: the function.
        value: the expression.
        size: how long the text is.
        numbers: what has a name at the top of the module.
    """
    if _is_a_length(node, value):
        return size
    if isinstance(value, ast.Constant) and isinstance(value.value, int):
        return value.value
    if isinstance(value, ast.Name) and type(numbers.get(value.id)) is int:
        return int(str(numbers[value.id]))
    stripped = value.func.value if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) else None
    text = stripped if stripped is not None and name_of(value) == "strip" else value
    if isinstance(text, ast.Name) and text.id in arguments_of(node):
        return size > 0
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not):
        inner = _value(node, value.operand, size, numbers)
        return None if inner is None else not inner
    if isinstance(value, ast.BoolOp):
        parts = [_value(node, each, size, numbers) for each in value.values]
        every = all if isinstance(value.op, ast.And) else any
        return None if None in parts else every(bool(each) for each in parts)
    if isinstance(value, ast.Compare):
        sides = [_value(node, each, size, numbers) for each in (value.left, *value.comparators)]
        known = [each for each in sides if each is not None]
        compare = [_COMPARE.get(type(each)) for each in value.ops]
        if len(known) < len(sides) or None in compare:
            return None
        return all(by(left, right) for by, left, right in zip(compare, known, known[1:], strict=False) if by)
    return None


_COMPARE = {
    **{ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge},
    **{ast.Eq: operator.eq, ast.NotEq: operator.ne},
}
