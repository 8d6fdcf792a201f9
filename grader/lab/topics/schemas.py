"""In the child: what the learner's schemas accept, keep and show."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from grader.lab.code import Code
from grader.lab.equality import as_dict, is_plain, same
from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.models import Models
from grader.lab.place import Place
from grader.lab.story import Story
from grader.lab.words import show
from grader.outcomes import ToDo, Verdict, Waits, Wrong

# Each field with the other one and alone, with all that somebody may change in it, and as long as it may be.
_BOTH = (
    {"name": 'LED <A & "B">', "description": 'Warm  light, "soft" & <LED>'},
    {"name": "x" * 200, "description": "y" * 500},
)
_TEXTS = (*_BOTH, *({field: text} for both in _BOTH for field, text in both.items()))
_PLAIN = type(None), str, bool, int, float, bytes, list, tuple, dict, set


@dataclass(frozen=True)
class _Lost:
    """A text that a schema has not kept: what was sent, in which field it was, and what is there instead."""

    sent: dict[str, str]
    field: str
    found: Any


class Schemas:
    """What a check asks about the learner's schemas."""

    def __init__(self, place: Place, code: Code, focus: Focus, story: Story, expect: Expect, models: Models) -> None:
        self._place = place
        self._code = code
        self._focus = focus
        self._story = story
        self._expect = expect
        self._module = models.schemas
        self._adapters: dict[type[BaseModel], TypeAdapter[Any]] = {}
        self._places: dict[type[BaseModel], str] = {}
        self._lost_by: dict[type[BaseModel], _Lost | None] = {}

    def schema(self, name: str) -> type[BaseModel]:
        """A schema of the learner's."""
        found = self._code.need(f"{self._module}.{name}")
        file = self._place.shown(f"app/{self._module}.py")
        is_model = isinstance(found, type) and issubclass(found, BaseModel)
        self._expect(is_model, saw=f"{name} is {show(found)}", wanted=f"{name} is a BaseModel", where=file)
        assert isinstance(found, type) and issubclass(found, BaseModel)
        if found not in self._places:
            self._places[found] = self._place_of(found, name) or file
        self._focus.at = self._places[found]
        if not found.model_fields:
            raise ToDo(f"{name} has no fields yet")
        return found

    def _place_of(self, schema: type[BaseModel], name: str) -> str:
        """Where a schema is written, ``04_schemas/app/schemas.py:12``; empty where that cannot be found."""
        file = getattr(sys.modules.get(schema.__module__), "__file__", None) or ""
        text = ""
        with suppress(OSError, UnicodeError):
            text = Path(file).read_text(encoding="utf-8")
        found = re.search(rf"^(?:class )?{name}\b", text, re.MULTILINE)
        if found is None or not Path(file).is_relative_to(self._place.root):
            return ""
        inside = Path(file).relative_to(self._place.root).as_posix()
        return f"{self._place.shown(inside)}:{text.count(chr(10), 0, found.start()) + 1}"

    def _validate(self, schema: type[BaseModel], values: dict[str, Any]) -> BaseModel:
        """The instance that FastAPI would make of a body, and the story of it.

        A schema that insists on an id gets one with everything that is sent: that it must not insist is the
        business of the rules about ids and about sending nothing, and of no other.
        """
        self._story.lines[:] = [f"{schema.__name__}({_shown(values)})"]
        own_id = schema.model_fields.get("id")
        if values and own_id is not None and own_id.is_required():
            values = {"id": 1, **values}
        return self._body(schema, values)

    def _body(self, schema: type[BaseModel], values: dict[str, Any]) -> BaseModel:
        """What FastAPI makes of a body: it asks pydantic, and never a ``model_validate`` of the schema's own.

        Source: FastAPI, ``fastapi._compat`` (``ModelField``).
        """
        if schema not in self._adapters:
            annotated: Any = Annotated[schema, Field()]
            self._adapters[schema] = TypeAdapter(annotated)
        made: BaseModel = self._adapters[schema].validate_python(values, from_attributes=True)
        return made

    def make(self, name: str, /, **values: Any) -> BaseModel:
        """An instance of a schema, as FastAPI would make it from a body.

        Where the learner's own makes something else of a text, what becomes of it later says nothing.
        """
        self.wait_for_texts(name)
        schema = self.schema(name)
        with self._code.running(f"{name}({_shown(values)}) is accepted"):
            data = self._body(schema, values)
        self._code.sent_as(data, f"{name}({', '.join(f'{field}={show(value)}' for field, value in values.items())})")
        return data

    def wait_for_texts(self, name: str) -> None:
        """Let it be the matter of `input_is_validated` what the learner's own schema makes of a text."""
        lost = self._lost(name) if self._place.chapter == "08_sqlmodel" else None
        if lost is not None:
            raise Waits(f"{lost.field} is {_brief(lost.found)}", "input_is_validated")

    def expect_texts_kept(self, *names: str) -> None:
        """End the check as failed if one of these schemas takes a text, and makes another one of it, or none.

        One that is not there, or still to do, is the matter of other rules.
        """
        at = self._focus.at
        for name in names:
            lost = None
            with suppress(Verdict):
                lost = self._lost(name)
            if lost is not None:
                self._story.begin(f"{name}({_shown(lost.sent)})")
                raise Wrong(f"{lost.field} is {_brief(lost.found)}", f"{lost.field} is {_brief(lost.sent[lost.field])}")
        self._focus.at = at

    def _lost(self, name: str) -> _Lost | None:
        """What the schema makes of a text, where that is something else; None where it keeps what it accepts."""
        schema = self.schema(name)
        if schema not in self._lost_by:
            self._lost_by[schema] = _text_lost_by(schema, self._body)
        return self._lost_by[schema]

    def accepts(self, name: str, values: dict[str, Any], /, **wanted: Any) -> None:
        """End the check as failed unless these values are accepted, and these fields are as wanted."""
        schema = self.schema(name)
        try:
            data = self._validate(schema, values)
        except ValidationError as error:
            raise Wrong(f"refused: {_reason(error)}", "accepted") from None
        except Exception as error:
            raise self._code.raised(error, "accepted") from None
        for field, value in wanted.items():
            has, found = hasattr(data, field), getattr(data, field, None)
            self._code.returned()
            self._expect(has, saw=f"{name} has no {field}", wanted=f"{field} is {_brief(value)}")
            if isinstance(found, BaseModel):  # a type of its own for names: what counts is the text that it stands for
                found = found.model_dump()
            saw = f"{field} is {_brief(found)}"
            if not is_plain(found):
                self._code.returned()  # what shows an object of the learner's runs its code
            self._expect(same(found, value), saw=saw, wanted=f"{field} is {_brief(value)}")

    def refuses(self, name: str, values: dict[str, Any]) -> None:
        """End the check as failed unless these values are refused with a ValidationError."""
        wanted = "refused with a ValidationError, which becomes a 422"
        schema = self.schema(name)
        try:
            data = self._validate(schema, values)
        except ValidationError:
            return
        except Exception as error:
            raise self._code.raised(error, wanted) from None
        raise Wrong(f"accepted: {name}({_shown(dict(data))})", wanted)

    def is_accepted(self, name: str, values: dict[str, Any]) -> bool:
        """Whether the schema takes these values and has fields for them; for what another rule judges."""
        schema = self.schema(name)
        with suppress(Exception):
            data = self._validate(schema, values)
            return all(hasattr(data, field) for field in values)
        return False

    def create_keeps(self, description: str) -> bool:
        """Whether ItemCreate keeps a description as it is: where it does not, the rule about that says so, once."""
        with suppress(Exception):
            data = self._body(self.schema("ItemCreate"), {"name": "lamp", "description": description})
            return same(getattr(data, "description", None), description)
        return False

    def wait_for(self, rule: str, name: str, *bodies: dict[str, Any]) -> None:
        """Let it be the matter of another rule that the schema takes none of these bodies, all of them correct."""
        if not any(self.is_accepted(name, body) for body in bodies):
            raise Waits(f"{name} does not take what is correct", rule)

    def written(self, *names: str) -> list[str]:
        """Those of these schemas that are not still the starter's: a later task's schema does not hold this one up."""
        return [name for name in names if self._is_written(name)]

    def _is_written(self, name: str) -> bool:
        try:
            self.schema(name)
        except Exception as verdict:
            return getattr(verdict, "outcome", "") != "todo"
        return True

    def expect_no_id(self, name: str, values: dict[str, Any]) -> None:
        """End the check as failed if the schema keeps an id that was sent; refusing it is fine."""
        schema = self.schema(name)
        with self._code.running("an id that is refused or ignored"):
            try:
                kept = self._validate(schema, {"id": 4711, **values}).model_dump()
            except ValidationError:
                return
        own = _own_dict(kept)
        gone = own.get("id") is None and not any(same(each, 4711) for each in own.values())
        saw = f"the schema kept it: {_brief(kept)}"
        self._code.returned()  # what shows an object of the learner's runs its code
        self._expect(gone, saw=saw, wanted="an id that is refused or ignored")

    def expect_sent(self, name: str, values: dict[str, Any]) -> None:
        """End the check as failed unless the schema remembers exactly what was sent."""
        schema = self.schema(name)
        with self._code.running():
            data = self._validate(schema, values)
            self._story.did("model_dump(exclude_unset=True)")
            dumped, sent = data.model_dump(exclude_unset=True), data.model_fields_set
        self._expect.equal(dumped, values)
        saw = f"model_fields_set is {sent or '{}'}"
        self._code.returned()  # what shows an object of the learner's runs its code
        self._expect(same(sent, set(values)), saw=saw, wanted=f"{set(values) or '{}'}")

    def shown(self, item: Any, what: str = "Item object") -> dict[str, Any]:
        """What ItemRead shows of an object, in the names that an answer would have."""
        schema = self.schema("ItemRead")
        self._story.begin(f"ItemRead.model_validate({what})")
        if any(field.serialization_alias for field in schema.model_fields.values()):
            self._story.did("model_dump(by_alias=True), as FastAPI does")
        wanted = "the object's id, name and description"
        try:
            shown = schema.model_validate(item).model_dump(by_alias=True)
        except ValidationError as error:
            raise Wrong(f"refused: {_reason(error)}", wanted) from None
        except Exception as error:
            raise self._code.raised(error, wanted) from None
        self._code.returned()
        return _own_dict(shown)

    def expect_shown(self, item: Any, what: str, /, **wanted: Any) -> None:
        """End the check as failed unless ItemRead shows these fields."""
        shown = self.shown(item, what)
        complete = set(wanted) <= set(shown)
        self._expect.equal({name: shown[name] for name in wanted} if complete else shown, wanted)


def _own_dict(dumped: Any) -> dict[str, Any]:
    """What ``model_dump()`` gives, where that is a dictionary, as it has to be."""
    own = as_dict(dumped)
    if own is None:
        raise Wrong(f"model_dump() gave {_brief(dumped)}", "a dictionary")
    return own


def _text_lost_by(
    schema: type[BaseModel], made_of: Callable[[type[BaseModel], dict[str, str]], BaseModel]
) -> _Lost | None:
    for sent in _TEXTS:
        with suppress(Exception):  # what it refuses is the matter of other rules
            data = made_of(schema, sent)
            for field, text in sent.items():
                found = getattr(data, field, text)
                if type(found) in _PLAIN and not same(found, text):  # a type of one's own may hold the text
                    return _Lost(sent, field, found)
    return None


def _reason(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    return f"{field}: {first['msg']}" if field else first["msg"]


def _shown(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_brief(value)}" for name, value in values.items())


def _brief(value: Any) -> str:
    if isinstance(value, str) and len(value) > 40:
        return f"{value[0]!r} * {len(value)}" if len(set(value)) == 1 else repr(value[:37] + "...")
    shown = repr(value)
    return shown if len(shown) <= 120 else shown[:117] + "..."
