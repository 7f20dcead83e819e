//! The whole life of a network, by every command that `stipend` has: three nodes, three oracles, and all that is paid back at
//! the end.
//!
//! Which epoch something falls into is up to the cluster's clock, and is read from what the commands say. What each epoch shares
//! is not: an epoch emits 125,000,000 atoms, and the measurements are chosen so that a point of score brings a whole or half
//! number of atoms. So every amount here is worked out by hand, and nothing is ever left over.
//!
//! | node | uptime | bandwidth of the cap | score: uptime · (5,000 + 5,000 · bandwidth) |
//! |---|---|---|---|
//! | a | 10,000 | all of it | 100,000,000; 225,000,000 with its boost of 22,500 |
//! | b | 5,000 | 0 | 25,000,000 |
//! | c | 3,000 | 500 | 0: below the minimum of 5,000 |

mod ending;
mod first_epoch;
mod foundation;
mod governance;
mod world;

use world::World;

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn a_network_lives_and_ends_by_every_command_and_all_rent_comes_back() {
    let mut world = World::new();
    foundation::work_without_a_cluster(&world);
    foundation::found(&mut world);
    foundation::look_before_the_first_epoch(&world);
    governance::change_hands(&mut world);
    governance::share(&mut world);
    governance::refuse(&world);
    first_epoch::measure(&world);
    first_epoch::report(&mut world);
    first_epoch::settle(&mut world);
    first_epoch::claim(&mut world);
    ending::let_an_oracle_go(&mut world);
    let services = ending::start_services(&world);
    ending::withdraw_its_bond(&mut world);
    let changes = ending::change_nodes(&mut world);
    ending::pay_everybody(&mut world, &changes);
    ending::close_nodes(&mut world);
    ending::stop_services(&mut world, services, &changes);
    ending::close_network(&mut world, &changes);

    // This network has no arbiter; `tests/rpc_server/tests/paying.rs` has one that voids.
    let mut lived = world.stipend.leaves_done();
    assert!(lived.insert("node void".to_owned()));
    assert_eq!(lived, world.stipend.leaves(), "a command is not in the life of this network");
}
