"""Command: which submission is whose in the roster: by number, login, e-mail or name, whatever the layout has."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from grader.classroom.intake.entry import Entry
from grader.classroom.intake.layouts.pieces import folded, loosely, shared_beginning
from grader.classroom.intake.roster import Learner


def match(
    entries: Sequence[Entry], learners: Sequence[Learner]
) -> tuple[dict[str, list[Entry]], list[tuple[Entry, str]]]:
    """The submissions of each learner, by id; and those of nobody in the roster, each with what there is to say."""
    index, loose = _Index(learners, folded), _Index(learners, loosely)
    entries, strangers = index.read(index.with_usernames(entries))
    # Where a layout and a roster call most submissions by the same name, others are no guess by another name.
    trusted = {
        kind
        for kind in {kind for entry in entries for kind in entry.keys}
        if 2 * sum(len(index.called(kind, entry)) == 1 for entry in entries) > len(entries)
    }
    found: dict[str, list[Entry]] = {}
    guessed: dict[str, list[Entry]] = {}
    named: dict[str, list[Entry]] = {}
    alike: dict[str, list[Entry]] = {}  # by what systems may have changed: Weiß, Weiss
    for entry in entries:
        people = index.owners(entry, trusted)
        by = found if people == index.owners(entry, trusted, guessing=False) else guessed
        if not people:
            by, people = named, index.named(entry)
        if not people:
            by, people = alike, loose.owners(entry, trusted, guessing=False) or loose.named(entry)
        if len(people) == 1:
            by.setdefault(people[0].id, []).append(entry)
        else:
            several = f"may be {' or '.join(each.id for each in people[:3])} in the roster" if people else ""
            strangers.append((entry, several or "not in the roster"))
    for learner, those in guessed.items():
        if learner in found:  # another's login may end as this one's does
            strangers += [(entry, f"may be {learner} in the roster") for entry in those]
        else:
            found[learner] = those
    for by in (named, alike):
        for learner, those in by.items():
            if learner in found or len(those) > 1:  # two people of one name, or alike, of whom the roster has one
                strangers += [(entry, f"may be {learner} in the roster") for entry in those]
            else:
                found[learner] = those
    return found, strangers


class _Index:
    """The roster, by everything that a submission may be known by.

    Args:
        learners: the roster.
        fold: how texts are compared.
    """

    def __init__(self, learners: Sequence[Learner], fold: Callable[[str], str]) -> None:
        self._fold = fold
        self._ids: dict[str, list[Learner]] = {}
        self._kinds: dict[str, dict[str, list[Learner]]] = {}
        for learner in learners:
            self._ids.setdefault(self._fold(learner.id), []).append(learner)
            for kind, value in _keys(learner).items():
                for form, text in _forms(kind, value, self._fold):
                    self._kinds.setdefault(form, {}).setdefault(text, []).append(learner)

    def with_usernames(self, entries: Sequence[Entry]) -> list[Entry]:
        """The submissions, each with the username that stands behind the assignment's name.

        Both may hold a ``_``: the assignment's name ends where most of what comes behind it is somebody's, and as
        early as it can.
        """
        told = [entry.keys[_BEHIND] for entry in entries if _BEHIND in entry.keys]
        shared = shared_beginning(set(told), "_")
        logins: dict[str, str] = {}
        for names in [told] if shared else [[name] for name in told]:
            cuts = [dash.end() for dash in re.finditer("_", shared or names[0])]
            hits = {cut: sum(self._fold(name[cut:]) in self._logins for name in names) for cut in cuts}
            cut = max(cuts, key=lambda cut: hits[cut], default=0)
            logins |= {name: name[cut:] for name in names if hits.get(cut)}
        return [
            replace(entry, learner=login, keys={**entry.keys, "login": login})
            if (login := logins.get(entry.keys.get(_BEHIND, "")))
            else entry
            for entry in entries
        ]

    @property
    def _logins(self) -> Collection[str]:
        return self._kinds.get("login", {}).keys() | self._ids.keys()

    def read(self, entries: Sequence[Entry]) -> tuple[list[Entry], list[tuple[Entry, str]]]:
        """The submissions as their names are to be read; and those that may be several people's, with that said.

        Of what a name may say, that counts which the roster has; of several the last, which says most, if the learner
        of this number is called so; else what would be somebody's only submission; else the first, if so called.
        """
        read, doubtful = [], []
        have = {each.id for entry in entries if not entry.otherwise for each in self._numbered(entry)}
        for entry in entries:
            known = [(each, people[0].id) for each in (entry, *entry.otherwise) if (people := self._numbered(each))]
            called = [(each, id_) for each, id_ in known if id_ in {who.id for who in self.named(each)}]
            only = [(each, id_) for each, id_ in known if id_ not in have]
            if len(known) < 2:  # of somebody whom the roster has not, with somebody's number in the file's own name?
                sure = known and (known[0][0] is entry or known[0] in called or known[0] in only)
                read.append(known[0][0] if sure else entry)
            elif known[-1] in called:
                read.append(known[-1][0])
            elif len(only) == 1:
                read.append(only[0][0])
            elif not only and known[0] in called:
                read.append(known[0][0])
            else:
                doubtful.append((entry, f"may be {' or '.join(id_ for _, id_ in known[:3])} in the roster"))
        return read, doubtful

    def _numbered(self, entry: Entry) -> list[Learner]:
        number = self._fold(entry.keys.get("number", ""))
        return self.called("number", entry) or self._ids.get(number, [])

    def called(self, kind: str, entry: Entry) -> list[Learner]:
        """Those whom the roster knows by what the layout calls by the same name."""
        value = self._fold(entry.keys.get(kind, ""))
        return self._kinds.get(kind, {}).get(value, []) if value and kind not in _WEAK else []

    def owners(self, entry: Entry, trusted: Collection[str], guessing: bool = True) -> list[Learner]:
        """Whose a submission may be by what is one person's: one, or several of whom nothing tells which, or nobody.

        Guessing is where a name's end is taken for a login, as nothing tells where the login begins.
        """
        told = {kind: value for kind, value in entry.keys.items() if value}
        values = [self._fold(each) for each in [entry.learner, *(told[kind] for kind in told if kind not in _WEAK)]]
        tries = [self.called(kind, entry) for kind in told]
        if "repository" in told:  # a whole name first: not every folder of clones is GitHub Classroom's
            tries.append(self._ids.get(self._fold(told["repository"]), []))
            tries.append(self._kinds.get("github", {}).get(self._fold(told["login"]), []))
        if guessing and "ends with login" in told:
            tries.append(self._behind(told["ends with login"]))
        if not trusted & told.keys():
            tries += [self._ids.get(value, []) for value in values]
            strong = [known for kind, known in self._kinds.items() if kind not in _WEAK]
            tries += [known.get(value, []) for known in strong for value in values]
            tries += [self._kinds.get("mailbox", {}).get(value, []) for value in values]
        return _first(tries)

    def named(self, entry: Entry) -> list[Learner]:
        """Those who have the name that comes with a submission."""
        return _first(self._kinds.get(form, {}).get(text, []) for form, text in self._names(entry))

    def _behind(self, repository: str) -> list[Learner]:
        """Those whose login a repository's name ends with, the longest of them: logins may hold a ``-``."""
        parts = self._fold(repository).split("-")
        for number in range(1, len(parts)):
            login = "-".join(parts[number:])
            for kind in ("github", "login"):
                if found := self._kinds.get(kind, {}).get(login):
                    return found
        return []

    def _names(self, entry: Entry) -> Iterable[tuple[str, str]]:
        name = entry.keys.get("name") or entry.name
        if name:
            yield from _forms("name", name, self._fold)
        yield "joined name", _joined(entry.keys.get("joined name", ""), self._fold)
        if not entry.keys:  # a plain folder may be called by the learner's name
            yield from _forms("name", entry.learner, self._fold)


