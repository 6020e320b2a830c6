"""Tests of embeddings/encoders/names."""
