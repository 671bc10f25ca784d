# The loop: n steps at a time, all native.  Shuffle, gather, forward, backward, update, history, validation, best
# weights, early stopping.  It holds no state of its own: C, F, S and the arena say where the run stands, so it can be
# stopped after any step and gone on with, here or in another process.
#
# A tape comes as (code, template, factor, starts): code is the template with numbers of rows filled in.


@inline
def mixed(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@inline
def shuffle(order, seed, epoch):
    """Fisher and Yates' shuffle with the numbers of (seed, epoch): `ops.random.permutation`, the same order."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    z = mixed(np.uint64(seed) + golden)
    begin = mixed(mixed(z + np.uint64(epoch) * golden) + np.uint64(1 << 40) * golden)
    n = len(order)
    for i in range(n):
        order[i] = i
    for i in range(n - 1, 0, -1):
        drawn = mixed(begin + np.uint64(i + 1) * golden) >> np.uint64(32)
        j = np.int64((drawn * np.uint64(i + 1)) >> np.uint64(32))
        order[i], order[j] = order[j], order[i]


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
            C[STATUS] = status
            C[FAILED] = i
        if threads > 1:
            meet(C, C[YIELD])
            status = C[STATUS]
        if status != 0:
            break
    return status


@inline
def run(A, S, C, tape, lo, hi, job):
    """A part of a tape, with the second thread's help if there is one."""
    code, starts = tape[0], tape[3]
    if C[THREADS] == 1:
        return play(A, S, C, code, starts, lo, hi, 0, 1)
    C[JOB], C[JOB_LO], C[JOB_HI] = job, lo, hi
    meet(C, C[YIELD])
    return play(A, S, C, code, starts, lo, hi, 0, 2)


@entry
def help_along(A, S, C, train, valid):
    """The second thread: does its part of whatever the first one runs, until it is told to go (job 0)."""
    while True:
        meet(C, C[YIELD])
        if C[JOB] == 1:
            play(A, S, C, train[0], train[3], C[JOB_LO], C[JOB_HI], 1, 2)
        elif C[JOB] == 2:
            play(A, S, C, valid[0], valid[3], C[JOB_LO], C[JOB_HI], 1, 2)
        else:
            return


@inline
def dismiss(C):
    if C[THREADS] > 1:
        C[JOB] = 0
        meet(C, C[YIELD])


@inline
def validate(A, S, C, valid, data, places, identity):
    """The loss and the hits over the rows held out, in batches."""
    loss, right, first = 0.0, 0.0, 0
    while first < C[VALID_ROWS]:
        rows = min(C[VALID_BATCH], C[VALID_ROWS] - first)
        if rows != C[VALID_RESOLVED]:
            resolve(valid[0], valid[1], valid[2], rows)
            C[VALID_RESOLVED] = rows
        gather(A, data, places, identity, first, rows)
        run(A, S, C, valid, 0, len(valid[3]), 2)
        loss += float(A[C[VALID_LOSS_AT]]) * (1 if C[SUM_LOSS] else rows)
        if C[VALID_HITS_AT] >= 0:
            right += float(A[C[VALID_HITS_AT]])
        first += rows
    return loss / (1 if C[SUM_LOSS] else max(1, C[VALID_ROWS])), right


@inline
def end_epoch(A, S, C, F, valid, valid_data, valid_places, identity, best, history):
    """What is due when all rows have been seen: history, validation, best weights, reasons to stop."""
    epoch = C[EPOCH]
    judged = F[TRAIN_SUM] / (1 if C[SUM_LOSS] else C[ROWS])
    history[epoch, 0] = judged
    history[epoch, 3] = S[1]
    if C[VALID_ROWS] > 0:
        judged, right = validate(A, S, C, valid, valid_data, valid_places, identity)
        history[epoch, 1] = judged
        history[epoch, 2] = right
    F[TRAIN_SUM] = 0.0
    C[POSITION] = 0
    C[EPOCH] = epoch + 1
    if judged < F[BEST]:
        F[BEST] = judged
        C[BEST_EPOCH] = epoch + 1
        C[WAIT] = 0
        best[:] = A[C[BLOCK_AT] : C[BLOCK_AT] + C[BLOCK_LENGTH]]
    else:
        C[WAIT] += 1
    if C[PATIENCE] > 0 and C[WAIT] >= C[PATIENCE]:
        C[STOP] = 2
    if C[EPOCH] >= C[EPOCHS]:
        C[STOP] = 1


@entry
def advance(A, S, C, F, steps, train, valid, data, places, order, valid_data, valid_places, identity, best, history):
    """Train for `steps` steps, or until there is a reason to stop; returns the number of steps done.

    A loss that is not finite stops the run before the step that would have spoilt the weights.
    """
    done = 0
    while done < steps and C[STOP] == 0:
        if C[SHUFFLED] != C[EPOCH] + 1:
            if C[SHUFFLE]:
                shuffle(order, C[SEED], C[EPOCH])
            C[SHUFFLED] = C[EPOCH] + 1
        rows = min(C[BATCH], C[ROWS] - C[POSITION])
        if rows != C[RESOLVED]:
            resolve(train[0], train[1], train[2], rows)
            C[RESOLVED] = rows
        gather(A, data, places, order, C[POSITION], rows)
        C[STEP] += 1
        S[0] = C[STEP]
        status = run(A, S, C, train, 0, C[UPDATE_AT], 1)
        loss = float(A[C[LOSS_AT]])
        if status != 0 or not abs(loss) < math.inf:
            C[STEP] -= 1
            C[STOP] = 4 if status != 0 else 3
            break
        if run(A, S, C, train, C[UPDATE_AT], len(train[3]), 1) != 0:
            C[STOP] = 4
            break
        F[TRAIN_SUM] += loss * (1 if C[SUM_LOSS] else rows)
        C[POSITION] += rows
        done += 1
        if C[POSITION] >= C[ROWS]:
            end_epoch(A, S, C, F, valid, valid_data, valid_places, identity, best, history)
    dismiss(C)
    return done


@entry
def play_alone(A, S, C, tape, rows, lo, hi):
    """Instructions lo … hi - 1 of a tape, for `rows` rows, in one thread: what the lens steps with."""
    resolve(tape[0], tape[1], tape[2], rows)
    return play(A, S, C, tape[0], tape[3], lo, hi, 0, 1)


@entry
def predict(A, S, C, tape, data, places, identity, result, out_at, out_width, most):
    """Run a tape over all rows of `data` in batches and copy one value out."""
    total, first, now = len(identity), 0, -1
    while first < total:
        rows = min(most, total - first)
        if rows != now:
            resolve(tape[0], tape[1], tape[2], rows)
            now = rows
        gather(A, data, places, identity, first, rows)
        status = play(A, S, C, tape[0], tape[3], 0, len(tape[3]), 0, 1)
        if status != 0:
            return status
        block = A[out_at : out_at + rows * out_width]
        result[first * out_width : first * out_width + rows * out_width] = block
        first += rows
    return 0


@entry
def play_part(A, S, C, tape, rows, i, thread, threads):
    """One thread's part of one instruction: two calls do what two threads do, for the tests."""
    resolve(tape[0], tape[1], tape[2], rows)
    return execute(A, S, C, tape[0], tape[3][i], thread, threads)
