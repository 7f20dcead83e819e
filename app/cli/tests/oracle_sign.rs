//! `stipend oracle sign`, as a shell runs it.

mod folder;

use folder::TempDir;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use ed25519_dalek::SigningKey;
use solana_address::Address;
use stipend_client::address;
use stipend_client::batch::{self, cut, SignedBatch};
use stipend_client::program::state::Entry;

const NETWORK: &str = "BFisNoeEo7YruEPNLGnUDBdAJTy9PwAtR1eSR3xUsvVp";
const DOMAIN: [u8; 8] = [0, 1, 2, 3, 0xab, 0xcd, 0xef, 0xff];
const DOMAIN_HEX: &str = "00010203abcdefff";
const MEASURED: &str = "epoch,node,uptime_bps,bandwidth\n0,b,9000,7\n2,a,10000,\n2,b,,5\n";
const SLOTS: &str = "node,shard,slot\na,0,1\nb,3,0\n";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A folder with a key, measurements and slots.
fn folder() -> TempDir {
    let folder = TempDir::new();
    let key = format!("{:?}", key().to_keypair_bytes());
    for (name, content) in [("key.json", key.as_str()), ("measured.csv", MEASURED), ("slots.csv", SLOTS)] {
        fs::write(folder.path().join(name), content).expect("written");
    }
    folder
}

/// Signs with the arguments that are always needed, and `more`.
fn sign(folder: &Path, more: &[&str]) -> Output {
    let needed = ["--key", "key.json", "--network", NETWORK, "--slots", "slots.csv", "measured.csv"];
    Command::new(env!("CARGO_BIN_EXE_stipend"))
        .args(["oracle", "sign"])
        .args(needed)
        .args(more)
        .current_dir(folder)
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("output is UTF-8")
}

fn read(folder: &TempDir, name: &str) -> Vec<SignedBatch> {
    batch::read(fs::File::open(folder.path().join(name)).expect("there")).expect("signed batches")
}

/// One shard's batches of one epoch, as the library makes them.
fn batches(epoch: u32, shard: u32, entries: &[Entry]) -> Vec<SignedBatch> {
    let network: Address = NETWORK.parse().expect("an address");
    let shard = address::shard(&network, shard);
    cut(DOMAIN, epoch, entries, 110).iter().map(|batch| SignedBatch::new(&key(), &network, &shard, batch)).collect()
}

