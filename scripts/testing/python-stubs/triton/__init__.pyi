# Triton is not installed where types are checked; only a child that compiles for it imports it.
from typing import Any

def __getattr__(name: str) -> Any: ...
