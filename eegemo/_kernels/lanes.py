"""Eight numbers side by side, that a kernel computes with as if they were one.

A small matrix leaves a processor's vectors half empty, and loops over a short innermost
axis of matrices side by side are not vectorised: the compiler unrolls them into single
numbers. So kernels for small matrices take eight at once, one in each lane of a vector
of LLVM's. It is one register with AVX-512; elsewhere LLVM takes two or four, and the
results are the same but for rounding, as a product and a sum are fused where the
processor can.

The functions below are the plain twins, which run where nothing is compiled.
"""

import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

LANES = 8


def rows(n):
    """Allocate an array of shape (n, LANES), a line of the cache for each row."""
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


class _Lanes(types.Type):
    def __init__(self):
        super().__init__(name="Lanes")


_LANES = _Lanes()
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, type_):
        super().__init__(manager, type_, _VECTOR)


def _pointer(context, builder, type_, array, i):
    data = context.make_array(type_)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [i]), _VECTOR.as_pointer())


@intrinsic
def _load(typing, x, i):
    """From element i on, whatever the dimensions of x."""

    def build(context, builder, signature, args):
        pointer = _pointer(context, builder, signature.args[0], *args)
        return builder.load(pointer, align=8)

    return _LANES(x, types.intp), build


@intrinsic
def _store(typing, x, i, value):
    def build(context, builder, signature, args):
        pointer = _pointer(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], pointer, align=8)
        return context.get_dummy_value()

    return types.void(x, types.intp, value), build


@intrinsic
def _broadcast(typing, x):
    def build(context, builder, signature, args):
        start = ir.Constant(_VECTOR, ir.Undefined)
        index = ir.IntType(32)
        one = builder.insert_element(start, args[0], ir.Constant(index, 0))
        mask = ir.Constant(ir.VectorType(index, LANES), [0] * LANES)
        return builder.shuffle_vector(one, start, mask)

    return _LANES(types.float64), build


@intrinsic
def _total(typing, x):
    def build(context, builder, signature, args):
        double = ir.DoubleType()
        type_ = ir.FunctionType(double, [double, _VECTOR])
        name = f"llvm.vector.reduce.fadd.v{LANES}f64"
        llvm = cgutils.get_or_insert_function(builder.module, type_, name)
        start = ir.Constant(double, 0.0)
        return builder.call(llvm, [start, *args], fastmath=("reassoc",))

    return types.float64(x), build


@overload(rows)
def _overload_rows(n):
    return rows


@overload(load)
def _overload_load(x, k):
    return lambda x, k: _load(x, k * LANES)


@overload(load_from)
def _overload_load_from(x, i):
    return lambda x, i: _load(x, i)


@overload(store)
def _overload_store(x, k, value):
    return lambda x, k, value: _store(x, k * LANES, value)


@overload(total)
def _overload_total(x):
    return lambda x: _total(x)


@overload(broadcast)
def _overload_broadcast(x):
    return lambda x: _broadcast(x)


def _overload_operator(function, name):
    @intrinsic
    def run(typing, x, y):
        def build(context, builder, signature, args):
            return getattr(builder, name)(*args, flags=("contract",))

        return _LANES(x, y), build

    @overload(function)
    def choose(x, y):
        if x is _LANES and y is _LANES:
            return lambda x, y: run(x, y)
        if isinstance(x, types.Float) and y is _LANES:
            return lambda x, y: run(_broadcast(x), y)
        return None


def _overload_function(function, name, n_args):
    def build(context, builder, signature, args):
        type_ = ir.FunctionType(_VECTOR, [_VECTOR] * n_args)
        name_ = f"llvm.{name}.v{LANES}f64"
        llvm = cgutils.get_or_insert_function(builder.module, type_, name_)
        return builder.call(llvm, args)

    if n_args == 1:
        run = intrinsic(lambda typing, x: (_LANES(x), build))
        overload(function)(lambda x: lambda x: run(x))
    else:
        run = intrinsic(lambda typing, x, y: (_LANES(x, y), build))
        overload(function)(lambda x, y: lambda x, y: run(x, y))


_overload_operator(operator.add, "fadd")
_overload_operator(operator.sub, "fsub")
_overload_operator(operator.mul, "fmul")
_overload_operator(operator.truediv, "fdiv")
_overload_function(sqrt, "sqrt", 1)
_overload_function(absolute, "fabs", 1)
_overload_function(copysign, "copysign", 2)
_overload_function(minimum, "minnum", 2)
_overload_function(maximum, "maxnum", 2)
