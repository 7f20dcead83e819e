//! `close_shard`: when the last shard may go, and what becomes of its address.

use crate::acts::{close_unscored, funded, lamports, Tenant};
use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::ShardClosed,
    state::{Shard, Tail},
};
use stipend_client::{address as place, instruction};
use stipend_tests::{
    address, measured, read_only,
    scene::{end, GENESIS, REPORT_SECS},
    swapped, Refusal, Scene,
};

/// What a sponsor has before it pays.
const LAMPORTS: u64 = 100_000_000;

/// Three oracles and an empty shard without a report that a sponsor opened, before the genesis.
fn scene() -> (Scene, Address, Keypair) {
    let mut scene = Scene::new();
    let sponsor = funded(&mut scene, "sponsor", LAMPORTS);
    let open = instruction::open_shard(&sponsor.pubkey(), &scene.network, 0);
    scene.stage.accepts(&[open], &[&sponsor]);
    let shard = place::shard(&scene.network, 0);
    scene.shards.push(shard);
    (scene, shard, sponsor)
}

fn close(scene: &Scene, shard: &Address, sponsor: &Keypair) -> Instruction {
    instruction::close_shard(&scene.network, shard, &sponsor.pubkey())
}

/// Closes the reports of a shard that has no slot.
fn close_reports(scene: &mut Scene, shard: &Address) {
    let payer = scene.stage.payer.pubkey();
    for oracle in scene.oracle_keys() {
        let close = instruction::close_report(&scene.network, shard, &oracle, &payer);
        scene.stage.accepts(&[close], &[]);
    }
}

/// A tenant that came and went, whose slot is taken off, all in epoch 0, which is then closed.
fn used(scene: &mut Scene, shard: &Address) {
    let tenant = Tenant::registered(scene, "tenant", shard);
    scene.warp_to(GENESIS);
    tenant.retire(scene);
    tenant.close(scene);
    scene.warp_to(end(0) + REPORT_SECS);
    scene.score(shard, 0);
    scene.close();
    let shrink = instruction::shrink_shard(&scene.network, shard, &[scene.stage.payer.pubkey()]);
    scene.stage.accepts(&[shrink], &[]);
}

#[test]
fn close_shard_pays_the_rent_back_to_who_opened_it() {
    let (mut scene, shard, sponsor) = scene();
    let rent = scene.stage.rent_lamports(Shard::checked_space(0).unwrap());
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - rent);
    used(&mut scene, &shard);

    let close = close(&scene, &shard, &sponsor);
    let receipt = scene.stage.accepts(std::slice::from_ref(&close), &[]);

    assert_eq!(scene.stage.account(&shard), None);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
    let network = scene.network();
    assert_eq!((network.shard_count, network.awake_shards, network.scored_shards), (0, 0, 0));
    let event: ShardClosed = receipt.event();
    assert_eq!((event.network, event.shard, event.index), (scene.network, shard, 0));
    scene.stage.refuses(&[close], &[], ErrorCode::AccountOwnedByWrongProgram);
}

#[test]
fn close_shard_pays_along_what_somebody_sent_to_it() {
    let (mut scene, shard, sponsor) = scene();
    let stored = scene.stage.account(&shard).unwrap();
    scene.stage.put(&shard, Account { lamports: stored.lamports + 7, ..stored });

    let close = close(&scene, &shard, &sponsor);
    scene.stage.accepts(&[close], &[]);

    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS + 7);
}

#[test]
fn close_shard_refuses_one_with_slots_whether_they_have_a_tenant_or_not() {
    let (mut scene, shard, sponsor) = scene();
    let tenant = Tenant::registered(&mut scene, "tenant", &shard);
    let close = close(&scene, &shard, &sponsor);

    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardNotEmpty);
    tenant.retire(&mut scene);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardNotEmpty);
    tenant.close(&mut scene);
    scene.stage.refuses(&[close], &[], StipendError::ShardNotEmpty);
}

#[test]
fn close_shard_refuses_one_with_a_report() {
    // A shard that is opened again at this address must not find what was reported of another.
    let (mut scene, shard, sponsor) = scene();
    let oracle = scene.oracle_keys()[0];
    scene.open_report(&shard, &oracle);
    let payer = scene.stage.payer.pubkey();
    let close = close(&scene, &shard, &sponsor);

    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardNotEmpty);
    let close_report = instruction::close_report(&scene.network, &shard, &oracle, &payer);
    scene.stage.accepts(&[close_report, close], &[]);
}

#[test]
fn close_shard_takes_the_last_one_only() {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 1);
    let first = scene.open_shard();
    let tenant = Tenant::registered(&mut scene, "tenant", &first);
    let second = scene.open_shard();
    scene.warp_to(GENESIS);
    tenant.retire(&mut scene);
    tenant.close(&mut scene);
    close_unscored(&mut scene, 0);
    let payer = scene.stage.payer.insecure_clone();
    let shrink = instruction::shrink_shard(&scene.network, &first, &[payer.pubkey()]);
    scene.stage.accepts(&[shrink], &[]);
    close_reports(&mut scene, &first);
    close_reports(&mut scene, &second);
    let [of_first, of_second] = [first, second].map(|shard| close(&scene, &shard, &payer));

    scene.stage.refuses(std::slice::from_ref(&of_first), &[], StipendError::ShardNotLast);
    scene.stage.accepts(&[of_second], &[]);
    scene.stage.accepts(&[of_first], &[]);
    assert_eq!(scene.network().shard_count, 0);
}

