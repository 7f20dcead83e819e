//! What holds of every command, as a shell runs it.

mod folder;
mod shell;

use folder::TempDir;
use std::process::{Command, Output, Stdio};

use shell::{left_accounts, path, printed, stipend, text};

/// Every command there is, by its words; found by their help.
fn commands() -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut place = 0;
    while let Some(words) = all.get(place).cloned() {
        place += 1;
        let args: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = printed(&args);
        // Options and arguments begin with a dash or a bracket; what belongs to them is indented more.
        let is_command = |line: &&str| {
            line.strip_prefix("  ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
        };
        let names = help.lines().filter(is_command).filter_map(|line| line.split_whitespace().next());
        let names = names.filter(|name| *name != "help");
        all.extend(names.map(|name| words.iter().cloned().chain([name.to_owned()]).collect()));
    }
    all
}

/// Runs `stipend` where nobody can answer a question.
fn unattended(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stipend"));
    command.env_remove("RUST_LOG").args(args).stdin(Stdio::null()).output().expect("the binary runs")
}

/// A key file of its own.
fn key_file(folder: &TempDir) -> String {
    let file = folder.path().join("key.json");
    let made = stipend(&["oracle", "keygen", "--out", path(&file)]);
    assert_eq!(made.status.code(), Some(0));
    path(&file).to_owned()
}

#[test]
fn the_commands_are_found_by_their_help() {
    let commands = commands();

    for words in [&["status"][..], &["network", "create"], &["network", "propose-authority"], &["oracle", "add"]] {
        assert!(commands.iter().any(|command| command == words), "{words:?}");
    }
}

#[test]
fn every_shell_completes_every_command() {
    let names: Vec<_> = commands().into_iter().filter_map(|words| words.last().cloned()).collect();

    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        for name in &names {
            assert!(script.contains(name.as_str()), "{shell} does not complete {name}");
        }
    }
}

#[test]
fn what_writes_is_refused_where_nobody_can_be_asked() {
    let folder = TempDir::new();
    let key = key_file(&folder);
    let address = "11111111111111111111111111111111";
    // Nobody listens there: it is refused before anything is asked.
    let to = ["--url", "http://127.0.0.1:1", "--keypair", &key];
    let all: [(&str, &[&str]); 18] = [
        ("create the network", &["network", "create", "--create-mint", "--emission-atoms", "1"]),
        ("update the network's rules", &["network", "update", "--quorum", "3", "--network", address]),
        ("pause the network", &["network", "pause", "--network", address]),
        ("resume the network", &["network", "resume", "--network", address]),
        ("propose an authority", &["network", "propose-authority", "none", "--network", address]),
        ("accept the authority", &["network", "accept-authority", "--network", address]),
        ("set the guardian", &["network", "set-guardian", address, "--network", address]),
        ("close the network", &["network", "close", "--network", address]),
        ("add the oracle", &["oracle", "add", address, "--network", address]),
        ("withdraw the bond", &["oracle", "withdraw-bond", address, "--network", address]),
        ("remove the oracle", &["oracle", "remove", address, "--network", address]),
        ("open the reports", &["network", "open-reports", "--network", address]),
        ("register the devices", &["node", "register", "--device", "nowhere.json", "--network", address]),
        ("transfer the node", &["node", "transfer", address, "--to", address, "--network", address]),
        ("retire the node", &["node", "retire", address, "--network", address]),
        ("boost the node", &["node", "boost", address, "--bps", "10000", "--network", address]),
        ("close the node", &["node", "close", address, "--network", address]),
        ("claim", &["claim", "--all", "--network", address]),
    ];

    for (doing, args) in all {
        let output = unattended(&[args, &to].concat());

        let expected = format!(
            "error: failed to {doing}: nobody is at a terminal to be asked; pass --yes, or --dry-run to look only\n"
        );
        assert_eq!(text(&output.stderr), expected);
        assert_eq!(output.status.code(), Some(2), "{doing}");
        assert_eq!(text(&output.stdout), "");
    }
}

/// The commands whose result is a list.
const LISTS: [&[&str]; 6] = [
    &["claim"],
    &["network", "list"],
    &["node", "list"],
    &["oracle", "list"],
    &["simulate-policy"],
    &["split", "show"],
];

