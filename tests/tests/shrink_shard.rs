//! `shrink_shard`: which slots go, and whose rent it is.

use crate::acts::{close_unscored, funded, lamports, slot_rent, Tenant};
use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::ShardShrunk,
    state::{Shard, Tail},
};
use stipend_client::{address as place, instruction};
use stipend_tests::{
    address, read_only,
    scene::{end, GENESIS, REPORT_SECS},
    stage::BANK_RENT,
    swapped, Refusal, Scene,
};

/// What a sponsor has left once it paid.
const LEFT: u64 = 50_000_000;

/// A shard of three tenants before the genesis, each paid for by a sponsor of its own who has [`LEFT`] left.
fn scene() -> (Scene, Vec<(Tenant, Keypair)>) {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let tenants = [0, 1, 2].map(|slot| {
        let sponsor = funded(&mut scene, &format!("sponsor {slot}"), 2 * LEFT);
        let tenant = Tenant::new(&format!("tenant {slot}"), &shard);
        scene.open_directory(&tenant.device.pubkey());
        let register = tenant.register_instruction(&scene, &sponsor.pubkey(), None);
        scene.stage.accepts(&[register], &[&sponsor, &tenant.device]);
        (tenant, sponsor)
    });
    (scene, tenants.into())
}

/// Retires and closes a tenant.
fn vacate(scene: &mut Scene, (tenant, sponsor): &(Tenant, Keypair)) {
    tenant.retire(scene);
    let close = tenant.close_instruction(scene, &sponsor.pubkey());
    scene.stage.accepts(&[close], &[]);
    scene.stage.put(&sponsor.pubkey(), Account { lamports: LEFT, ..Account::default() });
}

/// The slots of these tenants, taken off in this order.
fn shrink(scene: &Scene, tenants: &[&(Tenant, Keypair)]) -> Instruction {
    let payers: Vec<Address> = tenants.iter().map(|(_, sponsor)| sponsor.pubkey()).collect();
    instruction::shrink_shard(&scene.network, &scene.shards[0], &payers)
}

#[test]
fn shrink_shard_takes_the_last_slots_off_and_pays_each_payer_its_rent() {
    let (mut scene, tenants) = scene();
    let (shard, slot_rent) = (scene.shards[0], slot_rent(&mut scene));
    for tenant in [&tenants[1], &tenants[2]] {
        vacate(&mut scene, tenant);
    }
    close_unscored(&mut scene, 0);
    let (held, before) = (lamports(&mut scene, &shard), scene.shard(&shard));

    let shrink = shrink(&scene, &[&tenants[2], &tenants[1]]);
    let receipt = scene.stage.accepts(&[shrink], &[]);

    for (_, sponsor) in &tenants[1..] {
        assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LEFT + slot_rent);
    }
    assert_eq!(lamports(&mut scene, &shard), held - 2 * slot_rent);
    let len = scene.stage.data(&shard).len();
    assert_eq!(lamports(&mut scene, &shard), scene.stage.rent_lamports(len));
    assert_eq!(scene.shard(&shard).1, before.1[..1]);
    let event: ShardShrunk = receipt.event();
    assert_eq!((event.shard, event.old_slots, event.new_slots), (shard, 3, 1));
}

#[test]
fn shrink_shard_takes_several_slots_of_one_payer() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let tenants = ["one", "two", "three"].map(|name| Tenant::registered(&mut scene, name, &shard));
    for tenant in &tenants {
        tenant.retire(&mut scene);
        tenant.close(&mut scene);
    }
    close_unscored(&mut scene, 0);
    let (payer, slot_rent) = (scene.stage.payer.pubkey(), slot_rent(&mut scene));
    let held = lamports(&mut scene, &shard);

    let shrink = instruction::shrink_shard(&scene.network, &shard, &[payer; 3]);
    let before = lamports(&mut scene, &payer);
    scene.stage.accepts(&[shrink], &[]);

    // Less the transaction's fee, one signature's.
    assert_eq!(lamports(&mut scene, &payer), before + 3 * slot_rent - 5_000);
    assert_eq!(lamports(&mut scene, &shard), held - 3 * slot_rent);
    assert_eq!(scene.shard(&shard).1.len(), 0);
}

