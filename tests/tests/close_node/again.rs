//! A node that is retired, closed, refunded and registered again in one transaction.

use super::{scene, LAMPORTS};
use crate::acts::{entry_rent, lamports, slot_rent};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::{NodeClosed, NodeRegistered, NodeRetired},
    state::Slot,
};
use stipend_client::instruction::{self, Vacancy};
use stipend_tests::{
    measured,
    scene::{end, BOND_LAMPORTS, GENESIS},
};

/// A transfer of the system program's: instruction 2, then the lamports.
fn pay(from: &Address, to: &Address, lamports: u64) -> Instruction {
    let mut data = vec![2, 0, 0, 0];
    data.extend_from_slice(&lamports.to_le_bytes());
    let accounts = vec![AccountMeta::new(*from, true), AccountMeta::new(*to, false)];
    Instruction { program_id: Address::default(), accounts, data }
}

#[test]
fn a_node_comes_back_in_one_transaction_without_being_paid_twice_or_paying_twice() {
    // Lamports that somebody sends to the directory in between.
    for sent in [0, 1, 20_000_000] {
        let (mut scene, tenant, sponsor) = scene();
        let (entry_rent, slot_rent) = (entry_rent(&mut scene), slot_rent(&mut scene));
        scene.run_epoch(&tenant.shard, 0, &[measured(10_000, 0)]);
        let owner = tenant.owner.pubkey();
        let token = scene.open_token(&owner);
        // Epoch 2 is under way; epoch 1 was scored and settled too.
        scene.run_epoch(&tenant.shard, 1, &[measured(10_000, 0)]);
        let vacancy = Some(Vacancy { slot: 0, payer: sponsor.pubkey() });
        let directory = tenant.directory(&scene);
        let held = lamports(&mut scene, &directory);
        let mut instructions = vec![
            tenant.retire_instruction(&scene),
            scene.claim_instruction(&tenant.shard, &owner, &[0]),
            tenant.close_instruction(&scene, &sponsor.pubkey()),
        ];
        if sent > 0 {
            instructions.push(pay(&scene.stage.payer.pubkey(), &directory, sent));
        }
        instructions.push(tenant.register_instruction(&scene, &sponsor.pubkey(), vacancy));

        let keys = [&sponsor, &tenant.owner, &tenant.device];
        let receipt = scene.stage.accepts(&instructions, &keys);

        assert_eq!(scene.atoms(&token), 120_000_000);
        assert_eq!(receipt.event::<NodeRetired>().until, 2);
        assert_eq!(receipt.event::<NodeClosed>().refund_lamports, entry_rent + BOND_LAMPORTS);
        assert_eq!(receipt.event::<NodeRegistered>().bond_lamports, BOND_LAMPORTS);
        // A new life: nothing of the old one is left, and it counts from epoch 3 on.
        let fresh = Slot {
            owner,
            from_epoch: 3,
            until: u32::MAX,
            bandwidth: 0xffff_ffff,
            uptime_bps: 0xffff,
            boost_bps: 10_000,
            next_boost_bps: 10_000,
            state: 2,
            ..Slot::default()
        };
        assert_eq!(scene.shard(&tenant.shard).1, [fresh]);
        // The deposit lies there once, and what was sent does not count towards it.
        let deposit_lamports = entry_rent + slot_rent + BOND_LAMPORTS;
        let node = scene.node(&tenant.device.pubkey());
        assert_eq!((node.deposit_lamports, node.slot_lamports), (deposit_lamports, slot_rent as u32));
        assert_eq!(lamports(&mut scene, &directory), held + sent);
        assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - deposit_lamports);

        // Epoch 2 is nobody's: it is carried. Epoch 3 brings both.
        scene.warp_to(end(2));
        scene.report_all(&tenant.shard, 2, &[measured(10_000, 0)]);
        scene.score(&tenant.shard, 2);
        scene.close();
        assert_eq!(scene.shard(&tenant.shard).1[0].accrued_atoms, 0);
        scene.run_epoch(&tenant.shard, 3, &[measured(10_000, 0)]);
        scene.claim(&tenant.shard, &owner, &[0]);
        assert_eq!(scene.atoms(&token), 240_000_000);
    }
}

#[test]
fn a_closed_node_is_unknown_to_every_instruction() {
    let (mut scene, tenant, sponsor) = scene();
    scene.warp_to(GENESIS);
    tenant.retire(&mut scene);
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());
    scene.stage.accepts(std::slice::from_ref(&close), &[]);

    let retire = tenant.retire_instruction(&scene);
    let transfer = tenant.transfer_instruction(&scene, &sponsor.pubkey());
    let boost = tenant.boost_instruction(&scene, 20_000);

    let keys = [&tenant.owner, &scene.authority.insecure_clone()];
    for instruction in [close, retire, transfer, boost] {
        scene.stage.refuses(&[instruction], &keys, StipendError::DeviceUnknown);
    }
}

#[test]
fn a_node_is_not_registered_again_before_it_is_closed() {
    let (mut scene, tenant, _) = scene();
    tenant.retire(&mut scene);
    let again = tenant.register_instruction(&scene, &scene.stage.payer.pubkey(), None);

    scene.stage.refuses(&[again], &[&tenant.device], StipendError::DeviceRegistered);
}

#[test]
fn a_node_that_came_back_elsewhere_leaves_its_old_slot_alone() {
    let (mut scene, tenant, sponsor) = scene();
    tenant.retire(&mut scene);
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());
    let add = tenant.register_instruction(&scene, &sponsor.pubkey(), None);
    scene.stage.accepts(&[close, add], &[&sponsor, &tenant.device]);
    assert_eq!(scene.node(&tenant.device.pubkey()).slot, 1);

    scene.run_epoch(&tenant.shard, 0, &[measured(10_000, 0); 2]);

    let slots = scene.shard(&tenant.shard).1;
    assert_eq!([slots[0].accrued_atoms, slots[1].accrued_atoms], [0, 60_000_000]);
    let boost = instruction::set_boost(
        &scene.authority.pubkey(),
        &scene.network,
        &tenant.shard,
        &tenant.device.pubkey(),
        20_000,
    );
    scene.stage.accepts(&[boost], &[&scene.authority]);
    let slots = scene.shard(&tenant.shard).1;
    assert_eq!((slots[0].state, slots[1].state), (0, 3));
    let of_old = scene.claim_instruction(&tenant.shard, &tenant.owner.pubkey(), &[0]);
    scene.open_token(&tenant.owner.pubkey());
    scene.stage.refuses(&[of_old], &[], StipendError::SlotOwnerMismatch);
}
