"""The settings of the application, read from the environment."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What differs between the laptop and the server."""

    database_url: str = os.getenv("DATABASE_URL", "sqlite:///./sql_app.db")


settings = Settings()
