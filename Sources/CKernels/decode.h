// decode.h — 32 weights of any format as float32: the definition of decoding.
//
// Sources: ggml's ggml-common.h and ggml-quants.c for the blocks, OCP Microscaling 1.0 for MXFP4.
// Every result is exact or rounded once: products of an f16 scale and a small integer fit float32's
// 24 bits, so the order of the factors does not matter.

#ifndef CK_DECODE_H
#define CK_DECODE_H

#include <math.h>
#include <string.h>

#include "ckernels.h"

#define CK_INLINE static inline __attribute__((always_inline))

CK_INLINE float ck_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

CK_INLINE uint32_t ck_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

CK_INLINE uint16_t ck_u16(const uint8_t *bytes) {
  return (uint16_t)(bytes[0] | bytes[1] << 8);
}

CK_INLINE uint32_t ck_u32(const uint8_t *bytes) {
  return (uint32_t)ck_u16(bytes) | (uint32_t)ck_u16(bytes + 2) << 16;
}

CK_INLINE float ck_from_f32(const uint8_t *bytes) { return ck_float(ck_u32(bytes)); }

CK_INLINE float ck_from_bf16(const uint8_t *bytes) {
  return ck_float((uint32_t)ck_u16(bytes) << 16);
}

/// Moves exponent and mantissa into place and multiplies the exponent's bias away, which is
/// exact for subnormals too; infinities and NaN get float32's exponent by hand.
CK_INLINE float ck_half(uint16_t half) {
  uint32_t magnitude = (uint32_t)(half & 0x7FFF) << 13;
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  if (magnitude >= 0x0F800000u) {
    uint32_t quiet = magnitude > 0x0F800000u ? 0x00400000u : 0;
    return ck_float(sign | 0x70000000u | magnitude | quiet);
  }
  return ck_float(sign | ck_bits(ck_float(magnitude) * 0x1p112f));
}

CK_INLINE float ck_from_f16(const uint8_t *bytes) { return ck_half(ck_u16(bytes)); }

/// 2^(exponent - 128): half of the E8M0 scale, because the code table below is doubled. The code
/// 255 is NaN; 0 and 1 give subnormals.
CK_INLINE float ck_half_scale(uint8_t exponent) {
  if (exponent == 255) return ck_float(0x7FC00000u);
  return ck_float(exponent < 2 ? 0x00200000u << exponent : (uint32_t)(exponent - 1) << 23);
}

/// E2M1 values, doubled.
static const int8_t ck_e2m1_doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// Bytes of one block.
CK_INLINE size_t ck_block_bytes(ck_format format) {
  switch (format) {
    case CK_F32: return 4;
    case CK_F16: case CK_BF16: return 2;
    case CK_Q4_0: return 18;
    case CK_Q4_1: return 20;
    case CK_Q5_0: return 22;
    case CK_Q5_1: return 24;
    case CK_Q8_0: return 34;
    case CK_Q4_K: return 144;
    case CK_Q5_K: return 176;
    case CK_Q6_K: return 210;
    case CK_MXFP4: return 17;
    case CK_MXFP4_SPLIT: return 16;
  }
}

CK_INLINE int ck_is_dense(ck_format format) { return format <= CK_BF16; }

/// One dense element.
CK_INLINE float ck_element(ck_format format, const uint8_t *bytes) {
  switch (format) {
    case CK_F32: return ck_from_f32(bytes);
    case CK_F16: return ck_from_f16(bytes);
    default: return ck_from_bf16(bytes);
  }
}

/// Scale and minimum of sub-block g of a K-quant, from its 12 packed bytes.
CK_INLINE void ck_scale_pair(const uint8_t *packed, size_t g, uint8_t *scale, uint8_t *minimum) {
  if (g < 4) {
    *scale = packed[g] & 63;
    *minimum = packed[g + 4] & 63;
  } else {
    *scale = (uint8_t)((packed[g + 4] & 15) | (packed[g - 4] >> 6) << 4);
    *minimum = (uint8_t)((packed[g + 4] >> 4) | (packed[g] >> 6) << 4);
  }
}

/// Sub-block g of a Q4_K or Q5_K block: d * scale * n - dmin * minimum.
CK_INLINE void ck_decode_45k(int fifth, const uint8_t *block, size_t g, float *out) {
  uint8_t scale, minimum;
  ck_scale_pair(block + 4, g, &scale, &minimum);
  float d = ck_from_f16(block) * (float)scale;
  float m = ck_from_f16(block + 2) * (float)minimum;
  const uint8_t *high = block + 16;
  const uint8_t *low = block + (fifth ? 48 : 16) + 32 * (g / 2);
  for (size_t l = 0; l < 32; l++) {
    int n = g & 1 ? low[l] >> 4 : low[l] & 15;
    if (fifth) n |= (high[l] >> g & 1) << 4;
    out[l] = d * (float)n - m;
  }
}

