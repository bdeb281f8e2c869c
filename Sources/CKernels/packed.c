// packed.c — packing, the scalar twins of the packed kernels, and the doors to both.

#include "packed.h"

#include "decode.h"
#include "scalar.h"

size_t ck_block_count(size_t columns) {
  return (columns + CK_BLOCK_COLUMNS - 1) / CK_BLOCK_COLUMNS;
}

size_t ck_packed_group_bytes(ck_packing packing, size_t columns) {
  return ck_packed_codes(packing, ck_block_count(columns) - 1) + ck_packed_block_bytes(packing);
}

/// Columns 32 b ..< 32 b + 32 of a row of any matrix, zeros beyond its last.
static void decode_block(const ck_matrix *matrix, size_t row, size_t b, float *out) {
  const uint8_t *weight = matrix->weight + row * matrix->row_stride;
  ck_format format = matrix->format;
  if (!ck_is_dense(format)) {
    const uint8_t *scales = matrix->scales ? matrix->scales + row * matrix->scale_row_stride : NULL;
    ck_decode32(format, weight, scales, b, out);
    return;
  }
  for (size_t i = 0; i < CK_BLOCK_COLUMNS; i++) {
    size_t column = CK_BLOCK_COLUMNS * b + i;
    out[i] = column < matrix->columns
                 ? ck_element(format, weight + column * matrix->column_stride)
                 : 0.0f;
  }
}

/// The 16 bytes of an MXFP4 block with element j in the low and j + 16 in the high nibble of byte j.
static void mxfp4_codes(const ck_matrix *matrix, size_t row, size_t b, uint8_t *codes,
                        uint8_t *exponent) {
  const uint8_t *weight = matrix->weight + row * matrix->row_stride;
  if (matrix->format == CK_MXFP4) {
    *exponent = weight[17 * b];
    memcpy(codes, weight + 17 * b + 1, 16);
    return;
  }
  *exponent = matrix->scales[row * matrix->scale_row_stride + b];
  const uint8_t *pairs = weight + 16 * b;
  for (size_t j = 0; j < 16; j += 2) {
    uint8_t low = pairs[j / 2], high = pairs[8 + j / 2];
    codes[j] = (uint8_t)((low & 15) | high << 4);
    codes[j + 1] = (uint8_t)(low >> 4 | (high & 0xF0));
  }
}

static int pack_mxfp4(uint8_t *out, const ck_matrix *matrix, size_t row, size_t lane) {
  size_t blocks = ck_block_count(matrix->columns);
  for (size_t b = 0; b < blocks; b++) {
    uint8_t codes[16], exponent;
    mxfp4_codes(matrix, row, b, codes, &exponent);
    if (exponent == 255) return 1;
    uint8_t *to = out + ck_packed_codes(CK_PACKED_MXFP4, b);
    for (size_t v = 0; v < 4; v++) memcpy(to + 32 * v + 4 * lane, codes + 4 * v, 4);
    out[ck_packed_scales(CK_PACKED_MXFP4, b) + lane] = exponent < 2 ? 0 : exponent - 1;
  }
  return 0;
}

/// Whole numbers and the f16 scale of 32 weights.
static int round_block(const float *weights, int8_t *values, uint16_t *scale) {
  float largest = 0;
  for (size_t i = 0; i < CK_BLOCK_COLUMNS; i++) {
    if (!isfinite(weights[i])) return 1;
    largest = fmaxf(largest, fabsf(weights[i]));
  }
  float exact = largest / 127.0f;
  ck_scalar_encode_f16(scale, &exact, 1);
  float step = ck_half(*scale);
  for (size_t i = 0; i < CK_BLOCK_COLUMNS; i++) {
    float value = step > 0 ? nearbyintf(weights[i] / step) : 0.0f;
    values[i] = (int8_t)fminf(fmaxf(value, -127.0f), 127.0f);
  }
  return 0;
}

static int pack_q8(uint8_t *out, const ck_matrix *matrix, size_t row, size_t lane) {
  size_t blocks = ck_block_count(matrix->columns);
  for (size_t b = 0; b < blocks; b++) {
    int8_t values[CK_BLOCK_COLUMNS];
    uint16_t scale;
    if (matrix->format == CK_Q8_0) {
      const uint8_t *block = matrix->weight + row * matrix->row_stride + 34 * b;
      scale = ck_u16(block);
      if ((scale & 0x7C00) == 0x7C00) return 1;
      memcpy(values, block + 2, sizeof values);
      for (size_t i = 0; i < sizeof values; i++)
        if (values[i] == -128) values[i] = -127;
    } else {
      float weights[CK_BLOCK_COLUMNS];
      decode_block(matrix, row, b, weights);
      if (round_block(weights, values, &scale)) return 1;
    }
    uint8_t *to = out + ck_packed_codes(CK_PACKED_Q8, b);
    for (size_t v = 0; v < 8; v++) memcpy(to + 32 * v + 4 * lane, values + 4 * v, 4);
    uint8_t *half = out + ck_packed_scales(CK_PACKED_Q8, b) + 2 * lane;
    half[0] = (uint8_t)scale;
    half[1] = (uint8_t)(scale >> 8);
  }
  return 0;
}

