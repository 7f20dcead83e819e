//! The steps of a network's life on the embedded ledger, against the committed artifact.

use ed25519_dalek::SigningKey;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend_client::{
    account,
    address::{self, TOKEN_2022},
    batch::{self, cut, SignedBatch, RELAYED_NODES},
    claim::{ClaimCost, ClaimOutcome, ClaimPlan, MintLimit},
    closing::{plan_closing, Closed, ClosingError},
    embedded::EmbeddedLedger,
    instruction::{self, Destination},
    ledger::{Accounts, Ledger, LedgerError, TransactionFormat},
    metered::Metered,
    network_client::NetworkClient,
    program::{
        constants::MAX_SHARD_SLOTS,
        error::StipendError,
        instructions::NetworkParams,
        state::{EmissionParams, Entry},
    },
    reader::{ReadError, Reader},
};
use stipend_testing::{create_network, device, embedded_ledger, key, make_rich, Ahead, GENESIS, TOKEN_PROGRAM};

const EPOCH_SECS: u32 = 3_600;
const EMISSION_ATOMS: u64 = 1_024_000;
/// What each of three nodes earns in an epoch: 1,024,000 / 3 atoms, floored.
const THIRD_ATOMS: u64 = 341_333;

fn oracle() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

/// A network of one oracle, with some nodes, at the end of its epoch 0.
struct World {
    ledger: Metered<EmbeddedLedger>,
    payer: Keypair,
    owner: Address,
    mint: Address,
    network: Address,
}

impl World {
    /// With `nodes` nodes of one owner.
    fn new(nodes: u16) -> Self {
        Self::with(&vec![key(4).pubkey(); usize::from(nodes)], TOKEN_PROGRAM, params())
    }

    /// With a node of each of `owners`.
    fn with(owners: &[Address], token_program: Address, params: NetworkParams) -> Self {
        let (mut ledger, payer) = (embedded_ledger(), key(1));
        make_rich(&mut ledger, &[payer.pubkey()]);
        let mut ledger = Metered::new(ledger);
        let oracle = Address::from(oracle().verifying_key().to_bytes());
        let (mint, network) = create_network(&mut ledger, &payer, &token_program, params, &[oracle]);
        let mut world = Self { ledger, owner: key(4).pubkey(), payer, mint, network };
        for (node, owner) in (0..).zip(owners) {
            world.client().register(&device(node), None, owner).unwrap();
        }
        assert_eq!(world.client().open_reports(0).unwrap(), usize::from(!owners.is_empty()));
        world.ledger.ledger_mut().warp_to(GENESIS + i64::from(EPOCH_SECS));
        world
    }

    fn client(&mut self) -> NetworkClient<'_, Metered<EmbeddedLedger>> {
        NetworkClient::new(&mut self.ledger, &self.payer, self.network)
    }

    /// A file of signed batches in which every node was up for all of epoch 0.
    fn signed(&mut self, nodes: usize) -> Vec<u8> {
        self.signed_of(0, nodes)
    }

    fn signed_of(&mut self, epoch: u32, nodes: usize) -> Vec<u8> {
        let domain = self.client().network().unwrap().domain;
        let shard = address::shard(&self.network, 0);
        let cut = cut(domain, epoch, &vec![Entry::new(Some(10_000), None); nodes], RELAYED_NODES);
        let batches: Vec<_> =
            cut.iter().map(|batch| SignedBatch::new(&oracle(), &self.network, &shard, batch)).collect();
        let mut file = Vec::new();
        batch::write(&batches, &mut file).unwrap();
        file
    }

    /// Lets an epoch pass in which every node was up.
    fn settle_epoch(&mut self, epoch: u32, nodes: usize) {
        self.ledger.ledger_mut().warp_to(GENESIS + i64::from(epoch + 1) * i64::from(EPOCH_SECS));
        for batch in batch::read(self.signed_of(epoch, nodes).as_slice()).unwrap() {
            self.client().relay(&batch).unwrap();
        }
        self.client().score(epoch).unwrap();
        self.client().close().unwrap();
        assert_eq!(self.client().settle().unwrap(), 1);
    }

    /// Retires a node and closes it, so that its slot is vacant.
    fn vacate(&mut self, node: u16) {
        let device = device(node).pubkey();
        let found = self.client().node(&device).unwrap();
        let shard = address::shard(&self.network, found.shard.into());
        let retire = instruction::retire_node(&self.owner, &self.network, &shard, &device, [0; 32]);
        self.ledger.send(&self.payer, &[retire], &[&key(4)]).unwrap();
        self.client().close_node(&device).unwrap();
    }

    fn plan(&mut self) -> ClaimPlan {
        let shards = self.client().shards().unwrap();
        let network = self.client().network().unwrap();
        self.client().plan_claims(&network, &shards, |_, _, _| true).unwrap()
    }

    fn cost(&mut self, plan: &ClaimPlan) -> ClaimCost {
        let network = self.client().network().unwrap();
        self.client().cost_of_claims(&network, plan).unwrap()
    }

    fn count(&self, instruction: &str) -> u64 {
        self.ledger.costs().iter().find(|cost| cost.instruction == instruction).map_or(0, |cost| cost.count)
    }

    fn atoms(&mut self) -> u64 {
        self.atoms_of(&self.owner.clone())
    }

    fn atoms_of(&mut self, owner: &Address) -> u64 {
        let address = address::associated_token(owner, &self.mint, &TOKEN_PROGRAM);
        let found = self.ledger.account(&address).unwrap();
        found.map_or(0, |found| account::token_atoms(&found.data).unwrap())
    }
}

