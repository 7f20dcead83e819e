//! The ledger over JSON-RPC on a real validator. A balance counts what landed: each transfer has an amount of its own.

use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_system_interface::instruction::transfer;
use std::{
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};
use stipend_client::{
    instruction::pause,
    ledger::{Accounts, Ledger, LedgerError},
    rpc::{Priority, RpcLedger, RpcOptions},
};
use stipend_cluster_tests::{seed, Fault, Plan, Proxy, Validator};

const SOL: u64 = 1_000_000_000;
/// Of one signature.
const FEE_LAMPORTS: u64 = 5_000;
/// What an account without data must hold.
const RENT_LAMPORTS: u64 = 890_880;

/// Amounts of `count` transfers: 1 SOL and a power of two each, so that a sum says which of them landed, and how often.
fn amounts(count: u32) -> Vec<u64> {
    (0..count).map(|place| SOL + (1 << place)).collect()
}

/// Sends one transfer after another to a new address, and asserts that each landed exactly once.
fn send_each_once(ledger: &mut RpcLedger, validator: &Validator, count: u32) {
    let payer = validator.funded(1_000 * SOL);
    let to = Keypair::new().pubkey();
    for amount in amounts(count) {
        ledger.send(&payer, &[transfer(&payer.pubkey(), &to, amount)], &[]).unwrap();
    }

    // Long enough for a second copy, if there were one, to land.
    thread::sleep(Duration::from_secs(2));
    let mut direct = validator.ledger();
    let sent: u64 = amounts(count).iter().sum();
    assert_eq!(direct.balance(&to).unwrap(), sent);
    let fees = u64::from(count) * FEE_LAMPORTS;
    assert_eq!(direct.balance(&payer.pubkey()).unwrap(), 1_000 * SOL - sent - fees);
}

