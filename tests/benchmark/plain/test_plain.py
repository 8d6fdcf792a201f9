"""The checks of the chapter under measurement."""

import importlib
import os

module = importlib.import_module(f"grader.test_{os.environ['BENCHMARK_CHAPTER']}")
globals().update({name: value for name, value in vars(module).items() if name.startswith("test_")})
