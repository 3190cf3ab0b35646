#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cascade_hostile::check("plugin_abi", input));