fn params() -> NetworkParams {
    let params = stipend_testing::params(EPOCH_SECS, 600, MAX_SHARD_SLOTS, 1);
    NetworkParams { emission: EmissionParams { per_epoch_atoms: EMISSION_ATOMS, ..params.emission }, ..params }
}

#[test]
fn a_file_of_signed_batches_settles_a_full_shard() {
    let mut world = World::new(600);
    let file = world.signed(600);

    // Whoever relays may bring them in any order.
    for batch in batch::read(file.as_slice()).unwrap().iter().rev() {
        world.client().relay(batch).unwrap();
    }
    assert_eq!(world.client().score(0).unwrap(), 1);
    world.client().close().unwrap();
    assert_eq!(world.client().settle().unwrap(), 1);
    let shard = world.client().shard(0).unwrap();
    assert_eq!(world.client().claim_shard(&shard).unwrap(), 1);

    // 600 / 120 = 5; an owner of 600 slots claims 256 at once.
    assert_eq!((world.count("submit_report"), world.count("claim")), (5, 3));
    // 1,024,000 / 600 = 1,706.67 atoms each, floored.
    assert_eq!(world.atoms(), 600 * 1_706);
}

#[test]
fn claims_that_stopped_half_way_are_finished_by_planning_anew_and_nothing_is_paid_twice() {
    let mut world = World::new(600);
    let file = world.signed(600);
    for batch in batch::read(file.as_slice()).unwrap() {
        world.client().relay(&batch).unwrap();
    }
    world.client().score(0).unwrap();
    world.client().close().unwrap();
    world.client().settle().unwrap();

    // Each of 600 nodes earns 1,024,000 / 600 = 1,706.67 atoms, floored; the claims are of 256, 256 and 88 slots, and no two
    // of them fit 1,232 bytes if they open the token account too.
    let network = world.client().network().unwrap();
    let (owner, shards) = (world.owner, world.client().shards().unwrap());
    let first = world.client().plan_claims(&network, &shards, |_, _, _| true).unwrap();
    assert_eq!(first.transactions.len(), 3);
    assert_eq!((first.owners[&owner].accrued_atoms, first.owners[&owner].slots), (600 * 1_706, 600));
    assert!(first.owners[&owner].opens);
    world.ledger.send(&world.payer, &first.transactions[0].concat(), &[]).unwrap();
    assert_eq!(world.atoms(), 256 * 1_706);

    let shards = world.client().shards().unwrap();
    let rest = world.client().plan_claims(&network, &shards, |_, _, _| true).unwrap();
    assert_eq!((rest.owners[&owner].accrued_atoms, rest.transactions.len()), (344 * 1_706, 1));
    assert!(!rest.owners[&owner].opens);
    for sent in world.client().send_claims(&rest) {
        assert!(matches!(sent, ClaimOutcome::Paid(_)), "{sent:?}");
    }

    assert_eq!(world.atoms(), 600 * 1_706);
    let shards = world.client().shards().unwrap();
    let nothing = world.client().plan_claims(&network, &shards, |_, _, _| true).unwrap();
    assert!(nothing.transactions.is_empty() && nothing.owners.is_empty());
}

