"""Tests of data/cleaning."""
