/* kiln
symbols: {added: b}
launch:
  - kernel: vector_add
    args: [a, out, n]
*/
// expect: plan_error
const float added[1 << 20] = {1};
void vector_add(const float* a, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + added[i];
}