/// Three owners, in the order in which plans name them.
fn three() -> [Keypair; 3] {
    let mut owners = [key(31), key(32), key(33)];
    owners.sort_by_key(Signer::pubkey);
    owners
}

/// A network with a node of each of the three, which owes them epoch 0.
fn owing_three(token_program: Address, params: NetworkParams) -> (World, [Address; 3]) {
    let owners = three().map(|owner| owner.pubkey());
    let mut world = World::with(&owners, token_program, params);
    world.settle_epoch(0, 3);
    (world, owners)
}

#[test]
fn a_claim_that_somebody_else_sent_first_is_no_failure_and_takes_no_other_along() {
    let (mut world, owners) = owing_three(TOKEN_PROGRAM, params());
    let plan = world.plan();
    // Three claims, each with the opening of a token account, fit one transaction.
    let [whole] = plan.transactions.as_slice() else { panic!("{:?}", plan.transactions.len()) };
    assert_eq!(whole.len(), 3);

    world.ledger.send(&world.payer, &whole[1], &[]).unwrap();
    let outcomes = world.client().send_claims(&plan);

    let [ClaimOutcome::Paid(_), ClaimOutcome::Outrun, ClaimOutcome::Paid(_)] = outcomes.as_slice() else {
        panic!("{outcomes:?}");
    };
    assert_eq!(owners.map(|owner| world.atoms_of(&owner)), [THIRD_ATOMS; 3]);
    assert!(world.plan().transactions.is_empty());
}

#[test]
fn a_claim_that_is_refused_takes_no_other_along() {
    let (mut world, owners) = owing_three(TOKEN_PROGRAM, params());
    let plan = world.plan();
    let shard = address::shard(&world.network, 0);
    let [_, second, _] = three();

    let device = device(1).pubkey();
    let transfer = instruction::transfer_node(&second.pubkey(), &world.network, &shard, &device, &key(4).pubkey());
    world.ledger.send(&world.payer, &[transfer], &[&second]).unwrap();
    let outcomes = world.client().send_claims(&plan);

    let [ClaimOutcome::Paid(_), ClaimOutcome::Failed(refused), ClaimOutcome::Paid(_)] = outcomes.as_slice() else {
        panic!("{outcomes:?}");
    };
    assert!(refused.is(StipendError::SlotOwnerMismatch), "{refused}");
    assert_eq!(owners.map(|owner| world.atoms_of(&owner)), [THIRD_ATOMS, 0, THIRD_ATOMS]);
}

#[test]
fn what_passes_the_mint_limit_waits_for_the_next_epoch() {
    let mut limited = params();
    limited.policy.mint_limit_atoms = EMISSION_ATOMS;
    let (mut world, owners) = owing_three(TOKEN_PROGRAM, limited);
    world.settle_epoch(1, 3);
    let all = world.plan();
    // Everybody is owed two thirds of an epoch's emission, and so one of them and a half fit an epoch.
    let limit = |epoch, left_atoms| Some(MintLimit { epoch, limit_atoms: 1_024_000, left_atoms });
    assert_eq!((all.transactions.len(), all.mint_limit), (3, limit(2, 1_024_000)));

    let outcomes = world.client().send_claims(&all);
    let rest = world.plan();
    let cost = world.cost(&rest);
    world.ledger.ledger_mut().warp_to(GENESIS + 3 * i64::from(EPOCH_SECS));
    let next = world.plan();
    let later = world.client().send_claims(&next);

    // The second gets what room there is.
    let [ClaimOutcome::Paid(_), ClaimOutcome::Paid(_), ClaimOutcome::Failed(third)] = outcomes.as_slice() else {
        panic!("{outcomes:?}");
    };
    assert!(third.is(StipendError::MintLimitReached));
    assert_eq!((rest.transactions.len(), rest.mint_limit), (2, limit(2, 0)));
    // What the cluster would say now is told, and the fees of two signatures all the same.
    assert!(cost.refused.is_some_and(|error| error.is(StipendError::MintLimitReached)));
    assert_eq!(cost.fee_lamports, 10_000);
    assert_eq!(next.mint_limit, limit(3, 1_024_000));
    assert!(matches!(later.as_slice(), [ClaimOutcome::Paid(_), ClaimOutcome::Paid(_)]), "{later:?}");
    assert_eq!(owners.map(|owner| world.atoms_of(&owner)), [2 * THIRD_ATOMS; 3]);
}

