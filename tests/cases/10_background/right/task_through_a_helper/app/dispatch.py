"""Dispatch."""


def later(tasks, function, *arguments):
    tasks.add_task(function, *arguments)
