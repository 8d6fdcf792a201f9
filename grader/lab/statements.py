"""In children and the kernel: SQL statements, in two words, and which tables they write to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_NAME = r"(?:\w+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])"
_STATEMENT = re.compile(
    r"\s*(?:(INSERT)(?:\s+OR\s+\w+)?\s+INTO|(UPDATE)(?:\s+OR\s+\w+)?|(DELETE)\s+FROM"
    r"|(CREATE\s+TABLE)(?:\s+IF\s+NOT\s+EXISTS)?|(DROP\s+TABLE)|(CREATE\s+(?:UNIQUE\s+)?INDEX)"
    rf"|(SELECT)\b.*?\bFROM)(?:\s+ONLY\b(?!\s+SET\b))?\s*(?:{_NAME}\s*\.\s*)*(?:\b|(?=[\"`\[]))({_NAME})",
    re.IGNORECASE | re.DOTALL,
)
# What a statement consists of. Both databases are asked, each in its own reading: nobody may hide a write in what only
# one of them takes for a text or a comment. Sources: SQLite, "SQL As Understood By SQLite", "SQLite Keywords" (quotes);
# PostgreSQL, "Lexical Structure", where a comment ends at a carriage return too, and may stand in another one.
_BLANKS = r"[ \t\n\f\r\v\ufeff]+"
_BLOCK, _SQLITE_LINE, _POSTGRESQL_LINE = r"/\*.*?(?:\*/|\Z)", r"--[^\n]*", r"--[^\r\n]*"
# A letter or what is not of ASCII; behind it digits and $ too. Told by what it is not: a set that reaches up to the
# last sign of Unicode takes Python milliseconds to compile.
_WORD = r"[^\x00-@\[-^`{-\x7f][^\x00-#%-/:-@\[-^`{-\x7f]*"
_TEXT, _NAMED = r"'(?:[^']|'')*(?:'|\Z)", r"\"(?:[^\"]|\"\")*\""
_QUOTED = rf"{_TEXT}|{_NAMED}|`(?:[^`]|``)*`"
_OF_SQLITE = re.compile(rf"(?:{_BLANKS}|{_SQLITE_LINE}|{_BLOCK})|(?P<word>{_QUOTED}|\[[^\]]*\]|{_WORD}|.)", re.DOTALL)
# For PostgreSQL a backtick may be an operator, and a backslash an escape in any text (`standard_conforming_strings`).
_OF_POSTGRESQL, _OF_POSTGRESQL_ESCAPED = (
    re.compile(
        rf"(?:{_BLANKS}|{_POSTGRESQL_LINE}|{_BLOCK}|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
        rf"|(?P<word>{escaped}'(?:\\.|''|[^'\\])*(?:'|\Z)|{_TEXT}|{_NAMED}|{_WORD}|.)",
        re.DOTALL,
    )
    for escaped in ("[eE]", "[eE]?")
)
_READINGS = _OF_SQLITE, _OF_POSTGRESQL, _OF_POSTGRESQL_ESCAPED
_ONLY_ONE_READS = re.compile(r"\[|\$|[eE]'|/\*|\r|`|\\")
# By what a text or a parenthesis may end elsewhere for PostgreSQL.
_MAY_END_ELSEWHERE = re.compile(r"[\\$\r]|/\*.*/\*", re.DOTALL)
# A name in other letters, U&"item\005fevents": which one it is shows only behind it.
_ESCAPED_NAME = re.compile(r"[uU]&\"")
_ANY_TABLE = frozenset({"items", "item_events", "owners"})
_WRITING = re.compile(r"INSERT|REPLACE|MERGE|UPDATE|DELETE|TRUNCATE|COPY|RENAME", re.IGNORECASE)
_QUOTES = "'\"`["
# What may stand behind UPDATE where that is no statement.
_NO_NAMES = ("SET", "ON", "OF")
_LINES = _SQLITE_LINE, _POSTGRESQL_LINE
_TEXT_OR_COMMENT = [re.compile(rf"('[^']*')|{_BLOCK}|{line}", re.DOTALL) for line in _LINES]
_BEFORE = [re.compile(rf"(?:[\s;\ufeff]|{line}|{_BLOCK})*", re.DOTALL) for line in _LINES]
_READ_IN_TWO_WAYS = re.compile(r"\r|/\*")
# Most statements: both databases read them in one way, and pass over nothing.
_BEGINS_AT_ONCE = re.compile(r"[A-Za-z][^\r/]*")
_BEGINNING = 40
_UNCLEAR = "?"
_ONE = re.compile(r"[^;*]*;?\s*")
# Savepoints of SQLAlchemy's are events of their own.
_SILENT = ("PRAGMA", "SAVEPOINT SA_", "RELEASE SAVEPOINT SA_", "ROLLBACK TO SAVEPOINT SA_")
# How a transaction is ended. Sources: SQLite, "Transaction"; PostgreSQL, "COMMIT", "END", "ROLLBACK", "ABORT".
_ENDS = re.compile(
    rf"(COMMIT|END|ROLLBACK|ABORT)(?:\s+(?:WORK|TRANSACTION(?:\s+(?!TO\b|AND\b){_NAME})?))?"
    r"(?:\s+AND\s+(?:NO\s+)?CHAIN)?[\s;]*",
    re.IGNORECASE,
)
_ASKED_OF_POSTGRESQL = ("SELECT PG_CATALOG", "SELECT CURRENT_SCHEMA", "SHOW ", "SELECT TYPNAME AS NAME")


def in_words(statement: str) -> str:
    """A statement in two words, ``INSERT items``; ``SQL …`` where it is of another kind, or one for each database."""
    return _in_two_words("".join([statement]))  # nothing that may say that it equals another one


@lru_cache(maxsize=64)
def _in_two_words(statement: str) -> str:
    words = {_in_words(_TEXT_OR_COMMENT[number].sub(_text, read)) for number, read in _readings(statement)}
    return words.pop() if len(words) == 1 else _other(" ".join(statement.split()))


def _in_words(statement: str) -> str:
    found = _STATEMENT.match(statement)
    if found is None:
        text = " ".join(statement.split())
        if text.upper().startswith("SELECT"):
            return "SELECT"
        if ends := _ENDS.fullmatch(text):
            return "COMMIT" if ends[1].upper() in ("COMMIT", "END") else "ROLLBACK"
        if text.upper() == "BEGIN":
            return "BEGIN"
        return _other(text)
    verb = next(group for group in found.groups()[:-1] if group)
    name: str = found.group(found.lastindex or 0)
    return f"{' '.join(verb.upper().split())} {name[1:-1] if name[0] in _QUOTES else name}"


def _other(text: str) -> str:
    return "SQL " + (text if len(text) <= 40 else text[:37] + "...")


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
    for letter in _TEXT_OR_COMMENT[0].sub(lambda each: " " * len(each[0]), statement):
        depth += (letter == "(") - (letter == ")")
        found.append(" " if depth or letter == ")" else letter)
    return "".join(found)


@lru_cache(maxsize=64)
def tables_written(statement: str) -> frozenset[str]:
    """The tables that a statement writes to, in small letters."""
    if _WRITING.search(statement) is None:
        return frozenset()
    if _ESCAPED_NAME.search(statement):
        return _ANY_TABLE
    readings = _READINGS if _ONLY_ONE_READS.search(statement) else (_OF_SQLITE,)
    words = [each for reading in readings for each in _each(_words(statement, reading))]
    return frozenset(table for each in words for table in _written(each))


def write_alike(sent: str, told: str) -> bool:
    """Whether two statements write to the same tables: what is sent has values in the place of parameters."""
    start = told.partition("?")[0]
    return (sent.startswith(start) and bool(tables_written(start))) or tables_written(sent) == tables_written(told)


def only_reads(statement: str) -> bool:
    """Whether a statement can write nothing: a query that calls no function, or the end of a transaction."""
    begin = beginning(statement)
    return begin.startswith("COMMIT") or (begin.startswith("SELECT") and _CALL.search(statement) is None)


def only_writes(statement: str) -> bool:
    """Whether it is an INSERT, UPDATE or DELETE that gives no row back: many of them in one call count as one.

    Of anything else each set of parameters asks once more. Before it may stand a WITH, whose names may be any.
    """
    return _only_writes("".join([statement]))  # as in `in_words`


@lru_cache(maxsize=64)
def _only_writes(statement: str) -> bool:
    if _MAY_END_ELSEWHERE.search(statement):
        return False
    verb = _VERB.search(_QUOTED_NAME.sub(" ", _nested_blanked(statement)))
    returns = "RETURNING" in statement.upper()
    return verb is not None and verb[1] is not None and not returns and bool(tables_written(statement))


_QUOTED_NAME = re.compile(r"\"[^\"]*\"|`[^`]*`|\[[^\]]*\]")
_VERB = re.compile(r"\b(?:SELECT|VALUES|TABLE|(INSERT|UPDATE|DELETE|REPLACE|MERGE))\b(?!\s+AS\b)", re.IGNORECASE)
_CALL = re.compile(r"[\w\"`\]]\s*\(")


def _words(statement: str, reading: re.Pattern[str]) -> list[str]:
    """The words and signs of a statement; words in capital letters, and what is quoted in small ones, as one word."""
    if reading is not _OF_SQLITE:
        statement = _without_nested(statement)
    found = []
    for each in reading.finditer(statement):
        if (word := each["word"]) is not None:
            found.append(word.lower() if word[0] in _QUOTES and len(word) > 1 else word.upper())
    return found


def _without_nested(statement: str) -> str:
    """Comments in comments, which PostgreSQL knows, are taken out from the inside."""
    while (shorter := _NESTED.sub(r"\1 ", statement)) != statement:
        statement = shorter
    return statement


_NESTED = re.compile(r"(/\*(?:(?!\*/).)*?)/\*(?:(?!/\*|\*/).)*\*/", re.DOTALL)


def _each(words: list[str]) -> Iterator[list[str]]:
    """The statements of a text, each for itself; what a trigger is to do later is no part of its own."""
    if words[:1] == ["CREATE"] and "TRIGGER" in words[1:5] and "BEGIN" in words:
        begin = words.index("BEGIN")
        if words[begin - 1] != ";":
            words = words[:begin]
    while ";" in words:
        end = words.index(";")
        yield words[:end]
        words = words[end + 1 :]
    yield words


def _written(words: list[str]) -> Iterator[str]:
    """The tables that one statement writes to."""
    if words[:1] == ["EXPLAIN"] and "ANALYZE" not in words and "ANALYSE" not in words:
        return
    if words[:1] == ["ALTER"] and "RENAME" in words:  # from now on it goes by another name
        yield from _ANY_TABLE
    for place, word in enumerate(words):
        after = words[place + 1 : place + 4]
        alternative = 2 if after[:1] == ["OR"] else 0
        if word in ("REPLACE", "MERGE", "INSERT") and after[alternative : alternative + 1] == ["INTO"]:
            yield from _table(words, place + alternative + 2)
        elif word == "DELETE" and after[:1] == ["FROM"]:
            yield from _table(words, place + 2)
        elif word == "UPDATE" and words[place - 1 : place] not in (["FOR"], ["KEY"], ["DO"], ["ON"]):
            yield from _table(words, place + alternative + 1)
    if words[:1] == ["TRUNCATE"]:
        yield from _table(words, 2 if words[1:2] == ["TABLE"] else 1)
        for place, word in enumerate(words):
            if word == ",":
                yield from _table(words, place + 1)
    elif words[:1] == ["COPY"] and words[1:2] != ["("] and "FROM" in words:
        yield from _table(words, 1)


def _table(words: list[str], place: int) -> Iterator[str]:
    """The table that is named there, without its schema; nothing where no name is."""
    if words[place : place + 1] == ["ONLY"] and words[place + 1 : place + 2] != ["SET"]:
        place += 1
    place += words[place : place + 1] == ["("]
    while words[place + 1 : place + 2] == ["."]:
        place += 2
    for word in words[place : place + 1]:
        if word[0] in _QUOTES and len(word) > 1:
            yield word[1:-1]
        elif (word[0].isalnum() or word[0] == "_") and word not in _NO_NAMES:
            yield word.lower()


def is_told_as(told: str, statement: str) -> bool:
    """Whether a driver tells a statement in these words: SQLite's shows values in the place of parameters."""
    return told == statement or _as_told(statement).fullmatch(told) is not None


