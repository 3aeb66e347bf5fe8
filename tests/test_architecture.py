"""docs/architecture.md is true: what each module imports, and where the files are that it names."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from test_cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
PACKAGE, CORE = ROOT / "python/glove_rs", ROOT / "src"


def section(title: str) -> str:
    """Return the text below a heading of level 2."""
    [text] = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    assert isinstance(text, str)
    return text


def cells(text: str) -> list[list[str]]:
    """Return the cells of all rows of the tables in a text, without the heads."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    heads = len(re.findall(r"^\|---", text, re.M))
    found = [row for row in rows if row[0] not in ("module", "change")]
    assert len(found) == len(rows) - heads
    return found


def quoted(text: str) -> list[str]:
    """Return the names in backticks, without blocks of code."""
    return re.findall("`([^`\n]+)`", re.sub("```.*?```", "", text, flags=re.S))


# --- the package ----------------------------------------------------------------------------------

#: The names in the first cell of each row.
PACKAGE_ROWS = [quoted(row[0]) for row in cells(section("Modules of the package"))]
FILES = sorted(
    path.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("*.py*")
    if path.suffix in (".py", ".pyi")
)


def precedence(name: str, file: str) -> int | None:
    """Return 0 if `name` is `file`, 1 if it matches `file`, 2 if it is a folder of it, else None.

    A folder stands for those of its files that no other row names.
    """
    if name == file:
        return 0
    if "*" in name and fnmatchcase(file, name):
        return 1
    return 2 if name.endswith("/") and file.startswith(name) else None


def rows_of(file: str) -> list[int]:
    """Return the rows that a file of the package belongs to: one, if the table is right."""
    found = [
        (rank, row)
        for row, names in enumerate(PACKAGE_ROWS)
        for name in names
        if (rank := precedence(name, file)) is not None
    ]
    return [row for rank, row in found if rank == min(found)[0]]


def file_of(module: list[str]) -> str | None:
    """Return the file of a module of the package; None if there is no such module."""
    path = "/".join(module)
    candidates = (f"{path}/__init__.py".lstrip("/"), f"{path}.py", f"{path}.pyi")
    return next((name for name in candidates if name in FILES), None)


