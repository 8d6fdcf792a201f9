"""In the child: the learner's functions in ``app/crud.py``: which one a check is about, and what it does."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.endpoints import endpoint_of, own_files, own_line, request_of
from grader.diagnosis.evidence import Event, Evidence
from grader.diagnosis.reading import Told
from grader.diagnosis.source import File, Function, arguments_of, calls, decorators, inside, name_of, text_of

_FUNCTIONS = {
    "create": "create_item",
    "update": "update_item",
    "delete": "delete_item",
    "get": "get_item",
    "list": "list_items",
}
_MOST_NAMES = 5
_WITH_OWNER = "list_items_with_owner"
_BY_METHOD = {"post": "create_item", "patch": "update_item", "delete": "delete_item"}


def _called(evidence: Evidence) -> list[str]:
    names = *_FUNCTIONS.values(), _WITH_OWNER
    return [name for line in evidence.did for name in names if line.startswith(f"{name}(")]


def asked_for(evidence: Evidence) -> str:
    """The name of the function that a rule is about: the one that was called last, or the one in the rule's name."""
    called = _called(evidence)
    return called[-1] if called else _FUNCTIONS.get(evidence.rule.partition("_")[0], "")


def function_of(evidence: Evidence) -> tuple[File, Function] | None:
    """The learner's function that a rule is about; where that only hands on what it gets, the one that does it."""
    name = asked_for(evidence)
    endpoint = endpoint_of(evidence) if not _called(evidence) else None
    if endpoint is not None:  # what it leaves to a function of the learner's own crud.py is judged there
        method, path = request_of(evidence)
        name = _WITH_OWNER if path.startswith("/items-with-owner") else name or _BY_METHOD.get(method, "")
        elsewhere = calls(endpoint[1], name) and "app/crud.py" not in evidence.given
        return (_defined(evidence, name) if elsewhere else None) or endpoint[:2]
    return _defined(evidence, name) if name else None


def _defined(evidence: Evidence, name: str) -> tuple[File, Function] | None:
    return evidence.source.doing(name, "app/crud.py", evidence.given)


def reached(evidence: Evidence) -> list[tuple[File, Function]]:
    """The function that a rule is about, and the learner's functions that it leads to."""
    found = function_of(evidence)
    return evidence.source.reached(*found, evidence.given) if found else []


def of_the_model(evidence: Evidence, field: str, name: str = "Item") -> list[tuple[File, Function]]:
    """The learner's functions through which a value goes that a model's attribute gets: ``@validates`` and its like.

    These are of the model and of what it inherits from, of the types of columns, and listeners to what is set.

    Args:
        evidence: what is known.
        field: the attribute.
        name: the model.
    """
    own = own_files(evidence)
    classes = evidence.source.ancestry(evidence.source.class_(name))
    column = _declaration(classes, field)
    types = [(file, each) for file in own for each in file.classes if "TypeDecorator" in _bases(each)]
    classes = [*classes, *(place for place in types if re.search(rf"\b{place[1].name}\b", column))]
    methods = [(file, each) for file, node in classes for each in node.body if isinstance(each, Function)]
    found = [place for place in methods if place[0] in own and _takes_a_value(place[1], field)]
    found += [
        (file, each)
        for file in own
        for each in file.functions
        if any(one == "listens_for" and f"{name}.{field}" in text_of(call) for one, call in decorators(each))
    ]
    return [each for place in found for each in evidence.source.reached(*place, evidence.given)]


def _declaration(classes: list[tuple[File, ast.ClassDef]], name: str) -> str:
    """What declares an attribute in one of some classes, as Python writes it; empty where nothing does."""
    body = [each for _, node in classes for each in node.body if isinstance(each, ast.Assign | ast.AnnAssign)]
    targets = [(each.target if isinstance(each, ast.AnnAssign) else each.targets[0], each) for each in body]
    return next((text_of(each) for target, each in targets if name_of(target) == name), "")


def _bases(node: ast.ClassDef) -> str:
    """What a class inherits from, as Python writes it."""
    return ", ".join(map(text_of, node.bases))


def _takes_a_value(method: Function, field: str) -> bool:
    """Whether a method sees what an attribute, or a column, gets."""
    for name, decorator in decorators(method):
        texts = [each.value for each in ast.walk(decorator) if isinstance(each, ast.Constant)]
        if (name == "validates" and field in texts) or (name == "setter" and method.name == field):
            return True
    return method.name in ("__init__", "__setattr__", "process_bind_param")


