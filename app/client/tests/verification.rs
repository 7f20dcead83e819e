//! What becomes of an epoch's accounts afterwards, and what a verification still makes of them.

use anchor_lang::Discriminator;
use solana_account::Account;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend_client::{
    address,
    embedded::EmbeddedLedger,
    explain::explain,
    instruction,
    ledger::Ledger as _,
    network_client::NetworkClient,
    program::{
        instructions::NetworkParams,
        math::score::Reason,
        state::{EmissionParams, Entry, Network, PolicyParams, Slot},
    },
    reader::Reader,
    snapshot::Snapshot,
    verify::{verify, GapReason, Mismatch, Place, Verification},
};
use stipend_testing::{create_network, embedded_ledger, key, make_rich, GENESIS, TOKEN_PROGRAM};

const EPOCH_SECS: u32 = 100;
const REPORT_SECS: u32 = 50;
const SCORE_SECS: u32 = 200;

fn oracle(number: u8) -> Keypair {
    key(100 + number)
}

fn device(number: u8) -> Keypair {
    key(50 + number)
}

/// A network of three oracles whose shards hold two nodes each, all of one owner.
struct World {
    ledger: EmbeddedLedger,
    payer: Keypair,
    owner: Keypair,
    network: Address,
}

impl World {
    /// - `nodes`: how many, from epoch 0 on.
    fn new(nodes: u8) -> Self {
        Self::with(nodes, |_| ())
    }

    /// The same, with altered parameters.
    fn with(nodes: u8, alter: impl FnOnce(&mut NetworkParams)) -> Self {
        let mut params = params();
        alter(&mut params);
        let (mut ledger, payer) = (embedded_ledger(), key(1));
        let oracles = [1, 2, 3].map(|number| oracle(number).pubkey());
        make_rich(&mut ledger, &[payer.pubkey(), oracles[0], oracles[1], oracles[2]]);
        let (_, network) = create_network(&mut ledger, &payer, &TOKEN_PROGRAM, params, &oracles);

        let mut world = Self { ledger, payer, owner: key(3), network };
        for number in 0..nodes {
            world.register(number);
        }
        world.client().open_reports(0).unwrap();
        world
    }

    fn client(&mut self) -> NetworkClient<'_, EmbeddedLedger> {
        NetworkClient::new(&mut self.ledger, &self.payer, self.network)
    }

    fn add_oracle(&mut self, number: u8) {
        let authority = self.payer.pubkey();
        let add = instruction::add_oracle(&authority, &authority, &self.network, &oracle(number).pubkey());
        self.ledger.send(&self.payer, &[add], &[]).unwrap();
    }

    fn remove_oracle(&mut self, number: u8, at_once: bool) {
        let oracle = oracle(number).pubkey();
        let remove = instruction::remove_oracle(&self.payer.pubkey(), &self.network, &oracle, at_once);
        self.ledger.send(&self.payer, &[remove], &[]).unwrap();
    }

    fn register(&mut self, number: u8) {
        let owner = self.owner.pubkey();
        self.client().register(&device(number), None, &owner).unwrap();
    }

    fn set_boost(&mut self, number: u8, boost_bps: u16) {
        let (device, shard) = (device(number).pubkey(), address::shard(&self.network, 0));
        let set = instruction::set_boost(&self.payer.pubkey(), &self.network, &shard, &device, boost_bps);
        self.ledger.send(&self.payer, &[set], &[]).unwrap();
    }

    /// Retires a device of shard 0 and closes it, so that its slot is vacant.
    fn vacate(&mut self, number: u8) {
        let (device, shard) = (device(number).pubkey(), address::shard(&self.network, 0));
        let retire = instruction::retire_node(&self.owner.pubkey(), &self.network, &shard, &device, [0; 32]);
        self.ledger.send(&self.payer, &[retire], &[&self.owner]).unwrap();
        let state = self.client().shard(0).unwrap();
        self.client().claim_shard(&state).unwrap();
        self.client().close_node(&device).unwrap();
    }

    fn end(&mut self, epoch: u32) {
        self.ledger.warp_to(GENESIS + (i64::from(epoch) + 1) * i64::from(EPOCH_SECS));
    }

    /// Oracles 1, 2 and 3 measured uptimes of 8,000, 9,000 and 7,000 of every slot: three give 8,000, the first two too,
    /// the last two 7,000.
    fn report(&mut self, oracles: &[u8], epoch: u32) {
        for shard in self.client().shards().unwrap().iter().filter(|shard| !shard.header.is_dormant()) {
            for number in oracles {
                let uptime_bps = [8_000, 9_000, 7_000, 8_500][usize::from(*number) - 1];
                let entries = vec![Entry::new(Some(uptime_bps), None); shard.slots.len()];
                self.client().report(&oracle(*number), &shard.address, epoch, &entries).unwrap();
            }
        }
    }

    fn score_shard(&mut self, index: u32, epoch: u32) {
        let network = self.client().network().unwrap();
        let oracles: Vec<_> = network.oracles.active(epoch).map(|oracle| oracle.key).collect();
        let shard = address::shard(&self.network, index);
        let score = instruction::score_shard(&self.network, &shard, &oracles, epoch);
        self.ledger.send(&self.payer, &[score], &[]).unwrap();
    }

    /// An epoch as it should be.
    fn run(&mut self, epoch: u32) {
        self.end(epoch);
        self.report(&[1, 2, 3], epoch);
        self.finish(epoch);
    }

    fn finish(&mut self, epoch: u32) {
        self.client().score(epoch).unwrap();
        self.client().close().unwrap();
        self.client().settle().unwrap();
    }

    fn verify(&mut self, epoch: u32) -> Verification {
        verify(&mut self.ledger, &self.network, epoch).unwrap()
    }

    fn accounts(&mut self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.client().reader().copy_to(&mut snapshot, &[]).unwrap();
        snapshot
    }

    /// The accounts with one slot of shard 0 changed.
    fn forged(&mut self, number: usize, change: impl FnOnce(&mut Slot)) -> Snapshot {
        let mut snapshot = self.accounts();
        let address = address::shard(&self.network, 0);
        let mut account = snapshot.iter().find(|(found, _)| **found == address).unwrap().1.clone();
        let at = account.data.len() - (2 - number) * size_of::<Slot>();
        let bytes = &mut account.data[at..at + size_of::<Slot>()];
        let mut slot: Slot = bytemuck::pod_read_unaligned(bytes);
        change(&mut slot);
        bytes.copy_from_slice(bytemuck::bytes_of(&slot));
        snapshot.insert(address, account);
        snapshot
    }
}

