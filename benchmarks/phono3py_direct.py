"""The full Boltzmann equation: phono3py's direct solution (--lbte) against peierls' solver `direct`, five temperatures.

python benchmarks/phono3py_direct.py --phono3py PATH --meshes 15 --threads 1 2 --repeats 3
"""

from side_by_side import Method, main

if __name__ == "__main__":
    main(Method("direct", "--lbte", (50, 100, 200, 300, 600)), [15], __doc__)
