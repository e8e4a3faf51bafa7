"""From calls of the driver to a recording and back: a played program's launches are noted as CUPTI shows them, parsed, and replayed in order."""
import ctypes
import hashlib
import struct
import unittest
from typing import Any, Callable, Optional

from kiln_runner.programs import driver_calls
from kiln_runner.programs.driver_calls import DRIVER_API, MODULE_LOADED, RESOURCE, DriverCalls
from kiln_runner.programs.recorder import NotRecordable, Range, Recorder
from kiln_runner.programs.recording import Copy, Fill, Launch, Recording, Recordings
from kiln_runner.programs.recording_shape import INPUTS_BASE, OPERATIONS_MAX, arena_base
from kiln_runner.programs.replay import Replay, ReplayRefused
from test.python.programs.small_cubin import ARCHITECTURE, cubin_of

ARENA = arena_base(5)
SCALE, OTHER = cubin_of({"scale": [8, 8, 4]}), cubin_of({"finish": [8]})
RANGES = [
    Range("x", INPUTS_BASE, 4096, "in", "x"), Range("w", ARENA, 1024, "static", None), Range("t", ARENA + 1024, 4096, "workspace", None),
    Range("out", ARENA + 8192, 4096, "out", "out"),
]
WEIGHTS = bytes(range(256)) * 4
LAUNCH, LAUNCH_EX, COOPERATIVE, SET_32, COPY, UPLOAD, DOWNLOAD, GRAPH = 307, 652, 477, 220, 281, 277, 279, 514


class PlayedFunctions:
    """Function handles are numbers of this list."""

    names = ("scale", "finish")
    layouts = ([(0, 8), (8, 8), (16, 4)], [(0, 8)])

    def name(self, function: int) -> str:
        return self.names[function - 1]

    def parameters(self, function: int) -> list[tuple[int, int]]:
        return self.layouts[function - 1]

    def module(self, function: int) -> Optional[str]:
        return None


class PlayedProgram:
    """Calls of the driver, laid out in memory as CUPTI shows them."""

    def __init__(self, *images: bytes) -> None:
        self.recorder = Recorder(ARCHITECTURE)
        self.calls = DriverCalls(self.recorder, PlayedFunctions())
        self.kept: list[Any] = []
        for image in images or (SCALE, OTHER):
            self.load(image)

    def keep(self, value: Any) -> int:
        self.kept.append(value)
        return ctypes.addressof(value)

    def load(self, image: bytes) -> None:
        data = ctypes.create_string_buffer(image, len(image))
        module = driver_calls._Module(1, len(image), self.keep(data))
        self.calls.on_callback(RESOURCE, MODULE_LOADED, self.keep(driver_calls._Resource(None, None, self.keep(module))))

    def call(self, number: int, arguments: Any, site: int = 0) -> None:
        self.calls.on_callback(DRIVER_API, number, self.keep(driver_calls._Callback(site, None, self.keep(arguments), None, None)))

    def words(self, number: int, *words: int) -> None:
        self.call(number, (ctypes.c_uint64 * 3)(*words))

    def parameters(self, *values: bytes) -> int:
        buffers = [ctypes.create_string_buffer(value, len(value)) for value in values]
        return self.keep((ctypes.c_uint64 * len(values))(*[self.keep(buffer) for buffer in buffers]))

    def scale(self, number: int = LAUNCH, **changes: Any) -> None:
        values = self.parameters(struct.pack("<Q", INPUTS_BASE), struct.pack("<Q", ARENA + 8192), struct.pack("<i", 1024))
        three = ctypes.c_uint * 3
        self.call(number, driver_calls._Launch(1, three(8, 1, 1), three(128, 1, 1), changes.get("shared", 0), None, values, None))

    def finish(self, cluster: tuple[int, int, int]) -> None:
        """As libraries launch: a configuration with attributes, and parameters in one buffer."""
        packed = ctypes.create_string_buffer(struct.pack("<Q", ARENA + 8192), 8)
        extra = (ctypes.c_uint64 * 5)(1, self.keep(packed), 2, self.keep(ctypes.c_size_t(8)), 0)
        attributes = (driver_calls._Attribute * 2)()
        attributes[0].number, attributes[0].value[0:3] = 4, list(cluster)
        attributes[1].number, attributes[1].value[0] = 6, 1
        three = ctypes.c_uint * 3
        config = driver_calls._Config(three(4, 1, 1), three(32, 1, 1), 1024, None, self.keep(attributes), 2)
        self.call(LAUNCH_EX, driver_calls._LaunchEx(self.keep(config), 2, None, self.keep(extra)))

    def play(self) -> None:
        self.words(SET_32, ARENA + 1024, 7, 1024)
        self.words(COPY, ARENA + 1024, INPUTS_BASE, 4096)
        self.words(UPLOAD, ARENA, self.keep(ctypes.create_string_buffer(b"new weights.....", 16)), 16)
        self.scale()
        self.finish((2, 1, 1))
        self.words(DOWNLOAD, self.keep(ctypes.create_string_buffer(8)), ARENA + 8192, 4)

    def recorded(self, play: "Optional[Callable[[], None]]" = None) -> tuple[Recording, dict[str, bytes]]:
        self.recorder.begin()
        (play or self.play)()
        self.recorder.end()
        text, blobs = self.recorder.finish(RANGES, lambda address, size: WEIGHTS[:size])
        return Recordings(blobs, ARCHITECTURE).parse(text), blobs


