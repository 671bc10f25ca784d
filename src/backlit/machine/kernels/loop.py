# The loop: n steps at a time, all native.  Shuffle, gather, forward, backward, update, history, validation, best
# weights, early stopping.  It holds no state of its own: C, F, S and the arena say where the run stands, so it can be
# stopped after any step and gone on with, here or in another process.


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
def run(A, S, C, tape, lo, hi, job):
    """A part of a tape, with the second thread's help if there is one."""
    code, starts = tape[0], tape[3]
    if C[THREADS] == 1:
        return play(A, S, C, code, starts, lo, hi, 0, 1)
    C[JOB], C[JOB_LO], C[JOB_HI] = job, lo, hi
    meet(C, C[YIELD])
    return play(A, S, C, code, starts, lo, hi, 0, 2)


@entry(REALS, DOUBLES, WHOLES, TAPE, TAPE)
def help_along(A, S, C, train, valid):
    """The second thread: does its part of whatever the first one runs, until it is told to go (job 0)."""
    while True:
        meet(C, C[YIELD])
        if C[JOB] == 1:
            play(A, S, C, train[0], train[3], C[JOB_LO], C[JOB_HI], 1, 2)
        elif C[JOB] == 2:
            play(A, S, C, valid[0], valid[3], C[JOB_LO], C[JOB_HI], 1, 2)
        else:
            return 0


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
        if run(A, S, C, valid, 0, len(valid[3]), 2) != 0:
            break
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
        if C[STATUS] != 0:
            C[STOP] = 4
            return
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


@entry(
    REALS, DOUBLES, WHOLES, DOUBLES, NUMBER, TAPE, TAPE, REALS, TABLE, WHOLES, REALS, TABLE, WHOLES, REALS, DOUBLE_TABLE
)  # fmt: skip
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


@entry(WHOLES)
def release(C):
    """Send the second thread home when nothing else did."""
    dismiss(C)
    return 0
