"""In the child: mistakes of chapter 05."""

from __future__ import annotations

from grader.diagnosis.evidence import Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import calls


@reading("commit() without refresh()", "create_refreshes", "update_refreshes")
def not_refreshed(evidence: Evidence) -> Told | None:
    """commit() makes SQLAlchemy forget what the object holds, and nothing loads it again before it is returned."""
    function = evidence.source.function("create_item" if "create" in evidence.rule else "update_item", "app/crud.py")
    if function is None or evidence.timeline[-1:] != ["COMMIT"]:
        return None
    file, node = function
    commits = calls(node, "commit")
    if not commits or calls(node, "refresh", "scalars", "get", "execute"):
        return None
    return Told(
        saw=f"{evidence.saw}; after the COMMIT nothing was loaded again" if evidence.saw else "",
        where=file.at(commits[-1]),
        hint="After this line the item is expired: what it holds has to come from the database again. "
        "Which method of the session does that?",
    )