#[test]
fn claims_cost_a_signature_a_transaction_and_the_rent_of_the_accounts_that_they_open() {
    // Token-2022 gives each associated account five bytes of its own: what kind of account it is, and that its owner never
    // changes.
    for (token_program, bytes) in [(TOKEN_PROGRAM, 165), (TOKEN_2022, 170)] {
        let (mut world, owners) = owing_three(token_program, params());
        let rent_lamports = world.ledger.rent_lamports(bytes).unwrap();
        let open = instruction::open_associated_token(&world.payer.pubkey(), &owners[0], &world.mint, &token_program);
        world.ledger.send(&world.payer, &[open], &[]).unwrap();
        let before = world.ledger.account(&world.payer.pubkey()).unwrap().unwrap().lamports;
        let plan = world.plan();

        let cost = world.cost(&plan);
        let outcomes = world.client().send_claims(&plan);

        assert_eq!((cost.fee_lamports, cost.has_priority), (5_000, false));
        assert_eq!((cost.token_accounts, cost.rent_lamports, cost.is_rent_least), (2, 2 * rent_lamports, false));
        assert!(cost.refused.is_none());
        assert!(matches!(outcomes.as_slice(), [ClaimOutcome::Paid(_)]), "{outcomes:?}");
        let after = world.ledger.account(&world.payer.pubkey()).unwrap().unwrap().lamports;
        assert_eq!(before - after, 5_000 + 2 * rent_lamports);
    }
}

#[test]
fn nothing_to_claim_costs_nothing() {
    let mut world = World::new(1);
    let plan = world.plan();

    let cost = world.cost(&plan);

    assert_eq!((cost.fee_lamports, cost.token_accounts, cost.rent_lamports), (0, 0, 0));
}

#[test]
fn lamports_at_a_token_accounts_address_keep_nobody_from_being_paid() {
    let (mut world, owners) = owing_three(TOKEN_PROGRAM, params());
    for owner in &owners[..2] {
        let token = address::associated_token(owner, &world.mint, &TOKEN_PROGRAM);
        world.ledger.ledger_mut().airdrop(&token, 1_000_000).unwrap();
    }

    let plan = world.plan();
    let cost = world.cost(&plan);
    let outcomes = world.client().send_claims(&plan);

    let rent_lamports = world.ledger.rent_lamports(165).unwrap();
    assert_eq!((cost.token_accounts, cost.rent_lamports), (3, 3 * rent_lamports));
    assert!(matches!(outcomes.as_slice(), [ClaimOutcome::Paid(_)]), "{outcomes:?}");
    assert_eq!(owners.map(|owner| world.atoms_of(&owner)), [THIRD_ATOMS; 3]);
}

#[test]
fn a_shard_is_claimed_with_one_transaction_for_each_account_and_each_claim() {
    let (mut world, owners) = owing_three(TOKEN_PROGRAM, params());
    let shard = world.client().shard(0).unwrap();

    let paid = world.client().claim_shard(&shard).unwrap();

    assert_eq!((paid, world.count("claim"), world.count("open_associated_token")), (3, 3, 3));
    assert_eq!(owners.map(|owner| world.atoms_of(&owner)), [THIRD_ATOMS; 3]);
}

