//! Tables on a terminal.

pub use comfy_table::Table;
use comfy_table::{presets, CellAlignment};

/// A table whose columns `right` are numbers.
pub fn table(header: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_header(header);
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// `no_uptime_quorum` is `no uptime quorum`.
pub fn words(name: &str) -> String {
    name.replace('_', " ")
}
