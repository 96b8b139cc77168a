#!/usr/bin/env bash
# Compiles Proofmark with `--features cuda` on a machine without a GPU. Nothing is linked or run: that
# needs a machine with CUDA.
#
#   scripts/check-cuda.sh [ARGUMENTS OF CARGO]
#   scripts/check-cuda.sh nccl [ARGUMENTS OF CARGO]
#
# The second compiles with `--features nccl`. Then it links the room that speaks to NCCL with the NCCL that
# NVIDIA publishes, and asks that for its version and an id; and it runs that room's tests with
# stand-ins for the driver and for NCCL (scripts/stand-ins), which copy messages between threads.
#
# The CUDA toolkit and NCCL come as Python wheels into the build folder, once. Needs cargo, python3 with pip,
# a C and a C++ compiler.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${CARGO_TARGET_DIR:-target}
toolkit=$build/cuda-toolkit
features=cuda
if [ "${1:-}" = nccl ]; then
    features=nccl
    shift
fi

# Brings wheels into a folder. The list of what was installed is written last.
bring() {
    local folder=$1
    shift
    if [ "$(cat "$folder/wheels.txt" 2>/dev/null)" != "$*" ]; then
        rm -rf "$folder"
        python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$folder" "$@"
        echo "$*" >"$folder/wheels.txt"
    fi
}

bring "$toolkit" \
    nvidia-cuda-nvcc==13.0.88 \
    nvidia-cuda-crt==13.0.88 \
    nvidia-nvvm==13.0.88 \
    nvidia-cuda-runtime==13.0.96 \
    nvidia-cuda-cccl==13.0.85
CUDA_HOME=$(cd "$toolkit/nvidia/cu13" && pwd)
export CUDA_HOME CUDA_PATH=$CUDA_HOME PATH=$CUDA_HOME/bin:$PATH
# There is no GPU to ask; 90 is Hopper.
export CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-90}

cargo check --locked --features "$features" "$@"
[ "$features" = nccl ] || exit 0

# The version whose functions cudarc knows.
bring "$build/nccl" nvidia-nccl-cu13==2.30.7
nccl=$(cd "$build/nccl/nvidia/nccl/lib" && pwd)
ln -sf libnccl.so.2 "$nccl/libnccl.so"

# No wheel has the driver's library, without which nothing can be linked.
mkdir -p "$build/stand-ins/cuda" "$build/stand-ins/nccl"
cuda=$(cd "$build/stand-ins/cuda" && pwd)
fake=$(cd "$build/stand-ins/nccl" && pwd)
stand_in() {
    cc -std=c11 -O1 -Wall -Wextra -Werror -shared -fPIC -pthread \
        -Wl,-soname,"$(basename "$2")" -o "$2" "scripts/stand-ins/$1.c"
}
stand_in cuda "$cuda/libcuda.so.1"
stand_in nccl "$fake/libnccl.so.2"
ln -sf libcuda.so.1 "$cuda/libcuda.so"

export LIBRARY_PATH=$nccl:$cuda
LD_LIBRARY_PATH=$nccl:$cuda cargo run --locked -p proofmark-group --features nccl --example nccl
LD_LIBRARY_PATH=$fake:$cuda cargo test --locked -p proofmark-group --features nccl --lib nccl
