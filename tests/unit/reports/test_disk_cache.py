"""What is kept on disk is made once, and again when its packages change or its file is damaged."""

from pathlib import Path

import pytest

from reports import disk_cache


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(disk_cache, "_FOLDER", tmp_path / "cache")
    return tmp_path / "cache"


def made_in_a_new_process(made: list[int], package: str = "orjson") -> dict[str, int]:
    """Return what a process that starts now gets; `made` grows if it had to be made."""

    @disk_cache.on_disk(package)
    def names() -> dict[str, int]:
        made.append(1)
        return {"Zürich": 41}

    return names()


def test_it_is_made_once_for_all_processes(folder: Path) -> None:
    made: list[int] = []
    assert made_in_a_new_process(made) == made_in_a_new_process(made) == {"Zürich": 41}
    assert len(made) == 1
    assert len(list(folder.iterdir())) == 1, "no unfinished file is left"


def test_it_is_made_again_of_other_packages(folder: Path) -> None:
    made: list[int] = []
    for package in ("orjson", "rich"):
        made_in_a_new_process(made, package)
    assert len(made) == 2


def test_a_damaged_file_is_made_again(folder: Path) -> None:
    made: list[int] = []
    made_in_a_new_process(made)
    (file,) = folder.iterdir()
    file.write_text('{"Zür')
    assert made_in_a_new_process(made) == {"Zürich": 41}
    assert len(made) == 2


def test_where_nothing_can_be_written_it_is_made_each_time(folder: Path) -> None:
    folder.write_text("not a folder")
    made: list[int] = []
    made_in_a_new_process(made)
    made_in_a_new_process(made)
    assert len(made) == 2
