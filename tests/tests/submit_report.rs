//! `submit_report`: who signs, when, for what, and what the report then holds.

mod accounts;
mod batches;
mod ed25519;
mod relay;
mod windows;

use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend_client::instruction::{self, ReportBatch};
use stipend_tests::{
    address,
    scene::{end, measurements, Measured},
    Scene,
};

/// Three oracles and a shard of capacity 4 with three nodes, at the end of epoch 0.
fn scene() -> (Scene, Address) {
    let (mut scene, shard) = early_scene();
    scene.warp_to(end(0));
    (scene, shard)
}

/// The same before the genesis.
fn early_scene() -> (Scene, Address) {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    for _ in 0..3 {
        scene.register(&shard, &address("owner"));
    }
    (scene, shard)
}

/// An oracle, a network of quorum 1 and a shard of `slots` nodes, at the end of epoch 0.
fn wide(slots: u16) -> (Scene, Address) {
    let mut scene = Scene::with(1, |params| (params.policy.quorum, params.shard_capacity) = (1, slots));
    let shard = scene.open_shard();
    for _ in 0..slots {
        scene.register(&shard, &address("owner"));
    }
    scene.warp_to(end(0));
    (scene, shard)
}

/// What oracle 0 signs in the transaction itself.
fn submit(scene: &Scene, shard: &Address, batch: &ReportBatch) -> Instruction {
    instruction::submit_report(&scene.oracles[0].pubkey(), &scene.network, shard, batch)
}

/// A batch of a report of `total` slots for epoch 0, from `first_slot` on.
fn part(scene: &mut Scene, total: u16, first_slot: u16, values: &[Measured]) -> ReportBatch {
    let domain = scene.network().domain;
    ReportBatch { domain, epoch: 0, total, first_slot, measurements: measurements(values) }
}

/// A key's signature of some bytes.
fn sign(key: &Keypair, data: &[u8]) -> [u8; 64] {
    key.sign_message(data).into()
}

/// The pair of instructions that relays a batch of oracle 0, the second at `index`.
fn relay(scene: &Scene, shard: &Address, batch: &ReportBatch, index: u16) -> [Instruction; 2] {
    scene.relay_instructions(&scene.oracles[0], shard, batch, index)
}
