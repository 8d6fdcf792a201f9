"""``python -m tests.rewritten [WAY ...] [--cases NAME] [--database postgresql]``."""

from __future__ import annotations

import argparse
import sys

from grader.databases import DATABASES
from tests.cases import all_cases
from tests.rewritten.comparing import differences
from tests.rewritten.ways import WAYS


def main() -> int:
    """Write cases another way that does the same, and print what is said otherwise then."""
    parser = argparse.ArgumentParser(prog="python -m tests.rewritten", description=__doc__)
    parser.add_argument("ways", nargs="*", metavar="WAY", help=f"{', '.join(WAYS)}; all when not given")
    parser.add_argument("--cases", default="", help="how the cases' names begin: 05_crud/wrong; all when not given")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    options = parser.parse_args()
    cases = [case for case in all_cases() if case.name.startswith(options.cases)]
    unknown = [way for way in options.ways if way not in WAYS]
    if unknown or not cases:
        parser.error(f"there is no way '{unknown[0]}'" if unknown else "no case has a name that begins so")
    outcomes = 0
    for way in options.ways or WAYS:
        found = [*differences(cases, way, options.database)]
        print(*found, sep="\n")
        told = {each.case for each in found}
        print(f"{way}: {len(cases)} cases, {len(told)} of them told otherwise", flush=True)
        outcomes += sum(each.what == "outcome" for each in found)
    return 1 if outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
