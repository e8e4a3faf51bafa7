/* kiln
params: {WIDTH: 8, UNROLL: 4}
space: {WIDTH: [4, 8, 16], UNROLL: [1, 2, 4, 8, 16]}
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// WIDTH floats an operation, UNROLL of them a step, so that several loads are under way at once.
_Static_assert(WIDTH == 4 || WIDTH == 8 || WIDTH == 16, "WIDTH is 4, 8 or 16 floats");
_Static_assert(UNROLL >= 1 && UNROLL <= 16, "UNROLL is 1 to 16");
typedef float vec __attribute__((vector_size(WIDTH * 4)));

void vector_add(const float* restrict a, const float* restrict b, float* restrict out, int n) {
  const int step = WIDTH * UNROLL;
  int i = 0;
  for (; i + step <= n; i += step) {
    const vec *x = (const vec*)(a + i), *y = (const vec*)(b + i);
    vec* z = (vec*)(out + i);
#pragma GCC unroll 16
    for (int u = 0; u < UNROLL; u++) z[u] = x[u] + y[u];
  }
  for (; i < n; i++) out[i] = a[i] + b[i];
}
