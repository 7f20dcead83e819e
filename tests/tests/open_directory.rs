//! `open_directory`, and what directories hold.

mod grown;

use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_instruction_error::InstructionError;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::DirectoryOpened,
    state::{Directory, DirectoryEntry, Tail},
};
use stipend_client::{account, address as place, instruction};
use stipend_tests::{address, key, random::Random, read_only, swapped, unsigned, Refusal, Scene};

fn open(scene: &Scene, device: &Address) -> Instruction {
    instruction::open_directory(&scene.stage.payer.pubkey(), &scene.network, device)
}

/// A device whose key begins with 0, the same for the same number.
pub fn device(number: u64) -> Keypair {
    let mut random = Random::new(number);
    loop {
        let mut seed = [0; 32];
        for bytes in seed.chunks_exact_mut(8) {
            bytes.copy_from_slice(&random.next_u64().to_le_bytes());
        }
        let device = Keypair::new_from_array(seed);
        if place::first_byte(&device.pubkey()) == 0 {
            return device;
        }
    }
}

/// The directory of keys that begin with 0.
fn read(scene: &mut Scene) -> (Directory, Vec<DirectoryEntry>) {
    let directory = place::directory_at(&scene.network, 0);
    account::directory(&scene.stage.data(&directory)).unwrap()
}

#[test]
fn open_directory_writes_a_header_without_a_device() {
    for first_byte in [0, 7, 255] {
        let mut scene = Scene::new();
        let mut device = [1; 32];
        device[0] = first_byte;
        let payer = scene.stage.payer.pubkey();

        let open = open(&scene, &Address::from(device));
        let receipt = scene.stage.accepts(&[open], &[]);

        let seeds: [&[u8]; 3] = [b"directory", scene.network.as_ref(), &[first_byte]];
        let (directory, bump) = Address::find_program_address(&seeds, &stipend::ID);
        let (header, entries) = account::directory(&scene.stage.data(&directory)).unwrap();
        assert_eq!((header.version, header.bump, header.first_byte), (1, bump, first_byte));
        assert_eq!((header.network, header.payer), (scene.network, payer));
        assert_eq!((header.reserved, header.reserved_words, entries.len()), ([0; 5], [0; 1], 0));
        assert_eq!(scene.network().directory_count, 1);
        let event: DirectoryOpened = receipt.event();
        assert_eq!((event.network, event.first_byte, event.payer), (scene.network, first_byte, payer));
        let stored = scene.stage.account(&directory).unwrap();
        let space = Directory::checked_space(0).unwrap();
        let rent = scene.stage.rent_lamports(space);
        assert_eq!((stored.owner, stored.data.len(), stored.lamports), (stipend::ID, space, rent));
    }
}

#[test]
fn open_directory_makes_only_one_for_each_byte() {
    let mut scene = Scene::new();
    let open = open(&scene, &key("device").pubkey());
    scene.stage.accepts(std::slice::from_ref(&open), &[]);

    // The system program's own: the account is in use.
    scene.stage.refuses(&[open], &[], Refusal::Program(0));
}

#[test]
fn open_directory_works_at_an_address_that_somebody_sent_lamports_to() {
    let mut scene = Scene::new();
    let device = key("device").pubkey();
    let directory = place::directory(&scene.network, &device);
    scene.stage.put(&directory, Account { lamports: 5, ..Account::default() });

    let open = open(&scene, &device);
    scene.stage.accepts(&[open], &[]);

    let rent = scene.stage.rent_lamports(Directory::checked_space(0).unwrap());
    assert_eq!(scene.stage.account(&directory).unwrap().lamports, rent);
}

