//! `close_node`: what is paid back, when, and who comes next.

mod again;
mod deposits;
mod vacant;

use crate::acts::{entry_rent, funded, lamports, slot_rent, Tenant};
use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::NodeClosed,
    state::{Directory, Slot, Tail},
};
use stipend_client::address as place;
use stipend_tests::{
    address, measured, read_only,
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
    scene.open_directory(&tenant.device.pubkey());
    let register = tenant.register_instruction(&scene, &sponsor.pubkey(), None);
    scene.stage.accepts(&[register], &[&sponsor, &tenant.device]);
    (scene, tenant, sponsor)
}

#[test]
fn close_node_pays_bond_and_rent_back_to_who_paid_and_makes_the_slot_vacant() {
    let (mut scene, tenant, sponsor) = scene();
    let (entry_rent, slot_rent) = (entry_rent(&mut scene), slot_rent(&mut scene));
    let directory = tenant.directory(&scene);
    let header_rent = scene.stage.rent_lamports(Directory::checked_space(0).unwrap());
    assert_eq!(lamports(&mut scene, &directory), header_rent + entry_rent + BOND_LAMPORTS);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - entry_rent - slot_rent - BOND_LAMPORTS);
    // Epoch 1 is under way when it retires, and epoch 3 when it is closed.
    scene.warp_to(end(0) + 1);
    scene.report_all(&tenant.shard, 0, &[measured(10_000, 0)]);
    scene.score(&tenant.shard, 0);
    scene.close();
    scene.settle(&tenant.shard);
    tenant.retire(&mut scene);
    tenant.claim(&mut scene, 0);
    scene.warp_to(end(2));
    let shard_lamports = lamports(&mut scene, &tenant.shard);

    let close = tenant.close_instruction(&scene, &sponsor.pubkey());
    let receipt = scene.stage.accepts(&[close], &[]);

    let stored = scene.stage.account(&directory).unwrap();
    assert_eq!((stored.data.len(), stored.lamports), (Directory::checked_space(0).unwrap(), header_rent));
    // All but the slot's rent, which the shard keeps until it shrinks or another tenant comes.
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - slot_rent);
    assert_eq!(lamports(&mut scene, &tenant.shard), shard_lamports);
    let vacant = Slot {
        owner: sponsor.pubkey(),
        from_epoch: slot_rent as u32,
        until: 3,
        bandwidth: 0xffff_ffff,
        uptime_bps: 0xffff,
        ..Slot::default()
    };
    assert_eq!(scene.shard(&tenant.shard).1, [vacant]);
    let event: NodeClosed = receipt.event();
    assert_eq!((event.network, event.device), (scene.network, tenant.device.pubkey()));
    assert_eq!((event.shard, event.slot, event.slot_lamports), (tenant.shard, 0, slot_rent as u32));
    assert_eq!((event.payer, event.refund_lamports), (sponsor.pubkey(), entry_rent + BOND_LAMPORTS));
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
fn close_node_leaves_what_somebody_sent_to_the_directory_there() {
    let (mut scene, tenant, sponsor) = scene();
    tenant.retire(&mut scene);
    let (directory, slot_rent) = (tenant.directory(&scene), slot_rent(&mut scene));
    let stored = scene.stage.account(&directory).unwrap();
    scene.stage.put(&directory, Account { lamports: stored.lamports + 5, ..stored });

    let close = tenant.close_instruction(&scene, &sponsor.pubkey());
    scene.stage.accepts(&[close], &[]);

    let header_rent = scene.stage.rent_lamports(Directory::checked_space(0).unwrap());
    assert_eq!(lamports(&mut scene, &directory), header_rent + 5);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - slot_rent);
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
    assert_eq!((scene.slot(&first.shard, 1).from_epoch, scene.network().open_epoch), (5, 0));

    tenant.close(&mut scene);

    assert_eq!(scene.slot(&first.shard, 1).state, 0);
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

    scene.stage.refuses(&[close.clone(), close.clone()], &[], StipendError::DeviceUnknown);
    scene.stage.accepts(std::slice::from_ref(&close), &[]);
    scene.stage.refuses(&[close], &[], StipendError::DeviceUnknown);
}

#[test]
fn close_node_refuses_a_deposit_that_is_less_than_the_slots_part_of_it() {
    let (mut scene, tenant, sponsor) = scene();
    tenant.retire(&mut scene);
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());

    // An entry begins behind the header: device 32, payer 32, deposit 8.
    scene.stage.forge(&tenant.directory(&scene), |data| data[96 + 64..96 + 72].fill(0));

    scene.stage.refuses(&[close], &[], StipendError::InvariantBroken);
}

#[test]
fn close_node_refuses_an_impostor_of_each_account() {
    let (mut scene, tenant, sponsor) = scene();
    scene.warp_to(GENESIS);
    let (twin, twin_shard) = scene.twin(&tenant.owner.pubkey());
    let directory = tenant.directory(&scene);
    scene.open_directory_of(&twin, &tenant.device.pubkey());
    let twin_directory = place::directory(&twin, &tenant.device.pubkey());
    let abroad = ["network abroad", "directory abroad", "shard abroad"].map(address);
    for (stored, abroad) in [scene.network, directory, tenant.shard].iter().zip(&abroad) {
        scene.stage.copy(stored, abroad, &spl_token_interface::ID);
    }
    for _ in 0..3 {
        scene.register(&tenant.shard, &tenant.owner.pubkey());
    }
    let second_shard = scene.open_shard();
    let other_directory = place::directory(&scene.network, &scene.devices[0].pubkey());
    assert_ne!(other_directory, directory);
    tenant.retire(&mut scene);
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());

    let cases: [(usize, Address, Refusal); 17] = [
        (0, twin, StipendError::DirectoryNetworkMismatch.into()),
        (0, abroad[0], ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, twin_directory, StipendError::DirectoryNetworkMismatch.into()),
        (1, other_directory, StipendError::DeviceUnknown.into()),
        (1, abroad[1], ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (2, second_shard, StipendError::NodeShardMismatch.into()),
        (2, abroad[2], ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, twin, ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, other_directory, ErrorCode::AccountDiscriminatorMismatch.into()),
        (3, address("pocket"), StipendError::NodeOwnerMismatch.into()),
        (4, address("pocket"), StipendError::PayerMismatch.into()),
        (4, tenant.owner.pubkey(), StipendError::PayerMismatch.into()),
        (4, scene.stage.payer.pubkey(), StipendError::PayerMismatch.into()),
    ];
    for (place, impostor, refusal) in cases {
        println!("{place}");
        scene.stage.refuses(&[swapped(&close, place, &impostor)], &[], refusal);
    }
    for place in [1, 2, 3, 4] {
        scene.stage.refuses(&[read_only(&close, place)], &[], ErrorCode::ConstraintMut);
    }
    scene.stage.accepts(&[close], &[]);
}
