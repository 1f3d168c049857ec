"""uv.lock and the files that are written from it: wheels for every machine, hashes, one registry."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import canonicalize_name, parse_wheel_filename

from tests.support import ROOT

LOCK = tomllib.loads((ROOT / "uv.lock").read_text())
PINNED: dict[tuple[str, str | None], dict[str, Any]] = {
    (package["name"], package.get("version")): package for package in LOCK["package"]
}
EXPORTED = sorted(
    path.relative_to(ROOT).as_posix() for path in ROOT.glob("**/requirements.txt") if ".venv" not in path.parts
)
MACHINES = {
    "macOS arm64": ("darwin", "arm64", list(mac_platforms((14, 0), "arm64"))),
    "macOS x86_64": ("darwin", "x86_64", list(mac_platforms((14, 0), "x86_64"))),
    # Debian 12 has glibc 2.36, Ubuntu 22.04 2.35
    "Linux aarch64": (
        "linux",
        "aarch64",
        [f"manylinux_2_{minor}_aarch64" for minor in range(35, 16, -1)] + ["manylinux2014_aarch64"],
    ),
    "Linux x86_64": (
        "linux",
        "x86_64",
        [f"manylinux_2_{minor}_x86_64" for minor in range(35, 4, -1)] + ["manylinux2014_x86_64"],
    ),
}


def requirements(name: str) -> Iterator[Requirement]:
    """Yield the pinned requirements of an exported file, without their hashes."""
    for line in (ROOT / name).read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            yield Requirement(line.rstrip("\\ "))


def locked(requirement: Requirement) -> dict[str, Any]:
    """Return the package of uv.lock that a pinned requirement names."""
    return PINNED[canonicalize_name(requirement.name), str(requirement.specifier).removeprefix("==")]


def tags(python: tuple[int, int], platforms: list[str]) -> set[Tag]:
    return {
        *cpython_tags(python, platforms=platforms),
        *compatible_tags(python, f"cp{python[0]}{python[1]}", platforms),
    }


@pytest.mark.parametrize("python", [(3, 11), (3, 12), (3, 13)], ids=lambda python: ".".join(map(str, python)))
@pytest.mark.parametrize("machine", MACHINES)
def test_scripts_run_needs_no_compiler_on_any_machine(machine: str, python: tuple[int, int]) -> None:
    system, processor, platforms = MACHINES[machine]
    version = ".".join(map(str, python))
    environment = {
        "sys_platform": system,
        "platform_system": system.capitalize(),
        "platform_machine": processor,
        "python_version": version,
        "python_full_version": f"{version}.5",
        "os_name": "posix",
    }
    fitting = tags(python, platforms)
    wanted = [one for one in requirements("requirements.txt") if not one.marker or one.marker.evaluate(environment)]
    assert len(wanted) > 60
    without = [one.name for one in wanted if not any(fitting & wheel for wheel in wheels(locked(one)))]
    assert without == []


def wheels(package: dict[str, Any]) -> Iterator[frozenset[Tag]]:
    for wheel in package.get("wheels", []):
        yield parse_wheel_filename(wheel["url"].rsplit("/", 1)[1])[3]


@pytest.mark.parametrize("name", EXPORTED)
def test_what_is_exported_is_pinned_with_hashes(name: str) -> None:
    blocks = (ROOT / name).read_text().split("\n")
    pinned = [line for line in blocks if "==" in line]
    assert len(pinned) > 30
    assert all(line.endswith("\\") for line in pinned), "a hash follows each"
    assert all(locked(one) for one in requirements(name))


def test_the_lock_names_no_registry_but_pypi() -> None:
    assert {package["source"].get("registry") for package in LOCK["package"] if "virtual" not in package["source"]} == {
        "https://pypi.org/simple"
    }
