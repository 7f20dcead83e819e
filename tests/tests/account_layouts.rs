//! The bytes of every account, field by field: what an outsider reads and an upgrade must not move.
//!
//! Offsets and discriminators (the first 8 bytes of SHA-256 of `account:Network` and so on) are written by hand.

use solana_address::Address;
use solana_signer::Signer;
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
    });
    share(&mut scene);
    let shard = scene.open_shard();
    for (device, owner) in ["owner a", "owner b"].into_iter().enumerate() {
        register(&mut scene, &shard, &format!("device {device}"), owner);
    }
    scene.run_epoch(&shard, 0, &[measured(9_000, 500), measured(8_000, 300)]);
    scene.open_token(&key("owner a").pubkey());
    scene.claim(&shard, &key("owner a").pubkey(), &[0]);
    scene.warp_to(end(1));
    scene.report_all(&shard, 1, &[]);
    scene.score(&shard, 1);
    scene.close();
    scene.warp_to(end(2));
    scene.pause();
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
    let (_, minter_bump) = Address::find_program_address(&[b"mint_authority", scene.mint.as_ref()], &stipend::ID);

    assert_eq!(bytes.0.len(), 4_400);
    assert_eq!(bytes.array(0), [51, 5, 209, 183, 60, 99, 156, 251]);
    // version, bumps, paused, id, shard capacity
    assert_eq!((bytes.u8(8), bytes.u8(9), bytes.u8(10), bytes.u8(11)), (1, bump, minter_bump, 0));
    assert_eq!((bytes.u16(12), bytes.u16(14)), (0, 5));
    // authority, pending authority, guardian, mint, token program, payer
    assert_eq!((bytes.address(16), bytes.address(48)), (scene.authority.pubkey(), address("heir")));
    assert_eq!((bytes.address(80), bytes.address(112)), (key("guardian").pubkey(), scene.mint));
    assert_eq!((bytes.address(144), bytes.address(176)), (spl_token_interface::ID, payer));
    // domain: slot and time of the creation; unit
    assert_eq!((bytes.u32(208), bytes.u32(212)), (1, START as u32));
    assert_eq!(bytes.array(216), *b"Mbit/s\0\0\0\0\0\0\0\0\0\0");
    // genesis, last resumption, length of an epoch
    assert_eq!((bytes.u64(232), bytes.u64(240), bytes.u32(248)), (GENESIS as u64, end(2) as u64, 100));
    // open epoch, shards, scored ones, unsettled ones
    assert_eq!((bytes.u32(252), bytes.u32(256), bytes.u32(260), bytes.u32(264)), (2, 1, 1, 1));
    // other networks, whether there ever was one, reserved
    assert_eq!((bytes.u16(268), bytes.u8(270), bytes.u8(271)), (1, 1, 0));
    // slots with a tenant, total score: 7,000 · 6,400 + 6,000 · 10,000
    assert_eq!((bytes.u64(272), bytes.u64(280)), (2, 104_800_000));
    // emission: present (a quarter less since epoch 2), cap, scheduled, carried, accrued, minted
    assert_eq!((bytes.u64(496), bytes.u64(504), bytes.u64(512)), (750_000, 999_000_000, 2_000_000));
    // 9,000 · 8,000 and 8,000 · 7,200 of 129,600,000: 555,555.5 and 444,444.4 of 1,000,000
    assert_eq!((bytes.u64(520), bytes.u64(528), bytes.u64(536)), (1_000_001, 999_999, 555_555));
    // minted while epoch 1 was under way, that epoch, empty epochs so far
    assert_eq!((bytes.u64(544), bytes.u32(552), bytes.u32(556)), (555_555, 1, 1));
}

#[test]
fn every_field_of_a_networks_policies_lies_where_it_lay() {
    let (mut scene, _) = scene();
    let network = scene.network;
    let bytes = Bytes(scene.stage.data(&network));

    // Two policies of 104 bytes: first epoch, quorum, emission and its first epoch, decay, carry, registrar.
    let registrar = key("registrar").pubkey();
    let policies =
        [(288, 0, 2, 1_000_000, 0, (2_500, 2), 6, registrar), (392, 9, 3, 900_000, 9, (100, 7), 3, Address::default())];
    for (at, from_epoch, quorum, atoms, emission_from, (decay_bps, every), carry_epochs, registrar) in policies {
        assert_eq!((bytes.u32(at), bytes.u32(at + 4)), (from_epoch, emission_from));
        // windows, bandwidth cap, decay's epochs
        assert_eq!((bytes.u32(at + 8), bytes.u32(at + 12)), (40, 300));
        assert_eq!((bytes.u32(at + 16), bytes.u32(at + 20)), (1_000, every));
        // uptime weight, minimum uptime, boost bounds
        assert_eq!((bytes.u16(at + 24), bytes.u16(at + 26)), (6_000, 5_000));
        assert_eq!((bytes.u16(at + 28), bytes.u16(at + 30)), (1_000, 40_000));
        // tolerance, decay, carry, quorum, reserved
        assert_eq!((bytes.u16(at + 32), bytes.u16(at + 34), bytes.u16(at + 36)), (500, decay_bps, carry_epochs));
        assert_eq!((bytes.u8(at + 38), bytes.u8(at + 39)), (quorum, 0));
        // emission, mint limit, bonds of nodes and oracles
        assert_eq!((bytes.u64(at + 40), bytes.u64(at + 48)), (atoms, 2_000_000));
        assert_eq!((bytes.u64(at + 56), bytes.u64(at + 64)), (7_000, 9_000));
        assert_eq!(bytes.address(at + 72), registrar);
    }
}

