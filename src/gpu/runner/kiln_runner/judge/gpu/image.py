"""A file of an artifact as the judge reads it: its content, and what its symbols say. Nothing of it reaches the device."""
from functools import cached_property
from pathlib import Path

from ...compile.elf import ConstantBank, Variable, called_from_outside, constant_bank, cubin_variables
from ..artifacts import Artifact

Images = dict[Path, "Image"]


class Image:
    """ValueError, where it is asked what it holds, if it is no ELF file."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @cached_property
    def called(self) -> set[str]:
        """Functions of the driver."""
        return called_from_outside(self.content)

    @cached_property
    def variables(self) -> dict[str, Variable]:
        return cubin_variables(self.content)

    @cached_property
    def bank(self) -> ConstantBank:
        return constant_bank(self.content)


def read_images(artifact: Artifact) -> Images:
    return {file: Image(file.read_bytes()) for file in artifact.code_files()}


def understood(images: Images) -> Images:
    """Read to the end, where that can be; what cannot is told when it is loaded."""
    for image in images.values():
        try:
            _ = image.called, image.variables, image.bank
        except ValueError:
            pass
    return images
