# Sourced by Deploy/quickstart and Deploy/test: what they need from the system, found or installed, and
# the release build.
# Everything said here goes to standard error, so that standard output stays the program's.

# What building takes, and what a member or an agent calls while it runs: curl for the demonstration,
# bubblewrap around the work of strangers.
althing_packages=(
    libsqlite3-dev libssl-dev libsecp256k1-dev libnghttp2-dev pkg-config
    bubblewrap curl ca-certificates git
)

say() { printf '%s\n' "$*" >&2; }

# Names those of the given Debian packages that are not installed, one a line.
missing_packages() {
    local package
    for package in "$@"; do
        if ! dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null \
            | grep -qx installed; then
            printf '%s\n' "$package"
        fi
    done
}

# Installs the given packages where they are missing; says so before.
install_packages() {
    local missing=() as_root=()
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        say "error[quickstart.system]: this is no Debian: install by hand what these are there: $*"
        exit 1
    fi
    mapfile -t missing < <(missing_packages "$@")
    if [ "${#missing[@]}" -eq 0 ]; then
        say "packages: all there"
        return
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "error[quickstart.root]: as root, run: apt-get install ${missing[*]}"
            exit 1
        fi
        as_root=(sudo)
    fi
    say "packages: installing ${missing[*]}"
    ${as_root[@]+"${as_root[@]}"} apt-get update -q >&2
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

# Ends the script unless there is a Swift toolchain that can read Package.swift (6.2 or newer).
require_swift() {
    local version major minor
    if command -v swift >/dev/null; then
        version=$(swift --version 2>/dev/null | grep -oE 'Swift version [0-9]+\.[0-9]+' \
            | grep -oE '[0-9]+\.[0-9]+' | head -n 1) || version=
        major=${version%%.*}
        minor=${version##*.}
        if [ -n "$version" ] && { [ "$major" -gt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -ge 2 ]; }; }
        then
            say "swift: $version"
            return
        fi
        say "error[quickstart.swift]: Swift 6.2 or newer is needed; this is ${version:-unknown}"
    else
        say "error[quickstart.swift]: there is no Swift toolchain on the PATH (6.2 or newer is needed)"
    fi
    say ""
    say "Get one, then run this again:"
    say "  curl -O https://download.swift.org/swiftly/linux/swiftly-\$(uname -m).tar.gz"
    say "  tar zxf swiftly-\$(uname -m).tar.gz && ./swiftly init"
    say "or unpack a release from https://www.swift.org/install/linux/ and put its usr/bin on the PATH."
    exit 1
}

# Builds the program that ships; `program` is then its path.
#
# Linked statically against the Swift runtime, so that it can be copied to a machine that has no
# toolchain; stripped, for more than half of the file would be symbols.
build_release() {
    local build=(swift build -c release --product althing --static-swift-stdlib -Xlinker -s)
    say "building: ${build[*]}"
    "${build[@]}" >&2
    program=$("${build[@]}" --show-bin-path)/althing
    say "built: $program, $(($(stat -c %s "$program") / 1000000)) MB"
}
