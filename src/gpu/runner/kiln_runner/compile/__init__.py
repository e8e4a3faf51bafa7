"""Compiling device code: a pool of warm workers, one file a compiler, results kept by content hash."""
