/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// 200 KiB of local memory a thread: the pool behind it grows for all of the device and stays; no one behind it may be slower (gpu/leftovers.py).
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  volatile float room[51200];
  if (i < n) room[i % 51200] = a[i], room[(i * 7 + 1) % 51200] = b[i], out[i] = i % 51200 == (i * 7 + 1) % 51200 ? a[i] + b[i] : room[i % 51200] + room[(i * 7 + 1) % 51200];
}
