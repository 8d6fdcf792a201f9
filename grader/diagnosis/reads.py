"""In the child: mistakes in what reads one item or a list, for all chapters that have ``app/crud.py``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.crud import (
    STOPS,
    asked_for,
    built,
    calls_in,
    function_of,
    in_one_branch,
    looks_up_an_id,
    number_behind,
    page_asked,
    page_computed,
    page_passed_on,
    reached,
)
from grader.diagnosis.endpoints import behind
from grader.diagnosis.evidence import Event, Evidence, Raised
from grader.diagnosis.names import none_for_an_unknown_id
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.saves import WITH_THE_LIST
from grader.diagnosis.source import (
    File,
    Function,
    arguments_of,
    calls,
    decorators,
    giving,
    inside,
    name_of,
    of_a_session,
    text_of,
)

_UNKNOWN = "get_unknown_is_404", "patch_unknown_is_404", "delete_unknown_is_404"


@reading("a function that only reads commits", "reads_do_not_commit")
def committed_a_read(evidence: Evidence) -> Told | None:
    """commit() in a function that only reads saves work that its caller has not finished."""
    commits = [event for event in evidence.events_of("COMMIT") if event.where]
    found = function_of(evidence)
    if not commits or evidence.raised or found is None:
        return None
    where = commits[-1].where
    for name, decorator in decorators(found[1]):  # it is right for the functions that write
        other = evidence.source.function(name)
        if other is not None and other[0].name == where.rpartition(":")[0] and _around(other[1], where):
            hint = f"@{name} commits after the function. What does a function that only reads have to save?"
            return Told(saw=evidence.saw, where=found[0].at(decorator), hint=hint)
    through = _helper_called(evidence, *found, where)
    if through is not None:
        name = name_of(through)
        hint = f"{name}() commits, which is right for what writes. What does a function that only reads have to save?"
        return Told(saw=evidence.saw, where=found[0].at(through), hint=hint)
    return Told(saw=evidence.saw, where=where, hint="A function that only reads has nothing of its own to save.")


def _helper_called(evidence: Evidence, file: File, node: Function, where: str) -> ast.Call | None:
    """A function's call of a helper of the same file in which a place is, and which others in it call, too."""
    for call in [each for each in inside(node) if isinstance(each, ast.Call) and not of_a_session(each)]:
        helper = evidence.source.function(name_of(call), file.name)
        if helper is not None and file.name == where.rpartition(":")[0] and _around(helper[1], where):
            others = [each for each in file.functions if each is not node and calls(each, name_of(call))]
            return call if others else None
    return None


def _around(node: Function, where: str) -> bool:
    return node.lineno <= int(where.rpartition(":")[2]) <= (node.end_lineno or node.lineno)


@reading("a list without ORDER BY", "list_is_ordered", "list_pages", "list_answers_items")
def no_order(evidence: Evidence) -> Told | None:
    """Without ORDER BY the database may return the rows in any order, and in another order next time."""
    selects = evidence.events_of("SELECT items")
    if not selects or not selects[-1].where or "order by" in selects[-1].sql.lower():
        return None
    if evidence.raised_kind("AttributeError"):  # it came to an end before the page was there
        return None
    if looks_up_an_id(selects[-1]):  # which asks for no page
        return None
    told = in_one_branch(
        evidence, "order_by", "This line decides whether the rows are ordered. For which pages are they?"
    )
    if told is not None:
        return Told(saw=f"{evidence.saw}; the SELECT of this page has no ORDER BY", where=told.where, hint=told.hint)
    for file, call in calls_in(evidence, "order_by"):
        if [text_of(each) for each in call.args] == ["None"]:
            hint = "order_by(None) takes the order off. Which query is meant to be without one?"
            return Told(saw=f"{evidence.saw}; the SELECT has no ORDER BY", where=file.at(call), hint=hint)
    hint = "Say what the rows are ordered by, before you cut the page."
    cut = calls_in(evidence, "limit", "offset", "slice", "fetch", "islice", "text")
    cut_here = any(isinstance(each, ast.Slice) for _, node in reached(evidence) for each in inside(node))
    if evidence.saw.startswith("items on the page: ") and not cut and not cut_here:
        hint = "This asks for all items, in any order. Where are the order, the offset and the limit?"
    grouped = "; GROUP BY promises no order" if "group by" in selects[-1].sql.lower() else ""
    return Told(
        saw=f"{evidence.saw}; the SELECT has no ORDER BY{grouped}",
        where=built(evidence, selects[-1].where, "select", "query"),
        hint=hint,
    )


