"""The grader: the rules of the workbook and the bench that judges a learner's code by them."""


class BadInput(Exception):
    """The grader cannot work with what it was given; the message says what to do."""
