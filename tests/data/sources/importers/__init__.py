"""Tests of data/sources/importers."""
