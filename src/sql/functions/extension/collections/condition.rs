//! Filters of collections: read from JSON, and asked of payloads.
//!
//! ```json
//! {"must": [{"key": "city", "match": {"value": "Oslo"}}, {"key": "price", "range": {"lt": 10}}],
//!  "should": […], "must_not": […], "min_should": {"conditions": […], "min_count": 2}}
//! ```
//! The grammar and what it means are Qdrant's. A key that leads to an array is asked of each
//! element: one that matches is enough. Conditions on ids, vectors and typed columns are
//! for who has the row ([`Condition::HasId`], …): of a payload they are false.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::instant;
use super::path::Path;
use crate::error::{Error, Result};
use crate::sql::types::json::{JsonKind, JsonRef};
use crate::sqlstate;

/// Conditions of one filter, those of filters within it among them.
pub const CONDITIONS_MAX: usize = 1_000;

/// All of `must`, none of `must_not`, one of `should` if there are some, and so many of
/// `min_should`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub must: Vec<Condition>,
    pub should: Vec<Condition>,
    pub must_not: Vec<Condition>,
    pub min_should: Option<(Vec<Condition>, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Field {
        key: String,
        path: Path,
        test: Test,
    },
    /// Elements of an array of objects, one of which passes.
    Nested {
        key: String,
        path: Path,
        filter: Filter,
    },
    Filter(Filter),
    HasId(Vec<Value>),
    HasVector(String),
    /// A typed column beside the payload.
    Column {
        name: String,
        test: Test,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    Value(Scalar),
    Any(Vec<Scalar>),
    Except(Vec<Scalar>),
    /// Words that all have to be there.
    Words(String),
    /// Words of which one has to be there.
    AnyWord(String),
    /// Words that follow each other.
    Phrase(String),
    Prefix(String),
    Substring(String),
    Range(Range<f64>),
    /// Microseconds since 1970.
    Instants(Range<i64>),
    Count(Range<f64>),
    IsEmpty(bool),
    IsNull(bool),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    Bool(bool),
    Integer(i64),
    Text(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range<T> {
    pub lt: Option<T>,
    pub lte: Option<T>,
    pub gt: Option<T>,
    pub gte: Option<T>,
}

impl<T: PartialOrd + Copy> Range<T> {
    pub fn contains(&self, value: T) -> bool {
        self.lt.is_none_or(|bound| value < bound)
            && self.lte.is_none_or(|bound| value <= bound)
            && self.gt.is_none_or(|bound| value > bound)
            && self.gte.is_none_or(|bound| value >= bound)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawFilter {
    must: Option<OneOrMany>,
    should: Option<OneOrMany>,
    must_not: Option<OneOrMany>,
    min_should: Option<RawMinShould>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMinShould {
    conditions: Vec<Value>,
    min_count: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawField {
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    column: Option<String>,
    #[serde(default, rename = "match")]
    matching: Option<RawMatch>,
    #[serde(default)]
    range: Option<Range<Value>>,
    #[serde(default)]
    values_count: Option<Range<f64>>,
    #[serde(default)]
    is_empty: Option<bool>,
    #[serde(default)]
    is_null: Option<bool>,
    #[serde(default)]
    geo_bounding_box: Option<Value>,
    #[serde(default)]
    geo_radius: Option<Value>,
    #[serde(default)]
    geo_polygon: Option<Value>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Range<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Range<T>, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, bound = "T: Deserialize<'de>")]
        struct Raw<T> {
            #[serde(default = "Option::default")]
            lt: Option<T>,
            #[serde(default = "Option::default")]
            lte: Option<T>,
            #[serde(default = "Option::default")]
            gt: Option<T>,
            #[serde(default = "Option::default")]
            gte: Option<T>,
        }
        let Raw { lt, lte, gt, gte } = Raw::deserialize(deserializer)?;
        Ok(Range { lt, lte, gt, gte })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMatch {
    #[serde(default)]
    value: Option<Value>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    text_any: Option<String>,
    #[serde(default)]
    phrase: Option<String>,
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    substring: Option<String>,
    #[serde(default)]
    any: Option<Vec<Value>>,
    #[serde(default)]
    except: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfKey {
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNested {
    key: String,
    filter: Value,
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

fn read<T: serde::de::DeserializeOwned>(value: &Value, what: &str) -> Result<T> {
    T::deserialize(value).map_err(|error| invalid(format!("{what} is not as expected: {error}")))
}

impl Filter {
    /// Reads a filter; `22023` for what is none, `0A000` for what is not supported.
    pub fn parse(value: &Value) -> Result<Filter> {
        let mut left = CONDITIONS_MAX;
        Filter::parse_some(value, &mut left)
    }

    fn parse_some(value: &Value, left: &mut usize) -> Result<Filter> {
        if !value.is_object() {
            return Err(invalid("a filter is an object"));
        }
        let raw: RawFilter = read(value, "a filter")?;
        let mut clause = |clause: Option<OneOrMany>| -> Result<Vec<Condition>> {
            let values = match clause {
                None => Vec::new(),
                Some(OneOrMany::Many(values)) => values,
                Some(OneOrMany::One(value)) => vec![value],
            };
            values.iter().map(|value| Condition::parse_some(value, left)).collect()
        };
        let (must, should) = (clause(raw.must)?, clause(raw.should)?);
        let must_not = clause(raw.must_not)?;
        let min_should = match raw.min_should {
            None => None,
            Some(RawMinShould { min_count: 0, .. }) => {
                return Err(invalid("min_count value 0 is invalid. Must be 1 or larger."));
            }
            Some(some) => Some((clause(Some(OneOrMany::Many(some.conditions)))?, some.min_count)),
        };
        Ok(Filter { must, should, must_not, min_should })
    }

    pub fn passes(&self, payload: JsonRef<'_>) -> bool {
        let holds = |condition: &Condition| condition.holds(payload);
        self.must.iter().all(holds)
            && !self.must_not.iter().any(holds)
            && (self.should.is_empty() || self.should.iter().any(holds))
            && self.min_should.as_ref().is_none_or(|(conditions, count)| {
                conditions.iter().filter(|condition| holds(condition)).count() as u64 >= *count
            })
    }

    /// As it is read.
    pub fn to_json(&self) -> Value {
        let all = |conditions: &[Condition]| -> Value {
            conditions.iter().map(Condition::to_json).collect()
        };
        let mut filter = Map::new();
        for (name, conditions) in
            [("must", &self.must), ("should", &self.should), ("must_not", &self.must_not)]
        {
            if !conditions.is_empty() {
                filter.insert(name.to_owned(), all(conditions));
            }
        }
        if let Some((conditions, count)) = &self.min_should {
            let some = json!({"conditions": all(conditions), "min_count": count});
            filter.insert("min_should".to_owned(), some);
        }
        Value::Object(filter)
    }
}

impl Condition {
    pub fn parse(value: &Value) -> Result<Condition> {
        let mut left = CONDITIONS_MAX;
        Condition::parse_some(value, &mut left)
    }

    fn parse_some(value: &Value, left: &mut usize) -> Result<Condition> {
        if *left == 0 {
            let message = format!("a filter has at most {CONDITIONS_MAX} conditions");
            return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
        }
        *left -= 1;
        let members = value.as_object().ok_or_else(|| invalid("a condition is an object"))?;
        let only = |name: &str| match members.get(name) {
            Some(_) if members.len() > 1 => {
                Err(invalid(format!("\"{name}\" stands alone in a condition")))
            }
            found => Ok(found),
        };
        if let Some(nested) = only("nested")? {
            let nested: RawNested = read(nested, "a nested condition")?;
            // With brackets or without, it is asked of the elements.
            let path = Path::parse(nested.key.strip_suffix("[]").unwrap_or(&nested.key))?;
            let filter = Filter::parse_some(&nested.filter, left)?;
            return Ok(Condition::Nested { key: nested.key, path, filter });
        }
        if let Some(ids) = only("has_id")? {
            return Ok(Condition::HasId(read(ids, "a list of ids")?));
        }
        if let Some(name) = only("has_vector")? {
            return Ok(Condition::HasVector(read(name, "the name of a vector")?));
        }
        if members.contains_key("slice") {
            return Err(Error::unsupported("the condition \"slice\""));
        }
        for (name, test) in [("is_empty", Test::IsEmpty(true)), ("is_null", Test::IsNull(true))] {
            if let Some(of @ Value::Object(_)) = members.get(name) {
                only(name)?;
                let OfKey { key } = read(of, "a condition")?;
                return Ok(Condition::Field { path: Path::parse(&key)?, key, test });
            }
        }
        if members.contains_key("key") || members.contains_key("column") {
            return Condition::field(read(value, "a condition")?);
        }
        Ok(Condition::Filter(Filter::parse_some(value, left)?))
    }

    fn field(raw: RawField) -> Result<Condition> {
        if [&raw.geo_bounding_box, &raw.geo_radius, &raw.geo_polygon].iter().any(|o| o.is_some()) {
            return Err(Error::unsupported("a condition on places (geo)"));
        }
        let mut tests = Vec::new();
        if let Some(matching) = raw.matching {
            tests.push(matching.test()?);
        }
        tests.extend(raw.range.map(range).transpose()?);
        tests.extend(raw.values_count.map(Test::Count));
        tests.extend(raw.is_empty.map(Test::IsEmpty));
        tests.extend(raw.is_null.map(Test::IsNull));
        let [test] = <[Test; 1]>::try_from(tests)
            .map_err(|_| invalid("a condition on a key says one thing of it"))?;
        match (raw.key, raw.column) {
            (Some(key), None) => Ok(Condition::Field { path: Path::parse(&key)?, key, test }),
            (None, Some(name)) => Ok(Condition::Column { name, test }),
            _ => Err(invalid("a condition is on a \"key\" or a \"column\"")),
        }
    }

    pub fn holds(&self, payload: JsonRef<'_>) -> bool {
        match self {
            Condition::Field { path, test, .. } => test.holds(payload, path),
            Condition::Nested { path, filter, .. } => {
                let arrays = path.values(payload, false).into_iter();
                let mut elements = arrays
                    .filter(|value| value.kind() == JsonKind::Array)
                    .flat_map(|array| array.elements().collect::<Vec<_>>())
                    .filter(|element| element.kind() == JsonKind::Object);
                elements.any(|element| filter.passes(element))
            }
            Condition::Filter(filter) => filter.passes(payload),
            Condition::HasId(_) | Condition::HasVector(_) | Condition::Column { .. } => false,
        }
    }

    pub fn to_json(&self) -> Value {
        match self {
            Condition::Field { key, test, .. } => test.to_json("key", key),
            Condition::Column { name, test } => test.to_json("column", name),
            Condition::Nested { key, filter, .. } => {
                json!({"nested": {"key": key, "filter": filter.to_json()}})
            }
            Condition::Filter(filter) => filter.to_json(),
            Condition::HasId(ids) => json!({"has_id": ids}),
            Condition::HasVector(name) => json!({"has_vector": name}),
        }
    }
}

impl RawMatch {
    fn test(self) -> Result<Test> {
        let scalars = |values: Vec<Value>| values.iter().map(scalar).collect::<Result<Vec<_>>>();
        let mut tests = Vec::new();
        if let Some(value) = &self.value {
            tests.push(Test::Value(scalar(value)?));
        }
        tests.extend(self.text.map(Test::Words));
        tests.extend(self.text_any.map(Test::AnyWord));
        tests.extend(self.phrase.map(Test::Phrase));
        tests.extend(self.prefix.map(Test::Prefix));
        tests.extend(self.substring.map(Test::Substring));
        tests.extend(self.any.map(scalars).transpose()?.map(Test::Any));
        tests.extend(self.except.map(scalars).transpose()?.map(Test::Except));
        let [test] = <[Test; 1]>::try_from(tests)
            .map_err(|_| invalid("a match is with one of value, any, except, text, …"))?;
        Ok(test)
    }
}

fn scalar(value: &Value) -> Result<Scalar> {
    match value {
        Value::Bool(value) => Ok(Scalar::Bool(*value)),
        Value::String(text) => Ok(Scalar::Text(text.clone())),
        value => value.as_i64().map(Scalar::Integer).ok_or_else(|| {
            invalid(format!("{value} is not what can be matched: a text, an integer, a boolean"))
        }),
    }
}

/// Bounds that are numbers, or instants.
fn range(raw: Range<Value>) -> Result<Test> {
    let bounds = [&raw.lt, &raw.lte, &raw.gt, &raw.gte];
    if bounds.iter().any(|bound| matches!(bound, Some(Value::String(_)))) {
        let of = |bound: Option<Value>| match bound {
            None => Ok(None),
            Some(Value::String(text)) => match instant::parse(&text) {
                None => Err(invalid(format!("\"{text}\" is not a date and time"))),
                found => Ok(found),
            },
            Some(other) => Err(invalid(format!("{other} is not a date and time"))),
        };
        let Range { lt, lte, gt, gte } = raw;
        let range = Range { lt: of(lt)?, lte: of(lte)?, gt: of(gt)?, gte: of(gte)? };
        return Ok(Test::Instants(range));
    }
    let of = |bound: Option<Value>| match bound {
        None => Ok(None),
        Some(value) => match value.as_f64() {
            None => Err(invalid(format!("{value} is not a number"))),
            found => Ok(found),
        },
    };
    let Range { lt, lte, gt, gte } = raw;
    Ok(Test::Range(Range { lt: of(lt)?, lte: of(lte)?, gt: of(gt)?, gte: of(gte)? }))
}

impl Scalar {
    fn is(&self, value: JsonRef<'_>) -> bool {
        match self {
            Scalar::Bool(own) => value.as_bool() == Some(*own),
            Scalar::Text(own) => value.as_str() == Some(own),
            Scalar::Integer(own) => value.as_numeric().is_some_and(|number| {
                // A number that is written with a fraction is not an integer.
                number.scale() == Some(0) && number.to_i64().ok() == Some(*own)
            }),
        }
    }

    pub fn to_json(&self) -> Value {
        match self {
            Scalar::Bool(value) => json!(value),
            Scalar::Integer(value) => json!(value),
            Scalar::Text(text) => json!(text),
        }
    }
}

impl Test {
    /// Whether a payload passes at a path.
    fn holds(&self, payload: JsonRef<'_>, path: &Path) -> bool {
        match self {
            Test::IsEmpty(wanted) => {
                let values = path.values(payload, false);
                let is_empty = |value: &JsonRef<'_>| match value.kind() {
                    JsonKind::Null => true,
                    JsonKind::Array => value.is_empty(),
                    _ => false,
                };
                values.iter().all(is_empty) == *wanted
            }
            Test::IsNull(wanted) => {
                let values = path.values(payload, false);
                let is_null = |value: &JsonRef<'_>| match value.kind() {
                    JsonKind::Null => true,
                    JsonKind::Array => value.elements().any(|one| one.kind() == JsonKind::Null),
                    _ => false,
                };
                values.iter().any(is_null) == *wanted
            }
            Test::Count(range) => {
                let values = path.values(payload, false);
                let count = |value: &JsonRef<'_>| match value.kind() {
                    JsonKind::Null => 0,
                    JsonKind::Array => value.len(),
                    _ => 1,
                };
                match values.is_empty() {
                    true => range.contains(0.0),
                    false => values.iter().any(|value| range.contains(count(value) as f64)),
                }
            }
            test => path.values(payload, true).into_iter().any(|value| test.accepts(value)),
        }
    }

    /// Whether one value passes.
    fn accepts(&self, value: JsonRef<'_>) -> bool {
        let text = |test: &dyn Fn(&str) -> bool| value.as_str().is_some_and(test);
        match self {
            Test::Value(own) => own.is(value),
            Test::Any(any) => any.iter().any(|own| own.is(value)),
            Test::Except(except) => {
                value.kind() != JsonKind::Null && !except.iter().any(|own| own.is(value))
            }
            Test::Words(words) => text(&|text| {
                let (wanted, found) = (tokens(words), tokens(text));
                !wanted.is_empty() && wanted.iter().all(|token| found.contains(token))
            }),
            Test::AnyWord(words) => text(&|text| {
                let found = tokens(text);
                tokens(words).iter().any(|token| found.contains(token))
            }),
            Test::Phrase(words) => text(&|text| {
                let (wanted, found) = (tokens(words), tokens(text));
                !wanted.is_empty() && found.windows(wanted.len()).any(|some| some == wanted)
            }),
            Test::Prefix(prefix) => text(&|text| text.starts_with(prefix.as_str())),
            Test::Substring(part) => text(&|text| text.contains(part.as_str())),
            Test::Range(range) => {
                value.as_numeric().is_some_and(|number| range.contains(number.to_f64()))
            }
            Test::Instants(range) => {
                let instant = value.as_str().and_then(instant::parse);
                instant.is_some_and(|instant| range.contains(instant))
            }
            Test::Count(_) | Test::IsEmpty(_) | Test::IsNull(_) => false,
        }
    }

    fn to_json(&self, on: &str, name: &str) -> Value {
        let scalars = |values: &[Scalar]| values.iter().map(Scalar::to_json).collect::<Value>();
        let (word, test) = match self {
            Test::Value(value) => ("match", json!({"value": value.to_json()})),
            Test::Any(values) => ("match", json!({"any": scalars(values)})),
            Test::Except(values) => ("match", json!({"except": scalars(values)})),
            Test::Words(words) => ("match", json!({"text": words})),
            Test::AnyWord(words) => ("match", json!({"text_any": words})),
            Test::Phrase(words) => ("match", json!({"phrase": words})),
            Test::Prefix(text) => ("match", json!({"prefix": text})),
            Test::Substring(text) => ("match", json!({"substring": text})),
            Test::Range(range) => ("range", bounds(*range, |bound| json!(bound))),
            Test::Instants(range) => ("range", bounds(*range, |at| json!(instant::print(at)))),
            Test::Count(range) => ("values_count", bounds(*range, |bound| json!(bound))),
            Test::IsEmpty(is) => ("is_empty", json!(is)),
            Test::IsNull(is) => ("is_null", json!(is)),
        };
        json!({on: name, word: test})
    }
}

fn bounds<T: Copy>(range: Range<T>, to_json: impl Fn(T) -> Value) -> Value {
    let mut found = Map::new();
    for (name, bound) in
        [("lt", range.lt), ("lte", range.lte), ("gt", range.gt), ("gte", range.gte)]
    {
        found.extend(bound.map(|bound| (name.to_owned(), to_json(bound))));
    }
    Value::Object(found)
}

/// Words, in small letters.
fn tokens(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
