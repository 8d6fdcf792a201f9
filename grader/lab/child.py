"""In the child: judges the checks of a job, one after the other, each on a database of its own.

Checks that pass share one import of the app, because importing it takes half of a check's time. What does not pass
on an app that has served before is judged again on a new import: only that is blamed.

Whatever the learner's code does to its child, the verdict is given by the bench, which only believes what it was
waiting for. A child that is no longer as it was (a thread goes on, files are never closed) steps back, and a new one
does the rest.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
from os import _exit
from pathlib import Path

from grader.lab import looks, openings
from grader.lab.code import forget_app
from grader.lab.connections import listen_to_connections, silenced
from grader.lab.driver import missed_nothing
from grader.lab.fresh_database import NotPrepared, prepare_database
from grader.lab.job import BEFORE, SPOILT, Job, unsealed
from grader.lab.judge import judge, missed, spoilt
from grader.lab.parts import load_makers, open_parts
from grader.lab.place import place_of
from grader.lab.processes import close_all_but, end_with_the_parent
from grader.lab.relied import own, rely_on
from grader.lab.reporter import reporter_to
from grader.lab.restrictions import hide_grader, limit, stay_on
from grader.lab.server_trouble import ServerTrouble
from grader.lab.soundness import Soundness
from grader.lab.surroundings import Surroundings, enter
from grader.lab.trail import can_be_followed, explained
from grader.lab.walls import Walls
from grader.rules import ABOUT_IMPORTS, FIRST_IMPORT, asked_in, rules_of


def become_child(job: Job, walls: Walls, results: int, output: int) -> None:
    """Turn the forked copy of the server into the child of a job; never returns.

    Args:
        job: what to do.
        walls: the walls around it.
        results: file descriptor for the messages.
        output: file descriptor for what the learner's code prints.
    """
    try:
        os.setsid()
        gc.disable()  # a child makes too little to run out of memory; and see `expect_untouched`
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        grade_chapter(job, walls, results)
    finally:
        os._exit(0)


def grade_chapter(job: Job, walls: Walls, results: int) -> None:
    """Judge the checks of a job, one after the other.

    Args:
        job: what to do.
        walls: the walls around it.
        results: file descriptor for the messages.
    """
    reporter = reporter_to(results, job.token)
    process = os.getpid()
    limit(job)
    stay_on(job.cpu)
    open_to = walls.enclose(Path(job.root), job.url, job.user)
    end_with_the_parent()
    close_all_but(results)
    reporter.send({"event": "hello", "process": process, "open": open_to})
    place = place_of(job)
    rules = rules_of(job.chapter)
    checks = tuple((rule.name, rule.function, rule.asks) for rule in rules)
    names = asked_in(job.chapter)
    makers = load_makers(job.chapter, names)
    enter(job.root, job.url)
    listen_to_connections()
    # Before any code of the learner's, which could keep it from that.
    heard = looks.handlers(reporter.send, job.root) if job.may_look else {}
    looks.listen(heard | (openings.HANDLERS if "untouched" in names else {}))
    trouble = ServerTrouble(place)
    relied = own()
    asked = rely_on([makers], functions=(each.make for each in makers.values()))
    speech = rely_on([], functions=reporter)
    hide_grader()
    surroundings = Surroundings(job.root)
    soundness = Soundness(place, makers, surroundings)
    imported = False  # whether the app was ever imported here
    used = False  # whether the app, as it is imported now, has served a check before
    served: set[int] = set()  # which checks have passed on it
    left = [*job.checks]
    while left:
        ticket = left.pop(0)
        position, control = unsealed(job.token, ticket)
        reporter.send({"event": "start", "check": ticket})
        faulthandler.dump_traceback_later(job.seconds, file=results)  # tells the bench where it hangs
        for _ in range(2):
            again = rules[position].name == FIRST_IMPORT and imported
            # A new child judges this check, and those after it.
            if (again or surroundings.are_lost()) and not control:
                left = [each for each in left if unsealed(job.token, each)[1]]
                break
            surroundings.restore()
            try:
                prepare_database(place)
            except NotPrepared as reason:
                reporter.send({"event": "not prepared", "check": ticket, "reason": str(reason)})
                return
            trouble.begin()
            imported = True
            with open_parts(place, makers) as parts:
                outcome, told = judge(parts, *checks[position], unmeetable=ticket if control else "")
                if os.getpid() != process:  # a copy of this process that the learner's code has made
                    _exit(0)
                if speech.replaced():
                    _exit(SPOILT)
                if outcome == "passed" and not control:
                    if replaced := relied.replaced() or asked.replaced() or parts.replaced() or silenced():
                        outcome, told = spoilt(replaced)
                    elif not missed_nothing(parts.seen):
                        outcome, told = missed()
                passed = outcome == "passed"
                # What a used app did wrong may come from the checks before: only a new one is blamed for it.
                settled = passed or not used or control
                doubtful = settled and not control and soundness.is_in_doubt(outcome, told, rules[position].task)
                reporter.mark_output(ticket if settled else BEFORE)
                unread = None if passed or not settled or doubtful or control else parts.unread
                lost = can_be_followed(unread, outcome, told, job.seconds)
                met = "" if passed or control else trouble.met()
                if settled and not doubtful and not lost:
                    # At once: nobody waits for what is put away.
                    reporter.tell(ticket, outcome, told, met, last=not left)
            if doubtful:
                outcome, told = soundness.unless_broken(outcome, told, rules[position].task)
            if lost and unread is not None:
                told = {**told, **explained(unread, place, makers, surroundings, *checks[position][1:])}
            if doubtful or lost:  # the learner's code has run once more, and may have done anything
                if os.getpid() != process:
                    _exit(0)
                if speech.replaced() or outcome == "passed":
                    _exit(SPOILT)
                reporter.mark_output(BEFORE)
                reporter.tell(ticket, outcome, told, met, last=not left)
            # After a control, too, a new import: the next check might pass because of what the control left behind;
            # not where the same check has run to its end before, which has left no less.
            served |= {position} if passed else set()
            alone = parts.code.imports_anew or job.chapter in ABOUT_IMPORTS
            used = (passed or (control and position in served)) and not alone
            if not used:
                forget_app()
                served.clear()
            if settled:
                break
