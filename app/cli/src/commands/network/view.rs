//! What a network's account says, for people and as JSON. The fields are documented in `app/cli/README.md`.

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use stipend_client::program::constants::{NO_END, NO_EPOCH};
use stipend_client::program::state::{EmissionParams, Network, Policy, PolicyParams, UptimeMode};

use crate::figure::{counted, grouped, percent, sol, utc};
use crate::table::{table, Table};
use stipend_client::unit::unit_text;

/// A domain as hex, as `stipend oracle sign` takes it.
pub fn domain_text(domain: &[u8; 8]) -> String {
    domain.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A network.
#[derive(Debug, Serialize)]
pub struct NetworkView {
    pub network: String,
    pub mint: String,
    pub id: u16,
    pub domain: String,
    pub token_program: String,
    pub authority: String,
    pub pending_authority: Option<String>,
    pub guardian: Option<String>,
    pub payer: String,
    pub paused: bool,
    /// Unix seconds at which the pause ends by itself; null if only the authority ends it, or there is none.
    pub pause_ends_at: Option<i64>,
    pub bandwidth_unit: String,
    pub genesis: i64,
    pub epoch_secs: u32,
    pub shard_capacity: u16,
    pub shards: u32,
    /// Of these, shards with a node that may earn.
    pub awake_shards: u32,
    pub directories: u16,
    pub open_epoch: u32,
    pub oracles: usize,
    pub rules: RulesView,
    /// Rules that hold from a later epoch on.
    pub next_rules: Option<RulesView>,
    pub budget: Budget,
}

/// Rules, and from when they hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RulesView {
    pub from_epoch: u32,
    pub report_secs: u32,
    pub score_secs: u32,
    pub uptime_weight_bps: u16,
    pub min_uptime_bps: u16,
    /// `multiply` or `gate`.
    pub uptime_mode: &'static str,
    pub bandwidth_cap: u32,
    pub min_boost_bps: u16,
    pub max_boost_bps: u16,
    pub tolerance_bps: u16,
    pub quorum: u8,
    pub registrar: Option<String>,
    pub bond_lamports: u64,
    pub oracle_bond_lamports: u64,
    pub mint_limit_atoms: u64,
    pub max_reward_atoms: u64,
    pub dispute_secs: u32,
    pub arbiter: Option<String>,
    pub per_epoch_atoms: u64,
    pub decay_bps: u16,
    pub decay_every_epochs: u32,
    pub carry_epochs: u16,
}

/// What was and may be emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Budget {
    pub open_epoch_atoms: u64,
    pub cap_atoms: u64,
    pub scheduled_atoms: u64,
    pub carried_atoms: u64,
    pub accrued_atoms: u64,
    pub minted_atoms: u64,
}

impl RulesView {
    pub fn new(from_epoch: u32, rules: &PolicyParams, emission: &EmissionParams) -> Self {
        Self {
            from_epoch,
            report_secs: rules.report_secs,
            score_secs: rules.score_secs,
            uptime_weight_bps: rules.uptime_weight_bps,
            min_uptime_bps: rules.min_uptime_bps,
            uptime_mode: match rules.uptime_mode {
                UptimeMode::Multiply => "multiply",
                UptimeMode::Gate => "gate",
            },
            bandwidth_cap: rules.bandwidth_cap,
            min_boost_bps: rules.min_boost_bps,
            max_boost_bps: rules.max_boost_bps,
            tolerance_bps: rules.tolerance_bps,
            quorum: rules.quorum,
            registrar: rules.registrar.map(|registrar| registrar.to_string()),
            bond_lamports: rules.bond_lamports,
            oracle_bond_lamports: rules.oracle_bond_lamports,
            mint_limit_atoms: rules.mint_limit_atoms,
            max_reward_atoms: rules.max_reward_atoms,
            dispute_secs: rules.dispute_secs,
            arbiter: rules.arbiter.map(|arbiter| arbiter.to_string()),
            per_epoch_atoms: emission.per_epoch_atoms,
            decay_bps: emission.decay_bps,
            decay_every_epochs: emission.decay_every_epochs,
            carry_epochs: emission.carry_epochs,
        }
    }

    fn of(policy: &Policy) -> Self {
        Self::new(policy.from_epoch, &policy.params(), &policy.emission_params())
    }

    /// Each rule in words, and its value.
    pub fn lines(&self, unit: &str) -> Vec<(&'static str, String)> {
        let atoms = |atoms| format!("{} atoms", grouped(atoms));
        let secs = |secs: u32| format!("{} s", grouped(secs.into()));
        let none_or_atoms = |number| if number == 0 { "none".to_owned() } else { atoms(number) };
        let uptime = if self.uptime_mode == "gate" { "counts as whole" } else { "multiplies" };
        let dispute = match &self.arbiter {
            Some(arbiter) if self.dispute_secs > 0 => format!("{}, arbiter {arbiter}", secs(self.dispute_secs)),
            _ => "none".to_owned(),
        };
        let decay = match self.decay_every_epochs {
            0 => "none".to_owned(),
            every => format!("{} every {} epochs", percent(self.decay_bps), grouped(every.into())),
        };
        vec![
            ("report window", secs(self.report_secs)),
            ("scoring window", secs(self.score_secs)),
            ("weight of uptime", percent(self.uptime_weight_bps)),
            ("minimum uptime", percent(self.min_uptime_bps)),
            ("uptime above it", uptime.to_owned()),
            ("bandwidth cap", format!("{} {unit}", grouped(self.bandwidth_cap.into()))),
            ("boosts", format!("{} to {}", percent(self.min_boost_bps), percent(self.max_boost_bps))),
            ("tolerance", percent(self.tolerance_bps)),
            ("quorum", self.quorum.to_string()),
            ("registrar", self.registrar.clone().unwrap_or("nobody".to_owned())),
            ("bond of a node", sol(self.bond_lamports)),
            ("bond of an oracle", sol(self.oracle_bond_lamports)),
            ("mint limit an epoch", none_or_atoms(self.mint_limit_atoms)),
            ("ceiling of a reward", none_or_atoms(self.max_reward_atoms)),
            ("dispute window", dispute),
            ("emission an epoch", atoms(self.per_epoch_atoms)),
            ("decay", decay),
            ("empty epochs carried", self.carry_epochs.to_string()),
        ]
    }
}

