"""Settings of the documentation: Sphinx, MyST with notebooks as they are kept, pydata's theme."""

import re
import sys
from base64 import b64encode
from html import escape
from pathlib import Path

from docutils.nodes import SkipNode, math
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger
from sphinx.writers.html5 import HTML5Translator as HTMLTranslator

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generate  # noqa: E402  (it lies beside this file)

import pikan  # noqa: E402
from pikan.plots.formula import formula_depth, formula_svg  # noqa: E402

generate.main(HERE / "generated")

project = "pikan"
version = release = pikan.__version__
extensions = ["myst_nb"]
exclude_patterns = ["_build", "pictures", "notebooks/.ipynb_checkpoints"]
myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"
html_theme = "pydata_sphinx_theme"
html_title = "pikan"
html_theme_options = {
    "navbar_align": "left",
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_end": ["theme-switcher"],
}
html_sidebars = {"**": ["sidebar-nav-bs"]}
html_show_sourcelink = False
html_math_renderer = "mathtext"

# What mathtext does not know of LaTeX, and what it calls it; sizes of parentheses are dropped.
_KNOWN_AS = {r"\\(?:[bB]ig[glr]*)(?![a-zA-Z])": "", r"\\([lg])e(?![a-zA-Z])": r"\\\1eq"}


def _picture(node: math) -> str:
    """A formula as a picture in the page: no script, nothing from elsewhere."""
    formula = " ".join(node.astext().split())
    for unknown, known in _KNOWN_AS.items():
        formula = re.sub(unknown, known, formula)
    try:
        svg = formula_svg(formula)
    except ValueError:
        # What mathtext cannot draw is shown as it was written, and fails a build with `-W`.
        getLogger(__name__).warning("mathtext cannot draw %s", formula, location=node)
        return f"<code>{escape(node.astext())}</code>"
    # The line of the formula is that of the text around it.
    below = f'style="vertical-align: -{formula_depth(formula):g}pt"'
    source = f'src="data:image/svg+xml;base64,{encoded(svg)}"'
    return f'<img alt="{escape(node.astext())}" {below} {source}>'


def encoded(text: str) -> str:
    """A text as it stands in an address."""
    return b64encode(text.encode()).decode()


def _inline(translator: HTMLTranslator, node: math) -> None:
    translator.body.append(_picture(node))
    raise SkipNode


def _block(translator: HTMLTranslator, node: math) -> None:
    translator.body.append(f'<p style="margin-left: 2rem">{_picture(node)}</p>')
    raise SkipNode


def setup(app: Sphinx) -> None:
    """Draw formulas by matplotlib."""
    app.add_html_math_renderer("mathtext", (_inline, None), (_block, None))
