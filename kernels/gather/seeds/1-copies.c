/* kiln
launch:
  - kernel: gather
    args: [table, ids, out, tokens, cols]
*/
// Whole rows: the library's copy uses the widest registers that the machine has.
void gather(const unsigned short* restrict table, const int* restrict ids, unsigned short* restrict out, int tokens, int cols) {
  for (long t = 0; t < tokens; t++) __builtin_memcpy(out + t * cols, table + (long)ids[t] * cols, (unsigned long)cols * 2);
}
