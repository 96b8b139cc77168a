//! The quickstart, as whoever has a cluster runs it first.

use std::fs;
use std::path::Path;

use crate::place::{Place, local_of_file};
use crate::slurm::text;

#[test]
fn the_quickstart_on_three_nodes_has_the_tables_and_models_of_this_machine() {
    let place = Place::new("");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["experiments", "datasets"] {
        for entry in fs::read_dir(root.join(folder)).unwrap().flatten() {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if name.ends_with(".kdl") {
                place.write(&name, &fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    place.write(
        "clusters.kdl",
        "cluster test {\n    slurm { partition main }\n    job cpus=2 memory=(GiB)2 time=(minute)50\n    \
         job faces cpus=1 memory=(GiB)1 shares=2\n    job predict cpus=1 memory=(GiB)1\n}\n",
    );
    let file = "experiments/quickstart.kdl";
    let out = place.proofmark(&["run", file, "--on", "test", "--wait"]);
    assert!(out.status.success(), "{}\n{}", text(&out), place.slurm.logs());
    // The committed tables are those of every machine.
    let table = |name: &Path| fs::read_to_string(name).unwrap();
    assert_eq!(
        table(&place.path("reports/quickstart.csv")),
        table(&root.join("reports/quickstart.csv"))
    );
    assert_eq!(place.results(), local_of_file(&root.join(file)));
    place.slurm.end();
}
