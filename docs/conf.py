"""How Sphinx builds the docs: `make docs`, into build/docs."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import generate  # noqa: E402

import mleq  # noqa: E402

generate.write()

project, author, copyright = "mleq", "the mleq authors", "the mleq authors, MIT licence"
release = version = mleq.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["examples"]
default_role = "code"
myst_heading_anchors = 3

napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say types with shapes and units

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "mleq"
html_show_sphinx = False
html_copy_source = False


def setup(app):
    """Write formulas as MathML, which browsers show by themselves: no page of the docs asks a network for a script."""

    def inline(self, node):
        from docutils.nodes import SkipNode
        from latex2mathml.converter import convert

        self.body.append(convert(node.astext()))
        raise SkipNode

    def block(self, node):
        from docutils.nodes import SkipNode
        from latex2mathml.converter import convert

        self.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
        raise SkipNode

    app.add_html_math_renderer("mathml", (inline, None), (block, None))