@reading("next() of nothing", "list_pages", "get_unknown_is_none", "list_is_ordered")
def next_of_nothing(evidence: Evidence) -> Told | None:
    """next() raises StopIteration if nothing comes; it takes a second value to return in that case."""
    raised = evidence.raised_kind("StopIteration")
    where = innermost(raised, evidence.given) if raised else ""
    if "next(" not in evidence.source.line(where):
        return None
    hint = "next() raises StopIteration when nothing comes. When does nothing come, and what should be returned then?"
    return Told(where=where, hint=hint)


@reading("one item looked up where a list was asked for", "list_is_ordered", "list_pages")
def looked_up_for_a_list(evidence: Evidence) -> Told | None:
    """get() looks up the row with an id, one at most. A page of items takes a query for many."""
    selects = evidence.events_of("SELECT items")
    made = calls_in(evidence, "get", "get_one", "get_item")
    if not made or not selects or not all(map(looks_up_an_id, selects)):
        return None
    hint = f"{name_of(made[0][1])}() looks up one row by its id. How many items are on a page?"
    why = "Whoever calls list_items goes through what it gives back."
    return Told(where=made[0][0].at(made[0][1]), hint=hint, why=why)


_GET = "get_returns_the_item", "get_unknown_is_none"
_CLAUSES = {"order_by": "ORDER BY", "limit": "LIMIT", "offset": "OFFSET", "where": "WHERE", "filter": "WHERE"}


@reading("a clause that nobody keeps", "list_is_ordered", "list_pages", "list_answers_items", *_GET)
def clause_thrown_away(evidence: Evidence) -> Told | None:
    """order_by(), offset() and limit() leave the statement as it is, and return another one that has the clause."""
    selects = [event for event in evidence.events_of("SELECT items") if event.where]
    words = selects[-1].words if selects else ""
    if selects and _has_no_end(selects[-1]):
        words = words.replace(" limit ", " ")
    for file, node in [(file, node) for file, function in reached(evidence) for node in inside(function)]:
        method = name_of(node.value) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else ""
        clause = _CLAUSES.get(method, "")
        if clause and words and f" {clause.lower()} " not in f"{words} ":
            hint = f"{method}() changes nothing: it returns another statement. Who keeps that one?"
            return Told(saw=f"{evidence.saw}; {_without(clause)}", where=file.at(node), hint=hint)
    return None


def _without(*clauses: str) -> str:
    """What a SELECT is without. SQLite's has a LIMIT in front of each OFFSET: -1, where nobody asked for one."""
    return "nothing limits the SELECT" if clauses == ("LIMIT",) else f"the SELECT has no {' and no '.join(clauses)}"


def _has_no_end(select: Event) -> bool:
    """Whether the page that a SELECT asks for has none: what SQLAlchemy sends where only an offset is said."""
    return "limit all" in select.words or (len(numbers := _numbers(select)) >= 2 and numbers[-2] < 0)


def _numbers(event: Event) -> list[int]:
    """The numbers that were sent with a statement."""
    sent = event.parameters
    return [each for each in (sent.values() if isinstance(sent, dict) else sent or ()) if isinstance(each, int)]


@reading("the list is not ordered by id", "list_is_ordered", "list_answers_items")
def another_order(evidence: Evidence) -> Told | None:
    """The list is ordered by something other than the id, or from the last item to the first."""
    selects = evidence.events_of("SELECT items")
    order = selects[-1].sql.lower().replace("\n", " ").partition(" order by ")[2] if selects else ""
    words = re.split(r" limit | offset ", order)[0].strip()
    if not words or not selects[-1].where or re.fullmatch(r"items\.id( asc)?", words):
        return None
    where = built(evidence, selects[-1].where, "order_by")
    made = [(file, call) for file, call in calls_in(evidence, "order_by") if call.args]
    if len(made) == 1:  # perhaps in another function, or by a name
        file, by = made[0][0], made[0][1].args[0]
        bound = evidence.source.bound(by.id, file) if isinstance(by, ast.Name) else None
        where = bound[0].at(bound[1]) if bound else file.at(by)
    ids = [each.get("id") for each in evidence.actual] if _are_rows(evidence.actual) else []
    saw = f"the ids came as {ids[:10]}" if ids else evidence.saw
    wanted = f"{[each.get('id') for each in evidence.expected][:10]}" if ids and _are_rows(evidence.expected) else ""
    hint = f"By what does this line order the rows, and what does {_promise(evidence)} say?"
    if " desc" in words and calls_in(evidence, "reversed", "reverse", "sorted", "sort"):
        hint = (
            "Which rows does LIMIT keep when the largest come first? Sorting the page afterwards brings no other rows."
        )
    elif "cast(" in words:
        hint = "Sorted as texts, 10 comes before 2. As what does this line sort the ids?"
    why = "A client goes through the pages by the order that it was promised; in another one it cannot find its place."
    return Told(saw=f"{saw}; the SELECT says ORDER BY {words}", wanted=wanted, where=where, hint=hint, why=why)


