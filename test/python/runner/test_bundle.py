"""Artifacts that travel: what is packed comes out the same, and nothing else gets in."""
import io
import json
import os
import tarfile
import tempfile
import unittest
from pathlib import Path
from typing import Callable, Optional

from kiln_runner.bundle import BUNDLE_BYTES_MAX, FILES_MAX, BundleError, pack, unpack

META = {"language": "cuda", "architecture": "sm_90a", "kernels": {}, "compiler": "test", "log": "", "resources": {}}
FILES = {"meta.json": json.dumps(META).encode(), "code.cubin": b"\x7fELF\0\xff"}


def tar_of(files: dict[str, bytes], change: Optional[Callable[[tarfile.TarInfo], None]] = None) -> bytes:
    """`change` gets every entry but meta.json."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            if change and name != "meta.json":
                change(entry)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


class Bundles(unittest.TestCase):
    def folder(self, files: dict[str, bytes]) -> Path:
        temporary = tempfile.TemporaryDirectory(prefix="kiln-bundle-")
        self.addCleanup(temporary.cleanup)
        for name, content in files.items():
            Path(temporary.name, name).write_bytes(content)
        return Path(temporary.name)

    def refusal(self, packed: bytes) -> str:
        with self.assertRaises(BundleError) as caught:
            unpack(packed)
        return str(caught.exception)

    def test_files_come_out_as_they_went_in(self) -> None:
        contents = unpack(pack(self.folder(FILES)))
        self.assertEqual((contents.meta, contents.files), (META, {"code.cubin": FILES["code.cubin"]}))

    def test_the_same_files_give_the_same_bytes(self) -> None:
        first, second = self.folder(FILES), self.folder(dict(reversed(FILES.items())))
        os.utime(second / "code.cubin", (1, 1))
        self.assertEqual(pack(first), pack(second))

    def test_too_many_bytes_or_files_do_not_travel(self) -> None:
        large = {**FILES, "code.cubin": b"x" * BUNDLE_BYTES_MAX}
        with self.assertRaises(BundleError):
            pack(self.folder(large))
        many = {**FILES, **{f"code-{index}.cubin": b"x" for index in range(FILES_MAX)}}
        with self.assertRaises(BundleError):
            pack(self.folder(many))
        self.assertIn("travel", self.refusal(tar_of(large)))
        self.assertIn("too much", self.refusal(tar_of(many)))

    def test_names_that_leave_the_folder_are_refused(self) -> None:
        for name in ("../code.cubin", "/etc/passwd", "a/b", "..", ".hidden", "a\nb", ""):
            self.assertIn("no plain file", self.refusal(tar_of({"meta.json": FILES["meta.json"], name: b"x"})), name)

    def test_links_devices_and_folders_are_refused(self) -> None:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE):

            def change(entry: tarfile.TarInfo, kind: bytes = kind) -> None:
                entry.type, entry.size, entry.linkname = kind, 0, "/etc/passwd"

            self.assertIn("no plain file", self.refusal(tar_of(FILES, change)))

    def test_a_name_that_comes_twice_is_refused(self) -> None:
        # Each file is a block of its name and one of its content.
        blocks = tar_of(FILES)[: 2 * len(FILES) * tarfile.BLOCKSIZE]
        self.assertIn("no plain file", self.refusal(blocks + tar_of({"code.cubin": b"other"})))

    def test_what_is_no_tar_or_cut_off_is_refused(self) -> None:
        for packed in (b"", b"nonsense" * 200, tar_of(FILES)[:700]):
            self.refusal(packed)

    def test_an_artifact_without_sound_facts_or_code_is_refused(self) -> None:
        self.assertIn("meta.json", self.refusal(tar_of({"code.cubin": b"x"})))
        self.assertIn("meta.json", self.refusal(tar_of({"meta.json": b"{", "code.cubin": b"x"})))
        self.assertIn("lacks", self.refusal(tar_of({"meta.json": b"{}", "code.cubin": b"x"})))
        self.assertIn("no code", self.refusal(tar_of({"meta.json": FILES["meta.json"]})))

    def test_code_for_a_processor_does_not_travel(self) -> None:
        native = json.dumps({**META, "language": "c"}).encode()
        self.assertIn("belongs to the host", self.refusal(tar_of({"meta.json": native, "code.so": b"x"})))


if __name__ == "__main__":
    unittest.main()
