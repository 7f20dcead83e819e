//! Sources, listings and files that are not what they should be, and an oracle that the network does not want.

use super::*;

#[test]
fn a_source_that_fails_has_nothing_or_names_only_strangers_is_asked_again_and_then_the_epoch_is_skipped_and_never_signed(
) {
    // No node of the network has a row; a stranger always has one.
    for says in [Says::Failure, Says::Nothing, Says::Uptime(10_000, 0)] {
        let mut world = World::new();
        world.dial(says);
        let mut runner = world.start();

        let retry = world.run(&mut runner);
        // A quarter of the window is 150 s, of which 120 s are left for sending at the most.
        let last_call = GENESIS + EPOCH_SECS + REPORT_SECS - 120;
        world.warp_to(last_call - 1);
        world.run(&mut runner);
        let before = world.ending(0);
        world.warp_to(last_call);
        world.run(&mut runner);
        // What comes afterwards comes too late, for a restarted process too.
        world.dial(Says::Uptime(10_000, NODES));
        drop(runner);
        let mut again = world.start();
        world.run(&mut again);

        assert_eq!((retry, before), (Some(GENESIS + EPOCH_SECS + 10), None));
        assert_eq!(world.ending(0).as_deref(), Some("skipped\n"));
        assert!(!path(world.folder.path(), 0, "batches").exists());
        assert_eq!(world.reports_sent().len(), 0);
    }
}

#[test]
fn a_skipped_epoch_is_counted_and_the_next_one_is_reported() {
    let mut world = World::new();
    world.dial(Says::Nothing);
    let mut runner = world.start();
    let (registry, metrics) = OracleMetrics::register();
    runner.metrics = metrics;
    // The source has two minutes to answer, however busy the machine is.
    world.warp_to(GENESIS + EPOCH_SECS + REPORT_SECS - 120);
    world.run(&mut runner);

    world.warp_to(GENESIS + EPOCH_SECS + REPORT_SECS);
    world.settle(0);
    world.dial(Says::Uptime(9_000, NODES));
    world.warp_to(GENESIS + 2 * EPOCH_SECS);
    world.run(&mut runner);

    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(text.contains("stipend_oracle_epochs_total{outcome=\"skipped\"} 1\n"), "{text}");
    assert_eq!((world.ending(0).as_deref(), world.ending(1).as_deref()), (Some("skipped\n"), Some("reported\n")));
}

#[test]
fn a_sharp_drop_is_waited_out_and_at_the_last_safe_moment_signed() {
    let mut world = World::new();
    let mut runner = world.start();
    world.run(&mut runner);
    world.settle(0);
    // 100 of 203 nodes are 49.3 %, a sharp drop; a stranger counts nowhere.
    let (epoch_end, last_call) = (GENESIS + 2 * EPOCH_SECS, GENESIS + 2 * EPOCH_SECS + REPORT_SECS - 120);
    world.dial(Says::Uptime(8_000, 100));
    world.warp_to(epoch_end);

    let retry = world.run(&mut runner);
    let signed_at_once = runner.journal.newest_signed().unwrap();
    world.warp_to(last_call);
    world.run(&mut runner);
    world.settle(1);
    // The baseline is the lower number now.
    world.warp_to(GENESIS + 3 * EPOCH_SECS);
    world.run(&mut runner);

    assert_eq!((retry, signed_at_once), (Some(epoch_end + 10), Some(0)));
    assert_eq!(world.ending(1).as_deref(), Some("reported\n"));
    assert_eq!(world.ending(2).as_deref(), Some("reported\n"));
    assert_eq!(world.report(0)[99..101], [measured(8_000), Entry::BLANK]);
}

#[test]
fn a_drop_is_seen_after_a_restart_too_and_one_that_recovers_is_signed_whole() {
    let mut world = World::new();
    let mut runner = world.start();
    world.run(&mut runner);
    world.settle(0);
    drop(runner);
    world.dial(Says::Uptime(8_000, 20));
    world.warp_to(GENESIS + 2 * EPOCH_SECS);
    let mut runner = world.start();

    world.run(&mut runner);
    let signed = runner.journal.newest_signed().unwrap();
    world.dial(Says::Uptime(8_000, NODES));
    world.warp_to(GENESIS + 2 * EPOCH_SECS + 10);
    world.run(&mut runner);

    assert_eq!(signed, Some(0));
    assert_eq!(world.report(0), [measured(8_000); 200]);
}

#[test]
fn where_no_node_can_earn_any_more_nothing_is_waited_for() {
    let mut world = World::new();
    let mut runner = world.start();
    world.run(&mut runner);
    for node in 0..NODES {
        let (shard, device) = (address::shard(&world.network, u32::from(node / 200)), device(node).pubkey());
        let retire = instruction::retire_node(&key(4).pubkey(), &world.network, &shard, &device, [0; 32]);
        world.ledger.send(&world.payer, &[retire], &[&key(4)]).unwrap();
    }
    world.settle(0);
    // They earn up to the epoch in which they retired, and not the next.
    world.warp_to(GENESIS + 2 * EPOCH_SECS);
    world.run(&mut runner);
    world.settle(1);
    world.warp_to(GENESIS + 3 * EPOCH_SECS);

    world.run(&mut runner);

    assert_eq!(world.ending(2).as_deref(), Some("nothing to report\n"));
}

#[test]
fn a_partial_listing_of_nodes_is_never_taken_for_the_whole() {
    let mut world = World::new();
    let mut runner = world.start();
    world.ledger.is_directory_hidden = true;

    let refused = runner.tick(&mut world.ledger, &world.payer);
    let signed = runner.journal.newest().unwrap();
    world.ledger.is_directory_hidden = false;
    world.run(&mut runner);

    assert!(matches!(refused, Err(RunError::Places(PlacesError::Partial { earning: 203, .. }))), "{refused:?}");
    assert_eq!(signed, None);
    assert_eq!(world.report(0), [measured(10_000); 200]);
}

