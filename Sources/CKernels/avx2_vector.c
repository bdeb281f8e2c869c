// avx2_vector.c — the kernels around the matrices with AVX2.

#include "avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "elementwise.h"

#define INLINE static inline __attribute__((always_inline)) CK_AVX2_TARGET
#define UNROLL _Pragma("clang loop unroll(full)")

CK_AVX2_TARGET
void ck_avx2_rms_norm(float *out, const float *x, const float *gain, size_t count, float epsilon) {
  float lanes[16] = {0};
  __m256 first = _mm256_setzero_ps(), second = first;
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m256 low = _mm256_loadu_ps(x + i), high = _mm256_loadu_ps(x + i + 8);
    first = _mm256_fmadd_ps(low, low, first);
    second = _mm256_fmadd_ps(high, high, second);
  }
  _mm256_storeu_ps(lanes, first);
  _mm256_storeu_ps(lanes + 8, second);
  for (size_t l = 0; i + l < count; l++)
    lanes[l] = __builtin_fmaf(x[i + l], x[i + l], lanes[l]);
  float factor = 1.0f / sqrtf(ck_fold(lanes) / (float)count + epsilon);
  for (i = 0; i < count; i++) out[i] = x[i] * factor * gain[i];
}

/// 8 stored components.
INLINE __m256 load8(ck_format format, const uint8_t *values) {
  return format == CK_F32 ? _mm256_loadu_ps((const float *)(const void *)values)
                          : _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)values));
}

/// 16 components of the sums of `groups` heads, over all positions, which are `stride` bytes apart.
INLINE void accumulate16(float *out, size_t out_stride, ck_format format, const uint8_t *values,
                         size_t stride, size_t count, const float *p, size_t p_stride,
                         size_t groups) {
  __m256 sums[4][2];
  UNROLL for (size_t g = 0; g < groups; g++)
    UNROLL for (size_t h = 0; h < 2; h++)
      sums[g][h] = _mm256_loadu_ps(out + g * out_stride + 8 * h);
  for (size_t j = 0; j < count; j++)
    UNROLL for (size_t h = 0; h < 2; h++) {
      __m256 value = load8(format, values + j * stride + 8 * h * ck_block_bytes(format));
      UNROLL for (size_t g = 0; g < groups; g++)
        sums[g][h] = _mm256_fmadd_ps(_mm256_broadcast_ss(p + g * p_stride + j), value, sums[g][h]);
    }
  UNROLL for (size_t g = 0; g < groups; g++)
    UNROLL for (size_t h = 0; h < 2; h++)
      _mm256_storeu_ps(out + g * out_stride + 8 * h, sums[g][h]);
}

INLINE void accumulate(float *out, size_t out_stride, ck_format format, const uint8_t *values,
                       size_t count, size_t width, const float *p, size_t p_stride,
                       size_t groups) {
  const size_t size = ck_block_bytes(format);
  size_t d = 0;
  for (; d + 16 <= width; d += 16) {
    size_t g = 0;
    for (; g + 4 <= groups; g += 4)
      accumulate16(out + g * out_stride + d, out_stride, format, values + d * size, width * size,
                   count, p + g * p_stride, p_stride, 4);
    for (; g < groups; g++)
      accumulate16(out + g * out_stride + d, out_stride, format, values + d * size, width * size,
                   count, p + g * p_stride, p_stride, 1);
  }
  for (; d < width; d++)
    for (size_t g = 0; g < groups; g++)
      for (size_t j = 0; j < count; j++) {
        float *sum = out + g * out_stride + d;
        float value = ck_element(format, values + (j * width + d) * size);
        *sum = __builtin_fmaf(p[g * p_stride + j], value, *sum);
      }
}

CK_AVX2_TARGET
void ck_avx2_accumulate(float *out, size_t out_stride, ck_format format, const uint8_t *values,
                        size_t count, size_t width, const float *p, size_t p_stride,
                        size_t groups) {
  if (format == CK_F32)
    accumulate(out, out_stride, CK_F32, values, count, width, p, p_stride, groups);
  else
    accumulate(out, out_stride, CK_F16, values, count, width, p, p_stride, groups);
}

CK_AVX2_TARGET
void ck_avx2_encode_f16(uint16_t *out, const float *x, size_t count) {
  // The limit comes first: where x is NaN, min and max return their second operand.
  const __m256 limit = _mm256_set1_ps(65504.0f), lower = _mm256_set1_ps(-65504.0f);
  for (size_t i = 0; i < count; i += 8) {
    float in[8] = {0};
    uint16_t halves[8];
    size_t some = count - i < 8 ? count - i : 8;
    memcpy(in, x + i, some * sizeof *in);
    __m256 value = _mm256_max_ps(lower, _mm256_min_ps(limit, _mm256_loadu_ps(in)));
    _mm_storeu_si128((__m128i *)(void *)halves,
                     _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    memcpy(out + i, halves, some * sizeof *halves);
  }
}

CK_AVX2_TARGET
void ck_avx2_rope(float *x, size_t heads, size_t half, const float *cosine, const float *sine) {
  ck_rope_body(x, heads, half, cosine, sine);
}

CK_AVX2_TARGET
void ck_avx2_swiglu(float *out, const float *gate, const float *up, size_t count, float alpha,
                    float limit) {
  ck_swiglu_body(out, gate, up, count, alpha, limit);
}

CK_AVX2_TARGET
void ck_avx2_softmax_sink(float *scores, size_t count, float scale, float sink) {
  ck_softmax_sink_body(scores, count, scale, sink);
}

CK_AVX2_TARGET
void ck_avx2_add_scaled(float *out, const float *x, size_t count, float scale) {
  ck_add_scaled_body(out, x, count, scale);
}

CK_AVX2_TARGET
void ck_avx2_exp(float *out, const float *x, size_t count) { ck_exp_body(out, x, count); }

#endif
