// scalar.c — every kernel in plain C: the definition that wider variants are held to.

#include "scalar.h"

#include "elementwise.h"

/// Adds 32 products to the 16 lanes of a dot product.
static void dot32(float *lanes, const float *weights, const float *x) {
  for (size_t i = 0; i < 32; i++) lanes[i & 15] = fmaf(weights[i], x[i], lanes[i & 15]);
}

static float row_dot(const ck_matrix *matrix, size_t row, const float *x) {
  const uint8_t *weight = matrix->weight + row * matrix->row_stride;
  const uint8_t *scales = matrix->scales ? matrix->scales + row * matrix->scale_row_stride : NULL;
  float lanes[16] = {0}, weights[32], padded[32] = {0};
  size_t blocks = matrix->columns / 32, rest = matrix->columns % 32;
  for (size_t b = 0; b < blocks; b++) {
    ck_decode32(matrix->format, weight, scales, b, weights);
    dot32(lanes, weights, x + 32 * b);
  }
  if (rest > 0) {
    ck_decode_tail(matrix->format, weight, 32 * blocks, matrix->columns, weights);
    memcpy(padded, x + 32 * blocks, rest * sizeof *x);
    dot32(lanes, weights, padded);
  }
  return ck_fold(lanes);
}

void ck_scalar_matmul(float *out, size_t out_stride, const ck_matrix *matrix, size_t row_begin,
                      size_t row_end, const float *x, size_t x_stride, size_t count,
                      const float *bias) {
  if (ck_is_dense(matrix->format) && matrix->column_stride != ck_block_bytes(matrix->format)) {
    ck_strided_body(out, out_stride, matrix, row_begin, row_end, x, x_stride, count, bias);
    return;
  }
  for (size_t r = row_begin; r < row_end; r++)
    for (size_t t = 0; t < count; t++) {
      float sum = row_dot(matrix, r, x + t * x_stride);
      out[t * out_stride + r] = bias ? sum + bias[r] : sum;
    }
}

void ck_scalar_rms_norm(float *out, const float *x, const float *gain, size_t count,
                        float epsilon) {
  float lanes[16] = {0};
  for (size_t i = 0; i < count; i++) lanes[i & 15] = fmaf(x[i], x[i], lanes[i & 15]);
  float factor = 1.0f / sqrtf(ck_fold(lanes) / (float)count + epsilon);
  for (size_t i = 0; i < count; i++) out[i] = x[i] * factor * gain[i];
}

void ck_scalar_accumulate(float *out, size_t out_stride, ck_format format, const uint8_t *values,
                          size_t count, size_t width, const float *p, size_t p_stride,
                          size_t groups) {
  for (size_t g = 0; g < groups; g++)
    for (size_t j = 0; j < count; j++)
      for (size_t d = 0; d < width; d++) {
        float value = ck_element(format, values + (j * width + d) * ck_block_bytes(format));
        out[g * out_stride + d] = fmaf(p[g * p_stride + j], value, out[g * out_stride + d]);
      }
}

/// Nearest even. Below 2^-14, adding 1/2 lets the float adder round at f16's fixed subnormal step.
static uint16_t encode_half(float x) {
  x = 65504.0f < x ? 65504.0f : x;
  x = -65504.0f > x ? -65504.0f : x;
  uint32_t bits = ck_bits(x), magnitude = bits & 0x7FFFFFFF;
  uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  if (magnitude > 0x7F800000) return sign | 0x7E00 | (uint16_t)(magnitude >> 13 & 0x3FF);
  if (magnitude < 0x38800000)
    return sign | (uint16_t)(ck_bits(ck_float(magnitude) + 0.5f) - ck_bits(0.5f));
  return sign | (uint16_t)((magnitude + 0xFFF + (magnitude >> 13 & 1) - 0x38000000) >> 13);
}

void ck_scalar_encode_f16(uint16_t *out, const float *x, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = encode_half(x[i]);
}

void ck_scalar_rope(float *x, size_t heads, size_t half, const float *cosine, const float *sine) {
  ck_rope_body(x, heads, half, cosine, sine);
}

void ck_scalar_swiglu(float *out, const float *gate, const float *up, size_t count, float alpha,
                      float limit) {
  ck_swiglu_body(out, gate, up, count, alpha, limit);
}

void ck_scalar_softmax_sink(float *scores, size_t count, float scale, float sink) {
  ck_softmax_sink_body(scores, count, scale, sink);
}

void ck_scalar_add_scaled(float *out, const float *x, size_t count, float scale) {
  ck_add_scaled_body(out, x, count, scale);
}

void ck_scalar_exp(float *out, const float *x, size_t count) { ck_exp_body(out, x, count); }
