//! The text of one scrape: families of samples, as OpenMetrics or in Prometheus' older
//! text format.
//!
//! ```text
//! # HELP zserver_statements Statements that are over        (OpenMetrics 1.0)
//! # TYPE zserver_statements counter
//! zserver_statements_total{kind="select",sqlstate_class="00"} 7
//! # EOF
//! ```
//! The older format (`text/plain; version=0.0.4`) has the names of counters with their
//! `_total` in the first two lines, and no last line.

use std::fmt::{self, Write};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::count::Distribution;

/// How a page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    OpenMetrics,
    Classic,
}

impl Format {
    /// What an `Accept` header asks for: OpenMetrics only if it is named.
    pub fn of(accept: &str) -> Format {
        match accept.to_ascii_lowercase().contains("application/openmetrics-text") {
            true => Format::OpenMetrics,
            false => Format::Classic,
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Classic => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The labels of a sample.
pub type Labels = Vec<(&'static str, String)>;

#[derive(Debug)]
enum Samples {
    Counter(Vec<(Labels, f64)>),
    Gauge(Vec<(Labels, f64)>),
    Histogram(Vec<(Labels, Distribution)>),
}

#[derive(Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    samples: Samples,
}

/// The families of one scrape, in their order.
#[derive(Debug, Default)]
pub struct Page(Vec<Family>);

impl Page {
    fn add(&mut self, name: &'static str, help: &'static str, samples: Samples) {
        debug_assert!(!self.0.iter().any(|family| family.name == name), "{name} is there");
        self.0.push(Family { name, help, samples });
    }

    /// A number that only grows; `name` is without `_total`.
    pub fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.counters(name, help, vec![(Vec::new(), value as f64)]);
    }

    pub fn counters(&mut self, name: &'static str, help: &'static str, all: Vec<(Labels, f64)>) {
        self.add(name, help, Samples::Counter(escaped(all)));
    }

    pub fn gauge(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.gauges(name, help, vec![(Vec::new(), value)]);
    }

    pub fn gauges(&mut self, name: &'static str, help: &'static str, all: Vec<(Labels, f64)>) {
        self.add(name, help, Samples::Gauge(escaped(all)));
    }

    pub fn histograms(
        &mut self,
        name: &'static str,
        help: &'static str,
        all: Vec<(Labels, Distribution)>,
    ) {
        self.add(name, help, Samples::Histogram(escaped(all)));
    }

    /// The text of all.
    pub fn write(self, format: Format) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        text::encode(&mut text, &registry)?;
        match format {
            Format::OpenMetrics => Ok(text),
            Format::Classic => classic(&text),
        }
    }
}

/// Values of labels may hold anything; the library writes them as they are.
fn escaped<T>(mut all: Vec<(Labels, T)>) -> Vec<(Labels, T)> {
    for (_, value) in all.iter_mut().flat_map(|(labels, _)| labels) {
        if value.contains(['\\', '"', '\n']) {
            *value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        }
    }
    all
}

impl Collector for Page {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        for family in &self.0 {
            family.encode(&mut encoder)?;
        }
        Ok(())
    }
}

impl Family {
    fn encode(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let kind = match self.samples {
            Samples::Counter(_) => MetricType::Counter,
            Samples::Gauge(_) => MetricType::Gauge,
            Samples::Histogram(_) => MetricType::Histogram,
        };
        let mut metric = encoder.encode_descriptor(self.name, self.help, None, kind)?;
        match &self.samples {
            Samples::Counter(all) => each(&mut metric, all, |metric, value| {
                metric.encode_counter::<NoLabelSet, f64, f64>(value, None)
            }),
            Samples::Gauge(all) => {
                each(&mut metric, all, |metric, value| metric.encode_gauge(value))
            }
            Samples::Histogram(all) => each(&mut metric, all, |metric, value| {
                metric.encode_histogram::<NoLabelSet>(value.sum, value.count, &value.buckets, None)
            }),
        }
    }
}

fn each<T>(
    metric: &mut MetricEncoder<'_>,
    all: &[(Labels, T)],
    encode: impl Fn(&mut MetricEncoder<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (labels, value) in all {
        match labels.is_empty() {
            true => encode(metric, value)?,
            false => encode(&mut metric.encode_family(labels)?, value)?,
        }
    }
    Ok(())
}

/// The same in the older format.
fn classic(open_metrics: &str) -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(open_metrics.len());
    let mut lines = open_metrics.lines();
    while let Some(line) = lines.next() {
        match line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            Some((name, help)) => {
                let type_line = lines.next().unwrap_or_default();
                let kind = type_line.rsplit(' ').next().unwrap_or_default();
                let suffix = if kind == "counter" { "_total" } else { "" };
                writeln!(text, "# HELP {name}{suffix} {help}\n# TYPE {name}{suffix} {kind}")?;
            }
            None if line == "# EOF" => {}
            None => writeln!(text, "{line}")?,
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let mut page = Page::default();
        page.counter("zserver_rows", "Rows", 3);
        page.gauges(
            "zserver_size",
            "Sizes",
            vec![(vec![("database", "a\"\\\nb".to_owned())], 1.5)],
        );
        let distribution = Distribution::new(2.0, vec![(0.5, 1), (f64::MAX, 2)]);
        page.histograms(
            "zserver_took",
            "Times",
            vec![(vec![("kind", "x".to_owned())], distribution)],
        );
        page
    }

    #[test]
    fn both_formats_are_written() {
        let open = "# HELP zserver_rows Rows\n# TYPE zserver_rows counter\nzserver_rows_total 3.0\n\
            # HELP zserver_size Sizes\n# TYPE zserver_size gauge\n\
            zserver_size{database=\"a\\\"\\\\\\nb\"} 1.5\n\
            # HELP zserver_took Times\n# TYPE zserver_took histogram\n\
            zserver_took_sum{kind=\"x\"} 2.0\nzserver_took_count{kind=\"x\"} 3\n\
            zserver_took_bucket{le=\"0.5\",kind=\"x\"} 1\n\
            zserver_took_bucket{le=\"+Inf\",kind=\"x\"} 3\n";
        let text = page().write(Format::OpenMetrics).unwrap();
        assert_eq!(text, format!("{open}# EOF\n"));
        let older = open
            .replace("HELP zserver_rows ", "HELP zserver_rows_total ")
            .replace("TYPE zserver_rows ", "TYPE zserver_rows_total ");
        assert_eq!(page().write(Format::Classic).unwrap(), older);
    }

    #[test]
    fn the_older_format_is_the_usual_one() {
        assert_eq!(Format::of("*/*"), Format::Classic);
        assert_eq!(Format::of("text/plain;version=0.0.4"), Format::Classic);
        let asked = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2";
        assert_eq!(Format::of(asked), Format::OpenMetrics);
    }
}
