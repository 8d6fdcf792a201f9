"""Runs the learner's code: the server, the children that it forks, and what a check holds there."""
