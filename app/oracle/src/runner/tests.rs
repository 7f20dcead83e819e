//! An oracle on the embedded ledger, whose clock is turned, against the committed artifact.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use solana_account::Account;
use solana_instruction::Instruction;
use solana_signer::Signer as _;
use stipend_client::account;
use stipend_client::embedded::EmbeddedLedger;
use stipend_client::instruction;
use stipend_client::ledger::{Receipt, Simulation};
use stipend_client::measurement::MeasurementRow;
use stipend_client::network_client::NetworkClient;
use stipend_client::program::state::Entry;
use stipend_testing::{create_network, device, embedded_ledger, key, make_rich, GENESIS, TOKEN_PROGRAM};
use tempfile::TempDir;

use super::super::{PlacesArgs, Role};
use super::*;
use crate::source::{EpochSpan, Measured, Source, SourceError};

const EPOCH_SECS: i64 = 3_600;
const REPORT_SECS: i64 = 600;
/// Two shards of 200 and 3: batches of 110, 90 and 3.
const NODES: u16 = 203;
const BATCHES: usize = 3;

mod faults;

fn oracle() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

/// A cluster that is lost after some transactions.
struct Flaky {
    ledger: EmbeddedLedger,
    sends_left: usize,
    /// Whether directories are missing in what is read.
    is_directory_hidden: bool,
    /// Accounts that were read whole.
    read: Vec<Address>,
    sent: Vec<Vec<Instruction>>,
}

impl Accounts for Flaky {
    fn account(&mut self, address: &Address) -> Result<Option<Account>, LedgerError> {
        self.read.push(*address);
        let found = self.ledger.account(address)?;
        let is_directory = |found: &Account| account::directory(&found.data).is_ok();
        Ok(found.filter(|found| !self.is_directory_hidden || !is_directory(found)))
    }

    fn heads(&mut self, addresses: &[Address], bytes: usize) -> Result<Vec<Option<Account>>, LedgerError> {
        self.ledger.heads(addresses, bytes)
    }
}

