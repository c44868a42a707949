//! Functions on numerics, dates and times against PostgreSQL's answers.

use super::*;
use crate::sql::types::datetime::{self, Source};
use crate::sql::types::numeric::Numeric;

fn number(text: &str) -> Numeric {
    Numeric::parse(text).expect("a numeric")
}

fn value(type_name: &str, text: &str) -> Datum {
    read(type_name, text).expect("a valid argument").0
}

fn microseconds(type_name: &str, text: &str) -> i64 {
    match value(type_name, text) {
        Datum::Timestamp(v) | Datum::TimestampTz(v) | Datum::Time(v) => v,
        other => panic!("{other:?} has no microseconds"),
    }
}

fn interval(text: &str) -> Interval {
    match value("interval", text) {
        Datum::Interval(v) => v,
        other => panic!("{other:?} is no interval"),
    }
}

fn print_as(value: Datum, type_oid: Oid) -> String {
    print(&value, SqlType::new(type_oid))
}

type Answer = crate::Result<String>;

fn numeric_answer(value: Numeric) -> Answer {
    Ok(value.to_string())
}

fn numeric_call(name: &str, a: &[String]) -> Option<Answer> {
    let x = || number(&a[0]);
    let y = || number(&a[1]);
    let int = |index: usize| a[index].parse::<i32>().expect("an integer");
    let optional = |scale: Option<u16>| Ok(scale.map_or("NULL".into(), |s| s.to_string()));
    let result = match name {
        "numeric_add" => x().add(&y()),
        "numeric_sub" => x().sub(&y()),
        "numeric_mul" => x().mul(&y()),
        "numeric_div" => x().div(&y()),
        "div" => x().div_trunc(&y()),
        "mod" => x().rem(&y()),
        "power" => x().power(&y()),
        "log" => y().log(&x()),
        "sqrt" => x().sqrt(),
        "exp" => x().exp(),
        "ln" => x().ln(),
        "round" => x().round(int(1)),
        "trunc" => x().trunc(int(1)),
        "ceil" => x().ceil(),
        "floor" => x().floor(),
        "sign" => Ok(x().sign()),
        "abs" => Ok(x().abs()),
        "trim_scale" => Ok(x().trim_scale()),
        "gcd" => Ok(x().gcd(&y())),
        "lcm" => x().lcm(&y()),
        "factorial" => Numeric::factorial(a[0].parse().expect("an integer")),
        "float8_numeric" => Ok(Numeric::from_f64(float::parse_f64(&a[0]).expect("a float"))),
        "float4_numeric" => Ok(Numeric::from_f32(float::parse_f32(&a[0]).expect("a float"))),
        "scale" => return Some(optional(x().scale())),
        "min_scale" => return Some(optional(x().min_scale())),
        "numeric_cmp" => return Some(Ok((x().cmp(&y()) as i32).to_string())),
        "int2" => return Some(x().to_i16().map(|v| v.to_string())),
        "int4" => return Some(x().to_i32().map(|v| v.to_string())),
        "int8" => return Some(x().to_i64().map(|v| v.to_string())),
        "float4" => return Some(x().to_float4().map(|v| print_as(Datum::Float4(v), oid::FLOAT4))),
        "float8" => return Some(x().to_float8().map(|v| print_as(Datum::Float8(v), oid::FLOAT8))),
        "width_bucket" => {
            let bucket = x().width_bucket(&y(), &number(&a[2]), int(3));
            return Some(bucket.map(|v| v.to_string()));
        }
        _ => return None,
    };
    Some(result.and_then(numeric_answer))
}

fn part(name: &str, source: Source) -> Answer {
    Ok(datetime::extract(name, source)?.map_or("NULL".into(), |value| value.to_string()))
}

fn optional_text(text: crate::Result<Option<String>>) -> Answer {
    Ok(text?.unwrap_or_else(|| "NULL".into()))
}

