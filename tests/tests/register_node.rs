//! `register_node`.

use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{error::StipendError, event::NodeRegistered, state::Slot};
use stipend_client::{address as place, instruction};
use stipend_tests::{
    address, key, measured, read_only,
    scene::{end, BOND_LAMPORTS, GENESIS},
    swapped, unsigned, Refusal, Scene,
};

/// A slot as a registration leaves it.
fn fresh(owner: &Address, since: u32) -> Slot {
    Slot {
        owner: *owner,
        since,
        bandwidth: 0xffff_ffff,
        uptime_bps: 0xffff,
        boost_bps: 10_000,
        state: 2,
        next_boost_bps: 10_000,
        change_epoch: u32::MAX,
        ..Slot::default()
    }
}

#[test]
fn register_node_gives_the_device_the_next_slot_of_its_shard() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let payer = scene.stage.payer.pubkey();
    let owners = ["first owner", "second owner"].map(address);

    for (slot, owner) in owners.iter().enumerate() {
        let device = key(&format!("device {slot}"));
        let register = scene.register_instruction(&device.pubkey(), &shard, owner);
        let receipt = scene.stage.accepts(&[register], &[&device]);

        let slot = slot as u16;
        let device = device.pubkey();
        let seeds: [&[u8]; 3] = [b"node", scene.network.as_ref(), device.as_ref()];
        let (_, bump) = Address::find_program_address(&seeds, &stipend::ID);
        let node = scene.node(&device);
        assert_eq!((node.version, node.bump, node.network, node.device), (1, bump, scene.network, device));
        assert_eq!((node.shard, node.slot, node.since), (shard, slot, 0));
        assert_eq!((node.bond_lamports, node.payer), (BOND_LAMPORTS, payer));
        assert_eq!(scene.network().slot_count, u64::from(slot) + 1);
        let event: NodeRegistered = receipt.event();
        assert_eq!((event.network, event.device, event.owner), (scene.network, device, *owner));
        assert_eq!((event.shard, event.slot, event.since), (shard, slot, 0));
    }
    let (_, slots) = scene.shard(&shard);
    assert_eq!(slots, owners.map(|owner| fresh(&owner, 0)));
}

#[test]
fn register_node_counts_from_the_next_epoch_or_from_epoch_0_before_the_genesis() {
    // The second of the call and the first epoch that counts, around each edge.
    let cases = [(GENESIS - 1, 0), (GENESIS, 1), (GENESIS + 99, 1), (GENESIS + 100, 2), (GENESIS + 199, 2)];
    let mut scene = Scene::with(0, |params| params.shard_capacity = 5);
    let shard = scene.open_shard();

    for (slot, (now, since)) in cases.into_iter().enumerate() {
        scene.warp_to(now);
        let device = scene.register(&shard, &address("owner"));

        assert_eq!((scene.node(&device).since, scene.shard(&shard).1[slot].since), (since, since));
    }
}

#[test]
fn register_node_has_the_payer_pay_rent_of_node_and_slot_and_the_bond() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let payer = key("payer");
    let lamports = 100_000_000;
    scene.stage.put(&payer.pubkey(), Account { lamports, ..Account::default() });
    let device = key("device");
    let register = instruction::register_node(
        &payer.pubkey(),
        &device.pubkey(),
        None,
        &scene.network,
        &shard,
        &address("owner"),
        None,
    );

    scene.stage.accepts(&[register], &[&payer, &device]);

    let [node_rent, header_rent, shard_rent] = [192, 104, 168].map(|bytes| scene.stage.rent_lamports(bytes));
    let node = scene.stage.account(&place::node(&scene.network, &device.pubkey())).unwrap();
    assert_eq!((node.data.len(), node.owner, node.lamports), (192, stipend::ID, node_rent + BOND_LAMPORTS));
    let stored = scene.stage.account(&shard).unwrap();
    assert_eq!((stored.data.len(), stored.lamports), (168, shard_rent));
    let paid = node_rent + BOND_LAMPORTS + shard_rent - header_rent;
    assert_eq!(scene.stage.account(&payer.pubkey()).unwrap().lamports, lamports - paid);
}

