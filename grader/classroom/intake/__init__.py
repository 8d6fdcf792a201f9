"""Command: takes submissions, the roster and the weights in, and checks them.

A submission is what one learner handed in, in any of the layouts in which platforms give it out, read safely and within
limits. It becomes plain data: per chapter the code that counts, as bytes. Nothing of an archive is ever written where
it says: what is graded is written anew, file by file, below a folder of the grader's own.
"""

from grader.classroom.intake.apart import Reader
from grader.classroom.intake.entry import Download, Entry, Source
from grader.classroom.intake.finding import find, opened
from grader.classroom.intake.reading import read
from grader.classroom.intake.submission import Chapter, Submission, Unreadable

__all__ = ["Chapter", "Download", "Entry", "Reader", "Source", "Submission", "Unreadable", "find", "opened", "read"]
