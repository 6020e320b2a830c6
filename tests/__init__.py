"""Tests, which mirror the tree."""
