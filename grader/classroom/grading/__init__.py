"""Command: what is to be found out about a class, and who finds it out."""
