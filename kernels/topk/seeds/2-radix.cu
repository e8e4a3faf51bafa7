/* kiln
params: {EACH: 16}
space: {EACH: [4, 8, 16, 32]}
launch:
  - kernel: topk
    grid: [rows]
    block: ["max(64, min(1024, next_pow2(ceil_div(cols, EACH))))"]
    args: [x, values, indices, cols, k]
*/
// A block a row. The k-th largest is found digit by digit, 8 bits of a key that has the order of the numbers: counts of the next digit among the keys that begin like it.
// Then everything larger is taken, and as many of its equals as are left; at most 64, each of which counts who comes before it to find its place. The row is read
// five times, from the cache after the first.
static_assert(EACH >= 1, "EACH is 1 or more");

/** Unsigned numbers in the order of f32: zeros of both signs are the same. */
__device__ unsigned key_of(float v) {
  const unsigned bits = __float_as_uint(v + 0.0f);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}

/** The first warp: the digit in which the `rank`-th largest is, and which it is among those of this digit. */
__device__ void find_digit(const int* counts, int rank, int* digit, int* rank_in_digit) {
  const int lane = threadIdx.x, first = 255 - 8 * lane;  // this lane has 8 digits, downwards
  int sum = 0;
#pragma unroll
  for (int i = 0; i < 8; i++) sum += counts[first - i];
  int upto = sum;
#pragma unroll
  for (int lanes = 1; lanes < 32; lanes *= 2) {
    const int before = __shfl_up_sync(~0u, upto, lanes);
    if (lane >= lanes) upto += before;
  }
  int above = upto - sum;
  if (above >= rank || upto < rank) return;
  for (int i = 0; i < 8; i++) {
    const int here = counts[first - i];
    if (above + here >= rank) {
      *digit = first - i;
      *rank_in_digit = rank - above;
      return;
    }
    above += here;
  }
}

extern "C" __global__ void __launch_bounds__(1024) topk(const float* __restrict__ x, float* __restrict__ values, int* __restrict__ indices, int cols, int k) {
  __shared__ int counts[256], digit, rank, larger, equal;
  __shared__ float found[64];
  __shared__ int columns[64];
  const int t = threadIdx.x, threads = blockDim.x;
  x += (size_t)blockIdx.x * cols;

  unsigned prefix = 0, known = 0;  // the bits of the k-th largest's key, as far as they are known
  int left = k;                    // it is the left-th largest of the keys that begin so
  for (int shift = 24; shift >= 0; shift -= 8) {
    for (int i = t; i < 256; i += threads) counts[i] = 0;
    __syncthreads();
    for (int c = t; c < cols; c += threads) {
      const unsigned key = key_of(x[c]);
      if ((key & known) == prefix) atomicAdd(&counts[key >> shift & 255], 1);
    }
    __syncthreads();
    if (t < 32) find_digit(counts, left, &digit, &rank);
    __syncthreads();
    prefix |= (unsigned)digit << shift;
    known |= 255u << shift;
    left = rank;
  }
  if (t == 0) larger = equal = 0;
  __syncthreads();
  for (int c = t; c < cols; c += threads) {
    const float v = x[c];
    const unsigned key = key_of(v);
    if (key < prefix) continue;
    const int nth = atomicAdd(key > prefix ? &larger : &equal, 1);
    if (key == prefix && nth >= left) continue;
    const int at = key > prefix ? nth : k - left + nth;
    found[at] = v;
    columns[at] = c;
  }
  __syncthreads();
  if (t >= k) return;
  int place = 0;
  for (int i = 0; i < k; i++) place += found[i] > found[t] || (found[i] == found[t] && i < t);
  values[(size_t)blockIdx.x * k + place] = found[t];
  indices[(size_t)blockIdx.x * k + place] = columns[t];
}
