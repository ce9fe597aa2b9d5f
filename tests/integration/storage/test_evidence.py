"""Evidence is kept by its SHA-256: whole, synced, checked when it is read."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from rectiflow.engine.errors import InputUnusable
from rectiflow.storage.evidence import MOST_BYTES, FolderEvidence
from support.ordinary import ordinary_user, reachable_folder

CONTENT = "整改后照片".encode()
NAME = sha256(CONTENT).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> FolderEvidence:
    """A folder for evidence, not made yet."""
    return FolderEvidence(tmp_path / "evidence")


def test_a_file_is_kept_and_named(folder: FolderEvidence) -> None:
    """Its bytes come back by their hash; the name given is only a name."""
    kept = folder.put("../../别处/整改后.jpg", CONTENT)
    assert (kept.sha256, kept.name, kept.size, kept.media_type) == (NAME, "整改后.jpg", len(CONTENT), "image/jpeg")
    assert folder.get(NAME) == CONTENT
    assert [p.relative_to(folder.folder) for p in folder.folder.rglob("*") if p.is_file()] == [Path(NAME[:2], NAME)]


def test_the_same_file_twice_is_one(folder: FolderEvidence) -> None:
    """Under whatever name; what has no known ending is plain bytes."""
    folder.put("a.jpg", CONTENT)
    assert folder.put("记录", CONTENT).media_type == "application/octet-stream"
    assert len([p for p in folder.folder.rglob("*") if p.is_file()]) == 1


def test_a_file_of_the_file_system(folder: FolderEvidence, tmp_path: Path) -> None:
    """Read, kept, and left where it is; one that is not there is named."""
    source = tmp_path / "整改后.png"
    source.write_bytes(CONTENT)
    assert folder.put_file(source).sha256 == NAME
    assert source.exists()
    with pytest.raises(InputUnusable, match=r"没有\.png”读不了：.*请核对路径"):
        folder.put_file(tmp_path / "没有.png")


def test_empty_and_huge_files_are_refused(folder: FolderEvidence, tmp_path: Path) -> None:
    """Before anything is written; the message says how much is allowed."""
    with pytest.raises(InputUnusable, match="是空文件"):
        folder.put("空.jpg", b"")
    with pytest.raises(InputUnusable, match="有 20 MB，最多 20 MB，请压缩后再交"):
        folder.put("大.jpg", bytes(MOST_BYTES + 1))
    huge = tmp_path / "大.mp4"
    with huge.open("wb") as file:
        file.truncate(MOST_BYTES * 3)
    with pytest.raises(InputUnusable, match="有 60 MB，最多 20 MB"):
        folder.put_file(huge)
    assert not folder.folder.exists()


def test_what_was_changed_or_lost_is_noticed(folder: FolderEvidence) -> None:
    """A file that is no longer what its name says is not handed out."""
    folder.put("a.jpg", CONTENT)
    (folder.folder / NAME[:2] / NAME).write_bytes(b"something else")
    with pytest.raises(InputUnusable, match="的内容被改动过"):
        folder.get(NAME)
    (folder.folder / NAME[:2] / NAME).unlink()
    with pytest.raises(InputUnusable, match="不在资料夹"):
        folder.get(NAME)


def test_a_folder_that_cannot_be_written() -> None:
    """It is named, with what to do; nothing is left behind."""
    with reachable_folder() as place:
        place.chmod(0o555)
        with ordinary_user(), pytest.raises(InputUnusable, match=f"资料夹 {place}/evidence 写不了：.*请检查权限"):
            FolderEvidence(place / "evidence").put("a.jpg", CONTENT)
        assert list(place.iterdir()) == []