/// Elements 32 g ..< 32 g + 32 of a Q6_K block: 128 low bytes, 64 bytes of high bits, 16 scales, d.
CK_INLINE void ck_decode_6k(const uint8_t *block, size_t g, float *out) {
  size_t half = g / 4, q = g % 4;
  float d = ck_from_f16(block + 208);
  const uint8_t *low = block + 64 * half + 32 * (q & 1);
  const uint8_t *high = block + 128 + 32 * half;
  for (size_t l = 0; l < 32; l++) {
    int n = (q < 2 ? low[l] & 15 : low[l] >> 4) | (high[l] >> (2 * q) & 3) << 4;
    int8_t scale = (int8_t)block[192 + 2 * g + l / 16];
    out[l] = d * (float)(scale * (n - 32));
  }
}

/// Columns 32 b ..< 32 b + 32 of a row that holds them all. `scales` is for CK_MXFP4_SPLIT.
CK_INLINE void ck_decode32(ck_format format, const uint8_t *row, const uint8_t *scales,
                           size_t b, float *out) {
  switch (format) {
    case CK_F32: case CK_F16: case CK_BF16: {
      size_t size = ck_block_bytes(format);
      for (size_t i = 0; i < 32; i++) out[i] = ck_element(format, row + (32 * b + i) * size);
      break;
    }
    case CK_Q4_0: {
      const uint8_t *block = row + 18 * b;
      float d = ck_from_f16(block);
      for (size_t j = 0; j < 16; j++) {
        out[j] = d * (float)((block[2 + j] & 15) - 8);
        out[j + 16] = d * (float)((block[2 + j] >> 4) - 8);
      }
      break;
    }
    case CK_Q4_1: {
      const uint8_t *block = row + 20 * b;
      float d = ck_from_f16(block), m = ck_from_f16(block + 2);
      for (size_t j = 0; j < 16; j++) {
        out[j] = d * (float)(block[4 + j] & 15) + m;
        out[j + 16] = d * (float)(block[4 + j] >> 4) + m;
      }
      break;
    }
    case CK_Q5_0: {
      const uint8_t *block = row + 22 * b;
      float d = ck_from_f16(block);
      uint32_t high = ck_u32(block + 2);
      for (size_t j = 0; j < 16; j++) {
        int first = (block[6 + j] & 15) | (int)(high >> j & 1) << 4;
        int second = (block[6 + j] >> 4) | (int)(high >> (j + 16) & 1) << 4;
        out[j] = d * (float)(first - 16);
        out[j + 16] = d * (float)(second - 16);
      }
      break;
    }
    case CK_Q5_1: {
      const uint8_t *block = row + 24 * b;
      float d = ck_from_f16(block), m = ck_from_f16(block + 2);
      uint32_t high = ck_u32(block + 4);
      for (size_t j = 0; j < 16; j++) {
        out[j] = d * (float)((block[8 + j] & 15) | (int)(high >> j & 1) << 4) + m;
        out[j + 16] = d * (float)((block[8 + j] >> 4) | (int)(high >> (j + 16) & 1) << 4) + m;
      }
      break;
    }
    case CK_Q8_0: {
      const uint8_t *block = row + 34 * b;
      float d = ck_from_f16(block);
      for (size_t i = 0; i < 32; i++) out[i] = d * (float)(int8_t)block[2 + i];
      break;
    }
    case CK_Q4_K: ck_decode_45k(0, row + 144 * (b / 8), b % 8, out); break;
    case CK_Q5_K: ck_decode_45k(1, row + 176 * (b / 8), b % 8, out); break;
    case CK_Q6_K: ck_decode_6k(row + 210 * (b / 8), b % 8, out); break;
    case CK_MXFP4: {
      const uint8_t *block = row + 17 * b;
      float d = ck_half_scale(block[0]);
      for (size_t j = 0; j < 16; j++) {
        out[j] = d * (float)ck_e2m1_doubled[block[1 + j] & 15];
        out[j + 16] = d * (float)ck_e2m1_doubled[block[1 + j] >> 4];
      }
      break;
    }
    case CK_MXFP4_SPLIT: {
      float d = ck_half_scale(scales[b]);
      for (size_t j = 0; j < 16; j++) {
        out[2 * j] = d * (float)ck_e2m1_doubled[row[16 * b + j] & 15];
        out[2 * j + 1] = d * (float)ck_e2m1_doubled[row[16 * b + j] >> 4];
      }
      break;
    }
  }
}

/// The last columns of a dense row, fewer than 32 of them, padded with zeros.
CK_INLINE void ck_decode_tail(ck_format format, const uint8_t *row, size_t begin, size_t end,
                              float *out) {
  size_t size = ck_block_bytes(format);
  for (size_t i = 0; i < 32; i++)
    out[i] = begin + i < end ? ck_element(format, row + (begin + i) * size) : 0.0f;
}

#endif
