/* kiln
launch:
  - kernel: softmax
    args: [x, out, rows, cols]
*/
#include <math.h>

void softmax(const float* x, float* out, int rows, int cols) {
  for (long r = 0; r < rows; r++) {
    const float* in = x + r * cols;
    float largest = in[0], sum = 0;
    for (int c = 1; c < cols; c++) largest = fmaxf(largest, in[c]);
    for (int c = 0; c < cols; c++) sum += expf(in[c] - largest);
    for (int c = 0; c < cols; c++) out[r * cols + c] = expf(in[c] - largest) / sum;
  }
}
