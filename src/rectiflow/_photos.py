"""A folder of photographs, one or more for each item of a paper: the file's name begins with the item."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from rectiflow.engine.errors import InputUnusable
from rectiflow.storage.evidence import MOST_BYTES

__all__ = ["MOST_PHOTOS", "photos_by_item"]

MOST_PHOTOS = 200  #: files of one folder
_NAME = re.compile(r"(?:第|item)?\s*(\d{1,3})(?!\d)", re.IGNORECASE)
_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1", b"avif")
_HEAD = 16  #: bytes that are looked at


def photos_by_item(folder: Path, items: Collection[int]) -> dict[int, list[Path]]:
    """Return the photographs of each item, in the order of their names: 3.jpg, 3-1.jpg, 第3项.jpg, 03 整改后.png.

    Raises:
        InputUnusable: no folder, no photographs, or files that cannot be taken; everything that is wrong at once.
    """
    if not folder.is_dir():
        raise InputUnusable(f"没有文件夹“{folder}”，照片须放在一个文件夹里，文件名以项号开头，如 3.jpg、3-1.jpg。")
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    wrong = list(_wrong(files, items))
    if not files:
        wrong.append("一张照片也没有")
    if len(files) > MOST_PHOTOS:
        wrong.append(f"有 {len(files)} 个文件，一次最多 {MOST_PHOTOS} 个")
    if wrong:
        raise InputUnusable(f"文件夹“{folder}”里的照片不能用：{'；'.join(wrong)}。")
    found: dict[int, list[Path]] = {}
    for path in files:
        found.setdefault(_item(path) or 0, []).append(path)
    return dict(sorted(found.items()))


def _wrong(files: Collection[Path], items: Collection[int]) -> Iterator[str]:
    known = f"1 至 {max(items)}" if items else "没有项目"
    for path in files:
        item, size = _item(path), path.stat().st_size
        if item is None:
            yield f"{path.name} 的文件名没有以项号开头"
        elif item not in items:
            yield f"{path.name} 指第 {item} 项，文书上没有这一项（{known}）"
        if size > MOST_BYTES:
            yield f"{path.name} 有 {size // 2**20} MB，最多 {MOST_BYTES // 2**20} MB，请压缩"
        elif not _is_picture(path):
            yield f"{path.name} 不是图片"


def _item(path: Path) -> int | None:
    match = _NAME.match(path.stem)
    return int(match[1]) if match else None


def _is_picture(path: Path) -> bool:
    """Tell whether a file is a picture that can be opened; of a telephone's HEIC only the beginning can be told."""
    from PIL import Image, UnidentifiedImageError

    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        return path.stat().st_size > _HEAD
    try:
        with Image.open(path) as picture:
            picture.verify()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return False
    return True
