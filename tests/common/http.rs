//! A small HTTP/1.1 server on loopback: one thread a connection, replies as told.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

/// A request, read whole.
#[derive(Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: String,
}

/// What the server does with a request.
pub enum Reply {
    /// A whole answer.
    Http { status: u16, headers: Vec<(&'static str, String)>, body: String },
    /// These bytes, and then the connection is closed.
    Raw(Vec<u8>),
    /// These bytes, one at a time with this pause before each.
    Drip(Vec<u8>, Duration),
    /// Nothing, for this long; then the connection is closed.
    Hang(Duration),
    /// The connection is closed at once.
    Close,
}

impl Reply {
    pub fn json(status: u16, body: impl ToString) -> Self {
        let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
        Self::Http { status, headers, body: body.to_string() }
    }
}

/// A server that lives as long as the test program.
pub fn serve(handler: impl Fn(Request) -> Reply + Send + Sync + 'static) -> SocketAddr {
    serve_over(|stream| stream, handler)
}

/// The same over another transport, such as TLS, that a connection is made into.
pub fn serve_over<S: Read + Write>(
    transport: impl Fn(TcpStream) -> S + Send + Sync + 'static,
    handler: impl Fn(Request) -> Reply + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (transport, handler) = (Arc::new(transport), Arc::new(handler));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Without this a small answer waits for the client's delayed acknowledgement.
            stream.set_nodelay(true).unwrap();
            let (transport, handler) = (transport.clone(), handler.clone());
            thread::spawn(move || converse(transport(stream), &*handler));
        }
    });
    address
}

/// Ends, and closes the connection with it, where the client or a reply does.
fn converse(stream: impl Read + Write, handler: &dyn Fn(Request) -> Reply) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let stream = reader.get_mut();
        match handler(request) {
            Reply::Http { status, headers, body } => {
                let mut head = format!("HTTP/1.1 {status} Reply\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                if stream.write_all(format!("{head}\r\n{body}").as_bytes()).is_err() {
                    return;
                }
            }
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes);
                return;
            }
            Reply::Drip(bytes, pause) => {
                for byte in bytes {
                    thread::sleep(pause);
                    if stream.write_all(&[byte]).is_err() {
                        return;
                    }
                }
                return;
            }
            Reply::Hang(pause) => {
                thread::sleep(pause);
                return;
            }
            Reply::Close => return,
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body: String::from_utf8(body).unwrap() })
}
