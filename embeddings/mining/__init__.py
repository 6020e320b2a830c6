"""Hard negatives: documents that are near a query and do not answer it."""
