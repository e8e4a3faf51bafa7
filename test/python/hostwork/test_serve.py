import signal
import tempfile
import unittest

from kiln_runner.paths import RunnerPaths

from .processes import WAIT_S, python

# It looks for idleness once in an hour: what is seen before was said by a signal. It says when it has decided to wait.
SERVE = """
import select, sys
from kiln_runner.hostwork import serve
wait = select.select
def told(*arguments):
    print("waiting", flush=True)
    return wait(*arguments)
select.select = told
serve.LOOK_S = 3600.0
sys.exit(serve.run(["--dir", sys.argv[1]]))
"""


class Serve(unittest.TestCase):
    def test_sigterm_ends_it_at_once_while_it_waits_for_connections(self) -> None:
        with tempfile.TemporaryDirectory() as folder, python(SERVE, folder) as process:
            out = process.stdout
            self.assertEqual(out and out.readline(), b"waiting\n")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(WAIT_S), 0)
            self.assertFalse(RunnerPaths(folder).socket.exists())


if __name__ == "__main__":
    unittest.main()
