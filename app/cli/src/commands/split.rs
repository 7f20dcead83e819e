//! `stipend split create`, `update`, `show` and `close`

use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;

use serde::Serialize;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::instruction::{self, Share};
use stipend_client::program::state::Split;
use stipend_client::reader::Reader;
use stipend_client::{address, ledger::Accounts};

use super::network::rules::Somebody;
use crate::cluster::{Done, OriginArgs, SessionArgs, Step};
use crate::failure::Failure;
use crate::figure::{counted, percent};
use crate::keypair_file::read_keypair;
use crate::print::{print_list, Format};
use crate::table::table;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "A node that registers with the split as its --owner, or is transferred to it, is paid to the recipients: one claim, \
                  which anybody may send, pays all of them. One recipient with 10000 has rewards sent elsewhere for good."
)]
pub struct CreateArgs {
    #[command(flatten)]
    shares: SharesArgs,
    /// Number among the splits of its creator
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    id: u16,
    /// Key file of the creator, whom its address is made of [default: the key that pays]
    #[arg(long, value_name = "FILE")]
    creator: Option<PathBuf>,
    /// Who may change and close it, and act for its nodes; `none` for nobody, for ever [default: the creator]
    #[arg(long, value_name = "ADDRESS")]
    authority: Option<Somebody>,
    #[command(flatten)]
    session: SessionArgs,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What accrued before is paid by the shares at the time of the claim: to have it paid by the old ones, claim first, by \
                  `stipend claim --owner SPLIT`."
)]
pub struct UpdateArgs {
    /// The split's address
    #[arg(value_name = "SPLIT")]
    split: Address,
    #[command(flatten)]
    shares: SharesArgs,
    /// Who may change it from now on; `none` for nobody, for ever [default: as it is]
    #[arg(long, value_name = "ADDRESS")]
    new_authority: Option<Somebody>,
    #[command(flatten)]
    by: ByArgs,
    #[command(flatten)]
    session: SessionArgs,
}

#[derive(Debug, clap::Args)]
pub struct CloseArgs {
    /// The split's address
    #[arg(value_name = "SPLIT")]
    split: Address,
    #[command(flatten)]
    by: ByArgs,
    #[command(flatten)]
    session: SessionArgs,
}

#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// The split's address
    #[arg(value_name = "SPLIT")]
    split: Address,
    #[command(flatten)]
    origin: OriginArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

#[derive(Debug, clap::Args)]
struct ByArgs {
    /// Key file of the split's authority [default: the key that pays]
    #[arg(long, value_name = "FILE")]
    signer: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct SharesArgs {
    /// Who is paid, and the share in basis points: 1 to 8 of them, which sum to 10000. What the floors leave goes to the first
    #[arg(long, value_name = "WALLET=BPS", num_args = 1.., required = true)]
    to: Vec<To>,
}

impl SharesArgs {
    fn shares(&self) -> Vec<Share> {
        self.to.iter().map(|to| (to.wallet, to.share_bps)).collect()
    }
}

/// A wallet and its share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct To {
    wallet: Address,
    share_bps: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a wallet and basis points, as in `WALLET=2500`, nor a wallet alone, which gets all")]
struct ToError;

impl FromStr for To {
    type Err = ToError;

    fn from_str(text: &str) -> Result<Self, ToError> {
        let (wallet, share_bps) = match text.split_once('=') {
            Some((wallet, share_bps)) => (wallet, share_bps.parse().map_err(|_| ToError)?),
            None => (text, 10_000),
        };
        Ok(Self { wallet: wallet.parse().map_err(|_| ToError)?, share_bps })
    }
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    split: String,
    effect: String,
    done: Done,
}

/// The JSON object of `show`.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct View {
    split: String,
    creator: String,
    id: u16,
    /// Who may change it; null if nobody ever can.
    authority: Option<String>,
    payer: String,
    nodes: u32,
    recipients: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    wallet: String,
    share_bps: u16,
}

pub fn create(args: &CreateArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let mut session = args.session.open("create the split")?;
    let creator = read_signer(args.creator.as_ref())?;
    let creator_key = creator.as_ref().unwrap_or(&session.payer).pubkey();
    let split = address::split(&creator_key, args.id);
    let authority = args.authority.map_or(Some(creator_key), |authority| authority.0);
    let shares = args.shares.shares();
    let create = instruction::create_split(&session.payer_address(), &creator_key, args.id, authority, &shares);
    let recipients = counted(shares.len() as u64, "recipient");
    let for_ever = if authority.is_none() { ", which nobody can change, for ever" } else { "" };
    let effect = format!("create split {split} of {recipients}{for_ever}");
    finish(&mut session, stdout, split, effect, create, creator)
}

