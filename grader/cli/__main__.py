"""Commands: ``python -m grader.cli`` is ``workbook``."""

from grader.cli import main

main()
