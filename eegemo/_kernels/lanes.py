"""Eight numbers side by side, that a kernel computes with as if they were one.

A small matrix leaves a processor's vectors half empty, and loops over a short innermost
axis of matrices side by side are not vectorised: the compiler unrolls them into single
numbers. So kernels for small matrices take eight at once, one in each lane of a vector
of LLVM's. It is one register with AVX-512; elsewhere LLVM takes two or four, and the
results are the same but for rounding, as a product and a sum are fused where the
processor can.

The functions below are the plain twins, which run where nothing is compiled. After an
edit of this file, delete what Numba has cached of the kernels: it only looks at theirs.
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
        return result if all(map(isinstance, given, types_)) else None

    # Numba wants to see how many arguments there are.
    type_callable(function)(
        {
            1: lambda context: lambda x: resolve(x),
            2: lambda context: lambda x, y: resolve(x, y),
            3: lambda context: lambda x, y, z: resolve(x, y, z),
        }[len(types_)]
    )
    lower_builtin(function, *types_)(build)


def _pointer(context, builder, signature, args, step):
    array = context.make_array(signature.args[0])(context, builder, args[0])
    index = context.cast(builder, args[1], signature.args[1], types.intp)
    index = builder.mul(index, ir.Constant(index.type, step))
    return builder.bitcast(builder.gep(array.data, [index]), _VECTOR.as_pointer())


def _load(step):
    def build(context, builder, signature, args):
        pointer = _pointer(context, builder, signature, args, step)
        return builder.load(pointer, align=8)

    return build


def _store(context, builder, signature, args):
    pointer = _pointer(context, builder, signature, args, LANES)
    builder.store(args[2], pointer, align=8)
    return context.get_dummy_value()


def _broadcast(context, builder, signature, args):
    index = ir.IntType(32)
    empty = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(empty, args[0], ir.Constant(index, 0))
    everywhere = ir.Constant(ir.VectorType(index, LANES), [0] * LANES)
    return builder.shuffle_vector(first, empty, everywhere)


def _instruction(name):
    def build(context, builder, signature, args):
        x, y = args
        if signature.args[0] is not _LANES:
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
