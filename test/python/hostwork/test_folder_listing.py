import socket
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from kiln_runner.frames import FrameDecoder, encode
from kiln_runner.hostwork import folder_listing
from kiln_runner.hostwork.channel import Channel
from kiln_runner.hostwork.parts import Parts
from kiln_runner.hostwork.shapes import CHUNK_BYTES
from kiln_runner.hostwork.tree import PARTS


class FolderListing(unittest.TestCase):
    def test_only_files_that_travel_in_pieces_are_looked_for_in_part(self) -> None:
        daemon, runner = socket.socketpair()
        self.addCleanup(daemon.close)
        self.addCleanup(runner.close)
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(Parts, "checked", autospec=True, return_value={0: "a" * 64}) as checked:
            home, root = Path(folder) / "home", Path(folder) / "root"
            (root / PARTS).mkdir(parents=True)
            home.mkdir()
            items = [{"path": "small", "size": CHUNK_BYTES}, {"path": "large", "size": CHUNK_BYTES + 1}]
            daemon.sendall(encode({"type": "items", "items": items}) + encode({"type": "end"}))
            folder_listing.tell_states(Channel(runner), {"root": str(root)}, home)
            runner.close()
            frames = [frame.header for frame in FrameDecoder().feed(daemon.recv(1 << 20))]
        self.assertEqual([call.args[1:] for call in checked.call_args_list], [("large", CHUNK_BYTES + 1)])
        self.assertEqual(frames[0]["items"], [{"path": "large", "kind": "missing", "part": [[0, "a" * 64]]}])


if __name__ == "__main__":
    unittest.main()