@lru_cache(maxsize=16)
def _as_told(statement: str) -> re.Pattern[str]:
    found, end = "", 0
    for each in _PARAMETER.finditer(statement):
        if each["parameter"]:
            found += re.escape(statement[end : each.start()]) + _VALUE
            end = each.end()
    return re.compile(found + re.escape(statement[end:]), re.DOTALL)


_PARAMETER = re.compile(rf"(?:{_QUOTED}|\[[^\]]*\]|/\*.*?\*/|{_SQLITE_LINE})|(?P<parameter>\?\d*|[:@$]\w+)", re.DOTALL)
_VALUE = r"(?:'(?:[^']|'')*'|[-+]?[\w.][-+\w.]*|x'[0-9a-fA-F]*'|zeroblob\(\d+\))"


def beginning(statement: str) -> str:
    """How a statement begins, in capital letters; what the database passes over is left out.

    One that begins in another way for each database begins with a sign that no statement begins with.
    """
    if _BEGINS_AT_ONCE.fullmatch(statement):
        return statement[:_BEGINNING].upper()
    found = _beginnings(statement)
    return found.pop() if len(found) == 1 else _UNCLEAR


def may_begin(statement: str, words: str | tuple[str, ...]) -> bool:
    """Whether a statement begins so for one of the databases."""
    return any(each.startswith(words) for each in _beginnings(statement))


def _beginnings(statement: str) -> set[str]:
    return {_beginning(read, number) for number, read in _readings(statement)}


def _beginning(statement: str, reading: int) -> str:
    found = _BEFORE[reading].match(statement)
    begin = found.end() if found else 0
    return statement[begin : begin + _BEGINNING].upper()


def _readings(statement: str) -> list[tuple[int, str]]:
    """The statement as SQLite reads it, 0, and as PostgreSQL does, 1; only the first where both read the same."""
    both = _READ_IN_TWO_WAYS.search(statement) is not None
    return [(0, statement), (1, _without_nested(statement))] if both else [(0, statement)]


def is_silent(statement: str, begin: str, words: tuple[str, ...] = _SILENT) -> bool:
    """Whether this is one statement that begins so: it reads and writes no row. PostgreSQL may be sent several."""
    return begin.startswith(words) and _ONE.fullmatch(statement) is not None


def may_be_housekeeping(begin: str) -> bool:
    """Whether SQLAlchemy asks this of PostgreSQL by itself, unless code does."""
    return " ".join(begin.split()).startswith(_ASKED_OF_POSTGRESQL)


def _text(found: re.Match[str]) -> str:
    """A text as it is, and a blank in the place of a comment."""
    return found[1] or " "
