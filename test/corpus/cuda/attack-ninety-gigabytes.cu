/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: plan_error or compile_error or passed
// Variables larger than the device: loading fails, by its own fault and not the host's (gpu/loading.py, blamed).
__device__ unsigned char room_[90ull << 30];
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (n < 0) room_[(size_t)i << 20] = 1, out[0] = room_[(size_t)i << 19];
}
