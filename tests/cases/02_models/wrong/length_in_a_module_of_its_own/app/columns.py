"""The kinds of text that the models use."""

from typing import Annotated

from sqlalchemy import String
from sqlalchemy.orm import mapped_column

short_text = Annotated[str, mapped_column(String(200))]
long_text = Annotated[str, mapped_column(String(50))]
