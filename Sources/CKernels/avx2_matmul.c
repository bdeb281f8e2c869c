// avx2_matmul.c — matrix times activation columns with AVX2: scalar.c's sums, 8 lanes a register.
//
// Two ways through the same sums. Few activation columns: two weight rows at a time are decoded in
// registers and meet up to three columns. Many: two rows are decoded into a panel that stays in the
// first-level cache, and every column passes over it, three at a time; the lanes wait in memory
// between panels. A format is a constant in each instance, so its decoding is inlined and unrolled.

#include "avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "elementwise.h"

#define INLINE static inline __attribute__((always_inline)) CK_AVX2_TARGET
#define UNROLL _Pragma("clang loop unroll(full)")

enum {
  /// Weight rows and activation columns of the inner loops: 2 * 3 * 2 registers of lanes.
  ROWS = 2,
  COUNT = 3,
  /// Columns of a panel: ROWS * 512 floats are 4 KB, and three columns' share of x 6 KB.
  PANEL_BLOCKS = 16,
  /// Activation columns whose lanes wait between panels: 12 KB.
  TILE = 96,
};

/// 16 signed bytes times `scale`, as two registers.
INLINE void scaled_bytes(__m128i bytes, __m256 scale, __m256 *out) {
  out[0] = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)));
  out[1] = _mm256_mul_ps(
      scale, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_unpackhi_epi64(bytes, bytes))));
}

INLINE __m128i load16(const uint8_t *bytes) {
  return _mm_loadu_si128((const __m128i *)bytes);
}

/// Low and high nibbles of 16 bytes.
INLINE void nibbles(const uint8_t *bytes, __m128i *low, __m128i *high) {
  const __m128i mask = _mm_set1_epi8(15);
  __m128i both = load16(bytes);
  *low = _mm_and_si128(both, mask);
  *high = _mm_and_si128(_mm_srli_epi16(both, 4), mask);
}

/// ck_decode32 in registers; formats without a case here go through memory.
INLINE void decode32(ck_format format, const uint8_t *row, const uint8_t *scales, size_t b,
                     __m256 *out) {
  __m128i low, high;
  switch (format) {
    case CK_F32:
      UNROLL for (int k = 0; k < 4; k++)
        out[k] = _mm256_loadu_ps((const float *)(const void *)(row + 128 * b + 32 * k));
      return;
    case CK_F16:
      UNROLL for (int k = 0; k < 4; k++) out[k] = _mm256_cvtph_ps(load16(row + 64 * b + 16 * k));
      return;
    case CK_BF16:
      UNROLL for (int k = 0; k < 4; k++)
        out[k] = _mm256_castsi256_ps(
            _mm256_slli_epi32(_mm256_cvtepu16_epi32(load16(row + 64 * b + 16 * k)), 16));
      return;
    case CK_Q8_0: {
      __m256 d = _mm256_set1_ps(_cvtsh_ss(ck_u16(row + 34 * b)));
      scaled_bytes(load16(row + 34 * b + 2), d, out);
      scaled_bytes(load16(row + 34 * b + 18), d, out + 2);
      return;
    }
    case CK_Q4_0: {
      __m256 d = _mm256_set1_ps(_cvtsh_ss(ck_u16(row + 18 * b)));
      nibbles(row + 18 * b + 2, &low, &high);
      scaled_bytes(_mm_sub_epi8(low, _mm_set1_epi8(8)), d, out);
      scaled_bytes(_mm_sub_epi8(high, _mm_set1_epi8(8)), d, out + 2);
      return;
    }
    case CK_MXFP4: case CK_MXFP4_SPLIT: {
      const __m128i codes = load16((const uint8_t *)ck_e2m1_doubled);
      int split = format == CK_MXFP4_SPLIT;
      const uint8_t *block = split ? row + 16 * b : row + 17 * b;
      __m256 d = _mm256_set1_ps(ck_half_scale(split ? scales[b] : block[0]));
      nibbles(split ? block : block + 1, &low, &high);
      low = _mm_shuffle_epi8(codes, low);
      high = _mm_shuffle_epi8(codes, high);
      scaled_bytes(split ? _mm_unpacklo_epi8(low, high) : low, d, out);
      scaled_bytes(split ? _mm_unpackhi_epi8(low, high) : high, d, out + 2);
      return;
    }
    default: {
      float weights[32];
      ck_decode32(format, row, scales, b, weights);
      UNROLL for (int k = 0; k < 4; k++) out[k] = _mm256_loadu_ps(weights + 8 * k);
    }
  }
}

