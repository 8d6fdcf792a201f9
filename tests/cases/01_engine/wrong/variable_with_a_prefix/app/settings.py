"""What the environment may change."""

import os

PREFIX = "APP_"


def setting(name: str, default: str) -> str:
    """Return a setting from the environment, or its default."""
    return os.environ.get(PREFIX + name.upper(), default)
