# bootstrap.sh — what ./martlet and ./check share: system packages, toolchain, build. Sourced, POSIX sh.
#
# Expects $root (the checkout) and $say (the name that messages begin with).

# One line each: a file that proves the package is there, then the Debian package that brings it.
required_packages() {
  cat <<'LIST'
/usr/bin/gcc gcc
/usr/include/stdio.h libc6-dev
/usr/include/sqlite3.h libsqlite3-dev
/usr/include/openssl/evp.h libssl-dev
/usr/bin/curl-config libcurl4-openssl-dev
/usr/include/gumbo.h libgumbo-dev
/usr/bin/pkg-config pkg-config
LIST
  # The C++ headers and libraries carry gcc's version in their path.
  if ! ls -d /usr/include/c++/* >/dev/null 2>&1; then echo "/none libstdc++-12-dev"; fi
}

note() { printf '%s: %s\n' "$say" "$*" >&2; }

# Installs what is missing, saying so in one line; otherwise says what to install.
need_packages() {
  missing=$(required_packages | while read -r proof package; do
    [ -e "$proof" ] || printf '%s ' "$package"
  done)
  missing=${missing% }
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    note "needs these packages, by their Debian names: $missing. Install their equivalents, then run this again."
    exit 2
  fi
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    if sudo -n true 2>/dev/null; then as_root="sudo -n"; else
      note "needs system packages. Run: sudo apt-get install $missing"
      exit 2
    fi
  fi
  note "installing the system packages $missing"
  # shellcheck disable=SC2086
  if ! DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1; then
    $as_root apt-get update -qq >/dev/null 2>&1 || true
    if ! DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >&2; then
      note "could not install $missing. Install them by hand, then run this again."
      exit 2
    fi
  fi
}

need_swift() {
  if ! command -v swift >/dev/null 2>&1; then
    note "needs Swift 6.2 or later in PATH: https://www.swift.org/install/linux/"
    exit 2
  fi
}

# The program that walls tools in, which SwiftPM cannot link: a static C program.
build_wall() {
  mkdir -p "$root/.build"
  if ! sh "$root/Sources/CSandbox/wall/build.sh" >"$root/.build/martlet-wall.log" 2>&1; then
    cat "$root/.build/martlet-wall.log" >&2
    note "the build of martlet-wall failed"
    exit 1
  fi
}

# Builds into $root/.build; the compiler's words go to a log that is shown when it fails.
build() {
  log=$root/.build/martlet-build.log
  if ! (cd "$root" && swift build -c release "$@") >"$log" 2>&1; then
    grep -E 'error:|warning:' "$log" | sort -u | head -40 >&2 || true
    tail -n 5 "$log" >&2
    note "the build failed; the whole log is in $log"
    exit 1
  fi
}
