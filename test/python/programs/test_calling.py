"""What a program returned, as its outputs are found."""
import unittest
import weakref
from typing import Any

from kiln_runner.programs.calling import Given, outputs_of
from kiln_runner.programs.framework import Found


class Tensor:
    def __init__(self, address: int, is_contiguous: bool) -> None:
        self.address, self.is_contiguous = address, is_contiguous


class PlayedFramework:
    """Lays out what is not contiguous in memory that is free again once nobody has it."""

    def __init__(self) -> None:
        self.laid: list[weakref.ref[Tensor]] = []

    def look(self, value: Any) -> Any:
        return Found("float32", [4], value.address, 16, value.is_contiguous, True) if isinstance(value, Tensor) else None

    def contiguous(self, value: Tensor) -> Tensor:
        laid = Tensor(value.address + 4096, True)
        self.laid.append(weakref.ref(laid))
        return laid

    def type_of(self, _dtype: str) -> str:
        return "float32"


class Returned(unittest.TestCase):
    def test_outputs_that_were_laid_out_have_their_memory_until_all_are_found(self) -> None:
        framework: Any = PlayedFramework()
        given = [
            Given({"name": name, "dtype": "f32", "shape": [4], "role": "out", "distribution": {"kind": "zeros"}}, Tensor(at, True))
            for name, at in (("a", 0), ("b", 64))
        ]
        outputs = outputs_of([Tensor(128, False), Tensor(256, False)], given, framework)
        self.assertEqual([output.found.address for output in outputs if output.found], [128 + 4096, 256 + 4096])
        self.assertTrue(all(laid() is not None for laid in framework.laid), "the second would get the first one's memory")


if __name__ == "__main__":
    unittest.main()
