//! The bytes of every account, field by field: what an outsider reads and an upgrade must not move.
//!
//! Offsets and discriminators (the first 8 bytes of SHA-256 of `account:Network` and so on) are written by hand.

use solana_address::Address;
use solana_signer::Signer;
use stipend_client::address as place;
use stipend_tests::{
    key, measured,
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

/// A network with every field set: epoch 0 settled and partly claimed, epoch 1 empty, epoch 2 scored and open.
fn scene() -> (Scene, Address) {
    let mut scene = Scene::with(2, |params| {
        (params.decay_bps, params.decay_every_epochs, params.carry_epochs) = (2_500, 2, 6);
        (params.registrar, params.shard_capacity) = (Some(key("registrar").pubkey()), 5);
    });
    let shard = scene.open_shard();
    for (device, owner) in ["owner a", "owner b"].into_iter().enumerate() {
        let device = key(&format!("device {device}"));
        let registrar = key("registrar");
        let register = stipend_client::instruction::register_node(
            &scene.stage.payer.pubkey(),
            &device.pubkey(),
            Some(&registrar.pubkey()),
            &scene.network,
            &shard,
            &key(owner).pubkey(),
        );
        scene.stage.accepts(&[register], &[&device, &registrar]);
    }
    scene.run_epoch(&shard, 0, &[measured(9_000, 500), measured(8_000, 300)]);
    scene.open_token(&key("owner a").pubkey());
    let claim = scene.claim_instruction(&shard, &key("owner a").pubkey(), &[0]);
    scene.stage.accepts(&[claim], &[]);
    scene.warp_to(end(1));
    scene.report_all(&shard, 1, &[]);
    scene.score(&shard, 1);
    scene.close();
    scene.warp_to(end(2));
    scene.add_oracle(key("oracle 2"));
    for oracle in 0..2 {
        scene.report(oracle, &shard, 2, &[measured(7_000, 100), measured(6_000, 1_500)]);
    }
    let two = &scene.oracle_keys()[..2];
    let score = stipend_client::instruction::score_shard(&scene.network, &shard, two, 2);
    scene.stage.accepts(&[score], &[]);
    (scene, shard)
}

#[test]
fn every_field_of_a_network_lies_where_it_lay() {
    let (mut scene, _) = scene();
    let address = scene.network;
    let bytes = Bytes(scene.stage.data(&address));
    let (_, bump) = Address::find_program_address(&[b"network", scene.mint.as_ref(), &[0, 0]], &stipend::ID);
    let (_, minter_bump) = Address::find_program_address(&[b"mint_authority", scene.mint.as_ref()], &stipend::ID);

    assert_eq!(bytes.0.len(), 2_472);
    assert_eq!(bytes.array(0), [51, 5, 209, 183, 60, 99, 156, 251]);
    assert_eq!((bytes.u8(8), bytes.u8(9), bytes.u8(10), bytes.u8(11)), (1, bump, minter_bump, 2));
    // id, shard capacity
    assert_eq!((bytes.u16(12), bytes.u16(14)), (0, 5));
    // authority, registrar, mint, token program
    assert_eq!((bytes.address(16), bytes.address(48)), (scene.authority.pubkey(), key("registrar").pubkey()));
    assert_eq!((bytes.address(80), bytes.address(112)), (scene.mint, spl_token_interface::ID));
    // domain: slot and time of the creation
    assert_eq!((bytes.u32(144), bytes.u32(148)), (1, START as u32));
    // genesis, length and windows of an epoch
    assert_eq!((bytes.u64(152), bytes.u32(160)), (GENESIS as u64, 100));
    assert_eq!((bytes.u32(164), bytes.u32(168)), (40, 300));
    // policy: bandwidth cap, uptime weight, minimum uptime
    assert_eq!((bytes.u32(172), bytes.u16(176), bytes.u16(178)), (1_000, 6_000, 5_000));
    // open epoch, shards, scored ones, unsettled ones, reserved
    assert_eq!((bytes.u32(180), bytes.u32(184), bytes.u32(188), bytes.u32(192)), (2, 1, 1, 1));
    assert_eq!(bytes.u32(196), 0);
    // bond, slots, total score: 7,000 · 6,400 + 6,000 · 10,000
    assert_eq!((bytes.u64(200), bytes.u64(208), bytes.u64(216)), (7_000, 2, 104_800_000));
    // emission: first, present (a quarter less since epoch 2), cap, scheduled, carried, accrued, minted
    assert_eq!((bytes.u64(224), bytes.u64(232), bytes.u64(240)), (1_000_000, 750_000, 1_000_000_000));
    // 9,000 · 8,000 and 8,000 · 7,200 of 129,600,000: 555,555.5 and 444,444.4 of 1,000,000
    assert_eq!((bytes.u64(248), bytes.u64(256), bytes.u64(264)), (2_000_000, 1_000_001, 999_999));
    assert_eq!(bytes.u64(272), 555_555);
    // decay: every so many epochs, size; carry; empty epochs so far; reserved
    assert_eq!((bytes.u32(280), bytes.u16(284), bytes.u16(286)), (2, 2_500, 6));
    assert_eq!((bytes.u32(288), bytes.u32(292)), (1, 0));
    // sixteen oracles of 40 bytes: key, first epoch, first epoch after
    for (place, active_from) in [(0, 0), (1, 0), (2, 4)] {
        let at = 296 + 40 * place;
        assert_eq!(bytes.address(at), key(&format!("oracle {place}")).pubkey());
        assert_eq!((bytes.u32(at + 32), bytes.u32(at + 36)), (active_from, u32::MAX));
    }
    assert_eq!(bytes.0[416..936], [0; 520]);
    // 32 closed epochs of 48 bytes: epoch, unsettled shards, emission, total score, paid, rate
    assert_eq!((bytes.u32(936), bytes.u32(940), bytes.u64(944)), (0, 0, 1_000_000));
    assert_eq!((bytes.u64(952), bytes.u64(960)), (129_600_000, 999_999));
    // 1,000,000 · 2^64 / 129,600,000, floored
    assert_eq!((bytes.u64(968), bytes.u64(976)), (0, 142_335_988_223_067_527));
    assert_eq!((bytes.u32(984), bytes.u64(992), bytes.u64(1_000)), (1, 0, 0));
    for place in 2..32 {
        assert_eq!(bytes.u32(936 + 48 * place), u32::MAX);
        assert_eq!(bytes.0[936 + 48 * place + 4..936 + 48 * (place + 1)], [0; 44]);
    }
}

#[test]
fn every_field_of_a_shard_and_its_slots_lies_where_it_lay() {
    let (mut scene, shard) = scene();
    let bytes = Bytes(scene.stage.data(&shard));
    let (_, bump) = Address::find_program_address(&[b"shard", scene.network.as_ref(), &[0; 4]], &stipend::ID);

    assert_eq!(bytes.0.len(), 104 + 2 * 64);
    assert_eq!(bytes.array(0), [141, 83, 41, 244, 139, 88, 245, 70]);
    assert_eq!((bytes.u8(8), bytes.u8(9), bytes.u16(10), bytes.u32(12)), (1, bump, 5, 0));
    assert_eq!((bytes.address(16), bytes.address(48)), (scene.network, scene.stage.payer.pubkey()));
    // total score, next epoch, scored epoch, unsettled, reserved
    assert_eq!((bytes.u64(80), bytes.u32(88), bytes.u32(92), bytes.u8(96)), (104_800_000, 3, 2, 1));
    assert_eq!(bytes.array(97), [0; 7]);
    // slots: owner, accrued, score, since, bandwidth, uptime, boost, state, reason, reserved
    let expected = [("owner a", 0, 44_800_000, 100, 7_000, 1), ("owner b", 444_444, 60_000_000, 1_500, 6_000, 2)];
    for (place, (owner, accrued_atoms, score, bandwidth, uptime_bps, reason)) in expected.into_iter().enumerate() {
        let at = 104 + 64 * place;
        assert_eq!((bytes.address(at), bytes.u64(at + 32)), (key(owner).pubkey(), accrued_atoms));
        assert_eq!((bytes.u32(at + 40), bytes.u32(at + 44), bytes.u32(at + 48)), (score, 0, bandwidth));
        assert_eq!((bytes.u16(at + 52), bytes.u16(at + 54)), (uptime_bps, 10_000));
        assert_eq!((bytes.u8(at + 56), bytes.u8(at + 57), bytes.array(at + 58)), (1, reason, [0; 6]));
    }
}

#[test]
fn every_field_of_a_report_and_its_entries_lies_where_it_lay() {
    let (mut scene, shard) = scene();
    let oracle = scene.oracle_keys()[1];
    let bytes = Bytes(scene.stage.data(&place::report(&shard, &oracle)));
    let (_, bump) = Address::find_program_address(&[b"report", shard.as_ref(), oracle.as_ref()], &stipend::ID);

    assert_eq!(bytes.0.len(), 120 + 5 * 6);
    assert_eq!(bytes.array(0), [232, 246, 229, 227, 242, 105, 190, 2]);
    // version, bump, total, epoch, received, reserved
    assert_eq!((bytes.u8(8), bytes.u8(9), bytes.u16(10)), (1, bump, 2));
    assert_eq!((bytes.u32(12), bytes.u16(16), bytes.array(18)), (2, 2, [0; 6]));
    assert_eq!((bytes.address(24), bytes.address(56)), (shard, oracle));
    assert_eq!(bytes.address(88), scene.stage.payer.pubkey());
    // entries: bandwidth, uptime
    assert_eq!((bytes.u32(120), bytes.u16(124)), (100, 7_000));
    assert_eq!((bytes.u32(126), bytes.u16(130)), (1_500, 6_000));
    assert_eq!(bytes.array(132), [0xff; 18]);
}

#[test]
fn every_field_of_a_node_lies_where_it_lay() {
    let (mut scene, shard) = scene();
    scene.warp_to(end(3));
    let (device, registrar) = (key("late device"), key("registrar"));
    let register = stipend_client::instruction::register_node(
        &scene.stage.payer.pubkey(),
        &device.pubkey(),
        Some(&registrar.pubkey()),
        &scene.network,
        &shard,
        &key("owner").pubkey(),
    );
    scene.stage.accepts(&[register], &[&device, &registrar]);
    let bytes = Bytes(scene.stage.data(&place::node(&scene.network, &device.pubkey())));
    let seeds: [&[u8]; 3] = [b"node", scene.network.as_ref(), &device.pubkey().to_bytes()];
    let (_, bump) = Address::find_program_address(&seeds, &stipend::ID);

    assert_eq!(bytes.0.len(), 152);
    assert_eq!(bytes.array(0), [208, 53, 1, 3, 49, 122, 180, 49]);
    assert_eq!((bytes.u8(8), bytes.u8(9)), (1, bump));
    assert_eq!((bytes.address(10), bytes.address(42)), (scene.network, device.pubkey()));
    // shard, slot, since, bond, payer
    assert_eq!((bytes.address(74), bytes.u16(106), bytes.u32(108)), (shard, 2, 5));
    assert_eq!((bytes.u64(112), bytes.address(120)), (7_000, scene.stage.payer.pubkey()));
}

#[test]
fn the_bytes_that_an_oracle_signs_are_these() {
    let batch = stipend_client::instruction::ReportBatch {
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