#[test]
fn register_node_takes_what_somebody_sent_to_the_shard_for_its_rent() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let stored = scene.stage.account(&shard).unwrap();
    scene.stage.put(&shard, Account { lamports: 50_000_000, ..stored });

    scene.register(&shard, &address("owner"));

    let stored = scene.stage.account(&shard).unwrap();
    assert_eq!((stored.data.len(), stored.lamports), (168, 50_000_000));
}

#[test]
fn register_node_works_at_an_address_that_somebody_sent_lamports_to() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let device = key("device 0").pubkey();
    scene.stage.put(&place::node(&scene.network, &device), Account { lamports: 5, ..Account::default() });

    scene.register(&shard, &address("owner"));

    let node = scene.stage.account(&place::node(&scene.network, &device)).unwrap();
    assert_eq!(node.lamports, scene.stage.rent_lamports(192) + BOND_LAMPORTS);
}

#[test]
fn register_node_refuses_a_device_that_is_registered() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let device = key("device 0");
    scene.register(&shard, &address("owner"));

    let again = scene.register_instruction(&device.pubkey(), &shard, &address("other owner"));

    // The system program's own: the account is in use.
    scene.stage.refuses(&[again], &[&device], Refusal::Program(0));
}

#[test]
fn register_node_takes_a_device_of_another_network() {
    let mut scene = Scene::new();
    scene.twin(&address("owner"));
    let shard = scene.open_shard();
    let device = key("device of the twin");

    let register = scene.register_instruction(&device.pubkey(), &shard, &address("owner"));
    scene.stage.accepts(&[register], &[&device]);

    assert_eq!(scene.node(&device.pubkey()).network, scene.network);
}

#[test]
fn register_node_fills_a_shard_and_refuses_one_more() {
    let mut scene = Scene::with(0, |params| params.shard_capacity = 2);
    let first = scene.open_shard();
    let owner = address("owner");
    scene.register(&first, &owner);
    scene.register(&first, &owner);
    let second = scene.open_shard();
    let device = key("device");

    let register = scene.register_instruction(&device.pubkey(), &first, &owner);
    scene.stage.refuses(&[register], &[&device], StipendError::ShardFull);

    assert_eq!(scene.shard(&first).1.len(), 2);
    scene.register(&second, &owner);
    assert_eq!((scene.shard(&second).1.len(), scene.network().slot_count), (1, 3));
}

#[test]
fn register_node_refuses_an_owner_of_zeros() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let device = key("device");

    let register = scene.register_instruction(&device.pubkey(), &shard, &Address::default());

    scene.stage.refuses(&[register], &[&device], StipendError::OwnerZero);
}

#[test]
fn register_node_needs_the_registrar_where_there_is_one() {
    let registrar = key("registrar");
    let mut scene = Scene::with(0, |params| params.policy.registrar = Some(registrar.pubkey()));
    let shard = scene.open_shard();
    let (device, stranger) = (key("device"), key("stranger"));
    let alone = scene.register_instruction(&device.pubkey(), &shard, &address("owner"));
    let vouched = swapped(&alone, 2, &registrar.pubkey());
    let mut signed = vouched.clone();
    signed.accounts[2].is_signer = true;
    let by_stranger = swapped(&signed, 2, &stranger.pubkey());
    let by_device = swapped(&signed, 2, &device.pubkey());

    scene.stage.refuses(&[alone], &[&device], StipendError::RegistrarMissing);
    scene.stage.refuses(&[vouched], &[&device], ErrorCode::AccountNotSigner);
    scene.stage.refuses(&[by_stranger], &[&device, &stranger], StipendError::RegistrarMismatch);
    scene.stage.refuses(&[by_device], &[&device], StipendError::RegistrarMismatch);
    scene.stage.accepts(&[signed], &[&device, &registrar]);
    assert_eq!(scene.node(&device.pubkey()).slot, 0);
}

#[test]
fn register_node_refuses_a_registrar_where_there_is_none() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let (device, stranger) = (key("device"), key("stranger"));
    let mut register =
        swapped(&scene.register_instruction(&device.pubkey(), &shard, &address("owner")), 2, &stranger.pubkey());
    register.accounts[2].is_signer = true;

    scene.stage.refuses(&[register], &[&device, &stranger], StipendError::RegistrarMismatch);
}

