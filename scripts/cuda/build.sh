#!/usr/bin/env bash
# Builds Proofmark for NVIDIA GPUs, on a machine with or without one.
#
#   scripts/cuda/build.sh [ARGUMENTS OF CARGO]          the program, optimised and stripped
#   scripts/cuda/build.sh check [ARGUMENTS OF CARGO]    lints, and tests without a GPU
#
# The program needs the driver and cuBLAS where it runs, and loads them when a GPU is asked for; nothing of NVIDIA's is
# linked. What compiles the kernels comes as Python wheels into the build folder, once.
#
# `check` runs the tests of the kernels and of src/group/nccl with stand-ins for the driver, cuBLAS and NCCL
# (scripts/stand-ins), and asks the NCCL that NVIDIA publishes for its version and an id. On a machine with a GPU,
# `cargo test -p proofmark-emulation --features cuda` runs the tests of the kernels on it.
#
# Needs cargo, python3 with pip, a C and a C++ compiler.
set -euo pipefail
cd "$(dirname "$0")/../.."

. scripts/cuda/toolkit.sh

if [ "${1:-}" != check ]; then
    cargo build --locked --release --features cuda "$@"
    mkdir -p "$build/cuda"
    strip -o "$build/cuda/proofmark" "$build/release/proofmark"
    size=$(stat -c %s "$build/cuda/proofmark")
    echo "$build/cuda/proofmark has $((size / 1000000)) MB"
    exit 0
fi
shift

cargo clippy --locked --features cuda --lib --bins --bench gpu "$@" -- -D warnings
cargo clippy --locked -p proofmark-gpu -p proofmark-emulation --features proofmark-gpu/cuda,proofmark-emulation/cuda --all-targets -- -D warnings
cargo clippy --locked -p proofmark-group --features nccl --all-targets -- -D warnings

# The version whose functions cudarc knows.
bring "$build/nccl" nvidia-nccl-cu13==2.30.7
nccl=$build/nccl/nvidia/nccl/lib
ln -sf libnccl.so.2 "$nccl/libnccl.so"

# Stand-ins under the names that the libraries have. That for cuBLAS leans on that for the driver, which has the
# kernels of src/emulation in it.
cuda=$build/stand-ins/cuda
fake=$build/stand-ins/nccl
mkdir -p "$cuda" "$fake"
strict=(-O1 -Wall -Wextra -Werror -fPIC -pthread)
cc -std=c11 "${strict[@]}" -c -o "$build/stand-ins/cuda.o" scripts/stand-ins/cuda.c
c++ -std=c++20 "${strict[@]}" -Wno-unknown-pragmas -c -o "$build/stand-ins/emulate.o" src/emulation/emulate.cpp
c++ -shared -pthread -Wl,-soname,libcuda.so.1 -o "$cuda/libcuda.so.1" "$build/stand-ins/cuda.o" "$build/stand-ins/emulate.o"
cc -std=c11 "${strict[@]}" -shared -Wl,-soname,libcublas.so.13 -o "$cuda/libcublas.so.13" scripts/stand-ins/cublas.c \
    -Wl,--no-as-needed "$cuda/libcuda.so.1"
cc -std=c11 "${strict[@]}" -shared -Wl,-soname,libnccl.so.2 -o "$fake/libnccl.so.2" scripts/stand-ins/nccl.c
ln -sf libnccl.so.2 "$fake/libnccl.so"

# Where nothing of NVIDIA's is there to be loaded, unless this machine has it: what is missing is a sentence.
cargo test --locked -p proofmark-gpu --features cuda --lib
LD_LIBRARY_PATH=$cuda cargo test --locked -p proofmark-gpu --features cuda --lib
LD_LIBRARY_PATH=$cuda cargo test --locked -p proofmark-emulation --features cuda --test kernels
LD_LIBRARY_PATH=$cuda STAND_IN_EARLY=1 cargo test --locked -p proofmark-emulation --features cuda --test kernels -- pixels memory
LD_LIBRARY_PATH=$cuda PROOFMARK_GPU_SYNC=1 cargo test --locked -p proofmark-emulation --features cuda --test kernels -- products
LD_LIBRARY_PATH=$nccl cargo run --locked -p proofmark-group --features nccl --example nccl
LD_LIBRARY_PATH=$fake:$cuda cargo test --locked -p proofmark-group --features nccl --lib nccl
