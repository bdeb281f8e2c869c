// shim.h — what the module CGumbo sees of libgumbo.
#include <gumbo.h>
