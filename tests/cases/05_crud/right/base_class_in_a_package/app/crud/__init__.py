from ..models import Item
from .base import Repository

_items = Repository(Item)
create_item, get_item, list_items = _items.create, _items.get, _items.page
update_item, delete_item = _items.update, _items.remove
