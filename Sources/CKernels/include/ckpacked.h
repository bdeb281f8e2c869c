// ckpacked.h — weights packed for speed, and their product with 15-bit activations: the contract.
//
// Packing. Eight rows lie interleaved, so that one 32-byte register holds four columns of each, and
// a row's sum grows in a 32-bit lane of its own. A group of eight rows is read from its first byte to
// its last: 64 bytes of scales, 1,024 bytes of codes that they belong to, and so on; the last codes
// may be fewer. Each 32 columns are a block of codes, with a scale for each row.
//
//   CK_PACKED_MXFP4  128 bytes a block: byte 32 v + 4 r + k has column 4 v + k of row r in its low
//                    nibble and column 16 + 4 v + k in its high one (v: 0..<4, k: 0..<4). A scale is
//                    a byte: the exponent field of the float32 by which doubled E2M1 values are
//                    multiplied, that is E8M0 less one; the codes 0 and 1 both become 0, whose
//                    float32 is zero.
//   CK_PACKED_Q8     256 bytes a block: byte 32 v + 4 r + k has column 4 v + k of row r as a signed
//                    number in -127...127 (v: 0..<8). A scale is an f16.
//
// Rows beyond the last and columns beyond the last are zeros.
//
// Activations. Each 32 of them share a float32 scale: the largest magnitude / 16256; values are
// rounded to the nearest whole number q, ties to even, and kept as two bytes: q = 128 high + low with
// low in -64...63. That is fine enough not to show beside the weights' own rounding, and multiplies
// as fast as bytes do. Below 2^-100 values count as zero, and a block with an infinity or NaN has a
// NaN for its scale.
//
// Sums. Over blocks in ascending order, sum = fma(whole, weight scale * activation scale, sum),
// where `whole` is the exact sum of products of whole numbers. Every level does the same operations,
// so results are equal bit for bit, and equal whatever else was asked for at once.

#ifndef CKPACKED_H
#define CKPACKED_H

#include "ckernels.h"

#pragma clang assume_nonnull begin

enum {
  /// Rows of a group.
  CK_GROUP_ROWS = 8,
  /// Columns of a block.
  CK_BLOCK_COLUMNS = 32,
  /// Bytes of a block of activations.
  CK_ACTIVATION_BYTES = 64,
};

typedef enum ck_packing {
  CK_PACKED_MXFP4 = 0,
  CK_PACKED_Q8 = 1,
} ck_packing;

/// A packed matrix. Nothing is owned.
typedef struct ck_packed {
  /// First byte of group 0; groups follow each other, ck_packed_group_bytes apart. 32-byte aligned.
  const uint8_t *groups;
  size_t rows;
  size_t columns;
  ck_packing packing;
} ck_packed;

/// Rows of activations, block by block: values (block, row, 64), the 32 high bytes and then the 32
/// low ones; scales and sums (block, row). A sum is that of the block's whole numbers.
typedef struct ck_activations {
  int8_t *values;
  float *scales;
  int32_t *sums;
  size_t count;
} ck_activations;

/// Blocks of `columns` columns, the last one perhaps not full.
size_t ck_block_count(size_t columns);

/// Bytes of a group of eight rows, a multiple of 64.
size_t ck_packed_group_bytes(ck_packing packing, size_t columns);

/// Packs rows `8 group ..< min(8 group + 8, rows)` of a matrix into one group.
///
/// CK_PACKED_MXFP4 takes CK_MXFP4 and CK_MXFP4_SPLIT and keeps every value, but for scales below
/// 2^-125; CK_PACKED_Q8 takes every format, keeps the values of CK_Q8_0 (but -128, which becomes
/// -127) and rounds others to whole multiples of an f16: the largest magnitude of a block / 127.
/// Returns 0, or 1 where a weight is not a finite number; then `out` is undefined.
int ck_pack_group(uint8_t *out, ck_packing packing, const ck_matrix *matrix, size_t rows,
                  size_t group);

/// Quantises row `row` of x's rows. The other rows of `out` stay as they are.
///
/// x: (columns,) float.
void ck_quantize_row(ck_level level, const ck_activations *out, size_t row, const float *x,
                     size_t columns);

/// out[t * out_stride + r] = sum(matrix[r], x[t]) + bias[r], for the rows of the groups
/// group_begin..<group_end and all of x's rows t.
///
/// bias: indexed by r; null means no addition. out must not overlap anything read.
void ck_packed_matmul(ck_level level, float *out, size_t out_stride, const ck_packed *matrix,
                      size_t group_begin, size_t group_end, const ck_activations *x,
                      const float *_Nullable bias);

#pragma clang assume_nonnull end

#endif
