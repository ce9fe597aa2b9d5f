"""LibreOffice and poppler as independent readers of what we write; only tests/peers uses them."""

from __future__ import annotations

import subprocess
from pathlib import Path

CONVERT_SECONDS = 100  # the first start of LibreOffice on a slow machine


def to_pdf(document: Path, folder: Path) -> Path:
    """Let LibreOffice turn a Word, Excel or HTML file into a PDF in this folder."""
    profile = folder / "profile"
    _run(
        "soffice",
        f"-env:UserInstallation={profile.as_uri()}",
        *("--headless", "--norestore", "--convert-to", "pdf", "--outdir", str(folder), str(document)),
    )
    pdf = folder / f"{document.stem}.pdf"
    assert pdf.is_file(), f"LibreOffice made no PDF of {document.name}"
    return pdf


def pdf_text(pdf: Path) -> str:
    """Read the text of a PDF, laid out as on the page."""
    return _run("pdftotext", "-layout", str(pdf), "-")


def pdf_fonts(pdf: Path) -> str:
    """List the fonts that a PDF uses, as `pdffonts` prints them."""
    return _run("pdffonts", str(pdf))


def page_images(pdf: Path, folder: Path) -> list[Path]:
    """Draw each page as a PNG of 80 dots per inch."""
    _run("pdftoppm", "-png", "-r", "80", str(pdf), str(folder / pdf.stem))
    return sorted(folder.glob(f"{pdf.stem}-*.png"))


def _run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=CONVERT_SECONDS,
    )
    assert done.returncode == 0, f"{program}: {done.stderr or done.stdout}"
    return done.stdout
