//! Files that somebody else may be writing while they are read.
//!
//! A file whose last line has no newline is still being written, or was cut short. That line is never read, and the
//! rest is complete for an epoch only if a finished line is of a later one: whoever appends has come past the epoch.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};

use stipend_client::csv_rows::MAX_ROW_BYTES;

use super::SourceError;

const BLOCK_BYTES: u64 = 64 * 1024;
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How the rows of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// The finished lines of a file, as they were when it was opened.
#[derive(Debug)]
pub struct InputFile {
    pub path: PathBuf,
    pub format: Format,
    /// Whether the last line has no newline yet.
    pub is_unfinished: bool,
    finished_bytes: u64,
    file: File,
}

impl InputFile {
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let io_error = |source| SourceError::Io { path: path.to_owned(), source };
        let format = Format::of(path).ok_or_else(|| SourceError::UnknownFormat { path: path.to_owned() })?;
        let mut file = File::open(path).map_err(io_error)?;
        let bytes = file.metadata().map_err(io_error)?.len();
        let finished_bytes = finished_bytes(&mut file, bytes).map_err(io_error)?;
        file.seek(SeekFrom::Start(0)).map_err(io_error)?;
        Ok(Self { path: path.to_owned(), format, is_unfinished: finished_bytes < bytes, finished_bytes, file })
    }

    /// Whether there is no finished line.
    pub fn is_empty(&self) -> bool {
        self.finished_bytes == 0
    }

    pub fn reader(&mut self) -> BufReader<Take<&mut File>> {
        BufReader::new((&mut self.file).take(self.finished_bytes))
    }
}

/// How many of the first `bytes` bytes of `file` are those of finished lines.
pub fn finished_bytes(file: &mut File, bytes: u64) -> io::Result<u64> {
    let mut block_end = bytes;
    while block_end > 0 {
        let block_start = block_end.saturating_sub(BLOCK_BYTES);
        let mut block = Vec::new();
        file.seek(SeekFrom::Start(block_start))?;
        file.take(block_end - block_start).read_to_end(&mut block)?;
        if let Some(newline) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(block_start + newline as u64 + 1);
        }
        block_end = block_start;
    }
    Ok(0)
}

/// The file `path`, or, if it is a folder, the CSV and JSONL files in it, by the bytes of their names.
///
/// Other files in the folder, folders in it, and files whose names begin with a dot do not count.
pub fn list_files(path: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let io_error = |source| SourceError::Io { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(io_error)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(io_error)? {
        let file = entry.map_err(io_error)?.path();
        let is_hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !is_hidden && Format::of(&file).is_some() && file.is_file() {
            files.push(file);
        }
    }
    files.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    Ok(files)
}

/// Calls `on_line` for every line of `reader` that is not blank, with its number, counted from 1.
pub fn read_json_lines<E: From<SourceError>>(
    mut reader: impl BufRead,
    path: &Path,
    mut on_line: impl FnMut(u64, &str) -> Result<(), E>,
) -> Result<(), E> {
    let bad = |line, reason: String| SourceError::JsonLine { path: path.to_owned(), line, reason };
    let mut bytes = Vec::new();
    let mut line = 0;
    loop {
        line += 1;
        bytes.clear();
        let limit = MAX_ROW_BYTES as u64 + 1;
        let read = (&mut reader)
            .take(limit)
            .read_until(b'\n', &mut bytes)
            .map_err(|source| SourceError::Io { path: path.to_owned(), source })?;
        if read == 0 {
            return Ok(());
        }
        if bytes.len() > MAX_ROW_BYTES {
            return Err(bad(line, format!("the line is longer than {MAX_ROW_BYTES} bytes")).into());
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| bad(line, "the line is not UTF-8 text".to_owned()))?;
        let text = if line == 1 { text.trim_start_matches(BYTE_ORDER_MARK) } else { text };
        if !text.trim().is_empty() {
            on_line(line, text.trim_end())?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        fs::write(&path, content).expect("written");
        (folder, path)
    }

    fn finished(content: &[u8]) -> (String, bool) {
        let (_folder, path) = file_of("a.csv", content);
        let mut file = InputFile::open(&path).expect("opened");
        let mut text = String::new();
        file.reader().read_to_string(&mut text).expect("read");
        (text, file.is_unfinished)
    }

    #[test]
    fn a_last_line_without_a_newline_is_not_read() {
        assert_eq!(finished(b"a\nb\n"), ("a\nb\n".to_owned(), false));
        assert_eq!(finished(b"a\nb"), ("a\n".to_owned(), true));
        assert_eq!(finished(b"a"), (String::new(), true));
        assert_eq!(finished(b""), (String::new(), false));
    }

    #[test]
    fn an_unfinished_line_may_be_longer_than_a_block() {
        let mut content = b"a\n".to_vec();
        content.extend(std::iter::repeat_n(b'x', 200_000));

        assert_eq!(finished(&content), ("a\n".to_owned(), true));
    }

    #[test]
    fn the_files_of_a_folder_come_by_name_and_others_do_not_count() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b.csv", "a.JSONL", "c.ndjson", ".d.csv", "e.csv.part", "f.txt"] {
            fs::write(folder.path().join(name), "").expect("written");
        }
        fs::create_dir(folder.path().join("g.csv")).expect("made");

        let files = list_files(folder.path()).expect("listed");

        let names: Vec<_> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
        assert_eq!(names, ["a.JSONL", "b.csv", "c.ndjson"]);
    }

    #[test]
    fn a_file_of_an_unknown_format_is_refused_by_name() {
        let (_folder, path) = file_of("a.xlsx", b"");

        let refused = InputFile::open(&path).expect_err("refused").to_string();

        assert_eq!(
            refused,
            format!("`{}` ends neither in .csv nor in .jsonl; rename it to what it is", path.display())
        );
    }
}
