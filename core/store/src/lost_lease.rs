//! What the error of a run says whose lease was lost.

use cascade_model::Lease;

/// Why an attempt ended whose worker is not heard of any more.
pub(crate) fn expired(lease: &Lease) -> String {
    format!("lease expired: worker {} stopped renewing it", lease.owner)
}

/// Why an attempt ended that its worker does not list any more.
pub(crate) fn untracked(lease: &Lease) -> String {
    let worker = &lease.owner;
    format!("worker {worker} lost track of it: its start or its end did not reach the other side")
}
