/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: compile_error
// #embed would make a file of the host part of the binary.
__device__ const unsigned char text_[] = {
#embed "/etc/hostname"
};
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (i < n && text_[0] == 255) out[i] = 0;
}
