"""In the child: mistakes in how endpoints take what a client sends, and in schemas that are met behind an endpoint."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace

from grader.diagnosis.crud import number_behind
from grader.diagnosis.endpoints import (
    LOOKED_UP,
    alias_of,
    behind,
    body_parameter,
    endpoint_of,
    own_files,
    path_of,
    request_of,
    row_asked_for,
)
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.parameters import table_behind
from grader.diagnosis.reading import TOO_STRICT, Told, reading, reading_of
from grader.diagnosis.routes import NOBODY_SENDS
from grader.diagnosis.schemas import (
    NOT_CALLED,
    blank_accepted,
    default_validated,
    default_value,
    field_in,
    field_missing,
    field_required,
    function_alone,
    name_has_a_default,
    nothing_sent_refused,
    null_accepted,
    null_refused,
    refuses_too_much,
    rules_of,
    silent_validator,
    too_long_accepted,
    validator_never_called,
)
from grader.diagnosis.source import File, Function, arguments_of, calls, defaults_of, inside, name_of, text_of

_INVALID = "bad_body_is_422", "patch_null_name_is_422", "input_is_validated", "create_ignores_a_client_id"
_VALID = "create_answers_201", "patch_keeps_omitted_fields", "patch_null_clears"
_MADE = (
    *("create_persists", "create_refreshes", "update_persists", "update_refreshes", "update_keeps_omitted_fields"),
    *("update_null_clears", "update_empty_string_is_a_value"),
)
_REST = "the_rest_still_works"
_LATER = "add_item_does_not_commit", _REST
_FIELDS = "name", "description", "kind"
_PAIR = re.compile(r"'(id|name|description)': ('(?:[^'\\]|\\.)*'(?: \* \d+)?|\[.*?\]|\{.*?\}|[^,}]+)")
_REFUSAL = re.compile(r'"loc":\["body"(?:,"(\w+)")?\],"msg":"([^"]*)')


def sent(evidence: Evidence) -> dict[str, str]:
    """What the body of the last request had, by the names of its fields, as Python writes it."""
    line = evidence.did[-1] if evidence.did else ""
    found = _PAIR.findall(line.partition(" {")[2])
    return {name: "None" if value == "null" else value for name, value in found}


def schema_of_body(evidence: Evidence) -> tuple[File, ast.ClassDef] | None:
    """The learner's own class that is the type of the endpoint's body."""
    found = endpoint_of(evidence)
    body = body_parameter(evidence, found[1]) if found else None
    for name in re.findall(r"\w+", text_of(body.annotation)) if body is not None else ():
        schema = evidence.source.class_(name)
        if schema is not None:
            return schema if schema[0].name not in evidence.given else None
    return None


# -- schemas behind an endpoint -----------------------------------------------------------------------


def in_a_request(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """A reading of a schema, for a request whose body is this schema: what it says of the schema is the same."""
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        seen = _by_the_schema(evidence)
        told = original.holds(seen) if seen is not None else None
        if seen is None or told is None:
            return None
        name = seen.did[-1].partition("(")[0]
        if seen.saw.startswith("refused"):
            return replace(told, saw=f"{evidence.saw}; {name} refuses this", why=told.why or TOO_STRICT)
        lacks = told.saw if told.saw.startswith(f"{name} has no field") else f"{name} lets this through"
        return replace(told, saw=f"{evidence.saw}; {lacks}")

    vars(holds)["reading"] = replace(original, rules=(*_INVALID, *_VALID, *_MADE, *_LATER), holds=holds)
    return holds


# What may be wrong with ItemCreate and ItemUpdate, in the order in which it is tried.
SCHEMAS_OF_BODIES = tuple(
    in_a_request(each)
    for each in (
        field_missing,
        nothing_sent_refused,
        default_validated,
        field_required,
        null_refused,
        validator_never_called,
        null_accepted,
        name_has_a_default,
        blank_accepted,
        too_long_accepted,
        refuses_too_much,
    )
)


def _by_the_schema(evidence: Evidence) -> Evidence | None:
    """What a request tells of the schema of its body, as if the schema alone had been tried.

    Or what a call tells whose argument could not be made: ``update_item(db, item, ItemUpdate(...))``.
    """
    accepted = evidence.wanted.startswith("Item")
    argument = re.match(r"(Item\w+\(.*\)) is accepted", evidence.wanted) if accepted else None
    if argument and evidence.saw.startswith("ValidationError: "):
        return replace(evidence, did=[argument[1]], saw=evidence.saw.replace("ValidationError", "refused", 1))
    schema = schema_of_body(evidence)
    if schema is None or table_behind(evidence, schema[1].name) is not None:
        return None
    did = f"{schema[1].name}({', '.join(f'{name}={value}' for name, value in sent(evidence).items())})"
    refused = _REFUSAL.search(evidence.saw) if evidence.saw.startswith("422") else None
    if refused:
        saw = f"refused: {f'{refused[1]}: ' if refused[1] else ''}{refused[2]}"
    elif evidence.wanted.startswith("422") or "the id" in evidence.saw:
        # As a schema shows itself: a null that became a text on its way is in the answer.
        shown = did
        for name, value in sent(evidence).items():
            if value == "None" and f'"{name}":"None"' in evidence.saw:
                shown = shown.replace(f"{name}=None", f"{name}='None'")
        saw = f"accepted: {shown}"
    else:
        return None
    return replace(evidence, did=[did], saw=saw)


@reading(
    "a validator loses what was sent",
    *_VALID,
    *_MADE,
    *("batch_is_all_or_nothing", "item_and_event_are_saved_together", "add_item_does_not_commit"),
    _REST,
)
def lost_in_a_validator(evidence: Evidence) -> Told | None:
    """The field gets what its validator returns: on a path without a return this is None, and the text is lost."""
    words = " ".join([evidence.saw, *(each.message for each in evidence.raised)])
    actual, expected = evidence.actual, evidence.expected
    for field in ("name", "description"):
        refused = f"constraint failed: items.{field}" in words or f'null value in column "{field}"' in words
        compared = isinstance(actual, dict) and isinstance(expected, dict) and field in actual
        emptied = compared and actual[field] is None and isinstance(expected.get(field), str)
        if not refused and not emptied:
            continue
        made = re.findall(r"\b(Item(?:Create|Update))\(", "".join(evidence.did[-1:]))
        schema = evidence.source.class_(made[-1]) if made else schema_of_body(evidence)
        if schema is None or schema[0].name in evidence.given:
            continue
        found = silent_validator(replace(evidence, did=[f"{schema[1].name}()"], saw=""), field)
        if found is not None:
            file, method, _ = found
            saw = f"{evidence.saw}; on its way through {schema[1].name} the {field} became None"
            hint = (
                "What a validator returns is the field's value from then on. What does this one give back in the end?"
            )
            why = "What a client sends has to reach the row as it is."
            return Told(saw=saw, where=file.at(method), hint=hint, why=why)
    return None


def in_a_new_row(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
    """The reading of a default in a schema, for a row that holds it: nobody sent a description.

    It may also be the default of the table's own class, which fills a column that nothing else fills.
    """
    original = reading_of(function)
    assert original is not None

    def holds(evidence: Evidence) -> Told | None:
        stored = _stored_for_none(evidence)
        if stored is None:
            return None
        made = re.findall(r"\bItemCreate(?=\()", "".join(evidence.did[-1:]))
        schema = evidence.source.class_(made[-1]) if made else schema_of_body(evidence)
        for found in (schema, evidence.source.class_("Item")):
            field = field_in(evidence, found, "description")
            if found is None or field is None or field[0].name in evidence.given:
                continue
            if default_value(evidence, field) != stored or (found == schema and _sends_a_description(evidence)):
                continue
            told = original.holds(replace(evidence, did=[f"{found[1].name}()"], saw=f"description is {stored!r}"))
            owner = next(node for _, node in evidence.source.ancestry(found) if field[1] in node.body)
            saw = f"{evidence.saw}; {owner.name} gives {stored!r} as the description where none is sent"
            return replace(told, saw=saw) if told is not None else None
        return None

    vars(holds)["reading"] = replace(original, rules=(*_VALID, *_MADE, _REST), holds=holds)
    return holds


def _sends_a_description(evidence: Evidence) -> bool:
    """Whether the last step sent a description, be it null."""
    return "description" in "".join(evidence.did[-1:])


def _stored_for_none(evidence: Evidence) -> str | None:
    """The text that a new row holds for a description that it should not have; None where it is something else."""
    did = "".join(evidence.did[-1:])
    if "create_item(" not in did and not did.startswith("POST "):
        return None
    rows = [each if isinstance(each, list) else [each] for each in (evidence.actual, evidence.expected)]
    for actual, expected in zip(*rows, strict=False):
        shown, wanted = (
            [*each.values()] if isinstance(each, dict) else [*each] if isinstance(each, tuple | list) else []
            for each in (actual, expected)
        )
        if len(shown) == len(wanted):
            other = [pair for pair in zip(shown, wanted, strict=True) if pair[0] != pair[1]]
            if len(other) == 1 and other[0][1] is None and isinstance(other[0][0], str):
                return other[0][0]
    return None


@reading("a body in which every field may be missing", "bad_body_is_422")
def fields_left_open(evidence: Evidence) -> Told | None:
    """total=False says of a TypedDict that each of its fields may be left out."""
    missed = evidence.raised_kind("KeyError")
    if missed is None:
        return None
    options = [(file, each) for file in own_files(evidence) for owner in file.classes for each in owner.keywords]
    for file, option in options:
        if option.arg == "total" and text_of(option.value) == "False":
            return Told(where=file.at(option.value), hint=f"What does total=False say of the field {missed.message}?")
    return None


@reading("NUL is accepted", "bad_body_is_422", "input_is_validated")
def nul_accepted(evidence: Evidence) -> Told | None:
    r"""SQLite stores a text that contains the character NUL, \x00. PostgreSQL refuses it, and the client gets a 500."""
    field = next((name for name, value in sent(evidence).items() if "\\x00" in value), "")
    schema = schema_of_body(evidence) if field else None
    found = rules_of(replace(evidence, did=[schema[1].name]), field) if schema is not None and field else None
    if schema is None or found is None or evidence.saw.startswith("422"):
        return None
    saw = f"{evidence.saw}; {schema[1].name} lets this through"
    for name in re.findall(r"Validator\((\w+)\)", text_of(found[1])):
        validator = evidence.source.function(name)
        if validator is not None and not any(isinstance(each, ast.Raise) for each in ast.walk(validator[1])):
            returned = [each for each in inside(validator[1]) if isinstance(each, ast.Return)]
            takes_out = returned[0] if len(returned) == 1 and isinstance(returned[0].value, ast.Call) else validator[1]
            return Told(saw=saw, where=validator[0].at(takes_out), hint="What does this refuse?")
        other = _looked_for(evidence, *validator) if validator is not None else None
        if validator is not None and other is not None:
            file, text = other
            said = str(text.value)
            hint = f"{name}() looks for this text, of {len(said)} characters. NUL is one. How is it written?"
            if len(said) == 1:
                hint = f"{name}() looks for this character. Is it NUL, the one that stands in the text above?"
            return Told(saw=saw, where=file.at(text), hint=hint)
        for each in [each for each in ast.walk(validator[1]) if isinstance(each, ast.If)] if validator else ():
            refuses = any(isinstance(one, ast.Raise) for one in each.body)
            if validator and refuses and not re.fullmatch(r"'(\\x00|\\0)' in .+", text_of(each.test)):
                hint = "Where in the text above is the NUL, and where does this line look for one?"
                return Told(saw=saw, where=validator[0].at(each), hint=hint)
    if (bare := function_alone(evidence, *found)) is not None:
        return Told(saw=saw, where=found[0].at(bare), hint=NOT_CALLED.format(bare.id))
    for stops in found[0].calls("any", "all"):
        part = stops.args[0] if stops.args else None
        if isinstance(part, ast.GeneratorExp) and isinstance(part.elt, ast.Call):
            hint = f"{name_of(stops)}() goes through these only until it knows its answer. Which calls are left out?"
            return Told(saw=saw, where=found[0].at(stops), hint=hint)
    hint = "A database cannot store every character: PostgreSQL has no NUL. Who refuses it?"
    return Told(saw=saw, where=found[0].at(found[1]), hint=hint)


_LOOKS = "find", "rfind", "index", "rindex", "count", "startswith", "endswith", "partition", "__contains__"


def _looked_for(evidence: Evidence, file: File, validator: Function) -> tuple[File, ast.Constant] | None:
    r"""The one text that a validator looks for where it should be NUL, ``"\\0x00" in text``; also by the name it has.

    None where NUL is among what it looks for, where that is a pattern, and where it looks for several texts.
    """
    if calls(validator, "search", "match", "fullmatch", "compile", "findall", "sub", "split"):
        return None
    said: list[ast.expr] = []
    for each in inside(validator):
        if isinstance(each, ast.Compare) and isinstance(each.ops[0], ast.In | ast.NotIn):
            said.append(each.left)
        elif isinstance(each, ast.Compare):
            said += [each.left, *each.comparators]
        elif isinstance(each, ast.Call) and name_of(each) in _LOOKS:
            said += each.args[:1]
    said = [each for each in said if name_of(each) not in arguments_of(validator)]
    found: dict[str, tuple[File, ast.Constant]] = {}
    for each in said:
        other, value = number_behind(evidence, file, each)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found[value.value] = other, value
    return next(iter(found.values())) if len(found) == 1 and not {*found} & {"", "\0"} else None


_OF_NUMBERS, _OF_TEXTS = ("gt", "ge", "lt", "le", "multiple_of"), ("min_length", "max_length", "pattern")


@reading("a bound of another type")
def bound_of_another_type(evidence: Evidence) -> Told | None:
    """ge and le compare numbers, and min_length and max_length count what is in a text."""
    raised = evidence.raised_kind("TypeError")
    name = _NOT_APPLIED.match(raised.message) if raised else None
    if raised is None or name is None:
        return None
    found = [(file, each) for file in own_files(evidence) for each in file.nodes if isinstance(each, ast.keyword)]
    found = [(file, each) for file, each in found if each.arg == name[1]]
    if name[1] in _OF_NUMBERS:
        found = [place for place in found if _type_beside(*place) in ("", "str")]
        hint = f"{name[1]} compares numbers, and here is a text. What bounds how long a text is?"
    else:
        found = [place for place in found if _type_beside(*place) != "str"]
        hint = f"{name[1]} is about texts, and this is none. What bounds a number?"
    where = {file.at(each.value) for file, each in found}
    return Told(where=where.pop(), hint=hint) if len(where) == 1 and name[1] in _OF_NUMBERS + _OF_TEXTS else None


_NOT_APPLIED = re.compile(r"Unable to apply constraint '(\w+)' to ")


def _type_beside(file: File, keyword: ast.keyword) -> str:
    """The type that a bound is written for: ``str`` in ``Annotated[str, Field(ge=1)]``; empty where nobody can tell."""
    around = [each for each in file.nodes if isinstance(each, ast.Subscript | ast.AnnAssign)]
    around = [each for each in around if any(each_ is keyword for each_ in ast.walk(each))]
    written = (
        text_of(around[-1].slice if isinstance(around[-1], ast.Subscript) else around[-1].annotation) if around else ""
    )
    first = re.match(r"\(?(?:Annotated\[)?(\w+)", written)
    return first[1] if first and first[1] in ("str", "int", "float") else ""


# -- the body -----------------------------------------------------------------------------------------


@reading("a client is asked for the item that the path names")
def row_asked_of_the_client(evidence: Evidence) -> Told | None:
    """The path has the id of the item. A function looks the item up, and FastAPI hands the endpoint what it returns."""
    if not evidence.saw.startswith("422 ") or '"type":"missing","loc":["body"' not in evidence.saw:
        return None
    found = endpoint_of(evidence)
    if found is None:
        return None
    asked = row_asked_for(evidence, found[1], request_of(evidence)[0], path_of(found[2]))
    if asked is None or found[0].name in evidence.given:
        return None
    alias = alias_of(evidence, asked.annotation)
    saw = f"{evidence.saw}; FastAPI looks in the body for the parameter '{asked.arg}: {text_of(asked.annotation)}'"
    return Told(saw=saw, where=alias[0].at(alias[1]) if alias else found[0].at(asked), hint=LOOKED_UP)


@reading("FastAPI looks for the body in another place", *_INVALID, *_VALID, "batch_is_all_or_nothing", "answers_202")
def body_looked_for_elsewhere(evidence: Evidence) -> Told | None:
    """A single schema, or a list of one, is the whole body. Several parameters of the body, or one with embed=True, are
    fields inside it. FastAPI looks for everything else in the query."""
    found = endpoint_of(evidence)
    refused = evidence.saw.startswith("422")
    missing = refused and re.search(r'"loc":\["(body|query|header|cookie)","([\w-]+)"\]', evidence.saw)
    name = missing[2].replace("-", "_") if missing else ""
    for each in (*found[1].args.args, *found[1].args.kwonlyargs) if found and name else ():
        if found is None or not missing or each.arg != name or (missing[1] == "body" and name in _FIELDS):
            continue
        alias = alias_of(evidence, each.annotation)
        words = [text_of(each) if alias is None else text_of(alias[1]), text_of(defaults_of(found[1]).get(name))]
        asks = "This asks for a body"
        if "embed=True" not in " ".join(words):
            asks = "Another parameter is taken from the body, too, so FastAPI asks for"
        shown, themselves = ("[...]", "list itself") if _sends_many(evidence) else ("{...}", "fields themselves")
        hint = f"{asks} {{'{name}': {shown}}}. The client sends the {themselves}."
        if missing[1] != "body":
            hint = "FastAPI takes this for a part of the query (?...=): it is not a schema."
            if missing[1] != "query" or body_parameter(evidence, found[1]) not in (None, each):
                hint = NOBODY_SENDS.format(name, missing[1])
        place = alias if alias is not None and "embed=True" in words[0] else (found[0], each)
        return Told(where=place[0].at(place[1]), hint=hint, why=TOO_STRICT)
    return None


def _sends_many(evidence: Evidence) -> bool:
    """Whether the last request sent a list."""
    return re.search(r"/\S* \[", "".join(evidence.did[-1:])) is not None


@reading("a schema that is asked for as a dependency")
def schema_depended_on(evidence: Evidence) -> Told | None:
    """FastAPI makes what Depends() is given, field by field, of the query. It takes a plain schema from the body."""
    depended = _schema_depended_on(evidence) if request_of(evidence)[0] in ("post", "put", "patch") else None
    if depended is None or depended[0].name in evidence.given:
        return None
    hint = "Asked for like this, a schema is made of parts of the query (?...=), field by field. "
    hint += "Where does the client send the fields?"
    why = TOO_STRICT if evidence.saw.startswith("422") else ""
    return Told(where=depended[0].at(depended[1]), hint=hint, why=why)


_ASKED_FOR = re.compile(r"\b(?:Depends|Query)\((?:(?:\w+\.)*(\w+)[,)]|[^\w]|\))")


def _schema_depended_on(evidence: Evidence) -> tuple[File, ast.arg] | None:
    """The parameter that asks for a schema as for a dependency: ``data: ItemCreate = Depends()``, or with Query()."""
    found = endpoint_of(evidence)
    arguments = found[1].args if found else None
    if found is None or arguments is None:
        return None
    named, defaults = [*arguments.posonlyargs, *arguments.args], defaults_of(found[1])
    for each in (*named, *arguments.kwonlyargs):
        alias = alias_of(evidence, each.annotation)
        annotation = text_of(getattr(alias[1], "value", None) if alias else each.annotation)
        words = f"{annotation} {text_of(defaults.get(each.arg))}"
        asked = _ASKED_FOR.search(words)
        names = [asked[1]] if asked and asked[1] else re.findall(r"\w+", annotation) if asked else []
        schemas = [evidence.source.class_(name) for name in names]
        if any(one is not None and one[0].name in ("app/schemas.py", "app/models.py") for one in schemas):
            return found[0], each
    return None


_NO_LIST = re.compile(r'"type":"list_type","loc":\["body"\]')
_NO_OBJECT = re.compile(r'"type":"(?:model_attributes_type|model_type|dict_type)","loc":\["body"\]')


@reading("one object for a list, or a list for one", *_VALID, "batch_is_all_or_nothing", "answers_202")
def one_for_many(evidence: Evidence) -> Told | None:
    """A body is a list, or one object. The type of the parameter says which of the two the endpoint takes."""
    found = endpoint_of(evidence) if evidence.saw.startswith("422") else None
    body = body_parameter(evidence, found[1]) if found else None
    if found is None or body is None:
        return None
    alias = alias_of(evidence, body.annotation)
    words = text_of(getattr(alias[1], "value", None) if alias else body.annotation)
    takes_many = (
        re.search(r"^(?!(?:\w+\.|Annotated\[)*[Dd]ict\b).*\b(?i:list|sequence|iterable|tuple|set)\b", words) is not None
    )
    sends_many = _sends_many(evidence)
    refused = (_NO_LIST if takes_many else _NO_OBJECT).search(evidence.saw)
    if refused is None or takes_many == sends_many:
        return None
    what = "a list of objects" if sends_many else "one object"
    where = alias[0].at(alias[1]) if alias else found[0].at(body)
    hint = f"The client sends {what} here. What does the type of '{body.arg}' say?"
    return Told(where=where, hint=hint, why=TOO_STRICT)


@reading("FastAPI refuses a good body", *_VALID, "batch_is_all_or_nothing", "answers_202")
def good_body_refused(evidence: Evidence) -> Told | None:
    """FastAPI compares the body with the type of the parameter before the endpoint runs."""
    refused = re.match(r'422 \{"detail":\[\{"type":"\w+","loc":\["body"(?:,(?:\d+,)?"(\w+)")?', evidence.saw)
    found = endpoint_of(evidence) if refused and not evidence.wanted.startswith("4") else None
    body = body_parameter(evidence, found[1]) if found else None
    if found is None or body is None or refused is None:
        return None
    hint = f"Your endpoint did not run: FastAPI compares the body with the type of '{body.arg}' first. "
    field = field_in(evidence, schema_of_body(evidence), refused[1]) if refused[1] else None
    place = field or alias_of(evidence, body.annotation) or (found[0], body)
    return Told(where=place[0].at(place[1]), hint=f"{hint}What does this line ask for?", why=TOO_STRICT)


@reading("a field is not passed on", "create_answers_201", "patch_keeps_omitted_fields")
def not_handed_on(evidence: Evidence) -> Told | None:
    """A value from the client reaches the row only if every line on the way passes it on."""
    verb = {"post": "INSERT items", "patch": "UPDATE items"}.get(request_of(evidence)[0], "")
    writes = evidence.events_of(verb) if verb else []
    if not evidence.saw.startswith("the row is") or not writes:
        return None
    stored = str(writes[-1].parameters)
    lost = [(name, value) for name, value in sent(evidence).items() if value != "None" and value not in stored]
    for file, node in behind(evidence) if lost else ():
        made = calls(node, "create_item", "update_item")
        body = body_parameter(evidence, node)
        if made and body is not None and not any(text_of(each) == body.arg for each in _values(made[-1])):
            name, value = lost[0]
            inner = [call for each in _values(made[-1]) for call in ast.walk(each) if isinstance(call, ast.Call)]
            helpers = [evidence.source.function(name_of(call), file.name) for call in inner]
            for helper in [each for each in helpers if each is not None]:
                for call in calls(helper[1], "ItemCreate", "ItemUpdate"):
                    if not any(each.arg in (None, name) for each in call.keywords):
                        hint = f"The client has sent a {name}. Does it get into what this line makes?"
                        saw = f"the {verb.split()[0]} was sent without the {name}"
                        wanted = f"a row with the {name} {value}"
                        return Told(saw=saw, wanted=wanted, where=helper[0].at(call), hint=hint)
            return Told(
                saw=f"the {verb.split()[0]} was sent without the {name}",
                wanted=f"a row with the {name} {value}",
                where=file.at(made[-1]),
                hint=f"The client has sent a {name}. Is it in what this line hands on?",
            )
    return None


def _values(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(each.value for each in call.keywords)]
