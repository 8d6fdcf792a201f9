"""What has to happen before the first request."""

import logging

from app.db import Base, engine

logger = logging.getLogger(__name__)


def prepare_database() -> None:
    """Create the tables that do not exist yet."""
    Base.metadata.create_all(engine)
    logger.info("tables: %s", ", ".join(Base.metadata.tables))
