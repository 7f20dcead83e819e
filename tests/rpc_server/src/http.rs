//! As much of HTTP/1.1 as a client of JSON-RPC needs: bodies of a known length, and connections that are used again.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::TcpStream,
};

/// Longest body of a request.
const MAX_BODY_BYTES: usize = 16 << 20;

/// What a client is answered.
pub struct Response {
    /// Status and reason, and header lines behind them.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer of JSON-RPC.
    pub fn ok(body: Vec<u8>) -> Self {
        Self { head: "200 OK\r\nContent-Type: application/json".to_owned(), body }
    }

    /// A status without a body.
    pub fn status(head: &str) -> Self {
        Self { head: head.to_owned(), body: Vec::new() }
    }
}

/// Answers the requests of one connection until the client ends it, or `answer` returns nothing.
pub fn serve(stream: TcpStream, mut answer: impl FnMut(&[u8]) -> Option<Response>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(body) = read_body(&mut reader)? {
        let Some(Response { head, body }) = answer(&body) else { break };
        write!(writer, "HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len())?;
        writer.write_all(&body)?;
        writer.flush()?;
    }
    Ok(())
}

/// The next request's body; none if the client has gone.
fn read_body(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let (mut length, mut is_begun) = (0, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return if is_begun { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(None) };
        }
        is_begun = true;
        if line.trim_end().is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
        }
    }
    if length > MAX_BODY_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(body))
}
