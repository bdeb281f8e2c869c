#!/bin/sh
# build.sh — builds martlet-wall, martlet-probe and martlet-filter, small static programs, where their sources are
# newer than they are. SwiftPM cannot link them: it refuses -static for an executable.
#
#   Sources/CSandbox/wall/build.sh [FOLDER]      FOLDER: .build/wall of the checkout where left out
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../../.build/wall}
compiler=${CC:-clang}
flags="-std=gnu17 -static -O2 -Wall -Wextra -Werror -fstack-protector-strong
  -D_FORTIFY_SOURCE=2 -Wl,-z,relro,-z,now,-z,noexecstack"

mkdir -p "$out"

# stale PROGRAM: its sources, this script or the shared header changed since it was built.
stale() {
  [ ! -x "$out/$1" ] || [ -n "$(find "$here" "$here/../include/wall_protocol.h" -newer "$out/$1" \
    -type f \( -name '*.c' -o -name '*.h' -o -name build.sh \) | head -n 1)" ]
}

# build PROGRAM SOURCE...: linked under another name first, so that a reader never sees half a file.
build() {
  program=$1
  shift
  if stale "$program"; then
    # shellcheck disable=SC2086
    "$compiler" $flags -o "$out/$program.new.$$" "$@"
    mv "$out/$program.new.$$" "$out/$program"
    echo "built $program" >&2
  fi
}

build martlet-wall "$here"/*.c
build martlet-probe "$here"/probe/*.c
build martlet-filter "$here"/filter.c "$here"/listing/*.c
