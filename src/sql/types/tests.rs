//! Every type's forms against PostgreSQL's own answers (`tests/sql/types/*.txt`,
//! made by `expect.sql` there), and properties that hold between the forms.

use bytes::BytesMut;

use super::datetime::interval_type_name;
use super::*;

mod calls;
mod properties;

fn zone() -> datetime::Zone {
    datetime::Zone::find("America/Los_Angeles").expect("a known zone")
}

fn input_context() -> InputContext<'static> {
    InputContext { zone: zone(), ..InputContext::default() }
}

fn output_context() -> OutputContext<'static> {
    OutputContext { zone: zone(), ..OutputContext::default() }
}

/// Undoes COPY's escapes.
fn unescape(field: &str) -> String {
    let mut out = String::new();
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

fn read_cases(name: &str) -> Vec<Vec<String>> {
    let path = format!("{}/tests/sql/types/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the case file is in the repository");
    text.lines().map(|line| line.split('\t').map(unescape).collect()).collect()
}

/// Fails with the list of cases that differ.
fn assert_cases(cases: impl Iterator<Item = (String, String, String)>) {
    let mut count = 0;
    let wrong: Vec<String> = cases
        .inspect(|_| count += 1)
        .filter(|(_, expected, actual)| expected != actual)
        .map(|(case, expected, actual)| {
            format!("{case}\n    PostgreSQL: {expected}\n    here:       {actual}")
        })
        .collect();
    assert!(count > 100, "only {count} cases");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// An error as `expect.sql` writes it.
fn error_text(error: &crate::Error) -> String {
    let mut text = format!("ERROR {} {}", error.code(), error.message());
    if let Some(detail) = &error.report().detail {
        text = format!("{text} {detail}");
    }
    text
}

/// The type that a case names, as the binder would resolve it.
fn parse_type(name: &str) -> SqlType {
    if let Some(element) = name.strip_suffix("[]") {
        let element = parse_type(element);
        let array = array_of(element.oid).expect("a built-in array");
        return SqlType::with_typmod(array, element.typmod);
    }
    if name.starts_with("interval") {
        return SqlType::with_typmod(oid::INTERVAL, interval_typmod(name));
    }
    let (base, arguments) = match name.split_once('(') {
        Some((base, rest)) => {
            let numbers = rest.trim_end_matches(')').split(',');
            (base, numbers.map(|n| n.parse().expect("a number")).collect::<Vec<i32>>())
        }
        None => (name, Vec::new()),
    };
    let (type_oid, header) = match base {
        "boolean" => (oid::BOOL, 0),
        "smallint" => (oid::INT2, 0),
        "integer" => (oid::INT4, 0),
        "bigint" => (oid::INT8, 0),
        "real" => (oid::FLOAT4, 0),
        "double precision" | "float8" => (oid::FLOAT8, 0),
        "numeric" => (oid::NUMERIC, 0),
        "varchar" => (oid::VARCHAR, 4),
        "character" => (oid::BPCHAR, 4),
        "text" => (oid::TEXT, 0),
        "name" => (oid::NAME, 0),
        "\"char\"" => (oid::CHAR, 0),
        "bytea" => (oid::BYTEA, 0),
        "uuid" => (oid::UUID, 0),
        "bit" => (oid::BIT, 0),
        "bit varying" => (oid::VARBIT, 0),
        "inet" => (oid::INET, 0),
        "cidr" => (oid::CIDR, 0),
        "macaddr" => (oid::MACADDR, 0),
        "macaddr8" => (oid::MACADDR8, 0),
        "jsonpath" => (oid::JSONPATH, 0),
        "oid" => (oid::OID, 0),
        "int2vector" => (oid::INT2VECTOR, 0),
        "oidvector" => (oid::OIDVECTOR, 0),
        "date" => (oid::DATE, 0),
        "time" => (oid::TIME, 0),
        "timetz" => (oid::TIMETZ, 0),
        "timestamp" => (oid::TIMESTAMP, 0),
        "timestamptz" => (oid::TIMESTAMPTZ, 0),
        "json" => (oid::JSON, 0),
        "jsonb" => (oid::JSONB, 0),
        other => panic!("unknown type {other}"),
    };
    let typmod = match arguments[..] {
        [] => -1,
        [precision] if type_oid == oid::NUMERIC => {
            numeric::NumericTypmod { precision, scale: 0 }.encode()
        }
        [precision, scale] => numeric::NumericTypmod { precision, scale }.encode(),
        [length] => length + header,
        _ => panic!("too many arguments in {name}"),
    };
    SqlType::with_typmod(type_oid, typmod)
}

/// Finds the modifier whose name this is, among all that SQL can write.
fn interval_typmod(name: &str) -> i32 {
    if name == "interval" {
        return -1;
    }
    use datetime::interval_range;
    let fields = interval_range::YEAR
        | interval_range::MONTH
        | interval_range::DAY
        | interval_range::HOUR
        | interval_range::MINUTE
        | interval_range::SECOND;
    (0..=interval_range::FULL)
        .rev()
        .filter(|range| *range == interval_range::FULL || range & !fields == 0)
        .flat_map(|range| {
            (0..=6)
                .map(Some)
                .chain([None])
                .map(move |precision| datetime::IntervalTypmod { range, precision }.encode())
        })
        .find(|typmod| interval_type_name(*typmod) == name)
        .expect("an interval type")
}

fn read(type_name: &str, input: &str) -> crate::Result<(Datum, SqlType, Repr)> {
    let ty = parse_type(type_name);
    let repr = builtin_repr(ty.oid).expect("a built-in type");
    // A literal cast to varchar(n), char(n) or bit(n) is read whole and then cut.
    let is_cut = ["varchar", "character", "bit"].iter().any(|name| type_name.starts_with(name));
    let read_as = if is_cut { SqlType::new(ty.oid) } else { ty };
    let value = text_input(input, read_as, &repr, &input_context())?;
    Ok((apply_typmod(value, ty, true)?, ty, repr))
}

fn print(value: &Datum, ty: SqlType) -> String {
    to_text(value, ty.oid, &output_context())
}

#[test]
fn text_forms_are_those_of_postgresql() {
    let cases = read_cases("io.txt").into_iter().map(|fields| {
        let [type_name, input, expected] = &fields[..] else { panic!("bad line {fields:?}") };
        let actual = match read(type_name, input) {
            Ok((value, ty, _)) => print(&value, ty),
            Err(error) => error_text(&error),
        };
        (format!("{type_name} {input:?}"), expected.clone(), actual)
    });
    assert_cases(cases);
}

/// Every value that PostgreSQL accepts, with its type.
fn accepted_values() -> impl Iterator<Item = (String, Datum, SqlType, Repr)> {
    read_cases("io.txt").into_iter().filter_map(|fields| {
        let (value, ty, repr) = read(&fields[0], &fields[1]).ok()?;
        Some((format!("{} {:?}", fields[0], fields[1]), value, ty, repr))
    })
}

#[test]
fn binary_form_reads_back() {
    let cases = accepted_values().map(|(case, value, ty, repr)| {
        let mut bytes = BytesMut::new();
        binary_send(&value, ty.oid, &mut bytes);
        let back = binary_recv(&bytes, SqlType::new(ty.oid), &repr, &input_context());
        (case, print(&value, ty), back.map_or_else(|e| error_text(&e), |v| print(&v, ty)))
    });
    assert_cases(cases);
}

#[test]
fn arrow_form_reads_back() {
    let cases = accepted_values().map(|(case, value, ty, repr)| {
        let back = arrow::array_of([&value, &Datum::Null], &ty, &repr)
            .and_then(|array| arrow::datum_at(&*array, 0, &repr));
        let actual = match back {
            Ok(back) => print(&back, ty),
            Err(error) => error_text(&error),
        };
        (case, print(&value, ty), actual)
    });
    // What Arrow's ranges cannot hold is refused, not changed.
    let cases = cases.filter(|(_, _, actual)| {
        !(actual.starts_with("ERROR 22008") || actual.starts_with("ERROR 0A000 NaN"))
    });
    assert_cases(cases);
}

#[test]
fn key_reads_back_as_an_equal_value() {
    let cases = accepted_values().map(|(case, value, ty, repr)| {
        let mut bytes = Vec::new();
        key::encode(&value, &repr, &mut bytes);
        let mut rest = bytes.as_slice();
        let back = key::decode(&mut rest, &repr).expect("a key decodes");
        assert!(rest.is_empty(), "{case}: bytes left over");
        assert!(compare(&value, &back, &repr).is_eq(), "{case}: {value:?} became {back:?}");
        if key::keeps_value(&repr) {
            (case, print(&value, ty), print(&back, ty))
        } else {
            (case, String::new(), String::new())
        }
    });
    assert_cases(cases);
}

#[test]
fn short_and_long_binary_values_are_refused() {
    let context = input_context();
    let code = |bytes: &[u8], type_oid: Oid| {
        let repr = builtin_repr(type_oid).expect("built in");
        let error = binary_recv(bytes, SqlType::new(type_oid), &repr, &context).unwrap_err();
        error.code().as_str().to_owned()
    };
    assert_eq!(code(&[0, 0, 0], oid::INT4), "08P01");
    assert_eq!(code(&[0, 0, 0, 0, 0], oid::INT4), "22P03");
    assert_eq!(code(&[0, 1, 0, 0, 0x12, 0x34, 0, 0, 0, 1], oid::NUMERIC), "22P03");
    assert_eq!(code(&[0xff], oid::TEXT), "22021");
}

#[test]
fn styles_print_as_postgresql_does() {
    let mut context = output_context();
    let stamp = |text: &str| read("timestamptz", text).expect("a timestamp").0;
    let value = stamp("1997-12-17 07:37:16.5 PST");
    let mut print = |style, order| {
        (context.date_style, context.date_order) = (style, order);
        to_text(&value, oid::TIMESTAMPTZ, &context)
    };
    assert_eq!(print(DateStyle::Iso, DateOrder::Mdy), "1997-12-17 07:37:16.5-08");
    assert_eq!(print(DateStyle::Sql, DateOrder::Mdy), "12/17/1997 07:37:16.5 PST");
    assert_eq!(print(DateStyle::Sql, DateOrder::Dmy), "17/12/1997 07:37:16.5 PST");
    assert_eq!(print(DateStyle::Postgres, DateOrder::Mdy), "Wed Dec 17 07:37:16.5 1997 PST");
    assert_eq!(print(DateStyle::Postgres, DateOrder::Dmy), "Wed 17 Dec 07:37:16.5 1997 PST");
    assert_eq!(print(DateStyle::German, DateOrder::Dmy), "17.12.1997 07:37:16.5 PST");
}

#[test]
fn interval_styles_print_as_postgresql_does() {
    let print = |text: &str, style| {
        let Datum::Interval(span) = read("interval", text).expect("an interval").0 else {
            panic!("not an interval")
        };
        let mut out = Vec::new();
        datetime::write_interval(&span, style, &mut out);
        String::from_utf8(out).expect("ASCII")
    };
    let mixed = "1 year 2 mons -3 days 04:05:06.7";
    assert_eq!(print(mixed, IntervalStyle::Postgres), "1 year 2 mons -3 days +04:05:06.7");
    assert_eq!(
        print(mixed, IntervalStyle::PostgresVerbose),
        "@ 1 year 2 mons -3 days 4 hours 5 mins 6.7 secs"
    );
    assert_eq!(print(mixed, IntervalStyle::SqlStandard), "+1-2 -3 +4:05:06.7");
    assert_eq!(print(mixed, IntervalStyle::Iso8601), "P1Y2M-3DT4H5M6.7S");
    assert_eq!(print("-1-2", IntervalStyle::SqlStandard), "-1-2");
    assert_eq!(print("-3 days -4:05:06", IntervalStyle::SqlStandard), "-3 4:05:06");
    assert_eq!(print("-1 day", IntervalStyle::PostgresVerbose), "@ 1 day ago");
    assert_eq!(print("0", IntervalStyle::PostgresVerbose), "@ 0");
    assert_eq!(print("0", IntervalStyle::Iso8601), "PT0S");
}
