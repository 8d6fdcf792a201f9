"""Server and child: runs the learner's code, and holds what a check arranges, does and observes there."""
