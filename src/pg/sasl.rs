//! The SCRAM exchange of a login.
//!
//! ```text
//! AuthenticationSASL [SCRAM-SHA-256-PLUS] SCRAM-SHA-256
//!                         ◀── SASLInitialResponse mechanism, client-first
//! AuthenticationSASLContinue server-first
//!                         ◀── SASLResponse client-final with proof
//! AuthenticationSASLFinal server signature
//! ```

use bytes::{Buf, Bytes};
use pgwire::api::auth::sasl::scram::{ScramSecret, ScramServerAuth};
use pgwire::error::PgWireError;
use tokio::io::{AsyncRead, AsyncWrite};

use super::message::{self, Message};
use super::wire::Wire;
use crate::auth::{self, Candidate, Verifier};
use crate::error::{Error, Result};
use crate::sql::types::encoding::Encoding;
use crate::sqlstate;

const PLAIN: &str = "SCRAM-SHA-256";
const PLUS: &str = "SCRAM-SHA-256-PLUS";

const AUTHENTICATION_SASL_CONTINUE: i32 = 11;
const AUTHENTICATION_SASL_FINAL: i32 = 12;

/// Runs the exchange; an error if the password is wrong. `binding` is set when
/// the connection has TLS.
pub async fn authenticate<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    user: &str,
    candidate: Candidate,
    binding: Option<&ScramServerAuth>,
) -> Result<()> {
    let mechanisms: &[&str] = if binding.is_some() { &[PLUS, PLAIN] } else { &[PLAIN] };
    wire.output.sasl_mechanisms(mechanisms);
    wire.flush().await?;

    let first = initial_response(response(wire).await?, mechanisms)?;
    let server = binding.cloned().unwrap_or_default();
    let (server_first, exchange) = server
        .on_client_first_message_with_secret(&first, secret(candidate.verifier))
        .map_err(|error| malformed(&error))?;
    wire.output.authentication(AUTHENTICATION_SASL_CONTINUE, server_first.as_bytes());
    wire.flush().await?;

    let last = response(wire).await?;
    match exchange.on_client_final_message(&last) {
        Ok(server_final) if candidate.genuine => {
            wire.output.authentication(AUTHENTICATION_SASL_FINAL, server_final.as_bytes());
            Ok(())
        }
        Ok(_) | Err(PgWireError::InvalidPassword(_)) => Err(failed(user).await),
        Err(error) => Err(malformed(&error)),
    }
}

/// The next SASL message.
async fn response<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>) -> Result<Bytes> {
    let Some(frame) = wire.frame().await? else {
        return Err(Error::fatal(sqlstate::CONNECTION_FAILURE, "connection lost during login"));
    };
    match message::decode(frame, Encoding::UTF8)? {
        Message::Password(body) => Ok(body),
        _ => Err(Error::protocol_violation("expected SASL response")),
    }
}

/// The client-first message, if its mechanism is one that was offered and its
/// channel binding flag belongs to it.
fn initial_response(mut body: Bytes, offered: &[&str]) -> Result<Bytes> {
    let invalid = || Error::protocol_violation("malformed SCRAM message");
    let end = body.iter().position(|byte| *byte == 0).ok_or_else(invalid)?;
    let mechanism = body.split_to(end);
    body.advance(1);
    if body.len() < 4 {
        return Err(invalid());
    }
    let length = body.get_i32();
    let Some(mechanism) = offered.iter().find(|name| name.as_bytes() == &mechanism[..]) else {
        return Err(Error::protocol_violation(
            "client selected an invalid SASL authentication mechanism",
        ));
    };
    if usize::try_from(length).ok() != Some(body.len()) {
        return Err(invalid());
    }
    let binds = body.first() == Some(&b'p');
    if binds != (*mechanism == PLUS) {
        return Err(invalid()
            .with_detail("The channel binding flag does not belong to the SASL mechanism."));
    }
    Ok(body)
}

fn secret(verifier: Verifier) -> ScramSecret {
    ScramSecret::Verifier {
        salt: verifier.salt,
        iterations: verifier.iterations as usize,
        stored_key: verifier.stored_key.to_vec(),
        server_key: verifier.server_key.to_vec(),
    }
}

/// The same error after the same delay, whatever was wrong.
async fn failed(user: &str) -> Error {
    tokio::time::sleep(auth::FAILURE_DELAY).await;
    auth::password_failed(user)
}

fn malformed(error: &PgWireError) -> Error {
    tracing::debug!(%error, "SCRAM exchange failed");
    Error::protocol_violation("malformed SCRAM message")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn initial(mechanism: &str, data: &[u8]) -> Bytes {
        let mut body = [mechanism.as_bytes(), &[0]].concat();
        body.extend((data.len() as i32).to_be_bytes());
        body.extend(data);
        body.into()
    }

    #[test]
    fn mechanism_and_channel_binding_flag_must_agree() {
        let both = [PLUS, PLAIN];
        assert!(initial_response(initial(PLAIN, b"n,,n=,r=x"), &both).is_ok());
        assert!(initial_response(initial(PLUS, b"p=tls-server-end-point,,"), &both).is_ok());
        assert!(initial_response(initial(PLUS, b"n,,n=,r=x"), &both).is_err());
        assert!(initial_response(initial(PLAIN, b"p=x,,"), &both).is_err());
        assert!(initial_response(initial(PLUS, b"p=x,,"), &[PLAIN]).is_err());
        assert!(initial_response(initial("MD5", b""), &both).is_err());
        assert!(initial_response(Bytes::from_static(b"SCRAM-SHA-256\0\0\0"), &both).is_err());
    }
}
