"""Words and cells from values: pure functions of a value, a clock and a width."""
