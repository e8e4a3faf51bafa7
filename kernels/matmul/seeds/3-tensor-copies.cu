/* kiln
params: {BM: 128, BN: 256, STAGES: 4, CLUSTER: 2, GROUP: 8, BLOCKS: 132}
launch:
  - kernel: make_maps
    grid: [1]
    block: [32]
    args: [a, b, maps, m, n, k]
  - kernel: matmul
    # BLOCKS is the number of multiprocessors: each block takes one tile after another.
    grid: [min(BLOCKS / CLUSTER, ceil_div(m, BM * CLUSTER) * ceil_div(n, BN)) * CLUSTER]
    cluster: [CLUSTER]
    block: [BM * 2 + 128]
    shared: STAGES * (BM + BN) * 128 + 1024
    args: [maps, c, m, n, k]
scratch: {maps: 512}
*/
// wgmma fed by the tensor copy engine. A first launch writes the two tensor maps into a scratch buffer, since a plan passes none. One
// warpgroup only asks for copies, the others only multiply: mbarriers tell them which of the STAGES tiles are full and empty. The
// CLUSTER blocks of a cluster take tiles one below the other; each copies its share of their common tile of b to all of them.
// While results are written, the copies for the next tile are under way already.
#include <cuda_fp16.h>

constexpr int DEPTH = 64, ROW_BYTES = DEPTH * 2;  // one row of a tile fills the swizzle's 128 bytes
constexpr int MULTIPLIERS = BM / 64, THREADS = MULTIPLIERS * 128 + 128;
constexpr int A_BYTES = BM * ROW_BYTES, B_BYTES = BN * ROW_BYTES, STAGE_BYTES = A_BYTES + B_BYTES;
constexpr int SHARE_ROWS = BN / CLUSTER;  // of b, copied by each block of the cluster
constexpr int ACCUMULATORS = BN / 2;      // a thread's share of 64 x BN results
static_assert(BM == 64 || BM == 128 || BM == 192 || BM == 256, "BM is one warpgroup for each 64 rows: 64 to 256");
static_assert(BN == 128 || BN == 256, "BN is 128 or 256");
static_assert(CLUSTER == 1 || CLUSTER == 2 || CLUSTER == 4, "CLUSTER is 1, 2 or 4");
static_assert(BLOCKS % CLUSTER == 0, "BLOCKS is a multiple of CLUSTER");
static_assert(STAGES >= 2 && STAGES * STAGE_BYTES + 1024 <= 227 * 1024, "2 stages or more, as many as fit in shared memory");

/** Maps start at multiples of 128 bytes. */
__device__ unsigned char* map_at(unsigned char* maps, int index) {
  return reinterpret_cast<unsigned char*>((reinterpret_cast<unsigned long long>(maps) + 127) & ~127ull) + index * 128;
}

/** Describes `rows` x `k` f16 values, copied in boxes of `box_rows` x DEPTH with the 128-byte swizzle. A whole warp calls it. */
__device__ void make_map(unsigned char* to, unsigned* words, const __half* matrix, int rows, int k, int box_rows) {
  words[threadIdx.x] = 0;
  __syncwarp();
  const unsigned map = (unsigned)__cvta_generic_to_shared(words);
  if (threadIdx.x == 0) {
    asm volatile("tensormap.replace.tile.global_address.shared::cta.b1024.b64 [%0], %1;" ::"r"(map), "l"(matrix) : "memory");
    asm volatile("tensormap.replace.tile.rank.shared::cta.b1024.b32 [%0], 1;" ::"r"(map) : "memory");  // two dimensions
    asm volatile("tensormap.replace.tile.box_dim.shared::cta.b1024.b32 [%0], 0, %1;" ::"r"(map), "r"(DEPTH) : "memory");
    asm volatile("tensormap.replace.tile.box_dim.shared::cta.b1024.b32 [%0], 1, %1;" ::"r"(map), "r"(box_rows) : "memory");
    asm volatile("tensormap.replace.tile.global_dim.shared::cta.b1024.b32 [%0], 0, %1;" ::"r"(map), "r"(k) : "memory");
    asm volatile("tensormap.replace.tile.global_dim.shared::cta.b1024.b32 [%0], 1, %1;" ::"r"(map), "r"(rows) : "memory");
    asm volatile("tensormap.replace.tile.global_stride.shared::cta.b1024.b64 [%0], 0, %1;" ::"r"(map), "l"((unsigned long long)k * 2) : "memory");
    asm volatile("tensormap.replace.tile.element_stride.shared::cta.b1024.b32 [%0], 0, 1;" ::"r"(map) : "memory");
    asm volatile("tensormap.replace.tile.element_stride.shared::cta.b1024.b32 [%0], 1, 1;" ::"r"(map) : "memory");
    asm volatile("tensormap.replace.tile.elemtype.shared::cta.b1024.b32 [%0], 6;" ::"r"(map) : "memory");  // f16
    asm volatile("tensormap.replace.tile.interleave_layout.shared::cta.b1024.b32 [%0], 0;" ::"r"(map) : "memory");
    asm volatile("tensormap.replace.tile.swizzle_mode.shared::cta.b1024.b32 [%0], 3;" ::"r"(map) : "memory");  // 128 bytes
    asm volatile("tensormap.replace.tile.fill_mode.shared::cta.b1024.b32 [%0], 0;" ::"r"(map) : "memory");     // zeros outside
  }
  __syncwarp();
  asm volatile("tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release.gpu.sync.aligned [%0], [%1], 128;" ::"l"(to), "r"(map) : "memory");
  __syncwarp();
}

