//! `register_node`.

use crate::acts::{entry_rent, funded, lamports, slot_rent};
use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::NodeRegistered,
    state::{Directory, DirectoryEntry, Shard, Slot, Tail},
};
use stipend_client::address as place;
use stipend_tests::{
    address, key, measured, read_only,
    scene::{end, BOND_LAMPORTS, GENESIS},
    swapped, unsigned, Refusal, Scene,
};

/// A slot as a registration leaves it.
fn fresh(owner: &Address, since: u32) -> Slot {
    Slot {
        owner: *owner,
        from_epoch: since,
        until: u32::MAX,
        bandwidth: 0xffff_ffff,
        uptime_bps: 0xffff,
        boost_bps: 10_000,
        next_boost_bps: 10_000,
        state: 2,
        ..Slot::default()
    }
}

#[test]
fn register_node_gives_the_device_the_next_slot_of_its_shard() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let payer = scene.stage.payer.pubkey();
    let owners = ["first owner", "second owner"].map(address);
    let (entry_rent, slot_rent) = (entry_rent(&mut scene), slot_rent(&mut scene));

    for (slot, owner) in (0u16..).zip(&owners) {
        let device = key(&format!("device {slot}"));
        scene.open_directory(&device.pubkey());
        let register = scene.register_instruction(&device.pubkey(), &shard, owner);
        let receipt = scene.stage.accepts(&[register], &[&device]);

        let device = device.pubkey();
        let deposit_lamports = entry_rent + slot_rent + BOND_LAMPORTS;
        let slot_lamports = slot_rent as u32;
        let entry = DirectoryEntry { device, payer, deposit_lamports, slot_lamports, shard: 0, slot };
        assert_eq!(scene.node(&device), entry);
        let event: NodeRegistered = receipt.event();
        assert_eq!((event.network, event.device, event.owner), (scene.network, device, *owner));
        assert_eq!((event.shard, event.slot, event.since, event.policy_from_epoch), (shard, slot, 0, 0));
        assert_eq!(
            (event.bond_lamports, event.deposit_lamports, event.payer),
            (BOND_LAMPORTS, deposit_lamports, payer)
        );
    }
    let (_, slots) = scene.shard(&shard);
    assert_eq!(slots, owners.map(|owner| fresh(&owner, 0)));
}

#[test]
fn register_node_wakes_a_dormant_shard() {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 1);
    let first = scene.open_shard();
    assert_eq!((scene.shard(&first).0.dormant, scene.network().awake_shards), (1, 0));

    scene.register(&first, &address("owner"));

    assert_eq!((scene.shard(&first).0.dormant, scene.network().awake_shards), (0, 1));
    // The second one takes part from its own first registration on.
    let second = scene.open_shard();
    assert_eq!((scene.shard(&second).0.dormant, scene.network().awake_shards), (1, 1));
    scene.register(&second, &address("owner"));
    assert_eq!((scene.shard(&second).0.dormant, scene.network().awake_shards), (0, 2));
}

#[test]
fn register_node_counts_from_the_next_epoch_or_from_epoch_0_before_the_genesis() {
    // The second of the call and the first epoch that counts, around each edge.
    let cases = [(GENESIS - 1, 0), (GENESIS, 1), (GENESIS + 99, 1), (GENESIS + 100, 2), (GENESIS + 199, 2)];
    let mut scene = Scene::with(0, |params| params.shard_capacity = 5);
    let shard = scene.open_shard();

    for (slot, (now, since)) in cases.into_iter().enumerate() {
        scene.warp_to(now);
        scene.register(&shard, &address("owner"));

        assert_eq!(scene.shard(&shard).1[slot].from_epoch, since);
    }
}

#[test]
fn register_node_has_the_payer_pay_rent_of_entry_and_slot_and_the_bond() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let balance = 100_000_000;
    let payer = funded(&mut scene, "payer", balance);
    let device = key("device");
    scene.open_directory(&device.pubkey());
    let register =
        swapped(&scene.register_instruction(&device.pubkey(), &shard, &address("owner")), 0, &payer.pubkey());

    scene.stage.accepts(&[register], &[&payer, &device]);

    let spaces = [Directory::checked_space(1), Shard::checked_space(1)].map(Option::unwrap);
    let [directory_rent, shard_rent] = spaces.map(|bytes| scene.stage.rent_lamports(bytes));
    let directory = scene.stage.account(&place::directory(&scene.network, &device.pubkey())).unwrap();
    assert_eq!((directory.data.len(), directory.owner), (spaces[0], stipend::ID));
    assert_eq!(directory.lamports, directory_rent + BOND_LAMPORTS);
    let stored = scene.stage.account(&shard).unwrap();
    assert_eq!((stored.data.len(), stored.lamports), (spaces[1], shard_rent));
    let paid = entry_rent(&mut scene) + slot_rent(&mut scene) + BOND_LAMPORTS;
    assert_eq!(lamports(&mut scene, &payer.pubkey()), balance - paid);
}

