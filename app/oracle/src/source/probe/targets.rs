//! What is probed: a CSV file with the header `node,tcp,http,download`, one row a node.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::net::IpAddr;
use std::path::Path;

use reqwest::Url;
use stipend_client::csv_rows::CsvRow;
use stipend_client::measurement::check_node_label;

use super::ProbeError;
use crate::ingest::{read_csv, BadRow, BadRows, Column, ColumnError, IngestError, Skipped};

/// A host and a port to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpAddress {
    /// A name or an IP address, without brackets.
    pub host: String,
    pub port: u16,
}

/// A node and how it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub node: String,
    /// Must accept a connection.
    pub tcp: Option<TcpAddress>,
    /// Must answer.
    pub http: Option<Url>,
    /// Is downloaded, as far as the limits go.
    pub download: Option<Url>,
}

impl Target {
    /// Whether it is asked if it is up.
    pub fn has_uptime(&self) -> bool {
        self.tcp.is_some() || self.http.is_some()
    }
}

/// What answers as long as the prober's own network is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    Tcp(TcpAddress),
    Http(Url),
}

impl Reference {
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains("://") {
            parse_url(text).map(Self::Http)
        } else {
            TcpAddress::parse(text).map(Self::Tcp)
        }
    }
}

impl TcpAddress {
    /// Reads `host:port`, `1.2.3.4:5`, `[::1]:5`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is not a host and a port, as `example.net:443` or `[::1]:443`");
        let (host, port) = text.rsplit_once(':').ok_or_else(refused)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_bare_v6 = host == bare && host.contains(':');
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(refused)?;
        if bare.is_empty() || is_bare_v6 || bare.chars().any(|char| char.is_whitespace() || "/@[]".contains(char)) {
            return Err(refused());
        }
        Ok(Self { host: bare.to_owned(), port })
    }

    /// Whether it must be resolved.
    pub fn is_name(&self) -> bool {
        self.host.parse::<IpAddr>().is_err()
    }

    /// Where an HTTP request to `url` connects to.
    pub fn of_url(url: &Url) -> Option<Self> {
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Self { host, port: url.port_or_known_default()? })
    }
}

fn parse_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`{text}` is not a URL: {error}"))?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(format!("`{text}` begins neither with http:// nor with https://"))
    }
}

/// Reads the targets in the file at `path`, in its order. Columns that no target needs may be left out.
pub fn read_targets(path: &Path) -> Result<Vec<Target>, ProbeError> {
    let file = File::open(path).map_err(|source| ProbeError::TargetsFile { path: path.to_owned(), source })?;
    let mut skipped = Skipped::default();
    let mut targets = Vec::new();
    let mut nodes = BTreeSet::new();
    let on_row = |columns: &TargetColumns, row: &CsvRow| {
        let target = columns.target(row)?;
        if !nodes.insert(target.node.clone()) {
            return Err(BadRow::Target(format!(
                "node {:?} has a row already; a node is probed in one way",
                target.node
            )));
        }
        targets.push(target);
        Ok(())
    };
    let read = read_csv(BufReader::new(file), path, BadRows::Refuse, &mut skipped, TargetColumns::find, on_row);
    read.map_err(|error| match error {
        IngestError::BadRow { file, line, reason } => {
            ProbeError::Target { path: file, line, reason: reason.to_string() }
        }
        other => ProbeError::Targets(other),
    })?;
    if targets.is_empty() {
        return Err(ProbeError::NoTargets { path: path.to_owned() });
    }
    Ok(targets)
}

/// Where the columns of a targets file are.
struct TargetColumns {
    node: Column,
    tcp: Option<Column>,
    http: Option<Column>,
    download: Option<Column>,
}

