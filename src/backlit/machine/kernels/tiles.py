# What matrix products are made of: strips of a product, in tiles that stay in registers.  A part of every header.
from numba.core import codegen, config

_VECTORS = {"+avx512f": (64, 12), "+avx": (32, 6), "+neon": (16, 12)}  # feature: bytes of a vector, rows of a tile


def _shape_of_tiles():
    """Numbers in a vector and rows of a tile: two vectors a row, and half of the registers at least hold sums."""
    features = config.CPU_FEATURES  # what Numba compiles for, if somebody chose it; "" is a choice, too: none at all
    features = (codegen.get_host_cpu_features() if features is None else features).split(",")
    size, rows = next((found for name, found in _VECTORS.items() if name in features), (16, 6))
    return size // np.dtype(DTYPE).itemsize, rows


LANES, TALL = _shape_of_tiles()
BROAD = 2 * LANES  # columns of a tile


class _Vectors:
    """What the products below need of LLVM: vectors of LANES numbers of the arena."""

    def __init__(self, context, builder, kind, arena):
        self.builder = builder
        self.real, self.small = context.get_value_type(FLOAT), ir.IntType(32)
        self.kind = ir.VectorType(self.real, LANES)
        self.data = make_array(kind)(context, builder, arena).data
        self.zeros = ir.Constant(self.kind, [0.0] * LANES)

    def number(self, i):
        return ir.Constant(ir.IntType(64), i)

    def pointer(self, place, more=0):
        place = self.builder.add(place, self.number(more)) if more else place
        return self.builder.bitcast(self.builder.gep(self.data, [place]), self.kind.as_pointer())

    def load(self, place, more=0):
        return self.builder.load(self.pointer(place, more), align=DTYPE(0).itemsize)

    def store(self, vector, place, more=0):
        self.builder.store(vector, self.pointer(place, more), align=DTYPE(0).itemsize)

    def spread(self, value, kind):
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(self.small, 0))
        return self.builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(self.small, LANES), [0] * LANES))

    def first(self, count):
        """The mask of the first `count` lanes."""
        kind = ir.VectorType(self.small, LANES)
        wanted = self.spread(self.builder.trunc(count, self.small), kind)
        return self.builder.icmp_signed("<", ir.Constant(kind, list(range(LANES))), wanted)

    def call(self, name, result, *given):
        kind = ir.FunctionType(result, [g.type for g in given])
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), given)

    def masked_load(self, mask, place, more):
        given = self.pointer(place, more), ir.Constant(self.small, DTYPE(0).itemsize), mask, self.zeros
        return self.call(f"llvm.masked.load.{self.name}.p0", self.kind, *given)

    def masked_store(self, mask, vector, place, more):
        given = vector, self.pointer(place, more), ir.Constant(self.small, DTYPE(0).itemsize), mask
        self.call(f"llvm.masked.store.{self.name}.p0", ir.VoidType(), *given)

    @property
    def name(self):
        return f"v{LANES}f{8 * DTYPE(0).itemsize}"


