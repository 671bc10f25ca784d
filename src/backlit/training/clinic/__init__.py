"""The doctor at work on a run: what he may look at and try, what it costs, and what one types to mend it.

    patients.py  a run as the doctor's patient
    trials.py    training again from the same start, with one change or looked at
    quick.py     the quick diagnosis after every training
    advising.py  how a person makes a change, as a command and in Python;  remedies.py: where no setting mends it
    watching.py  what a person sees while the doctor works

The findings themselves are in `backlit.doctor`; `backlit.diagnose` is in `whole/`, since it may have to train first.
"""
