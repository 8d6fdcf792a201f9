"""Verdict process: what no wall keeps code from, in words (`grader.lab.walls`)."""

from __future__ import annotations

from collections.abc import Collection

OPENINGS = {
    "files": "read and change your files",
    "network": "reach the network",
    "processes": "start programs",
    "signals": "end your other programs",
}


def openness(open_to: Collection[str]) -> str:
    """What the code can do here that it should not, in one sentence; empty where it can do none of that."""
    can = [words for name, words in OPENINGS.items() if name in open_to]
    can += [f"do harm ({name})" for name in sorted(set(open_to) - set(OPENINGS))]
    if not can:
        return ""
    listed = " and ".join([", ".join(can[:-1]), can[-1]] if len(can) > 1 else can)
    return (
        f"No walls here: the graded code can {listed}, because this system cannot prevent it "
        f"(README, 'How safe it is'). Grade strangers' code in a container."
    )
