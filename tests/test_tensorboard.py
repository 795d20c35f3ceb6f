"""What TensorBoard reads of a run is what the run says of itself."""

import sys

import pytest

import pikan
from tests.stated import spec

ROD = """
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx = sin(x)]
conditions: [{where: boundary, that: u = 0}]
exact: {u: x*sin(1) - sin(x)}
network: {kind: mlp, width: [1, 4, 1]}
training: [{adam: {steps: 5}}]
"""


# torch 2.13 still asks NumPy for what newer ones call by another name.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_step_is_there_with_loss_parts_and_error(tmp_path):
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    seen = []
    write = pikan.tensorboard(tmp_path)

    def both(progress):
        seen.append(progress)
        write(progress)

    pikan.solve(spec(ROD), callback=both)
    events = reading.EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "error", "part/equation", "part/boundary"}
    losses = [event.value for event in events.Scalars("loss")]
    assert losses == pytest.approx([one.loss for one in seen])


def test_without_it_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match=r"pip install 'pikan\[tensorboard\]'"):
        pikan.tensorboard(tmp_path)
