"""FAST: the compiled machine that runs tapes.  The only folder that imports numba, and it does so late."""
