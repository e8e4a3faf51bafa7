/* Samples of timed runs on the GPU: taken in the same pass that poisons the outputs for the next run, compared after the section. */

/* Grid: (blocks, rows). Takes the samples of `key` to `taken`, then poisons for a run of `next`; `next` 0: leaves the outputs as they are.
 * What whole outputs are poisoned with follows from `poison`: who sees it learns nothing of `next`.
 * A block has `each` stretches, or as many cells of a row without samples, and samples them before it writes to them: a row needs one pass.
 * `stamp`: where it says when it starts. The first row comes as an argument too: it is the only one of most cases, and the table is never in a cache. */
extern "C" __global__ void __launch_bounds__(256)
kiln_turn(u64 pointer, u64 bytes, u64 in_all, u64 width, u64 count, u64 first, u64 dtype, u64 how, const Row* rows, u64 each, Cell* taken, u64 key,
          u64 next, u64* stamp, u64 poison) {
  say_start(stamp);
  const Row r = blockIdx.y ? rows[blockIdx.y] : Row{pointer, bytes, in_all, width, count, first, dtype, how};
  u8* data = (u8*)r.pointer;
  u64 from = blockIdx.x * each, to = min(from + each, r.count);
  for (u64 i = from + threadIdx.x; i < to; i += 256) {
    taken[r.first + i] = load_cell(data, cell_of(key, blockIdx.y, i, &r), r.bytes);
    if (next && r.how == POISON_CELLS) poison_cell(data, blockIdx.y, i, next, &r);
  }
  if (!next || r.how != POISON_ALL) return;
  __syncthreads();
  u64 block = each * r.width, high = min((blockIdx.x + 1) * block, r.cells), whole = min(high, r.bytes / CELL_BYTES);
  u32 word = poison_word(poison, blockIdx.y, (int)r.dtype);
  Cell cell = {{word, word, word, word}}, *cells = (Cell*)data;
#pragma unroll 4
  for (u64 c = blockIdx.x * block + threadIdx.x; c < whole; c += 256) cells[c] = cell;
  if (whole < high && threadIdx.x == 0) store_cell(data, whole, r.bytes, cell);
}

/* What a block found in its run. `largest`: of the cells' squared differences. */
struct Sum {
  u64 mismatches, first;
  double difference2, reference2, largest;
};

__device__ __forceinline__ void add_up(Sum& s, int lane) {
  s.mismatches += __shfl_down_sync(~0u, s.mismatches, lane);
  s.first = max(s.first, __shfl_down_sync(~0u, s.first, lane));
  s.difference2 += __shfl_down_sync(~0u, s.difference2, lane);
  s.reference2 += __shfl_down_sync(~0u, s.reference2, lane);
  s.largest = fmax(s.largest, __shfl_down_sync(~0u, s.largest, lane));
}

/* One block of 512 threads a run: they wait for memory at random places, more of them for less long. found[0] += elements outside their tolerance; found[1] = max ~(slot, replica, element) of such; found[2] =
 * max ~(slot, replica, 0) of a run whose norms are outside `limit` (see sampling.py). `lookup`: of what is compared; its `seen` is 0. */
extern "C" __global__ void __launch_bounds__(512)
kiln_compare_samples(const Sampled* runs, const Cell* store, u64 per_run, const void* ref, const Row* row, u64 number, u64 replica, double rtol,
                     double atol, double relative_l2, const double* norm2, Lookup lookup, u64* found) {
  __shared__ Sum sums[16];
  const Row r = *row;
  const Sampled run = runs[blockIdx.x];
  const Cell* taken = store + run.slot * per_run + r.first;
  int size = element_bytes((int)r.dtype), halves = r.dtype == F4E2M1X2 ? 2 : 1;
  u64 mark = run.slot << 48 | replica << 40;
  Sum s = {};
  for (u64 i = threadIdx.x; i < r.count; i += blockDim.x) {
    u64 cell = cell_of(run.key, number, i, &r), element = cell * (CELL_BYTES / size);
    Cell one = taken[i];
    Comparison c = {};
    for (int k = 0; k < CELL_BYTES / size && (element + k + 1) * size <= r.bytes; k++)
      for (int half = 0; half < halves; half++) {
        double reference, d = difference_of(&lookup, &one, (const u8*)ref + cell * CELL_BYTES, k, element + k, (int)r.dtype, half, &reference);
        count_distance(d, reference, rtol, atol, element + k, c);
      }
    s.mismatches += c.mismatches;
    if (c.first) s.first = max(s.first, ~(mark | ~c.first));
    s.difference2 += c.difference2, s.reference2 += c.reference2, s.largest = fmax(s.largest, c.difference2);
  }
  for (int lane = 16; lane > 0; lane >>= 1) add_up(s, lane);
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = s;
  __syncthreads();
  if (threadIdx.x >= 32) return;
  s = threadIdx.x < 16 ? sums[threadIdx.x] : Sum{};
  for (int lane = 8; lane > 0; lane >>= 1) add_up(s, lane);
  if (threadIdx.x) return;
  if (s.mismatches) atomicAdd(found, s.mismatches), atomicMax(found + 1, s.first);
  double share = (double)r.count / (double)r.cells;
  double bound = relative_l2 * sqrt(fmax(*norm2, s.reference2 / share)) + atol * sqrt((double)(r.bytes / size) * halves);
  if (sample_is_far(s.difference2, s.largest, share, bound)) atomicMax(found + 2, ~mark);
}
