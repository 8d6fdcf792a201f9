"""The database: where it is, how to reach it, and what every table's class builds on."""

import os

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, sessionmaker

# 1.1 take the database's URL from the environment variable DATABASE_URL, or a local SQLite file
DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///./app.db")

# 1.2 make the engine: it keeps the connections, and opens none until one is needed
engine = create_async_engine(DATABASE_URL)

# 1.3 make the session factory: bound to the engine, and nothing is written before you say so
SessionLocal = sessionmaker(engine, class_=AsyncSession, autoflush=False)


# 1.4 make the base class of all models: it collects the tables that belong to them
class Base(DeclarativeBase):
    """The base class of every model; its ``metadata`` knows all tables."""
