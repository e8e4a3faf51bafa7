/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed or plan_error
// Variables of 60 GiB: the judge's next case finds no room; that is the candidate's fault and not the device's.
__device__ unsigned char room_[60ull << 30];
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (n < 0) room_[(size_t)i << 20] = 1, out[0] = room_[(size_t)i << 19];
}
