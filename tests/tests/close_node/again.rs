//! A node that is retired, closed, refunded and registered again in one transaction.

use super::{node_rent, scene, slot_rent, LAMPORTS};
use crate::acts::lamports;
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
    Refusal,
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
    // Lamports that somebody sends to the closed address in between.
    for sent in [0, 1, 2_000_000, 20_000_000] {
        let (mut scene, tenant, sponsor) = scene();
        let (node_rent, slot_rent) = (node_rent(&mut scene), slot_rent(&mut scene));
        scene.run_epoch(&tenant.shard, 0, &[measured(10_000, 0)]);
        let owner = tenant.owner.pubkey();
        let token = scene.open_token(&owner);
        // Epoch 2 is under way; epoch 1 was scored and settled too.
        scene.run_epoch(&tenant.shard, 1, &[measured(10_000, 0)]);
        let vacancy = Some(Vacancy { slot: 0, payer: sponsor.pubkey() });
        let node = tenant.node(&scene);
        let mut instructions = vec![
            tenant.retire_instruction(&scene),
            scene.claim_instruction(&tenant.shard, &owner, &[0]),
            tenant.close_instruction(&scene, &sponsor.pubkey()),
        ];
        if sent > 0 {
            instructions.push(pay(&scene.stage.payer.pubkey(), &node, sent));
        }
        instructions.push(tenant.register_instruction(&scene, &sponsor.pubkey(), vacancy));

        let keys = [&sponsor, &tenant.owner, &tenant.device];
        let receipt = scene.stage.accepts(&instructions, &keys);

        assert_eq!(scene.atoms(&token), 120_000_000);
        assert_eq!(receipt.event::<NodeRetired>().until, 2);
        assert_eq!(receipt.event::<NodeClosed>().refund_lamports, node_rent + BOND_LAMPORTS);
        assert_eq!(receipt.event::<NodeRegistered>().bond_lamports, BOND_LAMPORTS);
        // A new life: nothing of the old one is left, and it counts from epoch 3 on.
        let state = scene.node(&tenant.device.pubkey());
        assert_eq!((state.since, state.until, state.retired_by, state.bond_lamports), (3, u32::MAX, 0, BOND_LAMPORTS));
        let fresh = Slot {
            owner,
            since: 3,
            bandwidth: 0xffff_ffff,
            uptime_bps: 0xffff,
            boost_bps: 10_000,
            state: 2,
            next_boost_bps: 10_000,
            change_epoch: u32::MAX,
            ..Slot::default()
        };
        let (header, slots) = scene.shard(&tenant.shard);
        assert_eq!((header.vacant_slots, slots, scene.network().slot_count), (0, vec![fresh], 1));
        // The bond lies there once. What was sent counts towards the rent, and not towards the bond.
        let rent = node_rent.max(sent);
        assert_eq!(lamports(&mut scene, &node), rent + BOND_LAMPORTS);
        let paid = slot_rent + node_rent.saturating_sub(sent) + BOND_LAMPORTS;
        assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - paid);

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
fn a_closed_node_is_not_revived_by_lamports() {
    let (mut scene, tenant, sponsor) = scene();
    scene.warp_to(GENESIS);
    tenant.retire(&mut scene);
    let (node, payer) = (tenant.node(&scene), scene.stage.payer.pubkey());
    let rent = node_rent(&mut scene);
    let close = tenant.close_instruction(&scene, &sponsor.pubkey());

    scene.stage.accepts(&[close.clone(), pay(&payer, &node, rent)], &[]);

    let left = scene.stage.account(&node).unwrap();
    assert_eq!((left.lamports, left.data.len(), left.owner), (rent, 0, Address::default()));
    let owned = anchor_lang::error::ErrorCode::AccountOwnedByWrongProgram;
    scene.stage.refuses(&[close], &[], owned);
    let retire = tenant.retire_instruction(&scene);
    scene.stage.refuses(&[retire], &[&tenant.owner], owned);
    let transfer = tenant.transfer_instruction(&scene, &payer);
    scene.stage.refuses(&[transfer], &[&tenant.owner], anchor_lang::error::ErrorCode::AccountOwnedByWrongProgram);
}

#[test]
fn a_node_is_not_registered_again_before_it_is_closed() {
    let (mut scene, tenant, _) = scene();
    tenant.retire(&mut scene);
    let again = tenant.register_instruction(&scene, &scene.stage.payer.pubkey(), None);

    // The system program's own: the account is in use.
    scene.stage.refuses(&[again], &[&tenant.device], Refusal::Program(0));
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
    assert_eq!((slots[0].state, slots[1].state), (0, 2));
    let of_old = scene.claim_instruction(&tenant.shard, &tenant.owner.pubkey(), &[0]);
    scene.open_token(&tenant.owner.pubkey());
    scene.stage.refuses(&[of_old], &[], StipendError::SlotOwnerMismatch);
}
