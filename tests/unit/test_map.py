"""The map of the library, in the docstring of the package, names what is there."""

import re
from pathlib import Path

import lacuna


def test_the_map_names_every_package_and_top_level_module():
    folder = Path(lacuna.__file__).parent
    packages = {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    named = re.findall(r"^([a-z_]+/?)  +", lacuna.__doc__ or "", re.MULTILINE)
    assert sorted(named) == sorted(packages | modules)
