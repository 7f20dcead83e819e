//! From nothing to a network by `stipend-migrate`, and other bytes through the real loader.

use solana_address::Address;
use solana_keypair::{write_keypair_file, Keypair};
use solana_signer::Signer;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};
use stipend_client::program::ID;
use stipend_cluster_tests::{artifact, built, finish, Finished, Stipend, Validator};
use stipend_migrations::{deployment::Deployment, m0001_program::DeployProgram, migration::take, plan::Plan};
use tempfile::TempDir;

const SOL: u64 = 1_000_000_000;
const GIVEN_LAMPORTS: u64 = 20 * SOL;
/// Of one signature.
const FEE_LAMPORTS: u64 = 5_000;
/// Bytes of the program in one transaction that payer and deployer sign: 1,232, of which go off two signatures and their count,
/// the header, four keys and their count, the block's hash, the instruction and its own head, and 80 to spare.
const CHUNK_BYTES: usize = 1_232 - 129 - 3 - 129 - 32 - 6 - 16 - 80;
/// Longest wait for the first chunks of a program.
const LIMIT: Duration = Duration::from_secs(300);
const KEYS: [&str; 8] = ["payer", "program", "upgrade", "mint", "authority", "oracle-1", "oracle-2", "oracle-3"];
/// `STIPEND` stands for the program's ID.
const PLAN: &str = r#"
payer = "payer.json"

[program]
id = "STIPEND"
artifact = "stipend.so"
upgrade_authority = "upgrade.json"
hand_over_to = "none"

[mint]
key = "mint.json"
token_program = "spl-token"
decimals = 9

[network]
id = 0
authority = "authority.json"
genesis_in_secs = 1_000
epoch_secs = 100
shard_capacity = 4
unit = "kbit/s"
cap_atoms = 1_000_000_000

[network.policy]
report_secs = 40
score_secs = 300
uptime_weight_bps = 6_000
min_uptime_bps = 5_000
uptime_mode = "multiply"
bandwidth_cap = 1_000
min_boost_bps = 10_000
max_boost_bps = 20_000
tolerance_bps = 1_000
quorum = 2
bond_lamports = 0
oracle_bond_lamports = 7_000
mint_limit_atoms = 0
max_reward_atoms = 0
dispute_secs = 0

[network.emission]
per_epoch_atoms = 1_000_000
decay_bps = 0
decay_every_epochs = 0
carry_epochs = 10

[oracles]
keys = ["oracle-1.json", "oracle-2.json", "oracle-3.json"]

[shards]
count = 1
"#;

/// Lamports that an account of so many bytes must hold.
const fn rent_lamports(bytes: u64) -> u64 {
    (128 + bytes) * 6_960
}

/// Lamports in SOL, as everything here is below ten.
fn sol(lamports: u64) -> String {
    format!("{}.{:09}", lamports / SOL, lamports % SOL)
}

/// The artifact with one letter of a message changed, and where that is.
fn other(artifact: &[u8]) -> (Vec<u8>, usize) {
    let text = b"AnchorError occurred";
    let place = artifact.windows(text.len()).position(|bytes| bytes == text).expect("the artifact has the text");
    let mut other = artifact.to_vec();
    other[place] = b'B';
    (other, place)
}

/// A deployer's folder: keys, the artifact, and a plan.
struct Deployer {
    folder: TempDir,
    url: String,
    keys: BTreeMap<&'static str, Keypair>,
}

