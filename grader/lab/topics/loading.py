"""In the child: why an item could not be shown with its owner."""

from __future__ import annotations

import re

_NOT_LOADED = re.compile(r"DetachedInstanceError|is not available due to lazy=")
_FIELD = re.compile(r"attribute '(\w+)'|'\w+\.(\w+)' is not available")


def not_loaded(error: BaseException | None) -> bool:
    """Whether a value was read that was not loaded."""
    return error is not None and _NOT_LOADED.search(str(error) + repr(error)) is not None


def refusal(error: BaseException | None) -> str:
    """Why an object was refused, in one line."""
    if not_loaded(error):
        words = str(error) + repr(error)
        field = _FIELD.search(words)
        kind = "DetachedInstanceError" if "DetachedInstanceError" in words else "an error, because of lazy='raise'"
        named = f".{field[1] or field[2]}" if field else "an item"
        return f"reading {named} raised {kind}: its value was not loaded"
    if error is not None and hasattr(error, "errors"):
        first = error.errors()[0]
        refused = ".".join(part for part in first["loc"] if isinstance(part, str) and part != "response")
        return f"ItemWithOwner refused {refused or 'the item'}: {first['msg']}"
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
