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
def train_batch(A, S, C, tape, data, places, order, thread, threads):
    """A thread's part of a step: its rows are gathered; forward, backward; the update if the loss is finite."""
    lo, hi = share(C[RESOLVED], ROW, thread, threads)
    gather(A, data, places, order, C[JOB_FIRST], lo, hi)
    play(A, S, C, tape, C[EXTRA], C[UPDATE_AT], thread, threads)
    if threads > 1:
        meet(C, thread)
    if C[STATUS] == 0 and abs(A[C[LOSS_AT]]) < math.inf:
        play(A, S, C, tape, C[UPDATE_AT], len(tape[3]), thread, threads)
    if threads > 1:
        meet(C, thread)


@inline
def judge_batch(A, S, C, tape, data, places, order, thread, threads):
    """A thread's part of a batch of the rows held out."""
    lo, hi = share(C[VALID_RESOLVED], ROW, thread, threads)
    gather(A, data, places, order, C[JOB_FIRST], lo, hi)
    play(A, S, C, tape, C[VALID_EXTRA], len(tape[3]), thread, threads)
    if threads > 1:
        meet(C, thread)


@inline
def begin(A, S, C, tape, extra, job, first):
    """The first thread works out the batch's scalars and calls the second one, if there is one."""
    play(A, S, C, tape, FIRST, extra, FIRST, ALONE)
    C[JOB], C[JOB_FIRST] = job, first
    if C[THREADS] > 1:
        meet(C, FIRST)


@entry(REALS, DOUBLES, WHOLES, TAPE, TAPE, REALS, TABLE, WHOLES, REALS, TABLE, WHOLES)
def help_along(A, S, C, train, valid, data, places, order, valid_data, valid_places, identity):
    """The second thread: does its part of whatever the first one does, until it is told to go."""
    while True:
        meet(C, SECOND)
        if C[JOB] == TRAINS:
            train_batch(A, S, C, train, data, places, order, SECOND, BOTH)
        elif C[JOB] == JUDGES:
            judge_batch(A, S, C, valid, valid_data, valid_places, identity, SECOND, BOTH)
        else:
            return 0


@inline
def dismiss(C):
    C[JOB] = 0
    if C[THREADS] > 1:
        meet(C, FIRST)


@inline
def validate(A, S, C, valid, data, places, identity):
    """Over the rows held out, in batches: the loss, the hits, and the rows in which all labels are right."""
    loss, right, exact, first = 0.0, 0.0, 0.0, FIRST
    while first < C[VALID_ROWS]:
        rows = min(C[VALID_BATCH], C[VALID_ROWS] - first)
        if rows != C[VALID_RESOLVED]:
            resolve(valid[0], valid[1], valid[2], rows)
            C[VALID_RESOLVED] = rows
        begin(A, S, C, valid, C[VALID_EXTRA], JUDGES, first)
        judge_batch(A, S, C, valid, data, places, identity, FIRST, C[THREADS])
        if C[STATUS] != 0:
            break
        loss += float(A[C[VALID_LOSS_AT]]) * (1 if C[SUM_LOSS] else rows)
        if C[VALID_HITS_AT] >= 0:
            right += float(A[C[VALID_HITS_AT]])
        if C[VALID_EXACT_AT] >= 0:
            exact += float(A[C[VALID_EXACT_AT]])
        first += rows
    return loss / (1 if C[SUM_LOSS] else max(1, C[VALID_ROWS])), right, exact


@inline
def cut_on_plateau(C, F, S, judged):
    """The rate is multiplied by a factor after some epochs in which the loss has not become better by the threshold."""
    if judged < F[PLATEAU_BEST] * (1 - F[PLATEAU_THRESHOLD]):
        F[PLATEAU_BEST] = judged
        C[PLATEAU_WAIT] = 0
    else:
        C[PLATEAU_WAIT] += 1
    if C[PLATEAU_COOLING] > 0:
        C[PLATEAU_COOLING] -= 1
        C[PLATEAU_WAIT] = 0
    if C[PLATEAU_WAIT] >= C[PLATEAU]:
        S[1] = max(S[1] * F[PLATEAU_FACTOR], min(S[1], F[PLATEAU_LEAST]))
        C[PLATEAU_COOLING] = C[PLATEAU_REST]
        C[PLATEAU_WAIT] = 0