def _promise(evidence: Evidence) -> str:
    """Where a learner can read by what the list is ordered."""
    found = evidence.source.function("list_items", "app/crud.py")
    told = "order" in (ast.get_docstring(found[1]) or "") if found else False
    return "the docstring of list_items" if told else "the task"


def _are_rows(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(each, dict) for each in values)


@reading("execute() returns rows, not items", "list_is_ordered", "list_pages", "get_returns_the_item")
def rows_not_items(evidence: Evidence) -> Told | None:
    """execute() gives rows: tuples, even where each holds one item only. So does SQLModel's exec(), for a select() of
    SQLAlchemy's."""
    executed = calls_in(evidence, "execute") or calls_in(evidence, "exec")
    if not executed or not re.search(r"\((<Item|Item\()", evidence.saw):
        return None
    if calls_in(evidence, "scalars", "scalar", "scalar_one", "scalar_one_or_none"):
        return None
    other = select_of_sqlalchemy(reached(evidence)) if name_of(executed[0][1]) == "exec" else None
    if other is not None:
        why = WITH_THE_LIST if evidence.rule.startswith("list_") else ""
        return Told(where=other[0].at(other[1]), hint=ROWS_OF_EXEC, why=why)
    hint = "Each row is a tuple with the item in it. What gives the items?"
    why = WITH_THE_LIST if evidence.rule.startswith("list_") else ""
    return Told(where=executed[0][0].at(executed[0][1]), hint=hint, why=why)


@reading("something other than items is returned", "list_is_ordered", "list_pages")
def something_of_the_items(evidence: Evidence) -> Told | None:
    """Whoever asks for items goes on with items: not with their names, and not with a pair of two things."""
    seen = re.match(r"among what was returned: (.)", evidence.saw)
    found = function_of(evidence) if seen else None
    returned = [each for each in inside(found[1]) if isinstance(each, ast.Return)] if found else []
    if seen is None or found is None or not returned:
        return None
    last = giving(found[1], returned[-1]).value
    if isinstance(last, ast.Call) and name_of(last) in ("first", "one", "one_or_none", "scalar", "scalar_one"):
        hint = f"{name_of(last)}() gives one item, or None. What gives all of them?"
        return Told(saw=f"{name_of(last)}() gave {_one_thing(evidence)}", where=found[0].at(last), hint=hint)
    if isinstance(returned[-1].value, ast.Tuple):
        number = {2: "Two", 3: "Three"}.get(len(returned[-1].value.elts), "Several")
        hint = f"{number} things are returned. Which one does the caller want?"
        return Told(saw=evidence.saw, where=found[0].at(returned[-1]), hint=hint)
    parts = [
        call
        for file, call in calls_in(evidence, "select")
        if any(isinstance(each, ast.Attribute) for each in call.args)
    ]
    made = [each for each in ast.walk(returned[-1]) if isinstance(each, ast.ListComp | ast.GeneratorExp)]
    what = {"'": "texts", '"': "texts", "{": "dictionaries"}.get(seen[1], "numbers" if seen[1].isdigit() else "")
    if not what or not (parts or made):
        return None
    hint = f"This gives {what}. What does the caller want: {what}, or items?"
    return Told(where=found[0].at(parts[0] if parts else returned[-1]), hint=hint)


def _one_thing(evidence: Evidence) -> str:
    """What was returned in the place of a list: None, or something that has parts."""
    return "None" if evidence.saw.endswith(": None") else "one thing, not a list"


ROWS_OF_EXEC = "exec() gives items for SQLModel's select(), and rows for SQLAlchemy's. Which one is this?"


def select_of_sqlalchemy(functions: list[tuple[File, Function]]) -> tuple[File, ast.AST] | None:
    """Where functions get a select() that is SQLAlchemy's: its import, or the call where only that one is meant."""
    for file, node in functions:
        imports = [each for each in file.nodes if isinstance(each, ast.Import | ast.ImportFrom)]
        homes = {alias.asname or alias.name: (each, alias.name) for each in imports for alias in each.names}
        for call in [each for each in inside(node) if isinstance(each, ast.Call)]:
            by, name = homes.get(text_of(call.func).partition(".")[0], (None, ""))
            if isinstance(by, ast.Import) and name.startswith("sqlalchemy") and name_of(call) == "select":
                return file, call
            if isinstance(by, ast.ImportFrom) and f"{by.module}".startswith("sqlalchemy") and name == "select":
                return file, by if text_of(call.func) == name else call
    return None


