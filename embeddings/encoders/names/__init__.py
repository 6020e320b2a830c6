"""Hugging Face's names for our parameters and configs: a table a family."""