#[test]
fn what_is_no_list_is_refused_as_csv_before_anything_is_done() {
    let address = "11111111111111111111111111111111";
    // Neither the files nor the cluster are there: it is refused before anything is read or asked.
    let all: [&[&str]; 33] = [
        &["demo"],
        &["status"],
        &["explain", address],
        &["node", "explain", address],
        &["node", "show", address],
        &["verify", "--epoch", "0"],
        &["network", "show"],
        &["airdrop", "1"],
        &["crank", "run", "--once", "--network", address],
        &["oracle", "relay", "nowhere.batches"],
        &[
            "oracle",
            "run",
            "--key",
            "nowhere.json",
            "--journal",
            "nowhere",
            "--measurements",
            "nowhere.csv",
            "--network",
            address,
        ],
        &["network", "create", "--create-mint", "--emission-atoms", "1", "--yes"],
        &["network", "update", "--quorum", "3", "--yes"],
        &["network", "pause", "--yes"],
        &["network", "resume", "--yes"],
        &["network", "propose-authority", "none", "--yes"],
        &["network", "accept-authority", "--yes"],
        &["network", "set-guardian", address, "--yes"],
        &["network", "open-reports", "--yes"],
        &["network", "close", "--yes"],
        &["oracle", "add", address, "--yes"],
        &["oracle", "remove", address, "--yes"],
        &["oracle", "withdraw-bond", address, "--yes"],
        &["node", "register", "--device", "nowhere.json", "--yes"],
        &["node", "transfer", address, "--to", address, "--yes"],
        &["node", "retire", address, "--yes"],
        &["node", "boost", address, "--bps", "10000", "--yes"],
        &["node", "close", address, "--yes"],
        &["node", "void", address, "--reason", "forged", "--yes"],
        &["split", "create", "--to", address, "--yes"],
        &["split", "update", address, "--to", address, "--yes"],
        &["split", "close", address, "--yes"],
        &["network", "pause", "--dry-run"],
    ];

    for args in all {
        let output = unattended(&[args, &["--output", "csv"]].concat());

        assert_eq!(
            text(&output.stderr),
            "error: failed to print the result: there is no list to be written as CSV; take `--output table` or `--output \
             json`\n",
            "{args:?}"
        );
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(text(&output.stdout), "", "{args:?}");
    }
    for words in commands() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if printed(&[&words[..], &["--help"]].concat()).contains("--output <FORMAT>") {
            let is_known = LISTS.contains(&words.as_slice()) || all.iter().any(|args| args.starts_with(&words));
            assert!(is_known, "{words:?}: is its result a list?");
        }
    }
}

#[test]
fn nodes_are_a_list_with_a_row_each() {
    let (_folder, accounts) = left_accounts(&["--scenario", "lifecycle"]);
    let listed = printed(&["network", "list", "--accounts", path(&accounts), "--output", "json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let networks = listed["networks"].as_array().expect("a list");
    let first = networks.iter().find(|one| one["id"] == 0).expect("network 0");
    let args =
        ["node", "list", "--accounts", path(&accounts), "--network", first["network"].as_str().expect("an address")];

    let csv = printed(&[&args[..], &["--output", "csv"]].concat());
    let json = printed(&[&args[..], &["--output", "json"]].concat());

    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let nodes = json["nodes"].as_array().expect("a list");
    let mut lines = csv.lines();
    let header =
        "device,owner,shard,slot,state,from_epoch,until,boost_bps,scored_epoch,uptime_bps,bandwidth,score,reason,\
                  accrued_atoms";
    assert_eq!(lines.next(), Some(header));
    assert!(!nodes.is_empty());
    for (line, node) in lines.clone().zip(nodes) {
        let cells: Vec<_> = line.split(',').collect();
        assert_eq!(cells.first().copied(), node["device"].as_str());
        assert_eq!(cells.last().copied(), Some(node["accrued_atoms"].to_string().as_str()));
    }
    assert_eq!(lines.count(), nodes.len());
}

#[test]
fn one_network_is_no_list() {
    let (_folder, accounts) = left_accounts(&[]);

    let output = stipend(&["network", "show", "--accounts", path(&accounts), "--output", "csv"]);

    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_cluster_that_is_not_there_is_named_without_what_is_secret() {
    let url = "http://user:hidden-password@127.0.0.1:1/hidden-path?api-key=hidden-key";
    let mut command = Command::new(env!("CARGO_BIN_EXE_stipend"));
    let args = ["-vvv", "network", "show", "--network", "11111111111111111111111111111111", "--url", url];

    let output = command.env("RUST_LOG", "trace").args(args).stdin(Stdio::null()).output().expect("the binary runs");

    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert_eq!(text(&output.stdout), "");
    assert!(!stderr.contains("hidden"), "{stderr}");
    let last = stderr.lines().last().expect("an error");
    assert!(
        last.starts_with("error: failed to show the network: cluster can't be reached: http://127.0.0.1:1: "),
        "{last}"
    );
    // What was tried on the way is told when it is asked for.
    assert!(stderr.contains("trying again"), "{stderr}");
}

#[test]
fn a_service_works_for_a_network_that_is_named() {
    let oracle = ["oracle", "run", "--key", "nowhere.json", "--journal", "nowhere", "--measurements", "nowhere.csv"];
    for args in [&["crank", "run"][..], &oracle] {
        let output = unattended(args);

        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let missing = "the following required arguments were not provided:\n  --network <ADDRESS>\n";
        assert!(text(&output.stderr).contains(missing), "{}", text(&output.stderr));
    }
}

#[test]
fn what_is_no_cluster_is_wrong_usage() {
    let output = unattended(&["network", "list", "--url", "rpc.example?api-key=hidden"]);

    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        "error: failed to reach the cluster: `rpc.example` is no cluster; name localhost, devnet, testnet, mainnet-beta or an \
         HTTP URL\n"
    );
}

#[test]
fn a_new_network_has_one_mint() {
    let address = "11111111111111111111111111111111";
    let without = unattended(&["network", "create", "--emission-atoms", "1"]);
    let both = unattended(&["network", "create", "--emission-atoms", "1", "--mint", address, "--create-mint"]);
    let unfit = unattended(&["network", "create", "--emission-atoms", "1", "--mint", address, "--token-2022"]);

    for output in [without, both, unfit] {
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stdout), "");
    }
}
