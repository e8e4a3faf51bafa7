/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: out_of_bounds
// Reads before its second input, which nothing else would show.
void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
  for (int i = 0; i < 64; i++) *(volatile const float*)(b - 1024 - i);
}
