// avx512_packed.c — packed weights times activations with AVX-512 VNNI: packed.c's sums, 8 rows a
// register of 32 bytes.
//
// One instruction multiplies four unsigned bytes by four signed ones and adds them to a 32-bit lane.
// Weights become unsigned by 12 (doubled E2M1) or 128 (8 bits); as many times the sum of the
// activations is taken off afterwards.

#include "packed.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define INLINE \
  static inline __attribute__((always_inline, target("avx2,fma,f16c,avx512f,avx512vl,avx512vnni")))

#include "packed_x86.h"

/// The whole sums of eight rows.
INLINE __m256i whole(ck_packing packing, const block *w, const int8_t *x, int32_t sum) {
  int32_t shift = packing == CK_PACKED_MXFP4 ? 12 : 128;
  // Two chains each, since one multiplication takes four cycles.
  __m256i high[2], low[2];
  high[0] = high[1] = low[0] = _mm256_setzero_si256();
  low[1] = _mm256_set1_epi32(-shift * sum);
  UNROLL for (size_t v = 0; v < 8; v++) {
    __m256i codes = w->codes[v];
    if (packing == CK_PACKED_Q8) codes = _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
    high[v % 2] = _mm256_dpbusd_epi32(high[v % 2], codes, quad(x, v));
    low[v % 2] = _mm256_dpbusd_epi32(low[v % 2], codes, quad(x, 8 + v));
  }
  __m256i below = _mm256_add_epi32(low[0], low[1]);
  return _mm256_add_epi32(_mm256_slli_epi32(_mm256_add_epi32(high[0], high[1]), 7), below);
}

#define CK_PACKED_PRODUCT
#include "packed_x86.h"

__attribute__((target("avx2,fma,f16c,avx512f,avx512vl,avx512vnni")))
void ck_avx512_packed_matmul(float *out, size_t out_stride, const ck_packed *matrix,
                             size_t group_begin, size_t group_end, const ck_activations *x,
                             const float *bias) {
  packed_matmul(out, out_stride, matrix, group_begin, group_end, x, bias);
}

#endif
