"""Files that a script would have written: there are no results yet."""
from typing import Any


def store_output_file(*_arguments: Any, **_named: Any) -> None:
    """Writes nothing."""


def store_metadata_file(*_arguments: Any, **_named: Any) -> None:
    """Writes nothing."""
