"""Rewriting from text alone, for `vectorizer emit`, `diff` and `explain`: nothing of the user's is imported or run."""
