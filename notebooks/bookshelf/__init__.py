"""The lessons' own example: a shelf of books."""