def _first(tries: Iterable[Sequence[Learner]]) -> list[Learner]:
    """The first that is one; else the first that are several."""
    several: list[Learner] = []
    for found in tries:
        people = list({learner.id: learner for learner in found}.values())
        if len(people) == 1:
            return people
        several = several or people
    return several


_BEHIND = "behind assignment"
_WEAK = ("name", "joined name", "mailbox", "time", "repository", "ends with login", _BEHIND)


def _keys(learner: Learner) -> Mapping[str, str]:
    keys = dict(learner.keys)
    if learner.name:
        keys.setdefault("name", learner.name)
    if "@" in learner.id:
        keys.setdefault("email", learner.id)
    return keys


def _forms(kind: str, value: str, fold: Callable[[str], str]) -> Iterable[tuple[str, str]]:
    """How a value can be looked up: its kind, and what is compared."""
    if kind == "name":
        words = sorted(re.findall(r"\w+", fold(value)))
        yield "name", " ".join(words)  # "Lee, Ann" is "Ann Lee"
        last, comma, first = value.partition(",")
        order = [last, first] if comma else [" ".join(value.split()[1:]), *value.split()[:1]]
        yield "joined name", _joined("".join(order), fold)
    elif kind == "email":
        yield "email", fold(value)
        yield "mailbox", fold(value).partition("@")[0]
    elif value:
        yield kind, fold(value)


def _joined(name: str, fold: Callable[[str], str]) -> str:
    """A name as Canvas writes it: letters and digits alone."""
    return re.sub(r"\W", "", fold(name))
