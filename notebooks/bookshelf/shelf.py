"""A new shelf of books, in a temporary database."""

from grader.lesson import new_database
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from bookshelf.models import Base, Book


def new_shelf(
    *titles: str, url: str = ""
) -> tuple[Engine, sessionmaker[Session]]:
    """Make a new database with books of these titles.

    Returns its engine, and a session factory.
    """
    engine = create_engine(url or new_database())
    Base.metadata.create_all(engine)
    ShelfSession = sessionmaker(engine, autoflush=False)
    with ShelfSession() as db:
        # One after the other: their ids are 1, 2, 3, ...
        for title in titles:
            db.add(Book(title=title))
            db.flush()
        db.commit()
    return engine, ShelfSession
