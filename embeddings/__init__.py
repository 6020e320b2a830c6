"""Batches in, vectors out: encoders, losses, the loop, encode, evals."""
