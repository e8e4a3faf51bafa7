/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// Wrong on purpose: never ends.
void vector_add(const float* a, const float* b, float* out, int n) {
  for (volatile int forever = 1; forever;) out[0] = a[0] + b[0] + n;
}
