"""``python -m tests.mutants [CHAPTER ...] [--database postgresql] [--only WORDS] [--list]``."""

from __future__ import annotations

import argparse
import difflib
import sys

from grader.databases import DATABASES
from grader.places import SOLUTIONS
from grader.rules import CHAPTERS, chapter_named
from tests.mutants.judging import judge
from tests.mutants.making import Mutant, mutants_of


def main() -> int:
    """Grade the mutants of chapters, and print those with which nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="5, 05 or 05_crud; all when not given")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--only", default="", help="only mutants whose name holds these words")
    parser.add_argument("--list", action="store_true", help="print the names of the mutants, and grade none")
    options = parser.parse_args()
    unknown = [words for words in options.chapters if not chapter_named(words)]
    if unknown:
        parser.error(f"there is no chapter '{unknown[0]}'")
    honest = True
    for chapter in [chapter_named(words) for words in options.chapters] or CHAPTERS:
        mutants = [mutant for mutant in mutants_of(chapter) if options.only in mutant.name]
        if options.list:
            print(*(mutant.name for mutant in mutants), sep="\n")
            continue
        judged = judge(chapter, mutants, options.database)
        for mutant in judged.unexplained:
            print(f"\n{chapter} {mutant.name}\n{_difference(mutant)}")
        outdated = () if options.only else judged.outdated
        for name in outdated:
            print(f"\n{chapter}.toml lists what the grader notices, or what is no mutant any more: {name}")
        print(
            f"{chapter} on {options.database}: {len(mutants)} mutants, {judged.noticed} noticed, "
            f"{len(judged.explained)} behave the same, {len(judged.unexplained)} unexplained",
            flush=True,
        )
        honest = honest and not judged.unexplained and not outdated
    return 0 if honest else 1


def _difference(mutant: Mutant) -> str:
    old = (SOLUTIONS / mutant.chapter / mutant.file).read_text(encoding="utf-8").splitlines()
    lines = difflib.unified_diff(old, mutant.text.splitlines(), mutant.file, "mutant", n=1, lineterm="")
    return "\n".join(f"    {line}" for line in list(lines)[2:])


if __name__ == "__main__":
    sys.exit(main())
