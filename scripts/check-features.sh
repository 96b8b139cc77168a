#!/usr/bin/env bash
# Do `cargo run` and `cargo test` build each crate with the same features? Where they do not, each of
# the two builds again what the other has built, and everything above it. Lists what differs.
set -euo pipefail
cd "$(dirname "$0")/.."

# One line for each crate: its name and version, its features. Those of the host, for build scripts and
# macros, are lines of their own.
built() {
    cargo tree --locked --edges "$1" --prefix none --format '{p}: {f}' |
        sed -E 's/ \((proc-macro|\*|\/[^)]*)\)//g' | grep . | sort -u
}

run=$(built normal,build)
test=$(built normal,build,dev)
# A crate that the tests alone build differs from nothing.
named=$(sed 's/: .*/: /' <<<"$run" | sort -u)
more=$(comm -13 <(echo "$run") <(echo "$test") | grep -F "$named" || true)
less=$(comm -23 <(echo "$run") <(echo "$test"))
if [ -n "$more$less" ]; then
    printf '`cargo run` builds\n%s\nand `cargo test`\n%s\n' "$less" "$more"
    echo "name the features in [workspace.dependencies] of Cargo.toml, as for insta" >&2
    exit 1
fi
echo "$(wc -l <<<"$run") crates are built with the same features by \`cargo run\` and \`cargo test\`"
