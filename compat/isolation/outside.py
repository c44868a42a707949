"""Specs about what this project leaves out, with the reason. They are not run."""

OUTSIDE = {
    "freeze-the-dead": "VACUUM FREEZE of heap pages and multixacts",
    "insert-conflict-specconflict": "speculative insertion of heap tuples: its tokens, and when index expressions are computed",
    "horizons": "counts heap pages that VACUUM may prune, by EXPLAIN (BUFFERS)",
    "intra-grant-inplace": "updates of heap tuples of pg_class in place",
    "intra-grant-inplace-db": "updates of heap tuples of pg_database in place",
    "inplace-inval": "updates of heap tuples of pg_class in place",
    "predicate-gist": "a GiST index over points",
    "predicate-hash": "a hash index",
    "prepared-transactions": "two-phase commit",
    "prepared-transactions-cic": "two-phase commit",
    "stats": "the cumulative statistics system",
    "vacuum-no-cleanup-lock": "cleanup locks of heap pages",
}
