//! A crank on the embedded ledger, whose clock is turned, against the committed artifact.

use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend_client::{
    account, address,
    crank::{Crank, CrankOptions, Openings, Outcome, Step, Task},
    embedded::EmbeddedLedger,
    instruction,
    ledger::{Accounts as _, Ledger as _},
    network_client::NetworkClient,
    program::{
        instructions::NetworkParams,
        state::{EmissionParams, Entry, PolicyParams},
    },
};
use tempfile::TempDir;

const GENESIS: i64 = 1_700_000_000;
const EPOCH_SECS: i64 = 3_600;
const REPORT_SECS: i64 = 600;
const TOKEN_PROGRAM: Address = spl_token_interface::ID;
const ALL: CrankOptions = CrankOptions { claim_from_atoms: Some(1), open_reports: true, all_reports: false };
const SOL: u64 = 1_000_000_000;
const END_0: i64 = GENESIS + EPOCH_SECS;

fn key(seed: u8) -> Keypair {
    Keypair::new_from_array([seed; 32])
}

fn oracles() -> [Keypair; 2] {
    [key(20), key(21)]
}

/// Two oracles and three nodes of one owner, in shards of two.
struct World {
    folder: TempDir,
    ledger: EmbeddedLedger,
    payer: Keypair,
    network: Address,
    mint: Address,
}

impl World {
    fn new() -> Self {
        let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs/stipend/artifact/stipend.so");
        let path = std::env::var_os("STIPEND_PROGRAM").unwrap_or_else(|| committed.into());
        let mut ledger = EmbeddedLedger::new(&std::fs::read(path).unwrap(), GENESIS - 1).unwrap();
        let (payer, mint_key) = (key(1), key(2));
        let (authority, mint) = (payer.pubkey(), mint_key.pubkey());
        for rich in [authority, oracles()[0].pubkey(), oracles()[1].pubkey()] {
            ledger.airdrop(&rich, 1_000_000_000_000).unwrap();
        }
        let lamports = ledger.rent_lamports(instruction::MINT_BYTES).unwrap();
        let create = instruction::create_mint(&authority, &mint, &authority, &TOKEN_PROGRAM, 0, lamports);
        ledger.send(&payer, &create, &[&mint_key]).unwrap();
        let network = address::network(&mint, 0);
        let create = instruction::create_network(&authority, &authority, &mint, &TOKEN_PROGRAM, params());
        ledger.send(&payer, &[create], &[]).unwrap();
        for oracle in oracles() {
            let add = instruction::add_oracle(&authority, &authority, &network, &oracle.pubkey());
            ledger.send(&payer, &[add], &[]).unwrap();
        }
        let mut world = Self { folder: tempfile::tempdir().unwrap(), ledger, payer, network, mint };
        for node in 0..3 {
            world.client().register(&key(40 + node), None, &key(4).pubkey()).unwrap();
        }
        world
    }

    fn client(&mut self) -> NetworkClient<'_, EmbeddedLedger> {
        NetworkClient::new(&mut self.ledger, &self.payer, self.network)
    }

    /// A crank that does all it can, and opens token accounts for so much a day.
    fn crank(&self, lamports_a_day: u64) -> Crank {
        let openings = Openings::read(&self.folder.path().join("opened.csv"), lamports_a_day).unwrap();
        Crank::new(self.network, ALL).with_openings(openings)
    }

    fn step(&mut self, crank: &mut Crank) -> Step {
        crank.step(&mut self.ledger, &self.payer).unwrap()
    }

    fn report(&mut self, oracle: usize, shard: u32, epoch: u32) {
        let address = address::shard(&self.network, shard);
        let slots = if shard == 0 { 2 } else { 1 };
        let entries = vec![Entry::new(Some(10_000), None); slots];
        self.client().report(&oracles()[oracle], &address, epoch, &entries).unwrap();
    }

    fn send(&mut self, instruction: Instruction) {
        self.ledger.send(&self.payer, &[instruction], &[]).unwrap();
    }
}

