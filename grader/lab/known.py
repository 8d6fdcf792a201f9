"""In the child: objects that are known by themselves; no ``__eq__`` or ``__hash__`` of theirs is asked."""

from __future__ import annotations

from weakref import ref


class Known:
    """A set of objects, which it does not keep alive."""

    __slots__ = ("_by_number",)

    def __init__(self) -> None:
        self._by_number: dict[int, ref[object]] = {}

    def add(self, value: object) -> None:
        """Know an object from now on."""
        number, known = id(value), self._by_number
        known[number] = ref(value, lambda _: known.pop(number, None))

    def __contains__(self, value: object) -> bool:
        found = self._by_number.get(id(value))
        return found is not None and found() is value
