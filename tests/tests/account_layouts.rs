//! The bytes of every account, field by field: what an outsider reads and an upgrade must not move.
//!
//! Offsets and discriminators (the first 8 bytes of SHA-256 of `account:Network` and so on) are written by hand.

use crate::acts::{entry_rent, slot_rent};
use solana_address::Address;
use solana_signer::Signer;
use std::collections::BTreeSet;
use stipend::{instructions::NetworkParams, state::EmissionParams};
use stipend_client::{address as place, instruction};
use stipend_tests::{
    address, key, measured, params,
    scene::{end, GENESIS},
    stage::START,
    Scene,
};

/// An account's bytes.
struct Bytes(Vec<u8>);

impl Bytes {
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        self.0[at..at + N].try_into().unwrap()
    }

    fn u8(&self, at: usize) -> u8 {
        self.0[at]
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    fn address(&self, at: usize) -> Address {
        Address::from(self.array::<32>(at))
    }
}

/// A network with every field set: epoch 0 settled and partly claimed, epoch 1 empty, epoch 2 scored, judged and open, a
/// boost and another policy to come, a slot vacant.
fn scene() -> (Scene, Address) {
    let mut scene = Scene::with(2, |params| {
        params.emission =
            EmissionParams { decay_bps: 2_500, decay_every_epochs: 2, carry_epochs: 6, ..params.emission };
        (params.policy.registrar, params.shard_capacity) = (Some(key("registrar").pubkey()), 5);
        params.guardian = Some(key("guardian").pubkey());
        (params.policy.oracle_bond_lamports, params.policy.mint_limit_atoms) = (9_000, 2_000_000);
        (params.policy.max_reward_atoms, params.policy.dispute_secs) = (2_000_001, 7);
        params.policy.arbiter = Some(address("arbiter"));
    });
    share(&mut scene);
    let shard = scene.open_shard();
    for (device, owner) in ["owner a", "owner b"].into_iter().enumerate() {
        register(&mut scene, &shard, &format!("device {device}"), owner);
    }
    scene.run_epoch_after(&shard, 0, &[measured(9_000, 500), measured(8_000, 300)]);
    scene.warp_to(end(0) + 7);
    scene.settle(&shard);
    scene.open_token(&key("owner a").pubkey());
    scene.claim(&shard, &key("owner a").pubkey(), &[0]);
    scene.warp_to(end(1));
    scene.report_all(&shard, 1, &[]);
    scene.score(&shard, 1);
    scene.close();
    scene.warp_to(end(2));
    let by_guardian = instruction::pause(&key("guardian").pubkey(), &scene.network);
    scene.stage.accepts(&[by_guardian], &[&scene.guardian]);
    scene.resume();
    scene.add_oracle(key("oracle 2"));
    scene.remove_oracle(&key("oracle 1").pubkey(), false);
    for oracle in 0..2 {
        scene.report(oracle, &shard, 2, &[measured(7_000, 100), measured(6_000, 1_500)]);
    }
    let (network, authority) = (scene.network, scene.authority.pubkey());
    let two = &scene.oracle_keys()[..2];
    let score = instruction::score_shard(&network, &shard, two, 2);
    let judge = instruction::judge_shard(&network, &shard, two, 2);
    scene.stage.accepts(&[score, judge], &[]);
    let propose = instruction::propose_authority(&authority, &network, Some(&address("heir")));
    let boost = instruction::set_boost(&authority, &network, &shard, &key("device 1").pubkey(), 12_000);
    scene.stage.accepts(&[propose, boost], &[&scene.authority]);
    let next = EmissionParams { per_epoch_atoms: 900_000, decay_bps: 100, decay_every_epochs: 7, carry_epochs: 3 };
    scene.update_policy(9, Some(next), |policy| (policy.quorum, policy.registrar) = (3, None));
    register(&mut scene, &shard, "device 2", "owner c");
    scene.retire(&key("owner c"), &shard, &key("device 2").pubkey());
    scene.close_node(&shard, &key("device 2").pubkey());
    (scene, shard)
}

/// Opens another network of the mint, for a thousandth of the cap.
fn share(scene: &mut Scene) {
    let other = NetworkParams { id: 1, cap_atoms: 1_000_000, ..params() };
    let (payer, authority) = (scene.stage.payer.pubkey(), scene.authority.pubkey());
    scene.govern(instruction::create_network(&payer, &authority, &scene.mint, &scene.token_program, other));
}

