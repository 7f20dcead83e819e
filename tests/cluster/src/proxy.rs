//! An RPC endpoint as bad as the public ones, by a schedule that a seed decides.

use crate::{frozen::Frozen, random::Random, validator::ledger};
use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, MutexGuard, PoisonError,
    },
    thread,
    time::Duration,
};
use stipend_client::rpc::RpcLedger;

/// Longest wait of either side.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is closed before the validator sees it.
    Dropped,
    /// The validator gets it, and its answer is lost.
    AnswerDropped,
    /// The validator gets it, and half of its answer arrives.
    Cut,
    /// It is refused for the moment: 429, with `Retry-After: 1`.
    TooMany,
    /// It waits for up to 2 seconds.
    Delayed,
    /// The endpoint answers that it can't: 503.
    Unavailable,
    /// The endpoint stands still: what it answered first it answers for ever, and transactions are taken and lost.
    Frozen,
}

/// How many of 1,000 requests meet a fault; all others go through.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In thousandths, all together 1,000 at the most.
    pub faults: Vec<(Fault, u64)>,
    /// Only requests of this method; of every one if there is none.
    pub method: Option<&'static str>,
}

impl Plan {
    /// One fault, for every method.
    pub fn all(fault: Fault, thousandths: u64) -> Self {
        Self { faults: vec![(fault, thousandths)], method: None }
    }

    /// One fault, for one method.
    pub fn of(method: &'static str, fault: Fault, thousandths: u64) -> Self {
        Self { faults: vec![(fault, thousandths)], method: Some(method) }
    }

    fn pick(&self, method: &str, random: &mut Random) -> Option<Fault> {
        if self.method.is_some_and(|only| only != method) {
            return None;
        }
        let mut left = random.below(1_000);
        for (fault, thousandths) in &self.faults {
            if left < *thousandths {
                return Some(*fault);
            }
            left -= thousandths;
        }
        None
    }
}

struct State {
    random: Random,
    requests: BTreeMap<String, usize>,
    faults: BTreeMap<Fault, usize>,
    frozen: Frozen,
}

/// Listens on a port of its own until it is dropped.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    is_closed: Arc<AtomicBool>,
}

impl Proxy {
    /// - `url`: where requests go; `seed`: decides which meet a fault.
    pub fn start(url: &str, seed: u64, plan: Plan) -> Self {
        let upstream: SocketAddr = url.trim_start_matches("http://").parse().expect("an address and a port");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let state = State {
            random: Random::new(seed),
            requests: BTreeMap::new(),
            faults: BTreeMap::new(),
            frozen: Frozen::default(),
        };
        let state = Arc::new(Mutex::new(state));
        let is_closed = Arc::new(AtomicBool::new(false));
        let proxy = Self { address, state: state.clone(), is_closed: is_closed.clone() };
        thread::spawn(move || {
            for client in listener.incoming() {
                if is_closed.load(Ordering::Relaxed) {
                    break;
                }
                let (Ok(client), state, plan) = (client, state.clone(), plan.clone()) else { continue };
                // A connection that breaks is what this is for.
                thread::spawn(move || serve(client, upstream, &state, &plan).ok());
            }
        });
        proxy
    }

    /// The endpoint.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A ledger over it.
    pub fn ledger(&self) -> RpcLedger {
        ledger(&[self.url()])
    }

    /// Requests of a method, whatever became of them.
    pub fn requests(&self, method: &str) -> usize {
        lock(&self.state).requests.get(method).copied().unwrap_or(0)
    }

    /// All requests.
    pub fn all_requests(&self) -> usize {
        lock(&self.state).requests.values().sum()
    }

    /// How often it happened.
    pub fn faults(&self, fault: Fault) -> usize {
        lock(&self.state).faults.get(&fault).copied().unwrap_or(0)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::Relaxed);
        // The listener waits for one more.
        TcpStream::connect(self.address).ok();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One request, and the end of the connection: so is every answer, and every loss, of one request.
fn serve(mut client: TcpStream, upstream: SocketAddr, state: &Mutex<State>, plan: &Plan) -> io::Result<()> {
    client.set_read_timeout(Some(TIMEOUT))?;
    client.set_write_timeout(Some(TIMEOUT))?;
    let body = read_request(&mut client)?;
    let method = method(&body);
    let (fault, wait) = {
        let mut state = lock(state);
        *state.requests.entry(method.clone()).or_default() += 1;
        let fault = plan.pick(&method, &mut state.random);
        let wait = Duration::from_millis(state.random.below(2_000));
        if let Some(fault) = fault {
            *state.faults.entry(fault).or_default() += 1;
        }
        (fault, wait)
    };
    match fault {
        Some(Fault::Dropped) => return Ok(()),
        Some(Fault::TooMany) => return refuse(&mut client, "429 Too Many Requests\r\nRetry-After: 1"),
        Some(Fault::Unavailable) => return refuse(&mut client, "503 Service Unavailable"),
        Some(Fault::Delayed) => thread::sleep(wait),
        Some(Fault::Frozen) => {
            let known = lock(state).frozen.answer(&body);
            let answer = match known {
                Some(answer) => answer,
                None => {
                    let answer = forward(upstream, &body)?;
                    lock(state).frozen.keep(&body, &answer)
                }
            };
            return client.write_all(&answer);
        }
        Some(Fault::AnswerDropped | Fault::Cut) | None => {}
    }
    let answer = forward(upstream, &body)?;
    match fault {
        Some(Fault::AnswerDropped) => Ok(()),
        Some(Fault::Cut) => client.write_all(answer.get(..answer.len() / 2).unwrap_or_default()),
        _ => client.write_all(&answer),
    }
}

fn refuse(client: &mut TcpStream, status: &str) -> io::Result<()> {
    write!(client, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// The whole answer, head and body. Errors: the validator is not there.
fn forward(upstream: SocketAddr, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut validator = TcpStream::connect_timeout(&upstream, TIMEOUT)?;
    validator.set_read_timeout(Some(TIMEOUT))?;
    let length = body.len();
    write!(
        validator,
        "POST / HTTP/1.1\r\nHost: {upstream}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: \
         close\r\n\r\n"
    )?;
    validator.write_all(body)?;
    let mut answer = Vec::new();
    validator.read_to_end(&mut answer)?;
    Ok(answer)
}

/// The body of a request, whose length its head says.
fn read_request(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    let mut some = [0; 4_096];
    loop {
        let count = client.read(&mut some)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(some.get(..count).unwrap_or_default());
        let Some(head) = read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let (head, body) = (String::from_utf8_lossy(&read[..head]).to_lowercase(), &read[head + 4..]);
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        if body.len() >= length.unwrap_or(0) {
            return Ok(body.to_vec());
        }
    }
}

/// The method that a JSON-RPC request names.
fn method(body: &[u8]) -> String {
    let request: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    request.get("method").and_then(|method| method.as_str()).unwrap_or_default().to_owned()
}
