import os


def setting(name: str, default: str) -> str:
    """A setting."""
    key = f"APP_{name}"
    return os.environ.get(key, default)
