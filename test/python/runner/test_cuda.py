"""CUDA compiles without a GPU: through NVRTC and through nvcc, each where the machine has it."""
import json
import shutil
import unittest
from pathlib import Path

from kiln_runner.host.toolchain import find_nvcc, find_nvrtc

from . import samples
from .drive import Runner

SOURCE = """#include <cuda_fp16.h>
extern "C" __global__ void scale(half* x, int n) {
  __shared__ float tile[64];
  int i = blockIdx.x * BLOCK + threadIdx.x;
  tile[threadIdx.x % 64] = i < n ? __half2float(x[i]) : 0.0f;
  __syncthreads();
  if (i < n) x[i] = __float2half(tile[(threadIdx.x + 1) % 64]);
}
"""
TEMPLATE = """namespace mine {
template <typename T, int W> __global__ void add(T* x, int n) {
  for (int i = 0; i < W; i++) x[threadIdx.x * W + i] += n;
}
}
"""
NVRTC = find_nvrtc()
NVCC = find_nvcc()


class CompilingCuda:
    """Run by both compilers below."""

    runner: Runner

    def setUp(self) -> None:
        self.client = self.runner.client()
        self.client.attach()

    def test_a_kernel_becomes_a_cubin_with_its_resources(self) -> None:
        result = self.client.compile(samples.cuda_unit(SOURCE, BLOCK=128))
        self.assertEqual(result["status"], "compiled", result)
        folder = Path(self.runner.folder) / "cache/artifacts" / result["artifact"]
        self.assertEqual((folder / "code.cubin").read_bytes()[:4], b"\x7fELF")
        self.assertEqual(json.loads((folder / "meta.json").read_text())["kernels"], {"scale": {"file": "code.cubin"}})
        self.assertEqual(result["resources"]["scale"]["sharedBytes"], 256)
        self.assertGreater(result["resources"]["scale"]["registers"], 4)
        self.assertEqual(result["log"], "")

    def test_a_param_by_an_everyday_name_breaks_no_header(self) -> None:
        source = '#include <cuda_fp16.h>\n#include <cooperative_groups.h>\nextern "C" __global__ void k(int* x) { x[threadIdx.x] = T; }\n'
        self.assertEqual(self.client.compile(samples.cuda_unit(source, T=4))["status"], "compiled")

    def test_a_byte_order_mark_is_passed_over(self) -> None:
        self.assertEqual(self.client.compile(samples.cuda_unit("\ufeff" + SOURCE, BLOCK=64))["status"], "compiled")

    def cubin(self, **options: int) -> bytes:
        source = 'extern "C" __global__ void k(float* x) { x[threadIdx.x] = __fsqrt_rn(1.0f) / x[threadIdx.x] + x[32] * x[33]; }\n'
        result = self.client.compile({**samples.cuda_unit(source), "compile": options})
        self.assertEqual(result["status"], "compiled", result)
        return (Path(self.runner.folder) / "cache/artifacts" / result["artifact"] / "code.cubin").read_bytes()

    def test_options_change_the_code_and_0_says_what_they_are_without(self) -> None:
        plain = self.cubin()
        for options in ({"use_fast_math": 1}, {"fmad": 0}, {"prec_div": 0}, {"ptxas_opt_level": 0}):
            self.assertNotEqual(self.cubin(**options), plain, options)
        self.assertEqual(self.cubin(use_fast_math=0, fmad=1, prec_div=1, ftz=0, extra_device_vectorization=0), plain)

    def test_a_bound_of_registers_is_kept(self) -> None:
        body = "float v[96]; for (int i = 0; i < 96; i++) v[i] = x[i * n]; for (int i = 0; i < 96; i++) x[i] = v[95 - i] * v[i];"
        source = f'extern "C" __global__ void k(float* x, int n) {{ {body} }}\n'
        free = self.client.compile(samples.cuda_unit(source))["resources"]["k"]["registers"]
        bound = self.client.compile({**samples.cuda_unit(source), "compile": {"maxrregcount": 40}})["resources"]["k"]
        self.assertGreater(free, 64)
        self.assertLessEqual(bound["registers"], 40)
        self.assertGreater(bound["spillBytes"], 0)

    def test_an_error_names_the_line_of_the_source(self) -> None:
        outcome = self.client.compile(samples.cuda_unit('extern "C" __global__ void k() {\n  int x = ;\n}\n'))["outcome"]
        self.assertEqual(outcome["verdict"], "compile_error")
        self.assertIn("candidate.cu(2)", outcome["log"])
        self.assertNotIn(self.runner.folder, outcome["log"])

    def test_an_architecture_that_the_compiler_does_not_know_is_no_fault_of_the_source(self) -> None:
        result = self.client.compile({**samples.cuda_unit(SOURCE, BLOCK=128), "architecture": "sm_33"})
        self.assertEqual((result["status"], result["failure"]["code"]), ("infra", "compiler_missing"))
        self.assertIn("sm_33", result["failure"]["message"])

    def test_a_file_of_the_host_is_not_quoted(self) -> None:
        outcome = self.client.compile(samples.cuda_unit('#include "/etc/hostname"\n'))["outcome"]
        self.assertIn("not allowed", outcome["log"])


@unittest.skipUnless(NVRTC and NVRTC["includes"], "no NVRTC with headers on this machine: set CUDA_HOME to a toolkit")
class Nvrtc(CompilingCuda, unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.runner = Runner().__enter__()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.runner.__exit__()

    def instance(self, name: str, **params: object) -> dict:
        return self.client.compile({**samples.cuda_unit(TEMPLATE, **params), "kernels": [{"name": name, "args": []}]})

    def test_an_instance_of_a_template_is_known_by_its_cpp_name(self) -> None:
        for head in ("", "#include <cuda_fp16.h>\n"):
            unit = {**samples.cuda_unit(head + TEMPLATE, WIDTH=4), "kernels": [{"name": "mine::add<float, WIDTH>", "args": []}]}
            result = self.client.compile(unit)
            self.assertEqual(result["status"], "compiled", result)
            meta = json.loads((Path(self.runner.folder) / "cache/artifacts" / result["artifact"] / "meta.json").read_text())
            reported = {"file": "code.cubin", "symbol": "_ZN4mine3addIfLi4EEEvPT_i"}
            self.assertEqual(meta["kernels"]["mine::add<float, WIDTH>"], reported)
            self.assertGreater(result["resources"]["mine::add<float, WIDTH>"]["registers"], 0)

    def test_a_name_that_is_none_in_the_source_is_a_compile_error(self) -> None:
        outcome = self.instance("mine::add<double, nope>", WIDTH=4)["outcome"]
        self.assertEqual(outcome["verdict"], "compile_error")
        self.assertIn('identifier "nope" is undefined', outcome["log"])


@unittest.skipUnless(NVCC and shutil.which("gcc"), "no nvcc on this machine: install the CUDA toolkit")
class Nvcc(CompilingCuda, unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.runner = Runner(KILN_CUDA_COMPILER="nvcc").__enter__()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.runner.__exit__()


if __name__ == "__main__":
    unittest.main()
