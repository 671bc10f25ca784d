"""The rows of a training, how much each counts, and how good answers to them are.  Nothing here knows of networks.

arrays.py    what people hand over as arrays of finite numbers
targets.py   targets as a loss wants them
weights.py   how much each row counts, and each class;  weighting.py: a column of the table as those weights
dividing.py  the rows read and divided into parts, and the part that a run is judged on
metrics.py   how good the answers are;  label_scores.py: where a row has several labels
scores.py    every figure of merit, with an interval
evidence.py  what a judgement rests on: worst rows, calibration, what each column is worth
"""
