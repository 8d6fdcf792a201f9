"""Commands: broken examples of a rule, the known mistakes of which the project's tests prove that they break it."""

from __future__ import annotations

import difflib
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

from grader.guide import mistake_for
from grader.places import CASES, SOLUTIONS
from grader.rules import CHAPTERS, Rule


@dataclass(frozen=True)
class Example:
    """A solution with one mistake in it.

    Attributes:
        chapter: the chapter's name.
        slug: name of the case.
        about: the mistake in one sentence.
        fails: names of the rules that it breaks.
        mistakes: names of the mistakes; none where its rules speak for themselves.
        files: the files that are not the solution's, by their names.
    """

    chapter: str
    slug: str
    about: str
    fails: frozenset[str]
    mistakes: frozenset[str]
    files: dict[str, str]

    def write(self, submission: Path) -> None:
        """Write the whole chapter, with the mistake, into a folder."""
        shutil.copytree(SOLUTIONS / self.chapter / "app", submission / self.chapter / "app")
        for name, text in self.files.items():
            file = submission / self.chapter / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    def size(self) -> int:
        """Number of lines in which it differs from the solution."""
        return sum(
            row.startswith(("- ", "+ "))
            for name, text in self.files.items()
            for row in difflib.ndiff(_solution(self.chapter, name).splitlines(), text.splitlines())
        )


def examples(chapter: str) -> list[Example]:
    """All known mistakes of a chapter; none where the project's tests are not at hand."""
    found = []
    for file in sorted((CASES / chapter / "wrong").glob("*/case.toml")):
        case = tomllib.loads(file.read_text(encoding="utf-8"))
        whole = sorted((file.parent / "app").rglob("*.py"))
        texts = {path.relative_to(file.parent).as_posix(): path.read_text(encoding="utf-8") for path in whole}
        for edit in case.get("edit", ()):
            text = texts.get(edit["file"]) or _solution(chapter, edit["file"])
            texts[edit["file"]] = text.replace(edit["old"], edit["new"])
        about, fails, mistake = case["about"], frozenset(case["fails"]), case.get("mistake", "")
        mistakes = frozenset(mistake.values() if isinstance(mistake, dict) else [mistake] if mistake else [])
        found.append(Example(chapter, file.parent.name, about, fails, mistakes, texts))
    return found


def example_of(rule: Rule) -> Example | None:
    """The mistake by which a rule is explained best: the one that the guide names, else the shortest.

    If possible it is one that breaks no other rule.
    """
    breaking = [each for each in examples(rule.chapter) if rule.name in each.fails]
    named = mistake_for(rule.chapter, rule.name)
    breaking = [each for each in breaking if each.slug == named] or breaking
    return min(breaking, key=lambda each: (len(each.fails), each.size(), len(each.about)), default=None)


def example_of_mistake(name: str, chapter: str = "") -> Example | None:
    """The shortest example of a mistake: of a chapter, or of one before it, where there is any."""
    before = CHAPTERS[: CHAPTERS.index(chapter)] if chapter else []
    for chapters in ([chapter] if chapter else [], before, CHAPTERS):
        if found := [each for one in chapters for each in examples(one) if name in each.mistakes]:
            return min(found, key=lambda each: (len(each.fails), each.size(), len(each.about)))
    return None


def _solution(chapter: str, name: str) -> str:
    file = SOLUTIONS / chapter / name
    return file.read_text(encoding="utf-8") if file.is_file() else ""
