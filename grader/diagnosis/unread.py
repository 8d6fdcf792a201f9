"""In the child: what to ask where code broke before a rule could be judged, and no reading knows why."""

from __future__ import annotations

import ast
import difflib
import re

from grader.diagnosis.aliases import NO_SUCH_NAME
from grader.diagnosis.evidence import Evidence
from grader.diagnosis.libraries import home_of, module_like
from grader.diagnosis.names import OF_NO_APP, ROUTER_IN_THE_APP
from grader.diagnosis.reading import TOO_STRICT, Told, reading
from grader.diagnosis.source import calls, name_of, text_of
from grader.outcomes import SAYS_IT_ALL

_INDENTED = re.compile(r"indent|outer indentation|TabError|inconsistent use of tabs")
_ONLY_ASYNC = re.compile(r"'(await|async with|async for)' outside async function$")


@reading("code that Python cannot read")
def not_python(evidence: Evidence) -> Told | None:
    """Python reads a whole file before it runs any of it. What is wrong is in the line where it stops, or above."""
    if evidence.outcome != "error" or " is not valid Python: " not in evidence.saw:
        return None
    decorated = _below_a_decorator(evidence)
    where = _at_the_end(evidence) or ("" if decorated else _at_the_margin(evidence)[0])
    return Told(where=where, hint=decorated or _outside(evidence) or _of_the_message(evidence.saw, evidence.where))


def hint_for(evidence: Evidence) -> str:
    """A question for whoever has code that cannot be imported; empty where what was seen is something else."""
    if evidence.outcome != "error":
        return ""
    if re.search(r" has no name '\w+' \(there is ", evidence.saw):
        return "Is it a typing mistake?"
    if re.search(r" has no name '\w+'$", evidence.saw):
        return "Others ask for this by its name. Is it missing, or has it another name in your file?"
    missing = re.match(r"(\S+\.py) is missing\b", evidence.saw)
    if missing is not None:
        there = {_stem(each.name): each.name for each in evidence.source.files()}
        similar = difflib.get_close_matches(_stem(missing[1]), sorted(there), 1, cutoff=0.75)
        known = f"There is {there[similar[0]]}. Is it a typing mistake?" if similar else ""
        known = known or _at_home_elsewhere(evidence)
        return known or "Is the file there under another name, or in another folder?"
    if evidence.saw.startswith("importing "):
        return _not_imported(evidence)
    return ""


def why_for(evidence: Evidence) -> str:
    """Why what was seen matters, where a rule is about what is refused and too much of it was; else empty."""
    refused = evidence.saw.startswith(("422 ", "refused: "))
    return TOO_STRICT if refused and evidence.rule in ("bad_body_is_422", "input_is_validated") else ""


def _at_home_elsewhere(evidence: Evidence) -> str:
    """What to ask of a line that imports from a file that is not there what another file has; empty if it does not."""
    file, line = evidence.where.rpartition(":")[::2]
    for node in evidence.source.file(file).nodes:
        if isinstance(node, ast.ImportFrom) and node.lineno == int(line or 0):
            names = [each.name for each in node.names]
            names = ["ItemCreate"] if names == ["schemas"] else names
            homes = {home for each in names for home in _defined_in(evidence, each, node.module or "")}
            if len(homes) == 1:
                return f"In this chapter {names[0]} is in {homes.pop()}. Where does this line look for it?"
    return ""


def _stem(name: str) -> str:
    """The name of a file alone: ``crud`` of ``app/crud.py``."""
    return name.rpartition("/")[2].removesuffix(".py")


def _below_a_decorator(evidence: Evidence) -> str:
    """A question for whoever has taken away a function, and left the decorator above it; empty for anything else."""
    name, _, number = evidence.where.rpartition(":")
    lines = evidence.source.file(name).lines[: int(number or 0)]
    above = [line.strip() for line in lines[:-1] if line.strip() and not line.strip().startswith("#")]
    if _at_the_end(evidence):
        return "This line begins with @, so it belongs to a function or a class below it. Where is that?"
    if not lines or not above or not above[-1].startswith("@") or re.match(r"\s*(async |def |class |@)", lines[-1]):
        return ""
    return "The line above begins with @, so it belongs to a function or a class. Where does that one begin?"


