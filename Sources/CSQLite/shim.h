// shim.h — libsqlite3, with doors for what Swift cannot import: cast macros and variadics.
#ifndef CSQLITE_SHIM_H
#define CSQLITE_SHIM_H

#include <sqlite3.h>

/// SQLITE_CANTOPEN_SYMLINK, which sqlite3.h builds by an expression that Swift does not import.
enum { CSQLITE_CANTOPEN_SYMLINK = SQLITE_CANTOPEN | (6 << 8) };

/// Here because SQLITE_TRANSIENT is a cast macro. SQLite copies the bytes before it returns.
/// `bytes` may be null only where `count` is 0, which binds an empty text, not NULL.
static inline int csqlite_bind_text(sqlite3_stmt *_Nonnull statement, int index,
                                    const void *_Nullable bytes, sqlite3_uint64 count) {
  return sqlite3_bind_text64(statement, index, bytes ? (const char *)bytes : "", count,
                             SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// As csqlite_bind_text, for a BLOB.
static inline int csqlite_bind_blob(sqlite3_stmt *_Nonnull statement, int index,
                                    const void *_Nullable bytes, sqlite3_uint64 count) {
  return sqlite3_bind_blob64(statement, index, bytes ? bytes : "", count, SQLITE_TRANSIENT);
}

/// Here because sqlite3_db_config is variadic. Sets one on/off option and returns its result code.
static inline int csqlite_configure(sqlite3 *_Nonnull connection, int option, int on) {
  return sqlite3_db_config(connection, option, on, (int *)0);
}

#endif
