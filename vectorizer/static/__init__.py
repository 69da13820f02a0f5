"""Rewriting from text alone, for `vectorizer emit`, `diff` and `explain`: nothing of the user's is imported or run."""

from vectorizer.static.arguments import given_facts
from vectorizer.static.module import Emitted, rewrite_module
from vectorizer.static.problems import InputError, Place
from vectorizer.static.reading import StaticModule, read_module
from vectorizer.static.targets import GIVEN_NONE, Options, Target, find_targets

__all__ = [
    "GIVEN_NONE",
    "Emitted",
    "InputError",
    "Options",
    "Place",
    "StaticModule",
    "Target",
    "find_targets",
    "given_facts",
    "read_module",
    "rewrite_module",
]
