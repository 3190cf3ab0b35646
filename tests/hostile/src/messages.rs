use cascade::{bus::heard_id, scheduler::Wake};

/// Whatever a bus carries, hubs and workers at most look once more than they need.
pub fn bus(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Some(id) = heard_id(&text) {
        let again = serde_json::json!({"id": id}).to_string();
        assert_eq!(heard_id(&again), Some(id));
    }
    Wake::default().hear(&text);
}
