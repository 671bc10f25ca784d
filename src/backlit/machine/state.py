"""The machine's state: one row of integers that Python and the compiled loop share, its fields by name.

Kernels get the whole row; the field names are constants in their text (`C[SEED]`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

FIELDS = (
    # where the run stands: with the blocks and the scalars this is all that a snapshot needs
    "SEED",
    "STEP",  # steps done, counted from 0
    "EPOCH",  # epochs done
    "POSITION",  # rows of this epoch done
    "SHUFFLED",  # the epoch whose order lies in `order`, plus 1
    "BEST_EPOCH",
    "WAIT",  # epochs since the best one
    "STOP",  # why the loop ended: see REASONS
    "PLATEAU_WAIT",  # epochs since the loss was last better by the threshold
    "PLATEAU_COOLING",  # epochs in which none is counted yet
    # the job
    "ROWS",
    "BATCH",
    "SHUFFLE",
    "EPOCHS",
    "PATIENCE",  # 0: never stop early
    "PLATEAU",  # the epoch without progress in which the rate is cut; 0: never
    "PLATEAU_REST",  # epochs of rest after a cut
    "RATE_AT",  # place of the rate in force among the scalars
    "VALID_ROWS",
    "VALID_BATCH",
    "SUM_LOSS",  # 1: the loss is a sum over the batch's rows, 0: a mean
    "EXTRA",  # instructions before the tape's first one: the scalars of the step, worked out by the first thread
    "VALID_EXTRA",
    "UPDATE_AT",
    "LOSS_AT",  # places in the arena
    "VALID_LOSS_AT",
    "VALID_HITS_AT",  # -1: not counted
    "VALID_EXACT_AT",
    "BLOCK_AT",  # θ and the running averages behind it: what the best epoch's weights are copied from
    "BLOCK_LENGTH",
    # how it is run
    "RESOLVED",  # the number of rows that the training tape is resolved for
    "VALID_RESOLVED",
    "STATUS",  # of the kernel that gave up; 0: all is well
    "FAILED",  # its instruction
    "YIELD",  # addresses
    "NAP",
    "THREADS",
    "REGISTERS",  # elements of scratch memory of each thread
    "JOB",  # what the second thread shall do: 0 go home, 1 a training step, 2 a batch of the rows held out
    "JOB_FIRST",  # the first of the batch's rows, in the order of the epoch
)
PLACE = {name: i for i, name in enumerate(FIELDS)}
REASONS = {0: "", 1: "epochs", 2: "early", 3: "not finite", 4: "kernel", 5: "converged"}
# Real numbers: the sum of the epoch that is running, the best loss so far; the best one that counts for a plateau, and
# what is done on it (`kernels/loop.py`).
SUMS = ("TRAIN_SUM", "BEST", "PLATEAU_BEST", "PLATEAU_FACTOR", "PLATEAU_THRESHOLD", "PLATEAU_LEAST")
HISTORY = ("train_loss", "valid_loss", "valid_hits", "learning_rate", "valid_exact")
# Each thread counts its arrivals at a barrier in a place of its own, far from what others write: 16 int64 are the two
# cache lines that processors fetch together.
APART = 16
CONSTANTS = {
    "BLOCK": 256,  # elements of a register of the formula machine: 1 kB, all of them fit the first-level cache
    "APART": APART,
    "ARRIVALS": -(-len(FIELDS) // APART) * APART,
}
BLOCK = CONSTANTS["BLOCK"]


def new_state() -> np.ndarray[Any, Any]:
    """A state with all fields 0 and the threads' counters of arrivals behind them."""
    return np.zeros(CONSTANTS["ARRIVALS"] + 2 * APART, dtype=np.int64)