fn register(scene: &mut Scene, shard: &Address, device: &str, owner: &str) {
    let (device, owner, registrar) = (key(device), key(owner).pubkey(), key("registrar"));
    let vouched = Some(registrar.pubkey());
    let payer = scene.stage.payer.pubkey();
    let network = scene.network;
    scene.open_directory(&device.pubkey());
    let register =
        instruction::register_node(&payer, &device.pubkey(), vouched.as_ref(), &network, shard, &owner, None);
    scene.stage.accepts(&[register], &[&device, &registrar]);
}

#[test]
fn every_field_of_a_network_lies_where_it_lay() {
    let (mut scene, _) = scene();
    let network = scene.network;
    let payer = scene.stage.payer.pubkey();
    let bytes = Bytes(scene.stage.data(&network));
    let (_, bump) = Address::find_program_address(&[b"network", scene.mint.as_ref(), &[0, 0]], &stipend::ID);
    let (minter, minter_bump) = Address::find_program_address(&[b"mint_authority", scene.mint.as_ref()], &stipend::ID);

    assert_eq!(bytes.0.len(), 7_744);
    assert_eq!(bytes.array(0), [51, 5, 209, 183, 60, 99, 156, 251]);
    // version, bumps, whether there ever was another network, id, shard capacity
    assert_eq!((bytes.u8(8), bytes.u8(9), bytes.u8(10), bytes.u8(11)), (1, bump, minter_bump, 1));
    assert_eq!((bytes.u16(12), bytes.u16(14)), (0, 5));
    // authority, pending authority, guardian, mint, token program, mint authority, payer
    assert_eq!((bytes.address(16), bytes.address(48)), (scene.authority.pubkey(), address("heir")));
    assert_eq!((bytes.address(80), bytes.address(112)), (key("guardian").pubkey(), scene.mint));
    assert_eq!((bytes.address(144), bytes.address(176)), (spl_token_interface::ID, minter));
    assert_eq!(bytes.address(208), payer);
    // domain: slot and time of the creation; unit
    assert_eq!((bytes.u32(240), bytes.u32(244)), (1, START as u32));
    assert_eq!(bytes.array(248), *b"Mbit/s\0\0\0\0\0\0\0\0\0\0");
    // genesis, opening of the open epoch, end of the last pause, when the guardian may pause again: 7 days later
    assert_eq!((bytes.u64(264), bytes.u64(272)), (GENESIS as u64, end(1) as u64));
    assert_eq!((bytes.u64(280), bytes.u64(288)), (end(2) as u64, end(2) as u64 + 604_800));
    // length of an epoch, open epoch, shards, those that are scored, scored ones, unsettled ones
    assert_eq!((bytes.u32(296), bytes.u32(300), bytes.u32(304)), (100, 2, 1));
    assert_eq!((bytes.u32(308), bytes.u32(312), bytes.u32(316)), (1, 1, 1));
    // directories, other networks, registrations
    let devices = ["device 0", "device 1", "device 2"].map(|device| key(device).pubkey().to_bytes()[0]);
    let directories = devices.into_iter().collect::<BTreeSet<_>>().len() as u16;
    assert_eq!((bytes.u16(320), bytes.u16(322), bytes.u32(324)), (directories, 1, 3));
    // total score: 7,000 · 6,400 + 6,000 · 10,000
    assert_eq!(bytes.u64(328), 104_800_000);
    assert_eq!(bytes.array(672), [0; 64]);
    // emission: present (a quarter less since epoch 2), cap, scheduled, carried, accrued, minted
    assert_eq!((bytes.u64(736), bytes.u64(744), bytes.u64(752)), (750_000, 999_000_000, 2_000_000));
    // 9,000 · 8,000 and 8,000 · 7,200 of 129,600,000: 555,555.5 and 444,444.4 of 1,000,000
    assert_eq!((bytes.u64(760), bytes.u64(768), bytes.u64(776)), (1_000_001, 999_999, 555_555));
    // minted while epoch 1 was under way, that epoch, empty epochs so far, reserved
    assert_eq!((bytes.u64(784), bytes.u32(792), bytes.u32(796)), (555_555, 1, 1));
    assert_eq!(bytes.array(800), [0; 32]);
}

