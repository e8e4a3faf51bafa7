"""What a person's Python file draws, takes and returns, found by running it without a GPU (`kiln import`, docs/importers.md)."""
