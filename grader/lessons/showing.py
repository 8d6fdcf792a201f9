"""Kernel: shows text and tables below a cell."""

from __future__ import annotations

from collections.abc import Sequence


class Shown:
    """A piece of Markdown that a notebook draws."""

    def __init__(self, markdown: str) -> None:
        self._markdown = markdown

    def _repr_markdown_(self) -> str:
        return self._markdown

    def __repr__(self) -> str:
        return self._markdown


def show(markdown: str) -> None:
    """Draw a piece of Markdown below the cell."""
    from IPython.display import display

    display(Shown(markdown))  # type: ignore[no-untyped-call]


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, [":---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def shortened(text: str, limit: int) -> str:
    """A text cut to at most this many characters."""
    return text if len(text) <= limit else text[: limit - 3] + "..."
