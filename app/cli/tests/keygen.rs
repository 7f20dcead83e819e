//! `stipend keygen`, and `stipend oracle keygen`, as a shell runs them.

mod folder;

use folder::TempDir;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn keygen(out: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stipend"))
        .args(["keygen", "--out"])
        .arg(out)
        .args(more)
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("output is UTF-8")
}

/// The 64 bytes of a key file.
fn key_bytes(path: &Path) -> Vec<u8> {
    let file = fs::read_to_string(path).expect("readable");
    let bytes: Vec<u8> = serde_json::from_str(&file).expect("a JSON array of bytes");
    assert_eq!(bytes.len(), 64);
    bytes
}

#[test]
fn a_key_is_made_and_its_public_half_is_the_only_thing_on_stdout() {
    let folder = TempDir::new();
    let path = folder.path().join("oracle.json");

    let output = keygen(&path, &[]);

    assert_eq!(output.status.code(), Some(0));
    let bytes = key_bytes(&path);
    let secret: [u8; 32] = bytes[..32].try_into().expect("32 bytes");
    let public = ed25519_dalek::SigningKey::from_bytes(&secret).verifying_key();
    assert_eq!(&bytes[32..], public.as_bytes());
    let base58 = bs58::encode(public.as_bytes()).into_string();
    assert_eq!(text(&output.stdout), format!("{base58}\n"));
    assert_eq!(
        text(&output.stderr),
        format!("secret key written to `{}`, readable by its owner only\n", path.display())
    );
}

#[cfg(unix)]
#[test]
fn a_key_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new();
    let path = folder.path().join("oracle.json");

    keygen(&path, &[]);

    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_key_that_exists_is_kept_unless_force_is_given() {
    let folder = TempDir::new();
    let path = folder.path().join("oracle.json");
    keygen(&path, &[]);
    let first = key_bytes(&path);

    let refused = keygen(&path, &[]);
    let after_refusal = key_bytes(&path);
    let forced = keygen(&path, &["--force"]);

    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(text(&refused.stdout), "");
    assert_eq!(
        text(&refused.stderr),
        format!(
            "error: failed to make a key: `{}` exists; choose another name, or pass --force to replace it\n",
            path.display()
        )
    );
    assert_eq!(after_refusal, first);
    assert_eq!(forced.status.code(), Some(0));
    assert_ne!(key_bytes(&path), first);
}

#[test]
fn a_folder_that_is_not_there_is_wrong_usage() {
    let folder = TempDir::new();
    let path = folder.path().join("none/oracle.json");

    let output = keygen(&path, &[]);

    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    let stderr = text(&output.stderr);
    let expected = format!("error: failed to make a key: `{}` can't be written: ", path.display());
    assert!(stderr.starts_with(&expected), "{stderr}");
}

#[test]
fn no_file_name_is_wrong_usage() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_stipend")).args(["oracle", "keygen"]).output().expect("the binary runs");

    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
}
