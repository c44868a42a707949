//! The declarations and the kernels agree, and kernels answer as PostgreSQL does.

mod cases;
mod declared;
mod session;

pub(crate) use session::{context, context_over};
