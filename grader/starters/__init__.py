"""Verdict process and commands: finds the tasks in the solutions, writes starters, compares submissions with them."""

from grader.starters.comparing import given_files, suspicious_files, untouched_below, untouched_stubs, untouched_tasks
from grader.starters.differing import closer
from grader.starters.misplaced import Misplaced, left_below, misplaced_code, taken_back
from grader.starters.reading import DEEPEST, LONGEST_FILE, TooMuch, code_files, has_many_marks, read_code
from grader.starters.tasks import (
    file_of,
    files_of,
    has_file,
    is_given,
    is_under_another_name,
    names_in,
    pieces_of,
    tasks_at,
    tasks_of,
    tasks_of_route,
)
from grader.starters.writing import starter_files, starter_of, write_starters

__all__ = [
    "DEEPEST",
    "LONGEST_FILE",
    "Misplaced",
    "TooMuch",
    "closer",
    "code_files",
    "file_of",
    "files_of",
    "given_files",
    "has_file",
    "has_many_marks",
    "is_given",
    "is_under_another_name",
    "left_below",
    "misplaced_code",
    "names_in",
    "pieces_of",
    "read_code",
    "starter_files",
    "starter_of",
    "suspicious_files",
    "taken_back",
    "tasks_at",
    "tasks_of",
    "tasks_of_route",
    "untouched_below",
    "untouched_stubs",
    "untouched_tasks",
    "write_starters",
]
