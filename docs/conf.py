"""Settings of the documentation site; the README says how to build it."""

import os
import warnings

from docutils.nodes import SkipNode, Text
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.addnodes import pending_xref
from sphinx.ext.autosummary import autosummary_table

import eegemo

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

project = "eegemo"
author = "The eegemo developers"
copyright = author
version = release = eegemo.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples"]
templates_path = ["_templates"]
nitpicky = True
# Nothing is fetched to resolve what stands in other projects' documentation.
foreign = "joblib matplotlib mne moabb numpy pandas pathlib pyriemann scipy sklearn"
nitpick_ignore_regex = [("py:.*", rf"({foreign.replace(' ', '|')})\..*")]

autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_validation_checks = set()  # tests/test_docstrings.py has them

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "backreferences_dir": "api/backreferences",
    "doc_module": "eegemo",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "min_reported_time": 5,
    "remove_config_comments": True,
    "within_subsection_order": "FileNameSortKey",
    "write_computation_times": False,  # a page that fetches scripts
}
# Figures are drawn to files here.
warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive", UserWarning)

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"eegemo {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # browsers refuse to fetch pages that are on disk
html_theme_options = {
    "logo": {"text": "eegemo"},
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
}
html_sidebars = {"changes": [], "citing": [], "literature": []}


def visit_math(translator, node):
    """Write MathML, which browsers show by themselves, without scripts or fonts."""
    block = node.tagname == "math_block"
    if block:
        translator.body.append('<div class="math">')
    translator.body.append(tex2mathml(node.astext(), as_block=block))
    if block:
        translator.body.append("</div>")
    raise SkipNode


def drop_citations(app, doctree):
    """Leave out of the reference's tables what the first line of a docstring cites."""
    for table in doctree.findall(autosummary_table):
        for node in list(table.findall(pending_xref)):
            if node["refdomain"] == "citation":
                line = node.parent
                before = line[line.index(node) - 1]
                line.remove(node)
                line.replace(before, Text(before.rstrip()))


def setup(app):
    """Change how formulas and the tables of the reference are written."""
    renderers = (visit_math, None)
    app.add_html_math_renderer("mathml", renderers, renderers)
    app.connect("doctree-read", drop_citations)
