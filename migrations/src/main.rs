//! `stipend-migrate`: deploys Stipend and sets up a network, as a plan says.
//!
//! Results go to stdout, everything else to stderr. Exit codes: see [`ExitKind`].

use clap::Parser;
use solana_commitment_config::{CommitmentConfig, CommitmentLevel};
use solana_keypair::read_keypair_file;
use std::{
    error::Error,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};
use stipend_client::{
    config::{cluster_url, SolanaConfig},
    rpc::{host, Priority, RpcLedger, RpcOptions},
};
use stipend_migrations::{
    command::{check, migrate, CommandError, ExitKind},
    plan::Plan,
};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// Deploy Stipend and set up a network, as a plan says; what is there already is left alone
#[derive(Debug, Parser)]
#[command(
    name = "stipend-migrate",
    version,
    after_help = "Exit codes: 0 done, 1 bug, 2 wrong usage or plan, 3 cluster unreachable or payer without SOL, 4 refused by a \
                  program, or what is there differs from the plan."
)]
struct Args {
    /// The plan, as migrations/plans/localnet.toml
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Do it without asking
    #[arg(short, long)]
    yes: bool,
    /// Send nothing; compare the cluster's program with the plan's artifact, byte for byte
    #[arg(long, conflicts_with = "yes")]
    check: bool,
    /// localhost, devnet, testnet, mainnet-beta or a URL [default: the configuration's]
    #[arg(short, long, value_name = "CLUSTER", env = "STIPEND_URL", hide_env_values = true)]
    url: Option<String>,
    /// Key file that pays, in place of the plan's
    #[arg(short, long, value_name = "FILE", env = "STIPEND_KEYPAIR")]
    keypair: Option<PathBuf>,
    /// Configuration of Solana's tools [default: ~/.config/solana/cli/config.yml]
    #[arg(short = 'C', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What counts as landed: processed, confirmed or finalized
    #[arg(long, value_name = "LEVEL", default_value = "confirmed")]
    commitment: CommitmentLevel,
    /// Micro-lamports a compute unit to come before others
    #[arg(long, value_name = "PRICE", default_value_t = 0)]
    priority_fee: u64,
}

fn main() -> ExitCode {
    let from_environment: Option<Targets> = std::env::var("RUST_LOG").ok().and_then(|text| text.parse().ok());
    let filter =
        from_environment.unwrap_or_else(|| Targets::new().with_target("stipend_migrations", LevelFilter::INFO));
    let layer =
        tracing_subscriber::fmt::layer().with_writer(io::stderr).without_time().with_target(false).with_ansi(false);
    tracing_subscriber::registry().with(filter).with(layer).init();
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err((kind, error)) => {
            eprint!("error: {error}");
            let mut cause = error.source();
            while let Some(deeper) = cause {
                eprint!(": {deeper}");
                cause = deeper.source();
            }
            eprintln!();
            ExitCode::from(kind as u8)
        }
    }
}

type Failure = (ExitKind, Box<dyn Error>);

fn usage(error: impl Into<Box<dyn Error>>) -> Failure {
    (ExitKind::Usage, error.into())
}

fn run(args: &Args) -> Result<(), Failure> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => SolanaConfig::read(args.config.as_deref()).map_err(usage)?.json_rpc_url,
    };
    let url = cluster_url(&url).to_owned();
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(usage(format!(
            "`{url}` is no cluster; name localhost, devnet, testnet, mainnet-beta or an HTTP URL"
        )));
    }
    let payer = match &args.keypair {
        Some(path) => Some(
            read_keypair_file(path).map_err(|_| usage(format!("`{}` is no key file; name another", path.display())))?,
        ),
        None => None,
    };
    let plan = Plan::read(&args.plan, payer).map_err(usage)?;
    let priority = if args.priority_fee == 0 { Priority::None } else { Priority::Fixed(args.priority_fee) };
    let commitment = CommitmentConfig { commitment: args.commitment };
    let options = RpcOptions { commitment, priority, ..RpcOptions::default() };
    let mut ledger =
        RpcLedger::new(std::slice::from_ref(&url), options).map_err(|error| (ExitKind::Bug, error.into()))?;
    let mut stdout = io::stdout().lock();
    let done = if args.check {
        check(&mut ledger, &plan, &mut stdout)
    } else {
        migrate(&mut ledger, &plan, || consent(args.yes, &host(&url)), &mut stdout)
    };
    done.map_err(|error: CommandError| (error.exit_kind(), error.into()))
}

/// Whether everything that was shown is to be done: asked at a terminal, where nobody said so before.
fn consent(is_given: bool, cluster: &str) -> io::Result<bool> {
    if is_given {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    let mut stderr = io::stderr();
    write!(stderr, "Do all this on {cluster}? [yes/no] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