#[test]
fn register_node_pays_for_its_own_bytes_whatever_somebody_sent_to_the_accounts() {
    // Else what was sent would go to whoever leaves last.
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let device = key("device 0").pubkey();
    scene.open_directory(&device);
    let directory = place::directory(&scene.network, &device);
    let held = [shard, directory].map(|address| {
        let stored = scene.stage.account(&address).unwrap();
        scene.stage.put(&address, Account { lamports: stored.lamports + 50_000_000, ..stored.clone() });
        stored.lamports + 50_000_000
    });

    scene.register(&shard, &address("owner"));

    let (entry_rent, slot_rent) = (entry_rent(&mut scene), slot_rent(&mut scene));
    assert_eq!(lamports(&mut scene, &shard), held[0] + slot_rent);
    assert_eq!(lamports(&mut scene, &directory), held[1] + entry_rent + BOND_LAMPORTS);
    assert_eq!(scene.node(&device).deposit_lamports, entry_rent + slot_rent + BOND_LAMPORTS);
}

#[test]
fn register_node_refuses_a_device_that_is_registered() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let device = key("device 0");
    scene.register(&shard, &address("owner"));

    let again = scene.register_instruction(&device.pubkey(), &shard, &address("other owner"));

    scene.stage.refuses(std::slice::from_ref(&again), &[&device], StipendError::DeviceRegistered);
    // Whatever directory is passed: the device belongs into one alone.
    let elsewhere = key("elsewhere").pubkey();
    assert_ne!(place::directory(&scene.network, &elsewhere), again.accounts[5].pubkey);
    scene.open_directory(&elsewhere);
    let elsewhere = swapped(&again, 5, &place::directory(&scene.network, &elsewhere));
    scene.stage.refuses(&[elsewhere], &[&device], StipendError::DirectoryMismatch);
}

#[test]
fn register_node_refuses_a_device_twice_in_one_transaction() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let device = key("device");
    scene.open_directory(&device.pubkey());
    let register = scene.register_instruction(&device.pubkey(), &shard, &address("owner"));

    scene.stage.refuses(&[register.clone(), register], &[&device], StipendError::DeviceRegistered);
}

#[test]
fn register_node_takes_a_device_of_another_network() {
    let mut scene = Scene::new();
    scene.twin(&address("owner"));
    let shard = scene.open_shard();
    let device = key("device of the twin");
    scene.open_directory(&device.pubkey());

    let register = scene.register_instruction(&device.pubkey(), &shard, &address("owner"));
    scene.stage.accepts(&[register], &[&device]);

    assert_eq!(scene.node(&device.pubkey()).slot, 0);
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
    scene.open_directory(&device.pubkey());

    let register = scene.register_instruction(&device.pubkey(), &first, &owner);
    scene.stage.refuses(&[register], &[&device], StipendError::ShardFull);

    assert_eq!(scene.shard(&first).1.len(), 2);
    scene.register(&second, &owner);
    assert_eq!(scene.shard(&second).1.len(), 1);
}

#[test]
fn register_node_refuses_an_owner_of_zeros() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let device = key("device");
    scene.open_directory(&device.pubkey());

    let register = scene.register_instruction(&device.pubkey(), &shard, &Address::default());

    scene.stage.refuses(&[register], &[&device], ErrorCode::ConstraintMut);
}

#[test]
fn register_node_needs_the_registrar_where_there_is_one() {
    let registrar = key("registrar");
    let mut scene = Scene::with(0, |params| params.policy.registrar = Some(registrar.pubkey()));
    let shard = scene.open_shard();
    let (device, stranger) = (key("device"), key("stranger"));
    scene.open_directory(&device.pubkey());
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
    scene.open_directory(&device.pubkey());
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
    scene.open_directory(&device.pubkey());

    let register = scene.register_instruction(&device.pubkey(), &shard, &address("owner"));

    scene.stage.refuses(&[unsigned(&register, 1)], &[], ErrorCode::AccountNotSigner);
}

