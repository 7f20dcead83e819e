//! `close_node`: what is paid back, when, and who comes next.

mod again;
mod vacant;

use crate::acts::{funded, lamports, Tenant};
use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::NodeClosed,
    state::{Node, Slot, Tail},
};
use stipend_client::address as place;
use stipend_tests::{
    address, key, measured, read_only,
    scene::{end, BOND_LAMPORTS, GENESIS, REPORT_SECS},
    swapped, Refusal, Scene,
};

/// What a sponsor has before it pays for anything.
const LAMPORTS: u64 = 100_000_000;

/// Three oracles, and a tenant in slot 0 whom a sponsor paid for. A node that is up earns 60,000,000 points of an epoch's
/// 60,000,000 atoms, so that no share is floored.
fn scene() -> (Scene, Tenant, Keypair) {
    let mut scene = Scene::with(3, |params| params.emission.per_epoch_atoms = 60_000_000);
    let shard = scene.open_shard();
    let sponsor = funded(&mut scene, "sponsor", LAMPORTS);
    let tenant = Tenant::new("device", &shard);
    let register = tenant.register_instruction(&scene, &sponsor.pubkey(), None);
    scene.stage.accepts(&[register], &[&sponsor, &tenant.device]);
    (scene, tenant, sponsor)
}

/// Rent of a node's account.
fn node_rent(scene: &mut Scene) -> u64 {
    scene.stage.rent_lamports(Node::checked_space(0).unwrap())
}

/// Rent of one slot: 64 bytes, at 6,960 lamports each.
fn slot_rent(scene: &mut Scene) -> u64 {
    let rent = scene.stage.rent_lamports(164) - scene.stage.rent_lamports(100);
    assert_eq!(rent, 64 * 6_960);
    rent
}

#[test]
fn close_node_pays_bond_and_rent_back_to_who_paid_and_makes_the_slot_vacant() {
    let (mut scene, tenant, sponsor) = scene();
    let node_rent = node_rent(&mut scene);
    let slot_rent = slot_rent(&mut scene);
    let node = tenant.node(&scene);
    assert_eq!(lamports(&mut scene, &node), node_rent + BOND_LAMPORTS);
    scene.warp_to(end(0) + 1);
    // Epoch 1 is under way when it retires, and epoch 3 when it is closed.
    scene.run_epoch(&tenant.shard, 0, &[measured(10_000, 0)]);
    tenant.retire(&mut scene);
    tenant.claim(&mut scene, 0);
    scene.warp_to(end(2));
    let shard_lamports = lamports(&mut scene, &tenant.shard);

    let close = tenant.close_instruction(&scene, &sponsor.pubkey());
    let receipt = scene.stage.accepts(&[close], &[]);

    assert_eq!(scene.stage.account(&node), None);
    // All but the slot's rent, which the shard keeps until it shrinks or another tenant comes.
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - slot_rent);
    assert_eq!(lamports(&mut scene, &tenant.shard), shard_lamports);
    let vacant = Slot {
        owner: sponsor.pubkey(),
        bandwidth: 0xffff_ffff,
        uptime_bps: 0xffff,
        change_epoch: 3,
        ..Slot::default()
    };
    let (header, slots) = scene.shard(&tenant.shard);
    assert_eq!((header.vacant_slots, slots), (1, vec![vacant]));
    assert_eq!(scene.network().slot_count, 0);
    let event: NodeClosed = receipt.event();
    assert_eq!((event.node, event.shard, event.slot), (node, tenant.shard, 0));
    assert_eq!((event.payer, event.refund_lamports), (sponsor.pubkey(), node_rent + BOND_LAMPORTS));
    assert_eq!(tenant.paid_atoms(&mut scene), 60_000_000);
}

#[test]
fn close_node_pays_the_bond_that_was_left_whatever_the_policy_asks_since() {
    let (mut scene, tenant, sponsor) = scene();
    scene.update_policy(0, None, |policy| policy.bond_lamports = 1);
    tenant.retire(&mut scene);
    let slot_rent = slot_rent(&mut scene);

    let close = tenant.close_instruction(&scene, &sponsor.pubkey());
    scene.stage.accepts(&[close], &[]);

    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - slot_rent);
}

#[test]
fn close_node_pays_along_what_somebody_sent_to_the_node() {
    let (mut scene, tenant, sponsor) = scene();
    tenant.retire(&mut scene);
    let (node, slot_rent) = (tenant.node(&scene), slot_rent(&mut scene));
    let stored = scene.stage.account(&node).unwrap();
    scene.stage.put(&node, Account { lamports: stored.lamports + 5, ..stored });

    let close = tenant.close_instruction(&scene, &sponsor.pubkey());
    scene.stage.accepts(&[close], &[]);

    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - slot_rent + 5);
}

#[test]
fn close_node_refuses_a_node_that_has_not_retired() {
    let (mut scene, tenant, sponsor) = scene();
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());

    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::NodeNotRetired);
    scene.run_epoch(&tenant.shard, 0, &[measured(10_000, 0)]);
    scene.stage.refuses(&[close], &[], StipendError::NodeNotRetired);
}

#[test]
fn close_node_waits_until_every_epoch_that_counts_is_closed() {
    let (mut scene, tenant, sponsor) = scene();
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());
    // Epochs 0 and 1 count; neither is scored, and their windows are over when they are closed.
    scene.warp_to(end(1));
    tenant.retire(&mut scene);

    for epoch in [0, 1] {
        scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::NodeStillEarns);
        scene.warp_to((end(epoch) + REPORT_SECS).max(end(1)));
        scene.score(&tenant.shard, epoch);
        scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::NodeStillEarns);
        scene.close();
    }
    assert_eq!(scene.network().open_epoch, 2);
    scene.stage.accepts(&[close], &[]);
}

