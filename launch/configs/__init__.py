"""Configs: each a Python file whose docstring is its command."""
