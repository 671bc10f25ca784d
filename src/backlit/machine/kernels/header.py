# The compiled header of every unit.  It is text: `unit.py` puts it in front of words and kernels.
import math

import numpy as np
from llvmlite import ir
from numba import carray, cfunc, njit, types
from numba.core import cgutils
from numba.np.arrayobj import make_array, populate_array
from numba.extending import intrinsic

DTYPE = {"float32": np.float32, "float64": np.float64}[DTYPE_NAME]
INT = {"float32": np.int32, "float64": np.int64}[DTYPE_NAME]
FLOAT = {"float32": types.float32, "float64": types.float64}[DTYPE_NAME]
WHOLE = {"float32": types.int32, "float64": types.int64}[DTYPE_NAME]
ZERO, ONE = DTYPE(0), DTYPE(1)
HUGE = 1 << 46  # the length of arrays whose end the kernel knows better
KERNEL = types.int64(*[types.int64] * 7)


UNSEEN = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # nobody calls them but kernels


def inline(function):
    """LLVM puts these into the kernel, whatever their length: a call of another function costs some 10 ns with the
    counting of references to its arrays.  Never fastmath, which deletes every test for NaN."""
    return njit(error_model="numpy", nogil=True, forceinline=True, **UNSEEN)(function)


# The types of what Python hands over: named, so that all is compiled when the unit is made, and not at the first call.
NUMBER, WHOLES, TABLE = types.int64, types.int64[::1], types.int64[:, ::1]
REALS, DOUBLES, DOUBLE_TABLE = FLOAT[::1], types.float64[::1], types.float64[:, ::1]
TAPE = types.Tuple((WHOLES, WHOLES, types.boolean[::1], WHOLES, types.boolean[::1]))


def entry(*kinds):
    """What Python calls: returns a whole number, without the interpreter's lock."""
    return njit(types.int64(*kinds), error_model="numpy", nogil=True, cache=True)


def _pointer(kind):
    @intrinsic
    def cast(context, address):
        def build(context, builder, signature, arguments):
            return builder.inttoptr(arguments[0], context.get_value_type(types.CPointer(kind)))

        return types.CPointer(kind)(types.int64), build

    return cast


as_floats = _pointer(FLOAT)
as_integers = _pointer(types.int64)
as_doubles = _pointer(types.float64)


@inline
def numbers_at(address, n):
    """An array of n numbers that lies somewhere else: whoever gives the address holds on to it."""
    return carray(as_floats(address), n)


@intrinsic
def part(context, array, begin, length):
    """array[begin : begin + length] without the care that slices take of negative numbers: some ns less."""

    def build(context, builder, signature, arguments):
        source = make_array(signature.args[0])(context, builder, arguments[0])
        made = make_array(signature.return_type)(context, builder)
        size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(array.dtype)))
        data = builder.gep(source.data, [arguments[1]])
        populate_array(made, data=data, shape=[arguments[2]], strides=[size], itemsize=size, meminfo=None)
        return made._getvalue()

    return array(array, types.int64, types.int64), build


@intrinsic
def at(context, array, i):
    """array[i] for an i that is not negative, without a look at that."""

    def build(context, builder, signature, arguments):
        data = make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.load(builder.gep(data, [arguments[1]]))

    return array.dtype(array, types.int64), build


def _eight_sums(context, builder, arrays, n, join, count=1, kind=FLOAT):
    """Σ of each of the `count` terms join(x, …) over n elements of the arrays, all in one pass, as numbers of `kind`.

    Each is eight sums side by side in one vector, joined in a fixed order.
    """
    own, real = context.get_value_type(FLOAT), context.get_value_type(kind)
    lanes = ir.VectorType(real, 8)
    sums = [{shape: cgutils.alloca_once(builder, shape, zfill=True) for shape in (lanes, real)} for _ in range(count)]

    def eight(data, at):
        pointer = builder.bitcast(builder.gep(data, [at]), ir.VectorType(own, 8).as_pointer())
        return builder.load(pointer, align=DTYPE(0).itemsize)

    def add(loaded, shape):
        given = [x if own == real else builder.fpext(x, shape) for x in loaded]
        for term, own_sums in zip(join(*given), sums, strict=True):
            builder.store(builder.fadd(builder.load(own_sums[shape]), term), own_sums[shape])

    blocks = builder.sdiv(n, ir.Constant(n.type, 8))
    with cgutils.for_range(builder, blocks) as loop:
        at = builder.mul(loop.index, ir.Constant(n.type, 8))
        add([eight(data, at) for data in arrays], lanes)
    begin, one = builder.mul(blocks, ir.Constant(n.type, 8)), ir.Constant(n.type, 1)
    with cgutils.for_range_slice(builder, begin, n, one, n.type) as (at, _):
        add([builder.load(builder.gep(data, [at])) for data in arrays], real)
    found = []
    for own_sums in sums:
        value, width = builder.load(own_sums[lanes]), 8
        while width > 1:
            width //= 2
            halves = [ir.Constant(ir.VectorType(ir.IntType(32), width), list(range(s, s + width))) for s in (0, width)]
            low, high = (builder.shuffle_vector(value, value, half) for half in halves)
            value = builder.fadd(low, high)
        first = builder.extract_element(value, ir.Constant(ir.IntType(32), 0))
        found.append(builder.fadd(first, builder.load(own_sums[real])))
    return found