#[test]
fn close_node_does_not_wait_for_a_node_that_never_counted() {
    // Registered and retired within epoch 4, while epoch 0 is still open.
    let (mut scene, first, sponsor) = scene();
    scene.warp_to(end(3));
    let tenant = Tenant::registered(&mut scene, "late", &first.shard);
    tenant.retire(&mut scene);
    assert_eq!((scene.node(&tenant.device.pubkey()).since, scene.network().open_epoch), (5, 0));

    tenant.close(&mut scene);

    assert_eq!(scene.shard(&first.shard).0.vacant_slots, 1);
    // The first, which retires at the same time, waits for the epochs that it earns from.
    first.retire(&mut scene);
    let close = first.close_instruction(&scene, &sponsor.pubkey());
    scene.stage.refuses(&[close], &[], StipendError::NodeStillEarns);
}

#[test]
fn close_node_waits_until_the_shard_is_settled() {
    let (mut scene, tenant, sponsor) = scene();
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());
    scene.warp_to(end(0));
    tenant.retire(&mut scene);
    scene.report_all(&tenant.shard, 0, &[measured(10_000, 0)]);
    scene.score(&tenant.shard, 0);
    scene.close();

    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardNotSettled);
    scene.settle(&tenant.shard);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::NodeOwed);
    tenant.claim(&mut scene, 0);
    scene.stage.accepts(&[close], &[]);
}

#[test]
fn close_node_does_not_wait_for_the_neighbours_of_a_node_that_scored_nothing() {
    let (mut scene, tenant, sponsor) = scene();
    let neighbour = Tenant::registered(&mut scene, "neighbour", &tenant.shard);
    scene.warp_to(end(0));
    tenant.retire(&mut scene);
    scene.report_all(&tenant.shard, 0, &[measured(0, 0), measured(10_000, 0)]);
    scene.score(&tenant.shard, 0);
    scene.close();
    assert_eq!(scene.shard(&tenant.shard).0.unsettled, 1);

    let close = tenant.close_instruction(&scene, &sponsor.pubkey());
    scene.stage.accepts(&[close], &[]);
    // Nor does a new tenant of that slot, who scored nothing in that epoch, bend what the neighbour is paid.
    let next = Tenant::new("next", &tenant.shard);
    next.register(&mut scene, Some(stipend_client::instruction::Vacancy { slot: 0, payer: sponsor.pubkey() }));
    scene.settle(&tenant.shard);

    let slots = scene.shard(&tenant.shard).1;
    assert_eq!((slots[0].accrued_atoms, slots[1].accrued_atoms), (0, 60_000_000));
    assert_eq!((slots[0].owner, slots[1].owner), (next.owner.pubkey(), neighbour.owner.pubkey()));
}

#[test]
fn close_node_refuses_a_single_atom_that_is_owed() {
    let (mut scene, tenant, sponsor) = scene();
    tenant.retire(&mut scene);
    scene.forge_shard(&tenant.shard, |_, slots| slots[0].accrued_atoms = 1);
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());

    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::NodeOwed);
    scene.forge_shard(&tenant.shard, |_, slots| slots[0].accrued_atoms = 0);
    scene.stage.accepts(&[close], &[]);
}

#[test]
fn close_node_refuses_a_second_time() {
    let (mut scene, tenant, sponsor) = scene();
    tenant.retire(&mut scene);
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());

    scene.stage.refuses(&[close.clone(), close.clone()], &[], ErrorCode::AccountOwnedByWrongProgram);
    scene.stage.accepts(std::slice::from_ref(&close), &[]);
    scene.stage.refuses(&[close], &[], ErrorCode::AccountOwnedByWrongProgram);
}

#[test]
fn close_node_refuses_to_break_a_count() {
    let (mut scene, tenant, sponsor) = scene();
    tenant.retire(&mut scene);
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());

    scene.forge_network(|network| network.slot_count = 0);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::InvariantBroken);
    scene.forge_network(|network| network.slot_count = 1);
    scene.forge_shard(&tenant.shard, |shard, _| shard.vacant_slots = u16::MAX);
    scene.stage.refuses(&[close], &[], StipendError::ArithmeticOverflow);
}

#[test]
fn close_node_refuses_an_impostor_of_each_account() {
    let (mut scene, tenant, sponsor) = scene();
    scene.warp_to(GENESIS);
    let (twin, twin_shard) = scene.twin(&tenant.owner.pubkey());
    let twin_node = place::node(&twin, &key("device of the twin").pubkey());
    let [foreign_network, foreign_shard, foreign_node] = ["network abroad", "shard abroad", "node abroad"].map(address);
    let abroad = spl_token_interface::ID;
    scene.stage.copy(&scene.network.clone(), &foreign_network, &abroad);
    scene.stage.copy(&tenant.shard, &foreign_shard, &abroad);
    scene.stage.copy(&tenant.node(&scene), &foreign_node, &abroad);
    tenant.retire(&mut scene);
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());

    let cases: [(usize, Address, Refusal); 12] = [
        (0, twin, StipendError::ShardNetworkMismatch.into()),
        (0, foreign_network, ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (1, foreign_shard, ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin, ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, twin_node, StipendError::NodeNetworkMismatch.into()),
        (2, foreign_node, ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (3, address("pocket"), StipendError::PayerMismatch.into()),
        (3, tenant.owner.pubkey(), StipendError::PayerMismatch.into()),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&close, place, &impostor)], &[], refusal);
    }
    for place in [0, 1, 2, 3] {
        scene.stage.refuses(&[read_only(&close, place)], &[], ErrorCode::ConstraintMut);
    }
    scene.stage.accepts(&[close], &[]);
}
