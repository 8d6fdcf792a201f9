"""The models."""

from .tables import Item as Item