fn params() -> NetworkParams {
    NetworkParams {
        id: 0,
        genesis: GENESIS,
        epoch_secs: EPOCH_SECS as u32,
        shard_capacity: 2,
        unit: *b"kbit/s\0\0\0\0\0\0\0\0\0\0",
        guardian: None,
        cap_atoms: u64::MAX,
        policy: PolicyParams {
            report_secs: REPORT_SECS as u32,
            score_secs: 2 * EPOCH_SECS as u32,
            uptime_weight_bps: 10_000,
            min_uptime_bps: 0,
            bandwidth_cap: 1,
            max_boost_bps: 10_000,
            quorum: 2,
            ..PolicyParams::default()
        },
        emission: EmissionParams { per_epoch_atoms: 3_000, ..EmissionParams::default() },
    }
}

/// The tasks of a step, each of which was done.
#[track_caller]
fn done(step: &Step) -> Vec<&'static str> {
    let all_done = step.outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Done(_)));
    assert!(all_done, "{:?}", step.outcomes);
    step.outcomes.iter().map(|(task, _)| task.name()).collect()
}

#[test]
fn an_epoch_is_taken_step_by_step_from_its_reports_to_the_owners() {
    let mut world = World::new();
    let mut crank = world.crank(SOL);

    assert_eq!(done(&world.step(&mut crank)), ["open_report"; 4]);
    let idle = world.step(&mut crank);
    assert_eq!((done(&idle), idle.next), (vec![], Some(END_0)));
    world.ledger.warp_to(END_0);
    let idle = world.step(&mut crank);
    assert_eq!((done(&idle), idle.next), (vec![], Some(END_0 + REPORT_SECS)));
    // A shard is scored as soon as all of its reports are there.
    for oracle in [0, 1] {
        world.report(oracle, 0, 0);
    }
    let scored = world.step(&mut crank);
    assert_eq!(scored.outcomes[0].0, Task::Score { shard: 0, epoch: 0 });
    assert_eq!(done(&scored), ["score"]);
    for oracle in [0, 1] {
        world.report(oracle, 1, 0);
    }
    assert_eq!(done(&world.step(&mut crank)), ["score", "judge"]);
    assert_eq!(done(&world.step(&mut crank)), ["close", "judge"]);
    assert_eq!(done(&world.step(&mut crank)), ["settle", "settle"]);
    assert_eq!(done(&world.step(&mut crank)), ["claim", "claim"]);
    let idle = world.step(&mut crank);
    assert_eq!((done(&idle), idle.next), (vec![], Some(END_0 + EPOCH_SECS)));

    // 3,000 atoms for three nodes of one score; the rate is floored, so each has one less.
    let token = address::associated_token(&key(4).pubkey(), &world.mint, &TOKEN_PROGRAM);
    let found = world.ledger.account(&token).unwrap().unwrap();
    assert_eq!(account::token_atoms(&found.data), Ok(3 * 999));
}

#[test]
fn what_was_not_reported_is_waited_for_until_the_window_closes_and_no_longer() {
    let mut world = World::new();
    let mut crank = Crank::new(world.network, CrankOptions::default());
    world.client().open_reports(0).unwrap();
    world.ledger.warp_to(END_0 + REPORT_SECS - 1);
    world.report(0, 0, 0);

    let idle = world.step(&mut crank);
    world.ledger.warp_to(END_0 + REPORT_SECS);
    let scored = world.step(&mut crank);

    assert_eq!((done(&idle), idle.next), (vec![], Some(END_0 + REPORT_SECS)));
    assert_eq!(done(&scored), ["score", "score"]);
}

