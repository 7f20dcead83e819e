//! What the commands print and how they end: figures, tables, progress, files and exit codes.

pub mod closing;
pub mod explanation;
pub mod failure;
pub mod figure;
pub mod output_file;
pub mod print;
pub mod progress;
pub mod table;
