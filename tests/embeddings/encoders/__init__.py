"""Tests of embeddings/encoders."""
