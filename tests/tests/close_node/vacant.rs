//! A vacant slot and its next tenant: who pays whom, and who earns what.

use super::{node_rent, scene, slot_rent, LAMPORTS};
use crate::acts::{funded, lamports, Tenant};
use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{error::StipendError, event::NodeRegistered};
use stipend_client::instruction::{self, Vacancy};
use stipend_tests::{
    address, measured, read_only,
    scene::{end, BOND_LAMPORTS, GENESIS},
    swapped, Refusal, Scene,
};

/// Slot 0 is vacant, and the sponsor paid its rent.
fn vacated() -> (Scene, Address, Keypair) {
    let (mut scene, tenant, sponsor) = scene();
    tenant.retire(&mut scene);
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());
    scene.stage.accepts(&[close], &[]);
    assert_eq!(scene.shard(&tenant.shard).0.vacant_slots, 1);
    (scene, tenant.shard, sponsor)
}

#[test]
fn register_node_takes_a_vacant_slot_and_pays_its_rent_to_who_paid_before() {
    let (mut scene, shard, sponsor) = vacated();
    let (node_rent, slot_rent) = (node_rent(&mut scene), slot_rent(&mut scene));
    let second = funded(&mut scene, "second sponsor", LAMPORTS);
    let next = Tenant::new("next", &shard);
    scene.warp_to(GENESIS + 1);
    let held = lamports(&mut scene, &shard);
    let before = lamports(&mut scene, &sponsor.pubkey());
    assert_eq!(before, LAMPORTS - slot_rent);

    let vacancy = Some(Vacancy { slot: 0, payer: sponsor.pubkey() });
    let register = next.register_instruction(&scene, &second.pubkey(), vacancy);
    let receipt = scene.stage.accepts(&[register], &[&second, &next.device]);

    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
    assert_eq!(lamports(&mut scene, &second.pubkey()), LAMPORTS - node_rent - BOND_LAMPORTS - slot_rent);
    assert_eq!(lamports(&mut scene, &shard), held);
    let (header, slots) = scene.shard(&shard);
    assert_eq!((header.vacant_slots, slots.len(), scene.network().slot_count), (0, 1, 1));
    assert_eq!((slots[0].owner, slots[0].since, slots[0].state), (next.owner.pubkey(), 1, 2));
    assert_eq!((slots[0].change_epoch, slots[0].boost_bps, slots[0].reason), (u32::MAX, 10_000, 0));
    let node = scene.node(&next.device.pubkey());
    assert_eq!((node.slot, node.since, node.until, node.payer), (0, 1, u32::MAX, second.pubkey()));
    let event: NodeRegistered = receipt.event();
    assert_eq!((event.slot, event.shard, event.owner), (0, shard, next.owner.pubkey()));
    assert_eq!((event.bond_lamports, event.payer, event.since), (BOND_LAMPORTS, second.pubkey(), 1));
    // And so on: the third tenant pays the second's sponsor.
    next.retire(&mut scene);
    let close = next.close_instruction(&scene, &second.pubkey());
    scene.stage.accepts(&[close], &[]);
    let third = Tenant::new("third", &shard);
    third.register(&mut scene, Some(Vacancy { slot: 0, payer: second.pubkey() }));
    assert_eq!(lamports(&mut scene, &second.pubkey()), LAMPORTS);
}

#[test]
fn register_node_takes_a_vacant_slot_back_for_the_same_payer_at_no_rent() {
    let (mut scene, shard, sponsor) = vacated();
    let (node_rent, slot_rent) = (node_rent(&mut scene), slot_rent(&mut scene));
    let next = Tenant::new("next", &shard);

    let vacancy = Some(Vacancy { slot: 0, payer: sponsor.pubkey() });
    let register = next.register_instruction(&scene, &sponsor.pubkey(), vacancy);
    scene.stage.accepts(&[register], &[&sponsor, &next.device]);

    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - slot_rent - node_rent - BOND_LAMPORTS);
}

