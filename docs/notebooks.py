"""Execute the notebooks of `docs/en` and `docs/zh`, and write them from their sources.

A source is a Python file in `docs/notebooks`, in jupytext's percent format. A cell with the option
lang="en" or lang="zh" belongs to the notebooks of this language. A cell without it belongs to both.
So both languages have the same code and the same numbers. `docs/notebooks/zh.toml` translates the
comments and the printed text of the code.

    python docs/notebooks.py             # all notebooks
    python docs/notebooks.py 01 05       # those whose name begins with 01 or 05
"""

from __future__ import annotations

import contextlib
import itertools
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode

DOCS = Path(__file__).resolve().parent
LANGUAGES = ("en", "zh")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def sources() -> list[Path]:
    """Return the sources in the order of the series."""
    return sorted((DOCS / "notebooks").glob("*.py"))


def translations() -> dict[str, str]:
    """Return the Chinese of comments and printed text, by the English.

    The longest English text comes first, so that no part of it is replaced before it.
    """
    found = tomllib.loads((DOCS / "notebooks" / "zh.toml").read_text(encoding="utf-8"))
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def notebook(source: Path, language: str) -> NotebookNode:
    """Return the notebook of one language, without outputs."""
    read = jupytext.read(source, fmt="py:percent")
    cells = [cell for cell in read.cells if cell.metadata.get("lang", language) == language]
    chinese = translations() if language == "zh" else {}
    for number, cell in enumerate(cells, start=1):
        if cell.cell_type == "code":
            for ours, theirs in chinese.items():
                cell.source = cell.source.replace(ours, theirs)
        cell.id = f"cell-{number}"
        cell.metadata = NotebookNode()
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def path_of(source: Path, language: str) -> Path:
    """Return the path of the notebook that is written from a source."""
    return DOCS / language / f"{source.stem}.ipynb"


@contextlib.contextmanager
def kernel() -> Iterator[KernelManager]:
    """Start one kernel for several notebooks: then numpy and matplotlib are imported once."""
    manager = KernelManager(kernel_name="python3", transport="ipc")
    manager.start_kernel()
    try:
        yield manager
    finally:
        manager.shutdown_kernel(now=True)


def execute(content: NotebookNode, manager: KernelManager) -> NotebookNode:
    """Run all cells in an empty namespace, and return the notebook with their outputs."""
    reset = nbformat.v4.new_code_cell("%reset -f", id="reset")
    whole = nbformat.v4.new_notebook(cells=[reset, *content.cells], metadata=content.metadata)
    NotebookClient(whole, km=manager, timeout=300, record_timing=False).execute()
    content.metadata.language_info = NotebookNode(name="python")  # not the version of this Python
    code = (cell for cell in content.cells if cell.cell_type == "code")
    for number, cell in enumerate(code, start=1):
        cell.execution_count = number
        cell.outputs = without_progress(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    return content


def without_progress(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join the printed text, and remove progress bars: lines with carriage returns."""
    kept: list[NotebookNode] = []
    for name, group in itertools.groupby(outputs, key=lambda output: output.get("name", "")):
        if not name:
            kept += group
            continue
        lines = re.split("(?<=\n)", "".join(output.text for output in group))
        text = "".join(line for line in lines if "\r" not in line)
        if text.strip():
            kept.append(nbformat.v4.new_output("stream", name=name, text=text.lstrip("\n")))
    return kept


def refuse_warnings(content: NotebookNode) -> None:
    """Raise a ValueError if a cell printed a warning, such as that of a font without Chinese."""
    for cell in content.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise ValueError(f"cell {cell.id} prints a warning: {output.text}")


def main() -> None:
    wanted = tuple(sys.argv[1:]) or ("",)
    with kernel() as manager:
        for source in sources():
            for language in LANGUAGES:
                if source.name.startswith(wanted):
                    path = path_of(source, language)
                    path.parent.mkdir(exist_ok=True)
                    content = execute(notebook(source, language), manager)
                    refuse_warnings(content)
                    nbformat.write(content, path)
                    size = path.stat().st_size / 1000
                    print(f"{path.relative_to(DOCS)}: {size:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
