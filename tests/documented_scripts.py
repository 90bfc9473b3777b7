"""The scripts that stand in the documentation."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def python_scripts(page: str) -> dict[str, str]:
    """The Python blocks of a page that have a title, by their title."""
    text = (DOCS / page).read_text()
    return dict(re.findall(r'^```python title="(.+?)"\n(.*?)^```', text, re.M | re.S))