#[test]
fn registrations_are_packed_and_fill_a_shard_that_is_opened_for_them() {
    let mut world = World::new(0);
    let devices: Vec<_> = (0..5).map(device).collect();
    let addresses: Vec<_> = devices.iter().map(Signer::pubkey).collect();
    let owner = world.owner;

    let plan = world.client().plan_registrations(&addresses, None, &owner).unwrap();
    // The openings of five directories and a shard fit one transaction, and so do the registrations, of 64 bytes for a signature, 64 for
    // two keys and 50 for the instruction each.
    assert_eq!((plan.openings.len(), plan.registrations.len()), (1, 1));
    let signers: Vec<_> = devices.iter().collect();
    for transaction in &plan.in_order().collect::<Vec<_>>() {
        let named = stipend_client::ledger::named(transaction, &signers);
        world.ledger.send(&world.payer, transaction, &named).unwrap();
    }

    let shard = world.client().shard(0).unwrap();
    assert_eq!(shard.slots.iter().map(|slot| slot.owner).collect::<Vec<_>>(), [owner; 5]);
}

#[test]
fn eleven_registrations_fit_a_transaction_of_version_1() {
    let mut world = World::new(0);
    world.ledger.ledger_mut().set_transaction_format(TransactionFormat::V1);
    let devices: Vec<_> = (0..23).map(device).collect();
    let addresses: Vec<_> = devices.iter().map(Signer::pubkey).collect();
    let owner = world.owner;

    let plan = world.client().plan_registrations(&addresses, None, &owner).unwrap();

    let counts: Vec<_> = plan.registrations.iter().map(Vec::len).collect();
    assert_eq!(counts, [11, 11, 1]);
    let signers: Vec<_> = devices.iter().collect();
    for transaction in &plan.openings {
        world.ledger.send(&world.payer, transaction, &[]).unwrap();
    }
    // In any order.
    for transaction in plan.registrations.iter().rev() {
        let named = stipend_client::ledger::named(transaction, &signers);
        world.ledger.send(&world.payer, transaction, &named).unwrap();
    }
    assert_eq!(world.client().shard(0).unwrap().slots.len(), 23);
}

#[test]
fn a_device_takes_a_vacant_slot_first_and_opens_a_shard_last() {
    let mut narrow = params();
    narrow.shard_capacity = 2;
    let mut world = World::with(&[], TOKEN_PROGRAM, narrow);
    let owner = world.owner;
    let place = |world: &mut World, node| {
        let found = world.client().node(&device(node).pubkey()).unwrap();
        (found.shard, found.slot)
    };

    // Two fill shard 0, the third opens shard 1, and the fourth takes the slot that is vacant in shard 0.
    (0..3).for_each(|node| world.client().register(&device(node), None, &owner).unwrap());
    world.vacate(0);
    (3..6).for_each(|node| world.client().register(&device(node), None, &owner).unwrap());

    assert_eq!([2, 3, 4, 5].map(|node| place(&mut world, node)), [(1, 0), (0, 0), (1, 1), (2, 0)]);
    let shards = world.client().shards().unwrap();
    assert_eq!(shards.iter().map(|shard| shard.slots.len()).collect::<Vec<_>>(), [2, 2, 1]);
}

#[test]
fn a_vacant_slot_whose_payer_is_empty_is_left_alone_until_that_can_be_paid() {
    let mut world = World::new(0);
    let (owner, other) = (world.owner, key(6));
    world.ledger.ledger_mut().airdrop(&other.pubkey(), 1_000_000_000).unwrap();
    NetworkClient::new(&mut world.ledger, &other, world.network).register(&device(0), None, &owner).unwrap();
    world.vacate(0);
    let lamports = world.ledger.account(&other.pubkey()).unwrap().unwrap().lamports;
    world.ledger.ledger_mut().set_account(other.pubkey(), Account::default()).unwrap();

    world.client().register(&device(1), None, &owner).unwrap();
    let is_shrunk = world.client().shrink().unwrap();
    world.ledger.ledger_mut().airdrop(&other.pubkey(), lamports).unwrap();
    world.client().register(&device(2), None, &owner).unwrap();

    assert_eq!(is_shrunk, 0);
    assert_eq!([1, 2].map(|node| world.client().node(&device(node).pubkey()).unwrap().slot), [1, 0]);
    // What the slot cost is back.
    let slot_lamports = world.client().node(&device(2).pubkey()).unwrap().slot_lamports;
    let paid = world.ledger.account(&other.pubkey()).unwrap().unwrap().lamports;
    assert_eq!(paid, lamports + u64::from(slot_lamports));
}

