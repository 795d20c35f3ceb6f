"""A finished picture that shows itself in a notebook."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from pikan.files.atomic import write_bytes


@final
@dataclass(frozen=True)
class Picture:
    """The content of a PNG file, and what is to be done once a notebook shows it."""

    png: bytes = field(repr=False)
    shown: Callable[[], None] = field(repr=False, compare=False, default=lambda: None)

    def save(self, path: str | Path) -> None:
        """Write the picture to a file."""
        write_bytes(Path(path), self.png)

    def _repr_png_(self) -> bytes:
        self.shown()
        return self.png
