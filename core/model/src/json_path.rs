/// One step into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonStep {
    /// Into the field of an object.
    Field(String),
    /// To the item of a list, from 0.
    Item(u32),
}
