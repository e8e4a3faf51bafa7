"""Where the GPU judge's buffers lie: drawn addresses, unmapped pages around every mapping, guards in all that is mapped beside a buffer."""
import os
import random
import subprocess
import sys
import unittest
from pathlib import Path

RUNNER = Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"
sys.path.insert(0, str(RUNNER))
from kiln_runner.judge.case_cache import CaseCache  # noqa: E402
from kiln_runner.judge.failures import InfraFailure  # noqa: E402
from kiln_runner.judge.gpu.addresses import Addresses  # noqa: E402
from kiln_runner.judge.gpu.driver import OUT_OF_MEMORY, CudaError  # noqa: E402
from kiln_runner.judge.gpu.memory import Memory  # noqa: E402
from kiln_runner.judge.gpu.placing import place_case  # noqa: E402
from kiln_runner.judge.layout import guards_in, room  # noqa: E402

PAGE = 2 << 20
BASE = 1 << 40
GIB = 1 << 30


class DrawnAddresses(unittest.TestCase):
    def test_an_unmapped_page_lies_on_both_sides_of_every_mapping(self) -> None:
        addresses, spans = Addresses(BASE, 1 << 32, PAGE, random.Random(1)), []
        for count in (1, 3, 16, 2, 1):
            sizes = [PAGE * (1 + n % 3) for n in range(count)]
            spans += [(place, place + size) for place, size in zip(addresses.draw(sizes).places, sizes)]
        spans.sort()
        self.assertTrue(all(start % PAGE == 0 for start, _ in spans))
        self.assertTrue(all(end + PAGE <= start for (_, end), (start, _) in zip(spans, spans[1:])))
        self.assertGreaterEqual(spans[0][0], BASE + PAGE)
        self.assertLessEqual(spans[-1][1] + PAGE, BASE + (1 << 32))

    def test_neither_a_place_nor_the_order_or_distance_within_a_group_can_be_told_from_another(self) -> None:
        groups = [Addresses(BASE, 1 << 46, PAGE, random.Random(n)).draw([PAGE] * 3).places for n in range(64)]
        self.assertEqual(len({places[0] for places in groups}), 64)
        self.assertGreater(len({places[1] - places[0] for places in groups}), 8)
        self.assertEqual({places[1] > places[0] for places in groups}, {True, False})

    def test_nothing_is_drawn_where_recordings_have_their_addresses(self) -> None:
        apart = (BASE + 64 * PAGE, BASE + 192 * PAGE)
        addresses = Addresses(BASE, 256 * PAGE, PAGE, random.Random(1), apart)
        for _ in range(200):
            region = addresses.draw([PAGE])
            self.assertTrue(region.end <= apart[0] or region.start >= apart[1])
            addresses.give_back(region)

    def test_what_is_given_back_is_used_again_and_what_is_full_says_so(self) -> None:
        addresses = Addresses(BASE, 20 * PAGE, PAGE, random.Random(1))
        for _ in range(100):
            addresses.give_back(addresses.draw([PAGE]))
        with self.assertRaises(InfraFailure) as raised:
            addresses.draw([20 * PAGE])
        self.assertEqual(raised.exception.code, "out_of_memory")


TAKE = """
import random
from kiln_runner.judge.gpu.driver_place import Hiding
class Seven(random.Random):
    def randrange(self, *_): return 7
hiding = Hiding()
hiding.take(Seven())
hiding.take(Seven())
print(len(hiding.taken))
hiding = Hiding()
def lines(): return [line for line in open("/proc/self/maps") if line.startswith("200000000-")]
print(lines())
hiding.taken = [(8 + 4 * n) << 30 for n in range(7)]
hiding.end()
print(lines())
"""


class DriverPlace(unittest.TestCase):
    def test_a_drawn_number_of_the_drivers_places_is_taken_for_nothing(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(RUNNER)}
        done = subprocess.run([sys.executable, "-c", TAKE], env=environment, capture_output=True, text=True, check=True)
        again, taken, ended = done.stdout.splitlines()
        self.assertIn(f"{(8 + 7 * 4) << 30:x} ---p", taken)
        self.assertEqual((again, ended), ("0", "[]"), "what is taken is not taken again, and is free in the end")


