//! Errors on their way through DataFusion and back.
//!
//! An [`Error`] of ours travels inside `DataFusionError::External` and comes out
//! as the same error. What DataFusion and Arrow fail with by themselves is told
//! by kind: no memory is `53200`, overflow `22003`, and only what is left, a
//! plan that DataFusion refuses, is an internal error.

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use crate::error::Error;

/// Wraps an error for a DataFusion interface.
pub fn wrap(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Takes the error out that a DataFusion call failed with.
pub fn unwrap(error: DataFusionError) -> Error {
    reveal(&error)
}

fn reveal(error: &DataFusionError) -> Error {
    match error {
        DataFusionError::External(source) => reveal_source(source.as_ref()),
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => reveal(inner),
        DataFusionError::Shared(inner) => reveal(inner),
        DataFusionError::Collection(errors) if !errors.is_empty() => reveal(&errors[0]),
        DataFusionError::ArrowError(error, _) => reveal_arrow(error),
        DataFusionError::ResourcesExhausted(detail) => Error::out_of_memory(detail.clone()),
        DataFusionError::NotImplemented(what) => Error::unsupported(what),
        DataFusionError::IoError(error) => {
            Error::new(crate::sqlstate::IO_ERROR, format!("could not spill to disk: {error}"))
        }
        other => Error::internal(other.strip_backtrace()),
    }
}

fn reveal_source(source: &(dyn std::error::Error + 'static)) -> Error {
    if let Some(error) = source.downcast_ref::<Error>() {
        return error.clone();
    }
    if let Some(error) = source.downcast_ref::<DataFusionError>() {
        return reveal(error);
    }
    if let Some(error) = source.downcast_ref::<ArrowError>() {
        return reveal_arrow(error);
    }
    Error::internal(source.to_string())
}

/// Takes the error out that an Arrow kernel failed with.
pub fn reveal_arrow(error: &ArrowError) -> Error {
    match error {
        ArrowError::ExternalError(source) => reveal_source(source.as_ref()),
        ArrowError::DivideByZero => Error::division_by_zero(),
        ArrowError::ArithmeticOverflow(_) => Error::out_of_range("value"),
        ArrowError::MemoryError(detail) => Error::out_of_memory(detail.clone()),
        other => Error::internal(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn an_error_survives_the_way_through_datafusion() {
        let wrapped = wrap(Error::division_by_zero()).context("while folding");
        let shared = DataFusionError::Shared(Arc::new(wrapped));
        let arrow = ArrowError::ExternalError(Box::new(shared));
        let error = unwrap(DataFusionError::ArrowError(Box::new(arrow), None));
        assert_eq!(error.code().as_str(), "22012");
    }

    #[test]
    fn exhausted_memory_is_53200() {
        let error = unwrap(DataFusionError::ResourcesExhausted("pool".into()));
        assert_eq!(error.code().as_str(), "53200");
    }
}
