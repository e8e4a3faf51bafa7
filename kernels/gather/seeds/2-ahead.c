/* kiln
params: {AHEAD: 8, LINES: 2}
space: {AHEAD: [1, 2, 4, 8, 16, 32], LINES: [1, 2, 4, 8]}
launch:
  - kernel: gather
    args: [table, ids, out, tokens, cols]
*/
// The processor cannot guess where the next row is: the first lines of the row that comes AHEAD rows later are asked for while this one is copied.
_Static_assert(AHEAD >= 1 && AHEAD <= 64 && LINES >= 1 && LINES <= 16, "AHEAD is 1 to 64, LINES 1 to 16");

void gather(const unsigned short* restrict table, const int* restrict ids, unsigned short* restrict out, int tokens, int cols) {
  for (long t = 0; t < tokens; t++) {
    if (t + AHEAD < tokens) {
      const unsigned short* next = table + (long)ids[t + AHEAD] * cols;
      for (int line = 0; line < LINES && line * 32 < cols; line++) __builtin_prefetch(next + line * 32);
    }
    __builtin_memcpy(out + t * cols, table + (long)ids[t] * cols, (unsigned long)cols * 2);
  }
}
