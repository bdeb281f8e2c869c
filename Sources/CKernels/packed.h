// packed.h — what the packed kernels share: sizes, the scale of a block of activations.

#ifndef CK_PACKED_H
#define CK_PACKED_H

#include "ckpacked.h"
#include "decode.h"

/// Bytes of one block's codes.
CK_INLINE size_t ck_packed_block_bytes(ck_packing packing) {
  return packing == CK_PACKED_MXFP4 ? 128 : 256;
}

/// Where block b's scales and codes lie in their group.
CK_INLINE size_t ck_packed_scales(ck_packing packing, size_t b) {
  return packing == CK_PACKED_MXFP4 ? b / 8 * 1088 + b % 8 * 8 : b / 4 * 1088 + b % 4 * 16;
}
CK_INLINE size_t ck_packed_codes(ck_packing packing, size_t b) {
  return packing == CK_PACKED_MXFP4 ? b / 8 * 1088 + b % 8 * 128 + 64
                                    : b / 4 * 1088 + b % 4 * 256 + 64;
}

/// What a block whose largest magnitude has these bits is multiplied by, and what undoes it. The
/// factor is 0 where the values are all taken for 0.
CK_INLINE void ck_block_scale(uint32_t largest, float *scale, float *factor) {
  if (largest >= 0x7F800000u) {
    *scale = ck_float(0x7FC00000u);
    *factor = 0;
  } else if (largest < 0x0D800000u) {
    *scale = 0;
    *factor = 0;
  } else {
    *scale = ck_float(largest) / 16256.0f;
    *factor = 16256.0f / ck_float(largest);
  }
}

#if defined(__x86_64__)
void ck_avx2_quantize_row(const ck_activations *out, size_t row, const float *x, size_t columns);
void ck_avx2_packed_matmul(float *out, size_t out_stride, const ck_packed *matrix,
                           size_t group_begin, size_t group_end, const ck_activations *x,
                           const float *bias);
void ck_avx512_packed_matmul(float *out, size_t out_stride, const ck_packed *matrix,
                             size_t group_begin, size_t group_end, const ck_activations *x,
                             const float *bias);
#endif

#endif
