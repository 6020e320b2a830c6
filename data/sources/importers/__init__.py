"""How published data sets become ours: a module, and a program, a format."""
