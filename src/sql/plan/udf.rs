//! Expressions that DataFusion does not know: one scalar function type around
//! a [`Body`] that computes a column from columns.
//!
//! [`Rowwise`] runs the scalar evaluator over every row, so any expression can
//! be lowered; the others are vectorised: exact arithmetic, sort and equality
//! keys, conversions between forms, kernels with a vector form.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float64Array};
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::batch;
use super::form::Form;
use crate::error::{Error, Result};
use crate::sql::functions::{CallContext, EvalContext, Kernel};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::eval::native::{self, Arithmetic, Number};
use crate::sql::run::failure;
use crate::sql::types::{Datum, SqlType};

/// Computes a column from columns.
pub trait Body: fmt::Debug + Send + Sync {
    fn compute(&self, args: &[ArrayRef], row_count: usize) -> Result<ArrayRef>;
}

/// The DataFusion function around a [`Body`].
#[derive(Debug)]
struct Computed {
    /// Functions with one identity are one function.
    identity: String,
    signature: Signature,
    data_type: DataType,
    body: Arc<dyn Body>,
}

impl PartialEq for Computed {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity && self.data_type == other.data_type
    }
}

impl Eq for Computed {}

impl Hash for Computed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity.hash(state);
    }
}

impl ScalarUDFImpl for Computed {
    fn name(&self) -> &str {
        &self.identity
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DfResult<DataType> {
        Ok(self.data_type.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let constant = self.signature.volatility != Volatility::Volatile
            && args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let row_count = if constant { 1 } else { args.number_rows };
        let arrays = args
            .args
            .into_iter()
            .map(|arg| arg.into_array(row_count))
            .collect::<DfResult<Vec<_>>>()?;
        let result = self.body.compute(&arrays, row_count).map_err(failure::wrap)?;
        Ok(match constant {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?),
            false => ColumnarValue::Array(result),
        })
    }
}

fn call(
    identity: String,
    body: impl Body + 'static,
    data_type: DataType,
    volatility: Volatility,
    args: Vec<Expr>,
) -> Expr {
    let signature = Signature::variadic_any(volatility);
    let signature = if args.is_empty() { Signature::nullary(volatility) } else { signature };
    let computed = Computed { identity, signature, data_type, body: Arc::new(body) };
    ScalarUDF::new_from_impl(computed).call(args)
}

/// An expression evaluated row by row.
#[derive(Debug)]
struct Rowwise {
    evaluator: Evaluator,
    context: Context,
    slots: Vec<Form>,
    form: Form,
}

/// The session's values, printed as nothing.
struct Context(Arc<EvalContext>);

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EvalContext")
    }
}

/// How many rows are evaluated between two looks at the cancel flag.
const ROWS_PER_CANCEL_CHECK: usize = 256;

impl Body for Rowwise {
    fn compute(&self, args: &[ArrayRef], row_count: usize) -> Result<ArrayRef> {
        let mut row = Vec::with_capacity(args.len());
        let mut values = Vec::with_capacity(row_count);
        for index in 0..row_count {
            if index % ROWS_PER_CANCEL_CHECK == 0 && self.context.0.session.is_cancelled() {
                return Err(Error::query_canceled());
            }
            row.clear();
            for (arg, form) in args.iter().zip(&self.slots) {
                row.push(form.datum_at(arg, index)?);
            }
            values.push(self.evaluator.eval(&self.context.0, &[], &row)?);
        }
        batch::column(values.iter(), &self.form)
    }
}

/// Lowers to a row-by-row evaluation over `columns`, which are the evaluator's slots.
pub fn rowwise(
    evaluator: Evaluator,
    context: Arc<EvalContext>,
    columns: Vec<(Expr, Form)>,
    form: &Form,
    volatility: Volatility,
) -> Expr {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let identity = format!("expression_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (args, slots): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let body = Rowwise { evaluator, context: Context(context), slots, form: form.clone() };
    call(identity, body, form.data_type.clone(), volatility, args)
}

/// A kernel's vector form.
struct Vectorised {
    kernel: Kernel,
    context: Arc<EvalContext>,
    types: Vec<SqlType>,
    result: SqlType,
}

impl fmt::Debug for Vectorised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kernel.symbol)
    }
}

impl Body for Vectorised {
    fn compute(&self, args: &[ArrayRef], row_count: usize) -> Result<ArrayRef> {
        let vector = self.kernel.vector.expect("only kernels with a vector form are wrapped");
        let call = CallContext { eval: &self.context, args: &self.types, result: self.result };
        vector(&call, args, row_count)
    }
}

/// Calls a kernel that has a vector form.
pub fn vectorised(
    kernel: Kernel,
    context: Arc<EvalContext>,
    types: Vec<SqlType>,
    form: &Form,
    volatility: Volatility,
    args: Vec<Expr>,
) -> Expr {
    let identity = format!("{}#{:?}#{:?}", kernel.symbol, types, form.ty);
    let body = Vectorised { kernel, context, types, result: form.ty };
    call(identity, body, form.data_type.clone(), volatility, args)
}

