# Tapes run once: a part of one (the lens, the tests), or forward over many rows (prediction).


@entry(REALS, DOUBLES, WHOLES, TAPE, NUMBER, NUMBER, NUMBER)
def play_alone(A, S, C, tape, rows, lo, hi):
    """Instructions lo … hi - 1 of a tape, for `rows` rows, in one thread: what the lens steps with."""
    resolve(tape[0], tape[1], tape[2], rows)
    return play(A, S, C, tape, lo, hi, 0, 1)


@entry(REALS, DOUBLES, WHOLES, TAPE, NUMBER, NUMBER, NUMBER, NUMBER)
def play_part(A, S, C, tape, rows, i, thread, threads):
    """One thread's part of one instruction: two calls do what two threads do, for the tests."""
    resolve(tape[0], tape[1], tape[2], rows)
    return execute(A, S, C, tape[0], tape[3][i], thread, threads)


@entry(REALS, DOUBLES, WHOLES, TAPE, REALS, TABLE, WHOLES, REALS, NUMBER, NUMBER, NUMBER)
def predict(A, S, C, tape, data, places, identity, result, out_at, out_width, most):
    """Run a tape over all rows of `data` in batches and copy one value out."""
    total, first, now = len(identity), 0, -1
    while first < total:
        rows = min(most, total - first)
        if rows != now:
            resolve(tape[0], tape[1], tape[2], rows)
            now = rows
        gather(A, data, places, identity, first, 0, rows)
        status = play(A, S, C, tape, 0, len(tape[3]), 0, 1)
        if status != 0:
            return status
        block = A[out_at : out_at + rows * out_width]
        result[first * out_width : first * out_width + rows * out_width] = block
        first += rows
    return 0
