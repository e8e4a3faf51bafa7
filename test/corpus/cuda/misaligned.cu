/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: crashed
// A vector store on an address that is not a multiple of its size.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (i == 0) asm volatile("st.global.v2.f32 [%0], {%1, %1};" ::"l"((char*)out + 4), "f"(0.0f) : "memory");
}
