//! A Solana JSON-RPC server in the process of a test: it counts requests and bytes, and misbehaves when it is told to.
//!
//! A [`Cluster`] is what all endpoints of one cluster answer from: a Solana VM that executes the program's artifact, and
//! perhaps a [`LargeNetwork`], whose accounts are made when somebody asks for them. An [`Endpoint`] listens on a port of its
//! own on loopback. Nothing here waits for real time: a slot passes with each question that a client asks to see time pass.

mod answer;
mod cluster;
mod endpoint;
mod http;
mod large_network;

pub use cluster::Cluster;
pub use endpoint::{Endpoint, Fault, SharedCluster, Traffic};
pub use large_network::{LargeNetwork, Size};
