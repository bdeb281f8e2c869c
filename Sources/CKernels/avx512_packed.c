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
  __m256i high = _mm256_setzero_si256(), low = high;
  int32_t shift = packing == CK_PACKED_MXFP4 ? 12 : 128;
  UNROLL for (size_t v = 0; v < 8; v++) {
    __m256i codes = w->codes[v];
    if (packing == CK_PACKED_Q8) codes = _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
    high = _mm256_dpbusd_epi32(high, codes, quad(x, v));
    low = _mm256_dpbusd_epi32(low, codes, quad(x, 8 + v));
  }
  low = _mm256_sub_epi32(low, _mm256_set1_epi32(shift * sum));
  return _mm256_add_epi32(_mm256_slli_epi32(high, 7), low);
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
