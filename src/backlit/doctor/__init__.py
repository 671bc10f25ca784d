"""The doctor: why a network does not learn, proved by experiment.

    vitals.py    what is measured while a network trains: a sampled variant of its tape, and a probe of the step
                 (look_tapes.py: the tapes; measures.py: what they measure of an array)
    patient.py   all that a diagnosis may look at: network, data, settings, vital signs, and a way to try things
    finding.py   what a finding is, and the table of all of them (`CHECKS`)
    checks/      the findings, a file for each kind of ailment
    diagnosis.py from findings to one root cause with its consequences
    screen.py    suspicions are tried; repair.py: changes are joined until it is enough; stopping.py: Ctrl-C
    lottery.py   how often other first weights begin as badly;  noise.py: how noisy the gradient of a batch is
    time.py      the time that checks have, and how many rows of a large network are looked at
    signs.py     the vital signs in short;  measured.py: how often a finding was missed or told wrongly
    faces.py     a diagnosis as data, text, page, card;  text.py: its lines (the sentences: report/findings.py)

It reads tapes and runs trials; it has no engine of its own.
"""
