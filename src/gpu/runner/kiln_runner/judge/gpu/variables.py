"""Variables of an artifact's modules in device memory, and the copies that fill them before a run."""
from collections.abc import Collection, Sequence
from ctypes import c_void_p
from typing import Callable, NamedTuple

from kiln_runner.protocol import TensorArgument

from ...compile.elf import ConstantBank, Variable
from ..failures import LaunchRejected
from ..symbols import Fill, refuse_misfit
from .driver import Driver
from .image import Image

Copy = Callable[[], None]


class _Module(NamedTuple):
    handle: c_void_p
    variables: dict[str, Variable]
    bank: ConstantBank


class Variables:
    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._modules: list[_Module] = []

    def add(self, handle: c_void_p, image: Image) -> None:
        """ValueError where the image is no ELF file."""
        self._modules.append(_Module(handle, image.variables, image.bank))

    def copies(self, fills: Sequence[Fill], resolve: Callable[[TensorArgument], int]) -> list[Copy]:
        """Queue one copy each, from the addresses that `resolve` gives. LaunchRejected names the symbol that cannot be filled."""
        return [self._copy(fill, resolve) for fill in fills]

    def constants(self, filled: Collection[str]) -> bytes:
        """What is declared `__constant__`, as it is now, but for what the judge fills before every run. Waits where there is any."""
        return b"".join(self._read_bank(module, filled) for module in self._modules if module.bank.symbols)

    def _copy(self, fill: Fill, resolve: Callable[[TensorArgument], int]) -> Copy:
        refuse_misfit(fill, {name: variable for module in self._modules for name, variable in module.variables.items()})
        module = next(module for module in self._modules if fill.name in module.variables)
        found = self._driver.variable(module.handle, fill.name)
        if found is None or found[1] < fill.size:
            raise LaunchRejected(fill.field, f'the driver does not offer the variable "{fill.name}": declare it at file scope, and not static')
        driver, to = self._driver, found[0]
        if fill.tensor is None:
            return lambda: driver.upload(to, fill.data)
        source = resolve(fill.tensor)
        return lambda: driver.copy(to, source, fill.size)

    def _read_bank(self, module: _Module, filled: Collection[str]) -> bytes:
        bank = bytearray(self._download_bank(module))
        for name in set(filled) & set(module.bank.symbols) if bank else ():
            start, size = module.bank.symbols[name], module.variables[name].bytes
            bank[start : start + size] = bytes(size)
        return bytes(bank)

    def _download_bank(self, module: _Module) -> bytes:
        for name, offset in module.bank.symbols.items():
            found = self._driver.variable(module.handle, name)
            if found is not None:
                return self._driver.download(found[0] - offset, module.bank.size)
        # All of them are known inside the module alone.
        return b""
