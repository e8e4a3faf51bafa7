/* kiln
launch:
  - kernel: gather
    grid: [ceil_div(tokens * cols, 256)]
    block: [256]
    args: [table, ids, out, tokens, cols]
*/
extern "C" __global__ void gather(const unsigned short* table, const int* ids, unsigned short* out, int tokens, int cols) {
  const size_t i = (size_t)blockIdx.x * 256 + threadIdx.x;
  if (i < (size_t)tokens * cols) out[i] = table[(size_t)ids[i / cols] * cols + i % cols];
}
