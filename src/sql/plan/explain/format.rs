//! Printing plans: PostgreSQL's text, JSON, YAML and XML.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::tree::{Node, Property};
use super::{ExplainFormat, ExplainOptions, Explained};

/// The rows of EXPLAIN's result.
pub fn lines(explained: &Explained, options: &ExplainOptions) -> Vec<String> {
    match options.format {
        ExplainFormat::Text => text(explained, options),
        ExplainFormat::Json => {
            let document = Value::Array(vec![structure(explained, options)]);
            vec![indented(&document)]
        }
        ExplainFormat::Yaml => vec![yaml(explained, options)],
        ExplainFormat::Xml => vec![xml(explained, options)],
    }
}

fn has_summary(options: &ExplainOptions) -> bool {
    options.summary.unwrap_or(options.analyze)
}

fn milliseconds(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn text(explained: &Explained, options: &ExplainOptions) -> Vec<String> {
    let mut lines = Vec::new();
    text_node(&explained.root, options, 0, &mut lines);
    if let Some(id) = options.query_id {
        lines.push(format!("Query Identifier: {id}"));
    }
    if has_summary(options) {
        lines.push(format!("Planning Time: {:.3} ms", milliseconds(explained.planning)));
        if let Some(execution) = explained.execution {
            lines.push(format!("Execution Time: {:.3} ms", milliseconds(execution)));
        }
    }
    lines
}

/// Children are indented by six columns, of which the arrow takes four.
fn text_node(node: &Node, options: &ExplainOptions, depth: usize, lines: &mut Vec<String>) {
    let (arrow, inside) = match depth {
        0 => (String::new(), " ".repeat(2)),
        _ => (format!("{}->  ", " ".repeat(6 * depth - 4)), " ".repeat(6 * depth + 2)),
    };
    let mut line = format!("{arrow}{}", node.title);
    if options.costs {
        let cost = &node.cost;
        let _ = write!(
            line,
            "  (cost={:.2}..{:.2} rows={:.0} width={})",
            cost.startup, cost.total, cost.rows, cost.width
        );
    }
    if let Some(actual) = &node.actual {
        let time = milliseconds(actual.time);
        let _ = match options.timing {
            true => {
                write!(line, " (actual time={time:.3}..{time:.3} rows={} loops=1)", actual.rows)
            }
            false => write!(line, " (actual rows={} loops=1)", actual.rows),
        };
    }
    lines.push(line);
    for (name, property) in &node.properties {
        match property {
            Property::Shown(value) => lines.push(format!("{inside}{name}: {value}")),
            Property::List(values) => lines.push(format!("{inside}{name}: {}", values.join(", "))),
            Property::Line(line) => lines.push(format!("{inside}{line}")),
            Property::Titled(_) => {}
        }
    }
    for child in &node.children {
        text_node(child, options, depth + 1, lines);
    }
}

fn structure(explained: &Explained, options: &ExplainOptions) -> Value {
    let mut document = Map::new();
    document.insert("Plan".into(), Value::Object(object(&explained.root, None, options)));
    if let Some(id) = options.query_id {
        document.insert("Query Identifier".into(), json!(id));
    }
    if options.buffers {
        let mut planning = Map::new();
        buffers(&mut planning);
        document.insert("Planning".into(), Value::Object(planning));
    }
    if has_summary(options) {
        document.insert("Planning Time".into(), number(milliseconds(explained.planning), 3));
        if options.analyze {
            document.insert("Triggers".into(), Value::Array(Vec::new()));
        }
        if let Some(execution) = explained.execution {
            document.insert("Execution Time".into(), number(milliseconds(execution), 3));
        }
    }
    Value::Object(document)
}

/// A number with a fixed count of decimals.
fn number(value: f64, decimals: usize) -> Value {
    let text = format!("{value:.decimals$}");
    text.parse().map(Value::Number).unwrap_or(Value::Null)
}

fn object(node: &Node, relationship: Option<&str>, options: &ExplainOptions) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("Node Type".into(), json!(node.kind));
    if let Some(relationship) = relationship {
        object.insert("Parent Relationship".into(), json!(relationship));
    }
    object.insert("Parallel Aware".into(), json!(false));
    object.insert("Async Capable".into(), json!(false));
    for (name, property) in &node.properties {
        if let Property::Titled(value) = property {
            object.insert(name.clone(), json!(value));
        }
    }
    if options.costs {
        object.insert("Startup Cost".into(), number(node.cost.startup, 2));
        object.insert("Total Cost".into(), number(node.cost.total, 2));
        object.insert("Plan Rows".into(), number(node.cost.rows, 0));
        object.insert("Plan Width".into(), json!(node.cost.width));
    }
    if let Some(actual) = &node.actual {
        if options.timing {
            object.insert("Actual Startup Time".into(), number(milliseconds(actual.time), 3));
            object.insert("Actual Total Time".into(), number(milliseconds(actual.time), 3));
        }
        object.insert("Actual Rows".into(), json!(actual.rows));
        object.insert("Actual Loops".into(), json!(1));
    }
    for (name, property) in &node.properties {
        match property {
            Property::Shown(value) => object.insert(name.clone(), json!(value)),
            Property::List(values) => object.insert(name.clone(), json!(values)),
            Property::Titled(_) | Property::Line(_) => None,
        };
    }
    if options.buffers {
        buffers(&mut object);
    }
    if !node.children.is_empty() {
        let relationship = |index: usize| if index == 0 { "Outer" } else { "Inner" };
        let children = node.children.iter().enumerate().map(|(index, child)| {
            Value::Object(self::object(child, Some(relationship(index)), options))
        });
        object.insert("Plans".into(), Value::Array(children.collect()));
    }
    object
}

