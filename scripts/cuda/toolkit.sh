# Brings the compiler of the kernels into the build folder, once. For build.sh and pack.sh, which source it in the root.

build=${CARGO_TARGET_DIR:-target}
mkdir -p "$build"
build=$(cd "$build" && pwd)

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

bring "$build/cuda-toolkit" \
    nvidia-cuda-nvcc==13.0.88 \
    nvidia-cuda-crt==13.0.88 \
    nvidia-nvvm==13.0.88 \
    nvidia-cuda-runtime==13.0.96 \
    nvidia-cuda-cccl==13.0.85
export CUDA_HOME=$build/cuda-toolkit/nvidia/cu13
