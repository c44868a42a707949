//! Exact search and the graph on one set of vectors, in process; a JSON object a line.
//!
//! ```text
//! bench BASE.npy QUERY.npy [--m M] [--ef-construction N] [--threads N] [--exact-only]
//! ```
//! Vectors (f2 or f4) are made unit vectors and compared by inner product, as
//! `compat/vector/bench.py` does with the libraries it measures beside this.

use std::time::Instant;
use zserver_vector::codes::Quantizer;
use zserver_vector::exact;
use zserver_vector::graph::Parameters;
use zserver_vector::index::{Index, Search};
use zserver_vector::space::{Dense, DenseQuery, Listed, Space};
use zserver_vector::{Hit, Metric, simd};

const K: usize = 10;
/// Each figure is of the best of so many runs.
const RUNS: u32 = 3;
const WALK_RUNS: u32 = 12;

struct Options {
    base: String,
    query: String,
    parameters: Parameters,
    threads: usize,
    exact_only: bool,
}

fn main() {
    let options = options();
    let (dims, base) = read_npy(&options.base);
    let (_, queries) = read_npy(&options.query);
    let (base, queries): (Vec<&[f32]>, Vec<&[f32]>) =
        (base.chunks_exact(dims).collect(), queries.chunks_exact(dims).collect());
    println!("{{\"level\": \"{:?}\", \"count\": {}, \"dims\": {dims}}}", simd::level(), base.len());

    // Unit vectors: the squared L2 distance orders as the inner product does.
    let quantizer = Quantizer::new(dims, Metric::Cosine, base.iter().step_by(7).copied());
    let Parameters { m, ef_construction } = options.parameters;
    let parameters = Parameters::at_least(m, ef_construction);
    let index = Index::new(Dense::<f32>::new(quantizer), parameters);
    let start = Instant::now();
    for (row, vector) in base.iter().enumerate() {
        index.insert(vector, row as u64, 1).expect("memory for the vectors");
    }
    let inserted = start.elapsed().as_secs_f64();
    let truth = exact_search(&index, &base, &queries);
    if options.exact_only {
        return;
    }

    let start = Instant::now();
    index.link_all(options.threads).expect("memory for the graph");
    let linked = start.elapsed().as_secs_f64();
    let Parameters { m, ef_construction } = parameters;
    println!(
        "{{\"build\": {{\"m\": {m}, \"ef_construction\": {ef_construction}, \"threads\": {}, \
         \"coded_seconds\": {inserted:.2}, \"linked_seconds\": {linked:.2}, \"bytes_per_vector\": {}}}}}",
        options.threads,
        index.stats().bytes / base.len(),
    );
    for one_in in [2, 10, 100] {
        listed(&index, &queries, one_in);
    }
    for ef in [10, 14, 16, 18, 20, 22, 24, 28, 32, 40, 64, 80, 100] {
        walk(&index, &queries, &truth, ef);
    }
}

/// Exact search one query at a time and all at once, checked against comparing everything.
fn exact_search(index: &Index<Dense<f32>>, base: &[&[f32]], queries: &[&[f32]]) -> Vec<Vec<Hit>> {
    let (space, slots) = (index.space(), (0..base.len() as u32).collect::<Vec<_>>());
    let asked: Vec<DenseQuery<f32>> = queries.iter().map(|query| space.query(query)).collect();
    let shared = best_of(RUNS, || exact::nearest(space, &asked, K, &slots));
    let one = best_of(RUNS, || {
        let one = |query| exact::nearest(space, std::slice::from_ref(query), K, &slots);
        asked.iter().map(|query| one(query).pop().expect("a result")).collect::<Vec<_>>()
    });
    let full = best_of(RUNS, || {
        let full = |query| exact::nearest_plain(space, query, K, &slots);
        asked.iter().map(full).collect::<Vec<_>>()
    });
    assert_eq!(shared.1, full.1, "a shared scan finds what comparing everything finds");
    assert_eq!(one.1, full.1, "a scan finds what comparing everything finds");
    let each = |seconds: f64| seconds * 1e3 / queries.len() as f64;
    println!(
        "{{\"exact\": {{\"one_ms\": {:.3}, \"shared_ms\": {:.3}, \"full_ms\": {:.3}}}}}",
        each(one.0),
        each(shared.0),
        each(full.0)
    );
    full.1
}

