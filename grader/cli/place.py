"""Commands: what the user means: which submission, which chapter, which rules."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader import BadInput
from grader.bench import chapter_folders
from grader.places import IS_INSTALLED, PROJECT, found_home, home, is_a_clone, is_made_by_init, refuse_what_is_no_file
from grader.rules import CHAPTERS, Rule, chapter_named, roster, rules_named, task_named
from grader.starters import tasks_of


@dataclass(frozen=True)
class Place:
    """A submission.

    Attributes:
        folder: where it is.
        name: what the user calls it.
        own: whether it is the learner's own ``chapters/``.
    """

    folder: Path
    name: str
    own: bool

    def refuse_what_is_no_file(self, names: Iterable[str]) -> None:
        """As `grader.places.refuse_what_is_no_file`; the learner's own ``chapters/`` is to be no link either."""
        if self.own:
            refuse_what_is_no_file(home(), (f"chapters/{name}" for name in names))
        else:
            refuse_what_is_no_file(self.folder, names)


def submission(given: Path | None) -> Place:
    """The submission that was given, or the learner's ``chapters/``.

    Raises:
        BadInput: there is none; or the user is in a clone of the workbook that this command does not belong to.
    """
    if given is not None:
        chapter_folders(given)
        at_home = found_home()
        return Place(given.resolve(), str(given), at_home is not None and given.resolve() == at_home / "chapters")
    for folder in (Path.cwd(), *Path.cwd().parents):
        if is_made_by_init(folder):
            break
        if is_a_clone(folder):
            if IS_INSTALLED or folder.resolve() != PROJECT:
                raise BadInput(
                    f"You are in the workbook at {folder}, but this command belongs to the one at {PROJECT}; "
                    f"run 'pip install -e . -c constraints.txt' in the first one, or add --submission."
                )
            break
    chapter_folders(home() / "chapters", "chapters")
    return Place(home() / "chapters", "chapters", True)


def expect_clone() -> None:
    """Make sure that this command belongs to a clone of the project.

    Raises:
        BadInput: it was installed without the source.
    """
    if IS_INSTALLED:
        raise BadInput("This is for authors: it works in a clone of the project that 'pip install -e .' has installed.")


def chapter_here(place: Place) -> str:
    """The chapter in whose folder the user is, or an empty string."""
    here = Path.cwd().resolve()
    return next((name for name in CHAPTERS if here.is_relative_to(place.folder / name)), "")


def chapter(words: str) -> str:
    """The chapter that the words name.

    Raises:
        BadInput: there is no such chapter.
    """
    found = chapter_named(words)
    if not found:
        raise BadInput(
            f"There is no chapter '{words}'; write 5 or 05_crud for chapter 05 ({_all_chapters()})"
            f"{_meant(words, CHAPTERS)}."
        )
    return found


def whole_chapter(words: str, command: str) -> str:
    """The chapter that the words name, for a command that replaces files of all of its tasks.

    Raises:
        BadInput: there is no such chapter, or the words name a part of it.
    """
    found = chapter(words)
    if "." in words and not {"/", "\\"} & {*words}:
        number = int(found[:2])
        raise BadInput(
            f"'{words}' is a part of chapter {found[:2]}, but this needs a whole chapter: workbook {command} {number}."
        )
    return found


def rules(words: str) -> tuple[Rule, ...]:
    """The rules of the chapter or task, the one rule, or those that a mistake breaks, as the words name them.

    Raises:
        BadInput: there is no such thing, or several chapters have a rule of this name.
    """
    found = rules_named(words)
    if not found and words.count(".") == 1 and chapter_named(words):
        within = chapter_named(words)
        if task_named(words) in tasks_of(within):  # a task that the other checks of its chapter judge
            return rules_named(within)
    if not found and any(words == each.name for each in roster()):
        return (rule(words),)
    found = found or _broken_by(words)
    if not found:
        raise BadInput(
            f"There is no chapter, task or rule '{words}'; write 5 for a chapter, 5.1 for a task, "
            f"05_crud.create_refreshes for a rule, or all{_meant(words, [*CHAPTERS, *(each.id for each in roster())])}."
        )
    return found


def _broken_by(mistake: str) -> tuple[Rule, ...]:
    """The rules that a mistake of this name may break."""
    from grader.diagnosis.catalogue import readings_of

    known = {chapter: [each for each in readings_of(chapter) if each.name == mistake] for chapter in CHAPTERS}
    return tuple(
        rule for rule in roster() if any(not each.rules or rule.name in each.rules for each in known[rule.chapter])
    )


def rule(words: str) -> Rule:
    """The rule with this id; its name alone is enough where it is the only one, or that of the chapter one is in.

    Raises:
        BadInput: there is no such rule.
    """
    found = [each for each in roster() if words in (each.id, each.name)]
    here = Path.cwd().parts
    found = [each for each in found if len(found) > 1 and each.chapter in here] or found
    if not found:
        raise BadInput(
            f"There is no rule '{words}'; a failed check shows the id of its rule, for example "
            f"05_crud.create_refreshes{_meant(words, [each.id for each in roster()])}."
        )
    if len(found) > 1:
        raise BadInput(f"Several chapters have a rule '{words}'; write {' or '.join(each.id for each in found)}.")
    return found[0]


def task(words: str) -> str:
    """The number of the task that the words name.

    Raises:
        BadInput: there is no such task.
    """
    found, name = chapter_named(words), task_named(words)
    known = tasks_of(found) if found else {}
    if name not in known:
        have = f"chapter {found[:2]} has the tasks {', '.join(known)}" if known else "write 5.1 for the first of 05"
        raise BadInput(f"There is no task '{words}'; {have}.")
    return name


def _all_chapters() -> str:
    return f"{CHAPTERS[0]} to {CHAPTERS[-1]}"


def _meant(words: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(words, known, n=1)
    return f"; did you mean {close[0]}?"[:-1] if close else ""
