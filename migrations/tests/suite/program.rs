//! Step 1: the program is deployed, upgraded, handed over.

use crate::{
    cluster::Lost,
    scene::{key, Scene},
};
use solana_signer::Signer;
use stipend_client::ledger::{Accounts, Ledger};
use stipend_migrations::{
    buffer::Buffer,
    check::compare,
    deployment::Deployment,
    error::MigrationError,
    m0001_program::DeployProgram,
    migration::Migration,
    plan::{HandOver, Plan},
};

/// The artifact with one letter of a message changed.
fn other(artifact: &[u8]) -> Vec<u8> {
    let mut other = artifact.to_vec();
    let text = b"AnchorError occurred";
    let place = other.windows(text.len()).position(|bytes| bytes == text).expect("the artifact has the text");
    other[place] = b'B';
    other
}

/// The artifact and some bytes behind it, which the loader keeps and the VM does not look at.
fn longer(artifact: &[u8], by: usize) -> Vec<u8> {
    [artifact, &vec![7; by]].concat()
}

fn deployed(scene: &mut Scene, plan: &Plan) -> Deployment {
    let id = plan.program.id.address();
    Deployment::read(&mut scene.cluster, &id).expect("readable").expect("deployed")
}

#[test]
fn a_program_is_deployed_byte_for_byte_and_the_second_run_sends_nothing() {
    let mut scene = Scene::new();
    let plan = scene.fresh_program();

    let sent = scene.take(&DeployProgram, &plan).expect("deployed");

    let there = deployed(&mut scene, &plan);
    assert_eq!(there.bytes, plan.program.artifact);
    assert_eq!(there.authority, Some(key("upgrade").pubkey()));
    // A write has 1,232 bytes, of which go off: two signatures and their count 129, the header 3, four keys and their count 129
    // (payer, authority, buffer, loader), the block's hash 32, the instruction 1 + 5 and its own 16, and 80 to spare.
    let chunk = 1_232 - 129 - 3 - 129 - 32 - 6 - 16 - 80;
    assert_eq!(sent, 1 + plan.program.artifact.len().div_ceil(chunk) + 1);
    assert_eq!(scene.take(&DeployProgram, &plan).expect("nothing to do"), 0);
}

#[test]
fn a_deployment_costs_what_was_said_before() {
    let mut scene = Scene::new();
    let plan = scene.fresh_program();
    let actions = DeployProgram.look(&mut scene.cluster, &plan).expect("readable");
    let before = lamports(&mut scene);

    scene.take(&DeployProgram, &plan).expect("deployed");

    let said: i64 = actions.iter().map(|action| action.fee_lamports as i64 + action.deposit_lamports).sum();
    assert_eq!(before - lamports(&mut scene), said);
}

fn lamports(scene: &mut Scene) -> i64 {
    let payer = scene.cluster.account(&key("payer").pubkey()).expect("readable").expect("there");
    i64::try_from(payer.lamports).expect("few lamports")
}

#[test]
fn a_deployment_that_is_stopped_again_and_again_writes_no_chunk_twice() {
    let whole = {
        let mut scene = Scene::new();
        let plan = scene.fresh_program();
        scene.take(&DeployProgram, &plan).expect("deployed")
    };
    for lost in [Lost::Before, Lost::After] {
        for every in [1, 7, 100, whole - 1] {
            let mut scene = Scene::new();
            let plan = scene.fresh_program();
            let mut landed = 0;
            for _ in 0..=whole {
                scene.cluster.lose_after(every, lost);
                match scene.take(&DeployProgram, &plan) {
                    Ok(sent) => {
                        landed += sent;
                        break;
                    }
                    Err(MigrationError::Ledger(_)) => landed += scene.cluster.landed_since(),
                    Err(error) => panic!("{error}"),
                }
            }
            scene.cluster.mend();

            assert_eq!(landed, whole, "lost {lost:?} every {every}");
            assert!(deployed(&mut scene, &plan).is(&plan.program.artifact));
            assert_eq!(scene.take(&DeployProgram, &plan).expect("nothing to do"), 0);
        }
    }
}

