//! `open_report`.

use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_instruction_error::InstructionError;
use solana_signer::Signer;
use stipend::{error::StipendError, event::ReportOpened, state::Entry};
use stipend_client::{account, address as place, instruction};
use stipend_tests::{address, key, read_only, scene::end, swapped, unsigned, Refusal, Scene};

/// A network with three oracles and a shard, without reports.
fn scene() -> (Scene, Address) {
    let mut scene = Scene::new();
    let payer = scene.stage.payer.pubkey();
    let open = instruction::open_shard(&payer, &scene.network, 0);
    scene.stage.accepts(&[open], &[]);
    let shard = place::shard(&scene.network, 0);
    (scene, shard)
}

fn open(scene: &Scene, shard: &Address, oracle: &Address) -> Instruction {
    instruction::open_report(&scene.stage.payer.pubkey(), &scene.network, shard, oracle)
}

#[test]
fn open_report_makes_room_for_every_slot_of_the_shard() {
    let (mut scene, shard) = scene();
    let oracle = scene.oracle_keys()[1];
    let payer = scene.stage.payer.pubkey();

    let open = open(&scene, &shard, &oracle);
    let receipt = scene.stage.accepts(&[open], &[]);

    let seeds: [&[u8]; 3] = [b"report", shard.as_ref(), oracle.as_ref()];
    let (address, bump) = Address::find_program_address(&seeds, &stipend::ID);
    let (report, entries) = account::report(&scene.stage.data(&address)).unwrap();
    assert_eq!((report.version, report.bump, report.total), (1, bump, 0));
    assert_eq!((report.epoch, report.received, report.reserved), (u32::MAX, 0, [0; 2]));
    assert_eq!((report.network, report.shard, report.oracle), (scene.network, shard, oracle));
    assert_eq!((report.payer, report.evidence_epoch), (payer, u32::MAX));
    assert!(entries.iter().all(|entry| *entry == Entry::BLANK));
    assert_eq!(entries.len(), 4);
    let event: ReportOpened = receipt.event();
    assert_eq!((event.shard, event.oracle, event.report), (shard, oracle, address));
    let stored = scene.stage.account(&address).unwrap();
    // A header of 200 bytes and four entries of six.
    assert_eq!((stored.data.len(), stored.owner), (224, stipend::ID));
    assert_eq!(stored.lamports, scene.stage.rent_lamports(224));
}

#[test]
fn open_report_makes_only_one_for_each_shard_and_oracle() {
    let (mut scene, shard) = scene();
    let open = open(&scene, &shard, &scene.oracle_keys()[0]);
    scene.stage.accepts(std::slice::from_ref(&open), &[]);

    // The system program's own: the account is in use.
    scene.stage.refuses(&[open], &[], Refusal::Program(0));
}

#[test]
fn open_report_refuses_an_oracle_that_is_not_in_the_set() {
    let (mut scene, shard) = scene();
    for stranger in [address("stranger"), Address::default()] {
        let open = open(&scene, &shard, &stranger);

        scene.stage.refuses(&[open], &[], StipendError::OracleUnknown);
    }
}

#[test]
fn open_report_serves_a_removed_oracle_until_its_last_epoch_is_closed() {
    let mut scene = Scene::new();
    scene.warp_to(end(0));
    let [leaving, voided] = [scene.oracle_keys()[0], scene.oracle_keys()[1]];
    let authority = scene.authority.pubkey();
    let leave = instruction::remove_oracle(&authority, &scene.network, &leaving, false);
    let void = instruction::remove_oracle(&authority, &scene.network, &voided, true);
    scene.stage.accepts(&[leave, void], &[&scene.authority]);
    scene.close();
    let payer = scene.stage.payer.pubkey();
    let shard = place::shard(&scene.network, 0);
    let open_shard = instruction::open_shard(&payer, &scene.network, 0);
    scene.stage.accepts(&[open_shard], &[]);

    let of_voided = open(&scene, &shard, &voided);
    scene.stage.refuses(&[of_voided], &[], StipendError::OracleUnknown);
    let of_leaving = open(&scene, &shard, &leaving);
    scene.stage.accepts(std::slice::from_ref(&of_leaving), &[]);

    // After epoch 1, which was its last, the open epoch is 2.
    scene.forge_network(|network| network.open_epoch = 2);
    scene.stage.put(&place::report(&shard, &leaving), Account::default());
    scene.stage.refuses(&[of_leaving], &[], StipendError::OracleUnknown);
}

