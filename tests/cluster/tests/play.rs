//! A network of four nodes, three oracles that disagree, and what the independent model says of their rewards.

use serde_json::Value;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};
use stipend_client::{
    account::token_atoms, address::associated_token, ledger::Accounts, network_client::NetworkClient,
};
use stipend_cluster_tests::{Random, Running, Stipend, Validator};

pub const SOL: u64 = 1_000_000_000;
const NODES: usize = 4;
const ORACLES: usize = 3;
/// Longer than a test: no epoch is closed without its shard.
const SCORE_SECS: &str = "1800";
/// From the creation to the first epoch: nodes, oracles and reports come before it.
const GENESIS: &str = "+60";
/// The emission that the model expects.
const EMISSION_ATOMS: &str = "1000000000000";
const TOKEN: Address = Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");

/// How long a test takes.
#[derive(Clone, Copy)]
pub struct Schedule {
    /// Epochs that are measured.
    pub epochs: u32,
    /// Length of an epoch, and of its report window, which may not be longer: enough for every oracle to report under all that
    /// befalls it.
    pub epoch_secs: u32,
}

/// A network whose first epoch is about to begin.
pub struct Play {
    pub stipend: Stipend,
    schedule: Schedule,
    network: String,
    mint: Address,
    /// Devices and who owns them, by the device's address, which is the node's label.
    owners: BTreeMap<String, Address>,
    /// Key and source of each oracle.
    oracles: Vec<(PathBuf, PathBuf)>,
    /// Each crank pays for itself: what one key sends twice at a time would be one transaction.
    cranks: [PathBuf; 2],
}

impl Play {
    /// Makes everything but the nodes by the command.
    pub fn set_up(validator: &Validator, schedule: Schedule, random: &mut Random) -> Self {
        let payer = Keypair::new();
        let stipend = Stipend::new(&validator.url(), &payer);
        let given = stipend.run(&["airdrop", "1000", "--output", "json"]).json();
        assert_eq!(given["balance_lamports"], 1_000 * SOL);
        // All that needs no network comes before it, so that little is left for the time until the first epoch.
        let new_funded_key = |name: String| {
            let path = stipend.path(&name);
            let address = new_key(&stipend, &path);
            validator.fund(&address, 10 * SOL);
            (path, address)
        };
        let oracle_keys: [_; ORACLES] = std::array::from_fn(|number| new_funded_key(format!("oracle-{number}.json")));
        let cranks = std::array::from_fn(|number| new_funded_key(format!("crank-{number}.json")).0);

        let create = ["network", "create", "--create-mint", "--emission-atoms", EMISSION_ATOMS, "--quorum", "2"];
        let secs = schedule.epoch_secs.to_string();
        let times = ["--epoch-secs", &secs, "--report-secs", &secs, "--score-secs", SCORE_SECS];
        let rest = ["--genesis", GENESIS, "--yes", "--output", "json"];
        let created = stipend.run(&[&create[..], &times, &rest].concat()).json();
        assert_eq!(created["done"]["sent"], true);
        let text = |field: &str| created[field].as_str().expect("an address").to_owned();
        let (network, mint) = (text("network"), text("mint").parse().expect("an address"));

        let mut ledger = validator.ledger();
        let mut owners = BTreeMap::new();
        for _ in 0..NODES {
            let (device, owner) = (Keypair::new(), Keypair::new().pubkey());
            let network = network.parse().expect("an address");
            NetworkClient::new(&mut ledger, &payer, network).register(&device, None, &owner).expect("a slot");
            owners.insert(device.pubkey().to_string(), owner);
        }
        let mut oracles = Vec::new();
        for (number, (key, address)) in oracle_keys.into_iter().enumerate() {
            stipend.run(&["oracle", "add", &address.to_string(), "--network", &network, "--yes"]).ends_with(0);
            let source = stipend.path(&format!("source-{number}.csv"));
            fs::write(&source, measurements(owners.keys(), schedule.epochs, random)).expect("a source");
            oracles.push((key, source));
        }
        stipend.run(&["network", "open-reports", "--network", &network, "--yes"]).ends_with(0);
        let play = Self { stipend, schedule, network, mint, owners, oracles, cranks };
        assert_eq!(
            play.status()["epoch"],
            Value::Null,
            "the first epoch began too early for the model: GENESIS is to be more"
        );
        play
    }

    fn status(&self) -> Value {
        self.stipend.run(&["status", "--network", &self.network, "--output", "json"]).json()
    }

    /// Waits until an epoch has begun.
    #[track_caller]
    pub fn wait_until_begun(&self, epoch: u64) {
        let start = Instant::now();
        while self.status()["epoch"].as_u64().is_none_or(|current| current < epoch) {
            assert!(start.elapsed() < Duration::from_secs(300), "epoch {epoch} does not begin");
            thread::sleep(Duration::from_secs(1));
        }
    }

