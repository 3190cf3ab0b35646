use cascade_bus::WorkerSignals;
use cascade_engine::scheduler::Wake;

/// Whatever a bus carries, workers at most look once more than they need. Hubs read nothing of a message.
pub fn bus(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    Wake::default().hear(&text);
}