#[test]
fn open_report_serves_an_oracle_before_its_first_epoch() {
    let mut scene = Scene::with(0, |_| ());
    scene.warp_to(end(0));
    let shard = scene.open_shard();
    scene.add_oracle(key("new"));

    let open = open(&scene, &shard, &key("new").pubkey());
    scene.stage.accepts(&[open], &[]);

    assert_eq!(scene.report_state(&shard, 0).0.epoch, u32::MAX);
}

#[test]
fn open_report_refuses_an_oracle_that_left_before_it_came() {
    let (mut scene, shard) = scene();
    scene.warp_to(end(0));
    let (authority, brief) = (scene.authority.pubkey(), address("brief"));
    let first = scene.oracle_keys()[0];
    let instructions = [
        instruction::remove_oracle(&authority, &scene.network, &first, true),
        instruction::add_oracle(&scene.stage.payer.pubkey(), &authority, &scene.network, &brief),
        instruction::remove_oracle(&authority, &scene.network, &brief, false),
    ];
    scene.stage.accepts(&instructions, &[&scene.authority]);

    let open = open(&scene, &shard, &brief);

    scene.stage.refuses(&[open], &[], StipendError::OracleUnknown);
}

#[test]
fn open_report_works_at_an_address_that_somebody_sent_lamports_to() {
    let (mut scene, shard) = scene();
    let oracle = scene.oracle_keys()[0];
    let report = place::report(&shard, &oracle);
    scene.stage.put(&report, Account { lamports: 5, ..Account::default() });

    let open = open(&scene, &shard, &oracle);
    scene.stage.accepts(&[open], &[]);

    assert_eq!(scene.stage.account(&report).unwrap().lamports, scene.stage.rent_lamports(224));
}

#[test]
fn open_report_refuses_an_impostor_of_each_account() {
    let (mut scene, shard) = scene();
    let [oracle, other] = [scene.oracle_keys()[0], scene.oracle_keys()[1]];
    let open = open(&scene, &shard, &oracle);
    let (twin, twin_shard) = scene.twin(&address("owner"));
    let [foreign_network, foreign_shard] = ["foreign network", "foreign shard"].map(address);
    scene.stage.copy(&scene.network.clone(), &foreign_network, &spl_token_interface::ID);
    scene.stage.copy(&shard, &foreign_shard, &spl_token_interface::ID);

    let cases = [
        (1, twin, Refusal::from(StipendError::ShardNetworkMismatch)),
        (1, foreign_network, Refusal::from(ErrorCode::AccountOwnedByWrongProgram)),
        (1, shard, Refusal::from(ErrorCode::AccountDiscriminatorMismatch)),
        (2, twin_shard, Refusal::from(ErrorCode::ConstraintSeeds)),
        (2, foreign_shard, Refusal::from(ErrorCode::AccountOwnedByWrongProgram)),
        (2, scene.network, Refusal::from(ErrorCode::AccountDiscriminatorMismatch)),
        (3, place::report(&shard, &other), Refusal::from(ErrorCode::ConstraintSeeds)),
        (3, place::report(&twin_shard, &oracle), Refusal::from(ErrorCode::ConstraintSeeds)),
        (4, spl_token_interface::ID, Refusal::from(ErrorCode::InvalidProgramId)),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&open, place, &impostor)], &[], refusal);
    }
    scene.stage.refuses(&[read_only(&open, 2)], &[], ErrorCode::ConstraintMut);
    // The runtime's own: the system program is not given more than the caller has.
    scene.stage.refuses(&[read_only(&open, 3)], &[], InstructionError::PrivilegeEscalation);
    let elsewhere = instruction::open_report(&open.accounts[0].pubkey, &scene.network, &twin_shard, &address("nobody"));
    scene.stage.refuses(&[elsewhere], &[], StipendError::ShardNetworkMismatch);
}

#[test]
fn open_report_needs_the_payers_signature_and_lamports() {
    let (mut scene, shard) = scene();
    let poor = key("poor");
    let open = swapped(&open(&scene, &shard, &scene.oracle_keys()[0]), 0, &poor.pubkey());

    scene.stage.refuses(&[unsigned(&open, 0)], &[], ErrorCode::AccountNotSigner);
    // The system program's own: lamports are missing.
    scene.stage.refuses(&[open], &[&poor], Refusal::Program(1));
}
