"""In the child: mistakes in the schemas ``ItemCreate``, ``ItemUpdate`` and ``ItemRead``, wherever they are written."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import cast

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.endpoints import own_files
from grader.diagnosis.evidence import Evidence, Raised
from grader.diagnosis.late import set_from_outside
from grader.diagnosis.reading import TOO_STRICT, Told, an, reading, reading_of
from grader.diagnosis.source import (
    File,
    Function,
    Source,
    always_returns,
    arguments_of,
    calls,
    decorators,
    inside,
    keyword,
    name_of,
    options,
    passed_to,
    text_of,
)

_SCHEMA = re.compile(r"\b(ItemCreate|ItemUpdate|ItemRead)\b")
_CREATE = "create_needs_a_name", "create_description_is_optional", "lengths_match_the_table"
_UPDATE = "update_fields_are_optional", "update_rejects_null_name", "update_rejects_blank_name"
_READ = "read_accepts_an_orm_object", "read_hides_internal_fields"
_IGNORES_ID = "create_ignores_a_client_id"
_SENT = "update_knows_what_was_sent"
_ALL = *_CREATE, *_UPDATE, *_READ, _IGNORES_ID, _SENT
_CHANGED = (
    *(_SENT, *_CREATE, "read_accepts_an_orm_object", "update_fields_are_optional"),
    *("update_rejects_null_name", "update_rejects_blank_name"),
)
_IN_A_TYPE = "AfterValidator", "BeforeValidator", "PlainValidator", "WrapValidator"
_OTHER_TEXT = (
    *("lower", "upper", "casefold", "title", "capitalize", "swapcase", "replace", "translate", "normalize", "sub"),
    *("escape", "encode", "quote", "expandtabs", "ljust", "rjust", "center", "zfill"),
)
_VALIDATORS = "field_validator", "model_validator", "validator", "root_validator"


def _schema(evidence: Evidence) -> tuple[File, ast.ClassDef] | None:
    """The class that the story is about."""
    named = [found for line in evidence.did for found in _SCHEMA.findall(line)] + _SCHEMA.findall(evidence.saw)
    named = named or [re.split(r"[.(]", line)[0] for line in evidence.did[-1:]]
    return evidence.source.class_(named[-1]) if named else None


def field_in(evidence: Evidence, found: tuple[File, ast.ClassDef] | None, name: str) -> tuple[File, ast.stmt] | None:
    """The line that declares a field, in a class or in one that it inherits from."""
    for file, node in evidence.source.ancestry(found):
        for each in reversed(node.body):  # of two with one name the second counts
            targets = each.targets if isinstance(each, ast.Assign) else [getattr(each, "target", None)]
            if any(name_of(target) == name for target in targets if target is not None):
                return file, each
    return None


def _field(evidence: Evidence, name: str) -> tuple[File, ast.stmt] | None:
    """The line that declares a field of the class that the story is about."""
    return field_in(evidence, _schema(evidence), name)


def rules_of(evidence: Evidence, name: str) -> tuple[File, ast.stmt] | None:
    """Where it is said what a field may hold: at the name of its type, ``Name = Annotated[...]``, or at the field."""
    found = _field(evidence, name)
    if found is None:
        return None
    words = {name_of(each) for each in ast.walk(getattr(found[1], "annotation", found[1]))}
    for word in sorted(words - {name, ""}):
        place = evidence.source.bound(word, found[0])
        if place is not None and getattr(place[1], "value", None) is not None:
            return place
    return found


NOT_CALLED = "Pydantic does not call {}: a function in Annotated is only a note. What turns it into a validator?"


def function_alone(evidence: Evidence, file: File, rules: ast.AST) -> ast.Name | None:
    """A function of the learner's that stands beside a type in Annotated as it is: it is never called."""
    for one in [one for one in _said_of_a_type(rules) if isinstance(one, ast.Name)]:
        if evidence.source.function(one.id) is not None:
            return one
    return None


def _said_of_a_type(node: ast.AST) -> list[ast.expr]:
    """What stands behind the types of every ``Annotated[...]`` within a node."""
    annotated = [each for each in ast.walk(node) if isinstance(each, ast.Subscript)]
    tuples = [each.slice for each in annotated if name_of(each.value) == "Annotated"]
    return [one for each in tuples if isinstance(each, ast.Tuple) for one in each.elts[1:]]


def _validators(evidence: Evidence) -> list[tuple[File, Function]]:
    """The validators of the class, and of those that it inherits from."""
    inside_classes = [
        (file, method)
        for file, node in evidence.source.ancestry(_schema(evidence))
        for method in node.body
        if isinstance(method, ast.FunctionDef)
        and (method.name == "model_post_init" or any(name_of(each) in _VALIDATORS for each in method.decorator_list))
        and not _hidden_by(method)
    ]
    return inside_classes + [place for _, place in _annotated_validators(evidence)]


def _annotated_validators(evidence: Evidence) -> list[tuple[str, tuple[File, Function]]]:
    """The learner's functions that validate a field by its type, ``Annotated[str, AfterValidator(clean)]``."""
    found = []
    for field in ("name", "description"):
        places = [place for place in (_field(evidence, field), rules_of(evidence, field)) if place is not None]
        for place in places[: 1 if places[:1] == places[1:] else 2]:
            for file, node, by, _ in _types_behind(evidence, place):
                named = [call.args[0] if call.args else keyword(call, "func") for call in calls(node, *_IN_A_TYPE)]
                named += [one for each in named for one in _one_after_another(evidence, file, node, by, each)]
                functions = [_function_in(evidence, file, node, each) for each in named]
                found += [(field, each) for each in functions if each is not None and (field, each) not in found]
    return found


def _one_after_another(
    evidence: Evidence, file: File, node: ast.AST, by: ast.Call | None, named: ast.expr | None
) -> list[ast.expr]:
    """What a variable stands for by which a validator is named: what a loop goes through, or a call hands over.

    Args:
        evidence: what is known.
        file: the file of the type.
        node: what says what the type is: a statement, or the function that makes it.
        by: the call of this function.
        named: what names the validator, ``check`` of ``AfterValidator(check)``.
    """
    loops = [each for each in inside(node) if isinstance(each, ast.For | ast.comprehension)]
    names = {each.id for each in ast.walk(named) if isinstance(each, ast.Name)} if named is not None else set()
    found: list[ast.expr] = []
    for each in [each.iter for each in loops if name_of(each.target) in names]:
        bound = evidence.source.bound(each.id, file) if isinstance(each, ast.Name) else None
        parts = [*ast.walk(getattr(bound[1], "value", each) if bound else each)]
        found += [one for one in parts if isinstance(one, ast.Name)]
    taken = {*arguments_of(node), getattr(node.args.vararg, "arg", "")} if isinstance(node, Function) else set()
    handed = [*by.args, *(each.value for each in by.keywords)] if by is not None else []
    handed = handed if taken & {*names, *map(name_of, found)} else []
    return found + [one for each in handed for one in ast.walk(each) if isinstance(one, ast.Name)]


def _function_in(evidence: Evidence, file: File, node: ast.AST, named: ast.expr | None) -> tuple[File, Function] | None:
    """The learner's function that a validator of a type calls, also one within the function that makes it."""
    within = [each for each in inside(node) if isinstance(each, Function) and each.name == name_of(named)]
    if within and not isinstance(named, ast.Call):
        return file, within[0]
    owner = evidence.source.class_(name_of(named)) if isinstance(named, ast.Call) else None
    for method in owner[1].body if owner else ():  # AfterValidator(AtMost(200))
        if owner and isinstance(method, Function) and method.name == "__call__":
            return owner[0], method
    return evidence.source.function(name_of(named), file.name) or evidence.source.function(name_of(named))


def _fields_of(evidence: Evidence, method: Function) -> set[str]:
    """The fields that a validator is about; empty for one of the whole schema."""
    named = {field for field, (_, function) in _annotated_validators(evidence) if function is method}
    for decorator in method.decorator_list:
        if name_of(decorator) in ("field_validator", "validator"):
            texts = {str(each.value) for each in ast.walk(decorator) if isinstance(each, ast.Constant)}
            named |= {"name", "description"} if "*" in texts else texts & {"name", "description"}
    return named


def _with_helpers(evidence: Evidence) -> list[tuple[File, Function]]:
    """The validators of the class, and the learner's functions that they call."""
    found: list[tuple[File, Function]] = []
    for validator in _validators(evidence):
        found += [each for each in evidence.source.reached(*validator, evidence.given) if each not in found]
    return found


def _raises(evidence: Evidence) -> list[tuple[File, Function, ast.Raise | ast.Assert]]:
    """What the validators of the class, and the functions that they call, raise."""
    return [
        (file, method, node)
        for file, method in _with_helpers(evidence)
        for node in ast.walk(method)
        if isinstance(node, ast.Raise | ast.Assert)
    ]


def _condition_of(method: Function, node: ast.Raise | ast.Assert) -> ast.AST:
    """The condition under which something is raised; the raise itself where there is none."""
    around = [each for each in ast.walk(method) if isinstance(each, ast.If) and node in ast.walk(each)]
    return max(around, key=lambda each: each.lineno, default=node)


_REFUSED_FIELD = re.compile(r"refused: (\w+): |(name|description) is ")


def _refused(evidence: Evidence) -> str:
    """The field that was refused, or that has another value than it should."""
    found = _REFUSED_FIELD.match(evidence.saw)
    return (found[1] or found[2]) if found else ""


def _accepted(evidence: Evidence) -> str:
    """The field that should have been refused: the one that is not as in all other stories."""
    told = evidence.did[-1] if evidence.did else ""
    if "accepted:" not in evidence.saw:
        return ""
    if told.startswith("ItemUpdate(") and "name=" not in told:
        return "description"
    return "name" if not re.search(r"name='lamp'", told) else "description"


# -- validators ---------------------------------------------------------------------------------------


