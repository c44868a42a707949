//! As much of an S3 service as contents of files need, in memory: objects, uploads in parts,
//! ranges, lists, deletion of several. Signatures are not looked at.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Held {
    /// By bucket and key.
    objects: BTreeMap<String, Vec<u8>>,
    parts: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    is_down: bool,
}

/// A service on a free port.
#[derive(Clone)]
pub struct S3 {
    pub port: u16,
    held: Arc<Mutex<Held>>,
}

struct Asked {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    range: Option<(usize, usize)>,
    body: Vec<u8>,
}

impl S3 {
    pub fn start() -> S3 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let service = S3 { port, held: Arc::default() };
        let serving = service.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let service = serving.clone();
                std::thread::spawn(move || service.serve(client));
            }
        });
        service
    }

    pub fn keys(&self) -> Vec<String> {
        self.held.lock().expect("no panic").objects.keys().cloned().collect()
    }

    /// Answers nothing but errors.
    pub fn set_down(&self, is_down: bool) {
        self.held.lock().expect("no panic").is_down = is_down;
    }

    pub fn change(&self, key: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.held.lock().expect("no panic").objects.get_mut(key).expect("the object"));
    }

    pub fn put(&self, key: &str, data: &[u8]) {
        self.held.lock().expect("no panic").objects.insert(key.to_owned(), data.to_vec());
    }

    fn serve(&self, client: TcpStream) {
        let Some(asked) = read(&client) else { return };
        let (status, headers, body) = self.answer(&asked);
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        let mut client = client;
        let _ = client.write_all(head.as_bytes());
        if asked.method != "HEAD" {
            let _ = client.write_all(&body);
        }
    }

    fn answer(&self, asked: &Asked) -> (u16, String, Vec<u8>) {
        let mut held = self.held.lock().expect("no panic");
        if held.is_down {
            return (403, String::new(), b"<Error><Code>AccessDenied</Code></Error>".to_vec());
        }
        let has = |name: &str| asked.query.contains_key(name);
        let tag = "ETag: \"x\"\r\nLast-Modified: Mon, 01 Jan 2001 00:00:00 GMT\r\n".to_owned();
        let xml =
            |text: String| (200, "Content-Type: application/xml\r\n".to_owned(), text.into_bytes());
        match asked.method.as_str() {
            "PUT" if has("uploadId") => {
                let number = asked.query["partNumber"].parse().expect("a number");
                let parts = held.parts.entry(asked.query["uploadId"].clone()).or_default();
                parts.insert(number, asked.body.clone());
                (200, tag, Vec::new())
            }
            "PUT" => {
                held.objects.insert(asked.path.clone(), asked.body.clone());
                (200, tag, Vec::new())
            }
            "POST" if has("uploads") => {
                let id = format!("id{}", held.parts.len());
                held.parts.insert(id.clone(), BTreeMap::new());
                xml(format!(
                    "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
                ))
            }
            "POST" if has("uploadId") => {
                let parts = held.parts.remove(&asked.query["uploadId"]).expect("the upload");
                held.objects.insert(asked.path.clone(), parts.into_values().flatten().collect());
                xml("<CompleteMultipartUploadResult><Location>l</Location><Bucket>b</Bucket><Key>k</Key><ETag>\"x\"</ETag></CompleteMultipartUploadResult>".to_owned())
            }
            "POST" if has("delete") => {
                let text = String::from_utf8_lossy(&asked.body).into_owned();
                let mut deleted = String::new();
                for key in
                    text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next())
                {
                    held.objects.remove(&format!("{}/{key}", asked.path.trim_end_matches('/')));
                    deleted += &format!("<Deleted><Key>{key}</Key></Deleted>");
                }
                xml(format!("<DeleteResult>{deleted}</DeleteResult>"))
            }
            "DELETE" => {
                held.objects.remove(&asked.path);
                (204, String::new(), Vec::new())
            }
            "GET" if has("list-type") => {
                let from = format!(
                    "{}/{}",
                    asked.path.trim_end_matches('/'),
                    asked.query.get("prefix").cloned().unwrap_or_default()
                );
                let bucket = format!("{}/", asked.path.trim_end_matches('/'));
                let found = held.objects.iter().filter(|(key, _)| key.starts_with(&from));
                let entries: String = found
                    .map(|(key, data)| {
                        let (key, size) = (key.strip_prefix(&bucket).unwrap_or(key), data.len());
                        format!("<Contents><Key>{key}</Key><LastModified>2001-01-01T00:00:00.000Z</LastModified><ETag>\"x\"</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>")
                    })
                    .collect();
                xml(format!(
                    "<ListBucketResult><Name>b</Name><Prefix></Prefix><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
                ))
            }
            "GET" | "HEAD" => match (held.objects.get(&asked.path), asked.range) {
                (None, _) => {
                    (404, String::new(), b"<Error><Code>NoSuchKey</Code></Error>".to_vec())
                }
                (Some(data), None) => (200, tag, data.clone()),
                (Some(data), Some((from, to))) => {
                    let to = to.min(data.len() - 1);
                    let range = format!("Content-Range: bytes {from}-{to}/{}\r\n", data.len());
                    (206, tag + &range, data[from..=to].to_vec())
                }
            },
            _ => (400, String::new(), Vec::new()),
        }
    }
}

fn read(client: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(client);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut range) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "range" => {
                let (from, to) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
                range = Some((from.parse().ok()?, to.parse().unwrap_or(usize::MAX)));
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let decoded =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    let query = query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect();
    Some(Asked { method, path: decoded(path), query, range, body })
}
