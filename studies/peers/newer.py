"""Imports packages whose annotations need a newer Python than this one, without changing what they compute.

hyptorch 1.3.1 asks for Python 3.13 and hyperbolix 1.4.0 for 3.12. What an older Python trips over is annotations alone:
`ClassVar[Final[float]]`, `type Name = ...` and the type parameters of one `def`. Annotations are left unevaluated, the other
two lose their new syntax; every statement that computes stays as it is. On a Python new enough nothing is touched.
"""

import __future__
import importlib.abc
import importlib.machinery
import re
import sys

PACKAGES = {"hyptorch": (3, 13), "hyperbolix": (3, 12)}
TYPE_ALIAS = re.compile(r"^type (\w+) = ", re.MULTILINE)
TYPE_PARAMETERS = re.compile(r"^(\s*def \w+)\[[^\]\n]*\]\(", re.MULTILINE)


class Loader(importlib.machinery.SourceFileLoader):
    def source_to_code(self, data, path, *, _optimize=-1):
        text = importlib.util.decode_source(data)
        text = TYPE_PARAMETERS.sub(r"\1(", TYPE_ALIAS.sub(r"\1 = ", text))
        flags = __future__.annotations.compiler_flag
        return compile(text, path, "exec", flags=flags, dont_inherit=True, optimize=_optimize)

    def get_code(self, fullname):
        # Never a cached file: it may have been compiled without this.
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        wanted = PACKAGES.get(name.split(".")[0])
        if wanted is None or sys.version_info >= wanted:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


def install():
    sys.meta_path.insert(0, Finder())