impl Ledger for Flaky {
    fn send(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, LedgerError> {
        self.sends_left =
            self.sends_left.checked_sub(1).ok_or(LedgerError::Unreachable { reason: "cut off".to_owned() })?;
        self.sent.push(instructions.to_vec());
        self.ledger.send(payer, instructions, signers)
    }

    fn simulate(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Simulation, LedgerError> {
        self.ledger.simulate(payer, instructions, signers)
    }

    fn rent_lamports(&mut self, space: usize) -> Result<u64, LedgerError> {
        self.ledger.rent_lamports(space)
    }

    fn now(&mut self) -> Result<i64, LedgerError> {
        self.ledger.now()
    }
}

/// What a source says.
#[derive(Clone, Copy)]
enum Says {
    /// This uptime of so many nodes.
    Uptime(u16, u16),
    /// Not a row.
    Nothing,
    Failure,
}

/// A source that can be told what to say.
#[derive(Clone)]
struct Dial(Arc<Mutex<Says>>);

impl Source for Dial {
    fn measure(&mut self, span: &EpochSpan, _deadline: Instant) -> Result<Measured, SourceError> {
        let (uptime_bps, nodes) = match *self.0.lock().expect("no panic") {
            Says::Uptime(uptime_bps, nodes) => (uptime_bps, nodes),
            Says::Nothing => return Ok(Measured::default()),
            Says::Failure => return Err(SourceError::Options),
        };
        let row =
            |node: String| MeasurementRow { epoch: span.epoch, node, uptime_bps: Some(uptime_bps), bandwidth: None };
        let mut rows: Vec<_> = (0..nodes).map(|node| row(device(node).pubkey().to_string())).collect();
        rows.push(row("nobody".to_owned()));
        Ok(Measured { rows, remarks: Vec::new() })
    }
}

struct World {
    ledger: Flaky,
    payer: Keypair,
    network: Address,
    folder: TempDir,
    dial: Dial,
}

impl World {
    fn new() -> Self {
        let (mut ledger, payer) = (embedded_ledger(), key(1));
        make_rich(&mut ledger, &[payer.pubkey()]);
        let params = stipend_testing::params(EPOCH_SECS as u32, REPORT_SECS as u32, 200, 1);
        let oracle = Address::from(oracle().verifying_key().to_bytes());
        let (_, network) = create_network(&mut ledger, &payer, &TOKEN_PROGRAM, params, &[oracle]);
        for node in 0..NODES {
            NetworkClient::new(&mut ledger, &payer, network).register(&device(node), None, &key(4).pubkey()).unwrap();
        }
        ledger.warp_to(GENESIS + EPOCH_SECS);
        let ledger =
            Flaky { ledger, sends_left: usize::MAX, is_directory_hidden: false, read: Vec::new(), sent: Vec::new() };
        let dial = Dial(Arc::new(Mutex::new(Says::Uptime(10_000, NODES))));
        Self { ledger, payer, network, folder: tempfile::tempdir().unwrap(), dial }
    }

    /// A process that was just started.
    fn start(&self) -> OracleRunner {
        let oracle = oracle();
        OracleRunner {
            network: self.network,
            key: oracle,
            ends: Ends::Relay,
            journal: Journal::open(self.folder.path(), Role::Both).unwrap(),
            source: SourceWorker::start(Box::new(self.dial.clone())).unwrap(),
            places: PlacesArgs { labels: None, slots: None }.read().unwrap(),
            metrics: OracleMetrics::register().1,
            stop: Stop::default(),
            options: RunnerOptions { settle_secs: 0, keep_epochs: 2, max_drop_percent: 50 },
            memory: Memory::default(),
        }
    }

    /// Goes on until there is nothing to do; returns when there is.
    fn run(&mut self, runner: &mut OracleRunner) -> Option<i64> {
        for _ in 0..1_000 {
            if let Tick::Idle { next, .. } = runner.tick(&mut self.ledger, &self.payer).unwrap() {
                return next;
            }
        }
        panic!("it goes round in circles");
    }

    fn warp_to(&mut self, now: i64) {
        self.ledger.ledger.warp_to(now);
    }

    fn dial(&self, says: Says) {
        *self.dial.0.lock().unwrap() = says;
    }

    /// What became of an epoch.
    fn ending(&self, epoch: u32) -> Option<String> {
        std::fs::read_to_string(path(self.folder.path(), epoch, "done")).ok()
    }

    fn report(&mut self, shard: u32) -> Vec<Entry> {
        let shard = address::shard(&self.network, shard);
        let oracle = Address::from(oracle().verifying_key().to_bytes());
        let found = Reader::new(&mut self.ledger, self.network).report(&shard, &oracle).unwrap();
        found.map(|(_, entries)| entries).unwrap_or_default()
    }

    /// Data of the reports that were sent.
    fn reports_sent(&self) -> Vec<Vec<u8>> {
        self.ledger.sent.iter().filter(|sent| sent.len() == 2).map(|sent| sent[1].data.clone()).collect()
    }

    fn journal_bytes(&self, epoch: u32) -> Vec<u8> {
        std::fs::read(path(self.folder.path(), epoch, "batches")).unwrap()
    }

    fn settle(&mut self, epoch: u32) {
        NetworkClient::new(&mut self.ledger, &self.payer, self.network).close_until(epoch).unwrap();
    }
}

fn path(folder: &Path, epoch: u32, extension: &str) -> std::path::PathBuf {
    folder.join(format!("epoch-{epoch:010}.{extension}"))
}

fn measured(uptime_bps: u16) -> Entry {
    Entry::new(Some(uptime_bps), None)
}

#[test]
fn an_epoch_is_signed_kept_and_reported_and_then_waited_for_the_next() {
    let mut world = World::new();
    let mut runner = world.start();

    let next = world.run(&mut runner);

    assert_eq!(next, Some(GENESIS + 2 * EPOCH_SECS));
    assert_eq!(world.report(0), [measured(10_000); 200]);
    assert_eq!(world.report(1)[..3], [measured(10_000); 3]);
    assert_eq!(world.reports_sent().len(), BATCHES);
    assert!(path(world.folder.path(), 0, "done").exists());
}

#[test]
fn what_is_not_due_is_not_measured() {
    let mut world = World::new();
    world.warp_to(GENESIS + EPOCH_SECS - 1);
    world.dial(Says::Failure);
    let mut runner = world.start();

    assert_eq!(world.run(&mut runner), Some(GENESIS + EPOCH_SECS));
    assert_eq!(runner.journal.newest().unwrap(), None);
}

#[test]
fn killed_after_any_number_of_transactions_it_sends_the_same_bytes_again() {
    // Two reports are opened and three batches sent: killed before each of these, and after the last.
    for sends in 0..=2 + BATCHES {
        let mut world = World::new();
        world.ledger.sends_left = sends;
        let mut killed = world.start();
        while let Ok(Tick::Worked) = killed.tick(&mut world.ledger, &world.payer) {}
        drop(killed);
        let signed = world.journal_bytes(0);
        // What was measured differs by now: signed anew, it would contradict.
        world.dial(Says::Uptime(1, NODES));
        world.ledger.sends_left = usize::MAX;

        let mut again = world.start();
        world.run(&mut again);

        assert_eq!(world.journal_bytes(0), signed, "{sends}");
        assert_eq!(world.report(0), [measured(10_000); 200], "{sends}");
        assert_eq!(world.report(1)[..3], [measured(10_000); 3], "{sends}");
        let mut reports = world.reports_sent();
        reports.sort();
        let sent = reports.len();
        reports.dedup();
        assert_eq!((sent, reports.len()), (BATCHES, BATCHES), "{sends}: a batch was sent twice");
    }
}

#[test]
fn without_its_journal_it_signs_nothing_that_is_on_the_chain() {
    let mut world = World::new();
    let mut runner = world.start();
    world.ledger.sends_left = 3;
    while let Ok(Tick::Worked) = runner.tick(&mut world.ledger, &world.payer) {}
    drop(runner);
    world.ledger.sends_left = usize::MAX;
    world.folder = tempfile::tempdir().unwrap();
    world.dial(Says::Uptime(1, NODES));

    let mut lost = world.start();
    world.run(&mut lost);

    assert!(lost.journal.pending().unwrap().is_empty());
    assert!(!path(world.folder.path(), 0, "batches").exists());
    assert_eq!(world.reports_sent().len(), 1);
}

#[test]
fn a_source_that_comes_back_in_time_is_heard() {
    let mut world = World::new();
    world.dial(Says::Nothing);
    let mut runner = world.start();
    world.run(&mut runner);
    world.dial(Says::Uptime(7_000, NODES));
    world.warp_to(GENESIS + EPOCH_SECS + 10);

    world.run(&mut runner);

    assert_eq!(world.report(0), [measured(7_000); 200]);
}

#[test]
fn an_epoch_whose_window_closed_with_a_part_of_it_missing_is_missed_and_the_next_is_reported() {
    let mut world = World::new();
    world.ledger.sends_left = 3;
    let mut runner = world.start();
    while let Ok(Tick::Worked) = runner.tick(&mut world.ledger, &world.payer) {}
    world.ledger.sends_left = usize::MAX;
    world.warp_to(GENESIS + EPOCH_SECS + REPORT_SECS);
    world.settle(0);
    world.warp_to(GENESIS + 2 * EPOCH_SECS);

    world.run(&mut runner);

    assert_eq!([world.ending(0), world.ending(1)].map(Option::unwrap), ["missed\n", "reported\n"]);
}

#[test]
fn after_a_stall_every_epoch_is_reported_once_it_is_open() {
    let mut world = World::new();
    let mut runner = world.start();
    world.run(&mut runner);
    drop(runner);
    // Epochs 1 to 4 are over, and epoch 0 is still to be closed.
    let now = GENESIS + 5 * EPOCH_SECS;
    world.warp_to(now);

    let mut runner = world.start();
    let is_reported = |world: &World, epoch| path(world.folder.path(), epoch, "done").exists();
    for epoch in 1..5u32 {
        // All are signed at once, and sent one after another.
        world.run(&mut runner);
        assert_eq!(runner.journal.newest().unwrap(), Some(4));
        assert!(!is_reported(&world, epoch));
        world.settle(epoch - 1);
        world.warp_to(now + 10 * i64::from(epoch));
        world.run(&mut runner);
        assert!(is_reported(&world, epoch));
    }

    assert_eq!([3, 4].map(|epoch| world.ending(epoch).unwrap()), ["reported\n", "reported\n"]);
}

#[test]
fn a_pause_is_waited_out_and_the_same_bytes_are_sent_after_it() {
    let mut world = World::new();
    world.ledger.sends_left = 3;
    let mut runner = world.start();
    while let Ok(Tick::Worked) = runner.tick(&mut world.ledger, &world.payer) {}
    world.ledger.sends_left = usize::MAX;
    let authority = world.payer.pubkey();
    world.ledger.send(&world.payer, &[instruction::pause(&authority, &world.network)], &[]).unwrap();
    world.dial(Says::Uptime(5, NODES));
    world.warp_to(GENESIS + EPOCH_SECS + REPORT_SECS);

    let paused = world.run(&mut runner);
    world.ledger.send(&world.payer, &[instruction::resume(&authority, &world.network)], &[]).unwrap();
    world.run(&mut runner);

    // The authority's pause has no end.
    assert_eq!(paused, None);
    assert_eq!(world.report(0), [measured(10_000); 200]);
    assert!(path(world.folder.path(), 0, "done").exists());
}

#[test]
fn a_guardians_pause_is_waited_out_to_its_end() {
    let mut world = World::new();
    let (authority, guardian) = (world.payer.pubkey(), key(5));
    let set = instruction::set_guardian(&authority, &world.network, Some(&guardian.pubkey()));
    let pause = instruction::pause(&guardian.pubkey(), &world.network);
    world.ledger.send(&world.payer, &[set, pause], &[&guardian]).unwrap();
    let mut runner = world.start();

    let end = world.run(&mut runner);
    world.warp_to(GENESIS + EPOCH_SECS + 7 * 86_400);
    world.run(&mut runner);

    assert_eq!(end, Some(GENESIS + EPOCH_SECS + 7 * 86_400));
    assert_eq!(world.report(0), [measured(10_000); 200]);
}

#[test]
fn old_epochs_are_pruned() {
    let mut world = World::new();
    let mut runner = world.start();
    for epoch in 0..4 {
        world.warp_to(GENESIS + i64::from(epoch + 1) * EPOCH_SECS);
        world.run(&mut runner);
        world.settle(epoch);
    }

    let is_kept = |epoch| path(world.folder.path(), epoch, "batches").exists();

    assert_eq!([0, 1, 2, 3].map(is_kept), [false, false, true, true]);
}
