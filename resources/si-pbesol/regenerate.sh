#!/bin/sh
# Rebuild phono3py.yaml, fc2.hdf5 and fc3.hdf5 in this folder from the displacement-force data of phono3py's own example.
# Usage: sh regenerate.sh        (needs Python 3.10 or newer with venv; about a minute)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet phono3py==4.8.2 phonopy==4.8.6
"$work/venv/bin/pip" download --quiet --no-deps --no-binary phono3py --dest "$work" phono3py==4.8.2
echo "affed9694b862f717de8e8e80d71aaad49b3e31f72e7532ca191a545f6a5d18d  $work/phono3py-4.8.2.tar.gz" | sha256sum --check --quiet
tar -xzf "$work/phono3py-4.8.2.tar.gz" -C "$work"

cd "$work/phono3py-4.8.2/example/Si-PBEsol"
OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$work/venv/bin/phono3py" phono3py_disp.yaml
cp phono3py.yaml fc2.hdf5 fc3.hdf5 "$here"
