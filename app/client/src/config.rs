//! The configuration that Solana's own tools keep, and the names that they have for clusters.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// Where the file is, below the home folder.
const PLACE: [&str; 4] = [".config", "solana", "cli", "config.yml"];

/// What of the file is used here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SolanaConfig {
    /// The cluster's endpoint.
    pub json_rpc_url: String,
    /// The key that pays.
    pub keypair_path: PathBuf,
    /// `processed`, `confirmed` or `finalized`.
    pub commitment: String,
}

/// Why the file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The operating system refused.
    #[error("`{}` can't be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It is something else.
    #[error("`{}` is not a configuration of Solana's tools, as `solana config set` writes it (line {line})", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The first line that is not `key: value`, from 1.
        line: usize,
    },
}

impl SolanaConfig {
    /// Reads the file at `path`. Without a path: the user's own, or what Solana's tools take where there is none.
    pub fn read(path: Option<&Path>) -> Result<Self, ConfigError> {
        let own = default_path();
        let path = path.unwrap_or(&own).to_owned();
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|line| ConfigError::Content { path, line }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && path == own => Ok(Self::default()),
            Err(source) => Err(ConfigError::Io { path, source }),
        }
    }

    /// Reads the YAML that Solana's tools write: one `key: value` per line, nested values indented.
    ///
    /// Fails with the number of the first line that is neither.
    fn parse(text: &str) -> Result<Self, usize> {
        let mut config = Self::default();
        for (index, line) in text.lines().enumerate() {
            let is_nested = line.starts_with([' ', '\t']);
            if is_nested || line.trim().is_empty() || line == "---" || line.starts_with('#') {
                continue;
            }
            let is_key =
                |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let (key, value) = line.split_once(':').filter(|(key, _)| is_key(key)).ok_or(index + 1)?;
            let value = unquoted(value.trim());
            match key {
                "json_rpc_url" => config.json_rpc_url = value.to_owned(),
                "keypair_path" => config.keypair_path = value.into(),
                "commitment" => config.commitment = value.to_owned(),
                _ => {}
            }
        }
        Ok(config)
    }
}

impl Default for SolanaConfig {
    fn default() -> Self {
        Self { json_rpc_url: default_url(), keypair_path: default_keypair_path(), commitment: String::new() }
    }
}

/// The endpoint of a cluster: its name or its first letter, as Solana's tools take them, or a URL.
pub fn cluster_url(name: &str) -> &str {
    match name {
        "l" | "localhost" | "localnet" => "http://127.0.0.1:8899",
        "d" | "devnet" => "https://api.devnet.solana.com",
        "t" | "testnet" => "https://api.testnet.solana.com",
        "m" | "mainnet-beta" => "https://api.mainnet-beta.solana.com",
        url => url,
    }
}

fn unquoted(value: &str) -> &str {
    let between = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    between('\'').or_else(|| between('"')).unwrap_or(value)
}

fn home() -> PathBuf {
    env::home_dir().unwrap_or_default()
}

fn default_path() -> PathBuf {
    let mut path = home();
    path.extend(PLACE);
    path
}

fn default_url() -> String {
    cluster_url("mainnet-beta").to_owned()
}

fn default_keypair_path() -> PathBuf {
    home().join(".config").join("solana").join("id.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_solanas_tools_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.yml");
        let text = "---\njson_rpc_url: 'http://localhost:8899'\nwebsocket_url: ''\nkeypair_path: /keys/id.json\n\
                    address_labels:\n  '11111111111111111111111111111111': System Program\ncommitment: finalized\n";
        fs::write(&path, text).expect("written");

        let config = SolanaConfig::read(Some(&path)).expect("a configuration");

        assert_eq!(config.json_rpc_url, "http://localhost:8899");
        assert_eq!(config.keypair_path, Path::new("/keys/id.json"));
        assert_eq!(config.commitment, "finalized");
    }

    #[test]
    fn a_file_that_is_named_must_be_there_and_be_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.yml");

        assert!(matches!(SolanaConfig::read(Some(&path)), Err(ConfigError::Io { .. })));
        fs::write(&path, "- 1\n- 2\n").expect("written");
        assert!(matches!(SolanaConfig::read(Some(&path)), Err(ConfigError::Content { line: 1, .. })));
    }

    #[test]
    fn a_cluster_has_a_name_a_letter_or_a_url() {
        assert_eq!(cluster_url("d"), cluster_url("devnet"));
        assert_eq!(cluster_url("localhost"), "http://127.0.0.1:8899");
        assert_eq!(cluster_url("http://10.0.0.1:1"), "http://10.0.0.1:1");
    }
}
