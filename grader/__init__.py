"""The grader: the rules of the workbook and the bench that judges a learner's code by them."""
