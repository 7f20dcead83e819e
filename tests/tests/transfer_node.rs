//! `transfer_node`: what goes along, and who may.

use crate::acts::Tenant;
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{error::StipendError, event::NodeTransferred};
use stipend_client::{address as place, instruction};
use stipend_tests::{address, key, measured, read_only, scene::end, swapped, unsigned, Refusal, Scene};

/// Three oracles, and a tenant in slot 0 that has accrued all of epoch 0: as many atoms as points, so that none is floored.
fn settled() -> (Scene, Tenant) {
    let mut scene = Scene::with(3, |params| params.emission.per_epoch_atoms = 60_000_000);
    let shard = scene.open_shard();
    let tenant = Tenant::registered(&mut scene, "device", &shard);
    scene.run_epoch(&shard, 0, &[measured(10_000, 0)]);
    assert_eq!(scene.shard(&shard).1[0].accrued_atoms, 60_000_000);
    (scene, tenant)
}

#[test]
fn transfer_node_gives_the_new_owner_what_has_accrued_and_what_will() {
    let (mut scene, tenant) = settled();
    let (old, new) = (tenant.owner.pubkey(), key("buyer"));
    // Epoch 1 is scored, and not yet paid.
    scene.warp_to(end(1));
    scene.report_all(&tenant.shard, 1, &[measured(10_000, 0)]);
    scene.score(&tenant.shard, 1);
    let (before, node) = (scene.shard(&tenant.shard), scene.node(&tenant.device.pubkey()));

    let transfer = tenant.transfer_instruction(&scene, &new.pubkey());
    let receipt = scene.stage.accepts(&[transfer], &[&tenant.owner]);

    let (mut header_before, mut expected) = (before.0, before.1[0]);
    header_before.changes += 1;
    expected.owner = new.pubkey();
    let (header, slots) = scene.shard(&tenant.shard);
    assert_eq!((bytemuck::bytes_of(&header), &slots[..]), (bytemuck::bytes_of(&header_before), &[expected][..]));
    assert_eq!(scene.node(&tenant.device.pubkey()), node);
    assert_eq!(scene.network().owner_changes, 2, "registered and transferred");
    let event: NodeTransferred = receipt.event();
    assert_eq!((event.network, event.device), (scene.network, tenant.device.pubkey()));
    assert_eq!((event.old_owner, event.new_owner), (old, new.pubkey()));
    assert_eq!(event.accrued_atoms, 60_000_000);
    scene.close();
    scene.settle(&tenant.shard);
    let of_old = scene.claim_instruction(&tenant.shard, &old, &[0]);
    scene.open_token(&old);
    scene.stage.refuses(&[of_old], &[], StipendError::SlotOwnerMismatch);
    let token = scene.open_token(&new.pubkey());
    scene.claim(&tenant.shard, &new.pubkey(), &[0]);
    assert_eq!(scene.atoms(&token), 120_000_000);
}

#[test]
fn transfer_node_leaves_an_owner_what_it_claims_first_in_the_same_transaction() {
    let (mut scene, tenant) = settled();
    let new = address("buyer");
    let token = scene.open_token(&tenant.owner.pubkey());
    let claim = scene.claim_instruction(&tenant.shard, &tenant.owner.pubkey(), &[0]);
    let transfer = tenant.transfer_instruction(&scene, &new);

    let receipt = scene.stage.accepts(&[claim, transfer], &[&tenant.owner]);

    assert_eq!(scene.atoms(&token), 60_000_000);
    assert_eq!(receipt.event::<NodeTransferred>().accrued_atoms, 0);
    let slot = scene.shard(&tenant.shard).1[0];
    assert_eq!((slot.owner, slot.accrued_atoms), (new, 0));
}

