//! Who takes part, what they hold, and how they use the command.

use serde_json::{json, Value};
use solana_address::Address;
use solana_keypair::{write_keypair_file, Keypair};
use solana_signer::Signer;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, thread,
    time::{Duration, Instant},
};
use stipend_client::{
    account::{mint, token_atoms},
    address::{associated_token, directory, network, report, shard},
    ledger::Accounts,
};
use stipend_cluster_tests::{Stipend, Validator};

pub const SOL: u64 = 1_000_000_000;
pub const GIVEN_LAMPORTS: u64 = 100 * SOL;
/// Of one signature.
pub const FEE_LAMPORTS: u64 = 5_000;
pub const EMISSION_ATOMS: u64 = 125_000_000;
/// Reports are taken as long.
pub const EPOCH_SECS: i64 = 60;
pub const NODE_BOND_LAMPORTS: u64 = 1_000_000;
pub const ORACLE_BOND_LAMPORTS: u64 = 2_000_000;
/// Nodes by their labels, in the order of their slots.
pub const NODES: [&str; 3] = ["a", "b", "c"];
const TOKEN: Address = Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
/// Longest wait for anything, by the cluster's clock.
const LIMIT_SECS: i64 = 600;
/// The same by this machine's, which a cluster on a machine that does other things too falls far behind.
const LIMIT: Duration = Duration::from_secs(900);

/// What was paid for each node: its bond, and the rents of 80 bytes of its directory and of its slot.
pub const DEPOSIT_LAMPORTS: u64 = NODE_BOND_LAMPORTS + 80 * 6_960 + SLOT_LAMPORTS;
/// Of these, what lies in the shard: the rent of 64 bytes.
pub const SLOT_LAMPORTS: u64 = 64 * 6_960;

/// Lamports that an account of so many bytes must hold.
pub const fn rent_lamports(bytes: u64) -> u64 {
    (128 + bytes) * 6_960
}

/// See [the module](self).
pub struct World {
    pub validator: Validator,
    pub stipend: Stipend,
    /// By name, each in the file `NAME.json`. `payer` pays, and is the network's authority at first.
    keys: BTreeMap<&'static str, Keypair>,
    /// Unix second at which epoch 0 begins.
    pub genesis: i64,
    /// In hex.
    pub domain: String,
    /// What `payer` has paid in fees so far, by what the commands say.
    pub fees_lamports: u64,
}

impl World {
    /// Keys and a validator; nobody has any SOL.
    pub fn new() -> Self {
        let validator = Validator::start();
        let payer = Keypair::new();
        let stipend = Stipend::new(&validator.url(), &payer);
        // Slots are given in the order of the devices' addresses.
        let mut devices = [Keypair::new(), Keypair::new(), Keypair::new()];
        devices.sort_by_key(|device| device.pubkey().to_bytes());
        let others = ["mint", "heir", "guardian", "registrar", "relayer", "owner-1", "owner-2", "owner-3"];
        let others = others.into_iter().map(|name| (name, Keypair::new()));
        let keys: BTreeMap<_, _> = NODES.into_iter().zip(devices).chain(others).chain([("payer", payer)]).collect();
        for (name, key) in &keys {
            write_keypair_file(key, stipend.path(&format!("{name}.json"))).expect("a key file");
        }
        fs::create_dir(stipend.path("devices")).expect("a folder");
        for name in ["b", "c"] {
            let name = format!("{name}.json");
            fs::copy(stipend.path(&name), stipend.path("devices").join(&name)).expect("a key file");
        }
        Self { validator, stipend, keys, genesis: 0, domain: String::new(), fees_lamports: 0 }
    }

    /// Whose key that is.
    pub fn key(&self, name: &str) -> Address {
        self.keys[name].pubkey()
    }

    /// The same as text.
    pub fn text(&self, name: &str) -> String {
        self.key(name).to_string()
    }

    /// The address of an oracle, 1 to 3, from the file that the command made.
    pub fn oracle(&self, number: usize) -> String {
        let path = self.stipend.path(&format!("oracle-{number}.json"));
        solana_keypair::read_keypair_file(path).expect("a key file").pubkey().to_string()
    }

    pub fn network(&self) -> Address {
        network(&self.key("mint"), 0)
    }

    pub fn shard(&self) -> Address {
        shard(&self.network(), 0)
    }

    pub fn report(&self, oracle: usize) -> Address {
        report(&self.shard(), &self.oracle(oracle).parse().expect("an address"))
    }

    /// The directory that a device is in.
    pub fn directory(&self, name: &str) -> Address {
        directory(&self.network(), &self.key(name))
    }

