"""Create, read, update, delete: books in the database."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from bookshelf.models import Book
from bookshelf.schemas import BookCreate, BookUpdate


def create_book(db: Session, data: BookCreate) -> Book:
    """Save a new book."""
    book = Book(**data.model_dump())
    db.add(book)
    db.commit()
    db.refresh(book)
    return book


def get_book(db: Session, book_id: int) -> Book | None:
    """Return the book with this id, or None."""
    return db.get(Book, book_id)


def list_books(
    db: Session, offset: int = 0, limit: int = 100
) -> Sequence[Book]:
    """Return one page of books, ordered by their ids."""
    return db.scalars(
        select(Book)
        .order_by(Book.id)
        .offset(offset)
        .limit(limit)
    ).all()


def update_book(
    db: Session, book: Book, data: BookUpdate
) -> Book:
    """Change what was sent and nothing else."""
    changes = data.model_dump(exclude_unset=True)
    for name, value in changes.items():
        setattr(book, name, value)
    db.commit()
    db.refresh(book)
    return book


def delete_book(db: Session, book: Book) -> None:
    """Delete a book for good."""
    db.delete(book)
    db.commit()
