"""Write config/README.md, the reference of the configuration, from its schema.

Run `make docs-config` after a change of workflow/schemas/config.schema.yaml; a test asks for it.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from peierls import schema
from peierls.schema import Schema

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "config/README.md"

INTRODUCTION = """\
# Configuration

<!-- Generated from workflow/schemas/config.schema.yaml by `make docs-config`. -->

A configuration says what to compute, as runs with a name each. `config/config.yaml` is the one that is shipped; give
your own with `--configfile`. It is validated before any job starts: a key that is misspelt, of the wrong type or out of
range is refused in one sentence that names it.

```yaml
defaults:                        # every key can stand here or in a run
  temperatures: [100, 300, 600]

runs:
  silicon:                       # results/silicon/; letters, digits, _ and -
    force_constants:
      path: resources/si-pbesol
    mesh: [19, 19, 19]
  silicon-1um:
    force_constants:
      path: resources/si-pbesol
    mesh: [19, 19, 19]
    scattering:
      boundary_length: 1.0e-6
```

`defaults` is merged into each run: the sections below key by key; lists, single values and values of several forms
(such as a mesh, or `{min, max, points}`) are replaced whole. Runs that agree on the settings of a stage share its
result. A path is absolute, or relative to the working directory. With `sweep`, a run stands for several, one for each
combination of values (docs/how-to/sweeps.md).

"""


def document(rules: Schema) -> str:
    """The text of config/README.md."""
    run = schema.subschema(schema.subschema(rules, "runs"), "any name")
    # The keys of a sweep are those of a run.
    keys = {**run["properties"], "sweep": {**run["properties"]["sweep"], "properties": {}}}
    sections = {key: rule for key, rule in keys.items() if rule.get("properties")}
    single = {key: rule for key, rule in keys.items() if key not in sections}
    parts = [INTRODUCTION]
    for title, description, keys in [
        *((f"`{name}`", rule["description"], rule["properties"]) for name, rule in sections.items()),
        ("Other keys of a run", "", single),
    ]:
        rows = [row for key, rule in keys.items() for row in _rows(key, rule)]
        heading = f"## {title}\n\n" + (f"{description[0].upper()}{description[1:]}.\n\n" if description else "")
        parts.append(heading + "| key | values | default | unit | meaning |\n| --- | --- | --- | --- | --- |\n")
        parts.append("".join(f"| {' | '.join(row)} |\n" for row in rows) + "\n")
    return "".join(parts)


def _rows(key: str, rule: Schema) -> Iterator[tuple[str, ...]]:
    """The row of a key, and those of the keys within its forms."""
    default = f"`{json.dumps(rule['default'], ensure_ascii=False)}`" if "default" in rule else ""
    values = schema.expected(rule).replace("|", "\\|")
    yield f"`{key}`", values, default, rule.get("unit", ""), rule.get("description", "").replace("|", "\\|")
    for form in schema.forms(rule):
        for inner, inner_rule in form.get("properties", {}).items():
            yield from _rows(f"{key}.{inner}", inner_rule)


if __name__ == "__main__":
    TARGET.write_text(document(schema.load(ROOT / "workflow/schemas/config.schema.yaml")), encoding="utf-8")
