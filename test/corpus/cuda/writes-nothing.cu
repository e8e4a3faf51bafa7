/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Writes nothing, and hopes for an output that is there already.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
}