/// Sends through a proxy with these faults. Returns the proxy for its counters.
fn send_through(plan: Plan, count: u32) -> Proxy {
    let validator = Validator::shared();
    let proxy = Proxy::start(&validator.url(), seed(), plan);
    send_each_once(&mut proxy.ledger(), &validator, count);
    proxy
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn a_transaction_that_landed_is_told_with_what_it_cost() {
    let validator = Validator::shared();
    let mut ledger = validator.ledger();
    let (payer, to) = (validator.funded(10 * SOL), Keypair::new().pubkey());
    let instructions = [transfer(&payer.pubkey(), &to, SOL + 7)];

    let would = ledger.simulate(&payer, &instructions, &[]).unwrap();
    let receipt = ledger.send(&payer, &instructions, &[]).unwrap();

    assert_eq!(receipt.fee_lamports, FEE_LAMPORTS);
    assert_eq!((would.fee_lamports, would.compute_units), (FEE_LAMPORTS, receipt.compute_units));
    let lost = i128::from(SOL + 7 + FEE_LAMPORTS);
    let mut changes = would.changes_lamports;
    changes.sort_by_key(|(_, change)| *change);
    assert_eq!(changes, [(payer.pubkey(), -lost), (to, i128::from(SOL + 7))]);
    assert_eq!(ledger.balance(&to).unwrap(), SOL + 7);
    assert_eq!(ledger.balance(&payer.pubkey()).unwrap(), 9 * SOL - 7 - FEE_LAMPORTS);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn a_priority_is_paid_and_told() {
    let validator = Validator::shared();
    let options = RpcOptions { priority: Priority::Fixed(1_000_000), ..RpcOptions::default() };
    let mut ledger = RpcLedger::new(&[validator.url()], options).unwrap();
    let (payer, to) = (validator.funded(10 * SOL), Keypair::new().pubkey());

    let receipt = ledger.send(&payer, &[transfer(&payer.pubkey(), &to, SOL)], &[]).unwrap();

    // A lamport a compute unit of the limit: what was used, a fifth more, and 20,000 to name an error.
    let limit = receipt.compute_units + receipt.compute_units / 5 + 20_000;
    assert_eq!(receipt.fee_lamports - FEE_LAMPORTS, limit, "{receipt:?}");
    assert_eq!(ledger.balance(&payer.pubkey()).unwrap(), 9 * SOL - receipt.fee_lamports);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn what_the_program_would_refuse_is_refused_with_its_number_and_costs_nothing() {
    let validator = Validator::shared();
    let mut ledger = validator.ledger();
    let payer = validator.funded(10 * SOL);
    let nothing = Keypair::new().pubkey();
    let instructions = [transfer(&payer.pubkey(), &nothing, SOL), pause(&payer.pubkey(), &nothing)];

    // No account is there, so that it belongs to no program: Anchor's number of an account with another owner.
    for refused in
        [ledger.simulate(&payer, &instructions, &[]).map(drop), ledger.send(&payer, &instructions, &[]).map(drop)]
    {
        let Err(LedgerError::Refused { index: 1, code: Some(code), reason }) = refused else { panic!("{refused:?}") };
        assert!((3_000..3_100).contains(&code), "{code}: {reason}");
        assert!(!reason.is_empty());
    }
    assert_eq!(ledger.balance(&payer.pubkey()).unwrap(), 10 * SOL);
    assert_eq!(ledger.balance(&nothing).unwrap(), 0);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn what_landed_and_failed_is_refused_with_its_number_and_its_fee_is_paid() {
    let validator = Validator::shared();
    let mut ledger = validator.ledger();
    let (payer, from) = (validator.funded(10 * SOL), validator.funded(10 * SOL));
    let (one, other) = (Keypair::new().pubkey(), Keypair::new().pubkey());
    // Each could go by itself; whichever comes second finds 4 SOL.
    let both = [one, other].map(|to| vec![transfer(&from.pubkey(), &to, 6 * SOL)]);

    let outcomes = ledger.send_all(&payer, &both, &[&from]);

    // 1: the system program's ResultWithNegativeLamports.
    let is_refused =
        |outcome: &Result<_, _>| matches!(outcome, Err(LedgerError::Refused { index: 0, code: Some(1), .. }));
    let landed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!((landed, outcomes.iter().filter(|outcome| is_refused(outcome)).count()), (1, 1), "{outcomes:?}");
    assert_eq!(ledger.balance(&one).unwrap() + ledger.balance(&other).unwrap(), 6 * SOL);
    assert_eq!(ledger.balance(&from.pubkey()).unwrap(), 4 * SOL);
    // Two signatures each, of the one that failed too.
    assert_eq!(ledger.balance(&payer.pubkey()).unwrap(), 10 * SOL - 4 * FEE_LAMPORTS);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn a_payer_that_runs_dry_is_named() {
    let validator = Validator::shared();
    let mut ledger = validator.ledger();
    let (from, to) = (validator.funded(10 * SOL), Keypair::new().pubkey());
    let is_dry = |outcome: Result<_, LedgerError>, payer: &Keypair| matches!(outcome, Err(LedgerError::NoFunds { payer: named }) if named == payer.pubkey());
    let stranger = Keypair::new();
    // Three transactions of two signatures, and one lamport less than a fourth would leave it.
    let payer = validator.funded(RENT_LAMPORTS + 8 * FEE_LAMPORTS - 1);

    let outcome = ledger.send(&stranger, &[transfer(&from.pubkey(), &to, SOL)], &[&from]).map(drop);
    assert!(is_dry(outcome, &stranger));
    for _ in 0..3 {
        ledger.send(&payer, &[transfer(&from.pubkey(), &to, SOL)], &[&from]).unwrap();
    }
    let outcome = ledger.send(&payer, &[transfer(&from.pubkey(), &to, SOL)], &[&from]).map(drop);
    assert!(is_dry(outcome, &payer));

    assert_eq!(ledger.balance(&to).unwrap(), 3 * SOL);
    assert_eq!(ledger.balance(&payer.pubkey()).unwrap(), RENT_LAMPORTS + 2 * FEE_LAMPORTS - 1);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn many_at_once_land_once_each() {
    let validator = Validator::shared();
    let mut ledger = validator.ledger();
    let (payer, to) = (validator.funded(1_000 * SOL), Keypair::new().pubkey());
    let transfers: Vec<Vec<Instruction>> =
        (0..100).map(|place| vec![transfer(&payer.pubkey(), &to, SOL + place)]).collect();

    let outcomes = ledger.send_all(&payer, &transfers, &[]);

    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    // 0 to 99 are 4,950.
    assert_eq!(ledger.balance(&to).unwrap(), 100 * SOL + 4_950);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn the_same_instructions_land_as_often_as_they_are_sent() {
    let validator = Validator::shared();
    let mut ledger = validator.ledger();
    let (payer, to) = (validator.funded(100 * SOL), Keypair::new().pubkey());

    for _ in 0..5 {
        ledger.send(&payer, &[transfer(&payer.pubkey(), &to, SOL)], &[]).unwrap();
    }

    assert_eq!(ledger.balance(&to).unwrap(), 5 * SOL);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn rate_limits_are_waited_for() {
    let proxy = send_through(Plan::all(Fault::TooMany, 300), 8);

    assert!(proxy.faults(Fault::TooMany) > 0);
    // A send asks seldom: bounded whatever the limits do.
    assert!(proxy.all_requests() < 8 * 60, "{} requests", proxy.all_requests());
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn dropped_requests_are_asked_again() {
    let proxy = send_through(Plan::all(Fault::Dropped, 300), 8);

    assert!(proxy.faults(Fault::Dropped) > 0);
    assert!(proxy.all_requests() < 8 * 60, "{} requests", proxy.all_requests());
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn cut_answers_are_asked_for_again() {
    let proxy = send_through(Plan::all(Fault::Cut, 300), 8);

    assert!(proxy.faults(Fault::Cut) > 0);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn a_send_whose_every_answer_is_lost_lands_once() {
    let proxy = send_through(Plan::of("sendTransaction", Fault::AnswerDropped, 1_000), 8);

    // Each lost answer brings the same transaction again.
    assert!(proxy.faults(Fault::AnswerDropped) >= 8);
    assert_eq!(proxy.faults(Fault::AnswerDropped), proxy.requests("sendTransaction"));
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn everything_at_once_still_lands_each_once() {
    let faults = vec![
        (Fault::Dropped, 80),
        (Fault::AnswerDropped, 120),
        (Fault::Cut, 80),
        (Fault::TooMany, 80),
        (Fault::Unavailable, 80),
        (Fault::Delayed, 80),
    ];

    let proxy = send_through(Plan { faults: faults.clone(), method: None }, 12);

    let met: usize = faults.iter().map(|(fault, _)| proxy.faults(*fault)).sum();
    assert!(met > 12, "{met} faults of {} requests", proxy.all_requests());
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn a_dead_endpoint_beside_one_that_lives_does_no_harm() {
    let validator = Validator::shared();
    let mut ledger = RpcLedger::new(&[dead_url(), validator.url()], RpcOptions::default()).unwrap();

    send_each_once(&mut ledger, &validator, 4);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn a_cluster_that_is_not_there_is_said_to_be_so() {
    let options = RpcOptions { patience: Duration::from_secs(5), ..RpcOptions::default() };
    let mut ledger = RpcLedger::new(&[dead_url()], options).unwrap();
    let payer = Keypair::new();
    let start = Instant::now();

    let read = ledger.account(&payer.pubkey());
    let sent = ledger.send(&payer, &[transfer(&payer.pubkey(), &Address::default(), 1)], &[]);

    assert!(matches!(read, Err(LedgerError::Unreachable { .. })), "{read:?}");
    assert!(matches!(sent, Err(LedgerError::Unreachable { .. })), "{sent:?}");
    assert!(start.elapsed() < Duration::from_secs(120), "{:?}", start.elapsed());
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn a_validator_that_is_stopped_and_started_loses_nothing() {
    restart(Validator::stop);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn a_validator_that_is_killed_and_started_loses_nothing_that_was_confirmed() {
    restart(Validator::kill);
}

/// Ends the validator under transfers that are under way, and starts it again.
fn restart(end: impl FnOnce(&mut Validator)) {
    let mut validator = Validator::start();
    let (payer, to) = (validator.funded(1_000 * SOL), Keypair::new().pubkey());
    let mut ledger = validator.ledger();
    let genesis = ledger.genesis_hash().unwrap();
    ledger.send(&payer, &[transfer(&payer.pubkey(), &to, SOL)], &[]).unwrap();

    let sender = thread::spawn(move || {
        for amount in amounts(10) {
            ledger.send(&payer, &[transfer(&payer.pubkey(), &to, amount)], &[]).unwrap();
        }
    });
    thread::sleep(Duration::from_secs(3));
    end(&mut validator);
    assert!(!sender.is_finished(), "all was sent before the validator ended");
    thread::sleep(Duration::from_secs(2));
    validator.resume();
    sender.join().unwrap();

    let mut ledger = validator.ledger();
    assert_eq!(ledger.genesis_hash().unwrap(), genesis);
    assert_eq!(ledger.balance(&to).unwrap(), SOL + amounts(10).iter().sum::<u64>());
}

/// Nobody listens there.
fn dead_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
