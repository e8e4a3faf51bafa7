"""A timed section on one core. Every side is a process of its own: where the system keeps one of them on the judge's core, whose caches hold
the tensors, and the other one elsewhere, the first looks faster than it is.
"""
import ctypes
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Callable

_C = ctypes.CDLL(None)


@contextmanager
def on_one_core(children: Callable[[], Iterable[int]]) -> Iterator[None]:
    """This thread and the processes that `children` names stay on the core where it is now, and may go anywhere again afterwards."""
    everywhere = sorted(os.sched_getaffinity(0))
    _bind((0, *children()), [_C.sched_getcpu()])
    try:
        yield
    finally:
        # Asked again: one that died was replaced by one that knows of the one core only.
        _bind((0, *children()), everywhere)


def _bind(processes: Iterable[int], cores: Sequence[int]) -> None:
    for process in processes:
        try:
            os.sched_setaffinity(process, cores)
        except OSError:
            # It died, or a sandbox is without the call: timed where it is.
            pass