fn best_of<R>(runs: u32, run: impl Fn() -> R) -> (f64, R) {
    let mut best = f64::INFINITY;
    let mut result = None;
    for _ in 0..runs {
        let start = Instant::now();
        result = Some(run());
        best = best.min(start.elapsed().as_secs_f64());
    }
    (best, result.expect("it ran"))
}

/// The nearest of some slots that are known, one of so many by chance.
fn listed(index: &Index<Dense<f32>>, queries: &[&[f32]], one_in: usize) {
    let mut random = zserver_vector::Random::new(7);
    let all = 0..index.stats().slots;
    let listed: Vec<u32> = all.filter(|_| random.below(one_in) == 0).collect();
    let gathered = index.gather(&listed);
    let time = |gathered| {
        let listed = Some(Listed { slots: &listed, gathered });
        let search = Search { k: K, ef: K, at: 1, filter: None, listed };
        let (seconds, found) = best_of(WALK_RUNS, || {
            let one = |query: &&[f32]| index.search(&index.space().query(query), &search);
            queries.iter().map(one).collect::<Vec<_>>()
        });
        (seconds * 1e6 / queries.len() as f64, found)
    };
    let (scattered, together) = (time(None), time(gathered.as_ref()));
    assert_eq!(scattered.1, together.1, "codes that are kept twice are the same");
    println!(
        "{{\"listed\": {{\"slots\": {}, \"scattered_us\": {:.1}, \"gathered_us\": {:.1}}}}}",
        listed.len(),
        scattered.0,
        together.0
    );
}

fn walk(index: &Index<Dense<f32>>, queries: &[&[f32]], truth: &[Vec<Hit>], ef: usize) {
    let search = Search { k: K, ef, at: 1, filter: None, listed: None };
    let (seconds, found) = best_of(WALK_RUNS, || {
        let one = |query: &&[f32]| index.search(&index.space().query(query), &search);
        queries.iter().map(one).collect::<Vec<_>>()
    });
    let hits: usize = found
        .iter()
        .zip(truth)
        .map(|(found, truth)| {
            let is_true = |hit: &&Hit| truth.iter().any(|true_hit| true_hit.slot == hit.slot);
            found.hits.iter().filter(is_true).count()
        })
        .sum();
    let evaluations: u64 = found.iter().map(|found| found.evaluations).sum();
    println!(
        "{{\"walk\": {{\"ef\": {ef}, \"recall\": {:.4}, \"qps\": {:.0}, \"evaluations\": {}}}}}",
        hits as f64 / (queries.len() * K) as f64,
        queries.len() as f64 / seconds,
        evaluations / queries.len() as u64
    );
}

fn options() -> Options {
    let mut arguments = std::env::args().skip(1);
    let mut paths = Vec::new();
    let mut options = Options {
        base: String::new(),
        query: String::new(),
        parameters: Parameters::default(),
        threads: 1,
        exact_only: false,
    };
    while let Some(argument) = arguments.next() {
        let mut number = || -> usize {
            let value = arguments.next().and_then(|value| value.parse().ok());
            value.unwrap_or_else(|| panic!("{argument} needs a number"))
        };
        match argument.as_str() {
            "--m" => options.parameters.m = number(),
            "--ef-construction" => options.parameters.ef_construction = number(),
            "--threads" => options.threads = number(),
            "--exact-only" => options.exact_only = true,
            _ => paths.push(argument),
        }
    }
    let [base, query] = paths.try_into().expect("two files: the base and the queries");
    Options { base, query, ..options }
}

/// The second dimension and the unit vectors of a two-dimensional array of f2 or f4.
fn read_npy(path: &str) -> (usize, Vec<f32>) {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..10 + length]).into_owned();
    let body = &bytes[10 + length..];
    let shape = header.split("'shape': (").nth(1).and_then(|rest| rest.split(')').next());
    let dims: usize = shape
        .and_then(|shape| shape.split(',').nth(1))
        .and_then(|dims| dims.trim().parse().ok())
        .unwrap_or_else(|| panic!("{path}: not two-dimensional: {header}"));
    let mut values: Vec<f32> = if header.contains("<f2") {
        let half = |bytes: &[u8]| half::f16::from_le_bytes([bytes[0], bytes[1]]).to_f32();
        body.chunks_exact(2).map(half).collect()
    } else if header.contains("<f4") {
        let float = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().expect("four bytes"));
        body.chunks_exact(4).map(float).collect()
    } else {
        panic!("{path}: neither f2 nor f4: {header}")
    };
    for vector in values.chunks_exact_mut(dims) {
        let norm = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|v| *v /= norm);
    }
    (dims, values)
}
