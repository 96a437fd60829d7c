"""Eight numbers side by side, that a kernel computes with as if they were one.

A small matrix leaves a processor's vectors half empty, and loops over a short innermost
axis of matrices side by side are not vectorised: the compiler unrolls them into single
numbers. Nor are recursions, of which each step waits for the one before. So kernels
take eight matrices or rows at once, one in each lane of a vector of LLVM's. It is one
register with AVX-512; elsewhere LLVM takes two or four, and the results are the same
but for rounding, as a product and a sum are fused where the processor can.

The functions below are the plain twins, which run where nothing is compiled. Numba does
not notice an edit of this file when it looks for what it has cached of the kernels: so
they name the edition that they are compiled with, as a test makes sure.
"""

import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import (
    lower_builtin,
    models,
    register_model,
    type_callable,
)

LANES = 8


def rows(n):
    """Allocate an array of shape (n, LANES), a line of the cache for each row.

    Not for kernels, which are compiled faster without.
    """
    x = np.empty((n + 1) * LANES)
    skipped = -(x.ctypes.data // 8) % LANES
    return x[skipped : skipped + n * LANES].reshape(n, LANES)


def load(x, k):
    """Row k of an array of shape (n, LANES), in C order."""
    return x[k].copy()


def store(x, k, value):
    """Set row k of an array of shape (n, LANES), in C order."""
    x[k] = value


def load_from(x, i):
    """Eight numbers of a one-dimensional contiguous array, from index i on."""
    return x[i : i + LANES].copy()


def total(x):
    """Sum of the lanes."""
    return x.sum()


def transpose(x, i, step, y, k, stride):
    """Copy LANES lines of LANES numbers, which become columns.

    From number i on of x, in C order, with a line every ``step`` numbers; to row k on
    of y, an array of shape (n, LANES) in C order, with a row every ``stride`` rows.
    """
    lines = i + step * np.arange(LANES)
    columns = x.reshape(-1)[lines + np.arange(LANES)[:, None]]
    y[k : k + LANES * stride : stride] = columns


def broadcast(x):
    """Put a number in each lane."""
    return np.full(LANES, x)


def sqrt(x):
    """Take square roots."""
    return np.sqrt(x)


def absolute(x):
    """Magnitude."""
    return np.abs(x)


def copysign(x, y):
    """Magnitude of x with the sign of y."""
    return np.copysign(x, y)


def minimum(x, y):
    """Lesser of the two, or the one that is a number."""
    return np.fmin(x, y)


def maximum(x, y):
    """Greater of the two, or the one that is a number."""
    return np.fmax(x, y)


class Lanes(types.Type):
    """Numba's type of eight float64."""

    def __init__(self):
        super().__init__(name="Lanes")


_LANES = Lanes()
_DOUBLE = ir.DoubleType()
_VECTOR = ir.VectorType(_DOUBLE, LANES)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, type_):
        super().__init__(manager, type_, _VECTOR)


def _implement(function, result, types_, build):
    """Compile ``function`` to what ``build(context, builder, signature, args)`` emits.

    The result of ``build`` is of type ``result``, for arguments of ``types_``.
    """

    def resolve(*given):
        return result if all(map(_fits, given, types_)) else None

    # Numba wants to see how many arguments there are.
    type_callable(function)(
        {
            1: lambda context: lambda x: resolve(x),
            2: lambda context: lambda x, y: resolve(x, y),
            3: lambda context: lambda x, y, z: resolve(x, y, z),
            6: lambda context: lambda u, v, w, x, y, z: resolve(u, v, w, x, y, z),
        }[len(types_)]
    )
    lower_builtin(function, *types_)(build)


def _fits(given, type_):
    """Tell whether the type is right; an array is read and written as its memory is."""
    if type_ is types.Array and isinstance(given, types.Array):
        return given.dtype == types.float64 and given.layout == "C"
    return isinstance(given, type_)


def _array(context, builder, signature, args, place):
    """Pointer to the first number of an argument."""
    type_ = signature.args[place]
    return context.make_array(type_)(context, builder, args[place]).data


