// probe.c — reading and multiplying with nothing else to do.

#include "ckprobe.h"

#include <string.h>

#if defined(__x86_64__)

#include <immintrin.h>

#include "avx2.h"

#define UNROLL _Pragma("clang loop unroll(full)")

CK_AVX2_TARGET static uint64_t avx2_read(const uint8_t *bytes, size_t count) {
  __m256i sums[4];
  UNROLL for (int k = 0; k < 4; k++) sums[k] = _mm256_setzero_si256();
  size_t i = 0;
  for (; i + 128 <= count; i += 128) {
    _mm_prefetch((const char *)bytes + i + 2048, _MM_HINT_T0);
    _mm_prefetch((const char *)bytes + i + 2112, _MM_HINT_T0);
    UNROLL for (int k = 0; k < 4; k++)
      sums[k] = _mm256_add_epi64(
          sums[k], _mm256_loadu_si256((const __m256i *)(const void *)(bytes + i + 32 * k)));
  }
  uint64_t parts[4], sum = 0;
  __m256i all = _mm256_add_epi64(_mm256_add_epi64(sums[0], sums[1]),
                                 _mm256_add_epi64(sums[2], sums[3]));
  _mm256_storeu_si256((__m256i *)(void *)parts, all);
  for (int k = 0; k < 4; k++) sum += parts[k];
  for (; i < count; i++) sum += bytes[i];
  return sum;
}

enum { CHAINS = 12 };

CK_AVX2_TARGET static uint64_t avx2_multiply(size_t rounds, int32_t *sink) {
  __m256i sums[CHAINS], weights = _mm256_set1_epi8(3), ones = _mm256_set1_epi16(1);
  UNROLL for (int k = 0; k < CHAINS; k++) sums[k] = _mm256_set1_epi32(k);
  for (size_t i = 0; i < rounds; i++)
    UNROLL for (int k = 0; k < CHAINS; k++) {
      __m256i products = _mm256_maddubs_epi16(weights, sums[k]);
      sums[k] = _mm256_add_epi32(sums[k], _mm256_madd_epi16(products, ones));
    }
  __m256i all = sums[0];
  UNROLL for (int k = 1; k < CHAINS; k++) all = _mm256_xor_si256(all, sums[k]);
  *sink = _mm256_extract_epi32(all, 0);
  return (uint64_t)rounds * CHAINS * 32;
}

__attribute__((target("avx2,avx512f,avx512vl,avx512vnni")))
static uint64_t avx512_multiply(size_t rounds, int32_t *sink) {
  __m256i sums[CHAINS], weights = _mm256_set1_epi8(3), x = _mm256_set1_epi8((char)*sink);
  UNROLL for (int k = 0; k < CHAINS; k++) sums[k] = _mm256_set1_epi32(k);
  for (size_t i = 0; i < rounds; i++)
    UNROLL for (int k = 0; k < CHAINS; k++) {
      sums[k] = _mm256_dpbusd_epi32(sums[k], weights, x);
      // Otherwise a compiler could multiply once and add up as often.
      __asm__("" : "+v"(sums[k]));
    }
  __m256i all = sums[0];
  UNROLL for (int k = 1; k < CHAINS; k++) all = _mm256_xor_si256(all, sums[k]);
  *sink = _mm256_extract_epi32(all, 0);
  return (uint64_t)rounds * CHAINS * 32;
}

#endif

uint64_t ck_probe_read(ck_level level, const uint8_t *bytes, size_t count) {
#if defined(__x86_64__)
  if (level >= CK_AVX2) return avx2_read(bytes, count);
#endif
  (void)level;
  uint64_t sum = 0, word;
  size_t i = 0;
  for (; i + sizeof word <= count; i += sizeof word) {
    memcpy(&word, bytes + i, sizeof word);
    sum += word;
  }
  for (; i < count; i++) sum += bytes[i];
  return sum;
}

uint64_t ck_probe_multiply(ck_level level, size_t rounds, int32_t *sink) {
#if defined(__x86_64__)
  if (level == CK_AVX512) return avx512_multiply(rounds, sink);
  if (level >= CK_AVX2) return avx2_multiply(rounds, sink);
#endif
  (void)level;
  int32_t sums[8] = {1, 2, 3, 4, 5, 6, 7, *sink};
  for (size_t i = 0; i < rounds; i++)
    for (size_t k = 0; k < 8; k++) sums[k] += (int8_t)sums[k] * 3;
  for (size_t k = 1; k < 8; k++) sums[0] ^= sums[k];
  *sink = sums[0];
  return (uint64_t)rounds * 8;
}
