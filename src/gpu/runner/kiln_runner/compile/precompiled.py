"""CUDA C++ through NVRTC with the headers that a source starts with compiled once a worker (NVRTC's precompiled headers, 12.8 and later).

Fast only: what comes out is what a plain compile gives, or it is compiled plainly. So
- params are defined behind the headers in both ways (params.py), and those that are defined before them are for plain compiles: NVRTC takes
  precompiled headers for the same defines only, and every point of a sweep has others;
- what does not compile, or makes NVRTC speak of precompiled headers, is compiled again plainly, and the plain result counts;
- headers that were of no use once (they do not compile, they warn, the heap or the disk is full) are not tried again.

States of a set of headers: unseen -> seen (compiled plainly; it may be the only source with them) -> made | useless.
"""
import itertools
import re
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from kiln_runner.compile.nvrtc import Compiled, Nvrtc, NvrtcFailure, defines
from kiln_runner.compile.opening import Opening, opening_of
from kiln_runner.compile.params import Placed, place_params
from kiln_runner.compile.ptxas import split_ptxas
from kiln_runner.protocol import Params

# The heavy ones (cooperative groups, barriers) take 140 MB: two of those, or some dozen of the others.
BYTES_MAX = 320 * 1024 * 1024
# Of the disk: every worker keeps files, and artifacts and results need room more.
FREE_BYTES_LEAST = 8 * 1024 ** 3
# Making them takes about two plain compiles: the first time they must come again, after each time they had to go twice as often.
SEEN_LEAST = 2
# Sets of headers that are remembered.
KNOWN_MAX = 256
_STOP = "#pragma nv_hdrstop\n"
# Of NVRTC, when it does not take the file; and what a source may say about where its headers end.
_ABOUT_HEADERS = re.compile(r"precompiled header|hdr_?stop|no_pch")


class Headers:
    """One set of headers for one target. `file` None: not made, or useless."""

    def __init__(self) -> None:
        self.times_seen = 0
        self.seen_least = SEEN_LEAST
        self.is_useless = False
        self.file: Optional[Path] = None
        self.bytes = 0


class _Key(NamedTuple):
    includes: tuple[str, ...]
    options: tuple[str, ...]


class PrecompiledHeaders:
    """`folder`: this worker's own, since NVRTC maps the files to addresses that differ from process to process."""

    def __init__(self, nvrtc: Nvrtc, folder: str) -> None:
        self._nvrtc = nvrtc
        self._folder = Path(tempfile.mkdtemp(prefix="headers-", dir=folder))
        self._known: OrderedDict[_Key, Headers] = OrderedDict()
        self._numbers = itertools.count(1)

    def compile(self, source: str, params: Params, options: list[str], names: Sequence[str] = ()) -> Compiled:
        """As Nvrtc.compile with the params defined."""
        opening = opening_of(source)
        may_be_apart = self._nvrtc.precompiles and not _ABOUT_HEADERS.search(source)
        headers = self._headers(opening, options) if opening and may_be_apart else None
        placed = place_params(source, params, opening)
        if headers is None or placed.before:
            return self._plain(placed, options, names)
        built = self._with(headers, place_params(source, params, opening, _STOP).source, options, names)
        if built is None:
            built = self._plain(placed, options, names)
            if built.cubin is not None:
                self._give_up(headers)
        return built

    def _plain(self, placed: Placed, options: list[str], names: Sequence[str]) -> Compiled:
        return self._nvrtc.compile(placed.source, options + defines(placed.before), names)

    def _with(self, headers: Headers, source: str, options: list[str], names: Sequence[str]) -> Optional[Compiled]:
        """None where the plain compile must decide."""
        try:
            built = self._nvrtc.compile(source, [*options, f"--use-pch={headers.file}", "--pch-messages=false"], names)
        except NvrtcFailure:
            return None
        return None if built.cubin is None or _ABOUT_HEADERS.search(built.log) else built

    def _headers(self, opening: Opening, options: list[str]) -> Optional[Headers]:
        """Those of this opening, made now where that is worth it."""
        key = _Key(opening.includes, tuple(options))
        headers = self._known.setdefault(key, Headers())
        self._known.move_to_end(key)
        headers.times_seen += 1
        if headers.file is None and headers.times_seen >= headers.seen_least and not headers.is_useless:
            self._make(key, headers)
        self._forget_oldest()
        return headers if headers.file else None

    def _make(self, key: _Key, headers: Headers) -> None:
        if shutil.disk_usage(self._folder).free < FREE_BYTES_LEAST:
            return
        file = self._folder / f"{next(self._numbers)}.pch"
        source = "".join(f"#include <{name}>\n" for name in key.includes) + _STOP
        try:
            built = self._nvrtc.compile(source, [*key.options, f"--create-pch={file}", "--pch-messages=false"])
        except NvrtcFailure:
            built = Compiled(None, "", {})
        headers.file, headers.bytes = (file, file.stat().st_size) if file.exists() else (None, 0)
        # A warning in a header belongs to every source with it, and would be told of the first only.
        if built.cubin is None or headers.file is None or split_ptxas(built.log)[0]:
            self._give_up(headers)

    def _give_up(self, headers: Headers) -> None:
        headers.is_useless = True
        self._remove(headers)

    def _forget_oldest(self) -> None:
        """Until the files fit, but never the latest."""
        made = [headers for headers in self._known.values() if headers.file]
        total = sum(headers.bytes for headers in made)
        for headers in made[:-1]:
            if total <= BYTES_MAX:
                break
            total -= headers.bytes
            self._remove(headers)
        if len(self._known) > KNOWN_MAX:
            self._remove(self._known.popitem(last=False)[1])

    @staticmethod
    def _remove(headers: Headers) -> None:
        if headers.file is not None:
            headers.file.unlink(missing_ok=True)
        headers.file, headers.times_seen, headers.seen_least = None, 0, 2 * headers.seen_least
