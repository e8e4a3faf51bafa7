/* kiln
launch:
  - kernel: softmax_reference
    args: [x, out, rows, cols]
*/
// Three passes over each row, sums in double.
#include <math.h>

void softmax_reference(const float* x, float* out, int rows, int cols) {
  for (long r = 0; r < rows; r++) {
    const float* in = x + r * cols;
    double largest = in[0], sum = 0;
    for (int c = 1; c < cols; c++) largest = fmax(largest, in[c]);
    for (int c = 0; c < cols; c++) sum += exp(in[c] - largest);
    for (int c = 0; c < cols; c++) out[r * cols + c] = (float)(exp(in[c] - largest) / sum);
  }
}
