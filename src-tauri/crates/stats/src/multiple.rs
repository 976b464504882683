//! Many tests at once: Bonferroni, Holm, Hommel, Benjamini-Hochberg, Benjamini-Yekutieli.