def calls_in(evidence: Evidence, *names: str) -> list[tuple[File, ast.Call]]:
    """The calls of something with one of these names, in the function that a rule is about and all it leads to."""
    return [(file, call) for file, node in reached(evidence) for call in calls(node, *names)]


def asks_what_was_sent(evidence: Evidence) -> bool:
    """Whether the function goes through those fields alone that were sent: the schema knows which ones."""
    nodes = [each for _, node in reached(evidence) for each in inside(node)]
    unset = [each for each in nodes if isinstance(each, ast.keyword) and each.arg == "exclude_unset"]
    fields = [each for each in nodes if isinstance(each, ast.Attribute) and each.attr == "model_fields_set"]
    return bool(fields) or any(text_of(each.value) == "True" for each in unset)


COMPARE = "Compare what is handed on with what the function takes."
_PAGE = {"offset": "offset", "skip": "offset", "start": "offset", "limit": "limit", "take": "limit"}


_GIVES = ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.AugAssign


def page_sent(evidence: Evidence) -> dict[str, int]:
    """LIMIT and OFFSET of the last SELECT of a page, as they were sent; empty where that cannot be told."""
    for event in reversed(evidence.events_of("SELECT")):
        values = event.parameters.values() if isinstance(event.parameters, dict) else event.parameters or ()
        numbers = [value for value in values if type(value) is int]
        if re.search(r" limit .* offset ", event.words) and len(numbers) > 1:
            return {"limit": numbers[-2], "offset": numbers[-1]}
    return {}


def page_asked(evidence: Evidence) -> dict[str, int]:
    """The page that the last step asked for: a query string, or arguments; without one, the first 100 items."""
    line = evidence.did[-1] if evidence.did else ""
    found = {"offset": 0, "limit": 100}
    called = line.partition("list_items")[2]
    for position, said in enumerate(re.findall(r"[(,] ?(\d+)(?=[,)])", called) if called else ()):
        found[("offset", "limit")[min(position, 1)]] = int(said)
    return found | {name: int(number) for name, number in re.findall(r"\b(offset|limit)=(\d+)", line)}


def unlike_the_page(evidence: Evidence) -> set[str]:
    """Which of offset and limit reached the database as another number than was asked for; both if that is unclear."""
    sent, asked = page_sent(evidence), page_asked(evidence)
    return {name for name in asked if not sent or sent[name] != asked[name]}


