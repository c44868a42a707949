//! Calls that stand for columns once a query is bound: aggregates, window functions and
//! functions that give sets.

use super::{Name, Names, Printer, direction, unprintable, written};
use crate::catalog::{Function, ObjectClass, PG_CATALOG, quote_identifier, quote_qualified};
use crate::error::Result;
use crate::sql::bind::described::{Key, Plain};
use crate::sql::ir::{
    AggregateCall, Call, Expr, ExprKind, Frame, FrameBound, FrameExclusion, FrameUnits, SortKey,
    WindowCall, WindowFunction, WindowName,
};

impl Printer<'_> {
    /// Notes what the columns of aggregates, windows and sets are written as.
    pub fn name_calls(&self, plain: &Plain, names: &mut Names, indent: i32) -> Result<()> {
        for (column, call) in &plain.aggregates {
            let text = self.aggregate(call, names, indent)?;
            names.columns.insert(column.id, Name::Call(text));
        }
        for (column, call) in &plain.windows {
            let text = self.window(call, names, indent)?;
            names.columns.insert(column.id, Name::Call(text));
        }
        for (column, call) in &plain.set_calls {
            let text = self.call(call, names, indent)?;
            names.columns.insert(column.id, Name::Call(text));
        }
        Ok(())
    }

    pub fn call(&self, call: &Call, known: &Names, indent: i32) -> Result<String> {
        let expr = Expr { kind: ExprKind::Call(call.clone()), ty: call.ty, location: -1 };
        self.expr(&expr, known, indent)
    }

    /// The name with its schema, unless the search path finds it without.
    fn function_name(&self, function: &Function) -> String {
        let is_found = self.path.iter().find_map(|schema| {
            let found = self.catalog.named(ObjectClass::Function, *schema, &function.name);
            (!found.is_empty()).then(|| found.contains(&function.oid))
        });
        let is_plain = function.schema == PG_CATALOG || is_found == Some(true);
        let schema = (!is_plain).then(|| self.catalog.schema_name(function.schema));
        quote_qualified(schema, &function.name)
    }

    fn arguments(&self, args: &[Expr], known: &Names, indent: i32) -> Result<String> {
        let texts: Result<Vec<String>> =
            args.iter().map(|arg| self.expr(arg, known, indent)).collect();
        Ok(texts?.join(", "))
    }

    fn aggregate(&self, call: &AggregateCall, known: &Names, indent: i32) -> Result<String> {
        let name = self.function_name(&call.function);
        if call.aggregate.kind != 'n' {
            let direct = call.args.len().saturating_sub(call.order_by.len());
            let direct = self.arguments(&call.args[..direct], known, indent)?;
            let keys = self.keys(&call.order_by, known, indent)?;
            let filter = self.filter(call.filter.as_ref(), known, indent)?;
            return Ok(format!("{name}({direct}) WITHIN GROUP (ORDER BY {keys}){filter}"));
        }
        let mut inside = if call.distinct { "DISTINCT ".to_owned() } else { String::new() };
        match call.args.is_empty() {
            true => inside.push('*'),
            false => inside.push_str(&self.arguments(&call.args, known, indent)?),
        }
        if !call.order_by.is_empty() {
            inside.push_str(&format!(" ORDER BY {}", self.keys(&call.order_by, known, indent)?));
        }
        Ok(format!("{name}({inside}){}", self.filter(call.filter.as_ref(), known, indent)?))
    }

    fn filter(&self, filter: Option<&Expr>, known: &Names, indent: i32) -> Result<String> {
        Ok(match filter {
            Some(filter) => format!(" FILTER (WHERE {})", self.expr(filter, known, indent)?),
            None => String::new(),
        })
    }

    fn keys(&self, keys: &[SortKey], known: &Names, indent: i32) -> Result<String> {
        let mut texts = Vec::with_capacity(keys.len());
        for key in keys {
            let (descending, nulls_first) = (key.descending, key.nulls_first);
            let text = self.sorted_by(&key.expr, known, indent)?;
            texts.push(format!("{text}{}", direction(Key { target: 0, descending, nulls_first })));
        }
        Ok(texts.join(", "))
    }

    fn window(&self, call: &WindowCall, known: &Names, indent: i32) -> Result<String> {
        let function = match &call.function {
            WindowFunction::Window(function) | WindowFunction::Aggregate(function, _) => function,
        };
        let is_count =
            matches!(call.function, WindowFunction::Aggregate(..)) && call.args.is_empty();
        let name = self.function_name(function);
        let args = match is_count {
            true => "*".to_owned(),
            false => self.arguments(&call.args, known, indent)?,
        };
        let filter = self.filter(call.filter.as_ref(), known, indent)?;
        let over = match &call.name {
            WindowName::None => format!("({})", self.window_specification(call, known, indent)?),
            WindowName::Named(name) => quote_identifier(name),
            WindowName::Refined => return Err(unprintable("a window that refines another")),
        };
        Ok(format!("{name}({args}){filter} OVER {over}"))
    }

    /// What stands in parentheses after OVER or in the WINDOW clause.
    fn window_specification(
        &self,
        call: &WindowCall,
        known: &Names,
        indent: i32,
    ) -> Result<String> {
        let mut over = Vec::new();
        if !call.partition_by.is_empty() {
            let texts: Result<Vec<String>> =
                call.partition_by.iter().map(|e| self.sorted_by(e, known, indent)).collect();
            over.push(format!("PARTITION BY {}", texts?.join(", ")));
        }
        if !call.order_by.is_empty() {
            over.push(format!("ORDER BY {}", self.keys(&call.order_by, known, indent)?));
        }
        over.extend(self.frame(&call.frame, known, indent)?);
        Ok(over.join(" "))
    }

    /// The WINDOW clause: what a window is, a call over it tells.
    pub fn window_clause(
        &self,
        names: &[String],
        plain: &Plain,
        known: &Names,
        indent: i32,
    ) -> Result<String> {
        let window = |name: &String| {
            let is_over = |call: &&WindowCall| call.name == WindowName::Named(name.clone());
            let call = plain.windows.iter().map(|(_, call)| call).find(is_over);
            let call = call.ok_or_else(|| unprintable("a window that nothing is over"))?;
            let specification = self.window_specification(call, known, indent)?;
            Ok(format!("{} AS ({specification})", quote_identifier(name)))
        };
        Ok(names.iter().map(window).collect::<Result<Vec<String>>>()?.join(", "))
    }

    /// A frame, if it is not the one that there is without a clause.
    fn frame(&self, frame: &Frame, known: &Names, indent: i32) -> Result<Option<String>> {
        let is_default = frame.units == FrameUnits::Range
            && matches!(frame.start, FrameBound::UnboundedPreceding)
            && matches!(frame.end, FrameBound::CurrentRow)
            && frame.exclusion == FrameExclusion::NoOthers;
        if is_default {
            return Ok(None);
        }
        let units = match frame.units {
            FrameUnits::Rows => "ROWS",
            FrameUnits::Range => "RANGE",
            FrameUnits::Groups => "GROUPS",
        };
        let bound = |bound: &FrameBound| -> Result<String> {
            Ok(match bound {
                FrameBound::UnboundedPreceding => "UNBOUNDED PRECEDING".to_owned(),
                FrameBound::UnboundedFollowing => "UNBOUNDED FOLLOWING".to_owned(),
                FrameBound::CurrentRow => "CURRENT ROW".to_owned(),
                FrameBound::Preceding(by) => {
                    format!("{} PRECEDING", self.expr(written(by), known, indent)?)
                }
                FrameBound::Following(by) => {
                    format!("{} FOLLOWING", self.expr(written(by), known, indent)?)
                }
            })
        };
        let exclusion = match frame.exclusion {
            FrameExclusion::NoOthers => "",
            FrameExclusion::CurrentRow => " EXCLUDE CURRENT ROW",
            FrameExclusion::Group => " EXCLUDE GROUP",
            FrameExclusion::Ties => " EXCLUDE TIES",
        };
        let (start, end) = (bound(&frame.start)?, bound(&frame.end)?);
        Ok(Some(format!("{units} BETWEEN {start} AND {end}{exclusion}")))
    }
}
