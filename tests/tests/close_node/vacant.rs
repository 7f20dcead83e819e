//! A vacant slot and its next tenant: who pays whom, and who earns what.

use super::{scene, LAMPORTS};
use crate::acts::{entry_rent, funded, lamports, slot_rent, Tenant};
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
    swapped, Scene,
};

/// Slot 0 is vacant, and the sponsor paid its rent.
fn vacated() -> (Scene, Address, Keypair) {
    let (mut scene, tenant, sponsor) = scene();
    tenant.retire(&mut scene);
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());
    scene.stage.accepts(&[close], &[]);
    assert_eq!(scene.slot(&tenant.shard, 0).state, 0);
    (scene, tenant.shard, sponsor)
}

#[test]
fn register_node_takes_a_vacant_slot_and_pays_its_rent_to_who_paid_before() {
    let (mut scene, shard, sponsor) = vacated();
    let (entry_rent, slot_rent) = (entry_rent(&mut scene), slot_rent(&mut scene));
    let second = funded(&mut scene, "second sponsor", LAMPORTS);
    let next = Tenant::new("next", &shard);
    scene.open_directory(&next.device.pubkey());
    scene.warp_to(GENESIS + 1);
    let held = lamports(&mut scene, &shard);
    let before = lamports(&mut scene, &sponsor.pubkey());
    assert_eq!(before, LAMPORTS - slot_rent);

    let vacancy = Some(Vacancy { slot: 0, payer: sponsor.pubkey() });
    let register = next.register_instruction(&scene, &second.pubkey(), vacancy);
    let receipt = scene.stage.accepts(&[register], &[&second, &next.device]);

    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
    assert_eq!(lamports(&mut scene, &second.pubkey()), LAMPORTS - entry_rent - BOND_LAMPORTS - slot_rent);
    assert_eq!(lamports(&mut scene, &shard), held);
    let slots = scene.shard(&shard).1;
    assert_eq!((slots.len(), slots[0].owner, slots[0].from_epoch), (1, next.owner.pubkey(), 1));
    assert_eq!((slots[0].state, slots[0].until, slots[0].boost_bps, slots[0].reason), (2, u32::MAX, 10_000, 0));
    let deposit_lamports = entry_rent + slot_rent + BOND_LAMPORTS;
    let node = scene.node(&next.device.pubkey());
    assert_eq!((node.shard, node.slot, node.payer), (0, 0, second.pubkey()));
    assert_eq!((node.deposit_lamports, node.slot_lamports), (deposit_lamports, slot_rent as u32));
    let event: NodeRegistered = receipt.event();
    assert_eq!((event.slot, event.shard, event.owner), (0, shard, next.owner.pubkey()));
    assert_eq!((event.bond_lamports, event.deposit_lamports), (BOND_LAMPORTS, deposit_lamports));
    assert_eq!((event.payer, event.since), (second.pubkey(), 1));
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
    let (entry_rent, slot_rent) = (entry_rent(&mut scene), slot_rent(&mut scene));
    let next = Tenant::new("next", &shard);
    scene.open_directory(&next.device.pubkey());

    let vacancy = Some(Vacancy { slot: 0, payer: sponsor.pubkey() });
    let register = next.register_instruction(&scene, &sponsor.pubkey(), vacancy);
    scene.stage.accepts(&[register], &[&sponsor, &next.device]);

    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - slot_rent - entry_rent - BOND_LAMPORTS);
}