#[test]
fn register_node_needs_the_payers_signature_and_lamports() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let (device, poor) = (key("device"), key("poor"));
    scene.open_directory(&device.pubkey());
    let register = swapped(&scene.register_instruction(&device.pubkey(), &shard, &address("owner")), 0, &poor.pubkey());

    scene.stage.refuses(&[unsigned(&register, 0)], &[&device], ErrorCode::AccountNotSigner);
    // The system program's own: lamports are missing, first for the slot, then for the entry, then for the bond.
    scene.stage.refuses(std::slice::from_ref(&register), &[&device, &poor], Refusal::Program(1));
    let (entry_rent, slot_rent) = (entry_rent(&mut scene), slot_rent(&mut scene));
    let deposit = slot_rent + entry_rent + BOND_LAMPORTS;
    for lamports in [slot_rent - 1, slot_rent, slot_rent + entry_rent, deposit - 1] {
        scene.stage.put(&poor.pubkey(), Account { lamports, ..Account::default() });
        scene.stage.refuses(std::slice::from_ref(&register), &[&device, &poor], Refusal::Program(1));
    }
    scene.stage.put(&poor.pubkey(), Account { lamports: deposit, ..Account::default() });
    scene.stage.accepts(&[register], &[&device, &poor]);
}

#[test]
fn register_node_refuses_an_impostor_of_each_account() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let device = key("device");
    scene.open_directory(&device.pubkey());
    let register = scene.register_instruction(&device.pubkey(), &shard, &address("owner"));
    let (twin, twin_shard) = scene.twin(&address("owner"));
    scene.open_directory_of(&twin, &device.pubkey());
    let directory = place::directory(&scene.network, &device.pubkey());
    let abroad = ["foreign network", "foreign shard", "foreign directory"].map(address);
    for (stored, abroad) in [scene.network, shard, directory].iter().zip(&abroad) {
        scene.stage.copy(stored, abroad, &spl_token_interface::ID);
    }
    let other = key("other device").pubkey();
    scene.open_directory(&other);
    let [other_directory, missing] =
        [other, key("nobody's device").pubkey()].map(|device| place::directory(&scene.network, &device));
    assert_eq!(scene.stage.account(&missing), None);
    let system = Address::default();

    let cases = [
        (4, twin, Refusal::from(StipendError::DirectoryNetworkMismatch)),
        (4, abroad[0], Refusal::from(ErrorCode::AccountOwnedByWrongProgram)),
        (4, shard, Refusal::from(ErrorCode::AccountDiscriminatorMismatch)),
        (5, place::directory(&twin, &device.pubkey()), Refusal::from(StipendError::DirectoryNetworkMismatch)),
        (5, other_directory, Refusal::from(StipendError::DirectoryMismatch)),
        (5, abroad[2], Refusal::from(ErrorCode::AccountOwnedByWrongProgram)),
        (5, missing, Refusal::from(ErrorCode::AccountOwnedByWrongProgram)),
        (5, place::report(&shard, &scene.oracle_keys()[0]), Refusal::from(ErrorCode::AccountDiscriminatorMismatch)),
        (6, twin_shard, Refusal::from(StipendError::ShardNetworkMismatch)),
        (6, abroad[1], Refusal::from(ErrorCode::AccountOwnedByWrongProgram)),
        (6, place::report(&shard, &scene.oracle_keys()[0]), Refusal::from(ErrorCode::AccountDiscriminatorMismatch)),
        (4, system, Refusal::from(ErrorCode::AccountOwnedByWrongProgram)),
        (3, scene.network, Refusal::from(StipendError::OwnerRefused)),
        (8, spl_token_interface::ID, Refusal::from(ErrorCode::InvalidProgramId)),
    ];
    for (place, impostor, refusal) in cases {
        println!("{place}");
        scene.stage.refuses(&[swapped(&register, place, &impostor)], &[&device], refusal);
    }
    let elsewhere = swapped(&swapped(&register, 4, &twin), 5, &place::directory(&twin, &device.pubkey()));
    scene.stage.refuses(&[elsewhere], &[&device], StipendError::ShardNetworkMismatch);
    for place in [3, 4, 5, 6] {
        scene.stage.refuses(&[read_only(&register, place)], &[&device], ErrorCode::ConstraintMut);
    }
    scene.stage.accepts(&[register], &[&device]);
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
    assert_eq!((slots[1].score, slots[1].reason, slots[1].from_epoch), (0, 6, 2));
}
