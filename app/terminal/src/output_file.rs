//! Files that a command makes: whole, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// Its owner only: mode 0600.
    Owner,
    /// Whom the umask allows.
    Everybody,
}

/// What to do if there is a file of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone and fail.
    Keep,
    /// Replace it.
    Replace,
}

/// Why a file was not made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each message says what its variant is")]
pub enum OutputFileError {
    #[error("`{}` exists; choose another name, or pass --force to replace it", path.display())]
    Exists { path: PathBuf },
    #[error("`{}` is not a regular file; name one, or a file that is to be made", path.display())]
    NotAFile { path: PathBuf },
    #[error("`{}` can't be written", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Whether both names are those of one file.
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// Makes the file `path` of what `write` writes.
///
/// The file gets its name when all of it is on the disk: at every moment there is the old one, if there was one, or the
/// whole new one. A symbolic link stays, and what it points to is replaced.
pub fn write_output_file(
    path: &Path,
    privacy: Privacy,
    existing: Existing,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), OutputFileError> {
    let io_error = |source| OutputFileError::Io { path: path.to_owned(), source };
    let exists = || OutputFileError::Exists { path: path.to_owned() };

    let target = match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => return Err(OutputFileError::NotAFile { path: path.to_owned() }),
        Ok(_) if existing == Existing::Keep => return Err(exists()),
        Ok(_) => path.canonicalize().map_err(io_error)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(io_error(error)),
    };
    let (partial, file) = PartialFile::create(&target, privacy).map_err(io_error)?;
    let mut buffered = io::BufWriter::new(&file);
    write(&mut buffered).and_then(|()| buffered.flush()).and_then(|()| file.sync_all()).map_err(io_error)?;
    partial.rename(&target, existing).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(),
        _ => io_error(error),
    })
}

/// A file beside its destination, until all of it is written. Dropped before that, it is removed.
struct PartialFile {
    path: PathBuf,
}

impl PartialFile {
    /// Creates `.NAME.PROCESS.partial` in the folder of `target`; what a killed process of that number left is replaced.
    fn create(target: &Path, privacy: Privacy) -> io::Result<(Self, File)> {
        let mut name = std::ffi::OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(format!(".{}.partial", process::id()));
        let path = target.with_file_name(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(match privacy {
                Privacy::Owner => 0o600,
                Privacy::Everybody => 0o666,
            });
        }
        let file = options.open(&path)?;
        Ok((Self { path }, file))
    }

    fn rename(&self, target: &Path, existing: Existing) -> io::Result<()> {
        match existing {
            Existing::Replace => fs::rename(&self.path, target),
            // Unlike a rename, a link fails where there is a file.
            Existing::Keep => fs::hard_link(&self.path, target),
        }
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &'static str) -> impl FnOnce(&mut dyn Write) -> io::Result<()> {
        |output| output.write_all(bytes.as_bytes())
    }

    #[test]
    fn a_file_that_exists_is_kept_unless_it_is_to_be_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        write_output_file(&path, Privacy::Everybody, Existing::Keep, text("old")).expect("made");

        let kept = write_output_file(&path, Privacy::Everybody, Existing::Keep, text("new"));
        let after_keep = fs::read_to_string(&path).expect("readable");
        let replaced = write_output_file(&path, Privacy::Everybody, Existing::Replace, text("new"));

        assert!(matches!(kept, Err(OutputFileError::Exists { .. })));
        assert_eq!(after_keep, "old");
        assert!(replaced.is_ok());
        assert_eq!(fs::read_to_string(&path).expect("readable"), "new");
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        fs::write(&path, "old").expect("made");

        let failed = write_output_file(&path, Privacy::Owner, Existing::Replace, |output| {
            output.write_all(b"half")?;
            Err(io::Error::other("no disk"))
        });

        assert!(matches!(failed, Err(OutputFileError::Io { .. })));
        assert_eq!(fs::read_to_string(&path).expect("readable"), "old");
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
    }

    #[test]
    fn a_folder_is_never_replaced() {
        let folder = tempfile::tempdir().expect("a folder");

        let refused = write_output_file(folder.path(), Privacy::Owner, Existing::Replace, text("x"));

        assert!(matches!(refused, Err(OutputFileError::NotAFile { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_for_its_owner_only_even_where_it_replaces_a_public_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        fs::write(&path, "old").expect("made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");

        write_output_file(&path, Privacy::Owner, Existing::Replace, text("new")).expect("made");

        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_symbolic_link_points_to_is_replaced_and_the_link_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").expect("made");
        std::os::unix::fs::symlink(&real, &link).expect("linked");

        write_output_file(&link, Privacy::Everybody, Existing::Replace, text("new")).expect("made");

        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read_to_string(&real).expect("readable"), "new");
    }
}
