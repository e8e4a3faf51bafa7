/* kiln
params: {VEC: 4}
launch:
  - kernel: "vector_add<float, 4>"
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// A template as a kernel: the plan names the instance.
template <typename Element, int COUNT>
__global__ void vector_add(const Element* a, const Element* b, Element* out, int n) {
  const int start = (blockIdx.x * 256 + threadIdx.x) * COUNT;
  for (int i = start; i < min(start + COUNT, n); i++) out[i] = a[i] + b[i];
}
