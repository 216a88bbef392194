"""Sphinx configuration. The API pages come from the docstrings of the installed package."""

from importlib.metadata import version as version_of

project = "owned"
author = "the owned developers"
project_copyright = "2026, the owned developers"
release = version = version_of("owned")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "examples/**"]

html_theme = "furo"
html_title = "owned"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Threads"]

nitpicky = False