@intrinsic
def dot(context, x, y, n):
    """Σ x y over n elements."""

    def build(context, builder, signature, arguments):
        arrays = [make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 1)]
        return _eight_sums(context, builder, arrays, arguments[2], lambda x, y: [builder.fmul(x, y)])[0]

    return FLOAT(x, y, types.int64), build


@intrinsic
def sum_of(context, x, n):
    """Σ x over n elements."""

    def build(context, builder, signature, arguments):
        array = make_array(signature.args[0])(context, builder, arguments[0]).data
        return _eight_sums(context, builder, [array], arguments[1], lambda x: [x])[0]

    return FLOAT(x, types.int64), build


@intrinsic
def step_sums(context, earlier, before, w, g, n):
    """In float64: Σ before², Σ g², Σ (w - before)², how many weights have a gradient and stay, and
    Σ (w - before) (before - earlier)."""

    def build(context, builder, signature, arguments):
        arrays = [make_array(signature.args[i])(context, builder, arguments[i]).data for i in range(4)]

        def terms(earlier, before, w, g):
            step, last = builder.fsub(w, before), builder.fsub(before, earlier)
            pulled = builder.fcmp_unordered("!=", g, ir.Constant(g.type, None if hasattr(g.type, "count") else 0.0))
            still = builder.and_(builder.fcmp_ordered("==", w, before), pulled)
            products = [builder.fmul(x, y) for x, y in ((before, before), (g, g), (step, step))]
            return [*products, builder.uitofp(still, g.type), builder.fmul(step, last)]

        found = _eight_sums(context, builder, arrays, arguments[4], terms, 5, types.float64)
        return context.make_tuple(builder, signature.return_type, found)

    return types.UniTuple(types.float64, 5)(earlier, before, w, g, types.int64), build


@intrinsic
def bits(context, x):
    """The bits of a float as an integer of the same size."""

    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(WHOLE))

    return WHOLE(FLOAT), build


@intrinsic
def unbits(context, i):
    """The float that has these bits."""

    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(FLOAT))

    return FLOAT(WHOLE), build


@intrinsic
def call_kernel(context, address, arena, instruction, scalars, state, lo, hi, thread):
    """Call the kernel that lies at `address`."""

    def build(context, builder, signature, arguments):
        whole = ir.IntType(64)
        kind = ir.FunctionType(whole, [whole] * 7)
        return builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])

    return types.int64(*[types.int64] * 8), build


@intrinsic
def call_with(context, address, number):
    """Call the C function at `address` with a whole number: usleep, or sched_yield, which does not look at it."""

    def build(context, builder, signature, arguments):
        small = ir.IntType(32)
        kind = ir.FunctionType(small, [small])
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), [builder.trunc(arguments[1], small)])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), build


@intrinsic
def atomic_load(context, address):
    """Read an integer that another thread may write."""

    def build(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.load_atomic(pointer, "seq_cst", 8)

    return types.int64(types.int64), build


@intrinsic
def atomic_store(context, address, value):
    """Write an integer that another thread reads."""

    def build(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        builder.store_atomic(arguments[1], pointer, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), build


@inline
def power(a, b):
    return DTYPE(math.pow(a, b))


@inline
def square_root(a):
    return DTYPE(math.sqrt(a))


@inline
def sine(a):
    return DTYPE(math.sin(a))


@inline
def cosine(a):
    return DTYPE(math.cos(a))


@inline
def execute(A, S, C, code, place, thread, threads):
    """A thread's part of the instruction that begins at `place`."""
    lo, hi = share(code[place + 1], code[place + 2], thread, threads)
    if thread > 0 and hi <= lo:
        return 0
    address = code.ctypes.data + 8 * place
    return call_kernel(code[place], A.ctypes.data, address, S.ctypes.data, C.ctypes.data, lo, hi, thread)
