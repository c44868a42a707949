//! Functions about transactions over several servers; see `coordinator`.

use crate::error::Result;
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel, RemoteRequest, SetKernel, SetRows};
use crate::sql::types::Datum;

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "zserver_add_server" => |call, args| {
        let request = RemoteRequest::AddServer { name: arg(args, 0)?, conninfo: arg(args, 1)? };
        effect(call, request)
    };
    call "zserver_drop_server" => |call, args| {
        effect(call, RemoteRequest::DropServer { name: arg(args, 0)? })
    };
    call "zserver_execute" => |call, args| {
        let request = RemoteRequest::Execute { server: arg(args, 0)?, command: arg(args, 1)? };
        let rows = crate::table::blocking(|| call.eval.session.remote(request))?;
        Ok(rows.into_iter().flatten().next().unwrap_or(Datum::Null))
    };
};

pub(super) const SET_KERNELS: &[SetKernel] = &[
    SetKernel { symbol: "zserver_servers", rows: |call, _| rows(call, RemoteRequest::Servers) },
    SetKernel { symbol: "zserver_in_doubt", rows: |call, _| rows(call, RemoteRequest::InDoubt) },
    SetKernel {
        symbol: "zserver_query",
        rows: |call, args| {
            let request = RemoteRequest::Query { server: arg(args, 0)?, query: arg(args, 1)? };
            rows(call, request)
        },
    },
];

/// A function that returns void.
fn effect(call: &CallContext<'_>, request: RemoteRequest<'_>) -> Result<Datum> {
    crate::table::blocking(|| call.eval.session.remote(request))?;
    Ok(Datum::Text(String::new()))
}

fn rows(call: &CallContext<'_>, request: RemoteRequest<'_>) -> Result<SetRows> {
    let rows = crate::table::blocking(|| call.eval.session.remote(request))?;
    Ok(Box::new(rows.into_iter().map(Ok)))
}
