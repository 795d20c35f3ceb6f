import pytest

from pikan.geometry.box import Box
from pikan.geometry.face import Face

BOX = Box(("x", "t", "y"), (-1.0, 0.0, 0.5), (1.0, 2.0, 0.75))


def test_a_box_has_two_faces_for_each_coordinate():
    assert [face.label(BOX) for face in BOX.faces()] == [
        "x = -1",
        "x = 1",
        "t = 0",
        "t = 2",
        "y = 0.5",
        "y = 0.75",
    ]


def test_the_boundary_is_all_faces_but_the_first_and_last_moment():
    labels = [face.label(BOX) for face in BOX.boundary()]
    assert labels == ["x = -1", "x = 1", "y = 0.5", "y = 0.75"]


def test_coordinates_are_space_but_for_time():
    assert [BOX.coordinates[axis] for axis in BOX.space] == ["x", "y"]
    assert BOX.coordinates[BOX.evolution] == BOX.coordinates[BOX.time] == "t"
    with pytest.raises(ValueError, match="not in tuple"):
        _ = Box(("x", "y"), (0.0, 0.0), (1.0, 1.0)).evolution


def test_without_time_every_face_is_boundary():
    square = Box(("x", "y"), (0.0, 0.0), (1.0, 1.0))
    assert square.time is None
    assert square.boundary() == square.faces()


def test_outward_normals_point_away_from_the_middle():
    for face in BOX.faces():
        ((axis, value),) = face.fixed
        middle = (BOX.lower[axis] + BOX.upper[axis]) / 2.0
        outward = [0.0] * BOX.dimension
        outward[axis] = 1.0 if value > middle else -1.0
        assert face.normal(BOX) == tuple(outward)


def test_edges_points_and_planes_inside_have_no_normal():
    assert Face(((0, -1.0), (2, 0.5))).normal(BOX) is None
    assert Face(((0, 0.0),)).normal(BOX) is None


def test_labels_name_every_fixed_coordinate():
    assert Face(((0, -1.0), (2, 0.5))).label(BOX) == "x = -1, y = 0.5"
    assert Face(((1, 6.283185307179586),)).label(BOX) == "t = 6.28319"


def test_axes_are_found_by_name():
    assert [BOX.axis(name) for name in BOX.coordinates] == [0, 1, 2]
    assert (BOX.dimension, BOX.time) == (3, 1)
    with pytest.raises(ValueError, match="not in tuple"):
        BOX.axis("z")