fn params() -> NetworkParams {
    let params = stipend_testing::params(EPOCH_SECS, REPORT_SECS, 2, 2);
    NetworkParams {
        policy: PolicyParams { score_secs: SCORE_SECS, max_boost_bps: 20_000, ..params.policy },
        emission: EmissionParams { per_epoch_atoms: 1_000, decay_bps: 1_000, decay_every_epochs: 3, carry_epochs: 1 },
        ..params
    }
}

fn reasons(found: &Verification) -> Vec<(Place, GapReason)> {
    found.gaps.iter().map(|gap| (gap.place, gap.reason.clone())).collect()
}

#[test]
fn an_epoch_verifies_before_and_after_it_is_settled() {
    let mut world = World::new(3);
    world.end(0);
    world.report(&[1, 2, 3], 0);
    world.client().score(0).unwrap();
    world.client().close().unwrap();

    let unsettled = world.verify(0);
    world.client().settle().unwrap();
    let settled = world.verify(0);

    for found in [unsettled, settled] {
        assert_eq!((found.mismatches, found.gaps), (vec![], vec![]));
        assert!(found.shards.iter().all(|shard| shard.has_medians));
        // 8,000 · 10,000 each
        let scores: Vec<_> = found.shards.iter().flat_map(|shard| shard.scores.clone()).collect();
        assert_eq!(scores, [Some(80_000_000); 3]);
    }
}

#[test]
fn what_empty_epochs_carry_and_decay_takes_is_rebuilt() {
    let mut world = World::new(1);
    world.run(0);
    // Epochs 1 and 2 pass without a report; each waits for its own report window. Of two in a row one is carried.
    for epoch in [1, 2] {
        world.ledger.warp_to(GENESIS + 100 * (i64::from(epoch) + 1) + i64::from(REPORT_SECS));
        world.client().close_until(epoch).unwrap();
    }
    world.run(3);

    let found = world.verify(3);

    assert_eq!((found.mismatches, found.gaps), (vec![], vec![]));
    // Its own 1,000 less 10 %, that of epoch 1, and the atom that the floors of epoch 0 left.
    assert_eq!(found.closed.emission_atoms, 900 + 1_000 + 1);
}

#[test]
fn a_slot_that_was_vacated_or_taken_since_is_said_so() {
    let mut world = World::new(2);
    world.run(0);
    world.vacate(1);

    let vacated = world.verify(0);
    world.register(7);
    let taken = world.verify(0);

    assert_eq!(reasons(&vacated), [(Place::Slot(0, 1), GapReason::Vacated)]);
    assert_eq!(reasons(&taken), [(Place::Slot(0, 1), GapReason::TakenSince)]);
    for found in [vacated, taken] {
        assert_eq!(found.mismatches, []);
        assert_eq!(found.shards[0].scores, [Some(80_000_000), None]);
        assert_eq!(found.shards[0].total_score, Some(160_000_000));
    }
}