#[test]
fn every_field_of_a_networks_policies_lies_where_it_lay() {
    let (mut scene, _) = scene();
    let network = scene.network;
    let bytes = Bytes(scene.stage.data(&network));

    // Two policies of 168 bytes: first epoch, quorum, emission and its first epoch, decay, carry, registrar.
    let registrar = key("registrar").pubkey();
    let policies =
        [(336, 0, 2, 1_000_000, 0, (2_500, 2), 6, registrar), (504, 9, 3, 900_000, 9, (100, 7), 3, Address::default())];
    for (at, from_epoch, quorum, atoms, emission_from, (decay_bps, every), carry_epochs, registrar) in policies {
        assert_eq!((bytes.u32(at), bytes.u32(at + 4)), (from_epoch, emission_from));
        // windows, bandwidth cap, decay's epochs
        assert_eq!((bytes.u32(at + 8), bytes.u32(at + 12)), (40, 300));
        assert_eq!((bytes.u32(at + 16), bytes.u32(at + 20)), (1_000, every));
        // uptime weight, minimum uptime, boost bounds
        assert_eq!((bytes.u16(at + 24), bytes.u16(at + 26)), (6_000, 5_000));
        assert_eq!((bytes.u16(at + 28), bytes.u16(at + 30)), (1_000, 40_000));
        // tolerance, decay, carry, quorum, uptime's mode
        assert_eq!((bytes.u16(at + 32), bytes.u16(at + 34), bytes.u16(at + 36)), (500, decay_bps, carry_epochs));
        assert_eq!((bytes.u8(at + 38), bytes.u8(at + 39)), (quorum, 0));
        // emission, mint limit, bonds of nodes and oracles
        assert_eq!((bytes.u64(at + 40), bytes.u64(at + 48)), (atoms, 2_000_000));
        assert_eq!((bytes.u64(at + 56), bytes.u64(at + 64)), (7_000, 9_000));
        // registrar, arbiter, ceiling of a reward, dispute window, reserved
        assert_eq!((bytes.address(at + 72), bytes.address(at + 104)), (registrar, address("arbiter")));
        assert_eq!((bytes.u64(at + 136), bytes.u32(at + 144), bytes.array(at + 148)), (2_000_001, 7, [0; 20]));
    }
}

#[test]
fn every_field_of_a_networks_oracles_and_ring_lies_where_it_lay() {
    let (mut scene, _) = scene();
    let network = scene.network;
    let payer = scene.stage.payer.pubkey();
    let bytes = Bytes(scene.stage.data(&network));

    // Sixteen oracles of 176 bytes: key, first epoch, first epoch after, reports made and missed, values judged and
    // outside, bond, payer, suspended, reserved.
    for (place, active_from, active_until, made, judged) in
        [(0, 0, u32::MAX, 3, 4), (1, 0, 4, 3, 4), (2, 4, u32::MAX, 0, 0)]
    {
        let at = 832 + 176 * place;
        assert_eq!(bytes.address(at), key(&format!("oracle {place}")).pubkey());
        assert_eq!((bytes.u32(at + 32), bytes.u32(at + 36)), (active_from, active_until));
        assert_eq!((bytes.u32(at + 40), bytes.u32(at + 44)), (made, 0));
        assert_eq!((bytes.u64(at + 48), bytes.u64(at + 56)), (judged, 0));
        assert_eq!((bytes.u64(at + 64), bytes.address(at + 72)), (9_000, payer));
        assert_eq!(bytes.array(at + 104), [0; 72]);
    }
    assert_eq!(bytes.0[1_360..3_648], [0; 2_288]);
    // 32 closed epochs of 128 bytes: epoch, unsettled shards, emission, total score, paid
    assert_eq!((bytes.u32(3_648), bytes.u32(3_652), bytes.u64(3_656)), (0, 0, 1_000_000));
    assert_eq!((bytes.u64(3_664), bytes.u64(3_672)), (129_600_000, 999_999));
    // The rate: 1,000,000 · 2^64 / 129,600,000, floored.
    assert_eq!((bytes.u64(3_680), bytes.u64(3_688)), (0, 142_335_988_223_067_527));
    // The policy: its first epoch, bandwidth cap, uptime weight, minimum uptime, boost bounds, quorum, uptime's mode, reserved,
    // ceiling of a reward, what that kept back; end of the dispute window and arbiter.
    for (place, dispute_end, arbiter) in [(0, end(0) + 7, address("arbiter")), (1, 0, Address::default())] {
        let at = 3_648 + 128 * place;
        assert_eq!((bytes.u32(at + 48), bytes.u32(at + 52)), (0, 1_000));
        assert_eq!((bytes.u16(at + 56), bytes.u16(at + 58)), (6_000, 5_000));
        assert_eq!((bytes.u16(at + 60), bytes.u16(at + 62), bytes.u8(at + 64)), (1_000, 40_000, 2));
        assert_eq!((bytes.u8(at + 65), bytes.array(at + 66)), (0, [0; 6]));
        assert_eq!((bytes.u64(at + 72), bytes.u64(at + 80)), (2_000_001, 0));
        assert_eq!((bytes.u64(at + 88), bytes.address(at + 96)), (dispute_end as u64, arbiter));
    }
    assert_eq!((bytes.u32(3_776), bytes.u64(3_784), bytes.u64(3_792)), (1, 0, 0));
    for place in 2..32 {
        assert_eq!(bytes.u32(3_648 + 128 * place), u32::MAX);
        assert_eq!(bytes.0[3_648 + 128 * place + 4..3_648 + 128 * (place + 1)], [0; 124]);
    }
}