extern "C" __global__ void make_maps(const __half* a, const __half* b, unsigned char* maps, int m, int n, int k) {
  __shared__ __align__(128) unsigned words[2][32];
  make_map(map_at(maps, 0), words[0], a, m, k, BM);
  make_map(map_at(maps, 1), words[1], b, n, k, SHARE_ROWS);
}

__device__ unsigned cluster_rank() {
  unsigned rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

__device__ void cluster_sync() {
  asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}

__device__ void init_barrier(unsigned barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

__device__ void expect_bytes(unsigned barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}

/** At the barrier that block `rank` of the cluster keeps at this address. */
__device__ void arrive_at(unsigned barrier, unsigned rank) {
  asm volatile(
      "{ .reg .b32 remote; mapa.shared::cluster.u32 remote, %0, %1; mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote]; }" ::"r"(barrier),
      "r"(rank)
      : "memory");
}

__device__ void wait_for(unsigned barrier, unsigned parity) {
  unsigned done = 0;
  while (!done) {
    asm volatile("{ .reg .pred done; mbarrier.try_wait.parity.shared::cta.b64 done, [%1], %2; selp.u32 %0, 1, 0, done; }"
                 : "=r"(done)
                 : "r"(barrier), "r"(parity)
                 : "memory");
  }
}

/** A box from column p, row `row`, to the address `to` of this block or of all of the cluster's; counts at `barrier` there. */
__device__ void copy_box(unsigned to, const unsigned char* map, int p, int row, unsigned barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::"r"(to), "l"(map), "r"(p),
               "r"(row), "r"(barrier)
               : "memory");
}

__device__ void copy_box_to_all(unsigned to, const unsigned char* map, int p, int row, unsigned barrier) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(to),
      "l"(map), "r"(p), "r"(row), "r"(barrier), "h"((unsigned short)((1 << CLUSTER) - 1))
      : "memory");
}

