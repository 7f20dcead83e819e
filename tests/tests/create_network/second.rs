//! Another network of the same mint: opened by the first one's authority, with a part of what that one may still emit.

use super::TOKEN_ID;
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::NetworkCreated,
    instructions::NetworkParams,
    state::{EmissionParams, Network},
};
use stipend_client::{account, address as place, instruction};
use stipend_tests::{
    address, key,
    mint::{self, supply_atoms, TOKEN_2022_ID},
    params, read_only,
    scene::{end, Measured, GENESIS},
    swapped, Refusal, Scene,
};

const UP: [Measured; 1] = [(Some(10_000), Some(0))];

/// What creates network `id` for `cap_atoms`, which begins when the first does.
fn create(scene: &Scene, id: u16, cap_atoms: u64) -> Instruction {
    let (payer, authority) = (scene.stage.payer.pubkey(), scene.authority.pubkey());
    // Of a year: a test may be past the first one's genesis.
    let params = NetworkParams { id, cap_atoms, genesis: GENESIS + 31_000_000, ..params() };
    instruction::create_network(&payer, &authority, &scene.mint, &scene.token_program, params)
}

fn other(scene: &mut Scene, id: u16) -> Network {
    let address = place::network(&scene.mint, id);
    account::network(&scene.stage.data(&address)).unwrap()
}

#[test]
fn create_network_opens_another_one_for_a_part_of_the_firsts_cap() {
    let mut scene = Scene::new();
    let mut expected = scene.network();
    let create = create(&scene, 1, 300_000_000);

    let event: NetworkCreated = scene.govern(create).event();

    // 1,000,000,000 less what was handed over.
    (expected.emission.cap_atoms, expected.other_networks, expected.has_shared) = (700_000_000, 1, 1);
    assert_eq!(bytemuck::bytes_of(&scene.network()), bytemuck::bytes_of(&expected));
    let second = other(&mut scene, 1);
    assert_eq!((second.id, second.mint, second.authority), (1, scene.mint, scene.authority.pubkey()));
    assert_eq!((second.emission.cap_atoms, second.emission.scheduled_atoms), (300_000_000, 0));
    assert_eq!((second.other_networks, second.has_shared, second.payer), (0, 0, scene.stage.payer.pubkey()));
    let address = place::network(&scene.mint, 1);
    assert_eq!((event.network, event.id, event.cap_atoms), (address, 1, 300_000_000));
    // Both mint by one address, which has the mint since the first.
    let taken = scene.stage.account(&scene.mint.clone()).unwrap();
    assert_eq!(mint::authority(&taken), Some(place::mint_authority(&scene.mint)));
}

#[test]
fn create_network_takes_any_id_once() {
    let mut scene = Scene::new();
    for (count, id) in [(1, u16::MAX), (2, 1), (3, 7)] {
        let create = create(&scene, id, 1_000_000);
        scene.govern(create.clone());

        assert_eq!(scene.network().other_networks, count);
        // The system program's own: the account is in use.
        scene.stage.refuses(&[create], &[&scene.authority], Refusal::Program(0));
    }
    assert_eq!(scene.network().emission.cap_atoms, 997_000_000);
}

#[test]
fn create_network_hands_over_no_atom_that_the_first_has_scheduled_or_its_begun_epochs_may_emit() {
    let mut scene = Scene::with(3, |params| params.cap_atoms = 10_000_000);
    scene.warp_to(end(1));
    // Two empty epochs, whose emission is carried; epoch 2 is under way.
    scene.close();
    assert_eq!(scene.network().emission.scheduled_atoms, 2_000_000);
    let more = create(&scene, 1, 7_000_001);
    scene.stage.refuses(&[more], &[&scene.authority], StipendError::CapExceedsShare);

    let all = create(&scene, 1, 7_000_000);
    scene.govern(all);

    let emission = scene.network().emission;
    assert_eq!((emission.cap_atoms, emission.scheduled_atoms), (3_000_000, 2_000_000));
    let none = create(&scene, 2, 1_000_000);
    scene.stage.refuses(&[none], &[&scene.authority], StipendError::CapExceedsShare);
}

