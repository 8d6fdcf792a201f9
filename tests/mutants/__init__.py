"""Mutants: solutions with one small change in what a learner writes; the grader has to notice each.

``python -m tests.mutants [chapter ...]`` makes them, grades them, and lists those that nothing was found wrong with.
A survivor is a rule that is missing, or it behaves the same; then ``NN_name.toml`` beside this file lists it::

    [[same]]
    reason = "The result that all() would make a list of is iterable as it is."
    database = "sqlite"                   # only where that holds on one of the two
    mutants = ["5.3: return db.scalars(...).all() => return db.scalars(...)"]

`tests/test_mutants.py` keeps the lists honest, one chapter each day.
"""