#[test]
fn reports_are_looked_at_in_turn_or_all_at_once() {
    let mut world = World::new();
    // 64 shards of two slots; the reports of 50 shards by two oracles are one request.
    for node in 3..128 {
        world.client().register(&key(100 + node), None, &key(4).pubkey()).unwrap();
    }
    world.client().open_reports(0).unwrap();
    world.ledger.warp_to(END_0);
    let options = |all_reports| CrankOptions { all_reports, ..CrankOptions::default() };
    let (mut in_turn, mut all_at_once) =
        (Crank::new(world.network, options(false)), Crank::new(world.network, options(true)));

    let nothing = [world.step(&mut in_turn), world.step(&mut all_at_once)].map(|step| done(&step).len());
    for shard in [49, 63] {
        for oracle in [0, 1] {
            world.report(oracle, shard, 0);
        }
    }
    // It looked at the first 50 before, so that it begins with the last 14, and finds one in either request.
    let scored = world.step(&mut in_turn);
    let waiting = world.step(&mut all_at_once);

    assert_eq!(nothing, [0, 0]);
    let score = |shard| Task::Score { shard, epoch: 0 };
    assert_eq!(scored.outcomes.iter().map(|(task, _)| *task).collect::<Vec<_>>(), [score(63), score(49)]);
    assert_eq!(done(&scored), ["score", "score"]);
    assert_eq!(done(&waiting), ["judge", "judge"]);
}

#[test]
fn tasks_of_one_kind_share_transactions_and_one_that_was_done_takes_no_other_along() {
    let mut world = World::new();
    for node in 3..40 {
        world.client().register(&key(100 + node), None, &key(4).pubkey()).unwrap();
    }
    world.client().open_reports(0).unwrap();
    world.ledger.warp_to(END_0 + REPORT_SECS);
    let network = world.network;
    let shard = |index| address::shard(&network, index);
    let faster = instruction::score_shard(&network, &shard(3), &oracles().map(|key| key.pubkey()), 0);
    let mut crank = Crank::new(network, CrankOptions::default());
    let mut racing = Racing { world: &mut world, first: Some(vec![faster]) };

    let step = crank.step(&mut racing, &key(1)).unwrap();

    let (done, others): (Vec<_>, Vec<_>) =
        step.outcomes.iter().partition(|(_, outcome)| matches!(outcome, Outcome::Done(_)));
    assert_eq!(done.len(), 19);
    assert!(matches!(others[..], [(Task::Score { shard: 3, epoch: 0 }, Outcome::Outrun(_))]), "{others:?}");
    // The keys of payer, program and network, a blockhash, a signature, what frames them and room for a budget are 250 bytes; a
    // shard, its two reports and what scores it are 115: eight of them are 1,170 bytes. Of the first eight, each was sent once more;
    // of the others, eight and four went together.
    let paid = done.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done(receipt) if receipt.fee_lamports > 0));
    assert_eq!(paid.count(), 7 + 2);
}

#[test]
fn a_network_that_slept_is_caught_up_with() {
    let mut world = World::new();
    let mut crank = Crank::new(world.network, CrankOptions::default());
    world.ledger.warp_to(GENESIS + 40 * EPOCH_SECS);

    let mut steps = 0;
    let network = loop {
        let step = world.step(&mut crank);
        done(&step);
        if step.network.open_epoch == step.network.schedule().current_epoch(step.now) {
            break step.network;
        }
        if step.outcomes.is_empty() {
            world.ledger.warp_to(step.next.unwrap());
        }
        steps += 1;
        assert!(steps < 300, "it goes round in circles");
    };

    // Epoch 0's windows are over. Each of the others has its whole report window of 600 s when it is opened, so epoch e is
    // closed 600 · e seconds after the crank woke: epoch 46 after 7 hours and 40 minutes, when epoch 47 is under way.
    assert_eq!((network.open_epoch, network.opened_at), (47, GENESIS + 40 * EPOCH_SECS + 46 * REPORT_SECS));
}

#[test]
fn a_shard_that_somebody_opens_and_nobody_uses_costs_a_crank_nothing() {
    let mut world = World::new();
    world.client().register(&key(43), None, &key(4).pubkey()).unwrap();
    let payer = world.payer.pubkey();
    world.send(instruction::open_shard(&payer, &world.network.clone(), 2));
    let mut crank = world.crank(SOL);

    let opened = world.step(&mut crank);
    world.ledger.warp_to(END_0 + REPORT_SECS);
    let scored = world.step(&mut crank);
    let closed = world.step(&mut crank);

    assert_eq!(done(&opened), ["open_report"; 4]);
    assert_eq!(done(&scored), ["score"; 2]);
    assert_eq!(done(&closed), ["close", "judge", "judge"]);
}