fn datetime_call(name: &str, a: &[String]) -> Answer {
    let stamp = |index: usize| microseconds("timestamp", &a[index]);
    let instant = |index: usize| microseconds("timestamptz", &a[index]);
    let span = |index: usize| interval(&a[index]);
    let int = |index: usize| a[index].parse::<i32>().expect("an integer");
    let float = |index: usize| float::parse_f64(&a[index]).expect("a float");
    let of_stamp = |v: i64| print_as(Datum::Timestamp(v), oid::TIMESTAMP);
    let of_instant = |v: i64| print_as(Datum::TimestampTz(v), oid::TIMESTAMPTZ);
    let of_span = |v: Interval| print_as(Datum::Interval(v), oid::INTERVAL);
    match name {
        "timestamp_pl_interval" => {
            datetime::timestamp_plus_interval(stamp(0), &span(1)).map(of_stamp)
        }
        "timestamptz_pl_interval" => {
            datetime::timestamp_tz_plus_interval(instant(0), &span(1), zone()).map(of_instant)
        }
        "timestamp_mi" => datetime::timestamp_minus(stamp(0), stamp(1)).map(of_span),
        "age" => datetime::age(stamp(0), stamp(1)).map(of_span),
        "time_pl_interval" => {
            let time = datetime::time_plus_interval(microseconds("time", &a[0]), &span(1));
            Ok(print_as(Datum::Time(time), oid::TIME))
        }
        "interval_mul" => datetime::interval_mul(&span(0), float(1)).map(of_span),
        "interval_div" => datetime::interval_div(&span(0), float(1)).map(of_span),
        "interval_um" => datetime::interval_neg(&span(0)).map(of_span),
        "justify_hours" => datetime::justify_hours(&span(0)).map(of_span),
        "justify_days" => datetime::justify_days(&span(0)).map(of_span),
        "justify_interval" => datetime::justify_interval(&span(0)).map(of_span),
        "date_bin" => datetime::date_bin(&span(0), stamp(1), stamp(2)).map(of_stamp),
        "date_trunc_timestamp" => datetime::timestamp_trunc(&a[0], stamp(1)).map(of_stamp),
        "date_trunc_timestamptz" => {
            datetime::timestamp_tz_trunc(&a[0], instant(1), zone()).map(of_instant)
        }
        "date_trunc_interval" => datetime::interval_trunc(&a[0], &span(1)).map(of_span),
        "extract_timestamp" => part(&a[0], Source::Timestamp(stamp(1))),
        "extract_timestamptz" => part(&a[0], Source::TimestampTz(instant(1), zone())),
        "extract_interval" => part(&a[0], Source::Interval(span(1))),
        "extract_time" => part(&a[0], Source::Time(microseconds("time", &a[1]))),
        "extract_timetz" => match value("timetz", &a[1]) {
            Datum::TimeTz(time, zone) => part(&a[0], Source::TimeTz(time, zone)),
            other => panic!("{other:?} is no timetz"),
        },
        "extract_date" => match read("date", &a[1])?.0 {
            Datum::Date(days) => part(&a[0], Source::Date(days)),
            other => panic!("{other:?} is no date"),
        },
        "make_date" => datetime::make_date(int(0), int(1), int(2))
            .map(|days| print_as(Datum::Date(days), oid::DATE)),
        "make_time" => datetime::make_time(int(0), int(1), float(2))
            .map(|time| print_as(Datum::Time(time), oid::TIME)),
        "make_interval" => {
            datetime::make_interval(int(0), int(1), int(2), int(3), int(4), int(5), float(6))
                .map(of_span)
        }
        "to_char_numeric" => format::numeric_to_char(&number(&a[0]), &a[1]),
        "to_char_interval" => optional_text(format::interval_to_char(&span(0), &a[1])),
        "to_char_timestamp" => optional_text(format::timestamp_to_char(stamp(0), &a[1])),
        "to_char_timestamptz" => {
            optional_text(format::timestamp_tz_to_char(instant(0), zone(), &a[1]))
        }
        "to_number" => {
            let value = format::to_number(&a[0], &a[1])?;
            Ok(value.map_or("NULL".into(), |value| value.to_string()))
        }
        "to_date" => {
            format::to_date(&a[0], &a[1]).map(|days| print_as(Datum::Date(days), oid::DATE))
        }
        "to_timestamp_text" => format::to_timestamp(&a[0], &a[1], zone()).map(of_instant),
        "to_timestamp" => datetime::timestamp_tz_from_unix(float(0)).map(of_instant),
        other => panic!("unknown function {other}"),
    }
}

#[test]
fn functions_answer_as_postgresql_does() {
    let cases = read_cases("calls.txt").into_iter().map(|mut fields| {
        let expected = fields.pop().expect("a result");
        let name = fields.remove(0);
        let answer = numeric_call(&name, &fields).unwrap_or_else(|| datetime_call(&name, &fields));
        let actual = answer.unwrap_or_else(|error| error_text(&error));
        (format!("{name}({})", fields.join(", ")), expected, actual)
    });
    assert_cases(cases);
}
