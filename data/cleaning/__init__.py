"""The rules that text passes on its way into a data set, one set for all."""
