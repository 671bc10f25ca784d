"""Whole trainings: from a source to a run that is judged; several of them; gone on with, mended, diagnosed.

pipeline.py    `backlit.train`: load, split, prepare, train, judge, keep
progress.py    what a person sees while it trains
judging.py     a trained network judged;  baseline.py: what a constant and the best linear model get
data_sizes.py  the learning curve by size
group.py       folds, or several seeds (`backlit.cross_validate`, `backlit.repeat`)
resuming.py    going on with a run (`backlit.resume`)
diagnosing.py  `backlit.diagnose`;  revisiting.py: runs and models as it finds them, from their folder or file
repairing.py   a remedy applied: the same training with a change
"""
