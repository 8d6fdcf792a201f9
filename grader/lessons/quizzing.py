"""Kernel: the quiz of a lesson, ``%quiz 01``: choose, answer, then read why."""

from __future__ import annotations

from collections.abc import Callable

from ipywidgets import Button, Layout, VBox

from grader.lessons import forms, results
from grader.lessons.questions import Question, quiz_of
from grader.lessons.showing import show


def ask(lesson: str) -> None:
    """Show the quiz of a lesson; without a person, its questions with the answers folded away."""
    listed = "\n\n".join(_listed(number, question) for number, question in enumerate(quiz_of(lesson), start=1))
    if forms.is_answered_by_a_person():
        forms.show_form(Quiz(lesson).form, listed)
    else:
        show(listed)


class Quiz:
    """The questions of a lesson, each in its form, and how many are answered rightly.

    Attributes:
        form: what is shown.
        asked: the questions in their forms.
    """

    def __init__(self, lesson: str) -> None:
        self._lesson = lesson
        self.asked = [Asked(number, each, self._keep) for number, each in enumerate(quiz_of(lesson), start=1)]
        self._count = forms.words("")
        self._right = results.right(lesson)
        self._tell()
        self.form = VBox([*(each.form for each in self.asked), self._count])

    def _keep(self, question: Question, right: bool) -> None:
        results.keep(self._lesson, question.key, right)
        (self._right.add if right else self._right.discard)(question.key)
        self._tell()

    def _tell(self) -> None:
        self._count.value = f"<b>{len(self._right)} of {len(self.asked)} right</b>"


class Asked:
    """A question in its form."""

    def __init__(self, number: int, question: Question, keep: Callable[[Question, bool], None]) -> None:
        self._question, self._keep = question, keep
        self.choice = forms.Choice([answer.text for answer in question.answers], self._choose)
        self.button = Button(description="Answer", disabled=True, layout=Layout(width="90px", margin="2px 0"))
        self.button.on_click(lambda _: self._answer())
        self.said = forms.words("")
        head = forms.words(f"<b>{number}. {forms.marked_up(question.text)}</b>")
        self.form = VBox([head, self.choice.box, self.button, self.said], layout=Layout(margin="0 0 14px 0"))

    def _choose(self, number: int) -> None:
        self.button.disabled = False

    def _answer(self) -> None:
        if self.choice.chosen is None:
            return
        answer = self._question.answers[self.choice.chosen]
        self.choice.mark(self.choice.chosen, answer.right)
        self.button.disabled = True
        head = "Right." if answer.right else "Not yet."
        again = "" if answer.right else " <i>Choose again.</i>"
        colour = forms.GREEN if answer.right else forms.RED
        self.said.value = forms.framed(f"<b>{head}</b> {forms.marked_up(answer.why)}{again}", colour)
        if answer.right:
            self.choice.lock()
        self._keep(self._question, answer.right)


def _listed(number: int, question: Question) -> str:
    rows = "\n".join(
        f"- {letter}. {answer.text}" for letter, answer in zip(forms.LETTERS, question.answers, strict=False)
    )
    told = "\n".join(
        f"- {letter}. **{'Right.' if answer.right else 'Wrong.'}** {answer.why}"
        for letter, answer in zip(forms.LETTERS, question.answers, strict=False)
    )
    return f"**{number}. {question.text}**\n\n{rows}\n\n<details><summary>Answer</summary>\n\n{told}\n</details>"
