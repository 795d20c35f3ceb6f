"""Runs the notebooks and keeps them with what they show.

    python scripts/notebooks.py [NAME ...]     # those named, else all

What only a live notebook can show, such as a bar of progress, is not kept.
"""

import os
import sys
from pathlib import Path

import nbclient
import nbformat

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
_WIDGET = "application/vnd.jupyter.widget-view+json"


def run(file: Path) -> None:
    """Run a notebook from its first cell to its last, and write it with its outputs."""
    notebook = nbformat.read(file, as_version=4)
    place = {"metadata": {"path": str(FOLDER)}}
    nbclient.NotebookClient(notebook, timeout=900, kernel_name="python3", resources=place).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [one for one in cell.outputs if lasting(one)]
    notebook.metadata.pop("widgets", None)
    nbformat.write(notebook, file)


def lasting(output: nbformat.NotebookNode) -> bool:
    """Whether an output means something without the process that made it."""
    if output.output_type == "stream":
        return output.name == "stdout"
    data = output.get("data", {})
    # A bar of progress that has ended leaves a page without a word.
    return _WIDGET not in data and data.get("text/plain", "-") != ""


def main() -> None:
    """Run the notebooks that the command line names, or all."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for file in sorted(FOLDER.glob("*.ipynb")):
        if not sys.argv[1:] or file.stem in sys.argv[1:]:
            print(file.stem, flush=True)
            run(file)


if __name__ == "__main__":
    main()
