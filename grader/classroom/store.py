"""Command: what a run has found out, on disk as soon as it is known.

Verdicts, submissions, and what they were made with: one SQLite file in the report's folder. A verdict belongs to the
content that was judged, not to a learner: the same code is judged once, whoever handed it in and however often the
command is started; other code, other rules, or another database are other content. A commit is on the disk when it
returns, also in a power cut.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from grader import BadInput
from grader.bench.temporary import disk_full, is_full
from grader.classroom.intake import Chapter
from grader.classroom.intake.roster import Learner
from grader.report import Check, entry_of
from grader.rules import Rule, rules_of

FILE = "class.sqlite"
_FORMAT = 1
# Seconds to wait for a disk to have room again.
_PATIENCE, _PAUSE = 20.0, 0.5
_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sources (digest TEXT PRIMARY KEY, files BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS verdicts (
    content TEXT, rule TEXT, verdict TEXT NOT NULL, PRIMARY KEY (content, rule)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS isolation (content TEXT, words TEXT, PRIMARY KEY (content, words)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS learners (
    position INTEGER PRIMARY KEY, id TEXT UNIQUE, name TEXT, more TEXT, status TEXT, note TEXT, chapters TEXT
);
"""
_KEPT = (
    "outcome",
    "observed",
    "expected",
    "where",
    "line",
    "mistake",
    "trace",
    "seconds",
    "did",
    "function",
    "caret",
    "elsewhere",
    "task_there",
    "printed",
    "traceback",
    "begun",
    "misplaced",
    "unjudged",
    "cut_off",
    "looks",
)


@dataclass(frozen=True)
class Row:
    """One learner of the class.

    Attributes:
        learner: who it is.
        status: ``graded``, ``empty`` (no chapter in the submission), ``unreadable`` or ``missing``.
        note: what there is to say about the submission.
        chapters: digest of what was handed in, by chapter.
        refused: why a chapter cannot be graded, by chapter.
        submitted: when it was handed in, with its time zone; None where nobody knows.
        names: what its folders and files are called in the platform's download.
        isolation: what kept the code apart while it was judged; told by `isolated`.
    """

    learner: Learner
    status: str
    note: str = ""
    chapters: Mapping[str, str] | None = None
    refused: Mapping[str, str] | None = None
    submitted: datetime | None = None
    names: Sequence[str] = ()
    isolation: str = ""

    def digest(self, chapter: str) -> str:
        """Digest of a chapter; empty where there is nothing to grade."""
        return (self.chapters or {}).get(chapter, "")

    def own(self, content: str) -> str:
        """The key of what holds of some content in this submission alone, as it was handed in."""
        parts = (content, self.learner.id, *(self.chapters or {}).values())
        return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def content_of(chapter: str, digest: str, database: str, limits: str, version: str) -> str:
    """The key of everything that the verdicts on one chapter of one submission depend on."""
    parts = (chapter, digest, database, limits, version)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


