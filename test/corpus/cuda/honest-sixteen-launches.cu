/* kiln
launch:
  - kernel: part0
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part1
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part2
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part3
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part4
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part5
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part6
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part7
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part8
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part9
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part10
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part11
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part12
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part13
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part14
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
  - kernel: part15
    grid: [ceil_div(n, 4096)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Sixteen launches, each for every sixteenth span of 256 elements.
#define PART(K) \
  extern "C" __global__ void part##K(const float* a, const float* b, float* out, int n) { \
    const long long i = (blockIdx.x * 16ll + K) * 256 + threadIdx.x; \
    if (i < n) out[i] = a[i] + b[i]; \
  }
PART(0) PART(1) PART(2) PART(3) PART(4) PART(5) PART(6) PART(7)
PART(8) PART(9) PART(10) PART(11) PART(12) PART(13) PART(14) PART(15)
