"""One compiler of typst templates, used again and again: data in, PDF out.

A template is a file `NAME.typ` in documents/templates, or in the office's own folder, whose files
come before ours one by one.  Data reach it as JSON in `sys.inputs.data`, never as markup: a name
with `#`, `*`, `$`, `@` or a backslash is text.  The same data, templates and fonts make the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, cast

import typst

from documents.paper.characters import prepared
from documents.paper.fonts import DEFAULT_FAMILIES, Face, find_faces, glyph_check
from schemas.errors import DrawbridgeError

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


class PressSettings(NamedTuple):
    """What a press prints with.

    `templates`: the office's own, beside ours; `fonts`: a folder to look in before the system;
    `families`: of the text, then of headings.
    """

    templates: Path | None = None
    fonts: Path | None = None
    families: tuple[str, ...] = DEFAULT_FAMILIES


class Press:
    """Prints one paper after the other; a temporary folder and a warm compiler until it is closed.

    Raises DrawbridgeError DB-PAPER-001 and -002 for fonts, -003 for a template that typst refuses.
    """

    def __init__(self, settings: PressSettings | None = None) -> None:
        settings = settings or PressSettings()
        self.faces: list[Face] = find_faces(settings.families, settings.fonts)
        self.families = settings.families
        self.has_glyph = glyph_check(self.faces)
        self.folder = Path(tempfile.mkdtemp(prefix="drawbridge-paper-"))
        try:
            self.edition = lay_out(settings, self.faces, self.folder)
            self.typesetter = Typesetter(self.folder, settings.families)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Press:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Removes the temporary folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def prepared(self, data: Mapping[str, Any]) -> str:
        """The data as JSON that the fonts can print (see `characters.prepared`)."""
        return prepared(data, self.has_glyph)

    def print(self, template: str, data: Mapping[str, Any]) -> bytes:
        """The paper as PDF."""
        return self.typesetter.print(template, self.prepared(data))


class Typesetter:
    """The compiler on a folder that `lay_out` made, in whatever process."""

    def __init__(self, folder: Path, families: tuple[str, ...]) -> None:
        self._root = folder / _ROOT
        self._families = json.dumps(families, ensure_ascii=False)
        fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder / _FONTS)]
        )
        self._compiler = typst.Compiler(root=str(self._root), font_paths=fonts, ignore_system_fonts=True)

    def print(self, template: str, data: str) -> bytes:
        """The paper as PDF, from what `Press.prepared` returned. Raises DrawbridgeError DB-PAPER-003."""
        main = self._root / f"{template}.typ"
        if not main.is_file():
            raise DrawbridgeError("DB-PAPER-003", template=main.name, detail="没有这个文件")
        try:
            made = self._compiler.compile(
                str(main),
                format="pdf",
                sys_inputs={"data": data, "fonts": self._families},
                pdf_tags=False,
            )
        except typst.TypstError as error:
            raise DrawbridgeError("DB-PAPER-003", template=main.name, detail=error.message) from error
        return cast(bytes, made)


_ROOT, _FONTS = "templates", "fonts"


def lay_out(settings: PressSettings, faces: list[Face], folder: Path) -> str:
    """Copies our templates and the office's over them into a folder, and the fonts beside them.

    typst reads a whole folder of fonts, and templates below one root.  Returns a digest of all that prints.
    """
    root, fonts = folder / _ROOT, folder / _FONTS
    shutil.copytree(TEMPLATES, root)
    if settings.templates is not None and settings.templates.is_dir():
        shutil.copytree(settings.templates, root, dirs_exist_ok=True)
    fonts.mkdir()
    for number, path in enumerate(dict.fromkeys(face.path for face in faces)):
        (fonts / f"{number}-{path.name}").symlink_to(path.resolve())
    digest = hashlib.sha256(version("typst").encode())
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(root)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    for face in faces:
        digest.update(f"{face.path.name}\0{face.number}\0{face.path.stat().st_size}\0".encode())
    return digest.hexdigest()
