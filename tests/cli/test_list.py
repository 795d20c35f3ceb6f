"""`pikan list` finds the runs below a folder; its page links to what they have left."""

from urllib.parse import unquote

from typer.testing import CliRunner

from pikan.cli.main import app
from tests.report.test_page import Balanced
from tests.test_solution import solved


def test_the_page_links_to_the_reports_and_pictures_of_all_runs_below_it(tmp_path):
    solution = solved({"u": "x**2*t + 1"})
    for name in ("a <b> 50%", "sub/näher#1"):
        solution.save(tmp_path / name)
    result = CliRunner().invoke(app, ["list", str(tmp_path), "--html"])
    assert result.exit_code == 0, result.output
    page = Balanced()
    page.feed((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert len(page.links) == 2 * 3
    assert all((tmp_path / unquote(link)).is_file() for link in page.links)


def test_a_folder_without_runs_gets_no_page(tmp_path):
    result = CliRunner().invoke(app, ["list", str(tmp_path), "--html"])
    assert "no finished run" in result.output
    assert not (tmp_path / "index.html").exists()