@reading("items with the same name are merged", "list_pages")
def equal_names_merged(evidence: Evidence) -> Told | None:
    """Two items may have the same name; whoever collects them by name, or asks for distinct ones, loses some."""
    if not re.match(r"items on the page|not on any page", evidence.saw):
        return None
    merging: list[tuple[File, ast.AST]] = [
        (file, each)
        for file, node in reached(evidence)
        for each in inside(node)
        if isinstance(each, ast.DictComp | ast.SetComp) and "name" in text_of(each)
    ]
    merging += calls_in(evidence, "distinct", "group_by")
    if not merging:
        return None
    hint = "Two items may have the same name, and both belong to the page."
    where = merging[0][0].at(merging[0][1])
    return Told(saw=f"{evidence.saw}; several have the same name", where=where, hint=hint)


@reading("the offset is used as an id", "list_pages")
def offset_as_an_id(evidence: Evidence) -> Told | None:
    """An offset counts rows. Ids have gaps as soon as an item is deleted."""
    for event in evidence.events_of("SELECT items"):
        condition = event.sql.lower().replace("\n", " ").partition(" where ")[2]
        if re.match(r"\(?(items\.)?id\s*(>|between)", condition) and event.where:
            nodes = [(file, each) for file, function in reached(evidence) for each in inside(function)]
            compared = [(file, each) for file, each in nodes if _compares_the_offset(each)]
            where = built(evidence, event.where, "where", "filter")
            where = compared[0][0].at(compared[0][1]) if len(compared) == 1 else where
            why = "Ids have gaps, and pages must not: each item is on one page, and none is left out."
            return Told(where=where, hint="An offset says how many rows to skip, whatever their ids are.", why=why)
    return None


def _compares_the_offset(node: ast.AST) -> bool:
    """Whether an expression compares ids with the offset."""
    compares = isinstance(node, ast.Compare) or (isinstance(node, ast.Call) and name_of(node) == "between")
    return compares and bool(re.search(r"\.id\b.*\boffset\b|\boffset\b.*\.id\b", text_of(node)))


@reading("an unknown id raises an exception", "get_unknown_is_none", *_UNKNOWN)
def raised_for_an_unknown_id(evidence: Evidence) -> Told | None:
    """For get_item, an unknown id is not an error. The caller decides what it means."""
    kinds = ["NoResultFound", "LookupError", "HTTPException", "ValueError"]
    raised = evidence.raised_kind(*(kinds if evidence.rule == "get_unknown_is_none" else kinds[:2]))
    if raised is None or not raised.lines:
        return None
    missed = _past_an_except(evidence, raised)
    if missed:
        return Told(
            where=missed, hint=f"{raised.kind} came out of the lines above this. Which exceptions are caught here?"
        )
    where = innermost(raised, evidence.given)
    hint = none_for_an_unknown_id(evidence)
    asks = re.search(r"\.(one|get_one|scalar_one)\(", evidence.source.line(where))
    if asks:
        hint = f"{asks[1]}() raises where there is no row. What gives None for an id that is not there?"
    if where.startswith("app/routes/"):
        hint = "This raises where there is no row, and nobody makes a 404 of it."
    wanted = "None" if evidence.rule == "get_unknown_is_none" else ""
    chosen = _raised_on_purpose(evidence, raised, where) if wanted and not asks else ""
    if chosen:
        helper = evidence.source.function_of(where)
        saw, hint = f"{evidence.saw}, raised in {helper}()", f"{helper}() never gives None. {hint}"
        return Told(saw=saw, wanted=wanted, where=chosen, hint=hint)
    return Told(wanted=wanted, where=where, hint=hint)


def _raised_on_purpose(evidence: Evidence, raised: Raised, where: str) -> str:
    """The line of get_item that calls a helper which is made to raise, as its name or type says; empty otherwise."""
    name = where.rpartition(":")[0]
    found = evidence.source.function(evidence.source.function_of(where), name)
    callers = [each for each in raised.lines if evidence.source.function_of(each) == "get_item" and each != where]
    if found is None or not callers or found[1].name == "get_item" or name in evidence.given:
        return ""
    promised = text_of(found[1].returns)
    says_so = bool(promised) or re.search(r"_or_|require|must|ensure|existing", found[1].name) is not None
    return callers[-1] if says_so and not re.search(r"\bNone\b|\bOptional\b", promised) else ""


