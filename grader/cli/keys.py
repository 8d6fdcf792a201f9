"""Commands: single keys from the terminal, without Enter."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from grader.cli.console import is_terminal


@contextmanager
def listening(pressed: Callable[[str], None]) -> Iterator[bool]:
    """Call a function with every key that is pressed, from another thread; the terminal is left as it was.

    Yields:
        Whether there is a terminal that keys can come from.
    """
    if not is_terminal(sys.stdin):
        yield False
        return
    stop = threading.Event()
    with _single_keys():
        thread = threading.Thread(target=_listen, args=[pressed, stop], daemon=True)
        thread.start()
        try:
            yield True
        finally:
            stop.set()
            thread.join()


if sys.platform == "win32":
    import msvcrt

    @contextmanager
    def _single_keys() -> Iterator[None]:
        yield

    def _listen(pressed: Callable[[str], None], stop: threading.Event) -> None:
        while not stop.wait(0.05):
            while msvcrt.kbhit():
                pressed(msvcrt.getwch().lower())

else:
    import select
    import termios
    import tty

    @contextmanager
    def _single_keys() -> Iterator[None]:
        """Take keys at once and do not show them; Ctrl-C stays what it is."""
        before = termios.tcgetattr(sys.stdin)
        try:
            tty.setcbreak(sys.stdin)
            yield
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    def _listen(pressed: Callable[[str], None], stop: threading.Event) -> None:
        while not stop.is_set():
            if select.select([sys.stdin], [], [], 0.1)[0]:
                letters = os.read(sys.stdin.fileno(), 1)
                if not letters:  # the terminal is gone
                    return
                pressed(letters.decode("ascii", "replace").lower())