#[test]
fn a_removed_oracle_says_so_signs_nothing_and_gives_up_what_it_can_not_report() {
    let mut world = World::new();
    let mut runner = world.start();
    // Signed, and not yet sent.
    world.ledger.sends_left = 0;
    let lost = (0..3).map(|_| runner.tick(&mut world.ledger, &world.payer)).last();
    world.ledger.sends_left = usize::MAX;
    let standing = runner.standing();
    let authority = world.payer.pubkey();
    let oracle = Address::from(oracle().verifying_key().to_bytes());
    let remove = instruction::remove_oracle(&authority, &world.network, &oracle, true);
    world.ledger.send(&world.payer, &[remove], &[]).unwrap();

    world.run(&mut runner);
    world.warp_to(GENESIS + 3 * EPOCH_SECS);
    world.run(&mut runner);

    assert!(matches!(lost, Some(Err(_))), "{lost:?}");
    assert_eq!((standing, runner.standing()), (Some(Standing::Active), Some(Standing::Unknown)));
    assert_eq!(world.ending(0).as_deref(), Some("not reported: the oracle was removed or suspended\n"));
    assert_eq!((runner.journal.newest_signed().unwrap(), world.ending(1)), (Some(0), None));
}

#[test]
fn a_damaged_file_of_one_epoch_does_not_hold_up_the_next() {
    let mut world = World::new();
    world.ledger.sends_left = 0;
    let mut runner = world.start();
    while let Ok(Tick::Worked) = runner.tick(&mut world.ledger, &world.payer) {}
    world.ledger.sends_left = usize::MAX;
    std::fs::write(path(world.folder.path(), 0, "batches"), "STPB").unwrap();

    world.run(&mut runner);
    world.warp_to(GENESIS + EPOCH_SECS + REPORT_SECS);
    world.settle(0);
    world.warp_to(GENESIS + 2 * EPOCH_SECS);
    world.run(&mut runner);

    assert_eq!((world.ending(0).as_deref(), world.ending(1).as_deref()), (Some("missed\n"), Some("reported\n")));
}

#[test]
fn slots_and_devices_are_read_once_and_again_where_they_changed() {
    let mut world = World::new();
    let mut runner = world.start();
    world.run(&mut runner);
    let network = world.network;
    let shards = [0, 1].map(|index| address::shard(&network, index));
    let directories: Vec<_> = (0..=u8::MAX).map(|byte| address::directory_at(&network, byte)).collect();
    let read_in = |world: &mut World, runner: &mut OracleRunner, epoch: u32| {
        world.settle(epoch - 1);
        world.ledger.read.clear();
        world.warp_to(GENESIS + i64::from(epoch + 1) * EPOCH_SECS);
        world.run(runner);
        let of =
            |those: &[Address]| world.ledger.read.iter().filter(|one| those.contains(one)).copied().collect::<Vec<_>>();
        (of(&shards), of(&directories))
    };

    let unchanged = read_in(&mut world, &mut runner, 1);
    let retire = instruction::retire_node(&key(4).pubkey(), &network, &shards[0], &device(7).pubkey(), [0; 32]);
    world.ledger.send(&world.payer, &[retire], &[&key(4)]).unwrap();
    let retired = read_in(&mut world, &mut runner, 2);
    let payer = world.payer.insecure_clone();
    NetworkClient::new(&mut world.ledger, &payer, network).register(&device(NODES), None, &key(4).pubkey()).unwrap();
    let registered = read_in(&mut world, &mut runner, 3);

    assert_eq!(unchanged, (vec![], vec![]));
    assert_eq!(retired, (vec![shards[0]], vec![]));
    // 203 nodes were in shards of 200.
    let directory = address::directory(&network, &device(NODES).pubkey());
    assert_eq!(registered, (vec![shards[1]], vec![directory]));
    // The one that retired does not earn the epoch in which it did; the new one earns from the next.
    assert_eq!((world.report(0)[7], world.report(1)[3]), (Entry::BLANK, Entry::BLANK));
}

#[test]
fn an_epoch_in_the_way_that_nobody_closes_is_closed_by_the_oracle() {
    let mut world = World::new();
    let mut runner = world.start();
    world.run(&mut runner);
    let end_1 = GENESIS + 2 * EPOCH_SECS;
    world.warp_to(end_1);
    world.run(&mut runner);
    world.warp_to(end_1 + 19);
    world.run(&mut runner);
    let patient = (runner.journal.newest_signed().unwrap(), world.ending(1));
    let network = world.network;
    let mut open_epoch = || Reader::new(&mut world.ledger, network).network().unwrap().open_epoch;
    let open_before = open_epoch();

    world.warp_to(end_1 + 30);
    world.run(&mut runner);

    assert_eq!((patient, open_before), ((Some(1), None), 0));
    assert_eq!(world.ending(1).as_deref(), Some("reported\n"));
}

#[test]
fn a_slot_whose_tenant_changed_is_not_reported_for_the_old_one() {
    let mut world = World::new();
    let slots = world.folder.path().join("slots.csv");
    // Slot 0 is that of device 0; whoever wrote this file took it for device 1's.
    let rows = format!("node,shard,slot\n{},0,0\n{},0,2\n", device(1).pubkey(), device(2).pubkey());
    std::fs::write(&slots, rows).unwrap();
    let mut runner = world.start();
    runner.places = PlacesArgs { labels: None, slots: Some(slots) }.read().unwrap();

    world.run(&mut runner);

    assert_eq!(world.report(0)[..4], [Entry::BLANK, Entry::BLANK, measured(10_000), Entry::BLANK]);
}
