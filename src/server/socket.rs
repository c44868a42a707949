//! The Unix socket: `.s.PGSQL.` and the port, in a directory that the configuration
//! names. libpq finds it by the directory as its host.
//!
//! Everybody on the machine may connect; the rules say who may enter, and `peer` takes
//! the operating system's word for who it is.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use crate::error::{Error, Result};
use crate::sqlstate;

/// Removed when dropped.
pub struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl UnixSocket {
    /// Binds the socket. One that a server has left behind is replaced; `55006` if
    /// somebody listens on it.
    pub fn bind(directory: &Path, port: u16) -> Result<UnixSocket> {
        let path = directory.join(format!(".s.PGSQL.{port}"));
        let failed = |error: std::io::Error| {
            let message =
                format!("could not create Unix-domain socket \"{}\": {error}", path.display());
            Error::new(sqlstate::SYSTEM_ERROR, message)
        };
        if std::os::unix::net::UnixStream::connect(&path).is_ok() {
            let message = format!("Unix-domain socket \"{}\" is in use", path.display());
            return Err(Error::new(sqlstate::OBJECT_IN_USE, message)
                .with_hint("Is another server already running on this port?"));
        }
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).map_err(failed)?;
        Ok(UnixSocket { listener, path })
    }

    /// The next client, and the name of the system's user that it is.
    pub async fn accept(&self) -> std::io::Result<(UnixStream, Option<String>)> {
        let (stream, _) = self.listener.accept().await?;
        let user = stream.peer_cred().ok().and_then(|credentials| user_name(credentials.uid()));
        Ok((stream, user))
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "the socket was not removed");
        }
    }
}

/// The name of a user, by `/etc/passwd`: other sources of users are not asked.
fn user_name(uid: u32) -> Option<String> {
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    name_in(&passwd, uid)
}

fn name_in(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n# comment\nann:x:1000:1000::/:/bin/sh\n";
        assert_eq!(name_in(passwd, 1000).as_deref(), Some("ann"));
        assert_eq!(name_in(passwd, 1), None);
    }

    #[tokio::test]
    async fn a_socket_left_behind_is_replaced_and_one_in_use_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".s.PGSQL.5432");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let socket = UnixSocket::bind(directory.path(), 5432).unwrap();
        let error = UnixSocket::bind(directory.path(), 5432).map(drop).unwrap_err();
        assert_eq!(error.code(), sqlstate::OBJECT_IN_USE);
        drop(socket);
        assert!(!path.exists());
    }
}
