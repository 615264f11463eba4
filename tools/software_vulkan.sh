#!/usr/bin/env bash
# Prints the file of a Vulkan driver that computes on the CPU. With it, WebGPU works on a machine without a GPU:
#
#     VK_DRIVER_FILES=$(tools/software_vulkan.sh) npm test -- ops
#
# The driver is the first of these that is found:
#
#   1. lavapipe of an installed Mesa 25 or newer (`apt-get install mesa-vulkan-drivers` on Debian 13). It has float16.
#   2. On Debian 12, whose Mesa is too old for WebGPU: lavapipe from the backports, downloaded into node_modules/.cache (11 MB) with the
#      keys and the mirror of the system. Nothing is installed. It uses the libraries of the installed mesa-vulkan-drivers.
#   3. SwiftShader of an installed Chromium. It has no float16, and is several times slower than lavapipe.
#
# WebGPU also needs the Vulkan loader (`apt-get install libvulkan1`). Fails with a message if it or a driver is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=$PWD/node_modules/.cache/cifar10/lavapipe

# The file of a driver that supports Vulkan 1.4, which Mesa 25 was the first to do.
recent() {
  local file
  for file in "$@"; do
    if [ -f "$file" ] && grep -q '"api_version": "1\.[4-9]' "$file"; then echo "$file"; return; fi
  done
  return 1
}

# Downloads the driver from the backports of this Debian, and prints its file.
download() {
  command -v apt-get > /dev/null || return 1
  local release mirror work
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' | sed -n "s/ $release\$//p" | head -n 1)
  [ -n "$mirror" ] || return 1
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  mkdir -p "$work/lists/partial" "$work/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release-backports main" > "$work/sources.list"
  local options=(-qq -o "Dir::State::Lists=$work/lists" -o "Dir::Cache::Archives=$work/archives"
    -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o APT::Sandbox::User=)
  apt-get "${options[@]}" update >&2 || return 1
  (cd "$work" && apt-get "${options[@]}" download "mesa-vulkan-drivers/$release-backports" >&2) || return 1
  dpkg-deb -x "$work"/mesa-vulkan-drivers_*.deb "$work/root" || return 1
  local library
  library=$(find "$work/root" -name libvulkan_lvp.so)
  if ldd "$library" | grep 'not found' >&2; then
    echo 'software_vulkan: install the libraries of the driver with `apt-get install mesa-vulkan-drivers`' >&2
    return 1
  fi
  mkdir -p "$cache"
  cp "$library" "$cache/"
  sed "s#\"library_path\": \"[^\"]*\"#\"library_path\": \"$cache/libvulkan_lvp.so\"#" \
    "$work"/root/usr/share/vulkan/icd.d/lvp_icd*.json > "$cache/icd.json"
  recent "$cache/icd.json"
}

PATH=$PATH:/usr/sbin:/sbin
libraries=$(ldconfig -p)
if ! grep -q 'libvulkan\.so\.1' <<< "$libraries"; then
  echo 'software_vulkan: the Vulkan loader is not installed; on Debian and Ubuntu, use `apt-get install libvulkan1`' >&2
  exit 1
fi
recent /usr/share/vulkan/icd.d/lvp_icd*.json /etc/vulkan/icd.d/lvp_icd*.json "$cache/icd.json" && exit
download && exit
for file in /usr/lib/chromium/vk_swiftshader_icd.json /usr/lib/chromium-browser/vk_swiftshader_icd.json; do
  if [ -f "$file" ]; then echo "$file"; exit; fi
done
echo 'software_vulkan: no driver found; on Debian, use `apt-get install mesa-vulkan-drivers` or `apt-get install chromium`' >&2
exit 1
