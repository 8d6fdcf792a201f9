"""On Gradescope: grades what was handed in, and writes ``results.json``. Imports nothing but Python's own library.

Where grading itself goes wrong there is no ``results.json``: then Gradescope says so, and nobody gets a wrong zero.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def main(autograder: Path) -> int:
    """Grade the submission in a folder that is laid out as Gradescope's.

    Args:
        autograder: the folder, ``/autograder``.

    Returns:
        The exit status.
    """
    source = autograder / "source"
    options = json.loads((source / "options.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        # Links stay links, and are refused as in any class.
        shutil.copytree(autograder / "submission", work / "class" / "submission", symlinks=True)
        command = [sys.executable, "-m", "grader.cli", "class", str(work / "class"), "--out", str(work / "report")]
        paths = [str(source / each) if each == "weights.toml" else each for each in options]
        done = subprocess.run(
            [*command, "--layout", "plain", "--jobs", "1", "--format", "gradescope", *paths],
            cwd=source / "workbook",
            env={**os.environ, "PYTHONPATH": str(source / "workbook"), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        print(done.stdout)
        exported = list((work / "report/exports/gradescope").glob("*.json"))
        # Status 1 alone says that nothing could be graded of what was handed in: that is a result, too.
        if done.returncode not in (0, 1) or "Not finished:" in done.stdout or len(exported) != 1:
            print("Grading went wrong; there is no result.", file=sys.stderr)
            return done.returncode or 1
        found = json.loads(exported[0].read_text(encoding="utf-8"))
        with (work / "report/gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
            row = next(csv.DictReader(file))
        if row["note"]:
            found["output"] += f"\n{row['note']}. Hand in your folder chapters/, or a zip of it."
        del found["extra_data"]
        results = autograder / "results"
        results.mkdir(exist_ok=True)
        (results / "results.tmp").write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
        (results / "results.tmp").replace(results / "results.json")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
