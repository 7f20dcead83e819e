//! What registering costs in a large directory.

use crate::{stage::Stage, Figure, Mark};
use anchor_lang::Discriminator;
use anyhow::Result;
use bytemuck::{bytes_of, cast_slice, Zeroable};
use solana_account::Account;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    state::{Directory, DirectoryEntry, Tail as _},
    ID,
};
use stipend_client::{
    address, instruction,
    ledger::{Accounts as _, Ledger as _},
};

/// Most entries that an account of 10 MiB holds.
const MOST_ENTRIES: usize = (10 * 1024 * 1024 - Directory::HEADER_SPACE) / size_of::<DirectoryEntry>();

/// Registering in front of 4,000 devices and of as many as a directory can hold, the devices that register in one transaction,
/// and the bytes that one adds.
pub fn measure(program: &[u8]) -> Result<Vec<Figure>> {
    let mut stage = Stage::new(program, 1, 1)?;
    let device = Keypair::new_from_array([5; 32]);
    let few = register(&mut stage, &device, 4_000)?;
    let device = Keypair::new_from_array([6; 32]);
    let many = register(&mut stage, &device, MOST_ENTRIES - 1)?;

    let next = Keypair::new_from_array([7; 32]);
    put(&mut stage, &next.pubkey(), 1)?;
    let before = bytes(&mut stage, &next.pubkey())?;
    stage.register_device(&next)?;
    let node_bytes = bytes(&mut stage, &next.pubkey())? - before;

    let together = devices_per_transaction(&mut stage)?;
    Ok(vec![
        Figure { name: "register_cu", value: few, mark: Mark::AtMost(25_000) },
        Figure { name: "register_largest_cu", value: many, mark: Mark::AtMost(200_000) },
        Figure { name: "devices_per_tx", value: together, mark: Mark::AtLeast(11) },
        Figure { name: "node_bytes", value: node_bytes, mark: Mark::AtMost(144) },
    ])
}

/// Registers a device in front of `entries` others, all of which move.
fn register(stage: &mut Stage, device: &Keypair, entries: usize) -> Result<u64> {
    put(stage, &device.pubkey(), entries)?;
    Ok(stage.register_device(device)?.compute_units)
}

/// Fills the directory of `device` with `entries` devices that come after it.
fn put(stage: &mut Stage, device: &Address, entries: usize) -> Result<()> {
    let first_byte = address::first_byte(device);
    let (place, bump) = Address::find_program_address(
        &[stipend::constants::DIRECTORY_SEED, stage.network.as_ref(), &[first_byte]],
        &ID,
    );
    let is_new = stage.ledger.account(&place)?.is_none();
    if is_new {
        stage.send(&[instruction::open_directory(&stage.payer.pubkey(), &stage.network, device)])?;
    }
    let header = Directory {
        version: 1,
        bump,
        first_byte,
        network: stage.network,
        payer: stage.payer.pubkey(),
        ..Directory::zeroed()
    };
    let entries: Vec<_> = (0..entries)
        .map(|number| {
            // Above every device that is registered here.
            let mut key = [0xff; 32];
            key[0] = first_byte;
            key[28..].copy_from_slice(&(number as u32).to_be_bytes());
            DirectoryEntry { device: Address::new_from_array(key), deposit_lamports: 1, ..DirectoryEntry::default() }
        })
        .collect();
    let mut data = Directory::DISCRIMINATOR.to_vec();
    data.extend_from_slice(bytes_of(&header));
    data.extend_from_slice(cast_slice(&entries));
    let lamports = stage.ledger.rent_lamports(data.len())?;
    stage.ledger.set_account(place, Account { lamports, data, owner: ID, ..Account::default() })?;
    Ok(())
}

/// Bytes of the accounts that a node is in.
fn bytes(stage: &mut Stage, device: &Address) -> Result<u64> {
    let places = [stage.network, stage.shard, address::directory(&stage.network, device)];
    let mut bytes = 0;
    for place in places {
        bytes += stage.ledger.account(&place)?.unwrap_or_default().data.len() as u64;
    }
    Ok(bytes)
}

/// How many devices register in one transaction of version 1, each in a directory of its own.
fn devices_per_transaction(stage: &mut Stage) -> Result<u64> {
    let devices: Vec<_> = (0..12u8).map(|number| Keypair::new_from_array([50 + number; 32])).collect();
    let (payer, owner) = (stage.payer.pubkey(), stage.owner.pubkey());
    let mut most = 0;
    for count in 1..=devices.len() {
        let mut together = Vec::new();
        for device in &devices[..count] {
            let key = device.pubkey();
            put(stage, &key, 0)?;
            together.push(instruction::register_node(&payer, &key, None, &stage.network, &stage.shard, &owner, None));
        }
        let signers: Vec<_> = devices[..count].iter().collect();
        if stage.ledger.send_v1(&stage.payer, &together, &signers).is_err() {
            break;
        }
        most = count as u64;
    }
    Ok(most)
}
