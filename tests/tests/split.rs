//! What the tests of splits begin with.

use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::state::Split;
use stipend_client::{account, address as place, instruction, instruction::Share};
use stipend_tests::{address, key, measured, Scene};

/// Whose split it is.
pub fn creator() -> Keypair {
    key("creator")
}

/// Who may change it.
pub fn authority() -> Keypair {
    key("split authority")
}

/// The split 7 of [`creator`].
pub fn split() -> Address {
    place::split(&creator().pubkey(), 7)
}

/// Shares of so many wallets: the first gets what the others, of 100 bps each, leave.
pub fn shares(count: u16) -> Vec<Share> {
    let rest = (1..count).map(|number| (address(&format!("recipient {number}")), 100));
    [(address("recipient 0"), 10_000 - 100 * (count - 1))].into_iter().chain(rest).collect()
}

/// Creates [`split`].
pub fn create(scene: &mut Scene, shares: &[Share]) {
    let create = instruction::create_split(
        &scene.stage.payer.pubkey(),
        &creator().pubkey(),
        7,
        Some(authority().pubkey()),
        shares,
    );
    scene.stage.accepts(&[create], &[&creator()]);
}

/// What its account says.
pub fn read(scene: &mut Scene) -> Split {
    account::split(&scene.stage.data(&split())).expect("a split")
}

/// Three oracles, and a shard with two nodes of the split and one of `owner`, settled for epoch 0: 333,333 atoms each.
pub fn settled(shares: &[Share]) -> (Scene, Address, Vec<Address>) {
    let mut scene = Scene::new();
    create(&mut scene, shares);
    let shard = scene.open_shard();
    let owners = [split(), split(), key("owner").pubkey()];
    let devices = owners.map(|owner| scene.register(&shard, &owner)).to_vec();
    scene.run_epoch(&shard, 0, &[measured(10_000, 0); 3]);
    (scene, shard, devices)
}
