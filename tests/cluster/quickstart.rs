//! The whole quickstart on a real Slurm. It takes minutes, so that `cargo test` alone leaves it out:
//! `cargo test --test quickstart-on-slurm`.

#[expect(dead_code, reason = "what the other tests of clusters use")]
mod place;
#[expect(dead_code, reason = "what the other tests of clusters use")]
mod slurm;
mod whole;
