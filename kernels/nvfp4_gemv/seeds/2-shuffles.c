/* kiln
launch:
  - kernel: nvfp4_gemv
    args: [a, a_scale, b, b_scale, out, vector_scales, l, m, k]
scratch: {vector_scales: k / 16 * 4}
*/
// 32 elements at a time in SSSE3: one byte shuffle decodes 16 nibbles to twice their values, maddubs multiplies and adds pairs of
// bytes (|a| times b with a's sign), all exact in 16 bits. b's two nibbles of a byte stay in two vectors, as a's do.
#include <math.h>
#include <tmmintrin.h>

static void fill_scales(float table[256]) {
  for (int bits = 0; bits < 256; bits++) {
    const int exponent = bits >> 3 & 15, mantissa = bits & 7;
    const float magnitude = exponent == 0 ? ldexpf(mantissa, -9) : ldexpf(8 + mantissa, exponent - 10);
    table[bits] = (bits & 127) == 127 ? NAN : bits & 128 ? -magnitude : magnitude;
  }
}

static inline __m128i products(__m128i a, __m128i b) { return _mm_maddubs_epi16(_mm_abs_epi8(a), _mm_sign_epi8(b, a)); }

/** Four times the sums of the two blocks of 32 elements: the first block's in lanes 0 and 1, the second's in 2 and 3. */
static inline __m128 blocks(__m128i a, __m128i b) {
  const __m128i twice = _mm_setr_epi8(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12), low = _mm_set1_epi8(15);
  const __m128i even = products(_mm_shuffle_epi8(twice, _mm_and_si128(a, low)), _mm_shuffle_epi8(twice, _mm_and_si128(b, low)));
  const __m128i odd = products(_mm_shuffle_epi8(twice, _mm_and_si128(_mm_srli_epi16(a, 4), low)),
                               _mm_shuffle_epi8(twice, _mm_and_si128(_mm_srli_epi16(b, 4), low)));
  return _mm_cvtepi32_ps(_mm_madd_epi16(_mm_add_epi16(even, odd), _mm_set1_epi16(1)));
}

static float dot(const unsigned char* a, const unsigned char* a_scale, const unsigned char* b, const float* b_scale, const float* scales, int k) {
  __m128 sum = _mm_setzero_ps();
  for (int i = 0; i < k / 32; i++) {
    const float first = scales[a_scale[2 * i]] * b_scale[2 * i], second = scales[a_scale[2 * i + 1]] * b_scale[2 * i + 1];
    const __m128 both = blocks(_mm_loadu_si128((const __m128i*)a + i), _mm_loadu_si128((const __m128i*)b + i));
    sum = _mm_add_ps(sum, _mm_mul_ps(both, _mm_setr_ps(first, first, second, second)));
  }
  float lanes[4];
  _mm_storeu_ps(lanes, sum);
  return (lanes[0] + lanes[1] + lanes[2] + lanes[3]) * 0.25f;
}

void nvfp4_gemv(const unsigned char* restrict a, const unsigned char* restrict a_scale, const unsigned char* restrict b,
                const unsigned char* restrict b_scale, _Float16* restrict out, float* restrict vector_scales, int l, int m, int k) {
  float scales[256];
  fill_scales(scales);
  for (long batch = 0; batch < l; batch++) {
    for (int i = 0; i < k / 16; i++) vector_scales[i] = scales[b_scale[batch * (k / 16) + i]];
    const unsigned char* vector = b + batch * (k / 2);
    for (long row = batch * m; row < (batch + 1) * m; row++) {
      out[row] = (_Float16)dot(a + row * (k / 2), a_scale + row * (k / 16), vector, vector_scales, scales, k);
    }
  }
}
