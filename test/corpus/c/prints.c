/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: passed
// Prints: it must not reach the judge's frames.
int puts(const char*);
void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
  puts("hello");
}
