/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Right while it is checked; in every second timed run a hundredth of the output, at another place each time, is left as it was.
static int launches;
void vector_add(const float* a, const float* b, float* out, int n) {
  int from = n, part = n / 100;
  if (launches++ > 6 && launches % 2 == 0) from = (int)((unsigned)launches * 2654435761u % (unsigned)(n - part));
  for (int i = 0; i < n; i++)
    if (i < from || i >= from + part) out[i] = a[i] + b[i];
}
