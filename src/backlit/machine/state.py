"""The machine's state: one row of integers that Python and the compiled loop share, its fields by name.

Kernels get the whole row; the field names are constants in their text (`C[SEED]`).
"""

from __future__ import annotations

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
    # the job
    "ROWS",
    "BATCH",
    "SHUFFLE",
    "EPOCHS",
    "PATIENCE",  # 0: never stop early
    "VALID_ROWS",
    "VALID_BATCH",
    "SUM_LOSS",  # 1: the loss is a sum over the batch's rows, 0: a mean
    "UPDATE_AT",
    "LOSS_AT",  # places in the arena
    "VALID_LOSS_AT",
    "VALID_HITS_AT",  # -1: not counted
    "BLOCK_AT",  # θ and the running averages behind it: what the best epoch's weights are copied from
    "BLOCK_LENGTH",
    # how it is run
    "RESOLVED",  # the number of rows that the training tape is resolved for
    "VALID_RESOLVED",
    "STATUS",  # of the kernel that gave up; 0: all is well
    "FAILED",  # its instruction
    "GEMM",  # addresses
    "YIELD",
    "THREADS",
    # what the two threads say to each other
    "ARRIVED",
    "TURN",
    "JOB",
    "JOB_TAPE",
    "JOB_LO",
    "JOB_HI",
)
PLACE = {name: i for i, name in enumerate(FIELDS)}
REASONS = {0: "", 1: "epochs", 2: "early", 3: "not finite", 4: "kernel"}
# sums of the epoch that is running, and the best loss so far
SUMS = ("TRAIN_SUM", "BEST")
HISTORY = ("train_loss", "valid_loss", "valid_hits", "learning_rate")
EVERY_CACHE_LINE = 8  # int64 in 64 bytes
