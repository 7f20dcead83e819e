//! A plan as a deployer would write it, its keys in files beside it.

use crate::cluster::{artifact, Cluster};
use solana_keypair::{write_keypair_file, Keypair};
use solana_signer::Signer;
use std::{fs, path::PathBuf};
use stipend_migrations::{
    error::MigrationError,
    migration::{take, Migration},
    plan::{Plan, PlanError},
};
use tempfile::TempDir;

/// What every plan here says, unless its test alters it. `STIPEND` stands for the program's ID.
pub const PLAN: &str = r#"
payer = "payer.json"

[program]
id = "STIPEND"
artifact = "stipend.so"
upgrade_authority = "upgrade.json"
hand_over_to = "none"

[mint]
key = "mint.json"
token_program = "spl-token"
decimals = 9

[network]
id = 0
authority = "authority.json"
genesis_in_secs = 1_000
epoch_secs = 100
shard_capacity = 4
unit = "kbit/s"
cap_atoms = 1_000_000_000

[network.policy]
report_secs = 40
score_secs = 300
uptime_weight_bps = 6_000
min_uptime_bps = 5_000
uptime_mode = "multiply"
bandwidth_cap = 1_000
min_boost_bps = 10_000
max_boost_bps = 20_000
tolerance_bps = 1_000
quorum = 2
bond_lamports = 0
oracle_bond_lamports = 7_000
mint_limit_atoms = 0
max_reward_atoms = 0
dispute_secs = 0

[network.emission]
per_epoch_atoms = 1_000_000
decay_bps = 0
decay_every_epochs = 0
carry_epochs = 10

[oracles]
keys = ["oracle-1.json", "oracle-2.json", "oracle-3.json"]

[shards]
count = 1
"#;

/// A cluster, and the folder of a deployer.
pub struct Scene {
    pub cluster: Cluster,
    pub folder: TempDir,
}

impl Scene {
    /// Keys, the artifact, and a payer with 100 SOL.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut scene = Self { cluster: Cluster::new(), folder };
        for name in ["payer", "program", "upgrade", "mint", "authority", "oracle-1", "oracle-2", "oracle-3"] {
            write_keypair_file(&key(name), scene.path(&format!("{name}.json"))).expect("written");
        }
        fs::write(scene.path("stipend.so"), artifact()).expect("written");
        scene.cluster.vm.airdrop(&key("payer").pubkey(), 100_000_000_000).expect("lamports are given");
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The plan with each `(from, to)` replaced.
    #[track_caller]
    pub fn plan(&self, changes: &[(&str, &str)]) -> Plan {
        self.try_plan(changes).expect("the plan can be used")
    }

    #[track_caller]
    pub fn try_plan(&self, changes: &[(&str, &str)]) -> Result<Plan, PlanError> {
        let mut text = PLAN.to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from} is not in the plan");
            text = text.replace(from, to);
        }
        let text = text.replace("STIPEND", &stipend_client::program::ID.to_string());
        fs::write(self.path("plan.toml"), text).expect("written");
        Plan::read(&self.path("plan.toml"), None)
    }

    /// A plan of a program that is not there, by its own key.
    pub fn fresh_program(&self) -> Plan {
        self.plan(&[("\"STIPEND\"", "\"program.json\""), ("hand_over_to = \"none\"\n", "")])
    }

    /// Takes a step; returns how many transactions it sent.
    pub fn take(&mut self, step: &dyn Migration<Cluster>, plan: &Plan) -> Result<usize, MigrationError> {
        self.cluster.landed_since();
        take(step, &mut self.cluster, plan)?;
        Ok(self.cluster.landed_since())
    }

    /// Asserts that a step is refused and sends nothing; returns why.
    #[track_caller]
    pub fn refuses(&mut self, step: &dyn Migration<Cluster>, plan: &Plan) -> MigrationError {
        let error = self.take(step, plan).expect_err("the step was to be refused");
        assert_eq!(self.cluster.landed_since(), 0, "a refused step sends nothing");
        error
    }
}

/// The same key for the same name in every run.
pub fn key(name: &str) -> Keypair {
    let mut seed = [0; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    Keypair::new_from_array(seed)
}