impl Deployer {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let keys: BTreeMap<_, _> = KEYS.into_iter().map(|name| (name, Keypair::new())).collect();
        for (name, key) in &keys {
            write_keypair_file(key, folder.path().join(format!("{name}.json"))).expect("a key file");
        }
        fs::copy(artifact(), folder.path().join("stipend.so")).expect("the artifact");
        Self { folder, url: String::new(), keys }
    }

    /// Goes to a cluster, where the payer has so much.
    fn go_to(&mut self, validator: &Validator) {
        self.url = validator.url();
        validator.fund(&self.key("payer"), GIVEN_LAMPORTS);
    }

    fn key(&self, name: &str) -> Address {
        self.keys[name].pubkey()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a plan in which each `(from, to)` is replaced.
    #[track_caller]
    fn plan(&self, name: &str, changes: &[(&str, &str)]) {
        let mut text = PLAN.to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from} is not in the plan");
            text = text.replace(from, to);
        }
        fs::write(self.path(name), text.replace("STIPEND", &ID.to_string())).expect("written");
    }

    /// `stipend-migrate`, in a folder of its own, which is its home too.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(built("STIPEND_MIGRATE_COMMAND"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.folder.path()).env("STIPEND_URL", &self.url);
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Finished {
        finish(self.command(arguments))
    }

    /// Asserts that a run ends with this code and says this.
    #[track_caller]
    fn refused(&self, arguments: &[&str], code: i32, words: &str) {
        let finished = self.run(arguments).ends_with(code);
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
    }

    /// Kills a run as soon as it has said that chunks of the program are written.
    #[track_caller]
    fn kill_while_it_writes(&self, arguments: &[&str]) {
        let stderr = self.path("stderr");
        let mut command = self.command(arguments);
        command.stdout(File::create(self.path("stdout")).expect("a file"));
        command.stderr(File::create(&stderr).expect("a file"));
        let mut process = command.spawn().expect("stipend-migrate starts");
        let said = || fs::read_to_string(&stderr).expect("what it said");
        let start = Instant::now();
        while !said().contains("wrote chunks of the program") {
            let is_late = start.elapsed() > LIMIT;
            if is_late || process.try_wait().expect("its status").is_some() {
                process.kill().ok();
                panic!("it wrote nothing; it said: {}", said());
            }
            thread::sleep(Duration::from_millis(20));
        }
        let ended = process.try_wait().expect("its status");
        process.kill().expect("it is killed");
        process.wait().expect("it is gone");
        assert_eq!(ended, None, "it ended before it could be killed: {}", said());
    }

    fn network(&self) -> Address {
        stipend_client::address::network(&self.key("mint"), 0)
    }

    /// The last lines of every run that went well.
    fn names(&self) -> String {
        format!("program  {ID}\nmint     {}\nnetwork  {}\n", self.key("mint"), self.network())
    }

    /// What a run prints that has nothing to do.
    fn nothing_to_do(&self) -> String {
        let steps = ["0001 program", "0002 mint", "0003 network", "0004 oracles", "0005 shards"];
        let steps: String = steps.iter().map(|step| format!("{step}: as the plan says\n")).collect();
        format!("{steps}Nothing is left to do.\n{}", self.names())
    }
}

/// Rents and bonds of mint, network, three oracles, a shard and its three reports of four slots.
fn deposit_lamports() -> u64 {
    rent_lamports(82) + rent_lamports(7_744) + 3 * 7_000 + rent_lamports(136) + 3 * rent_lamports(200 + 6 * 4)
}

