"""Kernel: predictions, made before a cell is run and compared when it has been: ``%predict pool_twice``."""

from __future__ import annotations

from typing import Any

from IPython.display import HTML, display
from ipywidgets import VBox

from grader.lessons import forms
from grader.lessons.questions import Prediction
from grader.lessons.showing import show

_NO_EXPERIMENT = ("%predict", "%quiz", "%hint", "%grade")
_NOT_YET = "You have not predicted yet. Say above what you expected, before you read on."


class Predictor:
    """What the reader predicted, and whether the next cell has shown the answer yet."""

    def __init__(self) -> None:
        self._open: _Asked | None = None
        self._is_stored = False

    def ask(self, prediction: Prediction) -> None:
        """Ask for a prediction of what the next cell does; without a person, list the choices."""
        if not forms.is_answered_by_a_person():
            show(_listed(prediction))
            self._is_stored = True
            return
        self._open = _Asked(prediction)
        forms.show_form(self._open.form, _choices(prediction))

    def before_cell(self, _: Any) -> None:
        """Without a person, before the cell that follows a prediction: begin its output with a neutral line.

        JupyterLab shows the first line of an output that is folded, and it must not be the answer.
        """
        if self._is_stored:
            self._is_stored = False
            show("*From an earlier run. Run the cell to see your own.*")

    def after_cell(self, result: Any) -> None:
        """After each cell: below the experiment that follows a prediction, compare.

        VS Code runs code of its own between two cells, to complete a name, say; nobody sees what that shows.
        """
        source, is_cell = (result.info.raw_cell or "").lstrip(), result.info.store_history
        if self._open is None or not is_cell or source.startswith(_NO_EXPERIMENT) or not result.success:
            return
        asked, self._open = self._open, None
        asked.has_happened = True
        if asked.predicted:
            display(HTML(asked.comparison()))  # type: ignore[no-untyped-call]
        else:
            asked.reminder = display(HTML(forms.framed(_NOT_YET, forms.GREY)), display_id=True)  # type: ignore[no-untyped-call]


class _Asked:
    """A prediction in its form."""

    def __init__(self, prediction: Prediction) -> None:
        self._prediction = prediction
        self.predicted = ""
        self.has_happened = False
        self.reminder: Any = None
        self._is_late = False
        self._said = forms.words("<i>What do you expect? Choose, then run the next cell.</i>")
        if prediction.choices:
            self.choice = forms.Choice(prediction.choices, self._choose)
            control = self.choice.box
        else:
            control = forms.typed(self._keep)
        self.form = VBox([control, self._said])

    def _choose(self, number: int) -> None:
        self._keep(self._prediction.choices[number])

    def _keep(self, text: str) -> None:
        if not text:
            return
        self.predicted, self._is_late = text, self.has_happened
        if self.reminder is not None:
            self.reminder.update(HTML(""))  # type: ignore[no-untyped-call]
        self._said.value = self.comparison() if self.has_happened else "<i>Noted. Now run the next cell.</i>"

    def comparison(self) -> str:
        """What was predicted, or said when the cell had been run, beside what happened, as HTML."""
        answer, why = forms.marked_up(self._prediction.answer), forms.marked_up(self._prediction.why)
        mine = forms.marked_up(self.predicted)
        if not self._prediction.choices:
            return forms.framed(f"<b>You wrote:</b> {mine}<br><b>Compare:</b> {answer} {why}", forms.GREY)
        if self.predicted == self._prediction.answer:
            head = "Right:" if self._is_late else "As you predicted:"
            return forms.framed(f"<b>{head}</b> {answer}<br>{why}", forms.GREEN)
        verb = "said" if self._is_late else "predicted"
        return forms.framed(f"<b>You {verb}:</b> {mine}<br><b>What happens:</b> {answer}<br>{why}", forms.RED)


def _listed(prediction: Prediction) -> str:
    if not prediction.choices:
        return "*Write down what you expect, then run the next cell.*"
    return f"{_choices(prediction)}\n\n*Choose, then run the next cell.*"


def _choices(prediction: Prediction) -> str:
    return "\n".join(f"- {letter}. {text}" for letter, text in zip(forms.LETTERS, prediction.choices, strict=False))
