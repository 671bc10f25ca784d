# BLAS for the benchmark: text for the compiler, put in front of what native.py measures.


@intrinsic
def gemm(context, address, ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc, arena):
    """BLAS' C ← A B + beta C in column order, through its address; a, b, c are places in the arena.

    The address is handed over: as a global it could not be cached on disk.
    """

    def build(context, builder, signature, arguments):
        address, ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc, arena = arguments
        character, small = ir.IntType(8), ir.IntType(32)
        real = context.get_value_type(FLOAT)

        def keep(value, kind):
            # allocated once, at the function's entry: in a loop the stack would grow
            slot = cgutils.alloca_once(builder, kind)
            builder.store(value, slot)
            return slot

        def letter(flag):
            is_set = builder.icmp_signed("!=", flag, ir.Constant(flag.type, 0))
            chosen = builder.select(is_set, ir.Constant(character, ord("T")), ir.Constant(character, ord("N")))
            return keep(chosen, character)

        def whole(value):
            return keep(builder.trunc(value, small), small)

        data = cgutils.create_struct_proxy(signature.args[13])(context, builder, value=arena).data

        def at(offset):
            return builder.gep(data, [offset])

        one = keep(ir.Constant(real, 1.0), real)
        given = [letter(ta), letter(tb), whole(m), whole(n), whole(k), one]
        given += [at(a), whole(lda), at(b), whole(ldb), keep(beta, real), at(c), whole(ldc)]
        kind = ir.FunctionType(ir.VoidType(), [g.type for g in given])
        builder.call(builder.inttoptr(address, kind.as_pointer()), given)
        return context.get_dummy_value()

    i = types.int64
    return types.void(i, i, i, i, i, i, i, i, i, i, FLOAT, i, i, arena), build
