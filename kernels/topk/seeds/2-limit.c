/* kiln
params: {BLOCK: 32}
space: {BLOCK: [16, 32, 64, 128]}
launch:
  - kernel: topk
    args: [x, values, indices, rows, cols, k]
*/
// A limit first: columns form 64 groups, by what is left of them divided by 64. Their largest are known after one pass of vectors, and the k-th largest of these is no larger than the k-th largest of
// all. So whatever is smaller need not be looked at: the second pass begins with a list that nearly nothing enters.
_Static_assert(BLOCK >= 8 && BLOCK <= 1024, "BLOCK is 8 to 1024");
#define GROUPS 64

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

/** The k-th largest of the groups' largest; `cols` is GROUPS or more. */
static inline float limit_of(const float* restrict x, int cols, int k) {
  float largest[GROUPS], sorted[GROUPS];
  int places[GROUPS], held = 0;
  for (int i = 0; i < GROUPS; i++) largest[i] = x[i];
  for (int c = GROUPS; c + GROUPS <= cols; c += GROUPS) {
    for (int i = 0; i < GROUPS; i++) largest[i] = x[c + i] > largest[i] ? x[c + i] : largest[i];
  }
  for (int i = 0; i < GROUPS; i++) held = insert(sorted, places, held, k, largest[i], i);
  return sorted[k - 1];
}

static inline int any_from(const float* restrict x, float limit) {
  int found = 0;
  for (int i = 0; i < BLOCK; i++) found |= x[i] >= limit;
  return found;
}

void topk(const float* restrict x, float* restrict values, int* restrict indices, int rows, int cols, int k) {
  for (long r = 0; r < rows; r++, x += cols, values += k, indices += k) {
    const float limit = cols < GROUPS ? -__builtin_inff() : limit_of(x, cols, k);
    int held = 0, c = 0;
    for (; c + BLOCK <= cols; c += BLOCK) {
      if (!any_from(x + c, limit)) continue;
      for (int i = c; i < c + BLOCK; i++) {
        if (x[i] >= limit) held = insert(values, indices, held, k, x[i], i);
      }
    }
    for (; c < cols; c++) {
      if (x[c] >= limit) held = insert(values, indices, held, k, x[c], c);
    }
  }
}