#[track_caller]
fn assert_refused(folder: &TempDir, more: &[&str], stderr: &str) {
    let output = sign(folder.path(), &[&["--domain", DOMAIN_HEX], more].concat());

    assert_eq!(text(&output.stderr), stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(!folder.path().join("out").exists());
}

#[test]
fn every_epoch_and_shard_is_signed_also_where_nothing_was_measured() {
    let folder = folder();

    let output = sign(folder.path(), &["--domain", DOMAIN_HEX, "--out", "out"]);

    assert_eq!(
        text(&output.stderr),
        format!(
            "batches of oracle {} written to `out`: 4 (epochs: 2)\n",
            Address::from(key().verifying_key().to_bytes())
        )
    );
    assert_eq!(output.status.code(), Some(0));
    let blank = Entry::BLANK;
    let expected = [
        batches(0, 0, &[blank, blank]),
        batches(0, 3, &[Entry::new(Some(9_000), Some(7))]),
        batches(2, 0, &[blank, Entry::new(Some(10_000), None)]),
        batches(2, 3, &[Entry::new(None, Some(5))]),
    ];
    assert_eq!(read(&folder, "out"), expected.concat());
}

#[test]
fn one_epoch_alone_can_be_signed() {
    let folder = folder();

    let output = sign(folder.path(), &["--domain", DOMAIN_HEX, "--out", "out", "--epoch", "0"]);

    assert_eq!(output.status.code(), Some(0));
    assert_eq!(read(&folder, "out").len(), 2);
}

#[test]
fn a_full_shard_is_cut_into_batches_of_110() {
    let folder = folder();
    let rows = |format: fn(u16) -> String| (0..600).map(format).collect::<String>();
    let measured = format!("epoch,node,uptime_bps,bandwidth\n{}", rows(|slot| format!("0,n{slot},{slot},\n")));
    let slots = format!("node,shard,slot\n{}", rows(|slot| format!("n{slot},0,{slot}\n")));
    fs::write(folder.path().join("measured.csv"), measured).expect("written");
    fs::write(folder.path().join("slots.csv"), slots).expect("written");

    sign(folder.path(), &["--domain", DOMAIN_HEX, "--out", "out"]);

    let entries: Vec<_> = (0..600).map(|slot| Entry::new(Some(slot), None)).collect();
    // 600 / 110 = 5.45
    assert_eq!(read(&folder, "out").len(), 6);
    assert_eq!(read(&folder, "out"), batches(0, 0, &entries));
}

#[test]
fn a_node_without_a_slot_is_wrong_usage() {
    let folder = folder();
    fs::write(folder.path().join("slots.csv"), "node,shard,slot\na,0,1\n").expect("written");

    assert_refused(
        &folder,
        &["--out", "out"],
        "error: failed to sign the measurements: `measured.csv`: node \"b\" is measured in epoch 0 and has no slot; register \
         it, and give its slot in `slots.csv`\n",
    );
}

#[test]
fn an_epoch_that_was_not_measured_is_wrong_usage() {
    assert_refused(
        &folder(),
        &["--out", "out", "--epoch", "0", "--epoch", "1"],
        "error: failed to sign the measurements: `measured.csv` has no row of epoch 1; name an epoch that was measured\n",
    );
}

#[test]
fn bad_files_are_wrong_usage() {
    let with = |name: &str, content: &str| {
        let folder = folder();
        fs::write(folder.path().join(name), content).expect("written");
        folder
    };
    let doing = "error: failed to sign the measurements:";

    assert_refused(
        &with("slots.csv", "node,shard,slot\na,0,1\nb,0,1\n"),
        &["--out", "out"],
        &format!("{doing} `slots.csv`, line 3: slot 1 of shard 0 is that of node \"a\" already; a slot has one node\n"),
    );
    assert_refused(
        &with("key.json", "[1,2]"),
        &["--out", "out"],
        &format!(
            "{doing} `key.json` is no key file: it is not a JSON array of 64 bytes, as `stipend oracle keygen` makes it\n"
        ),
    );
    assert_refused(
        &with("measured.csv", "epoch,node,uptime_bps,bandwidth\n"),
        &["--out", "out"],
        &format!("{doing} `measured.csv` holds no measurement; there is nothing to sign\n"),
    );
}

#[test]
fn no_input_is_ever_replaced() {
    for (name, content) in [("key.json", "the key"), ("measured.csv", "the measurements"), ("slots.csv", "the slots")] {
        let folder = folder();
        let before = fs::read(folder.path().join(name)).expect("there");

        let stderr = format!(
            "error: failed to sign the measurements: `./{name}` holds {content}; choose another name for --out\n"
        );
        assert_refused(&folder, &["--out", &format!("./{name}")], &stderr);

        assert_eq!(fs::read(folder.path().join(name)).expect("there"), before);
    }
}

#[test]
fn a_domain_or_a_network_that_is_none_is_wrong_usage() {
    let folder = folder();
    for domain in ["00010203abcdef", "00010203abcdefzz"] {
        let output = sign(folder.path(), &["--domain", domain, "--out", "out"]);

        assert_eq!(output.status.code(), Some(2));
        let expected = format!(
            "error: invalid value '{domain}' for '--domain <HEX>': a domain is 16 hex digits, as the network's account shows it\n"
        );
        assert!(text(&output.stderr).starts_with(&expected), "{}", text(&output.stderr));
    }
}
