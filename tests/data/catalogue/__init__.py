"""Tests of data/catalogue/."""