def made_of(node: ast.AST, value: ast.AST) -> list[ast.AST]:
    """An expression, and those that the variables in it were given in this function."""
    found = [value]
    for each in found:  # which grows meanwhile
        names = {one.id for one in ast.walk(each) if isinstance(one, ast.Name)}
        for given in [one for one in inside(node) if isinstance(one, _GIVES)]:
            targets = given.targets if isinstance(given, ast.Assign) else [given.target]
            bound = {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
            made = given if isinstance(given, ast.AugAssign) else given.value
            if names & bound and made is not None and made not in found:
                found.append(made)
    return found


def offset_counts_pages(evidence: Evidence) -> bool:
    """Whether the offset that was sent is the one that was asked for, times the limit: counted in pages."""
    sent, asked = page_sent(evidence), page_asked(evidence)
    pages = asked["offset"], asked["offset"] - 1
    return (
        bool(sent) and sent["offset"] != asked["offset"] and sent["offset"] in [each * asked["limit"] for each in pages]
    )


_CUTS = {"offset": ("offset",), "limit": ("limit",), "fetch": ("limit",), "slice": ("offset", "limit")}


def page_computed(evidence: Evidence) -> Told | None:
    """The line that computes another offset or limit than was asked for, in the query or before it."""
    sent, asked = page_sent(evidence), page_asked(evidence)
    wrong = next((name for name in ("offset", "limit") if sent and sent[name] != asked[name]), "")
    found: list[ast.AST] = []
    for file, node, call in [(*each, call) for each in reached(evidence) for call in calls(each[1], *_CUTS)]:
        for name, value in zip(_CUTS[name_of(call)], call.args, strict=False):
            if name == wrong and (name_of(call) == name or name == "offset" or isinstance(value, ast.Name)):
                found += [one for each in _computed(evidence, file, node, value) for one in _sum_in(each)]
    of_it = [each for each in found if any(name_of(one) == wrong for one in ast.walk(each))]
    found = of_it if len({getattr(each, "lineno", 0) for each in found}) > 1 and of_it else found
    products = [each for each in found if isinstance(getattr(each, "op", None), ast.Mult)]
    places = products if offset_counts_pages(evidence) else found
    lines = {id(file): file.at(each) for file in evidence.source.files() for each in places[:1] if each in file.nodes}
    if not lines or (places is found and len({getattr(each, "lineno", 0) for each in found}) > 1):
        return None
    said = f"{wrong}={asked[wrong]}" in evidence.did[-1] or str(asked[wrong]) in re.findall(r"\d+", evidence.did[-1])
    meant = f"asked for {wrong} {asked[wrong]}" if said else f"says nothing of {wrong}, so it is {asked[wrong]}"
    hint = f"The caller {meant}. What does this line do with it?"
    return Told(where=next(iter(lines.values())), hint=COUNTS if places is products else hint)


COUNTS = "What does offset count: items or pages?"
STOPS = "{} takes the place to begin and the place to stop. What are they for this call?"


def _computed(evidence: Evidence, file: File, node: Function, value: ast.AST) -> list[ast.AST]:
    """An expression and what led to it: in this function, in the call that handed a parameter over, in a helper."""
    found = made_of(node, value)
    for each in [*found]:
        for name in {one.id for one in ast.walk(each) if isinstance(one, ast.Name)} & {*arguments_of(node)}:
            handed = evidence.source.handed_over(file, node, name)
            around = handed[0].function_at(handed[1].lineno) if handed else ""
            caller = evidence.source.function(around, handed[0].name) if handed and around else None
            found += made_of(caller[1], handed[1]) if caller and handed and caller[1] is not node else []
    for call in [one for each in found for one in ast.walk(each) if isinstance(one, ast.Call)]:
        helper = evidence.source.function(name_of(call)) if isinstance(call.func, ast.Name) else None
        returned = [one for one in inside(helper[1]) if isinstance(one, ast.Return)] if helper else []
        found += [part for one in returned if one.value and helper for part in made_of(helper[1], one.value)]
    return found + [one for each in found for one in _attributes_set(file, node, each)]


def _attributes_set(file: File, method: Function, node: ast.AST) -> list[ast.AST]:
    """What the attributes of ``self`` in an expression are set to: in its class, or where an object is made."""
    found: list[ast.AST] = []
    owner = next((each for each in file.classes if method in each.body), None)
    if owner is None:
        return found
    read = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute) and name_of(one.value) == "self"}
    for name in sorted(read):
        made = file.calls(owner.name, "cls")
        given: list[ast.AST] = [each.value for call in made for each in call.keywords if each.arg == name]
        sets = [each for each in inside(owner) if isinstance(each, ast.Assign)]
        given += [each.value for each in sets if text_of(each.targets[0]) == f"self.{name}"]
        found += given if len(given) == 1 else []
    return found


def _sum_in(node: ast.AST) -> list[ast.AST]:
    """The outermost sum, or product, of an expression that has to do with a variable."""
    sums = [one for one in ast.walk(node) if isinstance(one, ast.BinOp | ast.AugAssign)]
    return [one for one in sums[:1] if any(isinstance(each, ast.Name) for each in ast.walk(one))]


def page_passed_on(evidence: Evidence, chain: list[tuple[File, Function]]) -> Told | None:
    """The call in these functions that hands another page on than the function around it was asked for."""
    for file, node in chain:
        if not {"offset", "limit"} <= {*map(_PAGE.get, arguments_of(node))}:
            continue
        for call in [each for each in inside(node) if isinstance(each, ast.Call)]:
            name = name_of(call)
            callee = (evidence.source.function(name, file.name) or evidence.source.function(name)) if name else None
            taken = [each for each in arguments_of(callee[1]) if each not in ("self", "cls")] if callee else []
            unclear = any(isinstance(each, ast.Starred) for each in call.args) or not all(
                each.arg for each in call.keywords
            )
            if unclear or callee is None or callee[1] is node or not {"offset", "limit"} <= {*map(_PAGE.get, taken)}:
                continue
            passed = dict(zip(taken, call.args, strict=False))
            passed |= {each.arg: each.value for each in call.keywords if each.arg}
            given = {_PAGE[each]: _PAGE.get(text_of(value)) for each, value in passed.items() if each in _PAGE}
            misplaced = page_misplaced(call, passed)
            if misplaced:
                return Told(where=file.at(call), hint=misplaced)
            words = " ".join(text_of(each) for value in passed.values() for each in made_of(node, value))
            lost = [each for each in ("offset", "limit") if each not in given and not re.search(each, words)]
            if {*lost} & unlike_the_page(evidence):
                return Told(where=file.at(call), hint=end_here(lost))
    return None


