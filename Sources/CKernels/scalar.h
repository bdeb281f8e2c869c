// scalar.h — the scalar twins, by the names that ckernels.c calls them; contracts in ckernels.h.

#ifndef CK_SCALAR_H
#define CK_SCALAR_H

#include "ckernels.h"

void ck_scalar_matmul(float *out, size_t out_stride, const ck_matrix *matrix, size_t row_begin,
                      size_t row_end, const float *x, size_t x_stride, size_t count,
                      const float *bias);
void ck_scalar_rms_norm(float *out, const float *x, const float *gain, size_t count, float epsilon);
void ck_scalar_rope(float *x, size_t heads, size_t half, const float *cosine, const float *sine);
void ck_scalar_swiglu(float *out, const float *gate, const float *up, size_t count, float alpha,
                      float limit);
void ck_scalar_softmax_sink(float *scores, size_t count, float scale, float sink);
void ck_scalar_accumulate(float *out, size_t out_stride, ck_format format, const uint8_t *values,
                         size_t count, size_t width, const float *p, size_t p_stride,
                         size_t groups);
void ck_scalar_encode_f16(uint16_t *out, const float *x, size_t count);
void ck_scalar_add_scaled(float *out, const float *x, size_t count, float scale);
void ck_scalar_exp(float *out, const float *x, size_t count);

#endif
