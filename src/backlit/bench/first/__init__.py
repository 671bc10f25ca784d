"""The first model: a script for each library, from the start of Python to a trained network.

    python -P first/NAME.py ROWS EPOCHS

ROWS is a file of NumPy's with `x`, `t` (training rows) and `x_new`, `t_new` (rows to judge by).  All train 30-32-16-2
with ReLU, softmax and cross-entropy by Adam in batches of 32, on standardised rows in a new order each epoch, and
print the share of right answers for the new rows.  Each is written as its library's own documentation would.

Backlit's reads the bundled set by name and draws the same split itself.  It does more than the others: it judges
validation rows after every epoch, keeps the best weights and fits a linear model to compare with.

These files are run as scripts and import nothing of this room.
"""
