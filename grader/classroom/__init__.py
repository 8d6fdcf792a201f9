"""Command: grades a class, from many submissions to a gradebook to trust.

``run`` tells the story: `intake` takes submissions in, `grading` judges on many benches what is not known yet, the
`store` keeps each verdict, `output` writes gradebook, pages and exports.
"""
