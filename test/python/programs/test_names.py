"""What is read of names: which device node is a GPU's, which library a kernel is of."""
import tempfile
import unittest
from pathlib import Path

from kiln_runner.host.device_nodes import minor_of
from kiln_runner.programs.libraries import library_of


class DeviceNodes(unittest.TestCase):
    def test_a_node_is_found_by_the_number_of_its_gpu_wherever_it_is_on_the_bus(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for at, (address, minor) in enumerate((("0000:3b:00.0", 4), ("0000:5e:00.0", 1))):
                Path(folder, address).mkdir()
                lines = f"Model: \t\t NVIDIA H100\nGPU UUID: \t GPU-{at}\nDevice Minor: \t {minor}\n"
                Path(folder, address, "information").write_text(lines, encoding="ascii")
            self.assertEqual([minor_of(f"GPU-{at}", Path(folder)) for at in (0, 1)], [4, 1])


class Libraries(unittest.TestCase):
    def test_a_kernel_is_of_the_library_that_its_name_tells(self) -> None:
        for kernel, library in (
            ("_ZN2at6native29vectorized_elementwise_kernelILi4E", "torch"), ("nvjet_sm90_tst_128x64_64", "cublas"),
            ("sm80_xmma_fprop_implicit_gemm", "cudnn"), ("cudnn_generated_fort_native_sdpa", "cudnn"), ("softmax", None), ("copies and fills", None),
            ("_ZN14at_cuda_detail3cub6DeviceRadixSort", "torch"), ("_ZN7cutlass6KernelI", "cutlass"),
        ):
            with self.subTest(kernel):
                self.assertEqual(library_of(kernel), library)
