//! `stipend network update`

use std::io::Write;

use serde::Serialize;
use solana_signer::Signer as _;
use stipend_client::instruction;
use stipend_client::ledger::Ledger as _;
use stipend_client::program::constants::NO_EPOCH;
use stipend_client::program::math::emission::{checked_decay, is_decay_epoch};
use stipend_client::program::state::{EmissionParams, Network, PolicyParams};

use super::rules::{DecayArgs, RulesArgs};
use super::view::{side_by_side, RulesView};
use crate::cluster::{AuthorityArgs, Done, NetworkArgs, SessionArgs, Step};
use crate::failure::Failure;
use crate::figure::grouped;
use stipend_client::unit::unit_text;

const DOING: &str = "update the network's rules";

/// What the help says below the options.
const NOTES: &str = "Rules change from an epoch on that has not begun: the epochs before it are scored and closed by those that they \
    were measured under. Only what is named changes. If anything of the emission is named, a new schedule begins with that epoch: \
    decay steps are counted from there. Rules that were to hold from an epoch on that has not begun are replaced.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub struct Args {
    /// The first epoch that they hold for [default: the next that begins]
    #[arg(long, value_name = "EPOCH")]
    from_epoch: Option<u32>,
    /// What an epoch emits, before any decay
    #[arg(long, value_name = "ATOMS", help_heading = "Emission")]
    emission_atoms: Option<u64>,
    #[command(flatten)]
    decay: DecayArgs,
    #[command(flatten)]
    rules: RulesArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    authority: AuthorityArgs,
    #[command(flatten)]
    session: SessionArgs,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    /// Without the change, and with it.
    old: RulesView,
    new: RulesView,
    done: Done,
}

/// Rules and emission of one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Chosen {
    rules: PolicyParams,
    emission: EmissionParams,
    /// Whether the emission begins a schedule with that epoch that the policy in force does not have.
    begins: bool,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let mut session = args.session.open(DOING)?;
    let authority = args.authority.read(&session.payer)?;
    let (address, network) = args.network.read(&mut session.ledger)?;
    let now = session.ledger.now().map_err(|error| Failure::settling(DOING, error))?;
    let from_epoch = args.from_epoch.unwrap_or_else(|| network.schedule().next_epoch(now));
    let old = chosen_before(&network, from_epoch);
    let new = args.change(old);
    if old.rules == new.rules && old.emission == new.emission {
        return Err(Failure::usage(DOING, format!("nothing is named that changes from epoch {from_epoch} on")));
    }
    let new_view = RulesView::new(from_epoch, &new.rules, &new.emission);
    let old_view = RulesView {
        from_epoch: network.policy_at(from_epoch).from_epoch,
        ..RulesView::new(0, &old.rules, &old.emission)
    };
    let unit = unit_text(&network.unit);
    // Before the question: what is asked is in it.
    eprintln!("{}", side_by_side(&old_view, &new_view, &unit));
    let update = instruction::update_policy(
        &authority.pubkey(),
        &address,
        from_epoch,
        new.rules,
        new.begins.then_some(new.emission),
    );
    let steps = [Step::new(effect(&network, from_epoch, new.begins), vec![update])];
    let done = session.carry_out(&steps, &[&authority])?;
    let outcome = Outcome { network: address.to_string(), old: old_view, new: new_view, done };
    session.print(stdout, &outcome, |out| {
        writeln!(out, "Network  {}", outcome.network)?;
        writeln!(out, "{}", side_by_side(&outcome.old, &outcome.new, &unit))?;
        writeln!(out, "{}", if outcome.done.sent { "These rules are set" } else { "Nothing was sent" })
    })
}

impl Args {
    fn change(&self, old: Chosen) -> Chosen {
        let decayed = self.decay.apply_to(old.emission);
        let per_epoch_atoms = self.emission_atoms.unwrap_or(decayed.per_epoch_atoms);
        let emission = EmissionParams { per_epoch_atoms, ..decayed };
        Chosen { rules: self.rules.apply_to(old.rules), emission, begins: old.begins || emission != old.emission }
    }
}

