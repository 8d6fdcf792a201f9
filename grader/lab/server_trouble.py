"""In the child: whether the database server was in trouble while a check ran, so that nobody knows whose fault it is.

The bench has such a check judged once more, with nothing else beside it. (On SQLite there is no server.)
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError

from grader.lab.job import LOST, SHARED
from grader.lab.observer import is_own_engine
from grader.lab.own_engines import own_engine
from grader.lab.place import Place

# A server that stops, recovers or has lost its memory or its disk is the same for all who are connected.
# Source: PostgreSQL, "PostgreSQL Error Codes".
_SERVERS_OWN = ("53200", "53300", "57P01", "57P02", "57P03", "57P04", "58000", "58030", "XX000", "XX001", "XX002")


class ServerTrouble:
    """Listens to the errors of all engines, and to those of the grader's own.

    Args:
        place: where the checks run.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._met = ""
        self._no_answer = False
        if place.database != "sqlite":
            event.listen(Engine, "handle_error", self._heard)
            event.listen(own_engine(place.own_url), "handle_error", self._heard)

    def _heard(self, context: ExceptionContext) -> None:
        code = str(getattr(context.original_exception, "sqlstate", "") or "")
        if context.engine is not None and is_own_engine(context.engine):
            self._met = LOST if context.is_disconnect else self._met
        elif code in _SERVERS_OWN:
            self._met = self._met or SHARED
        elif not code and isinstance(context.sqlalchemy_exception, OperationalError):
            self._no_answer = True

    def begin(self) -> None:
        """Forget what was met before."""
        self._met, self._no_answer = "", False

    def met(self) -> str:
        """What there was: `grader.lab.job.LOST`, `grader.lab.job.SHARED` or nothing."""
        if self._place.database == "sqlite":
            return ""
        engine = own_engine(self._place.own_url)
        try:
            with engine.connect() as own:
                own.exec_driver_sql("SELECT 1")
            if self._no_answer:  # to the learner's code: would the grader be answered?
                _connect_anew(engine)
        except Exception:
            return LOST
        return self._met


def _connect_anew(engine: Engine) -> None:
    arguments: Any = engine.dialect.create_connect_args(engine.url)
    engine.dialect.connect(*arguments[0], **arguments[1]).close()
