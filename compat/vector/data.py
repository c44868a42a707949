"""Vectors for the benchmarks: real embeddings from files, or synthetic clusters; and the true neighbours."""

import numpy


def load(path, count=None):
    """Unit vectors of a `.npy` file, as float32."""
    vectors = numpy.load(path, mmap_mode="r")
    vectors = numpy.asarray(vectors[:count], dtype=numpy.float32)
    return unit(vectors)


def unit(vectors):
    return numpy.ascontiguousarray(vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True))


def clusters(count, dims, queries, seed=1, centers=1_000, spread=0.6):
    """Points around centers, and queries from the same; not uniform, as embeddings are not."""
    random = numpy.random.default_rng(seed)
    middle = random.standard_normal((centers, dims), dtype=numpy.float32)

    def some(number):
        chosen = random.integers(0, centers, number)
        return unit(middle[chosen] + spread * random.standard_normal((number, dims), dtype=numpy.float32))

    return some(count), some(queries)


def widened(vectors, count, seed=1):
    """More vectors like those that there are: a step from one towards a neighbour of the same file."""
    if count <= len(vectors):
        return vectors[:count]
    random = numpy.random.default_rng(seed)
    more = count - len(vectors)
    from_, to = random.integers(0, len(vectors), more), random.integers(0, len(vectors), more)
    mixed = vectors[from_] + random.uniform(0.05, 0.25, (more, 1)).astype(numpy.float32) * vectors[to]
    return unit(numpy.concatenate([vectors, mixed]))


def truth(base, queries, k, mask=None):
    """The keys of the `k` nearest by L2, which for unit vectors is by inner product too."""
    keys = numpy.arange(len(base)) if mask is None else numpy.flatnonzero(mask)
    rows = base if mask is None else base[keys]
    found = []
    for start in range(0, len(queries), 64):
        part = queries[start : start + 64] @ rows.T
        count = min(k, part.shape[1])
        nearest = numpy.argpartition(-part, count - 1, axis=1)[:, :count] if count else numpy.zeros((len(part), 0), int)
        order = numpy.take_along_axis(-part, nearest, axis=1).argsort(axis=1)
        found.append(keys[numpy.take_along_axis(nearest, order, axis=1)])
    return numpy.concatenate(found)