class RoomOfABuffer(unittest.TestCase):
    def test_it_ends_where_its_mapping_ends_as_far_as_alignment_allows(self) -> None:
        for size in (1, 255, 256, 257, PAGE - 1, PAGE, PAGE + 1, 4_000_012):
            found = room(size, PAGE)
            self.assertEqual((found.mapped % PAGE, found.offset % 256), (0, 0))
            self.assertLess(found.mapped - found.offset - size, 256)
            self.assertGreaterEqual(found.mapped - found.offset - size, 0)
            self.assertLess(found.mapped - size, PAGE)

    def test_guards_take_every_byte_of_the_mapping_that_is_not_the_buffers(self) -> None:
        for size in (1, 300, PAGE - 1, PAGE, 3 * PAGE):
            found = room(size, PAGE)
            guards = guards_in("0/a", found)
            spans = sorted([(g.offset, g.offset + g.bytes) for g in guards] + [(found.offset, found.offset + size)])
            self.assertEqual((spans[0][0], spans[-1][1]), (0, found.mapped))
            self.assertTrue(all(end == start for (_, end), (start, _) in zip(spans, spans[1:])))
            self.assertTrue(all(g.bytes for g in guards))

    def test_a_case_has_every_replica_scratch_two_looks_and_its_guard_table(self) -> None:
        tensors = [{"name": "a", "role": "in", "dtype": "f32", "elements": 3}, {"name": "o", "role": "out", "dtype": "f32", "elements": 5}]
        places = place_case({"tensors": tensors}, 2, {"reference": {"t": 7}, "candidate": {}}, PAGE)
        self.assertLessEqual({f"{kind}{look}/o" for kind in ("kept", "expected") for look in (0, 1)} | {"guards"}, set(places.private))
        self.assertEqual(set(places.visible), {"0/a", "0/o", "1/a", "1/o", "reference.t"})
        last = max(places.private.values(), key=lambda place: place.offset)
        self.assertGreaterEqual(places.private_bytes, last.offset + last.bytes)
        self.assertEqual(places.sizes, [PAGE] * 5 + [places.private_bytes])
        entries = [guard for name, found in places.visible.items() for guard in guards_in(name, found)]
        self.assertLessEqual(16 * len(entries), places.private["guards"].bytes)


class FakeDriver:
    """Physical memory of a device, and what is mapped where."""

    def __init__(self, total: int, free: int) -> None:
        self.total, self.left = total, free
        self.sizes: dict[int, int] = {}
        self.mapped: dict[int, tuple[int, int]] = {}
        self.reserved: list[int] = []
        self.created, self.fails_to_map_after = 0, 1 << 30

    def page_bytes(self) -> int:
        return PAGE

    def total_bytes(self) -> int:
        return self.total

    def memory_bytes(self) -> tuple[int, int]:
        return self.left, self.total

    def reserve_addresses(self, size: int) -> int:
        self.reserved.append(size)
        if size > 1 << 44:
            raise CudaError(OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "cuMemAddressReserve")
        return BASE

    def create_memory(self, size: int) -> int:
        if size > self.left:
            raise CudaError(OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "cuMemCreate")
        self.left -= size
        self.created += 1
        self.sizes[self.created] = size
        return self.created

    def release_memory(self, handle: int) -> None:
        self.left += self.sizes.pop(handle)

    def map_memory(self, address: int, size: int, handle: int) -> None:
        if len(self.mapped) >= self.fails_to_map_after:
            raise CudaError(1, "CUDA_ERROR_INVALID_VALUE", "cuMemMap")
        assert size == self.sizes[handle] and address not in self.mapped
        self.mapped[address] = (size, handle)

    def unmap_memory(self, address: int, size: int) -> None:
        assert self.mapped.pop(address)[0] == size