#[test]
fn open_directory_refuses_an_impostor_of_each_account() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let device = key("device").pubkey();
    let other = place::directory_at(&scene.network, place::first_byte(&device).wrapping_add(1));
    let (twin, _) = scene.twin(&address("owner"));
    let foreign = address("foreign");
    scene.stage.copy(&scene.network.clone(), &foreign, &spl_token_interface::ID);
    let open = open(&scene, &device);

    let cases = [
        (1, twin, ErrorCode::ConstraintSeeds),
        (1, foreign, ErrorCode::AccountOwnedByWrongProgram),
        (1, shard, ErrorCode::AccountDiscriminatorMismatch),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram),
        (2, other, ErrorCode::ConstraintSeeds),
        (2, place::directory(&twin, &device), ErrorCode::ConstraintSeeds),
        (2, shard, ErrorCode::ConstraintSeeds),
        (3, spl_token_interface::ID, ErrorCode::InvalidProgramId),
    ];
    for (place, impostor, error) in cases {
        println!("{place}");
        scene.stage.refuses(&[swapped(&open, place, &impostor)], &[], error);
    }
    scene.stage.refuses(&[read_only(&open, 1)], &[], ErrorCode::ConstraintMut);
    // The system program's own: it can't write what nobody passed to be written.
    scene.stage.refuses(&[read_only(&open, 2)], &[], InstructionError::PrivilegeEscalation);
    scene.stage.accepts(&[open], &[]);
}

#[test]
fn open_directory_needs_the_payers_signature_and_lamports() {
    let mut scene = Scene::new();
    let poor = key("poor");
    let open = swapped(&open(&scene, &key("device").pubkey()), 0, &poor.pubkey());

    scene.stage.refuses(&[unsigned(&open, 0)], &[], ErrorCode::AccountNotSigner);
    // The system program's own: lamports are missing.
    scene.stage.refuses(&[open], &[&poor], Refusal::Program(1));
}

#[test]
fn a_directory_stays_sorted_whoever_comes_and_goes() {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 40);
    let shard = scene.open_shard();
    let owner = key("owner");
    let devices: Vec<Keypair> = (0..20).map(device).collect();
    scene.open_directory(&devices[0].pubkey());
    let mut present = Vec::new();
    let check = |scene: &mut Scene, present: &[Address]| {
        let mut sorted = present.to_vec();
        sorted.sort();
        let (_, entries) = read(scene);
        assert_eq!(entries.iter().map(|entry| entry.device).collect::<Vec<_>>(), sorted);
        // As long as its entries, and as rich as what was paid.
        let space = Directory::checked_space(entries.len()).unwrap();
        let stored = scene.stage.account(&place::directory_at(&scene.network, 0)).unwrap();
        let bonds = entries.len() as u64 * stipend_tests::scene::BOND_LAMPORTS;
        assert_eq!((stored.data.len(), stored.lamports), (space, scene.stage.rent_lamports(space) + bonds));
    };

    for device in &devices {
        let register = scene.register_instruction(&device.pubkey(), &shard, &owner.pubkey());
        scene.stage.accepts(&[register], &[device]);
        present.push(device.pubkey());
        check(&mut scene, &present);
    }
    // The first, the last, and every third of the sorted ones go, and half of them come back.
    let mut sorted = present.clone();
    sorted.sort();
    let going: Vec<Address> = sorted.iter().copied().step_by(3).chain(sorted.last().copied()).collect();
    for device in &going {
        if present.contains(device) {
            scene.retire(&owner, &shard, device);
            scene.close_node(&shard, device);
            present.retain(|other| other != device);
            check(&mut scene, &present);
        }
    }
    for device in devices.iter().filter(|device| going[..4].contains(&device.pubkey())) {
        let register = scene.register_instruction(&device.pubkey(), &shard, &owner.pubkey());
        scene.stage.accepts(&[register], &[device]);
        present.push(device.pubkey());
        check(&mut scene, &present);
    }
}

#[test]
fn a_directory_that_is_not_sorted_is_refused_where_it_is_touched() {
    let mut scene = Scene::new();
    let (shard, owner) = (scene.open_shard(), key("owner"));
    let mut devices: Vec<Keypair> = (0..3).map(device).collect();
    devices.sort_by_key(Signer::pubkey);
    scene.open_directory(&devices[0].pubkey());
    for device in &devices {
        let register = scene.register_instruction(&device.pubkey(), &shard, &owner.pubkey());
        scene.stage.accepts(&[register], &[device]);
    }
    let middle = devices[1].pubkey();
    scene.retire(&owner, &shard, &middle);
    // The first entry's device becomes greater than the last one's.
    scene.stage.forge(&place::directory_at(&scene.network, 0), |data| data[97..128].fill(0xff));

    let close = instruction::close_node(&scene.network, &shard, &middle, &owner.pubkey(), &scene.stage.payer.pubkey());

    scene.stage.refuses(&[close], &[], StipendError::InvariantBroken);
}
