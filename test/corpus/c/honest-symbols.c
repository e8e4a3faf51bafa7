/* kiln
symbols: {added: b, count: n}
launch:
  - kernel: vector_add
    args: [a, out]
*/
// expect: passed
// What is added lies in variables of the code, and it spoils them at the end of every run: the next one finds them filled again.
float added[1 << 20];
int count;
void vector_add(const float* a, float* out) {
  const int n = count;
  for (int i = 0; i < n; i++) out[i] = a[i] + added[i];
  for (int i = 0; i < n; i++) added[i] = 1e30f;
  count = 0;
}