#[test]
fn create_network_between_scoring_and_closing_takes_nothing_of_the_scored_epoch() {
    let mut scene = Scene::with(3, |params| params.cap_atoms = 10_000_000);
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &UP);
    scene.score(&shard, 0);
    // Epoch 0 is scored and epoch 1 under way: both keep their 1,000,000.
    let more = create(&scene, 1, 8_000_001);
    scene.stage.refuses(&[more], &[&scene.authority], StipendError::CapExceedsShare);
    let most = create(&scene, 1, 8_000_000);
    scene.govern(most);

    scene.close();
    scene.settle(&shard);
    scene.run_epoch(&shard, 1, &UP);

    assert_eq!(scene.network().ring.map(|entry| entry.emission_atoms)[..2], [1_000_000, 1_000_001]);
    // One atom of each epoch is floored away, and carried.
    assert_eq!(scene.shard(&shard).1[0].accrued_atoms, 1_999_999);
    // Nothing is left for epoch 2, which had not begun, but what the floor left over.
    scene.run_epoch(&shard, 2, &UP);
    assert_eq!(scene.network().emission.scheduled_atoms, 2_000_000);
}

#[test]
fn create_network_leaves_begun_epochs_what_their_next_policy_emits() {
    let mut scene = Scene::with(3, |params| params.cap_atoms = 10_000_000);
    scene.warp_to(GENESIS);
    let more = EmissionParams { per_epoch_atoms: 3_000_000, ..params().emission };
    scene.update_policy(1, Some(more), |_| ());
    // It has not begun: epoch 0 keeps 1,000,000.
    let over = create(&scene, 1, 9_000_001);
    scene.stage.refuses(&[over], &[&scene.authority], StipendError::CapExceedsShare);
    // It has: epochs 0 and 1 may emit up to 3,000,000 each.
    scene.warp_to(end(0));
    let over = create(&scene, 1, 4_000_001);
    scene.stage.refuses(&[over], &[&scene.authority], StipendError::CapExceedsShare);

    let most = create(&scene, 1, 4_000_000);
    scene.govern(most);

    assert_eq!(scene.network().emission.cap_atoms, 6_000_000);
}

#[test]
fn create_network_leaves_the_first_an_epochs_emission_from_its_first_second_on() {
    for (now, kept_atoms) in [(GENESIS - 1, 0), (GENESIS, 1_000_000), (end(0) - 1, 1_000_000), (end(0), 2_000_000)] {
        let mut scene = Scene::with(0, |params| params.cap_atoms = 10_000_000);
        scene.warp_to(now);

        let over = create(&scene, 1, 10_000_001 - kept_atoms);
        scene.stage.refuses(&[over], &[&scene.authority], StipendError::CapExceedsShare);
        let most = create(&scene, 1, 10_000_000 - kept_atoms);
        scene.govern(most);

        assert_eq!(scene.network().emission.cap_atoms, kept_atoms);
    }
}

#[test]
fn create_network_leaves_begun_epochs_what_their_policy_emits_where_the_next_emits_less() {
    let less = EmissionParams { per_epoch_atoms: 1_000, ..params().emission };
    let mut scene = Scene::with(0, |params| params.cap_atoms = 10_000_000);
    scene.update_policy(1, Some(less), |_| ());
    scene.warp_to(end(0));

    // Epochs 0 and 1 keep what the greater of both emits.
    let over = create(&scene, 1, 8_000_001);
    scene.stage.refuses(&[over], &[&scene.authority], StipendError::CapExceedsShare);
    let most = create(&scene, 1, 8_000_000);
    scene.govern(most);
}

#[test]
fn create_network_waits_where_the_first_has_more_epochs_to_close_than_its_cap_lasts_for() {
    // A cap of 1,000,000,000 for 1,001 epochs of 1,000,000 that have begun.
    let mut scene = Scene::with(0, |_| ());
    scene.warp_to(end(999));
    let least = create(&scene, 1, 1_000_000);
    scene.stage.refuses(std::slice::from_ref(&least), &[&scene.authority], StipendError::CapExceedsShare);

    // Of 32 epochs the first two are carried and the others lapse: 998,000,000 are left for 969.
    scene.close();
    let over = create(&scene, 1, 29_000_001);
    scene.stage.refuses(&[over], &[&scene.authority], StipendError::CapExceedsShare);
    scene.govern(least);
}

#[test]
fn create_network_is_for_the_firsts_authority_alone_not_for_who_had_the_mint() {
    let mut scene = Scene::new();
    let (heir, former) = (key("heir"), scene.authority.insecure_clone());
    let create = create(&scene, 1, 1_000_000);
    let by_stranger = swapped(&create, 1, &key("stranger").pubkey());
    scene.stage.refuses(&[by_stranger], &[&key("stranger")], StipendError::AuthorityMismatch);
    let propose = instruction::propose_authority(&former.pubkey(), &scene.network, Some(&heir.pubkey()));
    let accept = instruction::accept_authority(&heir.pubkey(), &scene.network);
    scene.stage.accepts(&[propose, accept], &[&former, &heir]);

    scene.stage.refuses(std::slice::from_ref(&create), &[&former], StipendError::AuthorityMismatch);
    scene.stage.accepts(&[swapped(&create, 1, &heir.pubkey())], &[&heir]);

    assert_eq!(other(&mut scene, 1).authority, heir.pubkey());
}

