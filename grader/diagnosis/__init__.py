"""In the child: which mistake was made. The verdict is given by then; this is for the explanation alone.

A reading (`grader.diagnosis.reading`) is a named mistake and the condition under which it is that mistake. There is one
module of readings for each chapter; the first reading of a chapter that holds is told. Where none does, the rule's
own words are: a wrong diagnosis is worse than none. Nothing heavy is imported here: pages and commands name mistakes
too.
"""
