//! A directory of 4,000 devices: a million in the network, if keys are spread evenly.

use super::{device, read};
use crate::acts::{entry_rent, lamports, slot_rent};
use anchor_lang::Discriminator;
use bytemuck::Zeroable;
use solana_account::Account;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    state::{Directory, DirectoryEntry, Tail},
};
use stipend_client::{address as place, instruction};
use stipend_tests::{key, random::Random, scene::BOND_LAMPORTS, Scene};

const DEVICES: usize = 4_000;

/// Keys that begin with 0 and look random, sorted; those of [`device`]s that register here lie in front, in between, behind.
fn strangers(random: &mut Random) -> Vec<Address> {
    let mut keys: Vec<Address> = (0..DEVICES)
        .map(|_| {
            let mut key = [0; 32];
            for bytes in key.chunks_exact_mut(8) {
                bytes.copy_from_slice(&random.next_u64().to_be_bytes());
            }
            // Neither the least nor the greatest keys there are.
            (key[0], key[1]) = (0, 40 + key[1] % 160);
            Address::from(key)
        })
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

#[test]
fn a_directory_of_4_000_devices_takes_finds_and_gives_back_in_front_in_the_middle_and_at_the_end() {
    let mut random = Random::new(4_000);
    let mut scene = Scene::with(0, |params| params.shard_capacity = 4);
    let (shard, owner) = (scene.open_shard(), key("owner"));
    let candidates: Vec<_> = (0..).map(device).take(60).collect();
    scene.open_directory(&candidates[0].pubkey());
    let directory = place::directory_at(&scene.network, 0);
    // The strangers were registered by somebody else, elsewhere.
    let keys = strangers(&mut random);
    let entries: Vec<DirectoryEntry> = keys
        .iter()
        .map(|device| DirectoryEntry { device: *device, deposit_lamports: 9, shard: 9, ..DirectoryEntry::zeroed() })
        .collect();
    let stored = scene.stage.account(&directory).unwrap();
    let mut data = stored.data.clone();
    data.extend_from_slice(bytemuck::cast_slice(&entries));
    assert_eq!(data[..8], *Directory::DISCRIMINATOR);
    let held = scene.stage.rent_lamports(data.len());
    scene.stage.put(&directory, Account { lamports: held, data, ..stored });
    let second = |device: &&solana_keypair::Keypair| device.pubkey().to_bytes()[1];
    let pick = |range: std::ops::Range<u8>| candidates.iter().find(|d| range.contains(&second(d))).expect("one fits");
    let places = [pick(0..40), pick(100..140), pick(200..255)];

    for (slot, device) in (0u16..).zip(places) {
        let register = scene.register_instruction(&device.pubkey(), &shard, &owner.pubkey());
        let receipt = scene.stage.accepts(std::slice::from_ref(&register), &[device]);

        println!("register in {} takes {} CU", slot, receipt.compute_units);
        let expected = entry_rent(&mut scene) + slot_rent(&mut scene) + BOND_LAMPORTS;
        let entry = scene.node(&device.pubkey());
        assert_eq!((entry.shard, entry.slot, entry.deposit_lamports), (0, slot, expected));
        let (_, entries) = read(&mut scene);
        assert_eq!(entries.len(), keys.len() + usize::from(slot) + 1);
        assert!(entries.is_sorted_by(|one, next| one.device < next.device));
        scene.stage.refuses(&[register], &[device], StipendError::DeviceRegistered);
    }
    let positions = places.map(|device| {
        let (_, entries) = read(&mut scene);
        entries.iter().position(|entry| entry.device == device.pubkey()).unwrap()
    });
    assert_eq!((positions[0], positions[2]), (0, keys.len() + 2));

    // Each is found, the nearest key beside it is not.
    for device in places {
        let mut beside = device.pubkey().to_bytes();
        beside[31] ^= 1;
        let retire = instruction::retire_node(&owner.pubkey(), &scene.network, &shard, &Address::from(beside), [0; 32]);
        scene.stage.refuses(&[retire], &[&owner], StipendError::DeviceUnknown);
        scene.retire(&owner, &shard, &device.pubkey());
    }
    for device in places {
        scene.close_node(&shard, &device.pubkey());
        let again = instruction::close_node(
            &scene.network,
            &shard,
            &device.pubkey(),
            &owner.pubkey(),
            &scene.stage.payer.pubkey(),
        );
        scene.stage.refuses(&[again], &[], StipendError::DeviceUnknown);
    }

    // Nobody else's entry changed, and what the three paid is gone.
    assert_eq!(read(&mut scene).1, entries);
    assert_eq!(lamports(&mut scene, &directory), held);
    let space = Directory::checked_space(keys.len()).unwrap();
    assert_eq!(scene.stage.data(&directory).len(), space);
}
