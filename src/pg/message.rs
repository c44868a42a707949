//! The messages of a client, decoded.
//!
//! Decoding checks every length against what is left and never panics. A body
//! that does not hold together is an ordinary error (`08P01`): the next message
//! starts where the frame says. Parameters and COPY data are slices of the
//! input, not copies.

use bytes::{Buf, Bytes};

use super::frame::Frame;
use crate::error::{Error, Result};
use crate::sql::types::encoding::Encoding;
use crate::sql::types::{self, Oid};
use crate::sqlstate;

#[derive(Debug)]
pub enum Message {
    Query(String),
    Parse(Parse),
    Bind(Bind),
    Describe(Target),
    Execute(Execute),
    Close(Target),
    Flush,
    Sync,
    FunctionCall(FunctionCall),
    CopyData(Bytes),
    CopyDone,
    CopyFail(String),
    /// A password or SASL response: only during login.
    Password(Bytes),
    Terminate,
}

#[derive(Debug)]
pub struct Parse {
    pub name: String,
    pub query: String,
    pub param_types: Vec<Oid>,
}

#[derive(Debug)]
pub struct Bind {
    pub portal: String,
    pub statement: String,
    pub param_formats: Vec<i16>,
    pub params: Vec<Option<Bytes>>,
    pub result_formats: Vec<i16>,
}

#[derive(Debug)]
pub struct FunctionCall {
    pub function: Oid,
    pub param_formats: Vec<i16>,
    pub params: Vec<Option<Bytes>>,
    pub result_format: i16,
}

#[derive(Debug)]
pub struct Execute {
    pub portal: String,
    /// 0: all.
    pub max_rows: u32,
}

/// What Describe and Close are about.
#[derive(Debug)]
pub enum Target {
    Statement(String),
    Portal(String),
}

/// Whether an error while handling this message skips to the next Sync.
pub fn is_extended(tag: u8) -> bool {
    matches!(tag, b'P' | b'B' | b'D' | b'E' | b'C' | b'H')
}

/// Reads a message whose text is in the client's encoding.
pub fn decode(frame: Frame, encoding: Encoding) -> Result<Message> {
    let mut body = Body(frame.body, encoding);
    let message = match frame.tag {
        b'Q' => Message::Query(body.string()?),
        b'P' => Message::Parse(body.parse()?),
        b'B' => Message::Bind(body.bind()?),
        b'D' => Message::Describe(body.target("DESCRIBE")?),
        b'E' => {
            let portal = body.string()?;
            // Negative is "all" too, as in PostgreSQL.
            let max_rows = u32::try_from(body.int4()?).unwrap_or(0);
            Message::Execute(Execute { portal, max_rows })
        }
        b'C' => Message::Close(body.target("CLOSE")?),
        b'H' => Message::Flush,
        b'S' => Message::Sync,
        b'F' => Message::FunctionCall(body.function_call()?),
        b'd' => return Ok(Message::CopyData(body.0)),
        b'c' => Message::CopyDone,
        b'f' => Message::CopyFail(body.string()?),
        b'p' => return Ok(Message::Password(body.0)),
        b'X' => return Ok(Message::Terminate),
        tag => {
            return Err(Error::protocol_violation(format!("invalid frontend message type {tag}")));
        }
    };
    body.end()?;
    Ok(message)
}

fn malformed(message: &str) -> Error {
    Error::new(sqlstate::PROTOCOL_VIOLATION, message)
}

/// Bytes as text, if they are UTF-8 without a zero byte.
pub fn text(bytes: &[u8]) -> Result<&str> {
    types::text::from_utf8(bytes)
}

fn memchr_zero(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == 0)
}

/// What is left of a message.
struct Body(Bytes, Encoding);

impl Body {
    fn string(&mut self) -> Result<String> {
        let end = memchr_zero(&self.0).ok_or_else(|| malformed("invalid string in message"))?;
        let bytes = self.0.split_to(end);
        self.0.advance(1);
        Ok(self.1.decode(&bytes)?.into_owned())
    }

    fn need(&self, bytes: usize) -> Result<()> {
        if self.0.len() < bytes {
            return Err(malformed("insufficient data left in message"));
        }
        Ok(())
    }

    fn int2(&mut self) -> Result<i16> {
        self.need(2)?;
        Ok(self.0.get_i16())
    }

    fn int4(&mut self) -> Result<i32> {
        self.need(4)?;
        Ok(self.0.get_i32())
    }

