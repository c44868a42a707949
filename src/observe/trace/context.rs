//! Where a span belongs, as clients say it: W3C Trace Context.
//!
//! ```text
//! traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
//!              version  trace                       span             flags: 01 is sampled
//! select 1 /*application='shop',traceparent='00-…-01',tracestate='a%3D1'*/
//! ```
//! What is not as the specification has it is not there. A comment counts at the very
//! beginning or end of a text, where sqlcommenter puts it: one within may be part of a
//! string.

use std::str::FromStr;

use opentelemetry::trace::{SpanId, TraceId, TraceState};

/// Bytes of a comment that is looked at.
const COMMENT_BYTES_MAX: usize = 2 << 10;

/// The span that another one continues.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub is_sampled: bool,
    /// Another process' span.
    pub is_remote: bool,
    pub state: TraceState,
}

impl Context {
    /// From `traceparent` and `tracestate`.
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Context> {
        let text = traceparent.trim();
        let is_hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let mut parts = text.splitn(5, '-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let has_more = parts.next().is_some();
        let lengths = [version, trace, span, flags].map(str::len);
        let is_known = version != "ff" && (version != "00" || !has_more);
        if lengths != [2, 32, 16, 2] || !is_known {
            return None;
        }
        if ![version, trace, span, flags].into_iter().all(is_hex) {
            return None;
        }
        let trace_id = TraceId::from_hex(trace).ok()?;
        let span_id = SpanId::from_hex(span).ok()?;
        if trace_id == TraceId::INVALID || span_id == SpanId::INVALID {
            return None;
        }
        let state = tracestate.and_then(|state| TraceState::from_str(state).ok());
        Some(Context {
            trace_id,
            span_id,
            is_sampled: u8::from_str_radix(flags, 16).ok()? & 1 == 1,
            is_remote: true,
            state: state.unwrap_or_default(),
        })
    }

    /// From a comment of a statement.
    pub fn of_comment(sql: &str) -> Option<Context> {
        if !sql.contains("traceparent") {
            return None;
        }
        let sql = sql.trim().trim_end_matches(';').trim_end();
        last_comment(sql).and_then(from_pairs).or_else(|| first_comment(sql).and_then(from_pairs))
    }

    /// A request that is not sampled: what belongs to it is not, either.
    pub fn unsampled() -> Context {
        Context {
            trace_id: TraceId::INVALID,
            span_id: SpanId::INVALID,
            is_sampled: false,
            is_remote: false,
            state: TraceState::default(),
        }
    }
}

fn last_comment(sql: &str) -> Option<&str> {
    let inner = sql.strip_suffix("*/")?;
    let begin = inner.rfind("/*")?;
    Some(&inner[begin + 2..])
}

fn first_comment(sql: &str) -> Option<&str> {
    let inner = sql.strip_prefix("/*")?;
    inner.split_once("*/").map(|(comment, _)| comment)
}

/// `key='value',key='value'`, both encoded as in a URL.
fn from_pairs(comment: &str) -> Option<Context> {
    if comment.len() > COMMENT_BYTES_MAX {
        return None;
    }
    let value = |wanted: &str| {
        let mut pairs = comment.split(',').filter_map(|pair| pair.split_once('='));
        let (_, quoted) = pairs.find(|(key, _)| key.trim() == wanted)?;
        let value = quoted.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        percent_encoding::percent_decode_str(value).decode_utf8().ok()
    };
    Context::parse(&value("traceparent")?, value("tracestate").as_deref())
}

tokio::task_local! {
    static CURRENT: Context;
}

/// The request that the present task is about, if it is about one.
pub fn current() -> Option<Context> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Does something for a request.
pub async fn within<T>(context: Context, work: impl Future<Output = T>) -> T {
    CURRENT.scope(context, work).await
}

/// The same work, for the present request on whatever task it runs.
pub fn carry<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let context = current();
    async move {
        match context {
            Some(context) => within(context, work).await,
            None => work.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_is_not_as_specified_is_not_there() {
        let parse = |text: &str| Context::parse(text, None);
        assert!(parse(PARENT).is_some_and(|context| context.is_sampled && context.is_remote));
        assert!(parse(&PARENT.replace("-01", "-00")).is_some_and(|context| !context.is_sampled));
        // A later version may have more.
        assert!(parse(&format!("01{}-more", &PARENT[2..])).is_some());
        for wrong in [
            "",
            "00",
            &PARENT[..54],
            &format!("{PARENT}-more"),
            &format!("ff{}", &PARENT[2..]),
            &PARENT.to_uppercase(),
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_comment_continues_a_trace() {
        let comment = format!("/*application='a%2Cb',traceparent='{PARENT}',tracestate='x%3D1'*/");
        for sql in [
            format!("select 1 {comment}"),
            format!("select 1 {comment} ; \n"),
            format!("{comment} select 1"),
            format!("/* why */ select 1 {comment}"),
        ] {
            let context = Context::of_comment(&sql).unwrap_or_else(|| panic!("{sql}"));
            assert_eq!(context.span_id.to_string(), "b7ad6b7169203331");
            assert_eq!(context.state.header(), "x=1");
        }
        for sql in [
            format!("select '{comment}', 1"),
            format!("select 1 /* x */, '{comment}' from t"),
            format!("select 1 /*traceparent={PARENT}*/"),
            format!("select 1 -- traceparent='{PARENT}'"),
        ] {
            assert_eq!(Context::of_comment(&sql), None, "{sql}");
        }
    }

    #[tokio::test]
    async fn a_task_knows_its_request() {
        assert_eq!(current(), None);
        let context = Context::parse(PARENT, None).unwrap();
        let seen = within(context.clone(), async { current() }).await;
        assert_eq!((seen, current()), (Some(context), None));
    }
}
