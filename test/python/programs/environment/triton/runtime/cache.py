import functools
import json
import os
import subprocess
from typing import Any

from triton import knobs


@functools.lru_cache
def triton_key() -> Any:
    return subprocess.check_output(["/bin/echo", "triton"]).decode()


class FileCacheManager:
    def __init__(self, key: Any) -> None:
        self.folder = os.path.join(knobs.cache_dir(), key)
        os.makedirs(self.folder, exist_ok=True)

    def get_file(self, name: Any) -> Any:
        path = os.path.join(self.folder, name)
        return path if os.path.exists(path) else None

    def put(self, data: Any, name: Any) -> Any:
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(data)
        return os.path.join(self.folder, name)

    def put_group(self, name: Any, group: Any) -> Any:
        self.put(json.dumps({"child_paths": group}).encode(), f"__grp__{name}")

    def get_group(self, name: Any) -> Any:
        path = self.get_file(f"__grp__{name}")
        if path is None:
            return None
        with open(path) as file:
            return {name: path for name, path in json.load(file)["child_paths"].items() if os.path.exists(path)}


def get_cache_manager(key: Any) -> Any:
    return FileCacheManager(key)
