"""What the inventory finds of compilers and profilers, as it goes to those who run them. None: this host has none."""
from typing import Optional, TypedDict


class Tool(TypedDict):
    path: str
    version: str


class NvrtcTool(Tool):
    # Folders of CUDA's headers.
    includes: list[str]
    # Tells apart the headers of two toolkits.
    headers: str
    architectures: list[int]
    # Headers that kernels use and that are not there; empty: none.
    lacks: str


class TritonTool(Tool):
    """`path`: of a Python that has it."""

    # What it passes behind the arguments of a kernel.
    hidden: list[str]


class EnvironmentTool(TypedDict):
    """Of programs. `path`: its Python."""

    name: str
    path: str
    key: str


class Tools(TypedDict):
    gcc: Optional[Tool]
    nvrtc: Optional[NvrtcTool]
    nvcc: Optional[Tool]
    triton: Optional[TritonTool]
    ncu: Optional[Tool]
    environments: list[EnvironmentTool]
