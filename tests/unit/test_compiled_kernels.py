"""Compiled kernels give the same bits whichever process compiled them.

Jobs that start at once on a cold cache of kernels each compile what they find missing. The compiler arranges a kernel
one way when it has just compiled the functions that the kernel calls, and another way when it found them in the cache.
As long as it must keep the order of the arithmetic, that is of no consequence.
"""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from numba.core.registry import CPUDispatcher

import peierls

PACKAGE = Path(peierls.__file__).parent
TESTS = Path(__file__).parents[1]
KEEP_THE_ORDER = {"nnan", "ninf", "nsz"}
"""Liberties that change no finite number."""

SCRIPT = """
import hashlib
from chain import compute, face_centred

elements = compute(face_centred((28.0, 12.0)), [3, 3, 3], weights="event").elements
print(hashlib.sha256(elements.strengths.tobytes()).hexdigest())
"""


def strengths(cache: Path) -> str:
    """Digest of the matrix elements of a small crystal by a process of its own with a cache of kernels."""
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(cache),
        "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), str(TESTS)]),
    }
    return subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True, timeout=120
    ).stdout


def test_a_kernel_compiled_beside_what_another_process_compiled_gives_the_same_bits(tmp_path: Path) -> None:
    cold = strengths(tmp_path)
    own = list(tmp_path.rglob("matrix_elements._fill_strengths-*"))
    assert own
    for path in own:
        path.unlink()
    assert list(tmp_path.rglob("matrix_elements._set_average-*"))
    assert strengths(tmp_path) == cold


def modules() -> list[str]:
    paths = (path.relative_to(PACKAGE.parent).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return sorted(".".join(path.parts) for path in paths if path.name not in ("__init__.py", "__main__.py"))


@pytest.mark.parametrize("module", [name for name in modules() if "numba" in import_module(name).__dict__])
def test_no_kernel_may_change_the_order_of_its_arithmetic(module: str) -> None:
    kernels = [value for value in vars(import_module(module)).values() if isinstance(value, CPUDispatcher)]
    assert kernels
    for kernel in kernels:
        allowed = kernel.targetoptions.get("fastmath", set())
        assert set(allowed or ()) <= KEEP_THE_ORDER if not isinstance(allowed, bool) else not allowed, kernel
        assert not kernel.targetoptions.get("parallel"), kernel
