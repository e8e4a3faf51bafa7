"""Problems with indices among their inputs and outputs, over n, for the cpu device, and the corpus's candidates for them."""
import re

from rig import CORPUS, HandmadeProblem

CASES = {"one": ("check", 1), "odd": ("check", 1003), "64K": ("bench", 1 << 16)}
NORMAL = {"kind": "normal", "mean": 0, "std": 1}
SCATTER = """/* kiln
launch:
  - kernel: scatter
    args: [x, order, y, n]
*/
void scatter(const float* x, const int* order, float* y, int n) {
  for (int i = 0; i < n; i++) y[order[i]] = x[i];
}
"""
RAGGED = """/* kiln
launch:
  - kernel: ragged
    args: [x, starts, y, n]
*/
void ragged(const float* x, const int* starts, float* y, int n) {
  for (int s = 0; s < n; s++) {
    float sum = 0;
    for (int i = starts[s]; i < starts[s + 1]; i++) sum += x[i];
    y[s] = sum;
  }
}
"""


class Sized(HandmadeProblem):
    """A tensor may say its `elements`, and its distribution its `length` and `total`, by n."""

    @property
    def definition(self) -> dict:
        found = super().definition
        for case, (_, n) in zip(found["cases"], self.cases.values()):
            case["tensors"] = [sized(tensor, n) for tensor in case["tensors"]]
        return found


def sized(tensor: dict, n: int) -> dict:
    elements = tensor["elements"](n) if callable(tensor["elements"]) else tensor["elements"]
    distribution = {key: value(n) if callable(value) else value for key, value in tensor["distribution"].items()}
    return {**tensor, "elements": elements, "distribution": distribution}


def scatter() -> Sized:
    tensors = [
        {"name": "x", "role": "in", "dtype": "f32", "distribution": NORMAL},
        {"name": "order", "role": "in", "dtype": "i32", "distribution": {"kind": "permutation", "length": lambda n: n}},
        {"name": "y", "role": "out", "dtype": "f32", "distribution": NORMAL},
    ]
    return Sized("scatter", tensors, SCATTER, SCATTER, CASES)


def ragged() -> Sized:
    """n segments, eight elements each on average."""
    starts = {"kind": "offsets", "length": lambda n: n + 1, "total": lambda n: 8 * n}
    tensors = [
        {"name": "x", "role": "in", "dtype": "f32", "distribution": NORMAL, "elements": lambda n: 8 * n},
        {"name": "starts", "role": "in", "dtype": "i32", "distribution": starts, "elements": lambda n: n + 1},
        {"name": "y", "role": "out", "dtype": "f32", "distribution": NORMAL},
    ]
    problem = Sized("ragged", tensors, RAGGED, RAGGED, CASES)
    problem.tolerance = {"rtol": 1e-4, "atol": 1e-5, "relative_l2": 1e-5}
    return problem


PROBLEMS = {"scatter": scatter, "ragged": ragged}


def candidates(problem: str) -> dict[str, str]:
    """File -> source of the corpus's candidates for the problem."""
    sources = {file.name: file.read_text() for file in sorted((CORPUS / "c").glob("*.c"))}
    return {name: source for name, source in sources.items() if re.search(rf"problem: {problem}\b", source)}
