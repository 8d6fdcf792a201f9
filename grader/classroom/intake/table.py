"""Command: reads a table that some program has exported as CSV, in whatever encoding and with whatever separator."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

from grader import BadInput
from grader.shown import harmless

_BIG = 50 * 1024 * 1024
# What spreadsheets write where they do not write UTF-8: Windows and old Macs in the West, and the East.
_CODECS = ["cp1252", "mac_roman", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030", "big5", "cp949"]
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def load(file: Path, what: str) -> tuple[list[str], list[list[str]], str]:
    """The header, the lines below it, and the encoding where it had to be guessed.

    Args:
        file: the file.
        what: what it is called for the user.

    Raises:
        BadInput: it cannot be read, or is no table.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(_BIG + 1)
    except OSError as error:
        raise BadInput(f"The {what} '{file}' cannot be read ({error.strerror}).") from None
    if len(data) > _BIG or data.startswith(b"PK\x03\x04"):
        raise BadInput(f"The {what} '{file}' is no CSV file; save or export it as CSV.")
    text, guessed = _decoded(data)
    first, _, rest = text.partition("\n")
    told = first.strip().lower().removeprefix("sep=")
    if first.strip().lower().startswith("sep=") and len(told) == 1:  # Excel's own way to name the separator
        text, delimiter = rest, told
    else:
        delimiter = _delimiter(text)
    try:
        rows = [[harmless(cell.strip()) for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise BadInput(f"The {what} '{file}' is no CSV file ({error}).") from None
    while rows and not any(rows[0]):
        del rows[0]
    return (rows[0], rows[1:], guessed) if rows else ([], [], guessed)


def _delimiter(text: str) -> str:
    """The separator that stands in the header most often, outside of quotes."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(part for number, part in enumerate(header.split('"')) if number % 2 == 0)
    return max(",;\t|", key=outside.count)


def _decoded(data: bytes) -> tuple[str, str]:
    """The text, and its encoding where that had to be guessed."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return data.decode(codec, "replace"), ""
    if b"\0" in data[:200]:  # UTF-16 without its mark
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le", "replace").lstrip("\ufeff"), ""
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(data, cp_isolation=_CODECS).best()
        codec = best.encoding if best is not None else "cp1252"
        return data.decode(codec, "replace"), codec
