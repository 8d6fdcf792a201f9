"""The lessons' own example, a shelf of books; your application has items."""
