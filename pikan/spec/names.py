"""Names of problems and sweeps, each of which names a folder of results too."""

import re
from hashlib import sha256
from pathlib import Path

LONGEST = 200
"""How long a name may be [bytes]: file systems take 255, of which a number may be added."""
# Separators and wildcards of some system, and the mark of what stands for another character.
_RESERVED = frozenset('"*/:<>?\\|%')
# Windows keeps these for devices, whatever follows a dot.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)


def name_of(file: Path) -> str:
    """The name of what is in a file: the file's own, without `.yaml`.

    What some file system does not take in the name of a folder becomes %XX, byte by byte of UTF-8
    [RFC 3986], and the end of a long name becomes a digest: other files have other names.

    >>> name_of(Path("problems/run_0.1.yaml")), name_of(Path("Übung 1.yaml"))
    ('run_0.1', 'Übung 1')
    >>> name_of(Path("what?.yaml")), name_of(Path("...yaml")), name_of(Path("rod.yml"))
    ('what%3F', '%2E%2E', 'rod.yml')
    """
    name = _escape_name(file.name.removesuffix(".yaml") or file.name)
    if len(name.encode()) <= LONGEST:
        return name
    # No escape begins like this.
    end = f"%-{sha256(name.encode()).hexdigest()[:16]}"
    return name.encode()[: LONGEST - len(end)].decode(errors="ignore") + end


def usable(name: str) -> bool:
    """Whether a folder may have this name on every system that pikan runs on."""
    plain = name.replace("%", "_")
    return plain == _escape_name(plain) and 0 < len(plain.encode()) <= LONGEST


def _escape_name(name: str) -> str:
    last, device = len(name) - 1, _DEVICE.match(name) is not None
    escaped = ""
    for place, character in enumerate(name):
        at_an_end = (character in ". " and place in (0, last)) or (device and place == 0)
        if character in _RESERVED or at_an_end or not character.isprintable():
            # What is no text in the name of a file is a surrogate in Python.
            bytes_of_it = character.encode(errors="surrogatepass")
            escaped += "".join(f"%{byte:02X}" for byte in bytes_of_it)
        else:
            escaped += character
    return escaped
