//! As much of HTTP/1.1 as the Runtime API's clients and the AWS SDKs speak.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use anyhow::Context;

/// A request, read whole.
pub struct Request {
    pub path: String,
    pub body: Vec<u8>,
}

/// An answer with status 200.
pub struct Answer {
    pub headers: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(body: Vec<u8>) -> Self {
        Self { headers: "content-type: application/json\r\n".to_owned(), body }
    }
}

/// A server for as long as the bench runs: one thread a connection, which `transport`
/// may first make into another, such as TLS. `None` closes the connection.
pub fn serve<S: Read + Write>(
    transport: impl Fn(TcpStream) -> anyhow::Result<S> + Send + Sync + 'static,
    handler: impl Fn(Request) -> Option<Answer> + Send + Sync + 'static,
) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (transport, handler) = (Arc::new(transport), Arc::new(handler));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (transport, handler) = (transport.clone(), handler.clone());
            // A connection ends with an error whenever a peer is ended.
            thread::spawn(move || converse(stream, &*transport, &*handler));
        }
    });
    Ok(address)
}

fn converse<S: Read + Write>(
    stream: TcpStream,
    transport: &impl Fn(TcpStream) -> anyhow::Result<S>,
    handler: &impl Fn(Request) -> Option<Answer>,
) -> anyhow::Result<()> {
    // Without this a small answer waits for the client's delayed acknowledgement.
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(transport(stream)?);
    loop {
        let request = read(&mut reader)?;
        let Some(Answer { headers, body }) = handler(request) else { return Ok(()) };
        let mut bytes = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend(body);
        reader.get_mut().write_all(&bytes)?;
        reader.get_mut().flush()?;
    }
}

fn read(reader: &mut impl BufRead) -> anyhow::Result<Request> {
    let first = line(reader)?;
    let path = first.split_whitespace().nth(1).context("no request line")?.to_owned();
    let mut length = 0;
    loop {
        let header = line(reader)?;
        if header.is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request { path, body })
}

fn line(reader: &mut impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    anyhow::ensure!(reader.read_line(&mut line)? > 0, "the connection was closed");
    Ok(line.trim_end().to_owned())
}
