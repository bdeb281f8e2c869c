// cmarkup.c — the arena behind libgumbo, and the way out of it.

#include "cmarkup.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

// The first block serves a small page whole; later ones double up to the largest.
static const size_t first_block_bytes = (size_t)256 << 10;
static const size_t largest_block_bytes = (size_t)8 << 20;
// Between two looks at the clock; a look is a system call.
static const unsigned allocations_per_look = 256;

struct block {
  struct block *previous;
  // Payload follows, aligned like the header.
  max_align_t payload[];
};

struct cm_tree {
  struct block *last;
  unsigned char *next;
  size_t left;
  size_t block_bytes;
  size_t bytes;
  size_t bytes_max;
  int64_t deadline_ns;
  unsigned allocations;
  GumboOutput *output;
  enum cm_status status;
  jmp_buf exit;
};

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static _Noreturn void leave(cm_tree *tree, enum cm_status status) {
  tree->status = status;
  longjmp(tree->exit, 1);
}

// Makes room for `size` bytes, in a block of their own where they are many.
static void add_block(cm_tree *tree, size_t size) {
  size_t wanted = tree->block_bytes;
  if (wanted < size) wanted = size;
  if (wanted > tree->bytes_max - tree->bytes) {
    wanted = size;
    if (wanted > tree->bytes_max - tree->bytes) leave(tree, CM_TOO_LARGE);
  }
  struct block *block = malloc(sizeof(struct block) + wanted);
  if (block == NULL) leave(tree, CM_NO_MEMORY);
  block->previous = tree->last;
  tree->last = block;
  tree->next = (unsigned char *)block->payload;
  tree->left = wanted;
  tree->bytes += wanted;
  if (tree->block_bytes < largest_block_bytes) tree->block_bytes *= 2;
}

static void *take(void *userdata, size_t size) {
  cm_tree *tree = userdata;
  if (++tree->allocations % allocations_per_look == 0 && now_ns() > tree->deadline_ns) {
    leave(tree, CM_TOO_SLOW);
  }
  const size_t alignment = _Alignof(max_align_t);
  if (size > tree->bytes_max) leave(tree, CM_TOO_LARGE);
  size_t rounded = (size + alignment - 1) & ~(alignment - 1);
  if (rounded == 0) rounded = alignment;
  if (rounded > tree->left) add_block(tree, rounded);
  void *result = tree->next;
  tree->next += rounded;
  tree->left -= rounded;
  return result;
}

// What the parser outgrows stays in the arena: vectors and buffers double, so it is less than they end up
// with.
static void give(void *userdata, void *pointer) {
  (void)userdata;
  (void)pointer;
}

enum cm_status cm_parse(const char *text, size_t length, size_t memory_max,
                        uint32_t milliseconds_max, cm_tree **result) {
  *result = NULL;
  cm_tree *tree = calloc(1, sizeof *tree);
  if (tree == NULL) return CM_NO_MEMORY;
  tree->block_bytes = first_block_bytes;
  tree->bytes_max = memory_max;
  tree->deadline_ns = now_ns() + (int64_t)milliseconds_max * 1000000;
  if (setjmp(tree->exit) != 0) {
    enum cm_status status = tree->status;
    cm_free(tree);
    return status;
  }
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = take;
  options.deallocator = give;
  options.userdata = tree;
  options.max_errors = 0;
  tree->output = gumbo_parse_with_options(&options, text, length);
  *result = tree;
  return CM_PARSED;
}

const GumboNode *cm_document(const cm_tree *tree) { return tree->output->document; }

size_t cm_memory(const cm_tree *tree) { return tree->bytes; }

void cm_free(cm_tree *tree) {
  struct block *block = tree->last;
  while (block != NULL) {
    struct block *previous = block->previous;
    free(block);
    block = previous;
  }
  free(tree);
}

void cm_keep_freed_memory(void) {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 96 << 20);
}