int ck_pack_group(uint8_t *out, ck_packing packing, const ck_matrix *matrix, size_t rows,
                  size_t group) {
  memset(out, 0, ck_packed_group_bytes(packing, matrix->columns));
  for (size_t lane = 0; lane < CK_GROUP_ROWS; lane++) {
    size_t row = CK_GROUP_ROWS * group + lane;
    if (row >= rows) break;
    int failed = packing == CK_PACKED_MXFP4 ? pack_mxfp4(out, matrix, row, lane)
                                            : pack_q8(out, matrix, row, lane);
    if (failed) return 1;
  }
  return 0;
}

// The scalar twins.

static void scalar_quantize_row(const ck_activations *out, size_t row, const float *x,
                                size_t columns) {
  for (size_t b = 0; b < ck_block_count(columns); b++) {
    size_t first = CK_BLOCK_COLUMNS * b;
    size_t width = columns - first < CK_BLOCK_COLUMNS ? columns - first : CK_BLOCK_COLUMNS;
    uint32_t largest = 0;
    for (size_t i = 0; i < width; i++) {
      uint32_t magnitude = ck_bits(x[first + i]) & 0x7FFFFFFF;
      if (magnitude > largest) largest = magnitude;
    }
    float scale, factor;
    ck_block_scale(largest, &scale, &factor);
    size_t place = b * out->count + row;
    int8_t *values = out->values + CK_ACTIVATION_BYTES * place;
    memset(values, 0, CK_ACTIVATION_BYTES);
    int32_t sum = 0;
    if (factor > 0)
      for (size_t i = 0; i < width; i++) {
        int32_t whole = (int32_t)nearbyintf(x[first + i] * factor);
        int32_t high = (whole + 64) >> 7;
        values[i] = (int8_t)high;
        values[CK_BLOCK_COLUMNS + i] = (int8_t)(whole - 128 * high);
        sum += whole;
      }
    out->scales[place] = scale;
    out->sums[place] = sum;
  }
}

static int32_t activation(const int8_t *values, size_t i) {
  return 128 * values[i] + values[CK_BLOCK_COLUMNS + i];
}

static int32_t mxfp4_whole(const uint8_t *block, size_t lane, const int8_t *x) {
  int32_t sum = 0;
  for (size_t j = 0; j < 16; j++) {
    uint8_t pair = block[32 * (j / 4) + 4 * lane + j % 4];
    sum += ck_e2m1_doubled[pair & 15] * activation(x, j);
    sum += ck_e2m1_doubled[pair >> 4] * activation(x, j + 16);
  }
  return sum;
}

static int32_t q8_whole(const uint8_t *block, size_t lane, const int8_t *x) {
  int32_t sum = 0;
  for (size_t j = 0; j < CK_BLOCK_COLUMNS; j++)
    sum += (int8_t)block[32 * (j / 4) + 4 * lane + j % 4] * activation(x, j);
  return sum;
}

static void scalar_packed_matmul(float *out, size_t out_stride, const ck_packed *matrix,
                                 size_t group_begin, size_t group_end, const ck_activations *x,
                                 const float *bias) {
  ck_packing packing = matrix->packing;
  size_t blocks = ck_block_count(matrix->columns);
  size_t group_bytes = ck_packed_group_bytes(packing, matrix->columns);
  for (size_t row = CK_GROUP_ROWS * group_begin; row < CK_GROUP_ROWS * group_end; row++) {
    if (row >= matrix->rows) return;
    const uint8_t *group = matrix->groups + row / CK_GROUP_ROWS * group_bytes;
    size_t lane = row % CK_GROUP_ROWS;
    for (size_t t = 0; t < x->count; t++) {
      float sum = 0;
      for (size_t b = 0; b < blocks; b++) {
        const int8_t *values = x->values + CK_ACTIVATION_BYTES * (b * x->count + t);
        const uint8_t *block = group + ck_packed_codes(packing, b);
        const uint8_t *scales = group + ck_packed_scales(packing, b);
        int32_t whole = packing == CK_PACKED_MXFP4 ? mxfp4_whole(block, lane, values)
                                                   : q8_whole(block, lane, values);
        float step = packing == CK_PACKED_MXFP4 ? ck_float((uint32_t)scales[lane] << 23)
                                                : ck_half(ck_u16(scales + 2 * lane));
        sum = fmaf((float)whole, step * x->scales[b * x->count + t], sum);
      }
      out[t * out_stride + row] = bias ? sum + bias[row] : sum;
    }
  }
}

// The doors.

void ck_quantize_row(ck_level level, const ck_activations *out, size_t row, const float *x,
                     size_t columns) {
#if defined(__x86_64__)
  if (level >= CK_AVX2) {
    ck_avx2_quantize_row(out, row, x, columns);
    return;
  }
#endif
  (void)level;
  scalar_quantize_row(out, row, x, columns);
}

void ck_packed_matmul(ck_level level, float *out, size_t out_stride, const ck_packed *matrix,
                      size_t group_begin, size_t group_end, const ck_activations *x,
                      const float *bias) {
#if defined(__x86_64__)
  if (level == CK_AVX512) {
    ck_avx512_packed_matmul(out, out_stride, matrix, group_begin, group_end, x, bias);
    return;
  }
  if (level == CK_AVX2) {
    ck_avx2_packed_matmul(out, out_stride, matrix, group_begin, group_end, x, bias);
    return;
  }
#endif
  (void)level;
  scalar_packed_matmul(out, out_stride, matrix, group_begin, group_end, x, bias);
}
