#!/usr/bin/env bash
# Installs the tensorflow engine: a current TensorFlow library from the Python package index, and under it the addon of
# @tensorflow/tfjs-node-gpu, built here. Everything goes into one folder, .tensorflow in the package's own (or the one that
# SPARSE_ROBUST_TENSORFLOW names); deleting it undoes it all. Run it again at any time: what is there and loads is kept.
#
#   scripts/install-tensorflow.sh           for CPUs
#   scripts/install-tensorflow.sh --cuda    for NVIDIA cards, with CUDA and cuDNN (a few gigabytes)
#   TENSORFLOW_VERSION=2.21.0 scripts/install-tensorflow.sh     another version than the newest that pip finds
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${SPARSE_ROBUST_TENSORFLOW:-$root/.tensorflow}

say() { echo "install-tensorflow: $*" >&2; }
fail() { say "$1"; exit 1; }

usage() { sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

form=cpu
for option in "$@"; do
  case $option in
    --cuda) form=cuda ;;
    --help) usage; exit 0 ;;
    *) fail "there is no option $option; --cuda and --help are all there is" ;;
  esac
done

# Is this a machine that it can work on?
[ "$(uname -s)" = Linux ] || fail "TensorFlow's library is taken from its Linux packages; this is $(uname -s)"
case $(uname -m) in
  x86_64) ;;
  aarch64) [ $form = cpu ] || fail "on aarch64 there is no TensorFlow with CUDA; leave out --cuda" ;;
  *) fail "TensorFlow is built for x86_64 and aarch64; this is $(uname -m)" ;;
esac
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2) || true
[ -n "$glibc" ] || fail "TensorFlow needs glibc 2.27 or later; this system has another C library"
[ "$(printf '2.27\n%s\n' "$glibc" | sort -V | head -n 1)" = 2.27 ] || fail "TensorFlow needs glibc 2.27 or later; this is $glibc"

command -v node >/dev/null || fail "node was not found; Node 20.19 to 22 is wanted"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 && a < 23 || a === 20 && b >= 19 ? 0 : 1)' ||
  fail "this is Node $(node --version); TensorFlow's addon wants Node 20.19 to 22"
command -v npm >/dev/null || fail "npm was not found; it comes with Node"
for compiler in make "${CXX:-g++}"; do
  command -v "$compiler" >/dev/null || fail "$compiler was not found; the addon is compiled here (Debian: apt-get install build-essential)"
done

python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "$python was not found; Python 3.10 or later with pip fetches TensorFlow (PYTHON names another)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "this is $("$python" --version); 3.10 or later is wanted (PYTHON names another)"
"$python" -m pip --version >/dev/null 2>&1 || fail "$python has no pip (Debian: apt-get install python3-pip)"

loads() { # ADDON'S FOLDER LOG
  TF_CPP_MIN_LOG_LEVEL=2 node -e 'require(process.argv[1]).TF_Version' "$1/lib/napi-v8/tfjs_binding.node" 2>"$2"
}

# Is it there already, and whole?
wanted=${TENSORFLOW_VERSION:-}
if [ -f "$target/installed.json" ]; then
  installed=$(node -p 'const x = JSON.parse(fs.readFileSync(process.argv[1])); `${x.form} ${x.tensorflow} ${x.node}`' "$target/installed.json" 2>/dev/null) ||
    installed="damaged damaged damaged"
  read -r has_form has_version has_node <<<"$installed"
  if [ "$has_form" = $form ] && [ "${wanted:-$has_version}" = "$has_version" ] && [ "$has_node" = "$(node -p process.arch)" ]; then
    if loads "$target/addon" /dev/null; then
      say "TensorFlow $has_version ($has_form) is in $target already; delete that folder to undo it"
      exit 0
    fi
    say "TensorFlow $has_version ($has_form) in $target does not load"
  fi
  say "replacing what is in $target"
fi

mkdir -p "$target" 2>/dev/null && [ -w "$target" ] || fail "$target cannot be written; set SPARSE_ROBUST_TENSORFLOW to a folder of yours, here and for the commands"
work=$(mktemp -d "$target/partial.XXXXXX")
built=
trap 'rm -rf "$work" "$built"' EXIT

# Nothing of the system's is touched, whoever runs this.
export PIP_ROOT_USER_ACTION=ignore

# The library
package=tensorflow-cpu
[ $form = cuda ] && package=tensorflow
[ "$(uname -m)" = aarch64 ] && package=tensorflow
say "fetching $package${wanted:+ $wanted} with pip"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work/wheel" "$package${wanted:+==$wanted}" ||
  fail "pip could not fetch $package for $("$python" --version); see above"

# Unpacks the library, its headers and its versions; prints one line of versions and then the CUDA packages that it asks for.
"$python" - "$work" >"$work/contents" <<'PYTHON'
import ast, glob, os, re, shutil, sys, zipfile

