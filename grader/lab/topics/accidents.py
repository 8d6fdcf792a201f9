"""In the child: exceptions that nobody raises on purpose when something could not be saved."""

from __future__ import annotations

from fastapi.exceptions import ResponseValidationError
from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError, InvalidRequestError
from sqlalchemy.orm.exc import DetachedInstanceError

from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.topics.endpoints import Endpoints
from grader.lab.topics.units import Told
from grader.lab.words import describe

_PYTHON = (NameError, AttributeError, TypeError, LookupError, ImportError, RecursionError, AssertionError)
_LIBRARIES = (ArgumentError, InvalidRequestError, DetachedInstanceError, ValidationError, ResponseValidationError)
_VALUES = (ValueError, ArithmeticError)


class Accidents:
    """Tells the error that was meant for the client from one that the handling of errors made by accident."""

    def __init__(self, focus: Focus, expect: Expect, endpoints: Endpoints) -> None:
        self._focus = focus
        self._expect = expect
        self._endpoints = endpoints

    def expect_none(self, told: Told) -> None:
        """End the check as failed if a mistake in the code, and not what the database refused, is what was told."""
        meant = self._endpoints.error
        for error in (meant, told.answer.error):
            if error is not None and (_is_accident(error) or self._has_happened(error)):
                self._expect(
                    False,
                    saw=f"the client was told {told.status} because of {describe(error)}",
                    wanted="the original error, raised again, or an error that you raise on purpose",
                    where=self._focus.line_of(error) or (self._focus.line_of(meant) if meant is not None else ""),
                    cause=error,
                )

    def _has_happened(self, error: BaseException) -> bool:
        """Whether a value was wrong, of a status, say, and no ``raise`` of the learner's says so."""
        return isinstance(error, _VALUES) and not self._focus.has_raised(error)


def _is_accident(error: BaseException) -> bool:
    """Whether nobody raises this on purpose here; an exception of the learner's own is on purpose."""
    return isinstance(error, (*_PYTHON, *_LIBRARIES)) and type(error).__module__.partition(".")[0] != "app"
