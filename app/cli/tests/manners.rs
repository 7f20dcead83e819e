//! What holds of every command, as a shell runs it.

use std::fs;
use std::process::{Command, Output, Stdio};

use shell::{left_accounts, path, printed, stipend, text};

mod shell;

/// Every command there is, by its words; found by their help.
fn commands() -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut place = 0;
    while let Some(words) = all.get(place).cloned() {
        place += 1;
        let args: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = printed(&args);
        let listed = help.split_once("\nCommands:\n").map_or("", |(_, listed)| listed);
        // Longer descriptions go on in lines that begin farther right.
        let names = listed.lines().take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
        let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
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
fn key_file(folder: &tempfile::TempDir) -> String {
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
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("man");

    let output = stipend(&["man", path(&pages)]);

    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "");
    for words in commands() {
        let name = [&["stipend".to_owned()][..], &words].concat().join("-");
        let page = fs::read_to_string(pages.join(format!("{name}.1"))).unwrap_or_else(|_| panic!("no page of {name}"));
        assert!(page.contains(".TH ") && page.contains(".SH SYNOPSIS"), "{name}");
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
    let folder = tempfile::tempdir().expect("a folder");
    let key = key_file(&folder);
    let address = "11111111111111111111111111111111";
    // Nobody listens there: it is refused before anything is asked.
    let to = ["--url", "http://127.0.0.1:1", "--keypair", &key];
    let all: [(&str, &[&str]); 10] = [
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

#[test]
fn what_is_no_list_is_refused_as_csv_before_anything_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = key_file(&folder);

    let args = ["network", "pause", "--yes", "--output", "csv", "--url", "http://127.0.0.1:1", "--keypair", &key];
    let output = unattended(&args);

    assert_eq!(
        text(&output.stderr),
        "error: failed to print the result: there is no list to be written as CSV; take `--output table` or `--output json`\n"
    );
    assert_eq!(output.status.code(), Some(2));
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
