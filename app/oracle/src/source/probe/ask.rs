//! One question to one target.

use std::error::Error;
use std::io::{self, Read as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use reqwest::Url;
use stipend_client::measurement::MAX_BANDWIDTH;

use super::targets::{Reference, Target, TcpAddress};

const BLOCK_BYTES: usize = 64 * 1024;

/// Why a target is not up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Its name has no address now.
    Unresolved(String),
    Down(String),
}

/// How much of a download is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownloadLimits {
    pub bytes: u64,
    pub time: Duration,
}

/// A download of which at least the answer's head came in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Download {
    pub bytes: u64,
    /// From the request to the last byte.
    pub time: Duration,
}

impl Download {
    /// Bits in a millisecond.
    ///
    /// Floor: what was not served is not credited.
    pub fn kbit_per_sec(&self) -> u32 {
        let micros = self.time.as_micros().max(1);
        let kbit_per_sec = u128::from(self.bytes) * 8_000 / micros;
        u32::try_from(kbit_per_sec).unwrap_or(MAX_BANDWIDTH).min(MAX_BANDWIDTH)
    }
}

/// Asks over the network, directly: neither by a proxy nor where a redirect leads, as only the target itself is asked.
pub struct Asker {
    client: Client,
}

impl Asker {
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .pool_max_idle_per_host(0)
            .user_agent(concat!("stipend-prober/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client })
    }

    /// Whether all that the target is asked is answered within `timeout`. `on_resolved` is called if a name of it was
    /// found.
    pub fn is_up(&self, target: &Target, timeout: Duration, on_resolved: impl Fn()) -> Result<(), Silence> {
        let deadline = Instant::now() + timeout;
        if let Some(address) = &target.tcp {
            connect(address, deadline, &on_resolved).map_err(|silence| silence.of("tcp"))?;
        }
        if let Some(url) = &target.http {
            self.get(url, deadline, &on_resolved).map_err(|silence| silence.of("http"))?;
        }
        Ok(())
    }

    /// Whether one of `references` answers within `timeout`.
    pub fn has_answer(&self, references: &[Reference], timeout: Duration, on_resolved: impl Fn()) -> bool {
        let share = timeout / u32::try_from(references.len()).unwrap_or(u32::MAX).max(1);
        references.iter().any(|reference| {
            let deadline = Instant::now() + share;
            match reference {
                Reference::Tcp(address) => connect(address, deadline, &on_resolved).is_ok(),
                Reference::Http(url) => self.get(url, deadline, &on_resolved).is_ok(),
            }
        })
    }

    /// An answer is one, whatever it says, unless it says that the server is at fault: a status below 500.
    fn get(&self, url: &Url, deadline: Instant, on_resolved: &impl Fn()) -> Result<(), Silence> {
        let address = TcpAddress::of_url(url).ok_or_else(|| Silence::Down("the URL has no host".to_owned()))?;
        resolve(&address, on_resolved)?;
        let left = deadline.saturating_duration_since(Instant::now());
        match self.client.get(url.clone()).timeout(left).send() {
            Ok(response) if response.status().as_u16() < 500 => Ok(()),
            Ok(response) => Err(Silence::Down(format!("answered {}", response.status()))),
            Err(error) => Err(Silence::Down(deepest(&error.without_url()))),
        }
    }

    /// Downloads `url` until it ends, or one of the limits is reached.
    pub fn download(&self, url: &Url, limits: DownloadLimits) -> Result<Download, String> {
        let start = Instant::now();
        let sent = self.client.get(url.clone()).timeout(limits.time).send();
        let response = sent.map_err(|error| deepest(&error.without_url()))?;
        if !response.status().is_success() {
            return Err(format!("answered {}", response.status()));
        }
        let mut body = response.take(limits.bytes);
        let mut block = vec![0; BLOCK_BYTES];
        let mut bytes = 0;
        loop {
            match body.read(&mut block) {
                Ok(0) => return Ok(Download { bytes, time: start.elapsed() }),
                Ok(read) => bytes += read as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The time is up: what came until then was served.
                Err(_) if start.elapsed() >= limits.time => return Ok(Download { bytes, time: start.elapsed() }),
                Err(error) => return Err(format!("broke off after {bytes} bytes: {}", deepest(&error))),
            }
        }
    }
}

impl Silence {
    fn of(self, what: &str) -> Self {
        match self {
            Self::Unresolved(why) => Self::Unresolved(format!("{what}: {why}")),
            Self::Down(why) => Self::Down(format!("{what}: {why}")),
        }
    }

    pub fn why(&self) -> &str {
        match self {
            Self::Unresolved(why) | Self::Down(why) => why,
        }
    }
}

/// Connects to the first address that accepts.
fn connect(address: &TcpAddress, deadline: Instant, on_resolved: &impl Fn()) -> Result<(), Silence> {
    let mut why = "timed out".to_owned();
    for socket_address in resolve(address, on_resolved)? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&socket_address, left) {
            Ok(_stream) => return Ok(()),
            Err(error) => why = error.to_string(),
        }
    }
    Err(Silence::Down(why))
}

fn resolve(address: &TcpAddress, on_resolved: &impl Fn()) -> Result<Vec<std::net::SocketAddr>, Silence> {
    let unresolved = |why: String| Silence::Unresolved(format!("`{}` has no address: {why}", address.host));
    let found: Vec<_> = (address.host.as_str(), address.port)
        .to_socket_addrs()
        .map_err(|error| unresolved(error.to_string()))?
        .collect();
    if found.is_empty() {
        return Err(unresolved("the answer is empty".to_owned()));
    }
    if address.is_name() {
        on_resolved();
    }
    Ok(found)
}

/// The cause of all the others, which says most.
fn deepest(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests;
