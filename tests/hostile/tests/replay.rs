//! The inputs that fuzzing began with and those that it broke something with.

use std::{fs, path::Path};

#[test]
fn every_kept_input_does_no_harm() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    for (name, check) in cascade_hostile::CHECKS {
        let mut count = 0;
        for entry in fs::read_dir(seeds.join(name)).expect("a folder of seeds") {
            let path = entry.expect("a seed").path();
            println!("{}", path.display());
            check(&fs::read(&path).expect("a seed"));
            count += 1;
        }
        assert!(count >= 3, "{name} has {count} seeds");
    }
}
