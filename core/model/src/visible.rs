use uuid::Uuid;

/// The projects that a query may touch. The store's reads take one, so that none is unscoped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Visible {
    /// All of them.
    All,
    /// These; possibly none.
    Only(Vec<Uuid>),
}

impl Visible {
    /// Whether a project is among them.
    pub fn includes(&self, project: Uuid) -> bool {
        match self {
            Self::All => true,
            Self::Only(projects) => projects.contains(&project),
        }
    }

    /// The list to bind in SQL; `None` for no limit.
    pub fn list(&self) -> Option<&[Uuid]> {
        match self {
            Self::All => None,
            Self::Only(projects) => Some(projects),
        }
    }
}