#[test]
fn create_network_refuses_an_impostor_of_the_first_network() {
    let mut scene = Scene::new();
    let (twin, _) = scene.twin(&address("owner"));
    let shard = scene.open_shard();
    let second = create(&scene, 1, 1_000_000);
    scene.govern(second);
    let foreign = address("foreign");
    scene.stage.copy(&scene.network.clone(), &foreign, &TOKEN_ID);
    let create = create(&scene, 2, 1_000_000);

    let cases: [(Address, Refusal); 7] = [
        // Another mint's first, and this mint's second.
        (twin, StipendError::FirstNetworkMismatch.into()),
        (place::network(&scene.mint, 1), StipendError::FirstNetworkMismatch.into()),
        (stipend::ID, StipendError::NetworkIdNotFirst.into()),
        (foreign, ErrorCode::AccountOwnedByWrongProgram.into()),
        (place::network(&scene.mint, 9), ErrorCode::AccountOwnedByWrongProgram.into()),
        (shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        // The one that is to be made.
        (place::network(&scene.mint, 2), ErrorCode::AccountOwnedByWrongProgram.into()),
    ];
    for (impostor, refusal) in cases {
        println!("{impostor}");
        scene.stage.refuses(&[swapped(&create, 4, &impostor)], &[&scene.authority], refusal);
    }
    scene.stage.refuses(&[read_only(&create, 4)], &[&scene.authority], ErrorCode::ConstraintMut);
    let of_other_program = swapped(&create, 6, &TOKEN_2022_ID);
    scene.stage.refuses(&[of_other_program], &[&scene.authority], ErrorCode::ConstraintMintTokenProgram);
}

#[test]
fn create_network_holds_another_one_to_the_same_bounds() {
    let mut scene = Scene::new();
    // Of an emission of 1,000,000 an epoch.
    let low = create(&scene, 1, 999_999);
    scene.stage.refuses(&[low], &[&scene.authority], StipendError::CapBelowEmission);

    let (payer, authority) = (scene.stage.payer.pubkey(), scene.authority.pubkey());
    let unnamed = NetworkParams { id: 1, unit: [0; 16], ..params() };
    let create = instruction::create_network(&payer, &authority, &scene.mint, &scene.token_program, unnamed);
    scene.stage.refuses(&[create], &[&scene.authority], StipendError::UnitInvalid);
}

#[test]
fn create_network_lets_all_networks_of_a_mint_together_emit_no_more_than_the_first_was_made_for() {
    let mut scene = Scene::with(0, |params| params.cap_atoms = 5_000_000);
    let (payer, authority) = (scene.stage.payer.pubkey(), scene.authority.pubkey());
    let hours = NetworkParams { id: 1, unit: *b"GPU h\0\0\0\0\0\0\0\0\0\0\0", cap_atoms: 2_000_000, ..params() };
    let create = instruction::create_network(&payer, &authority, &scene.mint, &scene.token_program, hours);
    scene.govern(create);
    let networks = [scene.network, place::network(&scene.mint, 1)];
    let owner = key("owner").pubkey();
    let token = scene.open_token(&owner);

    // The same oracles and a device of its own measure the other service.
    let shards = networks.map(|network| {
        (scene.network, scene.shards, scene.oracles) = (network, Vec::new(), Vec::new());
        for name in ["oracle 0", "oracle 1"] {
            scene.add_oracle(key(name));
        }
        let shard = scene.open_shard();
        scene.register(&shard, &owner);
        shard
    });
    // More epochs than either cap lasts for; those behind it emit nothing but what was left over.
    for epoch in 0..7 {
        scene.warp_to(end(epoch));
        for (network, shard) in networks.iter().zip(&shards) {
            scene.network = *network;
            scene.run_epoch(shard, epoch, &UP);
        }
    }
    let scheduled = [0, 1].map(|place| {
        scene.network = networks[place];
        scene.claim(&shards[place], &owner, &[0]);
        scene.network().emission.scheduled_atoms
    });

    assert_eq!(scheduled, [3_000_000, 2_000_000]);
    let mint = scene.mint;
    let supply = supply_atoms(&scene.stage.account(&mint).unwrap());
    assert_eq!(scene.atoms(&token), supply);
    // All of it but the one atom of each network that no floor gives away.
    assert!((4_999_998..=5_000_000).contains(&supply), "{supply}");
}