/// The mint's key, the network's authority and three times that authority sign beside the payer, and four times nobody does.
const SET_UP_SIGNATURES: u64 = 2 + 2 + 3 * 2 + 4;

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn a_plan_is_carried_out_once_at_the_price_that_was_shown() {
    let mut deployer = Deployer::new();
    let validator = Validator::start();
    deployer.plan("plan.toml", &[]);
    deployer.url = validator.url();
    deployer.refused(&["plan.toml", "--yes"], 3, &deployer.key("payer").to_string());
    deployer.go_to(&validator);
    let balance = |deployer: &Deployer| validator.ledger().balance(&deployer.key("payer")).expect("an answer");
    let (mint, network) = (deployer.key("mint"), deployer.network());
    let [first, second, third] = ["oracle-1", "oracle-2", "oracle-3"].map(|name| deployer.key(name));
    let cost_lamports = deposit_lamports() + SET_UP_SIGNATURES * FEE_LAMPORTS;
    let all = sol(cost_lamports);
    // 1,461,600, 49,443,840, 1,837,440 and 2,449,920 lamports of rent.
    let shown = format!(
        "0001 program: as the plan says\n\
         0002 mint\n  \
           create mint {mint} with 9 decimals\n    \
             1 transaction, 0.000010000 SOL fees, 0.001461600 SOL rent or bond\n\
         0003 network\n  \
           create network {network}\n    \
             1 transaction, 0.000010000 SOL fees, 0.054789120 SOL rent or bond\n\
         0004 oracles\n  \
           add oracle {first}\n    \
             1 transaction, 0.000010000 SOL fees, 0.000007000 SOL rent or bond\n  \
           add oracle {second}\n    \
             1 transaction, 0.000010000 SOL fees, 0.000007000 SOL rent or bond\n  \
           add oracle {third}\n    \
             1 transaction, 0.000010000 SOL fees, 0.000007000 SOL rent or bond\n\
         0005 shards\n  \
           open shard 0\n    \
             1 transaction, 0.000005000 SOL fees, 0.001837440 SOL rent or bond\n  \
           open report of shard 0 by oracle {first}\n    \
             1 transaction, 0.000005000 SOL fees, 0.002449920 SOL rent or bond\n  \
           open report of shard 0 by oracle {second}\n    \
             1 transaction, 0.000005000 SOL fees, 0.002449920 SOL rent or bond\n  \
           open report of shard 0 by oracle {third}\n    \
             1 transaction, 0.000005000 SOL fees, 0.002449920 SOL rent or bond\n\
         All together: 9 transactions, {all} SOL; the payer needs {all} SOL at the most.\n\
         Priority fees, where they are paid, come on top.\n"
    );

    let asked = deployer.run(&["plan.toml"]).ends_with(2);
    assert_eq!((asked.stdout, balance(&deployer)), (shown.clone(), GIVEN_LAMPORTS));
    assert!(asked.stderr.contains("nothing was sent; pass --yes"), "{}", asked.stderr);
    let done = deployer.run(&["plan.toml", "--yes"]).ends_with(0);
    let steps = "done: 0002 mint\ndone: 0003 network\ndone: 0004 oracles\ndone: 0005 shards\n";
    assert_eq!(done.stdout, format!("{shown}{steps}{}", deployer.names()));
    assert_eq!(balance(&deployer), GIVEN_LAMPORTS - cost_lamports);

    // Nobody is asked where nothing is to be done.
    assert_eq!(deployer.run(&["plan.toml"]).ends_with(0).stdout, deployer.nothing_to_do());
    assert_eq!(balance(&deployer), GIVEN_LAMPORTS - cost_lamports);
    let stipend = Stipend::new(&validator.url(), &Keypair::new());
    let listed = stipend.run(&["network", "list", "--output", "json"]).json()["networks"][0].clone();
    assert_eq!((&listed["network"], &listed["oracles"]), (&network.to_string().into(), &3.into()));
    assert_eq!((&listed["shards"], &listed["bandwidth_unit"]), (&1.into(), &"kbit/s".into()));

    deployer.plan("other.toml", &[("epoch_secs = 100", "epoch_secs = 101")]);
    deployer.refused(&["other.toml", "--yes"], 4, "epoch_secs");
    deployer.plan("other.toml", &[("STIPEND", &deployer.key("program").to_string())]);
    deployer.refused(&["other.toml", "--yes"], 2, &ID.to_string());
    deployer.refused(&["nothing.toml", "--yes"], 2, "nothing.toml");
    deployer.refused(&["plan.toml", "--yes", "--url", "http://127.0.0.1:9"], 3, "cluster can't be reached");
    assert_eq!(balance(&deployer), GIVEN_LAMPORTS - cost_lamports);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn an_upgrade_that_is_killed_goes_on_and_hands_the_right_over() {
    let mut deployer = Deployer::new();
    let bytes = fs::read(artifact()).expect("the artifact");
    let (other, place) = other(&bytes);
    fs::write(deployer.path("other.so"), &other).expect("written");
    let validator = Validator::start_with(deployer.path("other.so"), Some(deployer.key("upgrade")));
    deployer.go_to(&validator);
    let vault = Keypair::new().pubkey().to_string();
    deployer.plan("plan.toml", &[("\"none\"", &format!("\"{vault}\""))]);
    deployer.plan("other.toml", &[("\"none\"", &format!("\"{vault}\"")), ("stipend.so", "other.so")]);
    let check = |plan: &str, code: i32| deployer.run(&[plan, "--check"]).ends_with(code).stdout;
    let last = |stdout: String| stdout.lines().last().map(str::to_owned);
    assert_eq!(last(check("plan.toml", 4)), Some(format!("verdict            different, first at byte {place}")));

    deployer.kill_while_it_writes(&["plan.toml", "--yes"]);
    let done = deployer.run(&["plan.toml", "--yes"]).ends_with(0);

    let chunks = bytes.len().div_ceil(CHUNK_BYTES);
    let written = done.stdout.lines().find_map(|line| line.trim().strip_prefix("write ")).expect("chunks are left");
    let (missing, rest) = written.split_once(' ').expect("a number");
    let missing: usize = missing.parse().expect("a number");
    assert_eq!(rest, format!("of {chunks} chunks of {CHUNK_BYTES} bytes"));
    // 60 of them were told to be written, before the killed one was gone.
    assert!((1..=chunks - 60).contains(&missing), "{missing} of {chunks} were left");
    assert!(!done.stdout.contains("open buffer"), "{}", done.stdout);
    assert!(done.stdout.contains("done: 0001 program\n"), "{}", done.stdout);
    let checked = check("plan.toml", 0);
    assert!(checked.contains(&format!("upgrade authority  {vault}\n")), "{checked}");
    assert_eq!(last(checked).as_deref(), Some("verdict            the same, byte for byte"));
    // The buffer's rent is back. Its opening, every chunk, the upgrade and the hand-over have two signatures; a chunk that was
    // under way when the run was killed may have landed behind its successor's look, and twice.
    let left = validator.ledger().balance(&deployer.key("payer")).expect("an answer");
    let fees = GIVEN_LAMPORTS - deposit_lamports() - left;
    let least = (2 * (1 + chunks as u64 + 2) + SET_UP_SIGNATURES) * FEE_LAMPORTS;
    assert!((least..=least + 60 * 2 * FEE_LAMPORTS).contains(&fees), "{fees} lamports of fees, {least} at the least");

    assert_eq!(deployer.run(&["plan.toml", "--yes"]).ends_with(0).stdout, deployer.nothing_to_do());
    assert_eq!(validator.ledger().balance(&deployer.key("payer")).expect("an answer"), left);
    deployer.refused(&["other.toml", "--yes"], 4, &format!("is {vault}"));
    // What the loader has upgraded does what a program does.
    let stipend = Stipend::new(&validator.url(), &deployer.keys["payer"]);
    let pause = ["network", "pause", "--yes"];
    assert!(stipend
        .run(&pause)
        .ends_with(4)
        .stderr
        .contains("signer is neither the network's guardian nor its authority"));
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn a_new_program_is_deployed_once_at_the_price_of_its_bytes() {
    let mut deployer = Deployer::new();
    let validator = Validator::start();
    deployer.go_to(&validator);
    // The committed ID's key is held by nobody: the same bytes under another one, which the loader does not care about.
    deployer.plan("plan.toml", &[("STIPEND", "program.json"), ("hand_over_to = \"none\"\n", "")]);
    let mut plan = Plan::read(&deployer.path("plan.toml"), None).expect("a plan");
    let mut ledger = validator.ledger();
    let (id, payer) = (deployer.key("program"), deployer.key("payer"));

    assert!(take(&DeployProgram, &mut ledger, &plan).expect("deployed"));

    let there = Deployment::read(&mut ledger, &id).expect("an answer").expect("deployed");
    assert_eq!((&there.bytes, there.authority), (&plan.program.artifact, Some(deployer.key("upgrade"))));
    // Opening the buffer and every chunk have two signatures, the deployment three; the buffer's rent went into the program.
    let bytes = plan.program.artifact.len() as u64;
    let chunks = plan.program.artifact.len().div_ceil(CHUNK_BYTES) as u64;
    let fees_lamports = (2 * (1 + chunks) + 3) * FEE_LAMPORTS;
    let left = GIVEN_LAMPORTS - rent_lamports(36) - rent_lamports(45 + bytes) - fees_lamports;
    assert_eq!(ledger.balance(&payer).expect("an answer"), left);

    assert!(!take(&DeployProgram, &mut ledger, &plan).expect("nothing to do"));
    assert_eq!(ledger.balance(&payer).expect("an answer"), left);
    let (other, _) = other(&plan.program.artifact);
    plan.program.artifact = other;
    assert!(take(&DeployProgram, &mut ledger, &plan).expect("upgraded"));
    let there = Deployment::read(&mut ledger, &id).expect("an answer").expect("deployed");
    assert_eq!(there.bytes, plan.program.artifact);
    assert_eq!(ledger.balance(&payer).expect("an answer"), left - 2 * (1 + chunks + 1) * FEE_LAMPORTS);
}