    /// All of them: up to three.
    pub fn directories(&self) -> BTreeSet<Address> {
        NODES.iter().map(|name| self.directory(name)).collect()
    }

    pub fn token_account(&self, owner: &str) -> Address {
        associated_token(&self.key(owner), &self.key("mint"), &TOKEN)
    }

    /// Atoms of an owner, by the ledger.
    pub fn atoms(&self, owner: &str) -> u64 {
        let found = self.validator.ledger().account(&self.token_account(owner)).expect("an answer");
        found.map_or(0, |found| token_atoms(&found.data).expect("a token account"))
    }

    /// Atoms of everybody, by the ledger.
    pub fn supply_atoms(&self) -> u64 {
        let found = self.validator.ledger().account(&self.key("mint")).expect("an answer").expect("the mint");
        mint(&found.data).expect("a mint").supply_atoms
    }

    pub fn lamports(&self, address: &Address) -> u64 {
        self.validator.ledger().balance(address).expect("an answer")
    }

    /// Asserts what `payer` has: what it was given, less the fees that the commands told, less what lies elsewhere.
    #[track_caller]
    pub fn assert_paid(&self, elsewhere_lamports: u64) {
        let expected = GIVEN_LAMPORTS - self.fees_lamports - elsewhere_lamports;
        assert_eq!(self.lamports(&self.key("payer")), expected, "{} in fees", self.fees_lamports);
    }

    /// Runs a command that only reads.
    #[track_caller]
    pub fn read(&self, arguments: &[&str]) -> Value {
        self.stipend.run(&[arguments, &["--output", "json"]].concat()).json()
    }

    /// Runs a command that writes, by its last words and those that every such command takes. Compute units are only known to be
    /// some, so they are taken off what is returned.
    ///
    /// - `signatures`: of all transactions together; `payer` pays them.
    #[track_caller]
    pub fn write(&mut self, arguments: &[&str], transactions: u64, signatures: u64) -> Value {
        let mut written = self.stipend.run(&[arguments, &["--yes", "--output", "json"]].concat()).json();
        // Of `claim` alone it is not apart from the rest.
        let is_nested = written.get("done").is_some();
        let done = if is_nested { &mut written["done"] } else { &mut written };
        let done = done.as_object_mut().expect("an object");
        if let Some(units) = done.remove("compute_units") {
            assert!(units.as_u64() > Some(0), "{arguments:?}: {units} compute units");
        }
        let fee_lamports = signatures * FEE_LAMPORTS;
        assert_eq!(
            (&done["sent"], &done["transactions"], &done["fee_lamports"]),
            (&json!(true), &json!(transactions), &json!(fee_lamports)),
            "{arguments:?}"
        );
        self.fees_lamports += fee_lamports;
        for told in ["sent", "transactions", "fee_lamports"] {
            done.remove(told);
        }
        if is_nested {
            written.as_object_mut().expect("an object").remove("done");
        }
        written
    }

    /// Asserts that a command ends with this code, prints nothing, and says this.
    #[track_caller]
    pub fn refused(&self, arguments: &[&str], code: i32, words: &str) {
        let finished = self.stipend.run(arguments).ends_with(code);
        assert_eq!(finished.stdout, "", "{arguments:?}");
        assert!(finished.stderr.contains(words), "{arguments:?} said: {}", finished.stderr);
    }

    pub fn status(&self) -> Value {
        self.read(&["status"])
    }

    /// The epoch under way.
    #[track_caller]
    pub fn epoch(&self) -> u64 {
        self.status()["epoch"].as_u64().expect("an epoch is under way")
    }

    /// Waits for what the status says, and returns it.
    #[track_caller]
    pub fn wait(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let (start, mut until) = (Instant::now(), None);
        loop {
            let status = self.status();
            if is_so(&status) {
                return status;
            }
            let now = status["now"].as_i64().expect("a time");
            let until = *until.get_or_insert(now + LIMIT_SECS);
            assert!(now < until && start.elapsed() < LIMIT, "{what}: not so after {:?}: {status}", start.elapsed());
            thread::sleep(Duration::from_secs(1));
        }
    }

    /// Waits until all epochs before `epoch` are closed, and what they scored is settled.
    #[track_caller]
    pub fn wait_until_settled(&self, epoch: u64) -> Value {
        self.wait(&format!("epochs before {epoch} are settled"), |status| {
            let shards = status["shards"].as_array().expect("shards");
            open_epoch(status) >= epoch && shards.iter().all(|shard| shard["unsettled_epoch"].is_null())
        })
    }
}

/// The first epoch that is not closed.
#[track_caller]
pub fn open_epoch(status: &Value) -> u64 {
    status["open_epoch"]["epoch"].as_u64().expect("an open epoch")
}
