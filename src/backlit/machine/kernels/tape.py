# What every way of running a tape needs: batches brought in, instructions run, threads that wait for each other.
#
# A tape comes as (code, template, factor, starts): code is the template with numbers of rows filled in.


@inline
def resolve(code, template, factor, rows):
    """Fill in the sizes that depend on the number of rows."""
    for i in range(len(code)):
        code[i] = template[i] * rows if factor[i] else template[i]


@inline
def gather(A, data, places, order, first, rows):
    """Copy the batch's rows to where the tape reads them; places = (row width, offset in data, place in the arena)."""
    for p in range(len(places)):
        width, source, target = places[p, 0], places[p, 1], places[p, 2]
        for r in range(rows):
            begin = source + order[first + r] * width
            row = A[target + r * width : target + r * width + width]
            given = data[begin : begin + width]
            for j in range(width):
                row[j] = given[j]


@inline
def meet(C, waiting):
    """Both threads wait here for each other."""
    turn = atomic_load(C.ctypes.data + 8 * TURN)
    if atomic_add(C.ctypes.data + 8 * ARRIVED, 1) == 1:
        atomic_store(C.ctypes.data + 8 * ARRIVED, 0)
        atomic_add(C.ctypes.data + 8 * TURN, 1)
        return
    spins = 0
    while atomic_load(C.ctypes.data + 8 * TURN) == turn:
        spins += 1
        if spins > 4000 and waiting != 0:
            call_nothing(waiting)  # the other thread is not running: let it


@inline
def play(A, S, C, code, starts, lo, hi, thread, threads):
    """The instructions lo … hi - 1; stops at the first kernel that does not return 0."""
    status = 0
    for i in range(lo, hi):
        status = execute(A, S, C, code, starts[i], thread, threads)
        if status != 0 and C[STATUS] == 0:
            C[FAILED] = i
            if threads > 1:
                atomic_store(C.ctypes.data + 8 * STATUS, status)  # after FAILED, which is read when this is not 0
            else:
                C[STATUS] = status
        if threads > 1:
            meet(C, C[YIELD])
            # The other thread may be one instruction ahead, and its trouble there is not yet this thread's: both
            # have to leave at the same place, or one waits for the other for ever.
            status = atomic_load(C.ctypes.data + 8 * STATUS)
            if status != 0 and C[FAILED] > i:
                status = 0
        if status != 0:
            break
    return status
