// shim.h — libcrypto's digests.
#ifndef CCRYPTO_SHIM_H
#define CCRYPTO_SHIM_H

#include <openssl/crypto.h>
#include <openssl/evp.h>

/// Keeps libcrypto from tidying up when the process exits: a thread may still close a connection
/// then. Counts only before libcrypto is used for the first time, and does no harm later.
static inline void ccrypto_leave_exit_alone(void) {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, 0);
}

#endif
