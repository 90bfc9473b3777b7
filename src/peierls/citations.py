"""What to cite for the numbers of a run: the papers of the methods and of the formats that it used, and no others."""

from dataclasses import dataclass

from peierls.config import Run


@dataclass(frozen=True)
class Citation:
    """A paper, and what a run used of it."""

    use: str
    text: str
    doi: str


_SHENGBTE = Citation(
    "force constants in ShengBTE's formats",
    "W. Li, J. Carrete, N. A. Katcho, N. Mingo, Comput. Phys. Commun. 185, 1747 (2014)",
    "10.1016/j.cpc.2014.02.015",
)
_FORMATS = {
    "phono3py": [
        Citation(
            "force constants in phono3py's format",
            "A. Togo, L. Chaput, I. Tanaka, Phys. Rev. B 91, 094306 (2015)",
            "10.1103/PhysRevB.91.094306",
        )
    ],
    "tdep": [
        Citation(
            "force constants in TDEP's format",
            "O. Hellman, I. A. Abrikosov, Phys. Rev. B 88, 144301 (2013)",
            "10.1103/PhysRevB.88.144301",
        )
    ],
    "shengbte": [_SHENGBTE],
    "qe": [
        Citation(
            "force constants of Quantum ESPRESSO",
            "P. Giannozzi et al., J. Phys.: Condens. Matter 29, 465901 (2017)",
            "10.1088/1361-648X/aa8f79",
        ),
        _SHENGBTE,
    ],
}
_METHODS = {
    "tetrahedron": [
        Citation(
            "tetrahedron method", "G. Lehmann, M. Taut, Phys. Status Solidi B 54, 469 (1972)", "10.1002/pssb.2220540211"
        ),
        Citation(
            "tetrahedron method",
            "P. E. Blöchl, O. Jepsen, O. K. Andersen, Phys. Rev. B 49, 16223 (1994)",
            "10.1103/PhysRevB.49.16223",
        ),
    ],
    "adaptive": [
        Citation(
            "adaptive widths",
            "J. R. Yates, X. Wang, D. Vanderbilt, I. Souza, Phys. Rev. B 75, 195121 (2007)",
            "10.1103/PhysRevB.75.195121",
        )
    ],
}
_SOLVERS = {
    "iterative": [
        Citation(
            "iterative solution", "M. Omini, A. Sparavigna, Physica B 212, 101 (1995)", "10.1016/0921-4526(95)00016-3"
        )
    ],
    "variational": [
        Citation(
            "variational solution",
            "G. Fugallo, M. Lazzeri, L. Paulatto, F. Mauri, Phys. Rev. B 88, 045430 (2013)",
            "10.1103/PhysRevB.88.045430",
        )
    ],
    "direct": [
        Citation("direct solution", "L. Chaput, Phys. Rev. Lett. 110, 265506 (2013)", "10.1103/PhysRevLett.110.265506")
    ],
    "relaxons": [
        Citation("relaxons", "A. Cepellotti, N. Marzari, Phys. Rev. X 6, 041013 (2016)", "10.1103/PhysRevX.6.041013")
    ],
    "wigner": [
        Citation(
            "Wigner transport equation",
            "M. Simoncelli, N. Marzari, F. Mauri, Nat. Phys. 15, 809 (2019)",
            "10.1038/s41567-019-0520-x",
        )
    ],
    "viscosity": [
        Citation(
            "viscous heat equations",
            "M. Simoncelli, N. Marzari, A. Cepellotti, Phys. Rev. X 10, 011019 (2020)",
            "10.1103/PhysRevX.10.011019",
        )
    ],
}
_POLAR = {
    "gonze-lee": Citation(
        "dipole sums of the polar crystal",
        "X. Gonze, C. Lee, Phys. Rev. B 55, 10355 (1997)",
        "10.1103/PhysRevB.55.10355",
    ),
    "wang": Citation(
        "non-analytic term of the polar crystal",
        "Y. Wang et al., J. Phys.: Condens. Matter 22, 202201 (2010)",
        "10.1088/0953-8984/22/20/202201",
    ),
}
_ISOTOPES = Citation("scattering by isotopes", "S. Tamura, Phys. Rev. B 27, 858 (1983)", "10.1103/PhysRevB.27.858")
_FILMS = {
    "in-plane": Citation(
        "conduction along films",
        "A. J. Minnich, Appl. Phys. Lett. 107, 183106 (2015)",
        "10.1063/1.4935160",
    ),
    "cross-plane": Citation(
        "conduction through films",
        "B. Vermeersch, J. Carrete, N. Mingo, Appl. Phys. Lett. 108, 193104 (2016)",
        "10.1063/1.4948968",
    ),
}
_PHASE_SPACE = Citation(
    "phase space of three-phonon processes",
    "L. Lindsay, D. A. Broido, J. Phys.: Condens. Matter 20, 165209 (2008)",
    "10.1088/0953-8984/20/16/165209",
)
_PATH = Citation(
    "path through the Brillouin zone",
    "Y. Hinuma, G. Pizzi, Y. Kumagai, F. Oba, I. Tanaka, Comput. Mater. Sci. 128, 140 (2017)",
    "10.1016/j.commatsci.2016.10.015",
)


def of_run(run: Run, polar: bool) -> list[Citation]:
    """What the run used; `polar` says whether its files have Born charges."""
    found = list(_FORMATS.get(run["force_constants"]["format"], []))
    method = run["nac"]["method"]
    if polar and method != "none":
        found.append(_POLAR["wang" if method == "wang" else "gonze-lee"])
    found += _METHODS.get(run["integration"]["method"], [])
    if run["integration"]["method"] != "tetrahedron":
        # The density of states beside the bands is always by tetrahedra.
        found += _METHODS["tetrahedron"]
    if run["scattering"]["isotopes"] != "none":
        found.append(_ISOTOPES)
    for solver in run["solvers"]:
        found += _SOLVERS.get(solver, [])
    analysis = run["analysis"]
    if analysis["thin_film"]:
        found += [_FILMS[kind] for kind in analysis["thin_film"]["kinds"] if kind in _FILMS]
    if analysis["phase_space"]:
        found.append(_PHASE_SPACE)
    return list(dict.fromkeys([*found, _PATH]))
