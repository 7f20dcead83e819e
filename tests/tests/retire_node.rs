//! `retire_node`: who may, from when on, and what is still earned.

use crate::acts::Tenant;
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{error::StipendError, event::NodeRetired, state::Slot};
use stipend_client::address as place;
use stipend_tests::{
    address, key, measured, read_only,
    scene::{end, GENESIS},
    swapped, unsigned, Refusal, Scene,
};

/// Three oracles, and two tenants that earn alike, in slots 0 and 1: halves of 60,000,000 atoms, which is not floored.
fn scene() -> (Scene, [Tenant; 2]) {
    let mut scene = Scene::with(3, |params| params.emission.per_epoch_atoms = 60_000_000);
    let shard = scene.open_shard();
    let tenants = ["first", "second"].map(|name| Tenant::registered(&mut scene, name, &shard));
    (scene, tenants)
}

/// Three oracles, a registrar, and a tenant in slot 0.
fn registrars() -> (Scene, Tenant) {
    let registrar = key("registrar").pubkey();
    let mut scene = Scene::with(3, |params| params.policy.registrar = Some(registrar));
    let shard = scene.open_shard();
    let tenant = Tenant::new("device", &shard);
    scene.open_directory(&tenant.device.pubkey());
    let mut register = tenant.register_instruction(&scene, &scene.stage.payer.pubkey(), None);
    register.accounts[2].pubkey = registrar;
    register.accounts[2].is_signer = true;
    scene.stage.accepts(&[register], &[&tenant.device, &scene.registrar]);
    (scene, tenant)
}

fn words(text: &str) -> [u8; 32] {
    let mut words = [0; 32];
    words[..text.len()].copy_from_slice(text.as_bytes());
    words
}

#[test]
fn retire_node_ends_with_the_epoch_under_way() {
    // The second of the call, and the first epoch that does not count.
    let cases = [(GENESIS - 1, 0), (GENESIS, 0), (end(0) - 1, 0), (end(0), 1), (end(1) - 1, 1), (end(1), 2)];
    for (now, until) in cases {
        let (mut scene, [tenant, _]) = scene();
        scene.warp_to(now);
        let (device, before) = (tenant.device.pubkey(), scene.shard(&tenant.shard).1);
        let (node, network) = (scene.node(&device), scene.network());

        let receipt = tenant.retire(&mut scene);

        // It has not begun to count for sure, so it is Starting still; no other field changes.
        let retired = Slot { until, ..before[0] };
        assert_eq!((retired.state, retired.from_epoch), (2, 0));
        assert_eq!(scene.shard(&tenant.shard).1, [retired, before[1]]);
        assert_eq!(scene.node(&device), node);
        assert_eq!(bytemuck::bytes_of(&scene.network()), bytemuck::bytes_of(&network));
        let event: NodeRetired = receipt.event();
        assert_eq!((event.network, event.device, event.owner), (scene.network, device, tenant.owner.pubkey()));
        assert_eq!((event.until, event.by, event.reason), (until, 1, [0; 32]));
    }
}

#[test]
fn retire_node_keeps_what_every_epoch_that_is_over_brings_and_nothing_of_the_one_under_way() {
    let mut scene = Scene::with(3, |params| params.emission.per_epoch_atoms = 60_000_000);
    let shard = scene.open_shard();
    let [leaving, staying] = ["leaving", "staying"].map(|name| Tenant::registered(&mut scene, name, &shard));
    // While epoch 2 is under way; 0 and 1 are over and not scored, but reported in time.
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &[measured(10_000, 0), measured(10_000, 0)]);
    scene.warp_to(end(1) + 50);
    leaving.retire(&mut scene);
    // Both are measured alike in every epoch. What either has accrued after epochs 0, 1, 2 and 3, in millions: halves of 60
    // as long as both earn, then all to the one that stays; reason 7 is that it retired.
    let expected = [([30, 30], 1), ([60, 60], 1), ([60, 120], 7), ([60, 180], 7)];
    for (epoch, (accrued, reason)) in (0..).zip(expected) {
        scene.warp_to(end(epoch).max(end(1) + 50));
        if epoch > 0 {
            scene.report_all(&shard, epoch, &[measured(10_000, 0), measured(10_000, 0)]);
        }
        scene.score(&shard, epoch);
        let slots = scene.shard(&shard).1;
        assert_eq!((slots[0].reason, slots[1].reason), (reason, 1), "epoch {epoch}");
        assert_eq!(slots[0].uptime_bps, 10_000);
        scene.close();
        scene.settle(&shard);
        let slots = scene.shard(&shard).1;
        assert_eq!(
            [slots[0].accrued_atoms, slots[1].accrued_atoms],
            accrued.map(|millions| millions * 1_000_000),
            "epoch {epoch}"
        );
    }
    leaving.claim(&mut scene, 0);
    staying.claim(&mut scene, 1);
    assert_eq!((leaving.paid_atoms(&mut scene), staying.paid_atoms(&mut scene)), (60_000_000, 180_000_000));
}

