"""Shorthands for the kinds of columns that we use."""

from sqlalchemy import String
from sqlalchemy.orm import MappedColumn, mapped_column


def text(length: int) -> MappedColumn:
    """Plain text."""
    return mapped_column(String(length))


def search_key(length: int, unique: bool = True) -> MappedColumn:
    """Text that rows are searched by."""
    return mapped_column(String(length), index=True, unique=unique)
