//! Endpoints of a cluster, and what they do wrong.

use crate::{
    answer::{self, Request},
    cluster::Cluster,
    http::{self, Response},
};
use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener, TcpStream},
    ops::{Add, Sub},
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, MutexGuard, PoisonError,
    },
    thread,
    time::Duration,
};

/// What an endpoint does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends without an answer.
    Dead,
    /// The state of the moment in which the fault was set is answered for ever, and transactions are taken and lost.
    Frozen,
    /// An answer of several accounts or statuses lacks the last half of them.
    Partial,
    /// So many requests are rejected with status 429; `Retry-After` says 1 second. All later ones are answered.
    Throttled {
        /// How many.
        requests: usize,
    },
    /// Every answer takes this long.
    Slow {
        /// How long.
        wait: Duration,
    },
}

/// Requests, and the bytes of their bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests, whatever became of them.
    pub requests: usize,
    /// Bytes of the requests' bodies.
    pub sent_bytes: usize,
    /// Bytes of the answers' bodies, as they are on the wire.
    pub answered_bytes: usize,
}

impl Traffic {
    /// Both ways.
    pub fn bytes(&self) -> usize {
        self.sent_bytes + self.answered_bytes
    }
}

impl Add for Traffic {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            sent_bytes: self.sent_bytes + other.sent_bytes,
            answered_bytes: self.answered_bytes + other.answered_bytes,
        }
    }
}

impl Sub for Traffic {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            requests: self.requests - earlier.requests,
            sent_bytes: self.sent_bytes - earlier.sent_bytes,
            answered_bytes: self.answered_bytes - earlier.answered_bytes,
        }
    }
}

/// A cluster that several endpoints answer from.
#[derive(Clone)]
pub struct SharedCluster(Arc<Mutex<Cluster>>);

impl SharedCluster {
    /// Nobody serves it yet.
    pub fn new(cluster: Cluster) -> Self {
        Self(Arc::new(Mutex::new(cluster)))
    }

    /// To look at it or change it, between requests.
    pub fn lock(&self) -> MutexGuard<'_, Cluster> {
        lock(&self.0)
    }
}

#[derive(Default)]
struct State {
    traffic: BTreeMap<String, Traffic>,
    /// The last one that names a method, or none, holds for it.
    faults: Vec<(Option<String>, Fault)>,
    frozen: Option<Cluster>,
}

/// Listens on a port of its own on loopback until it is dropped.
pub struct Endpoint {
    address: SocketAddr,
    cluster: SharedCluster,
    state: Arc<Mutex<State>>,
    is_closed: Arc<AtomicBool>,
}

impl Endpoint {
    /// Serves a cluster.
    pub fn start(cluster: &SharedCluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (state, is_closed) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let endpoint = Self { address, cluster: cluster.clone(), state, is_closed };
        let (cluster, state, is_closed) = (cluster.clone(), endpoint.state.clone(), endpoint.is_closed.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                if is_closed.load(Ordering::Relaxed) {
                    break;
                }
                let (Ok(client), cluster, state) = (client, cluster.clone(), state.clone()) else { continue };
                // A client that goes away is no failure of the server.
                thread::spawn(move || http::serve(client, |body| respond(&cluster, &state, body)).ok());
            }
        });
        endpoint
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on every request meets this fault.
    pub fn set_fault(&self, fault: Fault) {
        self.add_fault(None, fault);
    }

    /// From now on requests of one method meet this fault.
    pub fn set_fault_of(&self, method: &str, fault: Fault) {
        self.add_fault(Some(method.to_owned()), fault);
    }

    fn add_fault(&self, method: Option<String>, fault: Fault) {
        // The cluster first, as requests do.
        let frozen = (fault == Fault::Frozen).then(|| self.cluster.lock().clone());
        let mut state = lock(&self.state);
        state.faults.push((method, fault));
        state.frozen = frozen.or(state.frozen.take());
    }

    /// It behaves again.
    pub fn heal(&self) {
        let mut state = lock(&self.state);
        state.faults.clear();
        state.frozen = None;
    }

    /// Of one method.
    pub fn traffic_of(&self, method: &str) -> Traffic {
        lock(&self.state).traffic.get(method).copied().unwrap_or_default()
    }

    /// Of all methods.
    pub fn traffic(&self) -> Traffic {
        lock(&self.state).traffic.values().copied().fold(Traffic::default(), Traffic::add)
    }

    /// Each method's, to be shown when a budget is passed.
    pub fn traffic_by_method(&self) -> BTreeMap<String, Traffic> {
        lock(&self.state).traffic.clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::Relaxed);
        // The listener waits for one more.
        TcpStream::connect(self.address).ok();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn count(&mut self, method: &str, traffic: Traffic) {
        let sum = self.traffic.entry(method.to_owned()).or_default();
        *sum = *sum + traffic;
    }

    /// The fault that a request meets; a throttled one is counted down.
    fn meet(&mut self, method: &str) -> Option<Fault> {
        let is_meant = |named: &Option<String>| named.as_ref().is_none_or(|named| named == method);
        let (_, fault) = self.faults.iter_mut().rev().find(|(named, _)| is_meant(named))?;
        if let Fault::Throttled { requests } = fault {
            if *requests == 0 {
                return None;
            }
            *requests -= 1;
        }
        Some(*fault)
    }
}

/// None ends the connection.
fn respond(cluster: &SharedCluster, state: &Mutex<State>, body: &[u8]) -> Option<Response> {
    let request = Request::read(body);
    let method = request.as_ref().map(|request| request.method.as_str()).unwrap_or_default().to_owned();
    let fault = {
        let mut state = lock(state);
        state.count(&method, Traffic { requests: 1, sent_bytes: body.len(), answered_bytes: 0 });
        state.meet(&method)
    };
    let mut answer = match fault {
        Some(Fault::Dead) => return None,
        Some(Fault::Throttled { .. }) => return Some(Response::status("429 Too Many Requests\r\nRetry-After: 1")),
        Some(Fault::Slow { wait }) => {
            thread::sleep(wait);
            answer::answer(&mut cluster.lock(), &request)
        }
        Some(Fault::Frozen) => {
            let mut state = lock(state);
            match &mut state.frozen {
                Some(frozen) => answer::answer_frozen(frozen, &request),
                None => return None,
            }
        }
        Some(Fault::Partial) | None => answer::answer(&mut cluster.lock(), &request),
    };
    if fault == Some(Fault::Partial) {
        answer::halve(&mut answer);
    }
    let answer = answer.to_string().into_bytes();
    lock(state).count(&method, Traffic { answered_bytes: answer.len(), ..Traffic::default() });
    Some(Response::ok(answer))
}