pub fn update(args: &UpdateArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let doing = "update the split";
    let mut session = args.session.open(doing)?;
    let signer = read_signer(args.by.signer.as_ref())?;
    let found = read(&mut session.ledger, &args.split).map_err(|error| Failure::settling(doing, error))?;
    let by = signer.as_ref().unwrap_or(&session.payer).pubkey();
    let new_authority = args.new_authority.map_or(somebody(found.authority), |authority| authority.0);
    let shares = args.shares.shares();
    let update = instruction::update_split(&by, &args.split, new_authority, &shares);
    let recipients = counted(shares.len() as u64, "recipient");
    let for_ever = if new_authority.is_none() { "; nobody can change it any more" } else { "" };
    if found.nodes > 0 {
        eprintln!("what its nodes have accrued is paid by the new shares; claim first to have it paid by the old ones");
    }
    let effect = format!("give split {} {recipients}{for_ever}", args.split);
    finish(&mut session, stdout, args.split, effect, update, signer)
}

pub fn close(args: &CloseArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let doing = "close the split";
    let mut session = args.session.open(doing)?;
    let signer = read_signer(args.by.signer.as_ref())?;
    let found = read(&mut session.ledger, &args.split).map_err(|error| Failure::settling(doing, error))?;
    let by = signer.as_ref().unwrap_or(&session.payer).pubkey();
    let close = instruction::close_split(&by, &args.split, &found.payer);
    let effect = format!("close split {}; {} gets its rent", args.split, found.payer);
    finish(&mut session, stdout, args.split, effect, close, signer)
}

pub fn show(args: &ShowArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let mut accounts = args.origin.open()?;
    let split = read(&mut accounts, &args.split).map_err(|error| accounts.unreadable("show the split", error))?;
    let view = View::new(&args.split, &split);
    print_list(stdout, args.output, &view, &view.recipients, |out| view.write(out))
}

/// A split belongs to no network.
fn read(accounts: &mut impl Accounts, split: &Address) -> Result<Split, stipend_client::reader::ReadError> {
    Reader::new(accounts, Address::default()).split(*split)
}

fn read_signer(path: Option<&PathBuf>) -> Result<Option<Keypair>, Failure> {
    path.map(|path| read_keypair(path).map_err(|error| Failure::usage("read the key that signs", error))).transpose()
}

fn somebody(key: Address) -> Option<Address> {
    Some(key).filter(|key| *key != Address::default())
}

fn finish(
    session: &mut crate::cluster::Session,
    stdout: &mut dyn Write,
    split: Address,
    effect: String,
    instruction: solana_instruction::Instruction,
    signer: Option<Keypair>,
) -> Result<(), Failure> {
    // The payer signs anyway, and not twice.
    let signers: Vec<&Keypair> = signer.iter().filter(|key| key.pubkey() != session.payer_address()).collect();
    let done = session.carry_out(&[Step::new(effect.clone(), vec![instruction])], &signers)?;
    let outcome = Outcome { split: split.to_string(), effect, done };
    session.print(stdout, &outcome, |out| {
        writeln!(out, "Split  {}", outcome.split)?;
        let was = if outcome.done.sent { "done" } else { "not sent" };
        writeln!(out, "{was}: {}", outcome.effect)
    })
}

impl View {
    fn new(address: &Address, split: &Split) -> Self {
        let row = |wallet: &Address, share_bps| Row { wallet: wallet.to_string(), share_bps };
        Self {
            split: address.to_string(),
            creator: split.creator.to_string(),
            id: split.id,
            authority: somebody(split.authority).map(|authority| authority.to_string()),
            payer: split.payer.to_string(),
            nodes: split.nodes,
            recipients: split.recipients().map(|recipient| row(&recipient.wallet, recipient.share_bps)).collect(),
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "Split      {}", self.split)?;
        writeln!(out, "Authority  {}", self.authority.as_deref().unwrap_or("nobody, for ever"))?;
        writeln!(out, "Nodes      {}", self.nodes)?;
        let mut table = table(&["recipient", "share"], &[1]);
        for row in &self.recipients {
            table.add_row([row.wallet.clone(), percent(row.share_bps)]);
        }
        writeln!(out, "{table}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_wallet_and_basis_points_or_a_wallet_alone() {
        let wallet = Address::new_from_array([7; 32]);

        assert_eq!(format!("{wallet}=2500").parse(), Ok(To { wallet, share_bps: 2_500 }));
        assert_eq!(wallet.to_string().parse(), Ok(To { wallet, share_bps: 10_000 }));
        for wrong in [format!("{wallet}="), format!("{wallet}=65536"), "nobody=1".to_owned(), String::new()] {
            assert_eq!(wrong.parse::<To>(), Err(ToError), "{wrong}");
        }
    }
}
