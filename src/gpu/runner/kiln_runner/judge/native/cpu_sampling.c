/* Samples of timed runs on the cpu device: as gpu_sampling.cu, on memory of this process. */

/* The samples of all rows to `taken`. */
void kiln_sample(const Row* rows, u64 count, Cell* taken, u64 key) {
  for (u64 n = 0; n < count; n++)
    for (u64 i = 0; i < rows[n].count; i++)
      taken[rows[n].first + i] = load_cell((const void*)rows[n].pointer, cell_of(key, n, i, &rows[n]), rows[n].bytes);
}

static void compare_samples(const Sampled* run, const Cell* taken, const void* ref, const Row* r, u64 number, u64 replica, const double* limits,
                            double norm2, const Lookup* l, u64* found) {
  int size = (int)element_bytes((int)r->dtype), halves = r->dtype == F4E2M1X2 ? 2 : 1;
  u64 mark = run->slot << 48 | replica << 40, mismatches = 0, first = 0;
  double difference2 = 0, reference2 = 0, largest = 0, share = (double)r->count / (double)r->cells;
  for (u64 i = 0; i < r->count; i++) {
    u64 cell = cell_of(run->key, number, i, r), element = cell * (CELL_BYTES / size);
    Comparison c = {0};
    for (int k = 0; k < CELL_BYTES / size && (element + k + 1) * size <= r->bytes; k++)
      for (int half = 0; half < halves; half++) {
        double reference, d = difference_of(l, &taken[i], (const u8*)ref + cell * CELL_BYTES, k, element + k, (int)r->dtype, half, &reference);
        count_distance(d, reference, limits[0], limits[1], element + k, &c);
      }
    mismatches += c.mismatches, difference2 += c.difference2, reference2 += c.reference2;
    if (c.first && ~(mark | ~c.first) > first) first = ~(mark | ~c.first);
    if (c.difference2 > largest) largest = c.difference2;
  }
  found[0] += mismatches;
  if (first > found[1]) found[1] = first;
  double bound = limits[2] * sqrt(fmax(norm2, reference2 / share)) + limits[1] * sqrt((double)(r->bytes / size) * halves);
  if (sample_is_far(difference2, largest, share, bound) && ~mark > found[2]) found[2] = ~mark;
}

/* `limits`: rtol, atol, relative_l2. `l`: of what is compared; its `seen` is 0. `found` as in gpu_sampling.cu. */
void kiln_compare_samples(const Sampled* runs, u64 count, const Cell* store, u64 per_run, const void* ref, const Row* row, u64 number, u64 replica,
                          const double* limits, double norm2, const Lookup* l, u64* found) {
  for (u64 n = 0; n < count; n++)
    compare_samples(&runs[n], store + runs[n].slot * per_run + row->first, ref, row, number, replica, limits, norm2, l, found);
}