def _at_the_end(evidence: Evidence) -> str:
    """The decorator with which a file ends, where Python misses what belongs to it; empty for any other file."""
    name, _, number = evidence.where.rpartition(":")
    lines = evidence.source.file(name).lines
    code = [each for each, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    ends = code and lines[code[-1] - 1].lstrip().startswith("@") and int(number or 0) >= code[-1]
    return f"{name}:{code[-1]}" if ends else ""


def _outside(evidence: Evidence) -> str:
    name = _at_the_margin(evidence)[1]
    if not name:
        return ""
    return f"This line is not indented, so {name} ends above it. To what do the indented lines below it belong?"


def _at_the_margin(evidence: Evidence) -> tuple[str, str]:
    """The line at the margin that has ended the function, or the class, to which the line belongs that Python names.

    Returns:
        its place, and what it has ended, ``lifespan()``; empty where there is no such line.
    """
    name, _, number = evidence.where.rpartition(":")
    lines = evidence.source.file(name).lines[: int(number or 0)]
    kind = _OUTSIDE.search(evidence.saw)
    code = [each for each, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    if kind is None or not code or not _indent(lines[-1]):
        return "", ""
    above = code[:-1]
    while kind.lastindex and above and _indent(lines[above[-1]]):  # the block around it, which begins at the margin
        above.pop()
    first = -1
    while above and not _indent(lines[above[-1]]):
        first = above.pop()
        if _OF_A_MODULE.match(lines[first]):
            return "", ""
    heads = [found for each in above if (found := _BEGINS.match(lines[each]))]
    apart = [line for line in lines[above[-1] + 1 : first] if not line.strip()] if above else []
    if first < 0 or not heads or len(apart) > 1 or (not kind[2] and _indent(lines[above[-1]]) != _indent(lines[-1])):
        return "", ""
    return f"{name}:{first + 1}", heads[-1][2] if heads[-1][1] == "class" else f"{heads[-1][2]}()"


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


_OUTSIDE = re.compile(
    r"unexpected indent$|(unindent does not match any outer indentation level)$|"
    r"'(return|yield|await)' outside function$"
)
_BEGINS = re.compile(r"(?:async )?(def|class) (\w+)")
_OF_A_MODULE = re.compile(r"(async )?def |class |@|from |import |if __name__|[)\]}\"']")


# What Python itself suggests, and what to ask then.
_ASKED_BY_PYTHON = {
    r"Perhaps you forgot a comma\?$": "Two things stand side by side here. What belongs between them: a comma?",
    r"perhaps you meant \"==\"\?$": "Two values are compared with ==. One = in a call stands after a plain name. Which "
    "is it here?",
    r"Maybe you meant '=='": "One = gives a name its value, and == compares two values. Which is it here?",
    r"Missing parentheses in call to '(\w+)'": "{} is a function. Where do its parentheses go?",
}


def _of_the_message(saw: str, where: str) -> str:
    after = re.search(r"expected an indented block after .*on line (\d+)", saw)
    if after is not None and where.endswith(f":{after[1]}"):
        return "Which lines belong to this one, below it and indented?"
    if after is not None:
        return f"The lines that belong to line {after[1]} are below it, and indented. Does this one belong to it?"
    only_async = _ONLY_ASYNC.search(saw)
    if only_async is not None:
        return f"{only_async[1]} is for functions that are async, and this one is not. Does this line need it?"
    if re.search(r"'(return|yield|await)' outside function$", saw):
        return "This line stands outside of the function. Compare the spaces with the lines above."
    if saw.endswith("expected ':'"):
        return "Which sign ends this line?"
    if _INDENTED.search(saw):
        return "Compare the spaces at the beginning of this line with those of the lines around it."
    if "was never closed" in saw:
        return "Where should this bracket be closed?"
    if "unterminated" in saw:
        return "Where should this text end?"
    for words, hint in _ASKED_BY_PYTHON.items():
        if (found := re.search(words, saw)) is not None:
            return hint.format(*found.groups())
    return (
        "Python could read everything up to here. What is wrong in this line, or missing at the end of the one above?"
    )


def _not_imported(evidence: Evidence) -> str:
    raised = evidence.raised[0] if evidence.raised else None
    if raised is None:
        return ""
    if "circular import" in raised.message:
        name, _, number = evidence.where.rpartition(":")
        imports = [each for each in evidence.source.file(name).nodes if isinstance(each, ast.ImportFrom)]
        here = [each for each in imports if str(each.lineno) == number and [one.name for one in each.names] == ["app"]]
        if here and calls(evidence.source.file(name).tree, "include_router"):
            return ROUTER_IN_THE_APP
        of_main = [each for each in imports if str(each.lineno) == number and each.module == "app.main"]
        routes = [text_of(one) for each in evidence.source.file(name).functions for one in each.decorator_list]
        if of_main and any(re.match(r"app\.(get|post|put|patch|delete)\(", each) for each in routes):
            return OF_NO_APP
        return "Two files import each other, so that neither is ready for the other. Which one does not need the other?"
    missing = NO_SUCH_NAME.search(raised.message)
    if missing is not None:
        similar = difflib.get_close_matches(missing[1], sorted(_names_in(evidence, missing[2])), 1, cutoff=0.75)
        known = f"{missing[2]} has '{similar[0]}'. Is it a typing mistake?" if similar else ""
        homes = [] if known else _defined_in(evidence, missing[1], missing[2])
        known = f"'{missing[1]}' is in {homes[0]}. Where does this line look for it?" if len(homes) == 1 else known
        return known or f"Does {missing[2]} define this name, or is it somewhere else?"
    unknown = re.match(r"No module named '(\w+)", raised.message)
    own = [each.name for each in evidence.source.files() if unknown and each.name.endswith(f"/{unknown[1]}.py")]
    folder = unknown is not None and any(each.name.startswith(f"app/{unknown[1]}/") for each in evidence.source.files())
    if raised.kind == "ModuleNotFoundError" and unknown and folder:
        return f"That folder is app/{unknown[1]}. How do the other imports name what is in app?"
    if raised.kind == "ModuleNotFoundError" and own:
        return f"That file is {own[0]}. How do the other imports name the files of the app?"
    asked = re.match(r"No module named '([\w.]+)'", raised.message)
    if raised.kind == "ModuleNotFoundError" and asked and (similar_one := module_like(asked[1])):
        return f"Nothing that is installed has this name. There is {similar_one}: is it a typing mistake?"
    if raised.kind == "ModuleNotFoundError":
        return "Nothing that is installed has this name. Is it a typing mistake, or can you do without it?"
    types = _of_types(evidence, raised.message)
    return types or (SAYS_IT_ALL if evidence.where[-1:].isdigit() else "")


_ONE_TYPE = re.compile(
    r"^Too many (?:arguments|parameters) for .*\.(Mapped)'|^[\w.]*?(Optional) requires a single type"
)


def _of_types(evidence: Evidence, message: str) -> str:
    """A question for whoever has put more into the brackets of a type than it takes: ``Mapped[str, None]``."""
    found, line = _ONE_TYPE.search(message), int(evidence.where.rpartition(":")[2] or 0)
    name = (found[1] or found[2]) if found else ""
    nodes = evidence.source.file(evidence.where.rpartition(":")[0]).nodes if found else []
    held = [each for each in nodes if isinstance(each, ast.Subscript) and name_of(each.value) == name]
    held = [each for each in held if each.lineno <= line <= (each.end_lineno or 0)]
    parts = held[0].slice.elts if held and isinstance(held[0].slice, ast.Tuple) else []
    kinds = [text_of(each) for each in parts if text_of(each) != "None"]
    if not parts:
        return ""
    if name == "Optional" and len(kinds) < len(parts):
        return "Optional takes one type, and says by itself that None is allowed. Which type is it here?"
    if len(kinds) == 1 and len(parts) > 1:
        return f"{name} takes one type. How does Python write '{kinds[0]} or None' as one?"
    if name == "Mapped" and len(parts) == 2:
        return "Mapped takes one type, of Python. Where in this line is the rest of the column described?"
    return f"{name} takes one type. Which one is it here?"


def _defined_in(evidence: Evidence, name: str, module: str) -> list[str]:
    """The learner's files, but for a module, that define a name at the top; or the library that it is from."""
    own = [file for file in evidence.source.files() if file.name != f"{module.replace('.', '/')}.py"]
    found = [file.name for file in own if any(name == getattr(each, "name", "") for each in file.tree.body)]
    found += [file.name for file in own if name in file.bindings]
    return [*dict.fromkeys(found)] or [home for home in (home_of(name, module, evidence.chapter),) if home]


def _names_in(evidence: Evidence, module: str) -> set[str]:
    """The names that a module of the learner's defines, and those of the files in a package."""
    path = module.replace(".", "/")
    nodes = [each for name in (f"{path}.py", f"{path}/__init__.py") for each in evidence.source.file(name).nodes]
    defined = {getattr(each, "name", "") or getattr(each, "id", "") for each in nodes if isinstance(each, _NAMED)}
    beside = {each.name for each in evidence.source.files() if each.name.rpartition("/")[0] == path}
    return {*defined, *map(_stem, beside)} - {"", "__init__"}


_NAMED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Name
