"""Objectives: masked functions of the whole batch."""