class PlayedDriver:
    """Keeps what a replay asks for."""

    def __init__(self, sizes: Optional[dict[str, list[int]]] = None) -> None:
        self.sizes = sizes or {"scale": [8, 8, 4], "finish": [8]}
        self.loaded: list[str] = []
        self.done: list[Any] = []

    def load(self, image: bytes) -> str:
        self.loaded.append(hashlib.sha256(image).hexdigest())
        return self.loaded[-1]

    def function(self, module: str, name: str) -> str:
        return name

    def parameter_sizes(self, function: str) -> list[int]:
        return self.sizes[function]

    def allow(self, function: str, shared: int, large_cluster: bool) -> None:
        self.done.append(("allow", function, shared, large_cluster))

    def launcher(self, function: str, launch: Launch) -> Callable[[], None]:
        return lambda: self.done.append((function, launch.grid, launch.cluster, launch.serialization))

    def fill(self, operation: Fill) -> None:
        self.done.append(operation)

    def copy(self, operation: Copy) -> None:
        self.done.append(operation)

    def upload(self, to: int, data: bytes) -> None:
        self.done.append(("upload", to, len(data)))


class FromCallsAndBack(unittest.TestCase):
    def test_what_is_called_is_what_is_recorded_and_replayed(self) -> None:
        recording, blobs = PlayedProgram().recorded()
        self.assertEqual(recording.notes, ("reads 4 bytes on the host",))
        launch = recording.operations[3]
        self.assertEqual([int.from_bytes(value, "little") for value in launch.parameters], [INPUTS_BASE, ARENA + 8192, 1024])
        driver, modules = PlayedDriver(), {}
        replay = Replay(recording, blobs, driver, modules)
        self.assertEqual(driver.done, [("allow", "scale", 0, False), ("allow", "finish", 1024, False)])
        driver.done.clear()
        replay.restore()
        self.assertEqual(driver.done, [("upload", ARENA, 1024)])
        driver.done.clear()
        replay.run()
        self.assertEqual(driver.done, [
            Fill(ARENA + 1024, 7, 4, 1024), Copy(INPUTS_BASE, ARENA + 1024, 4096), ("upload", ARENA, 16), ("scale", (8, 1, 1), None, False),
            ("finish", (4, 1, 1), (2, 1, 1), True),
        ])
        self.assertEqual(replay.places(), {"x": (INPUTS_BASE, 4096, "in"), "out": (ARENA + 8192, 4096, "out")})
        Replay(recording, blobs, driver, modules)
        self.assertEqual(len(driver.loaded), 2, "a binary that is loaded is loaded once")

    def test_the_same_calls_make_the_same_recording(self) -> None:
        self.assertEqual(PlayedProgram().recorded()[0].key, PlayedProgram().recorded()[0].key)
        other = PlayedProgram()
        self.assertNotEqual(other.recorded(lambda: other.scale())[0].key, PlayedProgram().recorded()[0].key)

    def test_only_what_is_called_between_begin_and_end_counts(self) -> None:
        program = PlayedProgram()
        program.play()
        recording, _ = program.recorded(lambda: program.scale())
        self.assertEqual(len(recording.operations), 1)
        # The end of a call is shown too.
        self.assertEqual(len(program.recorded(lambda: (program.scale(), program.call(LAUNCH, (ctypes.c_uint64 * 8)(), site=1)))[0].operations), 1)

    def test_a_cooperative_launch_is_told(self) -> None:
        program = PlayedProgram()
        self.assertTrue(program.recorded(lambda: program.scale(COOPERATIVE))[0].operations[0].cooperative)

    def test_what_cannot_be_recorded_is_said(self) -> None:
        for words, images, play in (
            ("it uses a CUDA graph of its own", (), lambda program: (program.scale(), program.words(GRAPH, 0, 0, 0))),
            ("it launches nothing", (), lambda program: None),
            ("of which no device binaries are known", (OTHER,), lambda program: program.scale()),
            ("of which 2 device binaries are known", (SCALE, cubin_of({"scale": [8, 8, 4], "twin": []})), lambda program: program.scale()),
            (f"more than {OPERATIONS_MAX} operations", (), lambda program: [program.scale() for _ in range(OPERATIONS_MAX + 1)]),
            ("an upload of 16777217 bytes", (), lambda program: program.words(UPLOAD, ARENA, 0, (1 << 24) + 1)),
            ("a call that could not be read", (), lambda program: program.call(LAUNCH, driver_calls._Launch(9))),
        ):
            with self.subTest(words):
                program = PlayedProgram(*images)
                with self.assertRaisesRegex(NotRecordable, words):
                    program.recorded(lambda program=program, play=play: play(program))

    def test_a_driver_that_sees_other_parameters_is_not_asked_to_launch(self) -> None:
        recording, blobs = PlayedProgram().recorded()
        with self.assertRaisesRegex(ReplayRefused, r"scale takes parameters of \[8, 8, 8\] bytes"):
            Replay(recording, blobs, PlayedDriver({"scale": [8, 8, 8], "finish": [8]}), {})
