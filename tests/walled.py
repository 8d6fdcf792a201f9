"""Grades a submission that attacks, in a process of its own: ``python -m tests.walled SUBMISSION VICTIM [WALLS]``."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from pathlib import Path

from tests.attacks import attacker, succeeded
from tests.kernels import take_walls_away


def main() -> None:
    submission, victim, walls = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    if walls == "neither":
        take_walls_away()
    from grader.bench import Bench, Target
    from grader.bench.sandbox import prepare
    from grader.rules import rules_of

    isolation, limits = None, None
    if walls == "bubblewrap":
        sandbox = prepare([submission, victim])
        if not sandbox.namespaces:
            sys.exit(f"no namespaces here: {sandbox.reason}")
        isolation, limits = sandbox.isolation(0), sandbox.limits
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Bench(isolation=isolation, limits=limits) as bench,
    ):
        folder = attacker(submission, victim, server.getsockname()[1], os.getpid())
        found = [check for _, check in bench.grade([Target(folder, rule) for rule in rules_of("05_crud")])]
        told = next(check.printed for check in found if "SUCCEEDED" in check.printed)
        facts = {"succeeded": succeeded(told), "openness": bench.openness, "spoilt": bench.spoilt}
    print(json.dumps({**facts, "left": [path.name for path in Path(tempfile.gettempdir()).iterdir()]}))


if __name__ == "__main__":
    main()
