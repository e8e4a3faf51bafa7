"""Artifacts fetched from one runner and put into another: once, whole, and only what its hash says."""
import hashlib
import os
import shutil
import unittest
from pathlib import Path

from kiln_runner.bundle import BUNDLE_BYTES_MAX
from kiln_runner.host.toolchain import find_nvcc

from . import samples
from .drive import Client, Runner

SIMULATED = {"KILN_SIMULATED_DEVICES": "1", "KILN_TRITON_PYTHON": ""}
UNIT = samples.cuda_unit('extern "C" __global__ void k() {}')
NOWHERE = "0" * 64


class Travelling(unittest.TestCase):
    here: Runner
    there: Runner

    @classmethod
    def setUpClass(cls) -> None:
        cls.here, cls.there = Runner(**SIMULATED).__enter__(), Runner(**SIMULATED).__enter__()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.here.__exit__()
        cls.there.__exit__()

    def setUp(self) -> None:
        self.client, self.other = self.here.client(), self.there.client()
        self.client.attach()
        self.other.attach()

    def compiled(self, **params: object) -> str:
        return self.client.compile({**UNIT, "params": params})["artifact"]

    def fetch(self, artifact: str) -> tuple[dict, bytes]:
        self.client.payload = b""
        self.client.send({"type": "fetch_artifact", "artifact": artifact})
        return self.client.wait("artifact", lambda frame: frame["artifact"] == artifact), self.client.payload

    def put(self, client: Client, artifact: str, payload: bytes, sha256: str = "") -> "dict | None":
        client.send({"type": "put_artifact", "artifact": artifact, "sha256": sha256 or hashlib.sha256(payload).hexdigest()}, payload)
        return client.wait("artifact_stored", lambda frame: frame["artifact"] == artifact)["failure"]

    def place(self, runner: Runner, artifact: str) -> Path:
        return Path(runner.folder) / "cache/artifacts" / artifact

    def test_what_one_host_compiled_is_in_the_cache_of_the_other(self) -> None:
        artifact = self.compiled(N=1)
        reported, payload = self.fetch(artifact)
        self.assertEqual((reported["sha256"], reported["failure"]), (hashlib.sha256(payload).hexdigest(), None))
        self.assertIsNone(self.put(self.other, artifact, payload))
        for name in ("meta.json", "code.cubin"):
            self.assertEqual((self.place(self.here, artifact) / name).read_bytes(), (self.place(self.there, artifact) / name).read_bytes())
        again = self.other.compile({**UNIT, "params": {"N": 1}})
        self.assertEqual((again["artifact"], again["cached"]), (artifact, True))

    def test_an_artifact_that_is_there_stays_as_it_is(self) -> None:
        artifact = self.compiled(N=2)
        _, payload = self.fetch(artifact)
        self.put(self.other, artifact, payload)
        before = (self.place(self.there, artifact) / "meta.json").stat().st_ino
        self.assertIsNone(self.put(self.other, artifact, b"anything"))
        self.assertEqual((self.place(self.there, artifact) / "meta.json").stat().st_ino, before)

    def test_content_that_does_not_match_its_hash_is_refused(self) -> None:
        artifact = self.compiled(N=3)
        _, payload = self.fetch(artifact)
        failure = self.put(self.other, artifact, payload[:-1] + b"x", hashlib.sha256(payload).hexdigest())
        self.assertEqual(failure["code"], "internal")
        self.assertIn("send it again", failure["message"])
        self.assertFalse(self.place(self.there, artifact).exists())
        self.assertIsNone(self.put(self.other, artifact, payload))

    def test_what_is_no_artifact_is_refused_and_the_connection_lives(self) -> None:
        failure = self.put(self.other, NOWHERE, b"no tar")
        self.assertIn("is refused", failure["message"])
        self.other.sync()

    def test_one_that_is_not_there_or_vanished_is_said_so(self) -> None:
        reported, payload = self.fetch(NOWHERE)
        self.assertEqual((reported["failure"]["code"], reported["sha256"], payload), ("unknown_artifact", None, b""))
        artifact = self.compiled(N=4)
        shutil.rmtree(self.place(self.here, artifact))
        reported, _ = self.fetch(artifact)
        self.assertEqual(reported["failure"]["code"], "unknown_artifact")

    def test_one_that_is_too_large_does_not_travel(self) -> None:
        artifact = self.compiled(N=5)
        with open(self.place(self.here, artifact) / "code.cubin", "ab") as file:
            os.truncate(file.fileno(), BUNDLE_BYTES_MAX)
        reported, payload = self.fetch(artifact)
        self.assertEqual((reported["failure"]["code"], payload), ("internal", b""))
        self.assertIn(f"at most {BUNDLE_BYTES_MAX} bytes", reported["failure"]["message"])


@unittest.skipUnless(find_nvcc(), "nvcc is not installed on this machine")
class TravellingCubins(unittest.TestCase):
    def test_a_cubin_goes_to_a_host_that_names_the_same_compiler_which_then_compiles_nothing(self) -> None:
        plain = {"KILN_CUDA_COMPILER": "nvcc", "KILN_TRITON_PYTHON": ""}
        with Runner(**plain) as here, Runner(**plain) as there:
            client, other = here.client(), there.client()
            compilers = [one.attach()["inventory"]["compilers"]["cuda"] for one in (client, other)]
            self.assertEqual(compilers[0], compilers[1])
            artifact = client.compile(UNIT)["artifact"]
            client.send({"type": "fetch_artifact", "artifact": artifact})
            sha256 = client.wait("artifact")["sha256"]
            other.send({"type": "put_artifact", "artifact": artifact, "sha256": sha256}, client.payload)
            self.assertIsNone(other.wait("artifact_stored")["failure"])
            again = other.compile(UNIT)
            self.assertEqual((again["artifact"], again["cached"]), (artifact, True))
            cubin = Path(there.folder) / "cache/artifacts" / artifact / "code.cubin"
            self.assertEqual(cubin.read_bytes()[:4], b"\x7fELF")


if __name__ == "__main__":
    unittest.main()
