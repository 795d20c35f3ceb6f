"""Constants of equations from data: a joint fit of fields and constants, with intervals."""
