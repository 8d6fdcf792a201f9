"""In the child: background tasks that write events, and the sessions in which they do."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from grader.lab.answer import Answer
from grader.lab.client import Client
from grader.lab.code import Code
from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.observer import Moment, Seen
from grader.lab.place import Place
from grader.lab.story import Story
from grader.lab.topics.events import Events
from grader.lab.topics.strays import Strays
from grader.outcomes import ToDo, Waits, Wrong

# Why an event of this kind cannot be written.
_IN_VAIN = {
    "refused": ", which the database refuses",
    "broken": ", for which the database raises an OperationalError",
    "lost": ", for which it refuses the COMMIT",
}


@dataclass
class Posted:
    """A request for an event, its answer, and what happened before and after the answer was sent.

    Attributes:
        status: the status code that the client saw.
        answer: the answer.
        before: what happened before it was sent.
        after: what happened after it, before the request was over.
        newest: number of the newest session when it was sent.
        stray: an event was written by something that the request did not wait for.
        is_sent: the client got its answer, whatever was raised after it.
    """

    status: int
    answer: Answer
    before: list[Moment]
    after: list[Moment]
    newest: int = 0
    stray: bool = False
    is_sent: bool = False

    def __str__(self) -> str:
        is_sent = self.is_sent and self.status != 500  # which is what a crash of the endpoint is answered with
        return str(self.status) if self.answer.error is not None and is_sent else str(self.answer)

    def writes(self) -> list[Moment]:
        """The statements that wrote events."""
        return _writes(self.before + self.after)

    def writes_before(self) -> list[Moment]:
        """Those of them that were sent before the answer."""
        return _writes(self.before)


class Tasks:
    """What a check asks of the endpoint that starts a task, and of the task itself."""

    def __init__(
        self,
        place: Place,
        code: Code,
        focus: Focus,
        story: Story,
        seen: Seen,
        expect: Expect,
        client: Client,
        events: Events,
        strays: Strays,
    ) -> None:
        self._place = place
        self._code = code
        self._focus = focus
        self._story = story
        self._seen = seen
        self._expect = expect
        self._client = client
        self._events = events
        self._strays = strays

    def post(self, item_id: int, kind: str = "viewed") -> Posted:
        """Ask the learner's app to record an event; the answer counts as the client sees it.

        Raises:
            Wrong: the task was called before the answer, which shows also where what it does is still to do.
        """
        seen = self._seen
        begin = len(seen.moments)
        with self._too_early(), self._strays.held_back("item_events"):
            answer = self._client.request("POST", f"/items/{item_id}/events", json={"kind": kind})
            end, saved = len(seen.moments), self._events.count_at_once()
        stray = self._strays.wait_for_the_rest(end, lambda: self._events.count_at_once() > saved)
        moments = seen.moments[begin:end]
        sent = [place for place, moment in enumerate(moments) if moment.what.startswith("ANSWER")]
        if not sent:
            return Posted(answer.status, answer, moments, [], stray=stray)
        last = moments[sent[-1]]
        before, after = moments[: sent[-1]], moments[sent[-1] + 1 :]
        return Posted(int(last.what.split()[1]), answer, before, after, last.session, stray, is_sent=True)

    @contextmanager
    def looked_at(self) -> Iterator[list[int]]:
        """How many events are in the database before the block, and when each answer in it is sent."""
        found = [len(self._events.rows())]

        self._seen.look = lambda: found.append(self._events.count_at_once())
        try:
            yield found
        finally:
            self._seen.look = None

    @contextmanager
    def _too_early(self) -> Iterator[None]:
        try:
            yield
        except ToDo as to_do:
            if any(stub.name == "record_event" and to_do.saw.startswith(stub.task) for stub in self._place.stubs):
                saw, wanted = "record_event was called before the answer was sent", "it is called after the answer"
                raise Wrong(saw, wanted, self._focus.endpoint) from None
            raise

    def expect_refused(self, item_id: int, content: str) -> None:
        """End the check as failed unless this body is answered with 422.

        Raises:
            Waits: there is no route that could.
        """
        options = {"content": content, "headers": {"content-type": "application/json"}}
        answer = self._client.only_request("POST", f"/items/{item_id}/events", **options)
        if answer.status in (404, 405):
            raise Waits(str(answer), "answers_202")
        self._expect.status(answer, 422)

    def expect_accepted(self, item_id: int, kind: str) -> None:
        """End the check as failed if a good kind is refused; that none is taken is another rule's business."""
        path = f"/items/{item_id}/events"
        if self._client.only_request("POST", path, json={"kind": "viewed"}).status not in (400, 422):
            answer = self._client.only_request("POST", path, json={"kind": kind})
            self._expect(answer.status not in (400, 422), saw=str(answer), wanted="accepted")

    def expect_written(self, posted: list[Posted], *wanted: tuple[int, str]) -> None:
        """End the check as failed unless these are the events in the database after these requests.

        Raises:
            ToDo: the task raised the starter's ``NotImplementedError``, after what it did.
        """
        rows = self._events.rows()
        self._expect(
            not any(each.stray for each in posted),
            saw="the event was written by code that nobody waits for: a server that stops can cut it off",
            wanted="an event that is written by a background task",
        )
        crashed = [each.answer for each in posted if each.answer.error is not None]
        writes = [moment for each in posted for moment in each.writes()]
        where, saw = "", f"events in the database: {rows}"
        if crashed:
            assert crashed[0].error is not None
            self._expect.nothing_left_in(crashed[0].error)
            where, saw = self._focus.line_of(crashed[0].error), f"{saw}; and {crashed[0]}"
        elif writes and not self._seen.commits_of_writes():
            where, saw = self._line_of(writes[0]), f"{saw}; the INSERT was sent, but not committed"
        elif not writes:
            saw += "; no INSERT was sent"
        refused = [f"; {each}" for each in posted if each.status == 422]
        saw += "".join(refused[:1])
        # What crashes after it was called too early is the business of answer_does_not_wait.
        late = any(each.answer.error is not None and not each.writes_before() for each in posted)
        calmly = ", and no crash" if late else ""
        good = rows == [*wanted] and not late
        self._expect(
            good, saw=saw, wanted=f"events in the database: {[*wanted]}{calmly}", where=where, values=(rows, [*wanted])
        )

    def _line_of(self, moment: Moment) -> str:
        return self._place.shown(moment.where) if moment.where else ""

    def expect_status(self, posted: Posted, *wanted: int) -> None:
        """End the check as failed unless the client got one of these status codes."""
        if posted.answer.unrouted:
            self._expect.status(posted.answer, *wanted)
        wish = " or ".join(str(each) for each in wanted)
        self._expect(posted.status in wanted, saw=str(posted), wanted=wish, cause=posted.answer.error)

    def expect_own_session(self, posted: Posted) -> None:
        """End the check as failed if a session that the task did not open itself worked for it."""
        # The session of the request is the one that looked the item up.
        of_request = next((moment.session for moment in posted.before if moment.what == "SELECT items"), 0)
        early = [moment for moment in posted.writes_before() if 0 < moment.session == of_request]
        late = [moment for moment in posted.after if 0 < moment.session <= posted.newest]
        for moment in early + late:
            whose = "the session of the request"
            if moment.session != of_request:
                whose = "a session that was made before the task began"
            self._expect(
                False,
                saw=f"{moment.what} was sent by {whose}",
                wanted="a session that record_event opens itself",
                where=self._line_of(moment),
            )

    def expect_different_sessions(self, first: list[Moment], second: list[Moment]) -> None:
        """End the check as failed if two tasks wrote in the same session."""
        numbers = {moment.session for moment in first if moment.session}
        shared = any(moment.session in numbers for moment in second)
        self._expect(not shared, saw="two tasks used the same session", wanted="a new session for each task")

    def record(self, item_id: int, kind: str = "viewed") -> list[Moment]:
        """Call the learner's ``record_event``; the statements that wrote events."""
        begin = len(self._seen.moments)
        result = self._code.call("tasks.record_event", item_id, kind)
        if inspect.iscoroutine(result):
            result.close()
            raise Wrong("record_event returned a coroutine", "a plain function: def, not async def")
        written = _writes(self._seen.moments[begin:])
        self._expect(bool(written), saw="no event was written", wanted="an event")
        return written

    def record_in_vain(self, item_id: int, kind: str = "viewed") -> None:
        """Call the learner's ``record_event`` where it cannot succeed: it may raise, or only say so."""
        function: Any = self._code.need("tasks.record_event")
        self._story.did(f"record_event({item_id}, {kind!r}){_IN_VAIN.get(kind, '')}")
        self._focus.on(function)
        try:
            function(item_id, kind)
        except Exception:
            self._story.did("the task raised")


def _writes(moments: list[Moment]) -> list[Moment]:
    """The statements among these that wrote events."""
    return [moment for moment in moments if "item_events" in moment.writes_to()]
