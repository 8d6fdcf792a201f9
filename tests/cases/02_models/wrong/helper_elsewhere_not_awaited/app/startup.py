"""What is done at the start."""

import asyncio

from app.db import Base, engine


async def prepare_database() -> None:
    """Create the tables."""
    await asyncio.to_thread(Base.metadata.create_all, engine)
