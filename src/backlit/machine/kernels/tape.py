# What every way of running a tape needs: batches brought in, instructions run, threads that wait for each other.
#
# A tape comes as (code, template, factor, starts, meets): code is the template with numbers of rows filled in; meets
# tells before which instructions two threads have to wait for each other.


@inline
def resolve(code, template, factor, rows):
    """Fill in the sizes that depend on the number of rows."""
    for i in range(len(code)):
        code[i] = template[i] * rows if factor[i] else template[i]


@inline
def gather(A, data, places, order, first, lo, hi):
    """Copy the batch's rows lo … hi - 1 to where the tape reads them; places = (row width, offset in data, place)."""
    for p in range(len(places)):
        width, source, target = places[p, 0], places[p, 1], places[p, 2]
        for r in range(lo, hi):
            begin = source + order[first + r] * width
            copy(part(A, target + r * width, width), part(data, begin, width), width)


@inline
def meet(C, thread):
    """Both threads wait here for each other: each counts its arrivals and waits until the other has as many."""
    mine = C.ctypes.data + 8 * (ARRIVALS + APART * thread)
    other = C.ctypes.data + 8 * (ARRIVALS + APART * (1 - thread))
    turn = atomic_load(mine) + 1
    atomic_store(mine, turn)
    spins = 0
    while atomic_load(other) < turn:
        spins += 1
        if spins > SPINS and C[YIELD] != 0:  # the other thread is not running: let it, in the end by going to sleep
            call_with(C[YIELD] if spins < SPINS + YIELDS or C[NAP] == 0 else C[NAP], NAP_MICROSECONDS)


@inline
def play(A, S, C, tape, lo, hi, thread, threads):
    """A thread's part of the instructions lo … hi - 1.

    A kernel that does not return 0 ends it; with two threads the rest is done all the same, so that both come to the
    same barriers, and whoever called looks at C[STATUS].
    """
    code, starts, meets = tape[0], tape[3], tape[4]
    for i in range(lo, hi):
        if threads > 1 and meets[i]:
            meet(C, thread)
        status = execute(A, S, C, code, starts[i], thread, threads)
        if status != 0:
            if C[STATUS] == 0:
                C[FAILED] = i
                C[STATUS] = status
            if threads == 1:
                return status
    return C[STATUS]
