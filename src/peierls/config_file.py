"""A configuration file as plain data, its faults as sentences with the line in which they stand.

YAML itself allows a key to stand twice in a section, and the last one wins silently; here that is refused.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from peierls.errors import InputError


def read(path: str | Path) -> dict[str, Any]:
    """The content of a YAML or JSON file. Raises InputError, naming file and line, where it cannot be what is meant."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}, expected a configuration file") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: line {line} has the byte 0x{data[error.start]:02x}, expected UTF-8 text") from error
    content = _parsed(text, path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds no sections, expected 'runs:' and perhaps 'defaults:'")
    return content


def _parsed(text: str, path: str | Path) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            pass  # a flow mapping of YAML
    try:
        return yaml.load(text, _Strict)
    except _Repeated as error:
        raise InputError(f"{path}: line {error.line}: {error}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}: line {mark.line + 1}" if mark else str(path)
        if mark and "\t" in [*text.splitlines(), ""][mark.line][: mark.column + 1]:
            raise InputError(f"{where} is indented with a tab, expected spaces") from error
        raise InputError(f"{where} cannot be read as YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from error


class _Repeated(Exception):
    """A key that stands twice in one section."""

    def __init__(self, key: Any, line: int, first: int) -> None:
        super().__init__(f"key '{key}' stands in line {first} already, expected it once")
        self.line = line


class _Strict(yaml.SafeLoader):  # type: ignore[misc]  # yaml has no types
    """YAML in which no key stands twice in a section."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[Any, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge" or not isinstance(key_node, yaml.ScalarNode):
                continue
            line = key_node.start_mark.line + 1
            if key_node.value in lines:
                raise _Repeated(key_node.value, line, lines[key_node.value])
            lines[key_node.value] = line
        return super().construct_mapping(node, deep)
