"""Kernel: forms in a notebook, to choose an answer and to type one.

They are made of ipywidgets' own controls, which JupyterLab and VS Code bring along: nothing is loaded over a network.
jupyterquiz was looked at: its pages keep what was chosen in the browser, where no program can count it, and every
run writes other random names into the stored output.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

from IPython.display import display
from ipywidgets import HTML, Box, Button, HBox, Layout, Text, VBox

GREEN, RED, GREY = "#2e9e4f", "#e5484d", "#888888"
LETTERS = "abcdefghij"


def is_answered_by_a_person() -> bool:
    """Whether somebody sits in front of the notebook: who runs it without a person allows no input."""
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    return bool(kernel and kernel.get_parent("shell").get("content", {}).get("allow_stdin"))


def show_form(form: Box, instead: str) -> None:
    """Show a form, and what a saved notebook has in its place: the form ends together with its kernel.

    Args:
        form: the form.
        instead: a piece of Markdown; `grader.lessons.saving` leaves nothing else when the notebook is saved.
    """
    again = f"{instead}\n\n*Run this cell to answer.*"
    display({**form._repr_mimebundle_(), "text/markdown": again}, raw=True)  # type: ignore[no-untyped-call]


# In VS Code a form is white in every theme, and `code` alone has the theme's colours, perhaps white as well.
_CODE = r'<code style="color: inherit; background: #8883">\1</code>'


def marked_up(text: str) -> str:
    """A sentence with `code`, **bold** and *italic* words, as HTML."""
    found = re.sub(r"`([^`]+)`", _CODE, html.escape(text, quote=False))
    found = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", found)
    return re.sub(r"\*([^*\s][^*]*)\*", r"<i>\1</i>", found)


def framed(text: str, colour: str) -> str:
    """A piece of HTML with a coloured line on its left."""
    return f'<div style="border-left: 4px solid {colour}; padding: 2px 10px; line-height: 1.45">{text}</div>'


def words(text: str) -> HTML:
    """A piece of HTML in a form; long lines wrap."""
    return HTML(text, layout=Layout(width="auto", flex="1 1 auto", min_width="0"))


class Choice:
    """A list of answers, of which one can be chosen.

    Attributes:
        box: the form.
        chosen: number of the answer that is chosen, or None.
    """

    def __init__(self, texts: Sequence[str], on_choice: Callable[[int], None]) -> None:
        self.chosen: int | None = None
        self._on_choice = on_choice
        # A long answer beside it must not make a button narrower: its sign has to be seen.
        fixed = {"width": "48px", "min_width": "48px", "flex": "0 0 auto"}
        self._buttons = [Button(description=LETTERS[n], layout=Layout(**fixed)) for n, _ in enumerate(texts)]
        for number, button in enumerate(self._buttons):
            button.tooltip = texts[number].replace("`", "")
            button.on_click(lambda _, number=number: self.choose(number))
        row = Layout(align_items="center", margin="1px 0")
        self.box = VBox(
            [
                HBox([button, words(f'<span style="white-space: normal">{marked_up(text)}</span>')], layout=row)
                for button, text in zip(self._buttons, texts, strict=True)
            ]
        )

    def choose(self, number: int) -> None:
        """Choose an answer, as a click on its letter does."""
        self.chosen = number
        for each, button in enumerate(self._buttons):
            button.button_style = "info" if each == number else ""
        self._on_choice(number)

    def mark(self, number: int, right: bool) -> None:
        """Show whether an answer is right: by colour, and by its sign."""
        self._buttons[number].button_style = "success" if right else "danger"
        self._buttons[number].description = f"{LETTERS[number]} {'✓' if right else '✗'}"

    def lock(self) -> None:
        """Let nothing be chosen any more."""
        for button in self._buttons:
            button.disabled = True


def typed(on_typed: Callable[[str], None]) -> Box:
    """A line to type into, with a button."""
    line = Text(placeholder="your prediction", layout=Layout(flex="1 1 auto", min_width="0"))
    button = Button(description="Keep", layout=Layout(width="70px", min_width="70px", flex="0 0 auto"))
    button.on_click(lambda _: on_typed(line.value.strip()))
    line.continuous_update = False
    return HBox([line, button])