@inline
def end_epoch(A, S, C, F, valid, valid_data, valid_places, identity, best, history):
    """What is due when all rows have been seen: history, validation, best weights, reasons to stop."""
    epoch = C[EPOCH]
    judged = F[TRAIN_SUM] / (1 if C[SUM_LOSS] else C[ROWS])
    history[epoch, 0] = judged
    history[epoch, 3] = S[C[RATE_AT]]
    if C[VALID_ROWS] > 0:
        judged, right, exact = validate(A, S, C, valid, valid_data, valid_places, identity)
        if C[STATUS] != 0:
            C[STOP] = 4
            return
        history[epoch, 1] = judged
        history[epoch, 2] = right
        history[epoch, 4] = exact
    F[TRAIN_SUM] = 0.0
    C[POSITION] = 0
    C[EPOCH] = epoch + 1
    if judged < F[BEST]:
        F[BEST] = judged
        C[BEST_EPOCH] = epoch + 1
        C[WAIT] = 0
        copy(best, part(A, C[BLOCK_AT], C[BLOCK_LENGTH]), C[BLOCK_LENGTH])
    else:
        C[WAIT] += 1
    if C[PLATEAU] > 0:
        cut_on_plateau(C, F, S, judged)
    if C[PATIENCE] > 0 and C[WAIT] >= C[PATIENCE]:
        C[STOP] = 2
    if C[EPOCH] >= C[EPOCHS]:
        C[STOP] = 1


@entry(
    REALS, DOUBLES, WHOLES, DOUBLES, NUMBER, TAPE, TAPE, REALS, TABLE, WHOLES, REALS, TABLE, WHOLES, REALS,
    DOUBLE_TABLE, TABLE, REALS,
)  # fmt: skip
def advance(
    A, S, C, F, steps, train, valid, data, places, order, valid_data, valid_places, identity, best, history, signs,
    records,
):  # fmt: skip
    """Train for `steps` steps, or until there is a reason to stop; returns the number of steps done.

    A loss that is not finite stops the run before the step that would have spoilt the weights.  What `signs` says,
    (place in A, length, place in a record), is copied to a record after each step.
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
        C[STEP] += 1
        S[0] = C[STEP]
        begin(A, S, C, train, C[EXTRA], TRAINS, C[POSITION])
        train_batch(A, S, C, train, data, places, order, FIRST, C[THREADS])
        loss = float(A[C[LOSS_AT]])
        if C[STATUS] != 0 or not abs(loss) < math.inf:
            C[STEP] -= 1
            C[STOP] = 4 if C[STATUS] != 0 else 3
            break
        for i in range(len(signs)):
            begin_at = done * (len(records) // steps) + signs[i, 2]
            copy(part(records, begin_at, signs[i, 1]), part(A, signs[i, 0], signs[i, 1]), signs[i, 1])
        F[TRAIN_SUM] += loss * (1 if C[SUM_LOSS] else rows)
        C[POSITION] += rows
        done += 1
        if C[POSITION] >= C[ROWS]:
            end_epoch(A, S, C, F, valid, valid_data, valid_places, identity, best, history)
    dismiss(C)
    return done


@entry(WHOLES, WHOLES)
def shuffled(order, C):
    """The order of the rows in the epoch that the run is in."""
    shuffle(order, C[SEED], C[EPOCH])
    return 0


@entry(WHOLES)
def release(C):
    """Send the second thread home where `advance` never began."""
    dismiss(C)
    return 0
