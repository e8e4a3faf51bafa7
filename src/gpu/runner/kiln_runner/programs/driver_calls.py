"""Reads the arguments of driver calls as CUPTI shows them when a call begins, and tells a recorder. Numbers are CUPTI's names of the calls; they
and the layouts were measured with driver 580 and CUPTI 13. Order of the notes = order of the calls.
"""
import ctypes
import threading
from collections.abc import Sequence
from ctypes import c_int, c_size_t, c_uint, c_uint64, c_void_p
from typing import Any, Callable, Optional, Protocol

from kiln_runner.programs.recorder import Call, Recorder

DRIVER_API, RESOURCE = 1, 3
MODULE_LOADED = 6
UPLOAD_BYTES_MAX = 16 * 1024 * 1024
# Of a binary into a module, and the end of one.
_LOAD, _UNLOAD = (18, 19, 20, 21), 22
_LAUNCH, _LAUNCH_EX, _COOPERATIVE = (307, 442), (652, 653), (477, 478)
_SET = {216: 1, 428: 1, 218: 2, 429: 2, 220: 4, 430: 4, 249: 1, 411: 1, 250: 2, 412: 2, 251: 4, 413: 4}
_COPY, _COPY_ANY = (281, 423, 280, 399), (306, 418, 305, 408)
_UPLOAD, _DOWNLOAD = (277, 421, 276, 397), (279, 422, 278, 398)
_OTHER = {
    514: "a CUDA graph of its own", 515: "a CUDA graph of its own",
    527: "functions of the host in a stream", 528: "functions of the host in a stream",
    **dict.fromkeys((287, 288, 289, 405, 406, 424), "copies of rectangles"), **dict.fromkeys((290, 291, 407, 425), "copies of volumes"),
    **dict.fromkeys((222, 224, 226, 252, 253, 254, 414, 415, 416, 431, 432, 433), "fills of rectangles"),
    **dict.fromkeys((318, 319, 320, 321, 409, 410, 426, 427), "copies between devices"),
    **dict.fromkeys((776, 777, 778, 779, 796, 797, 798, 799), "batches of copies"),
    598: "memory of a stream", 599: "memory of a stream", 243: "memory outside of its arena",
    371: "managed memory",
}
_CLUSTER, _COOPERATES, _SERIALIZES = 4, 2, 6
# Where a call is shown: before the driver does it, or after.
_BEGINS = 0
# Markers of what `extra` holds.
_END, _POINTER, _SIZE = 0, 1, 2
_EXTRA_MAX, _ATTRIBUTES_MAX = 8, 64


_Three = tuple[int, int, int]


class _Callback(ctypes.Structure):
    _fields_ = [("site", c_int), ("name", c_void_p), ("arguments", c_void_p), ("result", c_void_p), ("symbol", c_void_p)]


class _Resource(ctypes.Structure):
    _fields_ = [("context", c_void_p), ("handle", c_void_p), ("description", c_void_p)]


class _Module(ctypes.Structure):
    _fields_ = [("number", c_uint), ("size", c_size_t), ("image", c_void_p)]


class _Launch(ctypes.Structure):
    _fields_ = [
        ("function", c_void_p), ("grid", c_uint * 3), ("block", c_uint * 3), ("shared", c_uint), ("stream", c_void_p), ("parameters", c_void_p),
        ("extra", c_void_p),
    ]


class _LaunchEx(ctypes.Structure):
    _fields_ = [("config", c_void_p), ("function", c_void_p), ("parameters", c_void_p), ("extra", c_void_p)]


class _Config(ctypes.Structure):
    _fields_ = [
        ("grid", c_uint * 3), ("block", c_uint * 3), ("shared", c_uint), ("stream", c_void_p), ("attributes", c_void_p), ("count", c_uint),
    ]


class _Attribute(ctypes.Structure):
    _fields_ = [("number", c_int), ("padding", c_int), ("value", c_uint * 16)]


class Functions(Protocol):
    """What the driver knows of a function that is launched; a kernel of a library is told as its function."""

    def name(self, function: int) -> str: ...

    def parameters(self, function: int) -> list[tuple[int, int]]:
        """(offset, size) of each, in order."""
        ...

    def module(self, function: int) -> Optional[str]:
        """Hash of its binary, where that is known."""
        ...

    def loaded(self, module: int, digest: str) -> None:
        """`digest`: of the binary that the driver now calls `module`."""
        ...

    def unloaded(self, module: int) -> None:
        """Its handle, and those of its functions, may be given out again."""
        ...


