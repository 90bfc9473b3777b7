"""Where the files of a calculation are."""

from collections.abc import Mapping
from pathlib import Path

from peierls.errors import InputError


def locate(folder: Path, names: Mapping[str, str], key: str, *usual: str) -> Path:
    """The file under `key`: named by the user, or the first of the `usual` names that `folder` has.

    A bare name is one in `folder`; a path is absolute or relative to the working directory, as the folder itself is.
    """
    if names.get(key) is not None:
        given = Path(names[key])
        path = folder / given if given.parent == Path() else given
        if not path.is_file():
            raise InputError(f"{path}: no such file, named by key 'force_constants.{key}'")
        return path
    for name in usual:
        if (folder / name).is_file():
            return folder / name
    others = f" (nor {', '.join(usual[1:])})" if usual[1:] else ""
    raise InputError(
        f"{folder}: there is no {usual[0]} in this folder{others}; key 'force_constants.{key}' can name another"
    )
