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
    ledger::{Accounts as _, Ledger as _, LedgerError, Receipt},
    network_client::NetworkClient,
    program::{
        instructions::NetworkParams,
        state::{EmissionParams, Entry},
    },
};
use stipend_testing::{create_network, embedded_ledger, key, make_rich, Ahead, GENESIS, TOKEN_PROGRAM};
use tempfile::TempDir;

const EPOCH_SECS: i64 = 3_600;
const REPORT_SECS: i64 = 600;
const ALL: CrankOptions = CrankOptions { claim_from_atoms: Some(1), open_reports: true, all_reports: false };
const SOL: u64 = 1_000_000_000;
const END_0: i64 = GENESIS + EPOCH_SECS;

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
        let (mut ledger, payer) = (embedded_ledger(), key(1));
        let oracles = oracles().map(|oracle| oracle.pubkey());
        make_rich(&mut ledger, &[payer.pubkey(), oracles[0], oracles[1]]);
        let params = stipend_testing::params(EPOCH_SECS as u32, REPORT_SECS as u32, 2, 2);
        let params = NetworkParams { emission: EmissionParams { per_epoch_atoms: 3_000, ..params.emission }, ..params };
        let (mint, network) = create_network(&mut ledger, &payer, &TOKEN_PROGRAM, params, &oracles);
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
    let mut racing = Ahead { ledger: &mut world.ledger, send: racing(Some(vec![faster])) };

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
    let mut racing = Ahead { ledger: &mut world.ledger, send: racing(None) };

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

/// Sends transactions behind what another crank sends, limited as a cluster's would be: by what a simulation used.
///
/// - `first`: what the other crank sends before the first one; none if it sends the same just before each.
fn racing(
    mut first: Option<Vec<Instruction>>,
) -> impl FnMut(&mut EmbeddedLedger, &Keypair, &[Instruction], &[&Keypair]) -> Result<Receipt, LedgerError> {
    move |ledger, payer, instructions, signers| {
        let faster = first.as_mut().map_or(instructions.to_vec(), std::mem::take);
        // Nothing is left to do if the same was sent before.
        let seen = match ledger.send(payer, &faster, signers) {
            Ok(receipt) if first.is_none() => receipt.compute_units,
            _ => u64::from(instruction::MAX_COMPUTE_UNITS),
        };
        let limit = instruction::compute_unit_limit(instruction::limit_units(seen));
        let bare = instructions.iter().filter(|one| one.program_id != limit.program_id).cloned();
        ledger.send(payer, &bare.chain([limit.clone()]).collect::<Vec<_>>(), signers)
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

#[test]
fn a_split_is_paid_by_a_crank_once_all_its_recipients_can_be() {
    let mut world = World::new();
    let mut crank = world.crank(0);
    let (owner, split) = (key(4), address::split(&key(4).pubkey(), 0));
    let wallets = [key(70).pubkey(), key(71).pubkey()];
    let create = instruction::create_split(
        &world.payer.pubkey(),
        &owner.pubkey(),
        0,
        Some(owner.pubkey()),
        &[(wallets[0], 6_000), (wallets[1], 4_000)],
    );
    let shard = address::shard(&world.network, 1);
    let transfer = instruction::transfer_node(&owner.pubkey(), &world.network, &shard, &key(42).pubkey(), &split);
    world.ledger.send(&world.payer, &[create, transfer], &[&owner]).unwrap();
    let open = |world: &mut World, wallet: &Address| {
        let payer = world.payer.pubkey();
        world.send(instruction::open_associated_token(&payer, wallet, &world.mint, &TOKEN_PROGRAM));
    };
    open(&mut world, &wallets[0]);
    open(&mut world, &owner.pubkey());

    // After the first epoch the second recipient's account is opened; the crank may open none.
    let unopened = run_epochs(&mut world, &mut crank, 2, |world| open(world, &wallets[1]));

    assert_eq!(unopened, [1, 0]);
    // Two epochs of a third of 3,000 atoms, less what the floors of the rates take and with what they left over.
    let paid = wallets.map(|wallet| {
        let token = address::associated_token(&wallet, &world.mint, &TOKEN_PROGRAM);
        account::token_atoms(&world.ledger.account(&token).unwrap().unwrap().data).unwrap()
    });
    let total: u64 = paid.iter().sum();
    assert_eq!(paid[1], total * 4_000 / 10_000);
    assert!((1_990..=2_001).contains(&total), "{paid:?}");
}
