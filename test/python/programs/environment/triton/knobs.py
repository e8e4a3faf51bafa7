import os
from typing import Any


def libcuda_path() -> Any:
    return os.environ.get("TRITON_LIBCUDA_PATH")


def cache_dir() -> Any:
    return os.environ["TRITON_CACHE_DIR"]
