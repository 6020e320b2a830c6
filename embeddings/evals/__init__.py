"""Evaluations, which take an `encode` function and know no model."""