def _index(context, builder, signature, args, place, step=1):
    """Argument times step."""
    index = context.cast(builder, args[place], signature.args[place], types.intp)
    return builder.mul(index, ir.Constant(index.type, step))


def _lanes_at(builder, array, index):
    return builder.bitcast(builder.gep(array, [index]), _VECTOR.as_pointer())


def _load(step):
    def build(*arguments):
        builder = arguments[1]
        pointer = _lanes_at(builder, _array(*arguments, 0), _index(*arguments, 1, step))
        return builder.load(pointer, align=8)

    return build


def _store(context, builder, signature, args):
    arguments = context, builder, signature, args
    pointer = _lanes_at(builder, _array(*arguments, 0), _index(*arguments, 1, LANES))
    builder.store(args[2], pointer, align=8)
    return context.get_dummy_value()


def _transpose(context, builder, signature, args):
    arguments = context, builder, signature, args
    x, i, step = _array(*arguments, 0), _index(*arguments, 1), _index(*arguments, 2)
    y, k = _array(*arguments, 3), _index(*arguments, 4, LANES)
    stride = _index(*arguments, 5, LANES)
    vectors = []
    for _ in range(LANES):
        vectors.append(builder.load(_lanes_at(builder, x, i), align=8))
        i = builder.add(i, step)
    for size in (1, 2, 4):  # exchange blocks beside the diagonal
        for a in range(LANES):
            if not a & size:
                pair = vectors[a], vectors[a + size]
                vectors[a] = builder.shuffle_vector(*pair, _upper(size))
                vectors[a + size] = builder.shuffle_vector(*pair, _lower(size))
    for vector in vectors:
        builder.store(vector, _lanes_at(builder, y, k), align=8)
        k = builder.add(k, stride)
    return context.get_dummy_value()


def _upper(size):
    """Mask that takes the first of two vectors, and from the second every other block.

    Lanes of the second are counted from LANES on.
    """
    return _mask([LANES + k - size if k & size else k for k in range(LANES)])


def _lower(size):
    return _mask([LANES + k if k & size else k + size for k in range(LANES)])


def _mask(lanes):
    return ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)


def _broadcast(context, builder, signature, args):
    empty = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(empty, args[0], ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, empty, _mask([0] * LANES))


def _instruction(name):
    def build(context, builder, signature, args):
        x, y = args
        if not isinstance(signature.args[0], Lanes):
            x = _broadcast(context, builder, signature, [x])
        return getattr(builder, name)(x, y, flags=("contract",))

    return build


def _intrinsic(name, result, *before, **options):
    def build(context, builder, signature, args):
        args = [*before, *args]
        type_ = ir.FunctionType(result, [arg.type for arg in args])
        full_name = f"llvm.{name}.v{LANES}f64"
        llvm = cgutils.get_or_insert_function(builder.module, type_, full_name)
        return builder.call(llvm, args, **options)

    return build


_implement(load, _LANES, (types.Array, types.Integer), _load(LANES))
_implement(load_from, _LANES, (types.Array, types.Integer), _load(1))
_implement(store, types.none, (types.Array, types.Integer, Lanes), _store)
_table = types.Array, types.Integer, types.Integer
_implement(transpose, types.none, _table + _table, _transpose)
_implement(broadcast, _LANES, (types.Float,), _broadcast)
for _function, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    for _first in (Lanes, types.Float):
        _implement(_function, _LANES, (_first, Lanes), _instruction(_name))
for _function, _name in (
    (sqrt, "sqrt"),
    (absolute, "fabs"),
    (copysign, "copysign"),
    (minimum, "minnum"),
    (maximum, "maxnum"),
):
    _n_args = 1 if _function in (sqrt, absolute) else 2
    _implement(_function, _LANES, (Lanes,) * _n_args, _intrinsic(_name, _VECTOR))
_zero = ir.Constant(_DOUBLE, 0.0)
_add = _intrinsic("vector.reduce.fadd", _DOUBLE, _zero, fastmath=("reassoc",))
_implement(total, types.float64, (Lanes,), _add)
