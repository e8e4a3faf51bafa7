"""Stands for Triton in tests: the same doors (compile, cache, launchers, driver), each of which starts processes where Triton does. Every kernel is
one on the played GPU: it scales by the constant FACTOR."""
from triton.compiler import compile
from triton.runtime.jit import jit

__version__ = "3.99.0"
__all__ = ["compile", "jit"]
