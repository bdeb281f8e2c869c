// ckprobe.h — what this machine can do at most, for comparison with what the kernels reach.

#ifndef CKPROBE_H
#define CKPROBE_H

#include "ckernels.h"

#pragma clang assume_nonnull begin

/// Reads every byte once, in order, as fast as a core can. Returns a sum, so that nothing is left out.
uint64_t ck_probe_read(ck_level level, const uint8_t *bytes, size_t count);

/// Multiplies bytes by bytes in registers, as the packed products do, `rounds` times over.
///
/// Returns how many products were made and added up. `sink` keeps the compiler from leaving them out.
uint64_t ck_probe_multiply(ck_level level, size_t rounds, int32_t *sink);

#pragma clang assume_nonnull end

#endif
