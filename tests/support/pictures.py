"""Small pictures that can really be opened."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

__all__ = ["JPEG", "PNG"]


def _picture(form: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 6), "#c33").save(file, form)
    return file.getvalue()


PNG, JPEG = _picture("PNG"), _picture("JPEG")
