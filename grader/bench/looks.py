"""Verdict process: whether code may ask for what lies outside of it, and what a child has told of that.

The frames of its callers, all objects, functions of C: with these code could tell verdicts of its own. Python tells
the child of it (`grader.lab.looks`). That takes its time, so nobody listens where the code has none of the words by
which it would have to ask.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from grader.shown import harmless
from grader.starters import TooMuch, code_files, has_many_marks, read_code

# What asks, where that is found, and what gets at names that stand nowhere.
_WORDS = frozenset(
    {
        *("_getframe", "_getframemodulename", "_current_frames", "_current_exceptions", "currentframe", "get_stack"),
        *("settrace", "setprofile", "walk_stack", "walk_tb", "tb_frame", "gi_frame", "cr_frame", "ag_frame", "f_back"),
        *("f_locals", "inspect", "traceback", "gc", "ctypes", "_ctypes", "cffi"),
        *("getattr", "__getattribute__", "attrgetter", "methodcaller", "getmembers", "vars", "__dict__", "globals"),
        *("locals", "__globals__", "__import__", "__builtins__", "builtins", "importlib", "import_module", "modules"),
        *("pkgutil", "resolve_name", "pydoc", "runpy", "pickle", "marshal", "mock", "get_type_hints", "ForwardRef"),
        *("ImportString", "__subclasses__", "__annotations__", "__code__", "Formatter", "get_field"),
        *("bdb", "pdb", "set_trace", "breakpoint", "botframe", "curframe", "trace", "profile", "cProfile", "timeit"),
        *("InteractiveInterpreter", "InteractiveConsole", "runsource", "runcode", "compile_command"),
        *("codeop", "doctest"),
        *("rlcompleter", "attr_matches", "pytest", "_pytest", "TracebackEntry", "_task_get_stack", "print_stack"),
        *("_create_fn", "runstring", "exec_in", "_get_frame", "get_frame"),
        *("parent_frame_namespace", "_typing_extra", "parent_depth", "_parent_depth", "_parent_namespace_depth"),
    }
)
_NAME = re.compile(r"\w+")
_OWN_CODE = re.compile(r"(?<!\.)\b(?:eval|exec|compile)\b")  # no method of that name
_CODING = re.compile(rb"coding[:=](?![ \t]*utf-?8\b)", re.IGNORECASE)
_MOST_LINES = 2  # in which Python looks for the encoding

_IN_WORDS = {
    "frames": "looks at the frames of its callers",
    "objects": "looks through all objects of Python",
    "functions of C": "calls functions of C",
    "a new import": "passed a check only after its app was imported once more",
    "names of files": "gives its code the name of another file",
}


def may_look(root: Path, given: Collection[str] = ()) -> bool:
    """Whether the code of a staged submission has a word by which it could ask for what lies outside of it.

    Args:
        root: the copy.
        given: files below it that are as the chapter gave them.
    """
    with suppress(OSError, TooMuch):
        files = (file for path, file in code_files(root / "app") if path.relative_to(root).as_posix() not in given)
        return any(_has_a_word(read_code(file)) for file in files)
    return True


def _has_a_word(code: bytes) -> bool:
    if any(_CODING.search(line) for line in code.split(b"\n", _MOST_LINES)[:_MOST_LINES]):
        return True
    try:
        text = code.decode()
    except UnicodeDecodeError:
        return True
    if has_many_marks(text):
        return True
    # Python takes names for the same that are so after normalisation.
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return not _WORDS.isdisjoint(_NAME.findall(text)) or bool(_OWN_CODE.search(text))


def ended(chapter: str) -> str:
    """What there is to say where a process ended, or hung, during a check that another process then judged anew."""
    return f"ended its process, or hung, in the middle of a check: {chapter}"


def claimed(chapter: str) -> str:
    """What there is to say where code raised what is raised when something is used up, and nobody else saw that."""
    return f"said that the disk was full, no thread left, or the database in trouble, which nobody else saw: {chapter}"


def kept_from_preparing(chapter: str) -> str:
    """What there is to say where the database could not be made new in a child that had judged other checks."""
    return f"the database could not be made new for a check, which another process then judged: {chapter}"


def told(chapter: str, message: Mapping[str, Any]) -> str:
    """What there is to say of it, in words; empty where it is none of what a child tells."""
    what, where = _IN_WORDS.get(str(message.get("at")), ""), str(message.get("where", ""))[:200]
    return harmless(f"{what}: {chapter}/{where}" if where else f"{what}: {chapter}") if what else ""
