//! `stipend node register`

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::instruction::instruction_name;
use stipend_client::network_client::NetworkClient;
use stipend_client::reader::Reader;
use stipend_client::registration::Registrations;

use crate::cluster::{Done, NetworkArgs, SessionArgs, Step};
use crate::failure::Failure;
use crate::figure::{counted, sol};
use crate::keypair_file::read_keypair;

const DOING: &str = "register the devices";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Key files of devices
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "devices")]
    device: Vec<PathBuf>,
    /// Folder of devices' key files; names that end in `.json` are read
    #[arg(long, value_name = "FOLDER")]
    devices: Option<PathBuf>,
    /// Who is paid [default: the key that pays]
    #[arg(long, value_name = "ADDRESS")]
    owner: Option<Address>,
    /// Key file of the network's registrar, where it has one
    #[arg(long, value_name = "FILE")]
    registrar: Option<PathBuf>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    session: SessionArgs,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    owner: String,
    registered: Vec<String>,
    already_registered: Vec<String>,
    done: Done,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.session.check(DOING)?;
    let devices = read_devices(args)?;
    let read = |path: &PathBuf| read_keypair(path).map_err(|error| Failure::usage("read the registrar's key", error));
    let registrar = args.registrar.as_ref().map(read).transpose()?;
    let mut session = args.session.open(DOING)?;
    let owner = args.owner.unwrap_or_else(|| session.payer_address());
    let (network, _) = args.network.read(&mut session.ledger)?;
    let failed = |error| Failure::settling(DOING, error);

    let named: Vec<_> = devices.keys().copied().collect();
    let known = Reader::new(&mut session.ledger, network).nodes_of(&named).map_err(failed)?;
    let mut already = Vec::new();
    for (device, slot) in &known {
        if slot.owner != owner {
            let cause = format!(
                "device {device} is registered already, and its owner is {}, not {owner}; that owner transfers it, or name it with \
                 --owner",
                slot.owner
            );
            return Err(Failure::usage(DOING, cause));
        }
        already.push(device.to_string());
    }
    let new: Vec<_> = named.into_iter().filter(|device| !known.contains_key(device)).collect();
    if !already.is_empty() {
        eprintln!("{} registered already with this owner", counted(already.len() as u64, "device"));
    }

    let registrar_key = registrar.as_ref().map(|key| key.pubkey());
    let planned = NetworkClient::new(&mut session.ledger, &session.payer, network).plan_registrations(
        &new,
        registrar_key.as_ref(),
        &owner,
    );
    let Registrations { openings, registrations } = planned.map_err(failed)?;
    let registrations = registrations.into_iter().map(|one| step(one).in_any_order());
    let steps: Vec<_> = openings.into_iter().map(step).chain(registrations).collect();
    let signers: Vec<&Keypair> = devices.values().chain(&registrar).collect();
    let done = session.carry_out(&steps, &signers)?;

    let registered = if done.sent { new.iter().map(Address::to_string).collect() } else { Vec::new() };
    let (network, owner) = (network.to_string(), owner.to_string());
    let outcome = Outcome { network, owner, registered, already_registered: already, done };
    session.print(stdout, &outcome, |out| {
        for device in &outcome.registered {
            writeln!(out, "{device} is registered")?;
        }
        for device in &outcome.already_registered {
            writeln!(out, "{device} was registered already")?;
        }
        let count = counted(outcome.done.transactions as u64, "transaction");
        writeln!(out, "{count}, fees {}", sol(outcome.done.fee_lamports))
    })
}

fn step(instructions: Vec<solana_instruction::Instruction>) -> Step {
    let count = |name| instructions.iter().filter(|instruction| instruction_name(instruction) == name).count() as u64;
    let mut effects = Vec::new();
    let kinds = [
        ("register_node", "register", "device"),
        ("open_directory", "open", "directory"),
        ("open_shard", "open", "shard"),
    ];
    for (name, verb, noun) in kinds {
        if count(name) > 0 {
            effects.push(format!("{verb} {}", counted(count(name), noun)));
        }
    }
    Step::new(effects.join(", "), instructions)
}

/// By address, so that a key that is named twice counts once.
fn read_devices(args: &Args) -> Result<BTreeMap<Address, Keypair>, Failure> {
    let doing = "read the devices' keys";
    let mut paths = args.device.clone();
    if let Some(folder) = &args.devices {
        for entry in fs::read_dir(folder).map_err(|error| Failure::usage(doing, error))? {
            let path = entry.map_err(|error| Failure::usage(doing, error))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                paths.push(path);
            }
        }
    }
    if paths.is_empty() {
        return Err(Failure::usage(doing, "there is no `.json` file in the folder"));
    }
    let mut devices = BTreeMap::new();
    for path in paths {
        let key = read_keypair(&path).map_err(|error| Failure::usage(doing, error))?;
        devices.insert(key.pubkey(), key);
    }
    Ok(devices)
}
