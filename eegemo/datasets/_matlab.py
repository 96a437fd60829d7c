"""Read variables of MATLAB files of versions 5 to 7.3, and nothing else in them.

Axes are as in MATLAB whatever the version, though HDF5 lists them in reverse.
"""

from . import _mat5, _mat73
from ._arrays import check_shape, check_type


def describe_variables(path):
    """List the variables of a MATLAB file without reading their values.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    variables : dict of str to Variable
        Shape and type of each; the type is None for what is no array of real or
        complex numbers stored in that very file.

    Raises
    ------
    ValueError
        The file is no MATLAB file, or is damaged or incomplete.
    ImportError
        It is of MATLAB 7.3, and h5py is not installed.
    """
    return _guard(path, "describe")


def check_variable(variables, name, path, hint, kinds="f"):
    """Refuse a variable that is missing or no array of numbers.

    Parameters
    ----------
    variables : dict of str to Variable
        What :func:`describe_variables` returned.
    name : str
    path : str or path-like
        The file, for messages.
    hint : str
        A sentence that says what to do.
    kinds : {"f", "fiu"}
        Floats only, or all real numbers.

    Returns
    -------
    variable : Variable
    """
    if name not in variables:
        raise ValueError(
            f"{path} should have a variable {name!r}, got {sorted(variables)}. {hint}"
        )
    variable = variables[name]
    what = f"{name!r} in {path}"
    if variable.dtype is None:
        raise ValueError(
            f"{what} should be an array stored in that file, got text, cells, a "
            f"group or a link. {hint}"
        )
    check_type(variable.dtype, kinds, what, hint)
    return variable


def check_arrays(path, shapes, hint, kinds="f"):
    """Refuse a file without these arrays of numbers; their values are not read.

    Parameters
    ----------
    path : str or path-like
    shapes : dict of str to tuple of int or None
        Names of variables, and their shapes as in MATLAB; None stands for any length
        but 0.
    hint : str
        A sentence that says what to do.
    kinds : {"f", "fiu"}
        Floats only, or all real numbers.

    Returns
    -------
    variables : dict of str to Variable
        All that there are.

    Raises
    ------
    ValueError
        The file is damaged, incomplete or no MATLAB file, or one of the variables is
        missing, no array of numbers in that file, or of another shape or type.
    ImportError
        It is of MATLAB 7.3, and h5py is not installed.
    """
    variables = describe_variables(path)
    for name, shape in shapes.items():
        found = check_variable(variables, name, path, hint, kinds).shape
        check_shape(found, shape, f"{name!r} in {path}", hint)
    return variables


def read_arrays(path, shapes, hint, kinds="f"):
    """Read arrays of numbers after the checks of :func:`check_arrays`.

    Whether they are finite is left to :func:`~eegemo.datasets._arrays.check_finite`,
    which takes the names of the axes.

    Returns
    -------
    arrays : dict of str to array
        With the axes as in MATLAB; read-only where that saves a copy.
    """
    check_arrays(path, shapes, hint, kinds)
    return read_variables(path, list(shapes))


def read_variables(path, names):
    """Read variables, which may be text, cells and structures before MATLAB 7.3.

    Parameters
    ----------
    path : str or path-like
    names : list of str
        Some of those that :func:`describe_variables` lists.

    Returns
    -------
    variables : dict
        An array of numbers as such, text as a str, a single structure as a dict;
        cells, and several structures, as an array of objects.

    Raises
    ------
    ValueError
        The file is damaged.
    """
    return _guard(path, "read", names)


def _guard(path, function, *arguments):
    """Call the reader of the version; bytes without a meaning become one error."""
    version = _mat73 if _mat73.is_mat73(path) else _mat5
    try:
        return getattr(version, function)(path, *arguments)
    except version.DAMAGE as error:
        raise ValueError(
            f"{path} cannot be read as a file of MATLAB 5 to 7 or of MATLAB 7.3 "
            "(HDF5): it is damaged, incomplete or of another format. Copy it anew, or "
            f"save it from MATLAB with -v7 or -v7.3. The reader says: {error}"
        ) from error
