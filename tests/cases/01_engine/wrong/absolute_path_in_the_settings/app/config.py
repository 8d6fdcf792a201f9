"""The settings: everything that differs between my laptop and the server."""

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """What the environment says, or what is good enough for my laptop."""

    database_url: str = field(default_factory=lambda: os.getenv("DATABASE_URL", "sqlite:////app.db"))


settings = Settings()
