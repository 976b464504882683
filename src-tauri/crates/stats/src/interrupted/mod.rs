//! What one change did to a series, against controls: synthetic control and structural regression.
