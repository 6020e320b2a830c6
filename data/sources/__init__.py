"""Where pairs come from: one module, and one program, a kind of source."""
