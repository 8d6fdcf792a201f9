"""The database: where it is, how to reach it, and what every table's class builds on."""

import os
from dataclasses import dataclass

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, sessionmaker


@dataclass(frozen=True)
class DatabaseProperties:
    """All that can be configured, like application.properties."""

    url: str = "sqlite:///./app.db"
    echo: bool = False

    @classmethod
    def load(cls) -> "DatabaseProperties":
        return cls(url=os.environ.get("DATABASE_URL", cls.url))


properties = DatabaseProperties.load()

# 1.1
DATABASE_URL = properties.url

# 1.2
engine = create_engine(DatabaseProperties.url, echo=DatabaseProperties.echo)

# 1.3
SessionLocal = sessionmaker(engine, autoflush=False)


# 1.4
class Base(DeclarativeBase):
    pass
