"""The database: where it is, and how to reach it."""

import os

from sqlmodel import create_engine

# The environment variable DATABASE_URL names the database, else it is a local SQLite file.
DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///./app.db")

engine = create_engine(DATABASE_URL)