def end_here(lost: list[str]) -> str:
    """What there is to say of a call that does not get offset, limit, or both of them."""
    one = len(lost) == 1
    return f"{' and '.join(lost)} {'ends' if one else 'end'} here: nobody hands {'it' if one else 'them'} on."


def looks_up_an_id(event: Event) -> bool:
    """Whether a SELECT is for the one row with an id, as get() sends it."""
    return re.search(r" where \(?items\.id = \S+$", event.words) is not None


def page_misplaced(call: ast.Call, passed: dict[str, ast.expr]) -> str:
    """What to ask where a call has a number at the other's place: both, or the only one, ``list_items(db, limit)``."""
    names = {each: _PAGE.get(name_of(value)) for each, value in passed.items() if _PAGE.get(each)}
    if {_PAGE[each]: other for each, other in names.items()} == {"offset": "limit", "limit": "offset"}:
        return COMPARE
    for each, other in names.items():
        if len(names) != 1 or other in (None, _PAGE[each]):
            continue
        if passed[each] in call.args:
            before = f"After {text_of(call.args[0])}, " if passed[each] in call.args[1:2] else ""
            return f"{before}{name_of(call)}() takes {each}. Which of your numbers does this line hand over there?"
        return COMPARE
    return ""


def in_one_branch(evidence: Evidence, name: str, hint: str) -> Told | None:
    """The condition under which alone something is called."""
    for file, node in [(file, node) for file, function in reached(evidence) for node in inside(function)]:
        if isinstance(node, ast.If) and any(calls(each, name) for each in [*node.body, *node.orelse]):
            within = [*ast.walk(node)]
            if all(call in within for _, call in calls_in(evidence, name)):
                return Told(where=file.at(node), hint=hint)
    return None


def built(evidence: Evidence, where: str, *names: str) -> str:
    """Where a statement gets this clause, if the function that sends it does so once; else where it is sent.

    A function that sends what it is handed does not do so: then it is where the learner's functions do it once.
    """
    file, name = evidence.source.file(where.rpartition(":")[0]), evidence.source.function_of(where)
    found = evidence.source.function(name, file.name) if name and file.name not in evidence.given else None
    made = calls(found[1], *names) if found else []
    elsewhere = [place for place in calls_in(evidence, *names) if place[0].name not in evidence.given]
    if not made and len(elsewhere) == 1:
        file, made = elsewhere[0][0], [elsewhere[0][1]]
    return file.at(made[0].args[0] if made[0].args else made[0]) if len(made) == 1 else own_line(evidence, where)


def number_behind(evidence: Evidence, file: File, value: ast.expr) -> tuple[File, ast.expr]:
    """The number that a name stands for, at the top of a module or in a class; the value itself where it is no name."""
    within, named = file, value
    for _ in range(_MOST_NAMES):
        within, bound = _given_to(evidence, within, named)
        if bound is None:
            break
        if isinstance(bound, ast.Constant):
            return within, bound
        named = bound
    return file, value


def _given_to(evidence: Evidence, file: File, value: ast.expr) -> tuple[File, ast.expr | None]:
    """What a name is given at the top of a module, and an attribute, ``settings.page_size``, in a class or a module."""
    bound: tuple[File, ast.AST] | None = None
    if isinstance(value, ast.Name):
        bound = evidence.source.bound(value.id, file)
    elif isinstance(value, ast.Attribute):
        owners = [(each, one) for each in evidence.source.files() for owner in each.classes for one in owner.body]
        set_there = [
            (each, one)
            for each, one in owners
            if isinstance(one, ast.Assign | ast.AnnAssign)
            and value.attr == name_of(one.targets[0] if isinstance(one, ast.Assign) else one.target)
        ]
        bound = set_there[0] if len(set_there) == 1 else None
        module = evidence.source.file(f"app/{name_of(value.value)}.py")
        bound = (module, module.bindings[value.attr]) if value.attr in module.bindings else bound
    return (bound[0], getattr(bound[1], "value", None)) if bound is not None else (file, None)
