"""Dependencies."""

from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.db import DATABASE_URL

new_session = async_sessionmaker(create_async_engine(DATABASE_URL.replace("sqlite:", "sqlite+aiosqlite:")))


async def get_db() -> AsyncIterator[AsyncSession]:
    """Yield a session for one request."""
    async with new_session() as db:
        yield db