#[test]
fn register_node_passes_over_a_payer_whose_account_was_emptied() {
    let least = vacated().0.stage.rent_lamports(0);
    // A slot's rent alone can't keep an account; with one lamport less than what is missing it still can't.
    for (left, is_paid) in [(0, false), (least - 64 * 6_960 - 1, false), (least - 64 * 6_960, true)] {
        let (mut scene, shard, sponsor) = vacated();
        scene.stage.put(&sponsor.pubkey(), Account { lamports: left, ..Account::default() });
        let (node_rent, slot_rent) = (node_rent(&mut scene), slot_rent(&mut scene));
        let second = funded(&mut scene, "second sponsor", LAMPORTS);
        let next = Tenant::new("next", &shard);

        let vacancy = Some(Vacancy { slot: 0, payer: sponsor.pubkey() });
        let register = next.register_instruction(&scene, &second.pubkey(), vacancy);
        scene.stage.accepts(&[register], &[&second, &next.device]);

        let paid = if is_paid { slot_rent } else { 0 };
        assert_eq!(lamports(&mut scene, &sponsor.pubkey()), left + paid);
        assert_eq!(lamports(&mut scene, &second.pubkey()), LAMPORTS - node_rent - BOND_LAMPORTS - paid);
    }
}

#[test]
fn register_node_takes_a_vacant_slot_once() {
    let (mut scene, shard, sponsor) = vacated();
    let vacancy = Some(Vacancy { slot: 0, payer: sponsor.pubkey() });
    let [one, other] = ["one", "other"].map(|name| Tenant::new(name, &shard));
    let payer = scene.stage.payer.pubkey();
    let (first, second) =
        (one.register_instruction(&scene, &payer, vacancy), other.register_instruction(&scene, &payer, vacancy));
    let keys = [&one.device, &other.device];

    scene.stage.refuses(&[first.clone(), second.clone()], &keys, StipendError::SlotTaken);
    scene.stage.accepts(&[first], &keys);
    scene.stage.refuses(&[second], &keys, StipendError::SlotTaken);
    assert_eq!(scene.shard(&shard).1[0].owner, one.owner.pubkey());
}

#[test]
fn register_node_refuses_a_slot_that_is_not_vacant_or_not_there() {
    let (mut scene, shard, sponsor) = vacated();
    let live = Tenant::registered(&mut scene, "live", &shard);
    let retired = Tenant::registered(&mut scene, "retired", &shard);
    retired.retire(&mut scene);
    let next = Tenant::new("next", &shard);
    let payer = scene.stage.payer.pubkey();
    let cases = [
        (1, live.owner.pubkey(), StipendError::SlotTaken),
        (2, retired.owner.pubkey(), StipendError::SlotTaken),
        (2, payer, StipendError::SlotTaken),
        (3, payer, StipendError::SlotOutOfRange),
        (u16::MAX, payer, StipendError::SlotOutOfRange),
        (0, payer, StipendError::PayerMismatch),
        (0, next.owner.pubkey(), StipendError::PayerMismatch),
    ];
    for (slot, slot_payer, error) in cases {
        let register = next.register_instruction(&scene, &payer, Some(Vacancy { slot, payer: slot_payer }));
        scene.stage.refuses(&[register], &[&next.device], error);
    }
    let register = next.register_instruction(&scene, &payer, Some(Vacancy { slot: 0, payer: sponsor.pubkey() }));
    // Nobody in the payer's place, which the program's own address stands for; and one who can't be paid.
    scene.stage.refuses(&[swapped(&register, 6, &stipend::ID)], &[&next.device], StipendError::PayerMismatch);
    scene.stage.refuses(&[read_only(&register, 6)], &[&next.device], ErrorCode::ConstraintMut);
    scene.stage.accepts(&[register], &[&next.device]);
}

#[test]
fn register_node_refuses_a_vacant_slot_of_another_networks_shard() {
    let (mut scene, shard, sponsor) = vacated();
    let (twin, twin_shard) = scene.twin(&address("owner"));
    let next = Tenant::new("next", &shard);
    let vacancy = Some(Vacancy { slot: 0, payer: sponsor.pubkey() });
    let payer = scene.stage.payer.pubkey();
    let (device, owner) = (next.device.pubkey(), next.owner.pubkey());

    let elsewhere = instruction::register_node(&payer, &device, None, &twin, &shard, &owner, vacancy);
    scene.stage.refuses(&[elsewhere], &[&next.device], StipendError::ShardNetworkMismatch);
    let taken = instruction::register_node(&payer, &device, None, &scene.network, &twin_shard, &owner, vacancy);
    let result = scene.stage.send(&[taken], &[&next.device]).map(|receipt| receipt.compute_units);
    // Whichever it sees first: the shard is another network's, and its slot has a tenant.
    let refusals = [StipendError::ShardNetworkMismatch, StipendError::SlotTaken].map(|error| {
        let error = Refusal::from(error).to_instruction_error();
        Err(solana_transaction_error::TransactionError::InstructionError(0, error))
    });
    assert!(refusals.contains(&result), "{result:?}");
}

