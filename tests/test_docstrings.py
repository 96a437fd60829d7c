"""Every public docstring is complete and true, and the reference lists them all."""

import ast
import doctest
import importlib
import inspect
import re
import sys
from pathlib import Path

import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import ERROR_MSGS, validate

PACKAGES = [
    f"eegemo.{name}"
    for name in "covariance features riemann networks adapt temporal metrics pipelines "
    "bands montage datasets paradigm evaluation".split()
]
REFERENCE = Path(__file__).parents[1] / "docs" / "api" / "index.rst"

CHECKS = set(ERROR_MSGS) - {
    "ES01",  # an extended summary: a short one may say it all
    "EX01",  # examples: methods are shown in their class, others in test_example_runs
    "GL01",  # up to numpydoc 1.10 refuses a summary behind the quotes, as it is here
    "RT02",  # no name before the type: what is returned has a name here, as in SciPy
    "SA01",  # See Also, which few need
    "SS05",  # takes "Names of the rows" for a verb; ruff judges the mood of verbs
}

# Examples that are shown and not run, since they read licensed data.
NOT_RUN = {"eegemo.datasets.load_features"}


def load(path):
    """Return the object of a name such as eegemo.riemann.MDM.fit."""
    _, package, *rest = path.split(".")
    found = importlib.import_module(f"eegemo.{package}")
    for name in rest:
        found = getattr(found, name)
    return found


def is_constant(path):
    return not (inspect.isclass(load(path)) or callable(load(path)))


def members(path):
    """Public methods and properties that are written here, not in scikit-learn."""
    cls = load(path)
    for name in dir(cls) if inspect.isclass(cls) else ():
        owner = next((c for c in cls.__mro__ if name in vars(c)), type)
        written_here = owner.__module__.startswith("eegemo")
        is_data = is_constant(f"{path}.{name}")
        is_property = isinstance(vars(owner).get(name), property)
        of_routing = re.fullmatch("set_.*_request", name)
        if not name.startswith("_") and written_here and not of_routing:
            if is_property or not is_data:
                yield f"{path}.{name}"


PUBLIC = [
    f"{p}.{name}" for p in PACKAGES for name in importlib.import_module(p).__all__
]
CONSTANTS = [path for path in PUBLIC if is_constant(path)]
NAMES = [path for path in PUBLIC if path not in CONSTANTS]
CLASSES = [path for path in NAMES if inspect.isclass(load(path))]
FUNCTIONS = [path for path in NAMES if inspect.isfunction(load(path))]
# Scorers are objects, whose parameters are scikit-learn's.
SCORERS = [path for path in NAMES if path not in CLASSES + FUNCTIONS]
DOCUMENTED = CLASSES + FUNCTIONS
DOCUMENTED += [member for path in CLASSES for member in members(path)]
WITH_PARAMETERS = [path for path in DOCUMENTED if callable(load(path))]


def sections(path):
    return NumpyDocString(inspect.getdoc(load(path)))


def source(path):
    """Return the parsed source of a function or method."""
    text = inspect.getsource(inspect.unwrap(load(path)))
    return ast.parse("if True:\n" + text if text.startswith(" ") else text)


@pytest.mark.parametrize("path", DOCUMENTED)
def test_numpydoc(path):
    errors = [error for error in validate(path)["errors"] if error[0] in CHECKS]
    assert not errors


@pytest.mark.parametrize("path", WITH_PARAMETERS)
def test_defaults_are_those_of_the_signature(path):
    signature = inspect.signature(load(path)).parameters
    for entry in sections(path)["Parameters"]:
        names = entry.name.replace("*", "").split(", ")
        defaults = [signature[name].default for name in names]
        _, told, default = entry.type.partition("default=")
        if entry.type == "ignored":
            continue
        if told:
            value = ast.literal_eval(default)
            assert (list(value) if len(names) > 1 else [value]) == defaults, names
        else:
            assert set(defaults) == {inspect.Parameter.empty}, names


@pytest.mark.parametrize("path", CLASSES)
def test_attributes_are_described(path):
    attributes = sections(path)["Attributes"]
    assert [a.name for a in attributes if not (a.type and a.desc)] == []


@pytest.mark.parametrize("path", [p for p in WITH_PARAMETERS if p not in CLASSES])
def test_errors_are_told(path):
    """What is raised in the function itself; not what it calls raises."""
    raised = {
        ast.unparse(getattr(node.exc, "func", node.exc))
        for node in ast.walk(source(path))
        if isinstance(node, ast.Raise)
    }
    told = sections(path)["Raises"]
    assert raised <= {name for entry in told for name in entry.type.split(", ")}
    assert all(entry.desc for entry in told)


@pytest.mark.parametrize("path", NAMES)
def test_example_runs(path):
    """As pytest collects it, and not skipped."""
    package, name = path.rsplit(".", 1)
    module = sys.modules[package if path in SCORERS else load(path).__module__]
    collected = {
        test.name.rsplit(".", 1)[1]: test.examples
        for test in doctest.DocTestFinder().find(module)
    }
    skipped = [doctest.SKIP in example.options for example in collected[name]]
    assert collected[name]
    assert any(skipped) == (path in NOT_RUN)


@pytest.mark.parametrize("path", CONSTANTS)
def test_constant_is_described(path):
    """By the string that follows it, which Sphinx reads."""
    package, name = path.rsplit(".", 1)
    lines = ast.parse(inspect.getsource(sys.modules[package])).body
    assigned = [isinstance(n, ast.Assign) and n.targets[0].id == name for n in lines]
    assert re.match(r"[A-Z].*\.(\n|$)", lines[assigned.index(True) + 1].value.value)


def test_reference_lists_all():
    parts = REFERENCE.read_text().split(".. module:: ")[1:]
    listed = {
        part.split("\n", 1)[0]: re.findall(r"^   (\w+)$", part, flags=re.MULTILINE)
        for part in parts
    }
    assert list(listed) == PACKAGES
    for package, names in listed.items():
        assert names == sys.modules[package].__all__