/** Of a tile whose rows are 128 swizzled bytes: start; 8 rows are 1024 bytes apart; swizzle mode 1 (128 bytes). */
__device__ unsigned long long descriptor(unsigned address) {
  return (unsigned long long)((address & 0x3FFFF) >> 4) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

#define D4(i) "+f"(d[i]), "+f"(d[(i) + 1]), "+f"(d[(i) + 2]), "+f"(d[(i) + 3])
#define D16(i) D4(i), D4((i) + 4), D4((i) + 8), D4((i) + 12)
#define D64(i) D16(i), D16((i) + 16), D16((i) + 32), D16((i) + 48)

/** d = a * b, plus d where `keep`: 64 x BN results of 16 columns. Both tiles have their depth contiguous. */
#if BN == 256
__device__ void multiply(float (&d)[128], unsigned long long a, unsigned long long b, int keep) {
  asm volatile(
      "{ .reg .pred keep; setp.ne.b32 keep, %130, 0; wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
      "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
      "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
      "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
      "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
      "}, %128, %129, keep, 1, 1, 0, 0; }"
      : D64(0), D64(64)
      : "l"(a), "l"(b), "r"(keep));
}
#else
__device__ void multiply(float (&d)[64], unsigned long long a, unsigned long long b, int keep) {
  asm volatile(
      "{ .reg .pred keep; setp.ne.b32 keep, %66, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
      "}, %64, %65, keep, 1, 1, 0, 0; }"
      : D64(0)
      : "l"(a), "l"(b), "r"(keep));
}
#endif

/** Position in the ring of stages; `parity` changes each time round. */
struct Ring {
  int stage = 0;
  unsigned parity = 0;

  __device__ void advance() {
    if (++stage == STAGES) {
      stage = 0;
      parity ^= 1;
    }
  }
};

/** Tiles of this block's cluster in turn: GROUP rows of clusters are walked together, for the L2 cache's sake. */
struct Tiles {
  int next, step, rows, columns;

  __device__ Tiles(int m, int n)
      : next(blockIdx.x / CLUSTER), step(gridDim.x / CLUSTER), rows((m + BM * CLUSTER - 1) / (BM * CLUSTER)), columns((n + BN - 1) / BN) {}

  __device__ bool take(int rank, int& i0, int& j0) {
    if (next >= rows * columns) return false;
    const int group = next / (GROUP * columns), in_group = next % (GROUP * columns), height = min(GROUP, rows - group * GROUP);
    i0 = ((group * GROUP + in_group % height) * CLUSTER + rank) * BM;
    j0 = in_group / height * BN;
    next += step;
    return true;
  }
};

/** One thread: keeps the stages full. */
__device__ void copy_tiles(unsigned char* maps, unsigned base, unsigned full, unsigned empty, int m, int n, int k) {
  const unsigned char *map_a = map_at(maps, 0), *map_b = map_at(maps, 1);
  asm volatile("fence.proxy.tensormap::generic.acquire.gpu [%0], 128;" ::"l"(map_a) : "memory");
  asm volatile("fence.proxy.tensormap::generic.acquire.gpu [%0], 128;" ::"l"(map_b) : "memory");
  const int rank = cluster_rank();
  Tiles tiles(m, n);
  Ring at;
  for (int i0, j0; tiles.take(rank, i0, j0);) {
    for (int p = 0; p < k; p += DEPTH, at.advance()) {
      const unsigned barrier = full + at.stage * 8, a_tile = base + at.stage * STAGE_BYTES, b_tile = a_tile + A_BYTES;
      wait_for(empty + at.stage * 8, at.parity ^ 1);  // all multipliers of the cluster are done with it; at once the first time round
      expect_bytes(barrier, STAGE_BYTES);
      copy_box(a_tile, map_a, p, i0, barrier);
      if (CLUSTER == 1) {
        copy_box(b_tile, map_b, p, j0, barrier);
      } else {
        copy_box_to_all(b_tile + rank * SHARE_ROWS * ROW_BYTES, map_b, p, j0 + rank * SHARE_ROWS, barrier);
      }
    }
  }
}

__device__ void write_results(const float (&sum)[ACCUMULATORS], __half* c, int i0, int j0, int m, int n) {
  const int lane = threadIdx.x % 32;
  const int i = i0 + threadIdx.x / 32 * 16 + lane / 4;
  __half* to = c + (size_t)i * n + j0 + lane % 4 * 2;
#pragma unroll
  for (int j = 0; j < BN / 8; j++) {
    if (j0 + 8 * j >= n) break;
    if (i < m) *reinterpret_cast<__half2*>(to + 8 * j) = __floats2half2_rn(sum[4 * j], sum[4 * j + 1]);
    if (i + 8 < m) *reinterpret_cast<__half2*>(to + (size_t)8 * n + 8 * j) = __floats2half2_rn(sum[4 * j + 2], sum[4 * j + 3]);
  }
}

/** A warpgroup: 64 rows of each tile. */
__device__ void multiply_tiles(__half* c, unsigned base, unsigned full, unsigned empty, int m, int n, int k) {
  const int in_group = threadIdx.x % 128, rank = cluster_rank();
  const unsigned rows = threadIdx.x / 128 * 64 * ROW_BYTES;
  Tiles tiles(m, n);
  Ring at;
  float sum[ACCUMULATORS];
  for (int i0, j0; tiles.take(rank, i0, j0);) {
    int before = -1;  // stage of the step before, still being read
    for (int p0 = 0; p0 < k; p0 += DEPTH, at.advance()) {
      wait_for(full + at.stage * 8, at.parity);
      const unsigned a_tile = base + at.stage * STAGE_BYTES + rows, b_tile = base + at.stage * STAGE_BYTES + A_BYTES;
      asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
      for (int p = 0; p < DEPTH / 16; p++) multiply(sum, descriptor(a_tile + p * 32), descriptor(b_tile + p * 32), p0 + p > 0);
      asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
      asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
      if (before >= 0 && in_group < CLUSTER) arrive_at(empty + before * 8, in_group);
      before = at.stage;
    }
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
#pragma unroll
    for (int i = 0; i < ACCUMULATORS; i++) asm volatile("" : "+f"(sum[i])::"memory");  // no use of a sum moves before the wait
    if (in_group < CLUSTER) arrive_at(empty + before * 8, in_group);
    write_results(sum, c, i0, j0, m, n);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS, 1) matmul(unsigned char* maps, __half* __restrict__ c, int m, int n, int k) {
  extern __shared__ __align__(1024) unsigned char memory[];
  __shared__ __align__(8) unsigned long long barriers[2 * STAGES];
  const unsigned base = ((unsigned)__cvta_generic_to_shared(memory) + 1023) & ~1023u;  // the swizzle works on addresses
  const unsigned full = (unsigned)__cvta_generic_to_shared(barriers), empty = full + STAGES * 8;
  if (threadIdx.x == 0) {
    for (int s = 0; s < STAGES; s++) {
      init_barrier(full + s * 8, 1);
      init_barrier(empty + s * 8, MULTIPLIERS * CLUSTER);
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  cluster_sync();
  if (threadIdx.x / 128 < MULTIPLIERS) {
    multiply_tiles(c, base, full, empty, m, n, k);
  } else if (threadIdx.x == MULTIPLIERS * 128) {
    copy_tiles(maps, base, full, empty, m, n, k);
  }
  __syncwarp();
  cluster_sync();  // no block ends while another may still copy to it or arrive at its barriers
}