#[test]
fn a_shard_that_can_still_be_scored_is_scored_before_its_epoch_is_closed() {
    let mut world = World::new();
    let mut crank = Crank::new(world.network, CrankOptions::default());
    world.client().open_reports(0).unwrap();
    world.ledger.warp_to(END_0);
    for (oracle, shard) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        world.report(oracle, shard, 0);
    }
    // Closing waits for nobody any more.
    world.ledger.warp_to(END_0 + 2 * EPOCH_SECS);

    let scored = world.step(&mut crank);
    let closed = world.step(&mut crank);

    assert_eq!(done(&scored), ["score", "score"]);
    assert_eq!(done(&closed)[0], "close");
    let network = world.client().network().unwrap();
    assert_eq!((network.open_epoch, network.ring[0].total_score), (1, 300_000_000));
}

#[test]
fn two_cranks_take_every_step_once_and_neither_fails() {
    let mut world = World::new();
    let (mut one, mut other) = (world.crank(SOL), world.crank(SOL));
    let mut taken = Vec::new();
    for epoch in 0..3 {
        world.step(&mut one);
        world.ledger.warp_to(GENESIS + i64::from(epoch + 1) * EPOCH_SECS);
        for oracle in [0, 1] {
            for shard in [0, 1] {
                world.report(oracle, shard, epoch);
            }
        }
        loop {
            let steps = [world.step(&mut one), world.step(&mut other)];
            if steps.iter().all(|step| step.outcomes.is_empty()) {
                break;
            }
            taken.extend(steps.iter().flat_map(done));
        }
    }

    let count = |name| taken.iter().filter(|taken| **taken == name).count();
    assert_eq!(["score", "judge", "close", "settle", "claim"].map(count), [6, 6, 3, 6, 6]);
}

#[test]
fn what_another_crank_did_first_is_named_within_the_compute_limit() {
    let mut world = World::new();
    let mut crank = world.crank(SOL);
    world.step(&mut crank);
    world.ledger.warp_to(END_0);
    for (oracle, shard) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        world.report(oracle, shard, 0);
    }
    let mut racing = Racing { world: &mut world, first: None };

    let mut outrun = Vec::new();
    loop {
        let step = crank.step(&mut racing, &key(1)).unwrap();
        if step.outcomes.is_empty() {
            break;
        }
        for (task, outcome) in step.outcomes {
            assert!(matches!(outcome, Outcome::Outrun(_)), "{task:?}: {outcome:?}");
            outrun.push(task.name());
        }
    }

    assert_eq!(outrun, ["score", "score", "close", "judge", "judge", "settle", "settle", "claim", "claim"]);
}

/// A ledger on which another crank is faster; each transaction is limited as a cluster's would be, by what a simulation used.
struct Racing<'a> {
    world: &'a mut World,
    /// What the other crank does before the first transaction; none if it does the same just before each.
    first: Option<Vec<Instruction>>,
}

impl stipend_client::ledger::Accounts for Racing<'_> {
    fn account(
        &mut self,
        address: &Address,
    ) -> Result<Option<solana_account::Account>, stipend_client::ledger::LedgerError> {
        self.world.ledger.account(address)
    }
}