/// Integer or decimal arithmetic that fails on overflow; both operands have the
/// same type (decimals: the same width).
#[derive(Debug)]
struct Exact {
    operation: Arithmetic,
    number: Number,
}

impl Body for Exact {
    fn compute(&self, args: &[ArrayRef], _: usize) -> Result<ArrayRef> {
        let kernel = match self.operation {
            Arithmetic::Add => numeric::add,
            Arithmetic::Subtract => numeric::sub,
            Arithmetic::Multiply => numeric::mul,
            Arithmetic::Divide => numeric::div,
            Arithmetic::Modulo => numeric::rem,
        };
        use datafusion::arrow::error::ArrowError;
        kernel(&args[0], &args[1]).map_err(|error| match error {
            ArrowError::ArithmeticOverflow(_) => {
                Error::out_of_range(native::type_name(self.number))
            }
            other => failure::reveal_arrow(&other),
        })
    }
}

/// Checked arithmetic over two operands of one type.
pub fn exact(
    operation: Arithmetic,
    number: Number,
    data_type: DataType,
    left: Expr,
    right: Expr,
) -> Expr {
    let identity = format!("exact_{operation:?}_{number:?}").to_lowercase();
    let body = Exact { operation, number };
    call(identity, body, data_type, Volatility::Immutable, vec![left, right])
}

fn values(array: &ArrayRef, row_count: usize, form: &Form) -> Result<Vec<Datum>> {
    (0..row_count).map(|row| form.datum_at(array, row)).collect()
}

/// Bytes whose equality and order are the type's own.
#[derive(Debug)]
struct Key(Form);

impl Body for Key {
    fn compute(&self, args: &[ArrayRef], row_count: usize) -> Result<ArrayRef> {
        let values = values(&args[0], row_count, &self.0)?;
        Ok(batch::key_column(values.iter(), &self.0))
    }
}

/// The key of a value (`types::key`).
pub fn key(arg: Expr, form: &Form) -> Expr {
    let identity = format!("key_{}_{}", form.ty.oid, form.data_type);
    call(identity, Key(form.clone()), DataType::Binary, Volatility::Immutable, vec![arg])
}

/// A value of the same type in another form.
#[derive(Debug)]
struct Reform {
    from: Form,
    to: Form,
}

impl Body for Reform {
    fn compute(&self, args: &[ArrayRef], row_count: usize) -> Result<ArrayRef> {
        let values = values(&args[0], row_count, &self.from)?;
        batch::column(values.iter(), &self.to)
    }
}

/// Converts between two forms of one value.
pub fn reform(arg: Expr, from: &Form, to: &Form) -> Expr {
    let identity = format!("reform_{}_{}", from.data_type, to.data_type);
    let body = Reform { from: from.clone(), to: to.clone() };
    call(identity, body, to.data_type.clone(), Volatility::Immutable, vec![arg])
}

/// Makes equal floats identical: one zero, one NaN.
#[derive(Debug)]
struct Canonical;

impl Body for Canonical {
    fn compute(&self, args: &[ArrayRef], _: usize) -> Result<ArrayRef> {
        Ok(match args[0].data_type() {
            DataType::Float32 => {
                let array: &Float32Array = args[0].as_primitive::<Float32Type>();
                let value = |v: f32| if v.is_nan() { f32::NAN.abs() } else { v + 0.0 };
                Arc::new(array.unary::<_, Float32Type>(value))
            }
            _ => {
                let array: &Float64Array = args[0].as_primitive::<Float64Type>();
                let value = |v: f64| if v.is_nan() { f64::NAN.abs() } else { v + 0.0 };
                Arc::new(array.unary::<_, Float64Type>(value))
            }
        })
    }
}

/// A float that Arrow orders as PostgreSQL does.
pub fn canonical_float(arg: Expr, data_type: DataType) -> Expr {
    let identity = format!("canonical_{data_type}").to_lowercase();
    call(identity, Canonical, data_type, Volatility::Immutable, vec![arg])
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Int32Array;

    use super::*;

    #[test]
    fn arrow_overflow_is_postgresqls_error() {
        let body = Exact { operation: Arithmetic::Add, number: Number::Int4 };
        let ones: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        let most: ArrayRef = Arc::new(Int32Array::from(vec![i32::MAX]));
        let error = body.compute(&[most, ones], 1).unwrap_err();
        assert_eq!((error.code().as_str(), error.message()), ("22003", "integer out of range"));
    }

    #[test]
    fn canonical_floats_have_one_zero_and_one_nan() {
        let array: ArrayRef = Arc::new(Float64Array::from(vec![-0.0, -f64::NAN]));
        let result = Canonical.compute(&[array], 2).unwrap();
        let result = result.as_primitive::<Float64Type>();
        assert_eq!(result.value(0).to_bits(), 0.0f64.to_bits());
        assert!(result.value(1).is_nan() && result.value(1).is_sign_positive());
    }
}
