"""Dependencies."""

from app.db import SessionLocal


def dependency(factory):
    db = factory()

    def dependency_of_a_request():
        try:
            yield db
        finally:
            db.close()

    return dependency_of_a_request


get_db = dependency(SessionLocal)
