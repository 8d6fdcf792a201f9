"""In children and the kernel: SQL statements, in two words, and which tables they write to."""

from __future__ import annotations

import re

_STATEMENT = re.compile(
    r"\s*(?:(INSERT)(?:\s+OR\s+\w+)?\s+INTO|(UPDATE)|(DELETE)\s+FROM|(CREATE\s+TABLE)(?:\s+IF\s+NOT\s+EXISTS)?"
    r"|(DROP\s+TABLE)|(CREATE\s+(?:UNIQUE\s+)?INDEX)"
    r"|(SELECT)\b.*?\bFROM)\s+(?:[\"\w]+\.)?\"?(\w+)",
    re.IGNORECASE | re.DOTALL,
)
WRITES = ("INSERT", "UPDATE", "DELETE")
_WRITTEN = re.compile(
    r"(?:(?:INSERT(?:\s+OR\s+\w+)?|REPLACE|MERGE)\s+INTO|(?<!FOR\s)UPDATE|DELETE\s+FROM)\s+(?:[\"\w]+\.)?\"?(\w+)",
    re.IGNORECASE,
)
_TEXT_OR_COMMENT = re.compile(r"('[^']*')|/\*.*?\*/|--[^\n]*", re.DOTALL)
_BEFORE = re.compile(r"(?:[\s;\ufeff]|--[^\n]*|/\*.*?(?:\*/|\Z))*", re.DOTALL)
_ONE = re.compile(r"[^;*]*;?\s*")
# Savepoints of SQLAlchemy's are events of their own.
_SILENT = ("PRAGMA", "SAVEPOINT SA_", "RELEASE SAVEPOINT SA_", "ROLLBACK TO SAVEPOINT SA_")
_ASKED_OF_POSTGRESQL = ("SELECT PG_CATALOG", "SELECT CURRENT_SCHEMA", "SHOW ")


def in_words(statement: str) -> str:
    """A statement in two words, ``INSERT items``; ``SQL …`` where it is of another kind."""
    statement = _without_comments(statement)
    found = _STATEMENT.match(statement)
    if found is None:
        text = " ".join(statement.split())
        if text.upper().startswith("SELECT"):
            return "SELECT"
        if text.upper() in ("COMMIT", "ROLLBACK", "BEGIN"):
            return text.upper()
        return "SQL " + (text if len(text) <= 40 else text[:37] + "...")
    verb = next(group for group in found.groups()[:-1] if group)
    return f"{' '.join(verb.upper().split())} {found.group(found.lastindex or 0)}"


def reverse_groups(statement: str) -> str:
    """A SELECT whose groups may come in any order, with the largest first; any other statement as it is."""
    outside = _nested_blanked(statement)
    group = re.search(r"\bGROUP\s+BY\b", outside, re.IGNORECASE)
    other = re.search(r"\b(?:ORDER\s+BY|UNION|INTERSECT|EXCEPT|DISTINCT\s+ON)\b", outside, re.IGNORECASE)
    if group is None or other is not None or not outside.lstrip().upper().startswith("SELECT"):
        return statement
    rest = re.compile(r"\b(?:LIMIT|OFFSET|FETCH|FOR)\b|;|$", re.IGNORECASE).search(outside, group.end())
    end = rest.start() if rest else len(statement)
    return f"{statement[:end].rstrip()} ORDER BY 1 DESC {statement[end:]}"


def _nested_blanked(statement: str) -> str:
    """The statement with blanks in the place of its comments, its texts and all that stands in parentheses."""
    depth, found = 0, []
    for letter in _TEXT_OR_COMMENT.sub(lambda each: " " * len(each[0]), statement):
        depth += (letter == "(") - (letter == ")")
        found.append(" " if depth or letter == ")" else letter)
    return "".join(found)


def tables_written(statement: str) -> set[str]:
    """The tables that a statement writes to, in small letters."""
    return {name.lower() for name in _WRITTEN.findall(_without_comments(statement))}


def beginning(statement: str) -> str:
    """How a statement begins, in capital letters; what the database passes over is left out."""
    found = _BEFORE.match(statement)
    begin = found.end() if found else 0
    return statement[begin : begin + 40].upper()


def is_silent(statement: str, begin: str, words: tuple[str, ...] = _SILENT) -> bool:
    """Whether this is one statement that begins so: it reads and writes no row. PostgreSQL may be sent several."""
    return begin.startswith(words) and _ONE.fullmatch(statement) is not None


def may_be_housekeeping(begin: str) -> bool:
    """Whether SQLAlchemy asks this of PostgreSQL by itself, unless code does."""
    return begin.startswith(_ASKED_OF_POSTGRESQL)


def _without_comments(statement: str) -> str:
    return _TEXT_OR_COMMENT.sub(lambda found: found[1] or " ", statement)