#[test]
fn register_node_refuses_a_vacant_slot_whose_payer_could_not_exist_with_its_rent() {
    let (mut scene, shard, sponsor) = vacated();
    let (entry_rent, slot_rent) = (entry_rent(&mut scene), slot_rent(&mut scene));
    let least = scene.stage.rent_lamports(0);
    let second = funded(&mut scene, "second sponsor", LAMPORTS);
    let next = Tenant::new("next", &shard);
    scene.open_directory(&next.device.pubkey());
    let vacancy = Some(Vacancy { slot: 0, payer: sponsor.pubkey() });
    let register = next.register_instruction(&scene, &second.pubkey(), vacancy);

    // A slot's rent alone can't keep an account; with one lamport less than what is missing it still can't.
    for left in [0, least - slot_rent - 1] {
        scene.stage.put(&sponsor.pubkey(), Account { lamports: left, ..Account::default() });
        let refused = std::slice::from_ref(&register);
        scene.stage.refuses(refused, &[&second, &next.device], StipendError::PayerEmpty);
    }
    // Whoever wants the slot sends what is missing, and nothing is lost.
    scene.stage.put(&sponsor.pubkey(), Account { lamports: least - slot_rent, ..Account::default() });
    scene.stage.accepts(&[register], &[&second, &next.device]);

    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), least);
    assert_eq!(lamports(&mut scene, &second.pubkey()), LAMPORTS - entry_rent - BOND_LAMPORTS - slot_rent);
}

#[test]
fn register_node_takes_a_vacant_slot_once() {
    let (mut scene, shard, sponsor) = vacated();
    let vacancy = Some(Vacancy { slot: 0, payer: sponsor.pubkey() });
    let [one, other] = ["one", "other"].map(|name| Tenant::new(name, &shard));
    for tenant in [&one, &other] {
        scene.open_directory(&tenant.device.pubkey());
    }
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
    scene.open_directory(&next.device.pubkey());
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
    scene.stage.refuses(&[swapped(&register, 7, &stipend::ID)], &[&next.device], StipendError::PayerMismatch);
    scene.stage.refuses(&[read_only(&register, 7)], &[&next.device], ErrorCode::ConstraintMut);
    scene.stage.accepts(&[register], &[&next.device]);
}

#[test]
fn register_node_refuses_a_vacant_slot_of_another_networks_shard() {
    let (mut scene, shard, sponsor) = vacated();
    let (twin, twin_shard) = scene.twin(&address("owner"));
    let next = Tenant::new("next", &shard);
    scene.open_directory(&next.device.pubkey());
    scene.open_directory_of(&twin, &next.device.pubkey());
    let vacancy = Some(Vacancy { slot: 0, payer: sponsor.pubkey() });
    let payer = scene.stage.payer.pubkey();
    let (device, owner) = (next.device.pubkey(), next.owner.pubkey());

    let elsewhere = instruction::register_node(&payer, &device, None, &twin, &shard, &owner, vacancy);
    let taken = instruction::register_node(&payer, &device, None, &scene.network, &twin_shard, &owner, vacancy);

    for register in [elsewhere, taken] {
        scene.stage.refuses(&[register], &[&next.device], StipendError::ShardNetworkMismatch);
    }
}

#[test]
fn open_shard_does_not_wait_for_vacant_slots_to_be_taken() {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 2);
    let shard = scene.open_shard();
    let [one, _] = ["one", "other"].map(|name| Tenant::registered(&mut scene, name, &shard));
    one.retire(&mut scene);
    one.close(&mut scene);
    // No slot can be added to a shard that has grown as far as it may.
    let next = Tenant::new("next", &shard);
    scene.open_directory(&next.device.pubkey());
    let add = next.register_instruction(&scene, &scene.stage.payer.pubkey(), None);
    scene.stage.refuses(&[add], &[&next.device], StipendError::ShardFull);

    scene.open_shard();

    assert_eq!(scene.network().shard_count, 2);
    next.register_in(&mut scene, 0);
    assert_eq!(scene.slot(&shard, 0).owner, next.owner.pubkey());
}

#[test]
fn neither_tenant_of_a_slot_earns_from_the_others_time() {
    // Slots 0 and 1; a report names both for every epoch, whoever is there, and sees both up.
    let mut scene = Scene::with(3, |params| params.emission.per_epoch_atoms = 60_000_000);
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
    // Its rent's payer, whose address the slot bears, is no owner.
    let payer = scene.stage.payer.pubkey();
    scene.open_token(&payer);
    let claim = scene.claim_instruction(&shard, &payer, &[0]);
    scene.stage.refuses(&[claim], &[], StipendError::SlotOwnerMismatch);
    assert_eq!(slots[1].owner, neighbour.owner.pubkey());
}