#[test]
fn a_boost_that_was_replaced_since_is_told_by_its_score() {
    let mut world = World::new(2);
    world.ledger.warp_to(GENESIS);
    // Holds from epoch 1 on; once epoch 0 is closed, the next one puts it in force, and that of epoch 0 is forgotten.
    world.set_boost(0, 15_000);
    world.run(0);
    let before = world.verify(0);
    world.set_boost(0, 20_000);

    let after = world.verify(0);

    assert_eq!((reasons(&before), before.mismatches), (vec![], vec![]));
    assert_eq!(reasons(&after), [(Place::Slot(0, 0), GapReason::BoostReplaced { boost_bps: 10_000 })]);
    assert_eq!(after.mismatches, []);
}

#[test]
fn a_boost_counts_within_the_bounds_of_the_epochs_policy() {
    let mut world = World::new(1);
    world.ledger.warp_to(GENESIS);
    world.set_boost(0, 15_000);
    let lower = PolicyParams { max_boost_bps: 12_000, ..params().policy };
    let update = instruction::update_policy(&world.payer.pubkey(), &world.network, 2, lower, None);
    world.ledger.send(&world.payer, &[update], &[]).unwrap();
    (0..3).for_each(|epoch| world.run(epoch));

    let found = world.verify(2);
    let told = explain(&mut world.ledger, &world.network, &device(0).pubkey()).unwrap();
    // What stands in the ring is compared, too.
    let mut forged = Snapshot::default();
    world.client().reader().copy_to(&mut forged, &[]).unwrap();
    let (network, mut account) =
        (world.network, forged.iter().find(|(at, _)| **at == world.network).unwrap().1.clone());
    let mut state: Network = bytemuck::pod_read_unaligned(&account.data[8..]);
    state.ring[2].max_boost_bps = 15_000;
    account.data[8..].copy_from_slice(bytemuck::bytes_of(&state));
    forged.insert(network, account);
    let forged = verify(&mut forged, &network, 2).unwrap();

    assert_eq!((reasons(&found), found.mismatches), (vec![], vec![]));
    // 8,000 · 10,000 · 1.2
    assert_eq!(found.shards[0].scores, [Some(96_000_000)]);
    assert_eq!((told.slot.boost_bps, told.scored.unwrap().boost_bps), (15_000, 12_000));
    let bound = Mismatch {
        place: Place::Epoch,
        what: "greatest boost",
        found: "15000".to_owned(),
        rebuilt: "12000".to_owned(),
    };
    assert_eq!(forged.mismatches, [bound]);
}

#[test]
fn a_shard_without_a_node_that_can_earn_is_no_gap() {
    let mut world = World::new(2);
    let open = instruction::open_shard(&world.payer.pubkey(), &world.network, 1);
    world.ledger.send(&world.payer, &[open], &[]).unwrap();
    world.run(0);

    let asleep = world.verify(0);
    world.register(2);
    let woken = world.verify(0);

    for found in [asleep, woken] {
        assert_eq!((reasons(&found), found.mismatches), (vec![], vec![]));
        assert_eq!(found.shards[1].total_score, Some(0));
    }
}

#[test]
fn scores_are_rebuilt_from_the_slots_medians_once_reports_are_overwritten() {
    let mut world = World::new(2);
    world.run(0);
    world.end(1);
    world.report(&[3], 1);

    let found = world.verify(0);
    let mut forged = world.forged(0, |slot| slot.score += 1);
    let forged = verify(&mut forged, &world.network, 0).unwrap();

    let overwritten = GapReason::ReportOverwritten { oracle: oracle(3).pubkey(), epoch: 1 };
    assert_eq!(reasons(&found), [(Place::Shard(0), overwritten)]);
    assert_eq!(found.mismatches, []);
    assert_eq!((found.shards[0].has_medians, found.shards[0].total_score), (false, Some(160_000_000)));
    let score = Mismatch {
        place: Place::Slot(0, 0),
        what: "score",
        found: "80000001".to_owned(),
        rebuilt: "80000000".to_owned(),
    };
    assert_eq!(forged.mismatches, [score]);
}

#[test]
fn a_shard_that_was_scored_before_an_oracle_was_removed_at_once_is_told_from_one_that_was_scored_after() {
    let mut world = World::new(3);
    world.end(0);
    world.report(&[2, 3, 1], 0);
    world.score_shard(0, 0);
    world.remove_oracle(1, true);
    world.finish(0);

    let found = world.verify(0);

    // Shard 0 has the median of 7,000, 8,000 and 9,000, shard 1 the lower of 7,000 and 9,000.
    assert_eq!(found.shards[0].scores, [Some(80_000_000), Some(80_000_000)]);
    assert_eq!(found.shards[1].scores, [Some(70_000_000)]);
    assert_eq!(reasons(&found), [(Place::Shard(0), GapReason::RemovedSince { oracle: oracle(1).pubkey() })]);
    assert_eq!(found.mismatches, []);
}