#[test]
fn every_field_of_a_networks_oracles_and_ring_lies_where_it_lay() {
    let (mut scene, _) = scene();
    let network = scene.network;
    let payer = scene.stage.payer.pubkey();
    let bytes = Bytes(scene.stage.data(&network));

    // Sixteen oracles of 112 bytes: key, first epoch, first epoch after, reports made and missed, values judged and
    // outside, bond, payer, suspended, reserved.
    for (place, active_from, active_until, made, judged) in
        [(0, 0, u32::MAX, 3, 4), (1, 0, 4, 3, 4), (2, 4, u32::MAX, 0, 0)]
    {
        let at = 560 + 112 * place;
        assert_eq!(bytes.address(at), key(&format!("oracle {place}")).pubkey());
        assert_eq!((bytes.u32(at + 32), bytes.u32(at + 36)), (active_from, active_until));
        assert_eq!((bytes.u32(at + 40), bytes.u32(at + 44)), (made, 0));
        assert_eq!((bytes.u64(at + 48), bytes.u64(at + 56)), (judged, 0));
        assert_eq!((bytes.u64(at + 64), bytes.address(at + 72)), (9_000, payer));
        assert_eq!(bytes.array(at + 104), [0; 8]);
    }
    assert_eq!(bytes.0[896..2_352], [0; 1_456]);
    // 32 closed epochs of 64 bytes: epoch, unsettled shards, emission, total score, paid
    assert_eq!((bytes.u32(2_352), bytes.u32(2_356), bytes.u64(2_360)), (0, 0, 1_000_000));
    assert_eq!((bytes.u64(2_368), bytes.u64(2_376)), (129_600_000, 999_999));
    // The rate: 1,000,000 · 2^64 / 129,600,000, floored.
    assert_eq!((bytes.u64(2_384), bytes.u64(2_392)), (0, 142_335_988_223_067_527));
    // The policy: its first epoch, bandwidth cap, uptime weight, minimum uptime, quorum, reserved.
    for place in [0, 1] {
        let at = 2_352 + 64 * place;
        assert_eq!((bytes.u32(at + 48), bytes.u32(at + 52)), (0, 1_000));
        assert_eq!((bytes.u16(at + 56), bytes.u16(at + 58), bytes.u8(at + 60)), (6_000, 5_000, 2));
        assert_eq!(bytes.array(at + 61), [0; 3]);
    }
    assert_eq!((bytes.u32(2_416), bytes.u64(2_424), bytes.u64(2_432)), (1, 0, 0));
    for place in 2..32 {
        assert_eq!(bytes.u32(2_352 + 64 * place), u32::MAX);
        assert_eq!(bytes.0[2_352 + 64 * place + 4..2_352 + 64 * (place + 1)], [0; 60]);
    }
}

