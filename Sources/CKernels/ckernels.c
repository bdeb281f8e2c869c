// ckernels.c — the doors: each kernel to the variant of the level that the caller chose.

#include "avx2.h"
#include "scalar.h"

#if defined(__x86_64__)
#define DISPATCH(level, name, ...)                             \
  do {                                                         \
    if ((level) >= CK_AVX2) ck_avx2_##name(__VA_ARGS__);       \
    else ck_scalar_##name(__VA_ARGS__);                        \
  } while (0)
#else
#define DISPATCH(level, name, ...) ((void)(level), ck_scalar_##name(__VA_ARGS__))
#endif

ck_level ck_level_best(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c")) {
    if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni"))
      return CK_AVX512;
    return CK_AVX2;
  }
#endif
  return CK_SCALAR;
}

void ck_matmul(ck_level level, float *out, size_t out_stride, const ck_matrix *matrix,
               size_t row_begin, size_t row_end, const float *x, size_t x_stride, size_t count,
               const float *bias) {
  DISPATCH(level, matmul, out, out_stride, matrix, row_begin, row_end, x, x_stride, count, bias);
}

void ck_rms_norm(ck_level level, float *out, const float *x, const float *gain, size_t count,
                 float epsilon) {
  DISPATCH(level, rms_norm, out, x, gain, count, epsilon);
}

void ck_rope(ck_level level, float *x, size_t heads, size_t half, const float *cosine,
             const float *sine) {
  DISPATCH(level, rope, x, heads, half, cosine, sine);
}

void ck_swiglu(ck_level level, float *out, const float *gate, const float *up, size_t count,
               float alpha, float limit) {
  DISPATCH(level, swiglu, out, gate, up, count, alpha, limit);
}

void ck_softmax_sink(ck_level level, float *scores, size_t count, float scale, float sink) {
  DISPATCH(level, softmax_sink, scores, count, scale, sink);
}

void ck_accumulate(ck_level level, float *out, size_t out_stride, ck_format format,
                   const uint8_t *values, size_t count, size_t width, const float *p,
                   size_t p_stride, size_t groups) {
  DISPATCH(level, accumulate, out, out_stride, format, values, count, width, p, p_stride, groups);
}

void ck_encode_f16(ck_level level, uint16_t *out, const float *x, size_t count) {
  DISPATCH(level, encode_f16, out, x, count);
}

void ck_add_scaled(ck_level level, float *out, const float *x, size_t count, float scale) {
  DISPATCH(level, add_scaled, out, x, count, scale);
}

void ck_exp(ck_level level, float *out, const float *x, size_t count) {
  DISPATCH(level, exp, out, x, count);
}