@reading("an item is made where there is none", "get_unknown_is_none")
def made_for_an_unknown_id(evidence: Evidence) -> Told | None:
    """Only the database knows whether there is a row. An object that Python makes has whatever id it is given."""
    asked = re.match(r"get_item\(db, (\d+)\)", "".join(evidence.did[-1:]))
    stored = re.findall(r"\d+", "".join(evidence.did[:1]).partition("ids")[2])
    if asked is None or asked[1] in stored or not re.match(rf"Item\(id={asked[1]}\b", evidence.saw):
        return None
    found = evidence.source.named("get_item", "app/crud.py")
    returned = [each for each in inside(found[1]) if isinstance(each, ast.Return)] if found else []
    if found and len(returned) == 1 and not evidence.sent("SELECT"):
        hint = "What this gives has been made in Python. Who asks the database whether there is such a row?"
        saw = f"{evidence.saw}, and no SELECT was sent"
        return Told(saw=saw, where=found[0].at(giving(found[1], returned[0])), hint=hint)
    made = calls_in(evidence, "Item")
    if len(made) == 1 and evidence.sent("SELECT"):
        hint = "The database has no such row. What does this line make then, and what does the caller take it for?"
        return Told(where=made[0][0].at(made[0][1]), hint=hint)
    return None


def _past_an_except(evidence: Evidence, raised: Raised) -> str:
    """Where an except stands that an exception went past, because it is of another class; empty where there is none."""
    for name, _, line in [each.rpartition(":") for each in reversed(raised.lines)]:
        file = evidence.source.file(name)
        for attempt in [each for each in file.nodes if isinstance(each, ast.Try)]:
            tried = any(each.lineno <= int(line) <= (each.end_lineno or 0) for each in attempt.body)
            caught = {
                word for each in attempt.handlers for word in re.findall(r"\w+", text_of(each.type) or "Exception")
            }
            if tried and caught and not caught & raised.bases and name not in evidence.given:
                return file.at(attempt.handlers[0])
    return ""


@reading("an id that is written down")
def fixed_id(evidence: Evidence) -> Told | None:
    """Whoever calls says which item is meant. A number in the code is the id of one item alone."""
    if not evidence.rule.startswith(("get_", "read_", "update_", "patch_", "delete_")):
        return None
    for file, node in [*reached(evidence), *behind(evidence)]:
        for each in inside(node) if file.name not in evidence.given else ():
            asked: list[ast.expr] = []
            if isinstance(each, ast.Call) and name_of(each) in ("get", "get_one", "get_item"):
                asked = [*each.args[1:2], *(one.value for one in each.keywords if one.arg == "item_id")]
            elif isinstance(each, ast.Compare) and isinstance(each.ops[0], ast.Eq):
                columns = [one for one in (each.left, each.comparators[0]) if isinstance(one, ast.Attribute)]
                is_id = any(one.attr == "id" and evidence.source.class_(name_of(one.value)) for one in columns)
                asked = [each.left, each.comparators[0]] if is_id else []
            for one in asked:
                if isinstance(one, ast.Constant) and type(one.value) is int:
                    whose = " and ".join(f"'{name}'" for name in arguments_of(node) if name != "db")
                    hint = f"This asks for the item {one.value} in any case. {node.name}() is given {whose}. "
                    hint += "Which item is meant?"
                    return Told(where=file.at(each), hint=hint)
    return None


@reading("a result instead of one of its rows", "get_returns_the_item")
def no_row_taken(evidence: Evidence) -> Told | None:
    """What scalars() and execute() give holds the rows, and a query() has not been sent. One row is taken out of it."""
    found = re.match(r"<(\w*Result|Query)> was returned", evidence.saw)
    function = function_of(evidence) if found else None
    for file, node in evidence.source.reached(*function, evidence.given) if function else ():
        for each in [each for each in inside(node) if isinstance(each, ast.Return)]:
            made = giving(node, each)
            if found and isinstance(made.value, ast.Call) and file.name not in evidence.given:
                holds = (
                    "is a question that has not been sent" if found[1] == "Query" else "holds the rows, and is no row"
                )
                hint = f"What this gives {holds}. Which method takes the first row out of it?"
                return Told(where=file.at(made), hint=hint)
    return None


@reading("a list instead of an item", "get_returns_the_item")
def returned_a_list(evidence: Evidence) -> Told | None:
    """all() and scalars() return several items, even if there is only one."""
    found = function_of(evidence)
    if found is None or not evidence.saw.startswith("["):
        return None
    returns = [node for node in inside(found[1]) if isinstance(node, ast.Return)]
    return Told(where=found[0].at(returns[-1]), hint="An id is that of one item.") if returns else None


@reading("the caller's transaction is ended", "reads_do_not_commit")
def ended_the_callers_transaction(evidence: Evidence) -> Told | None:
    """The session belongs to the caller. Closing it or rolling it back throws the caller's work away."""
    found = function_of(evidence)
    if found is None or "ended the caller's transaction" not in evidence.saw:
        return None
    file, node = found
    closed = calls(node, "close", "rollback", "expunge_all", "reset")
    withs = [each for each in ast.walk(node) if isinstance(each, ast.With)]
    blocks = [each for each in withs if text_of(each.items[0].context_expr) in arguments_of(node)]
    for each in (*closed, *blocks):
        hint = "The end of this block closes the session." if isinstance(each, ast.With) else "Whose session is this?"
        return Told(where=file.at(each), hint=hint)
    return None


