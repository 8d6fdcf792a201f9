"""Settings of the application, read from the environment (12-factor)."""

import os
from dataclasses import dataclass, field


def env(name: str, default: str) -> str:
    """Return an environment variable, or the default where it is not set."""
    return os.environ.get(name, default)


@dataclass(frozen=True)
class Settings:
    """Everything that differs between the laptop and the server."""

    app_name: str = "Items"
    database_url: str = field(default_factory=lambda: env("SQLALCHEMY_DATABASE_URI", "sqlite:///./app.db"))


settings = Settings()
