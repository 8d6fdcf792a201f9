"""For chapter 04: what the learner's schemas accept, keep and show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import DeclarativeBase

if TYPE_CHECKING:
    from grader.lab import Lab


class Schemas:
    """What a check asks about the learner's schemas."""

    def __init__(self, lab: Lab, module: str) -> None:
        self._lab = lab
        self._module = module

    def schema(self, name: str) -> type[BaseModel]:
        """A schema of the learner's."""
        found = self._lab.need(f"{self._module}.{name}")
        file = f"{self._lab.place.chapter}/app/{self._module}.py"
        is_model = isinstance(found, type) and issubclass(found, BaseModel)
        self._lab.expect(is_model, saw=f"{name} is {found!r}", wanted=f"{name} is a BaseModel", where=file)
        assert isinstance(found, type)
        return found

    def make(self, name: str, /, **values: Any) -> BaseModel:
        """An instance of a schema, as FastAPI would make it from a body."""
        schema = self.schema(name)
        with self._lab.learner_code(f"a {name}"):
            return schema.model_validate(values)

    def accepts(self, name: str, values: dict[str, Any], /, **wanted: Any) -> None:
        """End the check as failed unless these values are accepted, and these fields are as wanted."""
        schema = self.schema(name)
        self._lab.story[:] = [f"{name}({_shown(values)})"]
        try:
            data = schema.model_validate(values)
        except ValidationError as error:
            raise self._lab.wrong(f"refused: {_reason(error)}", "accepted") from None
        except Exception as error:
            raise self._lab.raised(error, "accepted") from None
        for field, value in wanted.items():
            found = getattr(data, field, "missing")
            self._lab.expect(found == value, saw=f"{field} is {_brief(found)}", wanted=f"{field} is {_brief(value)}")

    def refuses(self, name: str, values: dict[str, Any]) -> None:
        """End the check as failed unless these values are refused with a ValidationError."""
        schema = self.schema(name)
        self._lab.story[:] = [f"{name}({_shown(values)})"]
        try:
            data = schema.model_validate(values)
        except ValidationError:
            return
        except Exception as error:
            raise self._lab.raised(error, "a ValidationError, which becomes a 422") from None
        raise self._lab.wrong(f"accepted: {_brief(data)}", "refused with a ValidationError, which becomes a 422")

    def kept(self, name: str, values: dict[str, Any]) -> dict[str, Any] | None:
        """What the schema keeps of these values; None if it refuses them."""
        schema = self.schema(name)
        self._lab.story[:] = [f"{name}({_shown(values)})"]
        try:
            return schema.model_validate(values).model_dump()
        except ValidationError:
            return None

    def expect_sent(self, name: str, values: dict[str, Any]) -> None:
        """End the check as failed unless the schema remembers exactly what was sent."""
        schema = self.schema(name)
        self._lab.story[:] = [f"{name}({_shown(values)}).model_dump(exclude_unset=True)"]
        with self._lab.learner_code():
            data = schema.model_validate(values)
            dumped, sent = data.model_dump(exclude_unset=True), data.model_fields_set
        self._lab.expect_equal(dumped, values)
        self._lab.expect(sent == set(values), saw=f"model_fields_set {sorted(sent)}", wanted=f"{sorted(values)}")

    def shown(self, item: Any) -> dict[str, Any]:
        """What ItemRead shows of an object."""
        schema = self.schema("ItemRead")
        self._lab.story[:] = [f"ItemRead.model_validate({type(item).__name__} object)"]
        try:
            return schema.model_validate(item).model_dump()
        except ValidationError as error:
            raise self._lab.wrong(f"refused: {_reason(error)}", "the object's id, name and description") from None
        except Exception as error:
            raise self._lab.raised(error, "the object's id, name and description") from None

    def expect_shown(self, item: Any, **wanted: Any) -> None:
        """End the check as failed unless ItemRead shows these fields."""
        shown = self.shown(item)
        self._lab.expect_equal({name: shown.get(name, "missing") for name in wanted}, wanted)

    def orm_object(self, **values: Any) -> Any:
        """An Item of the learner's models."""
        with self._lab.learner_code("an Item"):
            return self._lab.need("models.Item")(**values)

    def orm_object_with_secrets(self, **values: Any) -> Any:
        """A mapped object with a column and an attribute that are nobody's business."""

        class Own(DeclarativeBase):
            pass

        class ItemWithSecrets(Own):
            __tablename__ = "items_with_secrets"
            id = Column(Integer, primary_key=True)
            name = Column(String)
            description = Column(String)
            purchase_price = Column(Integer)

        item = ItemWithSecrets(**values, purchase_price=3)
        vars(item)["internal_note"] = "do not show"
        return item


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
