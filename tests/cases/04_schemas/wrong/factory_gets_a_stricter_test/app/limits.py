"""Limits for texts that come from a client."""

from collections.abc import Callable

from pydantic import AfterValidator

NAME = 200
DESCRIPTION = 500


def at_most(limit: int) -> AfterValidator:
    """Make a validator for texts of up to ``limit`` characters."""

    def check(text: str) -> str:
        if len(text) > limit:
            raise ValueError(f"must not be longer than {limit} characters")
        return text

    return AfterValidator(check)


def matching(test: Callable[[str], object], complaint: str) -> AfterValidator:
    """Make a validator for texts that pass a test."""

    def check(text: str) -> str:
        if not test(text):
            raise ValueError(complaint)
        return text

    return AfterValidator(check)
