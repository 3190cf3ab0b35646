use std::any::Any;

/// A plugin's panic in words.
pub fn panic_text(payload: &(dyn Any + Send)) -> String {
    let said = payload.downcast_ref::<&str>().copied();
    let said = said.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    format!("the plugin panicked: {}", said.unwrap_or("no message"))
}
