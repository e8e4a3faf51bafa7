/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: compile_error
// An include whose name comes out of a macro, split so that no scan of the text sees a path.
#define SLASH /
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define WHERE TEXT(SLASH/etc/hostname)
#include WHERE
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
