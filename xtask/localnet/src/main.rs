//! A local cluster: placeholder until the validator is built.
fn main() {}
