#!/usr/bin/env bash
# Fetches a data set as published and checks every file against its pinned MD5; what is there and right is not fetched again.
# Usage: fetch-data.sh cifar10|cifar100|svhn|fashion [DIR]      DIR: default $SPARSE_ROBUST_DATA, else the user's cache.
# MIRROR=URL from the environment takes the same file names from there instead.
set -euo pipefail

fail() { echo "fetch-data: $*" >&2; exit 2; }

name=${1:-}
root=${2:-${SPARSE_ROBUST_DATA:-${XDG_CACHE_HOME:-$HOME/.cache}/sparse-robust}}
case "$name" in
  cifar10)
    place=$root source=https://www.cs.toronto.edu/~kriz
    files="cifar-10-binary.tar.gz c32a1d4ab5d03f1284b67883e8d87530" ;;
  cifar100)
    place=$root source=https://www.cs.toronto.edu/~kriz
    files="cifar-100-binary.tar.gz 03b5dce01913d631647c71ecec9e9cb8" ;;
  svhn)
    place=$root/svhn source=http://ufldl.stanford.edu/housenumbers
    files="train_32x32.mat e26dedcc434d2e4c54c9b2d4a06d8373
      test_32x32.mat eb5a983be6a315427106f1b164d9cef3" ;;
  fashion)
    place=$root/fashion-mnist source=http://fashion-mnist.s3-website.eu-central-1.amazonaws.com
    files="train-images-idx3-ubyte.gz 8d4fb7e6c68d591d4c3dfef9ec88bf0d
      train-labels-idx1-ubyte.gz 25c81989df183df01b3e8a0aad5dffbe
      t10k-images-idx3-ubyte.gz bef4ecab320f06d8554ea6380940ec79
      t10k-labels-idx1-ubyte.gz bb300cfdad3c16e7a12a480ee83cd310" ;;
  sample) fail "sample: comes with the package, there is nothing to fetch" ;;
  tiny-images) fail "tiny-images: no digest of it is known; fetch ti_500K_pseudo_labeled.pickle by hand, see github.com/yaircarmon/semisup-adv" ;;
  *) fail "'$name' is no data set that can be fetched; usage: fetch-data.sh cifar10|cifar100|svhn|fashion [DIR]" ;;
esac

fetch() { # URL FILE: goes on where an earlier attempt stopped
  if command -v curl >/dev/null; then curl --fail --location --continue-at - --output "$2" "$1"
  elif command -v wget >/dev/null; then wget --continue --output-document="$2" "$1"
  else fail "neither curl nor wget is here; install one, or fetch $1 by hand into $place"
  fi
}

digest() {
  if command -v md5sum >/dev/null; then md5sum <"$1" | cut -d ' ' -f 1
  elif command -v md5 >/dev/null; then md5 -q "$1"
  else openssl md5 -r "$1" | cut -d ' ' -f 1
  fi
}

isWhole() { [ -f "$1" ] && [ "$(digest "$1")" = "$2" ]; }

mkdir -p "$place"
echo "$files" | while read -r file expected; do
  if [ -f "$place/$file" ]; then
    found=$(digest "$place/$file")
    [ "$found" = "$expected" ] || fail "$place/$file: its MD5 is $found, expected $expected; move it away to fetch it anew"
    echo "$place/$file: there already" >&2
    continue
  fi
  url=${MIRROR:-$source}/$file
  # A whole part is what an interruption right before the renaming leaves; a server has nothing to add to it.
  isWhole "$place/$file.part" "$expected" || fetch "$url" "$place/$file.part" || fail "$url: could not be fetched; what came is kept in $place/$file.part and gone on with"
  found=$(digest "$place/$file.part")
  if [ "$found" != "$expected" ]; then
    rm -f "$place/$file.part"
    fail "$url: its MD5 is $found, expected $expected; nothing of it was kept"
  fi
  mv "$place/$file.part" "$place/$file"
  echo "$place/$file: fetched and right" >&2
done
echo "sparse-train --data $name --data-dir $root ..." >&2
