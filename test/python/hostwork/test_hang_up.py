import fcntl
import os
import socket
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from kiln_runner.frames import encode
from kiln_runner.hostwork import device_hold, requests
from kiln_runner.hostwork.channel import Channel


class HangUp(unittest.TestCase):
    def setUp(self) -> None:
        self.daemon, runner = socket.socketpair()
        self.addCleanup(runner.close)
        self.addCleanup(self.daemon.close)
        self.channel = Channel(runner)

    def test_a_daemon_that_is_there_has_not_hung_up_whether_it_speaks_or_not(self) -> None:
        self.channel.refuse_hung_up()
        self.daemon.sendall(encode({"type": "stdin"}, b"text"))
        self.channel.refuse_hung_up()
        self.assertEqual(self.channel.connection.recv(1 << 16), encode({"type": "stdin"}, b"text"))

    def test_the_end_is_seen_behind_what_was_sent_before_it(self) -> None:
        self.daemon.sendall(encode({"type": "stdin"}, b"text"))
        self.daemon.close()
        with self.assertRaises(EOFError):
            self.channel.refuse_hung_up()

    def test_nobody_waits_for_the_lock_of_a_device_on_behalf_of_a_daemon_that_is_gone(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            lock = Path(folder) / "lock"
            held = os.open(lock, os.O_RDWR | os.O_CREAT)
            self.addCleanup(os.close, held)
            fcntl.flock(held, fcntl.LOCK_EX)
            self.daemon.sendall(encode({"type": "stdin"}, b"text"))
            self.daemon.close()
            with mock.patch.object(device_hold, "device_lock_file", return_value=lock), self.assertRaises(EOFError):
                device_hold.hold(["GPU-1"], self.channel)

    def test_what_a_daemon_says_late_is_read_and_takes_nothing_away_of_what_it_was_told(self) -> None:
        """A command may end before its input does."""
        for opening in ({"type": "jobs"}, {"type": "unheard of"}):
            daemon, runner = socket.socketpair()
            with tempfile.TemporaryDirectory() as home:
                work = threading.Thread(target=self.serve, args=(runner, Path(home)))
                work.start()
                daemon.sendall(encode(opening))
                self.assertTrue(self.all_of(daemon))
                daemon.sendall(encode({"type": "stdin"}, b"late"))
                self.assertTrue(work.is_alive())
                daemon.close()
                work.join()

    @staticmethod
    def all_of(connection: socket.socket) -> bytes:
        said = b""
        while data := connection.recv(1 << 16):
            said += data
        return said

    @staticmethod
    def serve(connection: socket.socket, home: Path) -> None:
        with connection:
            requests.answer(connection, home)


if __name__ == "__main__":
    unittest.main()