#[test]
fn other_bytes_are_an_upgrade_that_pays_the_buffer_back() {
    let mut scene = Scene::new();
    let mut plan = scene.fresh_program();
    scene.take(&DeployProgram, &plan).expect("deployed");
    plan.program.artifact = other(&plan.program.artifact);
    let actions = DeployProgram.look(&mut scene.cluster, &plan).expect("readable");
    let before = lamports(&mut scene);

    scene.take(&DeployProgram, &plan).expect("upgraded");

    assert!(deployed(&mut scene, &plan).is(&plan.program.artifact));
    let fees: i64 = actions.iter().map(|action| action.fee_lamports as i64).sum();
    assert_eq!(before - lamports(&mut scene), fees);
    assert_eq!(scene.take(&DeployProgram, &plan).expect("nothing to do"), 0);
}

#[test]
fn a_longer_program_extends_the_program_data_first() {
    let mut scene = Scene::new();
    let mut plan = scene.fresh_program();
    scene.take(&DeployProgram, &plan).expect("deployed");
    let short = plan.program.artifact.clone();
    // The loader extends by 10,240 bytes at the least: the second time 9,760 are missing.
    for (by, room) in [(100, 10_240), (20_000, 20_480)] {
        plan.program.artifact = longer(&short, by);

        scene.take(&DeployProgram, &plan).expect("upgraded");

        let there = deployed(&mut scene, &plan);
        assert!(there.is(&plan.program.artifact));
        assert_eq!(there.bytes.len(), short.len() + room);
        assert_eq!(scene.take(&DeployProgram, &plan).expect("nothing to do"), 0);
    }
}

#[test]
fn a_shorter_program_leaves_zeros_behind_it() {
    let mut scene = Scene::new();
    let mut plan = scene.fresh_program();
    let short = plan.program.artifact.clone();
    plan.program.artifact = longer(&short, 5_000);
    scene.take(&DeployProgram, &plan).expect("deployed");
    plan.program.artifact = short;

    scene.take(&DeployProgram, &plan).expect("upgraded");

    let there = deployed(&mut scene, &plan);
    assert!(there.is(&plan.program.artifact));
    assert_eq!(there.bytes.len(), plan.program.artifact.len() + 5_000);
}

#[test]
fn an_upgrade_that_is_stopped_goes_on() {
    let mut scene = Scene::new();
    let mut plan = scene.fresh_program();
    scene.take(&DeployProgram, &plan).expect("deployed");
    plan.program.artifact = longer(&plan.program.artifact, 300);
    for lost in [Lost::Before, Lost::After] {
        scene.cluster.lose_after(50, lost);
        scene.take(&DeployProgram, &plan).expect_err("lost");
    }
    scene.cluster.mend();

    scene.take(&DeployProgram, &plan).expect("upgraded");

    assert!(deployed(&mut scene, &plan).is(&plan.program.artifact));
}

#[test]
fn a_buffer_of_another_artifact_is_closed_and_its_rent_comes_back() {
    let mut scene = Scene::new();
    let mut plan = scene.fresh_program();
    let short = plan.program.artifact.clone();
    plan.program.artifact = longer(&short, 5_000);
    scene.cluster.lose_after(10, Lost::Before);
    scene.take(&DeployProgram, &plan).expect_err("lost");
    scene.cluster.mend();
    plan.program.artifact = short;
    let actions = DeployProgram.look(&mut scene.cluster, &plan).expect("readable");

    scene.take(&DeployProgram, &plan).expect("deployed");

    assert!(actions[0].what.starts_with("close buffer"), "{}", actions[0].what);
    assert!(actions[0].deposit_lamports < 0);
    assert!(deployed(&mut scene, &plan).is(&plan.program.artifact));
}

#[test]
fn a_buffer_that_somebody_sent_lamports_to_is_opened_all_the_same() {
    let mut scene = Scene::new();
    let plan = scene.fresh_program();
    let (authority, payer) = (key("upgrade"), key("payer"));
    let id = plan.program.id.address();
    let address = Buffer::new(&authority, &payer, &id, &plan.program.artifact).expect("an address").address();
    scene.cluster.vm.airdrop(&address, 1_000_000).expect("lamports are given");

    scene.take(&DeployProgram, &plan).expect("deployed");

    assert!(deployed(&mut scene, &plan).is(&plan.program.artifact));
}

