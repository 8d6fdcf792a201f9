"""Unit."""

from app.db import SessionLocal


class UnitOfWork:
    def __enter__(self):
        self.db = SessionLocal()
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.db.commit()
        else:
            self.db.rollback()
        self.db.close()
