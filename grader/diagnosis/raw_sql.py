"""In the child: mistakes with SQL that is written by hand, in every chapter."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.endpoints import own_files
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import name_of

_STATEMENT = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM|SELECT)\b", re.IGNORECASE)
# What a database says where a value has ended the text that it stands in, or looks like a part of the statement.
_NOT_SQL = re.compile(r"syntax error|unterminated|unrecognized token|required for bind parameter|no such column")


@reading("a value is put into the text of a statement")
def value_in_the_statement(evidence: Evidence) -> Told | None:
    """An f-string makes the value a part of the SQL: a quote in the value ends the text, and the rest is read as SQL. A
    parameter such as :name, with the values beside the statement, is never read as SQL."""
    raised = evidence.raised_kind("OperationalError", "ProgrammingError", "StatementError")
    if raised is None or not _NOT_SQL.search(raised.message):
        return None
    path = innermost(raised, evidence.given).rpartition(":")[0]
    for file in own_files(evidence):
        for node in file.nodes if file.name == path else ():
            if isinstance(node, ast.expr) and _is_put_together(node):
                what = "colon" if "bind parameter" in raised.message else "quote"
                hint = f"This puts the value itself into the SQL. How is that read if the value has a {what} in it?"
                why = "A client that sends SQL in a name could read or change every table (SQL injection)."
                return Told(where=file.at(node), hint=hint, why=why)
    return None


def _is_put_together(node: ast.expr) -> bool:
    """Whether this is a statement with values in it: an f-string, a sum of texts, or the result of % or format()."""
    match node:
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *rest]):
            return bool(_STATEMENT.match(text)) and any(isinstance(each, ast.FormattedValue) for each in rest)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod()):
            return _is_put_together(left) or (isinstance(left, ast.Constant) and _begins(left))
        case ast.Call(func=ast.Attribute(value=ast.Constant() as text)) if name_of(node) == "format":
            return _begins(text)
    return False


def _begins(text: ast.Constant) -> bool:
    return isinstance(text.value, str) and bool(_STATEMENT.match(text.value))
