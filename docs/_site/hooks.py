"""MkDocs hooks: pages from outside docs/, links that work on GitHub and on the site, notebooks.

Pages of the repository link to each other with relative paths, as GitHub shows them. On the site, a
link to a file that is not a page of the site leads to the repository.
"""

import html as html_
import json
import os
import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]

#: Files outside docs/ that are pages of the site, with their paths on the site.
MOUNTED = {
    "benches/RESULTS.md": "results/results.md",
    "benches/EXPERIMENTS.md": "results/experiments.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
}
OF_SITE = {site: path for path, site in MOUNTED.items()}

LANGUAGES = {"en": "English", "zh": "中文"}
TITLES = {"en": "GloVe from the first sentence", "zh": "GloVe 从第一句话讲起"}

FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(\]\()(?!\w+:|#|/)([^)\s#]+)(#[^)\s]*)?(?=[)\s])")


def repository(config: Any) -> str:
    """Return the address of the repository."""
    return str(config.extra["social"][0]["link"])


def notebooks(language: str) -> list[Path]:
    """Return the notebooks of a language, in the order of their names."""
    return sorted((ROOT / "docs" / language).glob("*.ipynb"))


def title_of(notebook: Path) -> str:
    """Return the first heading of a notebook."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        heading = re.search(r"^# +(.+)$", "".join(cell["source"]), re.MULTILINE)
        if cell["cell_type"] == "markdown" and heading:
            return heading[1].strip()
    raise PluginError(f"{notebook}: a notebook of the site must begin with a heading")


def on_config(config: Any) -> Any:
    """Add the notebooks to the tutorials."""
    tutorials = next(entry["Tutorials"] for entry in config.nav if "Tutorials" in entry)
    for language, title in TITLES.items():
        pages = [{title_of(path): f"{language}/{path.name}"} for path in notebooks(language)]
        if pages:
            tutorials.append({title: pages})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages from outside docs/."""
    for path, site in MOUNTED.items():
        files.append(File.generated(config, site, abs_src_path=str(ROOT / path)))
    return files


def on_post_build(config: Any) -> None:
    """Add the documentation of the crate, if `cargo doc` has written it."""
    doc = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "doc"
    if (doc / "glove_rs").is_dir():
        shutil.copytree(doc, Path(config.site_dir) / "rust", dirs_exist_ok=True)


def rewritten(target: str, page: str, base: str) -> str:
    """Return the target of a link on the site.

    `page` is the place of the page on the site, `base` the address of the repository.
    """
    here = OF_SITE.get(page, f"docs/{page}")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
    if not (ROOT / path).exists():
        raise PluginError(f"{here}: the link to {target} leads to no file")
    if path in MOUNTED:
        site = MOUNTED[path]
    elif path.startswith("docs/") and not path.endswith(".py") and (ROOT / path).is_file():
        site = path.removeprefix("docs/")
    else:
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"{base}/{kind}/main/{path}"
    return posixpath.relpath(site, posixpath.dirname(page) or ".")


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    """Rewrite the links of a page, outside its blocks of code."""
    if not page.file.src_uri.endswith(".md"):
        return markdown
    parts = FENCE.split(markdown)
    parts[::2] = [
        LINK.sub(
            lambda m: m[1] + rewritten(m[2], page.file.src_uri, repository(config)) + (m[3] or ""),
            part,
        )
        for part in parts[::2]
    ]
    return "".join(parts)


#: A role of Sphinx in a docstring, as Markdown renders it.
ROLE = re.compile(r":(?:class|attr|meth|func|data|mod|exc):(?=(?:<[^>]+>)*<code>)")

#: Parts of a page without formulas, and tags.
NO_FORMULAS = re.compile(r"(<(pre|code|script|style)\b.*?</\2>|<[^>]+>)", re.DOTALL)
FORMULA = re.compile(
    r"\$\$(?P<block>[^$]+)\$\$|(?<![\w$])\$(?=\S)(?P<inline>[^$\n]+)(?<=\S)\$(?!\w)"
)


def with_mathml(html: str) -> str:
    """Convert the formulas of a notebook from LaTeX to MathML, which needs no script."""

    def mathml(match: re.Match[str]) -> str:
        display = "block" if match["block"] else "inline"
        return str(convert(html_.unescape(match["block"] or match["inline"]), display=display))

    parts = NO_FORMULAS.split(html)  # text, tag or element, its name, text, ...
    parts[::3] = [FORMULA.sub(mathml, text) for text in parts[::3]]
    del parts[2::3]
    return "".join(parts)


def on_page_content(html: str, page: Page, config: Any, files: Files) -> str:
    """Finish the HTML of a page: roles in docstrings, formulas and languages of notebooks."""
    if page.file.src_uri.startswith("reference/"):
        return ROLE.sub("", html)
    language, _, name = page.file.src_uri.partition("/")
    if language not in LANGUAGES or not name.endswith(".ipynb"):
        return html
    links = [
        f'<a href="../../{other}/{Path(name).stem}/" hreflang="{other}" lang="{other}">{own}</a>'
        for other, own in LANGUAGES.items()
        if other != language and (ROOT / "docs" / other / name).exists()
    ]
    switch = f'<p class="languages">{" · ".join(links)}</p>' if links else ""
    return switch + with_mathml(html)