    fn byte(&mut self) -> Result<u8> {
        self.need(1)?;
        Ok(self.0.get_u8())
    }

    /// A count of things of at least `size` bytes each.
    fn count(&mut self, size: usize) -> Result<usize> {
        let count = usize::from(self.int2()? as u16);
        self.need(count * size)?;
        Ok(count)
    }

    fn formats(&mut self) -> Result<Vec<i16>> {
        let count = self.count(2)?;
        (0..count).map(|_| self.int2()).collect()
    }

    fn value(&mut self) -> Result<Option<Bytes>> {
        let length = self.int4()?;
        if length < 0 {
            return Ok(None);
        }
        self.need(length as usize)?;
        Ok(Some(self.0.split_to(length as usize)))
    }

    fn parse(&mut self) -> Result<Parse> {
        let (name, query) = (self.string()?, self.string()?);
        let count = self.count(4)?;
        let param_types = (0..count).map(|_| Ok(self.int4()? as Oid)).collect::<Result<_>>()?;
        Ok(Parse { name, query, param_types })
    }

    fn bind(&mut self) -> Result<Bind> {
        let (portal, statement) = (self.string()?, self.string()?);
        let param_formats = self.formats()?;
        let count = self.count(4)?;
        if param_formats.len() > 1 && param_formats.len() != count {
            return Err(malformed(&format!(
                "bind message has {} parameter formats but {count} parameters",
                param_formats.len()
            )));
        }
        let params = (0..count).map(|_| self.value()).collect::<Result<_>>()?;
        Ok(Bind { portal, statement, param_formats, params, result_formats: self.formats()? })
    }

    fn function_call(&mut self) -> Result<FunctionCall> {
        let function = self.int4()? as Oid;
        let param_formats = self.formats()?;
        let count = self.count(4)?;
        if param_formats.len() > 1 && param_formats.len() != count {
            return Err(malformed(&format!(
                "function call message contains {} argument formats but {count} arguments",
                param_formats.len()
            )));
        }
        let params = (0..count).map(|_| self.value()).collect::<Result<_>>()?;
        Ok(FunctionCall { function, param_formats, params, result_format: self.int2()? })
    }

    fn target(&mut self, verb: &str) -> Result<Target> {
        match self.byte()? {
            b'S' => Ok(Target::Statement(self.string()?)),
            b'P' => Ok(Target::Portal(self.string()?)),
            other => Err(malformed(&format!("invalid {verb} message subtype {other}"))),
        }
    }

    fn end(&self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(malformed("invalid message format")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(tag: u8, body: &[u8]) -> Frame {
        Frame { tag, body: Bytes::copy_from_slice(body) }
    }

    const BIND: &[u8] = b"p\0s\0\0\x01\0\x01\0\x02\0\0\0\x02hi\xff\xff\xff\xff\0\x01\0\x01";

    #[test]
    fn bind_is_decoded() {
        let Message::Bind(bind) = decode(frame(b'B', BIND), Encoding::UTF8).unwrap() else {
            panic!()
        };
        assert_eq!((bind.portal.as_str(), bind.statement.as_str()), ("p", "s"));
        assert_eq!(bind.params, [Some(Bytes::from_static(b"hi")), None]);
        assert_eq!((bind.param_formats, bind.result_formats), (vec![1], vec![1]));
    }

    #[test]
    fn every_cut_of_a_message_is_an_error_and_not_a_panic() {
        for end in 0..BIND.len() {
            let error = decode(frame(b'B', &BIND[..end]), Encoding::UTF8).unwrap_err();
            assert_eq!(error.code(), sqlstate::PROTOCOL_VIOLATION);
            assert!(!error.is_fatal());
        }
        let trailing = [BIND, b"x"].concat();
        assert_eq!(
            decode(frame(b'B', &trailing), Encoding::UTF8).unwrap_err().message(),
            "invalid message format"
        );
    }

    #[test]
    fn text_that_is_not_utf8_is_named_byte_by_byte() {
        let error = decode(frame(b'Q', b"SELECT '\xc3\x28'\0"), Encoding::UTF8).unwrap_err();
        assert_eq!(error.code(), sqlstate::CHARACTER_NOT_IN_REPERTOIRE);
        assert_eq!(error.message(), "invalid byte sequence for encoding \"UTF8\": 0xc3 0x28");
    }
}