#[test]
fn every_field_of_a_shard_and_its_slots_lies_where_it_lay() {
    let (mut scene, shard) = scene();
    let bytes = Bytes(scene.stage.data(&shard));
    let payer = scene.stage.payer.pubkey();
    let (_, bump) = Address::find_program_address(&[b"shard", scene.network.as_ref(), &[0; 4]], &stipend::ID);

    assert_eq!(bytes.0.len(), 136 + 3 * 64);
    assert_eq!(bytes.array(0), [141, 83, 41, 244, 139, 88, 245, 70]);
    assert_eq!((bytes.u8(8), bytes.u8(9), bytes.u16(10), bytes.u32(12)), (1, bump, 5, 0));
    assert_eq!((bytes.address(16), bytes.address(48)), (scene.network, payer));
    // total score, next epoch, scored epoch, unsettled, open reports, dormant, reserved, next judged epoch
    assert_eq!((bytes.u64(80), bytes.u32(88), bytes.u32(92), bytes.u8(96)), (104_800_000, 3, 2, 1));
    assert_eq!((bytes.u8(97), bytes.u8(98), bytes.u8(99), bytes.u32(100)), (2, 0, 0, 3));
    // changes: three registrations, a boost, a retirement and a closing; nodes, reserved
    assert_eq!((bytes.u64(104), bytes.u16(112), bytes.array(114)), (6, 2, [0; 22]));
    // slots: owner, accrued, score, from epoch, until, bandwidth, uptime, boost, next boost, state, reason
    let (a, b) = (key("owner a").pubkey(), key("owner b").pubkey());
    let slot_rent = slot_rent(&mut scene) as u32;
    let expected = [
        (a, 0, 44_800_000, (0, u32::MAX), (100, 7_000), (10_000, 10_000, 1, 1)),
        // Another boost from epoch 4 on, the next that has not begun.
        (b, 444_444, 60_000_000, (4, u32::MAX), (1_500, 6_000), (10_000, 12_000, 3, 2)),
        // Vacant, since epoch 3: the payer, and lamports of the rent.
        (payer, 0, 0, (slot_rent, 3), (u32::MAX, u16::MAX), (0, 0, 0, 0)),
    ];
    for (place, (owner, accrued_atoms, score, epochs, medians, rest)) in expected.into_iter().enumerate() {
        let at = 136 + 64 * place;
        assert_eq!((bytes.address(at), bytes.u64(at + 32), bytes.u32(at + 40)), (owner, accrued_atoms, score));
        assert_eq!((bytes.u32(at + 44), bytes.u32(at + 48)), epochs);
        assert_eq!((bytes.u32(at + 52), bytes.u16(at + 56)), medians);
        assert_eq!((bytes.u16(at + 58), bytes.u16(at + 60), bytes.u8(at + 62), bytes.u8(at + 63)), rest);
    }
}

#[test]
fn every_field_of_a_report_and_its_entries_lies_where_it_lay() {
    let (mut scene, shard) = scene();
    let oracle = scene.oracle_keys()[1];
    let domain = scene.network().domain;
    let commit = instruction::commit_evidence(&oracle, &scene.network, &shard, domain, 2, [0xe1; 32]);
    scene.stage.accepts(&[commit], &[&scene.oracles[1]]);
    let bytes = Bytes(scene.stage.data(&place::report(&shard, &oracle)));
    let (_, bump) = Address::find_program_address(&[b"report", shard.as_ref(), oracle.as_ref()], &stipend::ID);

    assert_eq!(bytes.0.len(), 200 + 5 * 6);
    assert_eq!(bytes.array(0), [232, 246, 229, 227, 242, 105, 190, 2]);
    // version, bump, total, epoch, received, reserved, epoch of the evidence
    assert_eq!((bytes.u8(8), bytes.u8(9), bytes.u16(10)), (1, bump, 2));
    assert_eq!((bytes.u32(12), bytes.u16(16), bytes.u16(18), bytes.u32(20)), (2, 2, 0, 2));
    assert_eq!((bytes.address(24), bytes.address(56), bytes.address(88)), (scene.network, shard, oracle));
    // payer, evidence, reserved
    assert_eq!((bytes.address(120), bytes.array(152)), (scene.stage.payer.pubkey(), [0xe1; 32]));
    assert_eq!(bytes.array(184), [0; 16]);
    // entries: bandwidth, uptime
    assert_eq!((bytes.u32(200), bytes.u16(204)), (100, 7_000));
    assert_eq!((bytes.u32(206), bytes.u16(210)), (1_500, 6_000));
    assert_eq!(bytes.array(212), [0xff; 18]);
}

