//! Chapter: two services on one mint, oracles with bonds, devices with a registrar.

use solana_address::Address;
use solana_signer::Signer as _;
use stipend_client::instruction::{self, instruction_name};
use stipend_client::ledger::Ledger as _;
use stipend_client::network_client::NetworkClient;
use stipend_client::program::error::StipendError;
use stipend_client::program::instructions::NetworkParams;
use stipend_client::program::state::{EmissionParams, PolicyParams};

use super::world::{key, World, EPOCH_SECS, GENESIS, LAMPORTS_PER_SOL, REPORT_SECS, SCORE_SECS, TOKEN_PROGRAM};
use crate::failure::Failure;
use crate::token::DECIMALS;

/// One token.
pub const TOKEN_ATOMS: u64 = 1_000_000_000;
/// What each of the first network's epochs emits, before any decay.
pub const EMISSION_ATOMS: u64 = 1_000 * TOKEN_ATOMS;
/// What both networks together may ever emit.
pub const CAP_ATOMS: u64 = 100_000 * TOKEN_ATOMS;
const SECOND_CAP_ATOMS: u64 = 10_000 * TOKEN_ATOMS;

/// The first network's rules, until they are changed.
pub fn policy() -> PolicyParams {
    PolicyParams {
        report_secs: REPORT_SECS,
        score_secs: SCORE_SECS,
        uptime_weight_bps: 6_000,
        min_uptime_bps: 5_000,
        bandwidth_cap: 1_000,
        min_boost_bps: 5_000,
        max_boost_bps: 20_000,
        tolerance_bps: 500,
        quorum: 2,
        registrar: Some(key("registrar").pubkey()),
        bond_lamports: LAMPORTS_PER_SOL / 20,
        oracle_bond_lamports: LAMPORTS_PER_SOL,
        ..PolicyParams::default()
    }
}

fn params() -> NetworkParams {
    NetworkParams {
        id: 0,
        genesis: GENESIS,
        epoch_secs: EPOCH_SECS,
        shard_capacity: 4,
        unit: *b"kbit/s\0\0\0\0\0\0\0\0\0\0",
        guardian: None,
        cap_atoms: CAP_ATOMS,
        policy: policy(),
        emission: EmissionParams {
            per_epoch_atoms: EMISSION_ATOMS,
            decay_bps: 1_000,
            decay_every_epochs: 48,
            carry_epochs: 3,
        },
    }
}

fn second_params() -> NetworkParams {
    NetworkParams {
        id: 1,
        unit: *b"GPU hours\0\0\0\0\0\0\0",
        cap_atoms: SECOND_CAP_ATOMS,
        policy: PolicyParams { quorum: 1, registrar: None, oracle_bond_lamports: 0, bond_lamports: 0, ..policy() },
        emission: EmissionParams { per_epoch_atoms: 100 * TOKEN_ATOMS, ..EmissionParams::default() },
        ..params()
    }
}

pub fn tell(world: &mut World) -> Result<(), Failure> {
    world.begin("A mint, two services on it, oracles and devices");
    let (operator, authority) = (key("operator"), key("authority"));
    create_mint(world)?;
    let create = |params| {
        instruction::create_network(&operator.pubkey(), &authority.pubkey(), &world.mint, &TOKEN_PROGRAM, params)
    };
    let (first, second) = (create(params()), create(second_params()));
    world.send(
        "network 0 in kbit/s: 1,000 tokens an epoch, 10 % less every 48 epochs, 100,000 at most; the mint's authority moves \
         to the program",
        &operator,
        &[first],
        &[&authority],
    )?;
    world.send(
        "network 1 in GPU hours on the same mint: may emit 10,000 tokens, network 0 from now on 90,000",
        &operator,
        &[second],
        &[&authority],
    )?;
    let guardian = key("guardian").pubkey();
    let set = instruction::set_guardian(&authority.pubkey(), &world.first, Some(&guardian));
    world.send(
        "guardian: from nobody to the guardian, who may pause and not resume",
        &operator,
        &[set],
        &[&authority],
    )?;
    tell_oracles(world)?;
    tell_devices(world)
}

