"""A finished picture that shows itself in a notebook."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from pikan.files.atomic import write_bytes


@final
@dataclass(frozen=True)
class Picture:
    """The content of a PNG file."""

    png: bytes = field(repr=False)

    def save(self, path: str | Path) -> None:
        """Write the picture to a file."""
        write_bytes(Path(path), self.png)

    def _repr_png_(self) -> bytes:
        return self.png
