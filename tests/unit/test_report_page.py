"""The pages: whole, true to the run, and in need of nothing outside themselves."""

import base64
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from chain import DEFAULTS, compute, face_centred

from peierls import citations, report_page, words
from peierls.figures import kappa
from peierls.figures.style import save
from peierls.health import HealthCheck
from peierls.report import kappa_table
from peierls.report_page import Exhibit, Study, Time
from peierls.solvers import Viscosity
from peierls.time_spent import Job

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """The tags of a page, which must be closed in the order in which they were opened."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in ("td", "th", "dt", "dd"):
            self.words.append(" ")

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def chain():
    return compute(face_centred((28.0, 12.0)), [4, 4, 4])


@pytest.fixture(scope="module")
def study(chain):
    settings = {
        **DEFAULTS,
        "force_constants": {"format": "phono3py", "path": "fc & more"},
        "mesh": [4, 4, 4],
        "temperatures": [100.0, 310.0],
        "solvers": ["rta", "variational"],
        "strict": False,
    }
    sound = replace(chain.rta(100.0, 310.0), health_passed=np.ones(len(chain.rta(100.0).health_names), dtype=np.int64))
    return Study("mine", settings, chain.crystal, chain.mesh, [sound, replace(sound, solver="variational")])


@pytest.fixture(scope="module")
def exhibits(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exhibits")
    save(kappa.draw(study.results), [folder / "kappa.svg"])
    kappa_table(study.results).to_csv(folder / "kappa.csv", index=False, na_rep="nan")
    figure = Exhibit("kappa", "conductivity", "What <it> shows.", str(folder / "kappa.svg"))
    return [figure, replace(figure, name="again")], [replace(figure, path=str(folder / "kappa.csv"))]


def page_of(study, exhibits, **keywords):
    return Page(report_page.report(study, *exhibits, **keywords))


def unsound(study, number=0, **changes):
    """The study with one of its results changed."""
    results = list(study.results)
    results[number] = replace(results[number], **changes)
    return replace(study, results=results)


def failing(study, number=0):
    passed = study.results[number].health_passed.copy()
    passed[0] = 0
    return unsound(study, number, health_passed=passed)


def test_every_figure_is_inside_with_its_caption_and_a_text_in_its_place(study, exhibits):
    page = page_of(study, exhibits)
    images = page.all("img")
    assert len(images) == 2
    for image in images:
        kind, _, data = image["src"].partition(";base64,")
        assert kind == "data:image/svg+xml"
        assert base64.b64decode(data) == Path(exhibits[0][0].path).read_bytes()
        assert image["alt"] == "Conductivity. What <it> shows."
        assert int(image["width"]) > int(image["height"]) > 100
    assert page.text.count("What <it> shows.") == 3


def test_nothing_is_fetched_from_anywhere(study, exhibits):
    page = page_of(study, exhibits)
    for tag, attributes in page.tags:
        assert attributes.get("src", "data:").startswith("data:")
        if tag != "a":
            assert attributes.get("href", "data:").startswith("data:")
    links = {link["href"] for link in page.all("a")}
    assert all(link.startswith(("#", "https://doi.org/10.")) for link in links)
    assert not page.all("script")
    assert "url(" not in report_page.report(study, *exhibits)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


def test_equal_input_gives_equal_bytes(study, exhibits):
    assert report_page.report(study, *exhibits) == report_page.report(study, *exhibits)


def test_conductivity_stands_beside_its_health(study, exhibits):
    text = page_of(study, exhibits).text
    kappa = np.trace(study.results[0].kappa[1]) / 3
    count = len(study.results[0].health_names)
    assert f"rta, 310 K {kappa:.4g} W/m/K all {count} health checks passed" in text
    assert "Nothing is wrong that this program can see" in text


def test_checks_of_the_analysis_stand_with_those_of_the_solvers(study, exhibits):
    good, bad = HealthCheck("solved sizes", True, "all sizes"), HealthCheck("resolved films", False, "80 % grazes")
    text = page_of(replace(study, analysis=[good, bad]), exhibits).text
    assert "Before you use these numbers: 1 finding" in text
    assert "Resolved films (analysis): 80 % grazes." in text
    assert "passed solved sizes all sizes" in text
    sound = page_of(replace(study, analysis=[good]), exhibits).text
    assert f"all {1 + sum(len(result.health) for result in study.results)} health checks passed" in sound


def test_failed_check_comes_before_every_number(study, exhibits):
    bad = failing(study)
    page = page_of(bad, exhibits)
    check = bad.results[0].health[0]
    assert "Nothing is wrong" not in page.text
    assert page.text.index(check.sentence) < page.text.index("W/m/K")
    assert len([one for one in page.all("section") if one.get("role") == "alert"]) == 1
    assert page.text.count(f"1 of {len(bad.results[0].health)} health checks failed") == 1
    assert f"({bad.results[0].solver}): {check.sentence}" in page.text


def test_one_finding_of_several_solvers_is_said_once(study):
    (found,) = report_page.faults(failing(failing(study, 0), 1))
    assert found.solver == "rta, variational"


def test_temperature_without_a_result_is_a_finding(study, exhibits):
    values = study.results[1].kappa.copy()
    values[1] = np.nan
    bad = unsound(study, 1, kappa=values, converged=np.array([1, 0]))
    (found,) = report_page.faults(bad)
    assert (found.solver, found.name) == ("variational", "no result")
    assert "310 K" in found.sentence
    assert "variational, 310 K no result" in page_of(bad, exhibits).text


def test_table_has_every_row_and_no_noise(study, exhibits):
    values = study.results[0].kappa.copy()
    values[:, 0, 1] = 1e-13
    kappa_table(unsound(study, kappa=values).results).to_csv(exhibits[1][0].path, index=False)
    header, *rows = exhibits[1][0].rows
    assert header[:3] == ["temperature_K", "solver", "kxx"]
    assert [row[:2] for row in rows] == [["100", "rta"], ["310", "rta"], ["100", "variational"], ["310", "variational"]]
    assert {row[header.index("kxy")] for row in rows} == {"0"}
    assert exhibits[1][0].numbers == [0, *range(2, 8)]
    assert page_of(study, exhibits).text.count(f"{float(rows[0][2]):.5g}") >= 1


@pytest.mark.parametrize(
    ("header", "row", "shown"),
    [
        ("temperature_K,method,mu_xxxx,mu_xyxz", "100,rta,0.002,-1.1e-20", ["100", "rta", "0.002", "0"]),
        ("kind,thickness_m,kappa_W_m_K,grazing_W_m_K", "wire,1e-10,6.25,9e-28", ["wire", "1e-10", "6.25", "0"]),
        ("frequency_THz,absorption_ps,decay_ps", "1e-12,0.39,2.5e-33", ["1e-12", "0.39", "0"]),
    ],
)
def test_noise_of_any_table_is_zero_beside_what_is_alike(tmp_path, header, row, shown):
    path = tmp_path / "table.csv"
    path.write_text(f"{header}\n{row}\n")
    assert Exhibit("table", "table", "A table.", str(path)).rows[1] == shown


def test_long_table_says_what_it_leaves_out(study, exhibits, tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("a\n" + "".join(f"{number}\n" for number in range(report_page.LONGEST_TABLE + 1)))
    text = page_of(study, (exhibits[0], [Exhibit("long", "long", "Long.", str(path))])).text
    assert f"The first {report_page.LONGEST_TABLE} of {report_page.LONGEST_TABLE + 1} rows" in text


def test_settings_and_inputs_are_complete(study, exhibits):
    text = page_of(study, exhibits, versions={"numpy": "9.9"}).text
    for key in ("path: fc & more", "tolerance:", "strict: false", "numpy 9.9", *study.crystal.sources[:1]):
        assert key in text


def test_times_are_those_of_the_jobs(study, exhibits):
    jobs = [
        Job("matrix_elements", 10.5, 9.0, 100.0),
        Job("rta", 2.0, 0.0, 0.0),
        Job("matrix_elements", 1.0, 1.0, 300.0),
    ]
    found = report_page.times(jobs)
    assert found == [Time("matrix elements", 2, 11.5, 10.0, 300.0), Time("rta", 1, 2.0, 0.0, 0.0)]
    text = page_of(study, exhibits, times=found).text
    assert "matrix elements 2 11.5 s 10.0 s 300 MB" in text
    # Too short for Snakemake to look at: it took no time and no memory only on paper.
    assert "rta 1 2.0 s – –" in text
    assert "Where the time went" not in page_of(study, exhibits).text


@pytest.mark.parametrize(
    ("species", "expected"),
    [
        (("Si", "Si"), [("Si", 1)]),
        (("Mg", "O"), [("Mg", 1), ("O", 1)]),
        (("O", "Mg"), [("Mg", 1), ("O", 1)]),
        (("C", "Si"), [("Si", 1), ("C", 1)]),
        (("Te", "Bi", "Te", "Bi", "Te"), [("Bi", 2), ("Te", 3)]),
    ],
)
def test_formula_has_the_smallest_whole_ratios(species, expected):
    assert words.formula(species) == expected


def test_of_two_temperatures_as_near_to_300_kelvin_the_lower_one_is_shown():
    assert [words.nearest(one) for one in ([250.0, 350.0], [100.0, 290.0, 305.0], np.array([400.0]))] == [0, 2, 0]


def test_directions_that_differ_are_told_apart():
    assert words.conductivity(np.diag([1.0, 1.0, 1.0004])) == "1.000"
    assert words.conductivity(np.diag([10.0, 10.0, 2.5])) == "xx 10.00, yy 10.00, zz 2.500"
    assert words.conductivity(np.diag([10.0, 10.0, 1e-12])) == "10.00"


@pytest.mark.parametrize(
    ("value", "shown"), [(211.04, "211.0"), (1234.4, "1234"), (3.8e-4, "0.0003800"), (0.0, "0.000")]
)
def test_all_of_four_digits_are_shown(value, shown):
    """209.9 beside 211 would look like another accuracy."""
    assert words.four_digits(value) == shown


def test_a_cell_without_a_number_leaves_its_column_one_of_numbers(tmp_path):
    (tmp_path / "table.csv").write_text("unit,temperature_K\nJ,300\nK,\n")
    table = Exhibit("table", "table", "A table.", str(tmp_path / "table.csv"))
    assert table.numbers == [1]
    assert table.rows[2] == ["K", ""]


def test_index_compares_the_runs_and_leads_to_their_reports(study, exhibits):
    text = report_page.index([study, replace(failing(study), name="other")], exhibits[0][0])
    page = Page(text)
    assert [link["href"] for link in page.all("a")] == ["mine/report.html", "other/report.html"]
    assert page.text.count("all checks passed") == 1
    assert page.text.count(f"failed: {study.results[0].health_names[0]}") == 1
    assert len(page.all("tr")) == 3
    for result in study.results:
        assert page.text.count(f"{result.kappa[1, 0, 0]:#.4g}") >= 2 * len(study.results)
    assert page.text.count("310 K") == 2
    assert not re.search(r'(src|href)="https?:', text)


@pytest.mark.parametrize(
    ("charges", "parameter", "nac", "said"),
    [
        (None, None, {}, "no Born charges in the input"),
        (1.0, None, {}, "long-range dipole sums after Gonze and Lee; no non-analytic term at Γ"),
        (1.0, None, {"method": "none"}, "no non-analytic term"),
        (1.0, None, {"method": "wang", "direction": [1, 0, 0]}, "after Wang and others; at Γ along (1 0 0)"),
        (1.0, 1.278, {}, "the sum over dipoles that the force constants leave out, at 1.278 1/Å; no non-analytic term"),
        (1.0, None, {"direction": "average"}, "Gonze and Lee; at Γ the mean of results over directions"),
    ],
)
def test_what_is_said_of_the_long_range_is_what_is_added(study, exhibits, charges, parameter, nac, said):
    crystal = study.crystal
    if charges is not None:
        tensors = charges * np.array([np.eye(3), -np.eye(3)])
        crystal = replace(crystal, born_charges=tensors, dielectric=3 * np.eye(3), ewald_parameter=parameter)
    settings = {**study.settings, "nac": {**study.settings["nac"], **nac}}
    page = page_of(replace(study, crystal=crystal, settings=settings), exhibits)
    assert said in " ".join(page.text.split())


def test_cited_is_what_was_used(study):
    used = citations.of_run(study.settings, polar=False)
    uses = {citation.use for citation in used}
    assert {"variational solution", "tetrahedron method", "force constants in phono3py's format"} <= uses
    assert not {"relaxons", "dipole sums of the polar crystal"} & uses
    polar = citations.of_run({**study.settings, "solvers": ["relaxons"]}, polar=True)
    assert {"relaxons", "dipole sums of the polar crystal"} <= {citation.use for citation in polar}
    film = {"kinds": ["wire", "cross-plane"], "thickness": [1e-7]}
    analysed = {**study.settings, "analysis": {**study.settings["analysis"], "thin_film": film, "phase_space": True}}
    found = {citation.use for citation in citations.of_run(analysed, polar=False)}
    assert found - {citation.use for citation in used} == {
        "conduction through films",
        "phase space of three-phonon processes",
    }
    assert all(re.fullmatch(r"10\.\d{4,}/\S+", citation.doi) for citation in (*used, *polar))


def test_viscosity_stands_in_its_own_unit(study, exhibits):
    known = {
        "solver": "viscosity",
        "temperature": np.array([100.0, 310.0]),
        "viscosity": np.full((2, 3, 3, 3, 3), 2e-4),
        "converged": np.array([1, 1]),
        "health_names": ("energy conservation",),
        "health_passed": np.array([0]),
        "health_sentences": ("collisions lose energy",),
    }
    viscosity = Viscosity(**{**{field.name: None for field in fields(Viscosity)}, **known})
    both = replace(study, results=[*study.results, viscosity])
    text = page_of(both, exhibits).text
    assert "viscosity, 310 K 0.0002000 Pa s mean over directions 1 of 1 health checks failed" in text
    assert "(viscosity): collisions lose energy." in text
    header = Page(report_page.index([both], exhibits[0][0])).text
    assert "at rta variational health" in header
