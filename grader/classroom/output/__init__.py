"""Command: what comes out of a run for people and for other programs."""
