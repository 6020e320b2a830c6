"""Tests of embeddings/losses."""
