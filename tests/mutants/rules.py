"""The rules, as mutmut changes them: each function is imported with every change of it, and one at a time is called.

What only changes the words of a sentence is left out: tests hold that a thing is refused and with which code, and not
each word of it.
"""

import ast
import difflib
import sys
import textwrap
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path

from mutmut.configuration import config
from mutmut.mutation.file_mutation import MutatedFile, mutate_file_contents
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.utils.format_utils import get_mutant_name, mangled_name_from_mutant_name

from tests.mutants import Mutant

ROOT = Path(__file__).parents[2]


def import_mutated(pattern: str) -> None:
    """From now on, the modules whose names match are imported with their changes."""
    sys.meta_path.insert(0, Finder(pattern))


class Finder:
    def __init__(self, pattern: str):
        paths = [path for glob in config().only_mutate for path in sorted(ROOT.glob(glob))]
        self.paths = {name: path for path in paths if fnmatch(name := module_name(path), pattern)}
        assert self.paths, f"no module that is mutated is named {pattern}"

    def find_spec(self, fullname, path=None, target=None):
        if source := self.paths.get(fullname):
            inside = [str(source.parent)] if source.name == "__init__.py" else None
            loader = Loader(fullname, str(source))
            return spec_from_file_location(fullname, source, loader=loader, submodule_search_locations=inside)
        return None


class Loader(SourceFileLoader):
    def get_code(self, fullname):
        return compile(changed(Path(self.path)).code, self.path, "exec")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def changed(path: Path) -> MutatedFile:
    return mutate_file_contents(str(path), path.read_text())


def mutants() -> Iterator[Mutant]:
    (finder,) = [one for one in sys.meta_path if isinstance(one, Finder)]
    for path in finder.paths.values():
        file = changed(path)
        lines = file.code.splitlines()
        for name in file.mutant_names:
            full = get_mutant_name(path.relative_to(ROOT), name)
            before, after = [
                source_of(file, lines, one) for one in (f"{name.partition('__mutmut_')[0]}__mutmut_orig", name)
            ]
            if without_sentences(before) != without_sentences(after):
                yield Mutant(
                    table=str(path.relative_to(ROOT)),
                    row=full.rpartition(".")[2],
                    change=what_differs(before, after),
                    apply=lambda full=full: set_mutant_under_test(full),
                    calls=mangled_name_from_mutant_name(full),
                )


def source_of(file, lines, name) -> str:
    """Of the function, whose name says which change it has: the same name to all."""
    span = file.line_span_by_function_name[name]
    source = "\n".join(lines[span.start - 1 : span.end])
    return source.replace(name, "it")


class NoSentences(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.Constant("") if isinstance(node.value, str) and {" ", "\u00a0"} & set(node.value) else node


def without_sentences(source: str) -> str:
    return ast.dump(NoSentences().visit(ast.parse(textwrap.dedent(source))))


def what_differs(before: str, after: str) -> str:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    told = [f"{line[0]} {line[2:].split('# type: ignore')[0].strip()}" for line in lines if line[0] in "+-"]
    return "  ".join(told)
