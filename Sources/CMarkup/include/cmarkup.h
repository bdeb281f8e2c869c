// cmarkup.h — libgumbo with bounds: a tree that lives in one arena, built within limits or not at all.
//
// Why C: libgumbo 0.10 does not check what its allocator returns, has no limit on depth, time or memory,
// and frees a tree by recursion, one C frame for each level of a page that a stranger wrote. The way out
// of it is an allocator that leaves by longjmp, which must not cross Swift frames. Everything that a tree
// needs lies in an arena, so a tree that was given up or is done with is freed without walking it.

#ifndef CMARKUP_H
#define CMARKUP_H

#include <gumbo.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// How a parse ended.
enum cm_status {
  CM_PARSED = 0,
  /// The tree needs more memory than the limit.
  CM_TOO_LARGE = 1,
  /// Building the tree took more processor time than the limit.
  CM_TOO_SLOW = 2,
  /// The machine has no memory.
  CM_NO_MEMORY = 3,
};

typedef struct cm_tree cm_tree;

/// Parses UTF-8 text as an HTML document.
///
/// text: `length` bytes; must stay alive and unchanged for as long as the tree.
/// memory_max: bytes that the tree and the parser's own state may take.
/// milliseconds_max: processor time of the calling thread.
/// tree: receives the tree with CM_PARSED, to be freed by `cm_free`; null otherwise.
enum cm_status cm_parse(const char *_Nonnull text, size_t length, size_t memory_max,
                        uint32_t milliseconds_max, cm_tree *_Nullable *_Nonnull tree);

/// The document node. Valid until `cm_free`.
const GumboNode *_Nonnull cm_document(const cm_tree *_Nonnull tree);

/// Bytes that the tree takes.
size_t cm_memory(const cm_tree *_Nonnull tree);

/// The length of a node's text, which ends at its first NUL.
static inline size_t cm_text_length(const char *_Nonnull text) { return strlen(text); }

/// Frees the tree and every node of it.
void cm_free(cm_tree *_Nonnull tree);

/// Tells the allocator of this process to keep what is freed. Pages are large and come one after the other:
/// the next one takes what the last one gave back, without a page fault for each 4 KiB of it. (mallopt is in
/// a header that Swift does not see.)
void cm_keep_freed_memory(void);

#endif