class DriverCalls:
    def __init__(self, recorder: Recorder, functions: Functions) -> None:
        self._recorder, self._functions = recorder, functions
        # By thread: binaries that were loaded since it asked for one.
        self._loading: dict[int, list[str]] = {}
        # Whether this thread's call is the recorder's, not the program's.
        self.is_own: Callable[[], bool] = lambda: False

    def numbers(self) -> list[int]:
        """Of all calls to be shown."""
        return [*_LOAD, _UNLOAD, *_LAUNCH, *_LAUNCH_EX, *_COOPERATIVE, *_SET, *_COPY, *_COPY_ANY, *_UPLOAD, *_DOWNLOAD, *_OTHER]

    def on_callback(self, domain: int, number: int, data: int) -> None:
        """Never raises: it is called from C, in the middle of the program's call."""
        try:
            if domain == RESOURCE and number == MODULE_LOADED:
                module = _at(_Module, _at(_Resource, data).description)
                digest = self._recorder.on_module(ctypes.string_at(module.image, module.size))
                self._loading.get(threading.get_ident(), []).append(digest)
            elif domain == DRIVER_API and number in _LOAD:
                self._on_load(_at(_Callback, data))
            elif domain == DRIVER_API and not self.is_own():
                shown = _at(_Callback, data)
                if shown.site == _BEGINS:
                    self._on_call(number, shown.arguments)
        except Exception as error:
            self._recorder.on_other(f"a call that could not be read ({type(error).__name__}: {str(error)[:80]})")

    def _on_load(self, shown: _Callback) -> None:
        """Two kernels of one name, such as those that Triton makes of one function, are told apart by the module that they are in."""
        thread = threading.get_ident()
        if shown.site == _BEGINS:
            self._loading[thread] = []
            return
        digests = self._loading.pop(thread, [])
        if len(digests) == 1:
            self._functions.loaded(_word(_word(shown.arguments, 0), 0), digests[0])

    def _on_call(self, number: int, arguments: int) -> None:
        if number in _LAUNCH or number in _COOPERATIVE:
            launch = _at(_Launch, arguments)
            extra = None if number in _COOPERATIVE else launch.extra
            self._launch(launch.function, launch, (launch.parameters, extra), {_COOPERATES: (1, 0, 0)} if number in _COOPERATIVE else {})
        elif number in _LAUNCH_EX:
            launch = _at(_LaunchEx, arguments)
            config = _at(_Config, launch.config)
            self._launch(launch.function, config, (launch.parameters, launch.extra), _attributes(config))
        elif number == _UNLOAD:
            self._functions.unloaded(_word(arguments, 0))
        elif number in _OTHER:
            self._recorder.on_other(_OTHER[number])
        else:
            self._on_memory(number, arguments)

    def _on_memory(self, number: int, arguments: int) -> None:
        first, second, third = (_word(arguments, 8 * at) for at in range(3))
        if number in _SET:
            self._recorder.on_set(first, second, _SET[number], third)
        elif number in _COPY or number in _COPY_ANY:
            self._recorder.on_copy(second, first, third)
        elif number in _UPLOAD:
            if third > UPLOAD_BYTES_MAX:
                self._recorder.on_other(f"an upload of {third} bytes")
            else:
                self._recorder.on_upload(first, ctypes.string_at(second, third))
        elif number in _DOWNLOAD:
            self._recorder.on_download(third, second)

    def _launch(self, function: int, config: Any, places: "tuple[Optional[int], Optional[int]]", attributes: dict[int, _Three]) -> None:
        cluster = attributes.get(_CLUSTER, (0, 0, 0))
        self._recorder.on_launch(Call(
            self._functions.name(function), _three(config.grid), _three(config.block), cluster if any(cluster) else None,
            config.shared, any(attributes.get(_COOPERATES, ())), any(attributes.get(_SERIALIZES, ())),
            self._values(function, *places), self._functions.module(function),
        ))

    def _values(self, function: int, parameters: Optional[int], extra: Optional[int]) -> list[bytes]:
        layout = self._functions.parameters(function)
        if not parameters and extra:
            packed = _packed(extra)
            return [packed[offset : offset + size] for offset, size in layout]
        if not parameters:
            return []
        return [ctypes.string_at(_word(parameters, 8 * at), size) for at, (_, size) in enumerate(layout)]


def _attributes(config: Any) -> dict[int, _Three]:
    size = ctypes.sizeof(_Attribute)
    found = [_at(_Attribute, config.attributes + size * at) for at in range(min(config.count, _ATTRIBUTES_MAX))]
    return {each.number: _three(each.value) for each in found}


def _three(values: Sequence[int]) -> _Three:
    return values[0], values[1], values[2]


def _packed(extra: int) -> bytes:
    """All parameters in one buffer: pairs of a marker and a pointer, until the end's marker."""
    address, size = 0, 0
    for at in range(0, _EXTRA_MAX, 2):
        marker = _word(extra, 8 * at)
        if marker == _END:
            break
        value = _word(extra, 8 * (at + 1))
        if marker == _POINTER:
            address = value
        elif marker == _SIZE:
            size = _word(value, 0)
    return ctypes.string_at(address, size) if address else b""


def _at(kind: "type[Any]", address: int) -> Any:
    return kind.from_address(address)


def _word(address: int, offset: int) -> int:
    return c_uint64.from_address(address + offset).value
