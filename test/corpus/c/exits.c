/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: crashed
// Ends its process as if all were well.
void _exit(int);
void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
  _exit(0);
}
