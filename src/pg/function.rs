//! FunctionCall: one function by its OID, without SQL.
//!
//! ```text
//! FunctionCall oid, arguments, result format  ──▶  FunctionCallResponse, ReadyForQuery
//! ```

use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use super::encode;
use super::message::FunctionCall;
use crate::error::Result;
use crate::session::{CallRequest, Format};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    pub(super) async fn function_call(&mut self, call: FunctionCall) -> Result<()> {
        self.query = "".into();
        self.session.message_arrived();
        self.session.backend().set_query(&"<FASTPATH> function call".into());
        let format = Format::from_code(call.result_format);
        let request = CallRequest {
            function: call.function,
            param_formats: call.param_formats,
            params: call.params,
        };
        let (value, ty) = self.session.call_function(request).await?;
        let format = format?;
        let eval = self.session.eval_context();
        let mark = self.wire.output.begin(b'V');
        let put = encode::put_value(&mut self.wire.output.bytes, &value, ty, format, &eval);
        match put {
            Ok(()) => self.wire.output.end(mark),
            Err(error) => {
                self.wire.output.discard(mark);
                return Err(error);
            }
        }
        self.session.end_command(true).await?;
        self.ready();
        Ok(())
    }
}
