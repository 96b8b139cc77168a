#!/usr/bin/env bash
# Compiles Proofmark with `--features cuda` on a machine without a GPU. Nothing is linked
# or run: that needs a machine with CUDA.
#
# The CUDA toolkit comes as Python wheels into the build folder, once. Needs cargo,
# python3 with pip, and a C++ compiler.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${CARGO_TARGET_DIR:-target}
toolkit=$build/cuda-toolkit
wheels=(
    nvidia-cuda-nvcc==13.0.88
    nvidia-cuda-crt==13.0.88
    nvidia-nvvm==13.0.88
    nvidia-cuda-runtime==13.0.96
    nvidia-cuda-cccl==13.0.85
)

# The list of what was installed is written last.
if [ "$(cat "$toolkit/wheels.txt" 2>/dev/null)" != "${wheels[*]}" ]; then
    rm -rf "$toolkit"
    python3 -m pip install --quiet --disable-pip-version-check --no-deps \
        --target "$toolkit" "${wheels[@]}"
    echo "${wheels[*]}" >"$toolkit/wheels.txt"
fi

CUDA_HOME=$(cd "$toolkit/nvidia/cu13" && pwd)
export CUDA_HOME CUDA_PATH=$CUDA_HOME PATH=$CUDA_HOME/bin:$PATH
# There is no GPU to ask; 90 is Hopper.
export CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-90}
cargo check --locked --features cuda "$@"
