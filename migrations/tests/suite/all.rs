//! All steps, from nothing to reports.

use crate::{
    cluster::{Lost, NOW},
    scene::{key, Scene},
};
use solana_signer::Signer;
use stipend_client::{ledger::Accounts, network_client::NetworkClient};
use stipend_migrations::{
    command::{check, migrate, CommandError, ExitKind},
    error::MigrationError,
    migration::{review, run},
};

/// A mint, a network, three oracles, a shard and three reports.
const TRANSACTIONS: usize = 1 + 1 + 3 + 1 + 3;

fn yes() -> std::io::Result<bool> {
    Ok(true)
}

#[test]
fn a_cluster_is_set_up_from_nothing_and_the_second_run_sends_nothing() {
    let mut scene = Scene::new();
    let plan = scene.plan(&[]);

    let taken = run(&mut scene.cluster, &plan).expect("done");

    assert_eq!(taken, ["0002 mint", "0003 network", "0004 oracles", "0005 shards"]);
    assert_eq!(scene.cluster.landed_since(), TRANSACTIONS);
    assert!(run(&mut scene.cluster, &plan).expect("nothing to do").is_empty());
    assert_eq!(scene.cluster.landed_since(), 0);
}

#[test]
fn a_run_that_is_stopped_after_any_transaction_goes_on() {
    for lost in [Lost::Before, Lost::After] {
        for every in 1..=TRANSACTIONS {
            let mut scene = Scene::new();
            let plan = scene.plan(&[]);
            let is_done = (0..=TRANSACTIONS).any(|_| {
                scene.cluster.lose_after(every, lost);
                run(&mut scene.cluster, &plan).is_ok()
            });
            scene.cluster.mend();

            assert!(is_done, "lost {lost:?} every {every}");
            assert_eq!(scene.cluster.landed_since(), TRANSACTIONS, "lost {lost:?} every {every}");
            assert!(review(&mut scene.cluster, &plan).expect("readable").is_done());
        }
    }
}

#[test]
fn everything_costs_what_was_said_before() {
    let mut scene = Scene::new();
    let plan = scene.plan(&[]);
    let payer = key("payer").pubkey();
    let lamports = |scene: &mut Scene| scene.cluster.account(&payer).expect("readable").expect("there").lamports as i64;
    let before = lamports(&mut scene);
    let review = review(&mut scene.cluster, &plan).expect("readable");

    run(&mut scene.cluster, &plan).expect("done");

    assert_eq!(before - lamports(&mut scene), review.cost_lamports());
    // Nothing comes back on the way.
    assert_eq!(review.peak_lamports() as i64, review.cost_lamports());
}

#[test]
fn what_was_set_up_settles_an_epoch() {
    let mut scene = Scene::new();
    let plan = scene.plan(&[]);
    run(&mut scene.cluster, &plan).expect("done");
    let payer = key("payer");
    let mut client = NetworkClient::new(&mut scene.cluster, &payer, plan.network_address());
    client.register(&key("device"), None, &payer.pubkey()).expect("registered");
    // Epoch 0 is over, and nobody reported until its window closed.
    scene.cluster.vm.warp_to(NOW + 1_000 + 100 + 40);
    let mut client = NetworkClient::new(&mut scene.cluster, &payer, plan.network_address());

    client.score(0).expect("scored");
    client.close().expect("closed");

    assert_eq!(client.network().expect("readable").open_epoch, 1);
}

#[test]
fn a_payer_with_too_little_is_told_before_anything_is_sent() {
    let mut scene = Scene::new();
    let mut plan = scene.plan(&[]);
    plan.payer = key("poor").into();
    scene.cluster.vm.airdrop(&key("poor").pubkey(), 10_000_000).expect("lamports are given");

    let error = run(&mut scene.cluster, &plan).expect_err("too little");

    assert!(matches!(error, MigrationError::NotEnough { has_lamports: 10_000_000, .. }), "{error}");
    assert_eq!(scene.cluster.landed_since(), 0);
}

#[test]
fn a_program_that_the_sources_were_not_built_for_is_refused() {
    let mut scene = Scene::new();
    let plan = scene.fresh_program();

    let error = run(&mut scene.cluster, &plan).expect_err("another ID");

    assert!(error.to_string().contains("cargo xtask program-id"), "{error}");
    assert_eq!(scene.cluster.landed_since(), 0);
}

#[test]
fn the_command_says_what_it_will_do_and_does_nothing_without_consent() {
    let mut scene = Scene::new();
    let plan = scene.plan(&[]);
    let mut stdout = Vec::new();

    let error = migrate(&mut scene.cluster, &plan, || Ok(false), &mut stdout).expect_err("nobody said yes");

    let said = String::from_utf8(stdout).expect("text");
    assert!(matches!(error, CommandError::NoConsent));
    assert_eq!(error.exit_kind(), ExitKind::Usage);
    assert_eq!(scene.cluster.landed_since(), 0);
    assert!(said.starts_with("0001 program: as the plan says\n0002 mint\n  create mint "), "{said}");
    assert!(said.contains("\nAll together: 9 transactions, "), "{said}");
}

#[test]
fn the_command_asks_nobody_when_nothing_is_left_to_do() {
    let mut scene = Scene::new();
    let plan = scene.plan(&[]);
    migrate(&mut scene.cluster, &plan, yes, &mut Vec::new()).expect("done");
    let mut stdout = Vec::new();

    migrate(&mut scene.cluster, &plan, || panic!("nobody is asked"), &mut stdout).expect("nothing to do");

    let said = String::from_utf8(stdout).expect("text");
    assert!(said.contains("0005 shards: as the plan says\nNothing is left to do.\n"), "{said}");
    assert!(said.ends_with(&format!("network  {}\n", plan.network_address())), "{said}");
}

#[test]
fn the_commands_check_exits_4_on_other_bytes() {
    let mut scene = Scene::new();
    let mut plan = scene.plan(&[]);
    let mut stdout = Vec::new();
    check(&mut scene.cluster, &plan, &mut stdout).expect("the same");
    assert!(String::from_utf8(stdout).expect("text").ends_with("verdict            the same, byte for byte\n"));
    plan.program.artifact[17] ^= 1;

    let mut stdout = Vec::new();
    let error = check(&mut scene.cluster, &plan, &mut stdout).expect_err("another artifact");

    assert_eq!(error.exit_kind(), ExitKind::Refused);
    let said = String::from_utf8(stdout).expect("text");
    assert!(said.ends_with("verdict            different, first at byte 17\n"), "{said}");
}
