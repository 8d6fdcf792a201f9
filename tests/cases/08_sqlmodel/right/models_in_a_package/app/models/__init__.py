from app.models.item import Item, ItemBase
from app.models.schemas import ItemCreate, ItemPublic, ItemUpdate

ItemRead = ItemPublic