#[test]
fn transfer_node_makes_the_new_owner_the_one_who_may() {
    let (mut scene, tenant) = settled();
    let new = key("buyer");
    let transfer = tenant.transfer_instruction(&scene, &new.pubkey());
    scene.stage.accepts(std::slice::from_ref(&transfer), &[&tenant.owner]);

    scene.stage.refuses(&[transfer], &[&tenant.owner], StipendError::OwnerMismatch);
    let retire = tenant.retire_instruction(&scene);
    scene.stage.refuses(&[retire], &[&tenant.owner], StipendError::RetirerMismatch);
    let (network, device) = (scene.network, tenant.device.pubkey());
    let back = instruction::transfer_node(&new.pubkey(), &network, &tenant.shard, &device, &tenant.owner.pubkey());
    scene.stage.accepts(&[back], &[&new]);
    assert_eq!(scene.shard(&tenant.shard).1[0].owner, tenant.owner.pubkey());
}

#[test]
fn transfer_node_refuses_an_owner_of_zeros() {
    let (mut scene, tenant) = settled();

    let transfer = tenant.transfer_instruction(&scene, &Address::default());

    scene.stage.refuses(&[transfer], &[&tenant.owner], ErrorCode::ConstraintMut);
}

#[test]
fn transfer_node_refuses_who_is_not_the_owner() {
    let (mut scene, tenant) = settled();
    let transfer = tenant.transfer_instruction(&scene, &address("buyer"));

    for other in [key("stranger"), scene.authority.insecure_clone(), tenant.device.insecure_clone()] {
        let by_other = swapped(&transfer, 0, &other.pubkey());
        scene.stage.refuses(&[by_other], &[&other], StipendError::OwnerMismatch);
    }
    scene.stage.refuses(&[unsigned(&transfer, 0)], &[], ErrorCode::AccountNotSigner);
}

#[test]
fn transfer_node_refuses_a_node_that_has_retired() {
    let (mut scene, tenant) = settled();
    tenant.retire(&mut scene);

    let transfer = tenant.transfer_instruction(&scene, &address("buyer"));

    scene.stage.refuses(&[transfer], &[&tenant.owner], StipendError::NodeRetired);
}

#[test]
fn transfer_node_refuses_an_impostor_of_each_account() {
    let (mut scene, tenant) = settled();
    let owner = tenant.owner.pubkey();
    let (twin, twin_shard) = scene.twin(&owner);
    scene.open_directory_of(&twin, &tenant.device.pubkey());
    let twin_directory = place::directory(&twin, &tenant.device.pubkey());
    for _ in 0..3 {
        scene.register(&tenant.shard, &owner);
    }
    let second = scene.open_shard();
    let elsewhere = scene.register(&second, &owner);
    let other_directory = place::directory(&scene.network, &elsewhere);
    let directory = tenant.directory(&scene);
    assert_ne!(other_directory, directory);
    let abroad = ["network abroad", "directory abroad", "shard abroad"].map(address);
    for (stored, abroad) in [scene.network, directory, tenant.shard].iter().zip(&abroad) {
        scene.stage.copy(stored, abroad, &spl_token_interface::ID);
    }
    let transfer = tenant.transfer_instruction(&scene, &address("buyer"));

    let cases: [(usize, Address, Refusal); 13] = [
        (1, twin, StipendError::DirectoryNetworkMismatch.into()),
        (1, abroad[0], ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, place::report(&second, &scene.oracle_keys()[0]), ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, twin_directory, StipendError::DirectoryNetworkMismatch.into()),
        (2, other_directory, StipendError::DeviceUnknown.into()),
        (2, abroad[1], ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, second, ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (3, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (3, second, StipendError::NodeShardMismatch.into()),
        (3, abroad[2], ErrorCode::AccountOwnedByWrongProgram.into()),
        (3, scene.network, ErrorCode::AccountDiscriminatorMismatch.into()),
    ];
    for (place, impostor, refusal) in cases {
        println!("{place}");
        scene.stage.refuses(&[swapped(&transfer, place, &impostor)], &[&tenant.owner], refusal);
    }
    scene.stage.refuses(&[read_only(&transfer, 3)], &[&tenant.owner], ErrorCode::ConstraintMut);
    // The device alone says which of the owner's nodes it is.
    let device = scene.devices[0].pubkey();
    let other = instruction::transfer_node(&owner, &scene.network, &tenant.shard, &device, &address("buyer"));
    scene.stage.accepts(&[other], &[&tenant.owner]);
    let slots = scene.shard(&tenant.shard).1;
    assert_eq!((slots[0].owner, slots[1].owner), (owner, address("buyer")));
}
