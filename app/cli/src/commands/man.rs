//! `stipend man`

use std::fs;
use std::path::PathBuf;

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the pages go, one for each command; made if it is not there
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let doing = || format!("write the manual pages to `{}`", args.folder.display());
    fs::create_dir_all(&args.folder).map_err(|error| Failure::usage(doing(), error))?;
    clap_mangen::generate_to(Cli::command(), &args.folder).map_err(|error| Failure::usage(doing(), error))?;
    eprintln!("the manual pages are in `{}`; read one with `man -l`", args.folder.display());
    Ok(())
}
