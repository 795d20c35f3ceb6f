"""What a command prints."""

from typing import Literal

Output = Literal["all", "last line", "json"]
"""All there is to say, the last line only, or the report as JSON and nothing else."""


def output(quiet: bool, as_json: bool) -> Output:
    """What two flags ask for together; JSON says more than a last line."""
    if as_json:
        return "json"
    return "last line" if quiet else "all"
