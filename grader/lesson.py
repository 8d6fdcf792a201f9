"""Kernel: what the lessons import, ``from grader.lesson import observe, new_database``.

::

    with observe(draw=True), Session(engine) as db:
        db.add(book)
        db.commit()

shows a table and a sequence diagram of what was done to the database meanwhile.
"""

from grader.lessons.attempts import attempt
from grader.lessons.databases import look, new_database, new_postgresql
from grader.lessons.observing import observe
from grader.lessons.requests import Client
from grader.lessons.showing import show
from grader.lessons.solutions import copy_of_solution, finished_app
from grader.lessons.source import source

__all__ = [
    "Client",
    "attempt",
    "copy_of_solution",
    "finished_app",
    "look",
    "new_database",
    "new_postgresql",
    "observe",
    "show",
    "source",
]