    /// Starts an oracle, with the same journal every time.
    pub fn oracle(&self, number: usize, url: Option<&str>) -> Running {
        let (key, source) = &self.oracles[number];
        let journal = self.stipend.path(&format!("journal-{number}"));
        let arguments: [&Path; 9] = [
            "oracle".as_ref(),
            "run".as_ref(),
            "--key".as_ref(),
            key,
            "--journal".as_ref(),
            &journal,
            "--measurements".as_ref(),
            source,
            "--poll-secs=1".as_ref(),
        ];
        self.stipend.start(&[&arguments[..], &["--network".as_ref(), self.network.as_ref()]].concat(), url)
    }

    /// Starts a crank that claims for everybody.
    pub fn crank(&self, number: usize, url: Option<&str>) -> Running {
        let key = self.cranks[number].to_str().expect("a path of UTF-8");
        let opened = format!("opened-{number}.csv");
        let arguments = ["crank", "run", "--claim", "--open-token-accounts", &opened, "--poll-secs", "1"];
        let rest = ["--keypair", key, "--network", &self.network, "--output", "json"];
        self.stipend.start(&[&arguments[..], &rest].concat(), url)
    }

    /// Waits until all epochs are closed and claimed.
    #[track_caller]
    pub fn wait_until_paid(&self, limit: Duration) {
        let start = Instant::now();
        let mut status = Value::Null;
        while start.elapsed() < limit {
            status = self.status();
            let open = status["open_epoch"]["epoch"].as_u64().expect("the open epoch");
            let is_settled =
                status["shards"].as_array().expect("shards").iter().all(|one| one["unsettled_epoch"].is_null());
            if open >= u64::from(self.schedule.epochs) && is_settled && status["unclaimed_atoms"] == 0 {
                return;
            }
            thread::sleep(Duration::from_secs(2));
        }
        panic!("not everybody is paid after {} seconds: {status}", limit.as_secs());
    }

    /// Asserts that every owner has what the model says, to the atom, and no oracle missed a report.
    #[track_caller]
    pub fn assert_paid_as_modelled(&self, validator: &Validator) {
        let mut ledger = validator.ledger();
        let balances = self.owners.iter().map(|(node, owner)| {
            let account = ledger.account(&associated_token(owner, &self.mint, &TOKEN)).expect("an answer");
            (node.clone(), account.map_or(0, |account| token_atoms(&account.data).expect("a token account")))
        });
        assert_eq!(balances.collect::<BTreeMap<_, _>>(), self.modelled());

        let listed = self.stipend.run(&["oracle", "list", "--network", &self.network, "--output", "json"]).json();
        let oracles = listed["oracles"].as_array().expect("oracles");
        assert_eq!(oracles.len(), ORACLES);
        for oracle in oracles {
            assert_eq!((&oracle["state"], &oracle["reports_missed"]), (&"active".into(), &0.into()));
            assert!(oracle["reports_made"].as_u64() >= Some(self.schedule.epochs.into()), "{oracle}");
        }
        for epoch in 0..self.schedule.epochs {
            self.verify(epoch);
        }
    }

    /// Has the command rebuild an epoch from what the cluster says.
    fn verify(&self, epoch: u32) {
        let epoch = epoch.to_string();
        let verified =
            self.stipend.run(&["verify", "--epoch", &epoch, "--network", &self.network, "--output", "json"]).json();
        assert_eq!((&verified["verified"], &verified["mismatches"]), (&true.into(), &Value::Array(Vec::new())));
    }

    fn modelled(&self) -> BTreeMap<String, u64> {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/rewards.py");
        let sources = self.oracles.iter().map(|(_, source)| source);
        let output = Command::new("python3").arg(model).args(["--quorum", "2"]).args(sources).output();
        let output = output.expect("python3 starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let modelled: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let balances = modelled["balances"].as_array().expect("balances").iter();
        let balance = |one: &Value| Some((one["node"].as_str()?.to_owned(), one["atoms"].as_u64()?));
        balances.map(|one| balance(one).expect("a balance")).collect()
    }
}

/// Makes a key by the command, and returns its address.
fn new_key(stipend: &Stipend, key: &Path) -> Address {
    let printed = stipend.run(&[Path::new("oracle"), "keygen".as_ref(), "--out".as_ref(), key]).ends_with(0).stdout;
    printed.trim_end().parse().unwrap_or_else(|_| panic!("{printed} is no address"))
}

/// What one oracle measured of every node in every epoch: near the truth, and now and then nothing.
fn measurements<'a>(nodes: impl Iterator<Item = &'a String>, epochs: u32, random: &mut Random) -> String {
    let nodes: Vec<_> = nodes.collect();
    let mut rows = "epoch,node,uptime_bps,bandwidth\n".to_owned();
    for epoch in 0..epochs {
        for (place, node) in (0u64..).zip(&nodes) {
            // The last node is down for half of its time, which is about where nothing is earned.
            let uptime_bps = if place == 3 { 4_900 + random.below(200) } else { 9_000 + random.below(1_001) };
            let bandwidth = match random.below(8) {
                0 => String::new(),
                _ => (400_000 * (place + 1) + random.below(50_000)).to_string(),
            };
            rows.push_str(&format!("{epoch},{node},{uptime_bps},{bandwidth}\n"));
        }
    }
    rows
}
