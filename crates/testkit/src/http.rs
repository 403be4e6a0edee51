//! An HTTP/1.1 server on loopback: one thread per connection, and answers that may break off,
//! drip or never end.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use socket2::{Domain, SockRef, Socket, Type};

/// A request, read whole.
#[derive(Debug)]
pub struct Request {
    /// The method, in upper case.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    /// The body; invalid UTF-8 is replaced.
    pub body: String,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

/// The server's reply to a request.
pub enum Reply {
    /// A whole answer.
    Http {
        /// The status code.
        status: u16,
        /// All headers but the content's length.
        headers: Vec<(&'static str, String)>,
        /// The whole body.
        body: Vec<u8>,
    },
    /// These bytes, and then the connection is closed.
    Raw(Vec<u8>),
    /// These bytes, one at a time with this pause before each.
    Drip(Vec<u8>, Duration),
    /// Nothing, for this long; then the connection is closed.
    Hang(Duration),
    /// These bytes, then nothing for this long; then the connection is closed.
    Stall(Vec<u8>, Duration),
    /// These bytes, and then the connection is reset.
    Reset(Vec<u8>),
    /// The connection is closed at once.
    Close,
}

impl Reply {
    /// An answer of an AWS API that speaks JSON.
    pub fn json(status: u16, body: impl ToString) -> Self {
        let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
        Self::Http { status, headers, body: body.to_string().into_bytes() }
    }

    /// The same answer with one more header; other replies stay as they are.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Http { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }

    /// The head and the body of a whole answer, as they go over the wire.
    pub fn written(&self) -> (Vec<u8>, Vec<u8>) {
        let Self::Http { status, headers, body } = self else { panic!("only a whole answer is written") };
        let mut head = format!("HTTP/1.1 {status} Reply\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        (format!("{head}\r\n").into_bytes(), body.clone())
    }
}

/// An address that refuses every connection until its server starts.
pub struct Address(Socket);

impl Address {
    /// Reserves a free port.
    pub fn reserve() -> Self {
        Self::of_port(0)
    }

    /// Reserves this port.
    pub fn of_port(port: u16) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        socket.bind(&address.into()).unwrap_or_else(|error| panic!("{address}: {error}"));
        Self(socket)
    }

    /// The address, which others need before the server listens.
    pub fn get(&self) -> SocketAddr {
        self.0.local_addr().unwrap().as_socket().unwrap()
    }

    /// Starts the server.
    pub fn open(self, handler: impl Fn(Request) -> Reply + Send + Sync + 'static) -> Server {
        self.open_over(|stream| stream, handler)
    }

    /// Starts the server over another transport, such as TLS. `transport` wraps each connection.
    pub fn open_over<S: Read + Write>(
        self,
        transport: impl Fn(TcpStream) -> S + Send + Sync + 'static,
        handler: impl Fn(Request) -> Reply + Send + Sync + 'static,
    ) -> Server {
        self.0.listen(128).unwrap();
        let server = Server { address: self.get(), is_over: Arc::default() };
        let (listener, is_over) = (TcpListener::from(self.0), server.is_over.clone());
        let (transport, handler) = (Arc::new(transport), Arc::new(handler));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if is_over.load(SeqCst) {
                    return;
                }
                let (transport, handler) = (transport.clone(), handler.clone());
                thread::spawn(move || {
                    // Without this a small answer waits for the client's delayed acknowledgement.
                    stream.set_nodelay(true).unwrap();
                    let socket = stream.try_clone().unwrap();
                    converse(transport(stream), &socket, &*handler);
                });
            }
        });
        server
    }
}

/// A running server. When it is dropped it accepts no more connections.
pub struct Server {
    /// The address on which it listens.
    pub address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, SeqCst);
        // The thread that waits for connections checks for the end at the next one.
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers requests until the client or a reply ends the connection.
fn converse(stream: impl Read + Write, socket: &TcpStream, handler: &dyn Fn(Request) -> Reply) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let stream = reader.get_mut();
        match handler(request) {
            reply @ Reply::Http { .. } => {
                let (head, body) = reply.written();
                if stream.write_all(&[head, body].concat()).and_then(|()| stream.flush()).is_err() {
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
            Reply::Stall(bytes, pause) => {
                let _ = stream.write_all(&bytes);
                thread::sleep(pause);
                return;
            }
            Reply::Reset(bytes) => {
                let _ = stream.write_all(&bytes);
                // A socket that may not linger sends RST where another sends FIN.
                SockRef::from(socket).set_linger(Some(Duration::ZERO)).unwrap();
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
    let length = headers.get("content-length").map_or(Some(0), |length| length.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body: String::from_utf8_lossy(&body).into_owned(), bytes: body })
}
