//! The committed samples are measurement files as the command writes them. That they are the measurements of the raw data
//! is checked by `tests/model/samples.py`, where that data is at hand.

use std::fs;
use std::path::Path;

use stipend_client::measurement::Measurements;

fn assert_sample(name: &str, rows: usize, last_epoch: u32) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);

    let measurements = Measurements::read(&path).expect("the sample is good");

    let mut written = Vec::new();
    measurements.write_to(&mut written).expect("a vector takes every byte");
    assert!(fs::read(&path).expect("readable") == written, "`{name}` is not as it would be written");
    assert_eq!(measurements.rows().len(), rows, "{name}");
    assert_eq!(measurements.last_epoch(), Some(last_epoch), "{name}");
}

#[test]
fn the_netrics_samples_measure_two_homes_on_62_days() {
    for name in ["ookla.csv", "ndt7.csv", "iperf.csv"] {
        assert_sample(&format!("netrics/{name}"), 124, 61);
    }
}
