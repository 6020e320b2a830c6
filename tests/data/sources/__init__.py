"""Tests of data/sources/."""
