/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Hopes for an output that is there already.
void vector_add(const float* a, const float* b, float* out, int n) {
}
