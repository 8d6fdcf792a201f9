"""Paging: which part of a list a client wants."""

from typing import Annotated

from fastapi import Query

# 6.2 offsets that fit 64 bits by far, pages of 1 to 100 items
Offset = Annotated[int, Query(ge=0, le=2**50)]
Limit = Annotated[int, Query(ge=1, le=100)]


class Page:
    """One page of a list."""

    def __init__(self, offset: Offset = 0, limit: Limit = 100) -> None:
        self.number = offset
        self.size = limit

    @property
    def start(self) -> int:
        """How many items come before this page."""
        return self.number * self.size
