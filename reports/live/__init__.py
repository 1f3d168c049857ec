"""The live page: one small query a refresh, shared by all who look, and none while nobody does."""

from .serve import serve

__all__ = ["serve"]
