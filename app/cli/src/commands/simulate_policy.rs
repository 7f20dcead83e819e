//! `stipend simulate-policy`

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;
use stipend_client::measurement::Measurements;
use stipend_client::program::state::{EmissionParams, Policy, PolicyParams};
use stipend_client::rules::default_rules;
use stipend_client::simulate::{rewards, samples_of_files, samples_of_network, share_of_ten_bps, Sample, Terms};

use super::network::create::TemplateArg;
use super::network::rules::RulesArgs;
use crate::cluster::{NetworkArgs, OriginArgs};
use crate::failure::Failure;
use crate::figure::{grouped, percent};
use crate::print::{print_list, Format};
use crate::table::table;

const DOING: &str = "simulate the policy";

/// What the help says below the options.
const NOTES: &str = "Without --measurements: the last closed epoch of a live network, by the medians in its slots, with the rules that it \
    was scored by as before, and the network's rules with what is named here changed as after. With --measurements: those of the \
    template, or of a new network, as before. Nothing is sent.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub struct Args {
    /// Measurement files, each of one oracle
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "emission_atoms")]
    measurements: Vec<PathBuf>,
    /// CSV `node,owner`: whose the nodes of the files are
    #[arg(long, value_name = "FILE", requires = "measurements")]
    owners: Option<PathBuf>,
    /// The rules that the files are paid by before
    #[arg(long, value_name = "SERVICE", requires = "measurements")]
    template: Option<TemplateArg>,
    /// What an epoch shares afterwards [default: as before]; of files, before too
    #[arg(long, value_name = "ATOMS")]
    emission_atoms: Option<u64>,
    #[command(flatten)]
    rules: RulesArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    origin: OriginArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    epochs: Vec<u32>,
    before: Totals,
    after: Totals,
    nodes: Vec<Row>,
    owners: Vec<OwnerRow>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Totals {
    paid_atoms: u64,
    /// By the ceiling of a reward.
    kept_back_atoms: u64,
    /// Nodes that earn anything.
    earning_nodes: usize,
    /// Of the ten nodes that earn most.
    largest_ten_bps: u16,
    least_atoms: u64,
    most_atoms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Row {
    node: String,
    owner: String,
    before_atoms: u64,
    after_atoms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct OwnerRow {
    owner: String,
    before_atoms: u64,
    after_atoms: u64,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let (samples, before, after) = if args.measurements.is_empty() { args.live()? } else { args.files()? };
    let outcome = Outcome::new(&samples, &before, &after)?;
    print_list(stdout, args.output, &outcome, &outcome.nodes, |out| outcome.write(out))
}

/// What an epoch of `emission_atoms` pays by `params`.
fn terms(params: &PolicyParams, emission_atoms: u64) -> Terms {
    let policy = Policy::new(0, params, &EmissionParams::default());
    Terms { rules: policy.scoring_rules(), emission_atoms, max_reward_atoms: params.max_reward_atoms }
}

impl Args {
    fn live(&self) -> Result<(Vec<Sample>, Terms, Terms), Failure> {
        let mut accounts = self.origin.open()?;
        let (address, network) = self.network.read(&mut accounts)?;
        let found = samples_of_network(&mut accounts, &address).map_err(|error| accounts.unreadable(DOING, error))?;
        let (samples, closed) =
            found.ok_or_else(|| Failure::usage(DOING, "no epoch of the network is closed and still in its shards"))?;
        let emission_atoms = closed.emission_atoms.saturating_add(closed.kept_back_atoms);
        let before = Terms { rules: closed.scoring_rules(), emission_atoms, max_reward_atoms: closed.max_reward_atoms };
        let params = self.rules.apply_to(network.policy.params());
        Ok((samples, before, terms(&params, self.emission_atoms.unwrap_or(emission_atoms))))
    }

    fn files(&self) -> Result<(Vec<Sample>, Terms, Terms), Failure> {
        let read =
            |path: &PathBuf| Measurements::read(path).map_err(|error| Failure::usage("read the measurements", error));
        let files: Vec<_> = self.measurements.iter().map(read).collect::<Result<_, _>>()?;
        // Windows are nothing that a reward depends on.
        let epoch_secs = 86_400;
        let rules =
            self.template.map_or_else(|| default_rules(epoch_secs), |template| template.template().rules(epoch_secs));
        let params = self.rules.apply_to(rules);
        // Of a single file every value counts.
        let quorum = params.quorum.min(u8::try_from(files.len()).unwrap_or(u8::MAX));
        let samples = samples_of_files(&files, quorum, &self.read_owners()?);
        let emission_atoms = self.emission_atoms.unwrap_or(0);
        Ok((samples, terms(&rules, emission_atoms), terms(&params, emission_atoms)))
    }

    fn read_owners(&self) -> Result<BTreeMap<String, String>, Failure> {
        let Some(path) = &self.owners else {
            return Ok(BTreeMap::new());
        };
        let doing = "read the owners";
        let mut rows = csv::Reader::from_path(path).map_err(|error| Failure::usage(doing, error))?;
        rows.deserialize().map(|row| row.map_err(|error| Failure::usage(doing, error))).collect()
    }
}

impl Outcome {
    fn new(samples: &[Sample], before: &Terms, after: &Terms) -> Result<Self, Failure> {
        let pay = |terms| rewards(samples, terms).map_err(|error| Failure::usage(DOING, error));
        let ((old, old_kept_back), (new, new_kept_back)) = (pay(before)?, pay(after)?);
        let mut nodes: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
        for (sample, (before, after)) in samples.iter().zip(old.iter().zip(&new)) {
            let sum = nodes.entry((&sample.node, &sample.owner)).or_default();
            *sum = (sum.0.saturating_add(*before), sum.1.saturating_add(*after));
        }
        let mut owners: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for ((_, owner), (before, after)) in nodes.iter().filter(|((_, owner), _)| !owner.is_empty()) {
            let sum = owners.entry(owner).or_default();
            *sum = (sum.0.saturating_add(*before), sum.1.saturating_add(*after));
        }
        let epochs: std::collections::BTreeSet<_> = samples.iter().map(|sample| sample.epoch).collect();
        let owner_row = |(owner, (before_atoms, after_atoms)): (&str, (u64, u64))| OwnerRow {
            owner: owner.to_owned(),
            before_atoms,
            after_atoms,
        };
        let row = |((node, owner), (before_atoms, after_atoms)): (&(&str, &str), &(u64, u64))| Row {
            node: (*node).to_owned(),
            owner: (*owner).to_owned(),
            before_atoms: *before_atoms,
            after_atoms: *after_atoms,
        };
        Ok(Self {
            epochs: epochs.into_iter().collect(),
            before: Totals::new(nodes.values().map(|(before, _)| *before).collect(), old_kept_back),
            after: Totals::new(nodes.values().map(|(_, after)| *after).collect(), new_kept_back),
            nodes: nodes.iter().map(row).collect(),
            owners: owners.into_iter().map(owner_row).collect(),
        })
    }

    /// Totals, and who gains and loses most.
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut totals = table(&["", "before", "after"], &[1, 2]);
        let mut line = |name: &str, figure: fn(&Totals) -> String| {
            totals.add_row([name.to_owned(), figure(&self.before), figure(&self.after)]);
        };
        line("paid, atoms", |totals| grouped(totals.paid_atoms));
        line("kept back, atoms", |totals| grouped(totals.kept_back_atoms));
        line("nodes that earn", |totals| grouped(totals.earning_nodes as u64));
        line("least, atoms", |totals| grouped(totals.least_atoms));
        line("most, atoms", |totals| grouped(totals.most_atoms));
        line("the largest ten's part", |totals| percent(totals.largest_ten_bps));
        writeln!(out, "{totals}")?;
        let mut changed: Vec<_> = self.nodes.iter().filter(|row| row.before_atoms != row.after_atoms).collect();
        changed.sort_by_key(|row| std::cmp::Reverse(row.before_atoms.abs_diff(row.after_atoms)));
        let mut rows = table(&["node", "before", "after"], &[1, 2]);
        for row in changed.iter().take(SHOWN) {
            rows.add_row([row.node.clone(), grouped(row.before_atoms), grouped(row.after_atoms)]);
        }
        if changed.is_empty() {
            return writeln!(out, "No node earns more or less");
        }
        writeln!(out, "{rows}")?;
        let left = changed.len().saturating_sub(SHOWN);
        if left == 0 {
            return Ok(());
        }
        writeln!(out, "and {} more; `--output csv` has all", grouped(left as u64))
    }
}

/// Nodes that the table has: those whose rewards change most.
const SHOWN: usize = 20;

impl Totals {
    fn new(atoms: Vec<u64>, kept_back_atoms: u64) -> Self {
        let earning = || atoms.iter().copied().filter(|atoms| *atoms > 0);
        Self {
            paid_atoms: earning().fold(0, u64::saturating_add),
            kept_back_atoms,
            earning_nodes: earning().count(),
            least_atoms: earning().min().unwrap_or(0),
            most_atoms: earning().max().unwrap_or(0),
            largest_ten_bps: share_of_ten_bps(atoms),
        }
    }
}
