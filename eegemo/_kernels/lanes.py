"""Eight numbers side by side, that a kernel computes with as if they were one.

A small matrix leaves a processor's vectors half empty, and loops over a short innermost
axis of matrices side by side are not vectorised: the compiler unrolls them into single
numbers. Nor are recursions, of which each step waits for the one before. So kernels
take eight matrices or rows at once, one in each lane of a vector of LLVM's. It is one
register with AVX-512; elsewhere LLVM takes two or four, and the results are the same
but for rounding, as a product and a sum are fused where the processor can.

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


class _Lanes(types.Type):
    def __init__(self):
        super().__init__(name="Lanes")


_LANES = _Lanes()
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, type_):
        super().__init__(manager, type_, _VECTOR)


def _pointer(context, builder, type_, array, k):
    data = context.make_array(type_)(context, builder, array).data
    start = builder.mul(k, ir.Constant(k.type, LANES))
    return builder.bitcast(builder.gep(data, [start]), _VECTOR.as_pointer())


@intrinsic
def _load(typing, x, k):
    def build(context, builder, signature, args):
        pointer = _pointer(context, builder, signature.args[0], *args)
        return builder.load(pointer, align=8)

    return _LANES(x, types.intp), build


@intrinsic
def _store(typing, x, k, value):
    def build(context, builder, signature, args):
        pointer = _pointer(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], pointer, align=8)
        return context.get_dummy_value()

    return types.void(x, types.intp, value), build


def _upper(size):
    """Mask that takes the first of two vectors, and from the second every other block.

    Lanes of the second are counted from LANES on.
    """
    return _mask([LANES + k - size if k & size else k for k in range(LANES)])


def _lower(size):
    return _mask([LANES + k if k & size else k + size for k in range(LANES)])


def _mask(lanes):
    return ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)


@intrinsic
def _transpose(typing, x, i, step, y, k, stride):
    def build(context, builder, signature, args):
        x, i, step, y, k, stride = args
        data = context.make_array(signature.args[0])(context, builder, x).data
        vectors = []
        for _ in range(LANES):
            pointer = builder.bitcast(builder.gep(data, [i]), _VECTOR.as_pointer())
            vectors.append(builder.load(pointer, align=8))
            i = builder.add(i, step)
        for size in (1, 2, 4):  # exchange blocks beside the diagonal
            for a in range(LANES):
                if not a & size:
                    pair = vectors[a], vectors[a + size]
                    vectors[a] = builder.shuffle_vector(*pair, _upper(size))
                    vectors[a + size] = builder.shuffle_vector(*pair, _lower(size))
        for vector in vectors:
            pointer = _pointer(context, builder, signature.args[3], y, k)
            builder.store(vector, pointer, align=8)
            k = builder.add(k, stride)
        return context.get_dummy_value()

    n = types.intp
    return types.void(x, n, n, y, n, n), build


@intrinsic
def _broadcast(typing, x):
    def build(context, builder, signature, args):
        start = ir.Constant(_VECTOR, ir.Undefined)
        zero = ir.Constant(ir.IntType(32), 0)
        one = builder.insert_element(start, args[0], zero)
        return builder.shuffle_vector(one, start, _mask([0] * LANES))

    return _LANES(types.float64), build


@overload(rows)
def _overload_rows(n):
    return rows


@overload(load)
def _overload_load(x, k):
    return lambda x, k: _load(x, k)


@overload(store)
def _overload_store(x, k, value):
    return lambda x, k, value: _store(x, k, value)


@overload(transpose)
def _overload_transpose(x, i, step, y, k, stride):
    return lambda x, i, step, y, k, stride: _transpose(x, i, step, y, k, stride)


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
