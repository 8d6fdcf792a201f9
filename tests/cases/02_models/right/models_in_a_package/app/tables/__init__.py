"""One module for each table."""

from .item import Item as Item
