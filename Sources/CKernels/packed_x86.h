// packed_x86.h — what the x86 variants of the packed product share: eight rows a register.
//
// The includer defines INLINE, with its instruction set, before the first part; then, between the
// parts, `whole`; then CK_PACKED_PRODUCT before the second part, which ends in `packed_matmul`.
// Few activations: a group's rows meet up to three at a time. Many: a block is decoded once and every
// activation of a tile passes over it, while the sums wait in memory.

#ifndef CK_PACKED_PRODUCT

#define UNROLL _Pragma("clang loop unroll(full)")

enum {
  /// Activations whose sums wait while a group's blocks pass: 2 KB.
  TILE = 64,
  /// Activations whose sums stay in registers.
  FEW = 3,
  /// Bytes ahead of the current ones that memory is asked for.
  AHEAD = 4096,
};

/// Four bytes of an activation block in every lane.
INLINE __m256i quad(const int8_t *values, size_t index) {
  int32_t four;
  memcpy(&four, values + 4 * index, sizeof four);
  return _mm256_set1_epi32(four);
}

/// A decoded block: eight registers, four columns of eight rows in each.
typedef struct {
  __m256i codes[8];
  __m256 scales;
} block;

INLINE void load_block(ck_packing packing, const uint8_t *group, size_t b, block *out) {
  const uint8_t *codes = group + ck_packed_codes(packing, b);
  const uint8_t *scales = group + ck_packed_scales(packing, b);
  if (packing == CK_PACKED_MXFP4) {
    const __m256i table = _mm256_setr_epi8(
        12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0,
        12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0);
    const __m256i mask = _mm256_set1_epi8(15);
    UNROLL for (size_t v = 0; v < 4; v++) {
      __m256i both = _mm256_loadu_si256((const __m256i *)(const void *)(codes + 32 * v));
      out->codes[v] = _mm256_shuffle_epi8(table, _mm256_and_si256(both, mask));
      out->codes[4 + v] =
          _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(both, 4), mask));
    }
    __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)scales);
    out->scales = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu8_epi32(bytes), 23));
  } else {
    UNROLL for (size_t v = 0; v < 8; v++)
      out->codes[v] = _mm256_loadu_si256((const __m256i *)(const void *)(codes + 32 * v));
    out->scales = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)scales));
  }
}

#else

INLINE __m256 added(ck_packing packing, const block *w, const ck_activations *x, size_t place,
                    __m256 sum) {
  __m256i number = whole(packing, w, x->values + CK_ACTIVATION_BYTES * place, x->sums[place]);
  __m256 scale = _mm256_mul_ps(w->scales, _mm256_set1_ps(x->scales[place]));
  return _mm256_fmadd_ps(_mm256_cvtepi32_ps(number), scale, sum);
}

/// What the inner functions share.
typedef struct {
  const ck_packed *matrix;
  const ck_activations *x;
  float *out;
  size_t out_stride;
  const float *bias;
  size_t blocks;
} product;

INLINE void store(const product *p, size_t row, size_t t, __m256 sums) {
  float *out = p->out + t * p->out_stride + row;
  size_t rows = p->matrix->rows - row;
  if (rows >= CK_GROUP_ROWS) {
    if (p->bias) sums = _mm256_add_ps(sums, _mm256_loadu_ps(p->bias + row));
    _mm256_storeu_ps(out, sums);
    return;
  }
  float each[CK_GROUP_ROWS];
  _mm256_storeu_ps(each, sums);
  for (size_t r = 0; r < rows; r++) out[r] = p->bias ? each[r] + p->bias[row + r] : each[r];
}

INLINE void few(ck_packing packing, const product *p, const uint8_t *group, size_t row, size_t t,
                size_t count) {
  __m256 sums[FEW];
  UNROLL for (size_t k = 0; k < count; k++) sums[k] = _mm256_setzero_ps();
  for (size_t b = 0; b < p->blocks; b++) {
    block w;
    const uint8_t *codes = group + ck_packed_codes(packing, b);
    UNROLL for (size_t line = 0; line < ck_packed_block_bytes(packing); line += 64)
      _mm_prefetch((const char *)codes + AHEAD + line, _MM_HINT_T0);
    load_block(packing, group, b, &w);
    UNROLL for (size_t k = 0; k < count; k++)
      sums[k] = added(packing, &w, p->x, b * p->x->count + t + k, sums[k]);
  }
  UNROLL for (size_t k = 0; k < count; k++) store(p, row, t + k, sums[k]);
}

INLINE void many(ck_packing packing, const product *p, const uint8_t *group, size_t row, size_t t,
                 size_t count) {
  __m256 sums[TILE];
  for (size_t k = 0; k < count; k++) sums[k] = _mm256_setzero_ps();
  for (size_t b = 0; b < p->blocks; b++) {
    block w;
    load_block(packing, group, b, &w);
    size_t place = b * p->x->count + t;
    for (size_t k = 0; k < count; k++) sums[k] = added(packing, &w, p->x, place + k, sums[k]);
  }
  for (size_t k = 0; k < count; k++) store(p, row, t + k, sums[k]);
}

INLINE void multiply(ck_packing packing, const product *p, size_t begin, size_t end) {
  size_t count = p->x->count;
  size_t group_bytes = ck_packed_group_bytes(packing, p->matrix->columns);
  for (size_t g = begin; g < end && g * CK_GROUP_ROWS < p->matrix->rows; g++) {
    const uint8_t *group = p->matrix->groups + g * group_bytes;
    size_t row = g * CK_GROUP_ROWS;
    if (count == 1) few(packing, p, group, row, 0, 1);
    else if (count == 2) few(packing, p, group, row, 0, 2);
    else if (count == 3) few(packing, p, group, row, 0, 3);
    else
      for (size_t t = 0; t < count; t += TILE)
        many(packing, p, group, row, t, count - t < TILE ? count - t : TILE);
  }
}

INLINE void packed_matmul(float *out, size_t out_stride, const ck_packed *matrix,
                          size_t group_begin, size_t group_end, const ck_activations *x,
                          const float *bias) {
  product p = {matrix, x, out, out_stride, bias, ck_block_count(matrix->columns)};
  if (matrix->packing == CK_PACKED_MXFP4) multiply(CK_PACKED_MXFP4, &p, group_begin, group_end);
  else multiply(CK_PACKED_Q8, &p, group_begin, group_end);
}

#endif