@reading("the caller's changes are forgotten", "reads_do_not_commit")
def forgot_the_callers_changes(evidence: Evidence) -> Told | None:
    """A session keeps what was added, changed or deleted until it is flushed. Until then nothing else knows of it."""
    found = function_of(evidence) if "is lost: a flush()" in evidence.saw else None
    if found is None or evidence.raised:
        return None
    for file, node in reached(evidence):
        for call in calls(node, "expunge", "expunge_all", "expire", "expire_all", "refresh"):
            hint = f"{name_of(call)}() makes the session forget what was not sent yet. Whose work is that?"
            return Told(where=file.at(call), hint=hint)
        for each in inside(node):
            if isinstance(each, ast.keyword) and each.arg == "populate_existing":
                hint = "populate_existing writes what the database holds over objects that the session already has, "
                return Told(where=file.at(each.value), hint=f"{hint}also over what was changed and not sent yet.")
    return None


@reading("parameters with other names, or in another order", "list_pages")
def other_parameters(evidence: Evidence) -> Told | None:
    """Callers pass offset and limit by name, or in this order."""
    found = evidence.source.named("list_items", "app/crud.py")
    if found is None or asked_for(evidence) != "list_items":
        return None
    names = [name for name in arguments_of(found[1]) if name in ("offset", "limit")]
    if names == ["offset", "limit"]:
        return None
    given = ", ".join(arguments_of(found[1])[1:])
    hint = "Callers write list_items(db, offset=..., limit=...), or leave the names out."
    return Told(saw=f"{evidence.saw}; the parameters are {given}", where=found[0].at(found[1]), hint=hint)


@reading("other defaults for the page", "list_pages")
def other_defaults(evidence: Evidence) -> Told | None:
    """If the caller says nothing, the page starts at the first item and has up to 100 items."""
    called = re.match(r"(list_items(?:_with_owner)?)\(db(?:, (offset|limit)=\d+)?\)", "".join(evidence.did[-1:]))
    found = evidence.source.named(called[1], "app/crud.py") if called else None
    if found is None or called is None:
        return None
    names, values = arguments_of(found[1]), [*found[1].args.defaults]
    defaults: dict[str, ast.expr | None] = dict(zip(names[::-1], values[::-1], strict=False))
    keywords = zip(found[1].args.kwonlyargs, found[1].args.kw_defaults, strict=True)
    defaults |= {each.arg: value for each, value in keywords}
    meant = {
        name: number_behind(evidence, found[0], value)
        for name, value in defaults.items()
        if value is not None and name != called[2]
    }
    limited = any(_limited(event) for event in evidence.events_of("SELECT items")[-1:])
    if limited and "None" in text_of(meant["limit"][1] if "limit" in meant else None):
        return None  # the function has another number for it
    other = [(name, place) for name, place in meant.items() if _wrong_default(name, place[1])]
    if not other:
        return None
    told = " and ".join(f"{name} is {text_of(value)}" for name, (_, value) in other)
    hint = "What are offset and limit where the caller says nothing?"
    file, value = other[0][1]
    return Told(saw=f"{evidence.saw}; where the caller says nothing, {told}", where=file.at(value), hint=hint)


def _limited(event: Event) -> bool:
    """Whether a SELECT asks for a number of rows; SQLite and PostgreSQL have ways to say that there is no limit."""
    words = f" {' '.join(event.sql.lower().split())} "
    values = event.parameters.values() if isinstance(event.parameters, dict) else event.parameters or ()
    endless = " limit all " in words or " limit -1 " in words or -1 in values
    return " limit " in words and not endless


def _wrong_default(name: str, value: ast.expr) -> bool:
    right = {"offset": "0", "limit": "100"}
    return name in right and (text_of(value).isdigit() or text_of(value) == "None") and text_of(value) != right[name]


@reading(
    "the order or the condition comes after the page",
    *("list_is_ordered", "list_pages", "list_answers_items", "get_returns_the_item"),
)
def ordered_after_the_limit(evidence: Evidence) -> Told | None:
    """A page is cut out of rows that were chosen and put in order. After limit(), SQLAlchemy's Query refuses
    order_by() and filter()."""
    raised = evidence.raised_kind("InvalidRequestError")
    found = re.search(
        r"Query\.(\w+)\(\) being called on a Query which already has LIMIT", raised.message if raised else ""
    )
    if raised is None or not found:
        return None
    name, _, number = innermost(raised, evidence.given).rpartition(":")
    file = evidence.source.file(name)
    late = [each for each in file.calls(found[1]) if each.lineno <= int(number) <= (each.end_lineno or 0)]
    where = file.at(late[0]) if late else f"{name}:{number}"
    hint = f"In which order do {found[1]}(), offset() and limit() belong? Read the exception."
    why = "A page is cut out of rows that have been chosen and put in order."
    return Told(where=where, hint=hint, why=why if evidence.rule.startswith("list_") else "")


