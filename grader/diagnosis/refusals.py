"""In the child: mistakes in what becomes of a write that the database has refused."""

from __future__ import annotations

import ast

from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import File, calls, name_of

AS_IF_SAVED = "as if it had been saved"
_WRITES = "commit", "flush", "execute", "scalar", "scalars", "exec", "begin", "begin_nested"


@reading("a refused write is reported as saved", "create_persists", "update_persists", "update_refreshes")
def refusal_swallowed(evidence: Evidence) -> Told | None:
    """What is caught and not raised again looks like a success: the caller believes that the item was saved."""
    if not evidence.saw.endswith(AS_IF_SAVED):
        return None
    for file in evidence.source.files():
        for node in file.nodes:
            if isinstance(node, ast.With) and calls(node, *_WRITES):
                for item in node.items:
                    if name_of(item.context_expr) == "suppress":
                        hint = "There is no except, and yet this swallows the error. Who hears of it?"
                        return Told(where=file.at(item.context_expr), hint=hint)
            if isinstance(node, ast.Try) and any(calls(each, *_WRITES) for each in node.body):
                told = _of_the_attempt(file, node)
                if told is not None:
                    return told
    return Told(hint="The database raises an exception. Where does it end, and who hears of it?")


def _of_the_attempt(file: File, node: ast.Try) -> Told | None:
    for statement in node.finalbody:
        for each in ast.walk(statement):
            if isinstance(each, ast.Return):
                return Told(where=file.at(each), hint="A return in a finally throws the exception away.")
    for handler in node.handlers:
        if not any(isinstance(each, ast.Raise) for each in ast.walk(handler)):
            hint = "An error ends here. What does the caller get, and what is it told of the error?"
            if calls(handler, "rollback"):
                hint = "The rollback is right. Who hears of the error after this block?"
            return Told(where=file.at(handler), hint=hint)
    return None