#[test]
fn register_node_needs_the_devices_signature() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let device = key("device");

    let register = scene.register_instruction(&device.pubkey(), &shard, &address("owner"));

    scene.stage.refuses(&[unsigned(&register, 1)], &[], ErrorCode::AccountNotSigner);
}

#[test]
fn register_node_needs_the_payers_signature_and_lamports() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let (device, poor) = (key("device"), key("poor"));
    let register = swapped(&scene.register_instruction(&device.pubkey(), &shard, &address("owner")), 0, &poor.pubkey());

    scene.stage.refuses(&[unsigned(&register, 0)], &[&device], ErrorCode::AccountNotSigner);
    // The system program's own: lamports are missing, first for the node, then for the slot, then for the bond.
    scene.stage.refuses(std::slice::from_ref(&register), &[&device, &poor], Refusal::Program(1));
    let node_rent = scene.stage.rent_lamports(192);
    let slot_rent = scene.stage.rent_lamports(168) - scene.stage.rent_lamports(104);
    for lamports in [node_rent, node_rent + slot_rent, node_rent + slot_rent + BOND_LAMPORTS - 1] {
        scene.stage.put(&poor.pubkey(), Account { lamports, ..Account::default() });
        scene.stage.refuses(std::slice::from_ref(&register), &[&device, &poor], Refusal::Program(1));
    }
    let lamports = node_rent + slot_rent + BOND_LAMPORTS;
    scene.stage.put(&poor.pubkey(), Account { lamports, ..Account::default() });
    scene.stage.accepts(&[register], &[&device, &poor]);
}

#[test]
fn register_node_refuses_an_impostor_of_each_account() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let device = key("device");
    let register = scene.register_instruction(&device.pubkey(), &shard, &address("owner"));
    let (twin, twin_shard) = scene.twin(&address("owner"));
    let [foreign_network, foreign_shard] = ["foreign network", "foreign shard"].map(address);
    scene.stage.copy(&scene.network.clone(), &foreign_network, &spl_token_interface::ID);
    scene.stage.copy(&shard, &foreign_shard, &spl_token_interface::ID);
    let other_node = place::node(&scene.network, &key("other device").pubkey());

    let cases = [
        (3, twin, Refusal::from(ErrorCode::ConstraintSeeds)),
        (3, foreign_network, Refusal::from(ErrorCode::AccountOwnedByWrongProgram)),
        (3, shard, Refusal::from(ErrorCode::AccountDiscriminatorMismatch)),
        (4, twin_shard, Refusal::from(StipendError::ShardNetworkMismatch)),
        (4, foreign_shard, Refusal::from(ErrorCode::AccountOwnedByWrongProgram)),
        (4, scene.network, Refusal::from(ErrorCode::AccountDiscriminatorMismatch)),
        (5, other_node, Refusal::from(ErrorCode::ConstraintSeeds)),
        (5, place::node(&twin, &device.pubkey()), Refusal::from(ErrorCode::ConstraintSeeds)),
        (7, spl_token_interface::ID, Refusal::from(ErrorCode::InvalidProgramId)),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&register, place, &impostor)], &[&device], refusal);
    }
    let elsewhere = instruction::register_node(
        &scene.stage.payer.pubkey(),
        &device.pubkey(),
        None,
        &twin,
        &shard,
        &address("owner"),
        None,
    );
    scene.stage.refuses(&[elsewhere], &[&device], StipendError::ShardNetworkMismatch);
    for place in [3, 4, 5] {
        scene.stage.refuses(&[read_only(&register, place)], &[&device], ErrorCode::ConstraintMut);
    }
}

#[test]
fn register_node_during_a_report_leaves_the_epoch_before_as_it_was() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    scene.report(0, &shard, 0, &[measured(10_000, 1_000)]);
    scene.register(&shard, &address("late"));
    for oracle in [1, 2] {
        scene.report(oracle, &shard, 0, &[measured(10_000, 1_000)]);
    }

    scene.score(&shard, 0);

    let (_, slots) = scene.shard(&shard);
    // 10,000 · (6,000 + 4,000); too late, reason 6.
    assert_eq!((slots[0].score, slots[0].reason), (100_000_000, 1));
    assert_eq!((slots[1].score, slots[1].reason, slots[1].since), (0, 6, 2));
}