impl stipend_client::ledger::Ledger for Racing<'_> {
    fn send(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<stipend_client::ledger::Receipt, stipend_client::ledger::LedgerError> {
        let faster = self.first.as_mut().map_or(instructions.to_vec(), std::mem::take);
        // Nothing is left to do if the same was sent before.
        let seen = match self.world.ledger.send(payer, &faster, signers) {
            Ok(receipt) if self.first.is_none() => receipt.compute_units,
            _ => u64::from(instruction::MAX_COMPUTE_UNITS),
        };
        let limit = instruction::compute_unit_limit(instruction::limit_units(seen));
        let bare = instructions.iter().filter(|one| one.program_id != limit.program_id).cloned();
        self.world.ledger.send(payer, &bare.chain([limit.clone()]).collect::<Vec<_>>(), signers)
    }

    fn simulate(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<stipend_client::ledger::Simulation, stipend_client::ledger::LedgerError> {
        self.world.ledger.simulate(payer, instructions, signers)
    }

    fn rent_lamports(&mut self, space: usize) -> Result<u64, stipend_client::ledger::LedgerError> {
        self.world.ledger.rent_lamports(space)
    }

    fn now(&mut self) -> Result<i64, stipend_client::ledger::LedgerError> {
        self.world.ledger.now()
    }
}

#[test]
fn a_paused_network_is_left_alone_until_it_is_resumed() {
    let mut world = World::new();
    let mut crank = Crank::new(world.network, CrankOptions::default());
    let authority = world.payer.pubkey();
    world.send(instruction::pause(&authority, &world.network.clone()));
    world.ledger.warp_to(END_0 + REPORT_SECS);

    let paused = world.step(&mut crank);
    world.send(instruction::resume(&authority, &world.network.clone()));
    world.ledger.warp_to(END_0 + 2 * REPORT_SECS);
    let resumed = world.step(&mut crank);

    assert_eq!((done(&paused), paused.next), (vec![], None));
    assert_eq!(done(&resumed), ["score", "score"]);
}

#[test]
fn a_pause_of_the_guardian_is_waited_for() {
    let mut world = World::new();
    let mut crank = Crank::new(world.network, CrankOptions::default());
    let (authority, guardian) = (world.payer.pubkey(), key(30));
    world.send(instruction::set_guardian(&authority, &world.network.clone(), Some(&guardian.pubkey())));
    world.ledger.warp_to(END_0);
    let pause = instruction::pause(&guardian.pubkey(), &world.network);
    world.ledger.send(&world.payer, &[pause], &[&guardian]).unwrap();

    let paused = world.step(&mut crank);
    let pause_end = END_0 + 7 * 86_400;
    world.ledger.warp_to(pause_end);
    let waiting = world.step(&mut crank);
    world.ledger.warp_to(pause_end + REPORT_SECS);
    let resumed = world.step(&mut crank);

    assert_eq!((done(&paused), paused.next), (vec![], Some(pause_end)));
    assert_eq!((done(&waiting), waiting.next), (vec![], Some(pause_end + REPORT_SECS)));
    assert_eq!(done(&resumed), ["score", "score"]);
}

#[test]
fn a_payer_without_lamports_is_no_refusal_and_is_tried_again_at_once() {
    let mut world = World::new();
    world.ledger.warp_to(END_0 + REPORT_SECS);
    let mut crank = Crank::new(world.network, CrankOptions::default());
    let poor = key(99);

    let step = crank.step(&mut world.ledger, &poor).unwrap();
    world.ledger.airdrop(&poor.pubkey(), 1_000_000_000).unwrap();
    let funded = crank.step(&mut world.ledger, &poor).unwrap();

    assert!(step.outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Lost(_))), "{:?}", step.outcomes);
    assert_eq!(done(&funded), ["score", "score"]);
}

#[test]
fn lamports_at_a_token_accounts_address_keep_its_owner_from_nothing() {
    let mut world = World::new();
    let mut crank = world.crank(SOL);
    let token = address::associated_token(&key(4).pubkey(), &world.mint, &TOKEN_PROGRAM);
    world.ledger.airdrop(&token, 1_000_000).unwrap();
    world.step(&mut crank);
    world.ledger.warp_to(END_0);
    for (oracle, shard) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        world.report(oracle, shard, 0);
    }

    let mut taken = Vec::new();
    loop {
        let step = world.step(&mut crank);
        if step.outcomes.is_empty() {
            break;
        }
        taken.extend(done(&step));
    }

    assert_eq!(taken.iter().filter(|name| **name == "claim").count(), 2);
    // 3,000 atoms for three nodes of one score; the rate is floored, so each has one less.
    let found = world.ledger.account(&token).unwrap().unwrap();
    assert_eq!(account::token_atoms(&found.data), Ok(3 * 999));
}

