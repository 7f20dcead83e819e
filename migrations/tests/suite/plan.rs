//! What a plan may say.

use crate::scene::{key, Scene};
use solana_signer::Signer;
use std::{fs, path::Path};
use stipend_migrations::plan::{Plan, PlanError};

#[track_caller]
fn refusal(changes: &[(&str, &str)]) -> String {
    let error = Scene::new().try_plan(changes).expect_err("the plan was to be refused");
    std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

fn committed(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plans").join(name)
}

#[test]
fn the_mainnet_plan_is_refused_until_everything_is_filled_in() {
    let refused = Plan::read(&committed("mainnet-beta.toml"), None).expect_err("it has placeholders");

    assert!(matches!(refused, PlanError::Placeholder { .. }), "{refused}");
}

#[test]
fn an_upgrade_authority_that_was_left_open_is_named() {
    let told = refusal(&[("\"upgrade.json\"", "\"FILL_IN: who\"")]);

    assert_eq!(told, "program.upgrade_authority is still to be filled in: FILL_IN: who");
}

#[test]
fn every_committed_plan_can_be_used_once_it_is_filled_in() {
    let scene = Scene::new();
    let keys = ["payer", "program", "upgrade", "mint", "authority", "oracle-1", "oracle-2", "oracle-3"];
    for name in ["localnet.toml", "devnet.toml", "mainnet-beta.toml"] {
        let text = fs::read_to_string(committed(name)).expect("there");
        let mut oracles = 0;
        let mut filled = String::new();
        for line in text.lines() {
            // Each key that is a file or to be filled in, by an address; the artifact by the one that is here.
            let value = line.split_once('=').map(|(field, _)| field.trim());
            let line = match value {
                _ if line.starts_with('#') => continue,
                Some("artifact") => "artifact = \"stipend.so\"".to_owned(),
                Some("genesis") => "genesis = 2027-02-01T00:00:00Z".to_owned(),
                Some(field) if line.contains(".json\"") && field != "keys" => format!("{field} = \"payer.json\""),
                Some(field) if line.contains("FILL_IN") => format!("{field} = \"payer.json\""),
                None if line.contains("FILL_IN") => {
                    oracles += 1;
                    format!("\"{}\",", key(&format!("further-{oracles}")).pubkey())
                }
                _ => line.replace("keys/localnet-", "").replace("keys/devnet-", "").replace("keys/", ""),
            };
            filled.push_str(&line);
            filled.push('\n');
        }
        fs::write(scene.path("plan.toml"), &filled).expect("written");

        let plan = Plan::read(&scene.path("plan.toml"), None).unwrap_or_else(|error| panic!("{name}: {error:?}"));

        assert!(keys.len() > plan.oracles.len() && plan.oracles.len() >= 3, "{name}");
    }
}

#[test]
fn a_field_that_nobody_knows_is_refused() {
    assert!(refusal(&[("decimals = 9", "decimals = 9\ndecimal = 9")]).contains("unknown field `decimal`"));
}

#[test]
fn a_key_that_is_neither_address_nor_file_is_refused_and_not_shown() {
    let told = refusal(&[("\"authority.json\"", "\"nobody.json\"")]);
    assert!(told.starts_with("network.authority names no key: there is no file `"), "{told}");

    let scene = Scene::new();
    fs::write(scene.path("authority.json"), "[1,2,3]").expect("written");
    let error = scene.try_plan(&[]).expect_err("refused");
    assert!(matches!(error, PlanError::Key { field: "network.authority", .. }), "{error}");
}

#[test]
fn oracles_and_quorum_must_fit_each_other() {
    assert!(refusal(&[("oracle-2.json", "oracle-1.json")]).contains("stands before; name each once"));
    assert!(refusal(&[("quorum = 2", "quorum = 1")]).contains("the quorum 1 must be more than half"));
    assert!(refusal(&[("quorum = 2", "quorum = 4")]).contains("nothing counts that fewer than 4 measured"));
}

#[test]
fn rules_that_the_program_would_refuse_are_refused_in_its_words() {
    let expect = |from: &str, to: &str, told: &str| {
        let refusal = refusal(&[(from, to)]);
        assert!(refusal.contains(told), "{refusal}");
    };
    expect("epoch_secs = 100", "epoch_secs = 0", "epoch length is not within 1 second and 366 days");
    expect("shard_capacity = 4", "shard_capacity = 601", "shard");
    expect("cap_atoms = 1_000_000_000", "cap_atoms = 999_999", "cap");
    expect("report_secs = 40", "report_secs = 0", "report window is 0 seconds long");
    expect("report_secs = 40", "report_secs = 101", "report window is longer than an epoch");
    expect("score_secs = 300", "score_secs = 40", "scoring window is not longer than the report window");
    // 30 days are 2,592,000 seconds.
    expect("score_secs = 300", "score_secs = 2_592_001", "scoring window is longer than 30 days");
    expect("decay_bps = 0", "decay_bps = 1", "decay");
    expect("unit = \"kbit/s\"", "unit = \"seventeen letters\"", "is not 1 to 16 printable ASCII characters");
    expect("mint_limit_atoms = 0", "mint_limit_atoms = 1", "mint");
}

#[test]
fn a_genesis_is_named_once() {
    let told = refusal(&[("genesis_in_secs = 1_000\n", "")]);
    assert!(told.contains("name one of the two"), "{told}");

    let local = refusal(&[("genesis_in_secs = 1_000", "genesis = 2027-01-01T00:00:00")]);
    assert!(local.contains("is no moment"), "{local}");
}