impl TargetColumns {
    fn find(header: &CsvRow) -> Result<Self, ColumnError> {
        let names = ["node", "tcp", "http", "download"];
        let has = |name: &str| header.cells().any(|cell| cell.trim_ascii() == name.as_bytes());
        if let Some(cell) = header.cells().find(|cell| !names.iter().any(|name| cell.trim_ascii() == name.as_bytes())) {
            let name = String::from_utf8_lossy(cell).into_owned();
            return Err(ColumnError::Unknown { name, known: names.join(", ") });
        }
        let optional = |name| has(name).then(|| Column::find(header, name)).transpose();
        Ok(Self {
            node: Column::find(header, "node")?,
            tcp: optional("tcp")?,
            http: optional("http")?,
            download: optional("download")?,
        })
    }

    fn target(&self, row: &CsvRow) -> Result<Target, BadRow> {
        let text = |column: &Option<Column>| -> Result<Option<String>, BadRow> {
            let text = column.as_ref().map(|column| column.text(row)).transpose()?;
            Ok(text.filter(|text| !text.is_empty()).map(str::to_owned))
        };
        let url = |text: Option<String>| text.as_deref().map(parse_url).transpose().map_err(BadRow::Target);
        let node = self.node.text(row)?.to_owned();
        check_node_label(&node).map_err(|error| BadRow::Target(error.to_string()))?;
        let target = Target {
            node,
            tcp: text(&self.tcp)?.as_deref().map(TcpAddress::parse).transpose().map_err(BadRow::Target)?,
            http: url(text(&self.http)?)?,
            download: url(text(&self.download)?)?,
        };
        if !target.has_uptime() && target.download.is_none() {
            let reason = format!("node {:?} has nothing to be asked; fill tcp, http or download", target.node);
            return Err(BadRow::Target(reason));
        }
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(text: &str) -> Result<Vec<Target>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("targets.csv");
        fs::write(&path, text).expect("written");
        read_targets(&path).map_err(|error| {
            let text = format!("{:#}", anyhow::Error::new(error));
            text.replace(&path.display().to_string(), "targets.csv")
        })
    }

    fn tcp(host: &str, port: u16) -> Option<TcpAddress> {
        Some(TcpAddress { host: host.to_owned(), port })
    }

    #[test]
    fn a_row_says_how_a_node_is_asked() {
        let targets =
            read("node,http,tcp,download\na,,[::1]:80,\nb, http://b.example/x ,b.example:1,https://b.example/1G\n");

        let url = |text| Url::parse(text).ok();
        let expected = vec![
            Target { node: "a".to_owned(), tcp: tcp("::1", 80), http: None, download: None },
            Target {
                node: "b".to_owned(),
                tcp: tcp("b.example", 1),
                http: url("http://b.example/x"),
                download: url("https://b.example/1G"),
            },
        ];
        assert_eq!(targets, Ok(expected));
        assert_eq!(read("node,tcp\na,1.2.3.4:5\n").map(|targets| targets.len()), Ok(1));
    }

    #[test]
    fn a_row_that_can_not_be_asked_is_refused_with_its_line() {
        for (row, reason) in [
            ("a,,,", "node \"a\" has nothing to be asked; fill tcp, http or download"),
            (",x:1,,", "node is empty; every measurement names its node"),
            ("good,x:1,,", "node \"good\" has a row already; a node is probed in one way"),
            ("a,x,,", "`x` is not a host and a port, as `example.net:443` or `[::1]:443`"),
            ("a,x:0,,", "`x:0` is not a host and a port, as `example.net:443` or `[::1]:443`"),
            ("a,::1:80,,", "`::1:80` is not a host and a port, as `example.net:443` or `[::1]:443`"),
            ("a,http://x:80,,", "`http://x:80` is not a host and a port, as `example.net:443` or `[::1]:443`"),
            ("a,,x:80,", "`x:80` begins neither with http:// nor with https://"),
            ("a,,,/file", "`/file` is not a URL: relative URL without a base"),
        ] {
            let refused = read(&format!("node,tcp,http,download\ngood,1.2.3.4:5,,\n{row}\n"));

            assert_eq!(refused, Err(format!("`targets.csv`, line 3: {reason}")));
        }
        assert_eq!(read("node,tcp,http,download\n"), Err("`targets.csv` names no target".to_owned()));
        assert!(read("node,udp\na,x:1\n").is_err_and(|error| error.contains("no column may be called `udp`")));
    }
}
