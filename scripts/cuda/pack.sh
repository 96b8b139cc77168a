#!/usr/bin/env bash
# Puts into one folder what scripts/cuda/accept.sh needs on a machine with a GPU that has neither cargo nor a network.
#
#   scripts/cuda/pack.sh [--dev]
#
# The folder is cuda/pack in the build folder, with one archive in it: the program, the tests of the kernels and the
# benchmark benches/gpu, all with the feature `cuda`, and timm with what it needs beside PyTorch. `--dev` packs the
# dev profile, which takes minutes instead of half an hour: parity is the same, times of the host are not.
#
# Needs what scripts/cuda/build.sh needs, and xz.
set -euo pipefail
cd "$(dirname "$0")/../.."

case ${1:-} in
--dev) profile=dev ;;
'') profile=release ;;
*) echo "usage: scripts/cuda/pack.sh [--dev]" >&2 && exit 2 ;;
esac
. scripts/cuda/toolkit.sh

pack=$build/cuda/pack
kit=$build/cuda/kit
mkdir -p "$pack" "$kit/wheels"

# The executables that cargo made of what was asked for, by the name of what they are of.
made() {
    python3 -c '
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable"):
        print(message["target"]["name"], message["executable"])'
}
{
    cargo build --locked --profile "$profile" --features cuda --bin proofmark --bench gpu --message-format json
    cargo test --locked -p proofmark-emulation --features cuda --test kernels --no-run --message-format json
} | made | while read -r name executable; do
    strip -o "$kit/$name" "$executable"
done
for name in proofmark gpu kernels; do
    [ -x "$kit/$name" ] || { echo "cargo made no $name" >&2 && exit 1; }
done
echo "$profile" >"$kit/profile.txt"
git rev-parse HEAD >"$kit/commit.txt"

# As scripts/cuda/accept.sh installs them, for its Python: without their needs, which lie beside them.
wheels=(timm==1.0.31 safetensors==0.8.0 pyyaml==6.0.3 huggingface_hub==0.36.0)
if [ "$(cat "$kit/wheels.txt" 2>/dev/null)" != "${wheels[*]}" ]; then
    rm -f "$kit"/wheels/*
    for python in 3.12 3.13; do
        python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version $python \
            --implementation cp --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 \
            --platform manylinux2014_x86_64 --dest "$kit/wheels" "${wheels[@]}"
    done
    echo "${wheels[*]}" >"$kit/wheels.txt"
fi

# Under another name first: who carries the folder meanwhile finds the old one, whole.
tar -C "$kit" -cf - . | xz -T0 -6 >"$pack/kit.tar.xz.new"
mv "$pack/kit.tar.xz.new" "$pack/kit.tar.xz"
size=$(stat -c %s "$pack/kit.tar.xz")
echo "$pack has $(((size + 524288) / 1048576)) MiB, of the $profile profile"
if [ "$size" -gt $((60 << 20)) ]; then
    echo "that is more than the 60 MiB that can be carried" >&2
    exit 1
fi
