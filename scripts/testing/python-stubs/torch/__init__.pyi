# PyTorch is not installed where types are checked; only what runs in an environment for programs imports it.
from typing import Any

def __getattr__(name: str) -> Any: ...
