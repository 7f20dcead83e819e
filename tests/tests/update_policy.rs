//! `update_policy`: what it writes, from which epoch on, and what it refuses.

mod bounds;
mod emission;
mod epochs;

use crate::govern::refuses_impostors;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::PolicyUpdated,
    state::{EmissionParams, Policy, PolicyParams, UptimeMode},
};
use stipend_client::instruction;
use stipend_tests::{
    address, key, params,
    scene::{end, GENESIS},
    swapped, Scene,
};

fn other_params() -> PolicyParams {
    PolicyParams {
        report_secs: 50,
        score_secs: 250,
        uptime_weight_bps: 1,
        min_uptime_bps: 2,
        bandwidth_cap: 3,
        min_boost_bps: 4,
        max_boost_bps: 10_005,
        tolerance_bps: 6,
        quorum: 7,
        registrar: Some(address("new registrar")),
        bond_lamports: 8,
        oracle_bond_lamports: 9,
        mint_limit_atoms: 2_000_000,
        uptime_mode: UptimeMode::Gate,
        max_reward_atoms: 10,
        dispute_secs: 11,
        arbiter: Some(address("new arbiter")),
    }
}

#[test]
fn update_policy_writes_the_next_policy_and_leaves_the_one_in_force() {
    let mut scene = Scene::new();
    scene.warp_to(GENESIS);
    let emission = EmissionParams { per_epoch_atoms: 11, decay_bps: 12, decay_every_epochs: 13, carry_epochs: 14 };
    let mut expected = scene.network();

    let authority = scene.authority.pubkey();
    let update = instruction::update_policy(&authority, &scene.network, 15, other_params(), Some(emission));
    let event: PolicyUpdated = scene.govern(update).event();

    expected.next_policy = Policy {
        from_epoch: 15,
        emission_from_epoch: 15,
        report_secs: 50,
        score_secs: 250,
        bandwidth_cap: 3,
        decay_every_epochs: 13,
        uptime_weight_bps: 1,
        min_uptime_bps: 2,
        min_boost_bps: 4,
        max_boost_bps: 10_005,
        tolerance_bps: 6,
        decay_bps: 12,
        carry_epochs: 14,
        quorum: 7,
        uptime_mode: 1,
        per_epoch_atoms: 11,
        mint_limit_atoms: 2_000_000,
        bond_lamports: 8,
        oracle_bond_lamports: 9,
        registrar: address("new registrar"),
        arbiter: address("new arbiter"),
        max_reward_atoms: 10,
        dispute_secs: 11,
        reserved: [0; 4],
        reserved_words: [0; 2],
    };
    assert_eq!(bytemuck::bytes_of(&scene.network()), bytemuck::bytes_of(&expected));
    assert_eq!((event.network, event.from_epoch), (scene.network, 15));
    assert_eq!((event.old_policy, event.old_emission), (params().policy, params().emission));
    assert_eq!((event.new_policy, event.new_emission), (other_params(), emission));
}

#[test]
fn update_policy_is_never_for_an_epoch_that_has_begun() {
    // The second of the call and the first epoch that may be named, around each edge.
    let cases = [(GENESIS - 1_000, 0), (GENESIS - 1, 0), (GENESIS, 1), (GENESIS + 99, 1), (GENESIS + 100, 2)];
    for (now, first) in cases {
        let mut scene = Scene::new();
        scene.warp_to(now);
        for begun in 0..first {
            let late = scene.policy_instruction(begun, None, |policy| policy.min_uptime_bps = 1);
            scene.stage.refuses(&[late], &[&scene.authority], StipendError::PolicyEpochBegun);
        }

        scene.update_policy(first, None, |policy| policy.min_uptime_bps = 1);

        let network = scene.network();
        let policy = if first == 0 { network.policy } else { network.next_policy };
        assert_eq!((policy.from_epoch, policy.min_uptime_bps), (first, 1), "at {now}");
    }
}

#[test]
fn update_policy_before_the_genesis_may_set_the_rules_of_epoch_0_at_once() {
    let mut scene = Scene::new();
    let emission = EmissionParams { per_epoch_atoms: 5_000, ..params().emission };

    scene.update_policy(0, Some(emission), |policy| policy.min_uptime_bps = 1);

    let network = scene.network();
    assert_eq!((network.policy.from_epoch, network.policy.min_uptime_bps), (0, 1));
    let none = Policy { from_epoch: u32::MAX, ..Policy::default() };
    assert_eq!((network.next_policy, network.emission.per_epoch_atoms), (none, 5_000));
}

#[test]
fn update_policy_names_any_later_epoch_but_the_number_of_none() {
    let mut scene = Scene::new();
    scene.warp_to(GENESIS);
    let none = scene.policy_instruction(u32::MAX, None, |_| ());
    scene.stage.refuses(&[none], &[&scene.authority], StipendError::EpochOutOfRange);

    scene.update_policy(u32::MAX - 1, None, |_| ());

    assert_eq!(scene.network().next_policy.from_epoch, u32::MAX - 1);
}

