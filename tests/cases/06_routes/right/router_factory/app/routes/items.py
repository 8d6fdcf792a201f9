from fastapi import APIRouter, Depends, HTTPException, Path, Query, status

from ..deps import get_db
from ..models import Item
from ..schemas import ItemCreate, ItemRead, ItemUpdate


def router_of(model, path, create, read, update):
    router = APIRouter()

    def found(key: int = Path(ge=1, le=2**31 - 1), db=Depends(get_db)):
        row = db.get(model, key)
        if row is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f"{model.__name__} not found")
        return row

    def saved(db, row):
        db.add(row)
        db.commit()
        db.refresh(row)
        return row

    @router.post(path, status_code=status.HTTP_201_CREATED, response_model=read)
    def post(data: create, db=Depends(get_db)):
        return saved(db, model(**data.model_dump()))

    @router.get(path, response_model=list[read])
    def page(offset: int = Query(0, ge=0, le=2**63 - 1), limit: int = Query(100, ge=1, le=100), db=Depends(get_db)):
        return db.query(model).order_by(model.id).offset(offset).limit(limit).all()

    @router.get(path + "{key}", response_model=read)
    def get(row=Depends(found)):
        return row

    @router.patch(path + "{key}", response_model=read)
    def patch(data: update, row=Depends(found), db=Depends(get_db)):
        for name, value in data.model_dump(exclude_unset=True).items():
            setattr(row, name, value)
        return saved(db, row)

    @router.delete(path + "{key}", status_code=status.HTTP_204_NO_CONTENT)
    def delete(row=Depends(found), db=Depends(get_db)):
        db.delete(row)
        db.commit()

    return router


router = router_of(Item, "/items/", ItemCreate, ItemRead, ItemUpdate)
