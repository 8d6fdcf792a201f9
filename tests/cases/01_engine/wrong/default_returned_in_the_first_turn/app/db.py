"""The database: where it is, how to reach it, and what every table's class builds on."""

import os
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker


def first_setting(*names: str, default: str) -> str:
    """Return the first of these environment variables that is set."""
    for name in names:
        value = os.environ.get(name)
        if value:
            return value
        return default


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between my laptop and the server."""

    # 1.1 take the database's URL from the environment variable DATABASE_URL, or a local SQLite file
    url: str = field(
        default_factory=lambda: first_setting("ITEMS_DATABASE_URL", "DATABASE_URL", default="sqlite:///./app.db")
    )
    session_options: dict[str, Any] = field(default_factory=lambda: {"autoflush": False})

    def make_engine(self) -> Engine:
        return create_engine(self.url)

    def make_sessions(self, engine: Engine) -> sessionmaker[Session]:
        return sessionmaker(engine, **self.session_options)


settings = Settings()
DATABASE_URL = settings.url

# 1.2 make the engine: it keeps the connections, and opens none until one is needed
engine = settings.make_engine()

# 1.3 make the session factory: bound to the engine, and nothing is written before you say so
SessionLocal = settings.make_sessions(engine)


# 1.4 make the base class of all models: it collects the tables that belong to them
class Base(DeclarativeBase):
    """The base class of every model; its ``metadata`` knows all tables."""