#[test]
fn update_policy_replaces_one_that_has_not_begun() {
    let mut scene = Scene::new();
    scene.warp_to(GENESIS);
    let other = EmissionParams { per_epoch_atoms: 7, ..params().emission };
    scene.update_policy(5, Some(other), |policy| policy.min_uptime_bps = 55);

    // An earlier one, and a later one: each takes its place whole.
    for (from_epoch, min_uptime_bps) in [(3, 33), (9, 99)] {
        let event: PolicyUpdated =
            scene.update_policy(from_epoch, None, |policy| policy.min_uptime_bps = min_uptime_bps).event();

        let network = scene.network();
        assert_eq!((network.next_policy.from_epoch, network.next_policy.min_uptime_bps), (from_epoch, min_uptime_bps));
        // The schedule is that of the policy in force, and not of the one that was replaced.
        assert_eq!((network.next_policy.per_epoch_atoms, network.next_policy.emission_from_epoch), (1_000_000, 0));
        assert_eq!((event.old_policy, event.new_emission), (params().policy, params().emission));
        assert_eq!(network.policy.min_uptime_bps, 5_000);
    }
}

#[test]
fn update_policy_waits_while_a_replacement_has_begun_and_epochs_before_it_are_open() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(GENESIS);
    scene.update_policy(1, None, |policy| policy.min_uptime_bps = 1);
    let update = |scene: &mut Scene| scene.policy_instruction(2, None, |policy| policy.min_uptime_bps = 2);
    scene.warp_to(end(0) - 1);
    let early = update(&mut scene);
    scene.stage.accepts(&[early], &[&scene.authority]);
    scene.update_policy(1, None, |policy| policy.min_uptime_bps = 1);

    scene.warp_to(end(0));
    let second = update(&mut scene);
    scene.stage.refuses(std::slice::from_ref(&second), &[&scene.authority], StipendError::PolicyPending);
    scene.report_all(&shard, 0, &[(None, None)]);
    scene.score(&shard, 0);
    scene.stage.refuses(std::slice::from_ref(&second), &[&scene.authority], StipendError::PolicyPending);
    scene.close();
    scene.stage.accepts(&[second], &[&scene.authority]);

    let network = scene.network();
    assert_eq!((network.policy.from_epoch, network.policy.min_uptime_bps), (1, 1));
    assert_eq!((network.next_policy.from_epoch, network.next_policy.min_uptime_bps), (2, 2));
}

#[test]
fn update_policy_keeps_the_quorum_above_half_of_the_set() {
    let mut scene = Scene::new();
    scene.warp_to(GENESIS);
    let one = |scene: &mut Scene| scene.policy_instruction(1, None, |policy| policy.quorum = 1);

    // Three oracles: a quorum of 1 is no majority of them.
    let early = one(&mut scene);
    scene.stage.refuses(std::slice::from_ref(&early), &[&scene.authority], StipendError::QuorumNotAboveHalf);
    let keys = scene.oracle_keys();
    scene.remove_oracle(&keys[1], false);
    scene.stage.refuses(std::slice::from_ref(&early), &[&scene.authority], StipendError::QuorumNotAboveHalf);
    scene.remove_oracle(&keys[2], false);
    scene.stage.accepts(&[early], &[&scene.authority]);
}

#[test]
fn update_policy_binds_new_oracles_to_the_quorum_of_both_policies() {
    let mut scene = Scene::new();
    scene.warp_to(GENESIS);
    let (payer, authority) = (scene.stage.payer.pubkey(), scene.authority.pubkey());
    let fourth = instruction::add_oracle(&payer, &authority, &scene.network, &address("fourth"));

    // By the present policy's 2 a fourth is too many, though the next would bear it.
    scene.update_policy(8, None, |policy| policy.quorum = 3);
    scene.stage.refuses(std::slice::from_ref(&fourth), &[&scene.authority], StipendError::QuorumNotAboveHalf);
    // From epoch 1 on, when the fourth would come, it bears five.
    scene.update_policy(1, None, |policy| policy.quorum = 3);
    scene.stage.accepts(&[fourth], &[&scene.authority]);

    // And the other way round: the policy in force bears five, the one to come three.
    let mut scene = Scene::with(3, |params| params.policy.quorum = 3);
    scene.warp_to(GENESIS);
    scene.update_policy(8, None, |policy| policy.quorum = 2);
    let payer = scene.stage.payer.pubkey();
    let fourth = instruction::add_oracle(&payer, &authority, &scene.network, &address("fourth"));
    scene.stage.refuses(&[fourth], &[&scene.authority], StipendError::QuorumNotAboveHalf);
}

#[test]
fn update_policy_takes_no_quorum_back_that_oracles_were_added_by() {
    let mut scene = Scene::new();
    scene.warp_to(GENESIS);
    // Three of four from epoch 1 on.
    scene.update_policy(1, None, |policy| policy.quorum = 3);
    scene.add_oracle(key("fourth"));

    // From epoch 8 on instead: until then two of four would be enough.
    let later = scene.policy_instruction(8, None, |policy| policy.quorum = 3);
    scene.stage.refuses(&[later], &[&scene.authority], StipendError::QuorumNotAboveHalf);
}

#[test]
fn update_policy_refuses_who_is_not_the_authority() {
    let mut scene = Scene::with(3, |params| params.guardian = Some(key("guardian").pubkey()));
    let update = scene.policy_instruction(3, None, |_| ());

    for name in ["stranger", "guardian", "registrar"] {
        let by_other = swapped(&update, 0, &key(name).pubkey());
        scene.stage.refuses(&[by_other], &[&key(name)], StipendError::AuthorityMismatch);
    }
}

#[test]
fn update_policy_refuses_an_impostor_of_each_account() {
    let mut scene = Scene::new();
    let update = scene.policy_instruction(3, None, |_| ());
    let authority = scene.authority.insecure_clone();

    refuses_impostors(&mut scene, &update, &authority);
}
