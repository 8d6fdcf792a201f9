"""Books and who wrote them."""

from grader.lesson import new_database
from sqlalchemy import (
    Engine,
    ForeignKey,
    String,
    create_engine,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    sessionmaker,
)


class Base(DeclarativeBase):
    """The base class of the models with authors."""


class Author(Base):
    """A row of the table ``authors``."""

    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))

    books: Mapped[list["Book"]] = relationship(
        back_populates="author", order_by="Book.id"
    )


class Book(Base):
    """A row of the table ``books``."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    author_id: Mapped[int | None] = mapped_column(
        ForeignKey("authors.id")
    )

    author: Mapped[Author | None] = relationship(
        back_populates="books"
    )


def new_library(
    url: str = "", **books: str | None
) -> tuple[Engine, sessionmaker[Session]]:
    """Make a database with these books, as title=author.

    Returns its engine, and a session factory.
    """
    engine = create_engine(url or new_database())
    Base.metadata.create_all(engine)
    LibrarySession = sessionmaker(engine, autoflush=False)
    with LibrarySession.begin() as db:
        authors = {
            name: Author(name=name)
            for name in books.values()
            if name is not None
        }
        for title, name in books.items():
            author = None if name is None else authors[name]
            db.add(Book(title=title, author=author))
            db.flush()
    return engine, LibrarySession


def many_books(
    count: int,
) -> tuple[Engine, sessionmaker[Session]]:
    """Make a library with this many books and authors."""
    return new_library(
        **{
            f"Book_{number}": f"Author {number}"
            for number in range(1, count + 1)
        }
    )