/// ck_fold of two registers of lanes.
INLINE float fold(__m256 first, __m256 second) {
  __m256 eight = _mm256_add_ps(first, second);
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/// Adds 32 products to the lanes of one sum.
INLINE void dot32(__m256 *lanes, const __m256 *weights, const float *x) {
  lanes[0] = _mm256_fmadd_ps(weights[0], _mm256_loadu_ps(x), lanes[0]);
  lanes[1] = _mm256_fmadd_ps(weights[1], _mm256_loadu_ps(x + 8), lanes[1]);
  lanes[0] = _mm256_fmadd_ps(weights[2], _mm256_loadu_ps(x + 16), lanes[0]);
  lanes[1] = _mm256_fmadd_ps(weights[3], _mm256_loadu_ps(x + 24), lanes[1]);
}

/// What the inner functions share. Rows and columns here are counted from the call's own first.
typedef struct {
  const ck_matrix *matrix;
  float *out;
  size_t out_stride;
  const float *x;
  size_t x_stride;
  const float *bias;
} product;

INLINE const uint8_t *weight_row(const product *p, size_t row) {
  return p->matrix->weight + row * p->matrix->row_stride;
}

INLINE const uint8_t *scale_row(const product *p, size_t row) {
  return p->matrix->scales ? p->matrix->scales + row * p->matrix->scale_row_stride : NULL;
}

INLINE void store(const product *p, size_t row, size_t t, const __m256 *lanes) {
  float sum = fold(lanes[0], lanes[1]);
  p->out[t * p->out_stride + row] = p->bias ? sum + p->bias[row] : sum;
}

/// x's last columns, fewer than 32, padded with zeros.
INLINE void pad(const product *p, size_t t, float *padded) {
  size_t full = p->matrix->columns & ~(size_t)31;
  memset(padded, 0, 32 * sizeof *padded);
  memcpy(padded, p->x + t * p->x_stride + full, (p->matrix->columns - full) * sizeof *padded);
}

/// `rows` by `count` sums with the weights decoded in registers.
INLINE void direct(ck_format format, const product *p, size_t row, size_t rows, size_t t,
                   size_t count) {
  __m256 lanes[ROWS][COUNT][2];
  UNROLL for (size_t r = 0; r < rows; r++)
    UNROLL for (size_t k = 0; k < count; k++)
      lanes[r][k][0] = lanes[r][k][1] = _mm256_setzero_ps();
  size_t blocks = p->matrix->columns / 32;
  for (size_t b = 0; b < blocks; b++)
    UNROLL for (size_t r = 0; r < rows; r++) {
      __m256 weights[4];
      decode32(format, weight_row(p, row + r), scale_row(p, row + r), b, weights);
      UNROLL for (size_t k = 0; k < count; k++)
        dot32(lanes[r][k], weights, p->x + (t + k) * p->x_stride + 32 * b);
    }
  if (ck_is_dense(format) && p->matrix->columns % 32 != 0) {
    float weights[32], padded[32];
    UNROLL for (size_t r = 0; r < rows; r++) {
      ck_decode_tail(format, weight_row(p, row + r), 32 * blocks, p->matrix->columns, weights);
      UNROLL for (size_t k = 0; k < count; k++) {
        __m256 decoded[4];
        UNROLL for (int i = 0; i < 4; i++) decoded[i] = _mm256_loadu_ps(weights + 8 * i);
        pad(p, t + k, padded);
        dot32(lanes[r][k], decoded, padded);
      }
    }
  }
  UNROLL for (size_t r = 0; r < rows; r++)
    UNROLL for (size_t k = 0; k < count; k++) store(p, row + r, t + k, lanes[r][k]);
}

/// The lanes of ROWS rows by TILE activation columns, waiting between panels.
typedef struct {
  __m256 lanes[TILE][ROWS][2];
} waiting;

/// Passes `count` activation columns over a panel of ROWS decoded rows.
INLINE void over_panel(waiting *w, float panel[ROWS][32 * PANEL_BLOCKS], size_t blocks,
                       const float *const *x, size_t t, size_t count) {
  __m256 lanes[COUNT][ROWS][2];
  UNROLL for (size_t k = 0; k < count; k++)
    UNROLL for (size_t r = 0; r < ROWS; r++)
      UNROLL for (size_t h = 0; h < 2; h++) lanes[k][r][h] = w->lanes[t + k][r][h];
  for (size_t i = 0; i < 32 * blocks; i += 16)
    UNROLL for (size_t h = 0; h < 2; h++) {
      __m256 weights[ROWS];
      UNROLL for (size_t r = 0; r < ROWS; r++) weights[r] = _mm256_loadu_ps(&panel[r][i + 8 * h]);
      UNROLL for (size_t k = 0; k < count; k++) {
        __m256 value = _mm256_loadu_ps(x[k] + i + 8 * h);
        UNROLL for (size_t r = 0; r < ROWS; r++)
          lanes[k][r][h] = _mm256_fmadd_ps(weights[r], value, lanes[k][r][h]);
      }
    }
  UNROLL for (size_t k = 0; k < count; k++)
    UNROLL for (size_t r = 0; r < ROWS; r++)
      UNROLL for (size_t h = 0; h < 2; h++) w->lanes[t + k][r][h] = lanes[k][r][h];
}

/// ROWS rows by up to TILE activation columns by way of panels.
INLINE void panelled(ck_format format, const product *p, size_t row, size_t t, size_t count) {
  waiting w;
  memset(&w, 0, count * sizeof w.lanes[0]);
  _Alignas(32) float panel[ROWS][32 * PANEL_BLOCKS];
  float padded[COUNT][32];
  size_t full = p->matrix->columns / 32, rest = p->matrix->columns % 32;
  size_t all = full + (ck_is_dense(format) && rest > 0);
  for (size_t first = 0, blocks; first < all; first += blocks) {
    // The padded last block is a panel of its own, because there x is padded as well.
    int tail = first == full;
    blocks = tail ? 1 : full - first < PANEL_BLOCKS ? full - first : PANEL_BLOCKS;
    UNROLL for (size_t r = 0; r < ROWS; r++) {
      const uint8_t *weight = weight_row(p, row + r), *scales = scale_row(p, row + r);
      if (tail) {
        ck_decode_tail(format, weight, 32 * full, p->matrix->columns, panel[r]);
        continue;
      }
      for (size_t b = 0; b < blocks; b++) {
        __m256 weights[4];
        decode32(format, weight, scales, first + b, weights);
        UNROLL for (int k = 0; k < 4; k++) _mm256_storeu_ps(&panel[r][32 * b + 8 * k], weights[k]);
      }
    }
    for (size_t k = 0; k < count; k += COUNT) {
      size_t some = count - k < COUNT ? count - k : COUNT;
      const float *x[COUNT];
      for (size_t i = 0; i < some; i++) {
        x[i] = p->x + (t + k + i) * p->x_stride + 32 * first;
        if (tail) {
          pad(p, t + k + i, padded[i]);
          x[i] = padded[i];
        }
      }
      if (some == 3) over_panel(&w, panel, blocks, x, k, 3);
      else if (some == 2) over_panel(&w, panel, blocks, x, k, 2);
      else over_panel(&w, panel, blocks, x, k, 1);
    }
  }
  for (size_t k = 0; k < count; k++)
    for (size_t r = 0; r < ROWS; r++) store(p, row + r, t + k, w.lanes[k][r]);
}

INLINE void few(ck_format format, const product *p, size_t row, size_t rows, size_t t,
                size_t count) {
  if (count == 3) direct(format, p, row, rows, t, 3);
  else if (count == 2) direct(format, p, row, rows, t, 2);
  else direct(format, p, row, rows, t, 1);
}

INLINE void multiply(ck_format format, const product *p, size_t begin, size_t end, size_t count) {
  size_t row = begin;
  if (count <= COUNT) {
    for (; row + ROWS <= end; row += ROWS) few(format, p, row, ROWS, 0, count);
  } else {
    for (; row + ROWS <= end; row += ROWS)
      for (size_t t = 0; t < count; t += TILE)
        panelled(format, p, row, t, count - t < TILE ? count - t : TILE);
  }
  for (; row < end; row++)
    for (size_t t = 0; t < count; t += COUNT)
      few(format, p, row, 1, t, count - t < COUNT ? count - t : COUNT);
}

CK_AVX2_TARGET static void strided(const product *p, size_t begin, size_t end, size_t count) {
  ck_strided_body(p->out, p->out_stride, p->matrix, begin, end, p->x, p->x_stride, count, p->bias);
}

CK_AVX2_TARGET
void ck_avx2_matmul(float *out, size_t out_stride, const ck_matrix *matrix, size_t row_begin,
                    size_t row_end, const float *x, size_t x_stride, size_t count,
                    const float *bias) {
  if (count == 0) return;
  product p = {matrix, out, out_stride, x, x_stride, bias};
  ck_format format = matrix->format;
  if (ck_is_dense(format) && matrix->column_stride != ck_block_bytes(format)) {
    strided(&p, row_begin, row_end, count);
    return;
  }
  switch (format) {
    case CK_F32: multiply(CK_F32, &p, row_begin, row_end, count); break;
    case CK_F16: multiply(CK_F16, &p, row_begin, row_end, count); break;
    case CK_BF16: multiply(CK_BF16, &p, row_begin, row_end, count); break;
    case CK_Q4_0: multiply(CK_Q4_0, &p, row_begin, row_end, count); break;
    case CK_Q4_1: multiply(CK_Q4_1, &p, row_begin, row_end, count); break;
    case CK_Q5_0: multiply(CK_Q5_0, &p, row_begin, row_end, count); break;
    case CK_Q5_1: multiply(CK_Q5_1, &p, row_begin, row_end, count); break;
    case CK_Q8_0: multiply(CK_Q8_0, &p, row_begin, row_end, count); break;
    case CK_Q4_K: multiply(CK_Q4_K, &p, row_begin, row_end, count); break;
    case CK_Q5_K: multiply(CK_Q5_K, &p, row_begin, row_end, count); break;
    case CK_Q6_K: multiply(CK_Q6_K, &p, row_begin, row_end, count); break;
    case CK_MXFP4: multiply(CK_MXFP4, &p, row_begin, row_end, count); break;
    case CK_MXFP4_SPLIT: multiply(CK_MXFP4_SPLIT, &p, row_begin, row_end, count); break;
  }
}

#endif
