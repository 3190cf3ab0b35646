use cascade_model::Visible;

/// Which scheduled jobs to list; what is left out filters nothing.
#[derive(Debug, Clone)]
pub struct ScheduleFilter {
    /// Only of these projects.
    pub visible: Visible,
    /// Only of these job types.
    pub job_types: Vec<String>,
    /// A page, from 1, and the items on it; all if not given.
    pub page: Option<(u32, u32)>,
}

impl ScheduleFilter {
    /// All that may be seen.
    pub fn of(visible: Visible) -> Self {
        Self { visible, job_types: Vec::new(), page: None }
    }
}