/// Has every epoch up to `epochs` reported and taken, and returns how many claims each step left out at the end of an epoch.
fn run_epochs(world: &mut World, crank: &mut Crank, epochs: u32, mut after: impl FnMut(&mut World)) -> Vec<usize> {
    let mut unopened = Vec::new();
    for epoch in 0..epochs {
        world.step(crank);
        world.ledger.warp_to(END_0 + i64::from(epoch) * EPOCH_SECS);
        for (oracle, shard) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            world.report(oracle, shard, epoch);
        }
        loop {
            let step = world.step(crank);
            done(&step);
            if step.outcomes.is_empty() {
                unopened.push(step.unopened);
                break;
            }
        }
        after(world);
    }
    unopened
}

fn token_account(world: &World) -> Address {
    address::associated_token(&key(4).pubkey(), &world.mint, &TOKEN_PROGRAM)
}

#[test]
fn without_being_told_a_crank_opens_no_token_account() {
    let mut world = World::new();
    let mut crank = Crank::new(world.network, ALL);

    let unopened = run_epochs(&mut world, &mut crank, 2, |_| ());

    // The owner has something to claim in both shards.
    assert_eq!(unopened, [2, 2]);
    assert_eq!(world.ledger.account(&token_account(&world)).unwrap(), None);
}

#[test]
fn an_owner_who_closes_the_token_account_every_epoch_costs_one_rent_ever() {
    let mut world = World::new();
    let mut crank = world.crank(SOL);
    let (owner, elsewhere) = (key(4), key(5).pubkey());
    world.ledger.airdrop(&owner.pubkey(), SOL).unwrap();
    let payer = world.payer.pubkey();
    let mint = world.mint;
    world.send(instruction::open_associated_token(&payer, &elsewhere, &mint, &TOKEN_PROGRAM));
    let rent_lamports = world.ledger.rent_lamports(165).unwrap();
    let mut kept_lamports = 0;

    let unopened = run_epochs(&mut world, &mut crank, 4, |world| {
        let token = token_account(world);
        let Some(found) = world.ledger.account(&token).unwrap() else { return };
        let atoms = account::token_atoms(&found.data).unwrap();
        let to = address::associated_token(&elsewhere, &mint, &TOKEN_PROGRAM);
        let owner_key = owner.pubkey();
        let move_away =
            spl_token_interface::instruction::transfer(&TOKEN_PROGRAM, &token, &to, &owner_key, &[], atoms).unwrap();
        let close =
            spl_token_interface::instruction::close_account(&TOKEN_PROGRAM, &token, &owner_key, &owner_key, &[])
                .unwrap();
        world.ledger.send(&owner, &[move_away, close], &[]).unwrap();
        kept_lamports += found.lamports;
        // A crank that starts anew remembers.
    });
    let mut restarted = world.crank(SOL);
    let after_restart = world.step(&mut restarted);

    assert_eq!(kept_lamports, rent_lamports);
    assert_eq!(unopened, [0, 2, 2, 2]);
    assert_eq!((done(&after_restart), after_restart.unopened), (vec![], 2));
}

#[test]
fn a_budget_that_a_rent_exceeds_opens_nothing() {
    let mut world = World::new();
    let rent_lamports = world.ledger.rent_lamports(165).unwrap();
    let mut poor = world.crank(rent_lamports - 1);

    let unopened = run_epochs(&mut world, &mut poor, 1, |_| ());
    let mut enough = world.crank(rent_lamports);
    let claimed = world.step(&mut enough);

    assert_eq!(unopened, [2]);
    assert_eq!(done(&claimed), ["claim", "claim"]);
}
