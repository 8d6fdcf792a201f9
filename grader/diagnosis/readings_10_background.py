"""In the child: mistakes of chapter 10, in the order in which they are tried."""

from grader.diagnosis.anywhere import unknown_attribute, unknown_name, used_before_assignment

READINGS = (unknown_name, used_before_assignment, unknown_attribute)
