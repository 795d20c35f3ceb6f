"""`report.html` is one file that holds all of a run and asks for nothing from elsewhere."""

import re
from html.parser import HTMLParser

from tests.test_solution import solved


class Balanced(HTMLParser):
    """Every tag that is opened is closed."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.links = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_page_is_whole_and_needs_nothing_from_elsewhere(tmp_path):
    solution = solved({"u": "x**2*t + 1"})
    solution.draw(tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Balanced()
    page.feed(text)
    assert page.open == []
    assert len(page.links) == 3
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page.links)
    # What others have written is text, not tags.
    assert "It is &lt;solved&gt;." in text
    assert not re.search(r"https?://", re.sub(r"base64,[^\"]*", "", text))
    for said in ("u_t - x**2 = 0", "x from -1 to 1, t from 0 to 2", "name: line", "float64"):
        assert said in text
