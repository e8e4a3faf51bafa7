/* kiln
symbols: {added: b}
launch:
  - kernel: vector_add
    args: [a, out, n]
*/
// expect: wrong_answer
// Right while inputs stay as they are: it adds what its symbol held in the run before.
#include <string.h>
float added[1 << 20];
static float before[1 << 20];
void vector_add(const float* a, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + before[i];
  memcpy(before, added, sizeof(float) * n);
}
