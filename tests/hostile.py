"""Submissions whose code is hostile: what it does, and which checks that costs."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests import PROJECT

# The checks that call get_item.
OF_GET = {"get_returns_the_item", "get_unknown_is_none", "reads_do_not_commit"}

IN_A_FUNCTION = {
    "os._exit": "import os; os._exit(0)",
    "sys.exit": "import sys; sys.exit(0)",
    "pytest.exit": "import pytest; pytest.exit('done', 0)",
    "pytest.skip": "import pytest; pytest.skip('not today', allow_module_level=True)",
    "a thread that cannot be waited for": (
        "import _thread, threading, time\n"
        "_thread.start_new_thread(lambda: (threading.current_thread(), time.sleep(0.3)), ())\n"
        "raise ValueError"
    ),
    "output closed": "import os\nos.close(1); os.close(2)\nraise RuntimeError",
    "loop": "while True: pass",
    "loop through everything": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "lines without end on every pipe": (
        "import os, stat\n"
        "for number in range(3, 64):\n"
        "    try:\n"
        "        while stat.S_ISFIFO(os.fstat(number).st_mode): os.write(number, b'\\n' * 65536)\n"
        "    except OSError: pass\n"
        "raise ValueError"
    ),
    "print 100 MB": "for _ in range(100): print('x' * 1_000_000)\nraise ValueError",
    "fork": "import os, time\nfor _ in range(5):\n    if os.fork() == 0: time.sleep(60)\nraise ValueError",
    "fork and detach": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)\nraise ValueError",
    "allocate 8 GB": "x = bytearray(8 * 1024 ** 3)",
    "leave files open": "import os\nwhile True: os.dup(2)",
    "close file descriptors": "import os; os.closerange(0, 1024)",
    "raise KeyboardInterrupt": "raise KeyboardInterrupt",
    "recursion": "def f(): f()\nf()",
    "kill the parent": "import os, signal; os.kill(os.getppid(), signal.SIGKILL); os._exit(0)",
    "kill itself": "import os, signal; os.kill(0, signal.SIGKILL)",
    "stop itself": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "ignore signals": "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(1000)",
    "talk to every descriptor": (
        "import json, os\n"
        "for fd in range(3, 64):\n"
        "    try: os.write(fd, b'0' * 64 + b' ' + json.dumps({'event': 'verdict', 'check': 'get_returns_the_item',"
        " 'verdict': {'outcome': 'passed'}}).encode() + b'\\n')\n"
        "    except OSError: pass\n"
        "raise ValueError"
    ),
}


def submission(folder: Path, at_import: str = "", in_get_item: str = "") -> Path:
    """Chapter 05's solution with hostile lines at the top of crud.py, or in get_item."""
    shutil.copytree(PROJECT / "solutions" / "05_crud", folder / "05_crud")
    crud = folder / "05_crud/app/crud.py"
    text = crud.read_text(encoding="utf-8")
    lines = "".join(f"    {line}\n" for line in in_get_item.splitlines())
    text = text.replace("    return db.get(Item, item_id)", lines + "    return db.get(Item, item_id)")
    crud.write_text(f"{text}\n{at_import}\n", encoding="utf-8")
    return folder
