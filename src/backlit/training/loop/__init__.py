"""One training on the machine: its settings, its first step, its steps, and why it ended.

settings.py    what a training is told to do, checked;  notices.py: what can be said before it begins
fitting.py     tapes made, the loop run in slices, weights brought home
full_batch.py  L-BFGS, which asks for all rows at once;  perceptron.py: the rule for step units
probe.py       a learning rate from a look at the loss;  sequential.py: first weights fitted to the rows (LSUV)
hunt.py        where a NaN came from;  operands.py: what went into the operation that made it
predicting.py  forward only, in batches
"""
