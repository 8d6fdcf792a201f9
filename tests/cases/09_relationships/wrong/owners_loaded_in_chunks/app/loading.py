"""Loading of related rows."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value


def chunks(values: Sequence[int], size: int = 5) -> Iterator[Sequence[int]]:
    """Cut a list into pieces, so that no IN gets too long."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


class BatchLoader:
    """Loads rows by their ids, many at a time."""

    def __init__(self, db: Session, model: Any) -> None:
        self.db = db
        self.model = model

    def load(self, ids: set[int]) -> dict[int, Any]:
        rows: dict[int, Any] = {}
        for part in chunks(sorted(ids)):
            query = select(self.model).where(self.model.id.in_(part))
            rows.update((row.id, row) for row in self.db.scalars(query))
        return rows

    def attach(self, parents: Sequence[Any], key: str, attribute: str) -> None:
        rows = self.load({value for parent in parents if (value := getattr(parent, key)) is not None})
        for parent in parents:
            set_committed_value(parent, attribute, rows.get(getattr(parent, key)))
