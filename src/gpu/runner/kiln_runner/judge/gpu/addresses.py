"""Where mappings lie in the reserved range of addresses: drawn, so that nobody finds one from another, and never side by side. Pure."""
import random
from collections.abc import Sequence
from typing import NamedTuple

from ..failures import InfraFailure

# Unmapped pages before and behind every mapping: as many as are drawn from these.
GAP_PAGES_LEAST, GAP_PAGES_MAX = 1, 8
TRIES_MAX = 64


class Region(NamedTuple):
    """Addresses of a group's mappings in the order they were asked for; `start` and `end` also take in the unmapped pages around them."""

    start: int
    end: int
    places: list[int]


class Addresses:
    """`size` bytes from `base`, in pages of `page` bytes. `apart`: from where to where nothing is drawn."""

    def __init__(self, base: int, size: int, page: int, rng: random.Random, apart: "tuple[int, int]" = (0, 0)) -> None:
        self._base, self._pages, self._page, self._rng = base, size // page, page, rng
        self._regions = [Region(*apart, [])]

    def draw(self, sizes: Sequence[int]) -> Region:
        """Places for mappings of these sizes, multiples of a page. They are near one another, which costs the fewest page tables, in drawn order
        and distances; the group lies anywhere."""
        offsets, pages = self._arrange([size // self._page for size in sizes])
        for _ in range(TRIES_MAX if pages <= self._pages else 0):
            start = self._base + self._page * self._rng.randrange(self._pages - pages + 1)
            region = Region(start, start + self._page * pages, [start + self._page * offset for offset in offsets])
            if not any(region.start < other.end and other.start < region.end for other in self._regions):
                self._regions.append(region)
                return region
        raise InfraFailure("out_of_memory", f"no {pages} pages in a row are free among the {self._pages} that this process could reserve")

    def give_back(self, region: Region) -> None:
        self._regions.remove(region)

    def _arrange(self, counts: Sequence[int]) -> tuple[list[int], int]:
        """First page of each group member within the group, and the pages of all with the gaps."""
        offsets, at = [0] * len(counts), self._gap()
        for number in self._rng.sample(range(len(counts)), len(counts)):
            offsets[number] = at
            at += counts[number] + self._gap()
        return offsets, at

    def _gap(self) -> int:
        return self._rng.randint(GAP_PAGES_LEAST, GAP_PAGES_MAX)
