from typing import Annotated

from fastapi import Query


class Page:
    def __init__(self, offset: Annotated[int, Query(ge=0, le=2**50)] = 0, limit: Annotated[int, Query(ge=1, le=100)] = 100):
        self.index, self.size = offset, limit


def skip(page):
    """How many to leave out."""
    return page.index * page.size
