/* kiln
launch:
  - kernel: gather_reference
    args: [table, ids, out, tokens, cols]
*/
void gather_reference(const unsigned short* table, const int* ids, unsigned short* out, int tokens, int cols) {
  for (long t = 0; t < tokens; t++) {
    for (long c = 0; c < cols; c++) out[t * cols + c] = table[ids[t] * (long)cols + c];
  }
}
