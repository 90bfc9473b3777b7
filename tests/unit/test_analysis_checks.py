"""Health checks of the analysis, on the tables as they are written."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from peierls import gallery
from peierls.analysis_checks import CHECKS, of_tables

FILM = {"temperature_K": 300.0, "solver": "rta", "kind": "in-plane", "thickness_m": 1e-8, "bulk_W_m_K": 100.0}
SCAN = {"temperature_K": 300.0, "solver": "variational", "length_m": 1e-7, "kyy": 1.0}


def check_of(folder: Path, name: str, *rows: dict[str, Any]) -> Any:
    pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False, na_rep="nan")
    (found,) = of_tables([str(folder / f"{name}.csv")])
    return found


def test_a_film_that_conducts_little_but_what_never_meets_a_face(tmp_path: Path) -> None:
    sound = {**FILM, "kappa_W_m_K": 50.0, "grazing_W_m_K": 20.0}
    assert check_of(tmp_path, "thin_film", sound).passed
    bad = {**FILM, "kappa_W_m_K": 25.0, "grazing_W_m_K": 20.0}
    check = check_of(tmp_path, "thin_film", sound, bad)
    assert not check.passed
    assert check.sentence.startswith("80 % of kappa of a film (in-plane, 1e-08 m, 300 K)")
    missing = {**FILM, "kappa_W_m_K": float("nan"), "grazing_W_m_K": float("nan")}
    assert check_of(tmp_path, "thin_film", missing).passed


def test_a_size_without_a_solution(tmp_path: Path) -> None:
    assert check_of(tmp_path, "boundary_scan", {**SCAN, "kxx": 3.0}).passed
    check = check_of(tmp_path, "boundary_scan", {**SCAN, "kxx": 3.0}, {**SCAN, "kxx": float("nan")})
    assert not check.passed
    assert check.sentence.startswith("1 of 2 conductivities")
    assert "at 300 K" in check.sentence


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_belongs_to_a_table(name: str) -> None:
    assert name in gallery.TABLES


def test_tables_without_a_check_or_without_rows_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "kappa.csv").write_text("temperature_K,solver\n300,rta\n")
    (tmp_path / "thin_film.csv").write_text("temperature_K,solver\n")
    assert of_tables([str(tmp_path / "kappa.csv"), str(tmp_path / "thin_film.csv")]) == []
