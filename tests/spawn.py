"""The tests where there is no fork, as on Windows: ``python -m tests.spawn [ARGUMENTS OF PYTEST]``.

Each child of the bench is then a process of its own, started anew. Without arguments the whole suite runs, which takes
much longer than with fork: a start costs a second.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import PROJECT

# Read by every Python that is not isolated: the processes that decide how children are started.
NO_FORK = "import socket\ndel socket.send_fds\n"


def environment(folder: Path) -> dict[str, str]:
    """What makes the processes below believe that there is no fork; the folder has to last as long as they do."""
    (folder / "sitecustomize.py").write_text(NO_FORK, encoding="ascii")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path}


def main() -> None:
    """Run pytest, and end as it does."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
        sys.exit(subprocess.run(command, cwd=PROJECT, env=environment(Path(folder))).returncode)


if __name__ == "__main__":
    main()
