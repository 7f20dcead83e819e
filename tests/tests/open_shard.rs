//! `open_shard`.

use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_instruction_error::InstructionError;
use solana_signer::Signer;
use stipend::{error::StipendError, event::ShardOpened};
use stipend_client::{address as place, instruction};
use stipend_tests::{address, key, read_only, scene::end, swapped, unsigned, Refusal, Scene};

fn open(scene: &Scene, index: u32) -> Instruction {
    instruction::open_shard(&scene.stage.payer.pubkey(), &scene.network, index)
}

#[test]
fn open_shard_writes_a_header_without_a_slot() {
    let mut scene = Scene::with(0, |params| params.shard_capacity = 9);
    let payer = scene.stage.payer.pubkey();

    let open = open(&scene, 0);
    let receipt = scene.stage.accepts(&[open], &[]);

    let address = place::shard(&scene.network, 0);
    let (shard, slots) = scene.shard(&address);
    let seeds: [&[u8]; 3] = [b"shard", scene.network.as_ref(), &[0; 4]];
    let (_, bump) = Address::find_program_address(&seeds, &stipend::ID);
    assert_eq!((shard.version, shard.bump, shard.capacity, shard.index), (1, bump, 9, 0));
    assert_eq!((shard.network, shard.payer), (scene.network, payer));
    assert_eq!((shard.total_score, shard.next_epoch, shard.scored_epoch), (0, 0, u32::MAX));
    assert_eq!((shard.unsettled, shard.open_reports, shard.dormant, slots.len()), (0, 0, 1, 0));
    let network = scene.network();
    assert_eq!((network.shard_count, network.awake_shards), (1, 0));
    let event: ShardOpened = receipt.event();
    assert_eq!((event.network, event.shard, event.index, event.payer), (scene.network, address, 0, payer));
    let stored = scene.stage.account(&address).unwrap();
    assert_eq!((stored.owner, stored.lamports), (stipend::ID, scene.stage.rent_lamports(136)));
}

#[test]
fn open_shard_opens_the_next_one_when_the_last_is_full() {
    let mut scene = Scene::with(0, |params| params.shard_capacity = 2);
    let first = scene.open_shard();
    let owner = address("owner");
    let next = open(&scene, 1);
    for _ in 0..2 {
        scene.stage.refuses(std::slice::from_ref(&next), &[], StipendError::ShardNotFull);
        scene.register(&first, &owner);
    }

    let receipt = scene.stage.accepts(std::slice::from_ref(&next), &[]);

    let second = place::shard(&scene.network, 1);
    assert_eq!(receipt.event::<ShardOpened>().index, 1);
    assert_eq!((scene.shard(&second).0.index, scene.network().shard_count), (1, 2));
    let third = open(&scene, 2);
    scene.stage.refuses(std::slice::from_ref(&third), &[], StipendError::ShardNotFull);
    scene.register(&second, &owner);
    scene.stage.refuses(&[third], &[], StipendError::ShardNotFull);
}

#[test]
fn open_shard_begins_with_the_open_epoch_which_does_not_wait_for_it() {
    let mut scene = Scene::new();
    scene.warp_to(end(1));
    scene.close();

    let shard = scene.open_shard();

    assert_eq!((scene.shard(&shard).0.next_epoch, scene.shard(&shard).0.next_judged_epoch), (2, 2));
    scene.warp_to(end(2));
    scene.close();
    // Once somebody has registered, epochs wait for it.
    scene.register(&shard, &address("owner"));
    assert_eq!(scene.shard(&shard).0.next_epoch, 3);
    scene.warp_to(end(3));
    let close = instruction::close_epoch(&scene.network);
    scene.stage.refuses(&[close], &[], StipendError::ShardsNotScored);
}

#[test]
fn open_shard_refuses_another_index_than_the_next() {
    let mut scene = Scene::with(0, |params| params.shard_capacity = 1);
    let second = swapped(&open(&scene, 1), 2, &stipend::ID);
    scene.stage.refuses(&[second], &[], StipendError::ShardIndexWrong);
    let first = scene.open_shard();
    scene.register(&first, &address("owner"));
    for index in [2, 7, u32::MAX] {
        let open = swapped(&open(&scene, index), 2, &first);
        scene.stage.refuses(&[open], &[], StipendError::ShardIndexWrong);
    }
    // The system program's own: the account is in use.
    let again = open(&scene, 0);
    scene.stage.refuses(&[again], &[], Refusal::Program(0));
}

