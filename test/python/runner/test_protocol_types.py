"""The types of protocol.py against the golden frames of test/fixtures/protocol: a field that one has and the other lacks is a lie."""
import json
import unittest
from collections import defaultdict
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from kiln_runner.protocol_frames import FromRunner, ToRunner

from .drive import REPOSITORY

FIXTURES = REPOSITORY / "test/fixtures/protocol"


def is_frame(kind: Any) -> bool:
    return hasattr(kind, "__required_keys__")


class Reader:
    """Holds values to types, and remembers which fields of which class it has met."""

    def __init__(self) -> None:
        self.met: defaultdict[Any, set[str]] = defaultdict(set)

    def faults(self, kind: Any, value: Any, at: str) -> list[str]:
        if is_frame(kind):
            return self._of_frame(kind, value, at)
        origin = get_origin(kind)
        if origin is Union:
            return self._of_union(get_args(kind), value, at)
        if origin is Literal:
            return [] if value in get_args(kind) else [f"{at}: {value!r} is none of {get_args(kind)}"]
        if origin is list:
            items = enumerate(value) if isinstance(value, list) else ()
            return [fault for n, item in items for fault in self.faults(get_args(kind)[0], item, f"{at}[{n}]")] or self._kind(list, value, at)
        if origin is dict:
            items = value.items() if isinstance(value, dict) else ()
            return [fault for key, item in items for fault in self.faults(get_args(kind)[1], item, f"{at}.{key}")] or self._kind(dict, value, at)
        return [] if kind is Any else self._kind((float, int) if kind is float else kind, value, at)

    def _kind(self, kind: Any, value: Any, at: str) -> list[str]:
        return [] if isinstance(value, kind) else [f"{at}: {value!r} is no {kind}"]

    def _of_union(self, kinds: Any, value: Any, at: str) -> list[str]:
        """The variant with the fewest faults: with a tag, that of the tag."""
        attempts = [(Reader(), kind) for kind in kinds]
        found = [(reader.faults(kind, value, at), reader) for reader, kind in attempts]
        faults, reader = min(found, key=lambda pair: len(pair[0]))
        for kind, names in reader.met.items():
            self.met[kind] |= names
        return faults

    def _of_frame(self, kind: Any, value: Any, at: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{at}: {value!r} is no {kind.__name__}"]
        hints = get_type_hints(kind)
        self.met[kind] |= set(value)
        faults = [f"{at}.{name} is not in {kind.__name__}" for name in value if name not in hints]
        faults += [f"{at} lacks {name} of {kind.__name__}" for name in kind.__required_keys__ if name not in value]
        return faults + [fault for name, item in value.items() if name in hints for fault in self.faults(hints[name], item, f"{at}.{name}")]


class ProtocolTypes(unittest.TestCase):
    def check(self, folder: str, frames: Any) -> None:
        reader = Reader()
        for path in sorted((FIXTURES / folder).glob("*.json")):
            for number, frame in enumerate(json.loads(Path(path).read_text())):
                with self.subTest(file=path.name, frame=number):
                    self.assertEqual(reader.faults(frames, frame, frame["type"]), [])
        for kind in {*get_args(frames), *reader.met}:
            with self.subTest(frame=kind.__name__):
                self.assertEqual(set(get_type_hints(kind)) - reader.met[kind], set(), "no golden frame has these")

    def test_every_golden_frame_of_a_daemon_is_of_its_type(self) -> None:
        self.check("to-runner", ToRunner)

    def test_every_golden_frame_of_a_runner_is_of_its_type(self) -> None:
        self.check("from-runner", FromRunner)

    def test_a_field_that_a_type_lacks_or_has_beyond_the_frame_is_found(self) -> None:
        attach = {"type": "attach", "protocol": 1, "daemonId": "d", "leaseMs": 1, "idleExitMs": 2}
        self.assertEqual(Reader().faults(ToRunner, attach, "attach"), [])
        self.assertEqual(Reader().faults(ToRunner, {**attach, "lease": 1}, "attach"), ["attach.lease is not in Attach"])
        del attach["leaseMs"]
        self.assertEqual(Reader().faults(ToRunner, attach, "attach"), ["attach lacks leaseMs of Attach"])


if __name__ == "__main__":
    unittest.main()
