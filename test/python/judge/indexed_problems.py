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
ORDER = """/* kiln
launch:
  - kernel: order
    args: [x, indices, n]
*/
/* Of few values: counts how often each comes. */
void order(const float* x, int* indices, int n) {
  static int starts[1 << 10];
  for (int v = 0; v < 1 << 10; v++) starts[v] = 0;
  for (int i = 0; i < n; i++) starts[(int)x[i] + 1]++;
  for (int v = 1; v < 1 << 10; v++) starts[v] += starts[v - 1];
  for (int i = 0; i < n; i++) indices[starts[(int)x[i]]++] = i;
}
"""


class Sized(HandmadeProblem):
    """A tensor may say its `elements`, and its distribution its `length` and `total`, by n."""

    @property
    def definition(self) -> dict:
        found = super().definition
        for case, (_, n) in zip(found["cases"], self.cases.values()):
            case["tensors"] = [sized(tensor, n) for tensor in case["tensors"]]
            if "hard" in case:
                case["hard"] = [sized(one, n) for one in case["hard"]]
        return found


def sized(tensor: object, n: int) -> object:
    if callable(tensor):
        return tensor(n)
    return {key: sized(value, n) for key, value in tensor.items()} if isinstance(tensor, dict) else tensor


def scatter() -> Sized:
    tensors = [
        {"name": "x", "role": "in", "dtype": "f32", "distribution": NORMAL},
        {"name": "order", "role": "in", "dtype": "i32", "distribution": {"kind": "permutation", "length": lambda n: n}},
        {"name": "y", "role": "out", "dtype": "f32", "distribution": NORMAL},
    ]
    return Sized("scatter", tensors, SCATTER, SCATTER, CASES)


FREE = {"kind": "offsets", "length": lambda n: n + 1, "total": lambda n: 8 * n}


def ragged(**how: int) -> Sized:
    """n segments, eight elements each on average. `how`: fields of the offsets' distribution."""
    starts = {**FREE, **how}
    tensors = [
        {"name": "x", "role": "in", "dtype": "f32", "distribution": NORMAL, "elements": lambda n: 8 * n},
        {"name": "starts", "role": "in", "dtype": "i32", "distribution": starts, "elements": lambda n: n + 1},
        {"name": "y", "role": "out", "dtype": "f32", "distribution": NORMAL},
    ]
    problem = Sized("ragged", tensors, RAGGED, RAGGED, CASES)
    problem.tolerance = {"rtol": 1e-4, "atol": 1e-5, "relative_l2": 1e-5}
    return problem


def order() -> Sized:
    """Indices in the order of x, which has few values: any order of equal ones is right."""
    compare = {"kind": "indices", "of": "x", "length": lambda n: n, "each": lambda n: n, "distinct": True}
    tensors = [
        {"name": "x", "role": "in", "dtype": "f32", "distribution": {"kind": "integers", "low": 0, "high": lambda n: n // 100 % 1000}},
        {"name": "indices", "role": "out", "dtype": "i32", "distribution": NORMAL, "compare": compare},
    ]
    return Sized("order", tensors, ORDER, ORDER, CASES)


PROBLEMS = {"scatter": scatter, "ragged": ragged, "order": order}


def candidates(problem: str) -> dict[str, str]:
    """File -> source of the corpus's candidates for the problem."""
    sources = {file.name: file.read_text() for file in sorted((CORPUS / "c").glob("*.c"))}
    return {name: source for name, source in sources.items() if re.search(rf"problem: {problem}\b", source)}