#[test]
fn shrink_shard_gives_the_place_to_the_next_who_registers() {
    let (mut scene, tenants) = scene();
    vacate(&mut scene, &tenants[2]);
    close_unscored(&mut scene, 0);
    let shrink = shrink(&scene, &[&tenants[2]]);
    scene.stage.accepts(&[shrink], &[]);

    let next = Tenant::registered(&mut scene, "next", &tenants[0].0.shard);

    let node = scene.node(&next.device.pubkey());
    assert_eq!((node.slot, scene.shard(&next.shard).1.len()), (2, 3));
    let len = scene.stage.data(&next.shard).len();
    assert_eq!(lamports(&mut scene, &next.shard), scene.stage.rent_lamports(len));
}

#[test]
fn shrink_shard_refuses_a_slot_with_a_tenant() {
    let (mut scene, tenants) = scene();
    let [first, second, third] = [&tenants[0], &tenants[1], &tenants[2]];
    close_unscored(&mut scene, 0);
    // Live, and retired.
    let last = shrink(&scene, &[third]);
    scene.stage.refuses(std::slice::from_ref(&last), &[], StipendError::SlotNotVacant);
    third.0.retire(&mut scene);
    scene.stage.refuses(&[last], &[], StipendError::SlotNotVacant);
    // A vacant one in the middle: there is a tenant behind it, and one before.
    let mut scene = self::scene().0;
    vacate(&mut scene, second);
    close_unscored(&mut scene, 0);
    let middle = shrink(&scene, &[second]);
    scene.stage.refuses(&[middle], &[], StipendError::SlotNotVacant);
    vacate_after(&mut scene, third);
    for tenants in [&[third, second, first][..], &[third, second, first, first]] {
        let shrink = shrink(&scene, tenants);
        scene.stage.refuses(&[shrink], &[], StipendError::SlotNotVacant);
    }
    let both = shrink(&scene, &[third, second]);
    scene.stage.accepts(&[both], &[]);
}

/// As [`vacate`] in a later epoch, and closes that.
fn vacate_after(scene: &mut Scene, tenant: &(Tenant, Keypair)) {
    let shard = tenant.0.shard;
    tenant.0.retire(scene);
    while scene.network().open_epoch < scene.slot(&shard, 2).until {
        score_and_close(scene, &shard);
    }
    let close = tenant.0.close_instruction(scene, &tenant.1.pubkey());
    scene.stage.accepts(&[close], &[]);
    let vacated = scene.shard(&shard).1[2].until;
    while scene.network().open_epoch <= vacated {
        score_and_close(scene, &shard);
    }
}

/// The open epoch, whose report window is closed without a report.
fn score_and_close(scene: &mut Scene, shard: &Address) {
    let report_end = scene.network().report_end().unwrap();
    let now = scene.stage.now();
    scene.warp_to(report_end.max(now));
    let epoch = scene.network().open_epoch;
    scene.score(shard, epoch);
    scene.close();
}

#[test]
fn shrink_shard_waits_until_the_epoch_in_which_the_slot_was_vacated_is_closed() {
    for now in [GENESIS - 1, GENESIS, end(0) - 1] {
        let (mut scene, tenants) = scene();
        scene.warp_to(now);
        vacate(&mut scene, &tenants[2]);
        assert_eq!(scene.shard(&scene.shards[0].clone()).1[2].until, 0);
        let shrink = shrink(&scene, &[&tenants[2]]);

        scene.stage.refuses(std::slice::from_ref(&shrink), &[], StipendError::SlotVacatedLately);
        scene.warp_to(end(0) + REPORT_SECS);
        scene.stage.refuses(std::slice::from_ref(&shrink), &[], StipendError::SlotVacatedLately);
        scene.score(&tenants[2].0.shard, 0);
        scene.stage.refuses(std::slice::from_ref(&shrink), &[], StipendError::SlotVacatedLately);
        scene.close();
        scene.stage.accepts(&[shrink], &[]);
    }
}

#[test]
fn shrink_shard_refuses_who_did_not_pay() {
    let (mut scene, tenants) = scene();
    for tenant in [&tenants[1], &tenants[2]] {
        vacate(&mut scene, tenant);
    }
    close_unscored(&mut scene, 0);
    let swapped_payers = shrink(&scene, &[&tenants[1], &tenants[2]]);
    let pocket = instruction::shrink_shard(&scene.network, &scene.shards[0], &[address("pocket")]);

    scene.stage.refuses(&[swapped_payers], &[], StipendError::PayerMismatch);
    scene.stage.refuses(&[pocket], &[], StipendError::PayerMismatch);
    let fixed = read_only(&shrink(&scene, &[&tenants[2]]), 2);
    scene.stage.refuses(&[fixed], &[], ErrorCode::ConstraintMut);
}