#[test]
fn open_shard_refuses_one_more_than_a_directory_can_name() {
    let mut scene = Scene::with(0, |params| params.shard_capacity = 1);
    let first = scene.open_shard();
    scene.register(&first, &address("owner"));
    let last = scene.shards[0];
    // 65,535 shards, the last of which is shard 65,534.
    for (count, error) in [(65_536, Some(StipendError::ShardIndexWrong)), (65_535, None)] {
        scene.forge_network(|network| network.shard_count = count);
        scene.forge_shard(&last, |shard, _| shard.index = count - 1);
        let open = swapped(&open(&scene, count), 2, &last);
        match error {
            Some(error) => scene.stage.refuses(&[open], &[], error),
            None => drop(scene.stage.accepts(&[open], &[])),
        }
    }
}

#[test]
fn open_shard_works_at_an_address_that_somebody_sent_lamports_to() {
    let mut scene = Scene::new();
    let shard = place::shard(&scene.network, 0);
    scene.stage.put(&shard, Account { lamports: 5, ..Account::default() });

    let open = open(&scene, 0);
    scene.stage.accepts(&[open], &[]);

    assert_eq!(scene.stage.account(&shard).unwrap().lamports, scene.stage.rent_lamports(136));
}

#[test]
fn open_shard_refuses_an_impostor_of_each_account() {
    let mut scene = Scene::with(1, |params| params.shard_capacity = 1);
    let first = scene.open_shard();
    scene.register(&first, &address("owner"));
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    let open = open(&scene, 2);
    let abroad = ["network abroad", "shard abroad"].map(address);
    for (stored, abroad) in [scene.network, shard].iter().zip(&abroad) {
        scene.stage.copy(stored, abroad, &spl_token_interface::ID);
    }
    let (twin, twin_shard) = scene.twin(&address("owner"));
    let report = place::report(&shard, &scene.oracle_keys()[0]);

    let cases = [
        (1, abroad[0], Refusal::from(ErrorCode::AccountOwnedByWrongProgram)),
        (1, shard, Refusal::from(ErrorCode::AccountDiscriminatorMismatch)),
        (1, twin, Refusal::from(ErrorCode::ConstraintSeeds)),
        (2, stipend::ID, Refusal::from(StipendError::ShardNotLast)),
        (2, first, Refusal::from(StipendError::ShardNotLast)),
        (2, twin_shard, Refusal::from(StipendError::ShardNetworkMismatch)),
        (2, abroad[1], Refusal::from(ErrorCode::AccountOwnedByWrongProgram)),
        (2, report, Refusal::from(ErrorCode::AccountDiscriminatorMismatch)),
        (2, address("missing"), Refusal::from(ErrorCode::AccountOwnedByWrongProgram)),
        (3, shard, Refusal::from(ErrorCode::ConstraintSeeds)),
        (3, place::shard(&scene.network, 3), Refusal::from(ErrorCode::ConstraintSeeds)),
        (3, place::shard(&twin, 2), Refusal::from(ErrorCode::ConstraintSeeds)),
        (4, spl_token_interface::ID, Refusal::from(ErrorCode::InvalidProgramId)),
    ];
    for (place, impostor, error) in cases {
        println!("{place}");
        scene.stage.refuses(&[swapped(&open, place, &impostor)], &[], error);
    }
    scene.stage.refuses(&[read_only(&open, 1)], &[], ErrorCode::ConstraintMut);
    // The runtime's own: the system program is not given more than the caller has.
    scene.stage.refuses(&[read_only(&open, 3)], &[], InstructionError::PrivilegeEscalation);
    scene.stage.accepts(&[open], &[]);
}

#[test]
fn open_shard_needs_the_payers_signature_and_lamports() {
    let mut scene = Scene::new();
    let poor = key("poor");
    let open = swapped(&open(&scene, 0), 0, &poor.pubkey());

    scene.stage.refuses(&[unsigned(&open, 0)], &[], ErrorCode::AccountNotSigner);
    // The system program's own: lamports are missing.
    scene.stage.refuses(&[open], &[&poor], Refusal::Program(1));
}