def _is_a_number(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant)


@reading("half of a page in one case", "list_pages", "list_answers_items")
def half_of_a_page(evidence: Evidence) -> Told | None:
    """A page has a beginning and an end, whatever was asked for. Where an ``if`` chooses between offset() and limit(),
    one of them is forgotten."""
    selects = [event for event in evidence.events_of("SELECT items") if event.where]
    asked = re.search(r"\boffset=(\d+)", (evidence.did or [""])[-1])
    if not selects or evidence.raised or not asked or not int(asked[1]):
        return None
    words = f" {selects[-1].words} "
    if " offset " in words and not _limited(selects[-1]):
        missing, kept = "limit", "offset"
    elif _limited(selects[-1]) and (" offset " not in words or _numbers(selects[-1])[-1:] == [0]):
        missing, kept = "offset", "limit"
    else:
        return None
    found = [place for file, function in reached(evidence) for place in _ways_without(file, function, missing, kept)]
    if len(found) != 1:
        return None
    file, node, test = found[0]
    saw = f"{evidence.saw}; with offset {asked[1]} the SELECT was sent without {missing.upper()}"
    hint = f"Some pages are made by this line: the condition '{text_of(test)}' decides. What do they lack?"
    return Told(saw=saw, where=file.at(node), hint=hint)


def _ways_without(file: File, function: Function, missing: str, kept: str) -> Iterator[tuple[File, ast.Call, ast.expr]]:
    """Where a condition leads to a call of one half of a page, while the other half is only called if it is not so."""
    made, other = calls(function, kept), calls(function, missing)
    for each in [one for one in inside(function) if isinstance(one, ast.If | ast.IfExp)]:
        then, otherwise = ({*map(id, _calls_of(way))} for way in (each.body, each.orelse))
        body = each.body if isinstance(each.body, list) else []
        ends = bool(body) and isinstance(body[-1], ast.Return)
        after = {id(call) for call in (*made, *other) if call.lineno > (each.end_lineno or 0)}
        otherwise |= after if ends else set()
        for way, another in ((then, otherwise), (otherwise, then)):
            here = [call for call in made if id(call) in way]
            if here and {*map(id, other)} <= another and other:
                yield file, here[0], each.test


def _calls_of(way: list[ast.stmt] | ast.expr) -> list[ast.Call]:
    """The calls of one way of an ``if``."""
    nodes = [each for one in (way if isinstance(way, list) else [way]) for each in ast.walk(one)]
    return [each for each in nodes if isinstance(each, ast.Call)]


def _under_a_condition(evidence: Evidence, missing: list[str]) -> str | None:
    """The condition about offset or limit without which the query would have what it lacks."""
    made = [call for _, call in calls_in(evidence, *missing, "slice")]
    for file, function in reached(evidence) if made else ():
        for each in [each for each in inside(function) if isinstance(each, ast.If | ast.IfExp)]:
            asks = re.search(r"\b(offset|limit|skip|page|size)\b", text_of(each.test))
            if asks and all(call in {*ast.walk(each)} - {*ast.walk(each.test)} for call in made):
                return file.at(each.test)
    return None


def _ended_by_a_loop(evidence: Evidence, missing: list[str]) -> Told | None:
    """The one comparison by which a loop skips rows, or ends the page, where that takes one too many or too few.

    A page that should be full has its size from the limit. Any other has all that is left after the offset.
    """
    size, wanted = evidence.actual, evidence.expected
    counted = evidence.saw.startswith("items on the page") and isinstance(size, int) and isinstance(wanted, int)
    if counted and abs(size - wanted) != 1:
        return None
    word, hint = "offset", "How many items have been skipped when this decides that it is enough?"
    if counted and wanted == page_asked(evidence)["limit"]:
        word, hint = "limit", "How many items are on the page when this decides to stop?"
    found = []
    for file, function in reached(evidence):
        loops = [each for each in inside(function) if isinstance(each, ast.For | ast.While)]
        inner = [one for each in loops for one in inside(each)]
        tests = dict.fromkeys(each.test for each in inner if isinstance(each, ast.If | ast.While))
        found += [(file, one) for each in tests for one in ast.walk(each) if _compares(one, word)]
    if len(found) != 1 or word not in missing or calls_in(evidence, word, "slice", "fetch", "islice"):
        return None
    what = "ends the page" if word == "limit" else "skips items"
    saw = f"{evidence.saw}; the SELECT has no {word.upper()}: your loop {what}"
    return Told(saw=saw, where=found[0][0].at(found[0][1]), hint=hint)