fn create_mint(world: &mut World) -> Result<(), Failure> {
    let (operator, mint, authority) = (key("operator"), key("mint"), key("authority").pubkey());
    let rent = world.ledger.rent_lamports(instruction::MINT_BYTES);
    let rent_lamports = rent.map_err(|error| Failure::settling("create the mint", error))?;
    let create = instruction::create_mint(
        &operator.pubkey(),
        &mint.pubkey(),
        &authority,
        &TOKEN_PROGRAM,
        DECIMALS,
        rent_lamports,
    );
    world.send("a mint with 9 decimals, and nobody who could freeze it", &operator, &create, &[&mint])
}

/// What adds an oracle to a network, and its bond, which it pays itself.
pub fn add_oracle(network: &Address, authority: &str, oracle: &str) -> solana_instruction::Instruction {
    let oracle = key(oracle).pubkey();
    instruction::add_oracle(&oracle, &key(authority).pubkey(), network, &oracle)
}

fn tell_oracles(world: &mut World) -> Result<(), Failure> {
    let authority = key("authority");
    let (first, second) = (world.first, world.second);
    for name in ["oracle 1", "oracle 2", "oracle 3"] {
        let effect = format!("{name} measures network 0 from epoch 0 on and leaves a bond of 1 SOL");
        world.send(effect, &key(name), &[add_oracle(&first, "authority", name)], &[&authority])?;
    }
    world.refused(
        StipendError::QuorumNotAboveHalf,
        "a fourth oracle is added, of which two are only half",
        &key("oracle 4"),
        &[add_oracle(&first, "authority", "oracle 4")],
        &[&authority],
    )?;
    world.send(
        "oracle 1 measures network 1 too, which asks for no bond",
        &key("oracle 1"),
        &[add_oracle(&second, "authority", "oracle 1")],
        &[&authority],
    )
}

fn tell_devices(world: &mut World) -> Result<(), Failure> {
    let (first, second) = (world.first, world.second);
    let owners = ["ann", "ann", "bob", "bob", "cem"];
    for (number, owner) in (1..).zip(owners) {
        register(world, number, owner, "counts from epoch 0 on")?;
        if number == 1 {
            let stranger = key("device 2").pubkey();
            let shard = stipend_client::address::shard(&first, 0);
            let operator = key("operator");
            let alone = instruction::register_node(
                &operator.pubkey(),
                &stranger,
                None,
                &first,
                &shard,
                &key("ann").pubkey(),
                None,
            );
            world.refused(
                StipendError::RegistrarMissing,
                "a device registers that no registrar vouches for",
                &operator,
                &[instruction::open_directory(&operator.pubkey(), &first, &stranger), alone],
                &[&key("device 2")],
            )?;
        }
    }
    world.act(first, "each oracle has a report of each shard", |client| client.open_reports(0))?;
    let device = key("device 1");
    world.act(second, "device 1 of ann is a node of network 1 too", |client| {
        client.register(&device, None, &key("ann").pubkey())?;
        client.open_reports(0)
    })?;
    Ok(())
}

/// Registers a device of network 0, for which the registrar vouches.
pub fn register(world: &mut World, number: u32, owner: &str, when: &str) -> Result<(), Failure> {
    let (operator, registrar, device) = (key("operator"), key("registrar"), key(&format!("device {number}")));
    let (network, owner_key) = (world.first, key(owner).pubkey());
    let plan = NetworkClient::new(&mut world.ledger, &operator, network)
        .plan_registrations(&[device.pubkey()], Some(&registrar.pubkey()), &owner_key)
        .map_err(|error| Failure::settling("plan a registration", error))?;
    for instruction in plan.in_order().flatten() {
        let (effect, signers): (_, &[_]) = match instruction_name(&instruction) {
            "open_directory" => {
                (format!("the directory of device {number} is opened, by the first byte of its key"), &[])
            }
            "open_shard" => ("the next shard is opened, for 4 nodes".to_owned(), &[]),
            _ => (format!("device {number} of {owner} leaves a bond of 0.05 SOL and {when}"), &[&device, &registrar]),
        };
        world.send(effect, &operator, &[instruction], signers)?;
    }
    Ok(())
}
