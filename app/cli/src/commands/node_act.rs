//! `stipend node transfer`, `retire`, `boost`, `void` and `close`

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::instruction::Actor;
use stipend_client::program::state::DirectoryEntry;
use stipend_client::reader::{ReadError, Reader};
use stipend_client::{address, instruction};

use crate::cluster::{Done, NetworkArgs, SessionArgs, Step};
use crate::failure::Failure;
use crate::figure::sol;
use crate::keypair_file::read_keypair;

/// What each of them takes.
#[derive(Debug, clap::Args)]
pub struct NodeArgs {
    /// The device's key, in base58
    #[arg(value_name = "DEVICE")]
    device: Address,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    session: SessionArgs,
}

#[derive(Debug, clap::Args)]
pub struct TransferArgs {
    #[command(flatten)]
    node: NodeArgs,
    /// Who owns it from now on; what has accrued goes along
    #[arg(long, value_name = "ADDRESS")]
    to: Address,
    /// Key file of the owner, or of the authority of the split that owns it [default: the key that pays]
    #[arg(long, value_name = "FILE")]
    signer: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct RetireArgs {
    #[command(flatten)]
    node: NodeArgs,
    /// Why, in 32 bytes at the most; the registrar must give it
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = parse_reason, hide_default_value = true)]
    reason: Reason,
    /// Key file of the owner, of the authority of the split that owns it, or of the registrar [default: the key that pays]
    #[arg(long, value_name = "FILE")]
    signer: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct BoostArgs {
    #[command(flatten)]
    node: NodeArgs,
    /// Factor on the score from the next epoch on, in basis points; 10000 is none
    #[arg(long, value_name = "BPS")]
    bps: u16,
    /// Key file of the network's authority [default: the key that pays]
    #[arg(long, value_name = "FILE")]
    signer: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct VoidArgs {
    #[command(flatten)]
    node: NodeArgs,
    /// Why, in 32 bytes at the most
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    reason: Reason,
    /// Key file of the network's arbiter [default: the key that pays]
    #[arg(long, value_name = "FILE")]
    signer: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct CloseArgs {
    #[command(flatten)]
    node: NodeArgs,
}

/// UTF-8, filled up with zeros.
#[derive(Clone, Copy, Debug)]
struct Reason([u8; 32]);

fn parse_reason(text: &str) -> Result<Reason, &'static str> {
    let mut reason = [0; 32];
    let room = reason.get_mut(..text.len()).ok_or("a reason has 32 bytes at the most")?;
    room.copy_from_slice(text.as_bytes());
    Ok(Reason(reason))
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    device: String,
    effect: String,
    done: Done,
}

pub fn transfer(args: &TransferArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    act(&args.node, "transfer the node", args.signer.as_ref(), stdout, |place| {
        let effect = format!("give device {} to {}, and what has accrued", place.device, args.to);
        (effect, instruction::transfer_node(place.actor(), &place.network, &place.shard, &place.device, &args.to))
    })
}

pub fn retire(args: &RetireArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    act(&args.node, "retire the node", args.signer.as_ref(), stdout, |place| {
        let effect = format!("retire device {}; it does not earn the epoch under way", place.device);
        (effect, instruction::retire_node(place.actor(), &place.network, &place.shard, &place.device, args.reason.0))
    })
}

pub fn boost(args: &BoostArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    act(&args.node, "boost the node", args.signer.as_ref(), stdout, |place| {
        let effect = format!("boost device {} by {} bps from the next epoch on", place.device, args.bps);
        (effect, instruction::set_boost(&place.signer, &place.network, &place.shard, &place.device, args.bps))
    })
}

pub fn void(args: &VoidArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    act(&args.node, "void the score", args.signer.as_ref(), stdout, |place| {
        let effect = format!(
            "void the last score of device {}; what it would have earned goes back to the budget",
            place.device
        );
        (effect, instruction::void_score(&place.signer, &place.network, &place.shard, place.node.slot, args.reason.0))
    })
}

pub fn close(args: &CloseArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    act(&args.node, "close the node", None, stdout, |place| {
        let refund = sol(place.node.deposit_lamports.saturating_sub(place.node.slot_lamports.into()));
        let effect = format!(
            "close device {}'s node and pay {refund} of its deposit to {}; {} of it stay in the slot until another node takes it or \
             the shard shrinks",
            place.device,
            place.node.payer,
            sol(place.node.slot_lamports.into())
        );
        let Place { network, shard, device, owner, node, .. } = place;
        (effect, instruction::close_node(network, shard, device, owner, &node.payer))
    })
}

/// A node, and who acts on it.
struct Place {
    signer: Address,
    network: Address,
    shard: Address,
    device: Address,
    owner: Address,
    /// The owner's authority, where that is a split.
    split_authority: Option<Address>,
    node: DirectoryEntry,
}

impl Place {
    /// Whoever signs, for the split that owns the node if that is whose authority it is.
    fn actor(&self) -> Actor {
        Actor { signer: self.signer, split: (self.split_authority == Some(self.signer)).then_some(self.owner) }
    }
}

fn act(
    args: &NodeArgs,
    doing: &'static str,
    signer: Option<&PathBuf>,
    stdout: &mut dyn Write,
    step: impl FnOnce(&Place) -> (String, solana_instruction::Instruction),
) -> Result<(), Failure> {
    let mut session = args.session.open(doing)?;
    let read = |path: &PathBuf| read_keypair(path).map_err(|error| Failure::usage("read the key that signs", error));
    let signer = signer.map(read).transpose()?;
    let (network, _) = args.network.read(&mut session.ledger)?;
    let mut reader = Reader::new(&mut session.ledger, network);
    let mut look = || -> Result<_, ReadError> {
        let node = reader.node(&args.device)?;
        let shard = reader.shard(node.shard.into())?;
        // The program rejects what names a slot that is not there.
        let owner = shard.slots.get(usize::from(node.slot)).map(|slot| slot.owner).unwrap_or_default();
        Ok((node, owner, reader.splits([owner])?))
    };
    let (node, owner, splits) = look().map_err(|error| Failure::settling(doing, error))?;
    let place = Place {
        signer: signer.as_ref().unwrap_or(&session.payer).pubkey(),
        network,
        shard: address::shard(&network, node.shard.into()),
        device: node.device,
        owner,
        split_authority: splits.get(&owner).map(|split| split.authority),
        node,
    };
    let (effect, instruction) = step(&place);
    // The payer signs anyway, and not twice.
    let signers: Vec<&Keypair> = signer.iter().filter(|key| key.pubkey() != session.payer_address()).collect();
    let steps = [Step::new(effect.clone(), vec![instruction])];
    let done = session.carry_out(&steps, &signers)?;
    let outcome = Outcome { network: network.to_string(), device: place.device.to_string(), effect, done };
    session.print(stdout, &outcome, |out| {
        let was = if outcome.done.sent { "done" } else { "not sent" };
        writeln!(out, "{was}: {}; fee {}", outcome.effect, sol(outcome.done.fee_lamports))
    })
}