work = sys.argv[1]
addon = os.path.join(work, "addon", "deps")
wheel = zipfile.ZipFile(glob.glob(os.path.join(work, "wheel", "*.whl"))[0])
for name in wheel.namelist():
    library = re.fullmatch(r"tensorflow/(libtensorflow_(?:cc|framework)\.so\.2)", name)
    header = re.match(r"tensorflow/include/((?:tensorflow/c|tensorflow/core/platform|xla/tsl|tsl)/.*)", name)
    if not library and not header or name.endswith("/"):
        continue
    to = os.path.join(addon, "lib", library[1]) if library else os.path.join(addon, "include", header[1])
    os.makedirs(os.path.dirname(to), exist_ok=True)
    with wheel.open(name) as source, open(to, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
for library in ("cc", "framework"):
    link = os.path.join(addon, "lib", f"libtensorflow{'' if library == 'cc' else '_framework'}.so")
    os.symlink(f"libtensorflow_{library}.so.2", link)

build = wheel.read("tensorflow/python/platform/build_info.py").decode()
pairs = dict(ast.literal_eval(re.search(r"OrderedDict\((\[.*\])\)", build, re.S)[1]))
metadata = wheel.read(next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))).decode()
version = re.search(r"^Version: (\S+)", metadata, re.M)[1]
print(version, pairs.get("cuda_version", "-"), pairs.get("cudnn_version", "-"))
for requirement, marker in re.findall(r"^Requires-Dist: ([^;\n]+);(.*)$", metadata, re.M):
    if "and-cuda" in marker and requirement.startswith("nvidia-"):
        print(re.sub(r"[\s()]", "", requirement))
PYTHON
read -r version cuda cudnn <"$work/contents"
rm -rf "$work/wheel"

if [ $form = cuda ]; then
  mapfile -t nvidia < <(tail -n +2 "$work/contents")
  [ ${#nvidia[@]} -gt 0 ] || fail "$package $version names no CUDA packages"
  say "fetching CUDA $cuda and cuDNN $cudnn for TensorFlow $version: ${nvidia[*]}"
  "$python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --target "$work/site" "${nvidia[@]}" ||
    fail "pip could not fetch CUDA's libraries; see above"
  # TensorFlow looks for them in ../nvidia beside its own library.
  mv "$work/site/nvidia" "$work/addon/deps/nvidia"
fi

# The addon
addon_version=$(node -p 'require(process.argv[1]).peerDependencies["@tensorflow/tfjs-node-gpu"]' "$root/package.json")
say "building the addon of @tensorflow/tfjs-node-gpu $addon_version on TensorFlow $version"
(cd "$work" && npm pack --loglevel=error --pack-destination "$work" "@tensorflow/tfjs-node-gpu@$addon_version" >/dev/null) ||
  fail "npm could not fetch @tensorflow/tfjs-node-gpu $addon_version; see above"
tar -xzf "$work"/tensorflow-tfjs-node-gpu-*.tgz -C "$work/addon" --strip-components 1 package/binding package/binding.gyp package/package.json
# Its build file takes a path with a blank for two, so it is built where there is none.
built=$(mktemp -d /tmp/sparse-robust.XXXXXX)
cp -r "$work/addon/binding" "$work/addon/binding.gyp" "$work/addon/package.json" "$built"
ln -s "$work/addon/deps" "$built/deps"
prefix=$(node -p 'require("node:path").dirname(require("node:path").dirname(process.execPath))')
gyp=
for place in "$(dirname "$(readlink -f "$(command -v npm)")")/../node_modules" "$prefix/lib/node_modules/npm/node_modules" "$prefix/share/nodejs"; do
  [ -n "$gyp" ] || [ ! -f "$place/node-gyp/bin/node-gyp.js" ] || gyp=$place/node-gyp/bin/node-gyp.js
done
[ -n "$gyp" ] || fail "found no node-gyp; npm brings it, in node_modules beside itself"
headers=()
[ -f "$prefix/include/node/node_api.h" ] && headers=("--nodedir=$prefix")
# The first of NAPI's versions that all of Node 20 to 22 have and the package knows.
if ! node "$gyp" rebuild -C "$built" "${headers[@]}" --module_name=tfjs_binding --module_path="$built/lib/napi-v8" --napi_build_version=8 >"$work/build.log" 2>&1; then
  tail -n 30 "$work/build.log" >&2
  fail "the addon did not build; the last lines of its compiler stand above"
fi
mv "$built/lib" "$work/addon/lib"
rm -rf "$work/addon/deps/include"

say "trying it"
loads "$work/addon" "$work/try.log" ||
  { cat "$work/try.log" >&2; fail "the addon was built but does not load; see above"; }

# Into place, at once
node -e '
  const [file, form, tensorflow, cuda, cudnn] = process.argv.slice(1);
  const known = (version) => (version === "-" ? null : version);
  fs.writeFileSync(file, `${JSON.stringify({ form, tensorflow, cuda: known(cuda), cudnn: known(cudnn), node: process.arch })}\n`);
' "$work/installed.json" $form "$version" "$cuda" "$cudnn"
rm -rf "$target/addon" "$target/installed.json"
mv "$work/addon" "$target/addon"
mv "$work/installed.json" "$target/installed.json"
say "TensorFlow $version ($form) is in $target, $(du -sh "$target/addon" | cut -f1); delete that folder to undo it. See: sparse-train --engines"
