/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// Wrong on purpose: writes to address 0.
void vector_add(const float* a, const float* b, float* out, int n) {
  volatile float* nowhere = 0;
  for (int i = 0; i < n; i++) nowhere[i] = a[i] + b[i];
}
