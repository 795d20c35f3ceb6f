"""What stands where in the picture of a network."""

from itertools import combinations, pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import pikan
from pikan.plots.kan_layout import layout


@pytest.mark.parametrize(
    "widths",
    [
        (2, 1, 1),
        (2, 5, 1),
        (2, (5, 3), 1),
        (2, (3, 2), (2, 2), 2),
        (10, 20, 5),
        (1, 1),
    ],
)
def test_boxes_do_not_overlap(widths):
    floors, width = layout(widths)
    for floor in floors:
        centers = floor.boxes.reshape(-1, 2)
        assert centers[:, 0].min() > 0.3
        assert centers[:, 0].max() < width - 0.3
        for one, two in combinations(centers, 2):
            assert np.abs(one - two).max() > 1.1
    assert all(below.top == above.bottom for below, above in pairwise(floors))


def drawn(model, **arguments):
    axes = Figure().add_subplot()
    assert model.plot(ax=axes, **arguments) is None
    return axes


def test_every_live_edge_has_a_box(sparse):
    without = sparse.remove_edge(0, 0, 1)
    for model, count in ((sparse, 9), (without, 8)):
        assert sum(isinstance(patch, Rectangle) for patch in drawn(model).patches) == count


def test_edges_that_matter_are_darker():
    model = pikan.KAN([1, 2])
    with torch.no_grad():
        model.network.layers()[0].weight[:, 0] *= 1e-6
    (weak, strong) = (
        patch.get_edgecolor()[0]
        for patch in drawn(model, metric="forward_u").patches
        if isinstance(patch, Rectangle)
    )
    assert weak > 0.9
    assert strong < 0.7


def test_names_are_drawn(sparse):
    from sympy import Symbol

    axes = drawn(sparse, in_vars=["a", Symbol("beta")], out_vars=["f"], title="fitted")
    assert {text.get_text() for text in axes.texts} == {"a", r"$\beta$", "f", "fitted"}


def test_everything_grows_with_the_picture():
    pages = [pikan.KAN([2, [1, 1], 1]).plot(scale=scale, title="fitted") for scale in (0.5, 1.0)]
    small, large = (
        [
            *(text.get_fontsize() for text in page.axes[0].texts),
            *(patch.get_linewidth() for patch in page.axes[0].patches if patch.get_edgecolor()[3]),
            *(lines.get_linewidth()[0] for lines in page.axes[0].collections),
        ]
        for page in pages
    )
    assert large == pytest.approx([2 * size for size in small])


def test_names_of_several_lines_are_not_cut():
    model, names = pikan.KAN([3, 2, 1]), ["one", "two\nlines", "three\nwhole\nlines"]
    for arguments in ({"in_vars": names}, {"out_vars": ["two\nlines"], "title": "fitted"}):
        figure = Figure(figsize=(6.0, 6.0))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        model.plot(ax=axes, **arguments)
        FigureCanvasAgg(figure).draw()
        frame = axes.get_window_extent()
        for text in axes.texts:
            place = text.get_window_extent()
            assert frame.y0 <= place.y0 < place.y1 <= frame.y1


def test_a_picture_shows_itself_and_goes_to_a_folder(sparse, tmp_path):
    picture = sparse.plot(folder=tmp_path, sample=True)
    assert picture.png.startswith(b"\x89PNG")
    again = picture.save(tmp_path / "again.png")
    assert (tmp_path / "kan.png").read_bytes() == again.read_bytes()


def test_points_of_a_sample_stand_out_from_their_curve():
    axes = Figure(figsize=(6.0, 6.0)).add_axes((0.0, 0.0, 1.0, 1.0))
    pikan.KAN([2, 1]).plot(ax=axes, sample=True)
    dots = [one for one in axes.collections if isinstance(one, PathCollection)]
    curves = max(axes.collections, key=lambda one: one.get_zorder() * (one not in dots))
    assert len(dots) == 2
    for one in dots:
        assert one.get_sizes()[0] ** 0.5 > 1.5 * curves.get_linewidth()[0]
        assert one.get_zorder() > curves.get_zorder()
        assert not np.allclose(one.get_facecolor()[0, :3], curves.get_color()[0][:3], atol=0.2)


def test_drawing_does_not_change_the_callers_settings():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    pikan.KAN([2, 1]).plot()
    assert dict(mpl.rcParams) == before


def test_the_picture_is_pyplots_current_figure_until_a_notebook_has_shown_it(tmp_path):
    model = pikan.KAN([2, 2, 1])
    shown = model.plot()
    plt.savefig(tmp_path / "model.png")
    blank = plt.figure()
    blank.savefig(tmp_path / "blank.png")
    plt.close(blank)
    drawn_pixels, white = (plt.imread(tmp_path / f"{name}.png") for name in ("model", "blank"))
    assert drawn_pixels[..., :3].std() > 0.01 > white[..., :3].std()
    before = len(plt.get_fignums())
    model.plot()
    assert len(plt.get_fignums()) == before
    shown._repr_png_()
    model.plot()._repr_png_()
    assert len(plt.get_fignums()) == before - 1


def extents(figure):
    figure.draw_without_rendering()
    return [text.get_window_extent() for text in figure.axes[0].texts]


IRIS = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]


@pytest.mark.parametrize(
    "names", [IRIS, ["a", "$ per $", "one_very_long_word_that_cannot_be_broken", r"$\beta_1$"]]
)
def test_names_neither_overlap_nor_leave_the_picture(names):
    figure = pikan.KAN([4, 2, 3]).plot(
        in_vars=names, out_vars=["setosa", "versicolor", "virginica"]
    )
    boxes, page = extents(figure), figure.bbox
    for one in boxes:
        assert page.x0 <= one.x0 < one.x1 <= page.x1
        assert page.y0 <= one.y0 < one.y1 <= page.y1
    assert not any(one.overlaps(two) for one, two in combinations(boxes, 2))


def test_a_large_network_is_drawn_by_the_nodes_that_matter():
    model = pikan.KAN([30, [4, 6], 2], seed=0)
    with torch.no_grad():
        model.network.layers()[0].weight[63:72] *= 50.0  # nine of each input
    axes = model.plot().axes[0]
    words = [text.get_text() for text in axes.texts]
    assert "$x_{8}$" in words
    assert sum(isinstance(patch, Rectangle) for patch in axes.patches) <= 100
    assert words[-1] == "the nodes that matter most, by layer: 6 of 30 x 6 of 10 x 2"
