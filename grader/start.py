"""Command: the first thing that runs, so that Ctrl-C is no traceback while the rest is still being imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``workbook``."""
    try:
        from grader.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
