"""Metamorphic tests: the same mistake in code that is written another way gets the same verdict and the same diagnosis.

Source: T. Y. Chen et al., "Metamorphic Testing: A Review of Challenges and Opportunities", ACM Computing Surveys 2018.
"""
