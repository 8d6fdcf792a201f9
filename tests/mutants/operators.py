"""The changes: those of mutmut, and what people get wrong in code that is mostly calls of a database library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import libcst as cst
import libcst.matchers as m
from mutmut.mutation.mutators import mutation_operators, operator_number

Operator = Callable[[Any], Iterable[cst.CSTNode | cst.RemovalSentinel]]

# What is called in the place of something else.
_MISTAKEN_FOR = {
    "add": ("merge", "expunge", "refresh"),
    "add_all": ("bulk_save_objects",),
    "add_task": ("add_event_handler",),
    "all": ("first", "one_or_none"),
    "begin": ("begin_nested",),
    "close": ("rollback", "commit", "expunge_all", "flush"),
    "commit": ("flush", "rollback", "close", "expire_all"),
    "delete": ("expunge", "refresh"),
    "exec": ("execute",),
    "flush": ("commit", "rollback", "expire_all"),
    "get": ("get_one",),
    "model_dump": ("model_dump_json", "dict"),
    "model_validate": ("model_construct",),
    "offset": ("limit",),
    "limit": ("offset",),
    "order_by": ("group_by", "where"),
    "refresh": ("expire", "expunge", "merge"),
    "rollback": ("commit", "flush", "close", "expunge_all"),
    "scalars": ("execute",),
    "SessionLocal": ("engine.connect",),
    "selectinload": ("lazyload", "joinedload"),
}
SCHEMAS = ("Item", "ItemCreate", "ItemRead", "ItemUpdate", "ItemWithOwner", "OwnerRead", "Owner")


def statement_removed(node: cst.SimpleStatementLine) -> Iterator[cst.CSTNode]:
    """``db.commit()`` becomes ``pass``."""
    if not m.matches(node, m.SimpleStatementLine(body=[m.Pass() | m.Expr(m.SimpleString())])):
        yield node.with_changes(body=[cst.Pass()])


def decorator_removed(_: cst.Decorator) -> Iterator[cst.RemovalSentinel]:
    """A decorator is left out."""
    yield cst.RemoveFromParent()


def neighbours_swapped(node: cst.IndentedBlock) -> Iterator[cst.CSTNode]:
    """A statement comes after the one that follows it; what is written above them stays where it is."""
    body = list(node.body)
    for place, (first, second) in enumerate(pairwise(body)):
        both = isinstance(first, cst.SimpleStatementLine) and isinstance(second, cst.SimpleStatementLine)
        if both and not m.matches(first, m.SimpleStatementLine(body=[m.Expr(m.SimpleString())])):
            swapped = [
                second.with_changes(leading_lines=first.leading_lines),
                first.with_changes(leading_lines=second.leading_lines),
            ]
            yield node.with_changes(body=[*body[:place], *swapped, *body[place + 2 :]])


def block_unwrapped(node: cst.Try | cst.With) -> Iterator[cst.CSTNode]:
    """``try`` without its ``finally`` and ``except``, each of them left out alone, and all together."""
    if isinstance(node, cst.Try):
        if node.finalbody is not None and node.handlers:
            yield node.with_changes(finalbody=None)
        if node.finalbody is not None:
            yield node.with_changes(handlers=(), orelse=None)
        yield cst.If(cst.Name("True"), node.body)


def condition_negated(node: cst.If) -> Iterator[cst.CSTNode]:
    """``if x`` becomes ``if not x``, and a branch that is always or never taken."""
    yield node.with_changes(test=cst.UnaryOperation(cst.Not(), _in_parentheses(node.test)))
    yield node.with_changes(test=cst.Name("True"))
    yield node.with_changes(test=cst.Name("False"))


def other_method(node: cst.Call) -> Iterator[cst.CSTNode]:
    """``db.refresh(item)`` becomes ``db.expire(item)``."""
    name = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
    for other in _MISTAKEN_FOR.get(name.value, ()) if isinstance(name, cst.Name) else ():
        if isinstance(node.func, cst.Attribute):
            yield node.with_changes(func=node.func.with_changes(attr=cst.Name(other)))
        else:
            yield node.with_changes(func=cst.parse_expression(other))


def call_unwrapped(node: cst.Call) -> Iterator[cst.CSTNode]:
    """``ItemRead.model_validate(item)`` becomes ``item``, and ``query.limit(limit)`` becomes ``query``."""
    if len(node.args) == 1 and not node.args[0].star:
        yield node.args[0].value
    if isinstance(node.func, cst.Attribute):
        yield node.func.value


def number_lowered(node: cst.Integer) -> Iterator[cst.CSTNode]:
    """``201`` becomes ``200``; mutmut itself only adds one."""
    if node.evaluated_value > 0:
        yield node.with_changes(value=str(node.evaluated_value - 1))


def null_refused(node: cst.BinaryOperation) -> Iterator[cst.CSTNode]:
    """``str | None`` becomes ``str``."""
    if m.matches(node, m.BinaryOperation(operator=m.BitOr(), right=m.Name("None"))):
        yield node.left


def null_taken(node: cst.Annotation) -> Iterator[cst.CSTNode]:
    """``str`` becomes ``str | None``, and ``Mapped[str]`` becomes ``Mapped[str | None]``."""
    if m.matches(node.annotation, m.Subscript(m.Name("Mapped"), [m.SubscriptElement(m.Index(m.Name()))])):
        mapped = node.annotation
        inner = mapped.slice[0].slice.value  # type: ignore[attr-defined]
        yield node.with_deep_changes(mapped.slice[0].slice, value=_or_none(inner))  # type: ignore[attr-defined]
    elif isinstance(node.annotation, cst.Name) and node.annotation.value != "None":
        yield node.with_changes(annotation=_or_none(node.annotation))


def _or_none(annotation: cst.BaseExpression) -> cst.BaseExpression:
    return cst.BinaryOperation(annotation, cst.BitOr(), cst.Name("None"))


def other_schema(node: cst.Annotation) -> Iterator[cst.CSTNode]:
    """``data: ItemCreate`` becomes ``data: ItemUpdate``."""
    if isinstance(node.annotation, cst.Name) and node.annotation.value in SCHEMAS:
        for other in SCHEMAS:
            if other != node.annotation.value:
                yield node.with_changes(annotation=cst.Name(other))


def element_removed(node: cst.Subscript) -> Iterator[cst.CSTNode]:
    """``Annotated[str, A, B]`` loses ``A``, then ``B``."""
    for place in range(1, len(node.slice)) if len(node.slice) > 2 else ():
        rest = [*node.slice[:place], *node.slice[place + 1 :]]
        yield node.with_changes(slice=[*rest[:-1], rest[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)])
    if m.matches(node.value, m.Name("Annotated")) and isinstance(node.slice[0].slice, cst.Index):
        yield node.slice[0].slice.value


def base_removed(node: cst.ClassDef) -> Iterator[cst.CSTNode]:
    """A class loses one of its bases, or a keyword such as ``table=True``."""
    for part in ("bases", "keywords"):
        arguments = getattr(node, part)
        for place in range(len(arguments)):
            yield node.with_changes(**{part: [*arguments[:place], *arguments[place + 1 :]]})


def default_removed(node: cst.AnnAssign | cst.Param) -> Iterator[cst.CSTNode]:
    """``description: str | None = None`` becomes ``description: str | None``."""
    if isinstance(node, cst.AnnAssign) and node.value is not None:
        yield node.with_changes(value=None, equal=cst.MaybeSentinel.DEFAULT)
    if isinstance(node, cst.Param) and node.default is not None:
        yield node.with_changes(default=None, equal=cst.MaybeSentinel.DEFAULT)


def _in_parentheses(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


# What can be changed of the signature of a function in whose body the task is: no type hint means anything there.
OF_SIGNATURES: Sequence[tuple[Any, Operator]] = (
    (cst.Integer, operator_number),
    (cst.Integer, number_lowered),
    (cst.Param, default_removed),
)
OPERATORS: Sequence[tuple[Any, Operator]] = (
    *mutation_operators,
    (cst.SimpleStatementLine, statement_removed),
    (cst.Decorator, decorator_removed),
    (cst.IndentedBlock, neighbours_swapped),
    (cst.Try | cst.With, block_unwrapped),
    (cst.If, condition_negated),
    (cst.Call, other_method),
    (cst.Call, call_unwrapped),
    (cst.Integer, number_lowered),
    (cst.BinaryOperation, null_refused),
    (cst.Annotation, null_taken),
    (cst.Annotation, other_schema),
    (cst.Subscript, element_removed),
    (cst.ClassDef, base_removed),
    (cst.AnnAssign | cst.Param, default_removed),
)