class MappedMemory(unittest.TestCase):
    def test_physical_memory_is_used_again_at_another_address(self) -> None:
        driver = FakeDriver(80 * GIB, 80 * GIB)
        memory = Memory(driver)
        first = memory.map([5, PAGE + 1])
        self.assertEqual([piece.bytes for piece in first.pieces], [PAGE, 2 * PAGE])
        memory.free(first)
        self.assertEqual(driver.mapped, {})
        second = memory.map([5, PAGE + 1])
        self.assertEqual(driver.created, 2)
        self.assertNotEqual([piece.address for piece in first.pieces], [piece.address for piece in second.pieces])

    def test_who_maps_again_gets_its_own_physical_memory_whatever_was_mapped_between(self) -> None:
        driver = FakeDriver(80 * GIB, 80 * GIB)
        memory = Memory(driver)
        cases = {name: memory.map([PAGE, PAGE], name) for name in ("small", "large", "tall")}
        before = {name: [piece.handle for piece in block.pieces] for name, block in cases.items()}
        for block in cases.values():
            memory.free(block)
        for name in ("tall", "small", "large"):
            self.assertEqual([piece.handle for piece in memory.map([PAGE, PAGE], name).pieces], before[name], name)

    def test_a_process_that_may_not_reserve_so_much_reserves_less(self) -> None:
        driver = FakeDriver(80 * GIB, 80 * GIB)
        Memory(driver)
        self.assertEqual(driver.reserved, [1 << 46, 1 << 44])

    def test_a_full_device_gets_what_was_kept_before_it_is_called_full(self) -> None:
        driver = FakeDriver(64 * GIB, 10 * PAGE)
        memory = Memory(driver)
        memory.free(memory.map([8 * PAGE]))
        self.assertEqual(driver.left, 2 * PAGE)
        memory.free(memory.map([9 * PAGE]))
        with self.assertRaises(CudaError):
            memory.map([PAGE, 11 * PAGE])
        self.assertEqual(driver.mapped, {}, "what was mapped before the failure stays mapped")
        memory.trim()
        self.assertEqual(driver.left, 10 * PAGE)

    def test_a_mapping_that_fails_leaves_nothing_behind(self) -> None:
        driver = FakeDriver(80 * GIB, 80 * GIB)
        memory = Memory(driver)
        driver.fails_to_map_after = 2
        with self.assertRaises(CudaError):
            memory.map([PAGE] * 3)
        self.assertEqual(driver.mapped, {})

    def test_no_more_than_a_share_of_the_device_is_kept_without_a_mapping(self) -> None:
        driver = FakeDriver(16 * GIB, 16 * GIB)
        memory = Memory(driver)
        memory.free(memory.map([GIB, GIB, GIB]))
        self.assertEqual(driver.left, 15 * GIB)

    def test_a_parked_judge_holds_little_and_leaves_most_to_the_one_that_works(self) -> None:
        self.assertTrue(Memory(FakeDriver(80 * GIB, 76 * GIB)).stock([GIB, GIB]))
        self.assertFalse(Memory(FakeDriver(80 * GIB, 76 * GIB)).stock([GIB, 2 * GIB]))
        self.assertFalse(Memory(FakeDriver(80 * GIB, 39 * GIB)).stock([2 * GIB]))

    def test_what_was_stocked_is_mapped_without_more_memory(self) -> None:
        driver = FakeDriver(80 * GIB, 80 * GIB)
        memory = Memory(driver)
        memory.stock([3 * PAGE, PAGE])
        memory.map([3 * PAGE, PAGE])
        self.assertEqual(driver.created, 2)


class Weight:
    def __init__(self, weight: int) -> None:
        self.weight, self.closed = weight, False

    def close(self) -> None:
        self.closed = True


class OpenedCases(unittest.TestCase):
    def test_those_not_used_for_longest_make_room(self) -> None:
        cache, cases = CaseCache(), [Weight(3), Weight(4), Weight(5)]
        for number, case in enumerate(cases):
            cache.get((number,), lambda case=case: case, lambda: 0)
        cache.get((0,), lambda: Weight(0), lambda: 0)
        cache.shrink(lambda case: case.weight, 8)
        self.assertEqual([case.closed for case in cases], [False, True, False])
        cache.clear()
        self.assertTrue(all(case.closed for case in cases))


if __name__ == "__main__":
    unittest.main()