#[test]
fn vacant_slots_are_cut_off_as_far_as_their_payers_can_be_paid() {
    let mut world = World::new(1);
    let (owner, other) = (world.owner, key(6));
    world.ledger.ledger_mut().airdrop(&other.pubkey(), 1_000_000_000).unwrap();
    NetworkClient::new(&mut world.ledger, &other, world.network).register(&device(1), None, &owner).unwrap();
    world.client().register(&device(2), None, &owner).unwrap();
    (1..3).for_each(|node| world.vacate(node));
    world.ledger.ledger_mut().set_account(other.pubkey(), Account::default()).unwrap();
    for epoch in [0, 1] {
        world.settle_epoch(epoch, 1);
    }

    let shrunk = world.client().shrink().unwrap();

    assert_eq!((shrunk, world.client().shard(0).unwrap().slots.len()), (1, 2));
}

#[test]
fn one_device_is_found_by_one_account_and_all_by_their_directories() {
    let mut world = World::new(5);
    let (network, unknown) = (world.network, device(9).pubkey());
    let mut devices: Vec<_> = (0..5).map(|node| device(node).pubkey()).collect();
    devices.sort();
    let mut counted = Counted { ledger: &mut world.ledger, reads: 0 };

    let found = Reader::new(&mut counted, network).node(&devices[3]).unwrap();
    let reads = counted.reads;
    let all = Reader::new(&mut counted, network).nodes().unwrap();
    let missing = Reader::new(&mut counted, network).node(&unknown).unwrap_err();

    assert_eq!((found.device, found.payer, reads), (devices[3], world.payer.pubkey(), 1));
    assert_eq!(all.iter().map(|node| node.device).collect::<Vec<_>>(), devices);
    assert_eq!(
        missing.to_string(),
        format!("network {network} has no device {unknown}; a node that was closed is gone")
    );
}

/// Counts how many accounts are read.
struct Counted<'a> {
    ledger: &'a mut Metered<EmbeddedLedger>,
    reads: usize,
}

impl Accounts for Counted<'_> {
    fn account(&mut self, address: &Address) -> Result<Option<Account>, LedgerError> {
        self.reads += 1;
        self.ledger.account(address)
    }
}

#[test]
fn a_step_that_somebody_else_took_is_no_error() {
    let mut world = World::new(2);
    let file = world.signed(2);
    for batch in batch::read(file.as_slice()).unwrap() {
        world.client().relay(&batch).unwrap();
    }
    // Somebody else is faster with everything that is sent.
    let send =
        |ledger: &mut Metered<EmbeddedLedger>, payer: &Keypair, instructions: &[Instruction], signers: &[&Keypair]| {
            ledger.send(payer, instructions, signers)?;
            ledger.send(payer, instructions, signers)
        };
    let mut outrun = Ahead { ledger: &mut world.ledger, send };
    let mut client = NetworkClient::new(&mut outrun, &world.payer, world.network);

    let scored = client.score(0).unwrap();
    client.close().unwrap();
    let judged = client.judge(0).unwrap();
    let settled = client.settle().unwrap();

    assert_eq!([scored, judged, settled], [0; 3]);
    let network = client.network().unwrap();
    assert_eq!((network.open_epoch, network.ring[0].unsettled_shards), (1, 0));
    assert!(matches!(client.close(), Err(ReadError::Ledger(error)) if error.is(StipendError::EpochNotEnded)));
}

#[test]
fn a_step_taken_again_finds_nothing_to_do() {
    let mut world = World::new(2);
    let file = world.signed(2);
    for batch in batch::read(file.as_slice()).unwrap() {
        world.client().relay(&batch).unwrap();
    }
    world.client().score(0).unwrap();
    world.client().close().unwrap();
    world.client().settle().unwrap();
    let shard = world.client().shard(0).unwrap();
    world.client().claim_shard(&shard).unwrap();

    assert_eq!(world.client().open_reports(0).unwrap(), 0);
    assert_eq!(world.client().score(0).unwrap(), 0);
    assert_eq!(world.client().settle().unwrap(), 0);
    let shard = world.client().shard(0).unwrap();
    assert_eq!(world.client().claim_shard(&shard).unwrap(), 0);

    assert_eq!(["score_shard", "settle_shard", "claim"].map(|name| world.count(name)), [1, 1, 1]);
}