#[test]
fn retire_node_of_a_node_that_never_counted_earns_nothing() {
    let (mut scene, [first, _]) = scene();
    scene.warp_to(GENESIS);
    // It would count from epoch 1.
    let late = Tenant::registered(&mut scene, "late", &first.shard);
    late.retire(&mut scene);
    let slot = scene.slot(&first.shard, 2);
    assert_eq!((slot.from_epoch, slot.until), (1, 0));

    for epoch in 0..3 {
        scene.run_epoch(&first.shard, epoch, &[measured(10_000, 0); 3]);
        let slot = scene.shard(&first.shard).1[2];
        assert_eq!((slot.score, slot.reason, slot.accrued_atoms), (0, 7, 0));
    }
    assert_eq!(scene.shard(&first.shard).1[0].accrued_atoms, 90_000_000);
}

#[test]
fn retire_node_by_the_registrar_is_an_eviction_with_a_reason() {
    let (mut scene, tenant) = registrars();
    scene.warp_to(end(0));
    let evict = tenant.retire_by(&scene, &scene.registrar.pubkey(), "hardware was never there, or so.");

    let receipt = scene.stage.accepts(&[evict], &[&scene.registrar]);

    let reason = words("hardware was never there, or so.");
    let event: NodeRetired = receipt.event();
    assert_eq!((event.owner, event.until, event.by, event.reason), (tenant.owner.pubkey(), 1, 2, reason));
    let slot = scene.shard(&tenant.shard).1[0];
    assert_eq!((slot.until, slot.owner), (1, tenant.owner.pubkey()));
}

#[test]
fn retire_node_by_the_registrar_needs_a_reason() {
    let (mut scene, tenant) = registrars();

    let evict = tenant.retire_by(&scene, &scene.registrar.pubkey(), "");

    scene.stage.refuses(&[evict], &[&scene.registrar], StipendError::ReasonMissing);
}

#[test]
fn retire_node_keeps_the_words_of_an_owner_too() {
    let (mut scene, [tenant, _]) = scene();
    let retire = tenant.retire_by(&scene, &tenant.owner.pubkey(), "moved");

    let event: NodeRetired = scene.stage.accepts(&[retire], &[&tenant.owner]).event();

    assert_eq!((event.by, event.reason), (1, words("moved")));
}

#[test]
fn retire_node_listens_to_the_registrar_of_the_epoch_under_way() {
    let (mut scene, tenant) = registrars();
    let new = key("new registrar");
    scene.warp_to(end(0) - 1);
    scene.update_policy(1, None, |policy| policy.registrar = Some(new.pubkey()));
    let by_old = tenant.retire_by(&scene, &scene.registrar.pubkey(), "old");
    let by_new = tenant.retire_by(&scene, &new.pubkey(), "new");

    scene.stage.refuses(std::slice::from_ref(&by_new), &[&new], StipendError::RetirerMismatch);
    // Epoch 1 is under way; epoch 0, the old registrar's, is not closed.
    scene.warp_to(end(0));
    scene.stage.refuses(&[by_old], &[&scene.registrar], StipendError::RetirerMismatch);
    let event: NodeRetired = scene.stage.accepts(&[by_new], &[&new]).event();
    assert_eq!(scene.network().open_epoch, 0);
    assert_eq!((event.by, event.reason), (2, words("new")));
}

