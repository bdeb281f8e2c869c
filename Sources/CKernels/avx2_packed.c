// avx2_packed.c — packed weights times activations with AVX2: packed.c's sums, 8 rows a register.
//
// E2M1 values are looked up as doubled and shifted by 12, which makes them unsigned, as the
// instruction that multiplies bytes wants them; 12 times the sum of the activations is taken off
// afterwards. A row's products fit 16 bits by fours for high bytes (24 * 127 * 2 * 4 < 2^15), by
// eights for low ones (24 * 64 * 2 * 8). Signed weights give their sign to the activations' bytes.

#include "packed.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "avx2.h"

#define INLINE static inline __attribute__((always_inline)) CK_AVX2_TARGET

#include "packed_x86.h"

/// The whole sums of eight rows.
INLINE __m256i whole(ck_packing packing, const block *w, const int8_t *x, int32_t sum) {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i high, low;
  if (packing == CK_PACKED_MXFP4) {
    __m256i first = _mm256_maddubs_epi16(w->codes[0], quad(x, 0));
    __m256i second = _mm256_maddubs_epi16(w->codes[4], quad(x, 4));
    UNROLL for (size_t v = 1; v < 4; v++) {
      first = _mm256_add_epi16(first, _mm256_maddubs_epi16(w->codes[v], quad(x, v)));
      second = _mm256_add_epi16(second, _mm256_maddubs_epi16(w->codes[4 + v], quad(x, 4 + v)));
    }
    high = _mm256_add_epi32(_mm256_madd_epi16(first, ones), _mm256_madd_epi16(second, ones));
    low = _mm256_maddubs_epi16(w->codes[0], quad(x, 8));
    UNROLL for (size_t v = 1; v < 8; v++)
      low = _mm256_add_epi16(low, _mm256_maddubs_epi16(w->codes[v], quad(x, 8 + v)));
    low = _mm256_sub_epi32(_mm256_madd_epi16(low, ones), _mm256_set1_epi32(12 * sum));
  } else {
    high = low = _mm256_setzero_si256();
    UNROLL for (size_t v = 0; v < 8; v++) {
      __m256i four = quad(x, v), below = quad(x, 8 + v);
      __m256i products =
          _mm256_maddubs_epi16(_mm256_abs_epi8(four), _mm256_sign_epi8(w->codes[v], four));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(products, ones));
      products = _mm256_maddubs_epi16(_mm256_abs_epi8(below), _mm256_sign_epi8(w->codes[v], below));
      low = _mm256_add_epi32(low, _mm256_madd_epi16(products, ones));
    }
  }
  return _mm256_add_epi32(_mm256_slli_epi32(high, 7), low);
}

#define CK_PACKED_PRODUCT
#include "packed_x86.h"

CK_AVX2_TARGET
void ck_avx2_packed_matmul(float *out, size_t out_stride, const ck_packed *matrix,
                           size_t group_begin, size_t group_end, const ck_activations *x,
                           const float *bias) {
  packed_matmul(out, out_stride, matrix, group_begin, group_end, x, bias);
}

/// The largest lane.
INLINE uint32_t largest_of(__m256i lanes) {
  __m128i four = _mm_max_epu32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
  __m128i two = _mm_max_epu32(four, _mm_unpackhi_epi64(four, four));
  return (uint32_t)_mm_cvtsi128_si32(_mm_max_epu32(two, _mm_shuffle_epi32(two, 1)));
}

/// 32 numbers as bytes. Packing leaves groups of four in an order that is undone.
INLINE void store_bytes(int8_t *out, const __m256i *numbers) {
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(numbers[0], numbers[1]),
                                     _mm256_packs_epi32(numbers[2], numbers[3]));
  _mm256_storeu_si256((__m256i *)(void *)out, _mm256_permutevar8x32_epi32(bytes, order));
}

CK_AVX2_TARGET
void ck_avx2_quantize_row(const ck_activations *out, size_t row, const float *x, size_t columns) {
  const __m256i magnitude = _mm256_set1_epi32(0x7FFFFFFF);
  for (size_t b = 0; b < ck_block_count(columns); b++) {
    size_t first = CK_BLOCK_COLUMNS * b;
    float padded[CK_BLOCK_COLUMNS];
    const float *from = x + first;
    if (columns - first < CK_BLOCK_COLUMNS) {
      memset(padded, 0, sizeof padded);
      memcpy(padded, from, (columns - first) * sizeof *padded);
      from = padded;
    }
    __m256 parts[4];
    UNROLL for (size_t k = 0; k < 4; k++) parts[k] = _mm256_loadu_ps(from + 8 * k);
    __m256i most = _mm256_setzero_si256();
    UNROLL for (size_t k = 0; k < 4; k++)
      most = _mm256_max_epu32(most, _mm256_and_si256(_mm256_castps_si256(parts[k]), magnitude));
    float scale, factor;
    ck_block_scale(largest_of(most), &scale, &factor);
    size_t place = b * out->count + row;
    int8_t *values = out->values + CK_ACTIVATION_BYTES * place;
    out->scales[place] = scale;
    if (factor == 0) {
      memset(values, 0, CK_ACTIVATION_BYTES);
      out->sums[place] = 0;
      continue;
    }
    __m256i whole[4], high[4], low[4];
    UNROLL for (size_t k = 0; k < 4; k++) {
      whole[k] = _mm256_cvtps_epi32(_mm256_mul_ps(parts[k], _mm256_set1_ps(factor)));
      high[k] = _mm256_srai_epi32(_mm256_add_epi32(whole[k], _mm256_set1_epi32(64)), 7);
      low[k] = _mm256_sub_epi32(whole[k], _mm256_slli_epi32(high[k], 7));
    }
    __m256i total = _mm256_add_epi32(_mm256_add_epi32(whole[0], whole[1]),
                                     _mm256_add_epi32(whole[2], whole[3]));
    __m128i four =
        _mm_add_epi32(_mm256_castsi256_si128(total), _mm256_extracti128_si256(total, 1));
    __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    out->sums[place] = _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
    store_bytes(values, high);
    store_bytes(values + CK_BLOCK_COLUMNS, low);
  }
}

#endif