#[test]
fn the_right_to_upgrade_is_handed_over_after_the_deployment() {
    let mut scene = Scene::new();
    let mut plan = scene.fresh_program();
    plan.program.hand_over = HandOver::To(key("vault").pubkey());

    scene.take(&DeployProgram, &plan).expect("deployed");

    assert_eq!(deployed(&mut scene, &plan).authority, Some(key("vault").pubkey()));
    assert_eq!(scene.take(&DeployProgram, &plan).expect("nothing to do"), 0);
    plan.program.artifact = other(&plan.program.artifact);
    let error = scene.refuses(&DeployProgram, &plan);
    assert!(matches!(error, MigrationError::UpgradeAuthorityDiffers { .. }), "{error}");
}

#[test]
fn the_right_to_upgrade_is_given_up_for_ever() {
    let mut scene = Scene::new();
    let mut plan = scene.fresh_program();
    scene.take(&DeployProgram, &plan).expect("deployed");
    plan.program.hand_over = HandOver::GiveUp;

    assert_eq!(scene.take(&DeployProgram, &plan).expect("given up"), 1);

    assert_eq!(deployed(&mut scene, &plan).authority, None);
    assert_eq!(scene.take(&DeployProgram, &plan).expect("nothing to do"), 0);
    plan.program.artifact = other(&plan.program.artifact);
    let error = scene.refuses(&DeployProgram, &plan);
    assert!(matches!(error, MigrationError::ProgramFrozen { .. }), "{error}");
}

#[test]
fn an_upgrade_authority_that_the_plan_does_not_name_is_refused() {
    let mut scene = Scene::new();
    let mut plan = scene.fresh_program();
    scene.take(&DeployProgram, &plan).expect("deployed");
    plan.program.upgrade_authority = key("authority").into();

    let error = scene.refuses(&DeployProgram, &plan);

    let (there, planned) = (key("upgrade").pubkey(), key("authority").pubkey());
    assert!(error.to_string().contains(&format!("is {there}, and the plan's is {planned}")), "{error}");
}

#[test]
fn a_first_deployment_needs_the_programs_key() {
    let mut scene = Scene::new();
    let mut plan = scene.fresh_program();
    plan.program.id = key("program").pubkey().into();

    let error = scene.refuses(&DeployProgram, &plan);

    assert!(matches!(error, MigrationError::KeyMissing { role: "program.id", .. }), "{error}");
}

#[test]
fn an_address_that_is_no_program_is_refused() {
    let mut scene = Scene::new();
    let plan = scene.fresh_program();
    scene.cluster.vm.airdrop(&key("program").pubkey(), 1_000_000).expect("lamports are given");

    let error = scene.refuses(&DeployProgram, &plan);

    assert!(matches!(error, MigrationError::NotUpgradeable { .. }), "{error}");
}

#[test]
fn a_program_that_was_closed_is_refused() {
    let mut scene = Scene::new();
    let plan = scene.fresh_program();
    scene.take(&DeployProgram, &plan).expect("deployed");
    let there = deployed(&mut scene, &plan);
    let (payer, authority) = (key("payer"), key("upgrade"));
    let close = solana_loader_v3_interface::instruction::close_any(
        &there.program_data,
        &payer.pubkey(),
        Some(&authority.pubkey()),
        Some(&there.program),
    );
    scene.cluster.send(&payer, &[close], &[&authority]).expect("closed");

    let error = scene.refuses(&DeployProgram, &plan);

    assert!(matches!(error, MigrationError::ProgramClosed { .. }), "{error}");
}

#[test]
fn a_check_tells_the_artifact_from_other_bytes_and_names_the_first() {
    let mut scene = Scene::new();
    let plan = scene.fresh_program();
    let id = plan.program.id.address();
    let before = compare(&mut scene.cluster, &id, &plan.program.artifact).expect("readable");
    scene.take(&DeployProgram, &plan).expect("deployed");

    let same = compare(&mut scene.cluster, &id, &plan.program.artifact).expect("readable");
    let mut changed = plan.program.artifact.clone();
    changed[1_000] ^= 1;
    let different = compare(&mut scene.cluster, &id, &changed).expect("readable");
    let shorter = compare(&mut scene.cluster, &id, &changed[..999]).expect("readable");

    assert!(!before.is_same());
    assert!(same.is_same());
    assert_eq!(same.deployed.expect("there").sha256, same.artifact_sha256);
    assert_eq!(different.deployed.as_ref().expect("there").first_difference, Some(1_000));
    assert!(!different.is_same());
    assert!(!shorter.is_same());
}
