"""Cut a page out of a query."""

from sqlalchemy import Select

from app.models import Item


def paginate(query: Select[tuple[Item]], offset: int, limit: int) -> Select[tuple[Item]]:
    """Return the query for up to ``limit`` items in the order of their ids, without the first ``offset``."""
    query = query.order_by(Item.id)
    query = query.offset(offset)
    query.limit(limit)
    return query
