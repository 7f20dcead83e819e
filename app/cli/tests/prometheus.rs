//! `stipend oracle measure` on a real Prometheus that scrapes a real exporter: Debian's `prometheus` and
//! `prometheus-node-exporter`, started here on loopback.

mod folder;

use folder::TempDir;
use std::fs;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stipend_client::measurement::{MeasurementRow, Measurements};

const EPOCH_SECS: u64 = 24;
const STEP_SECS: u64 = 2;

/// A process that ends with the test.
struct Daemon(Child);

impl Daemon {
    /// Starts `program` and waits until it listens at `address`.
    fn start(program: &str, arguments: &[String], address: &str) -> Self {
        let spawn = || {
            let mut command = Command::new(program);
            command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            Self(command.spawn().unwrap_or_else(|error| panic!("`{program}` of Debian's package can't run: {error}")))
        };
        let mut daemon = spawn();
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "`{program}` does not listen at {address}");
            thread::sleep(Duration::from_millis(50));
            if daemon.0.try_wait().is_ok_and(|exit| exit.is_some()) {
                // The address may not be free again yet.
                daemon = spawn();
            }
        }
        daemon
    }

    /// Kills it, without a chance to say farewell.
    fn kill(mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("waited for");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An address that nobody has. The port is below those that the system gives to outgoing connections, as it is to be
/// still free when what listens there is started again.
fn free_address() -> String {
    static OFFSET: AtomicU32 = AtomicU32::new(0);
    loop {
        let port = 20_000 + (std::process::id() + OFFSET.fetch_add(1, Ordering::SeqCst)) % 10_000;
        let address = format!("127.0.0.1:{port}");
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

fn start_exporter(address: &str) -> Daemon {
    let listen = format!("--web.listen-address={address}");
    let only = ["--collector.disable-defaults", "--collector.netdev", "--collector.netdev.device-exclude="];
    let arguments: Vec<_> = std::iter::once(listen).chain(only.map(str::to_owned)).collect();
    Daemon::start("prometheus-node-exporter", &arguments, address)
}

fn start_prometheus(address: &str, folder: &Path) -> Daemon {
    let arguments = [
        format!("--web.listen-address={address}"),
        format!("--config.file={}", folder.join("prometheus.yml").display()),
        format!("--storage.tsdb.path={}", folder.join("data").display()),
    ];
    Daemon::start("prometheus", &arguments, address)
}

/// Sends 100,000 bytes a second over loopback, for as long as it lives.
struct Traffic(Arc<AtomicBool>);

impl Traffic {
    fn start() -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let to = UdpSocket::bind("127.0.0.1:0").expect("bound");
        let from = UdpSocket::bind("127.0.0.1:0").expect("bound");
        from.connect(to.local_addr().expect("an address")).expect("connected");
        let traffic = Self(Arc::clone(&is_over));
        thread::spawn(move || {
            let start = Instant::now();
            for packet in 1_u32.. {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let _ = from.send(&[7; 1_000]);
                // The receiver's queue may be full; the packet has passed the interface all the same.
                thread::sleep((start + Duration::from_millis(10) * packet).saturating_duration_since(Instant::now()));
            }
            drop(to);
        });
        traffic
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What the kernel says that the loopback interface has received.
fn loopback_bytes() -> u64 {
    let devices = fs::read_to_string("/proc/net/dev").expect("readable");
    let line = devices.lines().find_map(|line| line.trim().strip_prefix("lo:")).expect("a loopback interface");
    line.split_whitespace().next().expect("a counter").parse().expect("a number")
}

fn unix_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

fn sleep_until(unix_secs: u64) {
    let until = UNIX_EPOCH + Duration::from_secs(unix_secs);
    thread::sleep(until.duration_since(SystemTime::now()).unwrap_or_default());
}

/// Runs `stipend oracle measure`, which writes to `out`.
fn run(out: &Path, url: &str, genesis: u64, epoch: u32, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stipend"))
        .args(["oracle", "measure", "--node-label", "node"])
        .args(["--uptime-query", "avg_over_time(up{job=\"nodes\"}[$window])"])
        .args(["--bandwidth-query", "rate(node_network_receive_bytes_total{device=\"lo\"}[4s]) * 8 / 1000"])
        .args(["--prometheus", url, "--step-secs", &STEP_SECS.to_string()])
        .args(["--genesis", &genesis.to_string(), "--epoch-secs", &EPOCH_SECS.to_string()])
        .args(["--epoch", &epoch.to_string(), "--settle-secs", "2"])
        .args(options)
        .arg("--out")
        .arg(out)
        .output()
        .expect("the binary runs")
}

/// What it wrote.
fn measure(folder: &Path, url: &str, genesis: u64, epoch: u32, options: &[&str]) -> Vec<MeasurementRow> {
    let out = folder.join("out.csv");
    let output = run(&out, url, genesis, epoch, options);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, b"");
    Measurements::read(&out).expect("a measurement file").into_rows()
}

#[test]
#[ignore = "needs Debian's prometheus and prometheus-node-exporter"]
fn what_a_real_prometheus_scraped_becomes_measurements_and_its_own_outage_is_no_downtime() {
    let folder = TempDir::new();
    let (prometheus_address, exporter_address, nobody) = (free_address(), free_address(), free_address());
    let config = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
         scrape_configs:\n\
         - job_name: nodes\n  static_configs:\n  \
           - {{targets: ['{exporter_address}'], labels: {{node: alpha}}}}\n  \
           - {{targets: ['{prometheus_address}'], labels: {{node: beta}}}}\n  \
           - {{targets: ['{nobody}'], labels: {{node: gamma}}}}\n"
    );
    fs::write(folder.path().join("prometheus.yml"), config).expect("written");
    let url = format!("http://{prometheus_address}");
    let _traffic = Traffic::start();
    let exporter = start_exporter(&exporter_address);
    let prometheus = start_prometheus(&prometheus_address, folder.path());
    let genesis = unix_secs() + 4;

    // Epoch 0: the exporter is away for 8 of 24 s, and Prometheus sees it.
    sleep_until(genesis);
    let bytes_before = loopback_bytes();
    sleep_until(genesis + 8);
    exporter.kill();
    sleep_until(genesis + 16);
    let _exporter = start_exporter(&exporter_address);
    let epoch_0 = measure(folder.path(), &url, genesis, 0, &[]);
    let bytes = loopback_bytes() - bytes_before;

    // Epoch 1: Prometheus itself is away for 8 of 24 s.
    sleep_until(genesis + EPOCH_SECS + 6);
    prometheus.kill();
    sleep_until(genesis + EPOCH_SECS + 14);
    let _prometheus = start_prometheus(&prometheus_address, folder.path());
    let epoch_1 = measure(folder.path(), &url, genesis, 1, &["--min-coverage", "25"]);
    let strict_out = folder.path().join("strict.csv");
    let strict = run(&strict_out, &url, genesis, 1, &["--min-coverage", "100"]);

    let [alpha, beta, gamma] = epoch_0.as_slice() else { panic!("{epoch_0:?}") };
    assert_eq!([&alpha.node, &beta.node, &gamma.node], ["alpha", "beta", "gamma"]);
    // 16 of 24 s are 6,666; a second and a half more or less, as scrapes don't fall on the moments of kill and start.
    let uptime_bps = alpha.uptime_bps.expect("measured");
    assert!((6_041..=7_291).contains(&uptime_bps), "{uptime_bps}");
    assert_eq!((beta.uptime_bps, beta.bandwidth), (Some(10_000), None));
    assert_eq!((gamma.uptime_bps, gamma.bandwidth), (Some(0), None));
    // 100,000 bytes a second and their headers are 800 kbit/s and more; and if all that passed had passed in half of the
    // epoch, that would be the most.
    let bandwidth = u64::from(alpha.bandwidth.expect("measured"));
    let most = bytes * 8 / 1_000 / (EPOCH_SECS / 2);
    assert!((700..=most).contains(&bandwidth), "{bandwidth} of {most} kbit/s");

    // Nobody was down while Prometheus was away.
    let uptimes: Vec<_> = epoch_1.iter().map(|row| (row.node.as_str(), row.uptime_bps)).collect();
    assert_eq!(uptimes, [("alpha", Some(10_000)), ("beta", Some(10_000)), ("gamma", Some(0))]);
    // Where every node has too few samples, nothing is measured, and that is no measurement.
    let said = String::from_utf8_lossy(&strict.stderr);
    assert_eq!(strict.status.code(), Some(2), "{said}");
    assert!(said.contains("uptime of node \"alpha\" is not measured: samples in "), "{said}");
    assert!(!strict_out.exists());
}