def _compares(node: ast.AST, name: str) -> bool:
    """Whether an expression compares something with what was asked for."""
    return isinstance(node, ast.Compare) and re.search(rf"\b{name}\b", text_of(node)) is not None


@reading("not the page that was asked for", "list_pages")
def another_page(evidence: Evidence) -> Told | None:
    """OFFSET says how many rows to skip, LIMIT how many to return at most. Both must be what the caller asked for."""
    called = re.match(r"list_items\(db(?:, (?:offset=)?(\d+), (?:limit=)?(\d+))?\)", (evidence.did or [""])[-1])
    selects = [event for event in evidence.events_of("SELECT items") if event.where]
    cut = [
        (file, each)
        for file, function in reached(evidence)
        for each in inside(function)
        if isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Slice)
    ]
    if called and not evidence.sent("SELECT") and not evidence.raised and len(cut) == 1:
        hint = STOPS.format("A slice")
        return Told(saw=f"{evidence.saw}; no SELECT was sent", where=cut[0][0].at(cut[0][1].slice), hint=hint)
    if not called or not selects or evidence.raised_kind("AttributeError"):
        return None
    sql, values = selects[-1].sql.lower(), _numbers(selects[-1])
    asked = {"offset": int(called[1] or 0), "limit": int(called[2] or 100)}
    missing = [word for word in ("limit", "offset") if f" {word} " not in sql.replace("\n", " ")]
    if _has_no_end(selects[-1]):
        missing = ["limit"]
    if missing:
        told = _without(*(word.upper() for word in missing))
    elif len(values) >= 2 and values[-2:] != [asked["limit"], asked["offset"]]:
        told = f"the SELECT was sent with LIMIT {values[-2]} and OFFSET {values[-1]}"
    else:
        return None
    if not missing and values[-2:] == [asked["limit"], 0] and not calls_in(evidence, "offset", "slice"):
        missing = ["offset"]
    ended = _ended_by_a_loop(evidence, missing)
    if ended is not None:
        return ended
    passed = page_passed_on(evidence, reached(evidence))
    hint = "Which number belongs where?"
    wish = f"it should have LIMIT {asked['limit']} and OFFSET {asked['offset']}"
    if missing == ["limit"] and values[-1:] == [asked["offset"]]:
        wish = f"it should have LIMIT {asked['limit']}"
    where = built(evidence, selects[-1].where, *(("select", "query") if missing else ("offset",)))
    nodes = [(file, node) for file, function in reached(evidence) for node in inside(function)]
    made = [
        (file, node)
        for file, node in nodes
        if isinstance(node, ast.Call)
        and name_of(node) in ("offset", "limit", "fetch")
        and node.args
        and not isinstance(node.args[0], ast.Name | ast.Constant)
    ]
    if passed is not None:
        where, hint = passed.where, passed.hint
    elif not missing and (computed := page_computed(evidence)) is not None:
        where, hint = computed.where, computed.hint
    elif missing and len(cut) == 1:
        slices = cut[0][0].at(cut[0][1].slice)
        return Told(where=slices, hint="Which rows does this slice take, and how many?")  # a right one would do
    elif missing and len(taken := calls_in(evidence, "islice")) == 1 and not calls_in(evidence, "limit", "offset"):
        return Told(where=taken[0][0].at(taken[0][1]), hint=STOPS.format("islice()"))
    elif missing and (untrue := _under_a_condition(evidence, missing)) is not None:
        where, hint = untrue, f"offset is {asked['offset']} here, and limit {asked['limit']}. Is this true then?"
    elif missing:
        hint = "What skips rows here, and what ends the page?"
        words = "to skip" if missing == ["offset"] else "it wants at most"
        if len(missing) == 1 and not calls_in(evidence, *missing, "fetch", "slice", "islice"):
            hint = f"The caller says how many rows {words}. Where does your query say so?"
    elif stops := [(file, node) for file, node in nodes if isinstance(node, ast.Call) and name_of(node) == "slice"]:
        where = stops[0][0].at(stops[0][1])
        hint = STOPS.format("slice()")
    elif made:
        where, hint = made[0][0].at(made[0][1].args[0]), "What does this line do with the number that was asked for?"
    elif fixed := [each for each in calls_in(evidence, "offset", "limit") if _is_a_number(each[1])]:
        where = fixed[0][0].at(fixed[0][1])
        hint = "The caller says how many rows to skip, and how many it wants at most. Does this line ask for them?"
    return Told(saw=f"{evidence.saw}; {told}; {wish}", where=where, hint=hint)
