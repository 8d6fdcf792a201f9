"""Grades a class: many submissions on many benches, and a gradebook to trust."""
