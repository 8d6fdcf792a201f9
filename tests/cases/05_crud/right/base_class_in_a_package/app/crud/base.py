from contextlib import contextmanager
from typing import Generic, TypeVar

from fastapi.encoders import jsonable_encoder

Model = TypeVar("Model")


@contextmanager
def committed(db):
    try:
        yield
        db.commit()
    except Exception:
        db.rollback()
        raise


class Repository(Generic[Model]):
    def __init__(self, model: type[Model]) -> None:
        self.model = model

    def create(self, db, obj_in):
        obj = self.model(**jsonable_encoder(obj_in))
        with committed(db):
            db.add(obj)
        db.refresh(obj)
        return obj

    def get(self, db, id):
        return db.query(self.model).filter(self.model.id == id).first()

    def page(self, db, offset=0, limit=100):
        return db.query(self.model).order_by(self.model.id)[offset : offset + limit]

    def update(self, db, obj, obj_in):
        sent = jsonable_encoder(obj_in, exclude_unset=True)
        with committed(db):
            for field in jsonable_encoder(obj):
                if field in sent:
                    setattr(obj, field, sent[field])
        db.refresh(obj)
        return obj

    def remove(self, db, obj):
        with committed(db):
            db.delete(db.get(self.model, obj.id))
        return obj