@cache
def imports(file: str) -> list[str]:
    """Return the files of the package that a file imports anywhere, also in a function."""
    folder, files = list(Path(file).parts[:-1]), []
    for node in ast.walk(ast.parse((PACKAGE / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules = [name.name.split(".") for name in node.names]
            found = [file_of(module[1:]) for module in modules if module[0] == "glove_rs"]
        elif isinstance(node, ast.ImportFrom):
            module = node.module.split(".") if node.module else []
            if node.level:
                module = folder[: len(folder) - node.level + 1] + module
            elif module[0] == "glove_rs":
                module = module[1:]
            else:
                continue
            # `from . import a` imports the module a if there is one, otherwise a name of __init__.
            found = [file_of([*module, name.name]) or file_of(module) for name in node.names]
        else:
            continue
        for imported in found:
            assert imported is not None, f"{file}: {ast.unparse(node)}"
            files.append(imported)
    return files


def test_every_file_of_the_package_belongs_to_one_row():
    assert {file: rows for file in FILES if len(rows := rows_of(file)) != 1} == {}


def test_every_name_in_the_table_of_the_package_is_a_file_or_folder():
    used = {
        name
        for file in FILES
        for row in rows_of(file)
        for name in PACKAGE_ROWS[row]
        if precedence(name, file) is not None
    }
    assert {name for names in PACKAGE_ROWS for name in names} == used


def test_every_private_module_that_a_row_describes_is_in_its_folder():
    for names, row in zip(PACKAGE_ROWS, cells(section("Modules of the package")), strict=True):
        for module in re.findall(r"`(_\w+)`", row[1]):
            assert any(f"{name}{module}.py" in FILES for name in names), module


@pytest.mark.slow
def test_a_module_of_the_package_imports_only_rows_above_it():
    row = {file: row for file in FILES for row in rows_of(file)}
    below = {
        f"{file} imports {name}"
        for file in FILES
        for name in imports(file)
        if {file, name} <= row.keys() and row[name] > row[file]
    }
    assert below == set()


def test_the_files_of_the_package_import_each_other_without_circles():
    graph = {file: set(imports(file)) - {file} for file in FILES}
    assert sum(map(len, graph.values())) > len(FILES)
    TopologicalSorter(graph).prepare()  # raises a CycleError with the files of a circle


def test_every_command_of_the_command_line_has_a_file_of_its_name():
    folder = PACKAGE / "cli"
    assert {path.stem for path in folder.glob("[a-z]*.py")} == {*COMMANDS, "compat"}


def libraries(file: str) -> Iterator[str]:
    """Yield the libraries that are imported when a file of the package is imported."""
    for node in ast.parse((PACKAGE / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.slow
def test_only_the_module_for_dask_needs_an_optional_library_to_be_imported():
    known = {*sys.stdlib_module_names, "numpy", "glove_rs"}
    files = (file for file in FILES if file.endswith(".py"))
    assert {file.partition("/")[0] for file in files if not known.issuperset(libraries(file))} == {
        "dask"
    }


# --- the core -------------------------------------------------------------------------------------

CORE_ROWS = [quoted(row[0]) for row in cells(section("Modules of the core"))]
SOURCES = sorted(path for path in CORE.rglob("*.rs") if path != CORE / "lib.rs")
#: A comment, or a literal of a string or a character.
NO_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|\br(#*)".*?"\1|"(?:\\.|[^"\\])*"|'(?:\\.[^']*|[^\\'])'""", re.S
)


def module_of(path: Path) -> list[str]:
    """Return the names of a module of the core: ["training", "tiles"] for training/tiles/mod.rs."""
    names = list(path.relative_to(CORE).with_suffix("").parts)
    return names[:-1] if names[-1] in ("mod", "lib") else names


#: The file of each module of the core.
FILE_OF = {tuple(module_of(path)): path for path in [*SOURCES, CORE / "lib.rs"]}


def end_of_item(code: str) -> int:
    """Return where the item at the beginning of some code ends: after its braces or semicolon."""
    depth = 0
    for place, letter in enumerate(code):
        depth += (letter == "{") - (letter == "}")
        if depth == 0 and letter in "};":
            return place + 1
    raise AssertionError("the item does not end")


def code_of(path: Path) -> str:
    """Return the code of a file without comments, literals and tests."""
    code = NO_CODE.sub('""', path.read_text(encoding="utf-8"))
    head, *tests = code.split("#[cfg(test)]")
    return head + "".join(text[end_of_item(text) :] for text in tests)


def paths_of(code: str) -> list[list[str]]:
    """Return the paths that some code begins with: a::b, a::c::d for ``a::{b, c::{d as e}};``."""
    found, outer, path, before = list[list[str]](), list[list[str]](), list[str](), "::"
    for token in re.findall(r"::|\w+|\S", code):
        if token == "{" and before == "::":
            outer.append(path)
        elif outer and token in ("}", ","):
            found += [path] * (before not in ("}", ","))
            path = outer.pop() if token == "}" else outer[-1]
            if not outer:
                return found
        elif before in ("::", "{", ",") and token != "::":
            path = [*path, token]
        elif not outer and token != "::":
            break
        before = token
    return [*found, path]


@pytest.mark.parametrize(
    ("code", "paths"),
    [
        ("crate::a::B<T>::new()", ["crate::a::B"]),
        ("super::a as b;", ["super::a"]),
        ("a::{self, b::{c, d::E as F}, g};", ["a::self", "a::b::c", "a::b::d::E", "a::g"]),
        ("a::{\n    b,\n    c::{D},\n};", ["a::b", "a::c::D"]),
        ("{A, b::C}", ["A", "b::C"]),
    ],
)
def test_the_paths_of_code_are_found(code, paths):
    assert ["::".join(path) for path in paths_of(code)] == paths


LIBRARY = code_of(CORE / "lib.rs")
#: The module of each name that the root of the crate exports: `crate::Error` is of `error`.
EXPORTED = {
    name: module
    for module, path in re.findall(r"pub use (\w+)::(.*?);", LIBRARY, re.S)
    for name, *_ in paths_of(path)
}
CORE_MODULES = set(re.findall(r"^(?:pub )?mod (\w+);", LIBRARY, re.M))


def named(path: Path) -> Iterator[list[str]]:
    """Yield the paths that the code of a file names, from the root of the crate."""
    code = code_of(path)
    inner = [
        (found[1], found.start(), found.start() + end_of_item(code[found.start() :]))
        for found in re.finditer(r"\bmod (\w+) \{", code)
    ]
    first = "|".join(["crate", "self", "super", *re.findall(r"\bmod (\w+);", code)])
    for found in re.finditer(rf"(?<![\w:])(?<!\(in )(?:{first})::(?=[\w{{])", code):
        within = [name for name, begin, end in inner if begin < found.start() < end]
        for names in paths_of(code[found.start() :]):
            module = [*module_of(path), *within]
            while names[0] in ("crate", "self", "super"):
                kept = {"crate": 0, "self": len(module), "super": len(module) - 1}[names[0]]
                module, names = module[:kept], names[1:]
            yield module + names


def uses(path: Path) -> Iterator[str]:
    """Yield the modules of the core that the code of a file names."""
    for name, *_ in named(path):
        module = EXPORTED.get(name, name)
        assert module in CORE_MODULES, f"{path}: crate::{name}"
        yield module


def imported(path: Path) -> set[Path]:
    """Return the files that a file of the core imports: the last module of each path."""
    return {
        next(
            FILE_OF[part]
            for end in range(len(names), -1, -1)
            if (part := tuple(names[:end])) in FILE_OF
        )
        for names in named(path)
    } - {path}


def test_every_module_of_the_core_belongs_to_one_row():
    assert sorted(name for names in CORE_ROWS for name in names) == sorted(CORE_MODULES)
    assert {module_of(path)[0] for path in SOURCES} == CORE_MODULES


@pytest.mark.slow
def test_a_module_of_the_core_imports_only_modules_above_it():
    order = [name for names in CORE_ROWS for name in names]
    found = {(module_of(path)[0], name): path for path in SOURCES for name in uses(path)}
    assert len(found) > len(CORE_MODULES)
    below = {
        f"{path.relative_to(ROOT)} imports {name}"
        for (module, name), path in found.items()
        if order.index(name) > order.index(module)
    }
    assert below == set()


@pytest.mark.slow
def test_the_files_of_the_core_import_each_other_without_circles():
    graph = {path: imported(path) for path in FILE_OF.values()}
    schedule = CORE / "training/schedule"
    assert schedule / "hogwild.rs" in graph[schedule / "mod.rs"], "`pub use` is an import"
    assert sum(map(len, graph.values())) > 2 * len(graph)
    TopologicalSorter(graph).prepare()  # raises a CycleError with the files of a circle


def with_words(words: str) -> list[str]:
    """Return the files of the core whose code has one of some words, separated by "|"."""
    return [
        path.relative_to(CORE).as_posix()
        for path in SOURCES
        if re.search(rf"\b({words})\b", code_of(path))
    ]


def test_unsafe_code_is_in_the_kernel_only():
    found = with_words("unsafe")
    assert found
    assert [path for path in found if not path.startswith("training/kernel/")] == []


def test_only_the_binding_uses_python():
    found = with_words("pyo3|numpy")
    assert found
    assert [path for path in found if not path.startswith("python/")] == []


# --- names of files, and titles -------------------------------------------------------------------

OF_REPOSITORY = ("src/", "tests/", "docs/", "benches/", "fuzz/", "pyproject.toml", "mkdocs.yml")
#: A name in backticks that is a path: it has a folder, or the ending of a file of the repository.
PATH = re.compile(r"[\w./-]+/|[\w./-]*\w\.(?:rs|pyi?|md|toml|yml)")


def paths_in(text: str) -> Iterator[Path]:
    """Yield the files and folders that `text`, such as a row of a table, names in backticks."""
    before = ROOT
    for name in quoted(text):
        if not PATH.fullmatch(name):
            continue
        if name.startswith(OF_REPOSITORY):
            found = ROOT / name
        elif name.endswith(".rs"):
            found = (before if before.is_dir() else before.parent) / name
        else:
            found = PACKAGE / name
        yield found
        before = found


def test_the_files_to_change_exist():
    changes = cells(section("Where to change what"))
    assert [change for change, files in changes if not [*paths_in(f"{change} {files}")]] == []
    paths = [path for change, files in changes for path in paths_in(f"{change} {files}")]
    assert [str(path) for path in paths if not path.exists()] == []


@pytest.mark.parametrize(("name", "file"), re.findall(r"`(\w+)` in `([\w./]+\.\w+)`", PAGE))
def test_a_name_that_the_page_finds_in_a_file_is_there(name, file):
    text = next(paths_in(f"`{file}`")).read_text(encoding="utf-8")
    assert re.search(rf"\b{name}\b", text)


def test_every_path_on_the_page_is_the_end_of_a_path_in_the_repository():
    folders = [ROOT / name for name in ("src", "python", "tests", "docs")]
    paths = [*ROOT.glob("*"), *ROOT.glob("*/*")]
    paths += [path for folder in folders for path in folder.rglob("*")]
    known = [f"/{path.relative_to(ROOT).as_posix()}{'/' * path.is_dir()}" for path in paths]
    named = {name for name in quoted(PAGE) if PATH.fullmatch(name)}
    named |= set(re.findall(r"\bbenches/[\w.]+\w", PAGE))
    assert {name for name in named if not any(path.endswith(f"/{name}") for path in known)} == set()


def test_comments_refer_to_titles_of_the_page():
    titles = set(re.findall(r"^#+ (.*)$", PAGE, re.M))
    files = [*SOURCES, *(PACKAGE / file for file in FILES), *(ROOT / "tests").glob("*.py")]
    cited = {
        title
        for path in files
        for title in re.findall(
            r'docs/architecture\.md, "?([A-Z][\w ]*\w)', path.read_text(encoding="utf-8")
        )
    }
    assert cited, "no comment refers to the page"
    assert cited <= titles
