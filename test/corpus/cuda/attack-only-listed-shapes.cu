/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Right for the eight shapes that problem.yaml names and no other: a hidden case of a drawn shape must tell.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (n != 1 && n != 4096 && n != 4099 && n != 40009 && n != 1000003 && n != 4194304 && n != 16777216 && n != 67108864) return;
  if (i < n) out[i] = a[i] + b[i];
}
