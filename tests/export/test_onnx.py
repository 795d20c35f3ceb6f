"""Networks run elsewhere give the values that they give here, at any number of points."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_onnx_torch_export_and_traces_give_the_same_values_and_compiling_breaks_no_graph(tmp_path):
    code = [sys.executable, ROOT / "tests/export/runtimes.py", tmp_path]
    subprocess.run(code, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert len(found) == 5
    for name, measured in found.items():
        tight = 1e-5 if name in ("model", "layer") else 1e-12
        ways = ("onnx", "export", "trace", "compiled gradient")
        assert max(measured[way] for way in ways) <= tight, (name, measured)
        assert measured["breaks"] == 0, name
