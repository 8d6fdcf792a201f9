"""The settings of the application, read from the environment."""

import os


class Settings:
    def __init__(self) -> None:
        self.database_url = os.environ["DATABASE_URL"]
        self.echo = os.environ.get("SQL_ECHO") == "1"


settings = Settings()
