"""The relaxation-time approximation: phono3py (--br) against peierls' solver `rta`, at 300 K.

python benchmarks/phono3py_rta.py --phono3py PATH --meshes 15 19 --threads 1 2 --repeats 3
"""

from side_by_side import Method, main

if __name__ == "__main__":
    main(Method("rta", "--br", (300,)), [15, 19], __doc__)
