"""Paging."""

from dataclasses import dataclass, field


@dataclass
class Paging:
    """Which part of a list is wanted."""

    offset: int = field(default=0, metadata={"ge": 0, "le": 2**63 - 1})
    limit: int = field(default=100, metadata={"ge": 1, "le": 100})
