"""Kernel: says what to run when somebody grades before the first cell of a lesson."""

c = get_config()  # noqa: F821
c.InteractiveShellApp.extensions = ["grader.lessons.early"]
