# Behind either header: small things that all kernels use.  No slices are assigned to: that alone compiles for a second.

# With a plain 0 or 1 as an argument, Numba compiles a function for this very number.
FIRST, SECOND = np.int64(0), np.int64(1)  # threads
ALONE, BOTH = np.int64(1), np.int64(2)  # numbers of threads
DEEP = np.int64(256)  # rows of a strip of a product's right side at a time: 32 kB
MANY, APART_FROM = np.int64(48), np.int64(256)  # rows on the left, and numbers between those on the right, to copy it
SPINS, YIELDS, NAP_MICROSECONDS = np.int64(4000), np.int64(300), np.int64(10)  # at a barrier
ROW = np.int64(1)  # the grain of what is shared by rows
TRAINS, JUDGES = np.int64(1), np.int64(2)  # jobs


@inline
def share(count, grain, thread, threads):
    """The part lo … hi - 1 of `count` things that a thread does: whole grains, the first half for the first thread."""
    if threads == 1:
        return 0, count
    portion = ((count + grain - 1) // grain + threads - 1) // threads * grain
    return min(count, thread * portion), min(count, (thread + 1) * portion)


@inline
def fill(target, n, value):
    for i in range(n):
        target[i] = value


@inline
def copy(target, source, n):
    for i in range(n):
        target[i] = source[i]
