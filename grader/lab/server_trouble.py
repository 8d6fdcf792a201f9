"""In the child: whether the database server was in trouble while a check ran, so that nobody knows whose fault it is.

The bench has such a check judged once more, with nothing else beside it. (On SQLite there is no server.)
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from grader.lab.job import LOST, SHARED
from grader.lab.observer import UNOBSERVED
from grader.lab.own_engines import own_engine
from grader.lab.place import Place

# A server that stops, recovers or has lost its memory or its disk is the same for all who are connected.
# Source: PostgreSQL, "PostgreSQL Error Codes".
_SERVERS_OWN = ("53200", "53300", "57P01", "57P02", "57P03", "57P04", "58000", "58030", "XX000", "XX001", "XX002")


class ServerTrouble:
    """Listens to the errors of all engines.

    Args:
        place: where the checks run.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._met = ""
        if place.database != "sqlite":
            event.listen(Engine, "handle_error", self._heard)

    def _heard(self, context: ExceptionContext) -> None:
        own = context.engine is not None and UNOBSERVED in context.engine.get_execution_options()
        if own and context.is_disconnect:
            self._met = LOST
        elif not self._met and _code(context.original_exception) in _SERVERS_OWN:
            self._met = SHARED

    def begin(self) -> None:
        """Forget what was met before."""
        self._met = ""

    def met(self) -> str:
        """What there was: `grader.lab.job.LOST`, `grader.lab.job.SHARED` or nothing."""
        if self._place.database == "sqlite":
            return ""
        try:
            with own_engine(self._place.own_url).connect() as own:
                own.exec_driver_sql("SELECT 1")
        except Exception:
            return LOST
        return self._met


def _code(error: Any) -> str:
    return str(getattr(error, "sqlstate", "") or "")
