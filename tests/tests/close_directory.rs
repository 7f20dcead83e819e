//! `close_directory`.

use crate::acts::{funded, lamports, Tenant};
use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::DirectoryClosed,
    state::{Directory, Tail},
};
use stipend_client::{address as place, instruction};
use stipend_tests::{address, read_only, stage::BANK_RENT, swapped, Refusal, Scene};

/// What a sponsor has before it pays.
const LAMPORTS: u64 = 100_000_000;

/// A shard, and a device whose directory a sponsor opened.
fn scene() -> (Scene, Tenant, Keypair) {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let tenant = Tenant::new("device", &shard);
    let sponsor = funded(&mut scene, "sponsor", LAMPORTS);
    let open = instruction::open_directory(&sponsor.pubkey(), &scene.network, &tenant.device.pubkey());
    scene.stage.accepts(&[open], &[&sponsor]);
    (scene, tenant, sponsor)
}

fn close(scene: &Scene, tenant: &Tenant, sponsor: &Keypair) -> Instruction {
    instruction::close_directory(&scene.network, &tenant.device.pubkey(), &sponsor.pubkey())
}

#[test]
fn close_directory_pays_the_rent_back_to_who_opened_it() {
    let (mut scene, tenant, sponsor) = scene();
    let rent = scene.stage.rent_lamports(Directory::checked_space(0).unwrap());
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - rent);

    let close = close(&scene, &tenant, &sponsor);
    let receipt = scene.stage.accepts(std::slice::from_ref(&close), &[]);

    assert_eq!(scene.stage.account(&tenant.directory(&scene)), None);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
    assert_eq!(scene.network().directory_count, 0);
    let event: DirectoryClosed = receipt.event();
    assert_eq!(event.network, scene.network);
    assert_eq!(event.first_byte, place::first_byte(&tenant.device.pubkey()));
    scene.stage.refuses(&[close], &[], ErrorCode::AccountOwnedByWrongProgram);
    // It can be opened again.
    tenant.register(&mut scene, None);
    assert_eq!(scene.network().directory_count, 1);
}

#[test]
fn close_directory_pays_the_lamports_back_that_were_paid_whatever_rent_costs_by_then() {
    for (then, now) in [(20_000, BANK_RENT), (BANK_RENT, 20_000)] {
        let mut scene = Scene::new();
        let shard = scene.open_shard();
        let tenant = Tenant::new("device", &shard);
        let sponsor = funded(&mut scene, "sponsor", LAMPORTS);
        scene.stage.set_rent(then);
        let open = instruction::open_directory(&sponsor.pubkey(), &scene.network, &tenant.device.pubkey());
        scene.stage.accepts(&[open], &[&sponsor]);
        scene.stage.set_rent(now);

        let close = close(&scene, &tenant, &sponsor);
        scene.stage.accepts(&[close], &[]);

        assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
    }
}

#[test]
fn close_directory_pays_along_what_somebody_sent_to_it() {
    let (mut scene, tenant, sponsor) = scene();
    let directory = tenant.directory(&scene);
    let stored = scene.stage.account(&directory).unwrap();
    scene.stage.put(&directory, Account { lamports: stored.lamports + 7, ..stored });

    let close = close(&scene, &tenant, &sponsor);
    scene.stage.accepts(&[close], &[]);

    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS + 7);
}

#[test]
fn close_directory_refuses_one_with_a_device() {
    let (mut scene, tenant, sponsor) = scene();
    tenant.register(&mut scene, None);
    let close = close(&scene, &tenant, &sponsor);

    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::DirectoryNotEmpty);
    tenant.retire(&mut scene);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::DirectoryNotEmpty);
    tenant.close(&mut scene);
    scene.stage.accepts(&[close], &[]);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
}

#[test]
fn close_directory_refuses_to_break_the_count() {
    let (mut scene, tenant, sponsor) = scene();
    scene.forge_network(|network| network.directory_count = 0);

    let close = close(&scene, &tenant, &sponsor);

    scene.stage.refuses(&[close], &[], StipendError::InvariantBroken);
}

#[test]
fn close_directory_refuses_an_impostor_of_each_account() {
    let (mut scene, tenant, sponsor) = scene();
    let (twin, twin_shard) = scene.twin(&address("owner"));
    scene.open_directory_of(&twin, &tenant.device.pubkey());
    let directory = tenant.directory(&scene);
    let abroad = ["network abroad", "directory abroad"].map(address);
    for (stored, abroad) in [scene.network, directory].iter().zip(&abroad) {
        scene.stage.copy(stored, abroad, &spl_token_interface::ID);
    }
    // Another directory of the network, that the stage's payer opened.
    let other = Tenant::new("other device", &tenant.shard);
    assert_ne!(other.directory(&scene), directory);
    scene.open_directory(&other.device.pubkey());
    let close = close(&scene, &tenant, &sponsor);

    let cases: [(usize, Address, Refusal); 12] = [
        (0, twin, StipendError::DirectoryNetworkMismatch.into()),
        (0, abroad[0], ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (0, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, place::directory(&twin, &tenant.device.pubkey()), StipendError::DirectoryNetworkMismatch.into()),
        (1, other.directory(&scene), StipendError::PayerMismatch.into()),
        (1, abroad[1], ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, scene.network, ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, address("pocket"), StipendError::PayerMismatch.into()),
        (2, scene.stage.payer.pubkey(), StipendError::PayerMismatch.into()),
    ];
    for (place, impostor, refusal) in cases {
        println!("{place}");
        scene.stage.refuses(&[swapped(&close, place, &impostor)], &[], refusal);
    }
    for place in [0, 1, 2] {
        scene.stage.refuses(&[read_only(&close, place)], &[], ErrorCode::ConstraintMut);
    }
    scene.stage.accepts(&[close], &[]);
}
