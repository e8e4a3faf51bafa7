"""How far a problem is on its way to the judges of this host."""
from typing import NamedTuple


class Preparing(NamedTuple):
    """The problem's reference and baseline are being compiled."""


class Prepared(NamedTuple):
    """`frame` is the encoded `problem` frame for a judge."""

    frame: bytes


class Unpreparable(NamedTuple):
    infra: dict
