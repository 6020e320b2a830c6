"""Programs on finished things: export, evaluate, search."""