/// What would hold in `from_epoch` if nothing were changed; the amount is that epoch's, after the decay steps before it.
fn chosen_before(network: &Network, from_epoch: u32) -> Chosen {
    let policy = network.policy_at(from_epoch);
    let emission = policy.emission_params();
    let begins = policy.emission_from_epoch != network.policy.emission_from_epoch;
    // A schedule that is to begin has taken no step by then, or takes them as it is written.
    let (mut atoms, first) = if begins {
        (policy.per_epoch_atoms, policy.emission_from_epoch)
    } else {
        (network.emission.per_epoch_atoms, network.open_epoch)
    };
    for epoch in (first..from_epoch).map(|epoch| epoch.saturating_add(1)) {
        if policy.decay_every_epochs == 0 || atoms == 0 {
            break;
        }
        let age = epoch.saturating_sub(policy.emission_from_epoch);
        if is_decay_epoch(age, policy.decay_every_epochs) {
            atoms = checked_decay(atoms, policy.decay_bps).unwrap_or(0);
        }
    }
    Chosen { rules: policy.params(), emission: EmissionParams { per_epoch_atoms: atoms, ..emission }, begins }
}

fn effect(network: &Network, from_epoch: u32, begins: bool) -> String {
    let replaced = match network.next_policy.from_epoch {
        NO_EPOCH => String::new(),
        epoch => format!("; the rules that were to hold from epoch {} on go", grouped(epoch.into())),
    };
    let schedule = if begins { "; a new emission schedule begins with that epoch" } else { "" };
    format!("change the rules from epoch {} on{schedule}{replaced}", grouped(from_epoch.into()))
}

#[cfg(all(test, feature = "demo"))]
mod tests {
    use clap::Parser;
    use stipend_client::program::state::Policy;

    use super::super::create::tests::created;
    use super::*;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        args: Args,
    }

    fn change(options: &[&str], old: Chosen) -> Chosen {
        Only::try_parse_from([&["update"], options].concat()).expect("options").args.change(old)
    }

    /// 1,000 atoms an epoch, a tenth less every 10 epochs; epoch 12 is open, after one step.
    fn decayed() -> Network {
        let (mut network, ..) = created(&["--decay-bps", "1000", "--decay-every-epochs", "10"]);
        network.open_epoch = 12;
        network.emission.per_epoch_atoms = 900;
        network
    }

    #[test]
    fn what_is_not_named_stays_as_it_would_have_been() {
        let network = decayed();

        let (near, far) = (chosen_before(&network, 15), chosen_before(&network, 20));

        assert_eq!((near.emission.per_epoch_atoms, far.emission.per_epoch_atoms), (900, 810));
        assert_eq!(change(&[], near), near);
        let stricter = change(&["--quorum", "3"], near);
        assert_eq!(stricter, Chosen { rules: PolicyParams { quorum: 3, ..near.rules }, ..near });
        assert!(!stricter.begins);
    }

    #[test]
    fn a_new_schedule_begins_with_what_the_old_one_has_come_to() {
        let near = chosen_before(&decayed(), 15);

        let carried = change(&["--carry-epochs", "0"], near);
        let more = change(&["--emission-atoms", "1200"], near);

        assert_eq!(carried.emission, EmissionParams { per_epoch_atoms: 900, carry_epochs: 0, ..near.emission });
        assert_eq!(more.emission, EmissionParams { per_epoch_atoms: 1_200, ..near.emission });
        assert!(carried.begins && more.begins);
    }

    #[test]
    fn rules_that_are_to_come_are_changed_from_their_epoch_on_and_not_before() {
        let mut network = decayed();
        let flat = EmissionParams { per_epoch_atoms: 500, ..EmissionParams::default() };
        network.next_policy = Policy::new(14, &network.policy.params(), &flat);

        let (before, behind) = (chosen_before(&network, 13), chosen_before(&network, 16));

        assert_eq!((before.emission.per_epoch_atoms, before.begins), (900, false));
        // The schedule that was to begin in epoch 14 is not lost.
        assert_eq!((behind.emission, behind.begins), (flat, true));
    }
}