impl Budget {
    pub fn new(network: &Network) -> Self {
        let emission = &network.emission;
        Self {
            open_epoch_atoms: emission.per_epoch_atoms,
            cap_atoms: emission.cap_atoms,
            scheduled_atoms: emission.scheduled_atoms,
            carried_atoms: emission.carried_atoms,
            accrued_atoms: emission.accrued_atoms,
            minted_atoms: emission.minted_atoms,
        }
    }
}

impl NetworkView {
    /// - `now`: Unix seconds.
    pub fn new(address: &Address, network: &Network, now: i64) -> Self {
        let paused = network.is_paused(now);
        let somebody = |key: &Address| Some(key).filter(|key| **key != Address::default()).map(Address::to_string);
        let next = &network.next_policy;
        Self {
            network: address.to_string(),
            mint: network.mint.to_string(),
            id: network.id,
            domain: domain_text(&network.domain),
            token_program: network.token_program.to_string(),
            authority: network.authority.to_string(),
            pending_authority: somebody(&network.pending_authority),
            guardian: somebody(&network.guardian),
            payer: network.payer.to_string(),
            paused,
            pause_ends_at: Some(network.pause_ends_at).filter(|end| paused && *end != NO_END),
            bandwidth_unit: unit_text(&network.unit),
            genesis: network.genesis,
            epoch_secs: network.epoch_secs,
            shard_capacity: network.shard_capacity,
            shards: network.shard_count,
            awake_shards: network.awake_shards,
            directories: network.directory_count,
            open_epoch: network.open_epoch,
            oracles: network.oracles.active(network.open_epoch).count(),
            rules: RulesView::of(&network.policy),
            next_rules: (next.from_epoch != NO_EPOCH).then(|| RulesView::of(next)),
            budget: Budget::new(network),
        }
    }

    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let nobody = "nobody".to_owned();
        let paused = match (self.paused, self.pause_ends_at) {
            (false, _) => String::new(),
            (true, None) => ", paused until the authority resumes".to_owned(),
            (true, Some(end)) => format!(", paused until {}", utc(end)),
        };
        writeln!(out, "Network    {}{paused}", self.network)?;
        writeln!(out, "Mint       {}, network {} on it", self.mint, self.id)?;
        writeln!(out, "Domain     {}", self.domain)?;
        writeln!(out, "Authority  {}", self.authority)?;
        if let Some(pending) = &self.pending_authority {
            writeln!(out, "Pending    {pending}")?;
        }
        writeln!(out, "Guardian   {}", self.guardian.as_ref().unwrap_or(&nobody))?;
        writeln!(
            out,
            "Epochs     of {} s from {} on; epoch {} is open",
            grouped(self.epoch_secs.into()),
            utc(self.genesis),
            self.open_epoch
        )?;
        writeln!(
            out,
            "Size       {} of {}, {} of them awake; {}; {}",
            counted(self.shards.into(), "shard"),
            counted(self.shard_capacity.into(), "slot"),
            self.awake_shards,
            counted(self.directories.into(), "directory"),
            counted(self.oracles as u64, "oracle")
        )?;
        self.budget.write(out)?;
        writeln!(out)?;
        let unit = &self.bandwidth_unit;
        match &self.next_rules {
            None => writeln!(out, "{}", one_column(&self.rules, unit)),
            Some(next) => writeln!(out, "{}", side_by_side(&self.rules, next, unit)),
        }
    }
}

impl Budget {
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "Budget     {} of {} atoms scheduled, {} carried, {} accrued, {} minted",
            grouped(self.scheduled_atoms),
            grouped(self.cap_atoms),
            grouped(self.carried_atoms),
            grouped(self.accrued_atoms),
            grouped(self.minted_atoms)
        )
    }
}

fn one_column(rules: &RulesView, unit: &str) -> Table {
    let mut lines = table(&["rule", &format!("from epoch {} on", rules.from_epoch)], &[1]);
    for (name, value) in rules.lines(unit) {
        lines.add_row([name.to_owned(), value]);
    }
    lines
}

/// Two sets of rules; what differs is marked.
pub fn side_by_side(old: &RulesView, new: &RulesView, unit: &str) -> Table {
    let header = [old, new].map(|rules| format!("from epoch {} on", rules.from_epoch));
    let mut lines = table(&["rule", &header[0], &header[1], ""], &[1, 2]);
    for ((name, before), (_, after)) in old.lines(unit).into_iter().zip(new.lines(unit)) {
        let mark = if before == after { "" } else { "changes" };
        lines.add_row([name.to_owned(), before, after, mark.to_owned()]);
    }
    lines
}
