// ckernels.h — the numeric kernels of the forward pass: the contract.
//
// No allocation, no input or output, no globals, no locks: every function reads and writes only
// what its arguments point to. Pointers need no more alignment than their type; weights need none.
// Sizes are element counts unless a name says bytes. Shapes that do not fit are the caller's bug.
//
// Levels. Each kernel exists as a scalar twin, which is its definition, and as a variant for wider
// machines. Both follow one order of operations with one rounding each (fused multiply-add where
// the definition says fma), so at every level the results are equal bit for bit, and equal whatever
// the number of threads, rows or activation columns that a caller handed over at once. The payload
// of a NaN is not part of that promise, nor the sign of a zero from a matrix read by columns.
//
// The dot product `dot(w, x)` over n columns, everywhere here:
//   lane(c) = c mod 16; each lane starts at +0 and takes its columns in ascending order,
//   lane = fma(w[c], x[c], lane); then lanes fold in halves:
//   l += l + 8 (8 lanes), l += l + 4 (4 lanes), l += l + 2 (2 lanes), lane 0 + lane 1.

#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Which variant runs. Calling one that the machine lacks is a bug in the caller.
typedef enum ck_level {
  /// Plain C for the baseline machine: the definition.
  CK_SCALAR = 0,
  /// x86-64 with AVX2, FMA and F16C.
  CK_AVX2 = 1,
  /// x86-64 with AVX-512 VL and VNNI besides: packed products (ckpacked.h); all else as CK_AVX2.
  CK_AVX512 = 2,
} ck_level;

/// The widest level that this machine has.
ck_level ck_level_best(void);

/// How weights are stored. Block layouts: ggml's ggml-common.h; MXFP4: OCP Microscaling 1.0.
/// Decoding is exact in float32 or rounds once, so it is the same at every level.
typedef enum ck_format {
  CK_F32 = 0,
  CK_F16,
  CK_BF16,
  /// 32 elements, 18 bytes: f16 d, then 16 bytes; d * (nibble - 8).
  CK_Q4_0,
  /// 32 elements, 20 bytes: f16 d, f16 m, 16 bytes; d * nibble + m.
  CK_Q4_1,
  /// 32 elements, 22 bytes: f16 d, u32 fifth bits, 16 bytes; d * (n - 16).
  CK_Q5_0,
  /// 32 elements, 24 bytes: f16 d, f16 m, u32 fifth bits, 16 bytes; d * n + m.
  CK_Q5_1,
  /// 32 elements, 34 bytes: f16 d, 32 signed bytes; d * q.
  CK_Q8_0,
  /// 256 elements, 144 bytes.
  CK_Q4_K,
  /// 256 elements, 176 bytes.
  CK_Q5_K,
  /// 256 elements, 210 bytes.
  CK_Q6_K,
  /// 32 elements, 17 bytes: E8M0 scale, then 16 bytes; byte j holds elements j and j + 16.
  CK_MXFP4,
  /// 32 elements, 16 bytes, scales apart; byte j holds elements 2j and 2j + 1.
  CK_MXFP4_SPLIT,
} ck_format;

/// A view of a (rows, columns) matrix of weights. Nothing is owned.
typedef struct ck_matrix {
  /// First byte of row 0.
  const uint8_t *weight;
  /// CK_MXFP4_SPLIT: one E8M0 byte per 32 columns, from row 0's first. Otherwise null.
  const uint8_t *_Nullable scales;
  /// Bytes from one row to the next.
  size_t row_stride;
  /// Dense formats: bytes from one column to the next. Where that is not the element's size the
  /// matrix is read by columns, which is slower and gives the same sums. Block formats: ignored.
  size_t column_stride;
  /// Bytes from one row's scales to the next one's.
  size_t scale_row_stride;
  /// Block formats: a multiple of the block's element count.
  size_t columns;
  ck_format format;
} ck_matrix;

/// out[t * out_stride + r] = dot(weight[r], x[t]) + bias[r], for r in row_begin..<row_end and
/// t in 0..<count.
///
/// x: (count, columns) float, rows x_stride apart. bias: indexed by r; null means no addition.
/// out must not overlap anything read. Each weight row is decoded once per tile of activation
/// columns.
void ck_matmul(ck_level level, float *out, size_t out_stride, const ck_matrix *matrix,
               size_t row_begin, size_t row_end, const float *x, size_t x_stride, size_t count,
               const float *_Nullable bias);

/// out[i] = x[i] * (1 / sqrt(dot(x, x) / count + epsilon)) * gain[i], multiplied left to right.
///
/// x, gain, out: (count,) float. out may be x.
void ck_rms_norm(ck_level level, float *out, const float *x, const float *gain, size_t count,
                 float epsilon);

/// Rotates pairs (i, i + half) of each head in place, split-half ("NeoX") form:
/// a' = fma(a, cosine, -(b * sine)), b' = fma(b, cosine, a * sine).
///
/// x: (heads, 2 * half) float. cosine, sine: (half,) float; no overlap with x.
void ck_rope(ck_level level, float *x, size_t heads, size_t half, const float *cosine,
             const float *sine);

/// gpt-oss's activation: g = min(gate, limit), l = clamp(up, -limit, limit),
/// out = g / (1 + exp(-alpha * g)) * (l + 1). A NaN stays one.
///
/// gate, up, out: (count,) float. out may be gate or up.
void ck_swiglu(ck_level level, float *out, const float *gate, const float *up, size_t count,
               float alpha, float limit);

/// Softmax over count scores and one sink, whose probability is dropped:
/// m = max(sink, max(scale * s)), e[j] = exp(scale * s[j] - m),
/// scores[j] = e[j] / (sum of e + exp(sink - m)), where the sum runs in 16 lanes like dot.
///
/// scores: (count,) float, overwritten.
void ck_softmax_sink(ck_level level, float *scores, size_t count, float scale, float sink);

/// out[g * out_stride + d] = fma(p[g * p_stride + j], values[j, d], itself), j = 0, 1, … in order.
///
/// values: (count, width) of `format`, CK_F32 or CK_F16, contiguous. p: (groups, count) float.
/// out: (groups, width) float, added to. No overlap.
void ck_accumulate(ck_level level, float *out, size_t out_stride, ck_format format,
                   const uint8_t *values, size_t count, size_t width, const float *p,
                   size_t p_stride, size_t groups);

/// out[i] = x[i] as f16, rounded to nearest even; beyond ±65504 the nearest finite value. A NaN
/// stays one.
///
/// x: (count,) float. out: (count,) f16.
void ck_encode_f16(ck_level level, uint16_t *out, const float *x, size_t count);

/// out[i] = fma(scale, x[i], out[i]).
///
/// x, out: (count,) float, no overlap.
void ck_add_scaled(ck_level level, float *out, const float *x, size_t count, float scale);

/// out[i] = exp(x[i]) within 2 units in the last place for x in -87...88; x is clamped to
/// [-87.33, 88.37], so the result is never zero and never infinite. A NaN stays one.
///
/// x, out: (count,) float. out may be x.
void ck_exp(ck_level level, float *out, const float *x, size_t count);

#pragma clang assume_nonnull end

#endif