@intrinsic
def strip(context, arena, a, rows, steps, b, stride_b, start, stride_s, c, stride_c, m, k, width):
    """Some columns of a product: c (m, width) = start + a b, where width is at most BROAD.

    Row i of a begins at a + i rows, and its next number is `steps` further: so a may lie transposed.  Rows of b, start
    and c lie stride_b, stride_s, stride_c apart.  A negative start stands for zeros.  Behind each row of b up to BROAD
    numbers are read, and not used.

    A tile of TALL × BROAD sums stays in registers while k runs, so each sum is c = start, then c ← a b + c for
    k = 0, 1, 2 …, rounded once by a processor that multiplies and adds in one (FMA), and twice by one that does not:
    an older one with AVX alone, or a bare x86-64.  `llvm.fmuladd` leaves that to the processor, and it is the same for
    all tiles, as is the order: how the product is cut does not change a bit.
    """

    def build(context, builder, signature, arguments):
        arena, a, rows, steps, b, stride_b, start, stride_s, c, stride_c, m, k, width = arguments
        v = _Vectors(context, builder, signature.args[0], arena)
        number, add, mul = v.number, builder.add, builder.mul
        empty = builder.icmp_signed("<", start, number(0))

        def tile(high, vectors, i):
            last = v.first(builder.sub(width, number((vectors - 1) * LANES)))
            places = [(r, j) for r in range(high) for j in range(vectors)]
            sums = {place: cgutils.alloca_once(builder, v.kind) for place in places}
            with builder.if_else(empty) as (nothing, something):
                with nothing:
                    for place in places:
                        builder.store(v.zeros, sums[place])
                with something:
                    for r, j in places:
                        row = add(start, mul(stride_s, add(i, number(r))))
                        full = j < vectors - 1
                        given = v.load(row, j * LANES) if full else v.masked_load(last, row, j * LANES)
                        builder.store(given, sums[r, j])
            lines = [mul(rows, number(r)) for r in range(high)]
            with cgutils.for_range(builder, k) as loop:
                here = add(b, mul(loop.index, stride_b))
                right = [v.load(here, j * LANES) for j in range(vectors)]
                left = builder.gep(v.data, [add(add(a, mul(i, rows)), mul(loop.index, steps))])
                for r in range(high):
                    factor = v.spread(builder.load(builder.gep(left, [lines[r]])), v.kind)
                    for j in range(vectors):
                        given = factor, right[j], builder.load(sums[r, j])
                        builder.store(v.call(f"llvm.fmuladd.{v.name}", v.kind, *given), sums[r, j])
            for r, j in places:
                row, value = add(c, mul(stride_c, add(i, number(r)))), builder.load(sums[r, j])
                if j < vectors - 1:
                    v.store(value, row, j * LANES)
                else:
                    v.masked_store(last, value, row, j * LANES)

        def all_rows(vectors):
            done = number(0)
            for high in sorted({TALL, TALL * 2 // 3, TALL // 3, 1}, reverse=True):
                times = builder.sdiv(builder.sub(m, done), number(high))
                with cgutils.for_range(builder, times) as loop:
                    tile(high, vectors, add(done, mul(loop.index, number(high))))
                done = add(done, mul(times, number(high)))

        with builder.if_else(builder.icmp_signed(">", width, number(LANES))) as (broad, narrow):
            with broad:
                all_rows(2)
            with narrow:
                all_rows(1)
        return context.get_dummy_value()

    return types.void(arena, *[types.int64] * 12), build


@intrinsic
def copy_broad(context, arena, source, target):
    """Copy BROAD numbers."""

    def build(context, builder, signature, arguments):
        v = _Vectors(context, builder, signature.args[0], arguments[0])
        for j in range(2):
            v.store(v.load(arguments[1], j * LANES), arguments[2], j * LANES)
        return context.get_dummy_value()

    return types.void(arena, types.int64, types.int64), build


@intrinsic
def turn(context, arena, source, stride, rows, target):
    """Copy LANES × LANES numbers with rows and columns exchanged, to where rows lie BROAD apart.

    If there are fewer `rows` than LANES, the last one stands for those that are missing.
    """

    def build(context, builder, signature, arguments):
        arena, source, stride, rows, target = arguments
        v = _Vectors(context, builder, signature.args[0], arena)
        end, lines = builder.sub(rows, v.number(1)), []
        for i in range(LANES):
            is_there = builder.icmp_signed("<", v.number(i), rows)
            line = builder.select(is_there, v.number(i), end)
            lines.append(v.load(builder.add(source, builder.mul(stride, line))))
        width = LANES // 2
        while width:  # blocks of half the size, then of a quarter …, change places across the diagonal
            mixed = list(lines)
            for i in (i for i in range(LANES) if not i & width):
                for row, first in ((i, 0), (i + width, width)):
                    mask = [(j & ~width) + first + LANES * bool(j & width) for j in range(LANES)]
                    chosen = ir.Constant(ir.VectorType(v.small, LANES), mask)
                    mixed[row] = builder.shuffle_vector(lines[i], lines[i + width], chosen)
            lines, width = mixed, width // 2
        for i in range(LANES):
            v.store(lines[i], target, i * BROAD)
        return context.get_dummy_value()

    return types.void(arena, *[types.int64] * 4), build
