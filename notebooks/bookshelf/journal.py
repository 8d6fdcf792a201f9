"""Books and a journal that tells what happened to them."""

from datetime import datetime

from grader.lesson import new_database
from sqlalchemy import (
    Engine,
    ForeignKey,
    String,
    create_engine,
    event,
    func,
    text,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    sessionmaker,
)


class Base(DeclarativeBase):
    """The base class of the models with a journal."""


class Book(Base):
    """A row of the table ``books``."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))


class Entry(Base):
    """A row of ``journal``: what happened to a book."""

    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(
        ForeignKey("books.id")
    )
    kind: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now()
    )


def new_journal(
    *titles: str, url: str = ""
) -> tuple[Engine, sessionmaker[Session]]:
    """Make a database with these books, and a journal.

    Returns its engine, and a session factory.
    """
    engine = create_engine(url or new_database())
    Base.metadata.create_all(engine)
    ShelfSession = sessionmaker(engine, autoflush=False)
    with ShelfSession.begin() as db:
        db.add_all([Book(title=title) for title in titles])
    return engine, ShelfSession


def check_books_at_commit(
    engine: Engine, on_delete: str = "NO ACTION"
) -> None:
    """Let SQLite check the book of an entry at the COMMIT.

    ``on_delete``: what becomes of a deleted book's entries.
    """
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE journal"))
        connection.execute(
            text(
                "CREATE TABLE journal ("
                "id INTEGER PRIMARY KEY, "
                "kind VARCHAR(50) NOT NULL, "
                "created_at DATETIME "
                "DEFAULT CURRENT_TIMESTAMP, "
                "book_id INTEGER NOT NULL "
                "REFERENCES books (id) "
                f"ON DELETE {on_delete} "
                "DEFERRABLE INITIALLY DEFERRED)"
            )
        )
    event.listen(
        engine,
        "connect",
        lambda connection, record: connection.execute(
            "PRAGMA foreign_keys = ON"
        ),
    )
    engine.dispose()  # new connections have the setting
