"""Solvers of the linearised Boltzmann equation, and what all of them give."""

from dataclasses import dataclass

from peierls.crystal import Floats, Integers
from peierls.health import HealthCheck
from peierls.quantities import quantity


@dataclass(frozen=True)
class Transport:
    """The thermal conductivity by one solver.

    `mode_kappa` is the contribution of an irreducible mode's whole star, so it adds up to `kappa` over q and bands.
    """

    solver: str = quantity("", "", "name of the solver")
    temperature: Floats = quantity("K", "temperature", "temperatures")
    kappa: Floats = quantity("W/m/K", "temperature 3 3", "thermal conductivity; nan where the solver did not converge", may_be_nan=True)
    converged: Integers = quantity("1", "temperature", "1 where the solver converged")
    mode_kappa: Floats = quantity("W/m/K", "temperature ir_q band 3 3", "contribution of each irreducible mode", may_be_nan=True)
    health_names: tuple[str, ...] = quantity("", "check", "health checks")
    health_passed: Integers = quantity("1", "check", "1 where the check passed")
    health_sentences: tuple[str, ...] = quantity("", "check", "what each check found")

    @property
    def health(self) -> list[HealthCheck]:
        """The health checks of this result."""
        rows = zip(self.health_names, self.health_passed, self.health_sentences, strict=True)
        return [HealthCheck(name, bool(passed), sentence) for name, passed, sentence in rows]
