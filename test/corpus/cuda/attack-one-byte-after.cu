/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: out_of_bounds
// Inverts one byte right behind the end of `out`, where n is odd: a guard byte of layout.room.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (i == 0 && n == 1000003) ((unsigned char*)(out + n))[0] ^= 255;
}
