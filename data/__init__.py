"""Text in, batches out: records, mixtures, tokens, packing, loader."""
