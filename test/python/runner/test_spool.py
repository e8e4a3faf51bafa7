"""Results on disk, as the next runner of the folder finds them."""
import asyncio
import tempfile
import unittest
from pathlib import Path

from kiln_runner.devices.task import NO_PHASES, infra_of, result_of
from kiln_runner.spool import Kept, Spool


class NextRunner(unittest.TestCase):
    def test_finds_every_result_whatever_its_words_are(self) -> None:
        # Ends of lines to Python's splitlines, and plain text in JSON.
        words = ["plain", "two\nlines", "\u2028", "\u0085", "\x1c", "caf\u00e9"]
        results = [result_of("gpu-0", f"c-{number:032x}.1", NO_PHASES, infra=infra_of("internal", text)) for number, text in enumerate(words)]
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(self.keep(Path(folder), results))
            self.assertEqual(asyncio.run(self.found(Path(folder))), results)

    async def keep(self, folder: Path, results: list) -> None:
        told: list[Kept] = []
        spool = Spool(asyncio.get_running_loop(), folder, told.append)
        for result in results:
            spool.keep("daemon", result, None)
        await spool.close()
        self.assertEqual([kept.result for kept in told], results)

    async def found(self, folder: Path) -> list:
        spool = Spool(asyncio.get_running_loop(), folder, lambda kept: None)
        await spool.close()
        return spool.unacknowledged("daemon")


if __name__ == "__main__":
    unittest.main()
