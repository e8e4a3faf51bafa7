/* kiln
params: {UNROLL: 8}
space: {UNROLL: [1, 2, 4, 8, 16]}
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// Stores that go around the cache save reading each line of the output before it is overwritten: 3 bytes moved instead of 4.
#include <emmintrin.h>
_Static_assert(UNROLL >= 1 && UNROLL <= 16, "UNROLL is 1 to 16");

void vector_add(const float* restrict a, const float* restrict b, float* restrict out, int n) {
  int i = 0;
  for (; i + 4 * UNROLL <= n; i += 4 * UNROLL) {
#pragma GCC unroll 16
    for (int u = 0; u < UNROLL; u++) {
      const int j = i + 4 * u;
      _mm_stream_ps(out + j, _mm_add_ps(_mm_load_ps(a + j), _mm_load_ps(b + j)));
    }
  }
  _mm_sfence();
  for (; i < n; i++) out[i] = a[i] + b[i];
}
