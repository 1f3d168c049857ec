"""What tests share: fakes on the wire, builders, processes, waiting. Nothing here is a test, and no test module is imported."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
