"""Tests of embeddings/mining."""
