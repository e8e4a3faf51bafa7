"""Where a program's memory lies, also where several of its threads ask for some."""
import threading
import unittest
from typing import Any

from kiln_runner.programs.arena import Arena, Block

PAGE = 4096
BASE = 1 << 40


class Memory:
    """Lets another thread in wherever a driver would."""

    page = PAGE

    def __init__(self) -> None:
        self.mapped: list[int] = []
        self.meanwhile: Any = lambda: None

    def map(self, address: int, _size: int) -> None:
        self.mapped.append(address)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()

    def zero(self, _address: int, _size: int) -> None:
        pass


class Threads(unittest.TestCase):
    def setUp(self) -> None:
        self.memory: Any = Memory()
        self.arena = Arena(self.memory, BASE)

    def asked(self, size: int) -> "tuple[threading.Thread, list[int]]":
        """By a thread of its own."""
        given: list[int] = []
        thread = threading.Thread(target=lambda: given.append(self.arena.allocate(size)))
        thread.start()
        return thread, given

    def test_a_tensor_of_the_case_is_of_the_thread_that_makes_it(self) -> None:
        tensor = Block(BASE - PAGE, 64, BASE - PAGE, PAGE)
        self.arena.place_next(tensor)
        thread, given = self.asked(64)
        thread.join()
        self.assertNotEqual(given, [tensor.address])
        self.assertEqual(self.arena.allocate(64), tensor.address)
        self.assertNotEqual(self.arena.allocate(64), tensor.address)

    def test_two_threads_that_ask_at_the_same_time_are_given_two_places(self) -> None:
        others: list[tuple[threading.Thread, list[int]]] = []

        def meanwhile() -> None:
            others.append(self.asked(64))
            # As long as it takes where nobody holds it up.
            others[0][0].join(0.2)

        self.memory.meanwhile = meanwhile
        own = self.arena.allocate(64)
        others[0][0].join()
        self.assertEqual(len({own, *others[0][1]}), 2)
        self.assertEqual(len(set(self.memory.mapped)), 2)
        self.assertEqual(self.arena.refusal, "")


if __name__ == "__main__":
    unittest.main()
