"""The lessons' own small example, a shelf of books; your application keeps items instead."""