#[test]
fn an_oracle_whose_place_was_taken_is_no_mismatch() {
    let mut world = World::new(2);
    world.ledger.warp_to(GENESIS);
    world.remove_oracle(1, false);
    world.run(0);
    // The entry of oracle 1 is free, and the next oracle takes it: nothing tells any more that oracle 1 measured epoch 0.
    world.add_oracle(4);

    let found = world.verify(0);

    assert_eq!(reasons(&found), [(Place::Shard(0), GapReason::OracleSetChanged { oracle: oracle(4).pubkey() })]);
    assert_eq!(found.mismatches, []);
    assert_eq!(found.shards[0].total_score, Some(160_000_000));
}

#[test]
fn a_shard_that_nobody_scored_brought_nothing() {
    let mut world = World::new(3);
    world.end(0);
    world.report(&[1, 2, 3], 0);
    world.score_shard(0, 0);
    // Until the scoring window is closed.
    world.ledger.warp_to(GENESIS + i64::from(EPOCH_SECS) + i64::from(SCORE_SECS));
    world.client().close().unwrap();
    world.client().settle().unwrap();

    let found = world.verify(0);

    assert_eq!(reasons(&found), [(Place::Shard(1), GapReason::NotScored)]);
    assert_eq!(found.mismatches, []);
    assert_eq!(found.closed.total_score, 160_000_000);
}

#[test]
fn a_ceiling_is_rebuilt_and_so_is_what_it_kept_back() {
    let mut world = World::with(3, |params| params.policy.max_reward_atoms = 200);
    world.end(0);
    world.report(&[1, 2, 3], 0);
    world.finish(0);

    let found = world.verify(0);

    // Each was up for 80 %: of 1,000 atoms three times 160 are paid.
    assert_eq!((&found.mismatches[..], &found.gaps[..]), (&[][..], &[][..]));
    assert_eq!((found.closed.emission_atoms, found.closed.kept_back_atoms), (480, 520));
    let mut accounts = world.accounts();
    let mut network = Reader::new(&mut accounts, world.network).network().unwrap();
    network.ring[0].kept_back_atoms = 519;
    network.ring[0].max_reward_atoms = 201;
    let data = [stipend_client::program::state::Network::DISCRIMINATOR, bytemuck::bytes_of(&network)].concat();
    accounts.insert(world.network, Account { data, owner: stipend_client::program::ID, ..Account::default() });
    let forged = verify(&mut accounts, &world.network, 0).unwrap();
    let what: Vec<_> = forged.mismatches.iter().map(|mismatch| mismatch.what).collect();
    assert_eq!(what, ["ceiling of a reward", "rate", "atoms that the ceiling kept back", "emission"]);
}

#[test]
fn a_score_that_was_voided_is_said_so_before_and_after_it_is_settled() {
    let arbiter = key(90);
    let mut world = World::with(3, |params| {
        (params.policy.dispute_secs, params.policy.arbiter) = (10, Some(arbiter.pubkey()));
    });
    world.end(0);
    world.report(&[1, 2, 3], 0);
    world.client().score(0).unwrap();
    world.client().close().unwrap();
    let shard = address::shard(&world.network, 0);
    let void = instruction::void_score(&arbiter.pubkey(), &world.network, &shard, 1, [1; 32]);
    world.ledger.send(&world.payer, &[void], &[&arbiter]).unwrap();
    let voided = [(Place::Slot(0, 1), GapReason::Voided { score: 80_000_000 })];

    let disputed = world.verify(0);
    assert_eq!(world.client().settle().unwrap(), 0, "the window is open");
    let end = world.client().network().unwrap().ring[0].dispute_end;
    world.ledger.warp_to(end);
    assert_eq!(world.client().settle().unwrap(), 2);
    let settled = world.verify(0);

    for found in [&disputed, &settled] {
        assert_eq!((&found.mismatches[..], reasons(found)), (&[][..], voided.to_vec()));
    }
    // Floors of a third of 1,000 twice; the rest is carried.
    assert_eq!(settled.closed.paid_atoms, 666);
    let explained = explain(&mut world.ledger, &world.network, &device(1).pubkey()).unwrap();
    let scored = explained.scored.unwrap();
    assert_eq!((scored.reason, scored.reward_atoms), (Reason::Voided, Some(0)));
}
