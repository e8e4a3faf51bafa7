/* kiln
params: {BLOCK: 32}
space: {BLOCK: [8, 16, 32, 64, 128]}
launch:
  - kernel: topk
    args: [x, values, indices, rows, cols, k]
*/
// Most values are smaller than all in the list: BLOCK of them are looked at by vectors, and one by one only where their largest belongs in it.
_Static_assert(BLOCK >= 8 && BLOCK <= 1024, "BLOCK is 8 to 1024");

/** Puts a value where it belongs among `held`, of which the last may fall out. Returns how many there are. */
static inline int insert(float* restrict values, int* restrict indices, int held, int k, float v, int c) {
  if (held == k && !(v > values[k - 1])) return held;
  int at = held < k ? held++ : k - 1;
  for (; at > 0 && v > values[at - 1]; at--) {
    values[at] = values[at - 1];
    indices[at] = indices[at - 1];
  }
  values[at] = v;
  indices[at] = c;
  return held;
}

static inline int any_above(const float* restrict x, float limit) {
  int above = 0;
  for (int i = 0; i < BLOCK; i++) above |= x[i] > limit;
  return above;
}

void topk(const float* restrict x, float* restrict values, int* restrict indices, int rows, int cols, int k) {
  for (long r = 0; r < rows; r++, x += cols, values += k, indices += k) {
    int held = 0, c = 0;
    for (; c < k; c++) held = insert(values, indices, held, k, x[c], c);
    for (; c + BLOCK <= cols; c += BLOCK) {
      if (!any_above(x + c, values[k - 1])) continue;
      for (int i = c; i < c + BLOCK; i++) held = insert(values, indices, held, k, x[i], i);
    }
    for (; c < cols; c++) held = insert(values, indices, held, k, x[c], c);
  }
}