#[test]
fn open_shard_is_refused_while_a_slot_is_vacant() {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 2);
    let shard = scene.open_shard();
    let [one, _] = ["one", "other"].map(|name| Tenant::registered(&mut scene, name, &shard));
    let open = instruction::open_shard(&scene.stage.payer.pubkey(), &scene.network, 1);
    one.retire(&mut scene);
    one.close(&mut scene);

    scene.stage.refuses(std::slice::from_ref(&open), &[], StipendError::ShardNotFull);
    // No slot can be added to a shard that is full but for it.
    let next = Tenant::new("next", &shard);
    let add = next.register_instruction(&scene, &scene.stage.payer.pubkey(), None);
    scene.stage.refuses(&[add], &[&next.device], StipendError::ShardFull);
    next.register_in(&mut scene, 0);
    scene.stage.accepts(&[open], &[]);
    assert_eq!(scene.network().shard_count, 2);
}

#[test]
fn neither_tenant_of_a_slot_earns_from_the_others_time() {
    // Slots 0 and 1; a report names both for every epoch, whoever is there, and sees both up.
    let mut scene = Scene::with(3, |params| {
        (params.policy.report_secs, params.policy.score_secs) = (200, 400);
        params.emission.per_epoch_atoms = 60_000_000;
    });
    let shard = scene.open_shard();
    let [old, neighbour] = ["old", "neighbour"].map(|name| Tenant::registered(&mut scene, name, &shard));
    let up = [measured(10_000, 0); 2];
    scene.run_epoch(&shard, 0, &up);
    // In epoch 1 the old tenant goes and is closed, and in epoch 2 the new one comes: it counts from epoch 3 on.
    old.retire(&mut scene);
    old.claim(&mut scene, 0);
    old.close(&mut scene);
    scene.warp_to(end(1) + 10);
    let new = Tenant::new("new", &shard);
    new.register_in(&mut scene, 0);
    // What slot 0 and slot 1 have accrued, and why: 6 is not active yet.
    let expected = [(1, [0, 90_000_000], 6), (2, [0, 150_000_000], 6), (3, [30_000_000, 180_000_000], 1)];
    for (epoch, accrued, reason) in expected {
        scene.warp_to(end(epoch).max(end(1) + 10));
        scene.report_all(&shard, epoch, &up);
        scene.score(&shard, epoch);
        assert_eq!(scene.shard(&shard).1[0].reason, reason, "epoch {epoch}");
        scene.close();
        scene.settle(&shard);
        let slots = scene.shard(&shard).1;
        assert_eq!([slots[0].accrued_atoms, slots[1].accrued_atoms], accrued, "epoch {epoch}");
    }
    new.claim(&mut scene, 0);
    neighbour.claim(&mut scene, 1);
    let paid = [old, neighbour, new].map(|tenant| tenant.paid_atoms(&mut scene));
    assert_eq!(paid, [30_000_000, 180_000_000, 30_000_000]);
}

#[test]
fn a_vacant_slot_earns_nothing_whatever_is_measured_of_it() {
    let mut scene = Scene::with(3, |params| params.emission.per_epoch_atoms = 60_000_000);
    let shard = scene.open_shard();
    let [gone, neighbour] = ["gone", "neighbour"].map(|name| Tenant::registered(&mut scene, name, &shard));
    scene.warp_to(GENESIS);
    gone.retire(&mut scene);
    gone.close(&mut scene);

    scene.run_epoch(&shard, 0, &[measured(10_000, 1_000), measured(5_000, 0)]);

    let slots = scene.shard(&shard).1;
    // Measured, and of no reason: nobody is there.
    assert_eq!((slots[0].uptime_bps, slots[0].bandwidth, slots[0].score, slots[0].reason), (10_000, 1_000, 0, 0));
    assert_eq!((slots[0].accrued_atoms, slots[0].state), (0, 0));
    assert_eq!(slots[1].accrued_atoms, 60_000_000);
    // Its rent's payer, whose address the slot bears, has nothing to claim either.
    let payer = scene.stage.payer.pubkey();
    scene.open_token(&payer);
    let claim = scene.claim_instruction(&shard, &payer, &[0]);
    scene.stage.refuses(&[claim], &[], StipendError::NothingToClaim);
    assert_eq!(slots[1].owner, neighbour.owner.pubkey());
}
