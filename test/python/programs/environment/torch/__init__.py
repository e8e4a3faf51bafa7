"""Stands for PyTorch in tests: no tensors, and extensions that are built as PyTorch builds them, by a compiler into a folder."""
import ctypes

__version__ = "2.99.0"


class _Ops:
    def __init__(self) -> None:
        self.loaded: list[ctypes.CDLL] = []

    def load_library(self, path: str) -> None:
        self.loaded.append(ctypes.CDLL(path))


class _Cuda:
    def init(self) -> None:
        raise RuntimeError("No CUDA GPUs are available")

    def is_available(self) -> bool:
        return False


ops, cuda = _Ops(), _Cuda()