class Store:
    """The file with everything that is known about a class.

    Args:
        folder: the report's folder.
        readonly: open an existing one to read from.

    Raises:
        BadInput: the folder holds none that can be read, or cannot be written to.
    """

    def __init__(self, folder: Path, *, readonly: bool = False) -> None:
        file = folder / FILE
        self._readonly = readonly
        self._folder = folder
        if readonly and not file.is_file():
            raise BadInput(f"'{folder}' is not a report of 'workbook class'; it holds no {FILE}.")
        try:
            if readonly:
                self._database = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
            else:
                folder.mkdir(parents=True, exist_ok=True)
                self._database = sqlite3.connect(file, timeout=1.0, isolation_level=None)
                self._database.execute("PRAGMA journal_mode = WAL")
                self._database.execute("PRAGMA synchronous = FULL")
                self._database.executescript(_TABLES)
            if self.about("format") not in (None, _FORMAT):
                raise BadInput(f"'{folder}' was made by another version of the grader; give --out a new folder.")
        except OSError as error:
            if is_full(error):
                raise disk_full(folder) from None
            raise BadInput(f"The report '{folder}' cannot be written ({error.strerror or error}).") from None
        except sqlite3.Error as error:
            raise self._sentence(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._close()
        if isinstance(error, sqlite3.Error):
            raise self._sentence(error) from None

    def _sentence(self, error: sqlite3.Error) -> BadInput:
        """What there is to say and to do about the file."""
        code = _code(error)
        if code == sqlite3.SQLITE_FULL:
            return disk_full(self._folder)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            advice = "" if self._readonly else ", or give --out another folder"
            return BadInput(f"Another run is writing to the report '{self._folder}'. Wait for it{advice}.")
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
            return self._damaged(error)
        what = "read" if self._readonly else "written"
        return BadInput(f"The report '{self._folder}' cannot be {what} ({error}).")

    def _damaged(self, error: Exception) -> BadInput:
        reason = str(error).split("\n")[0][:100] or type(error).__name__
        return BadInput(
            f"The report '{self._folder}' is damaged: its {FILE} cannot be read ({reason}). "
            f"Put back a copy of {FILE}, or grade the class again with a new --out."
        )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What is not as it was written is damaged."""
        try:
            yield
        except (ValueError, KeyError, TypeError, zlib.error) as error:
            raise self._damaged(error) from None

    def _close(self) -> None:
        if not self._readonly:
            with suppress(sqlite3.Error):
                self._database.execute("PRAGMA journal_mode = DELETE")  # one file, that can be moved and read anywhere
        self._database.close()

    def lock(self) -> None:
        """Make sure that nobody else writes here meanwhile.

        Raises:
            BadInput: another run does.
        """
        try:
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("BEGIN EXCLUSIVE")
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._sentence(error) from None

    # -- what the run is about ------------------------------------------------------------------

    def about(self, name: str) -> Any:
        """A fact about the run; None when it is not known."""
        found = self._database.execute("SELECT value FROM about WHERE name = ?", [name]).fetchone()
        with self._reading():
            return None if found is None else json.loads(found[0])

    def describe(self, **facts: Any) -> None:
        """Keep facts about the run."""
        rows = [(name, json.dumps(value)) for name, value in {"format": _FORMAT, **facts}.items()]
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", rows)

    # -- learners -------------------------------------------------------------------------------

    def replace_learners(self, rows: Iterable[tuple[Row, Mapping[str, Chapter]]]) -> None:
        """Keep who is in the class and what they handed in, in the place of what was known of it."""
        with self._database:
            self._database.execute("BEGIN")
            self._database.execute("DELETE FROM learners")
            for position, (row, chapters) in enumerate(rows):
                learner = row.learner
                handed_in: dict[str, Any] = {"digests": row.chapters or {}, "refused": row.refused or {}}
                handed_in |= {"submitted": row.submitted and row.submitted.isoformat(), "names": list(row.names)}
                texts = (json.dumps(dict(learner.more)), row.status, row.note, json.dumps(handed_in))
                self._database.execute(
                    "INSERT INTO learners VALUES (?, ?, ?, ?, ?, ?, ?)", [position, learner.id, learner.name, *texts]
                )
                for chapter in chapters.values():
                    self._database.execute(
                        "INSERT OR IGNORE INTO sources VALUES (?, ?)",
                        [chapter.digest, zlib.compress(json.dumps(chapter.to_texts()).encode())],
                    )

    def learners(self) -> Iterator[Row]:
        """Everybody in the class, in order."""
        # A cursor of its own for each batch, so that verdicts can be written in between.
        last = -1
        while rows := self._database.execute(
            "SELECT * FROM learners WHERE position > ? ORDER BY position LIMIT 200", [last]
        ).fetchall():
            for position, id_, name, more, status, note, handed_in in rows:
                last = position
                with self._reading():
                    data = json.loads(handed_in)
                    time = data.get("submitted")
                    told = (datetime.fromisoformat(time) if time else None, tuple(data.get("names", ())))
                    learner = Learner(id_, name, json.loads(more))
                    row = Row(learner, status, note, data["digests"], data["refused"], *told)
                yield row

    def count(self, status: str = "%") -> int:
        """How many learners there are, with this status."""
        found = self._database.execute("SELECT count(*) FROM learners WHERE status LIKE ?", [status]).fetchone()
        return int(found[0])

    def source(self, digest: str) -> Chapter:
        """The code that has this digest."""
        found = self._database.execute("SELECT files FROM sources WHERE digest = ?", [digest]).fetchone()
        with self._reading():
            return Chapter.from_texts(json.loads(zlib.decompress(found[0])))

    # -- verdicts -------------------------------------------------------------------------------

    def keep(self, verdicts: Sequence[tuple[str, Check]], isolation: Mapping[str, str] | None = None) -> None:
        """Write verdicts; they are on disk when this returns. If the disk is full, wait: code that fills it is ended.

        Args:
            verdicts: each with the content that it is about.
            isolation: what kept the code apart that was judged, by content.
        """
        latest = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._keep(verdicts, isolation)
            except sqlite3.Error as error:
                if _code(error) != sqlite3.SQLITE_FULL or time.monotonic() > latest:
                    raise
            time.sleep(_PAUSE)

    def _keep(self, verdicts: Sequence[tuple[str, Check]], isolation: Mapping[str, str] | None) -> None:
        with self._database:
            self._database.execute("BEGIN")
            before = self._database.total_changes
            self._database.executemany(
                "INSERT INTO verdicts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET verdict = excluded.verdict "
                "WHERE json_extract(verdicts.verdict, '$.unjudged')",
                [(content, check.id, shortened(check)) for content, check in verdicts],
            )
            made = self._database.total_changes - before
            self._database.executemany("INSERT OR IGNORE INTO isolation VALUES (?, ?)", (isolation or {}).items())
            # Counted in the same transaction: an interruption can come at any moment.
            self._database.execute(
                "INSERT INTO about VALUES ('kept', ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                [str(made)],
            )

    def isolation(self, contents: Iterable[str]) -> str:
        """What kept the code apart while these contents were judged; empty where that is not known."""
        found: dict[str, None] = {}
        for content in contents:
            for (words,) in self._database.execute("SELECT words FROM isolation WHERE content = ?", [content]):
                found[words] = None
        return ", ".join(found)

    def kept(self) -> int:
        """How many verdicts have ever been kept here."""
        return int(self.about("kept") or 0)

    def has_verdicts(self) -> bool:
        """Whether there is any verdict."""
        return self._database.execute("SELECT 1 FROM verdicts LIMIT 1").fetchone() is not None

    def outcomes(self, content: str) -> dict[str, str]:
        """Outcomes by rule id of what is known about some content; what could not be judged is not known."""
        rows = self._database.execute("SELECT rule, verdict FROM verdicts WHERE content = ?", [content])
        with self._reading():
            found = {rule: json.loads(verdict) for rule, verdict in rows}
            return {rule: facts["outcome"] for rule, facts in found.items() if not facts.get("unjudged")}

    def checks(self, content: str, rules: Sequence[Rule]) -> list[Check]:
        """The verdicts on some content, in the order of the rules; those that are not known are left out."""
        rows = dict(self._database.execute("SELECT rule, verdict FROM verdicts WHERE content = ?", [content]))
        with self._reading():
            return [whole(rule, rows[rule.id]) for rule in rules if rule.id in rows]


def _code(error: Exception) -> int:
    """What SQLite calls an error."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def shortened(check: Check) -> str:
    """What of a verdict the roster does not know."""
    facts = {name: getattr(check, name) for name in _KEPT}
    rule = next(each for each in rules_of(check.chapter) if each.id == check.id)
    # A reading says why, and gives a hint, for the mistake that was made.
    facts |= {name: getattr(check, name) for name in ("why", "hint") if getattr(check, name) != getattr(rule, name)}
    return json.dumps({name: value for name, value in facts.items() if value}, ensure_ascii=False)


def whole(rule: Rule, verdict: str) -> Check:
    """The verdict on a rule again, out of what `shortened` made of it."""
    return entry_of(rule, **json.loads(verdict))
