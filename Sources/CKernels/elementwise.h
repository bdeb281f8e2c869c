// elementwise.h — kernels in one body, compiled once per level by each file that includes it.
//
// No element depends on another, and where there is a sum its 16 lanes are written out, so every
// vector width gives the same results, provided that the compiler neither contracts nor
// reassociates (-ffp-contract=off, no fast-math).

#ifndef CK_ELEMENTWISE_H
#define CK_ELEMENTWISE_H

#include "decode.h"

/// exp(x) = 2^n * exp(r), n = round(x / ln 2), exp(r) by its series to the 7th power: |r| is below
/// 0.347, where the rest of the series is below 6e-9 of the result.
CK_INLINE float ck_exp1(float x) {
  const float low = -87.33f, high = 88.37f;
  x = low > x ? low : x;
  x = high < x ? high : x;
  // Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the sum.
  const float magic = 0x1.8p23f;
  float shifted = __builtin_fmaf(x, 0x1.715476p0f, magic);
  float n = shifted - magic;
  // ln 2 in two parts; the first has so few bits that n times it is exact.
  float r = __builtin_fmaf(-n, 0x1.62e4p-1f, x);
  r = __builtin_fmaf(-n, 0x1.7f7d1cp-20f, r);
  float p = 1.0f / 5040;
  p = __builtin_fmaf(p, r, 1.0f / 720);
  p = __builtin_fmaf(p, r, 1.0f / 120);
  p = __builtin_fmaf(p, r, 1.0f / 24);
  p = __builtin_fmaf(p, r, 1.0f / 6);
  p = __builtin_fmaf(p, r, 0.5f);
  p = __builtin_fmaf(p, r, 1.0f);
  p = __builtin_fmaf(p, r, 1.0f);
  return p * ck_float((ck_bits(shifted) + 127) << 23);
}

CK_INLINE void ck_exp_body(float *out, const float *x, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = ck_exp1(x[i]);
}

CK_INLINE void ck_rope_body(float *x, size_t heads, size_t half, const float *restrict cosine,
                            const float *restrict sine) {
  for (size_t h = 0; h < heads; h++) {
    float *restrict a = x + h * 2 * half;
    float *restrict b = a + half;
    for (size_t i = 0; i < half; i++) {
      float first = __builtin_fmaf(a[i], cosine[i], -(b[i] * sine[i]));
      float second = __builtin_fmaf(b[i], cosine[i], a[i] * sine[i]);
      a[i] = first;
      b[i] = second;
    }
  }
}

CK_INLINE void ck_swiglu_body(float *out, const float *gate, const float *up, size_t count,
                              float alpha, float limit) {
  for (size_t i = 0; i < count; i++) {
    float g = limit < gate[i] ? limit : gate[i];
    float l = limit < up[i] ? limit : up[i];
    l = -limit > l ? -limit : l;
    out[i] = g / (1.0f + ck_exp1(-(alpha * g))) * (l + 1.0f);
  }
}

CK_INLINE void ck_add_scaled_body(float *restrict out, const float *restrict x, size_t count,
                                  float scale) {
  for (size_t i = 0; i < count; i++) out[i] = __builtin_fmaf(scale, x[i], out[i]);
}

/// The largest of m and all scale * s; a NaN among them is passed over.
CK_INLINE float ck_scaled_max(const float *scores, size_t count, float scale, float m) {
  for (size_t j = 0; j < count; j++) {
    float s = scale * scores[j];
    m = s > m ? s : m;
  }
  return m;
}

/// The 16 lanes of a sum, folded in halves.
CK_INLINE float ck_fold(const float *lanes) {
  float eight[8], four[4];
  for (int l = 0; l < 8; l++) eight[l] = lanes[l] + lanes[l + 8];
  for (int l = 0; l < 4; l++) four[l] = eight[l] + eight[l + 4];
  return (four[0] + four[2]) + (four[1] + four[3]);
}

CK_INLINE void ck_softmax_sink_body(float *scores, size_t count, float scale, float sink) {
  float m = ck_scaled_max(scores, count, scale, sink);
  float lanes[16] = {0};
  size_t j = 0;
  for (; j + 16 <= count; j += 16)
    for (size_t l = 0; l < 16; l++) {
      float e = ck_exp1(scale * scores[j + l] - m);
      scores[j + l] = e;
      lanes[l] += e;
    }
  for (size_t l = 0; j + l < count; l++) {
    float e = ck_exp1(scale * scores[j + l] - m);
    scores[j + l] = e;
    lanes[l] += e;
  }
  float total = ck_fold(lanes) + ck_exp1(sink - m);
  for (j = 0; j < count; j++) scores[j] = scores[j] / total;
}

/// Columns of a strided dense matrix, one after the other, for up to CK_TILE_ROWS rows and
/// CK_TILE_COUNT activation columns at a time; lanes as in dot.
#define CK_TILE_ROWS 64
#define CK_TILE_COUNT 4

CK_INLINE void ck_strided_body(float *out, size_t out_stride, const ck_matrix *matrix,
                               size_t row_begin, size_t row_end, const float *x, size_t x_stride,
                               size_t count, const float *bias) {
  float lanes[CK_TILE_COUNT][16][CK_TILE_ROWS], weights[CK_TILE_ROWS];
  for (size_t first = row_begin; first < row_end; first += CK_TILE_ROWS) {
    size_t rows = row_end - first < CK_TILE_ROWS ? row_end - first : CK_TILE_ROWS;
    for (size_t start = 0; start < count; start += CK_TILE_COUNT) {
      size_t tile = count - start < CK_TILE_COUNT ? count - start : CK_TILE_COUNT;
      memset(lanes, 0, tile * sizeof lanes[0]);
      for (size_t c = 0; c < matrix->columns; c++) {
        const uint8_t *column = matrix->weight + c * matrix->column_stride;
        for (size_t r = 0; r < CK_TILE_ROWS; r++) {
          const uint8_t *element = column + (first + r) * matrix->row_stride;
          weights[r] = r < rows ? ck_element(matrix->format, element) : 0.0f;
        }
        for (size_t t = 0; t < tile; t++) {
          float *lane = lanes[t][c & 15];
          float value = x[(start + t) * x_stride + c];
          for (size_t r = 0; r < CK_TILE_ROWS; r++)
            lane[r] = __builtin_fmaf(weights[r], value, lane[r]);
        }
      }
      for (size_t t = 0; t < tile; t++)
        for (size_t r = 0; r < rows; r++) {
          float one[16];
          for (size_t l = 0; l < 16; l++) one[l] = lanes[t][l][r];
          float sum = ck_fold(one);
          out[(start + t) * out_stride + first + r] = bias ? sum + bias[first + r] : sum;
        }
    }
  }
}

#endif