#[test]
fn retire_node_by_an_owner_who_is_the_registrar_is_no_eviction() {
    let (mut scene, tenant) = registrars();
    let registrar = scene.registrar.pubkey();
    let transfer = tenant.transfer_instruction(&scene, &registrar);
    scene.stage.accepts(&[transfer], &[&tenant.owner]);

    let retire = tenant.retire_by(&scene, &registrar, "");
    let event: NodeRetired = scene.stage.accepts(&[retire], &[&scene.registrar]).event();

    assert_eq!(event.by, 1);
}

#[test]
fn retire_node_refuses_who_is_neither() {
    let (mut scene, [tenant, neighbour]) = scene();
    let retire = tenant.retire_by(&scene, &tenant.owner.pubkey(), "why");
    let registrar = scene.registrar.insecure_clone();

    // There is no registrar here.
    for other in [&key("stranger"), &scene.authority.insecure_clone(), &neighbour.owner, &tenant.device, &registrar] {
        let by_other = swapped(&retire, 0, &other.pubkey());
        scene.stage.refuses(&[by_other], &[other], StipendError::RetirerMismatch);
    }
    scene.stage.refuses(&[unsigned(&retire, 0)], &[], ErrorCode::AccountNotSigner);
    let (mut scene, tenant) = registrars();
    let by_authority = tenant.retire_by(&scene, &scene.authority.pubkey(), "why");
    scene.stage.refuses(&[by_authority], &[&scene.authority], StipendError::RetirerMismatch);
}

#[test]
fn retire_node_refuses_a_second_time() {
    let (mut scene, tenant) = registrars();
    tenant.retire(&mut scene);
    let again = tenant.retire_instruction(&scene);
    let evict = tenant.retire_by(&scene, &scene.registrar.pubkey(), "too late");

    scene.stage.refuses(std::slice::from_ref(&again), &[&tenant.owner], StipendError::NodeRetired);
    scene.stage.refuses(&[evict], &[&scene.registrar], StipendError::NodeRetired);
    scene.warp_to(end(3));
    scene.stage.refuses(&[again], &[&tenant.owner], StipendError::NodeRetired);
}

#[test]
fn retire_node_works_while_the_network_is_paused() {
    let (mut scene, [tenant, _]) = scene();
    scene.pause();

    tenant.retire(&mut scene);

    assert_eq!(scene.slot(&tenant.shard, 0).until, 0);
}

#[test]
fn retire_node_refuses_an_impostor_of_each_account() {
    let (mut scene, [tenant, neighbour]) = scene();
    let (twin, twin_shard) = scene.twin(&tenant.owner.pubkey());
    scene.open_directory_of(&twin, &tenant.device.pubkey());
    let twin_directory = place::directory(&twin, &tenant.device.pubkey());
    let (directory, other_directory) = (tenant.directory(&scene), neighbour.directory(&scene));
    assert_ne!(other_directory, directory);
    let abroad = ["network abroad", "directory abroad", "shard abroad"].map(address);
    for (stored, abroad) in [scene.network, directory, tenant.shard].iter().zip(&abroad) {
        scene.stage.copy(stored, abroad, &spl_token_interface::ID);
    }
    let retire = tenant.retire_instruction(&scene);

    let cases: [(usize, Address, Refusal); 12] = [
        (1, twin, StipendError::DirectoryNetworkMismatch.into()),
        (1, abroad[0], ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, twin_directory, StipendError::DirectoryNetworkMismatch.into()),
        (2, other_directory, StipendError::DeviceUnknown.into()),
        (2, abroad[1], ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (3, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (3, abroad[2], ErrorCode::AccountOwnedByWrongProgram.into()),
        (3, scene.network, ErrorCode::AccountDiscriminatorMismatch.into()),
    ];
    for (place, impostor, refusal) in cases {
        println!("{place}");
        scene.stage.refuses(&[swapped(&retire, place, &impostor)], &[&tenant.owner], refusal);
    }
    scene.stage.refuses(&[read_only(&retire, 3)], &[&tenant.owner], ErrorCode::ConstraintMut);
    let of_neighbour = neighbour.retire_by(&scene, &tenant.owner.pubkey(), "");
    scene.stage.refuses(&[of_neighbour], &[&tenant.owner], StipendError::RetirerMismatch);
    scene.stage.accepts(&[retire], &[&tenant.owner]);
}
