"""The settings that come from outside."""

import os


def database_url() -> str:
    """Return the database's URL in the form that SQLAlchemy understands."""
    url = os.environ.get("DATABASE_URL", "sqlite:///./app.db")
    # some hosts still hand out postgres://, which SQLAlchemy no longer accepts
    if url.startswith("postgres"):
        url = url.replace("postgres", "postgresql", 1)
    return url
