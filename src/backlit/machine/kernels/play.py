# Tapes run once: a part of one (the lens, the tests), or forward over many rows (prediction).


@entry(REALS, DOUBLES, WHOLES, TAPE, NUMBER, NUMBER, NUMBER)
def play_alone(A, S, C, tape, rows, lo, hi):
    """Instructions lo … hi - 1 of a tape, for `rows` rows, in one thread: what the lens steps with."""
    resolve(tape[0], tape[1], tape[2], rows)
    return play(A, S, C, tape, lo, hi, FIRST, ALONE)


@entry(REALS, DOUBLES, WHOLES, TAPE, NUMBER, NUMBER, NUMBER, NUMBER)
def play_part(A, S, C, tape, rows, i, thread, threads):
    """One thread's part of one instruction: two calls do what two threads do, for the tests."""
    resolve(tape[0], tape[1], tape[2], rows)
    return execute(A, S, C, tape[0], tape[3][i], thread, threads)


@inline
def bring(A, data, places, first, rows):
    """Copy rows that follow one another to where the tape reads them; tells whether all of it is finite."""
    whole = True
    for p in range(len(places)):
        width, source, target = places[p, 0], places[p, 1], places[p, 2]
        n = rows * width
        given, taken = part(data, source + first * width, n), part(A, target, n)
        for i in range(n):
            taken[i] = given[i]
            whole = whole & (given[i] - given[i] == ZERO)
    return whole


@entry(REALS, DOUBLES, WHOLES, TAPE, TABLE, REALS, TABLE, REALS, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER)
def predict(A, S, C, tape, weights, data, places, result, out_at, out_width, most, first, end):
    """Run a tape over the rows first … end - 1 of `data` in batches and copy one value out; -1: a row is not finite.

    weights = (address, place in the arena, length): copied first, as they may have changed since the last time.
    """
    whole = True
    for w in range(len(weights)):
        n = weights[w, 2]
        copy(part(A, weights[w, 1], n), numbers_at(weights[w, 0], n), n)
    while first < end:
        rows = min(most, end - first)
        if rows != C[RESOLVED]:
            resolve(tape[0], tape[1], tape[2], rows)
            C[RESOLVED] = rows
        whole = whole & bring(A, data, places, first, rows)
        status = play(A, S, C, tape, FIRST, len(tape[3]), FIRST, ALONE)
        if status != 0:
            return status
        n = rows * out_width
        copy(part(result, first * out_width, n), part(A, out_at, n), n)
        first += rows
    return 0 if whole else -1
