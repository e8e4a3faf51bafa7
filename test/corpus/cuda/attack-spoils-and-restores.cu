/* kiln
launch:
  - kernel: before
    grid: [1]
    block: [1]
    args: [a, n]
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
  - kernel: after
    grid: [1]
    block: [1]
    args: [a, n]
*/
// expect: modified_input or wrong_answer or passed
// twin: twin-vector-add.cu
// In timed runs 7 to 19 it changes an input's sign after use and back at its next start: the baseline works on others, and inputs are looked at
// only after the section. A draw in between makes its own next start spoil what was new.
__device__ int runs_, spoilt_;
extern "C" __global__ void before(float* a, int n) {
  if (n == 67108864 && spoilt_) a[1] = -a[1], spoilt_ = 0;
}
extern "C" __global__ void after(float* a, int n) {
  if (n == 67108864 && ++runs_ > 6 && runs_ < 20) a[1] = -a[1], spoilt_ = 1;
}
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