#[test]
fn every_field_of_a_directory_and_its_entries_lies_where_it_lay() {
    let (mut scene, _) = scene();
    let (device, payer) = (key("device 1").pubkey(), scene.stage.payer.pubkey());
    let first_byte = device.to_bytes()[0];
    let bytes = Bytes(scene.stage.data(&place::directory(&scene.network, &device)));
    let seeds: [&[u8]; 3] = [b"directory", scene.network.as_ref(), &[first_byte]];
    let (_, bump) = Address::find_program_address(&seeds, &stipend::ID);
    let (entry_rent, slot_rent) = (entry_rent(&mut scene), slot_rent(&mut scene));

    assert_eq!(bytes.0.len(), 96 + 80);
    assert_eq!(bytes.array(0), [145, 83, 165, 144, 183, 209, 7, 175]);
    // version, bump, first byte, reserved, network, payer, changes: one registration; reserved
    assert_eq!((bytes.u8(8), bytes.u8(9), bytes.u8(10), bytes.array(11)), (1, bump, first_byte, [0; 5]));
    assert_eq!((bytes.address(16), bytes.address(48)), (scene.network, payer));
    assert_eq!((bytes.u64(80), bytes.u64(88)), (1, 0));
    // The entry: device, payer, deposit, of it for the slot, shard, slot.
    assert_eq!((bytes.address(96), bytes.address(128)), (device, payer));
    assert_eq!((bytes.u64(160), bytes.u32(168)), (entry_rent + slot_rent + 7_000, slot_rent as u32));
    assert_eq!((bytes.u16(172), bytes.u16(174)), (0, 1));
}

#[test]
fn every_field_of_a_split_lies_where_it_lay() {
    let (mut scene, _, _) = crate::split::settled(&[(address("a"), 9_000), (address("b"), 1_000)]);
    let bytes = Bytes(scene.stage.data(&crate::split::split()));
    let creator = crate::split::creator().pubkey();
    let (_, bump) = Address::find_program_address(&[b"split", creator.as_ref(), &[7, 0]], &stipend::ID);

    assert_eq!(bytes.0.len(), 416);
    // version, bump, id, nodes, creator, payer, authority
    assert_eq!((bytes.u8(8), bytes.u8(9), bytes.u16(10), bytes.u32(12)), (1, bump, 7, 2));
    assert_eq!((bytes.address(16), bytes.address(48)), (creator, scene.stage.payer.pubkey()));
    assert_eq!(bytes.address(80), crate::split::authority().pubkey());
    // recipients: wallet, share
    assert_eq!((bytes.address(112), bytes.u16(144)), (address("a"), 9_000));
    assert_eq!((bytes.address(146), bytes.u16(178)), (address("b"), 1_000));
    assert_eq!(bytes.0[180..], [0; 236]);
}

#[test]
fn the_bytes_that_an_oracle_signs_are_these() {
    let batch = instruction::ReportBatch {
        domain: [1, 2, 3, 4, 5, 6, 7, 8],
        epoch: 0x0a0b_0c0d,
        total: 0x1112,
        first_slot: 0x2122,
        measurements: stipend_tests::scene::measurements(&[measured(10_000, 7), (None, None)]),
    };
    let report = Address::from([9; 32]);

    // The first 8 bytes of SHA-256 of `global:submit_report`, then each field, all numbers little-endian.
    let mut expected = vec![27, 178, 64, 9, 20, 46, 250, 14];
    expected.extend_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
    expected.extend_from_slice(&[9; 32]);
    expected.extend_from_slice(&[0x0d, 0x0c, 0x0b, 0x0a, 0x12, 0x11, 0x22, 0x21]);
    expected.extend_from_slice(&[12, 0, 0, 0]);
    expected.extend_from_slice(&[7, 0, 0, 0, 0x10, 0x27, 255, 255, 255, 255, 255, 255]);
    assert_eq!(batch.to_data(&report), expected);
}