def of_a_text(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """A reading of a schema that takes a text and makes something else of it, where `input_is_validated` has tried."""
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        tried = re.match(r"Item(Create|Update)\(", "".join(evidence.did[-1:]))
        told = original.holds(evidence) if tried and re.match(r"(name|description) is ", evidence.saw) else None
        return replace(told, why=told.why or _TEXT_LOST) if told is not None else None

    vars(holds)["reading"] = replace(original, rules=("input_is_validated",), holds=holds)
    return holds


_TEXT_LOST = "Nothing asks for this change, and everything behind the schema works with what comes out of it."
_THEN = "What a validator returns is the field's value from then on."


@reading("a validator that returns nothing", *_ALL)
def validator_returns_nothing(evidence: Evidence) -> Told | None:
    """The field gets the value that the validator returns. Without a return this is None."""
    found = silent_validator(evidence, _refused(evidence)) if " is None" in evidence.saw else None
    if found is None:
        return None
    file, method, returns = found
    saw = f"{evidence.saw}: {method.name}() returned nothing"
    when = "in each case" if returns else "for a good value"
    return Told(saw=saw, where=file.at(method), hint=f"{_THEN} What does this one return {when}?")


@reading("an exception that a validator returns", *_ALL)
def exception_for_a_value(evidence: Evidence) -> Told | None:
    """What a validator returns becomes the value, an exception too. Only one that is raised refuses it."""
    if "accepted" not in evidence.saw and not re.search(r"(Error|Exception)\(", evidence.saw):
        return None
    for file, method in _with_helpers(evidence):
        for node in ast.walk(method):
            made = node.value if isinstance(node, ast.Return | ast.Expr) and isinstance(node.value, ast.Call) else None
            if made is not None and re.search(r"(Error|Exception)$", name_of(made)) and file.name not in evidence.given:
                hint = "This makes an exception, but it stops nobody. What makes it refuse the value?"
                return Told(where=file.at(node), hint=hint)
    return None


def silent_validator(evidence: Evidence, field: str) -> tuple[File, Function, bool] | None:
    """A validator of a field that returns nothing on some way through it, and whether it does on another way."""
    for file, method in _validators(evidence):
        about = _fields_of(evidence, method)
        if method.name != "model_post_init" and (not about or field in about) and not always_returns(method.body):
            returns = [node for node in ast.walk(method) if isinstance(node, ast.Return) and node.value is not None]
            return file, method, bool(returns)
    return None


@reading("a text becomes something else in its type", "input_is_validated", *_CREATE, *_UPDATE)
def text_not_kept(evidence: Evidence) -> Told | None:
    """The field gets what its validator gives back, also where that is a lambda or a function of Python's."""
    kept = not re.match("(name|description) is ", evidence.saw) or not evidence.did or "=None" in evidence.did[-1]
    rules = rules_of(evidence, _refused(evidence)) if _refused(evidence) and not kept else None
    found = [call for call in calls(rules[1], *_IN_A_TYPE) if call.args] if rules else []
    strange = [call for call in found if evidence.source.function(name_of(call.args[0])) is None]
    if rules is None or len(strange) != 1:
        return None
    return Told(where=rules[0].at(strange[0]), hint=f"{_THEN} What does this one give back for the text above?")


@reading(
    "a validator that gets something other than text",
    *(*_ALL, "input_is_validated", "bad_body_is_422", "patch_null_name_is_422"),
)
def validated_before_the_type(evidence: Evidence) -> Told | None:
    """What is done before Pydantic has looked at the type, or in its place, meets whatever was sent: null too."""
    raised = evidence.raised_kind("TypeError", "AttributeError")
    met = re.search(r"'(NoneType|bool|int|float|list|dict)'", raised.message) if raised else None
    if raised is None or met is None or raised.message not in evidence.saw:
        return None
    for where in reversed(raised.lines):
        name, file = evidence.source.function_of(where), where.rpartition(":")[0]
        found = evidence.source.function(name, file) if name else None
        wants = [text_of(each.annotation) for each in found[1].args.args[-1:]] if found else []
        value = "None" if met[1] == "NoneType" else an(met[1])
        saw = f"{evidence.saw}; {name}() was called with {value}"
        for by in own_files(evidence) if found else ():
            for call in by.calls("BeforeValidator", "PlainValidator"):
                if not call.args or name_of(call.args[0]) != name:
                    continue
                if wants != ["str"] and file not in evidence.given:
                    hint = f"{name_of(call)} has {name}() called with whatever was sent, null too."
                    return Told(saw=saw, where=where, hint=hint)
                hint = f"{name}() wants a text. When {name_of(call)} calls it, who has checked that it is one?"
                return Told(saw=saw, where=by.at(call), hint=hint)
        for _, decorator in decorators(found[1]) if found and where != raised.lines[-1] else ():
            mode = keyword(decorator, "mode") if isinstance(decorator, ast.Call) else None
            if found and isinstance(mode, ast.Constant) and mode.value in ("before", "plain"):
                hint = f"In mode '{mode.value}' a validator meets whatever was sent, null too."
                return Told(saw=saw, where=found[0].at(decorator), hint=hint)
    return None


@reading("a validator that raises the wrong exception", *_ALL)
def validator_raises_otherwise(evidence: Evidence) -> Told | None:
    """A ValueError becomes a ValidationError in Pydantic and a 422 in FastAPI. Any other exception is a crash."""
    raised = evidence.raised_kind("TypeError", "AttributeError", "KeyError", "IndexError")
    if raised is None:
        return None
    if not raised.lines:  # a method of Python's own is the validator
        for field in ("name", "description"):
            place = rules_of(evidence, field)
            for call in calls(place[1], "BeforeValidator") if place else ():
                if place and call.args and text_of(call.args[0]).startswith("str."):
                    saw = f"{text_of(call.args[0])} met something that is not a text, and raised a {raised.kind}"
                    hint = "What is done before the type is checked meets whatever was sent, null too."
                    return Told(saw=saw, where=place[0].at(call), hint=hint)
        return None
    where = innermost(raised, evidence.given)
    inside = evidence.source.function_of(where)
    if inside not in {method.name for _, method in _with_helpers(evidence)}:
        return None
    if "NoneType" in raised.message:
        hint = "In mode 'before' a validator meets whatever was sent, null too."
    else:
        hint = "Which exceptions tell Pydantic that a value is refused? What happens to all others?"
    return Told(saw=raised.told, where=where, hint=hint)


@reading("a null that becomes the text 'None'", *_CREATE, *_UPDATE, _SENT)
def null_made_a_text(evidence: Evidence) -> Told | None:
    """str() turns everything into a text, even None: where it runs before the type is checked, a null gets through."""
    sent = set(re.findall(r"(name|description)=None", "".join(evidence.did[-1:])))
    shown = re.findall(r"(name|description)(?:=| is )'(none)\b", evidence.saw, re.IGNORECASE)
    for field, text in [each for each in shown if each[0] in sent]:
        found = _made_texts(evidence, field)
        if len(found) == 1:
            file, node, told = found[0]
            of = f"the {field} was null, and the line below made the text '{text}' of it"
            hint = f"{told} makes a text of whatever it gets. What does it do with None?"
            return Told(saw=f"{evidence.saw}: {of}", where=file.at(node), hint=hint)
    return None


def _made_texts(evidence: Evidence, field: str) -> list[tuple[File, ast.AST, str]]:
    """Where what looks at a field makes a text of a value, and with what: ``str(value)``, ``f"{value}"``."""
    about = [each for each in _validators(evidence) if _about(evidence, each[1], field)]
    code: list[tuple[File, ast.AST]] = [
        each for validator in about for each in evidence.source.reached(*validator, evidence.given)
    ]
    places = [place for place in (_field(evidence, field), rules_of(evidence, field)) if place is not None]
    for file, node, *_ in [each for place in places for each in _types_behind(evidence, place)]:
        code += [(file, call.args[0]) for call in calls(node, *_IN_A_TYPE) if call.args]
    found: dict[tuple[str, int], tuple[File, ast.AST, str]] = {}
    for file, node in code:
        raised = {id(part) for each in ast.walk(node) if isinstance(each, ast.Raise) for part in ast.walk(each)}
        for each in [node, *inside(node)]:
            told = _makes_a_text(each, is_the_validator=each is node) if id(each) not in raised else ""
            if told:
                found.setdefault((file.name, each.lineno), (file, each, told))  # type: ignore[attr-defined]
    return [*found.values()]


def _makes_a_text(node: ast.AST, *, is_the_validator: bool) -> str:
    """What makes a text of any value here, ``str()``; empty where nothing does."""
    if is_the_validator and isinstance(node, ast.Name) and node.id == "str":
        return "str()"
    if isinstance(node, ast.Call) and name_of(node) in ("str", "repr", "format"):
        value = node.args[0] if node.args else None
        return f"{name_of(node)}()" if value is not None and not isinstance(value, ast.Constant) else ""
    alone = isinstance(node, ast.JoinedStr) and all(isinstance(each, ast.FormattedValue) for each in node.values)
    return "An f-string" if alone else ""


@reading("a validator that changes what was sent", *_CHANGED)
def validator_changes_values(evidence: Evidence) -> Told | None:
    """A validator may refuse a value. If it fills in, drops or replaces values, nobody can see what was sent."""
    if evidence.saw.startswith("refused"):
        return None
    if evidence.rule == "update_rejects_blank_name" and "name=None" not in evidence.saw:
        return None
    field = _accepted(evidence) or _refused(evidence)
    for file, method in _validators(evidence):
        about = _fields_of(evidence, method)
        if field and about and (field not in about or not _is_validated(evidence, field)):
            continue
        changes = [node for node in ast.walk(method) if _changes(node, method)]
        if "accepted" in evidence.saw:  # then it is not the text that became another one
            changes = [
                each for each in changes if not (isinstance(each, ast.Return) and isinstance(each.value, ast.Call))
            ]
        if "name=None" in evidence.saw:
            changes = [each for each in changes if not _null_has_left(method, each)]
        named = [node for node in changes if field and field in text_of(node)]
        if not named and evidence.rule == "create_needs_a_name" and not _is_validated(evidence, "name"):
            continue  # it changes something else; the name has a default
        if changes:
            first = min(named or changes, key=lambda node: getattr(node, "lineno", method.lineno))
            hint = _hint_for_a_change(evidence, first)
            return Told(where=file.at(first), hint=hint, why=_CUT if hint == _SHORTENED else "")
    return None


def _looked_up_late(evidence: Evidence) -> Iterator[tuple[File, ast.AST, str]]:
    """Functions that are made in a loop, and look its variable up only when they run: it is the last one by then."""
    for file in own_files(evidence):
        for loop in [each for each in file.nodes if isinstance(each, ast.For | ast.DictComp | ast.ListComp)]:
            targets = [loop.target] if isinstance(loop, ast.For) else [each.target for each in loop.generators]
            names = {one.id for each in targets for one in ast.walk(each) if isinstance(one, ast.Name)}
            for made in [each for each in ast.walk(loop) if isinstance(each, ast.Lambda | ast.FunctionDef)]:
                bound = {each.arg for each in (*made.args.args, *made.args.kwonlyargs)}
                body = [made.body] if isinstance(made, ast.Lambda) else made.body
                read = [one.id for each in body for one in ast.walk(each) if isinstance(one, ast.Name)]
                yield from [(file, made, name) for name in read if name in names - bound][:1]


def _never_used(function: Function) -> list[str]:
    """The parameters of a function that nothing in it reads."""
    read = {each.id for each in inside(function) if isinstance(each, ast.Name)}
    return [name for name in arguments_of(function) if name not in read]


def _null_has_left(method: Function, node: ast.AST) -> bool:
    """Whether a validator has given null back before a line of it: ``if value is None: return value``."""
    return any(
        isinstance(each, ast.If)
        and text_of(each.test).endswith(" is None")
        and isinstance(each.body[-1], ast.Return)
        and each.lineno < getattr(node, "lineno", 0)
        for each in method.body
    )


def _is_validated(evidence: Evidence, field: str) -> bool:
    """Whether validators of a field run in the call: not where it was left out, unless the default is validated."""
    if f"{field}=" in "".join(evidence.did[-1:]):
        return True
    return any("validate_default" in line for file in evidence.source.files() for line in file.lines)


_EMPTY = "How many characters does an empty name have? Does this refuse it?"
_TWO_TYPES = "Which type does this field have here? Compare what the two types allow."
_SHORTENED = "This makes the text fit. Does the client know about that?"
_CUT = "A client whose text is cut without a word believes that all of it was saved."


def _hint_for_a_change(evidence: Evidence, node: ast.AST) -> str:
    actual, expected = evidence.actual, evidence.expected
    other_value = isinstance(actual, dict) and isinstance(expected, dict) and set(actual) == set(expected)
    drops = isinstance(node, ast.DictComp) or (isinstance(node, ast.Call) and name_of(node) in ("pop", "discard"))
    if (evidence.rule == _SENT and not other_value) or (evidence.rule == "update_rejects_null_name" and drops):
        return "Which fields count as sent after this line? Compare them with those in the call above."
    if "* 50" in evidence.saw or "* 20" in evidence.saw:
        return _SHORTENED
    hint = "This line makes another value of the one that came in. What does it do with the value above?"
    if "model_validate" in "".join(evidence.did[-1:]) and "None" in evidence.wanted:
        typed = _field(evidence, "description")
        annotation = text_of(getattr(typed[1], "annotation", None)) if typed else "None"
        if "None" not in annotation and "Optional" not in annotation:
            hint += " And what does the field's type say of None?"
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    if evidence.rule == _SENT and isinstance(target, ast.Attribute):
        hint += " And does a field that it sets count as sent?"
    return hint


def _changes(node: ast.AST, method: Function) -> bool:
    """Whether a node of a validator makes another value, or another set of fields, of what was sent."""
    if isinstance(node, ast.Return):
        if isinstance(node.value, ast.Call) and name_of(node.value) in _OTHER_TEXT:
            return True
        return isinstance(node.value, ast.Constant | ast.IfExp | ast.BoolOp | ast.Dict | ast.Subscript)
    if isinstance(node, ast.Assign | ast.AugAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        attribute = isinstance(target, ast.Attribute | ast.Subscript)
        return attribute or text_of(target) in {each.arg for each in method.args.args[1:]}
    if isinstance(node, ast.Call):
        return name_of(node) in ("setattr", "setdefault", "pop", "update", "model_construct", "discard", "__setattr__")
    return isinstance(node, ast.DictComp)


@reading("an update without a change is refused", "update_fields_are_optional")
def nothing_sent_refused(evidence: Evidence) -> Told | None:
    """An update in which nothing is sent, or only a part, is valid: it changes what was sent, or nothing."""
    for file, method, node in _raises(evidence):
        if not evidence.saw.startswith("refused: Value error") or not _said(evidence, node):
            continue
        told = "".join(evidence.did[-1:])
        where = file.at(_condition_of(method, node))
        if told.startswith("ItemUpdate()"):
            hint = "Nothing was sent here. That asks for no change, and is not a mistake."
            if re.search(r"\bis (not )?None\b", text_of(getattr(_condition_of(method, node), "test", node))):
                hint = "Nothing was sent here, and that is not a mistake. Can this line tell 'not sent' from null?"
            return Told(where=where, hint=hint)
        if "name=" not in told:
            hint = "The name was not sent here, which is not the same as null. Can this line tell one from the other?"
            return Told(where=where, hint=hint)
        return Told(where=where, hint="What was sent here is a right request. When is this condition true?")
    return None


def _said(evidence: Evidence, node: ast.Raise | ast.Assert) -> bool:
    """Whether what was seen is the message of this exception."""
    texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return bool(texts) and all(text in evidence.saw for text in texts)


@reading("a validator that refuses valid values", *_CREATE, *_UPDATE, "read_accepts_an_orm_object")
def validator_refuses(evidence: Evidence) -> Told | None:
    """A validator of one's own refuses values that the task sheet allows."""
    if not re.match(r"refused: (\w+: )?(Value error|Assertion failed)", evidence.saw):
        return None
    for file, method, node in _raises(evidence):
        if _said(evidence, node):
            condition = _condition_of(method, node)
            hint = "For which values is this true? Try the value above, and its neighbours."
            if re.search(_KINDS_OF_CHARACTERS, text_of(getattr(condition, "test", condition))):
                hint = "Which characters does this let through? What does the task sheet say about them?"
            if "encode(" in text_of(getattr(condition, "test", condition)):
                hint = "What does this count: characters, or bytes? What does the column count?"
            told = _other_limit(evidence, method, condition)
            return told or Told(where=file.at(condition), hint=hint, why=TOO_STRICT)
    return _asked_to_refuse(evidence)


def _types_of_the_field(evidence: Evidence) -> list[tuple[File, ast.AST, ast.Call, File]]:
    """The learner's functions that make the type of the field that was refused or accepted, each with its call."""
    field = _refused(evidence) or _accepted(evidence)
    said = [place for place in (_field(evidence, field), rules_of(evidence, field)) if place] if field else []
    behind = [each for place in said for each in _types_behind(evidence, place)]
    return [(file, node, call, caller) for file, node, call, caller in behind if call is not None]


def _other_limit(evidence: Evidence, method: Function, condition: ast.AST) -> Told | None:
    """What a type hands to the function that makes its validator, where that is another length than it should be."""
    field = _refused(evidence) or _accepted(evidence)
    names = {each.id for each in ast.walk(getattr(condition, "test", condition)) if isinstance(each, ast.Name)}
    for _, node, call, caller in _types_of_the_field(evidence):
        if not isinstance(node, Function) or node is method or method not in [*ast.walk(node)]:
            continue
        for name in [each.arg for each in (*node.args.args, *node.args.kwonlyargs) if each.arg in names]:
            value = passed_to(call, node, name)
            bound = evidence.source.bound(name_of(value), caller) if name_of(value) else None
            held = getattr(bound[1], "value", None) if bound else value
            file, place = bound or (caller, cast(ast.AST, value))
            if isinstance(held, ast.Constant) and type(held.value) is int and held.value not in (1, _COLUMN.get(field)):
                hint = f"{node.name}() gets {held.value} for the {field}. How long may a {field} be?"
                return Told(where=file.at(place), hint=hint, why=TOO_STRICT)
    return None


_COLUMN = {"name": 200, "description": 500}


def _asked_to_refuse(evidence: Evidence) -> Told | None:
    """Where a type has a function of the learner's own refuse texts, and hands over the message that was seen."""
    for _, node, call, caller in _types_of_the_field(evidence):
        texts = [
            each.value for each in ast.walk(call) if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        raises = isinstance(node, Function) and any(isinstance(each, ast.Raise) for each in ast.walk(node))
        if raises and isinstance(node, Function) and any(len(text) > 1 and text in evidence.saw for text in texts):
            hint = f"What does {node.name}() refuse with this? Try the value above, and its neighbours."
            return Told(where=caller.at(call), hint=hint, why=TOO_STRICT)
    return None


_KINDS_OF_CHARACTERS = r"\.is(alnum|alpha|ascii|digit|identifier|printable|title|lower|upper)\(|match\(|search\("


# -- what a client may send ---------------------------------------------------------------------------


_GIVES_IDS = "Who gives out ids, the client or the database?"


@reading("the client's id is accepted", _IGNORES_ID)
def takes_an_id(evidence: Evidence) -> Told | None:
    """The database assigns ids. A schema that has the field id, or allows extra fields, passes on the client's id."""
    found = _field(evidence, "id")
    if found is not None:
        hint = _GIVES_IDS
        schema, table = _schema(evidence), evidence.source.ancestry(evidence.source.class_("Item"))
        if schema is not None and found[1] not in schema[1].body and any(found[1] in each[1].body for each in table):
            hint = f"The table needs an id. But {schema[1].name} inherits this line as well: who gives out ids?"
        return Told(where=found[0].at(found[1]), hint=hint)
    for file, node in evidence.source.ancestry(_schema(evidence)):
        for each in ast.walk(node):
            if _allows_extra(each):
                return Told(where=file.at(each), hint="This keeps every field that a client thinks up.")
    return None


def _allows_extra(node: ast.AST) -> bool:
    return (isinstance(node, ast.Constant) and node.value == "allow") or (
        isinstance(node, ast.Attribute) and text_of(node).endswith("xtra.allow")
    )


@reading("a field that is missing", *_CREATE, *_UPDATE, *_READ)
def field_missing(evidence: Evidence) -> Told | None:
    """A schema has only the fields that it declares or inherits."""
    return missing_in(evidence, _schema(evidence), ["name", "description", "id"])


def missing_in(evidence: Evidence, found: tuple[File, ast.ClassDef] | None, asked: list[str]) -> Told | None:
    """What there is to say of the first of some fields that a schema has not; None where it has them all."""
    made = [base for _, node in evidence.source.ancestry(found) for base in node.bases if isinstance(base, ast.Call)]
    if found is None or made or found[1].name.startswith("Event"):  # what a call makes may have any field
        return None
    fields = ["name", "description", *(["id"] if found[1].name == "ItemRead" else [])]
    missing = [each for each in fields if field_in(evidence, found, each) is None]
    name = next((each for each in missing if each in asked), "")
    if not name:
        return None
    others = [
        each
        for each in found[1].body
        if isinstance(each, ast.AnnAssign) and name_of(each.target) not in ("id", "name", "description", "model_config")
    ]
    hint = "A schema has the fields that it declares, and those that it inherits."
    known = [node for _, node in evidence.source.ancestry(found)]
    bases = [node for file in evidence.source.files() for node in file.classes if node not in known]
    bases = [node for node in bases if not _OF_ITS_OWN.search(node.name) and name in _declares(node)]
    if found[1].name != "ItemRead":  # what the table can hold is more than what a client may send
        of_the_table = [node for _, node in evidence.source.ancestry(evidence.source.class_("Item"))]
        bases = [node for node in bases if node not in of_the_table]
    if bases:
        hint = f"{bases[0].name} has a field '{name}'. From which classes does {found[1].name} inherit?"
    other = others[missing.index(name) if len(missing) == len(others) else 0] if others else None
    if other is not None:
        hint = f"There is '{name_of(other.target)}' here. Should it be called '{name}'?"
    where = found[0].at(other or found[1])
    return Told(saw=f"{found[1].name} has no field '{name}'", where=where, hint=hint)


# Models, and schemas of something else, from which no schema of an item inherits.
_OF_ITS_OWN = re.compile(r"^(Item|Owner|ItemEvent)$|(Create|Update|Read|WithOwner)$|^Event|^Owner")


def _declares(owner: ast.ClassDef) -> list[str]:
    """The names of the fields that a class itself declares."""
    return [name_of(each.target) for each in owner.body if isinstance(each, ast.AnnAssign)]


def _may_be_null(evidence: Evidence, field: tuple[File, ast.AST]) -> bool:
    """Whether a field's type says that it may be None, by itself or by the name that it has."""
    annotation = getattr(field[1], "annotation", None)
    bound = evidence.source.bound(annotation.id, field[0]) if isinstance(annotation, ast.Name) else None
    said = f"{text_of(annotation)} {text_of(getattr(bound[1], 'value', None)) if bound else ''}"
    return re.search(r"\bOptional\b|\bNone\b", said) is not None


@reading("a field that must be sent", "create_description_is_optional", "update_fields_are_optional")
def field_required(evidence: Evidence) -> Told | None:
    """A field without a default must be sent, even if it may be null."""
    found = re.search(r"refused: (\w+): Field required", evidence.saw)
    declared = _field(evidence, found[1]) if found else None
    schema = _schema(evidence)
    if found is not None and schema is None:
        return _required_by_create_model(evidence, found[1])
    if found is None or declared is None or schema is None:
        return None
    if declared[1] not in schema[1].body:
        owner = next((one.name for _, one in evidence.source.ancestry(schema) if declared[1] in one.body), "its base")
        hint = f"{schema[1].name} inherits the field '{found[1]}' from {owner}, and there it is required."
        may_be_null = _may_be_null(evidence, declared)
        if may_be_null and declared[0].name not in evidence.given:
            hint = "A field that may be null still has to be sent. What lets it be left out?"
            return Told(where=declared[0].at(declared[1]), hint=hint)
        return Told(where=schema[0].at(schema[1]), hint=hint)
    hint = "A field may be None, or it may be left out: that is not the same. What does it need for the second?"
    if not re.search(r"\bNone\b|Optional", text_of(getattr(declared[1], "annotation", None))):
        hint = "What has no default has to be sent. What makes a field one that may be left out?"
        misspelt = _misspelt(declared[1], "default")
        if misspelt is not None:
            hint = f"Pydantic knows no '{misspelt.arg}', and ignores it. It knows 'default'."
            return Told(where=declared[0].at(misspelt.value), hint=hint)
        hint += " Its type can stay as it is." if found[1] == "name" else ""
    if _has_dots(getattr(declared[1], "value", None)):
        hint = _DOTS.format(an(found[1]))
    hint = _GIVES_IDS if found[1] == "id" else hint
    return Told(where=declared[0].at(declared[1]), hint=hint)


def _required_by_create_model(evidence: Evidence, field: str) -> Told | None:
    """What there is to say of a field without a default in what create_model() is given."""
    schema, file = _SCHEMA.search("".join(evidence.did[-1:])), evidence.source.file("app/schemas.py")
    bound = evidence.source.bound(schema[1], file) if schema else None
    if schema is None or bound is None or not bound[0].calls("create_model"):
        return None
    file, made = bound
    alone: list[ast.expr] = [value for name, _, value in options(made) if name == field]
    told: list[ast.expr] = [each for each in alone if isinstance(each, ast.Tuple)]
    told = told or [value for name, _, value in options(file.tree) if name == field and isinstance(value, ast.Tuple)]
    told = told or [each for each in file.nodes if isinstance(each, ast.Tuple) and _has_dots(each)]  # made in a loop
    told = told or alone
    if len(told) != 1:
        return None
    hint = f"What does this say about {an(field)} that is left out? create_model() takes a type and a default."
    return Told(where=file.at(told[0]), hint=_DOTS.format(an(field)) if _has_dots(told[0]) else hint)


_DOTS = "To Pydantic, ... is no default. What does it say about {} that is left out?"


def _has_dots(node: ast.AST | None) -> bool:
    """Whether ``...`` stands where a default could: alone, second in a tuple, or first in Field()."""
    if isinstance(node, ast.Tuple):
        return bool(node.elts) and _has_dots(node.elts[-1])
    if isinstance(node, ast.Call):
        given = keyword(node, "default") or next(iter(node.args), None)
        return name_of(node) == "Field" and _has_dots(given)
    return isinstance(node, ast.Constant) and node.value is ...


@reading("null is refused for the description", "create_description_is_optional", "update_fields_are_optional")
def null_refused(evidence: Evidence) -> Told | None:
    """A description may be null. This is how a client says that there is none."""
    if "None" not in "".join(evidence.did[-1:]) or "description: Input should be" not in evidence.saw:
        return None
    found = _field(evidence, "description")
    why = "A client says with null that an item has no description."
    return Told(where=found[0].at(found[1]), hint="Its type leaves no room for null.", why=why) if found else None


@reading("null is accepted for a name", "update_rejects_null_name", "create_needs_a_name")
def null_accepted(evidence: Evidence) -> Told | None:
    """A type that includes None accepts null. Then null looks the same as a field that was left out."""
    if "name=None" not in "".join(evidence.did[-1:]) or "accepted" not in evidence.saw:
        return None
    bound = evidence.source.bound("ItemUpdate", evidence.source.file("app/schemas.py"))
    if bound is not None and isinstance(bound[1], ast.Assign):
        return _null_of_a_function(evidence, bound[1])
    found = _field(evidence, "name")
    if found is None:
        return None
    annotation = text_of(getattr(found[1], "annotation", None))
    if "None" not in annotation and "Optional" not in annotation:
        return None
    if (letters := _letters_of(evidence)) is not None:
        return letters
    checked = _meant(evidence, r"\bNone\b|\bnull\b")
    if checked:  # null is to be refused there
        file, method, node = checked[0]
        away = _kept_away(evidence, method, node, "name")
        if away is not None:
            return Told(where=file.at(away[0]), hint=away[1])
        hint = "null came through here. When is this condition true?"
        return Told(where=file.at(_condition_of(method, node)), hint=hint)
    default = _LEFT_OUT[getattr(found[1], "value", None) is not None] if "Update" in evidence.saw else ""
    return Told(where=found[0].at(found[1]), hint=f"The type says here that null is a name.{default}")


def _letters_of(evidence: Evidence) -> Told | None:
    """What there is to say of a text that a validator goes through as if it held names: ``NOT_NULL = ("name")``."""
    for file, owner in evidence.source.ancestry(_schema(evidence)):
        for loop in [each for each in ast.walk(owner) if isinstance(each, ast.For) and isinstance(each.iter, ast.Name)]:
            bound = evidence.source.bound(name_of(loop.iter), file)
            value = getattr(bound[1], "value", None) if bound else None
            if bound is not None and isinstance(value, ast.Constant) and isinstance(value.value, str):
                hint = f"Parentheses alone make no tuple: {name_of(loop.iter)} is a text. What does a loop over it get?"
                return Told(where=bound[0].at(bound[1]), hint=hint)
    return None


def _null_of_a_function(evidence: Evidence, made: ast.Assign) -> Told | None:
    """What there is to say where a function of the learner's makes the schema, and each of its types takes None."""
    function = evidence.source.function(name_of(made.value)) if isinstance(made.value, ast.Call) else None
    for node in inside(function[1]) if function else ():
        optional = isinstance(node, ast.Subscript) and name_of(node.value) == "Optional"
        either = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and text_of(node.right) == "None"
        if function and (optional or either):
            hint = "This lets every field be null, the name, too. What lets a field be left out is a default."
            return Told(where=function[0].at(node), hint=hint)
    return None


# Whether the field has a default: what lets a field be left out.
_LEFT_OUT = {
    True: " It may be left out because it has a default; the type need not allow null for that.",
    False: " What lets a field be left out is a default, not its type.",
}


def _meant(evidence: Evidence, words: str) -> list[tuple[File, Function, ast.Raise | ast.Assert]]:
    """What validators of the name raise, where the name of the validator, its condition or its message has a word."""
    return [
        (file, method, node)
        for file, method, node in _raises(evidence)
        if _about(evidence, method, "name")
        and re.search(
            words, f"{method.name} {text_of(getattr(_condition_of(method, node), 'test', node))} {text_of(node)}"
        )
    ]


def _of_no_field(evidence: Evidence) -> Told | None:
    """What there is to say of a validator that takes away blanks, of a field that the schema does not have."""
    schema = _schema(evidence)
    for file, owner in evidence.source.ancestry(schema):
        for method in [each for each in owner.body if isinstance(each, Function) and "strip" in text_of(each)]:
            for decorator in [
                each for each in method.decorator_list if name_of(each) in ("field_validator", "validator")
            ]:
                said = [text_of(each).strip("'") for each in getattr(decorator, "args", ())]
                if said and all(each != "*" and field_in(evidence, schema, each) is None for each in said):
                    hint = f"{owner.name} looks at a field '{said[0]}' here. Which field must not be blank?"
                    return Told(where=file.at(decorator), hint=hint)
    return None


def _kept_away(
    evidence: Evidence, method: Function, node: ast.Raise | ast.Assert, field: str
) -> tuple[ast.If, str] | None:
    """A condition on the other field that keeps the call from coming to what is raised, and what there is to ask."""
    other, told = "description" if field == "name" else "name", "".join(evidence.did[-1:])
    if re.search(rf"\b{other}=(None|'')", told):
        return None
    sent = f"{other}=" in told
    for each in [each for each in ast.walk(method) if isinstance(each, ast.If)]:
        true = _true_of(each.test, other, sent)
        if true is False and any(node in ast.walk(one) for one in each.body):
            part = "above: which part of it is false?" if isinstance(each.test, ast.BoolOp) else "above."
            return each, f"When is this condition true? Try the call {part}"
        if true and each.lineno < node.lineno and isinstance(each.body[-1], ast.Return):
            return each, f"Follow the call above line by line. Does it ever get to the line that looks at the {field}?"
    return None


def _true_of(test: ast.expr, field: str, sent: bool) -> bool | None:
    """Whether a condition is true where a text was sent in a field, or none; None where it depends on more."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        true = _true_of(test.operand, field, sent)
        return None if true is None else not true
    if isinstance(test, ast.BoolOp):
        parts, decides = [_true_of(each, field, sent) for each in test.values], isinstance(test.op, ast.Or)
        return decides if decides in parts else None if None in parts else not decides
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is | ast.IsNot):
        none = text_of(test.comparators[0]) == "None" and name_of(test.left) == field
        return sent == isinstance(test.ops[0], ast.IsNot) if none else None
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In | ast.NotIn):
        return sent == isinstance(test.ops[0], ast.In) if text_of(test.left) == repr(field) else None
    read = isinstance(test, ast.Name | ast.Attribute) and name_of(test) == field
    asked = isinstance(test, ast.Call) and name_of(test) == "get" and text_of(test.args[0]) == repr(field)
    return sent if read or asked else None


def _about(evidence: Evidence, method: Function, field: str) -> bool:
    """Whether a validator has to do with a field."""
    named = _fields_of(evidence, method)
    return field in named or (not named and re.search(rf"\b{field}\b", text_of(method)) is not None)


@reading("a name with a default", "create_needs_a_name")
def name_has_a_default(evidence: Evidence) -> Told | None:
    """A field with a default may be left out, and Pydantic does not validate the default."""
    found = _field(evidence, "name")
    if found is None or "accepted" not in evidence.saw or "name=" in "".join(evidence.did[-1:]):
        return None
    if getattr(found[1], "value", None) is None:
        return None
    return Told(where=found[0].at(found[1]), hint="What has a default may be left out.")


# Settings of Pydantic 1 that are not read any more, and the values that they were to keep out.
_OF_PYDANTIC_1 = {
    "anystr_strip_whitespace": r"='(?:\s|\\[tn])+'",
    "min_anystr_length": r"=''",
    "max_anystr_length": r"\* \d|=' ?\w{9,}",
}


@reading(
    "a setting with its name from Pydantic 1",
    *("create_needs_a_name", "update_rejects_blank_name", "lengths_match_the_table", "input_is_validated"),
)
def setting_of_pydantic_1(evidence: Evidence) -> Told | None:
    """Pydantic 2 has other names for some settings. It does not read those of Pydantic 1; it only warns."""
    accepted, told = evidence.saw.startswith("accepted"), "".join(evidence.did[-1:])
    for file, node in evidence.source.ancestry(_schema(evidence)) if accepted else ():
        for each, word, _ in _settings_in(node):
            if word in _OF_PYDANTIC_1 and re.search(_OF_PYDANTIC_1[word], told):
                hint = f"{word} is a name of Pydantic 1, which is not read any more. What is it called today?"
                return Told(where=file.at(each), hint=hint)
    return None


_NO_SUCH_FIELD = re.compile(r"Decorators defined with incorrect fields: .*?(\w+):\w+\.(\w+)")
_OLD_PARAMETERS = "field", "config"


@reading("a validator that Pydantic does not take")
def validator_not_taken(evidence: Evidence) -> Told | None:
    """Pydantic looks at a validator when it makes the class: it needs fields that are there, and the way of Pydantic
    2."""
    raised = evidence.raised[0] if evidence.raised else None
    if raised is None or raised.kind != "PydanticUserError" or raised.message[:40] not in evidence.saw:
        return None
    unknown = _NO_SUCH_FIELD.search(raised.message)
    start = evidence.saw.partition(" raised ")[0]
    for file in evidence.source.files():
        for function in file.functions:
            for name, decorator in decorators(function):
                named = {each.value for each in ast.walk(decorator) if isinstance(each, ast.Constant)}
                if unknown and unknown[2] == function.name and name in ("validator", "field_validator"):
                    saw = f"{start} failed: {function.name} is for a field that {unknown[1]} does not have"
                    shown = " and ".join(sorted(repr(each) for each in named if isinstance(each, str)))
                    hint = f"This names {shown}. What are the fields of {unknown[1]} called, letter by letter?"
                    return Told(saw=saw, where=file.at(decorator), hint=hint)
                if "`@root_validator`" in raised.message and name == "root_validator":
                    hint = "root_validator belongs to Pydantic 1. What checks the whole object in Pydantic 2?"
                    return Told(where=file.at(decorator), hint=hint)
                taken = [each for each in function.args.args if each.arg in _OLD_PARAMETERS]
                if "`field` and `config`" in raised.message and name == "validator" and taken:
                    hint = "A validator of Pydantic 2 is not given this. Does yours need it?"
                    return Told(where=file.at(taken[0]), hint=hint)
    return None


_HIDES = "classmethod", "staticmethod", "property"


def _hidden_by(method: Function) -> str:
    """The decorator above a validator's own one, behind which Pydantic does not see it; empty where there is none."""
    names = [name for name, _ in decorators(method)]
    return names[0] if {*names} & {*_VALIDATORS} and names[0] in _HIDES else ""


@reading("a validator that is never called", *_CREATE, *_UPDATE)
def validator_never_called(evidence: Evidence) -> Told | None:
    """Pydantic calls a method of a schema only if a validator's decorator marks it, and is the top one."""
    told, schema = "".join(evidence.did[-1:]), _schema(evidence)
    words = next((each for sent, each in _LOOKS_FOR.items() if re.search(sent, told)), "")
    field = _accepted(evidence) if words else ""
    other = "description" if field == "name" else "name"
    chain = evidence.source.ancestry(schema) if field else []
    found = [(file, *each) for file, node in chain for each in never_called(evidence, node)]
    for method, hint in _of_no_schema(evidence, schema[1].name) if schema and field else ():
        found += [(*schema, method, hint)] if schema and re.search(rf"\b{field}\b", text_of(method)) else []
    for file, place, method, hint in found:
        text = text_of(method)
        of_the_other = re.search(rf"\b{other}\b", text) and not re.search(rf"\b{field}\b", text)
        if file.name not in evidence.given and re.search(words, text) and not of_the_other:
            saw = f"{evidence.saw}; {method.name}() was never called"
            return Told(saw=saw, where=file.at(place), hint=hint)
    return None


# What a validator asks for that could have refused a call.
_LOOKS_FOR = {
    r"name='[\s\\tn]*'": r"strip|isspace|blank|empty|visible|split|if not \w+:|== ''|\blen\(",
    r"=None": r"\bNone\b|\bnull\b",
    r"\* \d{3}": r"\blen\(|\blong",
}


def never_called(evidence: Evidence, schema: ast.ClassDef) -> Iterator[tuple[ast.AST, Function, str]]:
    """The methods of a schema that could refuse a value and that nothing calls: the place, the method and a hint."""
    for before, each in zip([None, *schema.body], schema.body, strict=False):
        for method in each.body if isinstance(each, ast.ClassDef) else ():
            if isinstance(method, Function) and any(name in _VALIDATORS for name, _ in decorators(method)):
                hint = f"Pydantic does not look into a class inside a schema. Where does {method.name}() belong?"
                yield each, method, hint
        if not isinstance(each, Function):
            continue
        names = [name for name, _ in decorators(each)]
        if hides := _hidden_by(each):
            marks = next(name for name in names if name in _VALIDATORS)
            hint = f"Pydantic looks for @{marks}, and @{hides} hides it here. In which order do the two have to stand?"
            yield each.decorator_list[0], each, hint
        raises = any(isinstance(one, ast.Raise | ast.Assert) for one in inside(each))
        alone = raises and not {*names} - {"classmethod", "staticmethod"} and not re.match("_|model_", each.name)
        if not alone or _is_named(evidence, each.name):
            continue
        if isinstance(before, ast.Expr) and name_of(before.value) in _VALIDATORS:
            yield before, each, f"This line does nothing for {each.name}(). Which sign makes a decorator of a line?"
        else:
            yield each, each, f"{each.name}() is a method like any other. What turns it into a validator?"


def _of_no_schema(evidence: Evidence, name: str) -> Iterator[tuple[Function, str]]:
    """The validators in classes from which no schema inherits, nor the model, each with a hint for this schema."""
    schemas = [evidence.source.class_(each) for each in ("Item", "ItemCreate", "ItemUpdate", "ItemRead")]
    known = [each[1] for schema in schemas for each in evidence.source.ancestry(schema)]
    for owner in [each for file in evidence.source.files() for each in file.classes if each not in known]:
        for method in owner.body if not any(owner in each.body for each in known) else ():
            if isinstance(method, Function) and any(each in _VALIDATORS for each, _ in decorators(method)):
                yield method, f"{owner.name} has a validator for this. From which classes does {name} inherit?"


def _is_named(evidence: Evidence, name: str) -> bool:
    """Whether something is named anywhere in the learner's code, other than where it is defined."""
    return any(
        name_of(each) == name
        for file in evidence.source.files()
        for each in file.nodes
        if not isinstance(each, ast.Call)
    )


def _validator_replaced(evidence: Evidence) -> Told | None:
    """What there is to say where a schema has a method of the same name as a validator that it inherits."""
    tried = re.match(r"(\w+)\(", "".join(evidence.did[-1:]))
    family = evidence.source.ancestry(evidence.source.class_(tried[1])) if tried else []
    own = {each.name: each for each in family[0][1].body if isinstance(each, Function)} if family else {}
    for _, base in family[1:]:
        for each in [each for each in base.body if isinstance(each, Function) and each.name in own]:
            if any(name in ("field_validator", "model_validator", "validator") for name, _ in decorators(each)):
                hint = f"{base.name} has a validator {each.name}(), too. Which of the two runs for {family[0][1].name}?"
                return Told(where=family[0][0].at(own[each.name]), hint=hint)
    return None


@reading("a blank name is accepted", "create_needs_a_name", "update_rejects_blank_name")
def blank_accepted(evidence: Evidence) -> Told | None:
    """An empty name says nothing. Neither does one of only spaces, although it has a length."""
    told = "".join(evidence.did[-1:])
    found = rules_of(evidence, "name")
    if found is None or "accepted" not in evidence.saw or not re.search(r"name='[\s\\tn]*'", told):
        return None
    if (swapped := _other_text(evidence, "name", found)) is not None:
        return swapped
    if (replaced := _validator_replaced(evidence)) is not None:
        return replaced
    if (bare := function_alone(evidence, *found)) is not None:
        return Told(where=found[0].at(bare), hint=NOT_CALLED.format(bare.id))
    for call in calls(found[1], "Field") if "name=''" not in told else ():
        if (option := keyword(call, "strip_whitespace")) is not None:
            return Told(where=found[0].at(option), hint="Field does nothing with strip_whitespace. What takes it?")
    for file in evidence.source.files():
        for call in file.calls("strip"):
            if call.args and text_of(call.args[0]) in ("' '", '" "') and "name=' '" not in told:
                hint = "This takes away spaces only. Which other characters cannot be seen?"
                return Told(where=file.at(call), hint=hint)
    elsewhere = _strip_thrown_away(evidence) or _only_create_strips(evidence, found)
    if elsewhere is not None and "name=''" not in told:
        return elsewhere
    if (stranger := _of_no_field(evidence)) is not None:
        return stranger
    checked = _meant(evidence, r"strip|isspace|blank|empty|visible|not (v|value|name|text)\b|== 0|< 1")
    if checked and ("name=''" in told or "name=''" not in evidence.saw):
        file, method, node = checked[0]
        away = _kept_away(evidence, method, node, "name")
        if away is not None:
            return Told(where=file.at(away[0]), hint=away[1])
        condition = _condition_of(method, node)
        hint = "Which names come through here? Try an empty one, and one of white space alone."
        if "name=''" not in told:  # which is tried before any other, and was refused
            hint = "Which names come through here? Try white space of each kind: spaces, tabs, line ends."
        uncalled = _uncalled(getattr(condition, "test", condition))
        if "name=''" in told and _looks_for_white_space(condition):
            hint = "The empty name comes here, too. What does isspace() say of a text that has no characters?"
        if uncalled is not None:
            hint = f"What is {text_of(uncalled)} without parentheses, and can it ever be false?"
        return Told(where=file.at(condition), hint=hint)
    shortest = [node.value for node in ast.walk(found[1]) if isinstance(node, ast.keyword) and node.arg == "min_length"]
    if "name=''" in told and shortest and text_of(shortest[0]) != "1":
        constant = evidence.source.bound(name_of(shortest[0]), found[0]) if name_of(shortest[0]) else None
        place = constant or (found[0], shortest[0])
        return Told(where=place[0].at(place[1]), hint=_EMPTY)
    behind = limit_of(evidence, found, "min_length") if "name=''" in told and not shortest else None
    if behind is not None:
        return Told(where=behind[0].at(behind[1]), hint=_EMPTY)
    misspelt = _misspelt(found[1], "min_length")
    if "name=''" in told and misspelt is not None and not shortest:
        hint = f"Pydantic knows no '{misspelt.arg}', and ignores it. It knows 'min_length'."
        return Told(where=found[0].at(misspelt.value), hint=hint)
    if "name=''" in told:
        hint = "Nothing here asks for a character that people can see."
        other = _type_in_create(evidence, found[1])
        over = _passed_over(evidence, found)
        if over is not None and "min_length" in text_of(over[0][1]):
            hint = f"{over[1]} What tells Pydantic how long a text has to be?"
            return Told(where=over[0][0].at(over[0][1]), hint=hint)
        if not other and (another := _blank_elsewhere(evidence, found[0], hint)) is not None:
            return another if another.where else replace(another, where=found[0].at(found[1]))
        if other:
            hint = f"The name of ItemCreate is a '{other}'. What does that ask for that this one does not?"
    elif "name=''" in evidence.saw:
        hint = "The length is measured first, and the white space is stripped after that."
    else:
        hint = "A blank counts as a character, too."
        if (ignored := _ignored_pattern(evidence, found[0])) is not None:
            return ignored
    own = _field(evidence, "name")
    if own is not None and _of_the_other_field(evidence, "name", found):
        return Told(where=own[0].at(own[1]), hint=_TWO_TYPES)
    if own is not None and _says_more(evidence, "name", own, found, "min_length"):
        return Told(where=own[0].at(own[1]), hint=_checked_in_the_table(evidence) or hint)
    described = evidence.source.bound("Name", found[0]) if evidence.chapter == "08_sqlmodel" else None
    if described is not None and own == found and "min_length" in text_of(described[1]):
        hint = "You described this text in 8.1. Is that used here?"
    stripped = [call for call in calls(found[1], *_IN_A_TYPE) if "strip" in text_of(call)]
    late: ast.AST = shortest[0] if shortest else found[1]
    if stripped and "name=''" in evidence.saw:
        late = stripped[0]
    elif "name=''" in evidence.saw and "name=''" not in told:
        late = next(_strip_afterwards(found[0], found[1]), late)
    described_in = calls(found[1], "StringConstraints") if late is found[1] else []
    late = described_in[0] if len(described_in) == 1 else late
    return Told(where=found[0].at(late), hint=_checked_in_the_table(evidence) or hint)


def _strip_afterwards(file: File, field: ast.AST) -> Iterator[ast.AST]:
    """What strips a field after its length was measured: the lines that make it a validator of the ``after`` kind."""
    for each in [each for class_ in file.classes if field in class_.body for each in class_.body]:
        made = each.value if isinstance(each, ast.Assign) and isinstance(each.value, ast.Call) else None
        looked_at: list[tuple[str, ast.expr]] = (
            [(name_of(made.func), made.func)] if made is not None and isinstance(made.func, ast.Call) else []
        )
        strips = [each] if isinstance(each, Function) else []
        if made is not None:
            strips = [one for one in file.functions if one.name in {name_of(arg) for arg in made.args}]
        looked_at += decorators(each) if isinstance(each, Function) else []
        for name, node in looked_at:
            says = text_of(node)
            if name == "field_validator" and "'name'" in says and "before" not in says:
                yield from (node for one in strips if calls(one, "strip"))


def _blank_elsewhere(evidence: Evidence, file: File, hint: str) -> Told | None:
    """What to ask where a function beside the type refuses what is blank, and is none of the validators seen here."""
    refusing = [each for each in file.functions if re.search(_BLANK, each.name) and file.name not in evidence.given]
    refusing = [each for each in refusing if any(isinstance(one, ast.Raise) for one in inside(each))]
    known = [node for _, node in _with_helpers(evidence)]
    for each in [each for each in refusing if each not in known and not any(each in one.body for one in file.classes)]:
        if not any(isinstance(one, ast.Name) and one.id == each.name for one in file.nodes):
            return Told(hint=f"{hint} {each.name}() could: what calls it?")
        if evidence.rule != "create_needs_a_name":
            return Told(hint=f"{hint} {each.name}() could: what calls it for this name?")
        raised = next(one for one in inside(each) if isinstance(one, ast.Raise))
        hint = f"{each.name}() is there to refuse such a name. Does it get this one, and what does it do then?"
        return Told(where=file.at(_condition_of(each, raised)), hint=hint)
    return None


_BLANK = r"blank|empty|visible|space"


def _type_in_create(evidence: Evidence, field: ast.stmt) -> str:
    """The learner's own type that the name has in ItemCreate, where the field of another schema does without it."""
    create = evidence.source.class_("ItemCreate")
    other = field_in(evidence, create, "name")
    if other is None or not isinstance(other[1], ast.AnnAssign) or other[1] is field:
        return ""
    name = name_of(other[1].annotation)
    own = evidence.source.bound(name, other[0]) if name else None
    return name if own is not None and name not in text_of(field) else ""


def _strip_thrown_away(evidence: Evidence) -> Told | None:
    """Where what looks at the name strips it, and nothing takes the text that comes of that."""
    about = [each for each in _validators(evidence) if _about(evidence, each[1], "name")]
    reached = [each for validator in about for each in evidence.source.reached(*validator, evidence.given)]
    strips = {node.name for _, node in reached if any(calls(each, *_STRIPS) for each in inside(node) if _returns(each))}
    for file, node in reached:
        read = {each.id for each in inside(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
        for each in inside(node):
            value = each.value if isinstance(each, ast.Expr | ast.Assign) else None
            name = name_of(value) if isinstance(value, ast.Call) else ""
            if isinstance(each, ast.Expr) and name in {*_STRIPS, *strips}:
                hint = f"{name}() leaves the text as it is, and gives back a new one. What happens to that here?"
                return Told(where=file.at(each), hint=hint)
            kept = each.targets[0] if isinstance(each, ast.Assign) and name in {*_STRIPS, *strips} else None
            if isinstance(kept, ast.Name) and kept.id not in read:
                hint = f"'{kept.id}' is the text without the white space around it. Which line works with that?"
                return Told(where=file.at(each), hint=hint)
    return None


_STRIPS = "strip", "lstrip", "rstrip"


def _returns(node: ast.AST) -> bool:
    return isinstance(node, ast.Return) and node.value is not None


def _only_create_strips(evidence: Evidence, rules: tuple[File, ast.stmt]) -> Told | None:
    """Where ItemUpdate has the type of ItemCreate, which refuses the name by something that only this class has."""
    update, create = _schema(evidence), evidence.source.class_("ItemCreate")
    if evidence.rule != "update_rejects_blank_name" or update is None or create is None or update == create:
        return None
    others = rules_of(replace(evidence, did=["ItemCreate(name=' ')"], saw=""), "name")
    types = {text_of(getattr(each[1], "annotation", each[1])) for each in (rules, others) if each is not None}
    if others is None or len(types) > 1:
        return None
    runs = evidence.source.ancestry(update)
    for each in [each for each in evidence.source.ancestry(create) if each not in runs]:
        checks = [method for method in each[1].body if isinstance(method, Function) and _about_the_name(method)]
        if checks or any(word == "str_strip_whitespace" for _, word, _ in _settings_in(each[1])):
            by = f"{checks[0].name}()" if checks else "str_strip_whitespace"
            hint = f"ItemCreate has the same type for the name, and refuses this one: it has {by}. Is that here, too?"
            if each != create:
                hint = "ItemCreate has the same type for the name, and refuses this one. What does ItemCreate inherit "
                hint += "that this class does not?"
            return Told(where=update[0].at(update[1]), hint=hint)
    return None


def _about_the_name(method: Function) -> bool:
    """Whether a method is a validator that looks at the name."""
    validates = any(name in _VALIDATORS for name, _ in decorators(method))
    return (
        validates and re.search(r"\bname\b", " ".join(map(text_of, (*method.decorator_list, *method.body)))) is not None
    )


def _looks_for_white_space(condition: ast.AST) -> bool:
    """Whether a condition is that a whole text is white space, and nothing else."""
    test = getattr(condition, "test", None)
    return isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "isspace"


def _uncalled(test: ast.AST) -> ast.Attribute | None:
    """A method of a text that is named in a condition, and not called."""
    called = {id(each.func) for each in ast.walk(test) if isinstance(each, ast.Call)}
    named = [each for each in ast.walk(test) if isinstance(each, ast.Attribute) and id(each) not in called]
    return next((each for each in named if each.attr in ("strip", "lstrip", "rstrip", "split", "isspace")), None)


def _says_more(
    evidence: Evidence, field: str, own: tuple[File, ast.stmt], rules: tuple[File, ast.stmt], limit: str
) -> bool:
    """Whether a field has to say itself what its type does not: it does so already, or the type is that of both."""
    other = "description" if field == "name" else "name"
    says = any(isinstance(each, ast.keyword) and each.arg == limit for each in ast.walk(own[1]))
    named = name_of(getattr(rules[1], "targets", [None])[0]).lower()
    return own != rules and (says or (rules_of(evidence, other) == rules and not named.startswith(field)))


def _checked_in_the_table(evidence: Evidence) -> str:
    """What to ask where the table model of SQLModel has the validator of the name: it runs too late, if ever."""
    runs = evidence.source.ancestry(_schema(evidence))
    table = evidence.source.ancestry(evidence.source.class_("Item")) if evidence.chapter == "08_sqlmodel" else []
    for node in [each[1] for each in table if each not in runs]:
        for method in [each for each in node.body if isinstance(each, ast.FunctionDef)]:
            if any(name in _VALIDATORS and "'name'" in text_of(each) for name, each in decorators(method)):
                told = f"{method.name}() in {node.name}"
                if evidence.raised_kind("ValidationError"):
                    return f"{told} runs only when the row is made. What can check the name before that?"
                return f"{told} did not run: a table model does not validate. What checks the name here?"
    return ""


@reading("a schema made of bare types", "lengths_match_the_table", "update_rejects_blank_name")
def rules_left_behind(evidence: Evidence) -> Told | None:
    """A field's annotation is its type alone: Pydantic keeps the rest of Annotated[...] in the field's metadata."""
    told = "".join(evidence.did[-1:])
    if "accepted" not in evidence.saw or not told.startswith("ItemUpdate(") or "name=None" in told:
        return None
    made = [(file, call) for file in evidence.source.files() for call in file.calls("create_model")]
    if not made or any("metadata" in line for line in made[0][0].lines):
        return None
    hint = "Name says more than that it is a text. What is left of it here? Print it."
    for file in {each[0].name: each[0] for each in made}.values():
        for node in file.nodes:
            pair = node.elts if isinstance(node, ast.Tuple) and len(node.elts) == 2 else []
            bare = [each for each in (*ast.walk(pair[0]),) if text_of(each).endswith(".annotation")] if pair else []
            value = pair[1] if pair else None
            if bare and (isinstance(value, ast.Constant) or name_of(value) == "Field"):
                return Told(where=file.at(bare[0]), hint=hint)
        for call in file.calls("get_type_hints"):
            if keyword(call, "include_extras") is None:
                return Told(where=file.at(call), hint=hint)
    return None


_UNLIMITED = "Nothing here limits the length."


@reading("a union that takes what one of its types refuses", *_CREATE, *_UPDATE)
def union_takes_it(evidence: Evidence) -> Told | None:
    """A value only has to fit one of the types of a union. Next to a plain ``str``, no other text's rules count."""
    field = _accepted(evidence)
    found = _field(evidence, field) if field else None
    annotation = getattr(found[1], "annotation", None) if found else None
    places: list[tuple[File, ast.AST]] = [(found[0], annotation)] if found and annotation is not None else []
    for file, place in places:  # which grows meanwhile
        unions = [each for each in inside(place) if len(_types_of_a_union(each)) > 1]
        for each in unions:
            types = _types_of_a_union(each)
            plain = [one for one in types if text_of(one) in _TAKES_ANY_TEXT]
            ruled = [one for one in types if one not in plain and _has_rules(evidence, file, one)]
            if plain and ruled:
                stricter = name_of(ruled[0]) or "The one with the rules"
                hint = f"A value only has to fit one of these types. {stricter} refuses this text: which one takes it?"
                return Told(where=file.at(each), hint=hint)
        for name in {each.id for each in inside(place) if isinstance(each, ast.Name)}:
            bound = evidence.source.bound(name, file)
            value = getattr(bound[1], "value", None) if bound else None
            if bound is not None and value is not None and len(places) < _MOST_TYPES:
                places += [(bound[0], value)] if (bound[0], value) not in places else []
    return None


_TAKES_ANY_TEXT = "str", "Any", "object", "AnyStr", "typing.Any"


def _types_of_a_union(node: ast.AST) -> list[ast.expr]:
    """The types of ``A | B``, ``Union[A, B]`` and ``Optional[A]``; the node itself where it is no union."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_types_of_a_union(node.left), *_types_of_a_union(node.right)]
    if isinstance(node, ast.Subscript) and name_of(node.value) in ("Union", "Optional"):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return [one for each in parts for one in _types_of_a_union(each)]
    return [node] if isinstance(node, ast.expr) else []


def _has_rules(evidence: Evidence, file: File, node: ast.expr) -> bool:
    """Whether a type says more of a text than that it is one: ``Annotated[str, …]``, ``constr(…)``, or their name."""
    bound = evidence.source.bound(node.id, file) if isinstance(node, ast.Name) else None
    value = getattr(bound[1], "value", None) if bound else node
    annotated = isinstance(value, ast.Subscript) and name_of(value.value) == "Annotated"
    return annotated or (isinstance(value, ast.Call) and name_of(value) == "constr")


@reading("a text that is too long is accepted", "lengths_match_the_table")
def too_long_accepted(evidence: Evidence) -> Told | None:
    """SQLite stores a text that is too long. PostgreSQL refuses it, and the client gets a 500."""
    field = _accepted(evidence)
    found = rules_of(evidence, field) if field else None
    if found is None or not re.search(r"\* \d{3}", "".join(evidence.did[-1:])) or _is_cut(evidence):
        return None
    if (swapped := _other_text(evidence, field, found)) is not None:
        return replace(swapped, why="" if evidence.raised_kind("ValidationError") else _TOO_LONG)
    column = _COLUMN[field]
    own, other, shared = _field(evidence, field), _of_the_other_field(evidence, field, found), ""
    if own is not None and not other and _says_more(evidence, field, own, found, "max_length"):
        shared = "" if "max_length" not in text_of(found[1]) else "Its type is that of both texts."
        found = own
    hint, place = _UNLIMITED, (found[0], cast(ast.AST, found[1]))
    limits = [node for node in ast.walk(found[1]) if isinstance(node, ast.keyword) and "max_length" in (node.arg or "")]
    measured = [
        (file, method, node)
        for file, method, node in _raises(evidence)
        if _about(evidence, method, field) and "len(" in text_of(_condition_of(method, node))
    ]
    behind = limit_of(evidence, found, "max_length") if not limits and not measured else None
    if limits or behind:
        hint = f"The column takes {column} characters. At which length does this begin to refuse a text?"
        theirs = _COLUMN[next(each for each in _COLUMN if each != field)]
        if limits and text_of(limits[0].value) == str(theirs):
            hint = f"The column takes {column} characters; {theirs} are those of the other one. Compare both lengths."
    elif shared and not measured:
        hint = f"{shared} How many characters may this one have?"
    elif measured:
        hint = f"The column takes {column} characters. When is this condition true? Try the text above."
    elif (misspelt := _misspelt(found[1], "max_length")) is not None:
        place = found[0], misspelt.value
        hint = f"Pydantic knows no '{misspelt.arg}', and ignores it. It knows 'max_length'."
    helpers = [each for each in _types_behind(evidence, found) if isinstance(each[1], Function)]
    bare = [(file, call) for file, node, *_ in helpers for call in calls(node, "StringConstraints", "Field", "constr")]
    if bare and not (limits or behind or measured):
        place = bare[0]
    if limits:
        constant = evidence.source.bound(name_of(limits[0].value), found[0]) if name_of(limits[0].value) else None
        place = constant or (found[0], limits[0].value)
    elif behind:
        value = behind[1].value if isinstance(behind[1], ast.keyword) else behind[1]
        place = (evidence.source.bound(name_of(value), behind[0]) if name_of(value) else None) or behind
    elif measured:
        place = measured[0][0], _condition_of(*measured[0][1:])
        handed = _other_limit(evidence, measured[0][1], place[1])
        if handed is not None:
            return replace(handed, why="" if evidence.raised_kind("ValidationError") else _TOO_LONG)
        away = _kept_away(evidence, *measured[0][1:], field)
        if away is not None:
            place, hint = (measured[0][0], away[0]), away[1]
    over = _passed_over(evidence, found) if hint == _UNLIMITED else None
    if over is not None:
        place, hint = over[0], f"{over[1]} What tells Pydantic how long a text may be?"
    elif hint == _UNLIMITED and _is_unlimited(evidence, "description" if field == "name" else "name"):
        hint = "Nothing limits the length of a name, nor that of a description. Which lines say what they may hold?"
        for maker in [each[1] for each in helpers if isinstance(each[1], Function)]:
            if unused := _never_used(maker):
                hint = f"{maker.name} is given '{unused[0]}'. What does it do with it?"
        if any("len(" in line for file in evidence.source.files() for line in file.lines):
            hint = "A name that is too long is taken. Which length does each check allow, and when is that decided?"
    late = next(_looked_up_late(evidence), None) if hint != _UNLIMITED and not limits else None
    if late is not None:
        place, hint = late[:2], f"When is '{late[2]}' looked up here, and what is it by then?"
    if own is not None and not measured and other:
        place, hint = own, _TWO_TYPES
    return Told(
        where=place[0].at(place[1]),
        hint=hint,
        why="" if evidence.raised_kind("ValidationError") else _TOO_LONG,  # which comes before any database
    )


def _is_unlimited(evidence: Evidence, field: str) -> bool:
    """Whether a field has no length of its own either, and no validator that may measure it."""
    found = rules_of(evidence, field)
    if found is None or "max_length" in text_of(found[1]) or limit_of(evidence, found, "max_length") is not None:
        return False
    raises = [(method, node) for _, method, node in _raises(evidence) if _about(evidence, method, field)]
    return not any("len(" in text_of(_condition_of(method, node)) for method, node in raises)


_OF_COLUMNS = "String", "Text", "Unicode", "UnicodeText", "VARCHAR", "NVARCHAR", "AutoString", "Column", "mapped_column"


def _passed_over(evidence: Evidence, rules: tuple[File, ast.AST]) -> tuple[tuple[File, ast.AST], str] | None:
    """What stands in a type and means nothing to Pydantic, and what there is to say of it."""
    for file, node, *_ in _types_behind(evidence, rules):
        for call in calls(node, *_OF_COLUMNS):
            if evidence.source.class_(name_of(call)) is None and evidence.source.function(name_of(call)) is None:
                told = f"{text_of(call)} is for a column of a table: in the schema, Pydantic passes over it."
                return (file, call), told
        for one in [one for one in _said_of_a_type(node) if isinstance(one, ast.Constant | ast.Dict | ast.Tuple)]:
            return (file, one), f"To Pydantic, {text_of(one)} is only a remark here."
    return None


def _ignored_pattern(evidence: Evidence, file: File) -> Told | None:
    """What there is to say of a pattern under its name in Pydantic 1: SQLModel takes it, and hands it to nobody."""
    field = _field(evidence, "name") if evidence.chapter == "08_sqlmodel" else None
    names = sorted({each.id for each in ast.walk(field[1]) if isinstance(each, ast.Name)}) if field else []
    bound = [each for name in names if (each := evidence.source.bound(name, file)) is not None]
    places = [*([field] if field else []), *bound]
    said = [(home, place) for home, node in places for name, place, _ in options(node) if name == "regex"]
    if not said:
        return None
    hint = "'regex' is the name that Pydantic 1 had for this: here it has no effect. What does Pydantic 2 call it?"
    return Told(where=said[0][0].at(said[0][1]), hint=hint)


def _misspelt(node: ast.AST, name: str) -> ast.keyword | None:
    """The argument that is almost called like this."""
    known = "min_length", "max_length", "pattern", "alias", "title", "examples", "description"
    others = [each for each in ast.walk(node) if isinstance(each, ast.keyword) and each.arg and each.arg not in known]
    return next((each for each in others if difflib.get_close_matches(str(each.arg), [name], 1, cutoff=0.75)), None)


_TOO_LONG = "SQLite would store it; PostgreSQL refuses what is longer than its column, and the client would get a 500."


def _is_cut(evidence: Evidence) -> bool:
    """Whether a text that is too long became a shorter one."""
    sent, kept = (re.findall(r"\* (\d{3})", line) for line in ("".join(evidence.did[-1:]), evidence.saw))
    return bool(sent and kept) and "accepted" in evidence.saw and max(map(int, kept)) < max(map(int, sent))


@reading("the schema is stricter than the table", *_CREATE, *_UPDATE)
def refuses_too_much(evidence: Evidence) -> Told | None:
    """The schema refuses values that fit the table, and that clients may send."""
    found = re.match(r"refused: (name|description): (?!Field required|Input should be a valid)(.*)", evidence.saw)
    rules = rules_of(evidence, found[1]) if found else None
    own = _field(evidence, found[1]) if found else None
    if found is None or rules is None or own is None:
        return None
    if (swapped := _other_text(evidence, found[1], rules)) is not None:
        return swapped
    limits = "min_length", "max_length", "pattern"
    stricter = [
        call for call in calls(own[1], "StringConstraints", "Field") if any(keyword(call, name) for name in limits)
    ]
    said = own if stricter or _of_the_other_field(evidence, found[1], rules) else rules
    place: tuple[File, ast.AST] = limit_of(evidence, said, _limit_in(found[2])) or said
    hint = "What does this ask for beyond the task sheet?"
    helper = place[0].function_at(place[1].lineno) if isinstance(place[1], ast.keyword) else ""
    if helper:
        hint = f"Every text that {helper}() describes gets this. Which texts may a {found[1]} be?"
    place = _of_every_text(evidence) or place
    limit = place[1] if isinstance(place[1], ast.Name) else getattr(place[1], "value", None)
    constant = evidence.source.bound(limit.id, place[0]) if isinstance(limit, ast.Name) else None
    if constant is not None and isinstance(limit, ast.Name):
        place, hint = constant, f"The {found[1]} may have as many characters as {limit.id}. How many should that be?"
    elif "at most" in found[2] and isinstance(limit, ast.Constant) and not helper:
        many = {"name": 200, "description": 500}[found[1]]
        hint = f"The {found[1]} may have up to {many} characters. How many does this allow?"
    if "match pattern" in found[2]:
        hint = "Take the text above through the pattern, character by character. Where does it stop?"
        if "\\n" in "".join(evidence.did[-1:]) and "." in found[2]:
            hint = "Which character of the text above does the pattern's dot not stand for?"
    return Told(where=place[0].at(place[1]), hint=hint, why=TOO_STRICT)


def _limit_in(refusal: str) -> str:
    """The name of the limit that was in the way."""
    return "min_length" if "at least" in refusal else "max_length" if "at most" in refusal else "pattern"


def limit_of(evidence: Evidence, said: tuple[File, ast.AST], name: str) -> tuple[File, ast.AST] | None:
    """Where a type gets a limit: its keyword; where a function takes the number, what the type hands over to it."""
    for file, node, call, caller in _types_behind(evidence, said):
        for each in [one for one in ast.walk(node) if isinstance(one, ast.keyword) and one.arg == name]:
            taken = [one.arg for one in node.args.args] if isinstance(node, Function) else []
            if call is None or name_of(each.value) not in taken:
                return file, each
            at = taken.index(name_of(each.value))
            passed = call.args[at] if at < len(call.args) else keyword(call, taken[at])
            return caller, passed if passed is not None else call
    return None


def _types_behind(evidence: Evidence, said: tuple[File, ast.AST]) -> list[tuple[File, ast.AST, ast.Call | None, File]]:
    """What says what a type is: a statement, those of the names in it, and functions that it calls, with the call."""
    return _behind_a_type(evidence.source, evidence.given, said)


@cache
def _behind_a_type(
    source: Source, given: frozenset[str], said: tuple[File, ast.AST]
) -> list[tuple[File, ast.AST, ast.Call | None, File]]:
    found: list[tuple[File, ast.AST, ast.Call | None, File]] = [(*said, None, said[0])]
    known = {id(said[1])}
    for file, node, _, _ in found:  # which grows meanwhile
        for each in inside(node) if len(found) < _MOST_TYPES else ():
            made = source.function(name_of(each)) if isinstance(each, ast.Call) else None
            if isinstance(each, ast.Call) and made is not None and made[0].name not in given:
                found += [(*made, each, file)] if id(made[1]) not in known else []
                known.add(id(made[1]))
            bound = source.bound(each.id, file) if isinstance(each, ast.Name) else None
            if bound is not None and isinstance(getattr(bound[1], "value", None), ast.Call | ast.Subscript):
                found += [(*bound, None, bound[0])] if id(bound[1]) not in known else []
                known.add(id(bound[1]))
    return found


_MOST_TYPES = 20


def _of_every_text(evidence: Evidence) -> tuple[File, ast.AST] | None:
    """The setting of a schema that limits the length of all its texts, where that is what refuses one."""
    name = "str_min_length" if "should have at least" in evidence.saw else "str_max_length"
    for file, node in evidence.source.ancestry(_schema(evidence)) if "should have at" in evidence.saw else ():
        for each in ast.walk(node):
            if name in (getattr(each, "arg", ""), getattr(each, "value", "")):
                return file, each
    return None


def _other_text(evidence: Evidence, field: str, rules: tuple[File, ast.stmt]) -> Told | None:
    """What there is to say of a field that has the text of the other one, where its own is there too."""
    own, other = _field(evidence, field), "description" if field == "name" else "name"
    named = name_of(getattr(rules[1], "targets", [None])[0])
    same = name_of(getattr(rules[1], "value", None)) if isinstance(getattr(rules[1], "value", None), ast.Name) else ""
    if same in rules[0].bindings and same.lower().startswith(other[:4]) and own != rules:
        hint = f"{same} is what a {other} may hold. May a {field} hold the same?"
        return Told(where=rules[0].at(rules[1]), hint=hint, why=TOO_STRICT if _refused(evidence) else "")
    if own is None or own == rules or not named or named.lower().startswith(field[:4]):
        return None
    texts = [name for name in rules[0].bindings if name != named and _is_text_of(evidence, rules[0], name, field)]
    if texts and _is_text_of(evidence, rules[0], named, other):
        hint = f"{named} is what a {other} may hold. Which of the two texts is this field?"
        return Told(where=own[0].at(own[1]), hint=hint, why=TOO_STRICT if _refused(evidence) else "")
    return None


def _is_text_of(evidence: Evidence, file: File, name: str, field: str) -> bool:
    """Whether a name is that of the text of a field: it says so, or the text is as long as the field may be."""
    bound = file.bindings[name]
    if not isinstance(getattr(bound, "value", None), ast.Subscript | ast.Call):
        return False
    limit = limit_of(evidence, (file, bound), "max_length")
    value = limit[1].value if limit and isinstance(limit[1], ast.keyword) else limit[1] if limit else None
    held = evidence.source.bound(name_of(value), file) if isinstance(value, ast.Name) else None
    said = text_of(getattr(held[1], "value", None) if held else value)
    return limit is not None and (name.lower().startswith(field[:4]) or said == str(_COLUMN[field]))


@reading("a type instead of a default", *_CREATE, *_UPDATE, _SENT)
def type_as_a_default(evidence: Evidence) -> Told | None:
    """The type of a field comes after the colon. What comes after the = is its default, and checks nothing."""
    field = _refused(evidence) or _accepted(evidence)
    found = _field(evidence, field) if field else None
    value = getattr(found[1], "value", None) if found else None
    if isinstance(value, ast.Call) and name_of(value) == "Field":
        value = keyword(value, "default") or next(iter(value.args), None)
    held = evidence.source.bound(value.id, found[0]) if found and isinstance(value, ast.Name) else None
    made = getattr(held[1], "value", None) if held else value
    if found is None or name_of(getattr(made, "value", made)) not in ("Annotated", "StringConstraints"):
        return None
    what = value.id if isinstance(value, ast.Name) else name_of(getattr(made, "value", made))
    hint = f"The type comes after the colon, the default after the =. Which one is {what} here?"
    return Told(where=found[0].at(found[1]), hint=hint)


def _of_the_other_field(evidence: Evidence, field: str, rules: tuple[File, ast.stmt]) -> bool:
    """Whether rules that do not fit a field are those of the other one, which they do fit: ``name: Description``."""
    other = "description" if field == "name" else "name"
    named = name_of(getattr(rules[1], "targets", [getattr(rules[1], "target", None)])[0])
    return rules_of(evidence, other) == rules and named.lower().startswith(other)


@reading("a default that is validated", "update_fields_are_optional")
def default_validated(evidence: Evidence) -> Told | None:
    """With validate_default, Pydantic also checks the default. It refuses a field that was left out because its
    default is not valid."""
    for file, node in evidence.source.ancestry(_schema(evidence)):
        for each in ast.walk(node):
            if isinstance(each, ast.keyword) and each.arg == "validate_default" and text_of(each.value) == "True":
                hint = 'The default stands for "not sent", and is not a value to check.'
                return Told(where=file.at(each), hint=hint)
    return None


@reading("a default other than None", "create_description_is_optional")
def other_default(evidence: Evidence) -> Told | None:
    """A description that was left out is None, not an empty text."""
    found = _field(evidence, "description")
    value = default_of(found[1]) if found else None
    if found is None or value is None or text_of(value) in ("None", "...") or "description is" not in evidence.saw:
        return None
    hint = "What does the database hold where there is no description?"
    allows = any("None" in text_of(node) for _, node, *_ in _types_behind(evidence, found))
    if isinstance(value, ast.Constant) and not allows and "Optional" not in text_of(found[1]):
        hint += " And may a client send null here?"
    return Told(where=found[0].at(found[1]), hint=hint)


def default_of(field: ast.stmt) -> ast.expr | None:
    """What a field holds where nothing is sent, or the function that makes it; None where it has no default.

    It stands beside the type, or within it: ``Annotated[str, Field(default="")]``.
    """
    value: ast.expr | None = getattr(field, "value", None)
    within = calls(getattr(field, "annotation", None) or field, "Field")
    for call in [value] if isinstance(value, ast.Call) else within if value is None else ():
        positional = call.args[0] if call.args else None
        return keyword(call, "default") or keyword(call, "default_factory") or positional
    return value


def default_value(evidence: Evidence, field: tuple[File, ast.stmt]) -> object:
    """The text that a field's default is, however it is written; None where it is no text that is written down."""
    default = default_of(field[1])
    if isinstance(default, ast.Name):
        if default.id == "str":
            return ""
        bound = evidence.source.bound(default.id, field[0])
        default = getattr(bound[1], "value", None) if bound else None
    default = default.body if isinstance(default, ast.Lambda) else default
    return default.value if isinstance(default, ast.Constant) and isinstance(default.value, str) else None


@reading("a constructor that sends what nobody sent", _SENT, "update_fields_are_optional")
def sent_by_the_constructor(evidence: Evidence) -> Told | None:
    """What a schema's own __init__ passes to Pydantic counts as sent, even if it is a default."""
    actual, expected = evidence.actual, evidence.expected
    refused = re.match(r"refused: (\w+): ", evidence.saw) if evidence.rule != _SENT else None
    both = isinstance(actual, dict) and isinstance(expected, dict)
    more = [each for each in actual if each not in expected] if both else [refused[1]] if refused else []
    for file, node in evidence.source.ancestry(_schema(evidence)) if more else ():
        for method in [each for each in node.body if isinstance(each, Function) and each.name == "__init__"]:
            handed = [call for call in calls(method, "__init__") if keyword(call, more[0]) is not None]
            assigned = [target for each in inside(method) if isinstance(each, ast.Assign) for target in each.targets]
            set_there = [each for each in assigned if text_of(each) == f"self.{more[0]}"]
            named = [each for each in inside(method) if isinstance(each, ast.Constant) and each.value == more[0]]
            for each in [*handed, *set_there, *named]:
                hint = (
                    f"What Pydantic is handed counts as sent. What does this line hand on if nobody sent a {more[0]}?"
                )
                if each in set_there:
                    hint = f"A field that is set counts as sent. What does this line do if nobody sent a {more[0]}?"
                return Told(where=file.at(each), hint=hint)
    return None


_REFUSED_ARGUMENT = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")


@reading("a constructor that takes its own arguments alone", *_ALL)
def constructor_refuses(evidence: Evidence) -> Told | None:
    """Pydantic passes over a field that a schema does not have. An __init__ of its own refuses it with a TypeError."""
    raised = evidence.raised_kind("TypeError")
    found = _REFUSED_ARGUMENT.search(raised.message) if raised else None
    for file, node in evidence.source.ancestry(evidence.source.class_(found[1])) if found else ():
        for method in [each for each in node.body if isinstance(each, Function) and each.name == "__init__"]:
            if found and method.args.kwarg is None and file.name not in evidence.given:
                hint = (
                    f"This takes no '{found[2]}', so Python refuses the call. Without a constructor of your own, what "
                )
                return Told(where=file.at(method), hint=f"{hint}does Pydantic do with a field that is not declared?")
    return None


@reading("model_dump() is overridden", _SENT)
def dump_overridden(evidence: Evidence) -> Told | None:
    """A model_dump() of your own returns something other than what the caller asked for."""
    for file, method, serializes in dumping(evidence, _schema(evidence)):
        return _dumped_otherwise(evidence, file, method, serializes=serializes)
    return None


def dumping(
    evidence: Evidence, schema: tuple[File, ast.ClassDef] | None
) -> Iterator[tuple[File, ast.FunctionDef, bool]]:
    """What decides in a schema what it gives back as a dictionary, and whether Pydantic calls it: a serializer."""
    for file, node in evidence.source.ancestry(schema):
        for method in [each for each in node.body if isinstance(each, ast.FunctionDef)]:
            serializes = "model_serializer" in map(name_of, method.decorator_list)
            if method.name in ("model_dump", "dict") or serializes:
                yield file, method, serializes


def _dumped_otherwise(evidence: Evidence, file: File, method: Function, *, serializes: bool) -> Told:
    """What there is to say of a method that gives other fields than the caller asked for."""
    hint = "What does this do with what was sent?" if serializes else "Whoever calls model_dump() wants what Pydantic "
    hint += "" if serializes else "gives."
    actual, expected = evidence.actual, evidence.expected
    known = isinstance(actual, dict) and isinstance(expected, dict)
    missing = [name for name in expected if name not in actual] if known else []
    place, saw = _only_return(method), ""
    if any(expected[name] is None for name in missing):
        hint = "Which fields does this leave out? Was null sent, or nothing?"
        saw = f"{evidence.saw}: {missing[0]} was sent as null, and is missing"
        named = [each for name, each, value in options(method) if name == "exclude_none" and text_of(value) != "False"]
        tested = [each for each in ast.walk(method) if isinstance(each, ast.Compare) and "None" in text_of(each)]
        defaults = [each for each in ast.walk(method.args) if isinstance(each, ast.arg) and each.arg == "exclude_none"]
        place = next(iter([*defaults, *named, *tested]), place)
    return Told(saw=saw, where=file.at(place), hint=hint)


def _only_return(method: Function) -> ast.AST:
    """What a function returns, if there is one place where it does; the function itself otherwise."""
    returns = [each for each in ast.walk(method) if isinstance(each, ast.Return)]
    return returns[0] if len(returns) == 1 else method


# -- what a client gets to see ------------------------------------------------------------------------


@reading("a schema that reads only dictionaries", "read_accepts_an_orm_object")
def reads_no_objects(evidence: Evidence) -> Told | None:
    """Pydantic reads the attributes of an object only if the schema sets from_attributes=True."""
    found = _schema(evidence)
    not_defined = re.search(r"is not fully defined", evidence.saw)
    if found is None or not ("valid dictionary or instance" in evidence.saw or not_defined):
        return None
    for file, node in evidence.source.ancestry(found):
        told = setting_not_read(evidence.source, file, node)
        if told is not None:
            return told
    if not_defined:
        return None
    hint = "Which setting lets a schema read the attributes of an object, for example of a row?"
    others = [each for each in found[0].classes if each.name in ("ItemCreate", "ItemUpdate")]
    plain = [each for each in (found[1], *others) if any(name_of(base) == "BaseModel" for base in each.bases)]
    if evidence.chapter == "08_sqlmodel" and others and plain == [found[1]]:
        hint = "The other schemas here are SQLModels, which read objects, and this is a plain BaseModel. "
        hint += "Which class has the fields that the table and this one share?"
    known = [node for _, node in evidence.source.ancestry(found)]
    for other in [each for each in found[0].classes if each not in known]:
        if any(name_of(target) == "model_config" and _holds_settings(value) for target, value in _given_in(other)):
            asks = f"From which classes does {found[1].name} inherit?"
            asks = "Which schema reads objects?" if _SCHEMA.fullmatch(other.name) else asks
            hint = f"{other.name} has the setting for this. {asks}"
    return Told(where=found[0].at(found[1]), hint=hint)


_SETTING = "from_attributes"
_ONE_NAME = "Pydantic reads its settings from one name only. Is it this one?"


def setting_not_read(source: Source, file: File, schema: ast.ClassDef) -> Told | None:
    """Where a schema has the setting, but not by the names by which Pydantic reads it, or not when it reads it."""
    for each, word, _ in _settings_in(schema):
        if word == "orm_mode" and not re.search(rf"\b{_SETTING}'?\s*[=:]\s*True", text_of(schema)):
            hint = "orm_mode is the name that Pydantic 1 had for it. What is it called today?"
            return Told(where=file.at(each), hint=hint)
    for node in schema.body:
        if isinstance(node, ast.ClassDef) and node.name == "Config":
            told = _not_read_in_config(file, node)
            if told is not None:
                return told
        if isinstance(node, Function):
            for each in inside(node):
                if "model_config" in map(name_of, getattr(each, "targets", ())) and _SETTING in text_of(each):
                    hint = "Pydantic reads model_config while it makes the class. When does this line run?"
                    return Told(where=file.at(each), hint=hint)
        if isinstance(node, ast.ClassDef) and node.name != "Config" and _SETTING in text_of(node):
            hint = f"Pydantic looks for no class {node.name}, but for a variable with the settings. What is its name?"
            return Told(where=file.at(node), hint=hint)
        if isinstance(node, ast.Expr) and _holds_settings(node.value):
            hint = "These settings have no name. By which one does Pydantic read them?"
            return Told(where=file.at(node), hint=hint)
        name = name_of(node.targets[0]) if isinstance(node, ast.Assign) else ""
        name = name_of(node.target) if isinstance(node, ast.AnnAssign) else name
        if name and name != "model_config" and _holds_settings(getattr(node, "value", None)):
            return Told(where=file.at(node), hint=_ONE_NAME)
        if name != "model_config" and getattr(node, "name", "") != "Config":
            continue
        for each, word, value in _settings_in(node):
            if word == _SETTING and text_of(value) == "False":
                return Told(where=file.at(each), hint=f"What does this say of {_SETTING}?")
            if word != _SETTING and difflib.get_close_matches(word, [_SETTING], 1, cutoff=0.75):
                hint = f"Pydantic knows no setting '{word}', and ignores it. It knows '{_SETTING}'."
                return Told(where=file.at(each), hint=hint)
            if re.search(r"^(?!use_).*(orm(?!at)|attr|object)", word) and word != _SETTING and text_of(value) == "True":
                hint = f"Pydantic 2 knows no setting '{word}', and ignores it. Which one lets it read attributes?"
                return Told(where=file.at(each), hint=hint)
    for late in set_from_outside(source, "model_config"):
        others = [each for each in late.words if each != schema.name and source.class_(each)]
        if _SETTING in late.value and (schema.name in late.words or not others):
            hint = f"When does Pydantic read model_config: while it makes {schema.name}, or each time that it is used?"
            return Told(where=late.file.at(late.node), hint=f"{hint} Where does this belong then?")
    for node in file.tree.body:
        outside = isinstance(node, ast.Assign) and name_of(node.targets[0]) == "model_config"
        if outside and not re.search(r"\bmodel_config\b", text_of(schema)):
            return Told(where=file.at(node), hint="This stands outside of the class. Whose setting is it?")
    return None


def _given_in(owner: ast.ClassDef) -> list[tuple[ast.expr, ast.expr | None]]:
    """What gets a value in the body of a class, with this value: None where a colon alone stands there."""
    found: list[tuple[ast.expr, ast.expr | None]] = []
    for each in owner.body:
        found += [(target, each.value) for target in each.targets] if isinstance(each, ast.Assign) else []
        found += [(each.target, each.value)] if isinstance(each, ast.AnnAssign) else []
    return found


def _not_read_in_config(file: File, config: ast.ClassDef) -> Told | None:
    """Where a class Config has the setting, but not as a variable of its own, which alone Pydantic reads there."""
    for target, value in _given_in(config):
        if name_of(target) == _SETTING and value is None:
            hint = f"A colon only says of what type '{_SETTING}' is. What gives it a value?"
            return Told(where=file.at(target), hint=hint)
        if name_of(target) == "model_config" and _holds_settings(value):
            hint = "Pydantic looks for model_config in the schema itself. In which class does this one stand?"
            return Told(where=file.at(target), hint=hint)
    for each in config.body if not any(name_of(target) == _SETTING for target, _ in _given_in(config)) else ():
        remark = isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
        if re.search(rf"\b{_SETTING}\b", text_of(each)) and not remark:
            hint = f"Of a class Config, Pydantic reads its variables. Is {_SETTING} one of them here?"
            return Told(where=file.at(each), hint=hint)
    return None


def _settings_in(node: ast.AST) -> list[tuple[ast.AST, str, ast.expr]]:
    """What is set in a ConfigDict, a dict or a class Config: the place, the name and the value of each."""
    found: list[tuple[ast.AST, str, ast.expr]] = []
    for each in ast.walk(node):
        if isinstance(each, ast.keyword) and each.arg:
            found.append((each, each.arg, each.value))
        elif isinstance(each, ast.Dict):
            pairs = zip(each.keys, each.values, strict=True)
            found += [(key, str(key.value), value) for key, value in pairs if isinstance(key, ast.Constant)]
        elif isinstance(each, ast.Assign) and each is not node:
            found.append((each, name_of(each.targets[0]), each.value))
    return found


def _holds_settings(value: ast.expr | None) -> bool:
    """Whether a value is made to be the settings of a schema."""
    return name_of(value) == "ConfigDict" or (isinstance(value, ast.Call | ast.Dict) and _SETTING in text_of(value))


_NAMED_TYPES = "Name", "Description", "Optional"
_NO_ANNOTATION = re.compile(
    r"(?:A non-annotated attribute was detected: `|Field ')(\w+)(?: = |' requires a type annotation)"
)


@reading("an attribute of a schema that is neither a field nor a setting")
def not_annotated(evidence: Evidence) -> Told | None:
    """In a schema a name with a type is a field. Without one, Pydantic knows the name of its settings, and no other."""
    raised = evidence.raised_kind("PydanticUserError")
    named = _NO_ANNOTATION.search(raised.message) if raised else None
    if raised is None or not (named or "`model_config` cannot be used as a model field" in raised.message):
        return None
    where = innermost(raised, evidence.given)
    file = evidence.source.file(where.rpartition(":")[0])
    around = [each for each in file.classes if file.at(each) == where]
    for node in around[0].body if around else ():
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if name_of(target) != (named[1] if named else "model_config"):
            continue
        hint = "If this is a field, what is its type? If it is none, what is it for?"
        said = getattr(node, "value", None)
        if name_of(said.value if isinstance(said, ast.Subscript) else said) in (
            "Annotated",
            "str",
            "int",
            *_NAMED_TYPES,
        ):
            hint = "A field is a name, a colon and a type. Which sign stands between the two here?"
        if _holds_settings(getattr(node, "value", None)):
            hint = _ONE_NAME
        elif not named:
            hint = "What follows a colon is a type. How does a name get a value?"
        return Told(where=file.at(node), hint=hint)
    return None


_SAYS = {
    "StringConstraints": "how long a text may be, and not that it is one",
    "Field": "what a value may be, and not of what type it is",
    "AfterValidator": "who checks a value, and not of what type it is",
    "BeforeValidator": "who checks a value, and not of what type it is",
}
_NO_TYPE = re.compile(
    r"unsupported operand type\(s\) for \|: .*'(StringConstraints|FieldInfo|\w+Validator|tuple|int|str|String|Text)'"
    r"|'(StringConstraints|FieldInfo|\w+Validator)' object has no attribute '__\w+__'"
    r"|Unable to generate pydantic-core schema for (?:(FieldInfo|StringConstraints|\w+Validator|String|Text)?\(|\d+\.)"
    r"|pydantic-core schema for sqlalchemy\.\S*Mapped\["
    r"|^Forward reference must be an expression"
    r"|^Type Annotated cannot be instantiated"
)


@reading("what a text may be, without its type")
def rules_without_a_type(evidence: Evidence) -> Told | None:
    """Annotated holds a type, and after it the rules for it. A rule is not a type."""
    unhashable = [each for each in evidence.raised if re.match("unhashable type: '(dict|list|set)'", each.message)]
    for within in evidence.source.files() if unhashable else ():
        for one in [one for one in _said_of_a_type(within.tree) if isinstance(one, ast.Dict | ast.List | ast.Set)]:
            hint = (
                f"Annotated takes a type, and then one rule after another. Is this {type(one).__name__.lower()} a rule?"
            )
            return Told(where=within.at(one), hint=hint) if within.name not in evidence.given else None
    raised = next((each for each in evidence.raised if _NO_TYPE.search(each.message)), None)
    where = innermost(raised, evidence.given) if raised else ""
    if raised is not None and raised.kind == "SyntaxError":  # of a text in the place of a type
        schema = evidence.source.class_("ItemCreate")
        where = schema[0].at(schema[1]) if schema else ""
    file = evidence.source.file(where.rpartition(":")[0]) if raised else None
    if file is None or raised is None or file.name in evidence.given:
        return None
    fields = [each.annotation for owner in file.classes for each in owner.body if isinstance(each, ast.AnnAssign)]
    bound = [value for each in file.bindings.values() if (value := getattr(each, "value", None)) is not None]
    for value in [part for each in fields for part in _parts_of(file, each)]:
        hint = _not_a_type(value)
        if hint:
            saw = f"Python cannot read {text_of(value)} as a type" if raised.kind == "SyntaxError" else ""
            where = file.at(next((each for each in bound if each is value), value))
            return Told(saw=saw, where=where, hint=hint, wanted="a type" if saw else "")
    called = [each for each in bound if isinstance(each, ast.Call) and name_of(each) == "Annotated"]
    return Told(where=file.at(called[0]), hint="Which brackets does Annotated take?") if called else None


def _parts_of(file: File, annotation: ast.expr) -> list[ast.expr]:
    """The types of which an annotation is made, each where it is written: at the name of a type, if it has one."""
    if isinstance(annotation, ast.BinOp):
        return [*_parts_of(file, annotation.left), *_parts_of(file, annotation.right)]
    if isinstance(annotation, ast.Subscript) and name_of(annotation.value) == "Optional":
        return _parts_of(file, annotation.slice)
    value = getattr(file.bound(name_of(annotation)), "value", None) if isinstance(annotation, ast.Name) else None
    return [value if value is not None else annotation]


TAKES_BOTH = "Which name of the typing module takes a type together with the rules for it?"


def _not_a_type(value: ast.expr) -> str:
    """What to ask of something that stands where a type belongs, and is none."""
    name = name_of(value) if isinstance(value, ast.Call) else ""
    if name in _SAYS:
        return f"{name} says {_SAYS[name]}. What holds both?"
    if name in ("String", "Text"):
        return f"{name} is a type of the database. What is the type of a text in Python, and what says its length?"
    if isinstance(value, ast.Subscript) and name_of(value.value) == "Mapped":
        return "Mapped[...] and mapped_column() describe columns of a table. How does a schema describe a text?"
    if name == "str":
        return f"{text_of(value)} makes a text, not a type. What is the type, and what says how long a text may be?"
    if isinstance(value, ast.Constant) and type(value.value) is int:
        return f"{value.value} is a number, not a type. {TAKES_BOTH}"
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        of_a_type = re.search(r"\[|^\s*\w+\s*$", value.value)
        return "The quotes make a text of this." if of_a_type else f"This is a text, not a type. {TAKES_BOTH}"
    if name == "Annotated":
        return "Which brackets does Annotated take?"
    if isinstance(value, ast.Tuple):
        return f"The comma makes a pair of this. {TAKES_BOTH}"
    of_annotated = isinstance(value, ast.Subscript) and name_of(value.value) == "Annotated"
    held = value.slice.elts if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Tuple) else []
    if of_annotated and held and isinstance(held[0], ast.Call) and name_of(held[0]) in _SAYS:
        return f"Annotated takes the type first. Is {name_of(held[0])} one?"
    return ""


@reading("a length in quotes")
def length_in_quotes(evidence: Evidence) -> Told | None:
    """A length is a number. Pydantic refuses a text in its place when it makes the class."""
    raised = evidence.raised_kind("SchemaError", "TypeError")
    if raised is None or not re.search("Error building|not supported between instances", raised.message):
        return None
    for file in evidence.source.files():
        for call in file.calls("StringConstraints", "Field", "constr"):
            for value in [keyword(call, name) for name in ("min_length", "max_length")]:
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and file.name not in evidence.given:
                    hint = "A length is a number. What do the quotes turn it into?"
                    return Told(where=file.at(value), hint=hint)
    return None


@reading("rules of a text as positional arguments")
def rules_by_place(evidence: Evidence) -> Told | None:
    """StringConstraints takes its rules as keyword arguments: the first positional ones are not lengths."""
    raised = evidence.raised_kind("SchemaError")
    for file in own_files(evidence) if raised and "Error building" in raised.message else ():
        for call in file.calls("StringConstraints"):
            if any(isinstance(each, ast.Constant) and type(each.value) is int for each in call.args):
                hint = "StringConstraints takes each length by its name. Where are the names in this line?"
                return Told(where=file.at(call), hint=hint)
    return None


@reading("something other than a function as a validator")
def no_function_to_validate(evidence: Evidence) -> Told | None:
    """A validator of a type takes the function itself, and calls it for each value."""
    raised = evidence.raised_kind("TypeError", "NameError", "AttributeError", "ValueError")
    if raised is None:
        return None
    for file in evidence.source.files() if "positional argument: 'handler'" in raised.message else ():
        for node in [each for each in file.nodes if isinstance(each, ast.Name) and each.id in _IN_A_TYPE]:
            if not any(call.func is node for call in file.calls(node.id)):
                hint = f"{node.id} calls a function that checks the text. Which function does it get here?"
                return Told(where=file.at(node), hint=hint)
    if "object is not callable" not in raised.message and not _raised_in_a_type(evidence, raised):
        return None
    for file in evidence.source.files():
        froms = [one for each in file.nodes if isinstance(each, ast.ImportFrom) for one in each.names]
        known = {each.asname: each.name for each in froms if each.asname}
        for call in file.calls(*_IN_A_TYPE) if file.name not in evidence.given else ():
            value = call.args[0] if call.args else keyword(call, "func")
            hint = f"{name_of(call)} takes the function itself. What do the quotes turn it into?"
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                return Told(where=file.at(call), hint=hint)
            name = name_of(value)
            made = evidence.source.named(known.get(name, name), file.name) if isinstance(value, ast.Call) else None
            if made is not None and not any(isinstance(each, Function | ast.Lambda) for each in inside(made[1])[1:]):
                hint = f"{name_of(call)} takes the function itself. What do the parentheses after {name} do?"
                return Told(where=file.at(call), hint=hint)
    return None


def _raised_in_a_type(evidence: Evidence, raised: Raised) -> bool:
    """Whether an import failed while a validator of a type was made, or in the function that is called for it."""
    for line in raised.lines:
        file = evidence.source.file(line.rpartition(":")[0])
        number = int(line.rpartition(":")[2])
        for call in file.calls(*_IN_A_TYPE):
            if call.lineno <= number <= (call.end_lineno or number) and not file.function_at(number):
                return True
    return False


_NO_TEXT = "Arguments must be a tuple|Input should be (a valid dictionary or object|an instance of)"


@reading("a function or a class instead of a text", *_CREATE, *_UPDATE)
def no_type_of_a_text(evidence: Evidence) -> Told | None:
    """A type says what a value is. A function, or a class with fields of its own, takes no text for one."""
    if not evidence.saw.startswith("refused: "):
        return None
    refused = re.match(rf"refused: (name|description): (?:{_NO_TEXT})", evidence.saw)
    found = _field(evidence, refused[1]) if refused else None
    for name in sorted(
        {name_of(each) for each in ast.walk(getattr(found[1], "annotation", found[1]))} if found else ()
    ):
        made = evidence.source.function(name) or evidence.source.class_(name)
        if name and made is not None and made[0].name not in evidence.given:
            kind = "a function" if isinstance(made[1], Function) else "a class of its own"
            hint = f"A client sends a text, and {name} is {kind}. What is the type of a text, and what says its length?"
            return Told(where=made[0].at(made[1]), hint=hint)
    return None


@reading("a class that is not a schema", *_ALL)
def not_a_schema(evidence: Evidence) -> Told | None:
    """A class reads and checks values only if it inherits from BaseModel."""
    named = re.match(r"(Item\w+) is <class 'app\.", evidence.saw) if "BaseModel" in evidence.wanted else None
    found = evidence.source.class_(named[1]) if named else None
    if found is None or found[0].name in evidence.given:
        return None
    bases = ", ".join(map(text_of, found[1].bases)) or "nothing"
    saw = f"{found[1].name} inherits from {bases}"
    return Told(saw=saw, where=found[0].at(found[1]), hint="From which class does a schema get its checks?")


@reading("a class without a base instead of a schema")
def body_is_no_schema(evidence: Evidence) -> Told | None:
    """FastAPI reads a body into a class that inherits from BaseModel, and of a plain one it knows nothing."""
    raised = evidence.raised_kind("FastAPIError")
    named = re.search(r"<class 'app\.(?:\w+\.)*(\w+)'>", raised.message) if raised else None
    found = evidence.source.class_(named[1]) if named else None
    if found is None or found[1].bases or found[0].name in evidence.given:
        return None
    if not any(isinstance(each, ast.AnnAssign) for each in found[1].body):
        return None
    saw = f"{found[1].name} inherits from nothing, so FastAPI cannot read a body into it"
    return Told(saw=saw, where=found[0].at(found[1]), hint="From which class does a schema get its checks?")


@reading("a table among the schemas")
def schema_on_the_base(evidence: Evidence) -> Told | None:
    """A class that inherits from Base is to be a table, and SQLAlchemy asks it for columns."""
    raised = evidence.raised_kind("MappedAnnotationError", "ArgumentError", "InvalidRequestError")
    where = innermost(raised, evidence.given) if raised else ""
    file = evidence.source.file(where.rpartition(":")[0])
    for node in [each for each in file.classes if file.at(each) == where and file.name == "app/schemas.py"]:
        if any(name_of(base) == "Base" for base in node.bases):
            hint = "Base makes a table of a class. From which class does a schema get its checks?"
            return Told(saw=f"{node.name} inherits from Base", where=where, hint=hint)
    return None


@reading("a field that nobody asked for", *_CREATE, *_UPDATE, _IGNORES_ID, _SENT)
def field_too_many(evidence: Evidence) -> Told | None:
    """A field without a default has to be sent, and nobody sends one that was not asked for."""
    asked = re.search(r"^refused: (\w+): Field required", evidence.saw)
    found = _field(evidence, asked[1]) if asked and asked[1] not in ("id", "name", "description") else None
    if found is None or asked is None:
        return None
    hint = f"Nobody asked for '{asked[1]}', and whoever does not send it is refused."
    return Told(where=found[0].at(found[1]), hint=hint)


@reading("a field too many is shown", "read_hides_internal_fields")
def shows_more(evidence: Evidence) -> Told | None:
    """An answer shows exactly the fields of its schema."""
    listed = re.search(r"also shows ('.*)", evidence.saw)
    names = re.findall(r"'(\w+)'", listed[1]) if listed else []
    for file, node in evidence.source.ancestry(_schema(evidence)) if names else ():
        for each in node.body:
            declared = getattr(each, "name", "") or name_of(getattr(each, "target", None))
            if declared in names:
                return Told(where=file.at(each), hint="Nobody asked for this field.")
        for method in [each for each in node.body if isinstance(each, ast.FunctionDef)]:
            if method.name == "model_dump" or "model_serializer" in map(name_of, method.decorator_list):
                hint = "This decides what is shown. Which names does it take from the object?"
                return Told(where=file.at(_only_return(method)), hint=hint)
        for inner in ast.walk(node):
            if _allows_extra(inner):
                return Told(where=file.at(inner), hint="This lets every field through, whatever it is called.")
    return None


@reading("the object's __dict__ is read, not its attributes", *_READ)
def reads_vars(evidence: Evidence) -> Told | None:
    """vars() and __dict__ hold only what is loaded. After a commit that is nothing."""
    for file, method in _validators(evidence):
        for node in ast.walk(method):
            past = isinstance(node, ast.Attribute) and node.attr == "__dict__"
            if past or (isinstance(node, ast.Call) and name_of(node) == "vars"):
                hint = "After a commit the values are not in here: attributes are loaded when somebody asks for them."
                return Told(where=file.at(node), hint=hint)
    return None


@reading("a stored value is not shown as it is", "read_accepts_an_orm_object")
def read_is_stricter(evidence: Evidence) -> Told | None:
    """A schema for answers must accept every value that the table can hold."""
    found = re.match(r"refused: (id|name|description): (?!Field required)", evidence.saw)
    declared = _field(evidence, found[1]) if found else None
    if declared is None:
        return None
    if text_of(getattr(declared[1], "annotation", None)) == "str" and "None" in "".join(evidence.did[-1:]):
        return Told(where=declared[0].at(declared[1]), hint="The column may be NULL, and this type has no room for it.")
    if found and re.match(r"refused: \w+: Input should be a valid", evidence.saw):
        table = evidence.source.class_("Item")
        there = table[0].name if table else "the table"
        hint = f"Which type does the {found[1]} have in {there}, and which one does this line ask for?"
        return Told(where=declared[0].at(declared[1]), hint=hint)
    place = _of_every_text(evidence) or declared
    return Told(where=place[0].at(place[1]), hint="The table holds such rows. Why should an answer refuse them?")


@reading("an answer shows another value than the object has", "read_accepts_an_orm_object")
def value_shown_otherwise(evidence: Evidence) -> Told | None:
    """A serializer, or a field of another name, makes something else of what the object holds."""
    told = under_another_name(evidence, _schema(evidence))
    if told is not None or not isinstance(evidence.actual, dict) or not isinstance(evidence.expected, dict):
        return told
    for file, node in evidence.source.ancestry(_schema(evidence)):
        for method in node.body:
            names = [name_of(each) for each in getattr(method, "decorator_list", ())]
            serializes = any(name in ("field_serializer", "model_serializer") for name in names)
            if serializes and isinstance(method, ast.FunctionDef):
                hint = "What does this do with the value that the object has?"
                return Told(where=file.at(_only_return(method)), hint=hint)
    return None


@reading("a field that is left out when it is shown", "update_knows_what_was_sent")
def left_out_of_dumps(evidence: Evidence) -> Told | None:
    """model_dump() leaves out a field with exclude=True, and can show a field under its alias."""
    return under_another_name(evidence, _schema(evidence))


_FROM_WHERE = "From which attribute of the object does this field take its value?"


def under_another_name(
    evidence: Evidence,
    schema: tuple[File, ast.ClassDef] | None,
    names: tuple[str, ...] = ("id", "name", "description"),
) -> Told | None:
    """What there is to say of a schema in which a field has another name outside: where its value is read, or shown."""
    fields = {name: found for name in names if (found := field_in(evidence, schema, name)) is not None}
    fields = {name: found for name, found in fields.items() if found[0].name not in evidence.given}
    asked = re.match(r"refused: (\w+): ", evidence.saw) if evidence.saw.startswith("refused: ") else None
    for file, field in fields.values() if asked and asked[1] not in names else ():
        if asked and f"'{asked[1]}'" in text_of(field):
            return Told(where=file.at(field), hint=_FROM_WHERE)
    more = evidence.saw.partition("also shows ")[2]
    for name, (file, field) in fields.items() if more else ():
        shown = [text_of(value).strip("'") for option, _, value in options(field) if option in _OTHER_NAMES]
        if shown and shown[-1] in re.findall(r"\w+", more):
            return Told(where=file.at(field), hint=f"Under which name is the {name} shown?")
    actual, expected = evidence.actual, evidence.expected
    if not isinstance(actual, dict) or not isinstance(expected, dict):
        return None
    for name, (file, field) in fields.items():
        said = {option for option, *_ in options(field)}
        if name in expected and name not in actual and said & {"exclude", *_OTHER_NAMES}:
            hint = f"Under which name is the {name} shown?"
            if "exclude" in said:
                hint = "What does exclude do to a field when its object is shown?"
            return Told(saw=f"{evidence.saw}: there is no '{name}'", where=file.at(field), hint=hint)
        # Nothing of that name is in the object: the field has its default.
        default = text_of(default_of(field)) if name in actual and said & {*_OTHER_NAMES} else ""
        if default and actual.get(name) != expected.get(name) and repr(actual.get(name)) == default:
            return Told(where=file.at(field), hint=_FROM_WHERE)
    return None


_OTHER_NAMES = "alias", "validation_alias", "serialization_alias"


@reading("a type that changes the text", *_CREATE, *_UPDATE)
def type_changes_text(evidence: Evidence) -> Told | None:
    """Some rules of a type do not refuse a text but change it: to small letters, or to a shorter one."""
    cut = _is_cut(evidence)
    field = _accepted(evidence) if cut else _refused(evidence)
    rules = rules_of(evidence, field) if field and (cut or " is '" in evidence.saw) else None
    places: list[tuple[File, ast.AST]] = [rules] if rules else []
    places += [(file, node) for file, node in evidence.source.ancestry(_schema(evidence)) if rules]
    for file, place in places[:1]:
        for call in calls(place, *_IN_A_TYPE):
            if cut and any(isinstance(each, ast.Slice) for each in ast.walk(call)):
                return Told(where=file.at(call), hint=_SHORTENED, why=_CUT)
            lambdas = [name_of(each) for each in ast.walk(call) if isinstance(each, ast.Call) and each is not call]
            if {*lambdas, *(name_of(each) for each in call.args)} & {*_OTHER_TEXT}:
                return Told(where=file.at(call), hint="What does this do with the text above?")
    for file, place in places:
        for node in ast.walk(place):
            name = (node.arg or "").removeprefix("str_") if isinstance(node, ast.keyword) else ""
            changes = ("to_lower", "to_upper") if field == "name" else ("to_lower", "to_upper", "strip_whitespace")
            if isinstance(node, ast.keyword) and name in changes and text_of(node.value) == "True":
                return Told(where=file.at(node.value), hint="What does this do with the text above?")
    return None
