// shim.h — libsqlite3, with doors for what Swift cannot import: cast macros and variadics.
#include <sqlite3.h>
