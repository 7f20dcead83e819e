//! Payers that run dry under programs that run on: these wait, say so, and go on once they can pay.

use serde_json::Value;
use solana_address::Address;
use solana_keypair::{write_keypair_file, Keypair};
use solana_signer::Signer;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};
use stipend_cluster_tests::{Running, Stipend, Validator};

const SOL: u64 = 1_000_000_000;
/// Of one signature.
const FEE_LAMPORTS: u64 = 5_000;
/// Of a report that is relayed: the payer's signature, and the oracle's that is checked beside it.
const RELAY_LAMPORTS: u64 = 2 * FEE_LAMPORTS;
/// What an account without data must hold.
const RENT_LAMPORTS: u64 = 890_880;
/// The only node scores 10,000 · (5,000 + 5,000) points in each epoch, one atom each.
const EMISSION_ATOMS: u64 = 100_000_000;
/// Longest wait for anything, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(600);

/// Waits until something is so.
#[track_caller]
fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "{what}: not so after {} seconds", LIMIT.as_secs());
        thread::sleep(Duration::from_millis(500));
    }
}

/// A network with one oracle and one node, before its first epoch.
struct Scene {
    validator: Validator,
    stipend: Stipend,
    oracle: String,
    network: String,
}

impl Scene {
    fn new() -> Self {
        let validator = Validator::start();
        let payer = validator.funded(100 * SOL);
        let stipend = Stipend::new(&validator.url(), &payer);
        let device = Keypair::new();
        write_keypair_file(&device, stipend.path("device.json")).expect("a key file");
        let mut rows = "epoch,node,uptime_bps,bandwidth\n".to_owned();
        for epoch in 0..100 {
            rows.push_str(&format!("{epoch},{},10000,1000000\n", device.pubkey()));
        }
        fs::write(stipend.path("source.csv"), rows).expect("a file");
        let emission = EMISSION_ATOMS.to_string();
        let create = ["network", "create", "--create-mint", "--emission-atoms", &emission, "--carry-epochs", "0"];
        // A report window in which a payer can be missed and sent SOL: what waits for it is not lost.
        let times = ["--genesis", "+60", "--epoch-secs", "60", "--report-secs", "60", "--score-secs", "1800"];
        let created =
            stipend.run(&[&create[..], &times, &["--quorum", "1", "--yes", "--output", "json"]].concat()).json();
        let network = created["network"].as_str().expect("an address").to_owned();
        let oracle = stipend.run(&["oracle", "keygen", "--out", "oracle.json"]).ends_with(0).stdout.trim().to_owned();
        let added = stipend.run(&["oracle", "add", &oracle, "--yes", "--output", "json"]).json();
        assert_eq!(
            added["from_epoch"], 0,
            "the first epoch began before the oracle was there: --genesis is to be more"
        );
        stipend.run(&["node", "register", "--device", "device.json", "--yes"]).ends_with(0);
        stipend.run(&["network", "open-reports", "--yes"]).ends_with(0);
        let scene = Self { validator, stipend, oracle, network };
        let epoch = scene.read(&["status"])["epoch"].clone();
        assert_eq!(epoch, Value::Null, "the first epoch began before all was there: --genesis is to be more");
        scene
    }

    /// A payer in the file `NAME.json`, who can pay so much and nothing more.
    fn payer(&self, name: &str, lamports: u64) -> Address {
        let key = Keypair::new();
        write_keypair_file(&key, self.stipend.path(&format!("{name}.json"))).expect("a key file");
        self.validator.fund(&key.pubkey(), RENT_LAMPORTS + lamports);
        key.pubkey()
    }

    fn balance(&self, address: &Address) -> u64 {
        self.validator.ledger().balance(address).expect("an answer")
    }

    fn read(&self, arguments: &[&str]) -> Value {
        self.stipend.run(&[arguments, &["--output", "json"]].concat()).json()
    }
}

/// How often a program says that it could not pay, by its metrics.
#[track_caller]
fn unpaid(program: &Running) -> u64 {
    let said = program.said();
    let address = said.split("metrics are at http://").nth(1).and_then(|rest| rest.split('/').next());
    let mut stream = TcpStream::connect(address.expect("where the metrics are")).expect("the metrics");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let name = "stipend_errors_total{kind=\"no_funds\"} ";
    let count = answer.lines().find_map(|line| line.strip_prefix(name)).and_then(|count| count.trim().parse().ok());
    count.unwrap_or_else(|| panic!("no count of {name}in: {answer}"))
}

