#!/usr/bin/env bash
# Runs everything of Proofmark that a GPU can say something about, on a machine that has one, within eight minutes.
#
#   scripts/cuda/accept.sh [STEP]...
#
# Needs the folder that scripts/cuda/pack.sh makes (PACK, else target/cuda/pack), the driver, and python3 with PyTorch;
# nothing is compiled and nothing is downloaded. Leaves accept.json and accept.md in OUT (else target/cuda/accept).
# Steps are in scripts/cuda/steps.py; with names of some, the others are left out. SECONDS_IN_ALL (470) is when no more
# is begun. The exit code is 0 if every step that could be run went well.
set -euo pipefail
cd "$(dirname "$0")/../.."

export OUT=${OUT:-target/cuda/accept}
pack=${PACK:-target/cuda/pack}
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)

python=${PYTHON:-python3}
kit=$(mktemp -d)
trap 'rm -rf "$kit"' EXIT
# By Python, since not every machine has xz.
"$python" -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$pack/kit.tar.xz" "$kit"

# What PyTorch's side needs and this Python lacks. What it has goes first.
lacking=0
"$python" -c 'import timm, safetensors.torch' >/dev/null 2>&1 || lacking=1
if [ "$lacking" = 1 ]; then
    "$python" -m pip install --quiet --no-index --no-deps --no-compile --target "$kit/site" --find-links "$kit/wheels" \
        timm safetensors pyyaml huggingface_hub || echo "timm cannot be installed from $pack" >&2
    export PYTHONPATH=$kit/site${PYTHONPATH:+:$PYTHONPATH}
fi

# cuBLAS, where PyTorch and toolkits have it; what the caller says goes first.
folders=$("$python" - <<'LOOK'
import glob, site, sys
roots = [*site.getsitepackages(), site.getusersitepackages(), *sys.path]
places = [f"{root}/nvidia/{part}/lib" for root in roots if root for part in ("cu13", "cublas")]
places += sorted(glob.glob("/usr/local/cuda*/lib64"), reverse=True) + glob.glob("/usr/local/cuda*/targets/*/lib")
found = [place for place in dict.fromkeys(places) if glob.glob(f"{place}/libcublas.so.13")]
found += [place for place in ("/usr/local/nvidia/lib64", "/usr/local/nvidia/lib") if glob.glob(f"{place}/libcuda.so.1")]
print(":".join(found))
LOOK
)
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folders
export KIT=$kit CUBLAS_FOLDERS=$folders PYTHONUNBUFFERED=1

code=0
"$python" scripts/cuda/steps.py "$@" || code=$?
exit $code
