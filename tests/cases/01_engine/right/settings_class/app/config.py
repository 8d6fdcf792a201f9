"""The settings of the app."""

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """Taken from the environment."""

    database_url: str = field(default_factory=lambda: os.environ.get("DATABASE_URL", "sqlite:///./app.db"))


settings = Settings()