/// The counts of buffers, all 0 ([`ExplainOptions::buffers`]).
fn buffers(object: &mut Map<String, Value>) {
    for kind in ["Shared", "Local"] {
        for what in ["Hit", "Read", "Dirtied", "Written"] {
            object.insert(format!("{kind} {what} Blocks"), json!(0));
        }
    }
    for what in ["Read", "Written"] {
        object.insert(format!("Temp {what} Blocks"), json!(0));
    }
}

/// JSON with PostgreSQL's indentation of two columns.
fn indented(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    // An empty list has a line for its end.
    text.replace("\"Triggers\": []", "\"Triggers\": [\n    ]")
}

fn yaml(explained: &Explained, options: &ExplainOptions) -> String {
    let mut out = String::new();
    if let Value::Object(document) = structure(explained, options) {
        yaml_object(&document, 0, true, &mut out);
    }
    out.trim_end().to_owned()
}

/// An object whose first key follows a list's dash when `in_list`.
fn yaml_object(object: &Map<String, Value>, depth: usize, in_list: bool, out: &mut String) {
    let pad = "  ".repeat(depth);
    for (index, (name, value)) in object.iter().enumerate() {
        match index == 0 && in_list {
            true => {
                let _ = write!(out, "{pad}- ");
            }
            false => {
                let _ = write!(out, "{pad}{}", if in_list { "  " } else { "" });
            }
        }
        let inner = depth + usize::from(in_list) + 1;
        match value {
            Value::Object(child) => {
                let _ = writeln!(out, "{name}: ");
                yaml_object(child, inner, false, out);
            }
            Value::Array(items) => {
                let _ = writeln!(out, "{name}: ");
                for item in items {
                    match item {
                        Value::Object(child) => yaml_object(child, inner, true, out),
                        item => {
                            let _ = writeln!(out, "{}- {item}", "  ".repeat(inner));
                        }
                    }
                }
            }
            value => {
                let _ = writeln!(out, "{name}: {value}");
            }
        }
    }
}

fn xml(explained: &Explained, options: &ExplainOptions) -> String {
    let mut out = String::from("<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n");
    out.push_str("  <Query>\n");
    if let Value::Object(document) = structure(explained, options) {
        xml_object(&document, 2, &mut out);
    }
    out.push_str("  </Query>\n</explain>");
    out
}

fn xml_object(object: &Map<String, Value>, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    for (name, value) in object {
        let tag = name.replace(' ', "-");
        match value {
            Value::Object(child) => {
                let _ = writeln!(out, "{pad}<{tag}>");
                xml_object(child, depth + 1, out);
                let _ = writeln!(out, "{pad}</{tag}>");
            }
            Value::Array(items) => {
                let _ = writeln!(out, "{pad}<{tag}>");
                for item in items {
                    match item {
                        Value::Object(child) => {
                            let _ = writeln!(out, "{pad}  <Plan>");
                            xml_object(child, depth + 2, out);
                            let _ = writeln!(out, "{pad}  </Plan>");
                        }
                        item => {
                            let _ = writeln!(out, "{pad}  <Item>{}</Item>", escaped(item));
                        }
                    }
                }
                let _ = writeln!(out, "{pad}</{tag}>");
            }
            value => {
                let _ = writeln!(out, "{pad}<{tag}>{}</{tag}>", escaped(value));
            }
        }
    }
}

fn escaped(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn explained() -> Explained {
        let mut root = Node::new("Limit", "Limit");
        let mut scan = Node::new("Seq Scan", "Seq Scan on t");
        scan.text("Relation Name", "t");
        scan.properties.push(("Filter".into(), Property::Shown("(a > 1)".into())));
        root.children.push(scan);
        Explained { root, planning: Duration::ZERO, execution: None }
    }

    #[test]
    fn text_is_indented_as_in_postgresql() {
        let options = ExplainOptions { costs: false, ..ExplainOptions::default() };
        let expected = ["Limit", "  ->  Seq Scan on t", "        Filter: (a > 1)"];
        assert_eq!(lines(&explained(), &options), expected);
    }

    #[test]
    fn json_has_postgresqls_keys() {
        let options = ExplainOptions { format: ExplainFormat::Json, ..Default::default() };
        let text = lines(&explained(), &options).remove(0);
        let value: Value = serde_json::from_str(&text).unwrap();
        let child = &value[0]["Plan"]["Plans"][0];
        assert_eq!(child["Node Type"], "Seq Scan");
        assert_eq!(child["Parent Relationship"], "Outer");
        assert_eq!(child["Filter"], "(a > 1)");
    }
}