#[test]
fn every_field_of_a_shard_and_its_slots_lies_where_it_lay() {
    let (mut scene, shard) = scene();
    let bytes = Bytes(scene.stage.data(&shard));
    let payer = scene.stage.payer.pubkey();
    let (_, bump) = Address::find_program_address(&[b"shard", scene.network.as_ref(), &[0; 4]], &stipend::ID);

    assert_eq!(bytes.0.len(), 104 + 3 * 64);
    assert_eq!(bytes.array(0), [141, 83, 41, 244, 139, 88, 245, 70]);
    assert_eq!((bytes.u8(8), bytes.u8(9), bytes.u16(10), bytes.u32(12)), (1, bump, 5, 0));
    assert_eq!((bytes.address(16), bytes.address(48)), (scene.network, payer));
    // total score, next epoch, scored epoch, unsettled, open reports, vacant slots, next judged epoch
    assert_eq!((bytes.u64(80), bytes.u32(88), bytes.u32(92), bytes.u8(96)), (104_800_000, 3, 2, 1));
    assert_eq!((bytes.u8(97), bytes.u16(98), bytes.u32(100)), (2, 1, 3));
    // slots: owner, accrued, score, since, bandwidth, uptime, boost, state, reason, next boost, epoch of the change
    let (a, b) = (key("owner a").pubkey(), key("owner b").pubkey());
    let expected = [
        (a, 0, 44_800_000, 100, 7_000, 10_000, (1, 1, 10_000, u32::MAX)),
        // From epoch 4 on, the next that has not begun.
        (b, 444_444, 60_000_000, 1_500, 6_000, 10_000, (2, 2, 12_000, 4)),
        // Vacant, since epoch 3.
        (payer, 0, 0, u32::MAX, u16::MAX, 0, (0, 0, 0, 3)),
    ];
    for (place, (owner, accrued_atoms, score, bandwidth, uptime_bps, boost_bps, change)) in
        expected.into_iter().enumerate()
    {
        let at = 104 + 64 * place;
        assert_eq!((bytes.address(at), bytes.u64(at + 32)), (owner, accrued_atoms));
        assert_eq!((bytes.u32(at + 40), bytes.u32(at + 44), bytes.u32(at + 48)), (score, 0, bandwidth));
        assert_eq!((bytes.u16(at + 52), bytes.u16(at + 54)), (uptime_bps, boost_bps));
        assert_eq!((bytes.u8(at + 56), bytes.u8(at + 57), bytes.u16(at + 58), bytes.u32(at + 60)), change);
    }
}

#[test]
fn every_field_of_a_report_and_its_entries_lies_where_it_lay() {
    let (mut scene, shard) = scene();
    let oracle = scene.oracle_keys()[1];
    let domain = scene.network().domain;
    let commit = instruction::commit_evidence(&oracle, &scene.network, &shard, domain, 3, [0xe1; 32]);
    scene.warp_to(end(3));
    scene.stage.accepts(&[commit], &[&scene.oracles[1]]);
    let bytes = Bytes(scene.stage.data(&place::report(&shard, &oracle)));
    let (_, bump) = Address::find_program_address(&[b"report", shard.as_ref(), oracle.as_ref()], &stipend::ID);

    assert_eq!(bytes.0.len(), 152 + 5 * 6);
    assert_eq!(bytes.array(0), [232, 246, 229, 227, 242, 105, 190, 2]);
    // version, bump, total, epoch, received, reserved, epoch of the evidence
    assert_eq!((bytes.u8(8), bytes.u8(9), bytes.u16(10)), (1, bump, 2));
    assert_eq!((bytes.u32(12), bytes.u16(16), bytes.u16(18), bytes.u32(20)), (2, 2, 0, 3));
    assert_eq!((bytes.address(24), bytes.address(56)), (shard, oracle));
    // payer, evidence
    assert_eq!((bytes.address(88), bytes.array(120)), (scene.stage.payer.pubkey(), [0xe1; 32]));
    // entries: bandwidth, uptime
    assert_eq!((bytes.u32(152), bytes.u16(156)), (100, 7_000));
    assert_eq!((bytes.u32(158), bytes.u16(162)), (1_500, 6_000));
    assert_eq!(bytes.array(164), [0xff; 18]);
}

#[test]
fn every_field_of_a_node_lies_where_it_lay() {
    let (mut scene, shard) = scene();
    scene.warp_to(end(3));
    register(&mut scene, &shard, "late device", "owner");
    let (device, registrar) = (key("late device").pubkey(), key("registrar"));
    let reason = *b"does not answer\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    scene.warp_to(end(5));
    let evict = instruction::retire_node(&registrar.pubkey(), &scene.network, &shard, &device, reason);
    scene.stage.accepts(&[evict], &[&registrar]);
    let bytes = Bytes(scene.stage.data(&place::node(&scene.network, &device)));
    let (_, bump) = Address::find_program_address(&[b"node", scene.network.as_ref(), device.as_ref()], &stipend::ID);

    assert_eq!(bytes.0.len(), 192);
    assert_eq!(bytes.array(0), [208, 53, 1, 3, 49, 122, 180, 49]);
    // version, bump, slot, since, until, retired by the registrar, reserved, bond
    assert_eq!((bytes.u8(8), bytes.u8(9), bytes.u16(10), bytes.u32(12)), (1, bump, 3, 5));
    assert_eq!((bytes.u32(16), bytes.u8(20), bytes.array(21), bytes.u64(24)), (6, 2, [0; 3], 7_000));
    assert_eq!((bytes.address(32), bytes.address(64)), (scene.network, device));
    // shard, payer, reason
    assert_eq!((bytes.address(96), bytes.address(128)), (shard, scene.stage.payer.pubkey()));
    assert_eq!(bytes.array(160), reason);
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
