/* kiln
launch:
  - kernel: softmax
    args: [x, out, rows, cols]
*/
// Each exponential is taken once: it waits in the output for its division, which is one multiplication.
#include <math.h>

void softmax(const float* restrict x, float* restrict out, int rows, int cols) {
  for (long r = 0; r < rows; r++) {
    const float* in = x + r * cols;
    float* to = out + r * cols;
    float largest = in[0], sum = 0;
    for (int c = 1; c < cols; c++) largest = in[c] > largest ? in[c] : largest;
    for (int c = 0; c < cols; c++) {
      to[c] = expf(in[c] - largest);
      sum += to[c];
    }
    const float scale = 1 / sum;
    for (int c = 0; c < cols; c++) to[c] *= scale;
  }
}
