"""Tests of embeddings/evals."""
