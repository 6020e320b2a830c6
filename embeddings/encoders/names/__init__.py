"""Hugging Face's names for our parameters: one table a family."""