/// Waits until a program has said that this payer can't pay, and asserts that its metrics tell it too.
#[track_caller]
fn wait_until_dry(program: &Running, payer: &Address) {
    let words = format!("{payer} can't pay for the transaction; send it SOL; trying again in ");
    wait("it says that it can't pay", || program.said().contains(&words));
    // It is counted just before it is said.
    assert!(unpaid(program) > 0);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn an_oracle_and_a_crank_without_sol_wait_and_then_lose_and_double_nothing() {
    let scene = Scene::new();
    // The first epoch's report; and its four steps and two of the second's.
    let relayer = scene.payer("relayer", RELAY_LAMPORTS);
    let cranker = scene.payer("cranker", 6 * FEE_LAMPORTS);
    let rest = ["--poll-secs", "1", "--metrics", "0", "--output", "json", "--network", &scene.network];
    let oracle = ["oracle", "run", "--key", "oracle.json", "--journal", "journal", "--relayed-by", "relayer.json"];
    let source = ["--measurements", "source.csv", "--settle-secs", "0"];
    let oracle = scene.stipend.start(&[&oracle[..], &source, &rest].concat(), None);
    let crank = scene.stipend.start(&[&["crank", "run", "--keypair", "cranker.json"][..], &rest].concat(), None);

    wait_until_dry(&oracle, &relayer);
    assert_eq!(scene.balance(&relayer), RENT_LAMPORTS);
    // The second epoch waits for its report, however often anybody cranks.
    wait("the first epoch is settled", || scene.balance(&cranker) == RENT_LAMPORTS + 2 * FEE_LAMPORTS);
    let open = scene.read(&["status"])["open_epoch"].clone();
    assert_eq!((&open["epoch"], &open["oracles"][0]["missing"]), (&1.into(), &serde_json::json!([0])));
    // Signed batches that somebody sends by hand, and can't pay for either.
    let relay = ["oracle", "relay", "journal", "--keypair", "relayer.json"];
    let relayed = scene.stipend.run(&relay).ends_with(3);
    assert!(relayed.stderr.contains(&format!("{relayer} can't pay")), "{}", relayed.stderr);
    scene.validator.fund(&relayer, SOL);

    wait_until_dry(&crank, &cranker);
    assert_eq!(scene.balance(&cranker), RENT_LAMPORTS);
    for words in [&["crank", "run", "--once", "--network", &scene.network][..], &["claim", "--all", "--yes"]] {
        let failed = scene.stipend.run(&[words, &["--keypair", "cranker.json"]].concat()).ends_with(3);
        assert!(failed.stderr.contains(&format!("{cranker} can't pay")), "{words:?}: {}", failed.stderr);
    }
    let unpaid_before = unpaid(&crank);
    wait("it goes on trying", || unpaid(&crank) > unpaid_before);
    scene.validator.fund(&cranker, SOL);

    wait("what waited is done", || {
        let status = scene.read(&["status"]);
        let open_epoch = status["open_epoch"]["epoch"].as_u64().expect("an epoch");
        open_epoch >= 3 && status["unclaimed_atoms"] == open_epoch * EMISSION_ATOMS
    });
    oracle.stop().ends_with(0);
    // A crank that is stopped while a step is on the way can't tell what became of it, and does not count it.
    wait("nothing is left to do", || {
        let status = scene.read(&["status"]);
        status["can_do"] == serde_json::json!([])
            && status["unclaimed_atoms"] == status["open_epoch"]["epoch"].as_u64().expect("an epoch") * EMISSION_ATOMS
    });
    // What is reported is cranked to the end by another key, so that both sums can be told apart.
    let cranked = crank.stop().json();
    let last = scene.read(&["crank", "run", "--once", "--network", &scene.network]);
    let sum =
        |field: &str| [&cranked, &last].iter().map(|summary| summary[field].as_u64().expect("a number")).sum::<u64>();
    let status = scene.read(&["status"]);
    let open_epoch = status["open_epoch"]["epoch"].as_u64().expect("an epoch");
    for field in ["scored", "judged", "settled"] {
        assert_eq!(sum(field), open_epoch, "{field}: {cranked} {last}");
    }
    assert_eq!((sum("refused"), sum("outrun")), (0, 0), "{cranked} {last}");
    // Every epoch brought its atoms, once.
    assert_eq!(status["unclaimed_atoms"], open_epoch * EMISSION_ATOMS);
    assert_eq!(status["budget"]["accrued_atoms"], open_epoch * EMISSION_ATOMS);
    let record = scene.read(&["oracle", "list"])["oracles"][0].clone();
    assert_eq!((&record["oracle"], &record["reports_missed"]), (&Value::from(scene.oracle.as_str()), &0.into()));
    assert_eq!(record["reports_made"], open_epoch);
    let verified = scene.read(&["verify", "--epoch", &(open_epoch - 1).to_string()]);
    assert_eq!(verified["verified"], true);
    // Nobody paid for anything twice.
    let fees_lamports = cranked["fee_lamports"].as_u64().expect("lamports");
    let steps: u64 =
        ["scored", "judged", "closed", "settled"].map(|field| cranked[field].as_u64().expect("a number")).iter().sum();
    assert_eq!(fees_lamports, steps * FEE_LAMPORTS);
    assert_eq!(scene.balance(&cranker), RENT_LAMPORTS + 6 * FEE_LAMPORTS + SOL - fees_lamports);
    assert_eq!(scene.balance(&relayer), RENT_LAMPORTS + RELAY_LAMPORTS + SOL - open_epoch * RELAY_LAMPORTS);
}
