"""Pictures that can really be opened."""

from __future__ import annotations

from io import BytesIO

from PIL import ExifTags, Image

__all__ = ["JPEG", "PNG", "telephone_picture"]


def _picture(form: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 6), "#c33").save(file, form)
    return file.getvalue()


PNG, JPEG = _picture("PNG"), _picture("JPEG")


def telephone_picture(words: str) -> bytes:
    """Return a photograph as a telephone takes it: large, lying on its side, and telling where it was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Telephone"
    exif[ExifTags.Base.Orientation] = 6  # to be turned right by a quarter
    exif[ExifTags.Base.ImageDescription] = words.encode().hex()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (30.0, 20.0, 1.0), 3: "E", 4: (114.0, 40.0, 2.0)})
    file = BytesIO()
    Image.new("RGB", (2048, 1536), "#c83").save(file, "JPEG", exif=exif, comment=b"Telephone of somebody")
    return file.getvalue()