#[test]
fn close_shard_refuses_one_that_is_scored_for_the_open_epoch() {
    // Out of reach of honest calls: whatever is scored for the open epoch has a slot until that epoch is closed.
    let (mut scene, shard, sponsor) = scene();
    let close = close(&scene, &shard, &sponsor);
    scene.forge_shard(&shard, |header, _| (header.dormant, header.next_epoch) = (0, 1));
    scene.forge_network(|network| (network.awake_shards, network.scored_shards) = (1, 1));

    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardInUse);
    scene.warp_to(end(0));
    scene.close();
    scene.stage.accepts(&[close], &[]);
    assert_eq!((scene.network().shard_count, scene.network().awake_shards), (0, 0));
}

#[test]
fn close_shard_and_open_it_again_neither_scores_it_twice_nor_keeps_anything() {
    let (mut scene, shard, sponsor) = scene();
    used(&mut scene, &shard);
    let close = close(&scene, &shard, &sponsor);
    let open = instruction::open_shard(&sponsor.pubkey(), &scene.network, 0);
    scene.stage.accepts(&[close, open], &[&sponsor]);
    let (header, slots) = scene.shard(&shard);
    assert_eq!((header.next_epoch, header.next_judged_epoch, header.scored_epoch), (1, 1, u32::MAX));
    assert_eq!((header.unsettled, header.dormant, header.total_score, slots.len()), (0, 1, 0, 0));
    assert_eq!((header.index, header.payer, header.network), (0, sponsor.pubkey(), scene.network));

    for oracle in scene.oracle_keys() {
        scene.open_report(&shard, &oracle);
    }
    let tenant = Tenant::registered(&mut scene, "another", &shard);
    // Registered while epoch 1 is under way: it counts from epoch 2 on.
    for (epoch, accrued_atoms) in [(1, 0), (2, 1_999_999)] {
        scene.warp_to(end(epoch));
        scene.report_all(&shard, epoch, &[measured(10_000, 0)]);
        scene.score(&shard, epoch);
        scene.close();
        if epoch == 2 {
            scene.settle(&shard);
        }
        // Epochs 0 and 1 were empty and are carried, to two at the most: 3,000,000 less the floor of the rate.
        let expected = if epoch == 2 { accrued_atoms + 1_000_000 } else { 0 };
        assert_eq!(scene.shard(&shard).1[0].accrued_atoms, expected);
    }
    assert_eq!(scene.shard(&shard).1[0].owner, tenant.owner.pubkey());
}

#[test]
fn close_shard_lets_the_open_epoch_close_without_it() {
    // Two shards; the second is closed before it is scored, and the first alone makes the epoch.
    let mut scene = Scene::with(3, |params| params.shard_capacity = 1);
    let first = scene.open_shard();
    Tenant::registered(&mut scene, "tenant", &first);
    let second = scene.open_shard();
    let gone = Tenant::registered(&mut scene, "gone", &second);
    gone.retire(&mut scene);
    gone.close(&mut scene);
    close_unscored(&mut scene, 0);
    let payer = scene.stage.payer.insecure_clone();
    let shrink = instruction::shrink_shard(&scene.network, &second, &[payer.pubkey()]);
    scene.stage.accepts(&[shrink], &[]);
    scene.report_all(&first, 1, &[measured(10_000, 0)]);
    scene.score(&first, 1);
    let close_epoch = instruction::close_epoch(&scene.network);
    scene.stage.refuses(&[close_epoch], &[], StipendError::ShardsNotScored);

    close_reports(&mut scene, &second);
    let close = close(&scene, &second, &payer);
    scene.stage.accepts(&[close], &[]);

    scene.close();
    scene.settle(&first);
    let network = scene.network();
    assert_eq!((network.shard_count, network.awake_shards, network.open_epoch), (1, 1, 2));
    // Epoch 0 was empty, and is carried.
    assert_eq!(scene.shard(&first).1[0].accrued_atoms, 1_999_999);
}

#[test]
fn close_shard_refuses_another_payer_and_an_impostor_of_each_account() {
    let (mut scene, shard, sponsor) = scene();
    let (twin, twin_shard) = scene.twin(&address("owner"));
    let close = close(&scene, &shard, &sponsor);
    let [foreign_network, foreign_shard] = ["network abroad", "shard abroad"].map(address);
    scene.stage.copy(&scene.network.clone(), &foreign_network, &spl_token_interface::ID);
    scene.stage.copy(&shard, &foreign_shard, &spl_token_interface::ID);

    let cases: [(usize, Address, Refusal); 9] = [
        (0, twin, StipendError::ShardNetworkMismatch.into()),
        (0, foreign_network, ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (0, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (1, foreign_shard, ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, place::report(&twin_shard, &scene.oracle_keys()[0]), ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, address("pocket"), StipendError::PayerMismatch.into()),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&close, place, &impostor)], &[], refusal);
    }
    for place in [0, 1, 2] {
        scene.stage.refuses(&[read_only(&close, place)], &[], ErrorCode::ConstraintMut);
    }
    scene.stage.accepts(&[close], &[]);
}