#[test]
fn a_network_is_closed_once_everybody_can_be_paid_and_nothing_of_it_is_left() {
    let mut world = World::new(1);
    let (network, oracle, other) = (world.network, Address::from(oracle().verifying_key().to_bytes()), key(6));
    let (shard, authority) = (address::shard(&network, 0), world.payer.pubkey());
    world.ledger.ledger_mut().airdrop(&other.pubkey(), 1_000_000_000).unwrap();
    NetworkClient::new(&mut world.ledger, &other, network).register(&device(1), None, &world.owner).unwrap();
    world.settle_epoch(0, 2);
    let state = world.client().shard(0).unwrap();
    world.client().claim_shard(&state).unwrap();
    (0..2).for_each(|node| world.vacate(node));
    let remove = instruction::remove_oracle(&authority, &network, &oracle, true);
    world.ledger.send(&world.payer, &[remove], &[]).unwrap();
    world.ledger.ledger_mut().warp_to(GENESIS + 2 * i64::from(EPOCH_SECS) + 600);
    world.client().close_until(1).unwrap();

    // The slot's rent is less than an account may hold: it can't be paid to an empty one.
    world.ledger.ledger_mut().set_account(other.pubkey(), Account::default()).unwrap();
    let refused = plan_closing(&mut world.ledger, &network, &authority).unwrap_err();
    assert!(matches!(refused, ClosingError::Payer(payer) if payer == other.pubkey()), "{refused}");
    world.ledger.ledger_mut().airdrop(&other.pubkey(), 1_000_000).unwrap();
    let steps = plan_closing(&mut world.ledger, &network, &authority).unwrap();
    for step in &steps {
        world.ledger.send(&world.payer, &step.instructions, &[]).unwrap();
    }

    let closes: Vec<_> = steps.iter().map(|step| step.closes).collect();
    let expected = [
        Closed::Slots(0, 2),
        Closed::Reports(0, 1),
        Closed::Shard(0),
        Closed::Directories(2),
        Closed::Network(authority),
    ];
    assert_eq!(closes, expected);
    let directories = [0, 1].map(|node| address::directory(&network, &device(node).pubkey()));
    for address in [network, shard, address::report(&shard, &oracle), directories[0], directories[1]] {
        assert_eq!(world.ledger.account(&address).unwrap(), None, "{address}");
    }
}

#[test]
fn an_epoch_that_is_not_over_is_refused_in_the_words_of_the_program() {
    let mut world = World::new(1);

    let refused = world.client().score(1).unwrap_err();

    // Behind the limit of compute units.
    let ReadError::Ledger(LedgerError::Refused { index: 1, reason, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        reason,
        "epoch is not the open one; report and score the first epoch that is not closed, left: 1, right: 0"
    );
}

#[test]
fn an_account_that_is_not_there_is_named() {
    let mut world = World::new(1);
    let missing = address::shard(&world.network, 7);

    let refused = world.client().shard(7).err().map(|error| error.to_string());

    assert_eq!(refused, Some(format!("there is no shard at {missing}; name one of this cluster")));
}

#[test]
fn a_claim_of_the_most_slots_fits_a_transaction() {
    let mut world = World::new(1);
    let shard = address::shard(&world.network, 0);
    let mut claim = |slots: u16| {
        let claim = instruction::claim(
            &world.network,
            &shard,
            &world.owner,
            &world.mint,
            &TOKEN_PROGRAM,
            Destination::Associated,
            (0..slots).collect(),
        );
        matches!(world.ledger.send(&world.payer, &[claim], &[]), Err(LedgerError::TooLong { .. }))
    };

    let most = (1..600).take_while(|slots| !claim(*slots)).last();

    // 1,232 bytes less signature 65, header 4, nine keys 288, blockhash 32, instruction 12 and its data's head 12: 819 for 2 a
    // slot.
    assert_eq!(most, Some(409));
}
