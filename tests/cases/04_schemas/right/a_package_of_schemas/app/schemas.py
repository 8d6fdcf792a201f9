from app._item_in import ItemCreate, ItemUpdate
from app._item_out import ItemRead

__all__ = ["ItemCreate", "ItemRead", "ItemUpdate"]