#[test]
fn shrink_shard_refuses_a_payer_whose_account_could_not_exist_with_its_rent_and_keeps_everything() {
    let (mut scene, tenants) = scene();
    let (shard, slot_rent) = (scene.shards[0], slot_rent(&mut scene));
    for tenant in [&tenants[1], &tenants[2]] {
        vacate(&mut scene, tenant);
    }
    close_unscored(&mut scene, 0);
    let (held, least) = (lamports(&mut scene, &shard), scene.stage.rent_lamports(0));
    let shrink = shrink(&scene, &[&tenants[2], &tenants[1]]);

    for left in [0, least - slot_rent - 1] {
        scene.stage.put(&tenants[2].1.pubkey(), Account { lamports: left, ..Account::default() });
        scene.stage.refuses(std::slice::from_ref(&shrink), &[], StipendError::PayerEmpty);
    }
    // Whoever wants the shard shrunk sends what is missing, and nothing is lost.
    scene.stage.put(&tenants[2].1.pubkey(), Account { lamports: least - slot_rent, ..Account::default() });
    scene.stage.accepts(&[shrink], &[]);

    assert_eq!(lamports(&mut scene, &tenants[1].1.pubkey()), LEFT + slot_rent);
    assert_eq!(lamports(&mut scene, &tenants[2].1.pubkey()), least);
    assert_eq!(lamports(&mut scene, &shard), held - 2 * slot_rent);
}

#[test]
fn shrink_shard_names_the_rent_that_is_missing_when_rent_has_risen_and_works_once_it_is_sent() {
    let (mut scene, tenants) = scene();
    let (shard, slot_rent) = (scene.shards[0], slot_rent(&mut scene));
    vacate(&mut scene, &tenants[2]);
    close_unscored(&mut scene, 0);
    let shrink = shrink(&scene, &[&tenants[2]]);
    scene.stage.set_rent(BANK_RENT + 1_000);

    scene.stage.refuses(std::slice::from_ref(&shrink), &[], StipendError::RentMissing);
    // A header and two slots are left, which cost 1,000 lamports more a byte than was paid.
    let stored = scene.stage.account(&shard).unwrap();
    let missing = (128 + Shard::checked_space(2).unwrap() as u64) * 1_000;
    scene.stage.put(&shard, Account { lamports: stored.lamports + missing - 1, ..stored.clone() });
    scene.stage.refuses(std::slice::from_ref(&shrink), &[], StipendError::RentMissing);
    scene.stage.put(&shard, Account { lamports: stored.lamports + missing, ..stored });
    scene.stage.accepts(&[shrink], &[]);

    assert_eq!(lamports(&mut scene, &tenants[2].1.pubkey()), LEFT + slot_rent);
}

#[test]
fn shrink_shard_by_nothing_changes_nothing() {
    let (mut scene, _) = scene();
    let shard = scene.shards[0];
    let (before, held) = (scene.stage.data(&shard), lamports(&mut scene, &shard));

    let shrink = instruction::shrink_shard(&scene.network, &shard, &[]);
    let event: ShardShrunk = scene.stage.accepts(&[shrink], &[]).event();

    assert_eq!((event.old_slots, event.new_slots), (3, 3));
    assert_eq!((scene.stage.data(&shard), lamports(&mut scene, &shard)), (before, held));
}

#[test]
fn shrink_shard_refuses_an_impostor_of_each_account() {
    let (mut scene, tenants) = scene();
    vacate(&mut scene, &tenants[2]);
    let (twin, twin_shard) = scene.twin(&address("owner"));
    close_unscored(&mut scene, 0);
    let shrink = shrink(&scene, &[&tenants[2]]);
    let [foreign_network, foreign_shard] = ["network abroad", "shard abroad"].map(address);
    scene.stage.copy(&scene.network.clone(), &foreign_network, &spl_token_interface::ID);
    scene.stage.copy(&scene.shards[0].clone(), &foreign_shard, &spl_token_interface::ID);

    let cases: [(usize, Address, Refusal); 7] = [
        (0, twin, StipendError::ShardNetworkMismatch.into()),
        (0, foreign_network, ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (1, foreign_shard, ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, place::report(&scene.shards[0], &scene.oracle_keys()[0]), ErrorCode::AccountDiscriminatorMismatch.into()),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&shrink, place, &impostor)], &[], refusal);
    }
    scene.stage.refuses(&[read_only(&shrink, 1)], &[], ErrorCode::ConstraintMut);
    scene.stage.accepts(&[shrink], &[]);
}
